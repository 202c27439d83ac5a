"""A network whose answer to a covered face is easy to compute by hand."""

from types import SimpleNamespace

import matplotlib
import numpy as np
import torch
from selenium.webdriver.common.by import By
from torch import nn
from widget_pages import picture_of

from fer_lib.explain.covering import filling, window_starts
from fer_lib.expressions import EXPRESSIONS
from fer_lib.models.network import Network, logits_of
from fer_lib.preprocessing import Preprocessing
from ferbook.runs.run import Run

SIDE, WINDOWS = 36, (5, 9)  # the steps of 2 leave a rest of 1
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Weighed(Network):
    """Every pixel weighs something for each of four classes."""

    NAME = "weighed pixels"

    def __init__(self):
        super().__init__()
        self.input = Preprocessing(size=SIDE, channels=1, mean=0.4, std=0.5)
        self.fc = nn.Linear(SIDE**2, 4)
        draw = torch.Generator().manual_seed(5)
        with torch.no_grad():
            self.fc.weight.copy_(0.08 * torch.randn(4, SIDE**2, generator=draw))
            self.fc.bias.zero_()

    def forward(self, x):
        return self.fc(x.flatten(1))


def faces(count):
    """Noise ``uint8 [count, 1, SIDE, SIDE]``."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 1, SIDE, SIDE), dtype=np.uint8)


def a_run(network=None):
    """A network as a chapter has it."""
    classes = EXPRESSIONS[: 7 if network else 4]
    network = (network or Weighed()).eval()
    splits = SimpleNamespace(classes=classes)
    return Run(network, None, splits, None)


def said_under(run, image, top=0, left=0, window=0, fill="zero"):
    """Probabilities ``[classes]`` of an image, a square of it covered."""
    unit = run.network.input.to_unit(image[None]).clone()
    inside = np.s_[..., top : top + window, left : left + window]
    if window:
        unit[inside] = 0 if fill == "zero" else filling(unit, fill, window)[inside]
    with torch.inference_mode():
        logits = logits_of(run.network(run.network.input.normalise(unit)))
    return logits.softmax(1)[0].double().numpy()


def unpacked(text):
    """Numbers of pairs of letters, by looking each up."""
    pairs = [text[k : k + 2] for k in range(0, len(text), 2)]
    return [64 * LETTERS.index(a) + LETTERS.index(b) for a, b in pairs]


def grid_of(widget, face, window):
    """Per mille ``[rows, columns, classes]`` that a widget has for the page."""
    found = np.array(unpacked(widget.data["grids"][WINDOWS.index(window)][face]))
    rows = len(window_starts(SIDE, window, 2))
    return found.reshape(rows, rows, -1)


def map_of(browser):
    """RGBA of the map that the occlusion explorer shows."""
    selector = ".w-third:nth-child(3) image:nth-of-type(2)"
    picture = browser.find_element(By.CSS_SELECTOR, selector)
    return picture_of(picture.get_dom_attribute("href"))


def coloured(means, name, low, high):
    """RGB 0 to 255 of a map, by matplotlib."""
    return 255 * matplotlib.colormaps[name]((means - low) / (high - low))[..., :3]
