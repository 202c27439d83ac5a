"""What the readers' errors say to do is done, and then the set is read."""

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import drawn_layouts as drawn
import fer2013_files
import pytest
from drawn_files import draw, refused
from PIL import Image

from fer_lib.data import load

CLASSES = drawn.by_class(drawn.NOUNS)
FOLDERS = drawn.by_class(drawn.NOUNS, ("train/", "test/"), drawn.SPLITS[:2], side=48)
SFEW = drawn.by_class(
    drawn.NOUNS, ("Train_Aligned_Faces/", "Val_Aligned_Faces/"), ("train", "val")
)


@dataclass(frozen=True)
class Advice:
    """A set with a fault, what is said to do, and doing it.

    ``follow`` may return another name, root or options to read with.
    """

    dataset: str
    write: Callable[[Path], object]
    plant: Callable[[Path], object]
    words: str
    follow: Callable[[Path], object]


def removed(name):
    return lambda root: (root / name).unlink()


def twice(name, other):
    return lambda root: shutil.copytree(root / name, root / other)


def zipped(root: Path) -> None:
    """What a browser saved under the name of the table that it holds."""
    table = root / "fer2013.csv"
    with zipfile.ZipFile(root / "archive", "w") as archive:
        archive.write(table, "fer2013.csv")
    (root / "archive").replace(table)


def unzipped(root: Path) -> None:
    named = (root / "fer2013.csv").rename(root / "fer2013.zip")
    with zipfile.ZipFile(named) as archive:
        archive.extractall(root)


def enlarged(root: Path) -> None:
    for file in root.rglob("*.png"):
        Image.open(file).resize((96, 96)).save(file)


def odd_size(root: Path) -> None:
    draw(root / "Anger" / "odd.png", 1, 20, 30)


def line(text):
    """Another value in a field: line, column and value."""

    def plant(root: Path) -> None:
        fer2013_files.set_field(root / "fer2013.csv", *text)

    return plant


def deep(root: Path) -> None:
    """Four levels between the folder that is named and the set."""
    shutil.move(root / "train", root / "a/b/c/d/train")
    shutil.move(root / "test", root / "a/b/c/d/test")


ADVICE = {
    "two of one name": Advice(
        "sfew", SFEW, twice("Val_Aligned_Faces", "x/Val_Aligned_Faces"), "",
        lambda root: None,  # the nearer one is meant
    ),
    "two equally near": Advice(
        "sfew", SFEW,
        lambda root: (
            shutil.move(root / "Val_Aligned_Faces", root / "a/Val_Aligned_Faces"),
            twice("a/Val_Aligned_Faces", "b/Val_Aligned_Faces")(root),
        ),
        "move the other one to a place outside",
        lambda root: shutil.move(root / "b", root.parent / "outside"),
    ),
    "two of one split": Advice(
        "fer2013", FOLDERS, twice("train", "Training"), "move the other away",
        lambda root: shutil.move(root / "Training", root.parent / "outside"),
    ),
    "an archive with the table's name": Advice(
        "fer2013", drawn.table(), zipped,
        "rename it to fer2013.zip, unpack it and name the folder of its files",
        unzipped,
    ),
    "a wrong field": Advice(
        "fer2013", drawn.table(), line((3, "emotion", "9")), "correct that line",
        line((3, "emotion", "1")),
    ),
    "a wrong header": Advice(
        "fer2013", drawn.table(), line((1, "pixels", "pixel")), "correct that line",
        line((1, "pixel", "pixels")),
    ),
    "another size": Advice(
        "fer2013", FOLDERS, enlarged, "read them as the data set 'folder'",
        lambda root: {"name": "folder"},
    ),
    "too deep": Advice(
        "fer2013", FOLDERS, deep, "name the folder that holds it",
        lambda root: {"root": root / "a/b/c/d"},
    ),
    "no FER2013": Advice(
        "fer2013", CLASSES, lambda root: None, "as the data set 'folder'",
        lambda root: {"name": "folder"},
    ),
    "an odd class": Advice(
        "fer2013", FOLDERS, lambda root: (root / "test" / "ennui").mkdir(),
        "rename or remove it", lambda root: (root / "test" / "ennui").rmdir(),
    ),
    "a class of another name": Advice(
        "folder", CLASSES, lambda root: (root / "Anger").rename(root / "rage"),
        "--option classes=rage:happy", lambda root: {"classes": {"rage": "angry"}},
    ),
    "an image of no class": Advice(
        "folder", CLASSES, lambda root: draw(root / "me.png", 1), "move or remove it",
        lambda root: (root / "me.png").rename(root / "Anger" / "me.png"),
    ),
    "a HEIC photograph": Advice(
        "folder", CLASSES, lambda root: (root / "Anger" / "1.heic").touch(),
        "convert or remove it", removed("Anger/1.heic"),
    ),
    "a link to nothing": Advice(
        "folder", CLASSES, lambda root: (root / "Anger" / "x").symlink_to(root / "no"),
        "mend or remove it", removed("Anger/x"),
    ),
    "several sizes": Advice(
        "folder", CLASSES, odd_size, "ask for one size with the option size",
        lambda root: {"size": 16},
    ),
    "a picture twice": Advice(
        "jaffe", drawn.jaffe("{who}.{code}.{number}.tiff"),
        lambda root: draw(root / "copy" / "KA.AN1.0.tiff", 1), "remove one",
        removed("copy/KA.AN1.0.tiff"),
    ),
    "an odd name": Advice(
        "jaffe", drawn.jaffe("{who}.{code}.{number}.tiff"),
        lambda root: draw(root / "KA.AN1.0 (1).tiff", 1), "rename or remove it",
        removed("KA.AN1.0 (1).tiff"),
    ),
    "whole frames": Advice(
        "sfew", drawn.by_class(drawn.NOUNS, ("Train/", "Val/"), ("train", "val")),
        lambda root: None, "option aligned=false", lambda root: {"aligned": False},
    ),
    "another part": Advice(
        "oulu", drawn.oulu("NI_Acropped/Dark"), lambda root: None,
        "ask for another camera, light or cropped",
        lambda root: {"camera": "NI", "light": "Dark"},
    ),
    "too few frames": Advice(
        "oulu", drawn.oulu("VL_Acropped/Strong"),
        lambda root: [
            (root / f"VL_Acropped/Strong/P001/Fear/00{k}.png").unlink() for k in (1, 2)
        ],
        "ask for fewer", lambda root: {"last": 2},
    ),
    "a name of the other split": Advice(
        "rafdb", drawn.rafdb("{split}/{code}/{name}_aligned.png", lists=False),
        lambda root: (root / "train/5/train_00001_aligned.png").rename(
            root / "train/5/test_00001_aligned.png"
        ),
        "rename or move it",
        lambda root: (root / "train/5/test_00001_aligned.png").rename(
            root / "train/5/train_00001_aligned.png"
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ADVICE)
def test_what_is_said_works(tmp_path, case):
    one, root, cache = ADVICE[case], tmp_path / "set", tmp_path / "cache"
    root.mkdir()
    one.write(root)
    one.plant(root)
    if one.words:
        assert one.words in refused(load, one.dataset, root, cache=cache)
    changed = one.follow(root)
    changed = changed if isinstance(changed, dict) else {}
    asked = {"name": one.dataset, "root": root, "cache": cache} | changed
    assert len(load(**asked))
