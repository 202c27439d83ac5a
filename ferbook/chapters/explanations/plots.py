"""Figures of the chapter on explanations, from the recorded study."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fer_lib.explain.drawing.panels import with_alt
from ferbook.show.figures import COLOURS
from ferbook.show.plots import panels, write_numbers
from ferbook.study.analysis import Records
from ferbook.study.cell import METHOD_ROWS, RIVALS, ROWS
from ferbook.study.movements import REGIONS, measured
from ferbook.study.networks import NAMES
from ferbook.study.plan import RANK, UNITS
from ferbook.study.report import LABELS, bare
from ferbook.study.settings import FAIR
from ferbook.study.standing import row_means, standings

SHOWN = {
    RANK: "share of the hottest pixels\non what moves",
    UNITS: "order of a face's movements\nas by their effect",
}
RANKED = (*METHOD_ROWS, *RIVALS, "noise")


def draw_ranking(records: Records) -> Figure:
    """Methods and decoys by both primary scores, with their intervals.

    The order is that of the first; a line marks what noise gets.
    """
    told = {score: standings(records, score, RANKED) for score in SHOWN}
    first = told[RANK]
    order = sorted(first, key=lambda row: first[row].found.mean)
    figure, axes = panels(2, 2, 4.1, 5.4, sharey=True)
    for panel, (score, words) in zip(axes, SHOWN.items(), strict=True):
        for row, one in told[score].items():
            place, found = order.index(row), one.found
            decoy = row not in METHOD_ROWS
            colour, mark = ("vermilion", "s") if decoy else ("blue", "o")
            full = decoy or (one.margin is not None and one.margin.low > 0)
            style = {"color": COLOURS[colour], "lw": 1.5, "ms": 6}
            panel.plot([found.low, found.high], [place] * 2, **style)
            panel.plot(found.mean, place, mark, mfc=None if full else "white", **style)
        panel.axvline(told[score]["noise"].found.mean, color="black", ls=":", lw=1)
        panel.set_title(words, fontsize=10)
        panel.set_xlim(-0.03, 1.03)
        panel.set_xlabel("0 to 1, more is better")
        panel.grid(axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(order)), [LABELS[row] for row in order], fontsize=9)
    most = max(one.found.n for one in first.values())
    trained = int((~np.isnan(records.auc[FAIR])).any(0).sum())
    figure.supxlabel(
        f"n = up to {most:,} maps a row, of {trained} trained networks; lines: 95 % "
        "interval over movements, networks, seeds and faces", fontsize=8.5,
    )  # fmt: skip
    best = {s: max(one, key=lambda row: one[row].found.mean) for s, one in told.items()}
    above = {
        s: [LABELS[r] for r, one in t.items() if one.word == "above it"]
        for s, t in told.items()
    }
    return with_alt(
        figure,
        "Mean scores of all methods (circles) and decoys (squares) with intervals. "
        + " ".join(
            f"By the {words.replace(chr(10), ' ')} the first is {LABELS[best[s]]} "
            f"with {told[s][best[s]].found.mean:.2f}; above the hardest decoy: "
            f"{', '.join(above[s]) or 'none'}."
            for s, words in SHOWN.items()
        ),
    )


def draw_by_part(records: Records) -> Figure:
    """The share on what moves, by part of the face and by network."""
    region = {one.unit: one.region for one in measured()}
    parts = {
        name: {"tasks": [t for t in records.tasks if region[t] == name]}
        for name in REGIONS
    }
    networks = {NAMES[name]: {"network": name} for name in records.networks}
    columns = {k: v for k, v in parts.items() if v["tasks"]} | networks
    means = {k: row_means(records, RANK, RANKED, **v) for k, v in columns.items()}
    means = {k: told for k, told in means.items() if told}
    return _heat(
        means,
        "share of the hottest pixels on what moves, 0 to 1",
        f"Mean share on what moves, left by part of the face, right by network. "
        f"Highest of methods: {{}}; n = {_count(records)} maps.",
        gap=sum(name in parts for name in means),
    )


def _count(records: Records) -> str:
    table = records.values[FAIR][RANK][ROWS.index(METHOD_ROWS[0])]
    return f"{int((~np.isnan(table)).sum()):,}"


def draw_cue_masses(records: Records, tied: dict[str, str]) -> Figure | None:
    """Mass on each cue where it was tied most strongly; None where none is recorded.

    ``tied`` has the movement of each cue.
    """
    planted = [c for c in records.values if c.startswith("tied")]
    if not planted:
        return None
    last = max(planted, key=lambda c: int(c.removeprefix("tied")))
    columns = {
        cue: row_means(records, "cue_mass", RANKED, condition=last, tasks=[unit])
        for cue, unit in tied.items()
    }
    return _heat(
        {cue: told for cue, told in columns.items() if told},
        f"share of the map's mass on the cue, tied in {last.removeprefix('tied')} %",
        "Mean share of a map's mass on the cue that betrays what is asked. Highest of "
        "methods: {}.",
    )


def _heat(columns: dict, title: str, alt: str, gap: int = 0) -> Figure:
    """Rows by columns as coloured cells with their values, decoys below methods."""
    rows = [row for row in RANKED if any(row in told for told in columns.values())]
    table = np.array(
        [[told.get(row, np.nan) for told in columns.values()] for row in rows]
    )
    figure, axes = plt.subplots(
        figsize=(2.6 + 0.62 * len(columns), 1.6 + 0.27 * len(rows)),
        layout="constrained",
    )
    axes.imshow(table, cmap="cividis", vmin=0, vmax=np.nanmax(table), aspect="auto")
    write_numbers(axes, table, "{:.2f}", fontsize=8.5)
    axes.set_xticks(range(len(columns)), list(columns), rotation=35, ha="right")
    axes.set_yticks(range(len(rows)), [LABELS[row] for row in rows], fontsize=9)
    methods = sum(row in METHOD_ROWS for row in rows)
    axes.axhline(methods - 0.5, color="white", lw=3)
    if gap:
        axes.axvline(gap - 0.5, color="white", lw=4)
    axes.set_title(title, fontsize=10)
    best = {
        name: max((r for r in told if r in METHOD_ROWS), key=told.get)
        for name, told in columns.items()
        if any(r in METHOD_ROWS for r in told)
    }
    first = ", ".join(
        f"{name} {bare(row)} ({columns[name][row]:.2f})" for name, row in best.items()
    )
    return with_alt(figure, alt.format(first))
