// Give scripts: chosen, dropped or pasted; each shows how far its analysis is.
import { announce, ask, byId, element, errorNode, follow, language, onLanguage, say, stageShare, stageText } from "./page.js";

const uploads = byId("uploads");

const upload = async (name, send) => {
  const row = element("li");
  const title = element("b", "", name);
  const state = element("span", "state", say("上传中", "uploading"));
  const bar = element("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", name);
  row.append(title, state, bar);
  uploads.append(row);
  try {
    const { script, job } = await send();
    const link = element("a", "", name);
    link.href = `/scripts/${script.id}`;
    title.replaceChildren(link);
    const show = (now) => {
      state.textContent = stageText(now);
      if (now.state === "running") bar.value = stageShare(now);
    };
    const ended = await follow(job.id, show);
    bar.remove();
    if (ended.state === "failed") {
      row.append(errorNode(ended));
    } else if (ended.state === "done") {
      row.append(openLink(script.id));
      return script.id;
    }
  } catch (error) {
    bar.remove();
    state.textContent = say("没有成功", "failed");
    row.append(errorNode(error));
  }
  return null;
};

const openLink = (id) => {
  const link = element("a", "button primary", say("打开", "Open"));
  link.href = `/scripts/${id}`;
  return link;
};

const uploadFiles = async (files) => {
  const ids = await Promise.all([...files].map((file) => upload(file.name, () => {
    const form = new FormData();
    form.append("file", file);
    return ask("/api/scripts", { method: "POST", form });
  })));
  if (ids.length === 1 && ids[0]) location.assign(`/scripts/${ids[0]}`);
};

const uploadText = async (name, text) => {
  const id = await upload(name, () => ask("/api/scripts", { method: "POST", json: { name, text } }));
  if (id) location.assign(`/scripts/${id}`);
};

byId("file").addEventListener("change", (event) => { uploadFiles(event.target.files); });
const drop = byId("drop");
["dragenter", "dragover"].forEach((name) => document.addEventListener(name, (event) => {
  if (![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  drop.classList.add("over");
}));
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
document.addEventListener("drop", (event) => {
  drop.classList.remove("over");
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  uploadFiles(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (event.target.closest("input, textarea")) return;
  const text = event.clipboardData.getData("text/plain");
  if (event.clipboardData.files.length) uploadFiles(event.clipboardData.files);
  else if (text.trim()) {
    byId("paste").open = true;
    byId("paste-text").value = text;
    byId("paste-send").focus();
  }
});
byId("upload").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("paste-text").value;
  if (!text.trim()) { byId("paste-text").focus(); return; }
  uploadText(byId("paste-name").value.trim() || say("粘贴的剧本", "Pasted script"), text);
});
const sample = byId("sample");
if (sample) sample.addEventListener("click", async () => {
  sample.disabled = true;
  uploadText("末班车.txt", await (await fetch("/static/sample.txt")).text());
});

document.querySelectorAll("button.delete").forEach((button) => button.addEventListener("click", async () => {
  const row = button.closest("tr");
  const title = row.querySelector("th a").textContent;
  if (!confirm(say(`删除“${title}”？剧本、数值和改正都会真正删除，不能恢复。`, `Delete “${title}”? The script, its numbers and corrections are really deleted, for good.`))) return;
  try {
    await ask(`/api/scripts/${row.dataset.script}`, { method: "DELETE" });
    const why = row.nextElementSibling;
    if (why && why.classList.contains("why")) why.remove();
    row.remove();
    announce(say("已删除", "deleted"));
  } catch (error) { announce(error.message, true); }
}));

document.querySelectorAll("tr[data-job]").forEach((row) => {
  const state = row.querySelector(".state");
  let last = null;
  const show = (job) => { last = job; state.textContent = stageText(job); };
  onLanguage(() => { if (last) show(last); });
  follow(row.dataset.job, show).catch(() => { state.textContent = ""; });
});
onLanguage(() => document.querySelectorAll("#uploads a.button").forEach((link) => { link.textContent = language() === "zh" ? "打开" : "Open"; }));
document.body.dataset.ready = "true";
