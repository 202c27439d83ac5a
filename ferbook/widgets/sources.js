// Where pictures come from: the page, a file, the camera.  Each is a canvas, its grey
// values, and the frame { left, top, side } from which a reader goes on.

import { h } from "./base.js";
import { greyOf } from "./square.js";

const LARGEST = 1024; // pixels of a photograph's longer side; larger ones are reduced
const MIDDLE = 0.7; // side of the first frame, as a share of the shorter side

/** A drawn picture: what is painted on a canvas of that size. */
function drawn(width, height, frame, paint) {
  const canvas = h("canvas", { width, height, role: "img", "aria-label": "the picture" });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const made = { canvas, width, height, frame, grab: () => {
    paint(context);
    made.grey = greyOf(canvas);
  } };
  made.grab();
  return made;
}

/** A square in the middle. */
function middle(width, height) {
  const side = MIDDLE * Math.min(width, height);
  return [(width - side) / 2, (height - side) / 2, side];
}

const loaded = new Map();

/** A picture of the page, or null and later(), once it is there. */
export function fromPage({ image, frame }, later) {
  if (!loaded.has(image)) {
    loaded.set(image, null);
    const shown = h("img", { src: image });
    shown.decode().then(() => {
      loaded.set(image, drawn(shown.naturalWidth, shown.naturalHeight, frame,
        (context) => context.drawImage(shown, 0, 0)));
      later();
    });
  }
  return loaded.get(image);
}

/** A reader's photograph. */
export async function fromFile(file) {
  const photo = await createImageBitmap(file);
  const scale = Math.min(1, LARGEST / Math.max(photo.width, photo.height));
  const sides = [photo.width, photo.height].map((one) => Math.round(one * scale));
  return drawn(...sides, middle(...sides), (context) => {
    context.imageSmoothingQuality = "high";
    context.drawImage(photo, 0, 0, ...sides);
  });
}

/** The camera, as a mirror; grab() takes the next picture, stop() frees it. */
export async function fromCamera() {
  if (!navigator.mediaDevices) throw new Error("this address may not use one");
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "user", width: { ideal: 640 } } });
  const video = h("video", { muted: true, playsinline: true });
  video.srcObject = stream;
  await video.play();
  const sides = [video.videoWidth, video.videoHeight];
  const made = drawn(...sides, middle(...sides), (context) => {
    context.setTransform(-1, 0, 0, 1, sides[0], 0);
    context.drawImage(video, 0, 0);
  });
  made.stop = () => stream.getTracks().forEach((track) => track.stop());
  return made;
}
