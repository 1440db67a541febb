// Bell tables: periods with label, kind, start and end; made by hand or from a few numbers. The first table rings where no
// rule says otherwise.

import { generated } from "./calendar-dates.js";
import { act, field } from "./calendar-field.js";
import { Rules } from "./calendar-rules.js";
import { readTime, showTime } from "./painter-week.js";
import { el, t } from "./painter-words.js";

const TABLES_MAX = 40;
const ROWS_MAX = 30;
const NO_MAX = 40;
export const KINDS = [["lesson", t("课", "Lesson")], ["reading", t("早读", "Reading")], ["self_study", t("自习", "Self-study")], ["break", t("课间/午休", "Break")]];

export class Bells {
  constructor(app, root) {
    this.app = app;
    this.shown = 0;
    this.tables = el("div", {});
    this.rules = new Rules(app, el("div", {}));
    root.append(this.tables, this.rules.root);
  }

  draw() {
    const { doc } = this.app;
    this.shown = Math.min(this.shown, Math.max(0, doc.bell_tables.length - 1));
    const tabs = doc.bell_tables.map((b, i) => el("button", { type: "button", class: `k-chip${i === this.shown ? " on" : ""}${this.app.faults.some((f) => f.at === `table-${i}` || f.at.startsWith(`period-${i}-`)) ? " bad" : ""}`, "data-table": i, "aria-pressed": String(i === this.shown), onclick: () => { this.shown = i; this.draw(); this.app.show_faults(); } },
      b.name || t("（未命名）", "(no name)"), i === 0 ? el("small", {}, t("默认", "default")) : null));
    const none = tabs.length === 0 ? el("p", { class: "a-empty" }, t("还没有作息。没有作息的课没有时间，不会录像。", "No bells yet. Lessons without bells have no time and are not recorded.")) : null;
    this.tables.replaceChildren(none ?? "", el("div", { class: "k-chips" }, tabs, act(t("＋ 新作息", "＋ New"), "add-table", () => this.add(), { disabled: doc.bell_tables.length >= TABLES_MAX })), doc.bell_tables[this.shown] ? this.card(doc.bell_tables[this.shown], this.shown) : "");
    this.rules.draw();
  }

  // Shows the table that a fault names.
  reveal(at) {
    const found = /^(?:table|period)-(\d+)/.exec(at);
    if (found) { this.shown = Number(found[1]); this.draw(); }
  }

  set(i, change) { this.app.set((doc) => ({ ...doc, bell_tables: doc.bell_tables.map((x, n) => (n === i ? { ...x, ...change(x) } : x)) })); }
  change(i, change) { this.app.change((doc) => ({ ...doc, bell_tables: doc.bell_tables.map((x, n) => (n === i ? { ...x, ...change(x) } : x)) })); }

  free_id() { const ids = this.app.doc.bell_tables.map((b) => b.id); let id = 1; while (ids.includes(id)) id++; return id; }

  add(copy) {
    const periods = copy ? structuredClone(copy.periods) : [];
    const table = { id: this.free_id(), name: copy ? t(`${copy.name}（副本）`, `${copy.name} (copy)`).slice(0, 40) : t("新作息", "New bells"), periods };
    this.shown = this.app.doc.bell_tables.length;
    this.app.change((doc) => ({ ...doc, bell_tables: [...doc.bell_tables, table] }));
  }

  card(table, i) {
    const { app } = this;
    const used = app.doc.bell_rules.some((r) => r.table === table.id) || app.doc.days.some((d) => d.bells === table.id);
    const remove = () => {
      if (used) { app.say(t("这张作息还在作息安排或某些日期里使用，请先改掉那些地方。", "Rules or dates still use this table: change those first."), "bad"); return; }
      app.change((doc) => ({ ...doc, bell_tables: doc.bell_tables.filter((_x, n) => n !== i) }));
    };
    const front = () => { this.shown = 0; app.change((doc) => ({ ...doc, bell_tables: [table, ...doc.bell_tables.filter((_x, n) => n !== i)] })); };
    return el("section", { class: "k-card", "data-at": `table-${i}` },
      el("div", { class: "k-fields" }, field(app, { name: "name", label: t("名称", "Name"), value: table.name, set: (v) => this.set(i, () => ({ name: v })), wide: true })),
      el("p", { class: "a-error", "data-list-error": "periods", hidden: true }),
      this.rows(table, i),
      el("div", { class: "k-foot" }, act(t("添加一节", "Add a row"), "add-period", () => this.row_after(i), { disabled: table.periods.length >= ROWS_MAX }), act(t("复制这张", "Copy table"), "copy-table", () => this.add(table)),
        i > 0 ? act(t("设为默认", "Make default"), "default-table", front) : null, act(t("删除这张", "Remove table"), "remove-table", remove, { class: "danger" })),
      this.generator(i));
  }

  rows(table, i) {
    const head = el("div", { class: "k-period k-head-row", "aria-hidden": "true" }, [t("编号", "No."), t("名称", "Name"), t("类型", "Kind"), t("开始", "Start"), t("结束", "End"), ""].map((h) => el("span", {}, h)));
    const how = el("p", { class: "a-soft a-small" }, t("课表按编号找节次：名称和时间可以随意改；改了编号，排在这一节的课就没有时间了。课间和午休的编号只要不重复。", "The timetable finds a period by its number: change names and times freely; with another number the lessons of that period have no time. Breaks need any number that is free."));
    return el("div", { class: "k-periods" }, how, head, table.periods.map((p, n) => this.row(table, i, p, n)));
  }

  row(table, i, p, n) {
    const { app } = this;
    const put = (change) => this.set(i, (x) => ({ periods: x.periods.map((y, m) => (m === n ? { ...y, ...change } : y)) }));
    const one = (name, label, kind, key, more = {}) => field(app, { name, label: `${label} ${n + 1}`, kind, value: p[key], bare: true, set: (v) => put({ [key]: v }), ...more });
    const name = `${p.label || n + 1}`;
    return el("div", { class: `k-period ${p.kind}`, "data-at": `period-${i}-${n}`, role: "group", "aria-label": name },
      one("no", t("编号", "Number"), "number", "no", { min: 1, max: NO_MAX }), one("label", t("名称", "Name"), "text", "label"), one("kind", t("类型", "Kind"), KINDS, "kind"),
      one("start", t("开始", "Start"), "time", "start_s"), one("end", t("结束", "End"), "time", "end_s"),
      el("div", { class: "k-do" }, act("↑", "period-up", () => this.swap(i, n, n - 1), { disabled: n === 0, label: t(`${name} 上移`, `Move ${name} up`), title: t("与上一行交换名称和类型，时间不动", "Swaps name and kind with the row above; times stay") }),
        act("↓", "period-down", () => this.swap(i, n, n + 1), { disabled: n === table.periods.length - 1, label: t(`${name} 下移`, `Move ${name} down`) }),
        act("×", "remove-period", () => this.change(i, (x) => ({ periods: x.periods.filter((_y, m) => m !== n) })), { label: t(`删除 ${name}`, `Remove ${name}`) })));
  }

  // What two rows are changes places; their times stay.
  swap(i, a, b) {
    const what = ({ no, label, kind }) => ({ no, label, kind });
    this.change(i, (x) => ({ periods: x.periods.map((p, n) => (n === a ? { ...p, ...what(x.periods[b]) } : n === b ? { ...p, ...what(x.periods[a]) } : p)) }));
  }

  row_after(i) {
    const { periods } = this.app.doc.bell_tables[i];
    const last = periods.at(-1);
    const lessons = periods.filter((p) => p.kind === "lesson");
    const length = lessons.length > 0 ? lessons.at(-1).end_s - lessons.at(-1).start_s : 2400;
    const start = Math.min(last ? last.end_s + 600 : 28_800, 86_400 - length);
    const used = new Set(periods.map((p) => p.no));
    let no = 1;
    while (used.has(no)) no++;
    this.change(i, (x) => ({ periods: [...x.periods, { no: Math.min(no, NO_MAX), label: t(`第${no}节`, `Period ${no}`), kind: "lesson", start_s: start, end_s: start + length }] }));
    this.tables.querySelector(`[data-at="period-${i}-${periods.length}"] [data-field=label]`)?.focus();
  }

  // Rows from the first bell, the length of lessons and breaks.
  generator(i) {
    const input = (name, label, value, wide) => el("label", { class: "k-field" }, el("span", {}, label), el("input", { class: `a-input ${wide ? "k-time" : "k-number"}`, name, value, inputmode: "numeric", autocomplete: "off" }));
    const form = el("form", { class: "k-generate", novalidate: true, onsubmit: (e) => { e.preventDefault(); this.generate(i, e.target); } },
      el("div", { class: "k-fields" }, input("first", t("上午第一节", "First bell"), "08:00", true), input("morning", t("上午几节", "Morning lessons"), 4), input("noon", t("下午第一节", "Afternoon begins"), "14:00", true), input("afternoon", t("下午几节", "Afternoon lessons"), 4),
        input("evening", t("晚自习开始", "Evening begins"), "19:00", true), input("evenings", t("晚自习几节", "Evening study"), 0), input("length", t("每节几分钟", "Minutes a lesson"), 40), input("rest", t("课间几分钟", "Minutes between"), 10),
        input("longAfter", t("第几节后大课间", "Long break after"), 2), input("long", t("大课间几分钟", "Its minutes"), 30)),
      el("p", { class: "a-error", hidden: true }), el("button", { class: "a-btn small", "data-act": "generate" }, t("生成并替换上面的节次", "Make the rows above")));
    return el("details", { class: "k-more" }, el("summary", {}, t("按首节、课长、课间自动生成", "Make it from the first bell, lesson and break lengths")), form);
  }

  generate(i, form) {
    const error = form.querySelector(".a-error");
    const wrong = (text, name) => { error.textContent = text; error.hidden = false; form.elements[name]?.focus(); };
    const values = {};
    for (const name of ["first", "noon", "evening"]) {
      const s = readTime(form.elements[name].value);
      if (s === null) { wrong(t("请按 时:分 填写时间。", "Write times as HH:MM."), name); return; }
      values[name] = Math.floor(s / 60);
    }
    const limits = { morning: [1, 12], afternoon: [0, 12], evenings: [0, 6], length: [1, 240], rest: [0, 240], longAfter: [0, 12], long: [0, 240] };
    for (const [name, [min, max]] of Object.entries(limits)) {
      values[name] = Number(form.elements[name].value);
      if (!Number.isInteger(values[name]) || values[name] < min || values[name] > max) { wrong(t(`请填 ${min}–${max} 的整数。`, `Whole numbers from ${min} to ${max}.`), name); return; }
    }
    const periods = generated(values, { lesson: (n) => t(`第${n}节`, `Period ${n}`), long: t("大课间", "Long break"), noon: t("午休", "Noon") });
    if (periods.at(-1).end_s > 86_400 || periods.length > ROWS_MAX) { wrong(t("这样排会超过 24:00 或 30 行，请减少节数或时长。", "That would go beyond 24:00 or 30 rows."), "first"); return; }
    error.hidden = true;
    this.change(i, () => ({ periods }));
    this.app.say(t(`已生成 ${periods.length} 行，${showTime(periods[0].start_s)}–${showTime(periods.at(-1).end_s)}，保存后生效。`, `${periods.length} rows made; takes effect when saved.`));
  }
}
