"""Every layout of a data set that is read: the book's table, and small copies.

``python tests/helpers/layouts.py`` writes the table, ``book/layout_table.md``.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import fer2013_files
import numpy as np
from drawn_files import draw

from fer_lib.data import load
from fer_lib.data.faceset import FaceSet
from fer_lib.expressions import EXPRESSIONS
from fer_lib.photos.images import read_image

TABLE = Path(__file__).parents[2] / "book" / "layout_table.md"
SPLITS = ("Training", "PublicTest", "PrivateTest")
ROWS = fer2013_files.make_rows()
# The seven in the order of the book, by names that folders have.
NOUNS = ("Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Neutral")
FIELD = ("angry", "disgusted", "FEARFUL", "joy", "sad", "surprised", "natural")

Shown = Mapping[Path, tuple[str, str]]  # expression and split of image files


@dataclass(frozen=True)
class Layout:
    """One layout: how it looks, and how a small copy of it is written.

    Attributes:
        dataset: its name.
        files: what lies below ``root``, as the table says it.
        write: writes a copy below a folder; image files by what they show.
        options: of the loader.
    """

    dataset: str
    files: str
    write: Callable[[Path], Shown]
    options: Mapping = field(default_factory=dict)

    def read(self, root: Path) -> FaceSet:
        """The copy below ``root``; nothing is kept."""
        with tempfile.TemporaryDirectory() as cache:
            return load(self.dataset, root, cache=cache, **self.options)


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
            (root / "EmoLabel").mkdir()
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


LAYOUTS = (
    Layout("fer2013", "`fer2013.csv`, or the file itself", table()),
    Layout(
        "fer2013", "`fer2013.csv` with `fer2013new.csv`, FER+'s votes",
        table(votes=True),
    ),
    Layout(
        "fer2013", "`fer2013.csv` with `exact.csv` of a reconstruction",
        table(exact=True),
    ),
    Layout(
        "fer2013",
        "`icml_face_data.csv`: columns in another order, blanks in their names",
        table("icml_face_data.csv", columns=("emotion", "Usage", "pixels"), blank=" "),
    ),
    Layout(
        "fer2013",
        "`fer2013.csv` with tabs or semicolons, a byte order mark, capitals, empty "
        "lines, or no line of names",
        other_text(table(), lambda text: text.replace(",", "\t").replace("U", "u", 1)
                   + "\n\n"),
    ),
    Layout(
        "fer2013",
        "`train/angry/Training_1.png`, `test/angry/PublicTest_1.png` and "
        "`PrivateTest_1.png`",
        lambda root: pictures(root, {
            f"{part}/{name}/{split}_{k}.png": (name, split)
            for part, split in zip(("train", "test", "test"), SPLITS, strict=True)
            for k, name in enumerate(EXPRESSIONS[:7])
        }, 48),
    ),
    Layout(
        "fer2013",
        "`train/angry/1.png`, `test/angry/1.png`: both test splits in one",
        by_class(EXPRESSIONS[:7], ("train/", "test/"), ("Training", "Test"), side=48),
    ),
    Layout(
        "fer2013",
        "`Train/Anger/1.png`, `Validation/…` (or `val`), `Test/…`",
        by_class(NOUNS, ("Train/", "Validation/", "Test/"), SPLITS, side=48),
    ),
    Layout(
        "fer2013",
        "`Training/0/1.jpg` to `6`, `PublicTest/…`, `PrivateTest/…`",
        by_class(range(7), [f"{one}/" for one in SPLITS], SPLITS, side=48),
    ),
    Layout(
        "fer2013",
        "`FER2013Train/label.csv` and images, `FER2013Valid`, `FER2013Test`: FER+'s",
        ferplus,
    ),
    Layout(
        "ckplus",
        "`cohn-kanade-images/S010/004/S010_004_00000017.png`, "
        "`Emotion/…_emotion.txt`, `Landmarks/…_landmarks.txt`",
        ckplus(), {"face": None, "size": None},
    ),
    Layout(
        "ckplus", "the same with `Emotion_labels`",
        ckplus("Emotion_labels"), {"face": None, "size": None},
    ),
    Layout("ckplus", "`anger/S010_004_00000017.png`: CK+48", ck48, {"size": None}),
    Layout("jaffe", "`KA.AN1.39.tiff`", jaffe("{who}.{code}.{number}.tiff")),
    Layout(
        "jaffe", "the same in any folders",
        jaffe("{who}/{code}/{who}.{code}.{number}.tiff"),
    ),
    Layout("jaffe", "`KA-AN1-39.png`", jaffe("{who}-{code}-{number}.png")),
    Layout("ferg", "`aia/aia_anger/*.png`", ferg, {"size": None}),
    Layout(
        "oulu", "`VL_Acropped/Strong/P001/Anger/000.jpeg`",
        oulu("VL_Acropped/Strong"), {"size": None},
    ),
    Layout(
        "oulu", "`VL/Dark/P001/…`, `NI_Acropped/…`: other options",
        oulu("NI/Dark"),
        {"size": None, "camera": "NI", "light": "Dark", "cropped": False},
    ),
    Layout(
        "rafdb",
        "`Image/aligned/train_00001_aligned.jpg`, `EmoLabel/list_patition_label.txt`",
        rafdb("Image/aligned/{name}_aligned.png"),
    ),
    Layout(
        "rafdb",
        "the same list with tabs or several blanks, empty lines, a byte order mark",
        rafdb("Image/aligned/{name}_aligned.png", line="{name}.jpg \t {code} \n\n"),
    ),
    Layout(
        "rafdb",
        "`DATASET/train/5/train_00001_aligned.jpg`, `train_labels.csv`, …: Kaggle's",
        rafdb("DATASET/{split}/{code}/{name}_aligned.png",
              line="{name}_aligned.jpg,{code}\n"),
    ),
    Layout(
        "rafdb", "`train/5/train_00001_aligned.jpg` alone",
        rafdb("{split}/{code}/{name}_aligned.png", lists=False),
    ),
    Layout(
        "affectnet",
        "`train_set/images/0.jpg`, `train_set/annotations/0_exp.npy`, `val_set/…`",
        affectnet_2021, {"size": None},
    ),
    Layout(
        "affectnet", "`training.csv`, `validation.csv`, `Manually_Annotated_Images/…`",
        affectnet_tables("Manually_Annotated_Images", "."), {"size": None},
    ),
    Layout(
        "affectnet",
        "`Manually_Annotated/Manually_Annotated_Images/…`, "
        "`Manually_Annotated_file_lists/…`, with or without a line of names",
        affectnet_tables(
            "Manually_Annotated/Manually_Annotated_Images",
            "Manually_Annotated_file_lists", header=False,
        ),
        {"size": None},
    ),
    Layout(
        "sfew", "`Train_Aligned_Faces/Angry/*.png`, `Val_Aligned_Faces/…`",
        by_class(EXPRESSIONS[:7], ("Train_Aligned_Faces/", "Val_Aligned_Faces/"),
                 ("train", "val")), {"size": None},
    ),
    Layout(
        "sfew", "`Train/Angry/*.png`, `Val/…`: whole frames",
        by_class(NOUNS, ("Train/Train/", "Val/"), ("train", "val")),
        {"size": None, "aligned": False},
    ),
    Layout("folder", "`happy/1.png`, by any name of the field", by_class(FIELD)),
    Layout(
        "folder", "`test/happy/1.png`, folders of splits and then of classes",
        by_class(NOUNS, ("train/", "test/"), ("train", "test")),
    ),
    Layout(
        "folder", "`0/1.png`, where the option `classes` says what is what",
        by_class(range(7)),
        {"classes": dict(zip("0123456", EXPRESSIONS, strict=False))},
    ),
)  # fmt: skip


def expected(written: Shown, channels: int) -> list[tuple]:
    """What a copy holds: expression, split and bytes of each face, sorted."""
    if all(file.suffix == ".csv" for file in written):
        rows = zip(ROWS.images, ROWS.emotions, ROWS.usages, strict=True)
        return sorted((EXPRESSIONS[k], s, x.tobytes()) for x, k, s in rows)
    return sorted(
        (*told, read_image(file, channels).tobytes()) for file, told in written.items()
    )


def found(faces: FaceSet) -> list[tuple]:
    """The same of a face set."""
    rows = zip(faces.labels, faces.splits, faces.images, strict=True)
    return sorted((EXPRESSIONS[k], str(s), x.tobytes()) for k, s, x in rows)


def rows() -> Iterator[str]:
    """The lines of the table; splits and columns are those that were read."""
    yield "| Name | Files below `root` | Splits | Columns |"
    yield "|---|---|---|---|"
    for layout in LAYOUTS:
        with tempfile.TemporaryDirectory() as folder:
            layout.write(Path(folder))
            faces = layout.read(Path(folder))
        order = (*SPLITS, "train", "val")
        names = sorted({*faces.splits.tolist()}, key=lambda s: (*order, s).index(s))
        splits = ", ".join(names)
        names = [n.removeprefix("extra.") for n in faces.columns()]
        names = [n for n in names if n not in ("images", "labels", "splits")]
        yield f"| `{layout.dataset}` | {layout.files} | {splits} | {', '.join(names)} |"


def text() -> str:
    """The whole file."""
    return "\n".join(rows()) + "\n"


if __name__ == "__main__":
    TABLE.write_text(text(), encoding="utf-8")
