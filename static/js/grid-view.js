// Which cells are looked at: of a class, a teacher, a room, a channel, or of every class (总课表). Pure.
// A position is the text `lane-day-period`; the lane is a class id, or t<teacher>, r<room>, v<channel>.
import { runs } from './grid-weeks.js';

export const KINDS = ['class', 'teacher', 'room', 'channel', 'all'];
const MARK = { class: '', teacher: 't', room: 'r', channel: 'v' };

export const place = (pos) => {
  const [lane, day, period] = pos.split('-');
  return { lane, day: Number(day), period: Number(period) };
};

export class View {
  /** `days` are the columns that are shown. */
  constructor(kind, id, { plan, bells, names, days }) {
    Object.assign(this, { kind, id, plan, bells, names, days });
    this.isAll = kind === 'all';
    this.lanes = this.isAll ? [...names.classes.keys()].map(String) : [`${MARK[kind]}${id}`];
    this.rows = this.isAll ? this.#rows().filter((row) => row.kind === 'lesson' || this.#used().has(row.no)) : this.#rows();
    const lessons = this.rows.filter((row) => row.kind !== 'break');
    this.periods = lessons.map((row) => row.no);
  }

  /** What the indices of the plan are asked for. */
  #key() {
    if (this.kind === 'channel') return ['room', this.names.channels.get(this.id)?.room ?? null];
    return [this.isAll ? 'class' : this.kind, this.id];
  }

  /** Periods of the class's bells (of all tables in the other views), and those that cells name besides. */
  #rows() {
    const own = this.kind === 'class' ? this.bells.periods(this.id, this.days[0] ?? 1) : this.bells.union;
    const rows = [...own];
    const known = new Set(rows.map((row) => row.no));
    const used = this.isAll ? this.plan.cells() : this.days.flatMap((day) => this.#onDay(this.lanes[0], day));
    for (const cell of used) {
      if (known.has(cell.period)) continue;
      known.add(cell.period);
      rows.push({ no: cell.period, label: this.names.period(cell.period), kind: 'lesson', start_s: null, end_s: null });
    }
    return rows;
  }

  /** Periods with a lesson somewhere: 总课表 leaves out a 早读 that nobody has. */
  #used() {
    this.usedPeriods ??= new Set([...this.plan.cells()].map((cell) => cell.period));
    return this.usedPeriods;
  }

  #onDay(lane, day) {
    const [kind, id] = this.isAll ? ['class', Number(lane)] : this.#key();
    return id === null ? [] : this.plan.lane(kind, id, day);
  }

  /** What stands at a position: `cont` for the later periods of 连堂, `guest` for a cell of another class (合班). */
  at(pos) {
    const { lane, day, period } = place(pos);
    const found = [];
    for (const cell of this.#onDay(lane, day)) {
      const isClass = this.kind === 'class' || this.isAll;
      const guest = isClass && String(cell.class) !== lane;
      if (cell.period === period) found.push({ cell, cont: false, guest });
      else if (cell.span > 1 && this.bells.run(cell).some((p) => p.no === period)) found.push({ cell, cont: true, guest });
    }
    return found;
  }

  /** Cells that a gesture on this position takes along. */
  own(pos) {
    return this.at(pos).filter((found) => !found.guest).map((found) => found.cell);
  }

  /** Where a cell dropped on this position goes; class null = it keeps its own. */
  target(pos) {
    const { lane, day, period } = place(pos);
    return { class: this.kind === 'class' || this.isAll ? Number(lane) : null, day, period };
  }

  /** Every position at which a cell is drawn. */
  positions(cell) {
    if (!this.days.includes(cell.day)) return [];
    const lanes = this.isAll || this.kind === 'class'
      ? [cell.class, ...cell.with].map(String).filter((lane) => this.lanes.includes(lane))
      : this.#onDay(this.lanes[0], cell.day).includes(cell) || this.#was(cell) ? this.lanes : [];
    const periods = cell.span > 1 ? [cell.period, ...this.bells.run(cell).map((p) => p.no)] : [cell.period];
    return lanes.flatMap((lane) => [...new Set(periods)].map((period) => `${lane}-${cell.day}-${period}`));
  }

  /** A cell that has just left is asked for by what it had. */
  #was(cell) {
    const [kind, id] = this.#key();
    return kind === 'teacher' ? cell.teacher === id : this.plan.roomOf(cell) === id;
  }

  runsIn(cell, week) {
    return week === null || week === undefined || runs(cell.weeks, week);
  }

  /** Row and column of a position, for arrows and for copying by offset. */
  coordinates(pos) {
    const { lane, day, period } = place(pos);
    return { lane: this.lanes.indexOf(lane), day: this.days.indexOf(day), period: this.periods.indexOf(period) };
  }

  position({ lane, day, period }) {
    const [l, d, p] = [this.lanes[lane], this.days[day], this.periods[period]];
    return l === undefined || d === undefined || p === undefined ? null : `${l}-${d}-${p}`;
  }

  /** The neighbour in a direction: rows are periods, in 总课表 classes. */
  step(pos, dx, dy) {
    const at = this.coordinates(pos);
    if (!this.isAll) return this.position({ ...at, day: at.day + dx, period: at.period + dy }) ?? pos;
    const column = at.day * this.periods.length + at.period + dx;
    const next = { lane: at.lane + dy, day: Math.floor(column / this.periods.length), period: ((column % this.periods.length) + this.periods.length) % this.periods.length };
    return this.position(next) ?? pos;
  }

  /** Every position of the rectangle between two. */
  between(from, to) {
    const [a, b] = [this.coordinates(from), this.coordinates(to)];
    const range = (x, y) => Array.from({ length: Math.abs(x - y) + 1 }, (_, n) => Math.min(x, y) + n);
    const found = [];
    for (const lane of range(a.lane, b.lane)) {
      for (const day of range(a.day, b.day)) {
        for (const period of range(a.period, b.period)) found.push(this.position({ lane, day, period }));
      }
    }
    return found.filter(Boolean);
  }

  first() {
    return this.position({ lane: 0, day: 0, period: 0 });
  }
}
