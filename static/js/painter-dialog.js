// The painter's questions: exact entry, copying a day, removing all, and what to keep when two people changed the same.

import { DAY_S, LEAST_S, WEEK, clash, ofDay, readTime, showTime } from "./painter-week.js";
import { OVERLAP, dayLong, dayShort, el, t } from "./painter-words.js";

// Shows a dialog; gives what `take` makes of it, or null when it was left. `take` may refuse by giving undefined.
const asked = (title, inside, buttons, take) => new Promise((resolve) => {
  const form = el("form", { method: "dialog" }, el("h2", { id: "p-title" }, title), inside, el("div", { class: "p-answers" }, buttons));
  const dialog = el("dialog", { class: "p-dialog", "aria-labelledby": "p-title" }, form);
  let result = null;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const found = take(event.submitter?.value ?? "ok", form);
    if (found === undefined) return;
    result = found;
    dialog.close();
  });
  // Enter in a field means the main button, not the first one.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => { dialog.remove(); resolve(result); });
  document.body.append(dialog);
  dialog.showModal();
  form.querySelector("[autofocus]")?.focus();
});

const button = (value, text, kind = "") => el("button", { class: `a-btn ${kind}`, value, "data-answer": value }, text);
const leave = () => el("button", { type: "button", class: "a-btn", "data-answer": "cancel", onclick: (e) => e.target.closest("dialog").close() }, t("取消", "Cancel"));

const select = (name, choices, chosen) => el("select", { class: "a-input", name, id: `p-${name}` },
  choices.map(([value, text]) => el("option", { value: String(value), selected: value === chosen }, text)));

const field = (name, label, control) => el("div", { class: "p-field" },
  el("label", { for: `p-${name}` }, label), control, el("p", { class: "a-error", id: `p-e-${name}`, hidden: true }));

const time = (name, s) => el("input", {
  class: "a-input a-num", name, id: `p-${name}`, value: showTime(s), autocomplete: "off", placeholder: "08:00:00", autofocus: name === "start", "aria-describedby": `p-e-${name}`,
});

const mark = (form, faults) => {
  for (const line of form.querySelectorAll(".a-error")) line.hidden = true;
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  for (const [name, text] of faults) {
    const line = form.querySelector(`#p-e-${name}`);
    if (!line) continue;
    line.textContent = text;
    line.hidden = false;
    form.elements[name]?.setAttribute("aria-invalid", "true");
  }
  if (faults.length > 0) form.elements[faults[0][0]]?.focus();
};

const BAD_TIME = t("请按 时:分 或 时:分:秒 填写，最晚 24:00:00。", "Write HH:MM or HH:MM:SS, at most 24:00:00.");

// What is wrong with a range as typed: [field, sentence] pairs.
export const faults = (ranges, range) => {
  const found = [];
  if (range.start === null || range.start >= DAY_S) found.push(["start", BAD_TIME]);
  if (range.end === null) found.push(["end", BAD_TIME]);
  if (found.length > 0) return found;
  if (range.end - range.start < LEAST_S) return [["end", t("结束时间必须比开始时间晚 30 秒以上。", "The end must be more than 30 seconds after the start.")]];
  const other = clash(ranges, range);
  if (other) return [["start", `${OVERLAP} ${showTime(other.start)}–${showTime(other.end)}`]];
  return [];
};

// 修改: weekday, start, end, subject, teacher. Gives the change, "remove", or null.
export const exact = (data, ranges, range) => {
  const inside = el("div", { class: "p-fields" },
    field("weekday", t("星期", "Weekday"), select("weekday", WEEK.map((d) => [d, dayLong(d)]), range.weekday)),
    field("start", t("开始", "Start"), time("start", range.start)),
    field("end", t("结束", "End"), time("end", range.end)),
    field("subject", t("科目", "Subject"), select("subject", data.subjects, range.subject)),
    field("teacher", t("教师", "Teacher"), select("teacher", data.teachers, range.teacher)));
  const buttons = [button("ok", t("确定", "OK"), "main"), leave(), button("remove", t("删除", "Remove"), "danger p-far")];
  return asked(t("修改时间段", "Change a range"), inside, buttons, (answer, form) => {
    if (answer === "remove") return "remove";
    const read = (name) => Number(form.elements[name].value);
    const change = { weekday: read("weekday"), start: readTime(form.elements.start.value), end: readTime(form.elements.end.value), subject: read("subject"), teacher: read("teacher") };
    const wrong = faults(ranges, { ...range, ...change });
    mark(form, wrong);
    return wrong.length > 0 ? undefined : change;
  });
};

const counted = (ranges, day) => ofDay(ranges, day).length;

// 复制: the days that shall have exactly the ranges of `from`.
export const copyTo = (ranges, from) => {
  const line = el("p", { class: "p-warn", role: "status" });
  const box = (day, n) => el("label", { class: "a-choice" }, el("input", { type: "checkbox", name: "to", value: String(day), "data-day": day }),
    el("span", {}, dayLong(day), el("small", {}, n > 0 ? t(`现有 ${n} 个时间段`, `${n} now`) : t("空", "empty"))));
  const days = WEEK.filter((d) => d !== from);
  const boxes = el("div", { class: "p-boxes" }, days.map((d) => box(d, counted(ranges, d))));
  const ticked = (form) => [...form.querySelectorAll("input[name=to]:checked")].map((i) => Number(i.value));
  const renew = (form) => {
    const lost = ticked(form).reduce((sum, d) => sum + counted(ranges, d), 0);
    line.textContent = ticked(form).length === 0 ? t("请勾选目标日。", "Tick the days.") : lost > 0
      ? t(`将替换目标日现有的 ${lost} 个时间段。`, `${lost} range(s) of those days will be replaced.`) : t("目标日是空的，不会替换任何时间段。", "Those days are empty: nothing is replaced.");
  };
  const quick = (text, wanted) => el("button", { type: "button", class: "a-btn small", onclick: (e) => {
    const form = e.target.closest("form");
    for (const input of form.querySelectorAll("input[name=to]")) input.checked = wanted.includes(Number(input.value));
    renew(form);
  } }, text);
  const tools = el("div", { class: "a-tools" }, quick(t("周一至周五", "Mon–Fri"), [1, 2, 3, 4, 5]), quick(t("每天", "Every day"), days));
  const inside = el("div", { onchange: (e) => renew(e.target.form) }, el("p", {}, t(`${dayLong(from)}的 ${counted(ranges, from)} 个时间段复制到：`, `Copy the ${counted(ranges, from)} range(s) of ${dayLong(from)} to:`)), boxes, tools, line);
  const shown = asked(t("复制一天", "Copy a day"), inside, [button("ok", t("复制", "Copy"), "main"), leave()],
    (_, form) => (ticked(form).length > 0 ? ticked(form) : renew(form)));
  renew(document.querySelector("dialog.p-dialog form"));
  return shown;
};

// 全部删除: this day or the week. Gives the days to clear.
export const clearWhat = (ranges, day) => {
  const choice = (value, text, n, checked) => el("label", { class: "a-choice" }, el("input", { type: "radio", name: "what", value, checked }),
    el("span", {}, text, el("small", {}, t(`${n} 个时间段`, `${n} range(s)`))));
  const inside = el("div", {}, choice("day", dayLong(day), counted(ranges, day), true), choice("week", t("整周", "The whole week"), ranges.length, false),
    el("p", { class: "a-soft a-small" }, t("按“全部保存”后才生效；录好的录像不受影响。", "Takes effect with Save all; recorded lessons stay.")));
  return asked(t("全部删除", "Remove all"), inside, [button("ok", t("删除", "Remove"), "main danger"), leave()],
    (_, form) => (form.elements.what.value === "week" ? [...WEEK] : [day]));
};

const told = (data, r) => {
  const names = [new Map(data.subjects).get(r.subject_id), new Map(data.teachers).get(r.teacher_id)].filter(Boolean).join(" ");
  return `${dayShort(r.weekday)} ${showTime(r.start_s)}–${showTime(r.end_s)} ${names}`;
};

// What others saved meanwhile, as lines.
export const othersLines = (data, others) => [
  ...others.added.map((r) => t(`新增 ${told(data, r)}`, `Added ${told(data, r)}`)),
  ...others.changed.map(([was, is]) => t(`修改 ${told(data, was)} → ${told(data, is)}`, `Changed ${told(data, was)} → ${told(data, is)}`)),
  ...others.removed.map((r) => t(`删除 ${told(data, r)}`, `Removed ${told(data, r)}`)),
];

// Two people changed the same: for each, mine or theirs. Gives {upserts, removed} that are given up, or null.
export const choose = (data, answer, sent, was) => {
  const lines = othersLines(data, answer.others);
  const rows = answer.clashes.map((c, n) => {
    const mine = c.index === null ? t(`删除 ${told(data, was.get(c.removed))}`, `Remove ${told(data, was.get(c.removed))}`) : told(data, sent.upserts[c.index]);
    const theirs = c.theirs.length > 0 ? c.theirs.map((r) => told(data, r)).join("；") : t("已删除", "removed");
    const radio = (value, label, text, checked) => el("label", { class: "a-choice" }, el("input", { type: "radio", name: `clash${n}`, value, checked }), el("span", {}, el("b", {}, label), el("small", {}, text)));
    return el("fieldset", { class: "p-clash", "data-clash": n }, radio("mine", t("用我的", "Mine"), mine, true), radio("theirs", t("用对方的", "Theirs"), theirs, false));
  });
  const inside = el("div", {}, el("p", {}, answer.message),
    lines.length > 0 ? el("details", { class: "p-others" }, el("summary", {}, t(`对方保存的修改（${lines.length}）`, `What they saved (${lines.length})`)), el("ul", {}, lines.map((l) => el("li", {}, l)))) : null, rows,
    el("p", { class: "a-soft a-small" }, t("选好后回到画面，核对无误再按“全部保存”。", "Then look at the week again and press Save all.")));
  return asked(t("两个人改了同一处", "Two people changed the same"), inside, [button("ok", t("应用选择", "Use this"), "main"), leave()], (_, form) => {
    const theirs = answer.clashes.filter((_c, n) => form.elements[`clash${n}`].value === "theirs");
    return { upserts: new Set(theirs.filter((c) => c.index !== null).map((c) => c.index)), removed: new Set(theirs.filter((c) => c.index === null).map((c) => c.removed)) };
  });
};
