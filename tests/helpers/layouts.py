"""Every layout of a data set that is read: the book's table, and small copies.

``python tests/helpers/layouts.py`` writes the table, ``book/layout_table.md``.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drawn_layouts import (
    FIELD,
    NOUNS,
    ROWS,
    SPLITS,
    Shown,
    affectnet_2021,
    affectnet_tables,
    by_class,
    ck48,
    ckplus,
    ferg,
    ferplus,
    jaffe,
    other_text,
    oulu,
    pictures,
    rafdb,
    table,
)

from fer_lib.data import load
from fer_lib.data.faceset import FaceSet
from fer_lib.expressions import EXPRESSIONS
from fer_lib.photos.images import read_image

TABLE = Path(__file__).parents[2] / "book" / "layout_table.md"


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
