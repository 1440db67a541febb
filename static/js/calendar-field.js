// Fields of the calendar page that are bound to the document: each keeps what was typed and shows its fault beside it.

import { readTime, showTime } from "./painter-week.js";
import { el, t } from "./painter-words.js";

let made = 0;

// kind: text, date, time, number or a list of [value, text]. `set(value)` is told each change; it may refuse by returning
// a sentence. The part around it carries data-at.
export const field = (app, { name, label, value, kind = "text", set, hint = "", min, max, wide = false, bare = false }) => {
  const id = `k-f${++made}`;
  const error = el("p", { class: "a-error", id: `${id}-e`, hidden: true });
  const shared = { class: `a-input k-${Array.isArray(kind) ? "select" : kind}`, id, "data-field": name, "aria-describedby": `${id}-e`, ...(bare ? { "aria-label": label } : {}) };
  const control = Array.isArray(kind)
    ? el("select", shared, kind.map(([v, text]) => el("option", { value: String(v), selected: String(v) === String(value ?? "") }, text)))
    : el("input", { ...shared, type: { date: "date", number: "number" }[kind] ?? "text", autocomplete: "off", min, max, value: kind === "time" ? (Number.isFinite(value) ? showTime(value) : "") : String(value ?? "") });
  control.addEventListener("change", () => {
    let found = control.value.trim();
    let wrong = "";
    if (kind === "time") {
      found = readTime(control.value);
      if (found === null) wrong = t("请按 时:分 填写，例如 08:00。", "Write HH:MM, such as 08:00.");
      else control.value = showTime(found);
    } else if (kind === "number") {
      found = Number(control.value);
      if (!Number.isInteger(found) || control.value === "" || found < (min ?? -Infinity) || found > (max ?? Infinity)) wrong = t(`请填 ${min}–${max} 的整数。`, `A whole number from ${min} to ${max}.`);
    } else if (kind === "date" && control.value === "") wrong = t("请填日期。", "Enter a date.");
    mark(control, wrong);
    app.broken[wrong ? "add" : "delete"](control);
    if (!wrong) set(found);
    app.count();
  });
  const line = hint ? el("small", { class: "k-hint" }, hint) : null;
  return bare ? el("div", { class: "k-cell" }, control, error) : el("div", { class: `k-field${wide ? " wide" : ""}` }, el("label", { for: id }, label), control, line, error);
};

export const mark = (control, text) => {
  const error = control.parentElement.querySelector(".a-error");
  if (text) control.setAttribute("aria-invalid", "true"); else control.removeAttribute("aria-invalid");
  if (error) { error.textContent = text; error.hidden = !text; }
};

export const tick = (label, checked, set, at = {}) => el("label", { class: "k-tick" }, el("input", { type: "checkbox", checked, ...at, onchange: (e) => set(e.target.checked) }), el("span", {}, label));

export const act = (text, name, run, with_ = {}) => el("button", { type: "button", class: `a-btn small ${with_.class ?? ""}`, "data-act": name, title: with_.title, "aria-label": with_.label, disabled: with_.disabled, onclick: run }, text);

// A question over the page; gives the pressed button's value or null.
export const question = (title, inside, buttons) => new Promise((resolve) => {
  let answer = null;
  const press = (value) => () => { answer = value; dialog.close(); };
  const dialog = el("dialog", { class: "p-dialog wide", "aria-labelledby": "k-title" }, el("h2", { id: "k-title" }, title), inside,
    el("div", { class: "p-answers" }, buttons.map(([value, text, kind]) => el("button", { type: "button", class: `a-btn ${kind ?? ""}`, "data-answer": value ?? "cancel", onclick: press(value) }, text))));
  dialog.addEventListener("close", () => { dialog.remove(); resolve(answer); });
  document.body.append(dialog);
  dialog.showModal();
});
