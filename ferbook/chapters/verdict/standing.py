"""All claims of all papers side by side: how they stand and why, told and drawn.

Each figure has its words as ``figure.alt_text``.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import mean

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ferbook.ledger.ledger import KINDS, Ledger, kind_of
from ferbook.ledger.rules import Direction, Verdict
from ferbook.ledger.scoreboard import scoreboard
from ferbook.ledger.second_labels import doubts
from ferbook.ledger.statistics import resolution
from ferbook.ledger.verdicts import BESIDE, STANDINGS, Judgement
from ferbook.runs.records import Record
from ferbook.show import phrases
from ferbook.show.figures import COLOURS
from ferbook.show.plots import MARKS, finish
from ferbook.show.tables import Sentence, Table, cell, table

IMPOSSIBLE = "no run could answer it"
FEW = "too few seeds so far"
DECIDED = "Every claim has an answer."
_OPENS = {
    "data gated": "the data set, from its authors, for research",
    "data not published": "nothing that a reader can do",
    "pre-training unavailable": "weights that the paper started from",
    "compute": "hours, for recipes that are ready",
    FEW: "more seeds of the runs that stand beside",
    "not built": "another network in the library",
    "unspecified in the paper": "a word from the authors",
    IMPOSSIBLE: "nothing; the claim's entry says why",
}

# Colour and hatch of a standing: no two share both.
_LOOK = {
    "reproduced": (COLOURS["green"], ""),
    "exceeds": (COLOURS["green"], "++"),
    "consistent": (COLOURS["blue"], ""),
    "same direction": (COLOURS["sky"], ""),
    "undecided": (COLOURS["orange"], ".."),
    "not told apart": (COLOURS["yellow"], ".."),
    "opposite direction": (COLOURS["purple"], "//"),
    "not reproduced": (COLOURS["vermilion"], "//"),
    "contradictory": (COLOURS["vermilion"], "xx"),
    "not testable this way": ("#777777", ""),
    BESIDE: ("#bbbbbb", ""),
    "not run": ("#ffffff", ""),
}

Key = Callable[[Judgement], str]


def standing(judgement: Judgement) -> str:
    """One of ``STANDINGS``."""
    return judgement.standing


def reason(judgement: Judgement) -> str:
    """Why nothing answers a claim; empty where something does."""
    if judgement.decided:
        return ""
    if judgement.claim.impossible:
        return IMPOSSIBLE
    if any(a.reduced == Direction.TOO_FEW for a in judgement.answers):
        return FEW
    return judgement.claim.not_attempted or "not built"


def cross_table(
    caption: str,
    judgements: Sequence[Judgement],
    row: Key,
    column: Key = standing,
    columns: Sequence[str] = STANDINGS,
    note: str = "",
) -> Table:
    """Claims counted by two of their properties, with sums.

    Rows stand in the order met, columns in that of ``columns``; those without a
    claim are left out.
    """
    counts = Counter((row(j), column(j)) for j in judgements)
    rows = dict.fromkeys(name for name, _ in counts)
    shown = [c for c in columns if any(counts[r, c] for r in rows)]
    body = [(r, *(counts[r, c] for c in shown)) for r in rows]
    body.append(("all", *(sum(counts[r, c] for r in rows) for c in shown)))
    body = [(r, *(str(n or "") for n in told), str(sum(told))) for r, *told in body]
    return Table(caption, ("", *shown, "claims"), tuple(body), note)


def by_paper(ledger: Ledger) -> Table:
    """Verdicts of each paper."""
    return cross_table(
        "Claims by paper and verdict",
        ledger.select(None, None),
        _named(ledger),
        note=f"'{BESIDE}': runs were made that answer nothing, as they are of "
        "another scale than a value asks for, or of too few seeds.",
    )


def by_kind(ledger: Ledger) -> Table:
    """Verdicts of each kind of claim."""
    found = ledger.select(None, None)
    return cross_table(
        "Claims by kind and verdict", found, lambda j: KINDS[kind_of(j.claim)]
    )


def by_reason(ledger: Ledger) -> Table | Sentence:
    """Why claims are open, paper by paper."""
    title = "Claims without an answer, by paper and reason"
    columns = tuple(_OPENS)
    found = [j for j in ledger.select(None, None) if reason(j)]
    if not found:
        return Sentence(DECIDED)
    return cross_table(title, found, _named(ledger), reason, columns)


def _named(ledger: Ledger) -> Key:
    """What a claim's paper is called."""
    names = {claims.paper: claims.name for claims in ledger.papers}
    return lambda judgement: names[judgement.claim.paper]


def untested(ledger: Ledger) -> Table | Sentence:
    """What could not be tested: each reason, on which data, what would help."""
    sets: dict[str, Counter] = {why: Counter() for why in tuple(_OPENS)}
    for judgement in ledger.select(None, None):
        if why := reason(judgement):
            sets[why][phrases.dataset_name(judgement.claim.dataset) or "none"] += 1
    return table(
        "What could not be tested, and why",
        [why for why, counts in sets.items() if counts],
        {
            "Reason": lambda why: why,
            "Claims": lambda why: sets[why].total(),
            "Data sets": lambda why: ", ".join(
                f"{name} {n}" for name, n in sets[why].most_common()
            ),
            "What would open them": lambda why: _OPENS[why],
        },
        empty=DECIDED,
    )


def contradictions(ledger: Ledger, paper: str) -> list[Judgement]:
    """Claims of a paper that contradict it."""
    found = ledger.select(paper, "arithmetic")
    return [j for j in found if j.verdict == Verdict.CONTRADICTORY]


def in_words(ledger: Ledger) -> Sentence:
    """What was tested, in the three numbers of the scoreboard."""
    board = scoreboard(ledger.select(None, None))
    told = ". ".join(f"{s.what[0].upper()}{s.what[1:]}: {s}" for s in board.scores)
    real = sum(not record.rendered for record in ledger.records)
    return Sentence(
        f"{told}. Behind the answers stand {real} runs on photographs. Beside what "
        f"the papers say, we asked {board.ours.of} questions of our own, of which "
        f"{board.ours.tested} are answered."
    )


def peek_table(records: Sequence[Record]) -> Table | Sentence:
    """What choosing the epoch on the test split would have feigned.

    Of runs that looked at it after every epoch: of some made for this, with
    ``--peek``, and of older ones.
    """
    groups: dict[tuple[str, str], list[float]] = {}
    for record in records:
        best = record.selection.get("best_on_test")
        if best and record.selection["split"] != record.reported:
            kept = record.metrics(split=record.reported)["accuracy"]
            kind = "rendered faces" if record.rendered else "photographs"
            found = groups.setdefault((record.paper, kind), [])
            found.append(100 * (best["accuracy"] - kept))
    return table(
        "What peeking at the test split gains, in runs that looked at it every epoch",
        groups.items(),
        {
            "Network": lambda group: phrases.network_name(group[0][0]),
            "Faces": lambda group: group[0][1],
            "Runs": lambda group: len(group[1]),
            "Mean gain (points)": lambda group: f"{mean(group[1]):+.1f}",
            "Largest": lambda group: f"{max(group[1]):+.1f}",
        },
        empty="No run has kept what choosing on its test split gives.",
    )


def doubt_table(ledger: Ledger) -> Table | Sentence:
    """Whether runs are wrong where people disagree about the label."""
    return table(
        "Faces whose second label is another one",
        doubts(ledger.records),
        {
            "Run": lambda d: cell(
                phrases.network_name(d.record.paper),
                phrases.protocol_name(d.record.protocol),
                phrases.trained(d.record.key),
                f"variant {d.record.variant}, seed {d.record.seed}",
            ),
            "Of wrong predictions": lambda d: _doubted(d.wrong, d.n[0]),
            "Of right ones": lambda d: _doubted(d.right, d.n[1]),
        },
        note="Test faces that do not stand in training. Under FER2013's labels the "
        "second label is what most of FER+'s ten raters chose, under FER+'s it is "
        "FER2013's.",
        empty="No run on FER2013 is recorded yet.",
        folded=True,
    )


def _doubted(share: tuple[float, float, float], n: int) -> str:
    told, low, high = (phrases.percent(x) for x in share)
    return cell(f"{told} %", f"95 % interval {low}–{high}, n = {n:,}")


def draw_verdicts(ledger: Ledger) -> Figure:
    """Claims of each paper by verdict: those runs answer, and sums apart."""
    figure, both = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True)
    told = []
    titles = ("claims that need runs", "sums inside the papers")
    for axes, title, sums in zip(both, titles, (False, True), strict=True):
        counts = {
            claims.name: Counter(
                standing(j)
                for j in ledger.select(claims.paper, None)
                if (j.claim.kind == "arithmetic") == sums
            )
            for claims in ledger.papers
        }
        _bars(axes, counts)
        axes.set(title=title, xlabel="claims")
        told += [f"{name}, {title}: {_told(c)}" for name, c in counts.items()]
    both[0].invert_yaxis()
    handles = {
        text: handle
        for axes in both
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    shown = [name for name in STANDINGS if name in handles]
    where = {"loc": "lower center", "bbox_to_anchor": (0.5, 1)}
    columns = {"ncols": min(4, len(shown)), "fontsize": 9, "frameon": False}
    figure.legend([handles[name] for name in shown], shown, **where, **columns)
    figure.tight_layout()
    figure.alt_text = f"Claims by verdict, stacked bars. {'; '.join(told)}."
    return figure


def _bars(axes: Axes, counts: Mapping[str, Counter]) -> None:
    """One stacked bar a paper; long enough parts tell their number."""
    names, left = list(counts), np.zeros(len(counts))
    widest = max(c.total() for c in counts.values())
    for name in STANDINGS:
        widths = np.array([counts[n][name] for n in names])
        if not widths.any():
            continue
        colour, hatch = _LOOK[name]
        options = {"color": colour, "hatch": hatch, "edgecolor": "black"}
        axes.barh(names, widths, left=left, label=name, linewidth=0.6, **options)
        for row in np.flatnonzero(widths > widest / 25):
            middle = left[row] + widths[row] / 2
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            text = str(widths[row])
            axes.text(middle, row, text, ha="center", va="center", fontsize=8, bbox=box)
        left += widths


def _told(counts: Counter) -> str:
    return ", ".join(f"{counts[s]} {s}" for s in STANDINGS if counts[s]) or "none"


def draw_resolution(ledger: Ledger, share: float = 0.74) -> Figure:
    """The least difference that n faces show at an accuracy, and what papers claim."""
    figure, axes = plt.subplots(figsize=(8, 4))
    n = np.geomspace(50, 2e5, 60).astype(int)
    line = [100 * resolution(share, k) for k in n]
    axes.plot(n, line, color="black", label=f"can show, at {100 * share:.0f} %")
    told = []
    looks = zip(COLOURS.values(), MARKS, strict=False)
    for claims, (colour, mark) in zip(ledger.papers, looks, strict=False):
        gaps = [c for c in claims.claims if c.kind == "difference" and c.n]
        found = [(c.n, abs(c.number)) for c in gaps if c.number]
        if found:
            sizes, heights = np.array(found).T
            style = {"color": colour, "alpha": 0.7, "linestyle": ""}
            axes.plot(sizes, 100 * heights, mark, label=claims.name, **style)
            below = sum(gap < resolution(share, size) for size, gap in found)
            told.append(f"{claims.name}: {below} of {len(found)} below the line")
    axes.set(xscale="log", yscale="log")
    finish(axes, xlabel="test faces n", ylabel="difference (points)")
    axes.grid(alpha=0.3, which="both")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,g}")
    figure.alt_text = (
        "Least difference that a test set shows against its size: "
        f"{100 * resolution(share, 200):.1f} points with 200 faces, "
        f"{100 * resolution(share, 3589):.1f} with 3,589. Differences that papers "
        f"claim, as marks. {'; '.join(told)}."
    )
    return figure
