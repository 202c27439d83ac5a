"""What networks say of one face: how steadily, until when, and by what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.stats import spearmanr

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import probabilities
from fer_lib.explain.grad_cam import class_maps
from fer_lib.explain.occlusion import occlude
from fer_lib.expressions import EXPRESSIONS
from fer_lib.front import predict
from fer_lib.models.network import Network
from fer_lib.models.saved import load
from fer_lib.rendered.conditions import WILD
from fer_lib.rendered.portrait import render_face
from ferbook.chapters.your_face.photograph import SIDE, Found, View, seen
from ferbook.kit import networks as finished
from ferbook.kit.results import made_by
from ferbook.show.figures import percent
from ferbook.show.phrases import learned
from ferbook.show.tables import Table, table

Networks = Mapping[str, Network]
# Straight on, then small movements of the frame, a tighter one, the mirror.
NUDGES = tuple(
    View(crop=crop, right=right, down=down, mirror=mirror)
    for mirror, crop, right, down in product(
        (False, True), (1.0, 0.9), (0.0, -0.04, 0.04), (0.0, -0.04, 0.04)
    )
)
_STRANGERS = 12  # seed of rendered people whom no network has met
_ON = {"rendered": "", "fer2013": ", FER2013"}


def chosen_networks(dataset: str = "rendered", weights: str = "") -> Networks:
    """Finished networks by name.

    Of ``"rendered"`` those that come with the book and those of recorded runs on
    photographs, of ``"fer2013"`` the latter alone; or the one in the file ``weights``.

    Raises:
        FerError: when there is none, or one cannot be read.
    """
    if weights:
        return {"yours": load(weights)}
    found = {}
    for one in dict.fromkeys((dataset, "fer2013")):
        for name, network in finished.networks(one).items():
            found[name.partition(",")[0] + _ON[one]] = network
    if not found:
        raise FerError(
            f"No network that learned from {dataset} is kept with its record; name "
            "the file of one in `weights`."
        )
    return found


def side_for(networks: Networks) -> int:
    """Side of the faces to show them: that of what they learned from."""
    sides = [one.input.size for one in networks.values()]
    # Inputs of 64 and 96 pixels are enlarged faces of 48.
    return SIDE if max(sides) <= 96 else max(sides)


def home_table(networks: Networks) -> Table:
    """How often each network is right on photographs and on rendered faces."""
    kinds = {"photographs": "Photographs", "rendered faces": "Rendered faces"}
    rows = []
    for name, one in networks.items():
        reads = dict(one.about.get("reads", {}))
        record = made_by(one)
        if not reads and record:
            kind = "rendered faces" if record.rendered else "photographs"
            reads[kind] = record.metrics()
        told = (percent(reads[k]) if k in reads else "not tested" for k in kinds)
        rows.append((name, learned(one.provenance), *told))
    header = ("Network", "Learned from", *kinds.values())
    note = "Test faces that no network has learned from, each kind with its labels."
    return Table("Read correctly, 95 % interval", header, tuple(rows), note)


def sure_table(networks: Networks, face: np.ndarray) -> Table:
    """Which networks are sure of a face ``uint8 [1, 1, S, S]``, and by what rule."""
    rows = []
    for name, one in networks.items():
        rule, (reading,) = one.about.get("sure"), predict(one, face)
        counted = (
            f"{100 * rule['right']:.0f} % of the {100 * rule['share']:.0f} % that are "
            f"sure, n = {rule['n']:,}"
            if rule
            else "not counted"
        )
        limit = f"{100 * reading.threshold:.0f} %"
        heat = f"{one.temperature:.2f}"
        rows.append((name, heat, limit, counted, reading.answer))
    header = ("Network", "Temperature", "Sure from", "Right when sure", "Here")
    note = (
        "Temperature 1.00: not fitted. Right when sure: share of validation faces that "
        "took no part in training. Where that was not counted, sure means likelier "
        "than all other classes together."
    )
    return Table("Calibration, and the rule for being sure", header, tuple(rows), note)


def strangers(count: int) -> np.ndarray:
    """Rendered faces ``uint8 [count, 96, 96]`` of people whom no network has met.

    Expressions take turns.
    """
    drawn = [
        render_face(k, EXPRESSIONS[k % 7], 2 * SIDE, _STRANGERS, k, WILD).image
        for k in range(count)
    ]
    return np.stack(drawn)


@dataclass(frozen=True, eq=False)
class Steadiness:
    """What small movements of the frame do to a network's answer."""

    label: str  # its answer straight on
    shares: np.ndarray  # probability of that answer in every nudge, [V]
    kept: float  # share of the nudges under which the answer stays
    at_home: np.ndarray  # the same of rendered faces, [N]


def steadiness(
    networks: Networks, found: Found, others: np.ndarray
) -> dict[str, Steadiness]:
    """Nudge a face and rendered ones ``uint8 [N, S, S]`` alike."""
    side = side_for(networks)
    small = side / others.shape[-1]
    whole = np.array([[small, 0, small / 2 - 0.5], [0, small, small / 2 - 0.5]])
    mine = found.see(NUDGES, side)
    home = np.concatenate([seen(face, whole, NUDGES, side) for face in others])
    told = {}
    for name, one in networks.items():
        shares = probabilities(one, mine)
        label = int(shares[0].argmax())
        said = probabilities(one, home).argmax(1).reshape(len(others), -1)
        told[name] = Steadiness(
            one.classes[label],
            shares[:, label],
            float((shares.argmax(1) == label).mean()),
            (said == said[:, :1]).mean(1),
        )
    return told


def steadiness_table(told: Mapping[str, Steadiness]) -> Table:
    """How steady the answers are, here and on rendered faces."""
    rows = []
    for name, one in told.items():
        low, high = np.percentile(100 * one.shares, [5, 95])
        mean, n = 100 * one.at_home.mean(), len(one.at_home)
        half = 196 * one.at_home.std(ddof=1) / np.sqrt(n)
        spread = f"{max(mean - half, 0):.0f}–{min(mean + half, 100):.0f}"
        here = f"{low:.0f} to {high:.0f} %", f"{100 * one.kept:.0f} %"
        rows.append((name, one.label, *here, f"{mean:.0f} % ({spread}), n = {n}"))
    header = ("Network", "Says", "Probability", "Answer stays", "On rendered faces")
    note = (
        "Probability of the answer, from the 5th to the 95th percentile of the nudges; "
        "share of the nudges under which it stays. Last column: mean over rendered "
        "strangers, 95 % interval (normal) over faces."
    )
    caption = f"{len(NUDGES)} small movements of the frame"
    return Table(caption, header, tuple(rows), note)


@dataclass(frozen=True)
class Series:
    """One thing that is done to a face, by more and more."""

    title: str  # what is done
    axis: str  # what is counted, with its unit
    values: tuple[float, ...]
    views: tuple[View, ...]  # one for each value
    usual: float  # the value at which nothing is done
    # Lowest and highest value among the rendered faces that networks learn from.
    met: tuple[float, float] | None = None


def all_series(found: Found, steps: int = 9) -> tuple[Series, ...]:
    """Crop, blur, and bars across eyes and mouth, in two steps or more each."""

    def spread(low: float, high: float) -> tuple[float, ...]:
        return tuple(np.linspace(low, high, steps).round(3).tolist())

    def bar(part: str, tall: float) -> View:
        height = found.height_of(part)
        return View(cover=(0.0, height - tall / 2, 1.0, height + tall / 2))

    zooms = tuple(np.mean(WILD.zoom) / value for value in WILD.zoom[::-1])
    crops, blurs, talls = spread(0.7, 1.5), spread(0, 4), spread(0, 0.4)
    frame, sigma = "side of the frame (1 is the networks' own)", "standard deviation"
    zoomed = tuple(View(crop=value) for value in crops)
    blurred, met = tuple(View(blur=value) for value in blurs), (0.0, WILD.blur)
    series = [
        Series("crop", frame, crops, zoomed, 1.0, zooms),
        Series("blur", f"{sigma} (pixels of 48)", blurs, blurred, 0.0, met),
    ]
    for part in ("eyes", "mouth"):
        axis = "height of the bar (share of the side)"
        bars = tuple(bar(part, tall) for tall in talls)
        series.append(Series(f"a bar across the {part}", axis, talls, bars, 0.0))
    return tuple(series)


@dataclass(frozen=True, eq=False)
class Along:
    """A network's answers along a series of V views."""

    classes: tuple[str, ...]  # names of the C scores
    plain: int  # the answer straight on
    shares: np.ndarray  # [V, C]

    @property
    def labels(self) -> np.ndarray:
        """The answer in each view, ``int64 [V]``."""
        return self.shares.argmax(1)

    def told(self, values: Sequence[float]) -> str:
        """Stretches of one answer, a line each, such as ``"sad to 0.9"``."""
        labels = self.labels
        ends = [k for k, now in enumerate(labels[:-1]) if now != labels[k + 1]]
        ends.append(len(labels) - 1)
        return "\n".join(f"{self.classes[labels[k]]} to {values[k]:g}" for k in ends)


def answers_along(
    networks: Networks, found: Found, series: Sequence[Series]
) -> dict[str, list[Along]]:
    """Answers of each network along each series."""
    side = side_for(networks)
    faces = [found.see(one.views, side) for one in series]
    told = {}
    for name, one in networks.items():
        plain = int(probabilities(one, found.see(side=side))[0].argmax())
        shares = (probabilities(one, views) for views in faces)
        told[name] = [Along(one.classes, plain, values) for values in shares]
    return told


def change_table(
    found: Mapping[str, Sequence[Along]], series: Sequence[Series]
) -> Table:
    """Which answer each network gives up to which value of each series."""
    values = [one.values for one in series]
    rows = tuple((name, *map(Along.told, line, values)) for name, line in found.items())
    header = ("Network", *(one.title for one in series))
    note = (
        "Answers up to a value of crop (side of the frame, 1 is the networks' own), "
        "blur (pixels of 48), and height of the bar (share of the side). "
        "Nothing is done at crop 1, and at 0 elsewhere."
    )
    return Table("Where the answers change", header, rows, note)


@dataclass(frozen=True, eq=False)
class Reason:
    """Two maps of what one network's answer rests on."""

    answer: str  # label and probability
    gradient: np.ndarray  # Grad-CAM, all learners united, [S, S], 0 to 1
    drops: np.ndarray  # mean fall of the score under a square, [S, S]
    misled: float  # squares over a pixel that change the answer, mean over pixels
    agree: float  # Spearman's rank correlation of both maps over pixels


def reasons(networks: Networks, face: np.ndarray) -> dict[str, Reason]:
    """Grad-CAM and occlusion of one face ``uint8 [1, S, S]`` by each network.

    Squares of a quarter of the side, a twelfth apart, filled with the mean grey.
    """
    told = {}
    for name, one in networks.items():
        asked, side = (one, face[None]), one.input.size
        steps = {"window": side // 4, "stride": max(side // 12, 1), "fill": "mean"}
        maps, covered = class_maps(*asked), occlude(*asked, **steps)
        shares = probabilities(one, face[None])[0]
        label = shares.argmax()
        drops, gradient = covered.drops[0], maps.united[0]
        flat = gradient.min() == gradient.max()  # a dead map agrees with none
        told[name] = Reason(
            f"{one.classes[label]} {100 * shares[label]:.0f} %",
            gradient,
            drops,
            float(covered.misled[0].mean()),
            np.nan if flat else spearmanr(gradient.ravel(), drops.ravel()).statistic,
        )
    return told


def reason_table(told: Mapping[str, Reason]) -> Table:
    """How far the two explanations of each answer agree."""
    columns = {
        "Network": lambda row: row[0],
        "Says": lambda row: row[1].answer,
        "Rank correlation": lambda row: (
            "none" if np.isnan(row[1].agree) else f"{row[1].agree:+.2f}"
        ),
        "Squares that change the answer": lambda row: f"{100 * row[1].misled:.0f} %",
    }
    note = (
        "Spearman's rank correlation of Grad-CAM and the fall of the score, over the "
        "pixels of one face; none where Grad-CAM is the same everywhere. A pixel is "
        "under several squares: the share of them that change the answer, mean over "
        "pixels."
    )
    caption = "Two explanations of the same answers"
    return table(caption, told.items(), columns, note=note)
