"""FERG, JAFFE, Oulu-CASIA, RAF-DB and SFEW from small files in their layouts."""

import numpy as np
import pytest
from drawn_files import cut, draw, noise, refused
from drawn_layouts import rafdb as rafdb_copy

from fer_lib.data import load
from fer_lib.data.sources import rafdb
from fer_lib.expressions import EXPRESSIONS

# The class folders' names in the book, written down independently.
BOOK = {name: name for name in ("disgust", "fear", "neutral", "surprise")}
BOOK |= {"anger": "angry", "joy": "happy", "happiness": "happy", "sadness": "sad"}
FERG = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
OULU = ("Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise")
SFEW = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
CHARACTERS = ("aia", "bonnie", "jules", "malcolm", "mery", "ray")
# Files of JAFFE, what they show and whom, in the order of the women's codes.
JAFFE = {
    "KA.AN1.39": ("angry", 0),
    "KA.AN2.40": ("angry", 0),
    "KL.DI3.170": ("disgust", 1),
    "NA.SA1.200": ("sad", 5),
    "NA.SU2.203": ("surprise", 5),
    "NM.SA1.81": ("sad", 6),
    "TM.FE1.192": ("fear", 7),
    "UY.HA2.138": ("happy", 8),
    "YM.NE3.51": ("neutral", 9),
}
# RAF-DB's list counts from 1, in this order.
NATIVE = ["surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"]
RAFDB = [("train_00001", 5), ("train_00002", 1), ("train_00003", 4)]
RAFDB += [("train_00010", 7), ("test_0001", 2), ("test_0002", 3), ("test_0003", 6)]


def write_ferg(root):
    for who, name in enumerate(CHARACTERS):
        for k, folder in enumerate(FERG):
            for shot in range(2):
                place = root / f"{name}/{name}_{folder}/{name}_{folder}_{shot}.png"
                draw(place, 100 * who + 10 * k + shot, channels=3)


def write_jaffe(root, folders=False):
    for seed, name in enumerate(JAFFE):
        draw((root / name[:2] if folders else root) / f"{name}.tiff", seed)


def write_oulu(root, name="VL_Acropped", light="Strong", offset=0):
    for person in (1, 2, 80):
        for k, folder in enumerate(OULU):
            for frame in range(5):
                place = root / name / light / f"P{person:03}" / folder
                seed = 1000 * person + 10 * k + frame + offset
                draw(place / f"{frame:03}.bmp", seed, channels=3)


def write_rafdb(root, rows=RAFDB):
    for seed, (name, _) in enumerate(rows):
        draw(root / "Image/aligned" / f"{name}_aligned.jpg", seed, 16, 16, 3)
    table = root / "EmoLabel" / rafdb.LISTS[0]
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text("".join(f"{name}.jpg {code}\n" for name, code in rows))


def write_sfew(root, names=("Train_Aligned_Faces", "Val_Aligned_Faces"), offset=0):
    for part, name in enumerate(names):
        for k, folder in enumerate(SFEW):
            for shot in range(2 - part):
                path = root / name / folder / f"Movie_{shot}.png"
                draw(path, offset + 100 * part + 10 * k + shot, 18, 14, 3)


WRITERS = (write_ferg, write_jaffe, write_oulu, write_rafdb, write_sfew)
WRITE = {write.__name__.removeprefix("write_"): write for write in WRITERS}


def read(name, root, **options):
    return load(name, root, cache=root.parent / "cache", **options)


def shown(faces):
    return [EXPRESSIONS[label] for label in faces.labels]


@pytest.mark.parametrize("above", ["", "FERG_DB_256", "a/FERG_DB_256"])
def test_ferg(tmp_path, above):
    write_ferg(tmp_path / "ferg" / above)
    faces = read("ferg", tmp_path / "ferg", size=None)
    assert shown(faces) == [BOOK[name] for name in FERG for _ in "12"] * 6
    assert faces.subjects.tolist() == np.repeat(np.arange(6), 14).tolist()
    expected = noise(100 * 2 + 10 * 3 + 1, channels=3).transpose(2, 0, 1)
    np.testing.assert_array_equal(faces.images[2 * 14 + 3 * 2 + 1], expected)
    small = read("ferg", tmp_path / "ferg", channels=1, size=8)
    assert small.images.shape == (84, 1, 8, 8)


@pytest.mark.parametrize("folders", [False, True])
def test_jaffe(tmp_path, folders):
    write_jaffe(tmp_path / "jaffe", folders)
    faces = read("jaffe", tmp_path / "jaffe")
    # By woman, then by label: surprise has a higher one than sad.
    order = sorted(JAFFE, key=lambda n: (JAFFE[n][1], EXPRESSIONS.index(JAFFE[n][0])))
    assert list(zip(shown(faces), faces.subjects, strict=True)) == [
        JAFFE[name] for name in order
    ]
    assert faces.extra["number"].tolist() == [int(n.split(".")[2]) for n in order]
    assert faces.extra["shot"].tolist() == [int(name[5]) for name in order]
    seeds = [list(JAFFE).index(name) for name in order]
    np.testing.assert_array_equal(faces.images[:, 0], [noise(seed) for seed in seeds])
    # The two angry shots of one woman belong together, and no others do.
    assert faces.sequences[0] == faces.sequences[1]
    assert len(set(faces.sequences.tolist())) == 8


def test_oulu(tmp_path):
    write_oulu(tmp_path / "oulu")
    faces = read("oulu", tmp_path / "oulu", size=None)
    assert shown(faces) == [BOOK[name.lower()] for name in OULU for _ in "123"] * 3
    assert faces.subjects.tolist() == [1] * 18 + [2] * 18 + [80] * 18
    assert len(set(faces.sequences.tolist())) == 18
    assert faces.extra["frame"].tolist() == [2, 3, 4] * 18
    assert faces.extra["from_end"].tolist() == [2, 1, 0] * 18
    expected = noise(2000 + 10 + 3, channels=3).transpose(2, 0, 1)
    np.testing.assert_array_equal(faces.images[18 + 3 + 1], expected)
    neutral = read("oulu", tmp_path / "oulu", first=1, last=2)
    assert (neutral.labels.reshape(-1, 3)[:, 0] == 6).all()
    assert neutral.extra["frame"][:3].tolist() == [0, 3, 4]


def test_every_part_of_oulu_is_its_own(tmp_path):
    root = tmp_path / "oulu"
    parts = [("VL_Acropped", "Strong"), ("VL_Acropped", "Dark")]
    parts += [("NI_Acropped", "Strong"), ("VL", "Strong")]
    for offset, part in enumerate(parts):
        write_oulu(root, *part, offset=offset)
    options = [{}, {"light": "Dark"}, {"camera": "NI"}, {"cropped": False}]
    assert len({read("oulu", root, **one).sha256 for one in options}) == 4
    for wrong, words in (
        ({"camera": "NI", "light": "Weak"}, "NI_Acropped/Weak"),
        ({"camera": "UV"}, "'UV'"),
        ({"light": "strong"}, "'strong'"),
    ):
        assert words in refused(read, "oulu", root, **wrong)


@pytest.mark.parametrize("rows", [RAFDB, RAFDB[::-1]])
def test_rafdb(tmp_path, rows):
    write_rafdb(tmp_path / "basic", rows)
    faces = read("rafdb", tmp_path)
    assert shown(faces) == [NATIVE[code - 1] for _, code in rows]
    assert faces.splits.tolist() == [name.partition("_")[0] for name, _ in rows]
    assert faces.subjects is None and faces.images.shape[1:] == (3, 16, 16)
    # JPEG changes noise, but each image stays nearest to its own.
    drawn = np.stack([noise(i, 16, 16, 3).transpose(2, 0, 1) for i in range(7)])
    far = np.abs(faces.images[:, None].astype(int) - drawn[None]).mean((2, 3, 4))
    assert far.argmin(1).tolist() == list(range(7))


@pytest.mark.parametrize("lists", [True, False])
def test_both_layouts_of_rafdb_are_the_same_faces(tmp_path, lists):
    """In the same order; and a list that says otherwise than a folder is refused."""
    rafdb_copy("Image/aligned/{name}_aligned.png")(tmp_path / "official")
    kaggle = rafdb_copy(
        "{split}/{code}/{name}_aligned.png", lists, "{name}_aligned.jpg,{code}\n"
    )
    (tmp_path / "kaggle").mkdir()
    kaggle(tmp_path / "kaggle")
    assert (
        read("rafdb", tmp_path / "official").sha256
        == read("rafdb", tmp_path / "kaggle").sha256
    )
    moved("kaggle/train/5/train_00001_aligned.png", "kaggle/train/4/train_00001.png")(
        tmp_path
    )
    if lists:
        assert "one of another class" in refused(read, "rafdb", tmp_path / "kaggle")
    moved("kaggle/train/4/train_00001.png", "kaggle/test/5/train_00001.png")(tmp_path)
    assert "lies in 'test'" in refused(read, "rafdb", tmp_path / "kaggle")


@pytest.mark.parametrize("name", ["Val_Aligned_Faces", "Val_Aligned_Faces_new"])
def test_sfew(tmp_path, name):
    root = tmp_path / "sfew"
    write_sfew(root, ("Train_Aligned_Faces", name))
    faces = read("sfew", root, size=None)
    names = [name.lower() for name in SFEW]
    assert shown(faces) == [name for name in names for _ in "12"] + names
    assert faces.splits.tolist() == ["train"] * 14 + ["val"] * 7
    expected = noise(130, 18, 14, 3).transpose(2, 0, 1)
    np.testing.assert_array_equal(faces.split("val").images[3], expected)
    assert read("sfew", root).images.shape == (21, 3, 96, 96)
    assert "aligned=true" in refused(read, "sfew", root, aligned=False)
    write_sfew(root, ("Train/Train", "Val"), offset=1000)
    frames = read("sfew", root, aligned=False)
    assert len(frames) == 21 and frames.sha256 != read("sfew", root).sha256
    assert "whole frames" in frames.provenance


def moved(name, other):
    return lambda root: (root / name).rename(root / other)


def made(name):
    return lambda root: (root / name).mkdir(parents=True)


def line(text):
    def plant(root):
        table = root / "EmoLabel" / rafdb.LISTS[0]
        table.write_text(table.read_text() + text)

    return plant


def damaged(name):
    return lambda root: cut(root / name)


def drawn(name, side=12):
    return lambda root: draw(root / name, 1, side, side)


def no_validation(root):
    for path in (root / "Val_Aligned_Faces").rglob("*.png"):
        path.unlink()


OULU_PART, ALIGNED = "VL_Acropped/Strong", "Image/aligned"
FAULTS = [
    ("ferg", moved("ray", "roy"), "no FERG-DB found"),
    ("ferg", made("aia/aia_anguish"), "aia_anguish"),
    ("ferg", damaged("mery/mery_joy/mery_joy_1.png"), "mery_joy_1.png"),
    ("jaffe", drawn("KA.XX1.1.tiff"), "KA.XX1.1.tiff"),
    ("jaffe", drawn("sub/KA.AN1.39.tiff"), "the same picture"),
    ("jaffe", drawn("KA.AN3.41.tiff", 13), "found 13 x 13"),
    ("oulu", made(f"{OULU_PART}/P001/Ecstatic"), "P001/Ecstatic"),
    ("oulu", made(f"{OULU_PART}/Q001/Fear"), "Q001/Fear"),
    ("oulu", made(f"{OULU_PART}/P003/Fear"), "P003/Fear: found 0 frames"),
    ("oulu", drawn(f"{OULU_PART}/P001/Fear/last.bmp"), "last.bmp"),
    ("rafdb", line("train_00011.jpg 1\n"), "line 8: train_00011.jpg has no"),
    ("rafdb", line("train_00001.jpg 1\n"), "line 8: train_00001.jpg has no"),
    ("rafdb", line("train_00011.jpg 8\n"), "code from 1 to 7"),
    ("rafdb", line("val_1.jpg 1\n"), "train_ or test_"),
    ("rafdb", line("tést"), "line 8: found 'tést'"),
    ("rafdb", drawn(f"{ALIGNED}/test_9_aligned.jpg"), "and 1 that"),
    ("rafdb", damaged(f"{ALIGNED}/test_0002_aligned.jpg"), "test_0002"),
    ("sfew", moved("Val_Aligned_Faces", "Test"), "looked for Val_Aligned_Faces with"),
    ("sfew", no_validation, "found no image"),
    ("sfew", made("Val_Aligned_Faces/Contempt"), "Contempt"),
    ("sfew", damaged("Val_Aligned_Faces/Sad/Movie_0.png"), "Sad/Movie_0.png"),
]


@pytest.mark.filterwarnings("ignore::UserWarning")  # pillow's, of damage
@pytest.mark.parametrize(("name", "plant", "words"), FAULTS)
def test_a_fault_is_named(tmp_path, name, plant, words):
    root = tmp_path / name
    WRITE[name](root)
    plant(root)
    assert words in refused(read, name, root)


@pytest.mark.parametrize("name", WRITE)
def test_nothing_is_told(tmp_path, name):
    (tmp_path / "empty").mkdir()
    assert "looked for" in refused(read, name, tmp_path / "empty")


def test_empty_folders_and_lists_are_told(tmp_path):
    for name in CHARACTERS:
        (tmp_path / "ferg" / name).mkdir(parents=True)
    assert "55,767" in refused(read, "ferg", tmp_path / "ferg")
    write_rafdb(tmp_path / "basic", [])
    (tmp_path / "basic" / ALIGNED).mkdir(parents=True)
    assert "expected 15,339" in refused(read, "rafdb", tmp_path / "basic")
