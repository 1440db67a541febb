// What the player tells people: one overlay over the picture, texts in pairs like everywhere on the site.

/** Picks the language of the page. */
export function speaker(box) {
  const english = box.dataset.lang === 'en';
  return (zh, en) => (english ? en : zh);
}

/** The overlay. `say(text)` shows it, with buttons [[label, action], …]; `say('')` hides it. */
export class Say {
  constructor(box) {
    this.box = box;
    this.panel = box.querySelector('.player-say') ?? document.createElement('div');
    this.panel.className = 'player-say';
    this.panel.setAttribute('role', 'status');
    this.panel.setAttribute('aria-live', 'polite');
    box.append(this.panel);
  }

  say(text, { state = '', code = '', busy = false, buttons = [] } = {}) {
    if (state) this.box.dataset.state = state;
    this.box.dataset.code = code;
    this.panel.hidden = !text;
    this.panel.replaceChildren();
    if (!text) return;
    if (busy) {
      const wheel = document.createElement('span');
      wheel.className = 'player-wheel';
      this.panel.append(wheel);
    }
    const line = document.createElement('p');
    line.textContent = text;
    this.panel.append(line);
    for (const [label, action] of buttons) this.panel.append(button(label, action));
  }
}

/** A small button that floats over the picture, e.g. to switch the sound on. */
export function floating(box, label, action) {
  const made = button(label, () => {
    made.remove();
    action();
  });
  made.classList.add('player-float');
  box.append(made);
  return made;
}

function button(label, action) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'btn small';
  made.textContent = label;
  made.addEventListener('click', action);
  return made;
}
