"""How answers change when a face is cropped, blurred or covered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fer_lib.rendered.conditions import WILD
from ferbook.chapters.your_face.networks import Networks, probabilities, side_for
from ferbook.chapters.your_face.photograph import Found, View
from ferbook.show.tables import Table


@dataclass(frozen=True)
class Series:
    """One thing that is done to a face, by more and more.

    Attributes:
        title: what is done.
        axis: what is counted, with its unit.
        values: of the axis.
        views: one for each value.
        usual: the value at which nothing is done.
        met: lowest and highest value among the rendered faces that networks
            learn from; None where there is no such range.
    """

    title: str
    axis: str
    values: tuple[float, ...]
    views: tuple[View, ...]
    usual: float
    met: tuple[float, float] | None = None


def bar(height: float, tall: float) -> tuple[float, float, float, float]:
    """A bar across the face for :class:`View`, centred at a height; shares."""
    return 0.0, height - tall / 2, 1.0, height + tall / 2


def all_series(found: Found, steps: int = 9) -> tuple[Series, ...]:
    """Crop, blur, and bars across eyes and mouth, in as many steps each.

    Args:
        found: the face, which says where its eyes and its mouth are.
        steps: values of each series, 2 or more.
    """
    crops, blurs, talls = (
        tuple(np.linspace(low, high, steps).round(3).tolist())
        for low, high in ((0.7, 1.5), (0, 4), (0, 0.4))
    )
    bars = [
        Series(
            f"a bar across the {part}",
            "height of the bar (share of the side)",
            talls,
            tuple(View(cover=bar(found.height_of(part), tall)) for tall in talls),
            0.0,
        )
        for part in ("eyes", "mouth")
    ]
    return (
        Series(
            "crop",
            "side of the frame (1 is the networks' own)",
            crops,
            tuple(View(crop=value) for value in crops),
            1.0,
            tuple(np.mean(WILD.zoom) / value for value in WILD.zoom[::-1]),
        ),
        Series(
            "blur",
            "standard deviation (pixels of 48)",
            blurs,
            tuple(View(blur=value) for value in blurs),
            0.0,
            (0.0, WILD.blur),
        ),
        *bars,
    )


@dataclass(frozen=True, eq=False)
class Course:
    """A network's answers along a series of V views.

    Attributes:
        classes: names of the C scores.
        plain: the answer straight on.
        shares: ``[V, C]``.
    """

    classes: tuple[str, ...]
    plain: int
    shares: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """The answer in each view, ``int64 [V]``."""
        return self.shares.argmax(1)

    def told(self, values: Sequence[float]) -> str:
        """Stretches of one answer, such as ``"sad to 0.9, happy to 1.5"``."""
        labels = self.labels
        ends = [k for k, now in enumerate(labels[:-1]) if now != labels[k + 1]]
        ends.append(len(labels) - 1)
        return ", ".join(f"{self.classes[labels[k]]} to {values[k]:g}" for k in ends)


def courses(
    networks: Networks, found: Found, series: Sequence[Series]
) -> dict[str, list[Course]]:
    """Answers of each network along each series."""
    side = side_for(networks)
    faces = [found.see(one.views, side) for one in series]
    plain = found.see(side=side)
    return {
        name: [
            Course(
                one.classes,
                int(probabilities(one, plain)[0].argmax()),
                probabilities(one, views),
            )
            for views in faces
        ]
        for name, one in networks.items()
    }


def change_table(
    found: Mapping[str, Sequence[Course]], series: Sequence[Series]
) -> Table:
    """Which answer each network gives up to which value of each series."""
    rows = tuple(
        (
            name,
            *(
                along.told(one.values).replace(", ", "\n")
                for along, one in zip(line, series, strict=True)
            ),
        )
        for name, line in found.items()
    )
    header = ("Network", *(one.title for one in series))
    note = (
        "Answers up to a value of crop (side of the frame, 1 is the networks' own), "
        "blur (pixels of 48), and height of the bar (share of the side). "
        "Nothing is done at crop 1, and at 0 elsewhere."
    )
    return Table("Where the answers change", header, rows, note)
