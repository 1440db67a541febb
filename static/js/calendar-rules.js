// Which table rings when: dates, weekdays, grades → table. The most specific rule wins; of equals the later one.

import { act, field, tick } from "./calendar-field.js";
import { dayNames } from "./calendar-year.js";
import { el, t } from "./painter-words.js";

const RULES_MAX = 200;

export class Rules {
  constructor(app, root) { this.app = app; this.root = root; }

  draw() {
    const { doc } = this.app;
    const head = el("div", { class: "k-block" }, el("h2", {}, t("作息安排", "When which table rings")),
      el("p", { class: "a-soft a-small" }, t("没有符合的安排时用默认作息。最具体的优先：先看年级，再看星期，再看日期；一样具体时下面的优先。某一天单独换作息，请在“校历”里设。", "Without a fitting rule the default table rings. The most specific wins: grades, then weekdays, then dates; of equals the lower one. For a single date use Year.")));
    const rows = doc.bell_rules.map((rule, i) => this.card(rule, i));
    const off = doc.bell_tables.length === 0 || doc.bell_rules.length >= RULES_MAX;
    this.root.replaceChildren(head, el("div", { class: "k-rules" }, rows), el("div", { class: "k-foot" },
      act(t("添加安排", "Add a rule"), "add-rule", () => this.app.change((d) => ({ ...d, bell_rules: [...d.bell_rules, { table: d.bell_tables[Math.min(1, d.bell_tables.length - 1)].id }] })), { disabled: off })));
  }

  card(rule, i) {
    const { app } = this;
    const put = (how, change) => app[how]((doc) => ({ ...doc, bell_rules: doc.bell_rules.map((x, n) => (n === i ? clean({ ...x, ...change }) : x)) }));
    const date = (name, label) => el("label", { class: "k-field" }, el("span", {}, label), el("input", { type: "date", class: "a-input k-date", "data-field": name, value: rule[name] ?? "", "aria-label": label, onchange: (e) => put("set", { [name]: e.target.value || undefined }) }), el("p", { class: "a-error", hidden: true }));
    const toggle = (name, list, value, on) => put("set", { [name]: on ? [...list(), value].sort((a, b) => a - b) : list().filter((x) => x !== value) });
    const now = (name) => () => app.doc.bell_rules[i]?.[name] ?? [];
    const days = el("fieldset", { class: "k-ticks" }, el("legend", {}, t("星期（不勾 = 每天）", "Weekdays (none = every day)")), dayNames.map((name, d) => tick(name, (rule.weekdays ?? []).includes(d + 1), (on) => toggle("weekdays", now("weekdays"), d + 1, on))));
    const named = app.data.grades.filter(([id]) => (rule.grades ?? []).includes(id)).map(([, name]) => name).join("、");
    const grades = el("details", { class: "k-more", "data-field": "grades" }, el("summary", {}, t("年级：", "Grades: "), named || t("全部", "all")), el("div", { class: "k-ticks" }, app.data.grades.map(([id, name]) => tick(name, (rule.grades ?? []).includes(id), (on) => toggle("grades", now("grades"), id, on)))), el("p", { class: "a-error", hidden: true }));
    const move = (by) => () => app.change((doc) => { const list = [...doc.bell_rules]; [list[i], list[i + by]] = [list[i + by], list[i]]; return { ...doc, bell_rules: list }; });
    return el("section", { class: "k-card k-rule", "data-at": `rule-${i}` },
      el("div", { class: "k-fields" }, field(app, { name: "table", label: t("作息", "Bells"), kind: app.doc.bell_tables.map((b) => [b.id, b.name]), value: rule.table, set: (v) => put("set", { table: Number(v) }) }), date("from", t("从（可空）", "From (may be empty)")), date("to", t("到（可空）", "To (may be empty)"))),
      days, grades, el("div", { class: "k-do" }, act("↑", "rule-up", move(-1), { disabled: i === 0, label: t("上移", "Up") }), act("↓", "rule-down", move(1), { disabled: i === app.doc.bell_rules.length - 1, label: t("下移", "Down") }),
        act("×", "remove-rule", () => app.change((doc) => ({ ...doc, bell_rules: doc.bell_rules.filter((_x, n) => n !== i) })), { label: t("删除这条安排", "Remove this rule") })));
  }
}

// Without the fields that say nothing.
const clean = ({ table, from, to, weekdays, grades }) => ({ table, ...(from ? { from } : {}), ...(to ? { to } : {}), ...(weekdays?.length ? { weekdays } : {}), ...(grades?.length ? { grades } : {}) });
