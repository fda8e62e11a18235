// The same images under every strategy, at any epoch that was measured.

const FIRST_STRIPS = 24;

function setUpGallery(box) {
  const all = stored("galleries")[Number(box.dataset.of)];
  const of = box.dataset.of;
  const name = `gallery-${of}`;
  const epochs = all.epochs;
  const groups = [...new Set(all.rows.map((row) => row.group))];
  const seeds = [...new Set(all.rows.flatMap((row) => row.runs.map((run) => run.seed)))].sort((a, b) => a - b);
  const group = choiceOf(groups.map((one) => [one, one]));
  const seed = choiceOf(seeds.map((one) => [String(one), String(one)]));
  const slider = make("input", { type: "range", min: 0, max: Math.max(0, epochs.length - 1), step: 1, value: epochs.length - 1, "aria-label": "epoch" });
  const output = make("output");
  const before = make("button", { type: "button", "aria-label": "epoch before" }, "◀");
  const after = make("button", { type: "button", "aria-label": "next epoch" }, "▶");
  const play = make("button", { type: "button" }, "Play");
  const strips = make("div");
  const size = choiceOf([["8", "small"], ["4", "medium"], ["2", "large"]]);
  const more = make("button", { type: "button" }, "Show the rest");
  let limit = FIRST_STRIPS;
  let drawn = [];

  const rebuild = () => {
    const rows = all.rows.filter((row) => row.group === group.value);
    drawn = rows.slice(0, limit).map((row) => stripOf(all, of, row, Number(seed.value)));
    strips.replaceChildren(...drawn.map((one) => one.node));
    more.hidden = rows.length <= limit;
    more.textContent = `Show ${rows.length - limit} more`;
    update();
  };
  const update = () => {
    const epoch = epochs[Number(slider.value)];
    output.textContent = epoch === undefined ? "no epoch" : `epoch ${epoch}`;
    slider.setAttribute("aria-valuetext", output.textContent);
    before.disabled = Number(slider.value) <= 0;
    after.disabled = Number(slider.value) >= epochs.length - 1;
    for (const one of drawn) one.show(epoch);
  };
  const move = (by) => {
    slider.value = Number(slider.value) + by;
    update();
  };
  before.addEventListener("click", () => move(-1));
  after.addEventListener("click", () => move(1));
  more.addEventListener("click", () => { limit = Infinity; rebuild(); });
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (Number(slider.value) >= epochs.length - 1) slider.value = 0;
    update();
    play.textContent = "Stop";
    timer = setInterval(() => {
      move(1);
      if (Number(slider.value) >= epochs.length - 1) stop();
    }, 700);
  });
  // On a live page the slider stays at the last epoch if it stood there.
  keeper.keep(`${name}-epoch`, () => (Number(slider.value) >= epochs.length - 1 ? null : epochs[Number(slider.value)]), (was) => {
    if (was !== null && epochs.includes(was)) slider.value = epochs.indexOf(was);
  });
  slider.addEventListener("input", update);
  keepControl(`${name}-group`, group, rebuild);
  keepControl(`${name}-seed`, seed, rebuild);

  keepControl(`${name}-size`, size, () => strips.style.setProperty("--columns", size.value));
  strips.style.setProperty("--columns", size.value);

  const several = (label, select) => make("label", { hidden: select.options.length < 2 }, label, select);
  const controls = make("div", { class: "filters" },
    several("Rows ", group), several("Seed ", seed), make("label", {}, "Pictures ", size),
    make("label", { hidden: epochs.length < 2 }, "Epoch ", slider), before, after, play, output);
  for (const button of [before, after, play]) button.hidden = epochs.length < 2;
  const left = all.left_out ? ` ${count(all.left_out, "measured epoch")} left out, to keep this file small.` : "";
  const text = `${all.images.length} of ${all.of} validation images, at even distances; of each the best predictions, as many as there are objects, as rings of vertices.${left}`;
  box.replaceChildren(make("p", { class: "quiet" }, text), controls, galleryKey(), strips, more);
  lazily.add(strips, rebuild);
  strips.style.minHeight = "20rem";
}

function choiceOf(pairs) {
  return make("select", {}, ...pairs.map(([value, text]) => make("option", { value }, text)));
}

function galleryKey() {
  const sample = (kind) => {
    const svg = make("svg", { width: 34, height: 22, viewBox: "0 0 34 22", "aria-hidden": "true" });
    const ring = "M3 5L28 3L31 18L6 19Z";
    svg.append(make("path", { class: kind === "truth" ? "truth-halo" : "halo", d: ring }), make("path", { class: kind, d: ring }));
    return svg;
  };
  return make("p", { class: "key" }, make("span", {}, sample("truth"), "truth, dashed white"), make("span", {}, sample("prediction"), "prediction, solid and filled"));
}

function pathOf(flat, from = 0) {
  let d = "";
  for (let i = from; i + 1 < flat.length; i += 2) d += `${i === from ? "M" : "L"}${flat[i]} ${flat[i + 1]}`;
  return `${d}Z`;
}

function stripOf(all, of, row, seed) {
  const run = row.runs.find((one) => one.seed === seed);
  const epochs = run ? Object.keys(run.at).map(Number).sort((a, b) => a - b) : [];
  const told = make("span", { class: "quiet" });
  const name = run
    ? make("a", { href: `#${runs()[run.run].anchor}` }, row.name)
    : row.name;
  const views = all.images.map((image, i) => {
    const border = 60;
    const svg = make("svg", { viewBox: `${-border} ${-border} ${image.w + 2 * border} ${image.h + 2 * border}`, role: "img" });
    if (image.src) svg.append(make("use", { href: `#picture-${of}-${i}` }));
    const predicted = make("g");
    const truth = image.truth.flatMap((ring) => ["truth-halo", "truth"].map((kind) => make("path", { class: kind, d: pathOf(ring) })));
    svg.append(predicted, ...truth, make("text", { x: image.w / 2, y: image.h / 2 }));
    return { svg, predicted };
  });
  const show = (wanted) => {
    const known = epochs.filter((epoch) => epoch <= wanted);
    const epoch = run && run.final && wanted < epochs[0] ? undefined : known.at(-1);
    const at = epoch === undefined ? null : run.at[epoch];
    told.textContent = whatIsShown(run, seed, epoch, wanted);
    views.forEach(({ svg, predicted }, i) => {
      const found = at ? at[i] : [];
      const label = find("text", svg);
      predicted.replaceChildren(...found.flatMap((shape) => ["halo", "prediction"].map((kind) => make("path", { class: kind, d: pathOf(shape, 1) }))));
      label.textContent = at && !found.length ? "none" : at && !found.some((one) => inSight(one, all.images[i])) ? "out of sight" : "";
      svg.setAttribute("aria-label", altOf(all.images[i], row.name, seed, epoch, found));
    });
  };
  const node = make("div", { class: "strip" }, make("div", { class: "who" }, make("b", {}, name), told), make("div", { class: "views" }, ...views.map((one) => one.svg)));
  return { node, show };
}

function inSight(shape, image) {
  const xs = shape.filter((_, i) => i % 2 === 1);
  const ys = shape.filter((_, i) => i > 0 && i % 2 === 0);
  return Math.min(...xs) <= image.w && Math.max(...xs) >= 0 && Math.min(...ys) <= image.h && Math.max(...ys) >= 0;
}

function whatIsShown(run, seed, epoch, wanted) {
  if (!run) return `no run with seed ${seed}`;
  if (epoch === undefined) {
    if (!Object.keys(run.at).length) return `${run.status}: neither samples nor predictions are kept`;
    return run.final ? "only the last epoch's predictions are kept" : `not measured by epoch ${wanted}`;
  }
  const other = epoch === wanted ? "" : `at epoch ${epoch}: `;
  const undone = run.status === "done" ? "" : `, ${run.status}`;
  return `${other}${run.told[epoch] || `seed ${seed}`}${undone}`;
}

function altOf(image, name, seed, epoch, found) {
  const truth = count(image.truth.length, "object");
  if (epoch === undefined) return `Image ${image.id}, ${truth}; nothing of ${name}, seed ${seed}, to show`;
  const best = found.length ? `, the best with score ${found[0][0]} %` : "";
  return `Image ${image.id}, ${truth}; ${name}, seed ${seed}, epoch ${epoch}: ${count(found.length, "prediction")}${best}`;
}
