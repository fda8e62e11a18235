// Differences to the reference: every seed, the mean and its interval.

function drawDifferences(node) {
  const plot = stored("plots")[Number(node.dataset.plot)];
  const colours = look();
  const narrow = isNarrow();
  const height = narrow ? 62 : 30;
  const traces = [];
  const marks = [];
  plot.rows.forEach((row, i) => {
    const y = plot.rows.length - 1 - i;
    const colour = colours.dark ? row.dark : row.light;
    const told = { title: row.name, runs: row.runs, text: row.text };
    if (row.interval) {
      traces.push({ x: row.interval, y: [y, y], mode: "lines", line: { color: colour, width: 3 }, hoverinfo: "skip" });
    }
    traces.push({
      x: row.seeds.map(([, value]) => value),
      y: row.seeds.map(() => y - 0.24),
      mode: "markers",
      marker: { color: colour, size: 7, opacity: 0.85 },
      hoverinfo: "text",
      hovertext: row.seeds.map(([seed, , value]) => `${plain(cut(row.name, 60))}<br>seed ${seed}: ${value}`),
      meta: { of: row.seeds.map(([seed, , value, run]) => ({ title: row.name, runs: run ? [run] : row.runs, text: `seed ${seed}: ${value}` })) },
    });
    traces.push({
      x: [row.mean],
      y: [y],
      mode: "markers",
      marker: { color: row.open ? colours.page : colour, size: 11, symbol: "diamond", line: { color: colour, width: 2 } },
      hoverinfo: "text",
      hovertext: `${plain(cut(row.name, 60))}<br>${plain(row.text)}`,
      meta: told,
    });
    const side = row.mean < plot.range[0] ? 0 : row.mean > plot.range[1] ? 1 : null;
    if (side !== null) {
      const text = side ? `${plain(row.told)} ▶` : `◀ ${plain(row.told)}`;
      marks.push({ x: side, xref: "paper", xanchor: side ? "right" : "left", y: narrow ? y - 0.05 : y, text, showarrow: false, font: { size: 11.5, color: colour }, bgcolor: colours.page });
    }
    const name = plain(cut(row.name, narrow ? 30 : 34));
    if (narrow) {
      const text = `<b>${name}</b><br>${plain(row.short)} ${row.verdict}`;
      marks.push({ x: 0, xref: "paper", xanchor: "left", align: "left", y: y + 0.36, text, showarrow: false, font: { size: 11.5, color: colours.ink }, bgcolor: colours.page, borderpad: 0 });
    } else {
      marks.push({ x: 1.01, xref: "paper", xanchor: "left", y, text: plain(row.text), showarrow: false, font: { size: printing ? 10 : 12.5, color: colours.ink } });
    }
  });
  const last = plot.rows.length - 1;
  drawChart(node, traces, layout(colours, {
    height: plot.rows.length * height + 62,
    margin: narrow ? { l: 8, r: 8, t: 8, b: 48 } : { l: 60, r: printing ? 255 : 345, t: 8, b: 48 },
    annotations: marks,
    xaxis: axis(colours, { range: plot.range, zeroline: true, zerolinewidth: 2, title: { text: narrow ? "difference in mAP50-95 (right: better)" : "difference in mAP50-95, same seed (right: better)", font: { size: 12.5 } }, tickformat: "+.3~f", nticks: narrow || printing ? 5 : 8 }),
    yaxis: axis(colours, {
      range: [-0.6, last + (narrow ? 0.75 : 0.6)],
      tickvals: narrow ? [] : plot.rows.map((_, i) => last - i),
      ticktext: plot.rows.map((row) => plain(cut(row.name, 34))),
      showgrid: false,
      zeroline: false,
      fixedrange: true,
    }),
  }));
}

function setUpDifferences() {
  for (const node of findAll(".difference")) {
    node.style.minHeight = `${stored("plots")[Number(node.dataset.plot)].rows.length * (isNarrow() ? 62 : 30) + 62}px`;
    lazily.add(node, () => drawDifferences(node));
  }
}
