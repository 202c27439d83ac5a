"""What chapters show: alt texts, sources, tables, plots of odd input."""

import base64
from io import BytesIO

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from fer_lib.errors import FerError
from fer_lib.explain.drawing.maps import draw_maps
from fer_lib.losses import penalised_cross_entropy
from fer_lib.models.deep_emotion import affine_warp
from ferbook.show import figures, plots
from ferbook.show.diagrams import diagram


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, in order."""
    found = []
    monkeypatch.setattr(figures, "display", found.append)
    return found


def test_every_figure_has_an_alt_text(shown):
    alt = 'A chain of boxes, <from> the "face" to seven scores.'
    figures.show(diagram("deep_emotion"), alt, "Ours & nobody else's.")
    page = BeautifulSoup(shown[0].data, "html.parser")
    assert page.img["alt"] == alt
    assert page.img["src"].startswith("data:image/webp;base64,")
    assert page.figcaption.text == "Ours & nobody else's."
    for alt in ("a figure", ""):
        with pytest.raises(FerError, match="says too little"):
            figures.show(diagram("deep_emotion"), alt)
    own = diagram("deep_emotion")
    own.alt_text = "A chain of boxes from the face to seven scores."
    figures.show(own)
    assert BeautifulSoup(shown[1].data, "html.parser").img["alt"] == own.alt_text


def test_sources_are_shown_whole_and_without_docstrings(shown):
    figures.show_source(affine_warp, penalised_cross_entropy)
    for code in shown:
        assert '"""' not in code.data
        lines = code.data.splitlines()
        assert (lines[0], lines[-1]) == ("```python", "```")
        compile("\n".join(lines[1:-1]), "shown", "exec")
    assert "grid_sample" in shown[0].data
    assert "\ndef penalised_cross_entropy(" in shown[1].data


def test_epochs_are_whole_and_lines_are_even():
    curve = [{"epoch": k, "accuracy": 0.5 + k / 10} for k in (1, 2, 3)]
    drawn = plots.plot_curves({"one": curve}, "accuracy", "accuracy")
    ticks = drawn.axes[0].get_xticks()
    assert all(tick == round(tick) for tick in ticks)
    assert [plots.even(n, 7) for n in (3, 7, 8, 14)] == [3, 7, 4, 7]
    assert plots.even(5, 4) == 3


def test_confusions_show_shares_of_each_true_class():
    drawn = plots.plot_confusions({"one": [[3, 1], [0, 0]]}, ["a", "b"])
    axes = drawn.axes[0]
    texts = [t.get_text() for t in axes.texts]
    assert texts == ["75", "25", "0", "0"]  # an empty class divides by nothing
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a (4)", "b (0)"]
    assert "n = 4" in axes.get_title()


@pytest.mark.parametrize(
    "maps",
    [
        np.zeros((2, 4, 4)),
        np.full((2, 4, 4), np.nan),
        np.stack([np.full((4, 4), np.nan), -np.ones((4, 4))]),
    ],
)
def test_dead_maps_are_drawn(maps):
    images = np.full((2, 4, 4), 0.5)
    drawn = draw_maps(images, maps, ["a", "b"], label="drop", signed=True)
    low, high = drawn.axes[2].images[-1].get_clim()
    assert low == -high < 0  # zero is in the middle of the colours


@pytest.mark.parametrize("inches", [4, 8, 14])
def test_the_smallest_letters_are_legible_in_the_column(inches):
    drawn, axes = plt.subplots(figsize=(inches, 3), layout="constrained")
    axes.plot(range(3))
    axes.set_title("small", fontsize=4)
    axes.set_xlabel("large", fontsize=30)
    page = BeautifulSoup(
        figures.Plot(drawn, "A line that rises.").html(), "html.parser"
    )
    picture = page.img
    shown = min(1, figures.COLUMN / int(picture["width"]))
    assert float(picture["data-letters"]) * shown >= figures.SMALLEST
    assert axes.xaxis.label.get_fontsize() == 30
    seen = Image.open(BytesIO(base64.b64decode(picture["src"].partition(",")[2])))
    assert (str(seen.width), str(seen.height)) == (picture["width"], picture["height"])
