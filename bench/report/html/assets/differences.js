// Differences to the reference: every seed, the mean and its interval.

// How the names of a plot are broken into lines, and the height of a row that holds them, in pixels.
function rowsOf(plot) {
  const narrow = isNarrow();
  const names = plot.rows.map((row) => wrapped(row.name, narrow ? 44 : 34, 4));
  const lines = Math.max(1, ...names.map((one) => one.length));
  return { names, height: narrow ? 32 + 30 * lines : Math.max(30, 8 + 16 * lines) };
}

function drawDifferences(node) {
  const plot = stored("plots")[Number(node.dataset.plot)];
  const colours = look();
  const narrow = isNarrow();
  const { names, height } = rowsOf(plot);
  const last = plot.rows.length - 1;
  const colourOf = (row) => (colours.dark ? row.dark : row.light);
  const named = (row) => inLines(wrapped(row.name, 60, 4));
  const marks = [];
  plot.rows.forEach((row, i) => {
    const y = last - i;
    const side = row.mean < plot.range[0] ? 0 : row.mean > plot.range[1] ? 1 : null;
    if (side !== null) {
      const text = side ? `${plain(row.told)} ▶` : `◀ ${plain(row.told)}`;
      marks.push({ x: side, xref: "paper", xanchor: side ? "right" : "left", y: narrow ? y - 0.05 : y, text, showarrow: false, font: { size: 11.5, color: colours.ink }, bgcolor: colours.page });
    }
    if (narrow) {
      const why = row.kept_open_by ? ` (${row.kept_open_by})` : "";
      const text = `<b>${inLines(names[i])}</b><br>${plain(row.short)} ${row.verdict}${why}`;
      marks.push({ x: 0, xref: "paper", xanchor: "left", align: "left", y: y + 0.62, yanchor: "top", text, showarrow: false, font: { size: 11.5, color: colours.ink }, bgcolor: colours.page, borderpad: 0 });
    }
  });
  const rows = axis(colours, { range: [-0.6, last + (narrow ? 0.75 : 0.6)], showgrid: false, zeroline: false, fixedrange: true, automargin: false });
  const ticks = (texts) => ({ tickvals: narrow ? [] : texts.map((_, i) => last - i), ticktext: texts.map(inLines) });
  const texts = plot.rows.map((row) => [row.text]);
  const size = printing ? 10 : 12.5;
  drawChart(node, [...intervalTraces(plot, colourOf), seedTrace(plot, colourOf, named), meanTrace(plot, colourOf, named, colours)], layout(colours, {
    height: plot.rows.length * height + 62,
    margin: narrow ? { l: 8, r: 8, t: 8, b: 48 } : { l: 16 + widest(names.flat(), 13), r: 24 + widest(texts.flat(), size), t: 8, b: 48 },
    annotations: marks,
    xaxis: axis(colours, { range: plot.range, automargin: false, zeroline: true, zerolinewidth: 2, title: { text: narrow ? "difference in mAP50-95 (right: better)" : "difference in mAP50-95, same seed (right: better)", font: { size: 12.5 } }, tickformat: "+.3~f", nticks: narrow || printing ? 5 : 8 }),
    yaxis: { ...rows, ...ticks(names) },
    yaxis2: { ...rows, ...ticks(texts), overlaying: "y", side: "right", ticklen: 0, linecolor: "rgba(0,0,0,0)", tickfont: { size } },
  }));
}

// A trace costs much and a point little: one for all intervals of a colour, one for all seeds, one for all means.
function intervalTraces(plot, colourOf) {
  const found = new Map();
  plot.rows.forEach((row, i) => {
    if (!row.interval) return;
    const colour = colourOf(row);
    if (!found.has(colour)) found.set(colour, { x: [], y: [], mode: "lines", line: { color: colour, width: 3 }, hoverinfo: "skip" });
    const y = plot.rows.length - 1 - i;
    found.get(colour).x.push(...row.interval, null);
    found.get(colour).y.push(y, y, null);
  });
  return [...found.values()];
}

function seedTrace(plot, colourOf, named) {
  const points = plot.rows.flatMap((row, i) => row.seeds.map(([seed, value, text, run]) => ({ row, y: plot.rows.length - 1.24 - i, seed, value, text, run })));
  return {
    x: points.map((one) => one.value),
    y: points.map((one) => one.y),
    mode: "markers",
    marker: { color: points.map((one) => colourOf(one.row)), size: 7, opacity: 0.85 },
    hoverinfo: "text",
    hovertext: points.map((one) => `${named(one.row)}<br>seed ${one.seed}: ${one.text}`),
    meta: { of: points.map(({ row, seed, text, run }) => ({ title: row.name, runs: run ? [run] : row.runs, text: `seed ${seed}: ${text}` })) },
  };
}

function meanTrace(plot, colourOf, named, colours) {
  return {
    x: plot.rows.map((row) => row.mean),
    y: plot.rows.map((_, i) => plot.rows.length - 1 - i),
    yaxis: "y2",
    mode: "markers",
    marker: {
      color: plot.rows.map((row) => (row.open ? colours.page : colourOf(row))),
      size: 11,
      symbol: "diamond",
      opacity: 1,
      line: { color: plot.rows.map(colourOf), width: 2 },
    },
    hoverinfo: "text",
    hovertext: plot.rows.map((row) => `${named(row)}<br>${plain(row.text)}`),
    meta: { of: plot.rows.map((row) => ({ title: row.name, runs: row.runs, text: row.text })) },
  };
}

function setUpDifferences() {
  for (const node of findAll(".difference")) {
    const plot = stored("plots")[Number(node.dataset.plot)];
    node.style.minHeight = `${plot.rows.length * rowsOf(plot).height + 62}px`;
    lazily.add(node, () => drawDifferences(node));
  }
}
