"""Records of runs: what was run on what, and the predictions it made.

A record is two files beside one another: a JSON file with settings, curve and
metrics, and an ``.npz`` file with the logits and labels that these follow from.
No record ever replaces another one.
"""

import hashlib
import json
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, count
from pathlib import Path

import numpy as np

import fer_lib
from fer_lib.errors import FerError
from fer_lib.files import atomic_path, npz_bytes, sha256_file
from ferbook.runs.key import RunKey
from ferbook.runs.schema import check_content
from ferbook.runs.storage import json_text, read_json, remembered

_BOOTSTRAPPED = ("mean_class_accuracy_ci95", "macro_f1_ci95")
_METRICS = Path(fer_lib.__file__).parent / "evaluation" / "metrics.py"


@dataclass(frozen=True)
class Departure:
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
            ``checkpoint/split/view/logits``, labels ``int8 [n]`` by
            ``split/labels``, which face is which ``uint32 [n]`` by
            ``split/faces`` and values ``float16 [n]`` of every face by
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
    def key(self) -> RunKey:
        """Which run it is."""
        return RunKey.of(self.content)

    @cached_property
    def trained_as(self) -> RunKey:
        """The same with the precision named that training took, asked for or not.

        Before it was a setting, all runs were made in float32.
        """
        changes = {"precision": "float32"} | dict(self.key.changes)
        if told := self.content.get("precision"):
            changes["precision"] = told["used"]
        return replace(self.key, changes=changes)

    @property
    def superseded(self) -> str:
        """Why it answers no claim; empty for a record that counts."""
        return self.content.get("superseded", "")

    @cached_property
    def departures(self) -> tuple[Departure, ...]:
        """How the run departs from the paper, as stated by itself."""
        return tuple(Departure(**row) for row in self.content["deviations"])

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
        """``bool [n]``, which faces the run classifies correctly."""
        split = split or self.reported
        self.metrics(checkpoint, split, view)
        logits = self.predictions[f"{checkpoint}/{split}/{view}/logits"]
        return logits.argmax(1) == self.predictions[f"{split}/labels"]


def check_writable(folder: Path, option: str = "--out") -> None:
    """Refuse a folder in which nothing can be written; none is made yet."""
    there = folder.resolve()
    while not there.exists():
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise FerError(
            f"{folder}: nothing can be written there ({error.strerror}); name "
            f"another folder with {option}."
        ) from error


def write_beside(
    folder: Path | str, content: Mapping, predictions: Mapping[str, np.ndarray]
) -> Record:
    """Write a record where no other stands.

    Args:
        folder: of all runs.
        content: the record, as for :func:`write_record`.
        predictions: its arrays.

    Returns:
        The record as written, or the one of the same run that predicted the
        very same and is there already.
    """
    key, stored = RunKey.of(content), npz_bytes(predictions)
    digest = hashlib.sha256(stored).hexdigest()
    for record in records_of(folder, key):
        same = record.key.data == key.data and record.predictions_sha256 == digest
        if same and record.code == content["code"]:
            return record
    return write_record(_free(Path(folder) / key.place), content, predictions)


def _free(path: Path) -> Path:
    """The path, or the first free one of ``...-run2``, ``...-run3``, ..."""
    others = (path.with_stem(f"{path.stem}-run{n}") for n in count(2))
    return next(one for one in chain((path,), others) if not one.exists())


def records_of(folder: Path | str, key: RunKey) -> list[Record]:
    """Records of a run, on any copy of its data; damaged ones left out."""
    place, found = Path(folder) / key.place, []
    for path in sorted(place.parent.glob(f"{place.stem}*.json")):
        try:
            record = read_record(path)
        except FerError:
            continue
        found += [record] if record.key == key else []
    return found


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
        FerError: when a field is missing, a metric does not follow from
            the predictions, or another run's record stands there; nothing is
            written then.
    """
    path = Path(path)
    stored = npz_bytes(predictions)
    digest = hashlib.sha256(stored).hexdigest()
    content = dict(content) | {"predictions_sha256": digest}
    check_content(path, content)
    _check_metrics(path, content, predictions)
    if path.exists() and read_json(path).get("predictions_sha256") != digest:
        raise FerError(
            f"{path}: the record of another run stands there, and none is ever "
            "replaced; choose another place."
        )
    text = json_text(path, content)
    with atomic_path(path.with_suffix(".npz")) as temporary:
        temporary.write_bytes(stored)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Record(path, content, predictions)


def read_record(path: Path | str) -> Record:
    """Read a record; when first seen, its metrics are computed again.

    Raises:
        FerError: when a file is missing or damaged, a field is missing, the
            predictions are not those of the record, or a metric does not
            follow from them.
    """
    path = Path(path)
    content = read_json(path)
    check_content(path, content)
    source, expected = path.with_suffix(".npz"), content["predictions_sha256"]
    if not source.is_file():
        raise FerError(f"{source}: missing beside {path.name}; run it again.")
    found = sha256_file(source)
    if found != expected:
        raise FerError(
            f"{source}: SHA-256 {found[:12]} differs from {expected[:12]} in "
            f"{path.name}; the two files are not of one run, run it again."
        )
    predictions = _Stored(source)
    _check_once(path, content, predictions)
    return Record(path, content, predictions)


class _Stored(Mapping):
    """The arrays of a file, read when the first is wanted."""

    def __init__(self, path: Path):
        self._path = path

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray]:
        with np.load(self._path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}

    def __getitem__(self, key: str) -> np.ndarray:
        return self._arrays[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def load_records(
    folder: Path | str, left_out: dict[Path, str] | None = None
) -> tuple[Record, ...]:
    """All records below a folder, by path; none if it does not exist.

    A record that cannot be read, or that is not where it belongs, is left
    out.  Of records of one run on one copy of the data, in one precision, be it
    asked for or the machine's choice, only the last counts.

    Args:
        folder: of all runs.
        left_out: takes the reasons by path; if None they are warnings.
    """
    folder, found, odd = Path(folder), [], {}
    for path in sorted(folder.rglob("*.json")):
        try:
            record = read_record(path)
            _check_place(folder, record)
        except FerError as error:
            odd[path] = str(error)
        else:
            found.append(record)
    if left_out is None:
        for reason in odd.values():
            warnings.warn(f"Left out: {reason}", stacklevel=2)
    else:
        left_out |= odd
    return tuple(_supersede(found))


def _check_place(folder: Path, record: Record) -> None:
    expected = folder / record.key.place
    stem = re.sub(r"-run\d+$", "", record.path.stem)
    if record.path.with_stem(stem) != expected:
        raise FerError(
            f"{record.path}: by its fields this record belongs at "
            f"{expected}; move it there or run it again."
        )


def _supersede(records: Sequence[Record]) -> Iterator[Record]:
    last: dict[str, Record] = {}
    for record in records:
        other = last.setdefault(record.trained_as.sha256, record)
        if record.started > other.started:
            last[record.trained_as.sha256] = record
    for record in records:
        newer = last[record.trained_as.sha256]
        if record is not newer and not record.superseded:
            why = f"made again on {newer.started[:10]} as {newer.path.name}"
            content = dict(record.content) | {"superseded": why}
            record = replace(record, content=content)
        yield record


def _check_once(path: Path, content: Mapping, predictions: Mapping) -> None:
    """Check the metrics, unless these very ones were checked before."""
    told = json.dumps(content)  # the hash of the predictions included
    digest = hashlib.sha256(told.encode() + _METRICS.read_bytes()).hexdigest()

    def check() -> bool:
        _check_metrics(path, content, predictions)
        return True

    remembered("verified", digest, check)


def _check_metrics(
    path: Path, content: Mapping, predictions: Mapping[str, np.ndarray]
) -> None:
    """Compute every metric from the predictions and compare."""
    from fer_lib.evaluation.metrics import summarize  # which is slow to import

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
