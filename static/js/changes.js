// A new change without 下一步 and 预览: every choice shows at once what it leads to. The server decides everything; this only
// sends the forms and puts its answer in their place.

const root = document.getElementById("change");
let turn = 0;

/// Puts the answer's part in place of the old one; what has the focus keeps it.
const put = (html) => {
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = page.getElementById("change");
  if (!fresh) { location.reload(); return; }
  const at = document.activeElement;
  const name = at?.name;
  const value = at?.value;
  const typed = at?.type === "text" ? [at.selectionStart, at.selectionEnd] : null;
  root.replaceChildren(...fresh.childNodes);
  const flashes = (doc) => [...doc.querySelectorAll("main > .a-flash")];
  for (const old of flashes(document)) old.remove();
  const head = document.querySelector("main > .a-head");
  head.after(...flashes(page).map((f) => document.adoptNode(f)));
  if (!name) return;
  const same = [...root.querySelectorAll("input, select, textarea")].filter((e) => e.name === name && e.type !== "hidden");
  const back = same.find((e) => e.type !== "radio" || e.value === value) ?? same[0];
  back?.focus({ preventScroll: true });
  if (typed && back?.setSelectionRange) back.setSelectionRange(...typed);
};

const ask = async (address, options) => {
  const mine = ++turn;
  root.classList.add("busy");
  try {
    const answer = await fetch(address, options);
    if (answer.redirected) { location.assign(answer.url); return null; }
    const html = await answer.text();
    if (mine !== turn) return null;
    put(html);
    return true;
  } catch { return null; } finally { if (mine === turn) root.classList.remove("busy"); }
};

// What was typed in the second form goes along when the first one changes.
const pick = async (form) => {
  const query = new URLSearchParams(new FormData(form));
  const fields = root.querySelector("[data-fields] form");
  if (fields) for (const [name, value] of new FormData(fields)) if (["reason", "teacher", "subject", "room"].includes(name) && value) query.set(name, value);
  const address = `${form.getAttribute("action")}?${query}`;
  if (await ask(address)) history.replaceState(null, "", address);
};

/// Whether enough is filled for a preview to say something.
const whole = (form) => {
  const data = new FormData(form);
  const need = { cancel: ["lesson"], record: ["lesson"], swap: ["lesson", "b"], move: ["lesson", "to_period"], retime: ["lesson", "start", "end"], extra: ["subject"] };
  const op = data.get("op");
  if (op === "substitute") return data.get("lesson") && (data.get("teacher") || data.get("subject") || data.get("room"));
  return (need[op] ?? []).every((name) => data.get(name));
};

const preview = (form) => {
  const body = new URLSearchParams(new FormData(form));
  body.set("do", "preview");
  ask(form.getAttribute("action"), { method: "POST", body });
};

root?.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-pick]")) pick(form);
  else if (form && event.target.name !== "reason" && event.target.name !== "sure" && whole(form)) preview(form);
});
