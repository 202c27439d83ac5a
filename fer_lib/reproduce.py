"""One run: data set, paper, variant and seed to a recorded result.

Chapters, the command line and the queue of open claims all come through
:func:`reproduce`.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from torch import nn

import fer_lib
from fer_lib.data import load
from fer_lib.data.preprocessing import Preprocessing
from fer_lib.data.protocols import Splits, split
from fer_lib.errors import FerError
from fer_lib.evaluation.inference import PASSES, predict
from fer_lib.evaluation.metrics import summarize
from fer_lib.evidence.records import Record, record_path, write_record
from fer_lib.evidence.source import source_hash
from fer_lib.files import cache_dir
from fer_lib.models import count_parameters
from fer_lib.papers import paper as find_paper
from fer_lib.training.checkpoint import load_weights
from fer_lib.training.device import choose_device, hardware, peak_memory_mib
from fer_lib.training.loop import Fitted, fit
from fer_lib.training.weights import committed, read_network, save_network

LIBRARIES = ("torch", "numpy", "kornia", "captum", "torchmetrics")


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

    def results(self) -> dict:
        """Metrics by checkpoint, split and pass: recorded, or of this network."""
        if self.record is not None:
            return self.record.results
        test = self.splits.test
        passes = {
            view: summarize(
                predict(self.network, test.images, self.preprocessing, tta=view),
                test.labels,
            )
            for view in PASSES
        }
        return {"selected": {str(test.splits[0]): passes}}

    def save(self, path: Path) -> None:
        """Write the selected weights in half precision, to be committed."""
        about = {
            "config": asdict(self.config),
            "preprocessing": self.preprocessing.to_json(),
            "classes": list(self.splits.classes),
            "rendered": self.splits.train.rendered,
            "command": self.record.command if self.record else None,
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
    run_id = _hash([recipe.identity(config), request.seed, splits.sha256, source])
    state = cache_dir() / "training" / f"{request.paper}-{run_id[:16]}.safetensors"
    if fresh:
        state.unlink(missing_ok=True)

    network = recipe.make_network(config, len(splits.classes), request.seed)
    network.to(where)
    plan = recipe.make_plan(config, splits, request.seed)
    fitted = fit(
        network,
        recipe.make_optimizer(config, network),
        plan,
        splits.train,
        _evaluator(splits, plan.preprocessing),
        path=state,
        run_id=run_id,
        budget=budget,
        progress=progress,
    )
    run = Run(network, config, plan.preprocessing, splits, fitted)
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
    where, path = choose_device(device), committed(paper)
    weights, about = read_network(path)
    if about["classes"] != list(splits.classes):
        raise FerError(
            f"{path.name}: trained on {len(about['classes'])} classes, the "
            f"protocol '{splits.protocol}' has {len(splits.classes)}; use a "
            "seven-class protocol, or train."
        )
    recipe = find_paper(paper)
    config = recipe.make_config("paper", **about["config"])
    network = recipe.make_network(config, len(splits.classes), seed=0).to(where)
    load_weights(network, weights, str(path))
    preprocessing = Preprocessing(**about["preprocessing"])
    return Run(network, config, preprocessing, splits, Fitted(finished=True))


def run_source(request: Request) -> str:
    """Hash of the code that shapes a run of this paper on this data set."""
    dataset = f"fer_lib.data.{request.dataset}"
    return source_hash([f"fer_lib.papers.{request.paper}", dataset, *SHARED])


SHARED = (
    "fer_lib.data.protocols",
    "fer_lib.evaluation.inference",
    "fer_lib.evaluation.metrics",
    "fer_lib.training.loop",
)


def _evaluator(splits: Splits, preprocessing: Preprocessing):
    """Accuracy on the selection and test splits after each epoch.

    The test split is looked at only to show, in the record, what choosing
    the best epoch on it would have given.
    """

    def evaluate(network: nn.Module) -> dict[str, float]:
        found = {}
        for part in (splits.select, splits.test):
            scores = predict(network, part.images, preprocessing)
            hits = float((scores.argmax(1) == part.labels).mean())
            found[f"{part.splits[0]}_accuracy"] = hits
        return found

    return evaluate


def _predictions(run: Run) -> dict[str, np.ndarray]:
    """Logits of the reported checkpoints, splits and passes."""
    select, test = run.splits.select, run.splits.test
    names = str(select.splits[0]), str(test.splits[0])
    found = {
        f"{name}/labels": part.labels.astype(np.int8)
        for name, part in zip(names, (select, test), strict=True)
    }

    def add(checkpoint: str, name: str, part, tta: str) -> None:
        scores = predict(run.network, part.images, run.preprocessing, tta=tta)
        # float16 ends at 6e-8: a logarithm of less is all the same to it.
        key = f"{checkpoint}/{name}/{tta}/logits"
        found[key] = np.clip(scores, -60000, 60000).astype(np.float16)

    add("last", names[1], test, "single")
    add("last", names[0], select, "single")
    load_weights(run.network, run.fitted.selected, "selected weights")
    add("selected", names[1], test, "single")
    add("selected", names[1], test, "flip")
    return found


def _results(predictions: dict[str, np.ndarray]) -> dict:
    """Metrics of every set of logits, nested as the keys are."""
    results: dict = {}
    for key, logits in predictions.items():
        if key.endswith("/logits"):
            checkpoint, part, tta, _ = key.split("/")
            metrics = summarize(logits, predictions[f"{part}/labels"])
            results.setdefault(checkpoint, {}).setdefault(part, {})[tta] = metrics
    return results


def _describe(request: Request, run: Run, started, where, source) -> tuple[dict, dict]:
    """The content of the record and its predictions."""
    config, fitted, splits = asdict(run.config), run.fitted, run.splits
    test = str(splits.test.splits[0])
    best = max(fitted.curve, key=lambda row: row[f"{test}_accuracy"])
    predictions = _predictions(run)
    faces = splits.train
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
        "config_sha256": _hash(config),
        "code": {
            "version": fer_lib.__version__,
            "source_sha256": source,
            **_commit(),
        },
        "data": {
            "name": faces.name,
            "rendered": faces.rendered,
            "provenance": faces.provenance,
            "sha256": splits.sha256,
            "label_rule": splits.label_rule,
            "classes": list(splits.classes),
            "splits": {
                name: {
                    "n": len(part),
                    "per_class": part.counts()[: len(splits.classes)].tolist(),
                }
                for name, part in splits.named().items()
            },
        },
        "selection": {
            "split": str(splits.select.splits[0]),
            "metric": "accuracy",
            "epoch": fitted.selected_epoch,
            "best_on_test": {
                "epoch": best["epoch"],
                "accuracy": best[f"{test}_accuracy"],
            },
        },
        "epochs": fitted.epoch,
        "hardware": hardware(where),
        "libraries": {"python": sys.version.split()[0]} | _versions(),
        "command": request.command,
        "started": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "wall_seconds": round(sum(row["seconds"] for row in fitted.curve), 1),
        "peak_memory_mib": peak_memory_mib(where),
        "parameters": count_parameters(run.network),
        "curve": fitted.curve,
        "deviations": find_paper(request.paper).deviations(run.config, splits),
        "results": _results(predictions),
    }
    return content, predictions


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _commit() -> dict:
    """Commit of the checkout and whether it was changed; null outside one."""
    here = Path(fer_lib.__file__).parent

    def git(*words: str) -> str:
        command = ["git", "-C", str(here), *words]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    if shutil.which("git") is None or not git("rev-parse", "HEAD"):
        return {"commit": None, "dirty": None}
    dirty = git("status", "--porcelain", "--", str(here))
    return {"commit": git("rev-parse", "HEAD"), "dirty": bool(dirty)}
