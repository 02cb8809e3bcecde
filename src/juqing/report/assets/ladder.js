"use strict";
// The pictures of a ladder, and the comparison of two rungs. Everything from the data is set as text, never as HTML.
(async () => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const body = document.body;
  body.classList.add("with-js");
  const words = { zh: { label: "标签", line: "行", distance: "距离", closer: (name, n, all) => `${name} 在这 ${all} 行里有 ${n} 行更近` },
                  en: { label: "label", line: "line", distance: "distance", closer: (name, n, all) => `${name} is closer in ${n} of these ${all}` } };
  const state = { language: body.classList.contains("zh") ? "zh" : "en", measure: "rmse" };
  try {
    const remembered = localStorage.getItem("juqing-language");
    if (remembered === "zh" || remembered === "en") state.language = remembered;
  } catch { /* a page from disk may have no storage */ }

  const embed = async (id, spec) => {
    const figure = byId(id);
    if (!figure || !spec) return;
    const tooltip = (handler, event, item, value) => {
      figure.title = value ? Object.entries(value).filter(([key]) => !["good", "order"].includes(key)).map(([key, v]) => `${key}: ${v}`).join("\n") : "";
    };
    await window.vegaEmbed(figure, JSON.parse(JSON.stringify(spec)),
      { mode: "vega-lite", ast: true, actions: false, renderer: "canvas", defaultStyle: false, tooltip });
  };
  const drawHeat = async () => {
    document.querySelectorAll("[data-measure]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.measure === state.measure)));
    await embed("heat", data.figures[state.language][state.measure]);
  };

  const cell = (row, tag, text, className) => {
    const node = document.createElement(tag);
    node.textContent = text;
    if (className) node.className = className;
    row.append(node);
    return node;
  };
  const distance = (a, b) => Math.sqrt(a.reduce((sum, v, k) => sum + (v - b[k]) ** 2, 0)) / 100;
  const drawLines = () => {
    const table = byId("lines");
    if (!table) return;
    const chosen = [Number(byId("first").value), Number(byId("second").value)];
    const both = data.lines.filter((line) => chosen.every((k) => line.guesses[k]));
    const apart = (line) => distance(line.guesses[chosen[0]], line.guesses[chosen[1]]);
    const shown = both.map((line) => [apart(line), line]).filter(([d]) => d > 0).sort((a, b) => b[0] - a[0]).slice(0, data.n);
    const word = words[state.language];
    const head = document.createElement("thead");
    const names = head.insertRow();
    cell(names, "th", "");
    data.emotions.forEach(([english, chinese]) => cell(names, "th", state.language === "zh" ? chinese : english, `t-${english}`));
    cell(names, "th", word.distance);
    const parts = [head];
    const closer = [0, 0];
    shown.forEach(([, line]) => {
      const part = document.createElement("tbody");
      const place = cell(part.insertRow(), "th", line.text === undefined ? line.id : `${line.character} · ${line.text}`, "line");
      place.colSpan = 8;
      place.title = line.id;
      const distances = chosen.map((k) => distance(line.guesses[k], line.truth));
      closer[distances[0] < distances[1] ? 0 : 1] += distances[0] === distances[1] ? 0 : 1;
      [[word.label, line.truth], ...chosen.map((k) => [data.rungs[k], line.guesses[k]])].forEach(([name, values], which) => {
        const row = part.insertRow();
        cell(row, "th", name).scope = "row";
        values.forEach((value, k) => {
          const strong = Math.min(9, Math.round(value / 33));
          cell(row, "td", (value / 100).toFixed(2), `t-${data.emotions[k][0]}${strong ? ` v${strong}` : ""}`);
        });
        cell(row, "td", which ? distances[which - 1].toFixed(2) : "");
      });
      parts.push(part);
    });
    table.replaceChildren(...parts);
    const best = closer[0] >= closer[1] ? 0 : 1;
    byId("closer").textContent = shown.length ? word.closer(data.rungs[chosen[best]], closer[best], shown.length) : "";
  };

  const draw = async () => {
    body.classList.remove("zh", "en");
    body.classList.add(state.language);
    document.documentElement.lang = state.language;
    document.querySelectorAll("[data-language]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.language === state.language)));
    if (data.figures) {
      await embed("pareto", data.figures[state.language].pareto);
      await embed("curve", data.figures[state.language].curve);
      await drawHeat();
    }
    drawLines();
  };
  document.querySelectorAll("[data-language]").forEach((button) => button.addEventListener("click", async () => {
    state.language = button.dataset.language;
    try { localStorage.setItem("juqing-language", state.language); } catch { /* as above */ }
    await draw();
  }));
  document.querySelectorAll("[data-measure]").forEach((button) => button.addEventListener("click", async () => {
    state.measure = button.dataset.measure;
    await drawHeat();
  }));
  ["first", "second"].forEach((id, which) => {
    const select = byId(id);
    if (!select) return;
    data.rungs.forEach((name, k) => {
      const option = document.createElement("option");
      option.value = String(k);
      option.textContent = name;
      select.append(option);
    });
    select.value = String(which ? data.rungs.length - 1 : 0);
    select.addEventListener("change", drawLines);
  });
  await draw();
  body.dataset.ready = "true";
})();
