// Masking blocks: maps before and after each, its mask, and the mask's values.

import { chart, choice, h, largest, panel, put, s, widget } from "./base.js";
import { painted, scale, spread } from "./maps.js";

const SCALES = { unit: "from 0 to 1", own: "from its least to its greatest value" };

/** The three maps of a channel as numbers, row by row, with their means. */
export function planeOf([before, mask, after, top, low, high, ...means]) {
  return { before: spread(before, 0, top), mask: spread(mask, low, high),
    after: spread(after, 0, top), top, low, high, means };
}

/** Shares of a histogram, each with both ends of its bin, as logarithms. */
export function bars({ first, counts }, edges, bins) {
  const step = (edges[1] - edges[0]) / bins;
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count, k) => ({ share: 100 * count / all,
    from: edges[0] + (first + k) * step, to: edges[0] + (first + k + 1) * step }));
}

/**
 * What a channel's score becomes in a block of `many` channels instead of `own`, if all
 * others are as those here: exp(z) against so many of their mean.
 */
export function faded(score, own, many) {
  const others = (1 / score - 1) / (own - 1); // mean of exp(z') / exp(z)
  return 1 / (1 + (many - 1) * others);
}

/** A channel's maps, its mask as one of `many` channels would have it. */
function withChannels(one, { kind, channel }, own, many) {
  if (many === own || kind === "sigmoid" || kind === "none") return one;
  const constant = kind === "constant" || channel === 0; // the mean is 1/C, too
  const mask = one.mask.map((score) => (constant ? 1 / many : faded(score, own, many)));
  const after = one.before.map((value, k) => value * (1 + mask[k]));
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { ...one, mask, after, low: Math.min(...mask), high: Math.max(...mask),
    means: [mean(one.before), mean(mask), mean(after)] };
}

const short = (value) => String(Number(value.toPrecision(3)));

/** A picture of a map, with its title above and its scale below. */
function frame(title) {
  const picture = h("img", { class: "w-map" });
  const under = h("div");
  return { picture, under,
    element: h("div", { class: "w-fourth" }, h("p", {}, title), picture, under) };
}

const main = widget("masking", ({ data, body }) => {
  const { faces, blocks, seen, colours, trained, edges, bins, classes } = data;
  const kinds = Object.keys(seen);
  const [face, before, mask, after] = ["face", "maps before", "mask", "maps after"]
    .map(frame);
  const strip = h("div", { class: "w-crops w-strip", role: "group",
    "aria-label": "masks of the channels; press one to show it" });
  const histogram = h("div", { class: "w-histogram" });
  const told = h("p", { role: "status", class: "w-told" });
  const warning = h("p", { class: "w-note w-what-if" });

  const nameOf = (channel) => (channel ? `channel ${channel}`
    : "the mean of all channels");
  const ends = ({ low, high }, own) => (own ? [low, high] : [0, 1]);
  const paint = ({ picture, under }, values, side, [low, high], what) => {
    put(picture, { src: painted(values, side, colours, low, high),
      alt: `${what}, ${side} x ${side} values` });
    under.replaceChildren(scale(colours, short(low), short(high), what));
  };

  const draw = (values) => {
    const block = blocks[values.block];
    const { side, planes, ...counted } = seen[values.kind].blocks[values.block];
    const channel = block.kept.includes(values.channel) ? values.channel : 0;
    const own = values.scale === "own";
    const many = values.many ? 2 ** values.many : block.channels;
    const shown = planes[values.face].map(planeOf);
    const mine = shown.map((one, k) => withChannels(one, { ...values, channel: k },
      block.channels, many));
    const place = channel ? block.kept.indexOf(channel) + 1 : 0;
    const one = mine[place];
    const { image, title } = faces[values.face];
    put(face.picture, { src: image, alt: `face: ${title}` });
    paint(before, one.before, side, [0, one.top], "activation");
    paint(mask, one.mask, side, ends(one, own), "score of the mask");
    paint(after, one.after, side, [0, one.top], "activation");
    strip.replaceChildren(...[0, ...block.kept].map((number, k) => h("button", {
      type: "button", "data-channel": number, "aria-label": nameOf(number),
      "aria-pressed": String(number === channel),
      onclick: () => choose(number) },
      h("img", { class: "w-map", alt: "", src: painted(mine[k].mask, side, colours,
        ...ends(mine[k], own)) }), number || "mean")));
    histogram.replaceChildren(drawn(values, counted, shown[place], block.channels));
    const [activation, score, refined] = one.means;
    const shares = seen[values.kind].said[values.face];
    const says = largest(shares);
    told.textContent = `Block ${values.block + 1} of ${blocks.length}, C = `
      + `${many} channels${many === block.channels ? "" : ` in the place of its `
        + `${block.channels}`}, ${side} x ${side} places, ${values.kind}, `
      + `${nameOf(channel)} on ${title}: the mask is `
      + `${one.low === one.high ? `${short(one.low)} everywhere`
        : `${short(one.low)} to ${short(one.high)}, on average ${short(score)}`}; `
      + `1/C is ${short(1 / many)}. The activation is `
      + `${short(activation)} before and ${short(refined)} after, on average; a `
      + `constant mask would make ${short(activation * (1 + 1 / many))} `
      + `of it.${many === block.channels ? "" : changed(values)} Read as ${classes[says]} (${(shares[says] / 10).toFixed(1)}\u00a0%).`;
    warning.textContent = values.kind === trained
      ? `This network was trained with ${trained} masks.`
      : `What if: the weights were trained with ${trained} masks and go on with `
        + `${values.kind} ones in all blocks, so that later blocks see other maps. `
        + "A network trained so would have learned other weights.";
  };
  const changed = ({ kind }) => {
    if (kind === "sigmoid" || kind === "none") return " Such masks do not know C.";
    return " What more channels would do: each as those here, the mean without its "
      + "covariance; the answer is that of the network as it is.";
  };
  const choose = (number) => {
    controls.set({ channel: number });
    strip.querySelector(`[data-channel="${number}"]`).focus();
  };

  /** All scores of the block, the line at 1/C, and the channel's own range. */
  const drawn = (values, counted, one, channels) => {
    const reach = kinds.flatMap((kind) => bars(seen[kind].blocks[values.block], edges,
      bins)).filter(({ share }) => share > 0).flatMap(({ from, to }) => [from, to]);
    const x = [Math.min(...reach, -0.5) - 0.2, Math.max(...reach, 0.5) + 0.2];
    const shown = bars(counted, edges, bins);
    const top = 10 * Math.ceil(Math.max(...shown.map(({ share }) => share)) / 10 + 0.3);
    const ticks = (from, to, step) => Array.from({ length: 12 },
      (_, k) => (Math.ceil(from / step) + k) * step).filter((at) => at <= to);
    const axes = chart({ x, y: [0, top], height: 220, xTicks: ticks(...x, 1),
      yTicks: ticks(0, Math.min(top, 100), top > 50 ? 25 : 10),
      xLabel: "log₁₀(score × C); 0 is 1/C", yLabel: "share of all scores (%)",
      label: "Histogram of the scores of the block over channels, places and the "
        + `${faces.length} faces` });
    const at = (score) => axes.px(Math.min(x[1], Math.max(x[0],
      Math.log10(Math.max(score * channels, 1e-9)))));
    const line = (attributes) => s("line", { "stroke-width": 2, ...attributes });
    const y = axes.py(top) + 8;
    axes.inner.append(
      ...shown.map(({ share, from, to }) => s("rect", { x: axes.px(from),
        y: axes.py(share), width: axes.px(to) - axes.px(from), "data-share":
          share.toFixed(3), height: axes.py(0) - axes.py(share),
        fill: "var(--w-blue)" })),
      line({ x1: axes.px(0), x2: axes.px(0), y1: axes.py(0), y2: axes.py(top),
        stroke: "var(--w-text)", "stroke-dasharray": "4 3" }),
      line({ x1: at(one.low), x2: at(one.high), y1: y, y2: y,
        stroke: "var(--w-orange)" }),
      s("circle", { cx: at(one.means[1]), cy: y, r: 4, fill: "var(--w-orange)" }));
    return axes.svg;
  };

  const numbers = [...new Set(blocks.flatMap(({ kept }) => kept))];
  const controls = panel("masking", {
    face: choice("Face", 0, faces.map(({ title }, k) => [k, title])),
    block: choice("Masking block", 0, blocks.map(({ channels }, k) => [k,
      `after layer ${k + 1}, ${channels} channels`])),
    kind: choice("Mask", trained, kinds.map((kind) => [kind,
      kind === trained ? `${kind}, as trained` : `${kind}, what if`])),
    many: { label: "Channels C", value: 0, min: 0, max: 9, step: 1,
      text: (power) => (power ? String(2 ** power) : "as in this block") },
    scale: choice("Colours of the mask", "unit", Object.entries(SCALES)),
    channel: { hidden: true, value: 1, options: [0, ...numbers].map((k) => [k, ""]) },
  }, draw);
  body.append(controls.element,
    h("div", { class: "w-row" }, ...[face, before, mask, after].map(
      ({ element }) => element)),
    h("p", { class: "w-note" }, "Masks of the channels; press one to show it."), strip,
    h("div", { class: "w-row" }, histogram, h("div", { class: "w-beside" }, told,
      warning, h("p", { class: "w-note" }, "Blue: all scores of the block, over its "
        + `channels, places and the ${faces.length} faces here. Orange: range and `
        + "mean of what is shown above."))),
    h("p", { class: "w-note" }, `Network: ${data.network}. ${data.note}`));
  controls.start();
});
export default main;
