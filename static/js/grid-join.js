// One account in two windows: what the other window saved is taken in beside what was changed here. Pure.
import { identity, slotOf } from './grid-core.js';

/** Slot → its cells. */
export function bySlot(cells) {
  const slots = new Map();
  for (const cell of cells) slots.set(slotOf(cell), [...(slots.get(slotOf(cell)) ?? []), cell]);
  return slots;
}

const key = (cells = []) => cells.map(identity).sort().join();

/**
 * `seen` is what this window last knew of the site's draft, `theirs` what the draft is now, `mine` what is shown here.
 * Gives the edits that take theirs in where nothing was changed here, and how many slots both changed (mine stands).
 */
export function joined(seen, theirs, mine) {
  const edits = new Map();
  let both = 0;
  for (const slot of new Set([...seen.keys(), ...theirs.keys()])) {
    const [was, now, here] = [seen, theirs, mine].map((slots) => key(slots.get(slot)));
    if (was === now || now === here) continue;
    if (was === here) edits.set(slot, theirs.get(slot) ?? []);
    else both += 1;
  }
  return { edits, both };
}
