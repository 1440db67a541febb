// What the chosen dates are: 上课, 放假, 考试, 补课 (whose lessons), other bells, 整校停录, a note.

import { candidates, entries, iso, isDate, num, termAt, withDays } from "./calendar-dates.js";
import { dayName, dayNames, kindWord } from "./calendar-year.js";
import { el, t } from "./painter-words.js";

// What one panel may change at once: a term.
const DATES_MAX = 400;
const NOTE_MAX = 60;

export class Panel {
  constructor(app, year) {
    this.app = app;
    this.year = year;
    this.root = el("aside", { class: "k-panel", "aria-label": t("选中的日期", "Chosen dates") });
    this.root.addEventListener("keydown", (e) => { if (e.key === "Escape") { e.stopPropagation(); this.year.clear(); } });
  }

  focus() { this.root.querySelector("input[name=kind]:checked")?.focus(); }

  draw() {
    const chosen = this.year.chosen;
    this.root.classList.toggle("empty", chosen.length === 0);
    if (chosen.length === 0) {
      this.root.replaceChildren(el("h3", {}, t("设置日期", "Set dates")), el("p", { class: "a-soft" }, t("点一个日期，或拖过几天，在这里设为放假、考试、补课、停录或换作息。", "Click a date or drag over several, then make them days off, exams, make-up days, not recorded, or give them other bells.")));
      return;
    }
    const days = entries(this.app.doc);
    const all = chosen.map((n) => days.get(n) ?? { date: iso(n), kind: "teach" });
    const one = all[0];
    const mixed = all.some((e) => JSON.stringify({ ...e, date: "" }) !== JSON.stringify({ ...one, date: "" }));
    const [from, to] = [chosen[0], chosen[chosen.length - 1]];
    const range = (name, label, n) => el("label", { class: "k-field" }, el("span", {}, label), el("input", { type: "date", class: "a-input", name, value: iso(n), onchange: (e) => this.moved(e, from, to) }));
    const form = el("form", { class: "k-set", "data-at": `day-${iso(from)}`, novalidate: true, onsubmit: (e) => { e.preventDefault(); this.apply(e.target, chosen); } },
      el("div", { class: "k-panel-head" }, el("h3", {}, from === to ? dayName(from) : t(`${dayName(from)} – ${dayName(to)} · ${chosen.length} 天`, `${dayName(from)} – ${dayName(to)} · ${chosen.length} days`)),
        el("button", { type: "button", class: "a-btn small p-sign", "data-act": "close", "aria-label": t("关闭", "Close"), onclick: () => this.year.clear() }, "×")),
      el("p", { class: "a-soft a-small" }, mixed ? t("这些日期现在的设置不同，应用后都变成下面这样。", "These dates differ now; applying makes them all as below.") : kindWord(days.get(from)) || this.ordinary(from)),
      el("div", { class: "k-two" }, range("from", t("从", "From"), from), range("to", t("到", "To"), to)),
      this.kinds(one, chosen, days),
      this.bells(one),
      el("label", { class: "k-tick" }, el("input", { type: "checkbox", name: "no_record", checked: Boolean(one.no_record) }), el("span", {}, t("整校停录", "Nothing is recorded"), el("small", {}, t("照常上课，但这一天什么都不录。", "Lessons are held, nothing is recorded.")))),
      el("label", { class: "k-field" }, el("span", {}, t("备注", "Note")), el("input", { class: "a-input", name: "note", maxlength: NOTE_MAX, value: one.note ?? "", placeholder: t("例如 国庆节、期中考试", "e.g. National Day"), autocomplete: "off", "data-field": "note" })),
      el("p", { class: "a-error", "data-panel-error": "", hidden: true }),
      el("div", { class: "p-answers" }, el("button", { class: "a-btn main", "data-act": "apply" }, t("应用", "Apply")),
        el("button", { type: "button", class: "a-btn", "data-act": "ordinary", onclick: () => this.put(chosen.map((n) => ({ date: iso(n), kind: "teach" }))) }, t("恢复普通日", "Ordinary again")),
        from === to ? el("button", { type: "button", class: "a-btn", "data-act": "look", onclick: () => this.app.look(iso(from)) }, t("预览这天", "Look at it")) : null));
    this.root.replaceChildren(form);
    const faults = this.app.faults.filter((f) => chosen.some((n) => f.at === `day-${iso(n)}`));
    if (faults.length > 0) this.wrong(faults.map((f) => f.message).join(" "));
  }

  ordinary(n) {
    const term = termAt(this.app.doc, n);
    return term ? t("普通日：按课表上课。", "An ordinary day: the timetable runs.") : t("不在任何学期里：没有课。", "In no term: no lessons.");
  }

  moved(event, from, to) {
    const [a, b] = [event.target.form.elements.from.value, event.target.form.elements.to.value];
    if (!isDate(a) || !isDate(b)) return;
    const start = num(a);
    const end = event.target.name === "from" ? Math.max(start, num(b)) : num(b);
    this.year.select(Math.min(start, end), Math.min(Math.max(start, end), Math.min(start, end) + DATES_MAX - 1));
    this.draw();
    this.root.querySelector(`input[name=${event.target.name}]`)?.focus();
  }

  kinds(one, chosen, days) {
    const radio = (value, text) => el("label", { class: "k-kind" }, el("input", { type: "radio", name: "kind", value, checked: one.kind === value }), el("span", {}, text));
    const term = termAt(this.app.doc, chosen[0]);
    const columns = term?.rotation?.work_days;
    const answer = one.kind === "make_up" ? one.of : "unanswered";
    const value = answer === "unanswered" ? "" : answer.date ? `date:${answer.date}` : `day:${answer.day}`;
    const near = chosen.length === 1 ? candidates(days, chosen[0], one.note ?? "") : [];
    const choices = [["", t("以后再定（这天不上课）", "Not known yet (no lessons)")], ...near.map((n) => [`date:${iso(n)}`, t(`${dayName(n)}（放假那天）的课`, `Lessons of ${dayName(n)} (off)`)]),
      ...(columns ? Array.from({ length: columns }, (_, i) => [`day:${i + 1}`, t(`周期第 ${i + 1} 天的课`, `Day ${i + 1} of the cycle`)]) : dayNames.map((name, i) => [`day:${i + 1}`, t(`${name}的课（本周的单双周）`, `Lessons of a ${name} (this week's odd or even)`)])),
      ["other", t("其他日期…", "Another date…")]];
    const listed = choices.some(([v]) => v === value);
    const other = el("input", { type: "date", class: "a-input", name: "other", value: listed ? "" : answer.date ?? "", hidden: listed, "aria-label": t("补哪一天", "Which date") });
    const select = el("select", { class: "a-input", name: "of", "data-field": "of", onchange: () => { other.hidden = select.value !== "other"; } }, choices.map(([v, text]) => el("option", { value: v, selected: v === value || (!listed && v === "other") }, text)));
    return el("fieldset", { class: "k-kinds" }, el("legend", { class: "a-quiet" }, t("这一天", "These dates")), radio("teach", t("上课", "Lessons")), radio("off", t("放假", "Off")), radio("exam", t("考试", "Exams")), radio("make_up", t("补课", "Make-up")),
      el("label", { class: "k-field k-of" }, el("span", {}, t("补哪天的课", "Whose lessons run")), select, other));
  }

  bells(one) {
    const tables = this.app.doc.bell_tables;
    if (tables.length < 2) return null;
    return el("label", { class: "k-field" }, el("span", {}, t("作息", "Bells")), el("select", { class: "a-input", name: "bells", "data-field": "bells" },
      el("option", { value: "" }, t("按作息安排", "As the rules say")), tables.map((b) => el("option", { value: String(b.id), selected: b.id === one.bells }, b.name))));
  }

  wrong(text) { const line = this.root.querySelector("[data-panel-error]"); line.textContent = text; line.hidden = false; }

  apply(form, chosen) {
    const get = (name) => form.elements[name];
    const kind = get("kind").value || "teach";
    let of = "unanswered";
    if (kind === "make_up") {
      const value = get("of").value;
      if (value === "other") {
        if (!isDate(get("other").value)) { this.wrong(t("请填补哪一天的课。", "Say which date it makes up for.")); get("other").focus(); return; }
        of = { date: get("other").value };
      } else if (value.startsWith("date:")) of = { date: value.slice(5) };
      else if (value.startsWith("day:")) of = { day: Number(value.slice(4)) };
      if (of.date && chosen.includes(num(of.date))) { this.wrong(t("不能补它自己的课，请选另一天。", "A day cannot make up for itself: choose another.")); return; }
    }
    const rest = { kind, of, bells: Number(get("bells")?.value) || undefined, no_record: get("no_record").checked, note: get("note").value.trim().slice(0, NOTE_MAX) };
    this.put(chosen.map((n) => ({ date: iso(n), ...rest })));
  }

  put(list) {
    this.app.change((doc) => withDays(doc, list));
    this.app.say(t(`已设置 ${list.length} 天，保存后生效。`, `${list.length} date(s) set; takes effect when saved.`));
  }
}

