"""Records of runs: what was run on what, and the predictions it made.

A record is two files beside one another: a JSON file with settings, curve and
metrics, and an ``.npz`` file with the logits and labels that these follow from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from fer_lib.errors import FerError
from fer_lib.evaluation.metrics import summarize
from fer_lib.files import atomic_path, npz_bytes, sha256_file
from ferbook.runs.schema import check_content
from ferbook.runs.storage import json_text, read_json

_BOOTSTRAPPED = ("mean_class_accuracy_ci95", "macro_f1_ci95")


@dataclass(frozen=True)
class Deviation:
    """One way in which a run departs from the paper."""

    item: str
    paper: str
    ours: str
    why: str = ""


@dataclass(frozen=True, eq=False)
class Record:
    """A validated run record.

    Attributes:
        path: its JSON file.
        content: the JSON file's, of :mod:`ferbook.runs.schema`.
        predictions: logits ``float16 [n, classes]`` by
            ``checkpoint/split/pass/logits``, labels ``int8 [n]`` by
            ``split/labels`` and values ``float16 [n]`` of every face by
            ``split/measures/name``.
    """

    path: Path
    content: Mapping
    predictions: Mapping[str, np.ndarray]

    def __getattr__(self, key: str):
        """Top-level fields of the JSON file: ``record.epochs``."""
        if key.startswith("__") or key not in self.content:
            raise AttributeError(key)
        return self.content[key]

    def __repr__(self) -> str:
        return f"<Record {self.path}>"

    @cached_property
    def deviations(self) -> tuple[Deviation, ...]:
        """How the run departs from the paper, as stated by itself."""
        return tuple(Deviation(**row) for row in self.content["deviations"])

    @property
    def rendered(self) -> bool:
        """Whether the faces are computer graphics."""
        return self.content["data"]["rendered"]

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of logits and confusion matrices."""
        return tuple(self.content["data"]["classes"])

    @property
    def reported(self) -> str:
        """The split whose accuracy is told; nothing is chosen on it."""
        return next(iter(self.content["results"]["selected"]))

    def metrics(
        self, checkpoint: str = "selected", split: str = "", view: str = "single"
    ) -> dict:
        """Stored metrics of a checkpoint, ``selected`` or ``last``.

        The split is the reported one unless named.  The view is ``single``,
        ``flip`` (mean with the mirror image), ``random10`` (of ten augmented
        passes), ``early_exit`` (the branches that do best on validation) or
        ``member.<name>``; ``FerError`` when the run did not report that.
        """
        split = split or self.reported
        try:
            return self.content["results"][checkpoint][split][view]
        except KeyError:
            raise FerError(
                f"{self.path}: no result {checkpoint}/{split}/{view}; run it "
                "again or ask for one that it holds."
            ) from None

    def correct(
        self, checkpoint: str = "selected", split: str = "", view: str = "single"
    ) -> np.ndarray:
        """``bool [n]``, which faces the run classifies rightly."""
        split = split or self.reported
        self.metrics(checkpoint, split, view)
        logits = self.predictions[f"{checkpoint}/{split}/{view}/logits"]
        return logits.argmax(1) == self.predictions[f"{split}/labels"]

    def stale(self, present_hash: str) -> bool:
        """Whether the code changed since the run."""
        return self.content["code"]["source_sha256"] != present_hash


def record_path(folder: Path | str, content: Mapping) -> Path:
    """The JSON file of a record below the folder of all runs."""
    name = "{preset}-{recipe}-{variant}-seed{seed}.json".format(**content)
    about = "{dataset}-{protocol}".format(**content)
    return Path(folder) / content["paper"] / about / name


def write_record(
    path: Path | str,
    content: Mapping,
    predictions: Mapping[str, np.ndarray],
) -> Record:
    """Check a record, then write its two files, each atomically.

    Args:
        path: the JSON file; the predictions go beside it as ``.npz``.
        content: the record; ``predictions_sha256`` is filled in here.
        predictions: arrays as in ``Record.predictions``.

    Returns:
        The record as written.

    Raises:
        FerError: when a field is missing or a metric does not follow from
            the predictions; nothing is written then.
    """
    path = Path(path)
    stored = npz_bytes(predictions)
    content = dict(content) | {"predictions_sha256": "0" * 64}
    check_content(path, content)
    _check_metrics(path, content, predictions)
    with atomic_path(path.with_suffix(".npz")) as temporary:
        temporary.write_bytes(stored)
        content["predictions_sha256"] = sha256_file(temporary)
        text = json_text(path, content)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Record(path, content, predictions)


def read_record(path: Path | str) -> Record:
    """Read a record and compute its metrics again.

    Raises:
        FerError: when a file is missing or damaged, a field is missing, the
            predictions are not those of the record, or a metric does not
            follow from them.
    """
    path = Path(path)
    content = read_json(path)
    check_content(path, content)
    predictions = _read_predictions(path, content["predictions_sha256"])
    _check_metrics(path, content, predictions)
    return Record(path, content, predictions)


def load_records(folder: Path | str) -> tuple[Record, ...]:
    """All records below a folder, by path; none if it does not exist.

    Raises:
        FerError: as ``read_record``, or when a record's place does not
            agree with what it says.
    """
    folder = Path(folder)
    records = tuple(read_record(path) for path in sorted(folder.rglob("*.json")))
    for record in records:
        expected = record_path(folder, record.content)
        if record.path != expected:
            raise FerError(
                f"{record.path}: by its fields this record belongs at "
                f"{expected}; move it there or run it again."
            )
    return records


def _read_predictions(path: Path, expected: str) -> dict[str, np.ndarray]:
    source = path.with_suffix(".npz")
    if not source.is_file():
        raise FerError(f"{source}: missing beside {path.name}; run it again.")
    found = sha256_file(source)
    if found != expected:
        raise FerError(
            f"{source}: SHA-256 {found[:12]} differs from {expected[:12]} in "
            f"{path.name}; the two files are not of one run, run it again."
        )
    with np.load(source, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def _check_metrics(
    path: Path, content: Mapping, predictions: Mapping[str, np.ndarray]
) -> None:
    """Compute every metric from the predictions and compare."""
    for checkpoint, splits in content["results"].items():
        for split, views in splits.items():
            for view, told in views.items():
                place = f"{checkpoint}/{split}/{view}"
                arrays = _pair(path, predictions, place, f"{split}/labels")
                _check_counts(path, content, split, arrays[1])
                known = predictions.get(f"{split}/in_training")
                _compare(path, place, told, summarize(*arrays, known))


def _check_counts(path: Path, content: Mapping, split: str, labels: np.ndarray):
    told = content["data"]["splits"][split]["per_class"]
    true = np.bincount(labels, minlength=len(told)).tolist()
    if told != true:
        raise FerError(
            f"{path}: data.splits.{split}.per_class is {told}, but the stored "
            f"labels count {true}; run it again."
        )


def _pair(path, predictions, place: str, labels: str):
    for key, kind in ((f"{place}/logits", np.float16), (labels, np.int8)):
        if key not in predictions or predictions[key].dtype != kind:
            raise FerError(
                f"{path}: predictions lack '{key}' as {kind.__name__}, which "
                f"result {place} rests on; run it again."
            )
    return predictions[f"{place}/logits"], predictions[labels]


def _compare(path: Path, place: str, told: Mapping, true: Mapping) -> None:
    for key, value in true.items():
        same = key in told and np.shape(told[key]) == np.shape(value)
        # Sums of floats differ in the last digits between machines, and
        # bootstrap draws between versions of numpy.
        slack = 0.02 if key in _BOOTSTRAPPED else 1e-5
        if not same or not np.allclose(told[key], value, rtol=0, atol=slack):
            raise FerError(
                f"{path}: {place}/{key} is {told.get(key)}, but the stored "
                f"predictions give {value}; run it again."
            )
