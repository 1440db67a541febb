// The free-time painter of a channel's week (R-SCH-01…11). The page works without it: its forms stay below <noscript>.
//
// For tests: buttons carry data-act = add | edit | remove | clear | copy (with data-day) | day | hour (with data-hour) |
// undo | redo | save | discard | zoom-day | zoom-school | zoom-in | zoom-out. Ranges: data-range (key), data-day, data-start,
// data-end. Tracks: .p-track[data-day]. Lessons of the timetable: [data-ghost]. Dialogs: dialog.p-dialog with data-answer =
// ok | cancel | remove, fields named weekday start end subject teacher | to | what | clash0…; the state line is
// [data-say], the root [data-painter] has data-dirty = the number of unsaved changes and data-ready when it works.

import { Board } from "./painter-draw.js";
import { Pointer } from "./painter-drag.js";
import { clearWhat, copyTo, exact } from "./painter-dialog.js";
import { Store } from "./painter-save.js";
import { DAY_S, History, USUAL_S, WEEK, added, changed, clash, copied, fromWire, gapAt, inOrder, ofDay, pending, placed, resized, suggested, without } from "./painter-week.js";
import { OVERLAP, dayLong, el, t } from "./painter-words.js";

// What is remembered of this user's view.
class Keep {
  constructor(name) {
    this.name = name;
    try { Object.assign(this, JSON.parse(localStorage.getItem(name) ?? "{}"), { name }); } catch { /* begins anew */ }
  }
  save() { try { localStorage.setItem(this.name, JSON.stringify({ zoom: this.zoom, hour: this.hour })); } catch { /* not kept then */ } }
}

class Painter {
  constructor(root) {
    this.root = root;
    this.data = JSON.parse(root.dataset.painter);
    this.locked = this.data.teachers.length === 0 || this.data.subjects.length === 0;
    this.ranges = this.data.ranges.map(fromWire);
    this.state = { selected: null, day: 1, wrong: new Set() };
    this.history = new History();
    this.line = root.querySelector("[data-say]");
    for (const [name, list] of [["subject", this.data.subjects], ["teacher", this.data.teachers]]) {
      root.querySelector(`[name=${name}]`).replaceChildren(...list.map(([id, text]) => el("option", { value: String(id) }, text)));
    }
    this.store = new Store(root, this.data, this);
    this.board = new Board(root.querySelector("[data-board]"), this.data, new Keep("yunlubo.week.view"));
    new Pointer(this.board, this);
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("keydown", (event) => this.key(event));
    // Wherever the focus is: a button that was just pressed may be disabled by now and have lost it.
    document.addEventListener("keydown", (event) => this.command(event));
    this.board.plane.addEventListener("focusin", (event) => { const bar = event.target.closest(".p-range"); if (bar) this.select(bar.dataset.range); });
    root.addEventListener("change", (event) => { if (event.target.closest("[data-pen]")) this.repaint(event.target); });
    const draft = this.store.draft();
    if (draft) {
      this.ranges = draft.ranges;
      this.say(draft.stale
        ? t("已恢复上次没有保存的修改。之后别人保存过这张录像表，保存时会合并。", "Unsaved changes are back. Somebody has saved since: saving will merge.")
        : t("已恢复上次没有保存的修改。", "Unsaved changes of last time are back."), "info");
    }
    if (this.locked) this.say(t("还没有教师或科目：请先在 教学管理 中添加，才能画时间段。", "There is no teacher or subject yet: add them under Teaching first."), "bad");
    else if (this.ranges.length === 0 && !draft) this.say(t("这一周还没有时间段：在空白处拖动即可画出，或按“添加”。", "No ranges yet: drag on an empty place, or press Add."), "info");
    this.draw();
    root.dataset.ready = "";
  }

  dirty() { const p = pending(this.store.base, this.ranges); return p.upserts.length + p.removed.length; }
  range(key) { return this.ranges.find((r) => r.key === key) ?? null; }
  get chosen() { return this.range(this.state.selected); }

  say(text, tone = "") {
    this.line.textContent = text;
    this.line.className = `p-say ${tone}`;
  }

  select(key) {
    if (this.state.selected === key) return;
    this.state.selected = key;
    const range = this.chosen;
    if (range) this.state.day = range.weekday;
    for (const bar of this.board.plane.querySelectorAll(".p-range")) {
      bar.classList.toggle("on", bar.dataset.range === key);
      bar.setAttribute("aria-pressed", String(bar.dataset.range === key));
    }
    this.tools();
  }

  pick(day) { this.state.day = day; this.select(null); this.tools(); }

  // Every change of the week comes through here.
  put(ranges, fresh = false) {
    if (fresh) { this.history = new History(); this.keep_selected(ranges); } else this.history.note(this.ranges);
    this.ranges = ranges;
    this.state.wrong = new Set();
    if (this.state.selected && !this.chosen) this.state.selected = null;
    this.draw();
    this.store.keep();
  }

  // A saved range has a new key: what was selected stays selected.
  keep_selected(ranges) {
    const was = this.chosen;
    const now = was && ranges.find((r) => r.weekday === was.weekday && r.start === was.start && r.end === was.end);
    const focused = document.activeElement?.dataset?.range === was?.key;
    this.state.selected = now?.key ?? null;
    if (now && focused) requestAnimationFrame(() => this.board.bar_of(now.key)?.focus({ preventScroll: true }));
  }

  draw() { this.board.draw(this.state_now()); this.tools(); }
  state_now() { return { ranges: this.ranges, ...this.state }; }

  tools() {
    const { root } = this;
    const n = this.dirty();
    root.dataset.dirty = n;
    const set = (act, off) => { for (const b of root.querySelectorAll(`[data-act="${act}"]`)) b.disabled = off; };
    set("add", this.locked); set("edit", !this.chosen); set("remove", !this.chosen); set("clear", this.ranges.length === 0);
    set("undo", this.history.past.length === 0); set("redo", this.history.future.length === 0);
    set("save", n === 0 || this.busy); set("discard", n === 0 || this.busy);
    root.querySelector("[data-count]").textContent = n === 0 ? t("没有未保存的修改", "Nothing to save") : t(`${n} 处修改未保存`, `${n} unsaved`);
    root.querySelector("[data-count]").classList.toggle("on", n > 0);
    const [subject, teacher] = [root.querySelector("[name=subject]"), root.querySelector("[name=teacher]")];
    if (this.chosen) { subject.value = String(this.chosen.subject); teacher.value = String(this.chosen.teacher); }
    for (const name of root.querySelectorAll(".p-row[data-row]")) {
      const on = Number(name.dataset.row) === this.state.day;
      name.classList.toggle("on", on);
      name.querySelector(".p-name").setAttribute("aria-pressed", String(on));
    }
  }

  pen() { return { subject: Number(this.root.querySelector("[name=subject]").value), teacher: Number(this.root.querySelector("[name=teacher]").value) }; }

  // The pen's subject or teacher changes the selected range too.
  repaint(control) {
    const range = this.chosen;
    if (range) this.change(range.key, { [control.name]: Number(control.value) });
  }

  full() {
    if (this.ranges.length < this.data.limit) return false;
    this.say(t(`一个通道最多 ${this.data.limit} 个时间段，请先删除一些。`, `At most ${this.data.limit} ranges a channel: remove some first.`), "bad");
    return true;
  }

  add(place) {
    if (this.full()) return;
    const { ranges, key } = added(this.ranges, { ...place, ...this.pen() });
    this.state.day = place.weekday;
    this.state.selected = key;
    this.put(ranges);
    this.board.bar_of(key)?.focus({ preventScroll: true });
    this.board.reveal(place);
    this.say("");
  }

  add_usual() {
    const place = suggested(this.ranges, this.state.day);
    if (place) this.add(place);
    else this.say(t("这一天已经排满。", "That day is full."), "bad");
  }

  hour_from(weekday, at) {
    const gap = gapAt(this.ranges, weekday, at) ?? gapAt(this.ranges, weekday, at + 1800);
    if (!gap) return;
    const start = Math.max(gap[0], at);
    this.add({ weekday, start, end: Math.min(gap[1], start + USUAL_S) });
  }

  change(key, change) {
    const range = { ...this.range(key), ...change };
    if (clash(this.ranges, range)) { this.say(OVERLAP, "bad"); return; }
    this.state.day = range.weekday;
    this.put(changed(this.ranges, key, change));
    this.say("");
  }

  remove(key) {
    const list = inOrder(this.ranges);
    const at = list.findIndex((r) => r.key === key);
    this.put(without(this.ranges, [key]));
    const next = inOrder(this.ranges)[Math.min(at, this.ranges.length - 1)];
    // Where nothing is left the keyboard stays on that day.
    const seat = next ? this.board.bar_of(next.key) : this.root.querySelector(`[data-act="day"][data-day="${this.state.day}"]`);
    seat?.focus({ preventScroll: true });
    this.say(t("已删除，按“全部保存”后生效。", "Removed; takes effect with Save all."));
  }

  async open(key) {
    const range = this.range(key);
    if (!range || this.locked) return;
    const answer = await exact(this.data, this.ranges, range);
    if (answer === "remove") this.remove(key);
    else if (answer) this.change(key, answer);
    this.board.bar_of(key)?.focus({ preventScroll: true });
  }

  async copy(day) {
    if (ofDay(this.ranges, day).length === 0) { this.say(t(`${dayLong(day)}还没有时间段，没有可复制的。`, `${dayLong(day)} has no ranges to copy.`), "bad"); return; }
    const days = await copyTo(this.ranges, day);
    if (!days) return;
    const ranges = copied(this.ranges, day, days);
    if (ranges.length > this.data.limit) { this.say(t(`复制后会超过一个通道 ${this.data.limit} 个时间段的上限。`, `That would exceed the limit of ${this.data.limit} ranges.`), "bad"); return; }
    this.put(ranges);
    this.say(t(`已复制到 ${days.length} 天，按“全部保存”后生效。`, `Copied to ${days.length} day(s); takes effect with Save all.`));
  }

  async clear() {
    const days = await clearWhat(this.ranges, this.state.day);
    if (!days) return;
    this.put(this.ranges.filter((r) => !days.includes(r.weekday)));
    this.say(t("已清空，按“全部保存”后生效；可以撤销。", "Removed; takes effect with Save all, and can be undone."));
  }

  // A click on the number of an hour: the selected range begins there and keeps its length (R-SCH-01).
  jump(hour) {
    const range = this.chosen;
    if (!range) { this.say(t("请先选中一个时间段，再点小时数。", "Select a range first, then an hour."), "info"); return; }
    const start = hour * 3600;
    const end = start + range.end - range.start;
    if (end > DAY_S) { this.say(t("这样会超过 24:00，没有移动。", "That would go beyond 24:00."), "bad"); return; }
    this.change(range.key, { start, end });
  }

  async save() {
    if (this.busy || this.dirty() === 0) return;
    this.busy = true;
    this.say(t("正在保存…", "Saving…"));
    this.tools();
    const result = await this.store.save();
    this.busy = false;
    this.state.wrong = new Set(result.wrong ?? []);
    this.draw();
    this.say(result.text, result.ok ? "ok" : "bad");
  }

  discard() {
    this.store.drop();
    this.put(this.store.base);
    this.say(t("已放弃未保存的修改；可以撤销。", "Unsaved changes were dropped; this can be undone."));
  }

  travel(way) {
    const ranges = this.history[way](this.ranges);
    if (!ranges) return;
    this.ranges = ranges;
    if (!this.chosen) this.state.selected = null;
    this.draw();
    this.store.keep();
  }

  click(event) {
    const button = event.target.closest("[data-act]");
    if (!button || button.disabled) return;
    const { act, day, hour } = button.dataset;
    const acts = {
      add: () => this.add_usual(), edit: () => this.open(this.state.selected), remove: () => this.remove(this.state.selected),
      clear: () => this.clear(), copy: () => this.copy(Number(day)), day: () => this.pick(Number(day)), hour: () => this.jump(Number(hour)),
      undo: () => this.travel("undo"), redo: () => this.travel("redo"), save: () => this.save(), discard: () => this.discard(),
      "zoom-day": () => this.board.show("day"), "zoom-school": () => this.board.show("school"), "zoom-in": () => this.board.show(1.5), "zoom-out": () => this.board.show(1 / 1.5),
    };
    acts[act]?.();
  }

  command(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
    const letter = event.key.toLowerCase();
    const does = { z: () => this.travel(event.shiftKey ? "redo" : "undo"), y: () => this.travel("redo"), s: () => this.save() }[letter];
    if (!does) return;
    event.preventDefault();
    does();
  }

  key(event) {
    const ctrl = event.ctrlKey || event.metaKey;
    const bar = event.target.closest(".p-range");
    if (!bar || this.locked) return;
    const range = this.range(bar.dataset.range);
    const by = (ctrl ? 60 : 300) * ({ ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0);
    const down = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
    if (by !== 0 && event.shiftKey) this.stretch(range, by);
    else if (by !== 0) this.shift(range, range.weekday, range.start + by);
    else if (down !== 0) { const to = WEEK[WEEK.indexOf(range.weekday) + down]; if (to !== undefined) this.shift(range, to, range.start); }
    else if (event.key === "Delete" || event.key === "Backspace") this.remove(range.key);
    else if (event.key === "Enter") this.open(range.key);
    else if (event.key === " ") this.select(range.key);
    else return;
    event.preventDefault();
  }

  shift(range, weekday, start) {
    const place = placed(this.ranges, weekday, start, range.end - range.start, range.key);
    if (!place) { this.say(OVERLAP, "bad"); return; }
    // A neighbour stops it, it does not hop over.
    const hops = weekday === range.weekday && Math.abs(place.start - range.start) > Math.abs(start - range.start);
    if (hops || (place.start === range.start && weekday === range.weekday)) { this.say(t("已到相邻时间段或一天的边界。", "The neighbour or the day's edge is here."), "info"); return; }
    this.change(range.key, { weekday, start: place.start, end: place.end });
    this.board.reveal(place);
  }

  stretch(range, by) {
    const { start, end } = resized(this.ranges, range, "end", range.end + by);
    if (end !== range.end) this.change(range.key, { start, end });
  }
}

for (const root of document.querySelectorAll("[data-painter]")) new Painter(root);
