// Terms: year, name, first and last date, "this week is week n", and rotations (上 n 天休 m 天).

import { iso, monday, num, weekOf } from "./calendar-dates.js";
import { act, field, tick } from "./calendar-field.js";
import { el, t } from "./painter-words.js";

const TERMS_MAX = 40;

export class Terms {
  constructor(app, root) { this.app = app; this.root = root; }

  draw() {
    const { doc } = this.app;
    const cards = doc.terms.map((term, i) => this.card(term, i));
    const none = cards.length === 0 ? el("p", { class: "a-empty" }, t("还没有学期。没有学期的日子不上课。", "No term yet. Dates in no term have no lessons.")) : null;
    this.root.replaceChildren(el("div", { class: "k-terms" }, none, cards),
      el("div", { class: "k-foot" }, act(t("添加学期", "Add a term"), "add-term", () => this.add(), { class: "main", disabled: doc.terms.length >= TERMS_MAX })));
  }

  set(i, change) { this.app.set((doc) => ({ ...doc, terms: doc.terms.map((x, n) => (n === i ? { ...x, ...change } : x)) })); this.tell(i); }
  change(i, change) { this.app.change((doc) => ({ ...doc, terms: doc.terms.map((x, n) => (n === i ? { ...x, ...change } : x)) })); }

  add() {
    const last = this.app.doc.terms.at(-1);
    const start = last ? monday(num(last.end) + 28) : num(`${this.app.data.today.slice(0, 4)}-09-01`);
    const year = last?.year ?? `${this.app.data.today.slice(0, 4)}-${Number(this.app.data.today.slice(0, 4)) + 1}`;
    const name = t(["第一学期", "第二学期", "第三学期"][this.app.doc.terms.filter((x) => x.year === year).length] ?? "学期", "Term");
    this.app.change((doc) => ({ ...doc, terms: [...doc.terms, { year, name, start: iso(start), end: iso(start + 139) }] }));
    this.root.querySelector(`[data-at="term-${this.app.doc.terms.length - 1}"] input`)?.focus();
  }

  // 共 20 周 beside the dates.
  length(term) {
    const [a, b] = [num(term.start), num(term.end)];
    if (!(b >= a)) return "";
    return t(`第 ${weekOf(term, a)}–${weekOf(term, b)} 周，共 ${b - a + 1} 天`, `Weeks ${weekOf(term, a)}–${weekOf(term, b)}, ${b - a + 1} days`);
  }

  tell(i) { const line = this.root.querySelector(`[data-length="${i}"]`); if (line) line.textContent = this.length(this.app.doc.terms[i]); }

  card(term, i) {
    const { app } = this;
    const one = (name, label, kind = "text") => field(app, { name, label, kind, value: term[name], set: (v) => this.set(i, { [name]: v }) });
    return el("section", { class: "k-card", "data-at": `term-${i}` },
      el("div", { class: "k-fields" }, one("year", t("学年", "School year")), one("name", t("学期", "Term")), one("start", t("开始", "First date"), "date"), one("end", t("结束", "Last date"), "date")),
      el("p", { class: "a-soft a-small", "data-length": i }, this.length(term)),
      this.weeks(term, i), this.rotation(term, i),
      el("div", { class: "k-foot" }, act(t("删除这个学期", "Remove this term"), "remove-term", () => app.change((doc) => ({ ...doc, terms: doc.terms.filter((_x, n) => n !== i) })), { class: "danger" })));
  }

  // 周次校正: rows of {date, week}.
  weeks(term, i) {
    const rows = term.weeks ?? [];
    const put = (n, change) => this.set(i, { weeks: (this.app.doc.terms[i].weeks ?? []).map((x, m) => (m === n ? { ...x, ...change } : x)) });
    const row = (w, n) => el("div", { class: "k-row", "data-at": `week-${i}-${n}` },
      field(this.app, { name: "date", label: t("日期", "Date"), kind: "date", value: w.date, bare: true, set: (v) => put(n, { date: v }) }), el("span", {}, t("所在的这一周是第", "is in week")),
      field(this.app, { name: "week", label: t("周", "Week"), kind: "number", min: 1, max: 60, value: w.week, bare: true, set: (v) => put(n, { week: v }) }), el("span", {}, t("周", "")),
      act("×", "remove-week", () => this.change(i, { weeks: rows.filter((_x, m) => m !== n) }), { label: t("删除这一行", "Remove this line") }));
    const add = () => this.change(i, { weeks: [...rows, { date: this.inside(term), week: weekOf(term, num(this.inside(term))) }] });
    return el("div", { class: "k-block" }, el("h2", {}, t("周次校正", "Week numbers")), el("p", { class: "a-soft a-small" }, t("开学那一周默认是第 1 周。推迟开学或中途停课时，写明哪一周是第几周，之后的周顺延。", "The first week is week 1. When school begins late or pauses, say which week is which; later weeks count on.")),
      rows.map(row), act(t("添加校正", "Add"), "add-week", add));
  }

  inside(term) { return this.app.data.today >= term.start && this.app.data.today <= term.end ? this.app.data.today : term.start; }

  rotation(term, i) {
    const r = term.rotation;
    const on = (checked) => this.change(i, { rotation: checked ? { work_days: 8, rest_days: 3, pause_on_off: false, anchors: [] } : undefined });
    const head = tick(t("按轮转上课（上 n 天休 m 天），不按星期", "Days run in a cycle (n on, m off) instead of weekdays"), Boolean(r), on, { "data-act": "rotation" });
    if (!r) return el("div", { class: "k-block" }, head);
    const set = (change) => this.set(i, { rotation: { ...this.app.doc.terms[i].rotation, ...change } });
    const number = (name, label, min, max) => field(this.app, { name, label, kind: "number", min, max, value: r[name], set: (v) => set({ [name]: v }) });
    const anchors = r.anchors ?? [];
    const put = (n, change) => set({ anchors: (this.app.doc.terms[i].rotation.anchors ?? []).map((x, m) => (m === n ? { ...x, ...change } : x)) });
    const row = (a, n) => el("div", { class: "k-row", "data-at": `turn-${i}-${n}` },
      field(this.app, { name: "date", label: t("日期", "Date"), kind: "date", value: a.date, bare: true, set: (v) => put(n, { date: v }) }), el("span", {}, t("是周期第", "is day")),
      field(this.app, { name: "day", label: t("周期第几天", "Day of the cycle"), kind: "number", min: 1, max: 44, value: a.day, bare: true, set: (v) => put(n, { day: v }) }), el("span", {}, t("天", "of the cycle")),
      act("×", "remove-turn", () => this.change(i, { rotation: { ...r, anchors: anchors.filter((_x, m) => m !== n) } }), { label: t("删除这一行", "Remove this line") }));
    return el("div", { class: "k-block", "data-at": `rotation-${i}` }, head,
      el("div", { class: "k-fields" }, number("work_days", t("上课天数", "Days on"), 1, 30), number("rest_days", t("休息天数", "Days off"), 0, 14)),
      tick(t("放假和考试的日子不计入周期（周期暂停）", "Days off and exam days do not count (the cycle pauses)"), r.pause_on_off, (v) => set({ pause_on_off: v })),
      el("p", { class: "a-soft a-small" }, t("开学第一天默认是周期第 1 天；需要时写明某天是第几天，之后顺延。", "The first date is day 1; where needed say which day a date is, later ones count on.")),
      anchors.map(row), act(t("添加校正", "Add"), "add-turn", () => this.change(i, { rotation: { ...r, anchors: [...anchors, { date: this.inside(term), day: 1 }] } })));
  }
}
