/*
 * Draws every <div class="chart" data-figure="ID"> from the figure in the JSON block #ID.
 * What all charts share stands here once; a figure only says what is its own.
 */
(() => {
  "use strict";

  const isJapanese = document.documentElement.lang.startsWith("ja");

  const isNarrow = window.matchMedia("(max-width: 600px)").matches;
  const textSize = isNarrow ? 12 : 14;

  const axis = {
    automargin: true,
    gridcolor: "#e6e6e6",
    linecolor: "#949494",
    zerolinecolor: "#949494",
    title: { standoff: 8, font: { size: textSize } },
  };

  const shared = {
    font: {
      family: getComputedStyle(document.body).fontFamily,
      size: textSize,
      color: "#333333",
    },
    paper_bgcolor: "#ffffff",
    plot_bgcolor: "#ffffff",
    margin: { l: 8, r: 16, t: 16, b: 8 },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    hoverlabel: { bgcolor: "#ffffff", bordercolor: "#333333", font: { color: "#1a1a1a" } },
    separators: ".,",
    dragmode: false,
    xaxis: axis,
    yaxis: axis,
  };

  const isPlain = (value) => Object.prototype.toString.call(value) === "[object Object]";

  /* Values of `own` win over those of `base`; arrays are taken whole. */
  const merged = (base, own) => {
    const result = { ...base };
    for (const [key, value] of Object.entries(own)) {
      result[key] = isPlain(value) && isPlain(base[key]) ? merged(base[key], value) : value;
    }
    return result;
  };

  /* The wheel of plotly has no other language than English: the few words we show. */
  const japanese = {
    moduleType: "locale",
    name: "ja",
    dictionary: {
      "Download plot as a PNG": "図をPNGで保存",
      "Download plot": "図を保存",
      "Double-click on legend to isolate one trace": "凡例をダブルクリックすると、その系列だけを表示します",
      "Taking snapshot - this may take a few seconds": "画像を作成しています",
      "Snapshot succeeded": "画像を保存しました",
    },
    format: { decimal: ".", thousands: ",", grouping: [3], currency: ["¥", ""] },
  };

  const config = {
    responsive: true,
    displaylogo: false,
    locale: isJapanese ? "ja" : "en-US",
    modeBarButtons: [["toImage"]],
    showSendToCloud: false,
    showLink: false,
    scrollZoom: false,
    doubleClick: false,
    topojsonURL: "",
    plotlyServerURL: "",
  };

  const ownPath = (value) =>
    typeof value === "string" && value.startsWith("/") && !value.startsWith("//");

  const draw = async (element) => {
    const source = document.getElementById(element.dataset.figure);
    const figure = JSON.parse(source.textContent);
    const layout = merged(shared, figure.layout);
    await window.Plotly.newPlot(element, figure.data, layout, {
      ...config,
      toImageButtonOptions: { filename: element.dataset.figure, scale: 2 },
    });
    element.on("plotly_click", (event) => {
      const url = event.points[0]?.customdata;
      if (ownPath(url)) {
        window.location.assign(url);
      }
    });
  };

  if (!window.Plotly) {
    return; /* The table under each chart holds the same figures. */
  }
  if (isJapanese) {
    window.Plotly.register(japanese);
  }
  for (const element of document.querySelectorAll(".chart[data-figure]")) {
    draw(element);
  }
})();
