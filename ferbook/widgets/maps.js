// Maps of values as pictures, with a scale; squares over a face, and what they say of
// its pixels; numbers packed into letters.

import { h } from "./base.js";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = Object.fromEntries([...LETTERS].map((letter, k) => [letter, k]));

/** Whole numbers below 4096, each packed into two letters. */
export function unpacked(text) {
  return Array.from({ length: text.length / 2 },
    (_, k) => 64 * VALUES[text[2 * k]] + VALUES[text[2 * k + 1]]);
}

/** Bytes as numbers from low to high. */
export function spread(text, low, high) {
  return Array.from(atob(text),
    (letter) => low + (high - low) * letter.charCodeAt(0) / 255);
}

/** Red, green and blue, 0 to 255, of a share 0..1 of the way along stops. */
export function colourAt(stops, share) {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const [left, right] = [Math.floor(at), Math.ceil(at)].map((k) => [1, 3, 5].map(
    (from) => parseInt(stops[k].slice(from, from + 2), 16)));
  return left.map((value, k) => value + (at - Math.floor(at)) * (right[k] - value));
}

/** Left (or top) edges of all squares along a side; the last ends with it. */
export function windowStarts(side, window, stride) {
  const starts = [];
  for (let at = 0; at < side - window; at += stride) starts.push(at);
  return [...starts, side - window];
}

/** Mean of what the squares over each pixel say; null where none is known. */
export function pixelMeans(values, starts, window, side) {
  const [sums, counts] = [0, 0].map((zero) => new Array(side * side).fill(zero));
  values.forEach((value, k) => {
    if (value === null) return;
    const [top, left] = [Math.floor(k / starts.length), k % starts.length].map(
      (at) => starts[at]);
    for (let y = top; y < top + window; y += 1) {
      for (let x = left; x < left + window; x += 1) {
        sums[y * side + x] += value;
        counts[y * side + x] += 1;
      }
    }
  });
  return sums.map((sum, k) => (counts[k] ? sum / counts[k] : null));
}

/** A picture of values, row by row, null for nothing; its address. */
export function painted(values, columns, stops, low, high) {
  const canvas = h("canvas", { width: columns, height: values.length / columns });
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  values.forEach((value, k) => {
    if (value === null) return;
    const share = high > low ? (value - low) / (high - low) : 0.5;
    image.data.set([...colourAt(stops, share), 255], 4 * k);
  });
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/** The scale of a picture: what is shown, and its two ends. */
export function scale(stops, low, high, label) {
  return h("div", { class: "w-scale" }, h("span", {}, label),
    h("span", { class: "w-ends" }, h("span", {}, low), h("span", { class: "w-ramp",
      style: `background: linear-gradient(to right, ${stops.join()})` }),
    h("span", {}, high)));
}
