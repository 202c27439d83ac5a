// A square over a face: what is then said of it, and the map of all squares.

import { choice, draggable, h, head, largest, panel, put, s, tellError, widget }
  from "./base.js";
import { painted, pixelMeans, scale, unpacked, windowStarts } from "./maps.js";

const FILLS = { zero: "black", mean: "the mean colour", blur: "the face, blurred" };
const READINGS = { drop: "fall of the probability", flip: "changes of the label" };

/** The place in a list of numbers of the one nearest to a value. */
export function nearest(list, value) {
  const far = list.map((one) => Math.abs(one - value));
  return far.indexOf(Math.min(...far));
}

/** Places in a grid of `columns` that a drag from one to another goes over. */
export function path(from, to, columns) {
  const split = (k) => [k % columns, Math.floor(k / columns)];
  const [[x, y], [u, v]] = [split(from), split(to)];
  const steps = Math.max(Math.abs(u - x), Math.abs(v - y));
  return Array.from({ length: steps + 1 }, (_, k) => {
    const share = steps ? k / steps : 0;
    return Math.round(x + share * (u - x)) + columns * Math.round(y + share * (v - y));
  });
}

const perCent = (mille) => `${(mille / 10).toFixed(1)}\u00a0%`;
const signed = (mille) => `${mille < 0 ? "−" : "+"}${Math.abs(mille / 10).toFixed(1)}`;

/** Answers by square: of the page's grids, and what a kernel has said. */
function answers({ size, windows, strides, grids, classes }) {
  const kept = new Map();
  const name = ({ face, window, fill }, ...place) =>
    [face, window, fill, ...place].join();
  const keep = (of, places, text) => {
    const values = unpacked(text);
    places.forEach((place, k) => kept.set(name(of, ...place),
      values.slice(k * classes.length, (k + 1) * classes.length)));
  };
  windows.forEach((window, k) => {
    const edges = windowStarts(size, window, strides[0]);
    const places = edges.flatMap((top) => edges.map((left) => [top, left]));
    grids[k].forEach((text, face) =>
      keep({ face, window, fill: "zero" }, places, text));
  });
  return {
    get: (of, place) => kept.get(name(of, ...place)) ?? null,
    put: (asked, { probabilities, filling }) => {
      keep(asked, asked.places, probabilities);
      kept.set(name(asked), filling);
    },
    filling: (of) => kept.get(name(of)) ?? "",
  };
}

const main = widget("occlusion", ({ data, body, model }) => {
  const { size, classes, faces, plain, colours } = data;
  const live = Boolean(model.get("live"));
  const known = answers(data);
  let visited = { scene: "", squares: new Set(), last: 0 };
  let dragged = false; // else squares between two taps were not looked at
  let asked = null; // a question that the kernel has not answered yet
  const box = { viewBox: `0 0 ${size} ${size}`, role: "img" };
  const whole = { width: size, height: size, preserveAspectRatio: "none",
    style: "image-rendering: pixelated" };
  const image = () => s("image", whole);
  const [face, behind, over, inside] = [0, 0, 0, 0].map(image);
  over.setAttribute("opacity", 0.75);
  const view = s("svg", { preserveAspectRatio: "none" }, inside);
  const frame = s("rect", { fill: "transparent", stroke: "#e69f00", "stroke-width": 3,
    "vector-effect": "non-scaling-stroke" });
  const ground = s("rect", { fill: "#000" });
  const handle = s("g", {}, frame);
  const large = s("svg", { ...box, class: "w-place",
    onclick: (event) => place(axes.value(event)) }, face, ground, view, handle);
  const map = s("svg", box, behind, over);
  const legend = h("div");
  const told = h("p", { role: "status", class: "w-told" });
  const rows = h("tbody");
  const button = h("button", { type: "button", class: "w-screen", onclick: () => {
    const all = !controls.values.whole;
    if (!all) visited.squares.clear();
    controls.set({ whole: all });
  } });

  const starts = () => windowStarts(size, controls.values.window,
    controls.values.stride);
  const at = () => controls.values.at.map((edge) => nearest(starts(), edge));
  // Of a square: its column, and its row, which grows upwards as in a chart.
  const axes = { value: (event) => {
    const { left, top, width, height } = large.getBoundingClientRect();
    const [x, y] = [(event.clientX - left) / width, (event.clientY - top) / height];
    const edges = [x, y].map((share) => share * size - controls.values.window / 2);
    const [column, row] = edges.map((edge) => nearest(starts(), edge));
    return [column, -row];
  } };
  const place = ([column, row]) => {
    const edges = starts();
    const inGrid = (k) => edges[Math.min(edges.length - 1, Math.max(0, k))];
    controls.set({ at: [inGrid(column), inGrid(-row)] });
  };

  /** What is known of all squares, which of them are shown, and which lack. */
  const seen = (values) => {
    const edges = starts();
    const [column, row] = at();
    const hand = row * edges.length + column;
    const scene = [values.face, values.window, values.stride, values.fill].join();
    if (visited.scene !== scene) visited = { scene, squares: new Set(), last: hand };
    const over = path(dragged ? visited.last : hand, hand, edges.length);
    over.forEach((square) => visited.squares.add(square));
    [visited.last, dragged] = [hand, false];
    const where = (k) => [edges[Math.floor(k / edges.length)],
      edges[k % edges.length]];
    const all = Array.from({ length: edges.length ** 2 },
      (_, k) => known.get(values, where(k)));
    const found = all.map((shares, k) =>
      (values.whole || visited.squares.has(k) ? shares : null));
    const wanted = values.whole ? [hand, ...all.keys()] : [...visited.squares];
    const missing = wanted.filter((k) => all[k] === null).map(where);
    return { edges, all, found, missing, hand };
  };
  const ask = ({ face: of, window, fill }, missing) => {
    if (!live || asked || !missing.length) return;
    asked = { face: of, window, fill, places: missing.slice(0, data.together),
      number: Math.random() };
    model.send(asked);
  };
  if (live) {
    model.on("msg:custom", (answer) => {
      if (answer.number !== asked?.number) return;
      if (answer.error) tellError(body.parentElement, new Error(answer.error));
      else known.put(asked, answer);
      asked = null;
      if (!answer.error) draw(controls.values);
    });
  }

  const draw = (values) => {
    const { window, reading } = values;
    const { edges, all, found, missing, hand } = seen(values);
    ask(values, missing);
    const [column, row] = at();
    const before = plain[values.face];
    const [said, now] = [largest(before), found[hand]];
    const target = values.target === "said" ? said : values.target;
    const one = faces[values.face];
    for (const picture of [face, behind]) picture.setAttribute("href", one.image);
    const corner = { x: edges[column], y: edges[row], width: window, height: window };
    for (const part of [frame, ground, view]) put(part, corner);
    view.setAttribute("viewBox", Object.values(corner).join(" "));
    inside.setAttribute("href", known.filling(values));
    const readings = { drop: (shares) => (before[target] - shares[target]) / 10,
      flip: (shares) => Number(largest(shares) !== target) };
    const read = (shares) => shares && readings[reading](shares);
    // Of all squares, so that the colours stay while the map fills.
    const reach = reading === "flip" ? 1
      : Math.max(1, ...all.map((shares) => Math.abs(read(shares) ?? 0)));
    const low = reading === "flip" ? 0 : -reach;
    const means = pixelMeans(found.map(read), edges, window, size);
    over.setAttribute("href", painted(means, size, colours[reading], low, reach));
    const ends = reading === "flip" ? ["0", "1"]
      : [low, reach].map((end) => signed(10 * end));
    const word = classes[target];
    legend.replaceChildren(scale(colours[reading], ...ends, reading === "flip"
      ? `share of the squares over a pixel under which the label is not ${word}`
      : `mean fall of P(${word}) under the squares over a pixel, in points`));
    large.setAttribute("aria-label", `${one.title} under a square`);
    const shown = found.filter(Boolean).length;
    map.setAttribute("aria-label", `map of ${shown} squares: ${READINGS[reading]}`);
    rows.replaceChildren(...classes.map((name, k) => bars(name, before[k], now?.[k],
      k === target)));
    told.textContent = `Face ${one.title}, square of ${window} x ${window} pixels `
      + `(${FILLS[values.fill]}) at left ${edges[column]}, top ${edges[row]}: ${now
        ? verdict(before, now, target) : "the kernel is asked."} ${shown} of `
      + `${edges.length ** 2} squares seen.`;
    button.textContent = values.whole ? "start the map again" : "show the whole map";
    tell();
  };
  const verdict = (before, now, target) => {
    const [said, then] = [largest(before), largest(now)];
    const fall = before[target] - now[target];
    return `read as ${classes[then]} (${perCent(now[then])}), without it as `
      + `${classes[said]} (${perCent(before[said])}). P(${classes[target]}) `
      + `${fall < 0 ? "rises" : "falls"} by ${(Math.abs(fall) / 10).toFixed(1)} `
      + `points; the label ${then === target ? "is" : "is not"} ${classes[target]}.`;
  };
  const bars = (name, before, now, watched) => h("tr", {},
    h("th", { scope: "row" }, watched ? `${name} ◂` : name),
    h("td", {}, perCent(before)), h("td", {}, now === undefined ? "" : perCent(now)),
    h("td", { class: "w-wide" }, h("div", { class: "w-both" },
      h("span", { class: "w-bar", style: `width: ${(now ?? 0) / 10}%` }),
      h("span", { class: "w-mark", style: `left: ${before / 10}%` }))));

  const more = live
    ? Array.from({ length: Math.floor(size / 2) }, (_, k) => k + 1) : [];
  const sides = [...new Set([...data.windows, ...more])].sort((a, b) => a - b);
  const strides = live && data.strides[0] > 1 ? [1, ...data.strides] : data.strides;
  const px = (list) => list.map((one) => [one, `${one} px`]);
  const fills = live ? data.fills : ["zero"];
  const controls = panel("occlusion", {
    face: choice("Face", 0, faces.map(({ title }, k) => [k, title])),
    window: choice("Side of the square", data.windows[1] ?? data.windows[0],
      px(sides)),
    target: choice("Class that is watched", "said", [["said",
      "what is said without a square"], ...classes.map((name, k) => [k, name])]),
    stride: { ...choice("Step between squares", data.strides[0], px(strides)),
      apart: true },
    reading: { ...choice("The map shows", "drop", Object.entries(READINGS)),
      apart: true },
    fill: { ...choice("The square shows", "zero", fills.map((one) => [one,
      FILLS[one]])), hidden: !live, apart: true },
    at: { hidden: true, value: [0, 0].map(() => size * 0.4), min: 0, max: size },
    whole: { hidden: true, value: false },
  }, draw);
  const tell = draggable(handle, { axes, label: "square over the face", step: 1,
    get: () => { const [column, row] = at(); return [column, -row]; }, move: (to) => {
      dragged = true;
      place(to);
    },
    text: () => {
      const [left, top] = at().map((k) => starts()[k]);
      return `left ${left}, top ${top} pixels`;
    } });
  const columns = ["class", "without", "with", ""];
  const part = (title, ...parts) => h("div", { class: "w-third" },
    h("p", {}, title), ...parts);
  body.append(controls.element,
    h("div", { class: "w-row w-trio" },
      part("Drag, tap, or use arrow keys", large),
      part("Probabilities (mark: without)", h("table", {}, head(columns), rows), told),
      part("Map of the squares seen", map, legend, button)),
    h("details", { class: "w-screen" }, h("summary", {}, "More settings"),
      h("div", { class: "w-controls" }, ...Object.values(controls.apart))),
    h("p", { class: "w-note" }, `Network: ${data.network}. ${live
      ? "Squares that the page lacks are asked of the kernel. "
      : "Probabilities are rounded to tenths of a per cent. "}Shift and an arrow key: five steps. `
      + data.note));
  controls.start();
});
export default main;
