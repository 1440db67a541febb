// The week of a channel as data: ranges, free places, moving, resizing, copying, and what has to be saved. Pure: no
// page, no clock. Seconds after midnight, half open: one range may end when the next begins (R-SCH-02).

export const DAY_S = 86_400;
// A range is longer than 30 s (R-SCH-04).
export const LEAST_S = 31;
// A new range is an hour long (R-SCH-02).
export const USUAL_S = 3_600;
const MORNING_S = 8 * 3_600;
// Monday first, as a school week is read; 0 = Sunday on the wire.
export const WEEK = [1, 2, 3, 4, 5, 6, 0];
const UNDO_MAX = 100;

let made = 0;
const fresh = () => `n${++made}`;

// {id, weekday, start_s, end_s, subject_id, teacher_id} of the wire, with a key that lasts while the page is open.
export const fromWire = (range) => ({
  key: range.id > 0 ? String(range.id) : fresh(), id: range.id > 0 ? range.id : null,
  weekday: range.weekday, start: range.start_s, end: range.end_s, subject: range.subject_id, teacher: range.teacher_id,
});

export const toWire = (range) => ({
  id: range.id, weekday: range.weekday, start_s: range.start, end_s: range.end,
  subject_id: range.subject, teacher_id: range.teacher,
});

const FIELDS = ["weekday", "start", "end", "subject", "teacher"];
const same = (a, b) => FIELDS.every((f) => a[f] === b[f]);

export const ofDay = (ranges, weekday) => ranges.filter((r) => r.weekday === weekday).sort((a, b) => a.start - b.start);

export const inOrder = (ranges) => WEEK.flatMap((day) => ofDay(ranges, day));

// The first other range of that day that would be overlapped.
export const clash = (ranges, range) => ranges.find((o) =>
  o.key !== range.key && o.weekday === range.weekday && o.start < range.end && range.start < o.end);

// Free places of a day as [start, end), leaving `key` out of account.
export const gaps = (ranges, weekday, key = null) => {
  const free = [];
  let at = 0;
  for (const r of ofDay(ranges, weekday)) {
    if (r.key === key) continue;
    if (r.start > at) free.push([at, r.start]);
    at = Math.max(at, r.end);
  }
  if (at < DAY_S) free.push([at, DAY_S]);
  return free;
};

// The free place around a moment, if that moment is free.
export const gapAt = (ranges, weekday, at, key = null) =>
  gaps(ranges, weekday, key).find(([from, to]) => from <= at && at < to) ?? null;

export const snapTo = (s, step) => Math.min(DAY_S, Math.max(0, Math.round(s / step) * step));

// Where a range of `length` comes to lie when it is wanted at `start`: there, else at the nearest neighbour's edge.
// `blocked` says that it could not have what was asked; null = that day has no room for it.
export const placed = (ranges, weekday, start, length, key) => {
  let best = null;
  for (const [from, to] of gaps(ranges, weekday, key)) {
    if (to - from < length) continue;
    const at = Math.min(Math.max(start, from), to - length);
    if (!best || Math.abs(at - start) < Math.abs(best.start - start)) best = { start: at, end: at + length };
  }
  if (!best) return null;
  const inside = Math.min(Math.max(start, 0), DAY_S - length);
  return { ...best, blocked: best.start !== inside };
};

// A new edge of a range: stops at the neighbours and at the least length.
export const resized = (ranges, range, edge, wanted) => {
  const others = ofDay(ranges, range.weekday).filter((o) => o.key !== range.key);
  if (edge === "start") {
    const least = Math.max(0, ...others.filter((o) => o.end <= range.start).map((o) => o.end));
    const start = Math.max(least, Math.min(wanted, range.end - LEAST_S));
    return { start, end: range.end, blocked: wanted < least };
  }
  const most = Math.min(DAY_S, ...others.filter((o) => o.start >= range.end).map((o) => o.start));
  const end = Math.min(most, Math.max(wanted, range.start + LEAST_S));
  return { start: range.start, end, blocked: wanted > most };
};

// A range drawn from one moment to another inside the free place where it began; null = too short.
export const drawn = (ranges, weekday, from, to) => {
  const gap = gapAt(ranges, weekday, Math.min(from, DAY_S - 1));
  if (!gap) return null;
  const start = Math.max(gap[0], Math.min(from, to));
  const end = Math.min(gap[1], Math.max(from, to));
  return { weekday, start, end, blocked: to < gap[0] || to > gap[1], ok: end - start >= LEAST_S };
};

// Where 添加 puts a range: an hour after the day's last one, else in the first hour that is free, else in the longest gap.
export const suggested = (ranges, weekday) => {
  const day = ofDay(ranges, weekday);
  const last = day.length > 0 ? day[day.length - 1].end : MORNING_S;
  const free = gaps(ranges, weekday);
  const whole = free.filter(([from, to]) => to - from >= USUAL_S);
  const after = whole.find(([from, to]) => to - Math.max(from, last) >= USUAL_S);
  if (after) { const start = Math.max(after[0], last); return { weekday, start, end: start + USUAL_S }; }
  const morning = whole.find(([, to]) => to - MORNING_S >= USUAL_S) ?? whole[0];
  if (morning) { const start = Math.min(Math.max(morning[0], MORNING_S), morning[1] - USUAL_S); return { weekday, start, end: start + USUAL_S }; }
  const widest = free.sort((a, b) => (b[1] - b[0]) - (a[1] - a[0]))[0];
  return widest && widest[1] - widest[0] >= LEAST_S ? { weekday, start: widest[0], end: widest[1] } : null;
};

// The chosen days get exactly the ranges of `from`, with new ids; what they had goes (R-SCH-06).
export const copied = (ranges, from, days) => {
  const source = ofDay(ranges, from);
  const kept = ranges.filter((r) => !days.includes(r.weekday));
  return kept.concat(days.flatMap((weekday) => source.map((r) => ({ ...r, key: fresh(), id: null, weekday }))));
};

export const added = (ranges, range) => {
  const one = { ...range, key: fresh(), id: null };
  return { ranges: ranges.concat(one), key: one.key };
};

export const changed = (ranges, key, change) => ranges.map((r) => (r.key === key ? { ...r, ...change } : r));
export const without = (ranges, keys) => ranges.filter((r) => !keys.includes(r.key));

// What has to be saved: {upserts, removed} of the wire, and the key of each upsert.
export const pending = (base, ranges) => {
  const was = new Map(base.map((r) => [r.id, r]));
  const now = new Set(ranges.map((r) => r.id).filter((id) => id !== null));
  const edits = ranges.filter((r) => r.id === null || !was.has(r.id) || !same(r, was.get(r.id)));
  return {
    upserts: edits.map(toWire), keys: edits.map((r) => r.key),
    removed: base.filter((r) => !now.has(r.id)).map((r) => r.id),
    added: edits.filter((r) => r.id === null).length,
  };
};

// Puts the unsaved changes onto a newer week. `taken` names the upserts (by index) and removals (by id) that are given
// up in favour of what somebody else saved. One of mine that stands drives away only what its own clash named; where
// anything else is in its way it is laid into the nearest free place and told in `moved`, for nothing may be lost unseen.
export const rebased = (newer, changes, taken, clashes) => {
  const yields = new Map(clashes.filter((c) => c.index !== null && !taken.upserts.has(c.index)).map((c) => [c.index, new Set(c.theirs.map((r) => r.id))]));
  const driven = new Set([...yields.values()].flatMap((ids) => [...ids]));
  const gone = new Set(changes.removed.filter((id) => !taken.removed.has(id)));
  const standing = changes.upserts.map((upsert, index) => ({ upsert, index })).filter(({ index }) => !taken.upserts.has(index));
  const mine = new Set(standing.map(({ upsert }) => upsert.id).filter((id) => id !== null));
  let ranges = newer.filter((r) => !gone.has(r.id) && !driven.has(r.id) && !mine.has(r.id));
  const moved = [];
  for (const { upsert } of standing) {
    const known = upsert.id !== null && newer.some((r) => r.id === upsert.id);
    let range = fromWire({ ...upsert, id: known ? upsert.id : 0 });
    if (clash(ranges, range)) {
      const place = placed(ranges, range.weekday, range.start, range.end - range.start, range.key);
      moved.push(range);
      if (!place) continue;
      range = { ...range, start: place.start, end: place.end };
    }
    ranges = ranges.concat(range);
  }
  return { ranges, moved };
};

// 撤销 and 重做 over whole weeks: 200 ranges are 20 KB, so nothing cleverer is needed.
export class History {
  constructor() { this.past = []; this.future = []; }
  note(ranges) {
    this.past.push(ranges);
    if (this.past.length > UNDO_MAX) this.past.shift();
    this.future = [];
  }
  undo(now) { return this.step(this.past, this.future, now); }
  redo(now) { return this.step(this.future, this.past, now); }
  step(from, to, now) {
    if (from.length === 0) return null;
    to.push(now);
    return from.pop();
  }
}

// `08:00`, with seconds only where there are some; 86400 is 24:00 (R-SCH-09).
export const showTime = (s) => {
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, rest] = [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60];
  return `${two(h)}:${two(m)}${rest ? `:${two(rest)}` : ""}`;
};

// Reads `8:00`, `08:00:30`, `0800` and full-width colons; null = not a time of day.
export const readTime = (text) => {
  const plain = text.trim().replaceAll("：", ":").replace(/^(\d{1,2})(\d{2})$/, "$1:$2");
  const found = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?$/.exec(plain);
  if (!found) return null;
  const [h, m, s] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
  const total = h * 3600 + m * 60 + s;
  return m > 59 || s > 59 || total > DAY_S ? null : total;
};
