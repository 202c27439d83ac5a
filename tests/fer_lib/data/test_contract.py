"""Any tree of files: each visible one is read, counted, named or refused."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from drawn_files import cut, draw
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_lib.data import load
from fer_lib.errors import FerError
from fer_lib.photos.images import ENDINGS

FOLDERS = ["happy", "Sadness", "fearful", "ennui", "3", "train", "Validation", "test"]
FOLDERS += ["PublicTest", "Train_Aligned_Faces", "Val_Aligned_Faces", "__MACOSX", "x y"]
NAMES = ["1.png", "2.JPG", "3.webp", "4.bmp", "6.gif", "KA.AN1.39.tiff", "notes.txt"]
NAMES += ["no_ending", "Thumbs.db", ".hidden", "\udce9.png"]
WRONG = ["5.heic", "cut.png", "empty.png"]
LINKS = ["to a folder", "to a folder above", "to nothing", "to a file"]

PLACES = st.lists(st.sampled_from(FOLDERS), max_size=3).map("/".join)
ENTRIES = st.sets(st.tuples(PLACES, st.sampled_from(NAMES)), min_size=1, max_size=7)
FAULTS = st.sets(st.tuples(PLACES, st.sampled_from(WRONG)), max_size=1)
LINKED = st.sets(st.tuples(PLACES, st.sampled_from(LINKS)), max_size=1)


def write(root: Path, entries, links) -> None:
    for place, name in sorted(entries):
        file = root / place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if name in ("empty.png", "5.heic") or file.suffix.lower() not in ENDINGS:
            file.touch()
        else:
            draw(file, 1, 48, 48)
            if name == "cut.png":
                cut(file)
    elsewhere = root.parent / "elsewhere"
    draw(elsewhere / "7.png", 2, 48, 48)
    goals_of = elsewhere, root, root / "gone", elsewhere / "7.png"
    for place, kind in sorted(links):
        goals = dict(zip(LINKS, goals_of, strict=True))
        (root / place).mkdir(parents=True, exist_ok=True)
        name = "linked.png" if kind == LINKS[-1] else kind.replace("to a folder", "sad")
        if not (root / place / name).exists():
            (root / place / name).symlink_to(goals[kind])


def visible(folder: Path, above=()) -> list[Path]:
    """Files that are to be accounted for, by other means than the library's."""
    real = os.path.realpath(folder)
    if real in above:
        return []
    found = []
    for path in folder.iterdir():
        if path.name[0] == "." or path.name == "__MACOSX":
            continue
        found += visible(path, (*above, real)) if path.is_dir() else [path]
    return found


def accounted(faces, root: Path) -> int:
    """Files read, counted as left out, or below an entry that is named."""
    count = len(faces)
    told = re.search("left out: ([^;]*?)[;.]*$|left out: ([^;]*);", faces.provenance)
    told = (told[1] or told[2]).split(", ") if told else []
    kinds = Counter()
    for kind in filter(None, told):
        number, what = re.fullmatch(r"([\d,]+) (.+)", kind).groups()
        kinds[what] += int(number)
    kinds.pop("empty folders", None)
    for line in faces.report:
        if line.startswith("not looked into"):
            for name in line.partition(": ")[2].split(", "):
                entry = root / name
                above = (os.path.realpath(root),)
                count += len(visible(entry, above)) if entry.is_dir() else 1
    return count + kinds.total()


# What makes a tree one of the data set, so that many of them are read.
SEVEN = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
KNOWN = {
    "folder": {("happy", "0.png")},
    "fer2013": {("train/sad", "0.png"), ("test/happy", "0.png")},
    "jaffe": {("", "YM.HA1.52.tiff")},
    "sfew": {
        (f"{part}_Aligned_Faces/{name}", "0.png")
        for part in ("Train", "Val") for name in SEVEN
    },
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
@settings(max_examples=40, deadline=None)
@given(entries=ENTRIES, faults=FAULTS, links=LINKED)
def test_every_visible_file(tmp_path_factory, name, entries, faults, links):
    root = tmp_path_factory.mktemp("tree") / "mine"
    root.mkdir()
    write(root, entries | KNOWN[name] | faults, links)
    options = {} if name == "fer2013" else {"size": 8}
    try:
        faces = load(name, root, cache=root.parent / "cache", **options)
    except FerError as error:
        assert "\n" not in str(error) and str(root) in str(error)
        return
    assert accounted(faces, root) == len(visible(root))
