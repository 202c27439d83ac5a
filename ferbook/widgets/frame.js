// A frame that is moved over a face, and what networks say of what is inside.

import { choice, draggable, h, head, largest, panel, put, s, widget } from "./base.js";
import { unpacked } from "./maps.js";

const perCent = (mille) => `${(mille / 10).toFixed(0)}\u00a0%`;

/** Left, top and side of a frame in a picture that is `reach` such frames wide. */
export function frameAt(crop, right, down, reach, size) {
  const side = size * crop / reach;
  return [right, down].map((shift) => size / 2 + size * shift / reach - side / 2)
    .concat(side);
}

const main = widget("frame", ({ data, body }) => {
  const { size, reach, shifts, crops } = data;
  const networks = data.networks.map((one) => ({ ...one, grid: unpacked(one.grid) }));
  const [middle, places] = [(shifts.length - 1) / 2, shifts.length ** 2];
  const straight = { size: crops.indexOf(1), at: [middle, middle] };
  const picture = { href: data.image, width: size, height: size };
  const frame = s("rect", { fill: "transparent", stroke: "#e69f00", "stroke-width": 3,
    "vector-effect": "non-scaling-stroke" });
  const handle = s("g", {}, frame);
  const large = s("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", class: "w-place",
    "aria-label": "the face and its surroundings" }, s("image", picture), handle);
  const inside = s("svg", { role: "img", "aria-label": "what is inside the frame" },
    s("image", picture));
  const map = s("svg", { viewBox: `0 0 ${shifts.length} ${shifts.length}`, role: "img" });
  const rows = h("tbody");
  const told = h("p", { role: "status", class: "w-told" });

  /** Probabilities of one network in one frame, in whole thousandths. */
  const shares = ({ network, size: at, at: [column, row] }) => {
    const { classes, grid } = networks[network];
    const k = at * places + Math.round(row) * shifts.length + Math.round(column);
    return grid.slice(k * classes.length, (k + 1) * classes.length);
  };
  const draw = (values) => {
    const { classes, name } = networks[values.network];
    const [column, row] = values.at.map(Math.round);
    const [x, y, side] = frameAt(crops[values.size], shifts[column], shifts[row], reach,
      size);
    put(frame, { x, y, width: side, height: side });
    inside.setAttribute("viewBox", `${x} ${y} ${side} ${side}`);
    const [before, now] = [shares({ ...values, ...straight }), shares(values)];
    const [was, is] = [largest(before), largest(now)];
    rows.replaceChildren(...classes.map((one, k) => h("tr", {},
      h("th", { scope: "row" }, one), h("td", {}, perCent(before[k])),
      h("td", {}, perCent(now[k])), h("td", { class: "w-wide" }, h("div",
        { class: "w-both" }, h("span", { class: "w-bar", style: `width: ${now[k] / 10}%` }),
        h("span", { class: "w-mark", style: `left: ${before[k] / 10}%` }))))));
    const counts = classes.map(() => 0);
    map.replaceChildren(...Array.from({ length: places }, (_, k) => {
      const at = [k % shifts.length, Math.floor(k / shifts.length)];
      const one = shares({ ...values, at });
      const best = largest(one);
      counts[best] += 1;
      return s("rect", { x: at[0], y: at[1], width: 0.95, height: 0.95,
        fill: best === was ? "var(--w-blue)" : "var(--w-orange)",
        opacity: 0.25 + 0.75 * one[best] / 1000, "data-says": classes[best] });
    }), s("rect", { x: column, y: row, width: 0.95, height: 0.95, fill: "none",
      stroke: "var(--w-text)", "stroke-width": 0.15 }));
    const others = classes.map((one, k) => [one, k, counts[k]])
      .filter(([, k, n]) => n && k !== was).sort((a, b) => b[2] - a[2])
      .map(([one, , n]) => `${one} in ${n}`).join(", ");
    map.setAttribute("aria-label", `${counts[was]} of ${places} places keep the answer`);
    told.textContent = `${name} says ${classes[is]}, ${perCent(now[is])}; of the frame `
      + `straight on ${classes[was]}, ${perCent(before[was])}. With a frame of this size `
      + `the answer is ${classes[was]} in ${counts[was]} of ${places} places${others
        ? `, ${others}` : ""}.`;
    tell();
  };
  // Of a frame: its column, and its row, which grows upwards as in a chart.
  const axes = { value: (event) => {
    const { left, top, width } = large.getBoundingClientRect();
    const [u, v] = [event.clientX - left, event.clientY - top].map(
      (at) => (at / width - 0.5) * reach);
    return [u, -v].map((shift) => shift / (shifts[1] - shifts[0]) + middle)
      .map((at, axis) => (axis ? at - 2 * middle : at));
  } };
  const controls = panel("frame", {
    network: choice("Network", 0, networks.map(({ name }, k) => [k, name])),
    size: { label: "Side of the frame", value: straight.size, min: 0,
      max: crops.length - 1, step: 1, text: (k) => `${crops[k]} ×` },
    at: { hidden: true, value: straight.at, min: 0, max: shifts.length - 1 },
  }, draw);
  const tell = draggable(handle, { axes, label: "frame around the face", step: 1,
    get: () => { const [column, row] = controls.values.at; return [column, -row]; },
    move: ([column, row]) => controls.set({ at: [column, -row].map((at) =>
      Math.min(shifts.length - 1, Math.max(0, Math.round(at)))) }),
    text: () => {
      const [right, down] = controls.values.at.map((at) => shifts[Math.round(at)]);
      return `${(100 * right).toFixed(0)} % of the side to the right, `
        + `${(100 * down).toFixed(0)} % down`;
    } });
  const part = (title, ...parts) => h("div", { class: "w-third" }, h("p", {}, title),
    ...parts);
  body.append(controls.element, h("div", { class: "w-row w-trio" },
    part("Drag the frame, or use arrow keys", large),
    part("Probabilities (mark: straight on)", h("table", {}, head(["class", "straight on",
      "here", ""]), rows), told),
    part("Inside the frame", h("div", { style: "max-width: 8rem" }, inside),
      h("p", {}, "Places: blue, the answer stays; orange, it is another one"),
      h("div", { style: "max-width: 12rem" }, map))),
  h("p", { class: "w-note" }, "Every frame was read when this page was made. Paler "
    + `places are less sure. ${data.note}`));
  controls.start();
});
export default main;
