"use strict";
// Words in the plane: zoom and labels are the figure's own. Every word is set as text, never as HTML.
(async () => {
  const byId = (id) => document.getElementById(id);
  document.body.classList.add("with-js");
  const rows = document.querySelectorAll(".words tbody tr");
  const figure = byId("figure");
  const tip = byId("tip");

  const showTip = (event, id) => {
    const [word, count, group, near] = rows[id].cells;
    const name = document.createElement("b");
    const facts = document.createElement("span");
    facts.className = "place";
    name.textContent = word.textContent;
    facts.textContent = [count.textContent === "–" ? "" : `${count.textContent} times`, group.textContent === "–" ? "" : group.textContent].filter(Boolean).join(" · ");
    tip.replaceChildren(name, facts, ...near.cloneNode(true).childNodes);
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = event.clientX + 16 + box.width > innerWidth ? event.clientX - box.width - 12 : event.clientX + 16;
    const top = event.clientY + 16 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 16;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${Math.max(4, top)}px`;
  };
  const size = () => [figure.clientWidth, Math.max(320, Math.min(760, innerHeight * 0.75, figure.clientWidth))];

  const spec = JSON.parse(byId("data").textContent);
  const whole = spec.signals.find((signal) => signal.name === "center").value;
  [spec.width, spec.height] = size();
  const { view } = await window.vegaEmbed("#figure", spec, { mode: "vega", ast: true, actions: false, renderer: "canvas", defaultStyle: false,
    tooltip: (handler, event, item, value) => { if (value) showTip(event, value.id); else tip.hidden = true; } });

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const style = getComputedStyle(document.body);
    view.signal("ink", style.color).signal("paper", getComputedStyle(figure.closest("section")).backgroundColor).runAsync();
  };
  dark.addEventListener("change", paint);
  addEventListener("resize", () => { const [width, height] = size(); view.width(width).height(height).resize().runAsync(); });
  byId("search").addEventListener("input", async (event) => {
    const text = event.target.value.trim();
    await view.signal("search", text).signal("zoom", 1).signal("center", whole).runAsync(); // what is found may lie outside
    byId("found").textContent = text ? `${view.data("found").length.toLocaleString("en")} found` : "";
  });
  paint();
  await view.runAsync();
  document.body.dataset.ready = "true";
})();
