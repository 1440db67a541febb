// The dialog of one cell: everything a lesson of the timetable can say.
import { field, finder, modal } from './grid-ask.js';
import { Edits, change, remove } from './grid-edit.js';
import { SPAN_MAX, full } from './grid-core.js';
import { parseList } from './grid-weeks.js';
import { h, t } from './grid-words.js';

const rows = (map, label) => [...map.values()].map((row) => ({ id: row.id, label: row[label] }));

/** Opens it for the lessons at a position (or a new one there). */
export async function editCell(app, pos) {
  const { view, plan, names } = app;
  const target = view.target(pos);
  const found = view.own(pos);
  if (target.class === null && found.length === 0) {
    app.say(t('请从上面的课程卡拖到这里，或到班级课表中添加', 'Drag a card here, or add the lesson in the class view'));
    return;
  }
  const place = found[0] ?? { class: target.class, day: target.day, period: target.period };
  let cell = found[0] ?? null;
  for (;;) {
    const answer = await open(app, place, cell, found);
    if (!answer) return;
    if (answer.other !== undefined) {
      cell = answer.other;
      continue;
    }
    const where = `${names.class(place.class)} ${names.where(place)}`;
    if (answer.remove) app.desk.run(t(`删除 ${names.what(cell)}`, `remove ${names.what(cell)}`), remove(plan, [cell]), t(`已删除 ${where}`, `Removed ${where}`));
    else save(app, place, cell, answer.fields, where);
    app.board.tds.get(pos)?.focus();
    return;
  }
}

function save(app, place, cell, fields, where) {
  const { plan, names, desk } = app;
  const next = full({ class: place.class, day: place.day, period: place.period, ...fields });
  const edits = cell ? change(plan, cell, next) : new Edits(plan).add(next);
  const label = cell ? t(`修改 ${where}`, `change ${where}`) : t(`添加 ${where} ${names.what(next)}`, `add ${where} ${names.what(next)}`);
  desk.run(label, edits, t(`已${label}`, `Done: ${label}`));
}

function open(app, place, cell, found) {
  const { names, plan } = app;
  const title = `${names.class(place.class)} · ${names.where(place)}`;
  const date = app.week.columns.find((column) => column.day === place.day)?.date;
  const why = cell && date ? h('a', { class: 'a-small', dataset: { act: 'why' }, href: `/admin/why?school=${app.school}&class=${place.class}&date=${date}&period=${place.period}`, target: '_blank', rel: 'noopener' }, t(`${date} 这节课为什么录 / 不录（按已发布的课表）`, `Why (not) recorded on ${date}, by what is published`)) : null;
  return modal(title, (close) => {
    const form = controls(app, place, cell);
    const trouble = h('div', { class: 'g-trouble', role: 'status' });
    const renew = () => {
      form.renew();
      const fields = form.read(false);
      const texts = fields ? plan.check(full({ ...place, ...fields }), new Set(cell ? [cell] : [])).map((x) => names.conflict(x.wanted, full({ ...place, ...fields }), x.other)) : [];
      trouble.replaceChildren(...texts.map((text) => h('p', {}, text)));
    };
    const submit = (event) => {
      event.preventDefault();
      const fields = form.read(true);
      if (fields) close({ fields });
    };
    const others = found.map((other) => h('button', { type: 'button', class: `a-btn small ${other === cell ? 'main' : ''}`, onclick: () => close({ other }) }, names.what(other)));
    if (found.length > 0) others.push(h('button', { type: 'button', class: `a-btn small ${cell ? '' : 'main'}`, dataset: { act: 'another' }, onclick: () => close({ other: null }) }, t('＋ 同一格再加一节（单双周）', '+ another one here (odd/even weeks)')));
    const node = h('form', { onsubmit: submit, oninput: renew, onchange: renew },
      h('div', { class: 'g-dialog-body' }, others.length > 1 || found.length > 0 ? h('div', { class: 'a-tools' }, ...others) : null, ...form.nodes, trouble, why),
      h('div', { class: 'g-dialog-foot' },
        h('button', { class: 'a-btn main', dataset: { act: 'ok' } }, t('确定', 'OK')),
        h('button', { type: 'button', class: 'a-btn', dataset: { act: 'cancel' }, onclick: () => close(null) }, t('取消', 'Cancel')),
        cell ? h('button', { type: 'button', class: 'a-btn danger g-right', dataset: { act: 'remove' }, onclick: () => close({ remove: true }) }, t('删除这节', 'Remove')) : null));
    renew();
    return node;
  }, { name: 'cell' });
}

function controls(app, place, cell) {
  const { names, plan } = app;
  const own = names.classes.get(place.class);
  const ownRoom = own?.room ? names.room(own.room) : t('还没有教室', 'none yet');
  const option = (value, label, current) => h('option', { value, selected: value === current }, label);
  const subject = h('select', { class: 'a-input', name: 'subject', 'data-first': true }, cell ? null : h('option', { value: '' }, t('请选择', 'Choose')), ...rows(names.subjects, 'name').map((s) => option(s.id, s.label, cell?.subject)));
  const teacher = finder(rows(names.teachers, 'name'), cell?.teacher ?? null, { name: 'teacher', placeholder: t('输入姓名查找，可不填', 'Type a name; optional') });
  const room = finder(rows(names.rooms, 'name'), cell?.room ?? null, { name: 'room', placeholder: t(`同班级教室（${ownRoom}）`, `as the class (${ownRoom})`) });
  const mod = /^mod (\d+) (\d+)$/.exec(cell?.weeks ?? '');
  const kind = !cell || ['all', 'odd', 'even'].includes(cell.weeks) ? cell?.weeks ?? 'all' : mod ? 'mod' : 'list';
  const weeks = h('select', { class: 'a-input', name: 'weeks' }, ...[['all', t('每周', 'Every week')], ['odd', t('单周', 'Odd weeks')], ['even', t('双周', 'Even weeks')], ['list', t('指定周次', 'These weeks')], ['mod', t('每 n 周一次', 'Every n weeks')]].map(([v, l]) => option(v, l, kind)));
  const list = h('input', { class: 'a-input', name: 'weeks_list', placeholder: '1-8,10,12', value: kind === 'list' ? cell.weeks : '' });
  const every = h('input', { class: 'a-input', type: 'number', name: 'weeks_every', min: 2, max: 12, value: mod?.[1] ?? 3 });
  const from = h('input', { class: 'a-input', type: 'number', name: 'weeks_from', min: 1, max: 12, value: mod?.[2] ?? 1 });
  const span = h('select', { class: 'a-input', name: 'span' }, ...Array.from({ length: SPAN_MAX }, (_, n) => option(n + 1, n === 0 ? t('1 节', '1 period') : t(`${n + 1} 节连堂`, `${n + 1} periods`), cell?.span ?? 1)));
  const inherited = own?.record ? t('录', 'recorded') : t('不录', 'not recorded');
  const record = h('select', { class: 'a-input', name: 'record' }, ...[['', t(`随班级（${inherited}）`, `as the class (${inherited})`)], ['true', t('● 录', '● record')], ['false', t('○ 不录', '○ do not record')]].map(([v, l]) => option(v, l, cell?.record === null || !cell ? '' : String(cell.record))));
  const joint = classes(names, place.class, cell?.with ?? []);
  const boxes = {
    subject: field(t('科目', 'Subject'), subject), teacher: field(t('教师', 'Teacher'), teacher.input), room: field(t('教室', 'Room'), room.input), weeks: field(t('周次', 'Weeks'), weeks),
    list: field(t('哪几周', 'Which weeks'), list, t('例如 1-8,10,12', 'such as 1-8,10,12')), every: field(t('每几周', 'Every … weeks'), every), from: field(t('从第几周起', 'From week'), from),
    span: field(t('连堂', 'Length'), span), record: field(t('录像', 'Recording'), record),
  };
  const renew = () => {
    boxes.list.hidden = weeks.value !== 'list';
    boxes.every.hidden = weeks.value !== 'mod';
    boxes.from.hidden = weeks.value !== 'mod';
    mods.hidden = weeks.value !== 'mod';
  };
  const read = (loud) => {
    const faults = {};
    const values = { subject: Number(subject.value), teacher: teacher.value(), room: room.value(), weeks: weeks.value, span: Number(span.value), with: joint.value(), record: record.value === '' ? null : record.value === 'true' };
    if (!values.subject) faults.subject = t('请选择科目。', 'Choose a subject.');
    if (values.teacher === undefined) faults.teacher = t('没有这位教师，请从列表中选择，或先到“教师”中添加。', 'No such teacher: choose from the list, or add one under Teachers.');
    if (values.room === undefined) faults.room = t('没有这间教室，请从列表中选择，或先到“教室”中添加。', 'No such room: choose from the list, or add one under Rooms.');
    if (weeks.value === 'list') {
      values.weeks = parseList(list.value);
      if (!values.weeks) faults.list = t('请按 1-8,10,12 的样子填写，1 到 60。', 'Write it like 1-8,10,12, from 1 to 60.');
    } else if (weeks.value === 'mod') {
      const [n, first] = [Number(every.value), Number(from.value)];
      if (!(n >= 2 && n <= 12)) faults.every = t('请填 2 到 12。', 'From 2 to 12.');
      else if (!(first >= 1 && first <= n)) faults.from = t(`请填 1 到 ${n}。`, `From 1 to ${n}.`);
      values.weeks = `mod ${n} ${first}`;
    }
    const run = app.bells.run(full({ ...place, span: values.span, subject: 1 }));
    if (values.span > 1 && run.length < values.span) faults.span = t('这一天后面没有这么多节。', 'The day has not that many periods left.');
    if (loud) for (const [name, box] of Object.entries(boxes)) box.fault(faults[name]);
    return Object.keys(faults).length > 0 ? null : values;
  };
  const mods = h('div', { class: 'g-two' }, boxes.every, boxes.from);
  const nodes = [boxes.subject, boxes.teacher, teacher.node.lastChild ?? null, boxes.room, room.node.lastChild ?? null, boxes.weeks, boxes.list, mods, h('div', { class: 'g-two' }, boxes.span, boxes.record), joint.node].filter(Boolean);
  if (plan.count === 0) renew();
  return { nodes, renew, read };
}

/** 合班: the other classes, as chips. */
function classes(names, owner, current) {
  const chosen = new Set(current);
  const others = rows(names.classes, 'label').filter((row) => row.id !== owner);
  const find = finder(others, null, { name: 'with', placeholder: t('添加班级', 'Add a class') });
  const chips = h('div', { class: 'a-tools' });
  const draw = () => chips.replaceChildren(...[...chosen].map((id) => h('button', { type: 'button', class: 'a-btn small', 'aria-label': t(`去掉 ${names.class(id)}`, `Take out ${names.class(id)}`), onclick: () => { chosen.delete(id); draw(); chips.dispatchEvent(new Event('change', { bubbles: true })); } }, `${names.class(id)} ×`)));
  const take = () => {
    const id = find.value();
    if (!id) return;
    chosen.add(id);
    find.input.value = '';
    draw();
  };
  find.input.addEventListener('change', take);
  draw();
  const box = field(t('合班（一起上课的班级）', 'Joint with (classes taught together)'), find.input);
  return { node: h('div', {}, box, find.node.lastChild, chips), value: () => { take(); return [...chosen].sort((a, b) => a - b); } };
}
