// The cards to place: what the shown class (teacher, room) has already, and cards made by hand. And the side: whom to
// look at, which conflicts there are.
import { field, finder, modal } from './grid-ask.js';
import { full } from './grid-core.js';
import { h, t } from './grid-words.js';

const CARDS_MAX = 60; // a class has 20; a hall shared by a school may have more than a screen shows
const LISTED_MAX = 200; // conflicts in the list; a timetable with more is not being read but repaired

const faceOf = (card) => `${card.class}|${card.subject}|${card.teacher}|${card.room}|${card.with}`;

/** One stop for Tab in a row or list of buttons; arrows, Home and End go from one to the next. */
function rove(root) {
  root.addEventListener('keydown', (event) => {
    const all = [...root.querySelectorAll('button')];
    const at = all.indexOf(event.target);
    const last = all.length - 1;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = all[Math.max(0, Math.min(to, last))];
    for (const button of all) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  });
}

export class Palette {
  constructor(app, root) {
    this.app = app;
    this.root = root;
    this.made = new Map(); // by view: cards of this visit
    this.cards = new Map();
    rove(root);
  }

  card(key) {
    return this.cards.get(key);
  }

  #key() {
    return `${this.app.view.kind}-${this.app.view.id}`;
  }

  /** Cells of the view, now and as published: a card does not vanish with its last lesson. */
  #cells() {
    const { view, plan, base } = this.app;
    if (view.isAll) return [];
    const now = view.days.flatMap((day) => view.periods.flatMap((period) => view.own(`${view.lanes[0]}-${day}-${period}`)));
    const before = view.kind === 'class'
      ? [...base.values()].flat().filter((cell) => cell.class === view.id)
      : [...base.values()].flat().filter((cell) => (view.kind === 'teacher' ? cell.teacher === view.id : plan.roomOf(cell) === view.id));
    return [...new Set([...now, ...before])];
  }

  draw() {
    const { app } = this;
    const count = new Map();
    for (const cell of new Set(this.#cells())) {
      const key = faceOf(cell);
      const found = count.get(key) ?? { cell, n: 0 };
      if (app.plan.at(`${cell.class}-${cell.day}-${cell.period}`).includes(cell)) found.n += 1;
      count.set(key, found);
    }
    for (const card of this.made.get(this.#key()) ?? []) if (!count.has(faceOf(card))) count.set(faceOf(card), { cell: card, n: 0 });
    const sorted = [...count.values()].sort((a, b) => a.cell.subject - b.cell.subject || a.cell.class - b.cell.class).slice(0, CARDS_MAX);
    this.cards = new Map();
    const nodes = sorted.map(({ cell, n }, i) => {
      const card = full({ ...cell, day: 1, period: 1, span: 1, weeks: 'all', record: null });
      this.cards.set(String(i), card);
      const parts = { class: [app.names.teacher(cell.teacher)], teacher: [app.names.class(cell.class)] }[app.view.kind] ?? [app.names.class(cell.class), app.names.teacher(cell.teacher)];
      const who = parts.filter(Boolean).join(' ');
      return h('button', { type: 'button', class: `g-card g-c${app.names.colour(cell.subject)}`, tabindex: -1, dataset: { act: 'card', card: i, subject: cell.subject, teacher: cell.teacher ?? '' }, title: t('拖到格子里；或按回车拿起，再选格子', 'Drag it to a cell; or press Enter, then choose a cell') },
        h('b', {}, app.names.subject(cell.subject)), who ? h('span', { class: 'g-who' }, who) : null,
        h('i', { class: 'g-mark', 'aria-label': t(`每周 ${n} 节`, `${n} a week`) }, `×${n}`));
    });
    const add = h('button', { type: 'button', class: 'g-add', dataset: { act: 'new-card' } }, t('＋ 新课程卡', '+ New card'));
    this.root.replaceChildren(add, ...nodes);
    this.root.hidden = app.view.isAll;
  }

  /** 新课程卡: subject and teacher (and the class, where the view is no class). */
  async add() {
    const { app } = this;
    const { names, view } = app;
    const items = (map, label) => [...map.values()].map((row) => ({ id: row.id, label: row[label] }));
    const made = await modal(t('新课程卡', 'New card'), (close) => {
      const subject = h('select', { class: 'a-input', name: 'subject', 'data-first': true }, ...items(names.subjects, 'name').map((s) => h('option', { value: s.id }, s.label)));
      const teacher = finder(items(names.teachers, 'name'), view.kind === 'teacher' ? view.id : null, { name: 'teacher', placeholder: t('可不填', 'optional') });
      const owner = finder(items(names.classes, 'label'), null, { name: 'class' });
      const boxes = { subject: field(t('科目', 'Subject'), subject), teacher: field(t('教师', 'Teacher'), teacher.input), class: field(t('班级', 'Class'), owner.input) };
      const ok = (event) => {
        event.preventDefault();
        const ids = { teacher: teacher.value(), class: view.kind === 'class' ? view.id : owner.value() };
        boxes.teacher.fault(ids.teacher === undefined ? t('没有这位教师，请从列表中选择。', 'No such teacher: choose from the list.') : null);
        boxes.class.fault(!ids.class ? t('请选择班级。', 'Choose a class.') : null);
        if (ids.teacher === undefined || !ids.class) return;
        close(full({ class: ids.class, day: 1, period: 1, subject: Number(subject.value), teacher: ids.teacher, room: view.kind === 'room' ? view.id : view.kind === 'channel' ? names.channels.get(view.id)?.room ?? null : null }));
      };
      return h('form', { onsubmit: ok }, h('div', { class: 'g-dialog-body' }, boxes.subject, boxes.teacher, teacher.node.lastChild, view.kind === 'class' ? null : boxes.class, owner.node.lastChild),
        h('div', { class: 'g-dialog-foot' }, h('button', { class: 'a-btn main', dataset: { act: 'ok' } }, t('添加', 'Add')), h('button', { type: 'button', class: 'a-btn', onclick: () => close(null) }, t('取消', 'Cancel'))));
    }, { name: 'card' });
    if (!made) return;
    this.made.set(this.#key(), [...(this.made.get(this.#key()) ?? []), made]);
    this.draw();
    const key = [...this.cards].find(([, card]) => faceOf(card) === faceOf(made))?.[0];
    this.root.querySelector(`[data-card="${key}"]`)?.focus();
    app.say(t(`已添加课程卡 ${names.what(made)}，拖到格子里`, `Card ${names.what(made)} added: drag it to a cell`));
  }
}

/** Whom to look at: a searchable list. */
export class Picker {
  constructor(app, { list, search }) {
    Object.assign(this, { app, list, search });
    rove(list);
    search.addEventListener('input', () => this.draw());
    search.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') list.querySelector('button')?.click();
    });
  }

  items(kind = this.app.view.kind) {
    const { names } = this.app;
    if (kind === 'teacher') return [...names.teachers.values()].map((row) => ({ id: row.id, label: row.name }));
    if (kind === 'room') return [...names.rooms.values()].map((row) => ({ id: row.id, label: row.name }));
    if (kind === 'channel') return [...names.channels.values()].map((row) => ({ id: row.id, label: row.name, note: row.room === null ? t('没有教室', 'no room') : names.room(row.room) }));
    return [...names.classes.values()].map((row) => ({ id: row.id, label: row.label, group: row.group }));
  }

  draw() {
    const { app } = this;
    if (app.view.isAll) return; // nobody is chosen there, and scrolling to the chosen one lays the page out
    const typed = this.search.value.trim().toLowerCase();
    const found = this.items().filter((item) => item.label.toLowerCase().includes(typed));
    const nodes = [];
    for (const item of found) {
      const current = !app.view.isAll && item.id === app.view.id;
      nodes.push(h('li', {}, h('button', { type: 'button', tabindex: current ? 0 : -1, dataset: { act: 'show', id: item.id }, 'aria-current': current ? 'true' : null }, item.label, item.note ? h('small', {}, item.note) : null)));
    }
    if (nodes.length === 0) nodes.push(h('li', { class: 'a-soft' }, t('没有找到', 'Nothing found')));
    const hadFocus = this.list.contains(document.activeElement);
    this.list.replaceChildren(...nodes);
    const current = this.list.querySelector('[aria-current]');
    const entry = current ?? this.list.querySelector('button');
    if (entry) entry.tabIndex = 0;
    if (hadFocus) entry?.focus({ preventScroll: true });
    if (current) this.list.scrollTop = current.offsetTop - this.list.clientHeight / 2;
  }
}

/** The list of conflicts, each with a jump; made while it is open. */
export function drawConflicts(app, { list, count, box }) {
  const all = app.plan.conflicts();
  const refused = all.filter((pair) => pair.wanted !== 'teacher').length;
  count.textContent = all.length === 0 ? t('没有冲突', 'No conflicts') : t(`${all.length} 处冲突`, `${all.length} conflicts`);
  count.className = `a-badge ${refused > 0 ? 'bad' : all.length > 0 ? 'warn' : 'ok'}`;
  app.pairs = all;
  box.ontoggle ??= () => drawConflicts(app, { list, count, box });
  if (!box.open) return void list.replaceChildren();
  list.replaceChildren(...all.slice(0, LISTED_MAX).map((pair, n) => h('li', {},
    h('span', { class: `a-badge ${pair.wanted === 'teacher' ? 'warn' : 'bad'}` }, { class: t('班级', 'Class'), room: t('教室', 'Room'), teacher: t('教师', 'Teacher') }[pair.wanted]),
    h('span', {}, `${app.names.class(pair.a.class)} ${app.names.where(pair.a)} ${app.names.what(pair.a)}${t('：', ': ')}${app.names.conflict(pair.wanted, pair.a, pair.b)}`),
    h('button', { type: 'button', class: 'a-btn small', dataset: { act: 'jump', n }, 'aria-label': t(`去看 ${app.names.class(pair.a.class)} ${app.names.where(pair.a)}`, `Go to ${app.names.class(pair.a.class)} ${app.names.where(pair.a)}`) }, t('去看', 'Go')))));
  if (all.length > LISTED_MAX) list.append(h('li', { class: 'a-soft' }, t(`…共 ${all.length} 处`, `… ${all.length} in all`)));
  return undefined;
}
