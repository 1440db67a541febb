// 课表: the page of the period grid. It wires the parts; each gesture lives in a module of its own.
//
// Stable hooks for tests and styles:
//   #grid[data-ready="1"]              loaded and drawn; [data-view], [data-id], [data-cells] (count), [data-undo] (steps)
//   [data-cell="class-day-period"]     a cell (class and 总课表 views); other views t<teacher>- r<room>- v<channel>-day-period
//     .g-card                          a lesson in it (.g-bad refused, .g-warn teacher twice, .g-cont later period of 连堂,
//                                      .g-guest 合班 of another class, .g-off not this week); td: .g-changed .g-selected
//     .g-over / .g-over-bad            under a drag, without / with a conflict; .g-busy = teacher or room is taken there
//   [data-act="undo|redo|publish|discard|edit|copy|cut|paste|move|delete|record|inherit|many|weekend|record-class|
//              week-prev|week-this|week-next|view|show|prev|next|card|new-card|jump|open-class|record-line|close"]
//   [data-act="view"][data-kind="class|teacher|room|channel|all"]     #grid-search, #grid-list [data-act="show"][data-id]
//   dialog[data-dialog="choose|cell|card|publish|clash|refused|drafts"] with [data-act="swap|replace|free|ok|cancel|publish-now|
//              all-mine|all-theirs"] and input names subject teacher room weeks weeks_list weeks_every weeks_from span record
//              with from from_date note accept
//   #grid-live (said aloud)  #grid-toast  #grid-saved  #grid-conflicts  #grid-delivery [data-f="delivered"]
import { choose } from './grid-ask.js';
import { Board } from './grid-board.js';
import { editCell } from './grid-cell.js';
import { Bells, Plan, full, slotOf, wire } from './grid-core.js';
import { Desk } from './grid-desk.js';
import { Drag } from './grid-drag.js';
import { Draft } from './grid-draft.js';
import { changed, remove } from './grid-edit.js';
import { bySlot, joined } from './grid-join.js';
import { keys } from './grid-keys.js';
import { Refused, get } from './grid-net.js';
import { Palette, Picker, drawConflicts } from './grid-palette.js';
import { Delivery, publish } from './grid-publish.js';
import { KINDS, View } from './grid-view.js';
import { Names, h, t } from './grid-words.js';

const TOAST_MS = 6000;
const BUSY_CELLS_MAX = 300; // cells that are checked at once when a drag begins; 总课表 checks only the one under it
const byId = (id) => document.getElementById(id);

class App {
  constructor(root) {
    this.root = root;
    this.school = Number(root.dataset.school);
    this.csrf = root.dataset.csrf;
    this.board = new Board(byId('grid-board'), this);
    this.palette = new Palette(this, byId('grid-palette'));
    this.picker = new Picker(this, { list: byId('grid-list'), search: byId('grid-search') });
    this.desk = new Desk(this);
    this.draft = new Draft(this, byId('grid-saved'));
    this.delivery = new Delivery(byId('grid-delivery'), this.school);
    this.words = { nothingHere: t('这里没有课可以拿起', 'There is no lesson here to pick up') };
    this.many = false;
  }

  /** Reads everything from the site and draws it. */
  async load() {
    const asked = new URLSearchParams(location.search);
    let data = await get(`/admin/timetable/data?school=${this.school}`);
    const kept = await Draft.chosen(this, data.draft);
    const isKept = kept !== null;
    this.draft.seenMs = data.draft_ms;
    this.synced = bySlot((data.draft?.cells ?? data.cells).map(full)); // slots as the site's draft has them
    if (isKept && kept.base_no !== data.base_no) data = { ...data, ...(await get(`/admin/timetable/data?school=${this.school}&base=${kept.base_no}`)) };
    this.data = data;
    this.names = new Names(data);
    this.bells = new Bells(data.bells.tables, data.bells.of, this.names.classes);
    const cells = (isKept ? kept.cells : data.draft?.cells) ?? data.cells;
    this.plan = new Plan(cells.map(full), this.bells, this.names.classes);
    this.#begin(data);
    for (const link of document.querySelectorAll('[data-published]')) link.hidden = data.newest_no === 0;
    this.week = data.week;
    this.changes = new Map(data.week.changes.map((one) => [one.slot, one.text]));
    const kind = this.view?.kind ?? (KINDS.includes(asked.get('view')) ? asked.get('view') : 'class');
    this.show(kind, this.view?.id ?? (Number(asked.get('id')) || null));
    this.#saidAtStart(isKept);
    this.root.dataset.ready = '1';
  }

  /** What changes are counted against. */
  #begin(data) {
    this.baseNo = data.base_no;
    this.base = bySlot(data.cells.map(full));
    this.changed = new Set(); // slots that differ from `base`
    for (const slot of new Set([...this.base.keys(), ...this.plan.slots.keys()])) this.#compare(slot);
  }

  /** Takes in what the same account saved in another window since this one last knew. */
  join(data) {
    const theirs = bySlot((data.draft?.cells ?? data.cells).map(full));
    const { edits, both } = joined(this.synced, theirs, this.plan.slots);
    this.synced = theirs;
    this.draft.seenMs = data.draft_ms;
    if (data.base_no !== this.baseNo) this.#begin(data);
    this.plan.commit(t('合并另一个窗口的改动', 'take in the other window'), edits);
    this.after();
    const kept = both > 0 ? t(`；${both} 格两边都改了，现在是这个窗口的`, `; ${both} were changed in both, and this window's stand`) : '';
    this.say(t(`这个账号在另一个窗口里也改了课表：那边的 ${edits.size} 格已合并进来${kept}`, `The same account edits in another window: its ${edits.size} cells were taken in${kept}`), { keep: true });
  }

  /** Lessons that are to be recorded where no camera is, among what is about to be published. */
  blind() {
    const seen = new Set([...this.names.channels.values()].map((channel) => channel.room).filter((room) => room !== null));
    const cells = [...this.changed].flatMap((slot) => this.plan.at(slot)).filter((cell) => this.plan.records(cell) && !seen.has(this.plan.roomOf(cell)));
    if (cells.length === 0) return [];
    const named = [...new Set(cells.map((cell) => this.names.class(cell.class)))];
    const list = named.slice(0, 3).join(t('、', ', ')) + (named.length > 3 ? t(' 等', ' …') : '');
    return [t(`这次改动中有 ${cells.length} 节设为录，但没有教室或教室里没有通道，录不到：${list}。到“班级”指定教室，到“直播管理”给通道选教室。`, `${cells.length} of these lessons are to be recorded but have no room, or one without a channel, so nothing will be: ${list}. Give the class a room (Classes) and the channel its room (Channels).`)];
  }

  #saidAtStart(isKept) {
    const { data } = this;
    if (isKept) this.draft.changed();
    else if (data.draft) this.draft.say('ok', t(`草稿已恢复（${data.draft.at} 保存）`, `Draft restored (saved ${data.draft.at})`));
    else this.draft.say('', data.newest_no === 0 ? t('还没有发布过课表', 'No timetable has been published yet') : t(`第 ${data.newest_no} 版，${data.from} 起执行`, `Version ${data.newest_no}, in force from ${data.from}`));
    if (data.base_no !== data.newest_no) this.say(t(`第 ${data.base_no} 版以后别人又发布到了第 ${data.newest_no} 版，有些格你们都改了：发布时会请你逐格选择。`, `Others have published up to version ${data.newest_no} since version ${data.base_no}, and some cells were changed by both: you are asked about them when you publish.`), { keep: true });
    for (const other of data.merged) this.say(t(`${other.by} 于 ${other.at} 发布了第 ${other.no} 版，其中 ${other.slots} 格已合并到你的草稿`, `${other.by} published version ${other.no} at ${other.at}; its ${other.slots} cells were merged into your draft`), { keep: true });
  }

  /** Columns: the days of the cycle, or Monday to Friday and the weekend when it is used or asked for. */
  days() {
    const all = Array.from({ length: this.data.days }, (_, n) => n + 1);
    if (this.data.rotation) return all;
    const used = new Set([...this.plan.cells()].map((cell) => cell.day));
    const makeUp = new Set(this.week.columns.filter((c) => c.badge === 'work').map((c) => c.day));
    return all.filter((day) => day <= 5 || used.has(day) || makeUp.has(day) || this.weekend);
  }

  show(kind, id) {
    const { names } = this;
    const maps = { class: names.classes, teacher: names.teachers, room: names.rooms, channel: names.channels };
    const map = maps[kind];
    const found = kind === 'all' ? 0 : map.has(id) ? id : map.keys().next().value;
    if (found === undefined) {
      this.say(t('这里还没有可看的内容，请先在“教学管理”“录播管理”中添加。', 'There is nothing to look at yet: add it under Teaching or Recording first.'), { tone: 'bad' });
      return;
    }
    this.view = new View(kind, found, { plan: this.plan, bells: this.bells, names, days: this.days() });
    this.root.dataset.view = kind;
    this.root.dataset.id = found;
    for (const tab of this.root.querySelectorAll('[data-act="view"]')) tab.setAttribute('aria-pressed', String(tab.dataset.kind === kind));
    const address = `?school=${this.school}&view=${kind}${kind === 'all' ? '' : `&id=${found}`}`;
    history.replaceState(null, '', address);
    for (const link of document.querySelectorAll('[data-follows]')) link.href = `${link.dataset.follows}${address}`;
    byId('grid-side').hidden = kind === 'all';
    byId('grid-side').parentNode.classList.toggle('g-wide', kind === 'all');
    for (const step of this.root.querySelectorAll('[data-act="prev"], [data-act="next"]')) step.hidden = kind === 'all';
    byId('grid-title').textContent = this.title();
    this.board.show(this.view);
    this.desk.reset();
    this.picker.draw();
    this.#drawWeek();
    this.#drawRest();
  }

  title() {
    const { view, names } = this;
    if (view.isAll) return t('总课表', 'All classes');
    return { class: () => names.class(view.id), teacher: () => names.teacher(view.id), room: () => names.room(view.id), channel: () => names.channels.get(view.id).name }[view.kind]();
  }

  /** After every change: draw what it touched, keep it. */
  after() {
    const cells = this.plan.takeTouched();
    for (const slot of new Set(cells.map(slotOf))) this.#compare(slot);
    const days = this.days();
    const isSame = days.join() === this.view.days.join() && cells.every((cell) => this.view.isAll || this.view.periods.includes(cell.period) || this.view.positions(cell).length === 0);
    if (isSame) this.board.patch(cells);
    else this.show(this.view.kind, this.view.id);
    this.#drawRest();
    this.draft.changed();
    this.desk.select(this.desk.selected, this.desk.focus, { quiet: true, anchor: this.desk.anchor });
  }

  #drawRest() {
    this.palette.draw();
    drawConflicts(this, { list: byId('grid-conflicts'), count: byId('grid-conflict-count'), box: byId('grid-conflict-box') });
    const set = (act, disabled) => { for (const button of this.root.querySelectorAll(`[data-act="${act}"]`)) button.disabled = disabled; };
    set('undo', this.plan.done.length === 0);
    set('redo', this.plan.undone.length === 0);
    const count = this.changedCount();
    set('discard', count === 0);
    byId('grid-count').textContent = count === 0 ? '' : t(`${count} 格未发布`, `${count} cells unpublished`);
    Object.assign(this.root.dataset, { cells: this.plan.count, undo: this.plan.done.length });
  }

  #compare(slot) {
    if (changed(this.base, this.plan, slot)) this.changed.add(slot);
    else this.changed.delete(slot);
  }

  changedCount() {
    return this.changed.size;
  }

  #drawWeek() {
    const { week } = this;
    const words = week.week === null ? t('不在学期内', 'Out of term') : t(`第${week.week}周　${week.week % 2 === 1 ? '单' : '双'}`, `Week ${week.week} (${week.week % 2 === 1 ? 'odd' : 'even'})`);
    byId('grid-week').replaceChildren(h('b', {}, words), h('span', {}, week.range));
    const toggle = this.root.querySelector('[data-act="weekend"]');
    toggle.hidden = this.data.rotation || this.view.days.length === 7 && !this.weekend;
    toggle.setAttribute('aria-pressed', String(Boolean(this.weekend)));
  }

  async step(date) {
    try {
      this.week = await get(`/admin/timetable/week?school=${this.school}&date=${date}`);
    } catch (error) {
      return this.say(error.message, { tone: 'bad' });
    }
    this.changes = new Map(this.week.changes.map((one) => [one.slot, one.text]));
    this.show(this.view.kind, this.view.id);
    return this.say(`${byId('grid-week').textContent}`, { quiet: true });
  }

  /** Hatches where what is held cannot go because its teacher or room is taken. */
  showBusy(items) {
    for (const td of this.busy ?? []) td.classList.remove('g-busy');
    this.busy = [];
    if (!items || items.length !== 1 || this.board.tds.size > BUSY_CELLS_MAX) return;
    for (const [pos, td] of this.board.tds) {
      if (this.desk.collisions(items, pos, false).some((x) => x.wanted !== 'class')) { td.classList.add('g-busy'); this.busy.push(td); }
    }
  }

  onSelect() {
    const { desk } = this;
    const cells = desk.cells();
    const none = cells.length === 0;
    for (const button of byId('grid-bar').querySelectorAll('[data-needs]')) {
      const need = button.dataset.needs;
      button.disabled = need === 'cell' ? none : need === 'clip' ? !desk.clipboard : desk.selected.size === 0;
    }
    byId('grid-bar').classList.toggle('g-open', desk.selected.size > 0 && this.touched === true);
    byId('grid-bar').classList.toggle('g-held', Boolean(desk.carry));
    const place = desk.focus ? this.view.target(desk.focus) : null;
    byId('grid-where').textContent = desk.selected.size > 1 ? t(`选中 ${desk.selected.size} 格`, `${desk.selected.size} cells`) : place ? `${this.names.day(place.day)} ${this.names.period(place.period)}` : '';
  }

  /** Says aloud and shows. */
  say(text, { undo = false, tone = '', quiet = false, keep = false, button } = {}) {
    byId('grid-live').textContent = text;
    if (quiet) return;
    const toast = byId('grid-toast');
    toast.className = `g-toast ${tone}`;
    toast.replaceChildren(h('span', {}, text), ...(button ? [button] : []),
      ...(undo ? [h('button', { type: 'button', class: 'g-link', dataset: { act: 'undo' } }, t('撤销', 'Undo'))] : []));
    toast.hidden = false;
    clearTimeout(this.toastTimer);
    if (!keep) this.toastTimer = setTimeout(() => { toast.hidden = true; }, TOAST_MS);
  }

  /** A held finger copied: one tap makes it a move. */
  offerMove(source) {
    const button = h('button', { type: 'button', class: 'g-link', onclick: () => this.desk.run(t(`移动 ${this.names.what(source)}`, `move ${this.names.what(source)}`), remove(this.plan, [source]), t(`已移动 ${this.names.what(source)}`, `Moved ${this.names.what(source)}`)) }, t('改为移动', 'Make it a move'));
    this.say(byId('grid-live').textContent, { undo: true, button });
  }

  editCell(pos) {
    return editCell(this, pos);
  }

  async publish() {
    await this.draft.save();
    const done = await publish(this.csrf, { school: this.school, base_no: this.baseNo, seen_ms: this.draft.seenMs, cells: [...this.plan.cells()].map(wire) }, this.blind());
    if (!done) return;
    this.draft.dirty = false;
    this.draft.forget();
    const merged = done.others.map((o) => t(`；${o.by} ${o.at} 发布的改动（${o.slots} 格）已合并`, `; merged with the ${o.slots} cells that ${o.by} changed at ${o.at}`)).join('');
    await this.load();
    this.say(done.unchanged ? t('与已发布的课表相同，没有改变', 'The same as what is published: nothing changed') : t(`已发布第 ${done.no} 版，${done.from} 起执行${merged}`, `Version ${done.no} is published, in force from ${done.from}${merged}`));
    this.delivery.start();
    byId('grid-delivery').scrollIntoView({ block: 'nearest' });
  }

  async discard() {
    const sure = await choose(t('放弃草稿？', 'Discard the draft?'), [t(`${this.changedCount()} 格未发布的改动会丢掉，${this.data.newest_no ? `回到第 ${this.data.newest_no} 版` : '课表会变空'}。`, `${this.changedCount()} unpublished cells are lost; the timetable is ${this.data.newest_no ? `version ${this.data.newest_no}` : 'empty'} again.`)], [{ value: 'ok', label: t('放弃草稿', 'Discard'), kind: 'danger main' }]);
    if (!sure) return;
    try {
      await this.draft.discard();
      await this.load();
      this.say(t('草稿已放弃', 'The draft is discarded'));
    } catch (error) {
      this.say(error.message, { tone: 'bad' });
    }
  }
}

const acts = {
  undo: (app) => app.desk.undo(),
  redo: (app) => app.desk.redo(),
  publish: (app) => app.publish().catch((error) => app.say(error.message, { tone: 'bad' })),
  discard: (app) => app.discard(),
  edit: (app) => app.desk.focus && app.editCell(app.desk.focus),
  copy: (app) => app.desk.copy(false),
  cut: (app) => app.desk.copy(true),
  paste: (app) => app.desk.focus && app.desk.paste(),
  move: (app) => app.desk.pick(app.desk.items(app.desk.focus)),
  delete: (app) => app.desk.remove(),
  inherit: (app) => app.desk.record(app.desk.cells(), null),
  close: (app) => (app.desk.carry ? app.desk.release(null) : app.desk.select([], app.desk.focus, { quiet: true })),
  many: (app, button) => { app.many = !app.many; button.setAttribute('aria-pressed', String(app.many)); },
  record: (app, button) => {
    const td = button.closest('[data-cell]');
    const one = td && app.view.at(td.dataset.cell)[Number(button.closest('[data-n]').dataset.n)]?.cell;
    app.desk.record(one ? [one] : app.desk.cells());
    if (td) app.board.tds.get(td.dataset.cell)?.querySelector('[data-act="record"]')?.focus();
  },
  'record-line': (app, button) => app.desk.record(button.cells()),
  'record-class': (app) => app.desk.record((app.board.finish(), [...app.board.tds.keys()]).flatMap((pos) => app.view.own(pos)).filter((cell, n, all) => all.indexOf(cell) === n)),
  view: (app, button) => app.show(button.dataset.kind, app.view.kind === button.dataset.kind ? app.view.id : null),
  show: (app, button) => app.show(app.view.kind, Number(button.dataset.id)),
  'open-class': (app, button) => app.show('class', Number(button.dataset.id)),
  weekend: (app) => { app.weekend = !app.weekend; app.show(app.view.kind, app.view.id); },
  'week-prev': (app) => app.step(app.week.previous),
  'week-this': (app) => app.step(''),
  'week-next': (app) => app.step(app.week.next),
  prev: (app) => neighbour(app, -1),
  next: (app) => neighbour(app, 1),
  'new-card': (app) => app.palette.add(),
  card: (app, button, event) => { if (event.detail === 0) { app.desk.pick([{ cell: app.palette.card(button.dataset.card), from: null, offset: { lane: 0, day: 0, period: 0 } }]); app.board.tds.get(app.desk.focus)?.focus(); } },
  jump: (app, button) => {
    const { a } = app.pairs[Number(button.dataset.n)];
    app.show('class', a.class);
    app.desk.select([slotOf(a)], slotOf(a));
  },
};

function neighbour(app, by) {
  const items = app.picker.items();
  const at = items.findIndex((item) => item.id === app.view.id);
  if (at >= 0) app.show(app.view.kind, items[(at + by + items.length) % items.length].id);
}

async function start(root) {
  const app = new App(root);
  root.addEventListener('pointerdown', (event) => { app.touched = event.pointerType === 'touch'; }, true);
  root.addEventListener('click', (event) => {
    const button = event.target.closest('[data-act]');
    if (button && !button.disabled && app.view) acts[button.dataset.act]?.(app, button, event);
  });
  root.addEventListener('dblclick', (event) => {
    if (app.many && app.touched) return; // two quick taps that select neighbours
    const td = event.target.closest('[data-cell]');
    if (td && !event.target.closest('button')) app.editCell(td.dataset.cell);
  });
  try {
    await app.load();
    app.drag = new Drag(app);
    keys(app);
  } catch (error) {
    byId('grid-board').replaceChildren(h('div', { class: 'a-empty', role: 'alert' }, h('p', {}, error instanceof Refused ? error.message : String(error)), h('button', { type: 'button', class: 'a-btn', onclick: () => location.reload() }, t('重新加载', 'Load again'))));
    if (!(error instanceof Refused)) throw error;
  }
}

const root = byId('grid');
if (root) start(root);
