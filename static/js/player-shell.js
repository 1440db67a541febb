// artplayer as the shell around <video>: buttons, fullscreen, keys, languages. Media is attached by the engines.
import { floating } from './player-say.js';

/** Waits for a classic script that puts a global; loads it when the page has not. */
export function script(address, ready) {
  if (ready()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const tag = document.createElement('script');
    tag.src = address;
    tag.onload = () => resolve();
    tag.onerror = () => reject(new Error(`cannot load ${address}`));
    document.head.append(tag);
  });
}

/** Makes the shell in `box`. The media's address is set later, so artplayer gets a type that does nothing. */
export async function shell(box, options) {
  await script(box.dataset.artplayer, () => window.Artplayer);
  const Artplayer = window.Artplayer;
  Artplayer.RECONNECT_TIME_MAX = 0; // reconnecting is ours: it needs a new token
  Artplayer.CONTEXTMENU = false;
  Artplayer.LOG_VERSION = false;
  const frame = document.createElement('div');
  frame.className = 'player-frame';
  box.prepend(frame);
  const art = new Artplayer({
    container: frame,
    url: 'none',
    type: 'ours',
    customType: { ours: () => {} },
    poster: box.dataset.poster ?? '',
    lang: box.dataset.lang === 'en' ? 'en' : 'zh-cn',
    theme: '#3d7bf0',
    fullscreen: true,
    fullscreenWeb: true,
    pip: true,
    mutex: true,
    hotkey: true,
    playsInline: true,
    gesture: true,
    moreVideoAttr: { 'x5-video-player-type': 'h5-page', 'webkit-playsinline': true, preload: 'auto' },
    ...options,
  });
  art.video.removeAttribute('crossorigin');
  art.on('ready', () => named(frame));
  named(frame);
  return art;
}

/** artplayer names plain <div>s, which a screen reader does not read: what can be pressed becomes a button, the rest a picture. */
function named(frame) {
  for (const part of frame.querySelectorAll('[aria-label]:not([role])')) {
    const pressed = part.classList.contains('art-control');
    part.setAttribute('role', pressed ? 'button' : 'img');
    if (!pressed) continue;
    part.tabIndex = 0;
    part.addEventListener('keydown', (event) => event.key === 'Enter' && part.click());
  }
}

/** Plays; a browser that wants a gesture for sound gets a muted start and a button, one that wants it for all a button. */
export async function play(box, video, text) {
  const hint = () => {
    if (box.querySelector('.player-float')) return;
    const made = floating(box, text('点击打开声音', 'Turn the sound on'), () => {
      video.muted = false;
      video.play().catch(() => {});
    });
    video.addEventListener('volumechange', () => !video.muted && made.remove());
  };
  try {
    await video.play();
    if (video.muted) hint();
  } catch (error) {
    if (error.name !== 'NotAllowedError') return;
    if (!video.muted) {
      video.muted = true;
      await play(box, video, text);
    } else {
      floating(box, text('点击播放', 'Play'), () => video.play().catch(() => {}));
    }
  }
}
