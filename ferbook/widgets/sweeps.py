"""What beta and omega do to a trained RAMN: its recorded sweeps, to be tried out."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from fer_lib.evaluation.intervals import wilson_interval
from ferbook.ledger.statistics import paired_difference
from ferbook.papers.ramn import make_config
from ferbook.runs.records import Record
from ferbook.show.figures import COLOURS, RENDERED
from ferbook.show.phrases import dataset_name, protocol_name, trained
from ferbook.show.tables import Sentence, Table
from ferbook.widgets.base import Widget
from ferbook.widgets.sweep_measures import SPLIT, measures, pictures
from ferbook.widgets.sweep_runs import VARIED, Sweep, claimed_best, comparable, made

_ALT = (
    "Explorer of RAMN's sweeps over beta and omega. A slider chooses a value; "
    "beside the accuracies of all values with their intervals stand how far the "
    "best sub-image leads the whole face, as a histogram over test faces, and "
    "the first two principal components of their features, by class."
)
_NO_CLAIM = "They show what a loss does; no claim about real faces rests on them."


def sweep_explorer(records: Sequence[Record]) -> Widget | Sentence:
    """The sweeps of RAMN's Figure 4, from recorded runs.

    Args:
        records: runs of RAMN, of any variants and data sets.

    Returns:
        The widget; a sentence where no run of a sweep is recorded.
    """
    groups = comparable(records)
    if not groups:
        return Sentence("No recorded run has varied beta or omega yet.")
    best = {name: claimed_best(sweep) for name, sweep in VARIED.items()}
    networks = sum(len({one.variant for one in group}) for group in groups)
    told = [_group(group, best, networks) for group in groups]
    data = {
        "sweeps": {name: _told(VARIED[name], *best[name]) for name in VARIED},
        "groups": told,
        "colours": _colours(),
    }
    return Widget("sweeps", data, _ALT, _table(told, data["sweeps"]))


def _told(sweep: Sweep, best: str, place: str) -> dict:
    values = [[variant, value] for variant, value in sweep.values.items()]
    own = {key: value for key, value in asdict(sweep).items() if key != "values"}
    return own | {"values": values, "best": sweep.values[best], "place": place}


def _colours() -> list[str]:
    """Of classes; those that a dark page needs lighter are the widget's own."""
    own = {"orange": "orange", "green": "green", "vermilion": "red", "black": "text"}
    names = [name for name in COLOURS if name != "yellow"]
    return [f"var(--w-{own[n]})" if n in own else COLOURS[n] for n in names]


def _group(records: Sequence[Record], best: Mapping, networks: int) -> dict:
    runs: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda one: one.seed):
        runs.setdefault(record.variant, []).append(record)
    labels = records[0].predictions[f"{SPLIT}/labels"]
    found = {variant: measures(of) for variant, of in runs.items()}
    drawn, about = pictures(found, labels, networks)
    counts = np.bincount(labels, minlength=len(records[0].classes))
    return about | {
        "key": hashlib.sha256(made(records[0]).encode()).hexdigest()[:8],
        "label": _label(records[0]),
        "note": _note(records[0]),
        "classes": list(records[0].classes),
        "chance": round(counts.max() / counts.sum(), 4),
        "runs": {v: _accuracy(of) | drawn[v] for v, of in runs.items()},
        "gaps": {
            name: _gaps(runs, variant)
            for name, (variant, _) in best.items()
            if variant in runs
        },
    }


def _note(record: Record) -> str:
    sizes, papers = (
        f"{config['input_size']} pixels and width {config['width']}"
        for config in (record.config, asdict(make_config("paper")))
    )
    told = f"{RENDERED} {_NO_CLAIM}" if record.rendered else "Real faces."
    return told if sizes == papers else f"{told} Here {sizes}, in the paper {papers}."


def _label(record: Record) -> str:
    of = dataset_name(record.dataset)
    protocol = record.protocol
    labels = "" if protocol == "official" else f", {protocol_name(protocol)}"
    how = trained(record.preset, record.recipe).removesuffix(", recipe of the paper")
    return f"{of}{labels}, {how}, {record.epochs} epochs"


def _accuracy(runs: Sequence[Record]) -> dict:
    """Of the mean over seeds, as the book's figure of the sweeps has it."""
    right = [run.correct(split=SPLIT) for run in runs]
    n, mean = len(right[0]), float(np.mean(right))
    limits = wilson_interval(mean * n, n)
    return {
        "seeds": [run.seed for run in runs],
        "shares": [round(float(one.mean()), 4) for one in right],
        "share": round(mean, 5),
        "limits": [round(limit, 5) for limit in limits],
        "n": n,
        "beta": runs[0].config["beta"],
    }


def _gaps(runs: Mapping[str, Sequence[Record]], best: str) -> dict:
    """Accuracy less that of the claimed best, on the same faces and seeds."""
    right = {
        variant: {run.seed: run.correct(split=SPLIT) for run in of}
        for variant, of in runs.items()
    }
    gaps = {}
    for variant in runs.keys() - {best}:
        seeds = sorted(right[variant].keys() & right[best].keys())
        if seeds:
            both = [
                np.mean([right[v][seed] for seed in seeds], 0) for v in (variant, best)
            ]
            gap = paired_difference(*both)
            limits = [round(x, 5) for x in (gap.mean, gap.low, gap.high)]
            gaps[variant] = {"points": limits, "seeds": len(seeds)}
    return gaps


def _table(groups: Sequence[Mapping], sweeps: Mapping) -> Table:
    rows = []
    for group, sweep in ((g, s) for g in groups for s in sweeps.values()):
        steps = [(sweep["control"], sweep["without"])]
        steps += [(v, f"{sweep['symbol']} = {x:g}") for v, x in sweep["values"]]
        for variant, step in steps:
            rows.append((group["label"], step, *_cells(group["runs"].get(variant))))
    header = ("Faces", "Value", "Accuracy (95 % interval)", "Lead of β or more")
    best = " and ".join(
        f"{one['symbol']} = {one['best']:g} ({one['place']})" for one in sweeps.values()
    )
    note = f"The paper finds the best at {best}."
    caption = "RAMN's sweeps over β and ω: recorded runs, PrivateTest"
    return Table(caption, header, tuple(rows), note)


def _cells(run: Mapping | None) -> tuple[str, str]:
    if run is None:
        return "no run recorded", ""
    low, high = (100 * limit for limit in run["limits"])
    seeds = ", ".join(map(str, run["seeds"]))
    told = f"{100 * run['share']:.1f} % ({low:.1f}–{high:.1f})"
    lead = run["lead"]
    led = lead and f"{100 * lead['met']:.1f} % of faces\n seed {lead['seed']}"
    return f"{told}\n n = {run['n']:,}, seeds {seeds}", led or "not kept"
