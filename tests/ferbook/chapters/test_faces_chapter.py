"""Tables and pictures of the data chapter, on rendered and on drawn sets."""

import re
from dataclasses import replace

import numpy as np
import pytest
from drawn_faces import recordings, web_faces
from executed import execute, start_cache
from papermill.exceptions import PapermillExecutionError
from skimage.data import astronaut

from fer_lib.data.audit.check import OFFICIAL_FERPLUS
from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import fold_names, split
from fer_lib.data.sources import rafdb
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from ferbook.chapters.faces import corpora as chapter
from ferbook.chapters.faces import plots
from ferbook.chapters.faces.pipeline import landmark_rows, pipeline, portraits
from ferbook.kit.corpora import label_rows
from ferbook.runs.paths import runs_folder
from ferbook.runs.records import load_records


def real_runs() -> list:
    """The runs that the chapter shows, in its order."""
    runs = [r for r in load_records(runs_folder()) if not r.superseded]
    return [r for r in runs if (r.dataset, r.protocol) == ("fer2013", "official")]


@pytest.fixture
def recorded() -> FaceSet:
    return recordings()


def test_membership_is_what_the_protocol_does(recorded):
    for name in fold_names("ckplus_last3")[:2]:
        uses, parts = chapter.membership(recorded, name), split(recorded, name)
        for use, part in (
            (chapter.TRAIN, parts.train),
            (chapter.SELECT, parts.select),
            (chapter.TEST, parts.test),
        ):
            np.testing.assert_array_equal(recorded.images[uses == use], part.images)
        # First frames are neutral and take no part.
        unused = recorded.extra["from_end"] > 2
        np.testing.assert_array_equal(uses == chapter.UNUSED, unused)


def test_a_label_row_has_the_codes_of_the_files():
    rows = {row["this book"].split()[1]: row for row in label_rows()}
    assert list(rows) == list(EXPRESSIONS)
    assert rows["happy"] == {
        "this book": "3 happy",
        "FER2013": 3,
        "FER+ column": "1 happiness",
        "CK+": 5,
        "JAFFE": "HA",
        "RAF-DB": 4,
        "AffectNet": 1,
    }
    assert rows["contempt"]["CK+"] == 2 and rows["contempt"]["JAFFE"] == "-"
    for name, row in rows.items():
        if name in rafdb.CODES:
            assert rafdb.CODES[row["RAF-DB"] - 1] == name


def test_protocol_rows_are_sizes_and_hash(recorded):
    name = "ckplus_first_last3-fold3"
    (row,) = chapter.protocol_rows({"lab": recorded}, {"lab": (name,)})
    assert (row["train"], row["select"], row["test"]) == (224, 28, 28)
    assert row["classes"] == 8
    assert split(recorded, name).sha256.startswith(row["sha256"])


def test_published_mixtures_have_their_published_sizes():
    sizes = {name: sum(n) for name, n in chapter.published_counts().items()}
    named = OFFICIAL_FERPLUS["rows with an image name"][2]
    assert list(sizes.values()) == [3589, named, 3068, 4000]


class TestRecordedAudit:
    def test_its_copies_are_the_known_ones(self):
        rows = chapter.copy_rows(chapter.recorded_audit())
        public, private = rows[1:]
        assert public["equal in Training"] == "280 (7.8%)"
        assert private["equal in Training"] == "288 (8.0%)"

    def test_its_ceiling_is_the_known_one(self):
        rows = chapter.ceiling_rows(chapter.recorded_audit())
        told = [row["one rater with the others (%)"] for row in rows]
        assert told == ["72.7", "75.6", "73.7"]
        with pytest.raises(FerError, match="has no votes"):
            chapter.ceiling_rows(replace(chapter.recorded_audit(), ceiling=None))

    def test_runs_are_told_apart_by_leaked_faces(self):
        """Hits among leaked and other faces sum to those of the record."""
        for row in chapter.without_leaks(chapter.recorded_audit()):
            found = {}
            for key in list(row)[1:]:
                share, n = row[key].split(" %")[0], row[key].split("n = ")[1]
                found[key] = (float(share) / 100, int(n.replace(",", "")))
            whole, leaked, others = found.values()
            assert leaked[1] == 288 and leaked[1] + others[1] == whole[1] == 3589
            hits = leaked[0] * leaked[1] + others[0] * others[1]
            assert hits == pytest.approx(whole[0] * whole[1], abs=4)

    def test_rows_of_the_audit_are_rows_of_the_whole_set(self):
        """As if just those faces were leaked that a run reads correctly."""
        audit = chapter.recorded_audit()
        first = sum(map(sum, (n.values() for n in list(audit.classes.values())[:2])))
        for k, record in enumerate(real_runs()):
            rows = (first + np.flatnonzero(record.correct())).tolist()
            told = chapter.without_leaks(
                replace(audit, leaked=audit.leaked | {"PrivateTest": rows})
            )[k]
            assert told["those in Training, too"].startswith("100.0 %")
            assert told["the others"].startswith("0.0 %")

    def test_an_audit_of_other_faces_is_refused(self):
        audit = chapter.recorded_audit()
        last = dict(audit.classes["PrivateTest"])
        last["angry"], last["fear"] = last["fear"], last["angry"]
        other = replace(audit, classes=audit.classes | {"PrivateTest": last})
        with pytest.raises(FerError, match="not those of the audit"):
            chapter.without_leaks(other)


class TestPipeline:
    def test_seven_stages_of_a_photograph(self):
        stages = pipeline(astronaut().transpose(2, 0, 1))
        shapes = [stage.image.shape for stage in stages]
        assert shapes[:3] == [(3, 512, 512), (1, 512, 512), (1, 300, 300)]
        assert shapes[3:] == [(1, 300, 300)] * 2 + [(1, 160, 160)] * 2
        # CLAHE changes the picture, finding a face does not.
        assert (stages[2].image != stages[3].image).any()
        assert (stages[3].image == stages[4].image).all()
        left, top, right, bottom = stages[4].box
        assert 110 < (left + right) / 2 < 150 and 45 < (top + bottom) / 2 < 85
        assert stages[6].points.shape == (68, 2)

    def test_without_a_face_it_says_so(self):
        with pytest.raises(FerError, match="no face found"):
            pipeline(np.full((3, 300, 300), 128, np.uint8))

    def test_landmarks_of_rendered_people_are_near_the_truth(self):
        rows = landmark_rows(portraits(3))
        assert rows[0]["part"] == "jaw"
        for row in rows:
            assert row["faces"] == "3 of 3 found"
            assert 0.5 < float(row["detected box (%)"].split()[0]) < 12


class TestPlots:
    def test_columns_are_sorted_by_person_and_unused_ones_left_out(self):
        people = np.array([5, 3, 5, 3, 9])
        uses = np.array([[1, 3, 1, 3, 0], [3, 1, 3, 1, 0]])
        figure = plots.plot_membership({"title": (uses, people)})
        (axes,) = (axes for axes in figure.axes if axes.get_title())
        (image,) = axes.get_images()
        np.testing.assert_array_equal(image.get_array(), [[3, 3, 1, 1], [1, 1, 3, 3]])
        assert axes.get_xlabel() == "4 faces of 2 people"


@pytest.mark.slow
class TestNotebook:
    def test_histograms_and_audit_are_of_the_named_data_set(
        self, tmp_path, monkeypatch
    ):
        lines = ["emotion,pixels,Usage"]
        faces = web_faces(21)
        pixels = faces.images.reshape(21, -1)
        pixels[20] = pixels[6]  # a copy, in Training and PrivateTest
        for label, row, usage in zip(faces.labels, pixels, faces.splits, strict=True):
            lines.append(f"{label},{' '.join(map(str, row))},{usage}")
        (tmp_path / "fer2013.csv").write_text("\n".join(lines) + "\n")
        monkeypatch.setenv("FER_CACHE", str(start_cache(tmp_path / "cache")))
        text = execute("02_faces", tmp_path, dataset="fer2013", data_root=str(tmp_path))
        assert "Training 7, PublicTest 7, PrivateTest 7" in text
        assert "fer2013 has no votes" in text
        copies = text.split("equal image also in")[1]
        assert re.search(r"PrivateTest +1 +0 +0", copies)
        assert "These are not the faces of the record" in text

    @pytest.mark.parametrize(
        ("parameters", "words"),
        [
            ({"protocol": "official"}, "Unknown parameter 'protocol'"),
            ({"preset": "paper"}, "expected one of smoke, student"),
        ],
    )
    def test_wrong_parameters_end_in_one_sentence(self, tmp_path, parameters, words):
        with pytest.raises(PapermillExecutionError) as error:
            execute("02_faces", tmp_path, **parameters)
        assert error.value.ename == "FerError" and words in error.value.evalue
