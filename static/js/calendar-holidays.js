// National holidays: a year's notice beside the calendar, whose lessons each make-up day runs, and files for new years.

import { candidates, entries, iso, isOpen, num, termAt, withDays } from "./calendar-dates.js";
import { act } from "./calendar-field.js";
import { dayName, dayNames, kindWord } from "./calendar-year.js";
import { ask, el, t, trouble } from "./painter-words.js";

// As the server: 128 KB.
const FILE_MAX_BYTES = 128 * 1024;

export class Holidays {
  constructor(app, root) {
    this.app = app;
    this.root = root;
    this.year = null;
    this.answers = new Map();
    this.chosen = new Map();
  }

  // This year's; late in the year next year's, when it is known.
  usual() {
    const years = this.app.data.holidays.map((o) => o.year);
    const year = Number(this.app.data.today.slice(0, 4));
    return years.includes(year + 1) && this.app.data.today.slice(5, 7) >= "11" ? year + 1 : years.includes(year) ? year : years.at(-1);
  }

  draw() {
    const { holidays } = this.app.data;
    this.year ??= this.usual();
    const chips = holidays.map((o) => el("button", { type: "button", class: `k-chip${o.year === this.year ? " on" : ""}`, "data-holiday-year": o.year, "aria-pressed": String(o.year === this.year), onclick: () => { this.year = o.year; this.draw(); } }, t(`${o.year} 年`, String(o.year)), o.own ? el("small", {}, t("已上传", "uploaded")) : null));
    const next = Number(this.app.data.today.slice(0, 4)) + 1;
    const missing = holidays.every((o) => o.year !== next) ? el("p", { class: "a-soft a-small" }, t(`${next} 年的安排没有内置：国务院公布后（通常在 11 月），上传这一年的文件即可。`, `${next} is not built in: upload its file once the notice is out (usually in November).`)) : null;
    this.root.replaceChildren(el("p", { class: "a-soft" }, t("国务院办公厅公布的放假和调休上班日。导入只改动下面勾选的日期，保存后才生效。", "Days off and make-up workdays as announced by the State Council. Importing changes only the ticked dates, and takes effect when saved.")),
      el("div", { class: "k-chips" }, chips, this.upload()), missing ?? "", this.preview());
  }

  upload() {
    const input = el("input", { type: "file", accept: ".json,application/json", class: "a-quiet", id: "k-upload", onchange: () => { if (input.files[0]) this.send(input.files[0]); input.value = ""; } });
    return el("span", { class: "k-upload" }, input, el("label", { for: "k-upload", class: "a-btn small" }, t("上传年度文件…", "Upload a year's file…")));
  }

  async send(file) {
    if (file.size > FILE_MAX_BYTES) { this.app.say(t("没有导入：文件太大，一年的节假日文件不超过 128 KB。", "Not imported: a year's file has at most 128 KB."), "bad"); return; }
    const { status, body } = await ask(this.app.url("/holidays"), this.app.csrf, { text: await file.text() });
    if (status !== 200 || !body) { this.app.say(body?.message ?? trouble(status), "bad"); return; }
    const before = JSON.stringify(this.app.data.holidays);
    this.app.data.holidays = body;
    this.year = (body.find((o) => o.own && !before.includes(JSON.stringify(o))) ?? body.at(-1)).year;
    this.draw();
    this.app.say(t(`已收到 ${this.year} 年的文件，请核对后导入。`, `The file of ${this.year} is here: look at it, then import.`), "ok");
  }

  // One line a date: what the notice says, what the calendar says, whether it is taken.
  preview() {
    const offer = this.app.data.holidays.find((o) => o.year === this.year);
    if (!offer) return el("p", { class: "a-empty" }, t("没有可导入的年份。", "No year to import."));
    const days = entries(this.app.doc);
    const named = new Map([...days, ...offer.days.filter((d) => d.kind === "off").map((d) => [num(d.date), d])]);
    const rows = offer.days.map((day) => {
      const has = days.get(num(day.date));
      const same = has && has.kind === day.kind && !(isOpen(has) && this.answers.has(day.date));
      const state = !has ? "new" : same && !isOpen(has) ? "same" : has.kind === day.kind ? "open" : "other";
      const on = this.chosen.get(day.date) ?? (state === "new" || (state === "open" && Boolean(this.answers.get(day.date))));
      return { day, has, state, on };
    });
    const list = el("ul", { class: "k-holidays" }, rows.map((row) => this.line(row, named)));
    const count = rows.filter((r) => r.on && r.state !== "same").length;
    // Of days that are over or in no term nobody has to say whose lessons run.
    const matters = (date) => date >= this.app.data.today && (this.app.doc.terms.length === 0 || termAt(this.app.doc, num(date)));
    const open = rows.filter((r) => r.on && r.state !== "same" && r.day.kind === "make_up" && !this.answers.get(r.day.date) && matters(r.day.date)).length;
    const note = open > 0 ? el("p", { class: "p-warn" }, t(`${open} 个补课日还没选补哪天的课；可以先导入，以后再定，页面上方会一直提醒。`, `${open} make-up day(s) are not answered yet; they can be imported and answered later.`)) : null;
    return el("div", {}, list, note ?? "", el("div", { class: "k-foot" }, act(t(`导入 ${this.year} 年法定节假日（${count} 天）`, `Import ${this.year} (${count} dates)`), "import-holidays", () => this.take(rows), { class: "main", disabled: count === 0 })));
  }

  line({ day, has, state, on }, named) {
    const date = num(day.date);
    const words = { new: t("新增", "new"), same: t("已有", "there already"), open: t("已有，未定", "there, open"), other: t(`现在是：${kindWord(has)}`, `now: ${kindWord(has)}`) };
    const box = el("input", { type: "checkbox", checked: on && state !== "same", disabled: state === "same", "data-holiday": day.date, onchange: (e) => { this.chosen.set(day.date, e.target.checked); this.draw(); } });
    const word = day.kind === "off" ? t("放假", "off") : t("上班（补课）", "workday (make-up)");
    const label = el("label", { class: "k-tick" }, box, el("span", {}, el("b", {}, dayName(date)), ` ${day.note} `, el("span", { class: `k-kindword ${day.kind}` }, word)));
    return el("li", { class: state }, label, el("span", { class: `k-state ${state}` }, words[state]), day.kind === "make_up" && state !== "same" ? this.question(day, date, named) : null);
  }

  question(day, date, named) {
    const near = candidates(named, date, day.note);
    const value = this.answers.get(day.date) ?? "";
    const choices = [["", t("补哪天的课？以后再定", "Whose lessons? Later")], ...near.map((n) => [`date:${iso(n)}`, t(`补 ${dayName(n)} 的课`, `those of ${dayName(n)}`)]), ...dayNames.slice(0, 5).map((name, i) => [`day:${i + 1}`, t(`补${name}的课`, `those of a ${name}`)]), ["off", t("不补课，放假", "No lessons: off")]];
    return el("select", { class: "a-input k-select", "data-answers": day.date, "aria-label": t(`${dayName(date)} 补哪天的课`, `Whose lessons on ${dayName(date)}`), onchange: (e) => { this.answers.set(day.date, e.target.value); this.chosen.delete(day.date); this.draw(); this.root.querySelector(`[data-answers="${day.date}"]`)?.focus(); } },
      choices.map(([v, text]) => el("option", { value: v, selected: v === value }, text)));
  }

  take(rows) {
    const taken = rows.filter((r) => r.on && r.state !== "same").map(({ day, has }) => {
      const answer = this.answers.get(day.date) ?? "";
      const kept = has ? { bells: has.bells, no_record: has.no_record } : {};
      if (day.kind === "off" || answer === "off") return { ...kept, date: day.date, kind: "off", note: day.note };
      const of = answer.startsWith("date:") ? { date: answer.slice(5) } : answer.startsWith("day:") ? { day: Number(answer.slice(4)) } : "unanswered";
      return { ...kept, date: day.date, kind: "make_up", of, note: day.note };
    });
    this.chosen.clear();
    this.answers.clear();
    this.app.change((doc) => withDays(doc, taken));
    this.app.say(t(`已导入 ${taken.length} 天，请到“校历”核对，保存后生效。`, `${taken.length} dates imported: look at Year, then save.`), "ok");
  }
}

