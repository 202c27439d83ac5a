"""One run: data set, paper, variant and seed to a recorded result."""

import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from torch import nn

from fer_lib.data import load
from fer_lib.data.protocols import PROTOCOLS, Splits, split
from fer_lib.errors import FerError
from fer_lib.evaluation.report import (
    accuracies,
    last_logits,
    results_of,
    selected_logits,
)
from fer_lib.evidence.provenance import (
    code_version,
    data_description,
    json_sha256,
    library_versions,
)
from fer_lib.evidence.records import Record, record_path, write_record
from fer_lib.evidence.source import source_hash
from fer_lib.files import cache_dir
from fer_lib.models.cost import count_parameters
from fer_lib.papers import paper as find_paper
from fer_lib.papers import restore
from fer_lib.preprocessing import Preprocessing
from fer_lib.training.checkpoint import load_weights
from fer_lib.training.device import choose_device, hardware, peak_memory_mib
from fer_lib.training.loop import fit
from fer_lib.training.states import Fitted, state_path
from fer_lib.training.weights import committed, save_network


@dataclass(frozen=True)
class Request:
    """Everything that names a run."""

    paper: str
    dataset: str = "rendered"
    root: str | None = None
    protocol: str = "official"
    preset: str = "smoke"
    variant: str = "default"
    seed: int = 0
    changes: dict = field(default_factory=dict)  # fields of the config

    @property
    def command(self) -> str:
        """The shell command that asks for this run."""
        words = ["ferbook reproduce", self.paper]
        words += [f"--dataset {self.dataset}"]
        words += ["--root DIR"] if self.root else []
        for name in ("protocol", "preset", "variant", "seed"):
            words.append(f"--{name} {getattr(self, name)}")
        for name, value in sorted(self.changes.items()):
            words.append(f"--{name.replace('_', '-')} {value}")
        return " ".join(words)


@dataclass
class Run:
    """A trained network and what it was trained on.

    ``record`` is ``None`` while the training is not finished, because its
    time budget ended; the same request goes on from there.
    """

    network: nn.Module  # holds the selected weights
    config: object
    preprocessing: Preprocessing
    splits: Splits
    fitted: Fitted
    record: Record | None = None
    selected_by: str = "accuracy"  # which value, on the selection split

    def results(self) -> dict:
        """Metrics by checkpoint, split and pass: recorded, or of this network."""
        if self.record is not None:
            return self.record.results
        found = selected_logits(self.network, self.splits.test, self.preprocessing)
        return results_of(found)

    def save(self, path: Path) -> None:
        """Write the recorded run's weights in half precision, to be committed."""
        about = {
            "paper": self.record.paper,
            "config": asdict(self.config),
            "preprocessing": self.preprocessing.to_json(),
            "classes": list(self.splits.classes),
            "rendered": self.splits.train.rendered,
            "command": self.record.command,
        }
        save_network(path, self.network, about)


def reproduce(
    request: Request,
    *,
    folder: Path,
    device: str = "auto",
    budget: float | None = None,
    fresh: bool = False,
    progress: bool = True,
) -> Run:
    """Train, evaluate and record one run.

    Args:
        request: which run.
        folder: of all run records; the record goes below it.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        budget: seconds after which training saves and stops.
        fresh: forget an earlier, interrupted try instead of going on.
        progress: whether to show a bar.

    Raises:
        FerError: for anything in the request that cannot be honoured.
    """
    started, where = datetime.now(UTC), choose_device(device)
    recipe = find_paper(request.paper)
    config = recipe.make_config(request.preset, request.variant, **request.changes)
    splits = split(load(request.dataset, request.root), request.protocol)
    source = run_source(request)
    plan = recipe.make_plan(config, splits, request.seed)
    # Only where epochs do no more than end a run may a longer one go on.
    identity = recipe.identity(config)
    identity |= {} if plan.open_ended else {"epochs": plan.epochs}
    run_id = json_sha256([identity, request.seed, splits.sha256, source])
    states = cache_dir() / "training" / f"{request.paper}-{run_id[:16]}"
    if fresh:
        shutil.rmtree(states, ignore_errors=True)
    state = state_path(states, plan.epochs)

    network = recipe.make_network(config, len(splits.classes), request.seed)
    network.to(where)
    fitted = fit(
        network,
        plan,
        splits.train,
        # The test split is looked at only to show, in the record, what
        # choosing the best epoch on it would have given.
        lambda trained: accuracies(
            trained, (splits.select, splits.test), plan.preprocessing
        ),
        path=state,
        run_id=run_id,
        budget=budget,
        progress=progress,
    )
    selected_by = plan.selects_by(plan.stages[-1])
    run = Run(network, config, plan.preprocessing, splits, fitted, None, selected_by)
    if not fitted.finished:
        if fitted.selected:
            load_weights(network, fitted.selected, str(state))
        return run
    content, predictions = _describe(request, run, started, where, source)
    path = record_path(folder, content)
    run.record = write_record(path, content, predictions)
    return run


def load_committed(paper: str, splits: Splits, device: str = "auto") -> Run:
    """The network of a paper that comes with the library, without a record.

    Raises:
        FerError: when its classes are not those of ``splits``.
    """
    found = restore(committed(paper))
    if found.classes != splits.classes:
        raise FerError(
            f"{committed(paper).name}: trained on {len(found.classes)} classes, "
            f"the protocol '{splits.protocol}' has {len(splits.classes)}; use a "
            "seven-class protocol, or train."
        )
    network = found.network.to(choose_device(device))
    fitted = Fitted(finished=True)
    return Run(network, found.config, found.preprocessing, splits, fitted)


def run_source(request: Request) -> str:
    """Hash of the code that shapes a run of this paper on this data set."""
    dataset = f"fer_lib.data.{request.dataset}"
    # Of the protocols only its own: a new one must not age older runs.
    made_by = PROTOCOLS[request.protocol]
    protocol = getattr(made_by, "func", made_by).__module__
    return source_hash([f"fer_lib.papers.{request.paper}", dataset, protocol, *SHARED])


SHARED = (
    "fer_lib.evaluation.inference",
    "fer_lib.evaluation.metrics",
    "fer_lib.training.loop",
)


def _predictions(run: Run) -> dict[str, np.ndarray]:
    """Logits of the reported checkpoints, splits and passes, and labels."""
    splits, prepared = run.splits, run.preprocessing
    parts = (splits.select, splits.test)
    found = last_logits(run.network, splits.train, parts, prepared)
    load_weights(run.network, run.fitted.selected, "selected weights")
    return found | selected_logits(run.network, splits.test, prepared)


def _describe(request: Request, run: Run, started, where, source) -> tuple[dict, dict]:
    """The content of the record and its predictions."""
    config, fitted, splits = asdict(run.config), run.fitted, run.splits
    select, key = str(splits.select.splits[0]), f"{splits.test.splits[0]}_accuracy"
    # A stage that does not classify, of landmarks say, has no accuracies.
    best = max((row for row in fitted.curve if key in row), key=lambda row: row[key])
    predictions = _predictions(run)
    content = {
        "schema": 1,
        "paper": request.paper,
        "dataset": request.dataset,
        "protocol": request.protocol,
        "preset": request.preset,
        "recipe": "paper",
        "variant": request.variant,
        "seed": request.seed,
        "config": config,
        "config_sha256": json_sha256(config),
        "code": code_version(source),
        "data": data_description(splits),
        "selection": {
            "split": select,
            "metric": run.selected_by.removeprefix(f"{select}_"),
            "epoch": fitted.selected_epoch,
            "best_on_test": {"epoch": best["epoch"], "accuracy": best[key]},
        },
        "epochs": fitted.epoch,
        "hardware": hardware(where),
        "libraries": library_versions(),
        "command": request.command,
        "started": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "wall_seconds": round(sum(row["seconds"] for row in fitted.curve), 1),
        "peak_memory_mib": peak_memory_mib(where),
        "parameters": count_parameters(run.network),
        "curve": fitted.curve,
        "deviations": find_paper(request.paper).deviations(run.config, splits),
        "results": results_of(predictions),
    }
    return content, predictions
