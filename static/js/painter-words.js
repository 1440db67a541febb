// Words of the painter in the page's language.

const chinese = document.documentElement.lang !== "en";
export const t = (zh, en) => (chinese ? zh : en);

const ZH = ["周日", "周一", "周二", "周三", "周四", "周五", "周六"];
const LONG = ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"];
const EN = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const EN_LONG = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
export const dayShort = (day) => t(ZH[day], EN[day]);
export const dayLong = (day) => t(LONG[day], EN_LONG[day]);

export const OVERLAP = t("时间段发生重叠，应用失败！", "The ranges overlap: not done!");

// An element with attributes, properties and children; `null` children are left out.
export const el = (tag, with_ = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(with_)) {
    if (value === null || value === false || value === undefined) continue;
    if (name === "class") node.className = value;
    else if (name === "value" || name === "checked" || name === "disabled" || name === "hidden" || name === "selected") node[name] = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
};

// A page of ours that answers JSON. Gives {status, body}; a status of 0 = no answer.
export const ask = async (url, csrf, body) => {
  const with_ = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const headers = { accept: "application/json", "content-type": "application/json", "x-csrf-token": csrf };
  try {
    const answer = await fetch(url, { ...with_, headers, redirect: "manual" });
    const json = (answer.headers.get("content-type") ?? "").includes("json");
    return { status: answer.status, body: json ? await answer.json() : null };
  } catch { return { status: 0, body: null }; }
};

// What to say of an answer that carries no sentence of its own.
export const trouble = (status) => {
  if (status === 0) return t("没有保存：连不上网站。修改仍保留在本页，请稍后再试。", "Not saved: the site does not answer. Your changes are still here: try again later.");
  if (status === 401 || status === 403) return t("没有保存：登录已过期。请在另一个窗口登录后刷新本页，未保存的修改会恢复。", "Not saved: your login has ended. Log in again and reload this page; unsaved changes come back.");
  if (status === 413) return t("没有保存：内容太多。", "Not saved: too much at once.");
  if (status === 404) return t("它已被别人删除。", "Somebody has removed it.");
  return t(`没有保存：网站出错了（${status}）。修改仍保留在本页，请稍后再试。`, `Not saved: the site failed (${status}). Your changes are still here: try again later.`);
};
