// What beta and omega do to a trained RAMN, from its recorded runs.

import { chart, choice, h, panel, s, widget } from "./base.js";

// Marks of classes, about 6 units large, drawn from their middle.
const SHAPES = ["m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z", "m-2.7-2.7h5.4v5.4h-5.4z",
  "m0-3.6l3.4 6h-6.8z", "m0-4l4 4l-4 4l-4-4z", "m0 3.6l3.4-6h-6.8z",
  "m-1.2-3.6h2.4v2.4h2.4v2.4h-2.4v2.4h-2.4v-2.4h-2.4v-2.4h2.4z",
  "m-3.4-1.7l1.7-1.7l1.7 1.7l1.7-1.7l1.7 1.7l-1.7 1.7l1.7 1.7l-1.7 1.7l-1.7-1.7"
    + "l-1.7 1.7l-1.7-1.7l1.7-1.7z", "m-3-3h6l-6 6h6z"];

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const points = (share) => (100 * share).toFixed(1);

/** Multiples of 1, 2 or 5 times a power of ten, from low to high, about six. */
export function ticks(low, high) {
  const rough = (high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return [...Array(count).keys()].map((k) => Number(((first + k) * step).toFixed(6)));
}

const line = (axes, places, attributes) => s("path", { d: axes.path(places),
  fill: "none", stroke: "var(--w-text)", ...attributes });
const words = (x, y, anchor, text) => s("text", { "text-anchor": anchor,
  transform: `translate(${x} ${y})` }, text);

/** Accuracies of a sweep with their intervals; the control to the left of all. */
function accuracies(group, sweep, chosen) {
  const { values, step, symbol, control } = sweep;
  const first = values[0][1] - step;
  const all = [[control, first], ...values].filter(([variant]) => group.runs[variant]);
  const limits = all.flatMap(([variant]) => group.runs[variant].limits);
  const y = limits.length ? [Math.floor(20 * Math.min(...limits)) * 5,
    Math.ceil(20 * Math.max(...limits)) * 5] : [0, 100];
  const x = [first - step / 2, values.at(-1)[1] + step / 2];
  const said = all.map(([variant, value]) => `${variant === control ? sweep.without
    : `${symbol} ${value}`}: ${percent(group.runs[variant].share)}`);
  const axes = chart({ x, y, xTicks: values.map(([, value]) => value),
    yTicks: ticks(...y), xLabel: sweep.label,
    yLabel: "accuracy (%), 95 % interval",
    label: `Accuracy against ${symbol}. ${said.join("; ") || "No run."}` });
  const { inner, px, py } = axes;
  inner.append(line(axes, y.map((at) => [sweep.best, at]),
    { "stroke-dasharray": "2 4" }),
    words(px(sweep.best) + 4, py(y[1]) + 14, "start", "paper's best"),
    words(px(first), py(y[0]) + 16, "middle", sweep.without));
  for (const [variant, value] of values) {
    if (!group.runs[variant]) {
      inner.append(words(px(value), py(y[0]) - 8, "middle", "no run"));
    }
  }
  for (const [variant, value] of all) {
    const { share, limits, shares } = group.runs[variant];
    const here = value === chosen;
    const colour = here ? "var(--w-red)" : "var(--w-blue)";
    inner.append(
      line(axes, limits.map((one) => [value, 100 * one]),
        { stroke: colour, "stroke-width": here ? 4 : 2 }),
      s("circle", { cx: px(value), cy: py(100 * share), r: here ? 7 : 4.5, fill: colour,
        "data-run": variant }),
      ...(shares.length > 1 ? shares : []).map((one) => line(axes,
        [[value + step * 0.1, 100 * one], [value + step * 0.2, 100 * one]], {})));
  }
  return axes.svg;
}

/** How far sub-images lead; bars of the run, an outline of the control. */
function leads(group, sweep, run, which) {
  const { start, width, count } = group.bars[which];
  const [low, high] = [start, start + count * width];
  const control = group.runs[sweep.control];
  const sharesOf = ({ n, lead }) =>
    lead.counts[which].slice(1, -1).map((one) => 100 * one / n);
  const all = Object.values(group.runs).filter(({ lead }) => lead);
  const top = Math.max(...all.flatMap(sharesOf)) * 1.12;
  const axes = chart({ x: [low, high], y: [0, top], xTicks: ticks(low, high),
    yTicks: ticks(0, top), xLabel: "lead of the best sub-image, θmax − θ₀",
    yLabel: `faces (%), bars of ${width}`,
    label: `Histogram of the lead of ${run.n} faces; ${percent(run.lead.met)} lead by `
      + `β or more, the median is ${run.lead.median}` });
  sharesOf(run).forEach((share, k) => {
    const [left, right] = [start + k * width, start + (k + 1) * width].map(axes.px);
    axes.inner.append(s("rect", { x: left, width: right - left, y: axes.py(share),
      height: axes.py(0) - axes.py(share), fill: "var(--w-blue)", opacity: 0.75,
      "data-bar": k }));
  });
  if (control?.lead) {
    const outline = sharesOf(control).flatMap((share, k) =>
      [[start + k * width, share], [start + (k + 1) * width, share]]);
    axes.inner.append(line(axes, outline, { stroke: "var(--w-orange)",
      "stroke-width": 2, "data-outline": "" }));
  }
  axes.inner.append(line(axes, [[0, 0], [0, top]], { stroke: "var(--w-line)" }),
    line(axes, [[run.beta, 0], [run.beta, top]], { "stroke-dasharray": "5 4",
      "stroke-width": 2 }), words(axes.px(run.beta) + 4, axes.py(top) + 14, "start",
      `β = ${run.beta}`));
  return axes.svg;
}

/** Features in the plane of their first two principal components. */
function features(group, colours, run, marked) {
  const [x, y] = group.frame;
  const axes = chart({ x, y, height: 320, xTicks: ticks(...x),
    yTicks: ticks(...y), xLabel: "first principal component (standard deviations)",
    yLabel: "second component, same unit",
    label: `Features of ${group.labels.length} faces in a plane, by class` });
  const marks = group.classes.map(() => "");
  group.labels.forEach((label, k) => {
    const [a, b] = [run.plane[2 * k] / 100, run.plane[2 * k + 1] / 100];
    marks[label] += `M${axes.px(a).toFixed(1)} ${axes.py(b).toFixed(1)}${SHAPES[label]}`;
  });
  const seen = (k) => (marked === "none" || Number(marked) === k ? 0.85 : 0.08);
  marks.forEach((d, k) => axes.inner.append(
    s("path", { d, fill: colours[k], opacity: seen(k), "data-class": k })));
  return axes.svg;
}

/** Accuracy of a value, and how it compares with the paper's best. */
function said(group, sweep, value) {
  const { symbol, best, place, values } = sweep;
  const variant = values.find(([, one]) => one === value)[0];
  const run = group.runs[variant];
  const paper = value === best ? `, the paper's best (${place})` : "";
  if (!run) return `No run with ${symbol} = ${value}${paper} is recorded here.`;
  const [low, high] = run.limits.map(points);
  const seeds = run.seeds.length > 1 ? `mean of seeds ${run.seeds.join(", ")}`
    : `seed ${run.seeds[0]}`;
  return `${symbol} = ${value}${paper}: ${percent(run.share)} of n = ${run.n} test faces `
    + `are read rightly (95 % interval ${low} to ${high}; ${seeds}).`
    + compared(group.gaps[sweep.key]?.[variant], sweep);
}

function compared(gap, { symbol, best }) {
  if (!gap) return "";
  const [mean, low, high] = gap.points;
  const signed = (share) => `${share < 0 ? "−" : "+"}${points(Math.abs(share))}`;
  const verdict = low > 0 ? "better" : high < 0 ? "worse" : "undecided";
  return ` Against the paper's best ${symbol} = ${best}, on the same faces and `
    + `${gap.seeds > 1 ? `${gap.seeds} seeds` : "seed"}: ${signed(mean)} points `
    + `(${signed(low)} to ${signed(high)}), ${verdict}.`;
}

const main = widget("sweeps", ({ data, body }) => {
  const { groups, sweeps, colours } = data;
  for (const [key, sweep] of Object.entries(sweeps)) sweep.key = key;
  const told = h("p", { role: "status", class: "w-told" });
  const places = [0, 1, 2].map(() => h("div", { style: "flex: 1 1 18rem" }));
  const notes = [0, 1, 2].map(() => h("p", { class: "w-note" }));
  const legend = h("div", { class: "w-crops", role: "group", style: "flex: 1 1 12rem",
    "aria-label": "classes; press one to find its faces" });

  const drawLegend = (group, marked) => {
    const entries = group.classes.map((name, k) => h("button", { type: "button",
      style: "min-height: 2rem", "aria-pressed": String(Number(marked) === k),
      onclick: () => controls.set({ mark: Number(marked) === k ? "none" : k }) },
      s("svg", { viewBox: "-6 -6 12 12", style: "border: 0; width: 1rem; "
        + "display: inline-block; vertical-align: middle" },
        s("path", { d: `M0 0${SHAPES[k]}`, fill: colours[k] })), ` ${name}`));
    const focused = [...legend.children].indexOf(document.activeElement);
    legend.replaceChildren(...entries);
    entries[focused]?.focus();
  };
  const draw = (values) => {
    const group = groups.find(({ key }) => key === values.made);
    const sweep = sweeps[values.sweep];
    const value = values[values.sweep];
    for (const key of Object.keys(sweeps)) {
      labelOf(key).style.display = key === values.sweep ? "" : "none";
    }
    const run = group.runs[sweep.values.find(([, one]) => one === value)[0]];
    told.textContent = said(group, sweep, value);
    places[0].replaceChildren(accuracies(group, sweep, value));
    notes[0].textContent = `${group.note} Always saying the most frequent class would be `
      + `right for ${percent(group.chance)}.${
        Object.values(group.runs).some(({ seeds }) => seeds.length > 1)
          ? " Short lines: single seeds." : ""}`;
    legend.style.display = run?.plane ? "" : "none";
    if (run?.lead) {
      const which = values.near ? "near" : "wide";
      const counts = run.lead.counts[which];
      notes[1].textContent = `${percent(run.lead.met)} of n = ${run.n} faces lead by `
        + `β = ${run.beta} or more (seed ${run.lead.seed}). Beyond the picture: `
        + `${counts[0]} to the left, ${counts.at(-1)} to the right.${
          group.runs[sweep.control]?.lead ? ` Orange: ${sweep.without}.` : ""}`;
      notes[2].textContent = `${group.labels.length} of ${run.n} faces, seed `
        + `${run.lead.seed}; what the classifier sees. Each network has axes of its own.`;
      places[1].replaceChildren(leads(group, sweep, run, which), notes[1]);
      places[2].replaceChildren(features(group, colours, run, values.mark), notes[2]);
      drawLegend(group, values.mark);
    } else {
      notes[1].textContent = run ? "This run kept neither attention nor features."
        : "Nothing to show: no run.";
      places[1].replaceChildren(notes[1]);
      places[2].replaceChildren();
    }
  };
  const slider = ({ label, values, best, step }) => ({ label, step, value: best,
    min: values[0][1], max: values.at(-1)[1] });
  const varied = Object.keys(sweeps).find((key) =>
    sweeps[key].values.some(([variant]) => groups[0].runs[variant]));
  const most = Math.max(...groups.map(({ classes }) => classes.length));
  const controls = panel("sweeps", {
    made: choice("Trained and tested on", groups[0].key,
      groups.map(({ key, label }) => [key, label])),
    sweep: choice("What is varied", varied ?? "beta",
      Object.entries(sweeps).map(([key, { label }]) => [key, label])),
    beta: slider(sweeps.beta),
    omega: slider(sweeps.omega),
    near: { label: "leads near β only", value: false },
    mark: { hidden: true, value: "none",
      options: [["none", ""], ...[...Array(most).keys()].map((k) => [k, ""])] },
  }, draw);
  const labelOf = (key) => controls.element.querySelector(
    `[data-key="${key}"]`).closest("label");
  labelOf("made").style.gridColumn = "1 / -1"; // its words are long
  const row = (...parts) => h("div", { class: "w-row" }, ...parts);
  body.append(controls.element, told, notes[0], row(places[0], places[1]),
    row(places[2], legend));
  controls.start();
});
export default main;
