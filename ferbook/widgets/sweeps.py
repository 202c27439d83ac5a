"""What beta and omega do to a trained RAMN: its recorded sweeps, to be tried out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from ferbook.ledger.claim_files import load_claims
from ferbook.ledger.statistics import crossed
from ferbook.papers.ramn import PAPER, SWEEPS
from ferbook.runs.key import RunKey
from ferbook.runs.records import Record
from ferbook.show.figures import COLOURS, RENDERED
from ferbook.show.phrases import dataset_name, protocol_name, trained
from ferbook.show.tables import Sentence, Table
from ferbook.widgets.base import Widget

SPLIT = "PrivateTest"
# Of each sweep: its values as (variant, value), ascending; the variant
# without the loss whose setting is varied; words; the step between values.
VARIED = {
    name: {
        "values": sorted(SWEEPS[title].items(), key=lambda one: one[1]),
        "control": control,
        "symbol": symbol,
        "label": f"margin {symbol} of the {loss}",
        "without": f"no {loss}",
        "step": step,
    }
    for name, title, control, symbol, loss, step in (
        ("beta", "beta (Fig. 4a)", "baseline", "β", "R-loss", 0.01),
        ("omega", "omega (Fig. 4b)", "beta", "ω", "C-loss", 1.0),
    )
}
_VARIANTS = {
    variant
    for one in VARIED.values()
    for variant in (one["control"], *dict(one["values"]))
}
_MEASURES = (
    "attention.whole",
    "attention.best_crop",
    "feature.first",
    "feature.second",
)
_WIDTHS = (0.002, 0.005, 0.01, 0.02, 0.05)  # of bars; attention keeps 0.0005
_BARS = 40  # at most
_NEAR = {"start": -0.05, "width": 0.005, "count": 30}  # around zero and the betas
_MOST_FACES = 600  # a scatter shows no more
_MOST_POINTS = 12_000  # of all scatters together, for the widget's size
_NO_CLAIM = "They show what a loss does; no claim about real faces rests on them."
_ALT = (
    "Explorer of RAMN's sweeps over beta and omega. A slider chooses a value; "
    "beside the accuracies of all values with their intervals stand how far the "
    "best sub-image leads the whole face, as a histogram over test faces, and "
    "the first two principal components of their features, by class."
)


def claimed_best(sweep: Mapping) -> tuple[str, str]:
    """The variant that the paper calls best in a sweep, and where it says so.

    Raises:
        FerError: when the orders in ``book/claims/ramn.toml`` leave none or several.
    """
    values = dict(sweep["values"])
    orders = [
        ([term.variant for term in claim.order], claim.where.place)
        for claim in load_claims("ramn").claims
        if claim.order and {term.variant for term in claim.order} <= set(values)
    ]
    best = {order[0] for order, _ in orders}
    best -= {variant for order, _ in orders for variant in order[1:]}
    if len(best) != 1:
        raise FerError(
            f"ramn.toml: the orders of {sweep['label']} leave {sorted(best)} as best, "
            "expected one variant; correct the claims."
        )
    return best.pop(), orders[0][1]


def sweep_explorer(records: Sequence[Record]) -> Widget | Sentence:
    """The sweeps of RAMN's Figure 4; a sentence where none is recorded."""
    groups: dict[RunKey, list[Record]] = {}  # that differ in variant and seed alone
    for record in records:
        if record.variant in _VARIANTS:
            same = replace(record.key.any_seed, variant="")
            groups.setdefault(same, []).append(record)
    if not groups:
        return Sentence("No recorded run has varied beta or omega yet.")
    variants = {key: {one.variant for one in of} for key, of in groups.items()}
    # Those with most variants first; of equals, real faces.
    order = sorted(
        groups, key=lambda key: (-len(variants[key]), groups[key][0].rendered)
    )
    best = {name: claimed_best(sweep) for name, sweep in VARIED.items()}
    points = _MOST_POINTS // sum(map(len, variants.values()))
    told = [_group(key, groups[key], best, points) for key in order]
    sweeps = {
        name: sweep | {"best": dict(sweep["values"])[variant], "place": place}
        for (name, sweep), (variant, place) in zip(
            VARIED.items(), best.values(), strict=True
        )
    }
    # Colours that a dark page needs lighter are the widget's own.
    own = {"orange": "orange", "green": "green", "vermilion": "red", "black": "text"}
    names = [name for name in COLOURS if name != "yellow"]
    colours = [f"var(--w-{own[n]})" if n in own else COLOURS[n] for n in names]
    data = {"sweeps": sweeps, "groups": told, "colours": colours}
    return Widget("sweeps", data, _ALT, _table(told, sweeps))


def _group(key: RunKey, records: list[Record], best: Mapping, points: int) -> dict:
    runs: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda one: one.seed):
        runs.setdefault(record.variant, []).append(record)
    first = records[0]
    labels = first.predictions[f"{SPLIT}/labels"]
    kept = {v: found for v, of in runs.items() if (found := measures(of))}
    drawn, about = pictures(kept, labels, points)
    nothing = {"lead": None, "plane": None}
    of, how = dataset_name(first.dataset), trained(first.key)
    rule = "" if first.protocol == "official" else f", {protocol_name(first.protocol)}"
    how = how.replace(", recipe of the paper", "")
    return about | {
        "key": key.sha256[:8],
        "label": f"{of}{rule}, {how}, {first.epochs} epochs",
        "note": _note(first),
        "classes": list(first.classes),
        "chance": round(np.bincount(labels).max() / len(labels), 4),
        "runs": {v: _accuracy(of) | drawn.get(v, nothing) for v, of in runs.items()},
        "gaps": {
            name: _gaps(runs, variant)
            for name, (variant, _) in best.items()
            if variant in runs
        },
    }


def _note(record: Record) -> str:
    sizes, papers = (
        f"{config['input_size']} pixels and width {config['width']}"
        for config in (record.config, PAPER.make_config("paper").flat())
    )
    told = f"{RENDERED} {_NO_CLAIM}" if record.rendered else "Real faces."
    return told if sizes == papers else f"{told} Here {sizes}, in the paper {papers}."


def _accuracy(runs: Sequence[Record]) -> dict:
    right = [run.correct(split=SPLIT) for run in runs]
    n, mean = len(right[0]), float(np.mean(right))
    return {
        "seeds": [run.seed for run in runs],
        "shares": [round(float(one.mean()), 4) for one in right],
        "share": round(mean, 5),
        "limits": [round(limit, 5) for limit in wilson_interval(mean * n, n)],
        "n": n,
        "beta": runs[0].config["beta"],
    }


def _gaps(runs: Mapping[str, Sequence[Record]], best: str) -> dict:
    right = {
        variant: {run.seed: run.correct(split=SPLIT) for run in of}
        for variant, of in runs.items()
    }
    gaps = {}
    for variant in runs.keys() - {best}:
        if seeds := right[variant].keys() & right[best].keys():
            means = [np.mean([right[v][k] for k in seeds], 0) for v in (variant, best)]
            gap = crossed(*means)
            limits = [round(x, 5) for x in (gap.mean, gap.low, gap.high)]
            gaps[variant] = {"points": limits, "seeds": len(seeds)}
    return gaps


def measures(runs: Sequence[Record]) -> dict | None:
    """What the first of these runs that kept it says of each test face.

    By how much the best sub-image's attention leads the whole face's, ``lead``
    ``[n]``, and two principal components, ``plane`` ``[n, 2]``.
    """
    for run in runs:
        kept = [run.predictions.get(f"{SPLIT}/measures/{name}") for name in _MEASURES]
        if all(one is not None and np.isfinite(one).all() for one in kept):
            whole, crop, *plane = (one.astype(np.float64) for one in kept)
            own = {"seed": run.seed, "beta": run.config["beta"]}
            return own | {"lead": crop - whole, "plane": np.stack(plane, 1)}
    return None


def pictures(
    kept: Mapping[str, dict], labels: np.ndarray, points: int
) -> tuple[dict[str, dict], dict]:
    """Histograms and scatters of :func:`measures` by variant, on the same axes.

    And what they have in common; a scatter shows ``points`` faces at most.
    """
    if not kept:
        return {}, {"bars": None}
    bars = {"wide": _bars(np.concatenate([k["lead"] for k in kept.values()]))}
    bars["near"] = _NEAR
    rows, most = np.arange(len(labels)), min(_MOST_FACES, points)
    if len(rows) > most:  # a draw of so many, the same for every run
        rows = np.sort(np.random.default_rng(0).choice(len(rows), most, replace=False))
    # In hundredths of a standard deviation, one point after another.
    planes = {v: np.rint(100 * one["plane"][rows]) for v, one in kept.items()}
    drawn = {
        v: {"lead": _lead(one, bars), "plane": planes[v].astype(int).ravel().tolist()}
        for v, one in kept.items()
    }
    shown = np.concatenate([one["plane"][rows] for one in kept.values()])
    margin = 0.03 * np.ptp(shown, 0) + 0.05
    frame = np.stack([shown.min(0) - margin, shown.max(0) + margin], 1)
    common = {"bars": bars, "labels": labels[rows].tolist()}
    return drawn, common | {"frame": np.round(frame, 2).tolist()}


def _bars(leads: np.ndarray) -> dict:
    low, high = np.quantile(leads, (0.002, 0.998))
    low, high = min(low, -0.01), max(high, 0.05)
    width = next((w for w in _WIDTHS if (high - low) / w < _BARS), _WIDTHS[-1])
    first, last = np.floor(low / width), np.ceil(high / width)
    start = round(float(first * width), 4)
    return {"start": start, "width": width, "count": int(last - first)}


def _lead(one: Mapping, bars: Mapping) -> dict:
    lead, counts = one["lead"], {}
    for name, of in bars.items():
        edges = of["start"] + of["width"] * np.arange(of["count"] + 1) - 1e-9
        found, _ = np.histogram(lead, [-np.inf, *edges, np.inf])
        counts[name] = found.tolist()
    return {
        "counts": counts,
        "met": round(float((lead >= one["beta"]).mean()), 4),
        "median": round(float(np.median(lead)), 4),
        "seed": one["seed"],
    }


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
