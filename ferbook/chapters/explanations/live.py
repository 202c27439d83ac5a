"""Live examples of the chapter on explanations: a few faces, one network."""

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fer_lib.explain.drawing.colours import DIVERGING, MARK, SEQUENTIAL
from fer_lib.explain.drawing.panels import grid, lay_over, show_face, with_alt
from fer_lib.explain.scoring.agreement import mean_with_interval
from fer_lib.explain.scoring.controls import BROKEN, broken
from fer_lib.explain.scoring.localisation import SCORES, chance
from fer_lib.explain.scoring.rerendering import unit_effects, unit_order
from fer_lib.models.network import Network
from fer_lib.rendered.cues import CUES
from fer_lib.rendered.known import KnownFaces
from fer_lib.rendered.moved_faces import MovedFace
from ferbook.show.tables import Table
from ferbook.study.analysis import area
from ferbook.study.cell import METHOD_ROWS, all_maps
from ferbook.study.faces import movement_set, staged
from ferbook.study.learning import Learned, learn
from ferbook.study.networks import MOVED, two_way
from ferbook.study.plan import LEARNED
from ferbook.study.report import LABELS
from ferbook.study.settings import FAIR, Cell, Settings
from ferbook.study.work import the_truth

THRESHOLD = 0.25  # pixels of 48 by which the truth is shifted
NETWORK = "plain_resnet"  # the quickest to learn
_SMALL = Settings(
    movements=6, networks=(NETWORK,), seeds=1, size=48, train=800, test=60, shown=2
)
SIZES = {
    "smoke": _SMALL,
    "student": Settings(
        movements=6, networks=(NETWORK,), seeds=1, size=64, train=4000, test=200,
        shown=2,
    ),
}  # fmt: skip
MOVEMENTS = _SMALL.tasks


@dataclass(frozen=True, eq=False)
class Live:
    """A network that learned on the spot, asked about one movement.

    Attributes:
        learned: all its movements, and what it says of the test faces.
        settings: sizes.
        movement: that is asked about.
        network: the same with the scores of this movement alone.
        faces: those that show it, and their truth.
        cues: where each cue shows in them, ``bool [N, S, S]``, and the pictures
            with it switched, ``uint8 [N, 1, S, S]``.
        training: landmarks ``[n, 68, 2]`` that decoys know.
        staged: the same faces, to be changed.
    """

    learned: Learned
    settings: Settings
    movement: str
    network: Network
    faces: KnownFaces
    cues: Mapping[str, tuple[np.ndarray, np.ndarray]]
    training: np.ndarray
    staged: tuple[MovedFace, ...]

    @property
    def moved(self) -> np.ndarray:
        """The truth, ``bool [N, S, S]``: pixels whose point is shifted."""
        return self.faces.thresholded(THRESHOLD)

    @property
    def grey(self) -> np.ndarray:
        """Change of grey without the movement, ``float32 [N, S, S]`` in 0..1."""
        less = self.faces.without[self.faces.unit == self.movement]
        return np.abs(self.faces.images.astype(np.float32) - less)[:, 0] / 255

    @property
    def targets(self) -> np.ndarray:
        """The class that is explained: it moves."""
        return np.full(len(self.faces), MOVED)


def learned_live(movement: str, preset: str, seed: int) -> Live:
    """A network that learns six movements, and the faces to explain one."""
    settings = SIZES[preset]
    learned, truth = learn(Cell(FAIR, NETWORK, seed), settings), the_truth(settings)
    known = truth.known
    rows = known.row[known.unit == movement]
    takes = movement_set("Test", 0.5, settings).extra["take"][rows]
    cues = {k: (where[rows], other[rows]) for k, (where, other) in truth.cues.items()}
    shown = tuple(staged(int(take), 0.5, settings) for take in takes)
    network = two_way(learned.network, settings.tasks.index(movement))
    return Live(
        learned, settings, movement, network, known.asked(movement, rows), cues,
        truth.training, shown,
    )  # fmt: skip


def told_learned(live: Live) -> Table:
    """How well the network tells each movement on new people."""
    moves = movement_set("Test", 0.5, live.settings).extra["moves"]
    rows = []
    for k, task in enumerate(live.settings.tasks):
        found, low = area(live.learned.scores[:, k], moves[:, k])
        word = "learned" if low > LEARNED else "not shown to be learned"
        rows.append((task, f"{found:.2f}\n from {low:.2f}", word))
    note = (
        f"n = {len(moves)} rendered faces of new people; below it the lower end of the "
        f"95 % interval, which must be above {LEARNED}."
    )
    header = ("Movement", "AUC", f"{live.settings.train} faces were enough?")
    return Table("What the network here learned", header, tuple(rows), note)


def draw_movement(live: Live) -> Figure:
    """Faces, the same without the movement, and where they differ."""
    count = min(5, len(live.faces))
    own = live.faces.without[live.faces.unit == live.movement]
    rows = ["face", "without it", "moves", "changes"]
    figure, axes = grid(rows, [f"face {k + 1}" for k in range(count)])
    for k, column in enumerate(axes.T):
        face = live.faces.images[k]
        pictures = (face, own[k], face, face)
        for panel, image in zip(column, pictures, strict=True):
            show_face(panel, image)
        options = {"colours": SEQUENTIAL, "low": 0.0, "alpha": 0.6}
        lay_over(column[2], live.moved[k].astype(float), high=1.0, **options)
        lay_over(column[3], live.grey[k], high=0.3, **options)
    return with_alt(
        figure,
        f"{count} rendered faces that show {live.movement} and, below each, the same "
        "picture without it; then the pixels whose visible point it shifts, "
        f"{100 * live.moved.mean():.0f} per cent of the picture on average, and the "
        "change of grey.",
    )


def draw_cues(live: Live) -> Figure:
    """One face with each cue switched."""
    one = live.staged[0]
    figure, axes = grid(["one way", "the other", "where"], list(CUES), n=1)
    for column, cue in zip(axes.T, CUES, strict=True):
        show_face(column[0], one.picture()[None])
        show_face(column[1], one.switched(cue).picture()[None])
        show_face(column[2], one.picture()[None])
        lay_over(
            column[2], one.cue_map(cue), colours=SEQUENTIAL, low=0, high=0.3, alpha=0.7
        )
    return with_alt(
        figure,
        f"A rendered face with its {', '.join(CUES)} switched one at a time, and the "
        "pixels that this changes.",
    )


def maps_of(live: Live) -> dict[str, np.ndarray]:
    """Maps of all methods and decoys, by name, ``float32 [N, S, S]``."""
    asked = (live.network, live.faces, live.targets, live.training, live.faces.shift)
    found = all_maps(*asked)
    rows = (*METHOD_ROWS, *(r for r in found if LABELS[r].startswith("decoy")), "noise")
    return {row: found[row] for row in rows if row in found}


def draw_maps(maps: Mapping[str, np.ndarray], live: Live) -> Figure:
    """Every map on some faces, with the truth framed; a scale for each map.

    Maps stand in two blocks beside each other.
    """
    count, rows = min(3, len(live.faces)), ["evidence", *maps]
    lines = -(-len(rows) // 2)
    figure, axes = plt.subplots(
        lines, 2 * count, figsize=(2.3 * count + 3.2, 1.08 * lines),
        squeeze=False, layout="constrained", subplot_kw={"xticks": [], "yticks": []},
    )  # fmt: skip
    blocks = [*axes[:, :count], *axes[:, count:]]
    for line in blocks[len(rows) :]:
        for panel in line:
            panel.axis("off")
    for line, name in zip(blocks, rows, strict=False):
        label = (
            LABELS.get(name, name).replace("gradients", "grad.").replace(", ", ",\n")
        )
        line[0].set_ylabel(label, fontsize=8.5, rotation=0, ha="right", va="center")
        for k, panel in enumerate(line):
            show_face(panel, live.faces.images[k])
            if name in maps:
                _lay_map(panel, maps[name][k])
            _frame(panel, live.moved[k])
    for k, panel in enumerate(axes[0]):
        panel.set_title(f"face {k % count + 1}", fontsize=9)
    figure.supxlabel(f"n = {count} rendered faces; framed: what moves", fontsize=8)
    return with_alt(
        figure,
        f"{len(maps)} heat maps of {count} rendered faces, the pixels that "
        f"{live.movement} moves framed in each: "
        + ", ".join(LABELS[name] for name in maps)
        + ".",
    )


def _lay_map(panel, values: np.ndarray) -> None:
    end = float(np.abs(values).max()) or 1.0
    signed = values.min() < 0
    lay_over(
        panel, values, colours=DIVERGING if signed else SEQUENTIAL,
        low=-end if signed else 0.0, high=end, alpha=0.75,
    )  # fmt: skip


def _frame(panel, truth: np.ndarray) -> None:
    """The outline of the truth, in the panel's shares of the face."""
    side = len(truth)
    centres = (np.arange(side) + 0.5) / side
    panel.contour(
        centres, centres, truth.astype(float), levels=[0.5], colors=MARK, linewidths=1
    )


def live_scores(
    maps: Mapping[str, np.ndarray], live: Live, folded: bool = False
) -> Table:
    """Scores of the maps of these faces, beside what noise is expected to get."""
    effects = unit_effects(live.network, live.faces, live.targets)
    rows, counts = [], set()
    for name, one in maps.items():
        told = [mean_with_interval(s(one, live.moved)) for s in SCORES.values()]
        told.append(mean_with_interval(unit_order(one, live.faces, effects.deletion)))
        counts |= {one.n for one in told}
        rows.append((LABELS.get(name, name), *(f"{one.mean:.2f}" for one in told)))
    level = [f"{np.nanmean(chance(s, live.moved)):.2f}" for s in SCORES]
    rows.append(("expected of noise", *level, "0.50"))
    names = (name.replace("_", " ") for name in SCORES)
    header = ("Map", *names, "order of movements")
    note = f"Means over n = {' to '.join(map(str, sorted(counts)))} faces."
    caption = "Scores of this network's maps, rendered faces"
    return Table(caption, header, tuple(rows), note, folded)


def broken_table(name: str, maps: Mapping[str, np.ndarray], live: Live) -> Table:
    """One method's maps, spoilt on purpose, must score lower."""
    told = {LABELS[name]: maps[name]}
    for how in BROKEN:
        told[f"{LABELS[name]}, {how}"] = broken(maps[name], how)
    return live_scores(told, live)
