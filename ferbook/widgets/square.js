// A square over a picture, and the pixels in it as a network wants them.

import { filled, put, s } from "./base.js";

const LUMA = [0.299, 0.587, 0.114];
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
  ArrowDown: [0, 1] };
const SIZES = { "+": 1, "=": 1, "-": -1 };

/** The pixels of a canvas as grey, 0 to 255, row by row. */
export function greyOf(canvas) {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d", { willReadFrequently: true })
    .getImageData(0, 0, width, height);
  const values = new Float32Array(width * height);
  for (let k = 0; k < values.length; k += 1) {
    values[k] = LUMA[0] * data[4 * k] + LUMA[1] * data[4 * k + 1]
      + LUMA[2] * data[4 * k + 2];
  }
  return { width, height, values };
}

/**
 * Which pixels of a row, and with which weights, make each of `size` pixels of a
 * stretch: torch's bilinear resizing with antialias of the pixels inside the stretch;
 * beyond the row its last pixel.
 */
export function taps(start, stretch, size, length) {
  const scale = stretch / size;
  const reach = Math.max(1, scale);
  const [least, most] = [Math.max(0, Math.round(start)),
    Math.min(length, Math.round(start + stretch)) - 1];
  return Array.from({ length: size }, (_, k) => {
    const centre = start + (k + 0.5) * scale - 0.5;
    const first = Math.max(least, Math.floor(centre - reach) + 1);
    const last = Math.min(most, Math.ceil(centre + reach) - 1);
    if (first > last) {
      const nearest = Math.min(length - 1, Math.max(0, Math.round(centre)));
      return { first: nearest, weights: [1] };
    }
    const weights = Array.from({ length: last - first + 1 },
      (__, j) => 1 - Math.abs(first + j - centre) / reach);
    const sum = weights.reduce((one, other) => one + other);
    return { first, weights: weights.map((one) => one / sum) };
  });
}

/** What a square of a grey picture shows, `size` by `size` pixels, 0 to 255. */
export function framed({ width, height, values }, { left, top, side }, size) {
  const [across, down] = [taps(left, side, size, width), taps(top, side, size, height)];
  const found = new Float32Array(size * size);
  const rows = new Map(); // of the picture, each reduced once
  const row = (y) => {
    if (!rows.has(y)) {
      rows.set(y, across.map(({ first, weights }) => weights.reduce(
        (sum, weight, j) => sum + weight * values[y * width + first + j], 0)));
    }
    return rows.get(y);
  };
  down.forEach(({ first, weights }, y) => weights.forEach((weight, j) =>
    row(first + j).forEach((value, x) => { found[y * size + x] += weight * value; })));
  return found;
}

/**
 * A square to drag, pinch, turn the wheel over (once it has the focus), or move by
 * arrow keys (Shift: far) and resize by + and -.
 *
 * get() gives { left, top, side } in the picture's pixels; move(x, y) moves it by
 * shares of its side, grow(factor) resizes it about its middle; text() says where it is.
 */
export function movable({ label, eyes, get, move, grow, text }) {
  const frame = s("rect", { fill: "transparent", stroke: "#e69f00", "stroke-width": 3,
    "vector-effect": "non-scaling-stroke" });
  const marks = [0, 1].map(() => s("circle", { fill: "none", stroke: "#e69f00",
    "stroke-width": 1.5, "vector-effect": "non-scaling-stroke" }));
  const handle = s("g", {}, frame, ...marks);
  const svg = s("svg", { class: "w-place w-over" }, handle);
  const fingers = new Map(); // pointers that are down, where each was last
  const apart = () => {
    const [one, other] = [...fingers.values()];
    return Math.hypot(one.x - other.x, one.y - other.y);
  };
  const drag = (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    const was = fingers.size > 1 ? apart() : 0;
    fingers.set(event.pointerId, now);
    // Two fingers that move alike move it as far as one.
    const wide = frame.getBoundingClientRect().width * fingers.size;
    move((now.x - before.x) / wide, (now.y - before.y) / wide);
    if (was > 0) grow(apart() / was);
  };
  const lift = (event) => fingers.delete(event.pointerId);
  const key = (event) => {
    const [way, size] = [WAYS[event.key], SIZES[event.key]];
    if (!way && !size) return;
    event.preventDefault(); // the page would scroll
    const step = (event.shiftKey && way ? 5 : 1) / 48;
    if (way) move(way[0] * step, way[1] * step);
    else grow(1.04 ** size);
  };
  filled(handle, { tabindex: 0, role: "slider", "aria-label": label, class: "w-handle",
    ontouchstart: (event) => event.preventDefault(),
    onpointerdown: (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.focus({ preventScroll: true });
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    },
    onpointermove: drag, onpointerup: lift, onpointercancel: lift,
    onwheel: (event) => {
      if (document.activeElement !== handle) return; // else the page scrolls
      event.preventDefault();
      grow(Math.exp(-event.deltaY / 500));
    },
    onkeydown: key }, []);
  const draw = ({ width, height }) => {
    const { left, top, side } = get();
    const [apartShare, down] = eyes;
    put(svg, { viewBox: `0 0 ${width} ${height}` });
    put(frame, { x: left, y: top, width: side, height: side });
    marks.forEach((mark, k) => put(mark, { r: side / 16, cy: top + down * side,
      cx: left + (0.5 + (k - 0.5) * apartShare) * side }));
    handle.setAttribute("aria-valuenow", Math.round(side));
    handle.setAttribute("aria-valuetext", text());
  };
  return { svg, draw };
}
