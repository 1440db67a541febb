// The player of a page: finds #player and starts the live or the lesson player with what its data-* attributes say.
import { Live } from './player-live.js';
import { Lesson } from './player-lesson.js';

const box = document.getElementById('player');
if (box) {
  const player = box.dataset.kind === 'live' ? new Live(box) : new Lesson(box);
  player.start();
}
