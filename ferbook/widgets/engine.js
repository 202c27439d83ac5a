// Networks in a worker of the page: they are asked, and answer one after another.

/**
 * Start the engine; heard(text) is told how far it is.
 *
 * Resolves to ask(faces, names, answered): what each named network gives to faces,
 * pixels 0 to 255 in one array; answered(name, { shares, ms }) is told as they come,
 * shares by face and class, ms a face.
 */
export async function startEngine({ folder, networks, side }, heard) {
  const place = new URL(folder, document.baseURI);
  const worker = new Worker(new URL("worker.js", place), { type: "module" });
  const open = new Map(); // questions that wait, by number
  let count = 0;
  const question = (asked, told) => new Promise((done, failed) => {
    open.set(count += 1, { told, done, failed });
    worker.postMessage({ ...asked, number: count });
  });
  worker.onmessage = ({ data: { number, error, done, ...answer } }) => {
    const waiting = open.get(number);
    if (done || error) open.delete(number);
    if (error) waiting.failed(new Error(error));
    else if (done) waiting.done();
    else waiting.told(answer);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    const why = new Error(event.message || `${place.href}worker.js was not found`);
    for (const { failed } of open.values()) failed(why);
  };
  const files = networks.map(({ key, file }) => ({ name: key, file }));
  await question({ files, side }, ({ text }) => heard(text));
  return (faces, names, answered) => question({ faces, names },
    ({ name, ...found }) => answered(name, found));
}

/** Why networks cannot run here, or "" where they can. */
export function whyNot(engine) {
  if (!engine) {
    return "The engine could not be fetched when this page was built, so that the "
      + "networks cannot run here. Shown is what they said when it was built.";
  }
  if (location.protocol === "file:") {
    return "This page was opened as a file, and a browser lets no file fetch others. "
      + "Open the book with: make read. Shown is what was recorded.";
  }
  return "";
}

/** Bytes as megabytes. */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
