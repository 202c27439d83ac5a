"""The rendered ``stylised`` set: six characters, all expressions."""

import numpy as np
import pytest

from fer_lib.data.sources.rendered import lab
from fer_lib.data.sources.rendered_stylised import stylised
from fer_lib.errors import FerError
from ferbook.chapters.faces.contact_sheet import HEADER
from ferbook.chapters.faces.corpus_sheet import corpus_sheet


@pytest.fixture(scope="module")
def faces():
    return stylised(24, 2, workers=1, cached=False)


def test_structure_of_ferg(faces):
    assert len(faces) == 84 and faces.images.shape[1:] == (1, 24, 24)
    table = np.zeros((6, 7), int)
    np.add.at(table, (faces.subjects, faces.labels), 1)
    assert (table == 2).all()
    assert faces.sequences is None and set(faces.splits) == {"All"}


def test_no_two_pictures_are_the_same(faces):
    assert len({image.tobytes() for image in faces.images}) == len(faces)


def test_the_characters_stay_when_the_seed_changes(faces):
    other = stylised(24, 1, seed=8, cached=False)
    means = [
        np.stack([s.images[s.subjects == k].mean(0) for k in range(6)])
        for s in (faces, other)
    ]
    distance = np.abs(means[0][:, None] - means[1][None]).mean((2, 3, 4))
    assert (distance.argmin(1) == np.arange(6)).all()


def test_options_out_of_range_are_refused():
    with pytest.raises(FerError, match="takes is 0, expected 1 to 10000"):
        stylised(takes=0)


def test_sheet_shows_the_first_picture_of_each(faces):
    sheet = np.asarray(corpus_sheet(faces, 4))
    assert sheet.shape == (HEADER + 4 * 24, 7 * 24)
    cell = sheet[HEADER + 24 : HEADER + 48, 72:96]
    chosen = (faces.subjects == 1) & (faces.labels == 3)
    np.testing.assert_array_equal(cell, faces.images[chosen][0, 0])


def test_sheet_of_sequences_has_the_frames_in_order():
    faces = lab(24, 2, frames=3, cached=False)
    order = np.random.default_rng(0).permutation(len(faces))
    sheet = np.asarray(corpus_sheet(faces.select(order), 2))
    second = faces.images[faces.sequences == 1002, 0]
    row = sheet[HEADER + 24 :, -72:]
    np.testing.assert_array_equal(row, np.concatenate(second, 1))
