"""The sheet of faces has its rows, columns and points."""

import numpy as np
import pytest

from fer_lib.rendered.conditions import CONDITIONS
from fer_lib.rendered.portrait import render_face
from ferbook.chapters.faces.contact_sheet import (
    HEADER,
    contact_sheet,
    grid,
    with_points,
)


@pytest.mark.parametrize("conditions", CONDITIONS)
def test_sheet_is_a_grid_of_faces(conditions):
    sheet = contact_sheet(2, 24, 0, conditions, expressions=("happy", "sad"))
    assert sheet.size == (48, 48 + HEADER) and sheet.mode == "L"
    face = render_face(1, "sad", 24, 0, 9, CONDITIONS[conditions])
    drawn = np.asarray(sheet)[HEADER + 24 :, 24:]
    np.testing.assert_array_equal(drawn, face.image)


def test_points_are_drawn_where_the_landmarks_are():
    face = render_face(0, "neutral", 96)
    picture = with_points(face).astype(int)
    assert picture.shape == (96, 96, 3)
    yellow = picture[..., 0] - picture[..., 2] > 60
    columns, rows = np.rint(face.landmarks[face.visible]).astype(int).T
    assert yellow[rows, columns].mean() > 0.95
    assert yellow.mean() < 0.15


def test_row_titles_stand_left_of_the_pictures():
    rows = [[np.full((24, 24), 10 * (3 * r + c), np.uint8) for c in range(3)]
            for r in range(2)]  # fmt: skip
    sheet = np.asarray(grid(rows, ["a", "b", "c"], ["one", "two"]))
    np.testing.assert_array_equal(sheet[HEADER:, -72:], np.block(rows))
    assert (sheet[HEADER:, :-72] < 128).any(), "the titles"
