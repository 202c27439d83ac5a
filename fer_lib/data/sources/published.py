"""What is published of the data sets: counts, and how a student gets them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS

# Faces per class in the order of EXPRESSIONS, or of all classes together.
Counts = Mapping[str, tuple[int, ...] | int]


@dataclass(frozen=True)
class Published:
    """A data set as its authors describe it.

    Attributes:
        title: its name.
        access: how it is got, by whom, and how long that takes.
        page: where to ask.
        layout: what the loader reads, below the folder that is named.
        counts: by variant, then by split; some variant should agree.
        subjects: people with a labelled face; None where unknown.
        sequences: labelled recordings; None where there are none.
        may_lack: why fewer faces than published are no problem, or empty.
    """

    title: str
    access: str
    page: str
    layout: str
    counts: Mapping[str, Counts] = field(default_factory=dict)
    subjects: int | None = None
    sequences: int | None = None
    may_lack: str = ""

    def total(self, split: str = "") -> int:
        """Faces of a split of the first variant, or of all its splits."""
        counts = next(iter(self.counts.values()))
        chosen = [counts[split]] if split else counts.values()
        return sum(int(np.sum(count)) for count in chosen)


_FER2013 = {
    "Training": (3995, 436, 4097, 7215, 4830, 3171, 4965, 0),
    "PublicTest": (467, 56, 496, 895, 653, 415, 607, 0),
    "PrivateTest": (491, 55, 528, 879, 594, 416, 626, 0),
}
_CKPLUS = (135, 177, 75, 207, 84, 249, 0, 54)
_AFFECTNET = (24882, 3803, 6378, 134415, 25459, 14090, 74874, 3750)

PUBLISHED = {
    "fer2013": Published(
        "FER2013",
        "`ferbook data get fer2013 --root DIR` fetches it where Kaggle allows that.",
        "https://www.kaggle.com/datasets/deadskull7/fer2013",
        "fer2013.csv or icml_face_data.csv, with FER+'s fer2013new.csv beside it; or "
        "images in train/happy/ and test/happy/; or FER2013Train/label.csv",
        {
            "official": _FER2013,
            "test splits merged": {
                "Training": _FER2013["Training"],
                "Test": tuple(map(sum, zip(*list(_FER2013.values())[1:], strict=True))),
            },
        },
    ),
    "ckplus": Published(
        "CK+",
        "Fill in and sign the agreement; teachers and researchers of an "
        "institution get a link, students ask through their supervisor. "
        "Count on days to weeks.",
        "http://www.jeffcohn.net/resources/",
        "cohn-kanade-images/S010/004/S010_004_00000017.png, "
        "Emotion/S010/004/S010_004_00000017_emotion.txt and "
        "Landmarks/S010/004/S010_004_00000017_landmarks.txt; or class folders "
        "such as anger/S010_004_00000017.png (CK+48)",
        {
            "first and last three frames": {"All": (*_CKPLUS[:6], 327, 54)},
            "last three frames": {"All": _CKPLUS},
        },
        subjects=118,
        sequences=327,
    ),
    "jaffe": Published(
        "JAFFE",
        "Ask for access on Zenodo with an account, naming institution and "
        "purpose; for research that is not commercial. Count on days.",
        "https://zenodo.org/records/3451524",
        "KA.AN1.39.tiff and 212 more, flat or in folders",
        {"all images": {"All": (30, 29, 32, 31, 31, 30, 30, 0)}},
        subjects=10,
    ),
    "ferg": Published(
        "FERG-DB",
        "Fill in the form on its page; a link comes by mail. For research "
        "that is not commercial. Count on days.",
        "http://grail.cs.washington.edu/projects/deepexpr/ferg-2d-db.html",
        "aia/aia_anger/*.png, six characters with seven folders each",
        {"all images": {"All": 55_767}},
        subjects=6,
    ),
    "oulu": Published(
        "Oulu-CASIA",
        "A licence that a permanent member of a university signs and sends to "
        "the University of Oulu; not open to students alone. Count on weeks.",
        "https://www.oulu.fi/en/university/faculties-and-units/"
        "faculty-information-technology-and-electrical-engineering/"
        "center-for-machine-vision-and-signal-analysis",
        "VL_Acropped/Strong/P001/Anger/000.jpeg; likewise NI_Acropped, VL, NI",
        {"last three frames": {"All": (240, 240, 240, 240, 240, 240, 0, 0)}},
        subjects=80,
        sequences=480,
    ),
    "rafdb": Published(
        "RAF-DB",
        "A professor or other permanent member of an institution asks by mail "
        "from its address and gets a password. Count on days to weeks.",
        "http://www.whdeng.cn/RAF/model1.html",
        "basic/Image/aligned/train_00001_aligned.jpg (of aligned.zip) and "
        "basic/EmoLabel/list_patition_label.txt; or train/1/ to test/7/",
        {
            "aligned faces": {
                "train": (705, 717, 281, 4772, 1982, 1290, 2524, 0),
                "test": (162, 160, 74, 1185, 478, 329, 680, 0),
            }
        },
    ),
    "affectnet": Published(
        "AffectNet",
        "A lab manager or professor fills in the form and signs the "
        "agreement; students ask through them. Count on weeks, and on some "
        "gigabytes (the release of 2021) or more than a hundred (the older one).",
        "http://mohammadmahoor.com/affectnet/",
        "train_set/images/0.jpg with train_set/annotations/0_exp.npy, "
        "0_lnd.npy, 0_val.npy, 0_aro.npy, and val_set/ likewise; or "
        "training.csv, validation.csv and Manually_Annotated_Images/",
        {
            "2021": {"train": _AFFECTNET, "val": 3999},
            "tables": {"train": _AFFECTNET, "val": (500,) * 8},
        },
    ),
    "sfew": Published(
        "SFEW 2.0",
        "A licence that a permanent member of an institution signs and sends "
        "to its authors. Count on days to weeks.",
        "https://users.cecs.anu.edu.au/~few_group/AFEW.html",
        "Train_Aligned_Faces/Angry/*.png and Val_Aligned_Faces/Angry/*.png; "
        "or Train/Angry/ and Val/Angry/ for whole frames",
        {"all frames": {"train": 958, "val": 436}},
        may_lack="the authors' alignment found no face in some frames",
    ),
}


def how_to_get(name: str) -> str:
    """A paragraph for who does not have a data set yet.

    Raises:
        FerError: when the name is unknown.
    """
    if name not in PUBLISHED:
        raise FerError(
            f"data set '{name}' is unknown, expected one of {', '.join(PUBLISHED)}."
        )
    known = PUBLISHED[name]
    return (
        f"{known.title} may not be fetched by a program.\n{known.access}\n"
        f"Ask at {known.page}\nPut into one folder: {known.layout}."
    )


def missing(name: str, root: Path | str) -> FerError:
    """The error for a folder in which a data set is not found."""
    known = PUBLISHED[name]
    return FerError(
        f"{root}: no {known.title} found, looked for {known.layout}; name the folder "
        "that holds it, or read a folder of images by class as the data set 'folder'."
    )


def compare(faces: FaceSet, known: Published) -> tuple[list[str], list[str]]:
    """Remarks and problems, a sentence each, of a set against what is known."""
    notes, problems = [], []
    for column in ("subjects", "sequences"):
        expected, found = getattr(known, column), getattr(faces, column)
        count = 0 if found is None else len(np.unique(found))
        if expected is not None and count != expected:
            problems.append(f"found {count} {column}, expected {expected}.")
    differences = {
        variant: list(_differences(faces, counts))
        for variant, counts in known.counts.items()
    }
    variant = min(differences, key=lambda name: len(differences[name]))
    fewer = all(found < expected for _, found, expected in differences[variant])
    for what, found, expected in differences[variant]:
        sentence = f"{what}: found {found:,} faces, expected {expected:,} ({variant})"
        if known.may_lack and fewer:
            notes.append(f"{sentence}; no problem, {known.may_lack}.")
        else:
            problems.append(f"{sentence}; get the files again.")
    return notes, problems


def _differences(faces: FaceSet, counts: Counts) -> Iterator[tuple[str, int, int]]:
    """What, the faces found and those expected, wherever they differ."""
    for split in dict.fromkeys([*counts, *faces.splits.tolist()]):
        labels = faces.labels[faces.splits == split]
        expected = counts.get(split, 0)
        if isinstance(expected, int):
            if len(labels) != expected:
                yield split, len(labels), expected
            continue
        found = np.bincount(labels, minlength=len(EXPRESSIONS)).tolist()
        for name, one, other in zip(EXPRESSIONS, found, expected, strict=True):
            if one != other:
                yield f"{split}, {name}", one, other
