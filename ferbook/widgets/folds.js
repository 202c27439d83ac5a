// People dealt out to training and test, and what the nearest face then gets.

import { h, panel, press, widget } from "./base.js";
import { unpacked } from "./maps.js";

/** Which faces are tested, whether rightly, and whether of people in training, too. */
export function tested(where, { people, labels, frames, order }) {
  const inTest = people.map((who, k) => where[who] === 2
    || (where[who] === 1 && k % frames === frames - 1));
  const rows = [...people.keys()].filter((k) => inTest[k]);
  const others = people.length - 1;
  return rows.map((k) => {
    const found = order.slice(k * others, (k + 1) * others).find((one) => !inTest[one]);
    return { who: people[k], familiar: where[people[k]] === 1,
      right: found !== undefined && labels[found] === labels[k] };
  });
}

/** Accuracy, and its interval over people, who are asked more than once; shares. */
export function overPeople(faces, quantiles) {
  const sizes = new Map();
  for (const { who, right } of faces) {
    const [n, hits] = sizes.get(who) ?? [0, 0];
    sizes.set(who, [n + 1, hits + right]);
  }
  const accuracy = faces.filter(({ right }) => right).length / faces.length;
  const count = sizes.size;
  if (count < 2) return { accuracy, count, limits: null };
  const missed = [...sizes.values()].map(([n, hits]) => hits - accuracy * n);
  const squares = missed.reduce((sum, one) => sum + one ** 2, 0);
  const spread = quantiles[count - 2] * Math.sqrt(count / (count - 1) * squares)
    / faces.length;
  return { accuracy, count, limits: [Math.max(0, accuracy - spread),
    Math.min(1, accuracy + spread)] };
}

const SIDES = [
  ["Training", "all pictures"],
  ["Both sides", "of each recording two frames in training, the last one in test"],
  ["Test", "all pictures"],
];
const percent = (share) => `${(100 * share).toFixed(0)}\u00a0%`;
const byPerson = (count) => [...Array(count).keys()].map((k) => (k < count - 2 ? 0 : 2));

/** A chip that is dragged to one of some boxes; a tap or a key takes it to the next. */
function carried(chip, boxes, drop) {
  let from = null;
  const listen = (name, does) => chip.addEventListener(name, does);
  listen("pointerdown", (event) => {
    from = [event.clientX, event.clientY];
    chip.setPointerCapture(event.pointerId);
  });
  listen("pointermove", (event) => {
    if (from) chip.style.transform = `translate(${event.clientX - from[0]}px, `
      + `${event.clientY - from[1]}px)`;
  });
  listen("pointercancel", () => { [from, chip.style.transform] = [null, ""]; });
  listen("pointerup", (event) => {
    if (!from) return;
    const far = Math.hypot(event.clientX - from[0], event.clientY - from[1]);
    [from, chip.style.transform] = [null, ""];
    const under = boxes.findIndex((box) => {
      const { top, bottom } = box.getBoundingClientRect();
      return event.clientY >= top && event.clientY <= bottom;
    });
    if (far < 8) drop(null);
    else if (under >= 0) drop(under);
  });
  listen("click", (event) => { if (event.detail === 0) drop(null); }); // of a key
}

const main = widget("folds", ({ data, body }) => {
  const known = { ...data, order: unpacked(data.order) };
  const count = data.portraits.length;
  const told = h("p", { role: "status", class: "w-told" });
  const boxes = SIDES.map(() => h("div", { class: "w-chips" }));
  const rows = h("tbody");
  const sides = () => controls.values.deal.map(Math.round);
  const send = (who, side) => {
    const deal = sides();
    deal[who] = side ?? (deal[who] + 1) % SIDES.length;
    controls.set({ deal });
    chips[who].focus();
  };
  const draw = () => {
    const where = sides();
    chips.forEach((chip, k) => {
      if (chip.parentElement !== boxes[where[k]]) boxes[where[k]].append(chip);
      chip.setAttribute("aria-label", `person ${k + 1}: ${SIDES[where[k]][0]}`);
    });
    const found = tested(where, known);
    const training = where.some((side) => side < 2);
    const groups = [["everybody in test", found],
      ["of these in training, too", found.filter(({ familiar }) => familiar)],
      ["new people", found.filter(({ familiar }) => !familiar)]];
    rows.replaceChildren(...groups.map(([name, faces]) => bar(name, faces, training)));
    told.textContent = !training ? "Nobody is left to learn from."
      : !found.length ? "Nobody is left to be tested." : sentence(found);
  };
  const sentence = (found) => {
    const { accuracy, count: people, limits } = overPeople(found, data.quantiles);
    const seen = new Set(found.filter(({ familiar }) => familiar).map(({ who }) => who)).size;
    return `The nearest face has the right label for ${percent(accuracy)} of `
      + `${found.length} test faces of ${people} ${people === 1 ? "person" : "people"}`
      + `${limits ? `, 95\u00a0% interval over people ${limits.map((one) =>
        (100 * one).toFixed(0)).join(" to ")}` : ""}. `
      + `${seen ? `${seen} of them ${seen === 1 ? "stands" : "stand"} in training, too.`
        : "None of them stands in training."}`;
  };
  const bar = (name, faces, training) => {
    const hits = faces.filter(({ right }) => right).length;
    const given = faces.length && training;
    return h("tr", {}, h("th", { scope: "row" }, name),
      h("td", { style: "white-space: nowrap" }, given ? `${hits} of ${faces.length}` : "–"),
      h("td", {}, given ? percent(hits / faces.length) : ""),
      h("td", { class: "w-wide" }, h("div", { class: "w-both" }, h("span",
        { class: "w-bar", style: `width: ${given ? 100 * hits / faces.length : 0}%` }),
      h("span", { class: "w-mark", style: `left: ${100 / data.classes}%` }))));
  };
  const controls = panel("folds", {
    deal: { hidden: true, value: byPerson(count), min: 0, max: 2 },
  }, draw);
  const chips = data.portraits.map((image, k) => h("button", { type: "button",
    class: "w-chip w-handle", "data-person": k }, h("img", { src: image, alt: "",
    draggable: "false" }), `${k + 1}`));
  chips.forEach((chip, k) => carried(chip, boxes, (side) => send(k, side)));
  const deals = { "split by person": byPerson(count),
    "split picture by picture": Array(count).fill(1) };
  controls.element.append(h("p", { class: "w-buttons" }, ...Object.entries(deals).map(
    ([text, deal]) => press(text, () => controls.set({ deal })))));
  body.append(controls.element, ...SIDES.map(([name, hint], k) => h("div",
    { class: "w-side", role: "group", "aria-label": name }, h("p", {},
      h("strong", {}, name), ` ${hint}`), boxes[k])), told,
  h("table", {}, rows),
  h("p", { class: "w-note" }, "Drag people from one box to another, or tap them. The "
    + "classifier is the smallest there is: a test face gets the label of the most "
    + `similar training face. The stroke is chance, one of ${data.classes} classes. `
    + data.note));
  controls.start();
});
export default main;
