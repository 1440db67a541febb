// How live media gets into <video>: FLV by mpegts.js, HLS by hls.js or by the browser itself.
// An engine is `open(video, urls, on) → close()`; `on.ready()` when the server began to answer, `on.fail({…})` once when
// it broke: {status, reason} of a refusal, {ended: true} when the stream stopped, {media: true} when the browser cannot
// decode it.
import { script } from './player-shell.js';

const H264 = 'video/mp4; codecs="avc1.640028, mp4a.40.2"';
const H265 = 'video/mp4; codecs="hvc1.1.6.L120.90"';
const HLS_TYPE = 'application/vnd.apple.mpegurl';

/** Whether this browser decodes the codec at all. An unknown codec is taken for H.264. */
export function decodes(codec) {
  const type = codec === 'H.265' ? H265 : H264;
  const source = window.ManagedMediaSource ?? window.MediaSource;
  const inside = source?.isTypeSupported?.(type) ?? false;
  return { mse: inside, native: inside || document.createElement('video').canPlayType(type) !== '' };
}

/** Engines to try, best first: lowest delay, then widest support (R-LIV-09). */
export function order(codec, via) {
  const can = decodes(codec);
  const native = can.native && document.createElement('video').canPlayType(HLS_TYPE) !== '';
  const list = [];
  if (can.mse && window.MediaSource && via !== 'hls') list.push('flv');
  if (can.mse && via !== 'flv') list.push('hls');
  if (native && via !== 'flv') list.push('native');
  return list;
}

export const engines = { flv, hls, native };

async function flv(box, video, urls, on) {
  await script(box.dataset.mpegts, () => window.mpegts);
  const mpegts = window.mpegts;
  mpegts.LoggingControl.applyConfig({ enableAll: false, enableError: true });
  const player = mpegts.createPlayer(
    { type: 'flv', isLive: true, url: new URL(urls.flv, location.href).href },
    {
      customLoader: loader(mpegts, on),
      enableStashBuffer: false, // hand every chunk on at once: the delay is ours to keep small
      lazyLoad: false,
      liveSync: true, // modest chasing: 1.1× until about 1 s behind, never a jump
      liveSyncMaxLatency: 1.8,
      liveSyncTargetLatency: 1,
      liveSyncPlaybackRate: 1.1,
      autoCleanupSourceBuffer: true,
      autoCleanupMaxBackwardDuration: 60,
      autoCleanupMinBackwardDuration: 30,
    },
  );
  player.on(mpegts.Events.ERROR, (kind, detail, info) => {
    if (kind === mpegts.ErrorTypes.NETWORK_ERROR) {
      on.fail(info?.reason ? { status: info.code, reason: info.reason } : { status: info?.code > 0 ? info.code : 0, ended: true });
    } else on.fail({ media: true, detail: `${detail}: ${info?.msg ?? ''}` });
  });
  player.on(mpegts.Events.LOADING_COMPLETE, () => on.fail({ ended: true }));
  player.attachMediaElement(video);
  player.load();
  return () => {
    try {
      player.destroy();
    } catch { /* it had broken already */ }
  };
}

/** mpegts.js' own loader drops the body of a refusal; ours reads the server's reason from it. */
function loader(mpegts, on) {
  return class extends mpegts.BaseLoader {
    constructor() {
      super('yunlubo');
      this._needStash = true;
      this.control = new AbortController();
    }

    async open(source, range) {
      this._status = 1; // connecting
      let received = 0;
      try {
        const answer = await fetch(source.url, { signal: this.control.signal, cache: 'no-store' });
        if (!answer.ok) {
          const reason = await answer.json().catch(() => null);
          return this.broke('HttpStatusCodeInvalid', { code: answer.status, msg: answer.statusText, reason });
        }
        on.ready();
        const reader = answer.body.getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (this.control.signal.aborted) return undefined;
          if (done) break;
          this._status = 2; // buffering
          const whole = value.byteLength === value.buffer.byteLength;
          const chunk = whole ? value.buffer : value.slice().buffer;
          received += chunk.byteLength;
          this._onDataArrival?.(chunk, range.from + received - chunk.byteLength, received);
        }
        this._status = 4; // complete
        this._onComplete?.(range.from, range.from + received - 1);
      } catch (error) {
        if (!this.control.signal.aborted) this.broke('Exception', { code: -1, msg: error.message });
      }
      return undefined;
    }

    broke(kind, info) {
      this._status = 3; // error
      this._onError?.(kind, info);
    }

    abort() {
      this.control.abort();
      this._status = 4;
    }

    destroy() {
      this.control.abort();
      super.destroy();
    }
  };
}

async function hls(box, video, urls, on) {
  await script(box.dataset.hls, () => window.Hls);
  const Hls = window.Hls;
  if (!Hls.isSupported()) {
    on.fail({ media: true, detail: 'no MSE' });
    return () => {};
  }
  const player = new Hls({
    liveSyncDurationCount: 2,
    liveMaxLatencyDurationCount: 6,
    maxLiveSyncPlaybackRate: 1.1,
    backBufferLength: 30,
    manifestLoadPolicy: patient(),
    playlistLoadPolicy: patient(),
  });
  player.on(Hls.Events.MANIFEST_PARSED, () => on.ready());
  let repaired = false;
  player.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !repaired && !/addcodec|incompatible/i.test(data.details)) {
      repaired = true;
      player.recoverMediaError();
      return;
    }
    if (data.type !== Hls.ErrorTypes.NETWORK_ERROR) return on.fail({ media: true, detail: data.details });
    const reason = parse(data.networkDetails?.responseText);
    on.fail(reason ? { status: data.response?.code, reason } : { status: data.response?.code ?? 0, ended: true });
  });
  player.attachMedia(video);
  player.loadSource(new URL(urls.hls, location.href).href);
  return () => player.destroy();
}

/** The server holds the first request until the push has started; a refusal is told to us, not retried unseen. */
function patient() {
  return { default: { maxTimeToFirstByteMs: 20000, maxLoadTimeMs: 25000, timeoutRetry: null, errorRetry: null } };
}

async function native(box, video, urls, on) {
  const failed = async () => {
    const media = video.error?.code === 3;
    const answer = media ? null : await fetch(urls.hls, { cache: 'no-store' }).catch(() => null);
    const reason = answer && !answer.ok ? await answer.json().catch(() => null) : null;
    on.fail(reason ? { status: answer.status, reason } : { media: media || Boolean(answer?.ok), ended: !media });
  };
  video.addEventListener('error', failed, { once: true });
  video.addEventListener('loadedmetadata', () => on.ready(), { once: true });
  video.src = urls.hls;
  video.load();
  return () => {
    video.removeEventListener('error', failed);
    video.removeAttribute('src');
    video.load();
  };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
