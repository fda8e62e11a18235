// plotly.js, started when the first chart comes into sight, and how its charts look.

const FONT = "system-ui, 'DejaVu Sans', sans-serif";
let plotly = null;

function startPlotly() {
  if (plotly) return plotly;
  const script = document.createElement("script");
  script.textContent = find("#plotly").textContent;
  document.head.append(script); // an inline script is run at once
  script.remove();
  plotly = window.Plotly;
  return plotly;
}

// plotly takes some HTML in its texts for markup; names are text.
function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

// Text in lines of so many letters, broken where names are joined, as in the figures; what is too long loses its middle.
function wrapped(text, most, lines) {
  const parts = text.split(/(?<=[-,=\/ ])|(?=[[(])/).flatMap((part) => part.match(new RegExp(`.{1,${most}}`, "gsu")) ?? []);
  const found = [""];
  for (const part of parts) {
    if (found.at(-1) && (found.at(-1) + part).trimEnd().length > most) found.push("");
    found[found.length - 1] += part;
  }
  if (found.length > lines) found.splice(lines - 1, found.length - lines, "…");
  return found.map((line) => line.trim());
}

// The same as plotly takes it.
const inLines = (lines) => lines.map(plain).join("<br>");

const isTouched = () => matchMedia("(pointer: coarse)").matches;

const pen = document.createElement("canvas").getContext("2d");

// The width of the widest text in pixels: where it is known, plotly need not draw again and again to find margins.
function widest(texts, size) {
  pen.font = `${size}px ${FONT}`;
  return Math.max(0, ...texts.map((text) => pen.measureText(text).width));
}

function look() {
  const dark = isDark();
  return dark
    ? { dark, ink: "#e6e9ee", quiet: "#a5aeba", grid: "#2c323a", zero: "#7c8694", page: "#14171b" }
    : { dark, ink: "#1d2229", quiet: "#57606c", grid: "#e4e7eb", zero: "#7c8694", page: "#ffffff" };
}

function translucent(hex, alpha) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}

function axis(colours, more) {
  return { gridcolor: colours.grid, linecolor: colours.zero, zerolinecolor: colours.zero, tickcolor: colours.zero, automargin: true, ...more };
}

function layout(colours, more) {
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: FONT, size: 13, color: colours.ink },
    margin: { l: 50, r: 12, t: 8, b: 42 },
    showlegend: false,
    hovermode: "closest",
    hoverlabel: { bgcolor: colours.page, bordercolor: colours.quiet, font: { color: colours.ink }, namelength: -1, align: "left" },
    dragmode: isTouched() ? false : "zoom", // a finger scrolls the page
    ...(printing ? { width: 680 } : {}),
    ...more,
  };
}

const CONFIG = {
  displaylogo: false,
  responsive: true,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  ...(isTouched() ? { displayModeBar: false } : {}), // where nothing hovers, it would always lie over the chart
};

function drawChart(node, traces, shape) {
  const api = startPlotly();
  api.react(node, traces, shape, CONFIG);
  if (node.dataset.listens) return;
  node.dataset.listens = "yes";
  node.on("plotly_click", ({ points }) => {
    const meta = points[0]?.data.meta;
    if (!meta) return;
    const chosen = meta.of ? meta.of[points[0].pointNumber] : meta;
    if (chosen?.runs?.length) showRuns(chosen.title, chosen.runs, chosen.text);
  });
}
