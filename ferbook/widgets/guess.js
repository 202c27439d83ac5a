// Two maps of a face, one of which never saw the network: which one?

import { h, panel, press, put, s, widget } from "./base.js";
import { painted, spread, unpacked } from "./maps.js";

/** Lines around the pixels of a square picture, as the path of an SVG. */
export function outline(pixels, size) {
  const inside = new Set(pixels);
  const has = (x, y) => x >= 0 && y >= 0 && x < size && y < size
    && inside.has(y * size + x);
  return pixels.flatMap((pixel) => {
    const [x, y] = [pixel % size, Math.floor(pixel / size)];
    return [[has(x, y - 1), `M${x} ${y}h1`], [has(x, y + 1), `M${x} ${y + 1}h1`],
      [has(x - 1, y), `M${x} ${y}v1`], [has(x + 1, y), `M${x + 1} ${y}v1`]]
      .filter(([near]) => !near).map(([, line]) => line);
  }).join("");
}

const SIDES = ["left", "right"];
const verdict = (auc) => (auc > 0.5 ? "better than chance" : "no better than chance");

const main = widget("guess", ({ data, body }) => {
  const { size, pairs, colours } = data;
  const guesses = new Map(); // of this reader, by pair; in no address
  const told = h("p", { role: "status", class: "w-told" });
  const whole = { width: size, height: size, style: "image-rendering: pixelated" };
  const panels = SIDES.map((side) => {
    const [face, over] = [s("image", whole), s("image", { ...whole, opacity: 0.75 })];
    const truth = s("path", { fill: "none", stroke: "#ff3b8d", "stroke-width": 0.6 });
    const svg = s("svg", { viewBox: `0 0 ${size} ${size}`, role: "img" }, face, over,
      truth);
    const name = h("p", { class: "w-name" });
    const button = press(`the ${side} one is the decoy`, () => guess(SIDES.indexOf(side)));
    return { face, over, truth, svg, name, button,
      element: h("div", { class: "w-third", style: "flex: 1 1 10rem" }, svg, name,
        button) };
  });
  const guess = (side) => {
    guesses.set(controls.values.pair, side);
    controls.set({});
    next.focus();
  };
  const draw = ({ pair: number }) => {
    const pair = pairs[number - 1];
    const given = guesses.get(number);
    panels.forEach(({ face, over, truth, svg, name, button }, k) => {
      const { values, signed, label, auc } = pair.maps[k];
      face.setAttribute("href", pair.image);
      over.setAttribute("href", painted(spread(values, signed ? -1 : 0, 1), size,
        colours[signed ? "signed" : "unsigned"], signed ? -1 : 0, 1));
      truth.setAttribute("d", given === undefined ? "" : outline(unpacked(pair.truth),
        size));
      put(svg, { "aria-label": `${SIDES[k]} map${given === undefined ? ""
        : `: ${label}`}` });
      name.textContent = given === undefined ? "" : `${label}: AUC ${auc.toFixed(2)}, `
        + verdict(auc);
      button.disabled = given !== undefined;
    });
    const right = [...guesses].filter(([k, side]) => pairs[k - 1].decoy === side).length;
    const score = guesses.size ? ` You have found ${right} of ${guesses.size} decoys; `
      + "tossing a coin finds one half." : "";
    if (given === undefined) {
      told.textContent = `Pair ${number} of ${pairs.length}: one map was made from the `
        + `network, the other never saw it. Which one is the decoy?${score}`;
      return;
    }
    const [own, decoy] = [1 - pair.decoy, pair.decoy].map((k) => pair.maps[k].auc);
    told.textContent = `${given === pair.decoy ? "Right" : "No"}: the decoy is on the `
      + `${SIDES[pair.decoy]}. Here it marks the pixels that count ${decoy > own
        ? "better than" : decoy < own ? "less well than" : "as well as"} the network's `
      + `map.${score}`;
  };
  const controls = panel("guess", {
    pair: { label: "Pair", value: 1, min: 1, max: pairs.length, step: 1 },
  }, draw);
  const next = press("next pair", () => controls.set({
    pair: controls.values.pair % pairs.length + 1 }));
  body.append(controls.element, h("div", { class: "w-row" },
    ...panels.map(({ element }) => element)), h("p", { class: "w-buttons" }, next), told,
  h("p", { class: "w-note" }, "Pink: the pixels whose point the movement shifts, "
    + "shown after a guess. AUC: the chance that one of them is above a pixel outside; "
    + `one half is chance. ${data.note}`));
  controls.start();
});
export default main;
