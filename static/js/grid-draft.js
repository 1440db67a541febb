// The draft: saved on the site a moment after each change, and in this browser when the site cannot be reached.
import { choose } from './grid-ask.js';
import { wire } from './grid-core.js';
import { Refused, get, post } from './grid-net.js';
import { hourMinute, t } from './grid-words.js';

const QUIET_MS = 1200; // a change is saved when nothing has happened for so long
const RETRY_MS = 5000; // and after a failure again so often

export class Draft {
  constructor(app, place) {
    Object.assign(this, { app, place });
    this.timer = 0;
    this.busy = null;
    this.dirty = false;
    this.seenMs = 0; // when the site's copy was saved, as far as this page knows
    addEventListener('beforeunload', (event) => { if (this.dirty) { this.keep(); event.preventDefault(); } });
    addEventListener('pagehide', () => { if (this.dirty) this.keep(); });
    addEventListener('online', () => { if (this.dirty) this.save(); });
  }

  static key(app) {
    return `yl-grid ${app.school} ${app.root.dataset.user}`;
  }

  /** What this browser kept when the site could not be reached. */
  static kept(app) {
    try {
      return JSON.parse(localStorage.getItem(Draft.key(app)) ?? 'null');
    } catch {
      return null;
    }
  }

  /** Which draft counts: what this browser kept, or what the site has. Asks when neither was made from the other. */
  static async chosen(app, onSite) {
    const kept = Draft.kept(app);
    if (!kept || !onSite || onSite.saved_at_ms === kept.seen_ms) return kept;
    const [here, there] = [hourMinute(kept.at_ms), hourMinute(onSite.saved_at_ms)];
    const answer = await choose(t('有两份草稿', 'There are two drafts'), [
      t(`这个浏览器里有 ${here} 没有存到网站的改动，网站上另有一份 ${there} 的草稿。用哪一份？`, `This browser kept changes of ${here} that did not reach the site; the site has another draft of ${there}. Which one?`)],
    [{ value: 'here', label: t(`浏览器里的（${here}）`, `This browser's (${here})`), kind: 'main' }, { value: 'there', label: t(`网站上的（${there}）`, `The site's (${there})`) }], 'drafts');
    return answer === 'here' ? kept : null;
  }

  keep() {
    const { app } = this;
    try {
      localStorage.setItem(Draft.key(app), JSON.stringify({ base_no: app.baseNo, seen_ms: this.seenMs, at_ms: Date.now(), cells: [...app.plan.cells()].map(wire) }));
    } catch { /* full or forbidden: the page itself still holds everything */ }
  }

  forget() {
    try {
      localStorage.removeItem(Draft.key(this.app));
    } catch { /* there was none */ }
  }

  say(tone, text) {
    this.place.textContent = text;
    this.place.className = `g-saved ${tone}`;
  }

  changed() {
    this.dirty = true;
    this.say('', t('正在保存草稿…', 'Saving the draft…'));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), QUIET_MS);
  }

  /** Saves now; waits for a save that is under way. */
  async save() {
    clearTimeout(this.timer);
    if (this.busy) await this.busy;
    if (!this.dirty) return true;
    this.busy = this.#send();
    const saved = await this.busy;
    this.busy = null;
    return saved;
  }

  async #send() {
    const { app } = this;
    const cells = [...app.plan.cells()].map(wire);
    const isSame = app.changedCount() === 0;
    const slots = new Map(app.plan.slots);
    this.dirty = false;
    try {
      const body = { school: app.school, seen_ms: this.seenMs, ...(isSame ? { discard: true } : { base_no: app.baseNo, cells }) };
      const answer = await post('/admin/timetable/draft', app.csrf, body);
      this.forget();
      app.synced = slots;
      this.seenMs = isSame ? 0 : answer.saved_at_ms;
      this.say(isSame ? '' : 'ok', isSame ? t('没有未发布的改动', 'Nothing unpublished') : t(`草稿已保存 ${hourMinute(answer.saved_at_ms)}`, `Draft saved ${hourMinute(answer.saved_at_ms)}`));
      return true;
    } catch (error) {
      if (error instanceof Refused && error.body.field === 'seen_ms') return this.#joinOther();
      return this.#failed(error);
    }
  }

  /** The same account has saved in another window: both are put together, and that is saved. */
  async #joinOther() {
    try {
      this.app.join(await get(`/admin/timetable/data?school=${this.app.school}`));
      return true;
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error) {
    this.dirty = true;
    this.keep();
    const why = error instanceof Refused ? error.message : String(error);
    this.say('bad', t(`草稿还没有存到网站：${why}（已留在本浏览器）`, `The draft is not on the site yet: ${why} (kept in this browser)`));
    this.timer = setTimeout(() => this.save(), RETRY_MS);
    return false;
  }

  async discard() {
    clearTimeout(this.timer);
    if (this.busy) await this.busy;
    this.dirty = false;
    this.forget();
    await post('/admin/timetable/draft', this.app.csrf, { school: this.app.school, discard: true });
  }
}
