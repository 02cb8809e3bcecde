// A script beside its charts. Numbers come from the server after every change; everything from the script is set as text.
import { announce, ask, byId, element, errorNode, follow, isTyping, onLanguage, onTheme, say, stageShare, stageText } from "./page.js";

const body = document.body;
const id = body.dataset.script;
const api = `/api/scripts/${id}`;
const FILTERS = ["place", "interior", "time", "flag"];
// Strengths from which a line is marked, a moment counts; change from which a turn does.
const LEAST = { mark: 0.5, moment: 0, turn: 0.2 };
const least = { ...LEAST };
const script = byId("script");
const narrow = matchMedia("(max-width: 999px)");
let charts, view, arc, whole, moments, pairs, cast;
let byLine = []; // cue indexes of each line
let chosenByHand = false; // emotions of the arc
let at = null; // the selected line
let editor = null;

// While the script is analyzed

const waitForAnalysis = async () => {
  const { job } = await ask(api);
  if (!job) return;
  const bar = byId("bar");
  bar.max = 1;
  const stage = byId("stage");
  byId("cancel").addEventListener("click", () => ask(`/api/jobs/${job.id}/cancel`, { method: "POST" }).catch((error) => announce(error.message, true)));
  let wasRead = script !== null;
  const ended = await follow(job.id, (now) => {
    stage.textContent = stageText(now);
    if (now.state === "running") bar.value = stageShare(now);
    if (!wasRead && now.stage === "scoring") { wasRead = true; location.reload(); } // the text can be shown already
  });
  if (ended.state === "done") { location.reload(); return; }
  bar.hidden = true;
  byId("cancel").hidden = true;
  if (ended.error) stage.replaceChildren(errorNode(ended));
};

// The script pane

const paragraph = (line) => byId(`l${line}`);
const lineText = (line) => [".number", ".text"].map((part) => paragraph(line).querySelector(part).textContent);
const setPane = (name) => {
  body.dataset.pane = name;
  document.querySelectorAll("[data-pane]").forEach((button) => { if (button !== body) button.setAttribute("aria-pressed", button.dataset.pane === name); });
};
/** Bring a line into sight. Scenes out of sight have a guessed height until they are rendered: again, until it stays where it is. */
const center = (node, was = NaN, times = 10) => {
  node.scrollIntoView({ block: "center", behavior: "instant" });
  const { top } = node.getBoundingClientRect();
  if (top !== was && times) requestAnimationFrame(() => center(node, top, times - 1));
};
/** Select a line and bring it into sight. */
const select = (line, { focus = false } = {}) => {
  const node = paragraph(line);
  if (!node) return;
  if (at !== null) paragraph(at).classList.remove("at");
  at = line;
  node.classList.add("at");
  [node, node.parentElement].forEach((each) => each.classList.remove("out")); // who asks for a line sees it, filtered or not
  if (narrow.matches) setPane("script");
  center(node);
  if (focus) { node.tabIndex = -1; node.focus({ preventScroll: true }); }
  toAddress();
  if (editor && editor.line !== line) closeEditor();
};
const goTo = (line) => select(line);

/** Of each cue what it feels most; where lines are filtered by an emotion, that one, if it is why the line is shown. */
const drawChips = () => {
  const asked = filterOf("emotion");
  script.querySelectorAll(".chip").forEach((chip) => chip.remove());
  byLine.forEach((indexes, line) => {
    let node = null;
    indexes.forEach((index) => {
      const cue = view.cues[index];
      const values = cue.slice(2, 8);
      const best = asked !== "" && values[asked] >= least.mark * 100 ? Number(asked) : values.indexOf(Math.max(...values));
      if (values[best] < least.mark * 100 && !cue[10]) return;
      node = node || paragraph(line);
      const chip = element("span", `chip e-${view.emotions[best][0]}`, `${view.characters[cue[1]]} ${charts.emotionName(best)} ${(values[best] / 100).toFixed(1)}`);
      if (cue[10]) chip.append(element("span", "by-hand", " ✎"));
      node.append(chip);
    });
  });
};

const closeEditor = () => {
  if (!editor) return;
  editor.node.remove();
  editor = null;
};
const openEditor = (line) => {
  closeEditor();
  const node = element("div", "editor");
  const indexes = byLine[line] || [];
  if (!indexes.length) node.append(element("p", "hint", say("这一行里没有人物。", "Nobody is in this line.")));
  indexes.forEach((index) => {
    const cue = view.cues[index];
    const row = element("div", "cue");
    row.append(element("b", "", view.characters[cue[1]]));
    view.emotions.forEach(([name], k) => {
      const label = element("label", `e-${name}`);
      const input = element("input");
      Object.assign(input, { type: "number", min: 0, max: 3, step: 0.1, value: (cue[2 + k] / 100).toFixed(2) });
      input.dataset.key = `${cue[9]}-${k}`;
      const byHand = (cue[10] >> k) & 1;
      if (byHand) label.classList.add("set");
      label.append(element("span", "swatch", charts.glyphs[k]), `${charts.emotionName(k)} `, input);
      input.addEventListener("change", () => correct(cue[9], k, input));
      row.append(label);
    });
    if (cue[10]) {
      const undo = element("button", "", say("还原", "Restore"));
      undo.type = "button";
      undo.addEventListener("click", () => restore(cue));
      row.append(undo);
    }
    node.append(row);
  });
  if (indexes.length) node.append(element("p", "hint", say("0 无 – 3 强。改过的数值记为 ✎，可在“导出”里作为训练数据取出。", "0 none – 3 strong. Corrected numbers are marked ✎; the menu Export gives them as rows to train on.")));
  paragraph(line).after(node);
  editor = { line, node };
};
const toggleEditor = (line) => { if (editor && editor.line === line) closeEditor(); else openEditor(line); };

const correct = async (cue, k, input) => {
  const value = Number(input.value);
  if (input.value === "" || !(value >= 0 && value <= 3)) {
    announce(say("请填 0 到 3 的数。", "Give a number from 0 to 3."), true);
    return;
  }
  try {
    await ask(`${api}/corrections`, { method: "PUT", json: { cue, emotion: view.emotions[k][0], value } });
    await reload();
    announce(say("已改正，图表已重画", "corrected, charts redrawn"));
  } catch (error) { announce(error.message, true); }
};
const restore = async (cue) => {
  try {
    for (let k = 0; k < 6; k += 1) {
      if ((cue[10] >> k) & 1) await ask(`${api}/corrections/${cue[9]}/${view.emotions[k][0]}`, { method: "DELETE" });
    }
    await reload();
    announce(say("已还原", "restored"));
  } catch (error) { announce(error.message, true); }
};

// Filters, thresholds and search

const filterOf = (name) => byId(`filter-${name}`).value;
const part = () => new URLSearchParams(FILTERS.map((name) => [name, filterOf(name)]).filter(([, value]) => value));
const isNarrowed = () => FILTERS.some((name) => filterOf(name));
let kept = []; // for each line whether the filters of scenes keep it
const setKept = () => {
  const [place, interior, time, flag] = FILTERS.map(filterOf);
  kept = view.flags.map((each) => !flag || each === (flag === "none" ? "" : flag));
  view.headings.forEach(([first, end, ...words]) => {
    const fits = [place, interior, time].every((wanted, k) => !wanted || words[k] === wanted);
    if (!fits) kept.fill(false, first, end);
  });
  charts.narrow((line) => kept[line]);
};
const labels = {
  interior: { 内: ["内景", "interior"], 外: ["外景", "exterior"], 内外: ["内外", "interior and exterior"] },
  flag: { flashback: ["闪回", "flashbacks"], dream: ["梦", "dreams"], montage: ["蒙太奇", "montages"], none: ["没有标记的", "none of these"] },
};
/** What the headings of this script tell apart. */
const fillFilters = () => {
  fill(byId("filter-character"), [["", say("所有人物", "anybody")], ...view.characters.map((name) => [name, name])]);
  FILTERS.forEach(fillFilter);
};
const fillFilter = (name, k) => {
  const counts = new Map();
  if (name === "flag") view.flags.forEach((flag) => counts.set(flag || "none", 1));
  else view.headings.forEach((row) => counts.set(row[2 + k], (counts.get(row[2 + k]) || 0) + 1));
  const values = [...counts.keys()].filter(Boolean);
  if (name === "place") values.sort((one, other) => counts.get(other) - counts.get(one));
  if (name === "flag") values.sort((one, other) => (one === "none") - (other === "none"));
  byId(`filter-${name}`).parentElement.hidden = counts.size < 2;
  fill(byId(`filter-${name}`), [["", say("全部", "all")], ...(counts.size < 2 ? [] : values).map((value) => {
    const label = labels[name] && labels[name][value] ? say(...labels[name][value]) : value;
    return [value, name === "place" && counts.get(value) > 1 ? `${label} (${counts.get(value)})` : label];
  })]);
};

const filter = () => {
  const [who, emotion, kind] = ["character", "emotion", "kind"].map(filterOf);
  const active = who !== "" || emotion !== "" || kind !== "" || isNarrowed();
  script.classList.toggle("filtered", active);
  const c = view.characters.indexOf(who);
  let n = 0;
  script.querySelectorAll(".scene").forEach((scene) => {
    let shown = 0;
    scene.querySelectorAll(":scope > p").forEach((node) => {
      const line = Number(node.id.slice(1));
      let fits = kept[line] && (!kind || node.classList.contains(kind));
      if (fits && (who !== "" || emotion !== "")) {
        fits = (byLine[line] || []).some((index) => {
          const cue = view.cues[index];
          return (who === "" || cue[1] === c) && (emotion === "" || cue[2 + Number(emotion)] >= least.mark * 100);
        });
      }
      node.classList.toggle("out", active && !fits);
      shown += fits ? 1 : 0;
    });
    scene.classList.toggle("out", active && !shown);
    n += shown;
  });
  if (editor && paragraph(editor.line).classList.contains("out")) closeEditor();
  byId("found").textContent = active ? say(`${n} 行`, `${n} lines`) : "";
  drawControls();
};
const drawControls = () => {
  const n = kept.filter(Boolean).length;
  const chosen = FILTERS.filter(filterOf).map((name) => byId(`filter-${name}`).selectedOptions[0].textContent);
  byId("kept").textContent = chosen.length ? say(`${kept.length} 行里的 ${n} 行`, `${n} of ${kept.length} lines`) : "";
  byId("narrowed").textContent = chosen.length ? say(`只看：${chosen.join("，")}（${n} 行）`, `Only ${chosen.join(", ")} (${n} lines)`) : "";
  Object.keys(least).forEach((name) => {
    byId(`least-${name}`).value = least[name];
    byId(`least-${name}-value`).textContent = least[name].toFixed(1);
  });
  [...byId("filter-emotion").options].slice(1).forEach((option, k) => { option.textContent = `${charts.emotionName(k)} ≥ ${least.mark.toFixed(1)}`; });
  byId("reset").disabled = !chosen.length && Object.keys(least).every((name) => least[name] === LEAST[name]);
};

// The address keeps the line, the filters and the thresholds, behind the #: the server never sees them there.
const toAddress = () => {
  const state = part();
  if (filterOf("character")) state.set("who", filterOf("character"));
  if (filterOf("emotion") !== "") state.set("emotion", view.emotions[filterOf("emotion")][0]);
  if (filterOf("kind")) state.set("kind", filterOf("kind"));
  Object.keys(least).forEach((name) => { if (least[name] !== LEAST[name]) state.set(name, least[name].toFixed(1)); });
  const parts = [at === null ? "" : `l${at}`, state.toString()].filter(Boolean);
  history.replaceState(null, "", parts.length ? `#${parts.join("&")}` : location.pathname + location.search);
};
/** Take the filters and thresholds of the address; what the script does not have is left out. */
const fromAddress = () => {
  const state = new URLSearchParams(location.hash.slice(1));
  const choose = (name, value) => {
    const choice = byId(`filter-${name}`);
    choice.value = value;
    if (choice.selectedIndex < 0) choice.value = "";
  };
  [...FILTERS, "kind"].forEach((name) => choose(name, state.get(name) || ""));
  choose("character", state.get("who") || "");
  choose("emotion", state.has("emotion") ? emotionIndex(state.get("emotion")) : "");
  Object.keys(least).forEach((name) => {
    const input = byId(`least-${name}`);
    const value = Number(state.get(name));
    setLeast(name, state.has(name) && value >= Number(input.min) && value <= Number(input.max) ? value : LEAST[name]);
  });
  setKept();
};
const lineOfAddress = () => {
  const asked = /^#l(\d+)(&|$)/.exec(location.hash);
  return asked ? Number(asked[1]) : null;
};

// Drawing waits for its turn.
let turn = Promise.resolve();
const inTurn = (work) => {
  const done = turn.then(work);
  turn = done.catch(() => {});
  return done;
};
let newest = 0;
const onFilter = () => {
  setKept();
  filter();
  toAddress();
  byId("range").replaceChildren();
  newest += 1;
  const mine = newest;
  inTurn(async () => {
    if (mine !== newest) return; // a later choice has overtaken it
    await loadNumbers();
    await draw();
  }).catch((error) => announce(error.message, true));
};
const setLeast = (name, value) => {
  least[name] = value;
  charts.state.named = least.mark / 2;
};
const onLeast = (name, value) => {
  setLeast(name, value);
  if (name === "mark") { drawChips(); filter(); charts.drawHeat(); } else drawControls();
  clearTimeout(onLeast.timer);
  onLeast.timer = setTimeout(() => {
    toAddress();
    if (name !== "mark") inTurn(async () => { moments = await askMoments(); drawMoments(); }).catch((error) => announce(error.message, true));
  }, 80);
};
const reset = () => {
  FILTERS.forEach((name) => { byId(`filter-${name}`).value = ""; });
  Object.entries(LEAST).forEach(([name, value]) => setLeast(name, value));
  drawChips();
  onFilter();
};

const find = (direction) => {
  const text = byId("search").value.trim().toLowerCase();
  if (window.Highlight) CSS.highlights.delete("found");
  if (!text) { byId("found").textContent = ""; return; }
  const hits = [];
  const ranges = [];
  script.querySelectorAll(".scene > p:not(.out) > .text").forEach((node) => {
    const content = node.textContent.toLowerCase();
    let from = content.indexOf(text);
    if (from < 0) return;
    hits.push(Number(node.parentElement.id.slice(1)));
    for (; from >= 0 && node.firstChild && ranges.length < 2000; from = content.indexOf(text, from + text.length)) {
      const range = new Range();
      range.setStart(node.firstChild, from);
      range.setEnd(node.firstChild, from + text.length);
      ranges.push(range);
    }
  });
  if (window.Highlight) CSS.highlights.set("found", new Highlight(...ranges));
  byId("found").textContent = say(`${hits.length} 行`, `${hits.length} lines`);
  if (!hits.length || !direction) return;
  const next = hits.find((line) => line > (at === null ? -1 : at));
  select(next === undefined ? hits[0] : next);
};

// Charts

const curveOf = () => {
  const means = [];
  const band = [];
  const sceneOf = (line) => charts.sceneOf(line - 1);
  charts.state.shown.forEach((k) => {
    const emotion = view.emotions[k][0];
    let part = 0;
    arc.lines.forEach((line, j) => {
      if (j && sceneOf(line) - sceneOf(arc.lines[j - 1]) > 1) { // the character was away for a scene
        part += 1;
        means.push({ x: line - 0.5, value: null, emotion });
      }
      means.push({ x: line - 0.5, value: arc.mean[j][k], emotion });
      if (charts.state.shown.size <= 3 && arc.low[j][k] !== null) band.push({ x: line - 0.5, low: arc.low[j][k], high: arc.high[j][k], emotion, part: `${k}-${part}` });
    });
  });
  return { means, band };
};
const drawArc = () => { if (arc && charts.views.arc) charts.drawArc(curveOf()); };

const smooth = byId("smooth");
let asking = null;
const loadArc = async () => {
  if (asking) asking.abort();
  asking = new AbortController();
  const name = view.characters[charts.state.character];
  try {
    const { arcs } = await ask(`${api}/arcs?${new URLSearchParams([...part(), ["smooth", smooth.value], ["character", name]])}`, { signal: asking.signal });
    arc = arcs[0];
  } catch (error) {
    if (error.name === "AbortError") return;
    throw error;
  }
  if (!chosenByHand) { // the three that are strongest in this character
    const sums = [0, 0, 0, 0, 0, 0];
    view.cues.forEach((cue) => { if (cue[1] === charts.state.character) for (let k = 0; k < 6; k += 1) sums[k] += cue[2 + k]; });
    charts.state.shown.clear();
    [0, 1, 2, 3, 4, 5].sort((a, b) => sums[b] - sums[a]).slice(0, 3).forEach((k) => charts.state.shown.add(k));
  }
  charts.drawButtons(onShown);
  drawArc();
  drawFlat();
  const figure = document.querySelector("[data-figure]");
  if (figure) document.querySelectorAll("[data-figure]").forEach((link) => {
    link.search = new URLSearchParams({ character: name, smooth: smooth.value });
  });
};
const onShown = () => { chosenByHand = true; drawArc(); };
const choose = (c) => {
  charts.state.character = c;
  byId("range").textContent = "";
  loadArc().catch((error) => announce(error.message, true));
};

const drawRange = (extent) => {
  const place = byId("range");
  if (!extent || extent[1] - extent[0] < 1) { place.replaceChildren(); return; }
  const first = Math.max(0, Math.floor(extent[0]));
  const last = Math.min(byLine.length, Math.ceil(extent[1])) - 1;
  const sums = [0, 0, 0, 0, 0, 0];
  let n = 0;
  view.cues.forEach((cue) => {
    if (cue[1] !== charts.state.character || cue[0] < first || cue[0] > last || !kept[cue[0]]) return;
    n += 1;
    for (let k = 0; k < 6; k += 1) sums[k] += cue[2 + k] / 100;
  });
  const name = view.characters[charts.state.character];
  place.replaceChildren(element("b", "", say(`第 ${lineText(first)[0]}–${lineText(last)[0]} 行，${name} ${n} 行`, `lines ${lineText(first)[0]}–${lineText(last)[0]}, ${n} of ${name}`)));
  if (n) view.emotions.forEach(([key], k) => place.append(element("span", `t-${key}`, `${charts.emotionName(k)} ${(sums[k] / n).toFixed(2)}`)));
};

const embedArc = async () => {
  const spec = structuredClone(view.arc);
  spec.layer.find((layer) => layer.data.name === "means").mark.point = false; // a curve, not a mean of each scene
  if (matchMedia("(pointer: fine)").matches) {
    spec.layer.at(-1).params = [{ name: "brush", select: { type: "interval", encodings: ["x"], mark: { fillOpacity: 0.12 } } }];
  }
  charts.setBands(byId("arc").clientWidth);
  const chart = await charts.embed("arc", spec, (event, value) => { if (value.cue !== undefined) charts.cueTip(event, value.cue); },
    (datum) => { if (datum.cue !== undefined) goTo(view.cues[datum.cue][0]); });
  if (matchMedia("(pointer: fine)").matches) chart.addSignalListener("brush", (name, value) => drawRange(value && value.x));
  drawArc();
};

const embedRiver = async () => {
  const spec = structuredClone(view.river);
  const data = riverData();
  spec.layer.forEach((layer) => { layer.data.values = data[layer.data.name]; });
  const chart = await charts.embed("river", spec, null, null);
  const place = (event) => { // the line under the pointer
    const box = byId("river").querySelector("canvas").getBoundingClientRect();
    const x = chart.scale("x").invert(event.clientX - box.left - chart.origin()[0]);
    return Math.max(0, Math.min(byLine.length - 1, Math.floor(x)));
  };
  chart.addEventListener("mousemove", (event) => {
    const line = place(event);
    if (!kept[line] || !whole.lines.length) { charts.hideTip(); return; }
    let j = whole.lines.findIndex((each) => each - 1 >= line);
    if (j < 0) j = whole.lines.length - 1;
    charts.showTip(event, charts.placeOf(line), say("全剧平均，平滑", "mean of the script, smoothed"), "", whole.mean[j]);
  });
  chart.addEventListener("mouseout", charts.hideTip);
  chart.addEventListener("click", (event) => { if (kept[place(event)]) goTo(place(event)); });
};
const riverData = () => {
  const rows = [];
  const labels = [];
  const edges = isNarrowed() ? [0, ...kept.keys()].filter((line) => line && kept[line] !== kept[line - 1]) : []; // nothing between parts
  const top = Math.max(...whole.mean.map((row) => row.reduce((sum, value) => sum + value, 0)), 0.01);
  view.emotions.forEach(([emotion], k) => {
    let best = -1;
    edges.forEach((x) => rows.push({ x, value: 0, emotion, order: k }));
    whole.lines.forEach((line, j) => {
      rows.push({ x: line - 0.5, value: whole.mean[j][k], emotion, order: k });
      const inside = j > whole.lines.length * 0.05 && j < whole.lines.length * 0.95;
      if (inside && (best < 0 || whole.mean[j][k] > whole.mean[best][k])) best = j;
    });
    if (best >= 0 && whole.mean[best][k] > 0.09 * top) {
      const below = whole.mean[best].slice(0, k).reduce((sum, value) => sum + value, 0);
      labels.push({ x: whole.lines[best] - 0.5, y: below + whole.mean[best][k] / 2, text: charts.emotionName(k) });
    }
  });
  if (!whole.lines.length) { // nothing is kept: an axis all the same
    rows.push({ x: 0, value: 0, emotion: view.emotions[0][0], order: 0 });
    labels.push({ x: 0, y: 0, text: "" });
  }
  return { scenes: charts.setBands(byId("river").clientWidth), rows, labels };
};

/** A map with the kept scenes alone, as wide as there is room where they can. */
const mapOf = (id) => {
  const spec = structuredClone(view[id]);
  const domain = charts.keptScenes();
  spec.encoding.x.scale.domain = domain;
  spec.width = { step: Math.max(9, Math.min(44, Math.floor((byId(id).clientWidth - 110) / Math.max(1, domain.length)))) };
  return spec;
};
const embedHeat = async () => {
  await charts.embed("heat", mapOf("heat"), charts.heatTip, (datum) => {
    if (datum.c === undefined) return;
    choose(datum.c);
    goTo(view.cues[datum.cue][0]);
  });
  charts.drawHeat();
};

const embedTalk = () => charts.embedTalk({ ...view, presence: mapOf("presence") });

const embedPairs = async () => {
  await charts.embed("pairs", view.pairs, (event, value) => {
    const pair = pairs[value.pair];
    const means = value.a === pair.a ? pair.a_means : pair.b_means;
    charts.showTip(event, say(`与 ${value.b} 同场，${pair.scenes.length} 场`, `with ${value.b}, ${pair.scenes.length} scenes`), value.a, "", means);
  }, (datum) => { if (datum.pair !== undefined) showPair(datum.pair); });
  drawPairs();
};
const drawPairs = () => {
  const cells = [];
  pairs.forEach((pair, p) => [[pair.a, pair.b, pair.a_means], [pair.b, pair.a, pair.b_means]].forEach(([a, b, means]) => {
    const k = means.indexOf(Math.max(...means));
    cells.push({ a, b, emotion: view.emotions[k][0], value: means[k], text: `${charts.emotionMark(k)} ${pair.scenes.length}`, pair: p });
  }));
  charts.views.pairs.data("cells", cells);
  charts.views.pairs.run();
  const choice = byId("pair");
  const before = choice.value;
  choice.replaceChildren(...pairs.map((pair, p) => {
    const option = element("option", "", say(`${pair.a} 与 ${pair.b}（${pair.scenes.length} 场）`, `${pair.a} and ${pair.b} (${pair.scenes.length} scenes)`));
    option.value = p;
    return option;
  }));
  if (before && before < pairs.length) choice.value = before;
  showPair(choice.value || 0);
};
const showPair = (p) => {
  const place = byId("pair-detail");
  const pair = pairs[p];
  place.replaceChildren();
  if (!pair) { place.append(element("p", "hint", say("主要人物没有同场。", "No two main characters share a scene."))); return; }
  byId("pair").value = p;
  const cosine = pair.cosine === null ? "–" : pair.cosine.toFixed(2);
  place.append(element("p", "", say(`情感距离 ${pair.distance.toFixed(2)}（0 相同 – 7.35），方向的差别 ${cosine}（0 同样的情感 – 1 毫无共同）。`,
    `Emotional distance ${pair.distance.toFixed(2)} (0 the same – 7.35), difference in kind ${cosine} (0 the same mixture – 1 nothing in common).`)));
  const table = element("table", "pair-table");
  const head = element("tr");
  head.append(element("td"), ...view.emotions.map(([key], k) => element("th", `t-${key}`, charts.emotionName(k))));
  table.append(head);
  [[pair.a, pair.b, pair.a_means, pair.a_changes], [pair.b, pair.a, pair.b_means, pair.b_changes]].forEach(([a, b, means, changes]) => {
    const row = element("tr");
    const name = element("th", "", say(`${a}，与${b}同场`, `${a} with ${b}`));
    name.scope = "row";
    row.append(name);
    means.forEach((mean, k) => {
      const cell = element("td", `t-${view.emotions[k][0]}`, mean.toFixed(2));
      if (changes && Math.abs(changes[k]) >= 0.1) cell.append(element("small", "", ` ${changes[k] > 0 ? "+" : "−"}${Math.abs(changes[k]).toFixed(2)}`));
      row.append(cell);
    });
    table.append(row);
  });
  const frame = element("div", "scroll");
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", say("两人的均值", "means of the two"));
  frame.append(table);
  place.append(frame, element("p", "hint", say("小字：比此人在其他场里强（+）或弱（−）多少。各场的距离：", "Small: how much stronger (+) or weaker (−) than in other scenes. Distance by scene:")));
  const list = element("p", "by-scene");
  pair.scenes.forEach((scene, j) => {
    const button = element("button", "", `${sceneNumber(scene - 1)} · ${pair.distances[j].toFixed(2)}`);
    button.type = "button";
    button.addEventListener("click", () => goToScene(scene - 1));
    list.append(button);
  });
  place.append(list);
};
// Charts cut very long scenes into parts, the script does not.
const sceneNode = (s) => byId(`s${s}`);
const sceneNumber = (s) => {
  const first = sceneNode(s).querySelector("p");
  return first ? view.scenes[charts.sceneOf(Number(first.id.slice(1)))][2] : String(s + 1);
};
const goToScene = (s) => {
  const first = sceneNode(s).querySelector(":scope > p:not(.out)") || sceneNode(s).querySelector("p");
  if (first) goTo(Number(first.id.slice(1)));
};

// Lists

const entry = (parts, line) => {
  const row = element("li");
  const link = element("a", "link");
  link.href = `#l${line}`;
  link.append(...parts);
  link.addEventListener("click", (event) => { event.preventDefault(); goTo(line); });
  row.append(link, element("span", "place", charts.placeOf(line)));
  return row;
};
const feeling = (k, text) => element("b", `chip e-${view.emotions[k][0]}`, `${charts.emotionName(k)} ${text}`);
const emotionIndex = (name) => view.emotions.findIndex(([each]) => each === name);
const orHint = (rows, text) => (rows.length ? rows : [element("li", "hint", text)]);
const drawMoments = () => {
  const n = new Set(view.cues.filter((cue) => kept[cue[0]] && Math.max(...cue.slice(2, 8)) >= least.moment * 100).map((cue) => cue[0])).size;
  byId("n-moments").textContent = least.moment ? say(`${n} 行 ≥ ${least.moment.toFixed(1)}`, `${n} lines ≥ ${least.moment.toFixed(1)}`) : "";
  byId("moments").replaceChildren(...orHint(moments.moments.map((moment) => entry(
    [feeling(emotionIndex(moment.emotion), moment.strength.toFixed(1)), " ", element("b", "", moment.character), ` ${moment.text.slice(0, 90)}`], moment.line - 1)),
  say("没有这么强的时刻。", "No moment is as strong.")));
  byId("swings").replaceChildren(...orHint(moments.swings.map((swing) => {
    const line = swing.turn - 1;
    const range = `${lineText(swing.start - 1)[0]}–${lineText(swing.end - 1)[0]}`;
    return entry([feeling(emotionIndex(swing.emotion), `${swing.change > 0 ? "↑" : "↓"} ${Math.abs(swing.change).toFixed(2)}`), " ",
      element("b", "", swing.character), ` ${say(`第 ${range} 行`, `lines ${range}`)} · ${lineText(line)[1].trim().slice(0, 40)}`], line);
  }), say("没有这么大的转折。", "No turn is as great.")));
};
const drawFlat = () => {
  if (!whole) return;
  const rows = [[say("全剧", "the whole script"), whole], [view.characters[charts.state.character], arc]].flatMap(([name, each]) => each.flat.map((flat) => {
    const range = `${lineText(flat.start - 1)[0]}–${lineText(flat.end - 1)[0]}`;
    return entry([element("b", "", name), ` ${say(`第 ${range} 行，变化不超过 ${flat.width.toFixed(2)}`, `lines ${range}, nothing changes by more than ${flat.width.toFixed(2)}`)}`], flat.start - 1);
  }));
  byId("flat").replaceChildren(...orHint(rows, say("没有：全剧和所选人物的情感一直在变。", "None: the feelings of the script and the chosen character keep changing.")));
};

// Cast

const drawPeople = () => {
  const talk = charts.talk();
  const minor = byId("show-minor");
  const rows = cast.characters.filter((person) => person.n_cues).map((person) => {
    const c = view.characters.indexOf(person.name);
    const row = element("tr", c >= view.nMain ? "minor" : "");
    const head = element("th");
    head.scope = "row";
    const button = element("button", "link", person.name);
    button.type = "button";
    button.addEventListener("click", () => { choose(c); byId("arcs").scrollIntoView({ block: "start" }); });
    head.append(button);
    if (person.merged.length) head.append(element("small", "", ` ${person.merged.join("、")}`));
    row.append(head, element("td", "", charts.percent(talk[c].share)), element("td", "", person.n_cues), element("td", "", person.n_scenes));
    person.means.forEach((mean, k) => row.append(element("td", `t-${view.emotions[k][0]} v${Math.min(9, Math.floor(mean * 10))}`, mean.toFixed(2))));
    return row;
  });
  rows.sort((a, b) => (a.className > b.className ? 1 : a.className < b.className ? -1 : 0));
  byId("people").tBodies[0].replaceChildren(...rows);
  const hidden = rows.filter((row) => row.className).length;
  minor.hidden = !hidden;
  minor.textContent = say(`其他 ${hidden} 人`, `${hidden} others`);
  minor.setAttribute("aria-expanded", byId("people").classList.contains("all"));
};
const fill = (select, names) => {
  const before = select.value;
  select.replaceChildren(...names.map(([value, text]) => {
    const option = element("option", "", text);
    option.value = value;
    return option;
  }));
  if (names.some(([value]) => String(value) === before)) select.value = before;
};
const drawCast = () => {
  drawPeople();
  const names = cast.characters.map((person) => person.name);
  const all = [...new Set([...view.characters, ...names])];
  ["merge-alias", "merge-name"].forEach((choice) => fill(byId(choice), all.map((name) => [name, name])));
  if (byId("merge-alias").value === byId("merge-name").value && all.length > 1) byId("merge-alias").value = all[1];
  byId("merged").replaceChildren(...Object.entries(cast.aliases).map(([alias, name]) => {
    const row = element("li", "", `${alias} → ${name} `);
    const button = element("button", "", say("分开", "Split"));
    button.type = "button";
    button.setAttribute("aria-label", say(`把 ${alias} 与 ${name} 分开`, `split ${alias} from ${name}`));
    button.addEventListener("click", () => {
      const aliases = { ...cast.aliases };
      delete aliases[alias];
      setAliases(aliases);
    });
    row.append(button);
    return row;
  }));
  const suggestions = byId("suggestions");
  suggestions.replaceChildren();
  const open = cast.suggestions.filter((each) => !(each.alias in cast.aliases) && all.includes(each.name)).slice(0, 8);
  if (open.length) {
    suggestions.append(element("p", "hint", say("可能是同一人（没有合并）：", "These may be one person (not merged):")));
    const list = element("ul", "tags");
    open.forEach((each) => {
      const row = element("li", "", `${each.alias} → ${each.name} · ${say(each.chinese, each.reason)} · ${Math.round(each.confidence * 100)}% `);
      const button = element("button", "", say("合并", "Merge"));
      button.type = "button";
      button.setAttribute("aria-label", say(`把 ${each.alias} 合并到 ${each.name}`, `merge ${each.alias} into ${each.name}`));
      button.addEventListener("click", () => merge(each.alias, each.name));
      row.append(button);
      list.append(row);
    });
    suggestions.append(list);
  }
};
const merge = (alias, name) => {
  if (alias === name) { announce(say("选两个不同的名字。", "Choose two different names."), true); return; }
  const aliases = { ...cast.aliases };
  Object.keys(aliases).forEach((each) => { if (aliases[each] === alias) aliases[each] = name; }); // who counted as this one follows
  delete aliases[name];
  setAliases({ ...aliases, [alias]: name });
};
const setAliases = async (aliases) => {
  const chosen = view.characters[charts.state.character];
  let answer = { job: null };
  try {
    answer = await ask(`${api}/cast`, { method: "PUT", json: { aliases } });
    await reload(aliases[chosen] || chosen);
    announce(say("人物已更新，图表已重画", "cast updated, charts redrawn"));
  } catch (error) { announce(error.message, true); }
  await awaitNames(answer);
};
/** Names that only the text has: their lines are found and scored by a job. */
let awaited = null;
const awaitNames = async ({ job, pending }) => {
  awaited = job;
  if (!job) return;
  const names = pending.join("、");
  announce(say(`正在找只写“${names}”的行`, `looking for lines that only say ${names}`));
  try {
    const ended = await follow(job, () => {});
    if (awaited !== job) return; // other names were given meanwhile
    if (ended.state !== "done") { announce(ended.error ? say(ended.error_chinese, ended.error) : stageText(ended), true); return; }
    await reload();
    announce(say(`“${names}”的行也算进来了，图表已重画`, `lines of ${names} count now, charts redrawn`));
  } catch (error) { announce(error.message, true); }
};

// Everything

const askMoments = () => ask(`${api}/moments?${new URLSearchParams([...part(), ["per_emotion", 4], ["least", least.moment], ["swing", least.turn]])}`);
const loadNumbers = async () => {
  const narrowed = part();
  const path = (name) => ask(`${api}/${name}${name.includes("?") ? "&" : "?"}${narrowed}`);
  const [newWhole, newMoments, newPairs, newCast] = await Promise.all([path("arcs?character=&smooth=0.15"), askMoments(), path("pairs"), path("cast")]);
  [whole, moments, pairs, cast] = [newWhole.arcs[0], newMoments, newPairs.pairs, newCast];
};
const load = async (chosen) => {
  view = await ask(`/scripts/${id}/view.json`);
  charts.setData(view);
  byLine = Array.from({ length: script.querySelectorAll(".scene > p").length }, () => []);
  view.cues.forEach((cue, index) => byLine[cue[0]].push(index));
  const c = view.characters.indexOf(chosen);
  charts.state.character = c >= 0 ? c : 0;
  fillFilters();
};
const draw = async () => {
  await loadArc();
  drawChips();
  drawCast();
  drawMoments();
  await embedAll();
  drawFlat();
};
const embedAll = async () => {
  await embedArc();
  await embedRiver();
  await embedHeat();
  await embedPairs();
  await embedTalk();
};
const reload = (chosen = view.characters[charts.state.character]) => inTurn(async () => {
  const key = document.activeElement && document.activeElement.dataset.key;
  const line = editor && editor.line;
  await load(chosen);
  setKept();
  await loadNumbers();
  await draw();
  filter();
  if (line !== null) openEditor(line);
  if (key) { const field = document.querySelector(`[data-key="${CSS.escape(key)}"]`); if (field) field.focus(); }
});
const words = () => {
  fillFilters();
  filter();
  charts.drawButtons(onShown);
  drawChips();
  drawCast();
  drawMoments();
  drawFlat();
  embedRiver();
  charts.drawHeat();
  charts.drawTalk();
  drawPairs();
  if (editor) openEditor(editor.line);
};

const step = (by) => {
  const shown = [...script.querySelectorAll(".scene > p:not(.out)")];
  const now = shown.findIndex((node) => node.classList.contains("at"));
  const next = shown[Math.max(0, Math.min(shown.length - 1, now < 0 ? 0 : now + by))];
  if (next) select(Number(next.id.slice(1)), { focus: true });
};
const stepScene = (by) => {
  const shown = [...script.querySelectorAll(".scene:not(.out):has(> p)")];
  const now = at === null ? -1 : shown.indexOf(paragraph(at).closest(".scene"));
  const next = shown[Math.max(0, Math.min(shown.length - 1, now + by))];
  if (next) goToScene(Number(next.id.slice(1)));
};
const onKey = (event) => {
  if (event.key === "Escape") {
    closeEditor();
    charts.hideTip();
    document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; });
    if (event.target === byId("search")) byId("search").blur();
    return;
  }
  if (isTyping(event)) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "]") stepScene(1);
  else if (event.key === "[") stepScene(-1);
  else if (event.key === "/") { if (narrow.matches) setPane("script"); byId("search").focus(); }
  else if (event.key === "Enter" && at !== null && event.target.closest("button, a, summary") === null) {
    openEditor(at);
    const first = editor.node.querySelector("input");
    if (first) first.focus();
  } else if (event.key >= "1" && event.key <= "6") byId("emotions").children[event.key - 1].click();
  else return;
  event.preventDefault();
};

const start = async () => {
  if (body.dataset.state !== "scored") {
    await waitForAnalysis();
    return;
  }
  charts = window.juqingCharts({ lineText, goTo, choose });
  charts.lightOnPaper(embedAll);
  byId("print").addEventListener("click", () => print());
  document.querySelectorAll(".panes [data-pane]").forEach((button) => button.addEventListener("click", () => setPane(button.dataset.pane)));
  setPane("charts");
  await load("");
  fromAddress();
  await loadNumbers();
  script.addEventListener("click", (event) => {
    const node = event.target.closest(".scene > p");
    if (!node || getSelection().toString()) return;
    const line = Number(node.id.slice(1));
    const same = at === line;
    if (at !== null) paragraph(at).classList.remove("at");
    at = line;
    node.classList.add("at");
    toAddress();
    if (same) toggleEditor(line); else openEditor(line);
  });
  smooth.addEventListener("input", () => {
    byId("smooth-value").textContent = `${Math.round(smooth.value * 100)}%`;
    clearTimeout(smooth.timer);
    smooth.timer = setTimeout(() => loadArc().catch((error) => announce(error.message, true)), 80);
  });
  ["character", "emotion", "kind"].forEach((name) => byId(`filter-${name}`).addEventListener("change", () => { drawChips(); filter(); toAddress(); }));
  FILTERS.forEach((name) => byId(`filter-${name}`).addEventListener("change", onFilter));
  Object.keys(least).forEach((name) => byId(`least-${name}`).addEventListener("input", (event) => onLeast(name, Number(event.target.value))));
  byId("reset").addEventListener("click", reset);
  addEventListener("hashchange", () => {
    const line = lineOfAddress();
    fromAddress();
    drawChips();
    onFilter();
    if (line !== null) select(line);
  });
  // Links inside of the page would put themselves in place of what the address keeps.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const target = link && !event.defaultPrevented && byId(link.hash.slice(1));
    if (!target) return;
    event.preventDefault();
    target.scrollIntoView({ block: "start" });
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
  });
  const controls = byId("controls");
  const unfold = () => { if (!narrow.matches) controls.open = true; };
  narrow.addEventListener("change", unfold);
  unfold();
  const search = byId("search");
  search.addEventListener("input", () => find(0));
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); find(1); } });
  byId("pair").addEventListener("change", (event) => showPair(event.target.value));
  byId("merge").addEventListener("submit", (event) => {
    event.preventDefault();
    merge(byId("merge-other").value.trim() || byId("merge-alias").value, byId("merge-name").value);
    byId("merge-other").value = "";
  });
  byId("show-minor").addEventListener("click", () => {
    const all = byId("people").classList.toggle("all");
    byId("show-minor").setAttribute("aria-expanded", all);
  });
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  onLanguage(words);
  onTheme(() => inTurn(embedAll));
  filter();
  await draw();
  if (lineOfAddress() !== null) select(lineOfAddress());
  body.dataset.ready = "true";
  await awaitNames(cast);
};
start().catch((error) => announce(error.message, true));
