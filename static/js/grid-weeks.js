// In which weeks a cell runs: the texts of model::calendar::Weeks (`all`, `odd`, `even`, `1-8,10`, `mod 3 1`).
// A set of weeks is two numbers of 30 bits, so that "do they meet" is two ANDs.
import { t } from './grid-words.js';

export const WEEK_MAX = 60;
const HALF = 30;
const known = new Map();

const has = (text, week) => {
  if (text === 'all') return true;
  if (text === 'odd') return week % 2 === 1;
  if (text === 'even') return week % 2 === 0;
  const mod = /^mod (\d+) (\d+)$/.exec(text);
  if (mod) return week >= Number(mod[2]) && (week - Number(mod[2])) % Number(mod[1]) === 0;
  return text.split(',').some((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return week >= first && week <= last;
  });
};

/** [weeks 1–30, weeks 31–60] as bits. */
export function bits(text) {
  let found = known.get(text);
  if (!found) {
    found = [0, 0];
    for (let week = 1; week <= WEEK_MAX; week += 1) {
      if (has(text, week)) found[week > HALF ? 1 : 0] |= 1 << ((week - 1) % HALF);
    }
    known.set(text, found);
  }
  return found;
}

export const meets = (a, b) => {
  if (a === 'all' || b === 'all') return true;
  const [x, y] = [bits(a), bits(b)];
  return (x[0] & y[0]) !== 0 || (x[1] & y[1]) !== 0;
};

export const runs = (text, week) => week < 1 || has(text, week);

/** What stands on a card; empty for every week. */
export function short(text) {
  if (text === 'all') return '';
  if (text === 'odd') return t('单', 'odd');
  if (text === 'even') return t('双', 'even');
  const mod = /^mod (\d+) (\d+)$/.exec(text);
  if (mod) return t(`每${mod[1]}周`, `every ${mod[1]} wk`);
  return t(`${text}周`, `wk ${text}`);
}

/** In words. */
export function words(text) {
  if (text === 'all') return t('每周', 'every week');
  if (text === 'odd') return t('单周', 'odd weeks');
  if (text === 'even') return t('双周', 'even weeks');
  const mod = /^mod (\d+) (\d+)$/.exec(text);
  if (mod) return t(`从第 ${mod[2]} 周起每 ${mod[1]} 周`, `every ${mod[1]} weeks from week ${mod[2]}`);
  return t(`第 ${text} 周`, `weeks ${text}`);
}

/** A typed list such as `1-8，10、12` in the form of the wire, or null. */
export function parseList(typed) {
  const parts = typed.replace(/[第周\s]/g, '').split(/[,，、;；]/).filter(Boolean);
  const weeks = new Set();
  for (const part of parts) {
    const match = /^(\d{1,2})(?:[-–—~～至](\d{1,2}))?$/.exec(part);
    if (!match) return null;
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (first < 1 || last > WEEK_MAX || last < first) return null;
    for (let week = first; week <= last; week += 1) weeks.add(week);
  }
  if (weeks.size === 0) return null;
  const sorted = [...weeks].sort((a, b) => a - b);
  const out = [];
  for (let i = 0; i < sorted.length; ) {
    let j = i;
    while (sorted[j + 1] === sorted[j] + 1) j += 1;
    out.push(i === j ? `${sorted[i]}` : `${sorted[i]}-${sorted[j]}`);
    i = j + 1;
  }
  return out.join(',');
}
