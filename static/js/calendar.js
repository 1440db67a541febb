// The calendar page: one document, edited in parts, looked at before it is saved, saved against its revision.
//
// For tests: tabs [data-tab] = year | terms | bells | holidays | explain | history; days button[data-date]; the panel's form
// fields kind, of, other, bells, no_record, note, from, to; buttons data-act = save | undo | redo | discard | example | blank |
// answer | apply | ordinary | look | close | year-back | year-on | add-term | remove-term | add-week | remove-week | rotation |
// add-turn | remove-turn | add-table | copy-table | default-table | remove-table | add-period | remove-period | period-up |
// period-down | generate | add-rule | remove-rule | rule-up | rule-down | import-holidays | day-before | day-after |
// day-today | restore; parts with faults data-at = term-0, week-0-1, rotation-0, turn-0-1, day-2026-10-01, table-0,
// period-0-3, rule-2, their fields data-field; holidays [data-holiday], [data-answers], [data-holiday-year]; the date that
// is explained [data-looked]; dialogs data-answer = save | cancel. The root [data-calendar] has data-dirty and data-ready.

import { Bells } from "./calendar-bells.js";
import { differences, isOpen, num, sorted, termAt, weekOf } from "./calendar-dates.js";
import { Explain, History } from "./calendar-explain.js";
import { mark, question } from "./calendar-field.js";
import { Holidays } from "./calendar-holidays.js";
import { Terms } from "./calendar-terms.js";
import { Year, dayName } from "./calendar-year.js";
import { ask, el, t, trouble } from "./painter-words.js";

const UNDO_MAX = 50;
const TABS = { year: Year, terms: Terms, bells: Bells, holidays: Holidays, explain: Explain, history: History };
const OF_FAULT = { term: "terms", week: "terms", rotation: "terms", turn: "terms", table: "bells", period: "bells", rule: "bells", day: "year", calendar: "year" };

class App {
  constructor(root) {
    this.root = root;
    this.data = JSON.parse(root.dataset.calendar);
    this.csrf = root.dataset.csrf;
    this.revision = this.data.revision;
    this.base = this.doc = this.data.calendar;
    [this.past, this.future, this.faults] = [[], [], []];
    // Fields that hold something unreadable: nothing is saved over them.
    this.broken = new Set();
    this.line = root.querySelector("[data-say]");
    this.parts = Object.fromEntries(Object.entries(TABS).map(([name, Part]) => [name, new Part(this, document.getElementById(`k-${name}`))]));
    document.addEventListener("click", (e) => this.click(e));
    root.addEventListener("keydown", (e) => this.key(e));
    addEventListener("beforeunload", (e) => { if (this.dirty() > 0) e.preventDefault(); });
    addEventListener("hashchange", () => this.show(location.hash.slice(1)));
    root.dataset.ready = "";
    this.show(TABS[location.hash.slice(1)] ? location.hash.slice(1) : "year");
    this.count();
  }

  url(path) { return `/admin/calendar${path}?school=${this.data.school}`; }
  dirty() { return differences(this.base, this.doc); }
  faulty(at) { return this.faults.some((f) => f.at === at); }
  say(text, tone = "") { this.line.textContent = text; this.line.className = `p-say k-say ${tone}`; }

  // A change that fields show already.
  set(make) {
    this.past.push(this.doc);
    if (this.past.length > UNDO_MAX) this.past.shift();
    this.future = [];
    this.doc = make(this.doc);
    this.count();
  }

  // A change after which the part is drawn anew.
  change(make) {
    this.set(make);
    this.faults = [];
    this.draw();
  }

  draw() {
    this.broken.clear();
    this.parts[this.tab].draw();
    this.show_faults();
    this.count();
  }

  show(tab) {
    if (!TABS[tab]) return;
    this.tab = tab;
    for (const button of this.root.querySelectorAll("[data-tab]")) {
      const on = button.dataset.tab === tab;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
      document.getElementById(`k-${button.dataset.tab}`).hidden = !on;
    }
    if (location.hash.slice(1) !== tab) history.replaceState(null, "", `#${tab}`);
    this.draw();
  }

  look(date) { this.parts.explain.date = date; this.show("explain"); }

  count() {
    const n = this.dirty();
    this.root.dataset.dirty = n;
    const label = this.root.querySelector("[data-count]");
    label.textContent = n === 0 ? t("没有未保存的修改", "Nothing to save") : t(`${n} 处修改未保存`, `${n} unsaved`);
    label.classList.toggle("on", n > 0);
    const off = { undo: this.past.length === 0, redo: this.future.length === 0, save: n === 0 || this.busy, discard: n === 0 || this.busy };
    for (const [act, disabled] of Object.entries(off)) this.root.querySelector(`[data-act=${act}]`).disabled = Boolean(disabled);
    this.open_days();
    this.today();
    const begun = document.querySelector("[data-first]");
    if (begun) begun.hidden = n > 0 || this.revision > 0 || this.begun === true;
  }

  // What today is by the calendar on the page.
  today() {
    const n = num(this.data.today);
    const term = termAt(this.doc, n);
    const week = term && weekOf(term, n);
    this.root.querySelector(".k-today").textContent = term
      ? t(`今天 ${dayName(n)}：${term.year} ${term.name}，第 ${week} 周（${week % 2 === 1 ? "单" : "双"}周）`, `Today, ${dayName(n)}: ${term.year} ${term.name}, week ${week} (${week % 2 === 1 ? "odd" : "even"})`)
      : t(`今天 ${dayName(n)}：不在任何学期里`, `Today, ${dayName(n)}: in no term`);
  }

  // Make-up days that nobody has answered stay named on top.
  open_days() {
    const open = this.doc.days.filter((d) => isOpen(d) && d.date >= this.data.today && termAt(this.doc, num(d.date)));
    const box = document.querySelector("[data-open]");
    box.hidden = open.length === 0;
    const named = open.slice(0, 6).map((d) => dayName(num(d.date))).join(t("、", ", "));
    document.querySelector("[data-open-text]").textContent = t(`还有 ${open.length} 个补课日没有说明补哪天的课，这些天不会上课也不会录像：${named}`, `${open.length} make-up day(s) have no lessons yet, because nobody has said whose run: ${named}`);
    this.first_open = open[0]?.date;
  }

  travel(from, to) {
    if (from.length === 0) return;
    to.push(this.doc);
    this.doc = from.pop();
    this.faults = [];
    this.draw();
  }

  click(event) {
    const tab = event.target.closest("[data-tab]");
    if (tab) { this.show(tab.dataset.tab); return; }
    const button = event.target.closest("[data-act]");
    if (!button || button.disabled) return;
    const acts = {
      undo: () => this.travel(this.past, this.future), redo: () => this.travel(this.future, this.past), save: () => this.save(),
      discard: () => { this.change(() => this.base); this.say(t("已放弃未保存的修改；可以撤销。", "Unsaved changes were dropped; this can be undone.")); },
      example: () => { this.change(() => this.data.example); this.say(t("已放入示例：请到“学期”“作息”改成您学校的，再保存。", "The example is in: adapt terms and bells, then save."), "info"); this.show("terms"); },
      blank: () => { this.begun = true; this.show("terms"); this.count(); },
      answer: () => { if (this.first_open) { this.show("year"); this.parts.year.open(num(this.first_open)); this.parts.year.panel.focus(); } },
    };
    acts[button.dataset.act]?.();
  }

  key(event) {
    const ctrl = event.ctrlKey || event.metaKey;
    const letter = event.key.toLowerCase();
    const typing = event.target.matches("input:not([type=checkbox], [type=radio]), textarea");
    if (ctrl && letter === "z" && !typing) { event.preventDefault(); if (event.shiftKey) this.travel(this.future, this.past); else this.travel(this.past, this.future); }
    else if (ctrl && letter === "y" && !typing) { event.preventDefault(); this.travel(this.future, this.past); }
    else if (ctrl && letter === "s") { event.preventDefault(); this.save(); }
    else if (event.target.dataset.tab && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      const names = Object.keys(TABS);
      const to = names[(names.indexOf(this.tab) + (event.key === "ArrowRight" ? 1 : names.length - 1)) % names.length];
      this.show(to);
      this.root.querySelector(`[data-tab=${to}]`).focus();
    }
  }

  // Each fault at its field; what has no field on the page is said above.
  show_faults() {
    const rest = [];
    for (const fault of this.faults) {
      const part = this.root.querySelector(`[data-at="${fault.at}"]`);
      const control = part?.querySelector(`[data-field="${fault.field}"]`);
      const list = part?.querySelector(`[data-list-error="${fault.field}"]`);
      if (control?.matches("input, select")) mark(control, fault.message);
      else if (list) { list.textContent = fault.message; list.hidden = false; }
      else if (part) { part.classList.add("bad"); rest.push(fault.message); }
      else if (!fault.at.startsWith("day-")) rest.push(fault.message);
    }
    return rest;
  }

  refuse(body) {
    this.faults = body.faults;
    const [head] = this.faults;
    const tab = OF_FAULT[head.at.split("-")[0]] ?? "year";
    this.show(tab);
    this.parts[tab].reveal?.(head.at);
    if (tab === "year" && head.at.startsWith("day-")) this.parts.year.open(num(head.at.slice(4)));
    const rest = this.show_faults();
    this.say([body.message, ...new Set(rest)].join(" "), "bad");
    this.root.querySelector("[aria-invalid=true]")?.focus();
  }

  async save() {
    if (this.busy || this.dirty() === 0) return;
    if ([...this.broken].some((c) => c.isConnected)) { this.say(t("没有保存：请先改正标出的项。", "Not saved: correct the marked fields first."), "bad"); [...this.broken][0].focus(); return; }
    this.busy = true;
    try { await this.saving(); } finally { this.busy = false; this.count(); }
  }

  async saving() {
    // In the server's order, so that its faults name the parts as they stand on the page.
    this.doc = sorted(this.doc);
    this.draw();
    const seen = await ask(this.url("/preview"), this.csrf, { calendar: this.doc });
    if (seen.status === 422 && seen.body) { this.refuse(seen.body); return; }
    if (seen.status !== 200 || !seen.body) { this.say(trouble(seen.status), "bad"); return; }
    const { message, lines, fortnight } = seen.body;
    const more = fortnight > lines.length ? el("p", { class: "a-soft" }, t(`……共 ${fortnight} 节`, `… ${fortnight} in all`)) : null;
    const inside = el("div", {}, el("p", { "data-effect": "" }, el("b", {}, message)), lines.length > 0 ? el("ul", { class: "k-lines" }, lines.map((l) => el("li", {}, l))) : null, more);
    if (await question(t("保存校历", "Save the calendar"), inside, [["save", t("保存", "Save"), "main"], [null, t("取消", "Cancel")]]) !== "save") return;
    const { status, body } = await ask(this.url("/save"), this.csrf, { base: this.revision, calendar: this.doc });
    if (status === 200 && body) {
      this.base = this.doc;
      this.revision = body.revision;
      this.data.revisions = body.revisions;
      this.faults = [];
      this.draw();
      this.say(body.message, "ok");
    } else if (status === 422 && body) this.refuse(body);
    else if (status === 409 && body?.calendar) await this.merged(body);
    else this.say(body?.message ?? trouble(status), "bad");
  }

  // Somebody else saved: both changes are on the page now, mine where we both changed the same.
  async merged(body) {
    const list = (title, lines) => (lines.length === 0 ? null : el("div", {}, el("h3", {}, title), el("ul", { class: "k-lines" }, lines.map((l) => el("li", {}, l)))));
    this.revision = body.revision;
    this.base = body.theirs;
    this.past.push(this.doc);
    this.doc = body.calendar;
    this.draw();
    this.say(body.message, "bad");
    await question(t("别人也保存了校历", "Somebody else saved too"), el("div", {}, el("p", {}, body.message), list(t("对方的修改", "What they changed"), body.others), list(t("两人都改了，现在是您的", "Both changed it; yours stands now"), body.clashes)), [["ok", t("知道了，回到页面核对", "Back to the page"), "main"]]);
  }
}

const root = document.querySelector("[data-calendar]");
if (root) new App(root);
