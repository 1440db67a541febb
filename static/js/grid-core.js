// The timetable while it is edited, pure: cells, who is where, conflicts, undo. No DOM, no clock, no network.
// A cell is a frozen object of every field of model::calendar::Cell; a slot is the text `class-day-period`.
import { meets } from './grid-weeks.js';

export const CELLS_MAX = 40_000; // model::calendar::grid::CELLS_MAX
export const SPAN_MAX = 4; // docs/timetable.md
const UNDO_MAX = 500; // steps; each holds only the slots that it changed

export const slotOf = (cell) => `${cell.class}-${cell.day}-${cell.period}`;

/** A cell as the server sends it, with what it leaves out filled in. */
export function full(cell) {
  return Object.freeze({
    class: cell.class,
    day: cell.day,
    period: cell.period,
    span: cell.span ?? 1,
    weeks: cell.weeks ?? 'all',
    subject: cell.subject,
    teacher: cell.teacher ?? null,
    room: cell.room ?? null,
    with: Object.freeze([...(cell.with ?? [])].sort((a, b) => a - b)),
    record: cell.record ?? null,
  });
}

/** As the server takes it: without defaults. */
export function wire(cell) {
  const { class: owner, day, period, subject } = cell;
  const out = { class: owner, day, period, subject };
  if (cell.span !== 1) out.span = cell.span;
  if (cell.weeks !== 'all') out.weeks = cell.weeks;
  if (cell.teacher !== null) out.teacher = cell.teacher;
  if (cell.room !== null) out.room = cell.room;
  if (cell.with.length > 0) out.with = cell.with;
  if (cell.record !== null) out.record = cell.record;
  return out;
}

/** Two cells are the same when this text is. */
export const identity = (c) => `${c.class}|${c.day}|${c.period}|${c.span}|${c.weeks}|${c.subject}|${c.teacher}|${c.room}|${c.with}|${c.record}`;

const sameCells = (a, b) => a.length === b.length && a.map(identity).sort().join() === b.map(identity).sort().join();


export class Plan {
  /** `bells.interval(cell)` gives [start, end) in seconds; `classes` is id → {room, record}. */
  constructor(cells, bells, classes) {
    this.bells = bells;
    this.classes = classes;
    this.slots = new Map();
    this.lanes = { class: new Map(), teacher: new Map(), room: new Map() };
    this.pairs = new Map(); // cell → [{wanted, other}]
    this.done = [];
    this.undone = [];
    this.count = 0;
    this.touched = new Set(); // cells whose drawing may have changed since takeTouched()
    for (const cell of cells) this.#enter(Object.isFrozen(cell) ? cell : full(cell));
    this.touched.clear();
  }

  takeTouched() {
    const cells = [...this.touched];
    this.touched.clear();
    return cells;
  }

  at(slot) {
    return this.slots.get(slot) ?? [];
  }

  *cells() {
    for (const list of this.slots.values()) yield* list;
  }

  roomOf(cell) {
    return cell.room ?? this.classes.get(cell.class)?.room ?? null;
  }

  records(cell) {
    return cell.record ?? this.classes.get(cell.class)?.record ?? false;
  }

  /** Cells of a class (its own and those it is taught with), a teacher or a room on a day. */
  lane(kind, id, day) {
    return this.lanes[kind].get(`${id}-${day}`) ?? [];
  }

  /** Applies `edits` (slot → its cells afterwards) as one step that can be undone. Gives the slots that changed. */
  commit(label, edits) {
    const step = { label, slots: [] };
    for (const [slot, after] of edits) {
      const before = this.at(slot);
      if (!sameCells(before, after)) step.slots.push({ slot, before, after });
    }
    if (step.slots.length === 0) return [];
    this.#apply(step, 'after');
    this.done.push(step);
    if (this.done.length > UNDO_MAX) this.done.shift();
    this.undone = [];
    return step.slots.map((change) => change.slot);
  }

  undo() {
    return this.#step(this.done, this.undone, 'before');
  }

  redo() {
    return this.#step(this.undone, this.done, 'after');
  }

  #step(from, to, side) {
    const step = from.pop();
    if (!step) return null;
    this.#apply(step, side);
    to.push(step);
    return { label: step.label, slots: step.slots.map((change) => change.slot) };
  }

  #apply(step, side) {
    for (const { slot } of step.slots) for (const cell of this.at(slot)) this.#leave(cell);
    for (const change of step.slots) for (const cell of change[side]) this.#enter(cell);
  }

  /** What a cell would want twice; cells of `ignored` count as gone. */
  check(cell, ignored = null) {
    const found = [];
    const look = (wanted, id) => {
      if (id === null || id === undefined) return;
      for (const other of this.lane(wanted, id, cell.day)) {
        if (other === cell || ignored?.has(other)) continue;
        if (!meets(cell.weeks, other.weeks) || !this.#overlap(cell, other)) continue;
        if (this.#together(cell, other)) continue;
        if (!found.some((f) => f.wanted === wanted && f.other === other)) found.push({ wanted, other });
      }
    };
    look('class', cell.class);
    for (const id of cell.with) look('class', id);
    look('teacher', cell.teacher);
    look('room', this.roomOf(cell));
    return found;
  }

  conflictsOf(cell) {
    return this.pairs.get(cell) ?? [];
  }

  /** Every pair once: class and room conflicts first. */
  conflicts() {
    const rank = { class: 0, room: 1, teacher: 2 };
    const all = [];
    const seen = new Set();
    for (const [cell, list] of this.pairs) {
      seen.add(cell);
      for (const { wanted, other } of list) if (!seen.has(other)) all.push({ wanted, a: cell, b: other });
    }
    return all.sort((x, y) => rank[x.wanted] - rank[y.wanted] || x.a.day - y.a.day || x.a.period - y.a.period || x.a.class - y.a.class);
  }

  /** 合班: two classes, one subject, one teacher, in one room or one naming the other. */
  #together(a, b) {
    if (a.class === b.class || a.subject !== b.subject || a.teacher !== b.teacher) return false;
    const room = this.roomOf(a);
    return (room !== null && room === this.roomOf(b)) || a.with.includes(b.class) || b.with.includes(a.class);
  }

  #overlap(a, b) {
    const [x, y] = [this.bells.interval(a), this.bells.interval(b)];
    return x[0] < y[1] && y[0] < x[1];
  }

  #lanesOf(cell) {
    const lanes = [['class', cell.class], ...cell.with.map((id) => ['class', id])];
    if (cell.teacher !== null) lanes.push(['teacher', cell.teacher]);
    const room = this.roomOf(cell);
    if (room !== null) lanes.push(['room', room]);
    return lanes;
  }

  #enter(cell) {
    const slot = slotOf(cell);
    const found = this.check(cell);
    this.slots.set(slot, [...this.at(slot), cell]);
    for (const [kind, id] of this.#lanesOf(cell)) {
      const key = `${id}-${cell.day}`;
      this.lanes[kind].set(key, [...(this.lanes[kind].get(key) ?? []), cell]);
    }
    if (found.length > 0) this.pairs.set(cell, found);
    for (const { wanted, other } of found) {
      this.pairs.set(other, [...this.conflictsOf(other), { wanted, other: cell }]);
      this.touched.add(other);
    }
    this.touched.add(cell);
    this.count += 1;
  }

  #leave(cell) {
    const slot = slotOf(cell);
    const rest = this.at(slot).filter((c) => c !== cell);
    if (rest.length > 0) this.slots.set(slot, rest);
    else this.slots.delete(slot);
    for (const [kind, id] of this.#lanesOf(cell)) {
      const key = `${id}-${cell.day}`;
      this.lanes[kind].set(key, this.lanes[kind].get(key).filter((c) => c !== cell));
    }
    for (const { other } of this.conflictsOf(cell)) {
      const left = this.conflictsOf(other).filter((pair) => pair.other !== cell);
      if (left.length > 0) this.pairs.set(other, left);
      else this.pairs.delete(other);
      this.touched.add(other);
    }
    this.touched.add(cell);
    this.pairs.delete(cell);
    this.count -= 1;
  }
}

/** When periods are, by class and day. */
export class Bells {
  /** `tables` as the calendar has them; `of` is grade → table index per column (day − 1). */
  constructor(tables, of, classes) {
    this.tables = tables;
    this.of = of;
    this.classes = classes;
    this.known = new Map();
    this.union = union(tables);
  }

  /** Rows of a class on a day. */
  periods(owner, day) {
    const grade = this.classes.get(owner)?.grade;
    const index = this.of[grade]?.[day - 1] ?? 0;
    return this.tables[index]?.periods ?? [];
  }

  /** [start, end) in seconds. A period that the table has not is ordered after the others. */
  interval(cell) {
    const grade = this.classes.get(cell.class)?.grade;
    const index = this.of[grade]?.[cell.day - 1] ?? 0;
    const key = index * 100_000 + cell.period * 10 + cell.span;
    let found = this.known.get(key);
    if (!found) {
      const run = this.run(cell);
      const unknown = 200_000 + cell.period * 100;
      found = run.length > 0 ? [run[0].start_s, run[run.length - 1].end_s] : [unknown, unknown + 100 * cell.span];
      this.known.set(key, found);
    }
    return found;
  }

  /** The periods that a cell takes: its own and, for 连堂, the next ones that are no break. */
  run(cell) {
    const periods = this.periods(cell.class, cell.day).filter((p) => p.kind !== 'break');
    const first = periods.findIndex((p) => p.no === cell.period);
    return first < 0 ? [] : periods.slice(first, first + cell.span);
  }
}

/** Every period of all tables once, in the order of the day. */
function union(tables) {
  const all = new Map();
  for (const table of tables) for (const period of table.periods) if (!all.has(period.no)) all.set(period.no, period);
  return [...all.values()].sort((a, b) => a.start_s - b.start_s || a.no - b.no);
}
