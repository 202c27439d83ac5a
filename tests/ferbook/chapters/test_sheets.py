"""Sheets of rendered faces have their rows and columns."""

import numpy as np
import pytest

from fer_lib.data.sources.rendered import lab, stylised
from fer_lib.rendered.conditions import STUDIO
from fer_lib.rendered.portrait import render_face
from ferbook.chapters.faces.sheets import HEADER, contact_sheet, corpus_sheet, grid


def test_contact_sheet_is_a_grid_of_faces():
    sheet = contact_sheet(2, 24, 0, expressions=("happy", "sad"))
    assert sheet.size == (48, 48 + HEADER) and sheet.mode == "L"
    face = render_face(1, "sad", 24, 0, 9, STUDIO)
    drawn = np.asarray(sheet)[HEADER + 24 :, 24:]
    np.testing.assert_array_equal(drawn, face.image)


def test_row_titles_stand_left_of_the_pictures():
    rows = [[np.full((24, 24), 10 * (3 * r + c), np.uint8) for c in range(3)]
            for r in range(2)]  # fmt: skip
    sheet = np.asarray(grid(rows, ["a", "b", "c"], ["one", "two"]))
    np.testing.assert_array_equal(sheet[HEADER:, -72:], np.block(rows))
    assert (sheet[HEADER:, :-72] < 128).any(), "the titles"


@pytest.mark.parametrize("takes", [1, 2])
def test_sheet_shows_the_first_picture_of_each(takes):
    faces = stylised(24, takes, workers=1, cached=False)
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
