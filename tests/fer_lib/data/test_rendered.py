"""The rendered ``wild`` set: structure, votes and determinism."""

import os
import subprocess
import sys

import numpy as np
import pytest

from fer_lib.data.sources import rendered
from fer_lib.data.sources.raters import noisy_label, votes
from fer_lib.data.sources.rendered import SHARES, load, wild
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, FERPLUS_TO_BOOK
from fer_lib.rendered.conditions import WILD
from fer_lib.rendered.portrait import render_face

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


def test_pictures_are_spread_evenly_over_people(faces):
    counts = np.bincount(faces.subjects[faces.splits == "Training"])
    assert counts.max() - counts.min() <= 1


def test_pictures_are_those_of_the_committed_networks():
    """The committed weights were trained on these very faces."""
    found = wild(16, 4, 2, 2, workers=1, cached=False)
    assert found.labels.tolist() == [6, 3, 4, 0, 5, 2, 5, 2]
    assert found.votes[4].tolist() == [0, 1, 8, 0, 0, 0, 1, 0, 0, 0]
    blocks = found.images.reshape(-1, 4, 4, 4, 4).mean((2, 4)).reshape(8, 16)
    stored = [
        [159, 113, 123, 178, 128, 102, 121, 125, 126, 86, 109, 106, 125, 100, 110, 114],
        [83, 148, 132, 150, 140, 151, 135, 139, 153, 148, 118, 114, 177, 152, 126, 112],
    ]
    # Other processors may round single rays otherwise.
    assert np.abs(blocks[[0, 4]] - stored).max() < 3


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
        np.mean([votes(happy, s, np.random.default_rng(k))[column] for k in range(200)])
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


def test_label_noise_changes_labels_and_neither_votes_nor_pictures(faces):
    noisy = wild(**SMALL, label_noise=0.5, workers=1, cached=False)
    np.testing.assert_array_equal(noisy.images, faces.images)
    np.testing.assert_array_equal(noisy.votes, faces.votes)
    np.testing.assert_array_equal(noisy.extra["expression"], faces.labels)
    assert 0.35 < (noisy.labels != faces.labels).mean() < 0.65
    assert noisy.labels.max() < 7


def test_contempt_hides_among_the_neutral_faces():
    few = {"size": 16, "train": 30, "public": 0, "private": 0, "cached": False}
    plain, mixed = wild(**few), wild(**few, contempt=0.6)
    np.testing.assert_array_equal(plain.labels, mixed.labels)
    shown = mixed.extra["expression"] == 7
    assert shown.any() and (mixed.labels[shown] == 6).all()
    assert not shown[mixed.labels != 6].any()
    np.testing.assert_array_equal(plain.images[~shown], mixed.images[~shown])
    column = FERPLUS_TO_BOOK.index(7)
    assert mixed.votes[shown, column].mean() > 4 * mixed.votes[~shown, column].mean()


def test_share_of_mistaken_labels():
    drawn = [noisy_label(5, 0.3, np.random.default_rng(k)) for k in range(1000)]
    assert abs(np.mean(np.array(drawn) != 5) - 0.3) < 0.05
    wrong = [label for label in drawn if label != 5]
    assert max(set(wrong), key=wrong.count) == 2, "surprise is taken for fear"


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
        "from fer_lib.data.sources.rendered import wild\n"
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


@pytest.mark.parametrize(
    "options, told",
    [
        ({"size": 8}, "size is 8, expected 16 to 512"),
        ({"seed": -1}, "seed is -1"),
        ({"train": -5}, "Training is -5"),
        ({"train": 0, "public": 0, "private": 0}, "all splits are empty"),
        ({"seed": 2**63}, "seed is 9223372036854775808"),
        ({"label_noise": 1.5}, "label_noise is 1.5, expected 0 to 1"),
        ({"contempt": -0.1}, "contempt is -0.1, expected 0 to 1"),
        ({"yaw": 120}, "yaw is 120, expected one number from 0 to 90"),
        ({"fog": 1}, "option 'fog' is unknown, expected one of yaw"),
        ({"corpus": "zoo"}, "corpus 'zoo' is unknown, expected one of wild, lab"),
    ],
)
def test_options_out_of_range_are_refused(options, told):
    with pytest.raises(FerError, match=told):
        load(**options)
