"""``wild``: a rendered data set with the structure of FER2013.

Computer graphics, made here: nothing to download, no real person shown.
"""

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import numpy as np
from tqdm.auto import tqdm

import fer_lib.faces
from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, FERPLUS_COLUMNS, FERPLUS_TO_BOOK
from fer_lib.faces.portrait import WILD, Columns, draw_columns
from fer_lib.files import cache_dir

PROVENANCE = (
    "Computer graphics: faces rendered from the CC0 MakeHuman head and Mika "
    "Suominen's CC0 face units by fer_lib.faces; no real person is shown."
)
CLASSES = 7
# FER2013 has 1.5 % of disgust; here rare classes are rare but not tiny.
SHARES = np.array([0.14, 0.06, 0.14, 0.24, 0.16, 0.12, 0.14])
FACES_A_SUBJECT = 20
RATERS = 10
FEW = 64  # so few faces are not worth starting processes for
LABELS, VOTES = 2, 3  # first spawn keys, beside people and takes

# What raters take an expression for when they err; rows as EXPRESSIONS.
_CONFUSED = np.array([
    # angry disg fear happy sad  surp neut cont
    [0.00, 0.35, 0.05, 0.02, 0.18, 0.02, 0.28, 0.10],  # angry
    [0.50, 0.00, 0.10, 0.02, 0.18, 0.02, 0.08, 0.10],  # disgust
    [0.06, 0.08, 0.00, 0.02, 0.28, 0.46, 0.10, 0.00],  # fear
    [0.02, 0.03, 0.02, 0.00, 0.02, 0.15, 0.56, 0.20],  # happy
    [0.12, 0.08, 0.20, 0.02, 0.00, 0.02, 0.50, 0.06],  # sad
    [0.02, 0.03, 0.55, 0.20, 0.05, 0.00, 0.15, 0.00],  # surprise
    [0.14, 0.03, 0.03, 0.18, 0.45, 0.05, 0.00, 0.12],  # neutral
])  # fmt: skip


def wild(
    size: int = 48,
    train: int = 1600,
    public: int = 300,
    private: int = 300,
    seed: int = 0,
    workers: int | None = None,
    cached: bool = True,
) -> FaceSet:
    """Rendered faces in the manner of FER2013: grey, tight, imperfect.

    Pose, light, backgrounds, things in front, blur and noise vary; weak
    expressions are common.  No subject is in two splits.

    Args:
        size: side of the images in pixels.
        train: faces in ``Training``.
        public: faces in ``PublicTest``.
        private: faces in ``PrivateTest``.
        seed: of the population and of everything else.
        workers: processes; none is one a core.  The result does not
            depend on it.
        cached: whether to keep the set below ``cache_dir()``.

    Returns:
        A ``FaceSet`` named ``rendered`` with ``uint8 [N, 1, S, S]`` images,
        votes of ten imaginary raters ``[N, 10]``, landmarks ``[N, 68, 2]``
        in pixels, and ``extra`` columns ``units [N, 52]``, ``visible
        [N, 68]`` and ``strength [N]`` of the expression.

    Raises:
        FerError: when an option is out of range or embreex is missing.
    """
    counts = {"Training": train, "PublicTest": public, "PrivateTest": private}
    for name, value, low, high in (
        ("size", size, 16, 512),
        ("seed", seed, 0, 2**63),
        *((split, count, 0, 10**6) for split, count in counts.items()),
    ):
        if not low <= value <= high:
            raise FerError(
                f"rendered faces: {name} is {value}, expected {low} to {high}."
            )
    if not sum(counts.values()):
        raise FerError("rendered faces: all splits are empty; ask for some.")
    key = _key({"size": size, "seed": seed, **counts})
    path = cache_dir() / f"rendered-{key}.npz"
    if cached and path.exists():
        try:
            return FaceSet.open(path)
        except FerError as error:
            warnings.warn(f"{error} Rendering it anew.", stacklevel=2)
            path.unlink(missing_ok=True)
    faces = _render(size, counts, seed, workers)
    if cached:
        faces.save(path)
    return faces


@cache
def _source_hash() -> str:
    """Hash of the renderer's source and of its asset."""
    rooms = Path(fer_lib.faces.__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*rooms.glob("*.py"), *rooms.glob("*.npz"), Path(__file__)]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _key(options: dict) -> str:
    text = json.dumps(options, sort_keys=True) + _source_hash()
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _rng(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _quota(count: int) -> np.ndarray:
    """Labels ``int64 [count]`` in the shares of the classes, in order."""
    upto = np.rint(np.cumsum(SHARES) / SHARES.sum() * count).astype(int)
    return np.searchsorted(upto, np.arange(count), side="right")


def _plan(counts: dict[str, int], seed: int) -> tuple[np.ndarray, ...]:
    """Splits, labels and subjects ``[N]`` of all faces."""
    splits, labels, subjects, first = [], [], [], 0
    for number, (split, count) in enumerate(counts.items()):
        people = -(-count // FACES_A_SUBJECT)
        splits += [split] * count
        labels.append(_rng(seed, LABELS, number).permutation(_quota(count)))
        subjects.append(first + np.arange(count) % max(people, 1))
        first += people
    return (
        np.array(splits),
        np.concatenate(labels).astype(np.int64),
        np.concatenate(subjects).astype(np.int64),
    )


def _votes(label: int, strength: float, rng) -> np.ndarray:
    """Ten raters' votes in FER+'s columns, ``int64 [10]``.

    A weak expression is mistaken more often; every fiftieth vote on average
    is ``unknown``.
    """
    right = (
        0.9
        if EXPRESSIONS[label] == "neutral"
        else np.clip(0.25 + 0.5 * strength, 0, 0.95)
    )
    chance = np.zeros(len(FERPLUS_COLUMNS))
    for column, book in enumerate(FERPLUS_TO_BOOK):
        chance[column] = (1 - right) * _CONFUSED[label, book]
    chance[FERPLUS_TO_BOOK.index(label)] = right
    chance = 0.98 * chance / chance.sum()
    chance[FERPLUS_COLUMNS.index("unknown")] = 0.02
    return rng.multinomial(RATERS, chance / chance.sum())


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the running script, which a fresh process would run again.

    The workers need none of it; without this, a script that lacks a
    ``__main__`` guard would start itself over and over.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _drawn(jobs: list[tuple], workers: int) -> Iterator[Columns]:
    """Faces in the order of the jobs, by one process or by several."""
    if workers < 2 or len(jobs) < FEW:
        yield from map(draw_columns, jobs)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"))
    try:
        with _no_main():
            faces = pool.map(draw_columns, jobs, chunksize=8)
        yield from faces
    finally:
        pool.shutdown(cancel_futures=True)


def _render(
    size: int, counts: dict[str, int], seed: int, workers: int | None
) -> FaceSet:
    splits, labels, subjects = _plan(counts, seed)
    jobs = [
        (int(subject), EXPRESSIONS[label], size, seed, take, WILD)
        for take, (subject, label) in enumerate(zip(subjects, labels, strict=True))
    ]
    drawn = tqdm(
        _drawn(jobs, workers or os.cpu_count() or 1),
        total=len(jobs),
        desc="rendering faces",
        unit="face",
    )
    rows = list(drawn)
    columns = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
    votes = [
        _votes(label, strength, _rng(seed, VOTES, take))
        for take, (label, strength) in enumerate(
            zip(labels, columns["strength"], strict=True)
        )
    ]
    return FaceSet(
        name="rendered",
        images=columns["image"][:, None],
        labels=labels,
        splits=splits,
        provenance=PROVENANCE,
        rendered=True,
        votes=np.array(votes, np.int64),
        subjects=subjects,
        landmarks=columns["landmarks"],
        extra={key: columns[key] for key in ("units", "visible", "strength")},
    )
