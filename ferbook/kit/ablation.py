"""Ablations: from recorded runs, and the same code live in small."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from fer_lib.data.splits import Splits
from fer_lib.device import choose_device
from fer_lib.evaluation.inference import predict
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.models.network import Network
from fer_lib.models.saved import load_weights
from ferbook.kit.parameters import Parameters
from ferbook.kit.results import kind_of, recorded
from ferbook.ledger.comparing import Comparison, compare, paired
from ferbook.ledger.rules import rules
from ferbook.ledger.statistics import Difference, crossed
from ferbook.papers import find_paper
from ferbook.runs.key import RunKey
from ferbook.runs.predictions import accuracy
from ferbook.runs.records import Record
from ferbook.runs.run import Run
from ferbook.show import phrases
from ferbook.show.tables import Sentence, Table
from ferbook.training.loop import fit

_HEADER = ("Variant", "Accuracy", "Variant less {}", "McNemar", "What it says")


def ablation(
    paper: str,
    variants: Sequence[str],
    against: str = "default",
    dataset: str = "fer2013",
) -> Table | Sentence:
    """Variants of a paper against one of them, from recorded runs on a data set.

    Paired: the same faces, seeds, protocol, preset, recipe and changes.
    """
    rows = []
    groups: dict[RunKey, dict[str, list[Record]]] = {}
    for record in recorded(paper, dataset):
        same = replace(record.key, seed=0, variant="")
        groups.setdefault(same, {}).setdefault(record.variant, []).append(record)
    for key, runs in groups.items():
        for name in variants:
            sides = [[(run,) for run in runs.get(one, ())] for one in (name, against)]
            if name != against and all(paired(sides)):
                rows.append(_compared(name, key, compare(*sides)))
    if not rows:
        names = ", ".join(name for name in variants if name != against)
        return Sentence(
            f"No recorded runs yet compare {names} with {against} on "
            f"{phrases.dataset_name(dataset)}."
        )
    note = (
        "Points of accuracy, the same seeds on the same test faces, with a 95 % "
        "interval over faces; p of McNemar's exact test for each seed. Test faces that "
        "also stand in the training split, as some of FER2013 do, are left out."
    )
    caption = f"Against {against}: runs on {phrases.dataset_name(dataset)}"
    header = tuple(name.format(against) for name in _HEADER)
    return Table(caption, header, tuple(rows), note)


def _compared(name: str, key: RunKey, found: Comparison) -> tuple[str, ...]:
    told = [
        f"seed {seed}: p = {p:.2g}"
        for seed, p in zip(found.seeds, found.p, strict=True)
    ]
    ours, other = (100 * mean for mean in found.means)
    return (
        f"{name}\n {phrases.trained(key)}\n {phrases.protocol_name(key.protocol)}",
        f"{ours:.1f} %\n against {other:.1f} %",
        _points(found.difference),
        "\n ".join(told),
        _says(found.difference, len(found.seeds)),
    )


def _points(found: Difference) -> str:
    mean, low, high = (100 * x for x in (found.mean, found.low, found.high))
    return f"{mean:+.1f} points\n {low:+.1f} to {high:+.1f}, n = {found.n:,}"


def _says(found: Difference, seeds: int) -> str:
    says = {1: "better", -1: "worse", 0: "undecided"}[found.sign()]
    needed = found.n_to_decide
    if found.sign() and seeds < rules()["seeds"]:
        says += " for this seed" if seeds == 1 else " for these seeds"
        says += f"\n an answer takes {rules()['seeds']}"
    elif not found.sign() and needed:
        about = round(needed, 2 - len(str(needed)))  # more digits would be false
        says += f"\n a difference of this size takes about {about:,} faces"
    return says


def try_variants(
    parameters: Parameters,
    splits: Splits,
    variants: Sequence[str],
    *,
    epochs: int = 1,
    faces: int = 320,
) -> dict[str, Run]:
    """Train variants for a moment: the code of the ablation, live in small.

    All begin with the chapter's seed and see the same first faces, for so many epochs
    of each stage at most.  The runs have no records.
    """
    chosen = {name: getattr(parameters, name) for name in ("preset", "seed", "device")}
    chosen |= {"epochs": epochs, "faces": faces, "settings": parameters.settings}
    return {v: train_briefly(parameters.paper, v, splits, **chosen) for v in variants}


def train_briefly(
    paper: str,
    variant: str,
    splits: Splits,
    *,
    epochs: int,
    faces: int | None = None,
    preset: str = "smoke",
    settings: Mapping[str, object] = {},
    seed: int = 0,
    device: str = "cpu",
    start: Network | None = None,
) -> Run:
    """Train a paper's network for a few epochs a stage, on the first faces.

    From the weights of ``start`` if given, with its sizes; the epoch that is best on
    the selection part is kept.
    """
    few = splits.train.select(np.arange(len(splits.train))[:faces])
    splits, recipe = replace(splits, train=few), find_paper(paper)
    sizes = dict(start.options) if start else {}
    sizes.pop("num_classes", None)
    config = recipe.make_config(preset, variant, **sizes | dict(settings))
    plan = recipe.make_plan(config, splits, seed)
    stages = [replace(one, epochs=min(one.epochs, epochs)) for one in plan.stages]
    network = recipe.make_network(config, len(splits.classes), seed)
    if start:
        load_weights(network, start.state_dict(), f"{paper}, the start")
    network.to(choose_device(device))

    def look(trained: Network) -> dict:
        return accuracy(trained, splits.select)

    # For seconds of training, none are spent on which precision is faster.
    plan = replace(plan, stages=tuple(stages), precision="float32")
    fitted = fit(network, plan, few, look, progress=False)
    load_weights(network, fitted.selected, f"{paper}, {variant}")
    return Run(network.eval(), config, splits, fitted)


def tried_box(tried: dict[str, Run]) -> Table | Sentence:
    """Variants that were tried, against the first of them.

    A sentence where none reads more faces than one answer for all would.
    """
    right = {name: _right(run) for name, run in tried.items()}
    first, *others = right
    chance = np.bincount(tried[first].splits.test.labels).max() / len(right[first])
    faces, n = len(tried[first].splits.train), len(right[first])
    if all(wilson_interval(int(one.sum()), n)[0] <= chance for one in right.values()):
        kind = kind_of(tried[first].splits.test)
        return Sentence(
            f"After so few steps no variant ({', '.join(right)}) beats a network that "
            f"gives every face the same answer and so reads {100 * chance:.1f} % of "
            f"{n} {kind}. A few steps on {faces} faces show that the code runs, not "
            "which variant is better."
        )
    rows = [(first, f"{100 * right[first].mean():.1f} %", "")]
    for name in others:
        found = crossed(right[name], right[first])
        share = f"{100 * right[name].mean():.1f} %"
        # One seed and a few steps decide nothing: no test of them is told.
        rows.append((name, share, _points(found)))
    note = (
        f"A few steps on {faces} faces show that the code runs, and "
        "nothing about the paper. Always saying the most frequent class would be "
        f"right for {100 * chance:.1f} % of the {n} test faces."
    )
    caption = f"Against {first}: tried here on {kind_of(tried[first].splits.test)}"
    header = tuple(name.format(first) for name in _HEADER[:3])
    return Table(caption, header, tuple(rows), note)


def _right(run: Run) -> np.ndarray:
    scores = predict(run.network, run.splits.test.images)
    return scores.argmax(1) == run.splits.test.labels
