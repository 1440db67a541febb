// Publishing: what changes, whom it reaches, from when; and, when two people worked at once, whose cells count.
import { choose, field, modal } from './grid-ask.js';
import { Refused, get, post } from './grid-net.js';
import { h, t } from './grid-words.js';

const POLL_MS = 2000;

/**
 * Asks and publishes. `what` is {school, base_no, cells} or {school, base_no, version}; `warnings` are sentences for the
 * dialog. Gives the site's answer, or null.
 */
export async function publish(csrf, what, warnings = []) {
  const ask = { ...what, choose: [], choose_no: 0 };
  let failed = null;
  for (;;) {
    let checked;
    try {
      checked = await post('/admin/timetable/check', csrf, ask);
    } catch (error) {
      await sorry(error);
      return null;
    }
    if (checked.clashes.length > 0) {
      if (!(await settle(ask, checked))) return null;
      continue;
    }
    const answer = await show(checked, failed, { version: what.version, warnings });
    if (!answer) return null;
    try {
      return await post('/admin/timetable/publish', csrf, { ...ask, ...answer });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 409 && error.body.clashes?.length > 0) {
        if (!(await settle(ask, error.body))) return null;
        failed = null;
      } else failed = { text: error.message, problems: error.body.problems ?? [], kept: answer };
    }
  }
}

async function sorry(error) {
  const problems = error.body?.problems ?? [];
  const text = error.status === 0 ? t('连不上网站，没有发布。请检查网络，再点一次“发布…”；草稿还在。', 'The site cannot be reached: nothing was published. Check the network and press Publish again; the draft is kept.') : error.message;
  await choose(t('现在不能发布', 'It cannot be published now'), [text, lines(problems)], [], 'refused', t('关闭', 'Close'));
}

const lines = (texts) => h('ul', { class: 'g-lines', tabindex: texts.length > 5 ? 0 : null }, ...texts.map((text) => h('li', {}, text)));

/** Who else published meanwhile, in one line each. */
const others = (list) => list.map((o) => t(`${o.by} 于 ${o.at} 发布了第 ${o.no} 版，改了 ${o.slots} 格；和您没有冲突的已自动合并进来。`, `${o.by} published version ${o.no} at ${o.at} and changed ${o.slots} cells; those that you left alone are merged in.`));

/** Each slot that both changed: theirs or mine. */
async function settle(ask, found) {
  const picks = new Map();
  const head = t('有些格你和别人都改了', 'You and somebody else changed the same cells');
  const answer = await modal(head, (close) => {
    const rows = found.clashes.map((clash, n) => {
      const pick = (take, label, texts) => {
        const input = h('input', { type: 'radio', name: `clash-${n}`, value: take, 'data-first': n === 0 && take === 'theirs', onchange: () => { picks.set(n, take); renew(); } });
        return h('label', { class: 'g-pick' }, input, h('span', {}, h('b', {}, label), h('span', {}, texts || t('（空）', '(free)'))));
      };
      return h('fieldset', { class: 'g-clash', dataset: { slot: clash.label } }, h('legend', {}, clash.label), h('p', { class: 'a-soft' }, t('原来：', 'Before: '), clash.base || t('（空）', '(free)')),
        h('div', { class: 'g-two' }, pick('theirs', t('对方的', 'Theirs'), clash.theirs), pick('mine', t('我的', 'Mine'), clash.mine)));
    });
    const ok = h('button', { class: 'a-btn main', type: 'button', dataset: { act: 'ok' }, onclick: () => close(true) }, t('按选择继续', 'Go on with these'));
    const renew = () => { ok.disabled = picks.size < found.clashes.length; };
    const all = (take) => () => {
      rows.forEach((row, n) => { picks.set(n, take); row.querySelector(`input[value="${take}"]`).checked = true; });
      renew();
    };
    renew();
    return h('div', {}, h('div', { class: 'g-dialog-body' }, ...found.others.map((o) => h('p', {}, t(`${o.by} 于 ${o.at} 发布了第 ${o.no} 版，改了 ${o.slots} 格。`, `${o.by} published version ${o.no} at ${o.at} and changed ${o.slots} cells.`))),
      h('p', {}, t(`下面 ${found.clashes.length} 格两边改得不一样，请逐格选择，或一次全选；其余的改动已自动合并。选“我的”，对方的那份仍留在版本记录里。`, `These ${found.clashes.length} cells were changed differently: choose for each, or for all at once; all other changes are merged already. What is published stays in the list of versions whatever you choose.`)),
      h('div', { class: 'a-tools' }, h('button', { type: 'button', class: 'a-btn small', dataset: { act: 'all-mine' }, onclick: all('mine') }, t('全部用我的', 'All mine')), h('button', { type: 'button', class: 'a-btn small', dataset: { act: 'all-theirs' }, onclick: all('theirs') }, t('全部用对方的', 'All theirs'))), ...rows),
    h('div', { class: 'g-dialog-foot' }, ok, h('button', { type: 'button', class: 'a-btn', dataset: { act: 'cancel' }, onclick: () => close(null) }, t('先不发布', 'Not now'))));
  }, { wide: true, name: 'clash' });
  if (!answer) return false;
  // Made against this version: when a third one comes in between, the site asks again.
  if (ask.choose_no !== found.newest_no) ask.choose = [];
  ask.choose_no = found.newest_no;
  ask.choose = [...ask.choose, ...found.clashes.map((clash, n) => ({ slot: clash.slot, take: picks.get(n) }))];
  return true;
}

/** The diff dialog. */
function show(checked, failed, { version, warnings }) {
  const { diff } = checked;
  const nothing = diff.added + diff.changed + diff.removed === 0;
  const sum = t(`新增 ${diff.added}　修改 ${diff.changed}　取消 ${diff.removed}，影响 ${checked.gatherers.length} 个采集端`, `${diff.added} added, ${diff.changed} changed, ${diff.removed} cancelled; ${checked.gatherers.length} gatherers affected`);
  const offline = checked.gatherers.filter((g) => !g.online).map((g) => g.name);
  const title = version ? t(`回滚到第 ${version} 版`, `Go back to version ${version}`) : t('发布课表', 'Publish the timetable');
  return modal(title, (close) => {
    const from = when(checked, failed?.kept?.from);
    const note = h('input', { class: 'a-input', name: 'note', maxlength: 120, value: failed?.kept?.note ?? '', placeholder: t('例如：第二次月考后调整', 'such as: after the midterm') });
    const accept = h('input', { type: 'checkbox', name: 'accept', checked: failed?.kept?.accept_teacher_conflicts ?? false, onchange: () => renew() });
    const go = h('button', { class: 'a-btn main', dataset: { act: 'publish-now' } }, version ? t('回滚', 'Go back') : t('发布', 'Publish'));
    const renew = () => { go.disabled = nothing || checked.refused.length > 0 || (checked.teachers.length > 0 && !accept.checked); };
    renew();
    const submit = (event) => {
      event.preventDefault();
      close({ from: from.value(), note: note.value.trim(), accept_teacher_conflicts: accept.checked });
    };
    return h('form', { onsubmit: submit }, h('div', { class: 'g-dialog-body' },
      failed ? h('div', { class: 'a-flash bad', role: 'alert' }, h('div', {}, failed.text, lines(failed.problems))) : null,
      nothing ? h('p', {}, t('与已发布的课表相同，没有要发布的改动。', 'The same as what is published: there is nothing to publish.')) : h('p', { class: 'g-sum', dataset: { f: 'sum' } }, sum),
      offline.length > 0 ? h('p', { class: 'a-soft' }, t(`离线的采集端重新登录后会自动收到：${offline.join('、')}`, `Off line, will get it at their next login: ${offline.join(', ')}`)) : null,
      version ? h('p', { class: 'a-soft' }, t('这一版的内容会作为新的一版发布；现在的各版都保留，您没有发布的草稿也保留。', 'Its lessons are published as a new version; every version stays, and so does your draft.')) : null,
      ...warnings.map((text) => h('p', { class: 'a-flash warn' }, h('span', {}, text))),
      ...others(checked.others).map((text) => h('p', { class: 'a-flash info' }, h('span', {}, text))),
      checked.refused.length > 0 ? h('section', { class: 'g-refused' }, h('h3', {}, t(`${checked.refused.length} 处冲突必须先解决`, `${checked.refused.length} conflicts must be solved first`)), lines(checked.refused)) : null,
      checked.teachers.length > 0 ? h('section', { class: 'g-asked' }, h('h3', {}, t(`${checked.teachers.length} 处教师冲突`, `${checked.teachers.length} teachers are wanted twice`)), lines(checked.teachers), h('label', { class: 'a-choice' }, accept, h('span', {}, t('知道了，仍然发布', 'I know; publish anyway')))) : null,
      nothing ? null : from.node, nothing ? null : field(t('说明（可不填）', 'Note (optional)'), note),
      h('div', { class: 'g-diff' }, ...diff.classes.map((one) => h('details', { open: diff.classes.length < 4 }, h('summary', {}, one.name, h('span', { class: 'a-soft' }, ` ${one.lines.length}`)),
        h('ul', { class: 'g-lines' }, ...one.lines.map((line) => h('li', { class: line.kind }, h('b', {}, { added: t('新增', 'new'), changed: t('修改', 'changed'), removed: t('取消', 'off') }[line.kind]), h('span', {}, line.text)))))),
        diff.more > 0 ? h('p', { class: 'a-soft' }, t(`…还有 ${diff.more} 处`, `… and ${diff.more} more`)) : null)),
    h('div', { class: 'g-dialog-foot' }, go, h('button', { type: 'button', class: 'a-btn', dataset: { act: 'cancel' }, onclick: () => close(null) }, t('取消', 'Cancel'))));
  }, { wide: true, name: 'publish' });
}

/** From when: today, next Monday, or a date. */
function when(checked, kept) {
  const { from } = checked;
  const own = h('input', { type: 'date', class: 'a-input', name: 'from_date', min: from.first, value: kept ?? from.first, 'aria-label': t('执行日期', 'First date') });
  const choices = [[from.first, from.first === from.today ? t(`今天（${from.today}）`, `Today (${from.today})`) : t(`${from.first}（已发布的下一版从这天执行）`, `${from.first} (the newest version begins then)`)]];
  if (from.monday > from.first) choices.push([from.monday, t(`下周一（${from.monday}）`, `Next Monday (${from.monday})`)]);
  const current = kept ?? from.first;
  const radios = choices.map(([value, label]) => h('label', { class: 'a-choice' }, h('input', { type: 'radio', name: 'from', value, checked: value === current, 'data-first': value === current }), h('span', {}, label)));
  const picked = h('input', { type: 'radio', name: 'from', value: 'date', checked: !choices.some(([value]) => value === current) });
  own.addEventListener('input', () => { picked.checked = true; });
  const node = h('fieldset', { class: 'g-from' }, h('legend', {}, t('从哪天起执行', 'From which date')), ...radios, h('div', { class: 'g-pickdate' }, h('label', { class: 'a-choice' }, picked, h('span', {}, t('指定日期', 'On'))), own));
  return { node, value: () => (picked.checked ? own.value : node.querySelector('input[name=from]:checked').value) };
}

/** 已下发 n/m, until all have it. */
export class Delivery {
  constructor(place, school) {
    Object.assign(this, { place, school, turn: 0 });
  }

  start() {
    this.turn += 1;
    this.place.hidden = false;
    return this.#poll(this.turn, true);
  }

  async #poll(turn, first = false) {
    if (turn !== this.turn) return;
    if (first || !document.hidden) {
      try {
        const now = await get(`/admin/timetable/delivery?school=${this.school}`);
        this.#draw(now);
        if (now.delivered === now.total) return;
      } catch (error) {
        this.place.querySelector('[data-f="delivered"]')?.classList.add('stale');
        if (error.status === 401) return;
      }
    }
    setTimeout(() => this.#poll(turn), POLL_MS);
  }

  #draw({ total, delivered, rows }) {
    const text = total === 0 ? t('学校还没有采集端，课不会被录制', 'The school has no gatherer: nothing is recorded') : t(`已下发 ${delivered}/${total}`, `Delivered ${delivered}/${total}`);
    const wait = rows.filter((row) => !row.delivered);
    this.place.replaceChildren(h('span', { class: `a-badge ${total === 0 ? 'warn' : delivered === total ? 'ok' : 'info'}`, dataset: { f: 'delivered' } }, text),
      ...wait.map((row) => h('span', { class: 'g-lack' }, h('a', { href: `/admin/gatherers/${row.id}` }, row.name), h('span', { class: `a-badge ${row.tone}` }, row.text))));
  }
}
