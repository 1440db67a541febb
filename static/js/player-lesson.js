// The VOD player: the slices of a lesson one after another, resume, parts, and the next lesson at the end.
import { decodes } from './player-engine.js';
import { play, shell } from './player-shell.js';
import { Say, speaker } from './player-say.js';

const SAVE_MS = 5000;
const NEXT_S = 8;
const KEEP_MAX = 200; // remembered lessons

export class Lesson {
  constructor(box) {
    this.box = box;
    this.text = speaker(box);
    this.say = new Say(box);
    this.key = `yl-lesson ${box.dataset.api}`;
    this.part = 0;
    this.renewed = 0;
  }

  async start() {
    this.art = await shell(this.box, { playbackRate: true, setting: true, autoplay: false, fastForward: true, lock: true });
    this.video = this.art.video;
    this.files = await this.ask();
    if (!this.files) return;
    const unplayable = this.files.find((file) => !decodes(file.video_codec).native);
    if (unplayable) return void this.cannot(unplayable.video_codec);
    this.video.addEventListener('ended', () => this.ended());
    this.video.addEventListener('error', () => this.failed());
    this.video.addEventListener('playing', () => {
      this.renewed = 0;
      clearInterval(this.timer);
      this.say.say('', { state: 'playing' });
    });
    setInterval(() => this.remember(), SAVE_MS);
    addEventListener('pagehide', () => this.remember());
    for (const button of document.querySelectorAll('.part-go')) {
      button.addEventListener('click', () => {
        this.open(Number(button.dataset.part) - 1, null);
        this.box.scrollIntoView({ block: 'nearest' });
      });
    }
    const kept = recall(this.key);
    const resume = kept && kept.part < this.files.length && (kept.part > 0 || kept.at_s > 10);
    this.open(resume ? kept.part : 0, resume ? kept.at_s : null);
    if (resume) this.art.notice.show = this.text('已从上次看到的位置继续', 'Resumed where you left off');
  }

  async ask() {
    const answer = await fetch(this.box.dataset.api, { cache: 'no-store' }).catch(() => null);
    if (answer?.ok && !answer.redirected) return answer.json();
    const reason = await answer?.json().catch(() => null);
    this.say.say(reason ? this.text(reason.message_zh, reason.message_en)
      : this.text('打不开录像：请刷新页面或重新登录。', 'Cannot open the recording: reload the page or log in again.'),
    { state: 'error', code: reason?.code ?? 'unreachable', buttons: [[this.text('刷新', 'Reload'), () => location.reload()]] });
    return null;
  }

  /** Plays part `index` from `at_s` (media of that file); `null`: its beginning without what the part before showed. */
  open(index, at_s) {
    this.part = index;
    const file = this.files[index];
    const start = at_s ?? (index > 0 ? file.overlap_ms / 1000 : 0);
    this.box.dataset.part = String(index + 1);
    this.video.addEventListener('loadedmetadata', () => {
      if (start > 0 && start < this.video.duration) this.video.currentTime = start;
      play(this.box, this.video, this.text);
    }, { once: true });
    this.video.src = file.url;
    for (const item of document.querySelectorAll('.part-go')) {
      item.toggleAttribute('aria-current', Number(item.dataset.part) === index + 1);
    }
  }

  ended() {
    if (this.part + 1 < this.files.length) return void this.open(this.part + 1, null);
    forget(this.key);
    this.finished = true;
    const { next, title: nextTitle } = upNext();
    if (!next) {
      this.say.say(this.text('播放完了', 'The end'), { state: 'ended', buttons: [[this.text('重看', 'Watch again'), () => this.again()]] });
      return;
    }
    let left = NEXT_S;
    const tick = () => {
      if (left <= 0) return void (location.href = next);
      this.say.say(this.text(`${left} 秒后播放：${nextTitle}`, `Next in ${left} s: ${nextTitle}`), {
        state: 'ended',
        buttons: [[this.text('立即播放', 'Play now'), () => { location.href = next; }],
          [this.text('取消', 'Cancel'), () => { clearInterval(this.timer); this.say.say('', { state: 'stopped' }); }]],
      });
      left -= 1;
    };
    this.timer = setInterval(tick, 1000);
    tick();
  }

  again() {
    this.finished = false;
    this.say.say('');
    this.open(0, 0);
  }

  /** Most often the address has run out (4 h): a fresh one, and on from where it stood. Twice without a picture is a fault. */
  async failed() {
    const at_s = this.video.currentTime;
    this.renewed += 1;
    if (this.renewed > 2) {
      const why = await this.reason();
      this.say.say(why ?? this.text('这段录像打不开，请稍后重试或下载后观看。', 'This part cannot be opened: try again later, or download it.'),
        { state: 'error', code: 'media', buttons: [[this.text('重试', 'Try again'), () => { this.renewed = 0; this.failed(); }]] });
      return;
    }
    this.say.say(this.text('重连中…', 'Reconnecting…'), { state: 'reconnecting', busy: true });
    const files = await this.ask();
    if (!files) return;
    this.files = files;
    this.open(Math.min(this.part, files.length - 1), at_s);
  }

  async reason() {
    const answer = await fetch(this.files[this.part].url, { headers: { Range: 'bytes=0-0' } }).catch(() => null);
    if (!answer || answer.ok) return null;
    const reason = await answer.json().catch(() => null);
    return reason && this.text(reason.message_zh, reason.message_en);
  }

  cannot(codec) {
    this.say.say(codec === 'H.265'
      ? this.text('此浏览器不能播放 H.265 录像。请换用支持 H.265 的浏览器（新版 Edge、Chrome 需硬件解码，或 Safari），或用下面的“下载”保存后观看。',
        'This browser cannot play H.265. Use one that can (current Edge or Chrome with hardware decoding, or Safari), or download it below.')
      : this.text('此浏览器不能播放这段录像，请换用最新的 Chrome、Edge 或 Safari。', 'This browser cannot play the recording: use a current Chrome, Edge or Safari.'),
    { state: 'unsupported', code: codec === 'H.265' ? 'h265' : 'engine' });
  }

  remember() {
    if (this.finished || !this.video.currentTime) return;
    keep(this.key, { part: this.part, at_s: this.video.currentTime, saved_at_ms: Date.now() });
  }
}

/** The first related lesson that has not just been played in this tab: two lessons must not follow each other for ever. */
function upNext() {
  let played = [];
  try {
    played = JSON.parse(sessionStorage.getItem('yl-played')) ?? [];
    played = [...played, location.pathname].slice(-KEEP_MAX);
    sessionStorage.setItem('yl-played', JSON.stringify(played));
  } catch { /* see below */ }
  for (const link of document.querySelectorAll('.related a[href]')) {
    const next = link.getAttribute('href');
    if (!played.includes(next)) return { next, title: link.querySelector('.card-title')?.textContent ?? '' };
  }
  return {};
}

// Storage may be switched off (private windows, WeChat): then there is no resume, and nothing else is lost.
function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    const all = Object.keys(localStorage).filter((name) => name.startsWith('yl-lesson '));
    if (all.length <= KEEP_MAX) return;
    all.sort((a, b) => (recall(a)?.saved_at_ms ?? 0) - (recall(b)?.saved_at_ms ?? 0));
    for (const old of all.slice(0, all.length - KEEP_MAX)) forget(old);
  } catch { /* see above */ }
}

function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch { /* see above */ }
}
