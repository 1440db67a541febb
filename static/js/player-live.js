// The live player: asks the site for a grant, opens the best engine, falls back, reconnects, keeps its lease.
import { decodes, engines, order } from './player-engine.js';
import { play, shell } from './player-shell.js';
import { Say, speaker } from './player-say.js';

const LEASE_MS = 12_000; // the live server forgets a viewer after 30 s of silence
const PAUSES_MS = [1000, 2000, 4000, 8000, 15_000];
const WAITING_MS = 5000; // how often an off-line channel is looked at again
const NO_PICTURE_MS = 8000; // bytes but no picture so long after the server answered: the next engine
const STUCK_MS = 10_000; // a picture that stands still so long has broken

export class Live {
  constructor(box) {
    this.box = box;
    this.text = speaker(box);
    this.say = new Say(box);
    this.via = ['flv', 'hls'].includes(new URLSearchParams(location.search).get('via'))
      ? new URLSearchParams(location.search).get('via') : 'auto';
    this.run = 0; // every opening has a number; what an older one says is not heard
    this.failures = 0;
    this.skip = new Set(); // engines that failed since the last picture
    this.close = () => {};
    this.info = null;
  }

  async start() {
    const first = this.ask(); // together with the shell: the first picture waits for neither
    this.art = await shell(this.box, { isLive: true, muted: true, autoplay: false });
    this.video = this.art.video;
    this.video.addEventListener('playing', () => this.playing());
    this.video.addEventListener('timeupdate', () => { this.movedAt = Date.now(); });
    addEventListener('pagehide', () => this.leave());
    addEventListener('pageshow', (event) => event.persisted && this.open());
    setInterval(() => this.renew(), LEASE_MS);
    setInterval(() => this.watchdog(), 2000);
    for (const button of document.querySelectorAll('[data-via]')) {
      if (button === this.box) continue;
      button.addEventListener('click', () => {
        this.via = button.dataset.via;
        this.failures = 0;
        this.skip.clear();
        this.open();
      });
    }
    this.open(first);
  }

  /** Everything from the beginning: a fresh grant, the first engine that has not failed. */
  async open(asked) {
    const run = ++this.run;
    clearTimeout(this.timer);
    this.stop();
    this.mark();
    const again = this.failures > 0;
    this.say.say(again ? this.text('重连中…', 'Reconnecting…') : this.text('正在打开…', 'Opening…'),
      { state: again ? 'reconnecting' : 'opening', busy: true });
    const info = await (asked ?? this.ask());
    if (run !== this.run || !info) return;
    this.info = info;
    this.facts(info);
    if (!info.can_play) {
      this.say.say(this.text(info.message_zh, info.message_en), { state: 'waiting', code: info.state });
      this.later(WAITING_MS);
      return;
    }
    const all = order(info.video_codec, this.via);
    const list = all.filter((name) => !this.skip.has(name));
    if (all.length === 0) return void this.cannot(info.video_codec);
    if (list.length === 0) this.skip.clear();
    this.use(list[0] ?? all[0], info, run);
  }

  async ask() {
    const answer = await fetch(this.box.dataset.api, { cache: 'no-store' }).catch(() => null);
    if (answer?.ok) return answer.json().catch(() => null);
    const reason = await answer?.json().catch(() => null);
    if (answer?.status === 401) {
      this.say.say(this.text('登录已过期，请重新登录。', 'Your login has ended: please log in again.'), {
        state: 'error', code: 'unauthorized',
        buttons: [[this.text('重新登录', 'Log in'), () => { location.href = `/login?next=${encodeURIComponent(location.pathname)}`; }]],
      });
      return null;
    }
    if (reason && answer.status < 500) {
      this.say.say(this.text(reason.message_zh, reason.message_en), { state: 'error', code: reason.code });
      return null;
    }
    this.failures += 1;
    this.say.say(this.text('连不上服务器，重连中…', 'The server cannot be reached, trying again…'),
      { state: 'reconnecting', code: 'unreachable', busy: true });
    this.later(this.pause());
    return null;
  }

  async use(name, info, run) {
    this.box.dataset.engine = name;
    this.engine = name;
    this.shown = false;
    this.answeredAt = 0;
    this.openedAt = performance.now();
    let told = false;
    const on = {
      ready: () => { if (run === this.run) this.answeredAt = Date.now(); },
      fail: (why) => {
        if (told || run !== this.run) return;
        told = true;
        this.failed(name, why);
      },
    };
    try {
      const close = await engines[name](this.box, this.video, info.urls, on);
      if (run !== this.run) return close();
      this.close = close;
    } catch (error) {
      return on.fail({ media: true, detail: error.message });
    }
    play(this.box, this.video, this.text);
    return undefined;
  }

  playing() {
    this.failures = 0;
    this.skip.clear();
    this.movedAt = Date.now();
    if (!this.shown) {
      this.shown = true;
      this.box.dataset.firstMs = String(Math.round(performance.now() - this.openedAt));
    }
    this.say.say('', { state: 'playing' });
    this.facts(this.info);
  }

  failed(name, why) {
    const refused = why.reason;
    if (why.media && this.info.video_codec === 'H.265' && !decodes('H.265').mse) return void this.cannot('H.265');
    // A refusal holds for every engine; only what the browser or a proxy spoils is tried another way.
    const hadPicture = this.shown;
    if (!refused && !hadPicture) this.skip.add(name);
    const untried = order(this.info.video_codec, this.via).some((other) => !this.skip.has(other));
    this.stop();
    if (!refused && !hadPicture && untried) return void this.open();
    this.failures += 1;
    if (refused && [401, 404].includes(why.status)) {
      this.say.say(this.text(refused.message_zh, refused.message_en), { state: 'error', code: refused.code, buttons: this.retry() });
    } else if (refused) {
      this.say.say(this.text(refused.message_zh, refused.message_en), { state: 'waiting', code: refused.code, buttons: this.retry() });
      this.later(Math.max(this.pause(), WAITING_MS));
    } else if (why.media && !hadPicture) {
      this.say.say(this.text('这个浏览器播放不了这路画面。请换用最新的 Chrome、Edge 或 Safari，或切换线路。',
        'This browser cannot play the picture. Use a current Chrome, Edge or Safari, or another line.'),
      { state: 'error', code: 'media', buttons: this.retry() });
    } else {
      this.say.say(this.text('画面中断，重连中…', 'The picture broke off, reconnecting…'),
        { state: 'reconnecting', code: 'lost', busy: true });
      this.later(this.pause());
    }
  }

  cannot(codec) {
    this.stop();
    const text = codec === 'H.265'
      ? this.text('此浏览器不能播放 H.265 画面。请换用支持 H.265 的浏览器（新版 Edge、Chrome 需硬件解码，或 Safari），或请管理员把摄像头的编码改为 H.264。',
        'This browser cannot play H.265. Use one that can (current Edge or Chrome with hardware decoding, or Safari), or ask an administrator to set the camera to H.264.')
      : this.text('这个浏览器不支持所选的播放方式。请选“自动”，或换用最新的 Chrome、Edge 或 Safari。',
        'This browser does not support the chosen way of playing. Choose “Auto”, or use a current Chrome, Edge or Safari.');
    this.say.say(text, { state: 'unsupported', code: codec === 'H.265' ? 'h265' : 'engine' });
  }

  retry() {
    return [[this.text('重试', 'Try again'), () => { this.failures = 0; this.skip.clear(); this.open(); }]];
  }

  pause() {
    return PAUSES_MS[Math.min(this.failures, PAUSES_MS.length) - 1] ?? PAUSES_MS[0];
  }

  later(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), ms);
  }

  /** A picture that never comes or stands still without any error. */
  watchdog() {
    if (document.hidden || !this.engine) return;
    const now = Date.now();
    if (!this.shown && this.answeredAt && now - this.answeredAt > NO_PICTURE_MS && !this.video.paused) {
      this.failed(this.engine, { ended: true });
    } else if (this.shown && !this.video.paused && now - this.movedAt > STUCK_MS) {
      this.failed(this.engine, { ended: true });
    }
  }

  async renew() {
    if (!this.info?.urls?.lease || !this.engine) return;
    const answer = await fetch(this.info.urls.lease, { method: 'POST', cache: 'no-store' }).catch(() => null);
    if (answer && [401, 403].includes(answer.status)) this.open();
  }

  /** Ends the stream and gives the lease back at once, so that an unwatched push stops early. */
  stop() {
    this.engine = null;
    this.close();
    this.close = () => {};
    this.leave();
    this.info = this.info && { ...this.info, urls: {} };
  }

  leave() {
    if (this.info?.urls?.leave) navigator.sendBeacon(this.info.urls.leave);
  }

  mark() {
    for (const button of document.querySelectorAll('button[data-via]')) {
      button.setAttribute('aria-pressed', String(button.dataset.via === this.via));
    }
  }

  facts(info) {
    const clicks = document.getElementById('clicks');
    if (clicks) clicks.textContent = info.clicks;
    const facts = document.getElementById('player-facts');
    const engine = this.shown && this.engine ? { flv: 'FLV', hls: 'HLS', native: 'HLS' }[this.engine] : '';
    if (facts) facts.textContent = [info.video_codec, info.audio_codec, engine].filter(Boolean).join(' · ');
    const tag = document.getElementById('state-tag');
    if (!tag) return;
    const running = info.state === 'running';
    tag.textContent = !running ? this.text('离线中', 'Off line')
      : info.recording ? this.text('录像中', 'Recording') : this.text('直播中', 'Live');
    tag.className = `tag dot ${!running ? '' : info.recording ? 'bad' : 'ok'}`;
  }
}
