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

// The date is chosen at once; the button stays for keyboards and for those without scripts. The bar may be replaced.
document.addEventListener("change", (event) => event.target.closest("[data-pick]")?.submit());

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
    // The same state for another reason: an open panel must say the new one.
    if (place.title !== cell.cause) { place.title = cell.cause; changed = true; }
    if (place.dataset.tone === cell.tone && word.textContent === cell.word) continue;
    place.classList.remove(place.dataset.tone, "fresh");
    place.classList.add(cell.tone);
    place.dataset.tone = cell.tone;
    word.textContent = cell.word;
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
  for (const name of ["due", "later", "recording", "coming", "recorded", "missing", "told"]) {
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

// What to look at first; drawn anew only when it differs, so that a link keeps its focus.
const troubles = (list) => {
  const place = board.querySelector("[data-troubles]");
  const make = (name, text, className) => Object.assign(document.createElement(name), { textContent: text ?? "", className: className ?? "" });
  const line = (t) => {
    const li = make("li", "", t.tone);
    const sign = make("i", "", "t-sign");
    sign.ariaHidden = "true";
    const said = make("span");
    said.append(make("b", t.what), " ", make("em", t.lessons), " ", make("span", t.cause));
    const link = make("a", t.button, "a-btn small");
    link.href = t.href;
    li.append(sign, said, link);
    return li;
  };
  const fresh = list.map(line);
  if (place.innerHTML !== fresh.map((li) => li.outerHTML).join("")) place.replaceChildren(...fresh);
  place.hidden = list.length === 0;
};

let isStale = false;
const take = (event) => {
  heard();
  isStale = false;
  say("");
  const data = JSON.parse(event.data);
  const changed = data.cells.filter(put).map((cell) => cell.id);
  sums(data);
  troubles(data.troubles);
  if (changed.length > 0) missing();
  if (shown && changed.includes(shown)) fill([...cells(shown)][0].href).catch(() => {});
};

// Lessons came, went or moved, or the date has turned: the board is read again, scroll and panel stay. A page left open
// over night goes on with the new day, whichever way its date was chosen. Not twice within two seconds: the page and the
// stream are read one after the other and may differ for a moment.
const PACE_MS = 2000;
let readAt = -PACE_MS;
const again = async () => {
  const wait = readAt + PACE_MS - performance.now();
  if (wait > 0) { setTimeout(again, wait); return; }
  readAt = performance.now();
  const read = async (href) => {
    const answer = await fetch(href, { headers: { accept: "text/html" } });
    if (answer.redirected || !answer.ok) throw new Error(`status ${answer.status}`);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };
  try {
    let page = await read(location.href);
    if (!page.getElementById("board")) throw new Error("no board");
    if (!page.getElementById("board").dataset.events) {
      const today = page.querySelector("[data-today]").getAttribute("href");
      page = await read(today);
      history.replaceState(null, "", today);
    }
    const fresh = page.getElementById("board");
    const day = page.querySelector(".t-bar");
    board.replaceWith(fresh);
    document.querySelector(".t-bar").replaceWith(day);
    board = fresh;
    if (shown && panel.open) {
      const cell = cells(shown)[0];
      if (cell) fill(cell.href).catch(() => {});
      else panel.close();
    }
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
  own.addEventListener("beat", () => { heard(); say(isStale ? "stale" : ""); });
  own.addEventListener("stale", () => { heard(); isStale = true; say("stale"); });
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
