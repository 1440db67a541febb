// Dates, terms, weeks and rotations of a calendar document, and changes of it. Pure; the rules are those of
// docs/timetable.md §2, the server's word counts. A date is a day number (days since 1970-01-01), a text is ISO 8601.

const DAY_MS = 86_400_000;

export const num = (iso) => Date.parse(`${iso}T00:00:00Z`) / DAY_MS;
export const iso = (n) => new Date(n * DAY_MS).toISOString().slice(0, 10);
// 1 = Monday … 7 = Sunday; 1970-01-01 was a Thursday.
export const weekday = (n) => ((n + 3) % 7 + 7) % 7 + 1;
export const monday = (n) => n - weekday(n) + 1;
export const parts = (n) => { const d = new Date(n * DAY_MS); return { year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate() }; };
export const first = (year, month) => Date.UTC(year, month - 1, 1) / DAY_MS;
export const isDate = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && iso(num(text)) === text;

export const termAt = (doc, n) => doc.terms.find((t) => num(t.start) <= n && n <= num(t.end)) ?? null;

// Teaching week: the latest anchor whose week is not after the date's counts; else the week of `start` is 1.
export const weekOf = (term, n) => {
  const here = monday(n);
  let [at, week] = [monday(num(term.start)), 1];
  let best = -Infinity;
  for (const anchor of term.weeks ?? []) {
    const m = monday(num(anchor.date));
    if (m <= here && m > best) [best, at, week] = [m, m, anchor.week];
  }
  return week + (here - at) / 7;
};

export const entries = (doc) => new Map(doc.days.map((d) => [num(d.date), d]));

// Day of the cycle, 1–work+rest; null without a rotation.
export const turnOf = (term, days, n) => {
  const r = term.rotation;
  if (!r) return null;
  const length = r.work_days + r.rest_days;
  let [from, day] = [num(term.start), 1];
  let best = -Infinity;
  for (const anchor of r.anchors ?? []) {
    const at = num(anchor.date);
    if (at <= n && at > best) [best, from, day] = [at, at, anchor.day];
  }
  let passed = 0;
  for (let d = from; d < n; d++) {
    const kind = days.get(d)?.kind;
    if (!(r.pause_on_off && (kind === "off" || kind === "exam"))) passed++;
  }
  return length > 0 ? (day - 1 + passed) % length + 1 : null;
};

// The twelve months that show a school year: from September, from August when a term begins there.
export const months = (doc, year) => {
  const august = doc.terms.some((t) => t.start.startsWith(`${year}-08`));
  const start = august ? 8 : 9;
  return Array.from({ length: 12 }, (_, i) => { const m = start - 1 + i; return { year: year + Math.floor(m / 12), month: m % 12 + 1 }; });
};

// The school year a date is in: a date that lies in a term belongs to the year that term began in.
export const schoolYear = (n) => { const { year, month } = parts(n); return month >= 8 ? year : year - 1; };

export const isOpen = (entry) => entry?.kind === "make_up" && entry.of === "unanswered";
export const isPlain = (entry) => entry.kind === "teach" && !entry.bells && !entry.no_record && !entry.note;

// An entry without fields that say nothing, as the server writes it.
export const trimmed = (entry) => {
  const { date, kind, of, bells, no_record, note } = entry;
  return { date, kind, ...(kind === "make_up" ? { of } : {}), ...(bells ? { bells } : {}), ...(no_record ? { no_record } : {}), ...(note ? { note } : {}) };
};

// Puts entries ({date, kind, …}) into the document; a plain one removes what stood there.
export const withDays = (doc, changed) => {
  const all = entries(doc);
  for (const entry of changed) {
    if (isPlain(entry)) all.delete(num(entry.date));
    else all.set(num(entry.date), trimmed(entry));
  }
  return { ...doc, days: [...all.entries()].sort((a, b) => a[0] - b[0]).map(([, e]) => e) };
};

const by = (key) => (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);

// In the order in which the server wants it: terms and anchors by date, periods by time. Fields a person left empty stay.
export const sorted = (doc) => ({
  terms: doc.terms.map((t) => ({
    ...t, weeks: [...(t.weeks ?? [])].sort(by((a) => a.date)),
    ...(t.rotation ? { rotation: { ...t.rotation, anchors: [...(t.rotation.anchors ?? [])].sort(by((a) => a.date)) } } : {}),
  })).sort(by((t) => t.start)),
  days: [...doc.days].sort(by((d) => d.date)),
  bell_tables: doc.bell_tables.map((t) => ({ ...t, periods: [...t.periods].sort((a, b) => a.start_s - b.start_s || a.end_s - b.end_s) })),
  bell_rules: doc.bell_rules,
});

// One spelling: absent and empty mean the same.
const plain = (value) => JSON.stringify(value, (_k, v) => {
  if (v === null || v === false || (Array.isArray(v) && v.length === 0) || v === "") return undefined;
  return v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(by((e) => e[0]))) : v;
});

// How many parts differ: dates, terms, tables, rules.
export const differences = (base, doc) => {
  const count = (a, b, key) => {
    const [was, is] = [new Map(a.map((x) => [key(x), plain(x)])), new Map(b.map((x) => [key(x), plain(x)]))];
    return [...new Set([...was.keys(), ...is.keys()])].filter((k) => was.get(k) !== is.get(k)).length;
  };
  const at = (list) => list.map((x, i) => ({ x, i }));
  return count(base.days, doc.days, (d) => d.date) + count(at(base.terms), at(doc.terms), (e) => e.i)
    + count(at(base.bell_tables), at(doc.bell_tables), (e) => e.i) + count(at(base.bell_rules), at(doc.bell_rules), (e) => e.i);
};

// Days off on Monday to Friday near a make-up day, those of the same holiday first: what it may make up for.
export const candidates = (days, n, note) => {
  const near = [];
  for (let d = n - 21; d <= n + 21; d++) {
    if (days.get(d)?.kind === "off" && weekday(d) <= 5) near.push(d);
  }
  const same = near.filter((d) => days.get(d).note === note);
  return (same.length > 0 ? same : near).slice(0, 8);
};

// Periods of a day from a few numbers; times in minutes after midnight.
export const generated = ({ first: begin, morning, noon, afternoon, evening, evenings, length, rest, longAfter, long }, say) => {
  const periods = [];
  let no = 0, breaks = 30;
  const lesson = (at, kind) => { periods.push({ no: ++no, label: say.lesson(no), kind, start_s: at * 60, end_s: (at + length) * 60 }); return at + length; };
  const block = (start, count, kind) => {
    let at = start;
    for (let i = 1; i <= count; i++) {
      at = lesson(at, kind);
      if (i === count) break;
      const big = no === longAfter;
      const minutes = big ? long : rest;
      if (big) periods.push({ no: ++breaks, label: say.long, kind: "break", start_s: at * 60, end_s: (at + minutes) * 60 });
      at += minutes;
    }
    return at;
  };
  const end = block(begin, morning, "lesson");
  const start = Math.max(noon, end);
  if (afternoon > 0) {
    if (start > end) periods.push({ no: ++breaks, label: say.noon, kind: "break", start_s: end * 60, end_s: start * 60 });
    const over = block(start, afternoon, "lesson");
    if (evenings > 0) block(Math.max(evening, over), evenings, "self_study");
  }
  return periods;
};
