"use strict";
// What the report and the page share: the charts, their tooltip, their buttons. Everything from a screenplay is set as text, never
// as HTML.
//
// `page` tells what differs: lineText(line) → [number, text], goTo(line), choose(character).
window.juqingCharts = (page) => {
  const byId = (id) => document.getElementById(id);
  const body = document.body;
  const glyphs = ["●", "■", "▲", "✚", "◆", "▼"];
  const words = {
    zh: { strongest: "最强", others: (n) => `其他 ${n} 人`, line: (n) => `第 ${n} 行`, mean: "本场平均",
          says: (n, letters) => (n ? `${n} 句台词，${letters} 字` : "在场，没有台词"), most: (place) => `说得最多：${place}` },
    en: { strongest: "strongest", others: (n) => `${n} others`, line: (n) => `line ${n}`, mean: "mean of the scene",
          says: (n, letters) => (n ? `speeches: ${n}, letters: ${letters}` : "there, and silent"), most: (place) => `says most in ${place}` },
  };
  const language = () => (body.classList.contains("en") ? "en" : "zh");
  const word = (key) => words[language()][key];
  const emotionName = (k) => (language() === "zh" ? emotions[k][1] : `${emotions[k][0]} ${emotions[k][1]}`);
  const emotionMark = (k) => (language() === "zh" ? emotions[k][1] : emotions[k][0].slice(0, 2)); // in a cell of a chart
  const element = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const pressed = (button, on) => button.setAttribute("aria-pressed", on ? "true" : "false");
  const state = { character: 0, shown: new Set(), heat: -1, named: 0.25 }; // named: from which mean a cell has its name

  // Of each character in each scene the sums, speeches and letters, the first cue and the strongest: computed once for all charts.
  let characters, nMain, emotions, scenes, cues, letters, sceneOf, cells, bands, keeps;
  const setData = (data) => {
    ({ characters, nMain, emotions, scenes, cues, letters } = data);
    sceneOf = [];
    scenes.forEach(([first, end], s) => { for (let i = first; i < end; i += 1) sceneOf[i] = s; });
    narrow(() => true);
  };
  /** Charts show the lines for which `keep` says so. */
  const narrow = (keep) => {
    keeps = keep;
    cells = new Map();
    cues.forEach((cue, index) => {
      if (!keeps(cue[0])) return;
      const key = cue[1] * scenes.length + sceneOf[cue[0]];
      const cell = cells.get(key) || { n: 0, spoken: 0, letters: 0, sums: [0, 0, 0, 0, 0, 0], first: index, best: index, top: -1 };
      cell.n += 1;
      cell.spoken += cue[8];
      cell.letters += cue[8] * letters[cue[0]];
      for (let k = 0; k < 6; k += 1) {
        cell.sums[k] += cue[2 + k];
        if (cue[2 + k] > cell.top) { cell.top = cue[2 + k]; cell.best = index; }
      }
      cells.set(key, cell);
    });
  };
  /** The scenes, counted from 1, in which a line is kept; all where none is. */
  const keptScenes = () => {
    const all = scenes.map((_, s) => s + 1);
    const kept = new Set(sceneOf.filter((_, line) => keeps(line)));
    return kept.size ? all.filter((s) => kept.has(s - 1)) : all;
  };
  const cellOf = (c, s) => cells.get(c * scenes.length + s);
  const mean = (cell, k) => cell.sums[k] / cell.n / 100;

  // Tooltip: place, speaker and text, six bars.
  const tip = byId("tip");
  const showTip = (event, place, title, text, values) => {
    tip.replaceChildren(element("span", "place", place));
    if (title) tip.append(element("b", "", title));
    if (text) tip.append(element("span", "text", text.trim().slice(0, 300)));
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
  const placeOf = (line) => `${scenes[sceneOf[line]][3]} · ${word("line")(page.lineText(line)[0])}`;
  const cueTip = (event, index) => {
    const cue = cues[index];
    showTip(event, placeOf(cue[0]), characters[cue[1]], page.lineText(cue[0])[1], cue.slice(2, 8).map((v) => v / 100));
  };

  // A specification names the colors of light paper; a theme may have others (report.css). Read as the browser computes them.
  const themed = (spec, colors) => {
    let text = JSON.stringify(spec);
    const probe = element("span");
    body.append(probe);
    colors.forEach(([color, variable]) => {
      probe.style.color = `var(${variable})`;
      text = text.replaceAll(`"${color}"`, `"${getComputedStyle(probe).color}"`);
    });
    probe.remove();
    return JSON.parse(text);
  };
  const views = {};
  const embed = async (id, spec, tooltip, click) => {
    if (views[id]) views[id].finalize();
    const colors = [...emotions.map(([name, , color]) => [color, `--${name}`]), ["#20222b", "--fg"], ["#fffffe", "--on-deep"],
                    ["#667", "--dim"], ["#778", "--dim"]];
    const result = await window.vegaEmbed(`#${id}`, themed(spec, colors), { mode: "vega-lite", ast: true, actions: false,
      renderer: "canvas", defaultStyle: false, tooltip: (handler, event, item, value) => (value && tooltip ? tooltip(event, value) : hideTip()) });
    if (click) result.view.addEventListener("click", (event, item) => { if (item && item.datum) click(item.datum); });
    views[id] = result.view;
    return result.view;
  };
  /** Paper is white: `redraw` draws the charts in the colors of the light theme while the browser prints, however that was asked for. */
  const lightOnPaper = (redraw) => {
    const root = document.documentElement;
    let before = null;
    addEventListener("beforeprint", () => {
      if (before !== null) return;
      before = root.dataset.theme || "";
      root.dataset.theme = "light";
      redraw();
    });
    addEventListener("afterprint", () => {
      if (before === null) return;
      if (before) root.dataset.theme = before;
      else delete root.dataset.theme;
      before = null;
      redraw();
    });
  };
  const setBands = (width) => {
    const every = Math.max(1, Math.ceil(scenes.length / Math.max(6, width / 36)));
    bands = scenes.map(([x, x2, label], s) => ({ x, x2, middle: (x + x2) / 2, odd: s % 2 === 1, label: s % every ? "" : label }));
    return bands;
  };

  // The arc of the chosen character. `curve` (rows of the data sets `means` and `band`) replaces the means of the scenes.
  const drawArc = (curve) => {
    const points = [];
    cues.forEach((cue, index) => {
      if (cue[1] !== state.character || !keeps(cue[0])) return;
      state.shown.forEach((k) => points.push({ x: cue[0] + 0.5, value: cue[2 + k] / 100, emotion: emotions[k][0], cue: index }));
    });
    const means = curve ? curve.means : [];
    if (!curve) {
      scenes.forEach(([x, x2], s) => {
        const cell = cellOf(state.character, s);
        state.shown.forEach((k) => means.push({ x: (x + x2) / 2, value: cell ? mean(cell, k) : null, emotion: emotions[k][0] }));
      });
    }
    views.arc.data("scenes", bands);
    views.arc.data("points", points);
    views.arc.data("means", means);
    views.arc.data("bridges", means.filter((row) => row.value !== null));
    views.arc.data("band", curve ? curve.band : []);
    views.arc.run();
  };

  const drawHeat = () => {
    const rows = [];
    for (let c = 0; c < nMain; c += 1) {
      scenes.forEach(([, , , label], s) => {
        const cell = cellOf(c, s);
        if (!cell) return;
        let k = state.heat;
        if (k < 0) k = cell.sums.indexOf(Math.max(...cell.sums));
        rows.push({ scene: s + 1, label, character: characters[c], order: c, emotion: emotions[k][0], value: mean(cell, k),
                    text: mean(cell, k) >= state.named ? emotionMark(k) : "", cue: cell.best, c });
      });
    }
    views.heat.data("cells", rows);
    views.heat.run();
  };
  const heatTip = (event, value) => {
    const cue = cues[value.cue];
    showTip(event, `${value.label} · ${word("mean")}`, value.character, page.lineText(cue[0])[1],
            emotions.map((_, k) => mean(cellOf(value.c, value.scene - 1), k)));
  };

  const drawPresence = () => {
    const rows = [];
    for (let c = 0; c < nMain; c += 1) {
      scenes.forEach(([, , , label], s) => {
        const cell = cellOf(c, s);
        if (cell) rows.push({ scene: s + 1, label, character: characters[c], order: c, spoken: cell.spoken, text: String(cell.spoken || "·"), cue: cell.first, c });
      });
    }
    views.presence.data("cells", rows);
    views.presence.run();
  };
  const presenceTip = (event, value) => {
    const cell = cellOf(value.c, value.scene - 1);
    showTip(event, value.label, value.character, word("says")(cell.spoken, cell.letters), []);
  };

  /** What each character says in all, and the scene in which they say most. */
  const talk = () => {
    const rows = characters.map((name, c) => ({ c, name, spoken: 0, letters: 0, scene: -1 }));
    rows.forEach((row) => {
      let most = 0;
      scenes.forEach((_, s) => {
        const cell = cellOf(row.c, s);
        if (!cell) return;
        row.spoken += cell.spoken;
        row.letters += cell.letters;
        if (cell.letters > most) { most = cell.letters; row.scene = s; }
      });
    });
    const total = Math.max(1, rows.reduce((sum, row) => sum + row.letters, 0));
    return rows.map((row) => ({ ...row, share: row.letters / total }));
  };
  const percent = (share) => `${Math.round(100 * share)}%`;
  const shareBars = () => {
    const rows = talk();
    const bars = rows.slice(0, nMain).sort((a, b) => b.letters - a.letters);
    const rest = rows.slice(nMain);
    if (rest.length) {
      const sum = (key) => rest.reduce((total, row) => total + row[key], 0);
      const first = rest.reduce((most, row) => (row.letters > most.letters ? row : most));
      bars.push({ ...first, name: word("others")(rest.length), spoken: sum("spoken"), letters: sum("letters"), share: sum("share") });
    }
    return bars.map((row, order) => ({ ...row, character: row.name, order, text: percent(row.share),
      ...(row.scene < 0 ? {} : { cue: cellOf(row.c, row.scene).first }) }));
  };
  const shareTip = (event, value) => showTip(event, value.scene < 0 ? "" : word("most")(scenes[value.scene][3]), value.character,
    `${value.text} · ${word("says")(value.spoken, value.letters)}`, []);
  /** Both charts of who is where and says how much; a click goes to the first line there. */
  const embedTalk = async (data) => {
    const go = (datum) => { if (datum.cue !== undefined) page.goTo(cues[datum.cue][0]); };
    await embed("presence", data.presence, presenceTip, go);
    await embed("share", { ...data.share, data: { name: "bars", values: shareBars() } }, shareTip, go);
    drawPresence();
  };
  const drawTalk = () => {
    drawPresence();
    views.share.data("bars", shareBars());
    views.share.run();
  };

  const drawButtons = (onShown) => {
    const people = byId("characters");
    people.replaceChildren();
    const add = (parent, c) => {
      const button = element("button", "", characters[c]);
      button.type = "button";
      pressed(button, c === state.character);
      button.addEventListener("click", () => page.choose(c));
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
        onShown();
      });
      chosen.append(button);
    });
    const heat = byId("heat-emotions");
    heat.replaceChildren();
    [-1, 0, 1, 2, 3, 4, 5].forEach((k) => {
      const button = element("button", "", k < 0 ? word("strongest") : emotionName(k));
      button.type = "button";
      pressed(button, k === state.heat);
      button.addEventListener("click", () => {
        state.heat = k;
        [...heat.children].forEach((other) => pressed(other, other === button));
        drawHeat();
      });
      heat.append(button);
    });
  };

  return { byId, element, pressed, glyphs, state, language, word, emotionName, emotionMark, setData, narrow, keptScenes, sceneOf: (line) => sceneOf[line], cellOf, mean,
           showTip, hideTip, cueTip, heatTip, placeOf, embed, lightOnPaper, views, setBands, drawArc, drawHeat, talk, percent, embedTalk,
           drawTalk, drawButtons };
};
