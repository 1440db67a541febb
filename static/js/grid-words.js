// Names and sentences of the grid. Both languages stand side by side; the page's <html lang> decides.

export const en = typeof document !== 'undefined' && document.documentElement.lang.startsWith('en');
export const t = (zh, english) => (en ? english : zh);

const DAYS = [['周一', 'Mon'], ['周二', 'Tue'], ['周三', 'Wed'], ['周四', 'Thu'], ['周五', 'Fri'], ['周六', 'Sat'], ['周日', 'Sun']];
export const COLOURS = 12;

/** An element: `h('td', { class: 'x', dataset: { cell: '1-1-1' }, onclick }, 'text', child)`. Text stays text. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'dataset') Object.assign(node.dataset, value);
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'disabled' || name === 'hidden') node[name] = value;
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const clock = (seconds) =>
  `${String(Math.floor(seconds / 3600)).padStart(2, '0')}:${String(Math.floor(seconds / 60) % 60).padStart(2, '0')}`;

/** `hh:mm` of this machine, for "draft saved". */
export const hourMinute = (ms) => {
  const at = new Date(ms);
  return `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
};

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** 2026-11-20 → 11/20, 20 Nov. */
export const monthDay = (date) => {
  const [month, day] = [Number(date.slice(5, 7)), Number(date.slice(8, 10))];
  return t(`${month}/${day}`, `${day} ${MONTHS[month - 1]}`);
};

/** The school's names by id, and how cells are said. */
export class Names {
  constructor(data) {
    const map = (rows) => new Map(rows.map((row) => [row.id, row]));
    this.classes = map(data.names.classes);
    this.rooms = map(data.names.rooms);
    this.subjects = map(data.names.subjects);
    this.teachers = map(data.names.teachers);
    this.channels = map(data.names.channels);
    this.gatherers = map(data.names.gatherers);
    this.rotation = data.rotation;
    this.colours = new Map([...this.subjects.keys()].sort((a, b) => a - b).map((id, n) => [id, n % COLOURS]));
    this.periods = new Map();
    for (const table of data.bells.tables) for (const period of table.periods) if (!this.periods.has(period.no)) this.periods.set(period.no, period);
  }

  gone() {
    return t('（已删除）', '(removed)');
  }

  class(id) {
    return this.classes.get(id)?.label ?? this.gone();
  }

  subject(id) {
    return this.subjects.get(id)?.name ?? this.gone();
  }

  teacher(id) {
    return id === null || id === undefined ? '' : this.teachers.get(id)?.name ?? this.gone();
  }

  room(id) {
    return id === null || id === undefined ? '' : this.rooms.get(id)?.name ?? this.gone();
  }

  colour(subject) {
    return this.colours.get(subject) ?? 0;
  }

  day(day) {
    if (this.rotation) return t(`第${day}天`, `Day ${day}`);
    return t(...(DAYS[day - 1] ?? [`第${day}天`, `Day ${day}`]));
  }

  period(no) {
    return this.periods.get(no)?.label ?? t(`第${no}节`, `Period ${no}`);
  }

  /** The head of a narrow column: 3 of 第3节, 早 of 早读. */
  brief(no) {
    const label = this.period(no);
    return /\d+/.exec(label)?.[0] ?? [...label][0] ?? String(no);
  }

  /** 周二 第3节. */
  where(cell) {
    return `${this.day(cell.day)} ${this.period(cell.period)}`;
  }

  /** 数学 王芳. */
  what(cell) {
    return [this.subject(cell.subject), this.teacher(cell.teacher)].filter(Boolean).join(' ');
  }

  /** Who or what is wanted twice, and where it is already. */
  conflict(wanted, cell, other) {
    const place = `${this.class(other.class)} ${this.where(other)}`;
    if (wanted === 'teacher') {
      const who = this.teacher(cell.teacher);
      return t(`教师 ${who} 还有 ${place}（${this.subject(other.subject)}）`, `${who} also teaches ${place} (${this.subject(other.subject)})`);
    }
    if (wanted === 'room') {
      return t(`教室已有 ${place}（${this.what(other)}）`, `The room holds ${place} (${this.what(other)})`);
    }
    return t(`班级已有课：${place}（${this.what(other)}）`, `The class has ${place} (${this.what(other)})`);
  }
}
