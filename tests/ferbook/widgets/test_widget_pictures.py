"""Numbers, maps and colours that travel to a page as text, and come back."""

import base64

import matplotlib
import numpy as np
import pytest
import torch
from widget_pages import call, picture_of

from fer_lib.errors import FerError
from ferbook.widgets import pictures


def test_numbers_are_two_letters_each():
    assert pictures.packed(np.array([[0, 63], [64, 4095]])) == "AAA/BA//"


@pytest.mark.parametrize("values", [[4096], [-1], [0.5]])
def test_other_numbers_are_refused(values):
    with pytest.raises(FerError, match="expected whole numbers from 0 to 4095"):
        pictures.packed(np.array(values))


def test_rounding_to_per_mille_never_changes_a_label():
    draw = np.random.default_rng(0)
    near = 0.3 + draw.uniform(-8e-4, 8e-4, (4000, 3))
    shares = np.concatenate([near, 1 - near.sum(1, keepdims=True)], 1)
    found = pictures.per_mille(shares)
    rounded = np.rint(1000 * shares)
    assert (rounded.argmax(1) != shares.argmax(1)).sum() > 100  # it would have
    np.testing.assert_array_equal(found.argmax(1), shares.argmax(1))
    others = np.arange(4) != shares.argmax(1)[:, None]
    np.testing.assert_array_equal(found[others], rounded[others])
    assert np.abs(found - 1000 * shares).max() <= 1.5


def test_bytes_reach_from_the_lowest_to_the_highest():
    text = pictures.squeezed(np.array([-1.0, 0.0, 1.0, 1.5, 3.0, 3.1]), -1.0, 3.0)
    assert list(base64.b64decode(text)) == [0, 64, 128, 159, 255, 255]
    flat = pictures.squeezed(np.full(2, 0.25), 0.25, 0.25)
    assert list(base64.b64decode(flat)) == [0, 0]


def test_a_picture_holds_the_face_and_large_ones_are_reduced():
    unit = torch.rand(3, 10, 10)
    shown = picture_of(pictures.address_of(unit))
    expected = (255 * unit).permute(1, 2, 0).numpy()
    assert np.abs(shown - expected).max() <= 0.5
    large = picture_of(pictures.address_of(torch.rand(1, 224, 224)))
    assert large.shape == (64, 64)


@pytest.mark.browser
class TestInABrowser:
    def test_the_page_reads_numbers_as_they_were(self, browser):
        numbers = np.random.default_rng(1).integers(0, 4096, 50)
        found = call(browser, "occlusion", "unpacked", [[pictures.packed(numbers)]])
        assert found == [numbers.tolist()]

    @pytest.mark.parametrize("name", ["cividis", "PuOr_r"])
    def test_colours_are_matplotlibs(self, browser, name):
        shares = np.linspace(-0.1, 1.1, 121)
        stops = pictures.colour_stops(name)
        points = [[stops, share] for share in shares.tolist()]
        found = call(browser, "masking", "colourAt", points)
        expected = 255 * matplotlib.colormaps[name](shares.clip(0, 1))[:, :3]
        assert np.abs(np.array(found) - expected).max() < 6  # of 255
