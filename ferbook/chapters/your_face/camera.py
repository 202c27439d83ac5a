"""A photograph from the reader's browser, on Colab.

Colab's own ``files.upload`` writes what it gets into a file; here the picture
comes as text and stays in memory.
"""

import base64
import importlib
import sys

from fer_lib.errors import FerError

# Both wait for the reader; a picture is drawn small before it is sent.
_SMALL = """\
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
"""
_UPLOAD = """\
const field = shown("input", { type: "file", accept: "image/*",
  ariaLabel: "A photograph of a face" });
try {
  await new Promise((done) => { field.onchange = done; });
  const image = await createImageBitmap(field.files[0]);
  return small(image, image.width, image.height);
} finally { field.remove(); }
"""
_WEBCAM = """\
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
"""
CAMERAS = {"upload": _UPLOAD, "webcam": _WEBCAM}


def script(how: str) -> str:
    """JavaScript whose value is ``{image: "data:..."}`` or ``{error: "..."}``."""
    return (
        f"(async () => {{\n{_SMALL}{CAMERAS[how]}}})()"
        ".catch((error) => ({ error: error.message }))"
    )


def take(how: str) -> bytes:
    """A JPEG file's bytes by ``"upload"`` or ``"webcam"``.

    Raises:
        FerError: outside of Colab, or when the browser gives no picture.
    """
    if "google.colab" not in sys.modules:
        raise FerError(
            f"photo is '{how}', which works on Colab alone; give the path of a picture."
        )
    found = importlib.import_module("google.colab.output").eval_js(script(how))
    if "error" in found:
        raise FerError(
            f"photo is '{how}': the browser gave no picture ({found['error']}); allow "
            "it, or give the path of a picture."
        )
    return base64.b64decode(found["image"].partition(",")[2])
