// 今日课程, live: cells change where they stand; a lesson opens beside the board. Without this script every cell is a
// link to a page and the board is renewed by hand.

const byId = (id) => document.getElementById(id);
let board = byId("board");
const panel = byId("t-panel");
const inside = panel?.querySelector("[data-panel]");
let shown = null;

// ---- the panel
const fill = async (href) => {
  const answer = await fetch(`${href}&part=1`, { headers: { accept: "text/html" } });
  if (answer.redirected || !answer.ok) throw new Error(`status ${answer.status}`);
  inside.innerHTML = await answer.text();
};

document.addEventListener("click", async (event) => {
  const cell = event.target.closest("a.t-cell");
  if (!cell || !panel || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  try {
    await fill(cell.href);
    shown = cell.dataset.cell;
    if (!panel.open) panel.showModal();
    panel.scrollTop = 0;
  } catch { location.assign(cell.href); }
});
panel?.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
panel?.addEventListener("close", () => {
  const cell = shown && [...cells(shown)].find((c) => c.offsetParent !== null);
  shown = null;
  cell?.focus();
});

// The date is chosen at once; the button stays for keyboards and for those without scripts.
document.querySelector("[data-pick]")?.addEventListener("change", (event) => event.currentTarget.submit());

// ---- the board
const cells = (id) => board.querySelectorAll(`[data-cell="${CSS.escape(id)}"]`);

const say = (which) => {
  const note = board.querySelector("[data-note]");
  note.hidden = !which;
  if (which) note.querySelector("span").textContent = board.dataset[which];
  board.classList.toggle("lost", Boolean(which));
};

const put = (cell) => {
  let changed = false;
  for (const place of cells(cell.id)) {
    const word = place.querySelector("[data-word]");
    if (place.dataset.tone === cell.tone && word.textContent === cell.word) continue;
    place.classList.remove(place.dataset.tone, "fresh");
    place.classList.add(cell.tone);
    place.dataset.tone = cell.tone;
    word.textContent = cell.word;
    place.title = cell.cause;
    void place.offsetWidth;
    place.classList.add("fresh");
    changed = true;
  }
  return changed;
};

// Folded periods of a narrow screen say how many of them are missing.
const missing = () => {
  for (const part of board.querySelectorAll(".t-part")) {
    const n = part.querySelectorAll(".t-cell.bad").length;
    const place = part.querySelector("[data-bad]");
    place.hidden = n === 0;
    place.textContent = `${place.dataset.bad} ${n}`;
  }
};

const sums = (data) => {
  for (const name of ["due", "recording", "recorded", "missing", "told"]) {
    const place = board.querySelector(`[data-sum="${name}"]`);
    if (place) place.textContent = data[name];
  }
  const lacking = board.querySelector('[data-sum="lacking"]');
  if (lacking) {
    lacking.hidden = !data.lacking;
    lacking.textContent = lacking.dataset.before + data.lacking;
  }
  board.querySelector("[data-missing]")?.classList.toggle("none", data.missing === 0);
};

const take = (event) => {
  heard();
  say("");
  const data = JSON.parse(event.data);
  const changed = data.cells.filter(put).map((cell) => cell.id);
  sums(data);
  if (changed.length > 0) missing();
  if (shown && changed.includes(shown)) fill([...cells(shown)][0].href).catch(() => {});
};

// Lessons came, went or moved: the board is read again, scroll and panel stay.
const again = async () => {
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.redirected || !answer.ok) throw new Error(`status ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("board");
    if (!fresh) throw new Error("no board");
    const day = page.querySelector(".t-bar");
    board.replaceWith(fresh);
    document.querySelector(".t-bar")?.replaceWith(day);
    board = fresh;
    listen();
  } catch {
    say("lost");
    setTimeout(again, 5000);
  }
};

let source = null;
let timer = 0;
// A beat comes every 15 s; a line that is silent for three of them is dead, whatever the browser believes.
const heard = () => {
  clearTimeout(timer);
  timer = setTimeout(() => { say("lost"); listen(); }, 48000);
};

function listen() {
  source?.close();
  clearTimeout(timer);
  if (!board?.dataset.events) return;
  source = new EventSource(board.dataset.events);
  const own = source;
  heard();
  own.addEventListener("board", take);
  own.addEventListener("cells", take);
  own.addEventListener("beat", () => { heard(); if (!board.dataset.isStale) say(""); });
  own.addEventListener("stale", () => { heard(); say("stale"); });
  own.addEventListener("layout", () => { heard(); own.close(); again(); });
  own.addEventListener("bye", () => { own.close(); clearTimeout(timer); say("bye"); });
  own.addEventListener("error", () => {
    if (own !== source) return;
    say("lost");
    if (own.readyState !== EventSource.CLOSED) return;
    // Refused, not cut: signed out, or too many boards. Ask once why.
    clearTimeout(timer);
    fetch(board.dataset.events, { method: "HEAD" }).then((answer) => {
      if (answer.redirected || answer.status === 401 || answer.status === 403) say("bye");
      else if (answer.status === 503) say("full");
    }).catch(() => {}).finally(() => { timer = setTimeout(listen, 15000); });
  });
}

if (board) listen();
window.addEventListener("pagehide", () => source?.close());
window.addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
