"""Across data sets: matrices, what transfers, networks together."""

import numpy as np
import pytest

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from ferbook.chapters import across

CONTEMPT, NEUTRAL = 7, 6


def faces(labels, size=48, splits="All", name="a_set", **columns):
    """Faces whose top left pixel tells the label, in tens."""
    labels = np.asarray(labels)
    images = np.zeros((len(labels), 1, size, size), np.uint8)
    images[:, 0, 0, 0] = 10 * labels
    splits = np.full(len(labels), splits) if isinstance(splits, str) else splits
    return FaceSet(name, images, labels, splits, "made up", **columns)


def knows(images):
    """A reader that reads that pixel."""
    return np.eye(7)[images[:, 0, 0, 0] // 10]


def says(label):
    return lambda images: np.eye(7)[np.full(len(images), label)]


class TestCorpora:
    def test_nobody_is_on_both_sides(self):
        subjects = np.repeat(np.arange(12), 7)
        one = across.by_person(
            faces(np.tile(np.arange(7), 12), subjects=subjects), "lab", 4
        )
        people = [set(p.subjects) for p in (one.train, one.select, one.test)]
        assert not people[0] & people[2] and not people[1] & people[2]
        assert set().union(*people) == set(range(12))

    def test_of_own_sets_the_reported_part_is_read(self, monkeypatch):
        stored = faces(
            [0, 1, 2, CONTEMPT], splits=np.array(["train", "test", "test", "test"])
        )
        asked = []

        def load(name, root, **options):
            asked.append((name, root, options))
            return stored

        monkeypatch.setattr(across, "load", load)
        found = across.own_sets(" rafdb=a/b , fer2013=c")
        assert found["rafdb"].labels.tolist() == [1, 2]
        sizes = {"size": 48, "channels": 1}
        assert asked == [("rafdb", "a/b", sizes), ("fer2013", "c", {})]
        assert across.own_sets("") == {}

    @pytest.mark.parametrize("text", ["jaffe", "jaffe=", "=x,"])
    def test_wrong_entries_are_told(self, text):
        with pytest.raises(FerError):
            across.own_sets(text)


class TestMatrix:
    @property
    def tests(self):
        return {"a": faces([0, 1, 2, 3]), "b": faces([0, 0, 0, 5])}

    def test_cells_are_shares_of_the_column(self):
        right = across.answers({"knows": knows, "angry": says(0)}, self.tests)
        rows = across.matrix_table(right, self.tests, "A table").rows
        first = [[cell.split("\n")[0] for cell in row] for row in rows]
        assert first == [
            ["knows", "100.0", "100.0"],
            ["angry", "25.0", "75.0"],
            ["most frequent class", "25.0", "75.0"],
        ]
        told = across.draw_matrix(right, "reader").alt_text
        assert "knows: a 100, b 100; angry: a 25, b 75" in told

    def test_guests_are_compared_with_home_on_its_faces(self):
        tests = {"a": faces(np.arange(210) % 7), "b": faces(np.zeros(210, int))}
        right = across.answers({"a": knows, "b": says(0)}, tests)
        (first, second) = across.away_table(right).rows
        assert first[:2] == ("a", "b") and first[-1] == "worse"
        assert first[2].startswith("-85.7")
        # On b both are always right.
        assert second[2].startswith("+0.0") and second[-1] == "undecided"


class TestTransfer:
    def test_course_of_recordings(self):
        # Two recordings of happy, one of contempt, three frames each.
        shown = np.repeat([3, 3, CONTEMPT], 3)
        film = faces(
            np.array([6, 3, 3, 6, 6, 3, 6, 7, 7]),
            extra={"expression": shown, "frame": np.tile([1, 2, 3], 3)},
        )
        found = across.by_frame(knows_contempt, film)
        assert found["its expression"].tolist() == [0, 0.5, 1]
        assert found["neutral"].tolist() == [1, 0.5, 0]
        assert found["another"].tolist() == [0, 0, 0]
        told = across.draw_by_frame(found, 2).alt_text
        assert "its expression from 0 to 100 per cent" in told


def knows_contempt(images):
    return np.eye(8)[images[:, 0, 0, 0] // 10]
