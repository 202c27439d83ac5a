"""Showing figures, sources and tables in a notebook and on the page."""

import ast
import base64
import html
import inspect
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
from IPython.display import HTML, Code, display
from matplotlib.figure import Figure

from fer_lib.errors import FerError

# Okabe and Ito's colours, told apart by readers with any colour vision.
COLOURS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
    "black": "#000000",
}
RENDERED = "Rendered faces (computer graphics), no real person."


def show(figure: Figure, alt: str = "", caption: str = "") -> None:
    """Display a figure with a text for readers who cannot see it.

    Works alike in JupyterLab, on Colab and on the static page.

    Args:
        figure: closed afterwards.
        alt: what the figure shows, in one or two sentences; required, unless
            the figure brings its own, ``figure.alt_text``, as those of
            :mod:`fer_lib.explain` do.
        caption: shown below the figure.
    """
    alt = alt or getattr(figure, "alt_text", "")
    if len(alt.split()) < 4:
        raise FerError(f"alt text '{alt}' says too little; describe the figure.")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    plt.close(figure)
    data = base64.b64encode(buffer.getvalue()).decode()
    text = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    display(
        HTML(
            f'<figure style="margin:0"><img alt="{html.escape(alt)}" '
            f'src="data:image/png;base64,{data}" '
            f'style="max-width:100%;background:white">{text}</figure>'
        )
    )


def show_source(*things: Callable) -> None:
    """Display the source of library functions, without their docstrings.

    The page then shows the very code that ran.
    """
    for thing in things:
        lines = textwrap.dedent(inspect.getsource(thing)).splitlines()
        body = ast.parse("\n".join(lines)).body[0].body
        if thing.__doc__:
            del lines[body[0].lineno - 1 : body[0].end_lineno]
        display(Code("\n".join(lines), language="python"))


def show_table(
    rows: Sequence[Mapping[str, object]], caption: str, units: str = ""
) -> None:
    """Display rows of equal keys as a table with a caption.

    Numbers between 0 and 1 stay as they are; format them before.
    """
    if not rows:
        display(HTML(f"<p>{html.escape(caption)} None yet.</p>"))
        return
    columns = list(rows[0])
    head = "".join(f'<th scope="col">{html.escape(c)}</th>' for c in columns)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{html.escape(str(row[column]))}</td>" for column in columns)
        + "</tr>"
        for row in rows
    )
    note = f"{caption} {units}".strip()
    display(
        HTML(
            '<table style="font-size:0.85em">'
            f"<caption>{html.escape(note)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
    )


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
