"""A photograph of the reader's, and the face in it.

Nothing here writes a file or asks another machine: a photograph lives in the
memory of the kernel that runs the notebook.  Colab's own ``files.upload`` writes
what it gets into a file; here a picture comes from the browser as text.
"""

import base64
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.data import astronaut

from fer_lib.errors import FerError
from fer_lib.landmarks import FIVE_PARTS
from fer_lib.photos.alignment import eye_similarity, move_points, warp_face
from fer_lib.photos.detection import Box, find_faces
from fer_lib.photos.ert import fit_landmarks
from fer_lib.photos.faces import LEAST, SURE
from fer_lib.photos.images import LUMA, read_image

ASTRONAUT = "skimage.data.astronaut(), NASA, public domain."
SIDE = 48  # pixels, grey: what the faces are that the networks learned from
# Medians over the rendered faces that they learned from, shares of the side:
# how far apart the centres of the eyes are, and how far from the top.
EYES_APART, EYES_DOWN = 0.34, 0.28
MOST = 1600  # pixels of a photograph's longer side; larger ones are reduced
DARKEST = 50  # of 255: the brightest twentieth of a face has to reach it


CAMERAS = ("upload", "webcam")  # functions in camera.js


@dataclass(frozen=True)
class View:
    """How a face is looked at; the default is straight on."""

    # Side of the frame over the side that the networks are used to; above 1
    # more of the surroundings shows.
    crop: float = 1.0
    right: float = 0.0  # where the frame moves, as a share of its side
    down: float = 0.0
    mirror: bool = False
    blur: float = 0.0  # standard deviation of a Gaussian, in pixels of a face of 48
    # Left, top, right, bottom of a rectangle in the face's mean grey; shares.
    cover: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """A face in a photograph."""

    photo: np.ndarray  # uint8 [H, W, 3]
    box: Box  # the detector's, left, top, right, bottom in pixels
    score: float  # how sure the detector is, above 0
    points: np.ndarray  # landmarks float32 [68, 2] in pixels, iBUG order

    def frame(self, side: int = SIDE) -> np.ndarray:
        """The similarity ``[2, 3]`` to a face framed as the networks know it."""
        return eye_similarity(self.points, side, distance=EYES_APART, height=EYES_DOWN)

    def see(self, views: Sequence[View] = (View(),), side: int = SIDE) -> np.ndarray:
        """The face in some views, grey ``uint8 [N, 1, side, side]``."""
        grey = np.rint(self.photo @ LUMA).astype(np.uint8)
        return seen(grey, self.frame(side), views, side)

    def height_of(self, part: str) -> float:
        """Of one of the five parts in the frame, 0 at the top, 1 at the bottom."""
        moved = move_points(self.points[slice(*FIVE_PARTS[part])], self.frame(1))
        return float(moved[:, 1].mean()) + 0.5  # a pixel's centre lies at 0


def load_photo(photo: str = "") -> np.ndarray:
    """A photograph ``uint8 [H, W, 3]`` of :data:`MOST` pixels at most, turned upright.

    A path, nothing for the astronaut, or on Colab ``"upload"`` or ``"webcam"``.

    Raises:
        FerError: when there is no such file, or it is no picture.
    """
    if not photo:
        return astronaut()
    if photo in CAMERAS:
        return decoded(take(photo), f"the {photo}")
    path = Path(photo).expanduser()
    if not path.is_file():
        raise FerError(f"photo is '{photo}': no such file; give the path of a picture.")
    return decoded(path, path.name)


def decoded(content: bytes | Path, name: str) -> np.ndarray:
    """Pixels ``uint8 [H, W, 3]`` of an image file; the name is for messages."""
    image = Image.fromarray(read_image(content, 3, name).transpose(1, 2, 0))
    image.thumbnail((MOST, MOST))
    return np.asarray(image)


def find_one(photo: np.ndarray, which: int = 0) -> Found:
    """The face in a photograph, large and bright enough to be read.

    Of several the ``which``-th from the left, from 1; 0 expects one.  A detection below
    :data:`~fer_lib.photos.faces.SURE`, or less than half as sure as the surest, is
    a false alarm.

    Raises:
        FerError: when there is none, several, or the one is small or dark.
    """
    faces = find_faces(photo)
    faces = [one for one in faces if one.score >= max(SURE, faces[0].score / 2)]
    faces.sort(key=lambda one: one.box[0])
    if not faces:
        height, width = photo.shape[:2]
        raise FerError(
            f"photo: no face found in {width} x {height} pixels, expected one that "
            "looks at the camera, upright and in good light; take another one."
        )
    if (not which and len(faces) > 1) or which > len(faces):
        lefts = ", ".join(str(one.box[0]) for one in faces)
        raise FerError(
            f"photo: found {len(faces)} face{'s' * (len(faces) > 1)} (left edges at "
            f"{lefts} pixels), parameter 'face' is {which}; set it to 1 for the first "
            "from the left, and so on."
        )
    box, score = faces[max(which, 1) - 1]
    if box[2] - box[0] < LEAST:
        raise FerError(
            f"photo: the face is {box[2] - box[0]} pixels wide, expected {LEAST} or "
            "more; come closer, or use a larger picture."
        )
    found = Found(photo, box, score, fit_landmarks(photo, box))
    bright = np.percentile(found.see(), 95)
    if bright < DARKEST:
        raise FerError(
            f"photo: the face is dark, its brightest twentieth begins at {bright:.0f} "
            f"of 255, expected {DARKEST} or more; take it in more light."
        )
    return found


def whereabouts(photo: str) -> str:
    """Where a photograph is, and what becomes of it, in a few sentences."""
    if not photo:
        return ASTRONAUT
    where = "Google's, as this is Colab" if "google.colab" in sys.modules else "yours"
    return (
        "The photograph is in the memory of the machine that runs this notebook "
        f"({where}), and nothing here writes it to a file or sends it on. The "
        "figures below are saved with the notebook: clear its outputs before you "
        "pass it on."
    )


def seen(
    image: np.ndarray, frame: np.ndarray, views: Sequence[View], side: int = SIDE
) -> np.ndarray:
    """Views ``uint8 [N, 1, side, side]`` of a grey image ``[H, W]``.

    ``frame`` is the similarity ``[2, 3]`` that takes it to a face of ``side``; beyond
    the image its border is repeated.
    """
    return np.stack([_see(image, frame, view, side) for view in views])


def _see(image: np.ndarray, frame: np.ndarray, view: View, side: int) -> np.ndarray:
    middle = (side - 1) / 2
    moved = frame.copy()
    moved[:, 2] -= middle + side * np.array([view.right, view.down])
    moved = moved / view.crop  # about the middle of the moved frame
    moved[:, 2] += middle
    face = warp_face(image, moved, side)
    if view.blur:
        blurred = gaussian_filter(face.astype(float), (0, *[view.blur * side / 48] * 2))
        face = np.rint(blurred).astype(np.uint8)
    if view.cover:
        left, top, right, bottom = (round(side * share) for share in view.cover)
        rows, columns = slice(max(top, 0), bottom), slice(max(left, 0), right)
        face[:, rows, columns] = round(face.mean())
    return face[..., ::-1] if view.mirror else face


def script(how: str) -> str:
    """JavaScript whose value is ``{image: "data:..."}`` or ``{error: "..."}``."""
    source = files(__package__).joinpath("camera.js").read_text(encoding="utf-8")
    return (
        f"(async () => {{\n{source}return await {how}();\n}})()"
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
