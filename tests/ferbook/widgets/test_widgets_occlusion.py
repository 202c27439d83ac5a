"""The occlusion explorer against covering by hand.

It is driven in ``test_widgets_occlusion_driven.py``.
"""

import numpy as np
import pytest
import torch
from squares import SIDE, WINDOWS, a_run, faces, grid_of, said_under, unpacked
from widget_pages import call, picture_of

from fer_lib.errors import FerError
from fer_lib.explain.covering import FILLS, pixel_means, window_starts
from fer_lib.models import NETWORKS, build
from ferbook.widgets import occlusion_explorer


@pytest.fixture(scope="module")
def run():
    return a_run()


@pytest.fixture(scope="module")
def widget(run):
    return occlusion_explorer(run, faces(2), ["one", "two"], "Noise.", WINDOWS)


def test_the_grid_holds_what_is_said_of_every_covered_face(run, widget):
    assert widget.data["strides"] == [2, 4, 8]
    labels = set()
    for window in WINDOWS:
        starts = window_starts(SIDE, window, 2)
        for face, image in enumerate(faces(2)):
            found = grid_of(widget, face, window)
            for row, top in enumerate(starts):
                for column, left in enumerate(starts):
                    shares = said_under(run, image, top, left, window)
                    told = found[row, column]
                    assert np.abs(told - 1000 * shares).max() <= 1.5
                    assert told.argmax() == shares.argmax()
            labels |= {(face, k) for k in found.argmax(-1).ravel()}
    assert len(labels) > 2  # squares change labels, or the test shows nothing
    plain = widget.data["plain"][1]
    assert np.abs(plain - 1000 * said_under(run, faces(2)[1])).max() <= 1.5


def test_the_astronaut_is_the_last_face(widget):
    assert [face["title"] for face in widget.data["faces"]][-1] == "astronaut"
    assert "public domain" in widget.data["note"] and "Noise." in widget.data["note"]
    assert len(widget.data["plain"]) == len(widget.data["grids"][0]) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "comparison"])
def test_any_network_of_the_library_can_be_asked(name):
    torch.manual_seed(0)
    network = build(name, preset="smoke")
    run = a_run(network)
    image, side = faces(1)[0], network.input.size
    widget = occlusion_explorer(run, [image], ["noise"], windows=[side // 2])
    assert len(widget.html()) < 300_000
    rows = len(window_starts(side, side // 2, widget.data["strides"][0]))
    found = np.array(unpacked(widget.data["grids"][0][0])).reshape(rows, rows, 7)
    shares = said_under(run, image, side // 2, 0, side // 2)
    assert np.abs(found[-1, 0] - 1000 * shares).max() <= 2


def test_windows_are_shares_of_the_side(run):
    assert occlusion_explorer(run, [], []).data["windows"] == [4, 8, 12]
    with pytest.raises(FerError, match="do not fit a side of 36"):
        occlusion_explorer(run, [], [], windows=[37])


@pytest.mark.parametrize("fill", FILLS)
def test_the_kernel_says_what_is_under_any_square(run, widget, fill):
    places = [[0, 0], [3, 17], [36 - 11, 36 - 11], [8, 1]]
    asked = {"face": 1, "window": 11, "fill": fill, "places": places}
    answer = widget.answered(asked)
    found = np.reshape(unpacked(answer["probabilities"]), (4, -1))
    for shares, (top, left) in zip(found, places, strict=True):
        expected = said_under(run, faces(2)[1], top, left, 11, fill)
        assert np.abs(shares - 1000 * expected).max() <= 1.5
    shown = picture_of(answer["filling"])
    assert shown.shape == (SIDE, SIDE) and (shown.max() == 0) == (fill == "zero")


@pytest.mark.parametrize(
    "wrong",
    [
        {"face": 3},
        {"face": -1},
        {"face": 1.0},
        {"window": 0},
        {"window": 37},
        {"window": "5"},
        {"fill": "white"},
        {"places": []},
        {"places": [[0, 32]]},
        {"places": [[-1, 0]]},
        {"places": [[0.5, 0]]},
        {"places": [[0, 0, 0]]},
        {"places": [[0, 0]] * 65},
    ],
)
def test_a_question_outside_the_face_is_refused(widget, wrong):
    asked = {"face": 0, "window": 5, "fill": "zero", "places": [[0, 31]]}
    assert "error" not in widget.answered(asked)
    told = widget.answered(asked | wrong)["error"]
    assert "expected up to 64 that lie inside 36 pixels" in told


def test_print_tells_the_worst_square_of_every_face(widget):
    table = widget.fallback
    assert [row[0] for row in table.rows] == ["one", "two", "astronaut"]
    before, found = np.array(widget.data["plain"][1]), grid_of(widget, 1, 9)
    said, starts = before.argmax(), window_starts(SIDE, 9, 2)
    drops = before[said] - found[..., said]
    row, column = np.argwhere(drops == drops.max())[0]
    flips = 100 * (found.argmax(-1) != said).mean()
    assert table.rows[1][1].startswith(widget.data["classes"][said])
    expected = f"{flips:.0f} % flip\n {drops.max() / 10:.1f} points at left "
    assert table.rows[1][3] == f"{expected}{starts[column]}, top {starts[row]}"


@pytest.mark.browser
class TestWhatThePageComputes:
    def test_places_of_squares_are_the_librarys(self, browser):
        points = [[s, w, d] for s in (9, 36, 48) for w in (1, 4, 9) for d in (1, 2, 5)]
        found = call(browser, "occlusion", "windowStarts", points)
        for point, starts in zip(points, found, strict=True):
            assert starts == window_starts(*point).tolist()

    def test_maps_are_the_librarys_where_all_squares_are_seen(self, browser):
        draw = np.random.default_rng(0)
        for side, window, stride in [(9, 3, 2), (12, 4, 3), (10, 10, 1)]:
            starts = window_starts(side, window, stride).tolist()
            values = draw.normal(size=(len(starts), len(starts)))
            point = [values.ravel().tolist(), starts, window, side]
            (found,) = call(browser, "occlusion", "pixelMeans", [point])
            expected = pixel_means(values, (side, side), window, stride)
            np.testing.assert_allclose(np.reshape(found, (side, side)), expected)

    def test_only_squares_that_were_seen_are_in_the_map(self, browser):
        # Squares of 2 at 0, 2 and 4: the middle one and the last are unseen.
        values = [1, 2, 3, 4, None, 6, 7, 8, None]
        point = [values, [0, 2, 4], 2, 6]
        (found,) = call(browser, "occlusion", "pixelMeans", [point])
        squares = np.array(values, object).reshape(3, 3)
        assert found == squares.repeat(2, 0).repeat(2, 1).ravel().tolist()

    def test_the_nearest_of_a_list(self, browser):
        points = [[[0, 2, 5], at] for at in (-3, 0.9, 1.1, 3.6, 99)]
        assert call(browser, "occlusion", "nearest", points) == [0, 0, 1, 2, 2]
