// Talking to the site: JSON both ways, and one shape for whatever goes wrong.
import { t } from './grid-words.js';

const PATIENCE_MS = 60_000; // a timetable of 40,000 lessons is 5 MB

/** What went wrong: `status` 0 = no answer; `body` what the site said. */
export class Refused extends Error {
  constructor(status, body) {
    super(body?.message ?? sentence(status));
    this.status = status;
    this.body = body ?? {};
  }
}

function sentence(status) {
  if (status === 0) return t('连不上网站。请检查网络；恢复后会自动重试。', 'The site cannot be reached. Check the network; it is tried again by itself.');
  if (status === 401 || status === 403) return t('登录已过期。改动已留在这个浏览器里：请在新窗口重新登录，再回来刷新。', 'You have been logged out. The changes are kept in this browser: log in again in a new window, then reload this page.');
  return t('网站出错了，请稍后再试；如果一直这样，请管理员查看服务器日志。', 'Something went wrong on the site: try again later; if it stays like this, an administrator should look at the log.');
}

async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, { ...options, redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Refused(0);
  }
  if (answer.type === 'opaqueredirect') throw new Refused(401);
  const body = await answer.json().catch(() => null);
  if (!answer.ok || body === null) throw new Refused(answer.status === 200 ? 500 : answer.status, body);
  return body;
}

export const get = (path) => ask(path, { headers: { accept: 'application/json' } });

export const post = (path, csrf, value) =>
  ask(path, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json', 'x-csrf-token': csrf }, body: JSON.stringify(value) });
