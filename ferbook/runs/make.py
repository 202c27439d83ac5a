"""One run: data set, paper, variant and seed to a recorded result."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from torch import nn

from fer_lib.data import load
from fer_lib.data.audit.duplicates import leaked
from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import PAIRS, Splits, split, split_pair
from fer_lib.device import choose_device
from fer_lib.errors import FerError
from fer_lib.files import cache_dir, sha256_file
from fer_lib.models.saved import load_weights
from ferbook.papers import find_paper, find_recipe
from ferbook.runs.behaviour import compare, probe
from ferbook.runs.key import CONTENT, PEEK, RunKey, json_sha256
from ferbook.runs.predictions import accuracy, results_of
from ferbook.runs.provenance import rules_now
from ferbook.runs.records import Record, check_writable, records_of, write_beside
from ferbook.runs.run import Run, how_it_went, predictions_of
from ferbook.runs.schema import SCHEMA
from ferbook.runs.state import Kind, run_source, state_of
from ferbook.training.loop import fit
from ferbook.training.machine import forget_peak
from ferbook.training.states import Fitted, state_path

# Why a run that looked answers no claim.
PEEKED = "Made to show what choosing the epoch on the reported split feigns."


def splits_of(
    key: RunKey, root: str | None = None, target_root: str | None = None
) -> Splits:
    """Who is trained on, selected on and reported.

    Args:
        key: of the run.
        root: folder of its data set.
        target_root: folder of the reported one, for protocols of two.
    """
    faces = load(key.dataset, root, **dict(key.options))
    if key.protocol not in PAIRS:
        return split(faces, key.protocol)
    if not key.target:
        raise FerError(
            f"protocol '{key.protocol}' reports another data set than it "
            "trains on; name it with --target and --target-root."
        )
    return split_pair(faces, load(key.target, target_root), key.protocol)


class Course:
    """What a key comes to: settings, plan, and departures from the paper.

    Attributes:
        key: with the faces, and with those changes alone that change anything.

    Raises:
        FerError: for anything in the key that is unknown.
    """

    def __init__(self, key: RunKey, splits: Splits):
        self.paper, self.recipe = find_paper(key.paper), None
        changes, own = dict(key.changes), {}
        self.peek = changes.pop(PEEK, False)
        if key.recipe != "paper":
            self.recipe = find_recipe(key.recipe)
            known = {f.name for f in fields(self.recipe.config)}
            own = {name: changes.pop(name) for name in known & changes.keys()}
        make_config, seed = self.paper.make_config, key.seed
        self.config = make_config(key.preset, key.variant, **changes)
        self.plan = self.of_paper = self.paper.make_plan(self.config, splits, seed)
        self.settings, self.splits, self.seed = {}, splits, seed
        plain = make_config(key.preset, key.variant).flat()
        changed = _unlike(plain, self.config.flat())
        if self.recipe:
            how = self.how = self.recipe.make_config(key.preset, **own)
            make = self.make_network
            self.plan = self.recipe.replanned(self.plan, splits, how, make)
            self.settings = {"name": key.recipe} | asdict(how)
            changed |= _unlike(asdict(self.recipe.make_config(key.preset)), asdict(how))
        changed |= {PEEK: True} if self.peek else {}
        self.varied = sorted(_unlike(make_config(key.preset).flat(), plain))
        self.key = replace(key, changes=_by_content(changed), data=splits.sha256)

    def make_network(self) -> nn.Module:
        """The untrained network."""
        classes = len(self.splits.classes)
        return self.paper.make_network(self.config, classes, self.seed)

    def identity(self) -> dict:
        """What shapes the training."""
        identity = self.paper.identity(self.config)
        # Only where epochs do no more than end a run may a longer one go on.
        identity |= {} if self.plan.open_ended else {"epochs": self.plan.epochs}
        identity |= {PEEK: True} if self.peek else {}
        return identity | ({"recipe": self.settings} if self.settings else {})

    def departures(self) -> list[dict]:
        """How the run departs from its paper."""
        found = self.paper.departures(self.config, self.splits)
        if not self.recipe:
            return found
        return self.recipe.departures(found, self.of_paper, self.how)


def _unlike(plain: Mapping, settings: Mapping) -> dict:
    """Settings that differ from those of another configuration."""
    return {k: v for k, v in settings.items() if plain[k] != v}


def _by_content(changes: Mapping) -> dict:
    """Changes with a weight file told by name and content, not by place."""
    weights = changes.get("pretrained")
    if not weights:
        return dict(changes)
    told = {"pretrained": Path(weights).name, CONTENT: sha256_file(weights)}
    return dict(changes) | told


def reproduce(
    key: RunKey,
    *,
    folder: Path | None,
    root: str | None = None,
    target_root: str | None = None,
    device: str = "auto",
    budget: float | None = None,
    fresh: bool = False,
    again: bool = False,
    progress: bool | Callable[[float], None] = True,
    states: Path | None = None,
) -> Run:
    """Train, evaluate and record one run.

    A run that is recorded already is refused, unless the present code
    behaves otherwise.  No record is ever replaced: another one of the same
    run is kept beside it.

    Args:
        key: which run.
        folder: of all run records; the record goes below it.  None writes none, for
            whoever is given the run to write it.
        root: folder of the data set.
        target_root: folder of the reported one, for protocols of two.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        budget: seconds after which training saves and stops.
        fresh: forget an earlier, interrupted try instead of going on.
        again: make a recorded run again.
        progress: whether to show a bar; or as of :func:`~ferbook.training.loop.fit`.
        states: folder of training states; below the cache if None.

    Raises:
        FerError: for anything in the request that cannot be honoured.
    """
    started, where = datetime.now(UTC), choose_device(device)
    if folder:
        check_writable(folder)
    weights = dict(key.changes).get("pretrained")
    if weights and not Path(weights).is_file():
        raise FerError(
            f"{weights}: no such file, expected weights to begin from; name another "
            "with --pretrained, or leave it out."
        )
    splits = splits_of(key, root, target_root)
    course, source = Course(key, splits), run_source(key)
    key, config, plan = course.key, course.config, course.plan
    # Whoever changes them while the run goes on does so after the fact.
    judged_by = rules_now(key.paper)
    if folder and not again:
        _check_new(key, records_of(folder, key))
    if not plan.epochs:
        raise FerError(f"{key}: asks for no epoch of training, expected 1 or more.")
    copies = leaked(splits.train, splits.test)
    if copies.all():
        raise FerError(
            f"{key}: every face of {splits.test.splits[0]} stands in training, too, "
            "so nothing would be tested; use other faces."
        )
    run_id = json_sha256([course.identity(), key.seed, splits.sha256])
    states = (states or cache_dir() / "training") / f"{key.paper}-{run_id[:16]}"
    if fresh:
        shutil.rmtree(states, ignore_errors=True)
    state = state_path(states, plan.epochs)

    forget_peak(where)
    network, selected_by = course.make_network(), plan.selects_by(plan.stages[-1])
    run = Run(network.to(where), config, splits, Fitted(), None, selected_by)
    seen = {"config": run.settings(), "data": {"classes": list(splits.classes)}}
    behaviour = probe(_named(course) | seen)
    fitted = run.fitted = fit(
        network,
        plan,
        splits.train,
        partial(_looked, [splits.select, *[splits.test] * course.peek]),
        path=state,
        run={"id": run_id, "behaviour": behaviour},
        differ=partial(_unlike_runs, open_ended=plan.open_ended),
        budget=budget,
        progress=progress,
    )
    network.eval()
    if not fitted.finished:
        if fitted.selected:
            load_weights(network, fitted.selected, str(state))
        return run
    predictions = predictions_of(run, course.paper, copies)
    content = _named(course) | how_it_went(run, started, where, source)
    content |= {
        "behaviour": behaviour,
        "judged_by": judged_by,
        "command": key.command,
        "deviations": course.departures(),
        "results": results_of(predictions),
    }
    if course.peek:
        content["superseded"] = PEEKED
        content["selection"]["best_on_test"] = best_of(fitted.curve, splits.test)
    run.record = Record(key.place, content, predictions)
    if folder:
        run.record = write_beside(folder, content, predictions)
    return run


def _looked(parts: Sequence[FaceSet], network: nn.Module) -> dict[str, float]:
    """Accuracies after an epoch.

    Of the reported split at the end alone, but in runs that are made to show
    what looking earlier would feign.
    """
    return {k: v for part in parts for k, v in accuracy(network, part).items()}


def best_of(curve: Sequence[Mapping], part: FaceSet) -> dict:
    """The epoch that a part's own accuracy would have chosen, and that."""
    key = f"{part.splits[0]}_accuracy"
    # A stage that does not classify, of landmarks say, has no accuracies.
    best = max((row for row in curve if key in row), key=lambda row: row[key])
    return {"epoch": best["epoch"], "accuracy": best[key]}


def _unlike_runs(stored: Mapping, now: Mapping, *, open_ended: bool) -> list[str]:
    """How a paused training differs from the one that would go on from it."""
    if stored["id"] != now["id"]:
        return ["other settings, seed or faces"]
    length = ("epochs", "learning rates") if open_ended else ()
    return compare(stored["behaviour"], now["behaviour"], length)


def _check_new(key: RunKey, records: list[Record]) -> None:
    """Refuse a run that would only be made again."""
    for record in records:
        state = state_of(record)
        if record.key.data == key.data and state.kind != Kind.OTHERWISE:
            raise FerError(
                f"{record.path}: this run was recorded on {record.started[:10]} "
                f"({state}); take another seed, or --again to make it again and keep "
                "both."
            )


def _named(course: Course) -> dict:
    """The fields of a record that the key decides."""
    told = {k: v for k, v in course.key.to_json().items() if k != "data"}
    told |= {"schema": SCHEMA, "varied": course.varied, "key": course.key.sha256}
    return told | ({"recipe_settings": course.settings} if course.settings else {})
