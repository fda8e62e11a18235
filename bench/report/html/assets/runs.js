// One run, with all that is on record of it; what every figure leads to.

const runs = () => stored("runs");

function showRuns(title, ids, more = "") {
  const known = ids.filter((id) => id in runs());
  if (known.length === 1) return showRun(known[0]);
  const items = known.map((id) => {
    const { name, seed, status } = runs()[id];
    const button = make("button", { type: "button", onclick: () => showRun(id) }, id);
    return make("li", {}, button, ` ${name}, seed ${seed}, ${status}`);
  });
  openDialog(title, make("p", {}, more || count(known.length, "run")), make("ul", {}, ...items));
}

function showRun(id) {
  const run = runs()[id];
  const line = make("a", { href: `#${run.anchor}`, class: "go", onclick: () => find("#run").close() }, "its line in the table of runs");
  const parts = [
    make("p", {}, `${run.name} on ${run.data}, seed ${run.seed}: `, make("strong", {}, run.status), run.reason ? `: ${run.reason}` : ""),
    make("p", {}, "Folder ", make("code", {}, run.folder), "; ", line, "."),
  ];
  for (const [title, facts] of Object.entries(run.facts)) {
    const list = make("dl");
    for (const [key, value] of Object.entries(facts)) list.append(make("dt", {}, key), make("dd", {}, value));
    parts.push(make("h3", {}, title), list);
  }
  openDialog(`Run ${id}`, ...parts);
}

function openDialog(title, ...content) {
  const dialog = find("#run");
  const close = make("button", { type: "button", onclick: () => dialog.close() }, "Close");
  const head = make("div", { class: "top" }, make("h2", { id: "run-title" }, title), close);
  dialog.replaceChildren(head, make("div", { class: "inside" }, ...content));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  close.focus();
}

function setUpRuns() {
  const byAnchor = new Map();
  const idOf = (anchor) => {
    if (!byAnchor.size) for (const [id, run] of Object.entries(runs())) byAnchor.set(run.anchor, id);
    return byAnchor.get(anchor);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#run-"]:not(.go)');
    const id = link && idOf(link.getAttribute("href").slice(1));
    if (id === undefined || id === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    showRun(id);
  });
  find("#run").addEventListener("click", (event) => {
    if (event.target === find("#run")) find("#run").close(); // the backdrop
  });
  const linked = location.hash.startsWith("#run-") ? idOf(decodeURIComponent(location.hash.slice(1))) : undefined;
  if (linked !== undefined && find("#live") === null) showRun(linked);
}
