"""Sliders for crop, blur and a covered window, where a kernel can answer."""

from importlib.util import find_spec

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import probabilities
from fer_lib.explain.drawing.panels import show_face, with_alt
from ferbook.chapters.your_face.answers import Networks, side_for
from ferbook.chapters.your_face.photograph import Found, View, decoded, find_one
from ferbook.chapters.your_face.plots import draw_settings
from ferbook.show.figures import COLOURS, Plot, show
from ferbook.widgets.base import has_reader


def explorer(networks: Networks, found: Found, caption: str) -> None:
    """Display the controls, or without a reader's kernel some settings.

    ``caption`` says whose face is found.
    """
    if has_reader() and find_spec("ipywidgets"):
        display(controls(networks, found))
        return
    name = next(iter(networks))
    told = f"{name} at some settings; sliders where a kernel runs. {caption}"
    show(draw_settings(networks[name], name, found, side_for(networks)), caption=told)


def window(size: float, across: float, down: float) -> tuple | None:
    """The covered square for :class:`View`, by its side and centre; shares."""
    if not size:
        return None
    half = size / 2
    return across - half, down - half, across + half, down + half


def draw_view(face, shares, classes, name: str) -> Figure:
    """A face ``[1, S, S]`` and what one network says of it."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(7.5, 2.6), layout="constrained", width_ratios=(1, 1.8)
    )
    show_face(left, face)
    left.set(xticks=[], yticks=[])
    best = int(shares.argmax())
    fill = [COLOURS["vermilion" if k == best else "sky"] for k in range(len(classes))]
    right.barh(classes, 100 * shares, color=fill)
    right.invert_yaxis()
    right.set(xlim=(0, 100), xlabel="probability (%), n = 1 face", title=name)
    said = f"{classes[best]}, {100 * shares[best]:.0f} per cent"
    return with_alt(figure, f"The face as set by the sliders. {name} says {said}.")


def controls(networks: Networks, found: Found):
    """An ``ipywidgets`` box: a photograph, a network, and four sliders."""
    import ipywidgets as widgets  # optional

    def slider(label: str, value: float, low: float, high: float, step: float = 0.05):
        # A picture for every step on the way would queue up.
        return widgets.FloatSlider(
            value, min=low, max=high, step=step, description=label,
            continuous_update=False, layout={"width": "34em"},
            style={"description_width": "14em"},
        )  # fmt: skip

    # Buttons: JupyterLab takes the letters that are typed in a menu.
    name = widgets.ToggleButtons(
        options=list(networks),
        description="network",
        style={"button_width": "auto", "description_width": "14em"},
    )
    file = widgets.FileUpload(
        accept="image/*", description="another photograph", layout={"width": "16em"}
    )
    sliders = {
        "crop": slider("crop (side of the frame)", 1, 0.6, 1.8),
        "blur": slider("blur (pixels of 48)", 0, 0, 4, step=0.25),
        "size": slider("window (share of the side)", 0, 0, 0.8),
        "across": slider("its centre, from the left", 0.5, 0, 1),
        "down": slider("its centre, from the top", found.height_of("mouth"), 0, 1),
    }
    told, shown = widgets.HTML(), {"found": found}

    def answer(_=None) -> None:
        value = {key: one.value for key, one in sliders.items()}
        square = window(*(value[key] for key in ("size", "across", "down")))
        view = View(crop=value["crop"], blur=value["blur"], cover=square)
        face = shown["found"].see([view], side_for(networks))
        one = networks[name.value]
        shares = probabilities(one, face)[0]
        drawn = draw_view(face[0], shares, one.classes, name.value)
        told.value = Plot(drawn, drawn.alt_text, drawn.alt_text).html()

    def load(change: dict) -> None:
        try:
            shown["found"] = find_one(decoded(*uploaded(change["new"])))
        except FerError as error:
            told.value = f'<p role="alert">{error}</p>'
        else:
            answer()

    for one in (name, *sliders.values()):
        one.observe(answer, "value")
    file.observe(load, "value")
    answer()
    return widgets.VBox([file, name, *sliders.values(), told])


def uploaded(value: tuple | dict) -> tuple[bytes, str]:
    """Content and name of the file in a ``FileUpload``'s value.

    Colab's ipywidgets 7 has a dictionary of files by name, version 8 a tuple.
    """
    if isinstance(value, dict):
        name, file = next(iter(value.items()))
        return bytes(file["content"]), name
    return bytes(value[0]["content"]), value[0]["name"]
