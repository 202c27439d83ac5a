"""A set of labelled faces, and the one file it is stored in."""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.mapped import MappedImages, in_parts, write_parts
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.files import atomic_path, cache_dir

_OPTIONAL = ("votes", "subjects", "sequences", "landmarks")


@dataclass(frozen=True, eq=False)
class FaceSet:
    """Faces with labels in the book's order, and what else is known of them.

    Attributes:
        name: short name, for example ``"fer2013"``.
        images: ``uint8 [N, C, H, W]``, grey (C = 1) or RGB (C = 3); an
            array, or :class:`MappedImages` where the set is large.  Both are
            read as ``images[rows]``.
        labels: ``int64 [N]``, 0-7 in the order of ``EXPRESSIONS``.
        splits: ``str [N]``, the data set's own split names.
        provenance: one sentence on where the faces come from.
        rendered: whether the faces are computer graphics.
        votes: ``int64 [N, 10]``, raters' votes in FER+'s column order.
        subjects: ``int64 [N]``, who is shown.
        sequences: ``int64 [N]``, which recording a frame belongs to.
        landmarks: ``float32 [N, 68, 2]``, x and y in pixels, iBUG order.
        extra: further columns of one row a face, by name.
        report: what was read from where and what was not, in lines.

    Raises:
        FerError: when a column has the wrong shape, type or range.
    """

    name: str
    images: np.ndarray | MappedImages
    labels: np.ndarray
    splits: np.ndarray
    provenance: str
    rendered: bool = False
    votes: np.ndarray | None = None
    subjects: np.ndarray | None = None
    sequences: np.ndarray | None = None
    landmarks: np.ndarray | None = None
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    report: Sequence[str] = ()

    def __post_init__(self):
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            raise FerError(
                f"{self.name}: images must be uint8 [N, C, H, W], found "
                f"{self.images.dtype} {list(self.images.shape)}."
            )
        for key, column in self.columns().items():
            if len(column) != len(self.images):
                raise FerError(
                    f"{self.name}: column '{key}' has {len(column)} rows, "
                    f"expected {len(self.images)}, one for each image."
                )
        known = (self.labels >= 0) & (self.labels < len(EXPRESSIONS))
        if not known.all():
            row = int(np.flatnonzero(~known)[0])
            raise FerError(
                f"{self.name}: row {row} has label {self.labels[row]}, "
                f"expected 0 to {len(EXPRESSIONS) - 1}."
            )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        c, h, w = self.images.shape[1:]
        kind = "rendered faces" if self.rendered else "faces"
        return f"<FaceSet {self.name}: {len(self)} {kind}, {c}x{h}x{w}>"

    def columns(self) -> dict[str, np.ndarray]:
        """All columns that are present, by name; ``extra`` ones included."""
        found = {key: getattr(self, key) for key in _OPTIONAL}
        found = {key: value for key, value in found.items() if value is not None}
        base = {"images": self.images, "labels": self.labels, "splits": self.splits}
        extra = {f"extra.{key}": value for key, value in self.extra.items()}
        return base | found | extra

    def select(self, rows: np.ndarray) -> "FaceSet":
        """The faces at ``rows`` (indices or a boolean mask), in that order.

        Mapped images stay in their file; an array's are copied.
        """
        present = {key: getattr(self, key) for key in ("labels", "splits", *_OPTIONAL)}
        changed = {
            k: column[rows] for k, column in present.items() if column is not None
        }
        mapped = isinstance(self.images, MappedImages)
        images = self.images.select(rows) if mapped else self.images[rows]
        extra = {key: value[rows] for key, value in self.extra.items()}
        return replace(self, **changed, images=images, extra=extra)

    def split(self, name: str) -> "FaceSet":
        """The faces of one split; ``FerError`` when it has none."""
        rows = np.flatnonzero(self.splits == name)
        if not len(rows):
            raise FerError(
                f"{self.name}: no split '{name}', found "
                f"{', '.join(sorted(set(self.splits.tolist())))}; "
                f"{self.provenance}"
            )
        return self.select(rows)

    def counts(self) -> np.ndarray:
        """Faces per class, ``int64 [8]``."""
        return np.bincount(self.labels, minlength=len(EXPRESSIONS))

    @cached_property
    def sha256(self) -> str:
        """Hash over every column's name, type, shape and bytes.

        The same whether the images are mapped or in memory.
        """
        digest = hashlib.sha256()
        for key, column in sorted(self.columns().items()):
            digest.update(f"{key} {column.dtype.str} {column.shape}\n".encode())
            for part in _shown(column):
                digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()

    def save(self, path: Path | str) -> None:
        """Write the set atomically to one ``.npz`` file with its hash.

        Mapped images go, in parts, to ``.images.npy`` beside it.
        """
        path = Path(path).with_suffix(".npz")
        about = {f.name: getattr(self, f.name) for f in fields(self)}
        about = {k: about[k] for k in ("name", "provenance", "rendered", "report")}
        columns = self.columns()
        if isinstance(self.images, MappedImages):
            images = columns.pop("images")
            beside = path.with_suffix(".images.npy")
            if images.path != beside or not images.whole:
                write_parts(beside, images.shape, _shown(images))
            about["mapped"] = True
        about = json.dumps(about | {"sha256": self.sha256})
        with atomic_path(path) as temporary:
            np.savez(temporary, about=np.array(about), **columns)

    @classmethod
    def open(cls, path: Path | str) -> "FaceSet":
        """Read a saved set and check its hash; mapped images stay mapped."""
        path = Path(path)
        try:
            with np.load(path, allow_pickle=False) as stored:
                columns = {key: stored[key] for key in stored.files}
            about = json.loads(str(columns.pop("about")))
            expected = about.pop("sha256")
            if about.pop("mapped", False):
                columns["images"] = MappedImages(path.with_suffix(".images.npy"))
            extra = {k[6:]: columns.pop(k) for k in list(columns) if k[:6] == "extra."}
            faces = cls(**about, **columns, extra=extra)
        except (FileNotFoundError, FerError):
            raise
        except Exception as error:  # zip, zlib, header: all mean damage
            raise FerError(
                f"{path}: damaged or no face set ({error}); delete the file, "
                "it is made again."
            ) from error
        if faces.sha256 != expected:
            raise FerError(
                f"{path}: content hash {faces.sha256[:12]} differs from the "
                f"recorded {expected[:12]}; delete the file, it is made again."
            )
        return faces


def _shown(column: np.ndarray | MappedImages) -> Iterator[np.ndarray]:
    """The parts of a column, with a bar where they come from a file."""
    if not isinstance(column, MappedImages):
        yield from in_parts(column)
        return
    about = {"desc": f"reading {column.path.name}", "unit": "B", "unit_scale": True}
    with tqdm(total=column.nbytes, **about) as bar:
        for part in in_parts(column):
            yield part
            bar.update(part.nbytes)


def kept(
    name: str,
    about: str,
    make: Callable[[Path], FaceSet],
    cache: Path | str | None = None,
) -> FaceSet:
    """A face set that is made once and then read from a checked cache.

    Args:
        name: the beginning of its file's name.
        about: everything that decides the set.
        make: makes it, given the array file for images that exceed the memory.
        cache: folder; the user's cache by default.
    """
    key = hashlib.sha256(about.encode()).hexdigest()[:16]
    folder = Path(cache) if cache is not None else cache_dir()
    stored = folder / f"{name}-{key}.npz"
    try:
        return FaceSet.open(stored)
    except FileNotFoundError:
        pass
    except FerError as error:
        warnings.warn(f"making {name} again: {error}", stacklevel=3)
    faces = make(stored.with_suffix(".images.npy"))
    try:
        faces.save(stored)
    except OSError as error:
        warnings.warn(f"{name} is not cached: {error}", stacklevel=3)
    return faces
