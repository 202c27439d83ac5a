// A photograph from the reader's disk or camera, on Colab, drawn small before it
// is sent.  Both ways wait for the reader.

const small = (image, width, height) => {
  const scale = Math.min(1, 1280 / Math.max(width, height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height].map((side) => side * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return { image: canvas.toDataURL("image/jpeg", 0.95) };
};
const shown = (tag, values) => {
  const made = Object.assign(document.createElement(tag), values);
  document.body.append(made);
  window.google?.colab?.output?.setIframeHeight(
    document.documentElement.scrollHeight, true);
  return made;
};
const upload = async () => {
  const field = shown("input", { type: "file", accept: "image/*",
    ariaLabel: "A photograph of a face" });
  try {
    await new Promise((done) => { field.onchange = done; });
    const image = await createImageBitmap(field.files[0]);
    return small(image, image.width, image.height);
  } finally { field.remove(); }
};
const webcam = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true });
  const video = shown("video", { muted: true, srcObject: stream,
    style: "display: block; max-width: 100%", ariaLabel: "Picture of the camera" });
  const button = shown("button", { textContent: "Take the photograph" });
  try {
    await video.play();
    await new Promise((done) => { button.onclick = done; });
    return small(video, video.videoWidth, video.videoHeight);
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    video.remove(), button.remove();
  }
};
