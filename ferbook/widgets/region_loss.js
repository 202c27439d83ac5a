// Equation (2) of RAMN against attention weights and its margin.

import { chart, h, head, panel, put, s, widget } from "./base.js";

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

const NAMES = ["whole face θ₀", "crop θ₁", "crop θ₂"];
const REACH = 0.3;
const weightControl = (label, value) =>
  ({ label, value, min: 0.01, max: 0.99, step: 0.01 });

const main = widget("region_loss", ({ body }) => {
  const axes = chart({ x: [-REACH, REACH], y: [0, 0.6],
    xTicks: [-0.3, -0.15, 0, 0.15, 0.3], yTicks: [0, 0.2, 0.4, 0.6],
    xLabel: "lead of the best crop, θmax − θ₀", yLabel: "R-loss of the face",
    label: "R-loss against the lead of the best crop over the whole face" });
  const curve = axes.inner.appendChild(s("path", { class: "w-curve", fill: "none",
    stroke: "var(--w-blue)", "stroke-width": 2.5 }));
  const now = axes.inner.appendChild(s("circle", { r: 7, fill: "var(--w-orange)" }));
  const cells = NAMES.map(() => [0, 1, 2].map(() => h("td")));
  const table = h("table", {},
    head(["weight of", "θ", "∂L/∂θ", "∂L/∂score"]),
    h("tbody", {}, ...NAMES.map((name, k) =>
      h("tr", {}, h("th", { scope: "row" }, name), ...cells[k]))));
  const told = h("p", { role: "status", class: "w-told" });
  const controls = panel("region_loss", {
    beta: { label: "margin β", value: 0.02, min: 0, max: 0.3, step: 0.005 },
    whole: weightControl("weight of the whole face θ₀", 0.5),
    first: weightControl("weight of a crop θ₁", 0.45),
    second: weightControl("weight of another crop θ₂", 0.4),
  }, ({ beta, whole, first, second }) => {
    const weights = [whole, first, second];
    const { loss, gradient } = regionLoss(weights, beta);
    const lead = Math.max(first, second) - whole;
    const line = [-REACH, beta, REACH].map((x) => [x, regionLoss([0, x], beta).loss]);
    curve.setAttribute("d", axes.path(line));
    put(now, { cx: axes.px(Math.min(REACH, Math.max(-REACH, lead))),
      cy: axes.py(Math.min(0.6, loss)) });
    const slopes = scoreGradient(weights, gradient);
    cells.forEach((row, k) => [weights, gradient, slopes].forEach((column, place) => {
      row[place].textContent = (column[k] + 0).toFixed(place ? 3 : 2);
    }));
    const beyond = Math.abs(lead) > REACH ? " (beyond the picture)" : "";
    told.textContent = `The best crop leads by ${lead.toFixed(2)}${beyond}, ${loss > 0
      ? `asked is ${beta.toFixed(3)}: the loss is ${loss.toFixed(3)} and pulls.`
      : `at least the ${beta.toFixed(3)} asked for: the loss is 0 and pulls on nothing.`}`;
  });
  const picture = h("div", { style: "flex: 1 1 18rem; max-width: 27rem" }, axes.svg);
  body.append(controls.element, h("div", { class: "w-row" }, picture, table), told,
    h("p", { class: "w-note" }, "The paper tries β from 0 to 0.04. Its slope is "
      + "the same for every β; only where it ends moves."));
  controls.start();
});
export default main;
