// Runs networks off the page's own thread, so that the page stays responsive.

import * as ort from "./ort.js";

ort.env.wasm.numThreads = 1; // more would need headers that plain hosts do not send

const sessions = new Map();
let side = 0;

const tensor = (pixels) => new ort.Tensor("float32", pixels, [1, 1, side, side]);

async function load({ number, files, side: pixels }) {
  side = pixels;
  const here = (file) => new URL(file, import.meta.url).href;
  ort.env.wasm.wasmPaths = { wasm: here("ort.wasm") };
  for (const [k, { name, file }] of files.entries()) {
    const text = `${k ? "" : "the engine and "}network ${k + 1} of ${files.length}`;
    postMessage({ number, text });
    const session = await ort.InferenceSession.create(here(file));
    await session.run({ face: tensor(new Float32Array(side * side)) }); // warms up
    sessions.set(name, session);
  }
}

async function read({ number, faces, names }) {
  const size = side * side;
  for (const name of names) {
    const [shares, start] = [[], performance.now()];
    for (let at = 0; at < faces.length; at += size) {
      const face = tensor(faces.subarray(at, at + size));
      const { probabilities } = await sessions.get(name).run({ face });
      shares.push(Array.from(probabilities.data));
    }
    const ms = (performance.now() - start) / shares.length;
    postMessage({ number, name, shares, ms });
  }
}

let last = Promise.resolve(); // one question after another
onmessage = ({ data }) => {
  last = last.then(() => (data.files ? load(data) : read(data))).then(
    () => postMessage({ number: data.number, done: true }),
    (error) => postMessage({ number: data.number, error: String(error.message ?? error) }),
  );
};
