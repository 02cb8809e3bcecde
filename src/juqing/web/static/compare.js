// Two drafts: what became stronger and weaker, scene by scene, and the lines side by side.
import { byId, element, onLanguage, onTheme, say } from "./page.js";

const { comparison, before, after, emotions, figure } = JSON.parse(byId("data").textContent);
const { scenes, characters, differences, totals } = comparison;
const lineText = (line) => after.lines[line];
const charts = window.juqingCharts({ lineText, goTo: () => {}, choose: () => {} });
charts.setData({ characters, nMain: characters.length, emotions, scenes: [], cues: [] });
let emotion = -1;
let scene = 0;

const titleOf = (pair) => (pair.after ? after.scenes[pair.after - 1] : before.scenes[pair.before - 1]);
const stateText = (pair) => {
  const words = { same: ["没有变", "the same"], changed: ["改过", "changed"], added: ["新加", "added"], removed: ["删去", "removed"] };
  const moved = pair.moved ? say("，移动过", ", moved") : "";
  return say(...words[pair.state]) + moved;
};
const signed = (value) => (Math.abs(value) < 0.005 ? "0.00" : (value > 0 ? "+" : "−") + Math.abs(value).toFixed(2));
const strongest = (row) => row.reduce((best, value, k) => (Math.abs(value) > Math.abs(row[best]) ? k : best), 0);

const drawMap = () => {
  const cells = [];
  characters.forEach((character, c) => scenes.forEach((pair, s) => {
    const row = differences[c][s];
    if (!row) return;
    const k = emotion < 0 ? strongest(row) : emotion;
    const value = row[k];
    const label = Math.abs(value) < 0.1 ? "" : (value > 0 ? "+" : "−") + charts.emotionMark(k);
    cells.push({ scene: s + 1, character, value, text: scenes.length <= 60 ? label : "", c, pair: s });
  }));
  byId("differences").parentElement.hidden = !cells.length; // nobody is in both drafts
  charts.views.differences.data("cells", cells);
  charts.views.differences.run();
};
const mapTip = (event, value) => {
  const pair = scenes[value.pair];
  charts.showTip(event, `${titleOf(pair)} · ${stateText(pair)}`, value.character,
    differences[value.c][value.pair].map((change, k) => `${charts.emotionName(k)} ${signed(change)}`).join("  "), []);
};

const drawLists = () => {
  const counts = { same: 0, changed: 0, added: 0, removed: 0 };
  let moved = 0;
  scenes.forEach((pair) => { counts[pair.state] += 1; moved += pair.moved ? 1 : 0; });
  byId("summary").textContent = say(
    `${counts.same} 场没有变，${counts.changed} 场改过，${counts.added} 场新加，${counts.removed} 场删去，${moved} 场移动过。`,
    `${counts.same} scenes are the same, ${counts.changed} changed, ${counts.added} added, ${counts.removed} removed, ${moved} moved.`)
    + (differences.flat().some(Boolean) ? "" : say("没有人物在两稿的同一场里，情感无从比较。", " Nobody is in a scene of both drafts, so that there is nothing to compare."));
  const most = scenes.map((pair, s) => [pair.change || 0, s]).filter(([change]) => change >= 0.005).sort((a, b) => b[0] - a[0]).slice(0, 12);
  byId("most").replaceChildren(...most.map(([change, s]) => {
    const row = element("li");
    const button = element("button", "link", titleOf(scenes[s]));
    button.type = "button";
    button.addEventListener("click", () => show(s));
    row.append(button, element("span", "place", `${say("变化", "change")} ${change.toFixed(2)} · ${stateText(scenes[s])}`));
    return row;
  }));
  if (!most.length) byId("most").replaceChildren(element("li", "hint", say("没有一场的情感变了。", "No scene’s feeling changed.")));
  byId("totals").tBodies[0].replaceChildren(...characters.map((name, c) => {
    const row = element("tr");
    const head = element("th", "", name);
    head.scope = "row";
    row.append(head);
    emotions.forEach(([key], k) => {
      const total = totals[c];
      const cell = element("td", total && Math.abs(total[k]) >= 0.05 ? `t-${key}` : "faint", total ? signed(total[k]) : "–");
      row.append(cell);
    });
    return row;
  }));
  const choice = byId("scene");
  choice.replaceChildren(...scenes.map((pair, s) => {
    const option = element("option", "", `${titleOf(pair)} · ${stateText(pair)}`);
    option.value = s;
    return option;
  }));
  choice.value = scene;
};

const drawLines = () => {
  const pair = scenes[scene];
  const grid = byId("lines");
  grid.replaceChildren();
  const cell = (draft, line, state) => {
    const node = element("p", line === null ? "none" : state);
    if (line === null) return node;
    const [number, text] = draft.lines[line - 1];
    const marks = { same: "", changed: "~", added: "+", removed: "−" };
    node.append(element("span", "number", number), element("span", "mark", marks[state]), element("span", "text", text));
    return node;
  };
  const heads = [[before, pair.before], [after, pair.after]];
  heads.forEach(([draft, at]) => grid.append(element("h3", "", at ? draft.scenes[at - 1] : say("（没有）", "(not there)"))));
  pair.lines.forEach((line) => grid.append(cell(before, line.before, line.state), cell(after, line.after, line.state)));
};
const show = (s) => {
  scene = Number(s);
  byId("scene").value = s;
  drawLines();
  byId("lines").scrollIntoView({ block: "nearest" });
};

const drawButtons = () => {
  const group = byId("difference-emotions");
  group.replaceChildren(...[-1, 0, 1, 2, 3, 4, 5].map((k) => {
    const button = element("button", "", k < 0 ? say("变化最大的", "changed most") : charts.emotionName(k));
    button.type = "button";
    charts.pressed(button, k === emotion);
    button.addEventListener("click", () => { emotion = k; drawButtons(); drawMap(); });
    return button;
  }));
};
const embed = async () => {
  const room = (byId("differences").clientWidth - 110) / Math.max(1, scenes.length);
  await charts.embed("differences", { ...figure, width: { step: Math.max(12, Math.min(44, Math.floor(room))) } }, mapTip, (datum) => { if (datum.pair !== undefined) show(datum.pair); });
  drawMap();
};
byId("scene").addEventListener("change", (event) => show(event.target.value));
onLanguage(() => { drawButtons(); drawLists(); drawLines(); drawMap(); });
onTheme(embed);
charts.lightOnPaper(embed);
const first = scenes.map((pair, s) => [pair.change || 0, s]).sort((a, b) => b[0] - a[0])[0];
scene = first ? first[1] : 0;
drawButtons();
drawLists();
if (scenes.length) drawLines();
await embed();
document.body.dataset.ready = "true";
