// Diversity by the paper and by the authors' code, of branches at set distances.

import { chart, h, panel, s, widget } from "./base.js";

const upTo = (count) => [...Array(count).keys()];

/**
 * Squared distances of branches: of `group` neighbours each, which are the same, and
 * whose groups are `apart`; the last branch is moved at right angles to all.
 */
const squares = ({ count, apart, moved, group }) => {
  const of = (k) => Math.floor(k / group);
  const last = count - 1;
  return upTo(count).map((l) => upTo(count).map((k) => ({
    apart: of(l) === of(k) ? 0 : apart ** 2,
    moved: l !== k && (l === last || k === last) ? moved ** 2 : 0,
  })));
};

/** By elimination, the largest pivot first. */
export function determinant(matrix) {
  const rows = matrix.map((row) => [...row]);
  let found = 1;
  for (const at of rows.keys()) {
    let best = at;
    for (let k = at; k < rows.length; k++) {
      if (Math.abs(rows[k][at]) > Math.abs(rows[best][at])) best = k;
    }
    if (rows[best][at] === 0) return 0;
    if (best !== at) {
      [rows[at], rows[best]] = [rows[best], rows[at]];
      found = -found;
    }
    found *= rows[at][at];
    for (let k = at + 1; k < rows.length; k++) {
      const factor = rows[k][at] / rows[at][at];
      for (let j = at; j < rows.length; j++) rows[k][j] -= factor * rows[at][j];
    }
  }
  return found;
}

/** The determinant's slope by one entry: a minor with its sign. */
function cofactor(matrix, l, k) {
  const minor = matrix.filter((_, row) => row !== l).map(
    (row) => row.filter((_, column) => column !== k));
  return (l + k) % 2 ? -determinant(minor) : determinant(minor);
}

/** Equation (1) on one face, with another diagonal. */
const similarity = (distances, gamma, diagonal) => distances.map((row, l) => row.map(
  ({ apart, moved }, k) => l === k ? diagonal : Math.exp(-gamma * (apart + moved))));
const DIAGONALS = { paper: 1, code: 0 };

/** A determinant and its slopes by both distances. */
function measured(matrix, distances, { apart, moved, gamma }) {
  let [byApart, byMoved] = [0, 0];
  matrix.forEach((row, l) => row.forEach((one, k) => {
    if (l === k) return;
    const slope = -2 * gamma * one * cofactor(matrix, l, k);
    if (distances[l][k].apart) byApart += slope * apart;
    if (distances[l][k].moved) byMoved += slope * moved;
  }));
  return { value: determinant(matrix), byApart, byMoved };
}

/** Equations (1) and (2) on one face, with the paper's diagonal and the code's. */
export function diversities(setting) {
  const distances = squares(setting);
  const [similar, zeros] = Object.values(DIAGONALS).map(
    (diagonal) => similarity(distances, setting.gamma, diagonal));
  return { similar, paper: measured(similar, distances, setting),
    code: measured(zeros, distances, setting) };
}

/** The values of both alone; the code's over n - 1, which it reaches. */
function scaled(setting) {
  const distances = squares(setting);
  const value = (name) => determinant(
    similarity(distances, setting.gamma, DIAGONALS[name]));
  return { paper: value("paper"), code: value("code") / (setting.count - 1) };
}

const NEGLIGIBLE = 1e-6; // slopes below it move nothing in a training
const LEAST = 1.4e-45; // above zero in 32 bits
const NOISE = 1e-14; // of eliminations

const digits = (value) => {
  if (value === 0) return "0";
  return Math.abs(value) < 0.001 ? value.toExponential(0) : value.toFixed(3);
};

const result = (value) => digits(Math.abs(value) < NOISE ? 0 : value);

/** What a step upwards does to branches. */
function pull({ byApart, byMoved }) {
  const told = [];
  if (Math.abs(byApart) > NEGLIGIBLE) {
    told.push(byApart > 0 ? "branches apart" : "branches together");
  }
  if (Math.abs(byMoved) > NEGLIGIBLE) {
    told.push(byMoved > 0 ? "the last one away" : "the last one back");
  }
  return told.join(", ") || "nothing";
}

const LINES = {
  paper: { stroke: "var(--w-blue)", "stroke-width": 2.5, fill: "none" },
  code: { stroke: "var(--w-orange)", "stroke-width": 2.5, fill: "none",
    "stroke-dasharray": "7 4" },
};

/** A mark for each formula: a dot for the paper's, around it a square for the code's. */
const mark = (name, at, size) => {
  const place = { transform: `translate(${at})`, "data-mark": name };
  return name === "paper" ? s("circle", { r: size, fill: "var(--w-blue)", ...place })
    : s("rect", { x: -size - 2, y: -size - 2, width: 2 * size + 4,
      height: 2 * size + 4, fill: "none", stroke: "var(--w-orange)",
      "stroke-width": 2.5, ...place });
};

function axesOf(xLabel, x, xTicks, label) {
  const axes = chart({ x, xTicks, xLabel, label, y: [-1.1, 1.1],
    yTicks: [-1, -0.5, 0, 0.5, 1], yLabel: "D; the code's: D / (n − 1)" });
  const zero = s("path", { d: axes.path(x.map((at) => [at, 0])),
    stroke: "var(--w-line)" });
  return { ...axes, clear: () => axes.inner.replaceChildren(zero) };
}

const main = widget("diversity", ({ data, body }) => {
  const bySimilarity = axesOf("similarity of branches that are d apart", [0, 1],
    [0, 0.25, 0.5, 0.75, 1], "Diversity against similarity, by both formulas");
  const byCount = axesOf("number of branches n", [1.5, data.most + 0.5],
    upTo(data.most - 1).map((k) => k + 2), "Diversity against the number of branches");
  const matrix = h("table", { "aria-label": "similarity of every two branches",
    style: "font-size: 0.75rem; white-space: nowrap" });
  const results = h("tbody");
  const told = h("p", { role: "status", class: "w-told" });

  const drawCurves = (setting) => {
    const { gamma, apart } = setting;
    const points = upTo(101).map((k) => {
      const share = Math.max(k / 100, 1e-9);
      const at = { ...setting, apart: Math.sqrt(-Math.log(share) / gamma) };
      return [share, scaled(at)];
    });
    bySimilarity.clear();
    const here = Math.exp(-gamma * apart ** 2);
    for (const [name, value] of Object.entries(scaled(setting))) {
      const line = points.map(([share, both]) => [share, both[name]]);
      const at = [bySimilarity.px(here), bySimilarity.py(value)];
      bySimilarity.inner.append(s("path", { d: bySimilarity.path(line),
        "data-line": name, ...LINES[name] }), mark(name, at, 5));
    }
  };
  const drawCounts = (setting) => {
    byCount.clear();
    for (const count of upTo(data.most + 1).slice(2)) {
      for (const [name, value] of Object.entries(scaled({ ...setting, count }))) {
        const x = count + (name === "paper" ? -0.14 : 0.14);
        const size = count === setting.count ? 5 : 2.5;
        byCount.inner.append(
          s("path", { d: byCount.path([[x, 0], [x, value]]), ...LINES[name] }),
          mark(name, [byCount.px(x), byCount.py(value)], size));
      }
    }
  };
  const drawMatrix = (similar) => {
    const head = (text, scope) => h("th", { scope }, text);
    const padding = similar.length > 6 ? "0.15rem" : "0.3rem 0.6rem"; // of a phone
    const cell = (one, own) => h("td", { style: `padding: ${padding}; `
      + `background: rgb(0 114 178 / ${own ? 0 : 0.55 * one})` },
      own ? "1 (0)" : one.toFixed(2));
    matrix.replaceChildren(
      h("thead", {}, h("tr", {}, h("td"), ...similar.map((_, k) => head(k + 1, "col")))),
      h("tbody", {}, ...similar.map((row, l) => h("tr", {}, head(l + 1, "row"),
        ...row.map((one, k) => cell(one, l === k))))));
  };
  const drawResults = ({ paper, code }) => {
    const row = (name, said) => h("tr", {}, h("th", { scope: "row" }, name),
      h("td", {}, said(paper)), h("td", {}, said(code)));
    results.replaceChildren(
      row("D = det S", ({ value }) => result(value)),
      row("added to the loss, −D", ({ value }) => result(-value)),
      row("∂D/∂d, all branches", ({ byApart }) => result(byApart)),
      row("∂D/∂a, the last one", ({ byMoved }) => result(byMoved)),
      row("training pulls", pull));
  };
  const tell = (setting, { paper, code }) => {
    const { count, gamma, apart, moved } = setting;
    const share = Math.exp(-gamma * apart ** 2);
    const tiny = share < LEAST ? ", which is 0 in 32 bits" : "";
    const odd = `n = ${count} is ${count % 2 ? "odd" : "even"}`;
    const same = apart === 0 && moved === 0
      ? " Where all are the same, no gradient can part them." : "";
    told.textContent = `Branches ${apart.toFixed(2)} apart are ${digits(share)} alike`
      + `${tiny}. Paper: D = ${result(paper.value)}, training pulls ${pull(paper)}. `
      + `Authors' code, ${odd}: D = ${result(code.value)}, training pulls `
      + `${pull(code)}.${same}`;
  };
  const controls = panel("diversity", {
    count: { label: "branches n", value: 3, min: 2, max: data.most, step: 1 },
    gamma: { label: "γ of equation (1)", value: data.gamma, options: data.gammas },
    apart: { label: "distance d of any two branches", value: 2.4, min: 0, max: 6,
      step: 0.05 },
    moved: { label: "the last branch, moved away by a", value: 0, min: 0, max: 6,
      step: 0.05 },
    group: { label: "branches that are the same", value: 1,
      options: [[1, "none"], [2, "two and two"], [3, "three and three"]] },
  }, (setting) => {
    const found = diversities(setting);
    drawMatrix(found.similar);
    drawResults(found);
    drawCurves(setting);
    drawCounts(setting);
    tell(setting, found);
  });
  const headed = (name, text) => h("th", { scope: "col",
    style: `color: ${LINES[name].stroke}` }, text);
  const table = h("table", {}, h("thead", {}, h("tr", {}, h("td"),
    headed("paper", "● paper"), headed("code", "□ code"))), results);
  const beside = (...nodes) => h("div",
    { style: "flex: 1 1 18rem; overflow-x: auto" }, ...nodes);
  body.append(controls.element, told,
    h("div", { class: "w-row" }, beside(h("p", { class: "w-note" }, "Similarity S; on "
      + "its diagonal 1 in the paper, 0 in the authors' code"), matrix), beside(table)),
    h("div", { class: "w-row" }, beside(bySimilarity.svg), beside(byCount.svg)),
    h("p", { class: "w-note" }, "Dots and lines: the paper's formula. Squares and "
      + "dashes: the authors' code, divided by n − 1. Training makes D large; slopes "
      + "below a millionth are called nothing. A distance is that between the attention "
      + "of two branches on a face; to the last branch it is √(d² + a²)."));
  controls.start();
});
export default main;
