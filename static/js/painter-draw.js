// Drawing the week: rows, hour labels, ranges, ghosts, tooltip; and the zoom, which keeps what is visible in sight.

import { DAY_S, WEEK, ofDay, showTime } from "./painter-week.js";
import { dayLong, dayShort, el, t } from "./painter-words.js";

const HOUR_LEAST_PX = 8;
const HOUR_MOST_PX = 240;
// On a narrow screen an hour must be wide enough for a finger.
const TOUCH_HOUR_PX = 56;
const SCHOOL = [6, 22];

// Two sheets: fonts of old machines have no sign for copying.
const picture = () => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of [["viewBox", "0 0 20 20"], ["width", "20"], ["height", "20"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  for (const d of ["M7 7h9v10H7z", "M13 4H4v10"]) {
    const path = document.createElementNS(svg.namespaceURI, "path");
    for (const [name, value] of [["d", d], ["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "1.8"]]) path.setAttribute(name, value);
    svg.append(path);
  }
  return svg;
};

export class Board {
  constructor(root, data, keep) {
    this.data = data;
    this.keep = keep;
    this.names = { subjects: new Map(data.subjects), teachers: new Map(data.teachers) };
    this.scroll = el("div", { class: "p-scroll", tabindex: "-1" });
    this.plane = el("div", { class: "p-plane" });
    this.tip = el("div", { class: "p-tip", role: "status", hidden: true });
    this.tracks = new Map();
    const rows = WEEK.map((day) => this.row(day));
    this.plane.append(this.hours(), ...rows, this.hours());
    this.scroll.append(this.plane);
    const legend = data.ghosts.lessons.length === 0 ? "" : el("p", { class: "p-legend" }, t(
      `斜纹：课表里在这间教室上的课（${data.ghosts.from} 至 ${data.ghosts.to}）。有课时录课，不录这里的时间段。`,
      `Hatched: lessons of the timetable in this room (${data.ghosts.from} to ${data.ghosts.to}). Where one is recorded, the range gives way.`));
    root.append(this.scroll, this.tip, legend);
    this.zoom = keep.zoom ?? (matchMedia("(max-width: 900px)").matches ? "finger" : "day");
    new ResizeObserver(() => this.fit()).observe(this.scroll);
    this.scroll.addEventListener("scroll", () => this.remember(), { passive: true });
  }

  row(day) {
    const track = el("div", { class: "p-track", "data-day": day, role: "group", "aria-label": dayLong(day) });
    this.tracks.set(day, track);
    const copy = el("button", {
      type: "button", class: "p-icon", "data-act": "copy", "data-day": day,
      title: t("复制这一天到其他天", "Copy this day to other days"), "aria-label": t(`复制${dayLong(day)}`, `Copy ${dayLong(day)}`),
    }, picture());
    return el("div", { class: "p-row", "data-row": day },
      el("button", { type: "button", class: "p-name", "data-act": "day", "data-day": day, "aria-pressed": "false", title: dayLong(day) }, dayShort(day)), track, copy);
  }

  hours() {
    const labels = Array.from({ length: 25 }, (_, hour) => el("button", {
      type: "button", class: "p-hour", "data-act": "hour", "data-hour": hour, tabindex: "-1",
      title: t("选中的时间段从这个整点开始", "The selected range begins at this hour"),
      style: `left:${(hour / 24) * 100}%`,
    }, String(hour)));
    return el("div", { class: "p-row p-hours" }, el("span", { class: "p-name" }), el("div", { class: "p-scale" }, labels), el("span", { class: "p-icon" }));
  }

  // All ranges anew; the focus stays on the range it was on.
  draw(state) {
    const focused = document.activeElement?.dataset?.range;
    for (const [day, track] of this.tracks) {
      const ghosts = this.data.ghosts.lessons.filter((g) => g.weekday === day).map((g) => this.ghost(g));
      const bars = ofDay(state.ranges, day).map((r) => this.bar(r, state));
      track.replaceChildren(...ghosts, ...bars);
      const name = track.parentElement.querySelector(".p-name");
      name.setAttribute("aria-pressed", String(day === state.day));
      track.parentElement.classList.toggle("on", day === state.day);
    }
    if (focused) this.bar_of(focused)?.focus({ preventScroll: true });
  }

  bar(range, state) {
    const subject = this.names.subjects.get(range.subject) ?? "?";
    const teacher = this.names.teachers.get(range.teacher) ?? "";
    const times = `${showTime(range.start)}–${showTime(range.end)}`;
    const selected = range.key === state.selected;
    const bar = el("div", {
      class: `p-range tone${range.subject % 8}${selected ? " on" : ""}${state.wrong.has(range.key) ? " bad" : ""}${range.id === null ? " new" : ""}`,
      role: "button", tabindex: "0", "data-range": range.key, "data-day": range.weekday,
      "data-start": range.start, "data-end": range.end, "aria-pressed": String(selected),
      "aria-label": `${dayLong(range.weekday)} ${subject} ${times} ${teacher}`, title: `${times}\n${subject} ${teacher}`,
    }, el("span", { class: "p-handle start", "data-edge": "start" }), el("span", { class: "p-text" }, el("b", {}, subject), " ", el("small", {}, times)), el("span", { class: "p-handle end", "data-edge": "end" }));
    this.lay(bar, range);
    return bar;
  }

  ghost(ghost) {
    const node = el("div", { class: `p-ghost${ghost.recorded ? "" : " off"}`, "data-ghost": "", title: `${showTime(ghost.start_s)}–${showTime(ghost.end_s)} ${ghost.label}` }, el("span", {}, ghost.label));
    this.lay(node, { start: ghost.start_s, end: ghost.end_s });
    return node;
  }

  lay(node, { start, end }) {
    node.style.left = `${(start / DAY_S) * 100}%`;
    node.style.width = `${((end - start) / DAY_S) * 100}%`;
  }

  // A bar that is not (yet) a range: what is being drawn or dragged.
  sketch(weekday, place) {
    this.rub();
    this.pencil = el("div", { class: `p-sketch${place.blocked ? " blocked" : ""}` });
    this.lay(this.pencil, place);
    this.tracks.get(weekday).append(this.pencil);
  }

  rub() { this.pencil?.remove(); this.pencil = null; this.tip.hidden = true; }

  // Times beside the pointer, kept inside the window.
  say(text, x, y, bad) {
    this.tip.textContent = text;
    this.tip.classList.toggle("bad", bad);
    this.tip.hidden = false;
    const width = this.tip.offsetWidth;
    this.tip.style.left = `${Math.min(innerWidth - width - 6, Math.max(6, x - width / 2))}px`;
    this.tip.style.top = `${Math.max(6, y - 52)}px`;
  }

  bar_of(key) { return this.plane.querySelector(`[data-range="${key}"]`); }

  // Seconds after midnight at a window position, unrounded.
  second(weekday, x) {
    const box = this.tracks.get(weekday).getBoundingClientRect();
    return ((x - box.left) / box.width) * DAY_S;
  }

  // Which day lies at a window height: the nearest one.
  day_at(y) {
    let best = WEEK[0], least = Infinity;
    for (const [day, track] of this.tracks) {
      const box = track.getBoundingClientRect();
      const off = Math.abs(y - (box.top + box.bottom) / 2);
      if (off < least) [best, least] = [day, off];
    }
    return best;
  }

  // Width of the seen part of a track, without name and copy column.
  seen() {
    const row = this.plane.querySelector(".p-row:not(.p-hours)");
    const edges = row.querySelector(".p-name").offsetWidth + row.querySelector(".p-icon").offsetWidth;
    return Math.max(80, this.scroll.clientWidth - edges - 12);
  }

  hour_px() {
    const seen = this.seen();
    if (this.zoom === "day") return seen / 24;
    if (this.zoom === "school") return seen / (SCHOOL[1] - SCHOOL[0]);
    if (this.zoom === "finger") return Math.max(TOUCH_HOUR_PX, seen / 24);
    return Math.min(HOUR_MOST_PX, Math.max(HOUR_LEAST_PX, seen / 24, this.zoom));
  }

  // Sets the width by the zoom, and brings back the hour that stood at the left edge.
  fit() {
    const px = this.hour_px();
    this.quiet = true;
    this.plane.style.setProperty("--p-day", `${px * 24}px`);
    this.plane.classList.toggle("tight", px < 46);
    this.plane.classList.toggle("tighter", px < 13);
    const first = this.zoom === "day" ? 0 : this.keep.hour ?? SCHOOL[0] + 1;
    this.scroll.scrollLeft = first * px;
    requestAnimationFrame(() => { this.quiet = false; });
  }

  remember() {
    if (this.quiet) return;
    this.keep.hour = this.scroll.scrollLeft / this.hour_px();
    this.keep.save();
  }

  // zoom = "day", "school", or a factor on what is shown now; the middle stays where it is.
  show(zoom) {
    const before = this.hour_px();
    const half = this.seen() / 2;
    const middle = (this.scroll.scrollLeft + half) / before;
    this.zoom = typeof zoom === "number" ? Math.min(HOUR_MOST_PX, Math.max(HOUR_LEAST_PX, before * zoom)) : zoom;
    if (this.zoom === "school") this.keep.hour = SCHOOL[0];
    else this.keep.hour = Math.max(0, middle - half / this.hour_px());
    this.keep.zoom = this.zoom;
    this.keep.save();
    this.fit();
  }

  // Brings a range into the seen part.
  reveal(range) {
    const px = this.hour_px();
    const [left, right] = [(range.start / 3600) * px, (range.end / 3600) * px];
    if (left < this.scroll.scrollLeft) this.scroll.scrollLeft = Math.max(0, left - 12);
    else if (right > this.scroll.scrollLeft + this.seen()) this.scroll.scrollLeft = right - this.seen() + 12;
  }
}
