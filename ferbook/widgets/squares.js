// Black squares over a face, place by place, and the map of what they change.

import { h, largest, s } from "./base.js";
import { painted, pixelMeans, scale, windowStarts } from "./maps.js";

/** A face with a black square on it. */
export function covered(face, side, top, left, window) {
  const found = face.slice();
  for (let y = top; y < top + window; y += 1) {
    found.fill(0, y * side + left, y * side + left + window);
  }
  return found;
}

/** The map of one network's answers; start(), take() faces, add() answers, draw(). */
export function coveringMap({ side, stride, classes, colours }) {
  const under = s("image", { width: side, height: side });
  const over = s("image", { width: side, height: side, opacity: 0.7,
    style: "image-rendering: pixelated" });
  const svg = s("svg", { viewBox: `0 0 ${side} ${side}`, role: "img" }, under, over);
  const [legend, told] = [h("div"), h("p", { class: "w-changes" })];
  const map = { svg, legend, told, key: "", found: [], places: [] };
  map.start = ({ network, window }) => {
    const starts = windowStarts(side, Number(window), stride);
    const places = starts.flatMap((top) => starts.map((left) => [top, left]));
    Object.assign(map, { key: network, window: Number(window), starts, places,
      found: [] });
  };
  /** The next faces under squares, pixels. */
  map.take = (face, count) => map.places.slice(map.found.length,
    map.found.length + count).map(([top, left]) =>
    covered(face, side, top, left, map.window));
  map.draw = ({ plain, running, moving, address }) => {
    const { found, places, starts, window } = map;
    const said = plain ? largest(plain) : -1;
    const falls = places.map((_, k) => (found[k] && plain
      ? 100 * (plain[said] - found[k][said]) : null));
    const reach = Math.max(1, ...falls.map((one) => Math.abs(one ?? 0)));
    under.setAttribute("href", address);
    over.setAttribute("href", painted(pixelMeans(falls, starts, window, side), side,
      colours, -reach, reach));
    svg.setAttribute("aria-label", `map of ${found.length} squares`);
    legend.replaceChildren(...(found.length ? [scale(colours, `−${reach.toFixed(0)}`,
      `+${reach.toFixed(0)}`, `mean fall of P(${classes[said]}) under the squares over `
      + "a pixel, in points")] : []));
    told.textContent = !running ? "The map is drawn when the networks run."
      : moving ? "Hold the picture, and the map is drawn."
        : changes(found, said, places.length);
  };
  const changes = (found, said, count) => {
    const turned = found.map(largest).filter((one) => one !== said);
    const names = [...new Set(turned)].map((one) => classes[one]).join(", ");
    return `${found.length} of ${count} squares seen; ${turned.length} change the `
      + `answer${names && `, to ${names}`}.`;
  };
  return map;
}
