"""Plots as HTML that stand in a page by themselves."""

import base64
import html
import io
from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A plot with what readers need who cannot see it.

    Attributes:
        figure: closed once it is drawn.
        alt: what it shows, in words.
        caption: shown below.
    """

    figure: Figure
    alt: str
    caption: str

    def html(self) -> str:
        """The plot in the page itself, no wider than its place."""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
        plt.close(self.figure)
        data = base64.b64encode(buffer.getvalue()).decode()
        return (
            f'<figure style="margin: 0"><img alt="{html.escape(self.alt)}" '
            f'src="data:image/png;base64,{data}" '
            'style="max-width: 100%; background: white">'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )


@dataclass(frozen=True)
class Panels:
    """Plots side by side, or one below the other where the page is narrow."""

    pictures: tuple[Picture, ...]

    def html(self) -> str:
        """Two plots a line on a desk, one on a phone."""
        cell = '<div style="flex: 1 1 18em; max-width: 28em">'
        shown = "".join(f"{cell}{one.html()}</div>" for one in self.pictures)
        return f'<div style="display: flex; flex-wrap: wrap; gap: 1em">{shown}</div>'
