"""What errors about networks, faces and explanations say to do is done, and works."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_files import draw, refused
from known_networks import smoke, some_faces

import fer_lib
from fer_lib.crops import crop_boxes
from fer_lib.data import load
from fer_lib.data.faceset import FaceSet
from fer_lib.data.fitted_landmarks import annotated
from fer_lib.data.folds import deal, shares, subject_folds
from fer_lib.device import choose_device
from fer_lib.errors import FerError
from fer_lib.evaluation.calibration import sure_from, temperature
from fer_lib.explain.landmarks import landmark_drift
from fer_lib.losses import region_loss
from fer_lib.models.residual_masking import MaskingBlock

NETWORK = fer_lib.load("deep_emotion")
FACES = some_faces()


@dataclass(frozen=True)
class Advice:
    """What is refused, what is said to do, and doing it; both take a folder."""

    wrong: Callable[[Path], object]
    words: str
    follow: Callable[[Path], object]


def face_set(**columns) -> FaceSet:
    splits = np.array(["Test"] * len(FACES))
    faces = FaceSet("drawn", FACES, np.arange(len(FACES)), splits, "drawn.")
    return replace(faces, **columns)


def foreign(folder: Path) -> Path:
    """A backbone's weights as other projects save them."""
    path = folder / "theirs.pth"
    tensors = smoke("ramn").backbone.state_dict()
    torch.save({"state_dict": {f"module.{k}": v for k, v in tensors.items()}}, path)
    return path


def rage(folder: Path) -> Path:
    """A folder of images by class, one of a name that is not known."""
    for name in ("rage", "happy"):
        (folder / name).mkdir(exist_ok=True)
        draw(folder / name / "1.png", len(name))
    return folder


def with_landmarks() -> FaceSet:
    points = np.random.default_rng(0).uniform(8, 40, (len(FACES), 68, 2))
    return face_set(landmarks=points.astype(np.float32))


ADVICE = {
    "an option that needs another": Advice(
        lambda _: fer_lib.build("deep_emotion", localisation="on_features"),
        "it cannot warp the input; use warp='features'.",
        lambda _: smoke("deep_emotion", localisation="on_features", warp="features"),
    ),
    "classes counted otherwise": Advice(
        lambda _: fer_lib.build("ramn", 3, classes=["sad", "happy"]),
        "leave num_classes out", lambda _: smoke("ramn", classes=["sad", "happy"]),
    ),
    "a size of a trained network": Advice(
        lambda _: fer_lib.build("ramn", pretrained=True, preset="smoke"),
        "leave them out", lambda _: fer_lib.build("ramn", pretrained=True),
    ),
    "another project's weights": Advice(
        lambda folder: fer_lib.load(foreign(folder)), "build(..., pretrained=FILE)",
        lambda folder: smoke("ramn", pretrained=foreign(folder)),
    ),
    "a masking block too deep": Advice(
        lambda _: MaskingBlock(4, 4)(torch.zeros(2, 4, 4, 4)), "make it less deep",
        lambda _: MaskingBlock(4, 3)(torch.zeros(2, 4, 4, 4)),
    ),
    "one face": Advice(
        lambda _: fer_lib.predict(NETWORK, FACES[0]), "for example faces[None]",
        lambda _: fer_lib.predict(NETWORK, FACES[0][None]),
    ),
    "no face": Advice(
        lambda _: fer_lib.predict(NETWORK, []), "give a photograph or a face at least",
        lambda _: fer_lib.predict(NETWORK, FACES[:1]),
    ),
    "channels last": Advice(
        lambda _: fer_lib.predict(NETWORK, FACES.transpose(0, 2, 3, 1)),
        "numpy's transpose(0, 3, 1, 2)",
        lambda _: fer_lib.predict(
            NETWORK, FACES.transpose(0, 2, 3, 1).transpose(0, 3, 1, 2)
        ),
    ),
    "whole numbers of another kind": Advice(
        lambda _: fer_lib.predict(NETWORK, FACES.astype(int)), ".astype('uint8')",
        lambda _: fer_lib.predict(NETWORK, FACES.astype(int).astype("uint8")),
    ),
    "floats up to 255": Advice(
        lambda _: fer_lib.predict(NETWORK, FACES.astype(float)), "divide by 255",
        lambda _: fer_lib.predict(NETWORK, FACES.astype(float) / 255),
    ),
    "an empty folder": Advice(
        lambda folder: fer_lib.predict(NETWORK, folder), "give a folder of photographs",
        lambda folder: [draw(folder / "1.png", 0), [*folder.iterdir()]],
    ),
    "labelled faces in a folder without any": Advice(
        lambda folder: fer_lib.evaluate(NETWORK, folder),
        "found none with images; name the folder above them",
        lambda folder: fer_lib.evaluate(NETWORK, renamed(rage(folder))),
    ),
    "a class of another name": Advice(
        lambda folder: fer_lib.evaluate(NETWORK, rage(folder)),
        "load('folder', root, classes={'rage': 'happy'})",
        lambda folder: fer_lib.evaluate(
            NETWORK, load("folder", folder, classes={"rage": "happy"})
        ),
    ),
    "a label that it does not know": Advice(
        lambda _: fer_lib.evaluate(NETWORK, face_set(labels=np.full(3, 7))),
        "take a network that knows them",
        lambda _: fer_lib.evaluate(
            smoke("ramn", num_classes=8), face_set(labels=np.full(3, 7))
        ),
    ),
    "a method's name": Advice(
        lambda _: fer_lib.explain(NETWORK, FACES, "gradcam"), "did you mean grad_cam",
        lambda _: fer_lib.explain(NETWORK, FACES, "Grad-CAM"),
    ),
    "parts of faces without landmarks": Advice(
        lambda _: fer_lib.explain(NETWORK, FACES, "shapley_parts"),
        "take faces with landmarks or another method",
        lambda _: fer_lib.explain(NETWORK, with_landmarks(), "shapley_parts"),
    ),
    "no attention": Advice(
        lambda _: fer_lib.explain(smoke("ramn", crops=0), FACES, "attention"),
        "it has one region alone; choose another way",
        lambda _: fer_lib.explain(smoke("ramn", crops=0), FACES, "grad_cam"),
    ),
    "drift without landmarks": Advice(
        lambda _: landmark_drift(smoke("part_ensemble"), face_set()),
        "fit them with annotated()",
        lambda _: landmark_drift(
            smoke("part_ensemble", keep_localisers=True), annotated(face_set())
        ),
    ),
    "a device that is not there": Advice(
        lambda _: choose_device("cuda"), "use device='cpu'",
        lambda _: choose_device("cpu"),
    ),
    "faces too small to crop": Advice(
        lambda _: crop_boxes(5, 7), "resize first", lambda _: crop_boxes(5, 8),
    ),
    "answers that are all right": Advice(
        lambda _: temperature(np.eye(7), np.arange(7)), "expected some right ones",
        lambda _: temperature(np.eye(7), np.array([0, 1, 2, 3, 4, 5, 0])),
    ),
    "a threshold that nothing reaches": Advice(
        lambda _: sure_from(np.eye(7), np.array([1] * 7), 0.9), "ask for less",
        lambda _: sure_from(np.eye(7), np.array([1] * 7), 0.1),
    ),
    "a weight that cannot be": Advice(
        lambda _: region_loss(torch.rand(2, 6), beta=-1.0), "change beta",
        lambda _: region_loss(torch.rand(2, 6), beta=0.1),
    ),
    "more people asked for than there are": Advice(
        lambda _: subject_folds(np.arange(4), 5), "use fewer folds or more people",
        lambda _: [subject_folds(np.arange(4), 4), subject_folds(np.arange(5), 5)],
    ),
    "more faces asked for than there are": Advice(
        lambda _: shares([2, 1], 4), "use more faces", lambda _: shares([2, 2], 4),
    ),
    "more faces of a class than there are": Advice(
        lambda _: deal(np.zeros(2, int), [[3]]), "use more faces",
        lambda _: deal(np.zeros(3, int), [[3]]),
    ),
}  # fmt: skip


def renamed(folder: Path) -> Path:
    (folder / "rage").rename(folder / "angry")
    return folder


@pytest.mark.parametrize("case", ADVICE)
def test_what_is_said_works(tmp_path, monkeypatch, case):
    monkeypatch.setenv("FER_CACHE", str(tmp_path / ".cache"))
    one = ADVICE[case]
    with pytest.raises(FerError) as caught:
        one.wrong(tmp_path)
    told = str(caught.value)
    assert one.words in told and not told.endswith("..")
    assert one.follow(tmp_path) is not None


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("deep_emotion", {"input_size": 20}, "Deep-Emotion: input_size is 20"),
        ("ramn", {"crops": 3}, "crops: count is 3, expected one of 0, 4"),
        ("ramn", {"branch_features": 0}, "branch_features is 0, expected 1 or more"),
        ("deep_emotion", {"dropout": 3.0}, "with num_classes=7, dropout=3.0: "),
    ],
)
def test_what_cannot_be_built_is_told_once_and_ends_in_one_full_stop(
    name, options, told
):
    sentence = refused(fer_lib.build, name, **options)
    assert told in sentence and sentence.endswith(".") and ".." not in sentence
    assert sentence.count(": ") < 3
