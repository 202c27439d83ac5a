"""The rendered ``wild`` set: structure, determinism and cache."""

import os
import subprocess
import sys

import numpy as np
import pytest

from fer_lib.data import rendered
from fer_lib.data.rendered import SHARES, wild
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, FERPLUS_TO_BOOK
from fer_lib.faces.portrait import WILD, render_face

SMALL = {"size": 16, "train": 44, "public": 12, "private": 12}


@pytest.fixture(scope="module")
def faces():
    return wild(**SMALL, workers=1, cached=False)


def test_structure_of_fer2013(faces):
    names, counts = np.unique(faces.splits, return_counts=True)
    found = dict(zip(names.tolist(), counts.tolist(), strict=True))
    assert found == {"Training": 44, "PublicTest": 12, "PrivateTest": 12}
    assert faces.name == "rendered" and faces.rendered
    assert "omputer graphics" in faces.provenance
    assert faces.images.shape == (68, 1, 16, 16)
    assert faces.landmarks.shape == (68, 68, 2)
    assert faces.extra["units"].shape == (68, 52)
    assert faces.extra["visible"].shape == (68, 68)
    assert faces.counts()[7] == 0


def test_class_shares_within_each_split():
    for count in (7, 300, 1600):
        labels = rendered._quota(count)
        found = np.bincount(labels, minlength=7)
        assert np.abs(found - count * SHARES / SHARES.sum()).max() <= 1
        assert len(labels) == count


def test_no_subject_is_in_two_splits(faces):
    groups = [
        set(faces.subjects[faces.splits == name].tolist())
        for name in ("Training", "PublicTest", "PrivateTest")
    ]
    assert sum(map(len, groups)) == len(set.union(*groups))


def test_votes_are_ten_and_follow_the_label(faces):
    assert (faces.votes.sum(1) == 10).all()
    book = np.array(FERPLUS_TO_BOOK)[faces.votes[:, :8].argmax(1)]
    assert (book == faces.labels).mean() > 0.85
    disagreement = (faces.votes.max(1) < 10).mean()
    assert disagreement > 0.3, "raters are not machines"


def test_weak_expressions_are_mistaken_more_often():
    happy = EXPRESSIONS.index("happy")
    column = FERPLUS_TO_BOOK.index(happy)
    weak, strong = (
        np.mean(
            [
                rendered._votes(happy, s, np.random.default_rng(k))[column]
                for k in range(200)
            ]
        )
        for s in (0.4, 1.0)
    )
    assert weak < strong - 1.5


def test_each_face_is_render_face_of_its_index(faces):
    for row in (0, 50):
        drawn = render_face(
            int(faces.subjects[row]),
            EXPRESSIONS[faces.labels[row]],
            16,
            0,
            row,
            WILD,
        )
        np.testing.assert_array_equal(drawn.image, faces.images[row, 0])
        np.testing.assert_array_equal(drawn.visible, faces.extra["visible"][row])


def test_parallel_and_serial_are_equal_bit_for_bit(faces):
    assert wild(**SMALL, workers=2, cached=False).sha256 == faces.sha256


def test_another_seed_is_another_set(faces):
    few = {"size": 16, "train": 4, "public": 1, "private": 1, "cached": False}
    assert wild(**few).sha256 == wild(**few).sha256
    assert wild(**few).sha256 != wild(**few, seed=1).sha256


def test_script_without_a_guard_does_not_start_itself_again(tmp_path):
    """Fresh processes must not run the calling script again."""
    script = tmp_path / "unguarded.py"
    script.write_text(
        "print('started')\n"
        "from fer_lib.data.rendered import wild\n"
        "print(wild(16, 64, 1, 1, workers=2, cached=False))\n"
    )
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("started") == 1
    assert "66 rendered faces" in done.stdout


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path))
    return tmp_path


FEW = {"size": 16, "train": 3, "public": 1, "private": 1}


def test_cache_is_used(cache, monkeypatch):
    first = wild(**FEW)
    assert len(list(cache.glob("rendered-*.npz"))) == 1
    monkeypatch.setattr(rendered, "_render", lambda *_: pytest.fail("again"))
    assert wild(**FEW).sha256 == first.sha256


@pytest.mark.parametrize("damage", ["cut", "bit", "empty"])
def test_corrupt_cache_is_told_and_rebuilt(cache, damage):
    first = wild(**FEW)
    (path,) = cache.glob("rendered-*.npz")
    raw = bytearray(path.read_bytes())
    if damage == "bit":
        middle = raw.index(first.images[1].tobytes())
        raw[middle] ^= 1
    path.write_bytes({"cut": raw[: len(raw) // 2], "bit": raw, "empty": b""}[damage])
    with pytest.warns(UserWarning, match="anew"):
        again = wild(**FEW)
    assert again.sha256 == first.sha256
    assert wild(**FEW).sha256 == first.sha256


def test_key_depends_on_options_and_on_the_renderer(monkeypatch):
    one = rendered._key({"size": 48, "seed": 0})
    assert one != rendered._key({"size": 48, "seed": 1})
    monkeypatch.setattr(rendered, "_source_hash", lambda: "other")
    assert one != rendered._key({"size": 48, "seed": 0})


@pytest.mark.parametrize(
    "options, told",
    [
        ({"size": 8}, "size is 8, expected 16 to 512"),
        ({"seed": -1}, "seed is -1"),
        ({"train": -5}, "Training is -5"),
        ({"train": 0, "public": 0, "private": 0}, "all splits are empty"),
    ],
)
def test_options_out_of_range_are_refused(options, told):
    with pytest.raises(FerError, match=told):
        wild(**options)
