// Networks that run in the page: a square over a picture, bars of what each network
// says of it, and a map of the squares that change an answer.

import { card, sentence, steadiness } from "./answers.js";
import { choice, h, panel, s, tellError, widget } from "./base.js";
import { megabytes, startEngine, whyNot } from "./engine.js";
import { painted, unpacked } from "./maps.js";
import { fromCamera, fromFile, fromPage } from "./sources.js";
import { framed, movable } from "./square.js";
import { coveringMap } from "./squares.js";

const HOME = [0, 0, 1]; // right and down in sides of a picture's own frame, and size
const [LEAST, MOST] = [0.25, 3]; // of the size
const PATIENCE = 60; // ms of one question about squares: drags come between
const LATELY = 25; // times of which the median is told
const NUDGES = [false, true].flatMap((mirror) => [1, 0.9].flatMap((size) =>
  [0, -0.04, 0.04].flatMap((right) => [0, -0.04, 0.04].map((down) =>
    ({ mirror, size, right, down })))));

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** The square that a frame becomes, moved and resized in shares of its side. */
function inside([left, top, wide], { right, down, size }) {
  return { side: wide * size, left: left + wide * (0.5 + right - size / 2),
    top: top + wide * (0.5 + down - size / 2) };
}

const mirrored = (face, side) =>
  face.map((_, k) => face[k - 2 * (k % side) + side - 1]);

const main = widget("networks", ({ data, body }) => {
  const { side, classes, networks, pictures } = data;
  const el = body.parentElement;
  const reason = whyNot(data.engine);
  const cards = new Map(networks.map((one) => [one.key, card(one, classes)]));
  const recorded = networks.map(({ said }) => unpacked(said));
  const times = new Map(networks.map(({ key }) => [key, []]));
  const now = { source: null, face: null, version: 0, answered: 0, said: new Map(),
    nudging: [], address: "" };
  let [ask, busy] = [null, false];
  const own = {}; // the reader's photograph and camera, once there

  // ---- where the square is

  const at = () => {
    const [right, down, size] = controls.values.at;
    return { right, down, size: Math.min(MOST, Math.max(LEAST, size)) };
  };
  const frame = () => inside(now.source.frame, at());
  const home = () => controls.values.at.every((one, k) => one === HOME[k]);
  const move = (x, y) => {
    const { right, down, size } = at();
    controls.set({ at: [right + x * size, down + y * size, size] });
  };
  const grow = (factor) => {
    const { right, down, size } = at();
    controls.set({ at: [right, down, size * factor] });
  };
  const square = movable({ label: "square over the picture", eyes: data.eyes, move,
    grow, get: () => (now.source ? frame() : { left: 0, top: 0, side: 1 }),
    text: () => {
      if (!now.source) return "no picture";
      const one = frame();
      return ["left", "top", "side"].map((key) => `${key} ${one[key].toFixed(1)}`)
        .join(", ");
    } });

  // ---- what is asked: the newest face first, then nudges, then squares

  const timed = (faces, names, answered) => ask(faces, names, (key, { shares, ms }) => {
    times.get(key).push(ms);
    times.get(key).splice(0, times.get(key).length - LATELY);
    answered(key, shares);
  });
  const read = async () => {
    const [version, face] = [now.version, now.face];
    const said = new Map();
    await timed(face, networks.map(({ key }) => key), (key, [one]) => {
      said.set(key, one);
      cards.get(key).show(one);
    });
    [now.answered, now.said] = [version, said];
    speed();
    tell();
  };
  const nudge = async () => {
    const key = now.nudging.shift();
    const { left, top, side: wide } = frame();
    const faces = NUDGES.map((one) => {
      const part = framed(now.source.grey, inside([left, top, wide], one), side);
      return one.mirror ? mirrored(part, side) : part;
    });
    const version = now.version;
    await timed(joined(faces), [key], (_, shares) => {
      if (version !== now.version) return;
      cards.get(key).line.textContent = steadiness(shares, classes);
    });
  };
  const joined = (faces) => {
    const all = new Float32Array(faces.length * side * side);
    faces.forEach((face, k) => all.set(face, k * side * side));
    return all;
  };
  const cover = async () => {
    const found = map.found; // another one after the next start
    const count = Math.max(4, Math.round(PATIENCE / median(times.get(map.key))));
    await timed(joined(map.take(now.face, count)), [map.key], (_, shares) =>
      found.push(...shares));
    showMap();
  };
  const next = () => {
    if (!now.face) return null;
    if (now.answered !== now.version) return read;
    if (now.nudging.length) return nudge;
    return map.found.length < map.places.length && !own.camera ? cover : null;
  };
  const pump = async () => {
    if (!ask || busy) return;
    busy = true;
    try {
      for (let job = next(); job; job = next()) await job();
    } catch (error) {
      ask = null;
      tellError(el, error);
    }
    busy = false;
  };

  // ---- what is shown

  const picture = h("div", { class: "w-picture" }, square.svg);
  const seen = s("image", { width: side, height: side,
    style: "image-rendering: pixelated" });
  const box = { viewBox: `0 0 ${side} ${side}`, role: "img" };
  const face = s("svg", { ...box, class: "w-seen",
    "aria-label": "what the networks read" }, seen);
  const map = coveringMap(data);
  const told = h("p", { role: "status", class: "w-told" });
  const heard = h("p", { class: "w-note w-heard", role: "status" });
  const measured = h("p", { class: "w-note w-measured" });

  const current = ({ picture: chosen }) => {
    if (chosen === "photo" || chosen === "camera") return own[chosen] ?? null;
    return fromPage(pictures[chosen], () => draw(controls.values));
  };
  const show = (canvas) => {
    const before = picture.querySelector("canvas");
    if (before !== canvas) {
      before?.remove();
      if (canvas) picture.prepend(canvas); // the square stays, and with it a drag
    }
    square.svg.style.visibility = canvas ? "visible" : "hidden";
  };
  const draw = (values) => {
    if (values.picture !== "camera") stopCamera();
    now.source = current(values);
    show(now.source?.canvas);
    nudges.disabled = !ask || !now.source;
    now.version += 1;
    now.face = now.source && framed(now.source.grey, frame(), side);
    now.said = atHome();
    now.nudging = [];
    cards.forEach((one, key) => {
      // Bars of a face before stay until the networks have read this one.
      if (!ask || !now.face) one.show(now.said.get(key));
      one.line.textContent = "";
    });
    if (now.source) square.draw(now.source);
    showFace();
    map.start(values);
    if (!ask || !own.camera) showMap();
    if (!ask || !now.face) tell(); // else when the networks have answered
    pump();
  };
  const atHome = () => {
    const k = controls.values.picture;
    if (!(k in pictures) || !home()) return new Map();
    return new Map(networks.map(({ key }, n) => [key, recorded[n].slice(
      k * classes.length, (k + 1) * classes.length).map((one) => one / 1000)]));
  };
  const showFace = () => {
    now.address = now.face ? painted(Array.from(now.face), side,
      ["#000000", "#ffffff"], 0, 255) : "";
    seen.setAttribute("href", now.address);
  };
  const showMap = () => map.draw({ plain: now.said.get(map.key), running: Boolean(ask),
    moving: Boolean(own.camera), address: now.address });
  const speed = () => {
    const each = networks.map(({ key }) => median(times.get(key)));
    const sum = each.reduce((one, other) => one + other);
    measured.textContent = `In this browser a face takes ${sum.toFixed(0)} ms, all `
      + `${networks.length} networks together: ${networks.map(({ title }, k) =>
        `${title} ${each[k].toFixed(1)}`).join(", ")}.`;
  };
  const tell = () => {
    const { picture: chosen } = controls.values;
    const where = { photo: "your photograph", camera: "your camera" }[chosen]
      ?? pictures[chosen].title;
    told.textContent = `Picture: ${where}. ${spoken(chosen)}`;
  };
  const spoken = (chosen) => {
    if (own.camera) return "The bars follow it.";
    if (chosen === "photo" && !own.photo) return "Choose one from your disk above.";
    if (chosen === "camera") return "Start it above.";
    const words = sentence(networks, classes, now.said);
    if (ask) return `${words}.`;
    if (words) return `Recorded when this page was built: ${words}.`;
    return "The networks have to run to answer here.";
  };

  // ---- photograph, camera, engine

  const stopCamera = () => {
    own.camera?.stop();
    delete own.camera;
    hold.hidden = true;
    watch.hidden = Boolean(reason);
  };
  const startCamera = async () => {
    heard.textContent = "";
    try {
      const made = await fromCamera();
      own.camera = made;
      controls.set({ picture: "camera", at: HOME });
      [hold.hidden, watch.hidden] = [false, true];
      const look = () => {
        if (own.camera !== made) return;
        if (!busy) { made.grab(); draw(controls.values); }
        requestAnimationFrame(look);
      };
      look();
    } catch (error) {
      heard.textContent = `The camera gave no picture (${error.message}). Allow it, or `
        + "choose a photograph or a rendered face: everything else goes on.";
    }
  };
  const holdPicture = () => {
    const { canvas, grey, frame: at } = own.camera;
    own.photo = { canvas, grey, frame: at, width: canvas.width, height: canvas.height };
    controls.set({ picture: "photo" });
  };
  const choosePhoto = async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    heard.textContent = "";
    try {
      own.photo = await fromFile(file);
      controls.set({ picture: "photo", at: HOME });
    } catch (error) {
      heard.textContent = `${file.name}: no picture that this browser can read `
        + `(${error.message}); choose another.`;
    }
  };
  const start = async () => {
    starting.disabled = true;
    try {
      ask = await startEngine(data, (text) => {
        heard.textContent = `Loading ${text} …`;
      });
      starting.hidden = true;
      heard.textContent = "";
      draw(controls.values);
    } catch (error) {
      starting.disabled = false;
      heard.textContent = `The networks did not start (${error.message}). `
        + "Reload the page, or go on with what was recorded.";
    }
  };
  const button = (text, onclick, hidden = false) => h("button", { type: "button",
    class: "w-screen", onclick, hidden }, text);
  const starting = button(`Start the networks (${megabytes(data.size)})`, start,
    Boolean(reason));
  const nudges = button("nudge the frame", () => {
    now.nudging = networks.map(({ key }) => key);
    pump();
  }, Boolean(reason));
  const watch = button("Start the camera", startCamera, Boolean(reason));
  const hold = button("Hold the picture", holdPicture, true);
  const file = h("label", { class: "w-screen" }, "Your own photograph ",
    h("input", { type: "file", accept: "image/*", onchange: choosePhoto }));

  const controls = panel("networks", {
    picture: choice("Picture", 0, [...pictures.map(({ title }, k) => [k, title]),
      ...(reason ? [] : [["photo", "your photograph"], ["camera", "your camera"]])]),
    network: choice("The map asks", networks[0].key,
      networks.map(({ key, title }) => [key, title])),
    window: choice("Side of the covering square", data.windows[1],
      data.windows.map((one) => [one, `${one} of ${side} px`])),
    at: { hidden: true, value: HOME, min: -MOST, max: MOST },
  }, (values) => draw(values));
  const [chosen, ...asked] = controls.element.children;
  body.append(
    h("p", { class: "w-note" }, reason || `Nothing leaves this page. The button fetches `
      + `the engine and ${networks.length} networks from where the book lies, `
      + `${megabytes(data.size)} (${megabytes(data.sent)} where the host compresses), `
      + "and your browser does the rest."),
    h("div", { class: "w-buttons" }, starting, watch, hold, ...(reason ? [] : [file])),
    heard,
    h("div", { class: "w-controls" }, chosen),
    h("div", { class: "w-row" },
      h("div", { class: "w-main" }, picture, h("div", { class: "w-buttons" },
        button("smaller", () => grow(1 / 1.1)), button("larger", () => grow(1.1)),
        button("as framed", () => controls.set({ at: HOME })), nudges)),
      h("div", { class: "w-next" },
        h("p", { class: "w-note" }, "Put the eyes on the circles. The networks read:"),
        face, told)),
    h("div", { class: "w-cards" }, ...[...cards.values()].map(({ element }) => element)),
    measured,
    ...(reason ? [] : [h("p", {}, h("b", {}, "Where a square changes the answer")),
      h("div", { class: "w-row" }, h("div", { class: "w-next" },
        h("div", { class: "w-controls" }, ...asked), map.told, map.legend),
      h("div", { class: "w-main" }, map.svg))]),
    h("p", { class: "w-note" }, "Drag the square, or use arrow keys (Shift: far), + and "
      + "−, two fingers, or the wheel once the square has the focus. Pictures are read "
      + `as ${side} x ${side} pixels of grey. ${data.note}`));
  addEventListener("pagehide", stopCamera);
  controls.start();
});
export default main;
