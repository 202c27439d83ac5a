"""Live examples of the chapter on explanations: a few faces, one network."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.drawing.colours import DIVERGING, MARK, SEQUENTIAL
from fer_lib.explain.drawing.panels import grid, lay_over, show_face, with_alt
from fer_lib.explain.grad_cam import class_maps
from fer_lib.explain.scoring.agreement import mean_with_interval
from fer_lib.explain.scoring.controls import BROKEN, DECOYS, broken
from fer_lib.explain.scoring.localisation import SCORES, chance
from fer_lib.models.network import Network
from ferbook.papers import find_paper
from ferbook.show.tables import Table
from ferbook.study.cell import EXPLAINED, Explained, explained
from ferbook.study.faces import CLASSES, Known, staged
from ferbook.study.report import LABELS, NAMES
from ferbook.study.settings import NETWORKS, Settings
from ferbook.study.training import Learned, learn, small_config
from ferbook.study.work import known_faces

LIVE = "deep_emotion"  # the quickest of the six
SIZES = {
    "smoke": Settings(train=800, validation=40, test=100, faces=12),
    "student": Settings(train=2000, validation=100, test=300, faces=60),
}


def learned_live(contrast: str, preset: str, seed: int) -> tuple[Learned, Known]:
    """A network that learns a task on the spot, and the faces to explain."""
    sizes = SIZES[preset]
    found = learn(LIVE, contrast, seed, sizes)
    return found, known_faces(contrast, found.network.input.size, sizes)


def told_accuracy(found: Learned) -> str:
    """Accuracy on new people with its interval."""
    hits, n = int(found.correct.sum()), len(found.correct)
    low, high = wilson_interval(hits, n)
    return (
        f"{100 * hits / n:.1f} % of {n} rendered faces of new people are read "
        f"correctly, 95 % interval {100 * low:.1f} to {100 * high:.1f}."
    )


def draw_twins(contrast: str, faces: FaceSet) -> Figure:
    """Faces, their twins of the other class, and where they differ."""
    shown = [staged(faces, row) for row in range(5)]
    titles = [CLASSES[contrast][one.label] for one in shown]
    rows = ["face", "its twin", "moves", "changes"]
    figure, axes = grid(rows, titles)
    areas = []
    for column, one in zip(axes.T, shown, strict=True):
        face, twin = one.picture()[None], one.twin.picture()[None]
        moved, grey = one.evidence(), one.difference()
        for panel, image in zip(column, (face, twin, face, face), strict=True):
            show_face(panel, image)
        options = {"colours": SEQUENTIAL, "low": 0.0, "alpha": 0.6}
        lay_over(column[2], moved.astype(float), high=1.0, **options)
        lay_over(column[3], grey, high=0.3, **options)
        areas.append(moved.mean())
    return with_alt(
        figure,
        f"{len(shown)} rendered faces and, below each, the same face of the other "
        "class; then the pixels whose visible point moves between both, "
        f"{100 * np.mean(areas):.0f} per cent of the picture on average, and the "
        "change of grey.",
    )


def draw_cues(contrast: str, faces: FaceSet) -> Figure:
    """One face with each cue switched."""
    one = staged(faces, 0)
    names = list(one.cues)
    figure, axes = grid(["one way", "the other", "where"], names, n=1)
    for column, cue in zip(axes.T, names, strict=True):
        show_face(column[0], one.picture()[None])
        show_face(column[1], one.switched(cue).picture()[None])
        show_face(column[2], one.picture()[None])
        lay_over(
            column[2], one.cue_map(cue), colours=SEQUENTIAL, low=0, high=0.3, alpha=0.7
        )
    return with_alt(
        figure,
        f"A rendered face of the task '{contrast}' with its {', '.join(names)} "
        "switched one at a time, and the pixels that this changes.",
    )


def maps_of(found: Learned, known: Known) -> Explained:
    """Maps of all methods and decoys."""
    return explained(found, known, {**EXPLAINED, **DECOYS})


def draw_maps(told: Explained, known: Known) -> Figure:
    """Every map on some faces, with the truth framed; a scale for each map."""
    maps = {LABELS[name]: one for name, one in told.maps.items()}
    count, rows = 4, ["evidence", *maps]
    figure, axes = plt.subplots(
        len(rows), count, figsize=(1.15 * count + 1.7, 1.08 * len(rows)),
        squeeze=False, layout="constrained", subplot_kw={"xticks": [], "yticks": []},
    )  # fmt: skip
    for line, name in zip(axes, rows, strict=True):
        line[0].set_ylabel(name, fontsize=8, rotation=0, ha="right", va="center")
        for k, panel in enumerate(line):
            show_face(panel, known.faces.images[k])
            if name != rows[0]:
                _lay_map(panel, maps[name][k])
            _frame(panel, known.moved[k])
    for k, panel in enumerate(axes[0]):
        panel.set_title(f"face {k + 1}", fontsize=9)
    figure.supxlabel(f"n = {count} rendered faces; framed: what moves", fontsize=8)
    return with_alt(
        figure,
        f"{len(told.maps)} heat maps of {count} rendered faces, the pixels that move "
        "framed in each: " + ", ".join(rows[1:]) + ".",
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


def live_scores(maps: Mapping[str, np.ndarray], known: Known) -> Table:
    """Scores of the maps of these faces, beside what noise is expected to get."""
    rows, counts = [], set()
    for name, one in maps.items():
        told = [
            mean_with_interval(score(one, known.moved)) for score in SCORES.values()
        ]
        counts |= {one.n for one in told}
        rows.append((LABELS.get(name, name), *(f"{one.mean:.2f}" for one in told)))
    level = [f"{np.nanmean(chance(s, known.moved)):.2f}" for s in SCORES]
    rows.append(("expected of noise", *level))
    header = ("Map", *(name.replace("_", " ") for name in SCORES))
    note = f"Means over n = {' to '.join(map(str, sorted(counts)))} faces."
    caption = "Scores of this network's maps, rendered faces"
    return Table(caption, header, tuple(rows), note)


def broken_table(name: str, told: Explained, known: Known) -> Table:
    """One method's maps, spoilt on purpose, must score lower."""
    maps = {LABELS[name]: told.maps[name]}
    for how in BROKEN:
        maps[f"{LABELS[name]}, {how}"] = broken(told.maps[name], how)
    return live_scores(maps, known)


def cells_table() -> Table:
    """Of how many cells Grad-CAM's maps of the study's networks are made."""
    rows = []
    for name in NETWORKS:
        network = find_paper(name).make_network(small_config(name), 2, 0).eval()
        cells = ", ".join(" × ".join(map(str, sides)) for sides in _cells(network))
        rows.append((NAMES[name], str(network.input.size), cells))
    header = ("Network", "Side of the picture, pixels", "Cells of the layer")
    note = (
        "RAMN has such a map for each region; MA-Net has one for each patch and one "
        "for the whole face. The maps of ESR and Deep-Emotion lie in the middle of "
        "the picture."
    )
    return Table("How coarse Grad-CAM is here", header, tuple(rows), note)


def _cells(network: Network) -> list[tuple[int, int]]:
    """Sides of the maps that Grad-CAM looks at, each once."""
    side = network.input.size
    face = np.zeros((1, network.input.channels, side, side), np.uint8)
    return list(dict.fromkeys(class_maps(network, face).cells))
