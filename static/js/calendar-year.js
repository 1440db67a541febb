// The school year: a band of terms, twelve months with week numbers and the colours of days, and choosing dates by
// click, drag, arrows or dates in the panel.

import { entries, first, iso, isOpen, monday, months, num, parts, schoolYear, termAt, turnOf, weekday, weekOf } from "./calendar-dates.js";
import { Panel } from "./calendar-panel.js";
import { el, t } from "./painter-words.js";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const HEADS = t("一二三四五六日", "MTWTFSS");
const DAYS = [t("周一", "Mon"), t("周二", "Tue"), t("周三", "Wed"), t("周四", "Thu"), t("周五", "Fri"), t("周六", "Sat"), t("周日", "Sun")];

export const dayName = (n) => { const { month, day } = parts(n); return t(`${month}月${day}日 ${DAYS[weekday(n) - 1]}`, `${DAYS[weekday(n) - 1]} ${day} ${MONTHS[month - 1]}`); };
export const dayNames = DAYS;

// 休 班 考 …: a word beside the colour.
export const sign = (entry) => {
  if (!entry) return "";
  if (isOpen(entry)) return t("补?", "?");
  return { off: t("休", "off"), exam: t("考", "ex"), make_up: t("补", "mk"), teach: "" }[entry.kind];
};

export const kindWord = (entry) => {
  if (!entry) return "";
  const word = { off: t("放假", "off"), exam: t("考试", "exams"), teach: t("上课", "lessons") }[entry.kind]
    ?? (isOpen(entry) ? t("补课，未定补哪天", "make-up day, open") : entry.of?.date ? t(`补 ${dayName(num(entry.of.date))} 的课`, `makes up ${dayName(num(entry.of.date))}`) : t(`补第 ${entry.of.day} 列的课`, `makes up column ${entry.of.day}`));
  return [word, entry.bells ? t("其他作息", "other bells") : "", entry.no_record ? t("停录", "no recording") : "", entry.note ?? ""].filter(Boolean).join(" · ");
};

export class Year {
  constructor(app, root) {
    this.app = app;
    this.root = root;
    this.year = schoolYear(num(app.data.today));
    this.from = this.to = null;
    this.panel = new Panel(app, this);
    this.board = el("div", { class: "k-board" });
    root.append(el("div", { class: "k-year" }, this.board, this.panel.root));
    this.board.addEventListener("pointerdown", (e) => this.down(e));
    this.board.addEventListener("pointermove", (e) => this.over(e));
    addEventListener("pointerup", () => { if (this.dragging) { this.dragging = false; this.panel.draw(); } });
    this.board.addEventListener("keydown", (e) => this.key(e));
  }

  draw() {
    const { doc } = this.app;
    const days = entries(doc);
    const list = months(doc, this.year);
    const move = (by) => () => { this.year += by; this.draw(); };
    const head = el("div", { class: "k-turn" },
      el("button", { type: "button", class: "a-btn small", "data-act": "year-back", "aria-label": t("上一学年", "Year before"), onclick: move(-1) }, "‹"),
      el("h2", { "data-year": this.year }, t(`${this.year}–${this.year + 1} 学年`, `School year ${this.year}–${this.year + 1}`)),
      el("button", { type: "button", class: "a-btn small", "data-act": "year-on", "aria-label": t("下一学年", "Year after"), onclick: move(1) }, "›"),
      this.legend());
    this.board.replaceChildren(head, this.band(list), el("div", { class: "k-months" }, list.map(({ year, month }) => this.month(doc, days, year, month))));
    this.mark();
    this.panel.draw();
  }

  legend() {
    const one = (kind, text, label) => el("span", {}, el("i", { class: `k-day ${kind}`, "aria-hidden": "true" }, text), label);
    return el("div", { class: "k-legend" }, one("off", t("休", "off"), t("放假", "Off")), one("make_up", t("补", "mk"), t("补课", "Make-up")), one("make_up open", t("补?", "?"), t("未定", "Open")),
      one("exam", t("考", "ex"), t("考试", "Exams")), one("quiet", "", t("停录", "Not recorded")), one("bells", "", t("其他作息", "Other bells")));
  }

  // The year as one bar with its terms.
  band(list) {
    const from = first(list[0].year, list[0].month);
    const to = first(list[11].year, list[11].month) + 31;
    const at = (n) => `${Math.min(100, Math.max(0, ((n - from) / (to - from)) * 100))}%`;
    const terms = this.app.doc.terms.filter((term) => num(term.end) >= from && num(term.start) <= to).map((term, i) => {
      const node = el("span", { class: `k-term tone${i % 2}`, title: `${term.start} – ${term.end}` }, term.name);
      node.style.left = at(num(term.start));
      node.style.width = `calc(${at(num(term.end) + 1)} - ${at(num(term.start))})`;
      return node;
    });
    const today = el("span", { class: "k-now", title: t("今天", "Today") });
    today.style.left = at(num(this.app.data.today));
    const empty = terms.length === 0 ? el("span", { class: "k-none" }, t("这一学年还没有学期：请到“学期”里添加", "No term in this year yet: add one under Terms")) : null;
    return el("div", { class: "k-band" }, terms, num(this.app.data.today) >= from && num(this.app.data.today) <= to ? today : null, empty);
  }

  month(doc, days, year, month) {
    const begin = first(year, month);
    const end = month === 12 ? first(year + 1, 1) : first(year, month + 1);
    const cells = [el("span", { class: "k-wk", title: t("教学周", "Teaching week") }, t("周", "Wk")), ...[...HEADS].map((h) => el("span", { class: "k-dow" }, h))];
    for (let week = monday(begin); week < end; week += 7) {
      const seen = Array.from({ length: 7 }, (_, i) => week + i).filter((n) => n >= begin && n < end);
      const term = seen.map((n) => termAt(doc, n)).find(Boolean);
      cells.push(el("span", { class: "k-wk", title: term ? t(`第 ${weekOf(term, week)} 周`, `Week ${weekOf(term, week)}`) : null }, term ? String(weekOf(term, Math.max(week, num(term.start)))) : ""));
      for (let n = week; n < week + 7; n++) cells.push(n >= begin && n < end ? this.day(doc, days, n) : el("span", {}));
    }
    return el("section", { class: "k-month", "aria-label": `${year}-${month}` }, el("h3", {}, t(`${year} 年 ${month} 月`, `${MONTHS[month - 1]} ${year}`)), el("div", { class: "k-grid" }, cells));
  }

  day(doc, days, n) {
    const entry = days.get(n);
    const term = termAt(doc, n);
    const turn = term && turnOf(term, days, n);
    const date = iso(n);
    const kinds = [entry?.kind ?? "", isOpen(entry) ? "open" : "", entry?.no_record ? "quiet" : "", entry?.bells ? "bells" : "", term ? `in tone${doc.terms.indexOf(term) % 2}` : "", weekday(n) > 5 && !turn ? "end" : "",
      turn > term?.rotation?.work_days ? "rest" : "", date === this.app.data.today ? "now" : "", this.app.faulty(`day-${date}`) ? "bad" : ""];
    const word = kindWord(entry);
    const cycle = turn ? t(`周期第 ${turn} 天`, `day ${turn} of the cycle`) : "";
    const title = [dayName(n), term ? `${term.name} ${t(`第 ${weekOf(term, n)} 周`, `week ${weekOf(term, n)}`)}` : "", cycle, word].filter(Boolean).join("\n");
    return el("button", { type: "button", class: `k-day ${kinds.filter(Boolean).join(" ")}`, "data-date": date, tabindex: "-1", title, "aria-label": title.replaceAll("\n", "，") },
      String(parts(n).day), sign(entry) ? el("small", {}, sign(entry)) : turn ? el("small", { class: "k-cycle" }, turn > term.rotation.work_days ? "·" : String(turn)) : null);
  }

  down(event) {
    const day = event.target.closest("button[data-date]");
    if (!day || event.button !== 0) return;
    const n = num(day.dataset.date);
    if (event.shiftKey && this.from !== null) this.select(this.from, n);
    else this.select(n, n);
    // A finger scrolls; it chooses further dates in the panel.
    this.dragging = event.pointerType !== "touch";
    if (!this.dragging) this.panel.draw();
    else { event.preventDefault(); day.focus({ preventScroll: true }); }
  }

  over(event) {
    if (!this.dragging) return;
    const day = document.elementFromPoint(event.clientX, event.clientY)?.closest("button[data-date]");
    if (day && num(day.dataset.date) !== this.to) this.select(this.from, num(day.dataset.date));
  }

  key(event) {
    const day = event.target.closest("button[data-date]");
    if (!day) return;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, PageUp: -28, PageDown: 28 }[event.key];
    const n = num(day.dataset.date);
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.select(event.shiftKey && this.from !== null ? this.from : n, n); this.panel.draw(); this.panel.focus(); return; }
    if (event.key === "Escape") { this.clear(); return; }
    if (!by) return;
    event.preventDefault();
    const to = this.board.querySelector(`[data-date="${iso(n + by)}"]`);
    if (!to) return;
    this.select(event.shiftKey ? this.from ?? n : n + by, n + by);
    to.focus();
    this.panel.draw();
  }

  select(from, to) { [this.from, this.to] = [from, to]; this.mark(); }
  clear() { this.from = this.to = null; this.mark(); this.panel.draw(); }

  // The chosen dates, ascending.
  get chosen() {
    if (this.from === null) return [];
    const [a, b] = [Math.min(this.from, this.to), Math.max(this.from, this.to)];
    return Array.from({ length: Math.min(b - a + 1, 400) }, (_, i) => a + i);
  }

  mark() {
    const chosen = new Set(this.chosen);
    const buttons = [...this.board.querySelectorAll("button[data-date]")];
    for (const button of buttons) {
      const on = chosen.has(num(button.dataset.date));
      button.classList.toggle("on", on);
      button.setAttribute("aria-pressed", String(on));
      button.tabIndex = -1;
    }
    const entry = buttons.find((b) => b.dataset.date === (this.to !== null ? iso(this.to) : this.app.data.today)) ?? buttons[0];
    if (entry) entry.tabIndex = 0;
  }

  // Shows a date and its panel.
  open(n) {
    this.year = schoolYear(n);
    this.select(n, n);
    this.draw();
    this.board.querySelector(`[data-date="${iso(n)}"]`)?.scrollIntoView({ block: "center" });
  }
}
