// Mouse, pen and finger: drawing, moving, resizing. Snap 5 min, with Shift 1 min, with Alt 1 s. A finger that moves at
// once scrolls; one that rests for a moment draws or takes hold.

import { drawn, placed, resized, showTime, snapTo } from "./painter-week.js";

// How long a finger rests before it draws or moves, and how far it may wander meanwhile.
const HOLD_MS = 350;
const WANDER_PX = 8;
// A mouse that moves less than this clicks.
const CLICK_PX = 4;
// Dragging near the edge of a zoomed board scrolls it.
const EDGE_PX = 32;

export const step = (event) => (event.altKey ? 1 : event.shiftKey ? 60 : 300);

const span = (place) => `${showTime(place.start)} – ${showTime(place.end)}`;

export class Pointer {
  // `painter` offers: ranges, range(key), select(key), pick(day), add(place), change(key, change), open(key), locked.
  constructor(board, painter) {
    this.board = board;
    this.painter = painter;
    this.now = null;
    const plane = board.plane;
    plane.addEventListener("pointerdown", (e) => this.down(e));
    plane.addEventListener("pointermove", (e) => this.move(e));
    plane.addEventListener("pointerup", (e) => this.up(e));
    plane.addEventListener("pointercancel", () => this.stop());
    plane.addEventListener("dblclick", (e) => this.twice(e));
    plane.addEventListener("contextmenu", (e) => { if (this.now) e.preventDefault(); });
    // A drag that has begun must not turn into a scroll of the page.
    plane.addEventListener("touchmove", (e) => { if (this.now?.live) e.preventDefault(); }, { passive: false });
    document.addEventListener("keydown", (e) => { if (e.key === "Escape" && this.now?.live) { e.preventDefault(); this.stop(); } });
  }

  down(event) {
    if (event.button !== 0 || this.painter.locked) return;
    const track = event.target.closest(".p-track");
    if (!track) return;
    const bar = event.target.closest(".p-range");
    const edge = event.target.closest("[data-edge]")?.dataset.edge;
    const weekday = Number(track.dataset.day);
    const range = bar ? this.painter.range(bar.dataset.range) : null;
    const touch = event.pointerType === "touch";
    // A finger may be about to scroll: it chooses when it rests or is lifted.
    if (!touch) this.choose(range, weekday);
    const at = this.board.second(weekday, event.clientX);
    this.now = {
      kind: range ? edge ?? "body" : "draw", key: range?.key, weekday, range, from: at, x: event.clientX, y: event.clientY,
      grip: range ? at - (edge === "end" ? range.end : range.start) : 0, touch, id: event.pointerId, live: false, place: null,
    };
    // The pointer is held only once it moves: a held one would take the double click from the range.
    if (!this.now.touch) { event.preventDefault(); this.board.bar_of(range?.key)?.focus({ preventScroll: true }); return; }
    const begun = this.now;
    begun.timer = setTimeout(() => {
      if (this.now !== begun) return;
      begun.live = true;
      this.choose(range, weekday);
      this.hold();
      this.sketch({ clientX: begun.x, clientY: begun.y });
    }, edge ? 0 : HOLD_MS);
  }

  choose(range, weekday) {
    if (range) this.painter.select(range.key);
    else this.painter.pick(weekday);
  }

  hold() { try { this.board.plane.setPointerCapture(this.now.id); } catch { /* the pointer has gone already */ } }

  move(event) {
    const now = this.now;
    if (!now || event.pointerId !== now.id) return;
    const far = Math.hypot(event.clientX - now.x, event.clientY - now.y);
    if (!now.live) {
      if (now.touch) { if (far > WANDER_PX) this.stop(); return; }
      if (far < CLICK_PX) return;
      now.live = true;
      this.hold();
    }
    this.edge_scroll(event);
    this.sketch(event);
  }

  edge_scroll(event) {
    const box = this.board.scroll.getBoundingClientRect();
    if (event.clientX > box.right - EDGE_PX - 36) this.board.scroll.scrollLeft += 8;
    else if (event.clientX < box.left + EDGE_PX + 44) this.board.scroll.scrollLeft -= 8;
  }

  // Where the thing lies now; drawn as a sketch with its times.
  sketch(event) {
    const now = this.now;
    const { ranges } = this.painter;
    const grid = step(event);
    if (now.kind === "draw") {
      const at = (s) => snapTo(s, grid);
      now.place = drawn(ranges, now.weekday, at(now.from), at(this.board.second(now.weekday, event.clientX)));
      if (now.place) now.place.weekday = now.weekday;
    } else if (now.kind === "body") {
      const weekday = this.board.day_at(event.clientY);
      const start = snapTo(this.board.second(weekday, event.clientX) - now.grip, grid);
      const place = placed(ranges, weekday, start, now.range.end - now.range.start, now.key);
      if (place) now.place = { ...place, weekday };
      else if (now.place) now.place.blocked = true;
    } else {
      const wanted = snapTo(this.board.second(now.weekday, event.clientX) - now.grip, grid);
      now.place = { ...resized(ranges, now.range, now.kind, wanted), weekday: now.weekday };
    }
    if (!now.place) return;
    this.board.sketch(now.place.weekday, now.place);
    this.board.bar_of(now.key)?.classList.add("lifted");
    this.board.say(span(now.place), event.clientX, event.clientY, Boolean(now.place.blocked));
  }

  up(event) {
    const now = this.now;
    if (!now || event.pointerId !== now.id) return;
    const place = now.place;
    const done = now.live && place;
    this.stop();
    if (!done) {
      if (now.touch) { this.choose(now.range, now.weekday); this.board.bar_of(now.key)?.focus({ preventScroll: true }); }
      return;
    }
    if (now.kind === "draw") { if (place.ok) this.painter.add({ weekday: place.weekday, start: place.start, end: place.end }); return; }
    const { weekday, start, end } = place;
    const { range } = now;
    if (weekday !== range.weekday || start !== range.start || end !== range.end) this.painter.change(now.key, { weekday, start, end });
  }

  stop() {
    if (!this.now) return;
    clearTimeout(this.now.timer);
    this.board.bar_of(this.now.key)?.classList.remove("lifted");
    this.now = null;
    this.board.rub();
  }

  // On a range: its exact dialog. On an empty place: a range of the usual length there.
  twice(event) {
    if (this.painter.locked) return;
    const bar = event.target.closest(".p-range");
    if (bar) { this.painter.open(bar.dataset.range); return; }
    const track = event.target.closest(".p-track");
    if (!track) return;
    const weekday = Number(track.dataset.day);
    const at = Math.floor(this.board.second(weekday, event.clientX) / 1800) * 1800;
    this.painter.hour_from(weekday, at);
  }
}
