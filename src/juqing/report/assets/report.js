"use strict";
// The charts of a report. Everything from the screenplay is set as text, never as HTML.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { characters, nMain, emotions, scenes, cues } = data;
  const byId = (id) => document.getElementById(id);
  const body = document.body;
  const glyphs = ["●", "■", "▲", "✚", "◆", "▼"];
  const words = { zh: { strongest: "最强", others: (n) => `其他 ${n} 人`, line: (n) => `第 ${n} 行`, mean: "本场平均" },
                  en: { strongest: "strongest", others: (n) => `${n} others`, line: (n) => `line ${n}`, mean: "mean of the scene" } };
  const state = { language: body.classList.contains("zh") ? "zh" : "en", character: 0,
                  shown: new Set(emotions.map((_, k) => k)), heat: -1 };
  body.classList.add("with-js");

  const word = (key) => words[state.language][key];
  const emotionName = (k) => emotions[k][state.language === "zh" ? 1 : 0];
  const sceneOf = [];
  scenes.forEach(([first, end], s) => { for (let i = first; i < end; i += 1) sceneOf[i] = s; });
  const element = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  // Means of each character in each scene, and the cue that is strongest there: computed once.
  const cells = new Map();
  cues.forEach((cue, index) => {
    const key = cue[1] * scenes.length + sceneOf[cue[0]];
    const cell = cells.get(key) || { n: 0, sums: [0, 0, 0, 0, 0, 0], best: index, top: -1 };
    cell.n += 1;
    for (let k = 0; k < 6; k += 1) {
      cell.sums[k] += cue[2 + k];
      if (cue[2 + k] > cell.top) { cell.top = cue[2 + k]; cell.best = index; }
    }
    cells.set(key, cell);
  });
  const mean = (cell, k) => cell.sums[k] / cell.n / 100;

  // Tooltip: place, speaker and text, six bars.
  const tip = byId("tip");
  const showTip = (event, cueIndex, heading, values) => {
    const [line, character] = cues[cueIndex];
    const paragraph = byId(`l${line}`);
    tip.replaceChildren();
    tip.append(element("span", "place", heading || `${scenes[sceneOf[line]][3]} · ${word("line")(paragraph.querySelector(".number").textContent)}`));
    tip.append(element("b", "", characters[character]));
    tip.append(element("span", "text", paragraph.querySelector(".text").textContent.trim().slice(0, 300)));
    values.forEach((value, k) => {
      const bar = element("span", `bar e-${emotions[k][0]}`);
      const fill = element("i");
      fill.style.width = `${Math.max(1, Math.min(100, (value / 3) * 100))}%`;
      bar.append(element("span", "", emotionName(k)), fill, element("span", "", value.toFixed(2)));
      tip.append(bar);
    });
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = event.clientX + 16 + box.width > innerWidth ? event.clientX - box.width - 12 : event.clientX + 16;
    const top = event.clientY + 16 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 16;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${Math.max(4, top)}px`;
  };
  const hideTip = () => { tip.hidden = true; };

  const goTo = (line) => {
    document.querySelectorAll("#script .at").forEach((node) => node.classList.remove("at"));
    const paragraph = byId(`l${line}`);
    paragraph.classList.add("at");
    paragraph.scrollIntoView({ block: "center" });
  };

  const views = {};
  const embed = async (id, spec, tooltip, click) => {
    const result = await window.vegaEmbed(`#${id}`, spec, { mode: "vega-lite", ast: true, actions: false, renderer: "canvas",
      defaultStyle: false, tooltip: (handler, event, item, value) => (value ? tooltip(event, value) : hideTip()) });
    result.view.addEventListener("click", (event, item) => { if (item && item.datum && item.datum.cue !== undefined) click(item.datum); });
    views[id] = result.view;
  };
  const every = Math.max(1, Math.ceil(scenes.length / Math.max(6, byId("arc").clientWidth / 36)));
  const bands = scenes.map(([x, x2, label], s) => ({ x, x2, middle: (x + x2) / 2, odd: s % 2 === 1, label: s % every ? "" : label }));

  const drawArc = () => {
    const points = [];
    const means = [];
    cues.forEach((cue, index) => {
      if (cue[1] !== state.character) return;
      state.shown.forEach((k) => points.push({ x: cue[0] + 0.5, value: cue[2 + k] / 100, emotion: emotions[k][0], cue: index }));
    });
    scenes.forEach(([x, x2], s) => {
      const cell = cells.get(state.character * scenes.length + s);
      state.shown.forEach((k) => means.push({ x: (x + x2) / 2, value: cell ? mean(cell, k) : null, emotion: emotions[k][0] }));
    });
    views.arc.data("scenes", bands);
    views.arc.data("points", points);
    views.arc.data("means", means);
    views.arc.data("bridges", means.filter((row) => row.value !== null));
    views.arc.run();
  };

  const drawHeat = () => {
    const rows = [];
    for (let c = 0; c < nMain; c += 1) {
      scenes.forEach(([, , , label], s) => {
        const cell = cells.get(c * scenes.length + s);
        if (!cell) return;
        let k = state.heat;
        if (k < 0) k = cell.sums.indexOf(Math.max(...cell.sums));
        rows.push({ scene: s + 1, label, character: characters[c], order: c, emotion: emotions[k][0], value: mean(cell, k),
                    text: mean(cell, k) >= 0.25 ? emotionName(k).slice(0, state.language === "zh" ? 1 : 2) : "", cue: cell.best, c });
      });
    }
    views.heat.data("cells", rows);
    views.heat.run();
  };

  const pressed = (button, on) => button.setAttribute("aria-pressed", on ? "true" : "false");
  const drawButtons = () => {
    const people = byId("characters");
    people.replaceChildren();
    const add = (parent, c) => {
      const button = element("button", "", characters[c]);
      button.type = "button";
      pressed(button, c === state.character);
      button.addEventListener("click", () => choose(c));
      parent.append(button);
    };
    for (let c = 0; c < nMain; c += 1) add(people, c);
    if (characters.length > nMain) {
      const fold = element("details");
      fold.open = state.character >= nMain;
      fold.append(element("summary", "", word("others")(characters.length - nMain)));
      for (let c = nMain; c < characters.length; c += 1) add(fold, c);
      people.append(fold);
    }
    const chosen = byId("emotions");
    chosen.replaceChildren();
    emotions.forEach((_, k) => {
      const button = element("button", `emotion e-${emotions[k][0]}`);
      button.type = "button";
      button.append(element("span", "swatch", glyphs[k]), emotionName(k));
      pressed(button, state.shown.has(k));
      button.addEventListener("click", () => {
        if (state.shown.has(k)) state.shown.delete(k); else state.shown.add(k);
        pressed(button, state.shown.has(k));
        drawArc();
      });
      chosen.append(button);
    });
    const heat = byId("heat-emotions");
    heat.replaceChildren();
    [-1, 0, 1, 2, 3, 4, 5].forEach((k) => {
      const button = element("button", "", k < 0 ? word("strongest") : emotionName(k));
      button.type = "button";
      pressed(button, k === state.heat);
      button.addEventListener("click", () => { state.heat = k; drawButtons(); drawHeat(); });
      heat.append(button);
    });
  };
  const choose = (c) => { state.character = c; drawButtons(); drawArc(); };

  const setLanguage = (language) => {
    state.language = language;
    body.classList.remove("zh", "en");
    body.classList.add(language);
    document.documentElement.lang = language;
    document.querySelectorAll("[data-language]").forEach((button) => pressed(button, button.dataset.language === language));
  };
  document.querySelectorAll("[data-language]").forEach((button) => button.addEventListener("click", () => {
    setLanguage(button.dataset.language);
    try { localStorage.setItem("juqing-language", state.language); } catch { /* a page from disk may have no storage */ }
    drawButtons();
    drawHeat();
  }));
  try {
    const remembered = localStorage.getItem("juqing-language");
    if (remembered === "zh" || remembered === "en") state.language = remembered;
  } catch { /* as above */ }
  setLanguage(state.language);

  const more = byId("show-minor");
  if (more) more.addEventListener("click", () => { document.querySelector("tbody.minor").classList.toggle("open"); });

  const start = async () => {
    if (!cues.length) return;
    drawButtons();
    await embed("arc", data.arc, (event, value) => showTip(event, value.cue, "", cues[value.cue].slice(2).map((v) => v / 100)), (datum) => goTo(cues[datum.cue][0]));
    drawArc();
    await embed("heat", data.heat, (event, value) => showTip(event, value.cue, `${value.label} · ${word("mean")}`,
      emotions.map((_, k) => mean(cells.get(value.c * scenes.length + value.scene - 1), k))), (datum) => { choose(datum.c); byId("characters").scrollIntoView({ block: "nearest" }); });
    drawHeat();
    body.dataset.ready = "true";
  };
  start();
})();
