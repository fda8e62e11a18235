// Tables that sort by any column and show the lines one looks for.

function cellText(cell) {
  return (find("summary", cell) || cell).textContent.trim();
}

// A number to sort by, or text; null for what is not there.
function sortKey(text) {
  if (text === "–" || text === "") return null;
  if (text === "reference") return 0;
  const share = /^(\d+)(?: of |\/)(\d+)(?: |$)/.exec(text);
  if (share) return Number(share[2]) ? share[1] / share[2] : null;
  const number = /^([<>]?) ?([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)/.exec(text);
  if (!number) return text.toLowerCase();
  return Number(number[2]) + { "<": -0.5, ">": 0.5, "": 0 }[number[1]];
}

// What a table gives to sort by, where a cell's text does not begin with it.
function cellKey(cell) {
  return cell.dataset.sort === undefined ? sortKey(cellText(cell)) : Number(cell.dataset.sort);
}

function compareKeys(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

// Ids of runs are text, though some look like numbers.
const isId = (head) => head.textContent === "run";

function setUpTable(box) {
  const table = find("table", box);
  const body = table.tBodies[0];
  const lines = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const ids = heads.map(isId);
  let order = { column: -1, way: "none" };

  const sort = () => {
    heads.forEach((head, i) => head.setAttribute("aria-sort", i === order.column ? order.way : "none"));
    if (order.way === "none") {
      body.append(...lines);
      return;
    }
    const sign = order.way === "ascending" ? 1 : -1;
    const keyOf = ids[order.column] ? cellText : cellKey;
    const compare = ids[order.column] ? (a, b) => (a < b ? -1 : Number(a > b)) : compareKeys;
    const keyed = lines.map((line) => [keyOf(line.cells[order.column]), line]);
    keyed.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null); // what is missing is last either way
      return sign * compare(a, b);
    });
    body.append(...keyed.map(([, line]) => line));
  };
  heads.forEach((head, column) => {
    const ways = head.classList.contains("left") ? ["ascending", "descending", "none"] : ["descending", "ascending", "none"];
    const button = make("button", { type: "button" }, head.textContent);
    button.addEventListener("click", () => {
      const next = order.column === column ? ways[(ways.indexOf(order.way) + 1) % 3] : ways[0];
      order = { column: next === "none" ? -1 : column, way: next };
      sort();
    });
    head.replaceChildren(button);
  });
  keeper.keep(`${box.dataset.keep}-order`, () => order, (was) => {
    if (was.column < heads.length) {
      order = was;
      sort();
    }
  });

  const search = find("input[type=search]", box);
  if (!search) return;
  const choices = findAll("select[data-column]", box);
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const line of lines) {
      const text = [...line.cells].map(cellText).join(" ").toLowerCase();
      const chosen = choices.every((one) => !one.value || includesWord(cellText(line.cells[one.dataset.column]), one.value));
      line.hidden = !(chosen && words.every((word) => text.includes(word)));
      shown += !line.hidden;
    }
    find(".count", box).textContent = `${shown} of ${lines.length}`;
  };
  keepControl(`${box.dataset.keep}-find`, search, filter);
  for (const one of choices) keepControl(`${box.dataset.keep}-${one.dataset.column}`, one, filter);
  filter();
}

// `better` is in `+0.1 [..] better`; `paper` is `paper`.
function includesWord(text, word) {
  return text === word || text.endsWith(` ${word}`) || text.includes(` ${word} (`);
}
