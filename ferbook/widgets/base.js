// What all widgets share: elements, controls whose state stands in the
// address, a chart, handles to drag, and a box for errors.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; attributes that begin with "on" are its listeners. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

export function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      node.addEventListener(name.slice(2), guarded(value));
    } else if (value !== null && value !== false) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children);
  return node;
}

/** Change several attributes of a node. */
export function put(node, attributes) {
  Object.entries(attributes).forEach((pair) => node.setAttribute(...pair));
}

/** The head of a table. */
export function head(columns) {
  return h("thead", {}, h("tr", {},
    ...columns.map((text) => h("th", { scope: "col" }, text))));
}

/** A control that is a menu, for panel(). */
export const choice = (label, value, options) => ({ label, value, options });

/** The place of the largest number. */
export const largest = (shares) => shares.indexOf(Math.max(...shares));

/** A listener whose error is told in its widget, and still thrown. */
function guarded(listener) {
  return (event) => {
    try {
      return listener(event);
    } catch (error) {
      tellError(event.currentTarget.closest?.(".fer-widget"), error);
      throw error;
    }
  };
}

export function tellError(el, error) {
  el?.append(h("p", { class: "w-error", role: "alert" },
    `This widget failed: ${error.message}`));
}

/** A widget for anywidget and for mount(): draw({ data, body, model }). */
export function widget(name, draw) {
  return {
    name,
    render({ model, el }) {
      const body = h("div", { class: "w-body", role: "group",
        "aria-label": model.get("alt") });
      el.classList.add("fer-widget");
      el.append(body);
      try {
        draw({ data: model.get("data"), body, model });
      } catch (error) {
        tellError(el, error);
        throw error;
      }
    },
  };
}

/** Start a widget on a page, where no kernel is asked. */
export function mount(made, values) {
  const free = `[data-fer-widget="${made.name}"]:not([data-started])`;
  for (const el of document.querySelectorAll(free)) {
    el.dataset.started = "";
    made.render({ model: { get: (key) => values[key] }, el });
    if (addressPart(made.name) !== null) el.scrollIntoView();
  }
}

/**
 * Controls, and the state that they show, shared as "#w-name=key:value;...".
 *
 * Each control is { label, value } and { min, max, step, unit or text } for a slider,
 * { options: [[value, text], ...] } for a choice, a boolean value for a
 * check box, a text for a search field; hidden: true keeps a state without a control, such as the list
 * of numbers of dragged points, each from min to max; apart: true leaves the
 * place of the control to the widget.
 */
export function panel(name, controls, draw) {
  const element = h("div", { class: "w-controls" });
  const [values, show, apart] = [{}, {}, {}];
  const set = (changes) => {
    for (const [key, value] of Object.entries(changes)) {
      if (!(key in controls)) continue; // of an address that someone typed
      values[key] = valid(controls[key], value);
      show[key]?.(values[key]);
    }
    draw(values);
  };
  const change = (changes) => {
    set(changes);
    writeAddress(name, values);
  };
  for (const [key, control] of Object.entries(controls)) {
    values[key] = control.value;
    if (control.hidden) continue;
    const made = input(control, (value) => change({ [key]: value }));
    made.field.dataset.key = key;
    // Else JupyterLab takes arrows and letters for commands of its own.
    made.field.dataset.lmSuppressShortcuts = "";
    if (control.apart) apart[key] = made.element;
    else element.append(made.element);
    (show[key] = made.show)(control.value);
  }
  const start = () => set(readAddress(name));
  addEventListener("hashchange", guarded(start));
  return { element, apart, values, set: change, preview: set, start };
}

/** Buttons that take one step(last), or many of them, one per frame. */
export function stepper(step, many) {
  let left = 0;
  const frame = () => {
    if (left === 0) return;
    left -= 1;
    step(left === 0);
    if (still()) frame();
    else requestAnimationFrame(frame);
  };
  const go = (times) => () => { [left] = [times, left = 0]; frame(); };
  return [press("one training step", go(1)), press(`run ${many} steps`, go(many))];
}

/** A button that does what it says. */
export const press = (text, does) => h("button", { type: "button", class: "w-screen",
  "data-does": text, onclick: does }, text);

/** Whether a reader has asked for pages on which nothing moves. */
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The value if a control can have it, near it a number, else its first. */
function valid(control, value) {
  const { value: first, options, min, max, step } = control;
  if (options) {
    const found = options.find(([one]) => String(one) === String(value));
    return found ? found[0] : first;
  }
  if (typeof first === "boolean") return value === true || value === "1";
  if (typeof first === "string") return String(value).replace(UNSAFE, " ");
  if (Array.isArray(first)) {
    const list = Array.isArray(value) ? value : String(value).split(",").map(Number);
    const fits = list.length === first.length && list.every(Number.isFinite);
    return fits ? list.map((one) => within(one, min, max)) : first;
  }
  const number = value === "" ? NaN : Number(value);
  if (!Number.isFinite(number)) return first;
  const steps = Math.round((within(number, min, max) - min) / step);
  return Number((min + steps * step).toFixed(6));
}

const UNSAFE = /[^\p{L}\p{N} .-]/gu; // in an address that others write, too

const within = (value, min, max) => Math.min(max, Math.max(min, value));

function input(control, change) {
  const { label, unit = "", options, min, max, step, value } = control;
  const { text = (now) => `${now.toFixed(decimals(step))}${unit && ` ${unit}`}` } = control;
  const told = h("span");
  if (options) {
    const field = h("select", { onchange: () => change(field.value) },
      ...options.map(([one, text]) => h("option", { value: one }, text)));
    return { field, element: h("label", {}, label, field),
      show: (now) => { field.value = now; } };
  }
  if (typeof value === "boolean") {
    const field = h("input", { type: "checkbox",
      onchange: () => change(field.checked) });
    return { field, element: h("label", { class: "w-check" }, field, label),
      show: (now) => { field.checked = now; } };
  }
  if (typeof value === "string") {
    const field = h("input", { type: "search", oninput: () => change(field.value) });
    return { field, element: h("label", {}, label, field),
      show: (now) => { if (field.value.replace(UNSAFE, " ") !== now) field.value = now; } };
  }
  const field = h("input", { type: "range", min, max, step,
    oninput: () => change(field.value) });
  const show = (now) => {
    [field.value, told.textContent] = [now, text(now)];
    field.setAttribute("aria-valuetext", text(now));
  };
  return { field, show, element: h("label", {}, h("span", {}, label, told), field) };
}

const decimals = (step) => (String(step).split(".")[1] ?? "").length;

function addressPart(name) {
  const start = `w-${name}=`;
  const parts = decodeURIComponent(location.hash.slice(1)).split("&");
  return parts.find((part) => part.startsWith(start))?.slice(start.length) ?? null;
}

function readAddress(name) {
  const pairs = (addressPart(name) ?? "").split(";").map((pair) => pair.split(":"));
  return Object.fromEntries(pairs.filter((pair) => pair.length === 2));
}

function writeAddress(name, values) {
  const text = ([key, value]) => `${key}:${Array.isArray(value)
    ? value.map((one) => Number(one.toFixed(3))) : typeof value === "boolean"
      ? Number(value) : value}`;
  const own = `w-${name}=${Object.entries(values).map(text).join(";")}`;
  const others = location.hash.slice(1).split("&").filter(
    (part) => part.startsWith("w-") && !part.startsWith(`w-${name}=`));
  try {
    history.replaceState(null, "", `#${[...others, own].join("&")}`);
  } catch {
    // Outputs of Colab stand in a frame without an address of its own.
  }
}

/** Axes with labels; at(x, y) gives the place of a value in the picture. */
export function chart({ x, y, xLabel, yLabel, xTicks, yTicks, label,
  width = 360, height = 260 }) {
  const [left, right, top, bottom] = [54, width - 10, 10, height - 42];
  const px = (value) => left + ((value - x[0]) / (x[1] - x[0])) * (right - left);
  const py = (value) => bottom - ((value - y[0]) / (y[1] - y[0])) * (bottom - top);
  const inner = s("g");
  const text = (at, anchor, said) => s("text", { "text-anchor": anchor,
    transform: `translate(${at})` }, said);
  const attributes = { viewBox: `0 0 ${width} ${height}`, role: "img" };
  const svg = s("svg", { ...attributes, "aria-label": label },
    s("rect", { x: left, y: top, width: right - left, height: bottom - top,
      class: "w-frame" }),
    ...xTicks.map((at) => text([px(at), bottom + 16], "middle", at)),
    ...yTicks.map((at) => text([left - 6, py(at) + 4], "end", at)),
    text([(left + right) / 2, height - 6], "middle", xLabel),
    s("g", { transform: `translate(13 ${(top + bottom) / 2}) rotate(-90)` },
      text([0, 0], "middle", yLabel)),
    inner);
  const value = (event) => { // of a pointer, in the units of the axes
    const box = svg.getBoundingClientRect();
    const [u, v] = [(event.clientX - box.left) / box.width * width,
      (event.clientY - box.top) / box.height * height];
    return [x[0] + (u - left) / (right - left) * (x[1] - x[0]),
      y[0] + (bottom - v) / (bottom - top) * (y[1] - y[0])];
  };
  const path = (points) => "M" + points.map(([a, b]) => `${px(a)} ${py(b)}`).join("L");
  return { svg, inner, px, py, value, path };
}

/** Let a mark of a chart be dragged, or moved by arrow keys (Shift: far). */
export function draggable(mark, { axes, label, get, move, step = 0.1,
  text = (x, y) => `x ${x}, y ${y}` }) {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0],
    ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const tell = () => {
    const [x, y] = get().map((value) => value.toFixed(2));
    mark.setAttribute("aria-valuenow", x);
    mark.setAttribute("aria-valuetext", text(x, y));
  };
  const go = (place) => { move(place); tell(); };
  filled(mark, { tabindex: 0, role: "slider", "aria-label": label, class: "w-handle",
    // The page would scroll: touch-action does not reach parts of a picture.
    ontouchstart: (event) => event.preventDefault(),
    onpointerdown: (event) => {
      mark.setPointerCapture(event.pointerId);
      mark.focus();
    },
    onpointermove: (event) => {
      if (mark.hasPointerCapture(event.pointerId)) go(axes.value(event));
    },
    onkeydown: (event) => {
      const way = ways[event.key];
      if (!way) return;
      event.preventDefault(); // the page would scroll
      go(get().map((at, axis) => at + way[axis] * step * (event.shiftKey ? 5 : 1)));
    } }, []);
  tell();
  return tell;
}
