// What scripts add to the admin's pages; every page works without them.

// Esc: closes the drawer and menus, else leaves a question by its way back.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const drawer = document.getElementById("a-drawer");
  const menu = document.querySelector("details.a-menu[open]");
  if (drawer?.checked) drawer.checked = false;
  else if (menu) menu.open = false;
  else if (document.querySelector("form [data-esc]")) document.querySelector("form [data-esc]").click();
});

// A click outside closes the user menu.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.a-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// 全选, and 删除选中 only with something ticked.
for (const form of document.querySelectorAll("form:has(table)")) {
  const all = form.querySelector("[data-all]");
  const ticks = [...form.querySelectorAll("tbody input[type=checkbox][name=id]")];
  const button = form.querySelector("[data-needs-tick]");
  const renew = () => {
    const n = ticks.filter((t) => t.checked).length;
    if (button) button.disabled = n === 0;
    if (all) { all.checked = n > 0 && n === ticks.length; all.indeterminate = n > 0 && n < ticks.length; }
  };
  all?.addEventListener("change", () => { for (const t of ticks) t.checked = all.checked; renew(); });
  for (const t of ticks) t.addEventListener("change", renew);
  renew();
}

// A name must be typed before something is removed; the server checks it again.
for (const button of document.querySelectorAll("[data-must-type]")) {
  const field = button.form?.querySelector("input[name=typed]");
  if (!field) continue;
  const renew = () => { button.disabled = field.value.trim() !== button.dataset.mustType.trim(); };
  field.addEventListener("input", renew);
  renew();
}

// 复制. A site on plain http has no clipboard object: then the old command copies what is marked.
for (const button of document.querySelectorAll("[data-copies]")) {
  const from = document.querySelector(button.dataset.copies);
  const says = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const range = document.createRange();
    range.selectNodeContents(from);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    const copied = navigator.clipboard
      ? await navigator.clipboard.writeText(from.textContent.trim()).then(() => true, () => false)
      : document.execCommand("copy");
    if (!copied) return;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = says; }, 2000);
  });
}

// The true states of channels, every 2 s while the page is seen. A failed poll is said, not hidden.
const table = document.querySelector("table[data-poll]");
if (table) {
  const rows = new Map([...table.querySelectorAll("tr[data-row]")].map((row) => [row.dataset.row, row]));
  const put = (row, name, text) => {
    const place = row.querySelector(`[data-f="${name}"]`);
    if (place && place.textContent !== text) place.textContent = text;
  };
  const show = (state) => {
    const row = rows.get(String(state.id));
    if (!row) return;
    const badge = row.querySelector('[data-f="state"]');
    if (badge) badge.className = `a-badge ${state.tone}`;
    put(row, "state", state.state);
    put(row, "cause", state.cause);
    put(row, "rate", state.rate);
    put(row, "media", state.media);
    for (const button of row.querySelectorAll("[data-b]")) button.hidden = !state.buttons.includes(button.dataset.b);
  };
  const poll = async () => {
    if (!document.hidden && rows.size > 0) {
      try {
        const answer = await fetch(`${table.dataset.poll}?ids=${[...rows.keys()].join(",")}`, { headers: { accept: "application/json" } });
        if (answer.redirected || answer.status === 401 || answer.status === 403) { location.reload(); return; }
        if (answer.ok) { for (const state of await answer.json()) show(state); table.classList.remove("stale"); }
        else table.classList.add("stale");
      } catch { table.classList.add("stale"); }
    }
    setTimeout(poll, 2000);
  };
  setTimeout(poll, 2000);
}
