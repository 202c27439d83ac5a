"""Sphinx extension: the picture and the words by which links to the book are shown.

The picture is drawn when a book with a first page of cards is built.  Its address is
absolute where ``html_baseurl`` says where the book lies, as most services ask.
"""

import re
from html import escape, unescape
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sphinx.application import Sphinx

import fer_lib
from fer_lib.evaluation.inference import probabilities
from fer_lib.explain.drawing.colours import COLOURS
from ferbook.site.landing import CARDS, NETWORK
from ferbook.site.thumbnails import landing_face

SIZE = 1200, 630  # pixels that services cut nothing from
WORDS = "Five papers say how machines read faces. We rebuilt them. Here is what holds."
_TAG = re.compile("<[^>]+>")
_PICTURE = "_static/preview.png"
_ALT = (
    "A rendered face with a black square over its mouth, and the probabilities that a "
    "network gives to seven expressions without and with the square."
)


def covered(image: np.ndarray) -> tuple[np.ndarray, tuple[int, int, int]]:
    """A face ``[H, W]`` with a black square over its mouth; left, top and side."""
    size = len(image)
    left, top, side = round(0.35 * size), round(0.52 * size), round(0.3 * size)
    hidden = image.copy()
    hidden[top : top + side, left : left + side] = 0
    return hidden, (left, top, side)


def drawn() -> Figure:
    """The face, the square, and what the first page's network says."""
    network = fer_lib.load(NETWORK)
    plain = landing_face("happy", network.input.size).image
    hidden, (left, top, side) = covered(plain)
    without, with_ = probabilities(network, np.stack([plain, hidden])[:, None])
    figure = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), facecolor="white")
    figure.text(0.04, 0.9, "Five facial-expression papers,", fontsize=30, weight="bold")
    figure.text(0.04, 0.82, "rebuilt and checked", fontsize=30, weight="bold")
    face = figure.add_axes((0.04, 0.1, 0.36, 0.66))
    face.imshow(landing_face("happy").image, cmap="gray", extent=(0, 1, 1, 0))
    place = np.array((left, top, side)) / len(plain)
    square = Rectangle(place[:2], place[2], place[2], fc="black", ec=COLOURS["orange"])
    square.set_linewidth(4)
    face.add_patch(square)
    face.axis("off")
    bars = figure.add_axes((0.55, 0.12, 0.4, 0.64))
    rows = np.arange(len(network.classes))
    bars.barh(rows, with_, color=COLOURS["blue"], label="with the square")
    style = {"color": COLOURS["vermilion"], "markersize": 22, "mew": 4}
    bars.plot(without, rows, "|", label="without", **style)
    bars.set_yticks(rows, network.classes, fontsize=20)
    bars.set(ylim=(len(rows) - 0.5, -0.5), xlim=(0, 1.02), xticks=[])
    bars.spines[["top", "right", "bottom"]].set_visible(False)
    bars.legend(fontsize=18, frameon=False, loc="lower right")
    figure.text(0.04, 0.035, WORDS, fontsize=18)
    return figure


def draw_preview(app: Sphinx, error: Exception | None) -> None:
    """Write the picture of a book that has cards."""
    if error is None and Path(app.srcdir, CARDS).is_file():
        drawn().savefig(Path(app.outdir, _PICTURE), dpi=100)


def add_words(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Put what previews read into the head of a page."""
    if doctree is None or not Path(app.srcdir, CARDS).is_file():
        return
    address = app.config.html_baseurl.rstrip("/")
    picture = f"{address}/{_PICTURE}" if address else context["pathto"](_PICTURE, 1)
    width, height = SIZE
    told = {
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:title": unescape(_TAG.sub("", context["title"])),
        "og:description": WORDS,
        "og:image": picture,
        "og:image:alt": _ALT,
        "og:image:width": str(width),
        "og:image:height": str(height),
    }
    tags = [
        f'<meta property="{name}" content="{escape(words)}">'
        for name, words in told.items()
    ]
    tags.append('<meta name="twitter:card" content="summary_large_image">')
    context["metatags"] = context.get("metatags", "") + "\n".join(tags)


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect("html-page-context", add_words)
    app.connect("build-finished", draw_preview)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
