// Mouse, pen and finger. A mouse drags at once: a lesson moves (Alt copies), an empty place draws a marquee. A finger
// taps to select and holds to drag, so that the page still scrolls; what a held finger drops is a copy, and one tap
// makes it a move.
import { place } from './grid-view.js';
import { h, t } from './grid-words.js';

const SLOP_PX = 5; // a hand that only clicks moves less
const HOLD_MS = 380; // as phones do for a long press
const EDGE_PX = 44; // near the edge of the grid's box the grid scrolls
const SCROLL_PX = 14; // per frame

export class Drag {
  constructor(app) {
    this.app = app;
    this.state = null;
    const { root } = app;
    root.addEventListener('pointerdown', (event) => this.#down(event));
    document.addEventListener('pointermove', (event) => this.#move(event));
    document.addEventListener('pointerup', (event) => this.#up(event));
    document.addEventListener('pointercancel', () => this.cancel());
    // A held finger drags: then the page must stay where it is.
    root.addEventListener('touchmove', (event) => { if (this.state?.live) event.preventDefault(); }, { passive: false });
    root.addEventListener('contextmenu', (event) => { if (this.state?.touch) event.preventDefault(); });
    root.addEventListener('dragstart', (event) => event.preventDefault());
  }

  /** Esc. Gives whether there was something to end. */
  cancel() {
    const { state } = this;
    if (!state) return false;
    this.#end();
    if (state.live) this.app.say(t('已取消，什么都没有改变', 'Cancelled: nothing was changed'));
    return state.live;
  }

  #down(event) {
    if (event.button !== 0 || this.state || event.target.closest('button[data-act]:not([data-act="card"]), a, input')) return;
    const td = event.target.closest('[data-cell]');
    const chip = event.target.closest('[data-act="card"]');
    if (!td && !chip) return;
    const touch = event.pointerType === 'touch';
    const source = chip ? this.app.palette.card(chip.dataset.card) : null;
    this.state = { x: event.clientX, y: event.clientY, px: event.clientX, py: event.clientY, pointer: event.pointerId, touch, chip, source, pos: td?.dataset.cell ?? null, onCard: Boolean(event.target.closest('.g-card')), add: event.ctrlKey || event.metaKey, shift: event.shiftKey, live: false };
    if (touch) this.state.timer = setTimeout(() => this.#begin(event), HOLD_MS);
    else if (td) { event.preventDefault(); td.focus({ preventScroll: true }); }
  }

  #move(event) {
    const { state } = this;
    if (!state || event.pointerId !== state.pointer) return;
    const far = Math.hypot(event.clientX - state.x, event.clientY - state.y) > SLOP_PX;
    state.px = event.clientX;
    state.py = event.clientY;
    if (!state.live) {
      if (!far) return;
      if (state.touch) return void this.#end(); // the page is being scrolled
      this.#begin(event);
      if (!this.state?.live) return;
    }
    event.preventDefault();
    this.#over(event);
  }

  #begin(event) {
    const { state, app } = this;
    clearTimeout(state.timer);
    const { desk } = app;
    if (state.chip) state.items = [{ cell: state.source, from: null, offset: { lane: 0, day: 0, period: 0 } }];
    else if (state.onCard && !state.shift && !state.add) state.items = desk.items(state.pos);
    if (state.items?.length === 0) state.items = null;
    if (!state.items && state.touch) return void this.#end();
    state.live = true;
    if (state.items) {
      const first = state.items[0].cell;
      const text = state.items.length === 1 ? app.names.what(first) : t(`${state.items.length} 节课`, `${state.items.length} lessons`);
      state.ghost = h('div', { class: `g-ghost g-c${app.names.colour(first.subject)}` }, h('b', {}, text), h('span', { class: 'g-ghost-note' }));
      if (state.touch) navigator.vibrate?.(15);
    } else {
      state.ghost = h('div', { class: 'g-marquee' });
      app.board.finish();
      state.boxes = [...app.board.tds].map(([pos, td]) => [pos, td.getBoundingClientRect()]);
      const box = app.board.root.getBoundingClientRect();
      state.scroll = { left: app.board.root.scrollLeft, top: scrollY, box };
      state.before = state.add ? new Set(desk.selected) : new Set();
    }
    document.body.append(state.ghost);
    // The ghost's cursor for the whole drag; nothing else has to be styled anew.
    if (!state.touch) state.ghost.setPointerCapture(state.pointer);
    app.showBusy(state.items);
    this.#over(event);
    this.#edges();
  }

  #over(event) {
    const { state } = this;
    if (!state.items) return this.#marquee();
    state.copy = event.altKey || (state.touch && !state.chip);
    const [x, y] = [state.px, state.py];
    const [right, down] = [innerWidth - state.ghost.offsetWidth - 8, state.touch ? -16 - state.ghost.offsetHeight : 14];
    state.ghost.style.transform = `translate(${Math.max(8, Math.min(x + 14, right))}px, ${y + down}px)`;
    const pos = document.elementFromPoint(x, y)?.closest?.('[data-cell]')?.dataset.cell ?? null;
    if (pos === state.over && state.copy === state.wasCopy) return undefined;
    state.over = pos;
    state.wasCopy = state.copy;
    const found = this.app.desk.hint(pos, state.items, state.copy);
    const sign = state.copy ? t('复制', 'copy') : state.chip ? t('添加', 'add') : t('移动', 'move');
    const { names } = this.app;
    const where = pos ? `${names.day(place(pos).day)} ${names.period(place(pos).period)}` : '';
    state.ghost.classList.toggle('bad', found.length > 0);
    state.ghost.lastChild.textContent = found.length > 0 ? found.slice(0, 2).join(t('；', '; ')) : `${sign} ${where}`;
    return undefined;
  }

  #marquee() {
    const { state, app } = this;
    const dx = app.board.root.scrollLeft - state.scroll.left;
    const dy = scrollY - state.scroll.top;
    const [x, y] = [state.x - dx, state.y - dy];
    const box = { left: Math.min(x, state.px), right: Math.max(x, state.px), top: Math.min(y, state.py), bottom: Math.max(y, state.py) };
    Object.assign(state.ghost.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.right - box.left}px`, height: `${box.bottom - box.top}px` });
    const found = new Set(state.before);
    for (const [pos, r] of state.boxes) {
      if (r.left - dx < box.right && r.right - dx > box.left && r.top - dy < box.bottom && r.bottom - dy > box.top) found.add(pos);
    }
    if (found.size !== app.desk.selected.size || [...found].some((pos) => !app.desk.selected.has(pos))) {
      app.desk.select(found, state.pos, { quiet: true });
    }
  }

  /** Scrolls while something is held at an edge. */
  #edges() {
    const { state, app } = this;
    if (!state?.live) return;
    const box = app.board.root.getBoundingClientRect();
    const { root } = app.board;
    if (state.px > box.right - EDGE_PX) root.scrollLeft += SCROLL_PX;
    else if (state.px < box.left + EDGE_PX) root.scrollLeft -= SCROLL_PX;
    if (state.py > innerHeight - EDGE_PX) scrollBy(0, SCROLL_PX);
    else if (state.py < EDGE_PX + 56) scrollBy(0, -SCROLL_PX);
    requestAnimationFrame(() => this.#edges());
  }

  #up(event) {
    const { state, app } = this;
    if (!state || event.pointerId !== state.pointer) return;
    const { over, items, copy, chip, touch, pos } = state;
    this.#end();
    const { desk } = app;
    if (!state.live) return void this.#tap(state);
    event.preventDefault();
    if (!items) {
      app.say(t(`选中 ${desk.selected.size} 格`, `${desk.selected.size} cells selected`), { quiet: true });
      return void desk.select(desk.selected, pos, { anchor: pos });
    }
    if (!over) return void app.say(t('已取消，什么都没有改变', 'Cancelled: nothing was changed'));
    const carried = copy || chip ? items.map((i) => ({ ...i, source: i.from, from: null })) : items;
    return void desk.drop(carried, over, { copy: copy || Boolean(chip), touch, label: chip ? t('添加', 'add') : undefined });
  }

  #tap({ pos, chip, source, shift, add, touch }) {
    const { desk } = this.app;
    if (chip) return void desk.pick([{ cell: source, from: null, offset: { lane: 0, day: 0, period: 0 } }]);
    if (desk.carry) return void desk.release(pos, false);
    if (shift && desk.anchor) return void desk.extend(pos);
    if (add || (touch && this.app.many)) return void desk.toggle(pos);
    return void desk.select([pos], pos);
  }

  #end() {
    const { state, app } = this;
    clearTimeout(state?.timer);
    state?.ghost?.remove();
    this.state = null;
    app.desk.hint(null);
    app.showBusy(null);
  }
}
