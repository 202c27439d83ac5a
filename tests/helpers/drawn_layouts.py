"""Writers of small copies in the layouts of data sets; noise, not faces.

Each writes below a folder and says which image files show what, in which split.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import fer2013_files
import numpy as np
from drawn_files import draw

from fer_lib.expressions import EXPRESSIONS

SPLITS = ("Training", "PublicTest", "PrivateTest")
ROWS = fer2013_files.make_rows()
# The seven in the order of the book, by names that folders have.
NOUNS = ("Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Neutral")
FIELD = ("angry", "disgusted", "FEARFUL", "joy", "sad", "surprised", "natural")

Shown = Mapping[Path, tuple[str, str]]  # expression and split of image files


def pictures(root: Path, shown: Mapping[str, tuple[str, str]], side=12) -> Shown:
    """Image files of noise, each another."""
    files = {root / name: told for name, told in shown.items()}
    for seed, file in enumerate(files):
        draw(file, seed, side, side)
    return files


def by_class(names, parts=("",), splits=("All",), side=12):
    """A writer of class folders, in folders of splits or in none."""

    def write(root: Path) -> Shown:
        shown = {
            f"{part}{name}/{shot}.png": (EXPRESSIONS[k], split)
            for part, split in zip(parts, splits, strict=True)
            for k, name in enumerate(names)
            for shot in range(2)
        }
        return pictures(root, shown, side)

    return write


def table(name="fer2013.csv", votes=False, exact=False, **changes):
    """A writer of FER2013 as a table."""

    def write(root: Path) -> Shown:
        path = fer2013_files.write_csv(root, ROWS, name, **changes)
        if votes:
            fer2013_files.write_votes(root, ROWS)
        if exact:
            n = len(ROWS.usages)
            fer2013_files.write_exact(root, [1] * n, [0] * n)
        return {path: ("", "")}

    return write


def other_text(write, change: Callable[[str], str]):
    """The same tables in another dress."""

    def written(root: Path) -> Shown:
        found = write(root)
        for path in root.glob("*.csv"):
            path.write_text(change(path.read_text()), encoding="utf-8-sig")
        return found

    return written


# What FER+'s first eight columns stand for.
FERPLUS = (
    "neutral",
    "happy",
    "surprise",
    "sad",
    "angry",
    "disgust",
    "fear",
    "contempt",
)


def ferplus(root: Path) -> Shown:
    """FER+'s own folders, as its authors' program writes them."""
    shown = {}
    for split, part in zip(SPLITS, ("Train", "Valid", "Test"), strict=True):
        place, lines = root / f"FER2013{part}", []
        for column in range(8):
            name = f"fer{10 * len(shown):07}.png"
            draw(place / name, len(shown), 48, 48)
            votes = [2] * 2 + [0] * 8
            votes[column] = 6
            lines.append(f'{name},"(0, 0, 48, 48)",{",".join(map(str, votes))}')
            shown[place / name] = FERPLUS[column], split
        (place / "label.csv").write_text("\n".join(lines) + "\n")
    return shown


def ckplus(labels="Emotion"):
    def write(root: Path) -> Shown:
        shown = {}
        for who, (code, name) in enumerate(
            {1: "angry", 5: "happy", 7: "surprise"}.items()
        ):
            place = f"S{who + 10:03}/001"
            for frame in range(1, 6):
                stem = f"S{who + 10:03}_001_{frame:08}"
                file = root / "cohn-kanade-images" / place / f"{stem}.png"
                draw(file, 10 * who + frame, 24, 24)
                points = root / "Landmarks" / place / f"{stem}_landmarks.txt"
                points.parent.mkdir(parents=True, exist_ok=True)
                np.savetxt(points, np.arange(136).reshape(68, 2) % 17 + 3.0)
                if frame in (1, 3, 4, 5):
                    shown[file] = ("neutral" if frame == 1 else name), "All"
            text = root / labels / place / f"{stem}_emotion.txt"
            text.parent.mkdir(parents=True)
            text.write_text(f"\ufeff   {code:.7e}\n", encoding="utf-8")
        return shown

    return write


def ck48(root: Path) -> Shown:
    names = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
    book = ("angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
    return pictures(root, {
        f"{name}/S{who:03}_002_{frame:08}.png": (label, "All")
        for who, (name, label) in enumerate(zip(names, book, strict=True), 11)
        for frame in (9, 10, 11)
    })  # fmt: skip


def jaffe(pattern):
    codes = {"AN1": "angry", "HA2": "happy", "SU3": "surprise", "NE1": "neutral"}
    return lambda root: pictures(root, {
        pattern.format(who=who, code=code, number=10 * k + j): (label, "All")
        for j, who in enumerate(("KA", "YM"))
        for k, (code, label) in enumerate(codes.items())
    })  # fmt: skip


def ferg(root: Path) -> Shown:
    people = ("aia", "bonnie", "jules", "malcolm", "mery", "ray")
    names = {"anger": "angry", "joy": "happy", "neutral": "neutral"}
    return pictures(root, {
        f"{who}/{who}_{name}/{who}_{name}_1.png": (label, "All")
        for who in people for name, label in names.items()
    })  # fmt: skip


def oulu(place):
    return lambda root: {
        file: told
        for file, told in pictures(root, {
            f"{place}/P{who:03}/{name}/{frame:03}.png": (EXPRESSIONS[k], "All")
            for who in (1, 80) for k, name in enumerate(NOUNS[:6]) for frame in range(4)
        }).items()
        if not file.stem.endswith("0")
    }  # fmt: skip


RAFDB = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
ALIGNED = {
    f"{split}_{number:0{digits}}": (code, split)
    for split, digits in (("train", 5), ("test", 4))
    for number, code in enumerate((5, 1, 4, 7, 2, 3, 6), 1)
}


def rafdb(part="{name}_aligned.png", lists=True, line="{name}.jpg {code}\n"):
    """Faces are PNG here, since JPEG would change the noise."""

    def write(root: Path) -> Shown:
        shown = {
            part.format(name=name, split=split, code=code): (RAFDB[code - 1], split)
            for name, (code, split) in ALIGNED.items()
        }
        texts = dict.fromkeys(("train", "test"), "")
        for name, (code, split) in ALIGNED.items():
            texts[split] += line.format(name=name, code=code)
        if "aligned/" in part:
            (root / "EmoLabel").mkdir(parents=True)
            list_ = root / "EmoLabel" / "list_patition_label.txt"
            list_.write_text("".join(texts.values()), encoding="utf-8-sig")
        elif lists:
            for split, text in texts.items():
                (root / f"{split}_labels.csv").write_text(f"image,label\n{text}")
        return pictures(root, shown)

    return write


AFFECTNET = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry")
AFFECTNET += ("contempt",)


def affectnet_2021(root: Path) -> Shown:
    shown = {}
    for part, split in (("train_set", "train"), ("val_set", "val")):
        notes = root / part / "annotations"
        notes.mkdir(parents=True)
        for code, label in enumerate(AFFECTNET):
            shown[f"{part}/images/{3 * code}.jpg"] = label, split
            for name, value in (("exp", str(code)), ("val", "0.5"), ("aro", -0.5)):
                np.save(notes / f"{3 * code}_{name}.npy", np.array(value))
            np.save(notes / f"{3 * code}_lnd.npy", np.arange(136.0))
    return pictures(root, shown)


def affectnet_tables(images, lists, header=True):
    def write(root: Path) -> Shown:
        shown = {}
        (root / lists).mkdir(exist_ok=True)
        for part, split in (("training", "train"), ("validation", "val")):
            text = "subDirectory_filePath,face_x,face_y,face_width,face_height,"
            text += "facial_landmarks,expression,valence,arousal\n"
            text *= header or split == "train"
            for code, label in enumerate(AFFECTNET):
                points = ";".join(map(str, range(136)))
                text += f"{code}/{split}.png,0,0,12,12,{points},{code},0.5,-0.5\n"
                shown[f"{images}/{code}/{split}.png"] = label, split
            (root / lists / f"{part}.csv").write_text(text)
        return pictures(root, shown)

    return write
