// Curves by epoch: a mean over seeds with its range, and every run.

function setUpCurves(box) {
  const all = stored("curves")[Number(box.dataset.of)];
  const name = `curves-${box.dataset.of}`;
  const shown = new Set(all.rows.map((row, i) => (row.shown ? i : -1)).filter((i) => i >= 0));
  keeper.keep(`${name}-shown`, () => [...shown].map((i) => [all.rows[i].name, all.rows[i].group]), (was) => {
    shown.clear();
    all.rows.forEach((row, i) => { if (was.some(([n, g]) => n === row.name && g === row.group)) shown.add(i); });
  });
  const first = all.quantities.map((one) => one.column);
  const has = (column) => first.includes(column);
  const starts = [has("mAP50_95") ? "mAP50_95" : first[0], has("full_image") ? "full_image" : first[1] || first[0]];
  const each = make("input", { type: "checkbox" });
  const band = make("input", { type: "checkbox", checked: true });
  const panels = starts.map((start, i) => curvePanel(all, start, shown, each, band, `${name}-${i}`));
  const redraw = () => panels.forEach((panel) => panel.redraw());
  keepControl(`${name}-each`, each, redraw);
  keepControl(`${name}-band`, band, redraw);

  const legend = curveLegend(all, shown, redraw);
  const options = make("div", { class: "filters" },
    make("label", {}, band, "range over seeds"),
    make("label", {}, each, "each run"),
    ...legend.buttons);
  box.replaceChildren(legend.node, options, make("div", { class: "pair" }, ...panels.map((panel) => panel.node)));
  for (const panel of panels) lazily.add(panel.chart, panel.draw);
}

function curveLegend(all, shown, redraw) {
  const lines = make("div", { class: "lines" });
  const boxes = [];
  let group = null;
  all.rows.forEach((row, i) => {
    if (row.group !== group && (group !== null || row.group !== "strategies")) lines.append(make("h4", {}, row.group));
    group = row.group;
    const box = make("input", { type: "checkbox", checked: shown.has(i) });
    box.addEventListener("change", () => {
      if (box.checked) shown.add(i);
      else shown.delete(i);
      redraw();
    });
    boxes.push(box);
    lines.append(make("label", {}, box, swatch(row), make("span", {}, row.name)));
  });
  const choose = (text, wanted) => make("button", { type: "button", onclick: () => {
    boxes.forEach((box, i) => {
      box.checked = wanted(all.rows[i], i);
      if (box.checked) shown.add(i);
      else shown.delete(i);
    });
    redraw();
  } }, text);
  return {
    node: make("fieldset", { class: "legend" }, make("legend", {}, "Shown"), lines),
    buttons: [choose("All strategies", (row) => row.group === "strategies"), choose("None", () => false), choose("As at first", (row) => row.shown)],
  };
}

const DASHES = { solid: "", dash: "7 4", dot: "2 3", dashdot: "7 3 2 3", longdash: "12 4", longdashdot: "12 3 2 3" };

const SYMBOLS = {
  circle: "",
  square: "M11 1H19V9H11Z",
  diamond: "M15 0L20 5L15 10L10 5Z",
  "triangle-up": "M15 0L20 9H10Z",
  "triangle-down": "M15 10L20 1H10Z",
  cross: "M14 0H16V4H20V6H16V10H14V6H10V4H14Z",
};

function swatch(row) {
  const svg = make("svg", { width: 30, height: 10, "aria-hidden": "true" });
  const line = make("line", { x1: 0, y1: 5, x2: 30, y2: 5, "stroke-width": 3, "stroke-dasharray": DASHES[row.dash] });
  const symbol = make("path", { d: SYMBOLS[row.symbol] });
  line.style.stroke = symbol.style.fill = `light-dark(${row.light}, ${row.dark})`;
  svg.append(line, symbol);
  return svg;
}

function curvePanel(all, start, shown, each, band, name) {
  const select = make("select");
  const groups = new Map();
  for (const one of all.quantities) {
    if (!groups.has(one.group)) groups.set(one.group, make("optgroup", { label: one.group }));
    groups.get(one.group).append(make("option", { value: one.column }, one.title));
  }
  select.append(...groups.values());
  select.value = start;
  const chart = make("div", { class: "chart", role: "img" });
  const note = make("p", { class: "quiet note" });
  const numbers = make("div");
  const unfold = make("details", { "data-keep": name }, make("summary", {}, "The same as numbers"), numbers);
  const state = () => {
    const quantity = all.quantities.find((one) => one.column === select.value);
    const rows = all.rows.filter((row, i) => shown.has(i) && row.curves[quantity.column]);
    return { quantity, rows };
  };
  const draw = () => {
    const { quantity, rows } = state();
    const absent = [...shown].length - rows.length;
    note.textContent = [quantity.note, absent ? `${count(absent, "line")} shown elsewhere ${absent === 1 ? "has" : "have"} it not on record.` : ""].filter(Boolean).join(" ");
    drawCurves(chart, quantity, rows, each.checked, band.checked);
    if (unfold.open) fill();
  };
  const redraw = () => {
    const { quantity, rows } = state();
    chart.setAttribute("aria-label", curveAlt(quantity, rows)); // told before it comes into sight
    if (lazily.isDrawn(chart)) draw();
  };
  const fill = () => {
    const { quantity, rows } = state();
    numbers.replaceChildren(curveNumbers(quantity, rows));
  };
  unfold.addEventListener("toggle", () => { if (unfold.open) fill(); });
  keepControl(`${name}-quantity`, select, redraw);
  redraw();
  const node = make("div", { class: "curve" }, make("div", { class: "filters" }, make("label", {}, "By epoch: ", select)), chart, note, unfold);
  return { node, chart, draw, redraw };
}

function digits(value) {
  if (value === 0) return "0";
  return Math.abs(value) < 0.001 || Math.abs(value) >= 10000 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}

function curveAlt(quantity, rows) {
  const told = rows.filter((row) => row.curves[quantity.column].e).map((row) => {
    const one = row.curves[quantity.column];
    return `${row.name} ${digits(one.m.at(-1))} at epoch ${one.e.at(-1)}`;
  });
  return `${quantity.title} by epoch, ${count(rows.length, "line")}: ${told.join("; ") || "nothing is shown"}`;
}

function drawCurves(node, quantity, rows, each, band) {
  const colours = look();
  const bands = [];
  const thin = [];
  const lines = [];
  const values = [];
  for (const row of rows) {
    const one = row.curves[quantity.column];
    const colour = colours.dark ? row.dark : row.light;
    const name = inLines(wrapped(row.name, 60, 4));
    if (one.e) {
      values.push(...one.m);
      const ids = one.runs.map(([id]) => id);
      if (one.l && band) {
        const floor = quantity.scale === "log" ? Math.min(...one.m.filter((value) => value > 0)) / 1000 : -Infinity;
        values.push(...one.h);
        bands.push({
          x: [...one.e, ...one.e.toReversed()],
          y: [...one.h, ...one.l.map((value) => Math.max(value, floor)).toReversed()],
          mode: "lines", fill: "toself", fillcolor: translucent(colour, colours.dark ? 0.2 : 0.14), line: { width: 0 }, hoverinfo: "skip",
        });
      }
      if (one.s && each) {
        one.s.forEach((line, i) => thin.push(thinLine(one.e, line, colour, "solid", row.name, one.runs[i], name)));
      }
      const range = (i) => (one.l ? ` (${digits(one.l[i])} to ${digits(one.h[i])} over ${one.runs.length} seeds)` : one.runs.length > 1 ? ` (all ${one.runs.length} seeds)` : ` (seed ${one.runs[0][1]})`);
      lines.push({
        x: one.e, y: one.m,
        mode: one.e.length <= 30 || row.symbol !== "circle" ? "lines+markers" : "lines",
        line: { color: colour, width: 2.2, dash: row.dash },
        marker: row.symbol === "circle" ? { size: 5 } : { size: 9, symbol: row.symbol, maxdisplayed: 12 },
        hoverinfo: "text",
        hovertext: one.e.map((epoch, i) => `<b>${name}</b><br>epoch ${epoch}: ${digits(one.m[i])}${range(i)}`),
        meta: { title: row.name, runs: ids, text: `${quantity.title}: the mean is over these runs` },
      });
    }
    for (const run of one.more || []) {
      values.push(...run.m);
      thin.push(thinLine(run.e, run.m, colour, "dot", row.name, [run.run, run.seed, run.status], name));
    }
  }
  const last = Math.max(1, ...[...lines, ...thin].map((line) => line.x.at(-1)));
  drawChart(node, [...bands, ...thin, ...lines], layout(colours, {
    height: node.clientHeight || 340,
    xaxis: axis(colours, { title: { text: "epoch", font: { size: 12.5 } }, range: [0, 1.03 * last], zeroline: false, nticks: 8 }),
    yaxis: axis(colours, valueAxis(quantity, values)),
  }));
}

function thinLine(x, y, colour, dash, title, [id, seed, status], name) {
  return {
    x, y, mode: x.length === 1 ? "markers" : "lines", line: { color: colour, width: 1, dash }, marker: { color: colour, size: 5 }, opacity: 0.8,
    hoverinfo: "text",
    hovertext: x.map((epoch, i) => `${name}, seed ${seed}${status ? `, ${status}` : ""}<br>epoch ${epoch}: ${digits(y[i])}`),
    meta: { title, runs: [id] },
  };
}

function valueAxis(quantity, values) {
  const highest = values.length ? Math.max(...values) : 1;
  if (quantity.scale === "share") return { range: [-0.03, 1.03], zeroline: false };
  if (quantity.scale === "percent") return { range: [-0.03, 1.03], zeroline: false, tickformat: ".0%" };
  if (quantity.scale === "signed") return { range: [-1.05, 1.05], zeroline: true };
  if (quantity.scale === "log") {
    const positive = values.filter((value) => value > 0);
    if (!positive.length) return { type: "log" };
    const top = Math.log10(highest) + 0.1;
    const bottom = Math.max(Math.log10(Math.min(...positive)) - 0.1, top - 4); // a gradient that dies flattens no other
    return { type: "log", range: [bottom, top], ...(top - bottom > 2 ? { dtick: 1, exponentformat: "power" } : fineTicks(bottom, top)) };
  }
  return { range: [0, Math.max(0.05, highest * 1.06)], zeroline: false };
}

// 1, 2 and 5 of each decade, each told in full: a bare 5 would not say of which.
function fineTicks(bottom, top) {
  const ticks = [];
  for (let power = Math.floor(bottom); power <= top; power += 1) {
    for (const leading of [1, 2, 5]) ticks.push(Number(`${leading}e${power}`));
  }
  const tickvals = ticks.filter((value) => Math.log10(value) >= bottom && Math.log10(value) <= top);
  return { tickvals, ticktext: tickvals.map((value) => (value < 0.001 ? value.toExponential(0) : String(value))) };
}

function curveNumbers(quantity, rows) {
  const drawn = rows.filter((row) => row.curves[quantity.column].e);
  const longest = drawn.reduce((most, row) => (row.curves[quantity.column].e.length > most.length ? row.curves[quantity.column].e : most), []);
  const step = Math.max(1, Math.ceil(longest.length / 10));
  const epochs = longest.filter((_, i) => (longest.length - 1 - i) % step === 0);
  const head = make("tr", {}, make("th", { scope: "col", class: "left" }, "strategy"), ...epochs.map((epoch) => make("th", { scope: "col" }, String(epoch))));
  const body = drawn.map((row) => {
    const one = row.curves[quantity.column];
    const open = make("button", { type: "button", onclick: () => showRuns(row.name, one.runs.map(([id]) => id)) }, row.name);
    return make("tr", {}, make("th", { scope: "row" }, open), ...epochs.map((epoch) => {
      const i = one.e.indexOf(epoch);
      return make("td", {}, i < 0 ? "–" : digits(one.m[i]));
    }));
  });
  const table = make("table", {}, make("caption", { class: "hidden" }, `${quantity.title}, mean over seeds, by epoch`), make("thead", {}, head), make("tbody", {}, ...body));
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": quantity.title }, table);
}
