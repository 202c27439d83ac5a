"""The picture of the report in ``book/paper``: faces, the truth, and maps.

    python -m ferbook.study.paper_faces

One network of the study is trained anew, in about two minutes.
"""

import argparse
import re
from pathlib import Path
from textwrap import wrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fer_lib.explain.drawing.colours import DIVERGING, MARK, SEQUENTIAL
from fer_lib.explain.drawing.panels import lay_over, show_face
from fer_lib.files import atomic_path
from ferbook.runs.paths import repository_root
from ferbook.study.cell import NAMED, all_maps, named_part
from ferbook.study.learning import learn
from ferbook.study.networks import MOVED, two_way
from ferbook.study.report import LABELS
from ferbook.study.settings import FAIR, SIZES, Cell, Settings
from ferbook.study.work import the_truth

PLACE = "book/paper/faces.png"
CELL = Cell(FAIR, "plain_resnet", 0)
SHOWN = ("browOuterUpRight", "mouthSmileRight", "jawOpen")
ROWS = (
    "saliency",
    "occlusion",
    "integrated_gradients",
    "grad_cam",
    NAMED,
    "fitted_blob",
)
THRESHOLD = 0.25  # pixels of 48 by which the truth is shifted


def draw(settings: Settings = SIZES["full"]) -> Figure:
    """The movements that are shown, the first test face of each, some rows' maps."""
    units = [unit for unit in SHOWN if unit in settings.tasks]
    learned, truth = learn(CELL, settings), the_truth(settings)
    titles = ("face", "without", "truth", *(LABELS[name] for name in ROWS))
    figure, axes = plt.subplots(
        len(units), len(titles), figsize=(11, 4.1), layout="constrained",
        subplot_kw={"xticks": [], "yticks": []},
    )  # fmt: skip
    for panel, title in zip(axes[0], titles, strict=True):
        panel.set_title("\n".join(wrap(title, 12)), fontsize=11)
    for line, unit in zip(axes, units, strict=True):
        faces = truth.known.asked(unit, truth.asked[unit][:1])
        network = two_way(learned.network, settings.tasks.index(unit))
        named = {NAMED: named_part(unit, truth.training, settings.size)}
        maps = all_maps(
            network, faces, np.array([MOVED]), truth.training, faces.shift, rivals=named
        )
        moved = faces.thresholded(THRESHOLD)[0]
        pictures = (faces.images[0], faces.without[faces.unit == unit][0])
        for panel, picture in zip(line, pictures, strict=False):
            show_face(panel, picture)
        line[2].imshow(~moved, cmap="gray", extent=(0, 1, 1, 0))
        for panel, name in zip(line[3:], ROWS, strict=True):
            show_face(panel, faces.images[0])
            _lay(panel, maps[name][0], moved)
        words = re.sub("([A-Z])", r" \1", unit).lower()
        line[0].set_ylabel("\n".join(wrap(words, 11)), fontsize=11)
    return figure


def _lay(panel, values: np.ndarray, moved: np.ndarray) -> None:
    """A map on a scale of its own, and the outline of the truth."""
    end = float(np.abs(values).max()) or 1.0
    low, colours = (-end, DIVERGING) if values.min() < 0 else (0.0, SEQUENTIAL)
    lay_over(panel, values, colours=colours, low=low, high=end, alpha=0.75)
    centres = (np.arange(len(moved)) + 0.5) / len(moved)
    panel.contour(centres, centres, moved, levels=[0.5], colors=MARK, linewidths=1.2)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=repository_root() / PLACE)
    options = parser.parse_args()
    figure = draw()
    with atomic_path(options.out) as temporary:
        figure.savefig(temporary, format="png", dpi=200)


if __name__ == "__main__":
    main()
