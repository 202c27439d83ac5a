"""An audit counts what was planted, and survives being written."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.data.audit import Audit, audit, leave_one_out
from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.rendered import wild
from fer_lib.errors import FerError


@pytest.fixture(scope="module")
def rendered():
    return wild(train=30, public=10, private=10, cached=False, workers=1)


@pytest.fixture
def planted(rendered):
    """Copies: 31 of 4 (near), 45 of 5, 46 of 45, 7 of 6; 8 and 48 blank."""
    images, labels = rendered.images.copy(), rendered.labels.copy()
    images[31] = images[4]
    images[31, 0, 10, 10] ^= 1
    images[[45, 46]] = images[5]
    labels[[5, 45, 46]] = [0, 0, 3]
    images[7], labels[[6, 7]] = images[6], 2
    images[[8, 48]] = np.array([10, 200])[:, None, None, None]
    votes = np.zeros((50, 10), np.int64)
    votes[:, 0] = 10
    votes[9] = 5, 0, 0, 0, 0, 0, 0, 0, 0, 5
    votes[49] = 4, 0, 0, 0, 0, 0, 0, 0, 0, 6
    return replace(rendered, images=images, labels=labels, votes=votes)


@pytest.fixture
def found(planted):
    return audit(planted)


def test_copies(found):
    assert found.exact == {
        "Training": {"Training": 2, "PublicTest": 0, "PrivateTest": 1},
        "PublicTest": {"Training": 0, "PublicTest": 0, "PrivateTest": 0},
        "PrivateTest": {"Training": 2, "PublicTest": 0, "PrivateTest": 2},
    }
    assert found.leaked == {"PublicTest": [], "PrivateTest": [45, 46]}
    assert 31 in found.nearly_leaked["PublicTest"]
    assert {45, 46} <= set(found.nearly_leaked["PrivateTest"])
    for split, counts in found.exact.items():
        assert all(found.near[split][other] >= n for other, n in counts.items())


def test_labels_pixels_and_votes(found, planted):
    # Three copies make three pairs; the one with label 3 disagrees with two.
    assert found.conflicts == {"images": 1, "rows": 3, "pairs": 4, "disagree": 2}
    assert found.constant == [8, 48]
    assert found.no_face_votes == {"Training": 0, "PublicTest": 0, "PrivateTest": 1}
    assert found.ceiling["PublicTest"]["one_rater"] == 1.0
    neutral = (planted.labels == 6)[30:40].mean()
    assert found.ceiling["PublicTest"]["own_label"] == round(neutral, 4)
    assert sum(found.classes["Training"].values()) == 30
    assert found.classes["Training"]["fear"] == (planted.labels[:30] == 2).sum()
    assert found.sha256 == planted.sha256 and found.rendered


def test_the_order_of_rows_does_not_count(planted, found):
    training = np.random.default_rng(0).permutation(30)
    shuffled = audit(planted.select(np.concatenate([training, np.arange(30, 50)])))
    assert shuffled.exact == found.exact and shuffled.near == found.near
    assert shuffled.conflicts == found.conflicts
    assert shuffled.leaked == found.leaked


def test_text(found):
    text = str(found)
    assert "1 images occur with several labels (3 rows); of 4 pairs" in text
    assert ["PrivateTest", "2", "0", "2"] in [
        line.split() for line in text.splitlines()
    ]


def test_detection_is_an_option(planted):
    some = planted.select(np.r_[0:3, 8])
    found = audit(some, detect=True)
    assert found.undetected["Training"] >= 1, "the blank one at least"
    assert f"finds no face in {found.undetected['Training']} of 4 images" in str(found)


def test_written_and_read(found, tmp_path):
    path = tmp_path / "audits" / "a.json"
    found.save(path)
    assert Audit.open(path) == found
    for text in ("", "[]", '{"name": "x", "more": 1}'):
        path.write_text(text)
        with pytest.raises(FerError, match="cannot be read as an audit"):
            Audit.open(path)


def test_a_set_without_votes_and_with_one_split():
    images = np.arange(4, dtype=np.uint8).repeat(64 * 3).reshape(4, 3, 8, 8)
    labels = np.array([0, 7, 7, 0])
    faces = FaceSet("flat", images, labels, np.array(["all"] * 4), "Made here.")
    found = audit(faces)
    assert found.ceiling is None and found.no_face_votes is None
    assert found.constant == [0, 1, 2, 3] and found.leaked == {}
    assert found.classes == {"all": {"angry": 2, "contempt": 2}}
    assert "flat: Made here." in str(found)


def test_the_committed_record(root, real):
    kept = Audit.open(root / "book" / "audits" / "fer2013.json")
    assert kept.sha256 == real.sha256
    again = replace(audit(real), undetected=kept.undetected, detector=kept.detector)
    assert again == kept


def slow(row):
    """Set every rater aside in turn; ties of the others count by shares."""
    ballots = [column for column, n in enumerate(row[:8]) for _ in range(n)]
    if len(ballots) < 3:
        return np.nan
    hits = 0.0
    for out in range(len(ballots)):
        others = ballots[:out] + ballots[out + 1 :]
        most = max(others.count(column) for column in set(others))
        leading = [c for c in set(others) if others.count(c) == most]
        hits += (ballots[out] in leading) / len(leading)
    return hits / len(ballots)


@given(
    st.lists(
        st.lists(st.integers(0, 4), min_size=10, max_size=10), min_size=1, max_size=5
    )
)
def test_leave_one_out_is_what_counting_gives(votes):
    votes = np.array(votes)
    np.testing.assert_allclose(leave_one_out(votes), list(map(slow, votes)))
