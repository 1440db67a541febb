// What can be done with the timetable, whatever the gesture: select, pick up, drop, copy, remove, record, undo.
// Every action says what happened, in the live region and on the screen.
import { choose } from './grid-ask.js';
import * as edit from './grid-edit.js';
import { slotOf } from './grid-core.js';
import { h, t } from './grid-words.js';

const BLAMED_MAX = 3; // conflicts spelled out in one sentence; the list has them all

export class Desk {
  /** `app` holds plan, view, board, names; `say(text, buttons)` tells; `after(slots)` draws and saves. */
  constructor(app) {
    this.app = app;
    this.focus = null;
    this.anchor = null;
    this.selected = new Set();
    this.clipboard = null;
    this.carry = null;
  }

  get view() {
    return this.app.view;
  }

  get plan() {
    return this.app.plan;
  }

  /** The view has changed: selection ends, focus stays where it can. */
  reset() {
    const focus = this.focus && this.app.board.tds.has(this.focus) ? this.focus : this.view.first();
    this.focus = null;
    this.selected = new Set();
    if (focus) this.select([], focus, { quiet: true });
  }

  select(positions, focus, { quiet = false, anchor = focus } = {}) {
    const before = { selected: this.selected, focus: this.focus };
    this.selected = new Set(positions);
    this.focus = focus;
    this.anchor = anchor;
    this.app.board.mark(focus, this.selected, before);
    const td = this.app.board.tds.get(focus);
    if (td && !quiet) {
      td.focus({ preventScroll: true });
      td.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
    this.app.onSelect();
  }

  extend(to) {
    const anchor = this.anchor ?? to;
    this.select(this.view.between(anchor, to), to, { anchor });
    this.app.say(t(`选中 ${this.selected.size} 格`, `${this.selected.size} cells selected`), { quiet: true });
  }

  toggle(pos) {
    const next = new Set(this.selected);
    if (next.has(pos)) next.delete(pos);
    else next.add(pos);
    this.select(next, pos);
  }

  selectAll() {
    this.app.board.finish();
    this.select(this.app.board.tds.keys(), this.focus ?? this.view.first());
  }

  /** The lessons that are selected, each once. */
  cells() {
    return [...new Set([...this.selected].flatMap((pos) => this.view.own(pos)))];
  }

  /** Applies edits; gives whether anything changed. `text` is what is said then. */
  run(label, edits, text) {
    if (edits.tooMany()) {
      this.app.say(t('课表最多 40000 节，放不下了：请先删除一些。', 'A timetable holds at most 40,000 lessons: remove some first.'), { tone: 'bad' });
      return false;
    }
    const slots = this.plan.commit(label, edits.map);
    if (slots.length === 0) return false;
    this.app.after();
    this.app.say(typeof text === 'function' ? text() : text ?? label, { undo: true });
    return true;
  }

  undo() {
    this.#said(this.plan.undo(), t('已撤销：', 'Undone: '), t('没有可撤销的操作', 'Nothing to undo'));
  }

  redo() {
    this.#said(this.plan.redo(), t('已重做：', 'Redone: '), t('没有可重做的操作', 'Nothing to redo'));
  }

  #said(step, done, none) {
    if (step) this.app.after();
    this.app.say(step ? `${done}${step.label}` : none);
  }

  remove() {
    const cells = this.cells();
    if (cells.length === 0) return;
    const label = cells.length === 1 ? t(`删除 ${this.app.names.what(cells[0])}`, `remove ${this.app.names.what(cells[0])}`) : t(`删除 ${cells.length} 节`, `remove ${cells.length} lessons`);
    this.run(label, edit.remove(this.plan, cells), t(`已${label}`, `Done: ${label}`));
  }

  /** What the selection carries, with the distance of each lesson from `origin`. */
  #items(origin) {
    const from = this.view.coordinates(origin);
    const items = new Map();
    for (const pos of this.selected) {
      for (const found of this.view.at(pos)) {
        if (found.guest || found.cont || items.has(found.cell)) continue;
        const at = this.view.coordinates(pos);
        items.set(found.cell, { cell: found.cell, from: found.cell, offset: { lane: at.lane - from.lane, day: at.day - from.day, period: at.period - from.period } });
      }
    }
    return [...items.values()];
  }

  copy(cut) {
    const items = this.#items(this.focus);
    if (items.length === 0) return this.app.say(t('这里没有课可以复制', 'There is no lesson here to copy'));
    this.clipboard = items.map(({ cell, offset }) => ({ cell, from: null, offset }));
    const n = items.length;
    if (cut) this.run(t(`剪切 ${n} 节`, `cut ${n}`), edit.remove(this.plan, items.map((i) => i.cell)), t(`已剪切 ${n} 节`, `${n} cut`));
    else this.app.say(t(`已复制 ${n} 节，在目标格粘贴`, `${n} copied: paste where they go`));
    return this.app.onSelect();
  }

  paste() {
    if (!this.clipboard) return this.app.say(t('剪贴板是空的', 'Nothing has been copied'));
    return this.drop(this.clipboard, this.focus, { copy: true, label: t('粘贴', 'paste') });
  }

  /** Takes up what is selected (or the one lesson of a drag) to be dropped later. */
  items(origin) {
    if (!this.selected.has(origin)) this.select([origin], origin, { quiet: true });
    return this.#items(origin);
  }

  pick(items, { copy = false } = {}) {
    if (items.length === 0) return;
    this.carry = { items, copy };
    this.app.onSelect();
    const what = items.length === 1 ? this.app.names.what(items[0].cell) : t(`${items.length} 节课`, `${items.length} lessons`);
    const cancel = h('button', { type: 'button', class: 'g-link', onclick: () => this.release(null) }, t('取消（Esc）', 'Cancel (Esc)'));
    this.app.say(t(`已拿起 ${what}：点目标格放下，或用方向键选好按空格`, `Picked up ${what}: tap a cell to drop it, or go there with the arrows and press Space`), { keep: true, button: cancel });
  }

  /** Ends carrying; with a position, drops there. */
  async release(pos, copy) {
    const carry = this.carry;
    if (!carry) return;
    this.carry = null;
    this.hint(null);
    this.app.onSelect();
    if (pos) await this.drop(carry.items, pos, { copy: copy || carry.copy });
    else this.app.say(t('已取消', 'Cancelled'));
  }

  /** Where the items would go; those outside the grid are left out. */
  #placed(items, pos) {
    const to = this.view.coordinates(pos);
    const placed = [];
    for (const { cell, from, offset } of items) {
      const at = this.view.position({ lane: to.lane + offset.lane, day: to.day + offset.day, period: to.period + offset.period });
      if (at) placed.push({ cell: edit.at(cell, this.view.target(at)), from, pos: at });
    }
    return placed;
  }

  /** What a drop would collide with: [{wanted, cell, other}]. Each look-up is one bucket of the index. */
  collisions(items, pos, copy) {
    const placed = this.#placed(items, pos);
    const gone = new Set(copy ? [] : placed.map((p) => p.from).filter(Boolean));
    return placed.flatMap(({ cell }) => this.plan.check(cell, gone).map((found) => ({ ...found, cell })));
  }

  /** Outlines the place under the pointer; `null` takes the outline away. */
  hint(pos, items, copy) {
    this.hinted?.classList.remove('g-over', 'g-over-bad');
    this.hinted = pos ? this.app.board.tds.get(pos) : null;
    if (!pos) return [];
    const found = this.collisions(items, pos, copy);
    this.hinted?.classList.add(found.length > 0 ? 'g-over-bad' : 'g-over');
    return found.map((x) => this.app.names.conflict(x.wanted, x.cell, x.other));
  }

  /** Drops items at a position; where lessons stand already it asks. */
  async drop(items, pos, { copy = false, label, touch = false } = {}) {
    const placed = this.#placed(items, pos);
    const moved = placed.filter((p) => copy || !p.from || slotOf(p.from) !== slotOf(p.cell));
    if (moved.length === 0) return false;
    const gone = copy ? [] : placed.map((p) => p.from).filter(Boolean);
    const others = edit.inTheWay(this.plan, placed.map((p) => p.cell), gone);
    const one = placed.length === 1 ? placed[0] : null;
    let how = 'replace';
    if (others.length > 0) how = await this.#ask(placed, others, one && gone.length === 1);
    if (!how) { this.app.say(t('已取消，什么都没有改变', 'Cancelled: nothing was changed')); return false; }
    const kept = how === 'free' ? placed.filter((p) => edit.inTheWay(this.plan, [p.cell], gone).length === 0) : placed;
    const leaves = copy ? [] : kept.map((p) => p.from).filter(Boolean);
    const edits = how === 'swap'
      ? edit.swap(this.plan, one.from, one.cell, others)
      : edit.put(this.plan, kept.map((p) => p.cell), leaves, how === 'free' ? [] : others);
    const verb = label ?? (how === 'swap' ? t('对调', 'swap') : leaves.length > 0 ? t('移动', 'move') : copy ? t('复制', 'copy') : t('添加', 'add'));
    const what = kept.length === 1 ? this.app.names.what(kept[0].cell) : t(`${kept.length} 节`, `${kept.length} lessons`);
    const done = this.run(`${verb} ${what}`, edits, () => this.#sentence(verb, what, kept, items.length - placed.length));
    if (done) this.select(kept.map((p) => p.pos), kept[0]?.pos ?? pos);
    if (done && touch && copy && one?.from === null && items[0].source) this.app.offerMove(items[0].source);
    return done;
  }

  #sentence(verb, what, kept, lost) {
    const { names } = this.app;
    const where = kept.length === 1 ? t(` 到 ${names.where(kept[0].cell)}`, ` to ${names.where(kept[0].cell)}`) : '';
    const bad = kept.flatMap((p) => this.plan.conflictsOf(p.cell).map((x) => names.conflict(x.wanted, p.cell, x.other)));
    const outside = lost > 0 ? t(`；${lost} 节超出表格，没有放`, `; ${lost} outside the grid were left out`) : '';
    const blame = bad.length > 0 ? t(`。冲突：${bad.slice(0, BLAMED_MAX).join('；')}`, `. Conflict: ${bad.slice(0, BLAMED_MAX).join('; ')}`) : '';
    return t(`已${verb} ${what}${where}${outside}${blame}`, `Done: ${verb} ${what}${where}${outside}${blame}`);
  }

  #ask(placed, others, canSwap) {
    const { names } = this.app;
    const lines = others.slice(0, BLAMED_MAX).map((o) => `${names.class(o.class)} ${names.where(o)}${t('：', ': ')}${names.what(o)}`);
    if (others.length > BLAMED_MAX) lines.push(t(`…共 ${others.length} 节`, `… ${others.length} in all`));
    const options = [];
    if (canSwap) options.push({ value: 'swap', label: t('对调', 'Swap'), kind: 'main' });
    options.push({ value: 'replace', label: t('替换', 'Replace'), kind: canSwap ? '' : 'main' });
    if (placed.length > 1) options.push({ value: 'free', label: t('只放空格', 'Only free cells') });
    return choose(t('这里已经有课', 'There is a lesson already'), lines, options);
  }

  /** 录/不录 of lessons; `on` null follows the class, undefined turns over what most are. */
  record(cells, on) {
    if (cells.length === 0) return;
    const value = on === undefined ? !cells.every((cell) => this.plan.records(cell)) : on;
    const what = cells.length === 1 ? this.app.names.what(cells[0]) : t(`${cells.length} 节`, `${cells.length} lessons`);
    const label = value === null ? t(`${what} 随班级`, `${what} as the class`) : value ? t(`${what} 设为录`, `record ${what}`) : t(`${what} 设为不录`, `do not record ${what}`);
    this.run(label, edit.record(this.plan, cells, value), label);
  }
}
