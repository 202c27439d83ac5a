// Branches as points that attract or repel, by the paper's diversity or the code's.

import { chart, choice, draggable, h, panel, press, put, s, stepper, widget }
  from "./base.js";

const upTo = (count) => [...Array(count).keys()];

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

const DIAGONALS = { paper: 1, authors_code: 0 };

/** Equation (1) of branches at points of a plane, on one face. */
function similarity(points, gamma, formula) {
  return points.map((one, l) => points.map((other, k) => (l === k ? DIAGONALS[formula]
    : Math.exp(-gamma * ((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2)))));
}

const value = (points, gamma, formula) =>
  determinant(similarity(points, gamma, formula));

/** Equation (2), its gradient by the points, and the force of every two on each other. */
export function diversity(points, gamma, formula) {
  const similar = similarity(points, gamma, formula);
  const gradient = points.map(() => [0, 0]);
  const pairs = [];
  points.forEach((one, l) => points.slice(0, l).forEach((other, k) => {
    const pull = -4 * gamma * similar[l][k] * cofactor(similar, l, k);
    const [x, y] = [pull * (one[0] - other[0]), pull * (one[1] - other[1])];
    [gradient[l], gradient[k]] = [[gradient[l][0] + x, gradient[l][1] + y],
      [gradient[k][0] - x, gradient[k][1] - y]];
    pairs.push({ l, k, force: Math.sign(pull) * Math.hypot(x, y) });
  }));
  return { value: determinant(similar), gradient, pairs, similar };
}

const NEGLIGIBLE = 1e-6; // slopes below it move nothing in a training
const HEAP = 0.03; // nearer branches hide each other
const FAR = 0.02; // that the quickest branch goes in a step

/** Points a step up the diversity, inside the square; shorter where that goes down. */
export function stepped(points, gamma, formula) {
  const before = diversity(points, gamma, formula);
  const most = Math.max(...before.gradient.map(([x, y]) => Math.hypot(x, y)));
  if (most < NEGLIGIBLE) return points;
  for (let rate = Math.min(FAR / most, 20); rate * most > 1e-6; rate /= 2) {
    const next = points.map((one, k) => one.map((at, axis) =>
      Math.min(1, Math.max(0, at + rate * before.gradient[k][axis]))));
    if (value(next, gamma, formula) > before.value) return next;
  }
  return points;
}

/** Starts: places of all branches, on a spiral or in heaps of the same. */
function spiral(count, reach, group = 1) {
  return upTo(count).map((k) => {
    const turn = 2.39996 * Math.floor(k / group); // the golden angle
    const far = reach * Math.sqrt((Math.floor(k / group) + 0.5) / (count / group));
    return [0.5 + far * Math.cos(turn), 0.5 + far * Math.sin(turn)];
  });
}
const STARTS = {
  "scattered": (count) => spiral(count, 0.36),
  "nearly the same": (count) => spiral(count, 0.06),
  "twins": (count) => spiral(count, 0.36, 2),
  "exactly the same": (count) => upTo(count).map(() => [0.5, 0.5]),
};

const digits = (number) => {
  const size = Math.abs(number);
  if (size < 1e-12) return "0"; // noise of eliminations
  return size < 0.001 ? number.toExponential(0) : number.toFixed(3);
};
const NAMES = { paper: "paper", authors_code: "authors' code" };
const MARKS = { paper: "var(--w-blue)", authors_code: "var(--w-orange)" };

const main = widget("diversity", ({ data, body }) => {
  const plane = chart({ x: [0, 1], y: [0, 1], xTicks: [0, 0.5, 1], yTicks: [0, 0.5, 1],
    xLabel: "attention, first number", yLabel: "attention, second number",
    width: 360, height: 356, label: "Branches as points of a plane" });
  const back = s("g");
  const matrix = s("svg", { role: "img", style: "max-width: 15rem" });
  const told = h("p", { role: "status", class: "w-told" });
  const results = h("tbody");
  const pointsOf = ({ points, count }) =>
    upTo(count).map((k) => points.slice(2 * k, 2 * k + 2));
  const moved = (some) => [...some.flat(),
    ...controls.values.points.slice(2 * some.length)];
  let tells = [];

  const drawPlane = (points, { pairs, gradient }, { formula }) => {
    back.replaceChildren();
    const strongest = Math.max(...pairs.map(({ force }) => Math.abs(force)));
    const at = ([x, y]) => [plane.px(x), plane.py(y)];
    if (strongest >= NEGLIGIBLE) {
      for (const { l, k, force } of pairs) {
        const share = Math.abs(force) / strongest;
        const [[x1, y1], [x2, y2]] = [at(points[l]), at(points[k])];
        back.append(s("line", { x1, y1, x2, y2, "data-pull": Math.sign(force),
          stroke: force < 0 ? "var(--w-orange)" : "var(--w-blue)",
          "stroke-dasharray": force < 0 ? "none" : "5 4", opacity: 0.9 * share ** 0.5,
          "stroke-width": 0.5 + 4 * share }));
      }
    }
    drawHeaps(points, at);
    const most = Math.max(NEGLIGIBLE, ...gradient.map((way) => Math.hypot(...way)));
    points.forEach((one, k) => {
      const tip = at(one.map((place, axis) => place + 0.09 * gradient[k][axis] / most));
      const [x, y] = at(one);
      back.append(s("path", { d: `M${x} ${y}L${tip.join(" ")}`, class: "w-step",
        stroke: "var(--w-text)", "stroke-width": 2 }));
    });
    handles.forEach((mark, k) => {
      mark.style.display = k < points.length ? "" : "none";
      if (k >= points.length) return;
      put(mark, { transform: `translate(${at(points[k])})` });
      put(mark.lastChild.previousSibling, { fill: MARKS[formula] });
    });
  };
  /** How many branches lie where only the last of them is seen. */
  const drawHeaps = (points, at) => points.forEach((one, k) => {
    const near = points.map((other) => Math.hypot(one[0] - other[0], one[1] - other[1])
      < HEAP);
    const many = near.filter(Boolean).length;
    if (many === 1 || near.lastIndexOf(true) !== k) return;
    const [x, y] = at(one);
    back.append(s("text", { x: x + (one[0] > 0.9 ? -30 : 12), y: y + (one[1] > 0.9 ? 18
      : -8), class: "w-heap" }, `× ${many}`));
  });
  const drawMatrix = ({ similar }) => {
    const count = similar.length;
    put(matrix, { viewBox: `0 0 ${count} ${count}`, "aria-label": `similarity of every `
      + `two of ${count} branches, on average ${mean(similar).toFixed(2)}; diagonal `
      + `${similar[0][0]}` });
    matrix.replaceChildren(...similar.flatMap((row, l) => row.map((one, k) => s("rect",
      { x: k, y: l, width: 0.94, height: 0.94, fill: `color-mix(in srgb, var(--w-blue) `
        + `${(100 * one).toFixed(1)}%, var(--w-ground))`, stroke: "var(--w-line)",
      "stroke-width": 0.04 }))));
  };
  const mean = (similar) => similar.flatMap((row, l) => row.filter((_, k) => k !== l))
    .reduce((sum, one) => sum + one, 0) / (similar.length * (similar.length - 1));
  const pulls = ({ pairs }) => {
    const [apart, together] = [1, -1].map((way) =>
      pairs.filter(({ force }) => way * force >= NEGLIGIBLE).length);
    if (!apart && !together) return "nothing";
    return [[apart, "apart"], [together, "together"]].filter(([many]) => many).map(
      ([many, way]) => `${many} of ${pairs.length} pairs ${way}`).join(", ");
  };
  const tell = (found, { count, formula, gamma }, points) => {
    const both = Object.fromEntries(Object.keys(NAMES).map((name) => [name,
      name === formula ? found : diversity(points, gamma, name)]));
    results.replaceChildren(...Object.entries(both).map(([name, one]) => h("tr", {},
      h("th", { scope: "row", style: `color: ${MARKS[name]}` },
        NAMES[name]),
      h("td", {}, digits(one.value)), h("td", {}, pulls(one)))));
    const same = points.every(([x, y]) => x === points[0][0] && y === points[0][1]);
    const odd = formula === "paper" ? "" : `, n = ${count} is ${count % 2
      ? "odd" : "even"}`;
    told.textContent = `By the ${NAMES[formula]}${odd}: D = ${digits(found.value)}; `
      + `training pulls ${pulls(found)}. On average two branches are `
      + `${digits(mean(found.similar))} alike.${same
        ? " All are exactly the same: no gradient can part them." : ""}`;
  };
  const controls = panel("diversity", {
    formula: choice("Diversity by", "paper", Object.entries(NAMES).map(
      ([name, text]) => [name, `the ${text}`])),
    count: { label: "branches n", value: 9, min: 2, max: data.most, step: 1 },
    gamma: choice("γ of equation (1)", data.gamma, data.gammas),
    points: { hidden: true, value: STARTS.scattered(data.most).flat(), min: 0, max: 1 },
  }, (setting) => {
    const points = pointsOf(setting);
    const found = diversity(points, setting.gamma, setting.formula);
    drawPlane(points, found, setting);
    drawMatrix(found);
    tell(found, setting, points);
    tells.forEach((tellPlace) => tellPlace());
  });
  const handles = upTo(data.most).map((k) => s("g", {},
    s("circle", { r: 18, fill: "transparent" }), // room for a finger
    s("circle", { r: 9, stroke: "var(--w-ground)", "stroke-width": 1.5 }),
    s("text", { "text-anchor": "middle", y: 4, class: "w-on" }, k + 1)));
  tells = handles.map((one, k) => draggable(one, { axes: plane, step: 0.02,
    label: `branch ${k + 1}`, get: () => controls.values.points.slice(2 * k, 2 * k + 2),
    move: (to) => {
      const points = [...controls.values.points];
      points.splice(2 * k, 2, ...to);
      controls.set({ points });
    } }));
  plane.inner.append(back, ...handles);
  const steps = stepper((last) => {
    const { gamma, formula } = controls.values;
    const points = moved(stepped(pointsOf(controls.values), gamma, formula));
    (last ? controls.set : controls.preview)({ points });
  }, 60);
  const starts = Object.entries(STARTS).map(([text, made]) => press(text,
    () => controls.set({ points: made(data.most).flat() })));
  const beside = (style, ...nodes) => h("div", { style }, ...nodes);
  body.append(controls.element, h("div", { class: "w-row" },
    beside("flex: 1 1 18rem; max-width: 25rem", plane.svg,
      h("p", { class: "w-buttons" }, ...steps),
      h("p", { class: "w-buttons" }, "Start: ", ...starts)),
    beside("flex: 1 1 17rem", told, h("table", {}, h("thead", {}, h("tr", {}, h("td"),
      h("th", { scope: "col" }, "D"), h("th", { scope: "col" }, "training pulls"))),
      results), h("p", { class: "w-note" }, "Similarity S; diagonal 1 in the paper, 0 in "
      + "the authors' code:"), matrix)),
    h("p", { class: "w-note" }, "Each point is what a branch attends to on one face; "
      + "only two numbers of it, each from 0 to 1, so that they can be drawn. Dashed blue "
      + "lines push apart, orange lines pull together, thick ones most; a stroke is the "
      + "way of the gradient. Training makes D large; slopes below a millionth are called "
      + "nothing. In a step the quickest branch goes a fiftieth of the side at most."));
  controls.start();
});
export default main;
