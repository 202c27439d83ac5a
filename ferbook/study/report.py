"""Tables and sentences of the recorded study."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from ferbook.ledger.statistics import Difference
from ferbook.show.phrases import duration
from ferbook.show.tables import Sentence, Table
from ferbook.study.analysis import (
    EFFECT,
    Answer,
    Records,
    answers,
    drawn,
    interval_of,
    records_of,
)
from ferbook.study.cell import METHOD_ROWS, RIVALS, ROWS, UNTRAINED
from ferbook.study.faces import SPLITS, shown_movements
from ferbook.study.networks import NAMES
from ferbook.study.plan import (
    DRAWS,
    HYPOTHESES,
    LEARNED,
    PRIMARY_SCORES,
    RANK,
    UNITS,
)
from ferbook.study.record import recorded, records_folder
from ferbook.study.settings import FAIR, SIZES, Settings
from ferbook.study.standing import Standing, places, standings

LABELS = {
    "grad_cam": "Grad-CAM",
    "score_cam": "Score-CAM",
    "guided_grad_cam": "guided Grad-CAM",
    "occlusion": "occlusion",
    "label_flip": "occlusion, flips",
    "saliency": "saliency",
    "integrated_gradients": "integrated gradients",
    "integrated_gradients_black": "integrated gradients, black",
    "integrated_gradients_blur": "integrated gradients, blurred",
    "integrated_gradients_mixed": "integrated gradients, four baselines",
    "deeplift": "DeepLIFT",
    "smooth_grad": "SmoothGrad",
    "part_ablation": "ablation of parts",
    "shapley_parts": "Shapley of parts",
    "attention": "own attention",
    "attention_untrained": "own attention, untrained",
    "truth": "ceiling: the truth",
    "named_part": "rival: part of that name",
    "edges": "decoy: edges",
    "mean_face": "decoy: mean face",
    "centre_blob": "decoy: centre blob",
    "fitted_blob": "decoy: fitted blob",
    "mean_parts": "decoy: mean parts",
    "noise": "floor: noise",
    "constant": "floor: constant",
    "broken_shift": "broken: shifted",
    "broken_flip": "broken: mirrored",
    "broken_shuffle": "broken: shuffled",
}
HOLDS = {1: "holds", 0: "undecided", -1: "does not hold"}
# What a paper says of its own attention, and where.
SAYS = {
    "deep_emotion": ("the transformer samples the region of interest", "section 3"),
    "residual_masking": ("masks let learning focus on what is needed", "section II"),
    "ramn": ("weights find the most discriminative area", "section I"),
    "diversified_manet": ("CBAM highlights key facial regions", "section 3"),
    "part_ensemble": ("each sub-network looks at its own part", "section V-C"),
}


def open_records(folder: Path, settings: Settings) -> Records:
    """The records of a folder as tables."""
    shown = [
        shown_movements(SPLITS["Test"] + k, settings) for k in range(settings.test)
    ]
    moves = np.array([[task in one for task in settings.tasks] for one in shown])
    return records_of(list(recorded(folder)), moves)


def tracked() -> Records | None:
    """The records that come with the book, read once; None if there are none."""
    files = sorted(records_folder().glob("[!.]*.npz"))
    return _read(*((p, p.stat().st_mtime_ns) for p in files)) if files else None


@lru_cache(maxsize=1)
def _read(*files: tuple[Path, int]) -> Records:
    return open_records(files[0][0].parent, SIZES["full"])


def interval(told: Difference, digits: int = 2) -> str:
    """A mean with its 95 % interval.

    >>> interval(Difference(0.5, 0.25, 0.75, 8))
    '0.50 (0.25 to 0.75)'
    """
    mean, low, high = (f"{x:.{digits}f}" for x in (told.mean, told.low, told.high))
    return f"{mean} ({low} to {high})"


def against(one: Standing) -> str:
    """How a row stands against the hardest decoy: a word, and figures below it."""
    if one.margin is None:
        return ""
    return f"{one.word}\n {interval(one.margin)}, {bare(one.rival)}"


def provenance(folder: Path | None = None) -> Sentence:
    """How much of the plan is recorded, and what it cost."""
    settings = SIZES["full"]
    told = [about for _, about, _ in recorded(folder or records_folder())]
    planned = len(settings.cells()) + len(settings.cells_on_photographs())
    spent = duration(sum(about["cpu_seconds"] for about in told))
    return Sentence(
        f"{len(told)} of the plan's {planned} cells are recorded, each a network that "
        f"was trained, explained and scored: {spent} of a processor core's time."
    )


def answers_table(found: Sequence[Answer], missing: int = 0) -> Table:
    """The hypotheses of the plan, each with its answer; ``missing`` cells are told."""
    rows = tuple(
        (
            one.hypothesis.key,
            one.hypothesis.says,
            f"{one.word}\n p = {one.adjusted:.3f}",
            f"{one.found.mean:.3f} ({one.found.low:.3f} to {one.found.high:.3f})"
            + (f"\n against {bare(one.against)}" if one.against else ""),
        )
        for one in found
    )
    note = (
        f"Rendered faces; H11 photographs, too. Differences that are above zero as "
        f"asserted, with 95 % intervals; p is one-sided, after Holm's correction for "
        f"{len(HYPOTHESES)} hypotheses. Where there are several decoys, the one that "
        "is hardest to beat."
    )
    if missing:
        note += f" Interim: {missing} of the plan's cells are not recorded yet."
    header = ("", "Hypothesis", "Answer", "Difference")
    return Table("What the frozen plan asserted, and the answers", header, rows, note)


def methods_table(records: Records, draws: int = DRAWS) -> Table:
    """Every method by both primary scores, beside the hardest decoy."""
    rows = [*METHOD_ROWS, UNTRAINED, "truth", "named_part", *RIVALS, "noise"]
    marks = standings(records, RANK, rows, draws=draws)
    orders = standings(records, UNITS, rows, draws=draws)
    of_rank = {one.row: one for one in places(records, RANK, draws)}
    named = sorted(marks, key=lambda row: -marks[row].found.mean)
    cells = tuple(
        (
            LABELS[row],
            interval(marks[row].found),
            against(marks[row]),
            f"{of_rank[row].best:.0f} to {of_rank[row].worst:.0f}",
            interval(orders[row].found) if row in orders else "",
            against(orders[row]) if row in orders else "",
        )
        for row in named
    )
    most = max(one.found.n for one in marks.values())
    note = (
        f"Exploratory. Rendered faces, up to n = {most:,} maps a row; 95 % intervals "
        "over movements, networks, seeds and faces. Marks: share of the hottest pixels "
        "that the movement shifts. Orders: of a face's movements by what each does to "
        "the answer, 0.5 is chance. Beside: above or below the decoy that is hardest "
        "to beat on the same maps."
    )
    header = (
        "Method", "Marks what moves", "Marks, beside the hardest decoy",
        "Rank in 95 % of draws", "Orders movements",
        "Orders, beside the hardest decoy",
    )  # fmt: skip
    return Table("Methods by both primary scores", header, cells, note)


def cues_table(records: Records, draws: int = DRAWS) -> Table | Sentence:
    """Mass on planted cues by strength, and what needs no truth; a row a method."""
    planted = _planted(records)
    rows = (*METHOD_ROWS, *RIVALS, "noise")
    columns = {
        _condition(c): standings(records, "cue_mass", rows, condition=c, draws=draws)
        for c in planted
    }
    fair = next((c for c in planted if c == "photos50"), "")
    for score, title in (
        ("randomised", "Photographs: weights drawn anew"),
        ("seeds", "Photographs: another seed"),
    ):
        columns[title] = standings(
            records, score, METHOD_ROWS, condition=fair, draws=draws
        )
    columns = {title: told for title, told in columns.items() if told}
    if not columns:
        return Sentence("No planted cue is recorded yet.")
    last = [title for title in columns if title.startswith("Rendered")][-1:]
    first = columns[last[0]] if last else next(iter(columns.values()))
    named = [row for row in rows if any(row in told for told in columns.values())]
    named.sort(key=lambda r: -first[r].found.mean if r in first else 1)
    cells = tuple(
        (
            LABELS[row],
            *(interval(t[row].found) if row in t else "" for t in columns.values()),
        )
        for row in named
    )
    note = (
        "Exploratory. First the share of a map's mass on the cue, or the square, that "
        "is tied to what is asked, by how often both agreed while the network learned: "
        "50 % is chance. Then Spearman's correlation over pixels with the map of "
        "weights drawn anew (should be near zero), and of a second training. 95 % "
        "intervals."
    )
    return Table("Planted shortcuts, rendered and on photographs", ("Method", *columns),
                 cells, note)  # fmt: skip


def _planted(records: Records) -> list[str]:
    """Conditions with planted cues, the weakest first, photographs last."""
    found = [c for c in records.values if c.startswith(("tied", "photos"))]
    return sorted(found, key=lambda c: (c.startswith("photos"), int(_strength(c))))


def _strength(condition: str) -> str:
    return condition.removeprefix("tied").removeprefix("photos")


def _condition(name: str) -> str:
    strength = _strength(name)
    where = "Rendered" if name.startswith("tied") else "Photographs"
    return f"{where}, {strength} %"


def effects_table(records: Records, draws: int = DRAWS) -> Table | Sentence:
    """What planted cues do to the answers: whether networks went by them."""
    rows = []
    for name in _planted(records):
        effect = records.values[name].get(EFFECT)
        if effect is None:
            continue
        mean = float(np.nanmean(effect))
        told, _ = interval_of(mean, drawn(effect, draws)[:, 0], effect[0])
        rows.append((_condition(name), interval(told), f"{told.n:,}"))
    if not rows:
        return Sentence("No planted cue is recorded yet.")
    note = "Log-odds of what is asked with the cue less those without; 95 % interval."
    return Table(
        "What a planted cue does to the answer", ("Cue agrees", "Effect", "n"),
        tuple(rows), note, folded=True,
    )  # fmt: skip


def attention_table(records: Records | None, draws: int = DRAWS) -> Table | Sentence:
    """Networks' own attention against its start and a fitted blob, by network."""
    if records is None or FAIR not in records.values:
        return Sentence("No network of the study is recorded yet.")
    rows = []
    for network, (says, where) in SAYS.items():
        told = [_gap(records, network, o, draws) for o in (UNTRAINED, "fitted_blob")]
        if any(told):
            cells = (_held(one) if one else "" for one in told)
            rows.append((f"{NAMES[network]}\n {where}", says, *cells))
    if not rows:
        return Sentence("No network with attention learned a movement.")
    header = ("Paper", "What it says, in short", "Above the same before training",
              "Above a fitted blob")  # fmt: skip
    note = (
        "Rendered faces, networks at their size small that learned single movements: "
        "share of the hottest pixels on what moves, difference with its 95 % interval "
        "over movements, seeds and faces, none corrected for their number. It decides "
        "no claim about photographs."
    )
    caption = "Does the networks' own attention lie on the evidence? Rendered faces"
    return Table(caption, header, tuple(rows), note)


def _held(one: Difference) -> str:
    return f"{HOLDS[one.sign()]}\n {interval(one)}, n = {one.n:,}"


def _gap(records: Records, network: str, other: str, draws: int) -> Difference | None:
    """Own attention less another row by the rank score, on a network's maps."""
    if network not in records.networks:
        return None
    table = records.values[FAIR][RANK][:, :, [records.networks.index(network)]]
    gap = table[ROWS.index("attention")] - table[ROWS.index(other)]
    if np.isnan(gap).all():
        return None
    return interval_of(float(np.nanmean(gap)), drawn(gap[None], draws)[:, 0], gap)[0]


def bare(row: str) -> str:
    """A row's label without what kind of row it is."""
    return LABELS[row].removeprefix("decoy: ").removeprefix("rival: ")


def places_table(records: Records, score: str, draws: int = DRAWS) -> Table:
    """All rows by one score; exploratory."""
    found = places(records, score, draws)
    rows = tuple(
        (
            str(k + 1),
            LABELS[one.row],
            f"{one.mean:.3f} ({one.low:.3f} to {one.high:.3f})",
            f"{one.best:.0f} to {one.worst:.0f}",
            f"{one.without[0]} to {one.without[1]}",
        )
        for k, one in enumerate(found)
    )
    most = max(one.n for one in found)
    note = (
        f"Exploratory. Rendered faces, up to {most:,} maps a row; movements, networks, "
        "seeds and faces are drawn anew. The last column leaves out a movement or a "
        "network at a time."
    )
    header = ("", "Row", "Mean", "Rank in 95 % of draws", "Rank with one left out")
    return Table(f"Rows by {score}", header, rows, note, folded=True)


def learned_table(records: Records) -> Table:
    """How many movements each network learned, and how well it tells them apart."""
    rows = []
    for place, network in enumerate(records.networks):
        able, auc = records.learned[FAIR][:, place], records.auc[FAIR][:, place]
        known = np.isfinite(auc)
        if known.any():
            told = f"{able.sum()} of {known.sum()}", f"{auc[known].mean():.3f}"
            rows.append((NAMES[network], *told))
    note = (
        f"Learned: the 95 % interval of the AUC lies above {LEARNED}; the maps of the "
        "others are not ranked. Counted over movements and seeds."
    )
    header = ("Network", "Movements learned", "Mean AUC")
    caption = "What the networks learned, rendered faces"
    return Table(caption, header, tuple(rows), note, folded=True)


def summary(folder: Path, settings: Settings, draws: int = DRAWS) -> str:
    """What the command prints when it ends."""
    records = open_records(folder, settings)
    if FAIR not in records.values:
        return "No fair network is recorded yet."
    parts = [learned_table(records).text()]
    if any(able.any() for able in records.learned.values()):
        told = answers(records, draws)
        parts.append(answers_table(told, records.missing).text())
        parts += [
            places_table(records, score, draws).text() for score in PRIMARY_SCORES
        ]
    return "\n\n".join(parts)
