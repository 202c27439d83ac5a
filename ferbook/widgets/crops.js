// Sub-images of a face: boxes, crops, what they share, and what RAMN weighs.

import { choice, h, largest, panel, put, s, tellError, widget } from "./base.js";

const COLOURS = ["#e69f00", "#56b4e9", "#d55e00", "#f0e442", "#009e73"];
const DASHES = ["none", "7 4", "2 3", "9 3 2 3"];
const PHOTO = 192; // side of an own photograph as it is drawn and sent, in pixels

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const width = (share) => `${100 * share}%`; // of a bar

/** A square from the middle of a photograph, as pixels that stay here. */
async function squareOf(file) {
  const photo = await createImageBitmap(file);
  const side = Math.min(photo.width, photo.height);
  const canvas = h("canvas", { width: PHOTO, height: PHOTO });
  canvas.getContext("2d").drawImage(photo, (photo.width - side) / 2,
    (photo.height - side) / 2, side, side, 0, 0, PHOTO, PHOTO);
  return canvas;
}

/** Bytes red, green, blue of every pixel, as text that JSON can hold. */
function bytesOf(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, PHOTO, PHOTO);
  const kept = data.filter((_, k) => k % 4 < 3);
  let text = "";
  for (const value of kept) text += String.fromCharCode(value);
  return btoa(text);
}

function picture(size) {
  const image = s("image", { width: size, height: size, preserveAspectRatio: "none" });
  return { image, svg: s("svg", { viewBox: `0 0 ${size} ${size}` }, image) };
}

const main = widget("crops", ({ data, body, model }) => {
  const { size, names, counts, scales, faces, network } = data;
  const live = Boolean(model.get("live"));
  let photo = null; // { canvas, answers by number of sub-images } of the reader
  const large = picture(size);
  large.svg.setAttribute("role", "img");
  const frames = names.slice(1).map((_, k) => s("rect", { fill: "none",
    "stroke-width": 3, stroke: COLOURS[k % COLOURS.length],
    "stroke-dasharray": DASHES[k % DASHES.length],
    "vector-effect": "non-scaling-stroke" }));
  large.svg.append(...frames);
  const crops = names.map((name, k) => {
    const { image, svg } = picture(size);
    svg.style.borderColor = k ? COLOURS[(k - 1) % COLOURS.length] : "transparent";
    const [text, bar] = [h("span"), h("span", { class: "w-bar" })];
    const button = h("button", { type: "button", "data-region": k,
      onclick: () => controls.set({ mark: controls.values.mark === k ? 0 : k }) },
      svg, text, bar);
    return { image, svg, text, bar, button };
  });
  const told = h("p", { role: "status", class: "w-told" });
  const note = h("p", { class: "w-note" });
  const rows = h("tbody");
  const answers = h("div", { class: "w-answers", role: "group",
    "aria-label": "the network's answer for each number of sub-images" });

  const ask = (scale) => {
    photo.answers = null;
    model.send({ scale, side: PHOTO, pixels: bytesOf(photo.canvas),
      number: photo.number = (photo.number ?? 0) + 1 });
  };
  /** Weights and probabilities: of the grid, or the kernel's, or null. */
  const found = ({ face, count, scale }) => {
    const [at, of] = [scales.indexOf(scale), counts.indexOf(count)];
    if (face === "photo") return photo?.answers?.[of] ?? null;
    if (!network) return null;
    return { weights: network.weights[at][face][of],
      probabilities: network.probabilities[at][face][of] };
  };

  const draw = (values) => {
    const { face, count, scale, mark } = values;
    const at = scales.indexOf(scale);
    const boxes = data.boxes[at];
    const own = face === "photo";
    const href = own ? photo?.canvas.toDataURL() ?? "" : faces[face].image;
    const said = found(values);
    large.image.setAttribute("href", href);
    const who = own ? "your photograph" : faces[face].title;
    large.svg.setAttribute("aria-label", `${who} with the boxes of`
      + ` ${count} sub-images at scale ${scale.toFixed(2)}`);
    frames.forEach((frame, k) => {
      const [left, top, right, bottom] = boxes[k + 1];
      const inset = 0.006 * size * (k % 5 + 1); // so that edges do not hide others
      put(frame, { x: left + inset, y: top + inset, width: right - left - 2 * inset,
        height: bottom - top - 2 * inset, visibility: k < count ? "visible" : "hidden",
        opacity: !mark || mark === k + 1 ? 1 : 0.15 });
    });
    crops.forEach(({ image, svg, text, bar, button }, k) => {
      const [left, top, right, bottom] = boxes[k];
      image.setAttribute("href", href);
      svg.setAttribute("viewBox", `${left} ${top} ${right - left} ${bottom - top}`);
      button.hidden = k > count;
      button.setAttribute("aria-pressed", k > 0 && mark === k);
      const weight = said?.weights[k];
      const number = weight === undefined ? "" : ` ${weight.toFixed(3)}`;
      text.textContent = names[k] + number;
      bar.style.width = width(weight ?? 0);
    });
    const [covered, all, mean] = data.areas[at][counts.indexOf(count)];
    told.textContent = `${count} sub-images cover ${percent(covered)} of the face; `
      + `${percent(all)} lie in every one of them; a pixel is in `
      + `${mean.toFixed(2)} of them on average.${said ? prediction(said) : ""}`;
    rows.replaceChildren(...(said ? network.classes : []).map((name, k) => h("tr", {},
      h("th", { scope: "row" }, name), h("td", {}, percent(said.probabilities[k])),
      h("td", { style: "width: 8rem" }, h("span", { class: "w-bar",
        style: `width: ${width(said.probabilities[k])}` })))));
    drawAnswers(values);
    note.textContent = own ? photoNote() : data.note;
  };
  /** What the network says with each number of sub-images; one to press each. */
  const drawAnswers = (values) => {
    const given = counts.map((count) => [count, found({ ...values, count })])
      .filter(([, said]) => said);
    answers.replaceChildren(...given.map(([count, { probabilities: shares }]) => {
      const best = largest(shares);
      return h("button", { type: "button", "data-count": count,
        "aria-pressed": String(count === values.count),
        onclick: () => {
          controls.set({ count });
          answers.querySelector(`[data-count="${count}"]`).focus();
        } }, h("span", {}, `${count} sub-images`), h("strong", {}, network.classes[best]),
      h("span", { class: "w-bar", style: `width: ${width(shares[best])}` }),
      percent(shares[best]));
    }));
  };
  const prediction = ({ probabilities: shares }) => {
    const best = largest(shares);
    return ` The network says ${network.classes[best]}, ${percent(shares[best])}.`;
  };
  const photoNote = () => {
    if (!photo) return "Choose a photograph, cut to the face, above.";
    if (live && network) return "The photograph went to the kernel that runs this "
      + "notebook: your own machine with Jupyter, Google's on Colab.";
    return "The photograph is drawn by this page and never leaves your machine. "
      + "The network is asked where a kernel runs.";
  };

  const step = Number((scales[1] - scales[0]).toFixed(6));
  const controls = panel("crops", {
    face: choice("Face", 0, [...faces.map(({ title }, k) => [k, title]),
      ["photo", "your own photograph"]]),
    count: choice("Sub-images", 5, counts.map((one) => [one, one])),
    scale: { label: "Scale of their sides", unit: "×", value: 1, min: scales[0],
      max: scales.at(-1), step },
    mark: { hidden: true, value: 0, options: names.map((_, k) => [k, ""]) },
  }, (values) => {
    if (values.face === "photo" && photo && live && network) {
      if (photo.asked !== values.scale) {
        photo.asked = values.scale;
        ask(values.scale);
      }
    }
    draw(values);
  });
  const el = body.parentElement;
  const own = h("label", {}, "Your own photograph", h("input", { type: "file",
    accept: "image/*", onchange: async (event) => {
      try {
        if (!event.target.files.length) return;
        photo = { canvas: await squareOf(event.target.files[0]) };
        controls.set({ face: "photo" });
      } catch (error) {
        const why = `no picture that this browser can read (${error.message})`;
        tellError(el, new Error(why));
      }
    } }));
  if (live) {
    model.on("msg:custom", (answer) => {
      if (answer.error) tellError(el, new Error(answer.error));
      if (answer.number !== photo?.number) return; // an older question's
      photo.answers = answer.answers ?? null;
      draw(controls.values);
    });
  }
  controls.element.append(own);
  body.append(controls.element,
    h("div", { class: "w-row" }, h("div", { style: "flex: 1 1 15rem" }, large.svg),
      h("div", { class: "w-crops", role: "group",
        "aria-label": "regions; press one to find its box" },
      ...crops.map(({ button }) => button))),
    answers, told, h("table", {}, rows), note);
  controls.start();
});
export default main;
