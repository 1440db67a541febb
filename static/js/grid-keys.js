// The keyboard: arrows, Enter, Space (pick up, drop), Delete, the clipboard, undo.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function keys(app) {
  const { desk } = app;

  const move = (event, dx, dy) => {
    event.preventDefault();
    const to = app.view.step(desk.focus, dx, dy);
    if (event.shiftKey && !desk.carry) return desk.extend(to);
    desk.select([to], to);
    if (!desk.carry) return undefined;
    const found = desk.hint(to, desk.carry.items, desk.carry.copy);
    if (found.length > 0) app.say(found.slice(0, 2).join('；'), { tone: 'bad', keep: true });
    return undefined;
  };

  const edge = (event, last) => {
    event.preventDefault();
    let at = desk.focus;
    for (let next = app.view.step(at, last ? 1 : -1, 0); next !== at; next = app.view.step(at, last ? 1 : -1, 0)) at = next;
    if (event.shiftKey) desk.extend(at);
    else desk.select([at], at);
  };

  const space = (event) => {
    event.preventDefault();
    if (desk.carry) return desk.release(desk.focus, event.altKey || event.ctrlKey);
    const items = desk.items(desk.focus);
    if (items.length > 0) return desk.pick(items, { copy: event.altKey });
    return app.say(app.words.nothingHere);
  };

  const command = (event) => {
    const does = { c: () => desk.copy(false), x: () => desk.copy(true), v: () => desk.paste(), a: () => desk.selectAll() }[event.key.toLowerCase()];
    if (!does) return;
    event.preventDefault();
    does();
  };

  // Tab into the grid selects where it lands.
  app.board.root.addEventListener('focusin', (event) => {
    const pos = event.target.closest('[data-cell]')?.dataset.cell;
    if (pos && desk.selected.size === 0) desk.select([pos], pos, { quiet: true });
  });

  app.board.root.addEventListener('keydown', (event) => {
    if (!event.target.closest('[data-cell]') || !desk.focus) return;
    const arrow = ARROWS[event.key];
    if (arrow) return void move(event, ...arrow);
    if (event.ctrlKey || event.metaKey) return void command(event);
    switch (event.key) {
      case 'Home': return void edge(event, false);
      case 'End': return void edge(event, true);
      case ' ': return void space(event);
      case 'Enter':
        event.preventDefault();
        return void (desk.carry ? desk.release(desk.focus, false) : app.editCell(desk.focus));
      case 'Delete':
      case 'Backspace':
        event.preventDefault();
        return void desk.remove();
      case 'r':
      case 'R':
        return void desk.record(desk.cells());
      default: return undefined;
    }
  });

  // Undo works wherever the focus is, except while text is being typed.
  document.addEventListener('keydown', (event) => {
    if (document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') {
      if (app.drag?.cancel()) return;
      if (desk.carry) return void desk.release(null);
      if (desk.selected.size > 1 && desk.focus) desk.select([desk.focus], desk.focus);
      return;
    }
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.closest('input, textarea, select')) return;
    const key = event.key.toLowerCase();
    if (key === 'z' || key === 'y') {
      event.preventDefault();
      if (key === 'y' || event.shiftKey) desk.redo();
      else desk.undo();
    }
  });
}
