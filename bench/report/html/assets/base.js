// What every part of the page uses. Text from records is only ever set as text.

const SVG = "http://www.w3.org/2000/svg";
const find = (selector, root = document) => root.querySelector(selector);
const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

function make(tag, properties = {}, ...children) {
  const drawn = ["svg", "g", "path", "use", "line", "text", "title"].includes(tag);
  const node = drawn ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const stored = (() => {
  const parsed = new Map();
  return (name) => {
    if (!parsed.has(name)) parsed.set(name, JSON.parse(document.getElementById(`data-${name}`).textContent));
    return parsed.get(name);
  };
})();

// What a reader has chosen outlives the reload of a live page.
const keeper = (() => {
  const key = `bench:${location.pathname}`;
  let saved = {};
  try {
    saved = JSON.parse(sessionStorage.getItem(key) || "{}");
    sessionStorage.removeItem(key);
  } catch { /* no storage, as in some browsers for files: nothing is kept */ }
  const getters = new Map();
  return {
    keep(name, get, set) {
      getters.set(name, get);
      if (name in saved) set(saved[name]);
    },
    save() {
      const found = Object.fromEntries([...getters].map(([name, get]) => [name, get()]));
      try { sessionStorage.setItem(key, JSON.stringify(found)); } catch { /* likewise */ }
    },
  };
})();

function keepControl(name, control, changed) {
  const part = control.type === "checkbox" ? "checked" : "value";
  keeper.keep(name, () => control[part], (value) => {
    const before = control[part];
    control[part] = value;
    if (control.value === "" && value !== "") control[part] = before; // the choice is not there any more
  });
  control.addEventListener(control.type === "search" || control.type === "range" ? "input" : "change", changed);
}

// Drawn when it comes into sight, or is printed; drawn again when the theme changes.
const lazily = (() => {
  const waiting = new Map();
  const drawn = new Map();
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
  }, { rootMargin: "600px" });
  function draw(node) {
    const now = waiting.get(node);
    if (!now) return;
    waiting.delete(node);
    watcher.unobserve(node);
    drawn.set(node, now);
    now();
  }
  return {
    add(node, now) {
      waiting.set(node, now);
      watcher.observe(node);
    },
    all: () => [...waiting.keys()].forEach(draw),
    again: () => [...drawn.values()].forEach((now) => now()),
    isDrawn: (node) => drawn.has(node),
    // As many as were drawn before a reload, so that what is below them stands where it stood.
    keep() {
      const order = [...waiting.keys()];
      keeper.keep("drawn", () => order.map((node) => drawn.has(node)), (was) => {
        order.forEach((node, i) => { if (was[i]) draw(node); });
      });
    },
  };
})();

let printing = false;
const isDark = () => {
  const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
  return !printing && r + g + b < 384;
};
const isNarrow = () => !printing && window.innerWidth < 700;

function setUpTheme() {
  const button = find("#theme");
  const themes = ["system", "light", "dark"];
  let theme = "system";
  try { theme = localStorage.getItem("bench:theme") || theme; } catch { /* not kept */ }
  const apply = () => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme === "system" ? "as the system" : theme}`;
  };
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    try { localStorage.setItem("bench:theme", theme); } catch { /* not kept */ }
    apply();
    lazily.again();
  });
  apply();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => lazily.again());
}

function setUpPrinting() {
  const set = (now) => {
    printing = now;
    lazily.again();
    if (now) lazily.all();
    for (const one of findAll(".claim")) {
      if (now) one.dataset.open = one.open;
      one.open = now || one.dataset.open === "true"; // paper cannot be unfolded
    }
  };
  addEventListener("beforeprint", () => set(true));
  addEventListener("afterprint", () => set(false));
}

// What an element is called on the page as it is and as it is made anew: by its part, its line and its own words.
function nameOf(node) {
  const part = node.closest("[data-keep], [id]");
  const beside = [...(node.closest("tr, li")?.childNodes ?? [])].map((one) => one.textContent.trim()).filter(Boolean);
  const own = node.tagName === "DETAILS" ? node.firstElementChild : node;
  const text = node.dataset.keep || own.getAttribute("aria-label") || own.labels?.[0]?.textContent || own.textContent;
  return [part?.dataset.keep || part?.id, ...beside.slice(0, 2), node.tagName, text.trim().slice(0, 80)].join("\n");
}

const FOCUSABLE = "a[href], button, summary, input, select, [tabindex]";

function keepPlace() {
  const details = () => findAll("details");
  keeper.keep("unfolded", () => details().map((one) => [nameOf(one), one.open]), (was) => {
    const open = new Map(was);
    for (const one of details()) one.open = open.get(nameOf(one)) ?? one.open;
  });
  keeper.keep("sideways", () => findAll(".scroll").map((one) => [nameOf(one), one.scrollLeft]), (was) => {
    const left = new Map(was);
    for (const one of findAll(".scroll")) one.scrollLeft = left.get(nameOf(one)) ?? 0;
  });
  keeper.keep("focus", () => (document.activeElement === document.body ? null : nameOf(document.activeElement)), (was) => {
    findAll(FOCUSABLE).find((one) => nameOf(one) === was)?.focus({ preventScroll: true });
  });
  keeper.keep("scroll", () => scrollY, (y) => requestAnimationFrame(() => scrollTo({ top: y, behavior: "instant" })));
}

function count(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
