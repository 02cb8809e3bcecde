"use strict";
// The picture of an evaluation; what the mouse points at is told by the title of its element, as text.
(async () => {
  const figure = document.getElementById("figure");
  document.body.classList.add("with-js");
  const tooltip = (handler, event, item, value) => {
    figure.title = value ? Object.entries(value).map(([key, v]) => `${key}: ${v}`).join("\n") : "";
  };
  await window.vegaEmbed("#figure", JSON.parse(document.getElementById("data").textContent),
    { mode: "vega-lite", ast: true, actions: false, renderer: "canvas", defaultStyle: false, tooltip });
  document.body.dataset.ready = "true";
})();
