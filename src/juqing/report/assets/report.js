"use strict";
// The charts of a report: what is left of them beside charts.js.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { emotions, cues } = data;
  const body = document.body;
  body.classList.add("with-js");
  const byId = (id) => document.getElementById(id);
  const goTo = (line) => {
    document.querySelectorAll("#script .at").forEach((node) => node.classList.remove("at"));
    const paragraph = byId(`l${line}`);
    paragraph.classList.add("at");
    paragraph.scrollIntoView({ block: "center" });
  };
  const lineText = (line) => [".number", ".text"].map((part) => byId(`l${line}`).querySelector(part).textContent);
  const draw = () => { charts.drawButtons(() => charts.drawArc()); charts.drawArc(); };
  const choose = (c) => { charts.state.character = c; draw(); };
  const charts = window.juqingCharts({ lineText, goTo, choose });
  charts.setData(data);
  emotions.forEach((_, k) => charts.state.shown.add(k));

  const setLanguage = (language) => {
    body.classList.remove("zh", "en");
    body.classList.add(language);
    document.documentElement.lang = language;
    document.querySelectorAll("[data-language]").forEach((button) => charts.pressed(button, button.dataset.language === language));
  };
  document.querySelectorAll("[data-language]").forEach((button) => button.addEventListener("click", () => {
    setLanguage(button.dataset.language);
    try { localStorage.setItem("juqing-language", charts.language()); } catch { /* a page from disk may have no storage */ }
    charts.drawButtons(() => charts.drawArc());
    charts.drawHeat();
    charts.drawTalk();
  }));
  let remembered = null;
  try { remembered = localStorage.getItem("juqing-language"); } catch { /* as above */ }
  setLanguage(remembered === "zh" || remembered === "en" ? remembered : charts.language());

  const more = byId("show-minor");
  if (more) more.addEventListener("click", () => { document.querySelector("tbody.minor").classList.toggle("open"); });

  const start = async () => {
    if (!cues.length) return;
    charts.drawButtons(() => charts.drawArc());
    await embedAll();
    charts.lightOnPaper(embedAll);
    body.dataset.ready = "true";
  };
  const embedAll = async () => {
    charts.setBands(byId("arc").clientWidth);
    await charts.embed("arc", data.arc, (event, value) => charts.cueTip(event, value.cue), (datum) => { if (datum.cue !== undefined) goTo(cues[datum.cue][0]); });
    charts.drawArc();
    await charts.embed("heat", data.heat, charts.heatTip, (datum) => { choose(datum.c); byId("characters").scrollIntoView({ block: "nearest" }); });
    charts.drawHeat();
    await charts.embedTalk(data);
  };
  start();
})();
