// What networks say of a face: bars, and words.

import { h, largest } from "./base.js";

const perCent = (share) => `${(100 * share).toFixed(0)}\u00a0%`;

/** What a network says: a bar for each class, and a line below. */
export function card({ title, reads, key }, classes) {
  const parts = classes.map((name) => {
    const [bar, number] = [h("span", { class: "w-bar" }), h("td")];
    return { bar, number, row: h("tr", {}, h("th", { scope: "row" }, name),
      h("td", { class: "w-wide" }, bar), number) };
  });
  const line = h("p", { class: "w-line" });
  const element = h("div", { class: "w-card", "data-network": key }, h("table", {},
    h("caption", {}, h("b", {}, title), h("br"), reads),
    h("tbody", {}, ...parts.map(({ row }) => row))), line);
  const show = (shares) => {
    element.classList.toggle("w-pale", !shares);
    parts.forEach(({ bar, number, row }, k) => {
      bar.style.width = `${100 * (shares?.[k] ?? 0)}%`;
      number.textContent = shares ? perCent(shares[k]) : "";
      row.classList.toggle("w-said", Boolean(shares) && largest(shares) === k);
    });
  };
  return { element, show, line };
}

/** Who says what, in words: answers with the networks that give them. */
export function sentence(networks, classes, said) {
  const groups = new Map();
  networks.forEach(({ key, title }) => {
    const shares = said.get(key);
    if (!shares) return;
    const name = classes[largest(shares)];
    const who = `${title} (${perCent(Math.max(...shares))})`;
    groups.set(name, [...groups.get(name) ?? [], who]);
  });
  return [...groups].map(([name, who]) => `${name}: ${who.join(", ")}`).join("; ");
}

/** Of the answers to all nudges: how many keep the first, and what the others say. */
export function steadiness(all, classes) {
  const labels = all.map(largest);
  const counts = classes.map((_, k) => labels.filter((one) => one === k).length);
  const others = counts.map((count, k) => [count, k]).sort(([a], [b]) => b - a)
    .filter(([count, k]) => count && k !== labels[0]);
  const told = others.map(([count, k]) => `, ${classes[k]} ${count}`).join("");
  return `${counts[labels[0]]} of ${all.length} nudges keep ${classes[labels[0]]}${told}`;
}
