// Equation (2) of RAMN on a face and its five crops, and what training does to them.

import { h, panel, press, put, s, stepper, widget } from "./base.js";

/** Loss of one face and its gradient by the weights, the whole face first. */
export function regionLoss(weights, beta) {
  const best = Math.max(...weights.slice(1));
  const missing = beta - (best - weights[0]);
  const gradient = weights.map(() => 0);
  if (missing > 0) {
    // Crops that share the largest weight share the gradient.
    const share = weights.slice(1).filter((weight) => weight === best).length;
    weights.forEach((weight, k) => {
      if (k && weight === best) gradient[k] = -1 / share;
    });
    gradient[0] = 1;
  }
  return { loss: Math.max(missing, 0), gradient };
}

/** The same gradient by the scores before the sigmoid. */
export const scoreGradient = (weights, gradient) =>
  weights.map((weight, k) => gradient[k] * weight * (1 - weight));

const RATE = 0.2; // of learning

/** Weights after a step of gradient descent on their scores. */
export function stepped(weights, beta) {
  const slopes = scoreGradient(weights, regionLoss(weights, beta).gradient);
  return weights.map((weight, k) => {
    const score = Math.log(weight / (1 - weight)) - RATE * slopes[k];
    return 1 / (1 + Math.exp(-score));
  });
}

const [LEAST, MOST, FINE] = [0.01, 0.99, 0.001];
const COLOURS = ["var(--w-text)", "#e69f00", "#56b4e9", "#d55e00", "#f0e442", "#009e73"];
const DASHES = ["none", "none", "7 4", "2 3", "9 3 2 3", "12 4"];
const rounded = (weight) => Number(weight.toFixed(3));

function cut(image, size, [left, top, right, bottom]) {
  return s("svg", { viewBox: `${left} ${top} ${right - left} ${bottom - top}` },
    s("image", { href: image, width: size, height: size }));
}

const main = widget("region_loss", ({ data, body }) => {
  const { names, boxes, size, image, starts } = data;
  let exact = Object.values(starts)[0]; // steps are finer than sliders
  let steps = 0;
  const told = h("p", { role: "status", class: "w-told" });
  const frames = boxes.map(([left, top, right, bottom], k) => s("rect", { fill: "none",
    x: left + k / 2, y: top + k / 2, width: right - left - k, height: bottom - top - k,
    stroke: k ? COLOURS[k] : "none", "stroke-dasharray": DASHES[k], "stroke-width": 3,
    "vector-effect": "non-scaling-stroke" }));
  const face = s("svg", { viewBox: `0 0 ${size} ${size}`, role: "img",
    "aria-label": "A rendered face and the boxes of its five crops" },
  s("image", { href: image, width: size, height: size }), ...frames);
  const bars = names.map(() => ({ bar: h("span", { class: "w-bar" }),
    mark: h("span", { class: "w-mark" }), pull: h("span", { class: "w-pull" }) }));

  const draw = ({ beta, ...values }) => {
    exact = exact.map((weight, k) => (rounded(weight) === values[`w${k}`] ? weight
      : values[`w${k}`]));
    const { loss, gradient } = regionLoss(exact, beta);
    const slopes = scoreGradient(exact, gradient);
    const best = Math.max(...exact.slice(1));
    bars.forEach(({ bar, mark, pull }, k) => {
      bar.style.width = `${100 * exact[k]}%`;
      bar.style.background = k && exact[k] === best ? "var(--w-orange)" : "";
      mark.style.left = `${100 * Math.min(1, exact[0] + beta)}%`;
      mark.hidden = k === 0;
      pull.textContent = slopes[k] === 0 ? "no pull" : `${slopes[k] < 0 ? "▲" : "▼"} `
        + `score ${slopes[k] < 0 ? "+" : "−"}${(RATE * Math.abs(slopes[k])).toFixed(3)}`;
      frames[k].setAttribute("opacity", exact[k] === best ? 1 : 0.45);
    });
    const leaders = names.filter((_, k) => k && exact[k] === best);
    const lead = best - exact[0];
    told.textContent = `${leaders.length > 1 ? `${leaders.length} crops together` : `The `
      + `${leaders[0]} crop`} ${lead < 0 ? "trail" : "lead"}${leaders.length > 1 ? "" : "s"}`
      + ` the whole face by ${Math.abs(lead).toFixed(3)}; asked is a lead of `
      + `${beta.toFixed(3)}. ${loss > 0 ? `The loss is ${loss.toFixed(3)}: training lowers `
        + "the whole face and raises the best crop, nothing else."
        : "The loss is 0 and pulls on nothing."}${steps ? ` Steps taken: ${steps}.` : ""}`;
  };
  const asValues = (weights) =>
    Object.fromEntries(weights.map((weight, k) => [`w${k}`, rounded(weight)]));
  const take = (weights, count, set) => {
    [exact, steps] = [weights, count];
    set(asValues(weights));
  };
  const controls = panel("region_loss", {
    beta: { label: "margin β", value: 0.02, min: 0, max: 0.3, step: 0.005 },
    ...Object.fromEntries(names.map((name, k) => [`w${k}`, { label: `${name} θ`
      + `${"₀₁₂₃₄₅"[k]}`, value: rounded(exact[k]), min: LEAST, max: MOST, step: FINE,
    apart: true }])),
  }, draw);
  const tiles = names.map((_, k) => h("div", { class: "w-tile",
    style: `border-color: ${COLOURS[k]}` }, cut(image, size, boxes[k]),
  h("div", {}, controls.apart[`w${k}`], h("div", { class: "w-both" }, bars[k].bar,
    bars[k].mark), bars[k].pull)));
  const buttons = stepper((last) => take(stepped(exact, controls.values.beta), steps + 1,
    last ? controls.set : controls.preview), 20);
  body.append(controls.element,
    h("div", { class: "w-row" },
      h("div", { style: "flex: 1 1 11rem; max-width: 16rem" }, face),
      h("div", { class: "w-tiles" }, ...tiles)),
    h("p", { class: "w-buttons" }, ...buttons, "Start: ", ...Object.entries(starts).map(
      ([text, weights]) => press(text, () => take(weights, 0, controls.set)))), told,
    h("p", { class: "w-note" }, "Bars: weights of attention, each a sigmoid of a score; "
      + "orange the best crop, the stroke where it would lead by β. A step goes down the "
      + `gradient of the R-loss alone, at a rate of ${RATE}. The paper tries β from 0 to `
      + `0.04. ${data.note}`));
  controls.start();
});
export default main;
