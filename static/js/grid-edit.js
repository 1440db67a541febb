// What a gesture makes of the cells, pure: each function gives edits (slot → its cells afterwards) for Plan.commit.
import { CELLS_MAX, full, identity, slotOf } from './grid-core.js';

/** Edits in the making. */
export class Edits {
  constructor(plan) {
    this.plan = plan;
    this.map = new Map();
  }

  at(slot) {
    return this.map.get(slot) ?? this.plan.at(slot);
  }

  remove(cell) {
    const slot = slotOf(cell);
    this.map.set(slot, this.at(slot).filter((c) => c !== cell));
    return this;
  }

  add(cell) {
    const slot = slotOf(cell);
    const name = identity(cell);
    this.map.set(slot, [...this.at(slot).filter((c) => identity(c) !== name), cell]);
    return this;
  }

  /** Whether the school's timetable would hold too much. */
  tooMany() {
    let count = this.plan.count;
    for (const [slot, after] of this.map) count += after.length - this.plan.at(slot).length;
    return count > CELLS_MAX;
  }
}

/** The cell at another place. */
export const at = (cell, { class: owner, day, period }) =>
  full({ ...cell, class: owner ?? cell.class, day, period, with: cell.with.filter((id) => id !== (owner ?? cell.class)) });

/** Cells of the same class that stand where `placed` would; `gone` are taken away first. */
export function inTheWay(plan, placed, gone) {
  const ignored = new Set(gone);
  const found = new Set();
  for (const cell of placed) {
    for (const { wanted, other } of plan.check(cell, ignored)) {
      if (wanted === 'class' && other.class === cell.class) found.add(other);
    }
  }
  return [...found];
}

/** Puts `placed` down; `gone` leaves (a move), `replaced` is taken away. */
export function put(plan, placed, gone, replaced) {
  const edits = new Edits(plan);
  for (const cell of [...gone, ...replaced]) edits.remove(cell);
  for (const cell of placed) edits.add(cell);
  return edits;
}

/** One cell takes another's place, and what was there takes the first one's. */
export function swap(plan, source, placed, others) {
  const edits = put(plan, [placed], [source], others);
  const home = { day: source.day, period: source.period };
  const seat = placed.class === source.class ? home : { ...home, class: source.class };
  for (const other of others) {
    const shift = { ...seat, class: other.class === placed.class ? seat.class ?? other.class : other.class };
    edits.add(at(other, shift));
  }
  return edits;
}

export function remove(plan, cells) {
  const edits = new Edits(plan);
  for (const cell of cells) edits.remove(cell);
  return edits;
}

/** Other fields for one cell; it may move. */
export function change(plan, cell, fields) {
  const edits = new Edits(plan);
  if (cell) edits.remove(cell);
  return edits.add(full({ ...(cell ?? {}), ...fields }));
}

/** 录/不录 for cells; what the class says anyway is left to the class. */
export function record(plan, cells, on) {
  const edits = new Edits(plan);
  for (const cell of cells) {
    const inherited = plan.classes.get(cell.class)?.record ?? false;
    const value = on === null || on === inherited ? null : on;
    if (cell.record !== value) edits.remove(cell).add(full({ ...cell, record: value }));
  }
  return edits;
}

/** What the published timetable and the page differ in, by slot; for the marks on changed cells. */
export function changed(base, plan, slot) {
  const [a, b] = [base.get(slot) ?? [], plan.at(slot)];
  return a.length !== b.length || a.map(identity).sort().join() !== b.map(identity).sort().join();
}
