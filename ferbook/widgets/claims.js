// Every claim of the ledger, to be filtered and searched.

import { choice, h, panel, press, widget } from "./base.js";

/** Words of a menu's entry, as a link can hold them. */
export const slug = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-");

/** Claims that have all chosen values and all words, in any order. */
export function chosen(claims, values, filters) {
  const words = values.words.toLowerCase().split(/\s+/).filter(Boolean);
  return claims.filter((claim) => Object.keys(filters).every((name) =>
    values[name] === "all" || slug(claim[name]) === values[name])
    && words.every((word) => [claim.id, claim.says, claim.paper, claim.data,
      claim.answer].join(" ").toLowerCase().includes(word)));
}

const SHOWN = 12; // claims of a page

const main = widget("claims", ({ data, body }) => {
  const { columns, filters, ledger } = data;
  const claims = data.claims.map((row) =>
    Object.fromEntries(row.map((text, k) => [columns[k], text])));
  const colours = Object.fromEntries(data.colours);
  let most = SHOWN;
  const told = h("p", { role: "status", class: "w-told" });
  const bar = h("div", { class: "w-stack", role: "img" });
  const list = h("ul", { class: "w-list" });
  const mark = (answer) => h("span", { "aria-hidden": "true",
    style: `color: ${colours[answer]}` }, "■ ");
  const item = ({ id, says, answer, paper, data: set, printed, ours }) => h("li", {},
    mark(answer), h("strong", {}, answer), ` ${says} `, h("span", { class: "w-small" },
      [set === "none" ? paper : `${paper}, ${set}`, printed && `paper ${printed}`,
        ours && `ours ${ours}`].filter(Boolean).join("; "), " ",
      h("a", { href: `${ledger}#${id}` }, "ledger")));

  const draw = (values) => {
    const found = chosen(claims, values, filters);
    const counts = data.colours.map(([name, colour]) => ({ name, colour,
      n: found.filter(({ answer }) => answer === name).length })).filter(({ n }) => n);
    bar.replaceChildren(...counts.map(({ name, colour, n }) => h("span",
      { style: `flex: ${n}; background: ${colour}`, title: `${name}: ${n}` })));
    const words = counts.map(({ name, n }) => `${n} ${name}`).join(", ");
    bar.setAttribute("aria-label", words || "no claim");
    told.textContent = `${found.length} of ${claims.length} claims${words
      ? `: ${words}.` : ". Fewer filters or other words may find some."}`;
    list.replaceChildren(...found.slice(0, most).map(item));
    more.hidden = found.length <= most;
  };
  const options = (name) => [["all", "all"], ...[...new Set(claims.map((claim) =>
    claim[name]))].sort().map((text) => [slug(text), text])];
  const controls = panel("claims", {
    ...Object.fromEntries(Object.entries(filters).map(([name, title]) => [name,
      choice(title, "all", options(name))])),
    words: { label: "Words", value: "" },
  }, (values) => {
    most = SHOWN;
    draw(values);
  });
  const more = press("show more", () => {
    most += 4 * SHOWN;
    draw(controls.values);
  });
  body.append(controls.element, bar, told, list, more);
  controls.start();
});
export default main;
