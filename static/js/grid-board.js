// Draws a view as a table of role grid and keeps it in step: after a gesture only the cells it touched are drawn again.
import { slotOf } from './grid-core.js';
import { short, words } from './grid-weeks.js';
import { clock, h, monthDay, t } from './grid-words.js';

const NAME_PX = 150; // 总课表: the column of names;
const NARROW_PX = 96; // on a phone
const DAY_PX = 104; // other views: a day at least, with its share of the column of periods; more days than fit scroll
const DAY_NARROW_PX = 71;
const CHIP_PX = 33; // and each of its cells: two Chinese characters
const FIRST_ROWS = 10; // 总课表: classes drawn at once; the others follow, so many a frame
const ROWS_A_FRAME = 10;

export class Board {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.tds = new Map();
    this.heads = [];
    // 2,400 titles are made when they are looked at.
    const entitle = (event) => {
      const td = event.target.closest?.('td[data-cell]');
      for (const chip of td?.querySelectorAll('.g-chip:not([title])') ?? []) {
        const found = this.view.at(td.dataset.cell)[Number(chip.dataset.n)];
        if (found) chip.title = this.#full(found.cell, app.plan.conflictsOf(found.cell));
      }
    };
    root.addEventListener('pointerover', entitle);
    root.addEventListener('focusin', entitle);
  }

  /** Draws everything. */
  show(view) {
    this.view = view;
    this.tds = new Map();
    this.heads = [];
    const table = h('table', { role: 'grid', class: view.isAll ? 'g-grid g-all' : 'g-grid', 'aria-label': this.app.title(), 'aria-multiselectable': 'true' });
    if (view.isAll) this.#columns(table);
    else table.style.minWidth = `${view.days.length * (innerWidth < 640 ? DAY_NARROW_PX : DAY_PX)}px`;
    this.later = view.isAll ? [...view.lanes] : [];
    const body = view.isAll ? h('tbody', { role: 'rowgroup' }) : this.#body();
    table.append(view.isAll ? this.#allHead() : this.#head(), body);
    if (view.isAll) this.#rows(body, FIRST_ROWS);
    else for (const [pos, td] of this.tds) this.#fill(td, pos);
    this.renewHeads();
    this.root.classList.toggle('g-tall', view.isAll);
    this.root.replaceChildren(table);
    // Each after a frame was painted and what the hand did meanwhile was answered.
    const soon = (draw) => requestAnimationFrame(() => setTimeout(draw));
    const more = () => {
      if (this.view !== view || this.later.length === 0) return;
      this.#rows(body, ROWS_A_FRAME);
      this.renewHeads();
      soon(more);
    };
    if (this.later.length > 0) soon(more);
  }

  /** Draws what is still to follow: for whoever needs every cell. */
  finish() {
    if (this.later.length === 0) return;
    this.#rows(this.root.querySelector('tbody'), this.later.length);
    this.renewHeads();
  }

  /** The next rows of 总课表. */
  #rows(body, count) {
    for (const lane of this.later.splice(0, count)) {
      const tr = this.#allRow(lane);
      for (const td of tr.querySelectorAll('td')) this.#fill(td, td.dataset.cell);
      body.append(tr);
    }
  }

  /** Widths of 总课表, so that the browser need not measure 2,400 cells to lay them out. */
  #columns(table) {
    const { view } = this;
    const count = view.days.length * view.periods.length;
    const group = h('colgroup', {}, h('col'), ...Array.from({ length: count }, () => h('col')));
    const name = innerWidth < 640 ? NARROW_PX : NAME_PX;
    group.firstChild.style.width = `${name}px`;
    for (const col of [...group.children].slice(1)) col.style.width = `${CHIP_PX}px`;
    table.style.width = `${name + count * CHIP_PX}px`;
    table.append(group);
  }

  /** Draws again what a change touched. */
  patch(cells) {
    const positions = new Set(cells.flatMap((cell) => this.view.positions(cell)));
    for (const pos of positions) {
      const td = this.tds.get(pos);
      if (td) this.#fill(td, pos);
    }
    this.renewHeads();
  }

  refill() {
    for (const [pos, td] of this.tds) this.#fill(td, pos);
  }

  #switch(label, cells) {
    const button = h('button', { type: 'button', class: 'g-rec', dataset: { act: 'record-line' }, tabindex: -1, title: label, 'aria-label': label }, '●');
    button.cells = cells;
    button.says = label;
    this.heads.push(button);
    return button;
  }

  /** ● every lesson of the line is recorded, ○ none, ◐ some. */
  renewHeads() {
    for (const button of this.heads) {
      const cells = button.cells();
      const on = cells.filter((cell) => this.app.plan.records(cell)).length;
      button.hidden = cells.length === 0;
      button.textContent = on === 0 ? '○' : on === cells.length ? '●' : '◐';
      button.setAttribute('aria-label', `${button.says}${t('：', ': ')}${on}/${cells.length}`);
    }
  }

  #day(day) {
    const week = this.app.week?.columns.find((column) => column.day === day);
    const badge = week?.badge && h('span', { class: `g-badge ${week.badge}`, title: week.note }, { off: t('休', 'off'), work: t('班', 'on'), exam: t('考', 'exam') }[week.badge]);
    const note = week?.note ? h('small', { class: 'g-note' }, week.note) : null;
    const date = week?.date ? h('span', { class: week.later ? 'g-date g-later' : 'g-date', title: week.later ? t('这一周没有这一天，这是下一次', 'Not in this week: the next one') : null }, week.later ? t('下次 ', 'next ') : '', monthDay(week.date)) : null;
    return [h('b', {}, this.app.names.day(day)), date, badge, note];
  }

  #onDay(day) {
    return this.view.periods.flatMap((period) => this.view.own(`${this.view.lanes[0]}-${day}-${period}`));
  }

  #head() {
    const { view } = this;
    const row = h('tr', { role: 'row' }, h('th', { role: 'columnheader', class: 'g-corner', scope: 'col' }, t('节次', 'Period')));
    for (const day of view.days) {
      const name = this.app.names.day(day);
      const today = this.app.week?.columns.some((column) => column.day === day && column.today);
      row.append(h('th', { role: 'columnheader', scope: 'col', class: today ? 'g-today' : null, dataset: { day } },
        h('div', { class: 'g-head' }, this.#day(day), this.#switch(t(`${name}整列录/不录`, `Record the whole of ${name}`), () => this.#onDay(day)))));
    }
    return h('thead', { role: 'rowgroup' }, row);
  }

  #body() {
    const { view } = this;
    const body = h('tbody', { role: 'rowgroup' });
    for (const row of view.rows) {
      const time = row.start_s === null ? t('作息表里没有', 'not in the bell table') : `${clock(row.start_s)}–${clock(row.end_s)}`;
      if (row.kind === 'break') {
        const line = h('td', { role: 'gridcell', colspan: view.days.length, 'aria-label': `${row.label} ${time}` });
        body.append(h('tr', { role: 'row', class: 'g-break' }, h('th', { role: 'rowheader', scope: 'row' }, h('span', {}, row.label)), line));
        continue;
      }
      const line = () => view.days.flatMap((day) => view.own(`${view.lanes[0]}-${day}-${row.no}`));
      const tr = h('tr', { role: 'row', class: `g-${row.kind}` }, h('th', { role: 'rowheader', scope: 'row', class: row.start_s === null ? 'g-lost' : null },
        h('div', { class: 'g-head' }, h('b', {}, row.label), h('span', { class: 'g-date' }, time),
          this.#switch(t(`${row.label}整行录/不录`, `Record the whole row ${row.label}`), line))));
      for (const day of view.days) tr.append(this.#td(`${view.lanes[0]}-${day}-${row.no}`));
      body.append(tr);
    }
    return body;
  }

  #allHead() {
    const { view } = this;
    const days = h('tr', { role: 'row' }, h('th', { role: 'columnheader', scope: 'col', rowspan: 2, class: 'g-corner' }, t('班级', 'Class')));
    const periods = h('tr', { role: 'row' });
    for (const day of view.days) {
      days.append(h('th', { role: 'columnheader', scope: 'colgroup', colspan: view.periods.length, class: 'g-first' }, h('div', { class: 'g-head' }, this.#day(day))));
      view.periods.forEach((no, n) => periods.append(h('th', { role: 'columnheader', scope: 'col', class: n === 0 ? 'g-first' : null, title: this.app.names.period(no) }, this.app.names.brief(no))));
    }
    return h('thead', { role: 'rowgroup' }, days, periods);
  }

  #allRow(lane) {
    const { view } = this;
    const owner = Number(lane);
    const name = this.app.names.class(owner);
    const cells = () => view.days.flatMap((day) => this.app.plan.lane('class', owner, day).filter((cell) => cell.class === owner));
    const tr = h('tr', { role: 'row' }, h('th', { role: 'rowheader', scope: 'row' }, h('div', { class: 'g-head' },
      h('button', { type: 'button', class: 'g-link', tabindex: -1, dataset: { act: 'open-class', id: owner } }, name),
      this.#switch(t(`${name}全班录/不录`, `Record all of ${name}`), cells))));
    for (const day of view.days) view.periods.forEach((no, n) => tr.append(this.#td(`${lane}-${day}-${no}`, n === 0)));
    return tr;
  }

  #td(pos, first) {
    const td = h('td', { role: 'gridcell', tabindex: -1, class: first ? 'g-first' : null, dataset: { cell: pos }, 'aria-selected': 'false' });
    this.tds.set(pos, td);
    return td;
  }

  #fill(td, pos) {
    const { app, view } = this;
    const found = view.at(pos);
    td.classList.toggle('g-free', found.length === 0);
    td.classList.toggle('g-many', found.length > 1);
    const { class: owner, day, period } = view.target(pos);
    const isChanged = owner !== null && app.changed.has(`${owner}-${day}-${period}`);
    td.classList.toggle('g-changed', isChanged);
    if (found.length > 0) td.removeAttribute('aria-label');
    else td.setAttribute('aria-label', `${app.names.day(day)} ${app.names.period(period)} ${t('空', 'free')}${isChanged ? t('，已改', ', changed') : ''}`);
    td.replaceChildren(...found.map((one, n) => (view.isAll ? this.#chip(one, n) : this.#card(one, n))));
  }

  #classes({ cell, cont, guest }, troubles) {
    const { app } = this;
    const list = ['g-card', `g-c${app.names.colour(cell.subject)}`];
    if (cont) list.push('g-cont');
    if (guest) list.push('g-guest');
    if (troubles.length > 0) list.push(troubles.some((x) => x.wanted !== 'teacher') ? 'g-bad' : 'g-warn');
    const column = app.week?.columns.find((one) => one.day === cell.day);
    if (!this.view.runsIn(cell, column?.week ?? app.week?.week)) list.push('g-off');
    return list.join(' ');
  }

  #full(cell, troubles) {
    const { names } = this.app;
    const lines = [`${names.class(cell.class)} ${names.where(cell)}`, names.what(cell), names.room(this.app.plan.roomOf(cell)), words(cell.weeks)];
    return [...lines, ...troubles.map((x) => names.conflict(x.wanted, cell, x.other))].filter(Boolean).join('\n');
  }

  #card(one, n) {
    const { app, view } = this;
    const { cell, cont, guest } = one;
    const { names, plan } = app;
    const troubles = plan.conflictsOf(cell);
    const card = h('div', { class: this.#classes(one, troubles), dataset: { n }, title: this.#full(cell, troubles) });
    card.append(h('b', {}, names.subject(cell.subject)));
    if (cont) {
      card.append(h('span', { class: 'g-who' }, t('连堂', 'continued')));
      return card;
    }
    const who = view.kind === 'teacher' ? names.class(cell.class) : names.teacher(cell.teacher);
    if (who) card.append(h('span', { class: 'g-who' }, who));
    if (view.kind === 'room' || view.kind === 'channel') card.append(h('span', { class: 'g-who' }, names.class(cell.class)));
    if (cell.room !== null && view.kind !== 'room' && view.kind !== 'channel') card.append(h('span', { class: 'g-room' }, names.room(cell.room)));
    const marks = h('span', { class: 'g-marks' });
    if (cell.weeks !== 'all') marks.append(h('i', { class: 'g-mark' }, short(cell.weeks)));
    if (cell.span > 1) marks.append(h('i', { class: 'g-mark' }, t(`连${cell.span}`, `×${cell.span}`)));
    if (cell.with.length > 0) marks.append(h('i', { class: 'g-mark', title: [cell.class, ...cell.with].map((id) => names.class(id)).join(t('、', ', ')) }, t('合班', 'joint')));
    const dated = app.changes.get(slotOf(cell));
    if (dated) marks.append(h('i', { class: 'g-mark g-dated', title: dated }, t('本周有调课', 'changed this week')));
    if (marks.childNodes.length > 0) card.append(marks);
    if (troubles.length > 0) card.append(h('span', { class: 'a-quiet' }, troubles.map((x) => names.conflict(x.wanted, cell, x.other)).join(t('；', '; '))));
    if (!guest) card.append(this.#dot(cell));
    return card;
  }

  /** ● recorded, ○ not; a thin one follows the class. */
  #dot(cell) {
    const on = this.app.plan.records(cell);
    const own = cell.record !== null;
    const says = own
      ? on ? t('录（本格设定）', 'recorded (set here)') : t('不录（本格设定）', 'not recorded (set here)')
      : on ? t('录（随班级）', 'recorded (as the class)') : t('不录（随班级）', 'not recorded (as the class)');
    return h('button', { type: 'button', class: `g-dot ${on ? 'on' : 'out'} ${own ? 'own' : 'inherited'}`, tabindex: -1, dataset: { act: 'record' }, title: says, 'aria-label': says, 'aria-pressed': String(on) }, on ? '●' : '○');
  }

  #chip(one, n) {
    const { app } = this;
    const troubles = app.plan.conflictsOf(one.cell);
    const name = app.names.subject(one.cell.subject);
    const silent = app.plan.records(one.cell) ? '' : ' g-silent';
    return h('div', { class: `${this.#classes(one, troubles)} g-chip${silent}`, dataset: { n } }, [...name].slice(0, 2).join(''));
  }

  /** Roving focus and selection. */
  mark(focus, selected, before) {
    for (const pos of before.selected) {
      const td = this.tds.get(pos);
      if (td && !selected.has(pos)) { td.classList.remove('g-selected'); td.setAttribute('aria-selected', 'false'); }
    }
    for (const pos of selected) {
      const td = this.tds.get(pos);
      if (td) { td.classList.add('g-selected'); td.setAttribute('aria-selected', 'true'); }
    }
    if (before.focus && before.focus !== focus) this.tds.get(before.focus)?.setAttribute('tabindex', '-1');
    this.tds.get(focus)?.setAttribute('tabindex', '0');
  }
}
