// What all pages do: language and theme (remembered in cookies, so that the server renders the page right at once), help, requests.

const body = document.body;
const listeners = { language: [], theme: [] };
const remember = (name, value) => {
  document.cookie = `juqing-${name}=${value}; path=/; max-age=31536000; SameSite=Strict`;
};

export const byId = (id) => document.getElementById(id);
export const language = () => (body.classList.contains("en") ? "en" : "zh");
export const say = (zh, en) => (language() === "zh" ? zh : en);
export const onLanguage = (listener) => listeners.language.push(listener);
export const onTheme = (listener) => listeners.theme.push(listener);

/** Tell people who cannot see it, and show it for a while. */
export const announce = (text, isError = false) => {
  const said = byId("said");
  said.textContent = text;
  said.classList.toggle("error", isError);
  said.classList.add("shown");
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => said.classList.remove("shown"), isError ? 8000 : 3000);
};

/** Text of both languages; the class of the body says which one is seen. */
export const both = (zh, en) => [[zh, "zh"], [en, "en"]].map(([text, lang]) => {
  const node = element("span", lang, text);
  node.lang = lang;
  return node;
});
/** What went wrong, to stay on the page: of a request, or of a job. */
export const errorNode = (error) => {
  const node = element("span", "error");
  node.append(...both(error.chinese || error.error_chinese || error.message || error.error, error.english || error.error || error.message));
  return node;
};
const problemOf = (chinese, english) => Object.assign(new Error(say(chinese, english)), { chinese, english });

/** A request to the server; an error carries what a person can do about it, in both languages. */
export const ask = async (path, { method = "GET", json, form, signal } = {}) => {
  const headers = json === undefined ? {} : { "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(path, { method, headers, body: json === undefined ? form : JSON.stringify(json), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw problemOf("服务器没有应答。", "The server does not answer.");
  }
  if (response.ok) return response.status === 204 ? null : response.json();
  let problem = {};
  try { problem = await response.json(); } catch { /* a problem that is no JSON */ }
  throw problemOf(problem.chinese || `服务器出错：${response.status}`, problem.detail || `${response.status} ${response.statusText}`);
};

/** Follow a job by server-sent events; `onJob` gets it at each change. Resolves with the job when it is over. */
export const follow = (id, onJob) => new Promise((resolve, reject) => {
  const events = new EventSource(`/api/jobs/${id}/events`);
  events.addEventListener("job", (event) => {
    const job = JSON.parse(event.data);
    onJob(job);
    if (["done", "failed", "canceled"].includes(job.state)) {
      events.close();
      resolve(job);
    }
  });
  events.addEventListener("error", () => { // it reconnects on its own, unless the job is gone
    if (events.readyState === EventSource.CLOSED) reject(problemOf("任务不在了。", "The job is gone."));
  });
});

export const stageText = (job) => {
  const share = job.total > 1 ? ` ${Math.round((100 * job.done) / job.total)}%` : "";
  if (job.state === "queued") return say("等待中", "waiting");
  if (job.state === "done") return say("已分析", "analyzed");
  if (job.state === "failed") return say("没有成功", "failed");
  if (job.state === "canceled") return say("已取消", "canceled");
  const stages = { reading: ["读剧本", "reading"], scoring: ["分析情感", "scoring"], saving: ["保存", "saving"] };
  const stage = stages[job.stage] || ["开始", "starting"];
  return say(...stage) + share;
};

/** How far a job is, 0..1: reading and saving are short beside scoring. */
export const stageShare = (job) => {
  if (job.state === "done") return 1;
  if (job.stage === "scoring") return 0.1 + (0.85 * job.done) / Math.max(1, job.total);
  return { reading: 0.05, saving: 0.97 }[job.stage] || 0;
};

export const element = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};

const setLanguage = (chosen) => {
  body.classList.remove("zh", "en");
  body.classList.add(chosen);
  document.documentElement.lang = chosen;
  document.querySelectorAll("[data-language]").forEach((button) => button.setAttribute("aria-pressed", button.dataset.language === chosen));
  ["aria-label", "placeholder"].forEach((name) => document.querySelectorAll(`[data-${chosen}-${name}]`).forEach((node) => {
    node.setAttribute(name, node.getAttribute(`data-${chosen}-${name}`));
  }));
  document.querySelectorAll(`[data-${chosen}-text]`).forEach((node) => { node.textContent = node.getAttribute(`data-${chosen}-text`); });
};
document.querySelectorAll("[data-language]").forEach((button) => button.addEventListener("click", () => {
  setLanguage(button.dataset.language);
  remember("language", button.dataset.language);
  listeners.language.forEach((listener) => listener());
}));

const themes = ["", "light", "dark"];
const signs = { "": "◐", light: "○", dark: "●" };
const setTheme = (theme) => {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  byId("theme").textContent = signs[theme];
};
setTheme(document.documentElement.dataset.theme || "");
byId("theme").addEventListener("click", () => {
  const theme = themes[(themes.indexOf(document.documentElement.dataset.theme || "") + 1) % 3];
  setTheme(theme);
  remember("theme", theme);
  announce({ "": say("明暗跟随系统", "theme of the system"), light: say("明", "light"), dark: say("暗", "dark") }[theme]);
  listeners.theme.forEach((listener) => listener());
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => listeners.theme.forEach((listener) => listener()));

const help = byId("help");
byId("help-button").addEventListener("click", () => help.showModal());
document.addEventListener("keydown", (event) => {
  if (event.key === "?" && !isTyping(event)) { event.preventDefault(); help.showModal(); }
});

/** Whether a key belongs to a field or a dialog, not to the page. */
export const isTyping = (event) => event.ctrlKey || event.metaKey || event.altKey || help.open
  || event.target.closest("input:not([type=range]), textarea, select, [contenteditable]") !== null;
