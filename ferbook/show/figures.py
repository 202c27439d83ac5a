"""Showing figures and sources in a notebook and on the page."""

import ast
import base64
import inspect
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import matplotlib.pyplot as plt
from IPython.display import HTML, Markdown, display
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from fer_lib.errors import FerError
from fer_lib.explain.drawing.colours import COLOURS as COLOURS
from ferbook.show.tables import table

RENDERED = "Rendered faces (computer graphics), no real person."
COLUMN = 686  # pixels, width of the text on a desk
SMALLEST = 9  # pixels, height of letters there
_DPI = 110
_POINTS = 72  # of an inch
_MARGIN = 0.1  # inches around a figure
# Lines and letters stay as they are; faces take less room with a little loss.
_EXACT, _LOSSY = {"lossless": True}, {"quality": 90}
_WORTH = 0.6  # of the exact size, at most, that a loss is accepted for


@dataclass(frozen=True)
class Plot:
    """A plot with what readers need who cannot see it; html closes its figure."""

    figure: Figure
    alt: str
    caption: str = ""

    def text(self) -> str:
        """The plot in words."""
        return self.alt

    def html(self) -> str:
        """The plot in the page itself, no wider than its place.

        ``data-letters`` is the height of its smallest letters in its own pixels.
        """
        letters = legible(self.figure)
        buffer = io.BytesIO()
        how = {"dpi": _DPI, "bbox_inches": "tight", "pad_inches": _MARGIN}
        self.figure.savefig(buffer, format="png", **how)
        plt.close(self.figure)
        image = Image.open(buffer).convert("RGB")
        width, height = image.size
        data = base64.b64encode(packed(image)).decode()
        caption = f"<figcaption>{escape(self.caption)}</figcaption>"
        return (
            f'<figure style="margin:0"><img alt="{escape(self.alt)}" '
            f'src="data:image/webp;base64,{data}" width="{width}" height="{height}" '
            f'data-letters="{letters * _DPI / _POINTS:.1f}" '
            'style="max-width:100%;height:auto;background:white">'
            f"{caption if self.caption else ''}</figure>"
        )


def packed(image: Image.Image) -> bytes:
    """A picture as a WebP file: without loss, unless a little of it saves much."""
    exact, lossy = io.BytesIO(), io.BytesIO()
    image.save(exact, "webp", **_EXACT)
    image.save(lossy, "webp", **_LOSSY)
    less = lossy.tell() < _WORTH * exact.tell()
    return (lossy if less else exact).getvalue()


def legible(figure: Figure) -> float:
    """Enlarge letters that would be too small in a page's column; the smallest.

    A wide figure is shown smaller than it is, so that its letters must be larger.
    In points of the figure; 0 for a figure without a word.
    """
    for _ in range(3):  # larger letters widen a figure and move its ticks
        figure.draw_without_rendering()
        inside = figure.get_tightbbox()
        wide = inside.width + 2 * _MARGIN
        least = SMALLEST * _POINTS / _DPI / min(1, COLUMN / (_DPI * wide))
        texts = [t for t in figure.findobj(Text) if t.get_text().strip()]
        for text in texts:
            text.set_fontsize(max(text.get_fontsize(), 1.06 * least))
    return min((text.get_fontsize() for text in texts), default=0.0)


@dataclass(frozen=True)
class Panels:
    """Plots side by side, or one below the other where the page is narrow."""

    plots: tuple[Plot, ...]

    def html(self) -> str:
        """As many plots a line as leave their letters large enough."""
        place = '<div style="flex: 1 1 30em">'
        shown = "".join(f"{place}{one.html()}</div>" for one in self.plots)
        return f'<div style="display: flex; flex-wrap: wrap; gap: 1em">{shown}</div>'


def show(figure: Figure, alt: str = "", caption: str = "") -> None:
    """Display a figure with a text for readers who cannot see it, and close it.

    Works alike in JupyterLab, on Colab and on the static page.  ``alt`` is required
    unless the figure brings its own, ``figure.alt_text``, as those of the library do.
    """
    alt = alt or getattr(figure, "alt_text", "")
    if len(alt.split()) < 4:
        raise FerError(f"alt text '{alt}' says too little; describe the figure.")
    display(HTML(Plot(figure, alt, caption).html()))


def show_source(*things: Callable) -> None:
    """Display the source of library functions, without their docstrings.

    The page then shows the very code that ran.
    """
    for thing in things:
        lines = textwrap.dedent(inspect.getsource(thing)).splitlines()
        body = ast.parse("\n".join(lines)).body[0].body
        if thing.__doc__:
            del lines[body[0].lineno - 1 : body[0].end_lineno]
        code = "\n".join(lines)
        display(Markdown(f"```python\n{code}\n```"))


def show_table(rows: Sequence[Mapping[str, object]], caption: str) -> None:
    """Display rows of equal keys as a table with a caption."""
    display(table(caption, rows, empty=f"{caption} None yet."))


def percent(metrics: Mapping, key: str = "accuracy") -> str:
    """A proportion in per cent with its 95 % interval and n.

    Example:
        >>> found = {"n": 4, "accuracy": 0.5, "accuracy_ci95": [0.15, 0.85]}
        >>> percent(found)
        '50.0 % (15.0–85.0), n = 4'
    """
    low, high = (100 * limit for limit in metrics[f"{key}_ci95"])
    value = 100 * metrics[key]
    return f"{value:.1f} % ({low:.1f}–{high:.1f}), n = {metrics['n']:,}"
