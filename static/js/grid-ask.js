// Dialogs: a question with a few answers, and the frame of the larger ones. Esc always means "cancel".
import { h, t } from './grid-words.js';

let serial = 0;

/** Opens a modal dialog with this content; `close(value)` ends it. Gives what it was closed with, null on Esc. */
export function modal(title, build, { wide = false, name = '' } = {}) {
  return new Promise((resolve) => {
    serial += 1;
    const id = `g-dialog-${serial}`;
    const dialog = h('dialog', { class: wide ? 'g-dialog wide' : 'g-dialog', 'aria-labelledby': id, dataset: { dialog: name } });
    let answer = null;
    const close = (value) => { answer = value; dialog.close(); };
    const cross = h('button', { type: 'button', class: 'g-cross', 'aria-label': t('关闭', 'Close'), dataset: { act: 'close' }, onclick: () => close(null) }, '×');
    dialog.append(h('header', {}, h('h2', { id }, title), cross), build(close, dialog));
    dialog.addEventListener('close', () => { dialog.remove(); resolve(answer); });
    document.body.append(dialog);
    dialog.showModal();
    (dialog.querySelector('[data-first]') ?? dialog.querySelector('.main'))?.focus();
  });
}

/** A question. `options` are {value, label, kind}. */
export function choose(title, lines, options, name = 'choose', cancel = t('取消', 'Cancel')) {
  return modal(title, (close) => h('div', {},
    h('div', { class: 'g-dialog-body' }, ...lines.map((line) => (typeof line === 'string' ? h('p', {}, line) : line))),
    h('div', { class: 'g-dialog-foot' },
      ...options.map((o) => h('button', { type: 'button', class: `a-btn ${o.kind ?? ''}`, dataset: { act: o.value }, onclick: () => close(o.value) }, o.label)),
      h('button', { type: 'button', class: 'a-btn', dataset: { act: 'cancel' }, onclick: () => close(null) }, cancel))), { name });
}

/** A field with its label and, below it, what is wrong. */
export function field(label, control, hint) {
  serial += 1;
  const id = control.id || `g-field-${serial}`;
  control.id = id;
  const fault = h('p', { class: 'a-error', id: `${id}-e`, hidden: true });
  const box = h('div', { class: 'g-field' }, h('label', { for: id }, label), control, hint ? h('p', { class: 'a-hint' }, hint) : null, fault);
  box.fault = (text) => {
    fault.hidden = !text;
    fault.textContent = text ?? '';
    if (text) { control.setAttribute('aria-invalid', 'true'); control.setAttribute('aria-describedby', fault.id); } else control.removeAttribute('aria-invalid');
  };
  return box;
}

/** A text field that finds a name among many: `items` is [{id, label}]. `value()` is an id, null when empty, undefined when unknown. */
export function finder(items, current, { placeholder = '', name } = {}) {
  serial += 1;
  const list = `g-list-${serial}`;
  const seen = new Map();
  for (const item of items) {
    let label = item.label;
    while (seen.has(label)) label = `${item.label} (${item.id})`;
    seen.set(label, item.id);
  }
  const shown = [...seen].find(([, id]) => id === current)?.[0] ?? '';
  const input = h('input', { class: 'a-input', type: 'text', list, value: shown, placeholder, autocomplete: 'off', name });
  const node = h('div', { class: 'g-finder' }, input, h('datalist', { id: list }, ...[...seen.keys()].map((label) => h('option', { value: label }))));
  const value = () => {
    const typed = input.value.trim();
    if (typed === '') return null;
    if (seen.has(typed)) return seen.get(typed);
    const close = [...seen].filter(([label]) => label.includes(typed));
    return close.length === 1 ? close[0][1] : undefined;
  };
  return { node, input, value };
}
