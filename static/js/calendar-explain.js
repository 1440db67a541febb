// 预览某天: every rule of a date in order and its lessons, by the calendar as it stands on the page; and the history.

import { iso, isDate, num, sorted } from "./calendar-dates.js";
import { act } from "./calendar-field.js";
import { ask, el, t, trouble } from "./painter-words.js";

export class Explain {
  constructor(app, root) {
    this.app = app;
    this.date = app.data.today;
    this.result = el("div", { class: "k-result", "aria-live": "polite" });
    this.input = el("input", { type: "date", class: "a-input k-date", "data-look": "", "aria-label": t("日期", "Date"), onchange: () => { if (isDate(this.input.value)) this.look(this.input.value); } });
    const step = (by) => () => this.look(iso(num(this.date) + by));
    root.append(el("div", { class: "k-look" }, act("‹", "day-before", step(-1), { label: t("前一天", "Day before") }), this.input, act("›", "day-after", step(1), { label: t("后一天", "Day after") }), act(t("今天", "Today"), "day-today", () => this.look(app.data.today)),
      el("span", { class: "a-soft a-small" }, t("按本页现在的校历计算，没保存的修改也算在内。", "By the calendar on this page, unsaved changes included."))), this.result);
  }

  draw() { this.look(this.date); }

  async look(date) {
    this.date = date;
    this.input.value = date;
    const asked = (this.turn = (this.turn ?? 0) + 1);
    const { status, body } = await ask(this.app.url("/explain"), this.app.csrf, { calendar: sorted(this.app.doc), date });
    if (asked !== this.turn) return;
    if (status === 422 && body) { this.result.replaceChildren(el("p", { class: "a-error" }, t("校历里有错误，先改正才能预览：", "The calendar has faults: correct them first. "), body.faults.map((f) => f.message).slice(0, 3).join(" "))); return; }
    if (status !== 200 || !body) { this.result.replaceChildren(el("p", { class: "a-error" }, body?.message ?? trouble(status))); return; }
    this.show(body);
  }

  show(day) {
    const steps = el("ol", { class: "k-steps" }, day.steps.map((s) => el("li", {}, s)));
    const sum = day.held === 0 ? t("这一天没有课。", "No lessons on this day.") : t(`${day.held} 节课，其中 ${day.recorded} 节录像。`, `${day.held} lesson(s), ${day.recorded} recorded.`);
    const filter = day.lessons.length > 12 ? el("input", { class: "a-input", type: "search", placeholder: t("按班级、科目、教师、教室筛选", "Filter by class, subject, teacher, room"), "aria-label": t("筛选", "Filter"), oninput: (e) => { for (const li of list.children) li.hidden = !li.textContent.includes(e.target.value.trim()); } }) : null;
    const list = el("ul", { class: "k-lessons" }, day.lessons.map((l) => el("li", { class: l.recorded ? "rec" : "" }, el("details", {}, el("summary", {}, el("span", { class: "a-num k-when" }, l.times), el("span", { class: "k-what" }, el("b", {}, `${l.class} ${l.subject}`), ` ${[l.label, l.teacher, l.room].filter(Boolean).join(" · ")}`), el("span", { class: `a-badge ${l.recorded ? "ok" : "idle"}` }, l.recorded ? t("录像", "Recorded") : t("不录", "Not recorded"))), el("ol", { class: "k-steps" }, l.steps.map((s) => el("li", {}, s))), el("a", { class: "a-small", "data-why": "", href: `/admin/why?school=${this.app.data.school}&lesson=${l.id}`, target: "_blank", rel: "noopener" }, t("按已保存的校历：为什么录 / 不录", "By the saved calendar: why (not) recorded"))))));
    const absent = day.absent.length === 0 ? null : el("details", { class: "k-more" }, el("summary", {}, t(`不上的课（${day.absent.length}）`, `Lessons not held (${day.absent.length})`)), el("ul", { class: "k-lessons" }, day.absent.map((a) => el("li", {}, el("details", {}, el("summary", {}, el("span", { class: "k-what" }, `${a.name} ${a.subject}`)), el("ol", { class: "k-steps" }, a.steps.map((s) => el("li", {}, s))))))));
    this.result.replaceChildren(el("h2", { "data-looked": day.date }, day.title), steps, el("p", { class: "k-sum" }, sum), filter ?? "", list, absent ?? "");
  }
}

export class History {
  constructor(app, root) { this.app = app; this.root = root; }

  draw() {
    const { revisions } = this.app.data;
    const line = (r) => el("li", { "data-revision": r.revision }, el("span", {}, el("b", {}, t(`第 ${r.revision} 版`, `Revision ${r.revision}`)), ` ${r.at} ${r.by}`),
      r.revision === this.app.revision ? el("span", { class: "a-badge ok" }, t("正在使用", "In use")) : act(t("恢复到这一版", "Restore"), "restore", () => this.restore(r.revision)));
    const none = revisions.length === 0 ? el("p", { class: "a-empty" }, t("还没有保存过。每次保存都会留一版，可以随时恢复。", "Nothing saved yet. Every save keeps a revision that can be restored.")) : null;
    this.root.replaceChildren(el("ul", { class: "k-revisions" }, revisions.map(line)), none ?? "");
  }

  async restore(no) {
    const { status, body } = await ask(this.app.url(`/revisions/${no}`), this.app.csrf);
    if (status !== 200 || !body) { this.app.say(trouble(status), "bad"); return; }
    this.app.change(() => body);
    this.app.say(t(`已载入第 ${no} 版，尚未保存：请核对后按“保存”，会成为新的一版。`, `Revision ${no} is loaded, not saved yet: look at it and press Save; it becomes a new revision.`), "info");
  }
}
