// Equations (3) to (6) of RAMN for one task in a plane, and what length does.

import { chart, draggable, h, head, panel, press, s, stepper, widget } from "./base.js";

const dot = (a, b) => a.reduce((sum, value, k) => sum + value * b[k], 0);
const minus = (a, b) => a.map((value, k) => value - b[k]);
const times = (a, factor) => a.map((value) => value * factor);
const length = (a) => Math.sqrt(dot(a, a));
/** To length 1; next to 0 as torch's F.normalize does it. */
export const normalised = (a) => times(a, 1 / Math.max(length(a), 1e-12));

/** A gradient by a scaled vector, as one by the vector itself. */
function throughLength(vector, scaled, gradient) {
  // Only what turns the vector is left, over its length.
  const across = minus(gradient, times(scaled, dot(gradient, scaled)));
  return times(across, 1 / Math.max(length(vector), 1e-12));
}

/** Losses of one feature, whose own and other centre are known, and their gradients. */
export function taskLoss(feature, own, other, omega, normalise = false) {
  const raw = [feature, own, other];
  const [x, d, e] = normalise ? raw.map(normalised) : raw;
  const positive = dot(minus(x, d), minus(x, d));
  const negative = dot(minus(x, e), minus(x, e));
  const inter = Math.max(omega + positive - negative, 0);
  const pulled = inter > 0 ? 1 : 0; // by equation (6), besides l_pos
  const gradients = [
    minus(times(minus(x, d), 2 + 2 * pulled), times(minus(x, e), 2 * pulled)),
    times(minus(x, d), -2 - 2 * pulled), times(minus(x, e), 2 * pulled)];
  const [gradient, ...centres] = normalise
    ? gradients.map((one, k) => throughLength(raw[k], [x, d, e][k], one)) : gradients;
  return { positive, negative, inter, loss: positive + inter, gradient, centres };
}

const RATE = 0.05; // of learning

/** Places after a step of gradient descent on the mean loss of the features. */
export function stepped(points, omega, normalise) {
  const slopes = MARKS.map(() => [0, 0]);
  MARKS.forEach(({ belongs, centre }, k) => {
    if (centre) return;
    const sides = belongs ? [0, 1] : [1, 0];
    const [own, other] = sides.map((one) => place(points, one));
    const found = taskLoss(place(points, k), own, other, omega, normalise);
    [k, ...sides].forEach((mark, at) => {
      const slope = [found.gradient, ...found.centres][at];
      slopes[mark] = slopes[mark].map((one, axis) => one + slope[axis]);
    });
  });
  return slopes.flatMap((slope, k) => minus(place(points, k),
    times(slope, RATE / (MARKS.length - 2))));
}

const REACH = 2.6;
const START = [1, 0, 0, 1, 1.5, 0.7, 0.5, -0.9, -0.7, 1.3]; // d1, d0, features
const MARKS = [
  { label: "centre d₁ of faces that show it", belongs: true, centre: true },
  { label: "centre d₀ of faces that do not", belongs: false, centre: true },
  { label: "feature 1, of a face that shows it", belongs: true },
  { label: "feature 2, of a face that shows it", belongs: true },
  { label: "feature 3, of a face that does not", belongs: false },
];
const place = (points, k) => points.slice(2 * k, 2 * k + 2);
const colour = (belongs) => (belongs ? "var(--w-orange)" : "var(--w-blue)");

/** Shapes tell groups apart without colour: circles belong, squares do not. */
function shape(belongs, size, attributes) {
  return belongs ? s("circle", { r: size, ...attributes })
    : s("rect", { x: -size, y: -size, width: 2 * size, height: 2 * size,
      ...attributes });
}

/** Where equation (5) holds for one side: a half-plane, its border first. */
function safe(own, other, omega) {
  const apart = minus(own, other);
  const distance = length(apart);
  if (distance < 1e-6) return null;
  const unit = times(apart, 1 / distance);
  const middle = times([own[0] + other[0], own[1] + other[1]], 0.5);
  const foot = minus(middle, times(unit, -omega / (2 * distance)));
  const far = [[-9, 0], [9, 0], [9, 18], [-9, 18]]; // along the border, and beyond it
  return far.map(([along, beyond]) => [foot[0] - along * unit[1] + beyond * unit[0],
    foot[1] + along * unit[0] + beyond * unit[1]]);
}

const main = widget("collaborative", ({ body }) => {
  const axes = chart({ x: [-REACH, REACH], y: [-REACH, REACH], width: 400, height: 388,
    xTicks: [-2, -1, 0, 1, 2], yTicks: [-2, -1, 0, 1, 2],
    xLabel: "feature 1", yLabel: "feature 2",
    label: "Features and the two centres of one task in a plane" });
  const clip = `w-clip-${Math.random().toString(36).slice(2)}`;
  axes.svg.prepend(s("clipPath", { id: clip }, s("rect", { x: axes.px(-REACH),
    y: axes.py(REACH), width: axes.px(REACH) - axes.px(-REACH),
    height: axes.py(-REACH) - axes.py(REACH) })));
  const back = s("g", { "clip-path": `url(#${clip})` });
  axes.inner.append(back);
  const columns = ["feature", "l_pos", "L_N", "safe?"];
  const rows = h("tbody");
  const table = h("div", { style: "overflow-x: auto" },
    h("table", {}, head(columns), rows));
  const told = h("p", { role: "status", class: "w-told" });
  let tells = [];
  const draw = ({ omega, normalise, points }) => {
    const [own, other] = [0, 1].map((k) => normalise ? normalised(place(points, k))
      : place(points, k));
    back.replaceChildren();
    if (normalise) {
      back.append(s("circle", { cx: axes.px(0), cy: axes.py(0), fill: "none",
        r: axes.px(1) - axes.px(0), stroke: "var(--w-text)",
        "stroke-dasharray": "2 4" }));
    }
    for (const belongs of [true, false]) {
      const plane = safe(...(belongs ? [own, other] : [other, own]), omega);
      if (plane) back.append(s("path", { d: axes.path(plane), fill: colour(belongs),
        opacity: 0.16, class: "w-safe" }), s("path", { d: axes.path(plane.slice(0, 2)),
        stroke: colour(belongs), "stroke-width": 2,
        "stroke-dasharray": belongs ? "8 4" : "3 3" }));
    }
    const losses = MARKS.map(({ belongs, centre }, k) => {
      const at = place(points, k);
      const sides = [place(points, 0), place(points, 1)];
      const [mine, other] = belongs ? sides : sides.reverse();
      const found = taskLoss(at, mine, other, omega, normalise);
      const seen = normalise ? normalised(at) : at;
      const moved = ([x, y]) => `translate(${axes.px(x)} ${axes.py(y)})`;
      handles[k].setAttribute("transform", moved(at));
      if (normalise) {
        const mark = shape(belongs, 5, { fill: colour(belongs),
          transform: moved(seen) });
        const way = axes.path([at, seen]);
        back.append(s("path", { d: way, stroke: "var(--w-line)" }), mark);
      }
      if (!centre) { // a step of descent, a tenth of the gradient
        const to = minus(at, times(found.gradient, 0.1));
        back.append(s("path", { d: axes.path([at, to]), stroke: "var(--w-text)",
          "stroke-width": 2.5, class: "w-step" }));
      }
      return found;
    });
    const features = losses.slice(2);
    rows.replaceChildren(...features.map((one, k) => h("tr", {},
      h("th", { scope: "row" },
        `${k + 1}, ${MARKS[k + 2].belongs ? "shows it" : "does not"}`),
      ...[one.positive, one.inter].map(
        (value) => h("td", {}, value.toFixed(2))),
      h("td", {}, one.positive + omega < one.negative ? "yes" : "no"))));
    const apart = length(minus(own, other));
    const mean = features.reduce((sum, one) => sum + one.loss, 0) / features.length;
    const met = apart ** 2 > omega;
    const trap = normalise && omega >= 4
      ? " On the unit circle no two centres are far enough apart for such an ω." : "";
    told.textContent = `C-loss, mean of the three features: ${mean.toFixed(3)}. `
      + `The centres are ${apart.toFixed(2)} apart, √ω is `
      + `${Math.sqrt(omega).toFixed(2)}: a feature on its own centre `
      + `${met ? "meets" : "violates"} (5).${trap}`;
    tells.forEach((tell) => tell());
  };
  const controls = panel("collaborative", {
    omega: { label: "margin ω (squared distance)", value: 3, min: 0, max: 6,
      step: 0.1 },
    normalise: { label: "scale features and centres to length 1", value: false },
    points: { hidden: true, value: START, min: -REACH, max: REACH },
  }, draw);
  const handles = MARKS.map(({ belongs, centre }) => s("g", {},
    s("circle", { r: 20, fill: "transparent" }), // room for a finger
    shape(belongs, centre ? 10 : 6, { fill: centre ? "none" : colour(belongs),
      stroke: colour(belongs), "stroke-width": 3 })));
  tells = handles.map((mark, k) => draggable(mark, { axes, label: MARKS[k].label,
    get: () => place(controls.values.points, k),
    move: (to) => {
      const points = [...controls.values.points];
      points.splice(2 * k, 2, ...to);
      controls.set({ points });
    } }));
  axes.inner.append(...handles);
  const buttons = stepper((last) => {
    const { points, omega, normalise } = controls.values;
    (last ? controls.set : controls.preview)(
      { points: stepped(points, omega, normalise) });
  }, 20);
  const again = press("points back to the start",
    () => controls.set({ points: START }));
  body.append(controls.element, h("div", { class: "w-row" },
    h("div", { style: "flex: 1 1 20rem; max-width: 27rem" }, axes.svg),
    h("div", { style: "flex: 1 1 19rem" }, table, told,
      h("p", { class: "w-buttons" }, ...buttons, again))),
    h("p", { class: "w-note" }, "Circles show the expression, squares do not; large "
      + "marks are centres, small ones features. A feature in the shaded half-plane of its "
      + "colour is safe: there constraint (5) holds and only l_pos pulls. Short strokes: a "
      + "tenth of the gradient, downwards. A training step moves features and centres down "
      + `the gradient of the mean loss, l_pos + L_N, at a rate of ${RATE}. Drag, or use `
      + "arrow keys."));
  controls.start();
});
export default main;
