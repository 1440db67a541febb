// 全部保存, the draft kept in this browser, and whether the gatherer has it.

import { fromWire, pending, rebased, showTime } from "./painter-week.js";
import { choose, othersLines } from "./painter-dialog.js";
import { ask, dayShort, t, trouble } from "./painter-words.js";

// Drafts older than this are not offered any more.
const DRAFT_MS = 30 * 86_400_000;
const TOLD_EVERY_MS = 2_000;
// The gatherer is asked about for this long after a save; then the page's reload says it.
const TOLD_TIMES = 30;

export class Store {
  constructor(root, data, painter) {
    Object.assign(this, { root, data, painter, path: root.dataset.path, csrf: root.dataset.csrf });
    this.rev = data.rev;
    this.seen = data.ranges;
    this.name = `yunlubo.week.${data.channel}`;
    this.badge = document.querySelector("[data-told]");
    this.note = document.querySelector("[data-told-note]");
    addEventListener("beforeunload", (event) => { if (painter.dirty()) { this.keep(); event.preventDefault(); } });
  }

  get base() { return this.seen.map(fromWire); }

  // What is not saved yet survives a closed tab, per channel and revision.
  keep() {
    try {
      if (!this.painter.dirty()) { localStorage.removeItem(this.name); return; }
      const draft = { rev: this.rev, seen: this.seen, ranges: this.painter.ranges, at: Date.now() };
      localStorage.setItem(this.name, JSON.stringify(draft));
    } catch { /* private windows may refuse: then there is no draft */ }
  }

  // A draft of this browser: its week, and whether somebody saved since.
  draft() {
    try {
      const draft = JSON.parse(localStorage.getItem(this.name) ?? "null");
      if (!draft || Date.now() - draft.at > DRAFT_MS || !Array.isArray(draft.ranges) || !Array.isArray(draft.seen)) return null;
      const stale = draft.rev !== this.rev;
      this.rev = draft.rev;
      this.seen = draft.seen;
      // New ranges get new keys, so that none is met twice.
      return { ranges: draft.ranges.map((r) => (r.id === null ? { ...r, key: fromWire({ id: 0 }).key } : r)), stale };
    } catch { return null; }
  }

  drop() {
    try { localStorage.removeItem(this.name); } catch { /* nothing was kept */ }
    this.rev = this.data.rev;
    this.seen = this.data.ranges;
  }

  // Gives {ok} or {wrong: keys, text}; a clash is asked about and put into the painter.
  async save() {
    const sent = pending(this.base, this.painter.ranges);
    const { status, body } = await ask(`${this.path}/save`, this.csrf, { rev: this.rev, seen: this.seen, upserts: sent.upserts, removed: sent.removed });
    if (status === 200 && body) return this.saved(body);
    if (status === 409 && body) return this.clashed(body, sent);
    if (status === 422 && body) {
      const wrong = body.faults.filter((f) => f.index !== null).map((f) => sent.keys[f.index]);
      return { wrong, text: [body.message, ...new Set(body.faults.map((f) => f.message))].join(" ") };
    }
    return { wrong: [], text: body?.message_zh ? t(body.message_zh, body.message_en) : trouble(status) };
  }

  saved(body) {
    this.rev = this.data.rev = body.rev;
    this.seen = this.data.ranges = body.ranges;
    this.painter.put(this.base, true);
    this.keep();
    this.say_told(body.told);
    this.poll();
    const others = othersLines(this.data, body.others);
    const text = others.length > 0
      ? t(`已保存并下发。期间别人也保存了 ${others.length} 处修改，已合并：${others.join("；")}`, `Saved and sent. Merged with ${others.length} change(s) that somebody else saved meanwhile: ${others.join("; ")}`)
      : t("已全部保存，并已通知采集端。", "All saved; the gatherer has been told.");
    return { ok: true, text };
  }

  async clashed(body, sent) {
    const was = new Map(this.seen.map((r) => [r.id, r]));
    const taken = await choose(this.data, body, sent, was);
    if (!taken) return { wrong: [], text: body.message };
    this.rev = this.data.rev = body.rev;
    this.seen = this.data.ranges = body.ranges;
    const { ranges, moved } = rebased(this.base, sent, taken, body.clashes);
    this.painter.put(ranges, false);
    this.keep();
    const lost = moved.map((r) => `${dayShort(r.weekday)} ${showTime(r.start)}–${showTime(r.end)}`).join(t("、", ", "));
    const note = lost ? t(`您的 ${lost} 与保留下来的重叠，已移到旁边的空位，请核对。`, `Yours at ${lost} overlapped what stays and were laid beside it: check them.`) : "";
    return { wrong: [], text: t(`已按选择合并，尚未保存：请核对后再按“全部保存”。${note}`, `Merged as chosen, not saved yet: look at it, then press Save all. ${note}`) };
  }

  say_told(told) {
    if (!this.badge) return told.tone;
    this.badge.className = `a-badge ${told.tone}`;
    this.badge.textContent = told.word;
    this.note.textContent = told.note;
    return told.tone;
  }

  async poll(times = TOLD_TIMES) {
    clearTimeout(this.timer);
    const { status, body } = await ask(`${this.path}/told`, this.csrf);
    const settled = status === 200 && body && this.say_told(body) === "ok";
    if (!settled && times > 0) this.timer = setTimeout(() => this.poll(times - 1), TOLD_EVERY_MS);
  }
}
