"""Every explorer, over networks and records whose answers a test can compute."""

import numpy as np
import torch
from drawn_faces import noise
from small_ledgers import small_ledger
from torch import nn

from fer_lib.data.faceset import FaceSet
from fer_lib.explain.occlusion import filling
from fer_lib.expressions import EXPRESSIONS
from fer_lib.models import build
from fer_lib.models.network import Network, logits_of
from fer_lib.preprocessing import Preprocessing
from fer_lib.rendered.portrait import render_face
from ferbook import widgets
from ferbook.chapters.explanations.guess import guess_explorer
from ferbook.chapters.your_face.frame import frame_explorer
from ferbook.chapters.your_face.photograph import Found
from ferbook.widgets.masking import KINDS
from ferbook.widgets.networks import Files, Picture

# ---- occlusion: every pixel weighs something for each of four classes

SIDE, WINDOWS = 36, (5, 9)  # the steps of 2 leave a rest of 1
SQUARED = noise(2, SIDE)


class Weighed(Network):
    NAME = "weighed pixels"

    def __init__(self):
        super().__init__()
        self.input = Preprocessing(size=SIDE, channels=1, mean=0.4, std=0.5)
        self.classes = EXPRESSIONS[:4]
        self.fc = nn.Linear(SIDE**2, 4)
        draw = torch.Generator().manual_seed(5)
        with torch.no_grad():
            self.fc.weight.copy_(0.08 * torch.randn(4, SIDE**2, generator=draw))
            self.fc.bias.zero_()

    def forward(self, x):
        return self.fc(x.flatten(1))


WEIGHED = Weighed().eval()


def said_under(network, image, top=0, left=0, window=0, fill="zero"):
    """Probabilities ``[classes]`` of an image, a square of it covered."""
    unit = network.input.to_unit(image[None]).clone()
    inside = np.s_[..., top : top + window, left : left + window]
    if window:
        unit[inside] = 0 if fill == "zero" else filling(unit, fill, window)[inside]
    with torch.inference_mode():
        logits = logits_of(network(network.input.normalise(unit)))
    return (logits / network.temperature).softmax(1)[0].double().numpy()


# ---- masking: an untrained narrow network whose masks vary from place to place

SIDES, CHANNELS = (16, 8, 4, 2), (2, 4, 8, 16)
MASKED = noise(4, 48)
TITLES = ("one", "two\nread as sad", "three", "four")


def masked(variant="default"):
    torch.manual_seed(0)
    network = build("residual_masking", preset="smoke", variant=variant).eval()
    with torch.no_grad():
        for weights in network.masking.parameters():
            weights.copy_(0.3 * torch.randn_like(weights))
        network.fc.weight.mul_(40)
        network.fc.bias -= network(network.input(MASKED)).mean(0)
    return network


def by_kind(network):
    """Stages and probabilities of networks that are built with each activation."""
    found = {}
    for kind in KINDS:
        variant = "default" if kind == "softmax" else kind
        other = build("residual_masking", preset="smoke", variant=variant).eval()
        other.load_state_dict(network.state_dict(), strict=False)
        with torch.inference_mode():
            x = other.input(MASKED)
            found[kind] = other.stages(x), other(x).softmax(1).numpy()
    return found


# ---- crops: an untrained RAMN whose attention differs from region to region


def attentive_ramn():
    torch.manual_seed(1)
    network = build("ramn", preset="smoke").eval()
    with torch.no_grad():
        layer = network.attention.fc
        x = network.input(noise(14, 48))
        scores = layer(network.region_features(x))
        layer.weight /= scores.std()
        layer.bias.copy_((layer.bias - scores.mean()) / scores.std())
    return network


# ---- folds: recordings of noise, each person with a pattern of their own


def recorded(people=9, sequences=4, frames=5):
    """Faces of people in recordings, and features in which both can be told."""
    draw = np.random.default_rng(4)
    who, which, at = (one.ravel() for one in np.indices((people, sequences, frames)))
    labels = np.where(at == 0, 6, which)
    signs = 3 * np.eye(7)[labels] * draw.uniform(0, 1, (len(labels), 1))
    own = draw.normal(size=(people * sequences, 12))[who * sequences + which]
    features = np.hstack([signs, own + 0.05 * draw.normal(size=own.shape)])
    faces = FaceSet(
        images=draw.integers(0, 256, (len(labels), 1, 12, 12), dtype=np.uint8),
        labels=labels,
        splits=np.full(len(labels), "all"),
        name="recordings",
        provenance="noise",
        rendered=True,
        subjects=who + 3,
        sequences=which + 1,
    )
    return faces, features


# ---- frame: a rendered face, whose landmarks are known, and two networks


def framed():
    """Networks by name, and the face around which frames are moved."""
    face = render_face(2, "surprise", 120)
    photo = np.repeat(face.image[..., None], 3, 2)
    return {"weighed": WEIGHED, "ramn": attentive_ramn()}, Found(
        photo, (20, 20, 100, 100), 1.0, face.landmarks
    )


# ---- guess: maps of noise, and decoys that are as good as any


def explained_noise():
    """Maps by two methods and some decoys, faces, and a square as their truth."""
    draw, side, count = np.random.default_rng(6), 16, 5
    truth = np.zeros((count, side, side), bool)
    truth[1:, 9:13, 5:11] = True  # the first face has none
    names = ("saliency", "grad_cam", "edges", "mean_face", "centre_blob", "noise")
    maps = {
        name: (draw.normal(size=truth.shape) + k * truth / 2).astype(np.float32)
        for k, name in enumerate(names)
    }
    maps["grad_cam"] = np.abs(maps["grad_cam"])
    return maps, noise(count, side), truth


EXPLORERS = {
    "claims": lambda: widgets.claims_explorer(small_ledger()),
    "collaborative": widgets.collaborative_explorer,
    "crops": lambda: widgets.crop_explorer(
        noise(2, 48), ["first", "second"], attentive_ramn(), "Noise."
    ),
    "diversity": widgets.diversity_explorer,
    "folds": lambda: widgets.folds_explorer(*recorded(), "Noise."),
    "frame": lambda: frame_explorer(*framed(), "Rendered."),
    "guess": lambda: guess_explorer(*explained_noise(), "Noise."),
    "masking": lambda: widgets.masking_explorer(masked(), MASKED, TITLES, "Noise."),
    "networks": lambda: widgets.networks_on_page(
        {"one": WEIGHED, "two": WEIGHED},
        [Picture(name, noise(1, 60)[0, 0], (6, 5, 48)) for name in ("first", "second")],
        Files("networks/", True, {}, 0, 0),
    ),
    "occlusion": lambda: widgets.occlusion_explorer(
        WEIGHED, SQUARED, ["one", "two"], "Noise.", WINDOWS
    ),
    "region_loss": widgets.region_loss_explorer,
}
