"""Published counts, and the check that compares a copy with them."""

import numpy as np
from drawn_files import refused

from fer_lib.data import DATASETS, load
from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.published import PUBLISHED, Published, compare, how_to_get


def test_every_data_set_is_described():
    assert set(PUBLISHED) == set(DATASETS) - {"rendered"}
    for name in PUBLISHED:
        assert "http" in how_to_get(name)
    assert "one of fer2013" in refused(how_to_get, "kdef")


TOTALS = {
    ("fer2013", "official"): [28_709, 3589, 3589],
    ("fer2013", "test splits merged"): [28_709, 7178],
    ("ckplus", "first and last three frames"): [1308],
    ("ckplus", "last three frames"): [981],
    ("jaffe", "all images"): [213],
    ("ferg", "all images"): [55_767],
    ("oulu", "last three frames"): [1440],
    ("rafdb", "aligned faces"): [12_271, 3068],
    ("affectnet", "2021"): [287_651, 3999],
    ("affectnet", "tables"): [287_651, 4000],
    ("sfew", "all frames"): [958, 436],
}


def test_counts_add_up_to_the_papers_totals():
    found = {
        (name, variant): [int(np.sum(count)) for count in counts.values()]
        for name, known in PUBLISHED.items()
        for variant, counts in known.counts.items()
    }
    assert found == TOTALS


def toy(train, val):
    labels = np.repeat(np.arange(8), train).tolist() + [0] * val
    splits = ["train"] * sum(train) + ["val"] * val
    pixels = np.zeros((len(labels), 1, 8, 8), np.uint8)
    return FaceSet("toy", pixels, np.array(labels), np.array(splits), "Test.")


KNOWN = {"whole": {"train": (2,) * 8, "val": 3}, "half": {"train": (1,) * 8, "val": 3}}


def told(faces, **changes):
    return compare(faces, Published("Toy", "", "", "", KNOWN, **changes))


def test_the_nearest_variant_is_compared():
    assert told(toy([2] * 8, 3)) == told(toy([1] * 8, 3)) == ([], [])
    notes, problems = told(toy([2, 2, 2, 1, 2, 2, 2, 2], 4))
    assert not notes and [p.partition(";")[0] for p in problems] == [
        "train, happy: found 1 faces, expected 2 (whole)",
        "val: found 4 faces, expected 3 (whole)",
    ]


def test_fewer_faces_may_be_no_problem():
    notes, problems = told(toy([2] * 8, 2), may_lack="some are lost")
    assert not problems and "no problem, some are lost" in notes[0]
    notes, problems = told(toy([2] * 8, 4), may_lack="some are lost")
    assert problems and not notes


def test_people_are_counted():
    _, problems = told(toy([2] * 8, 3), subjects=5)
    assert problems == ["found 0 subjects, expected 5."]


def test_options_are_named():
    assert "expected one of size" in refused(load, "jaffe", "x", colour=True)
