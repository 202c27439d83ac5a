"""Six characters: exaggerated, in flat tones, with exact truth."""

from dataclasses import replace

import numpy as np
import pytest

from fer_lib.errors import FerError
from fer_lib.landmarks import LANDMARKS
from fer_lib.rendered.conditions import STYLISED
from fer_lib.rendered.head import load_head
from fer_lib.rendered.people import CHARACTERS, REGIONS, character
from fer_lib.rendered.portrait import render_face
from fer_lib.rendered.surface import flat

REST = np.zeros(52)


@pytest.mark.parametrize("number", range(CHARACTERS))
def test_regions_grow_by_their_factor(number):
    """Near a region's centre the exaggeration is a plain enlargement."""
    who = character(number)
    for region, factor in who.sizes.items():
        assert region in REGIONS and 0.5 < factor < 2
    alone = replace(who, sizes={"left_eye": 1.4})
    centre = alone.neutral[LANDMARKS[[42, 45]]].mean(0)
    rest = alone.neutral
    near = np.linalg.norm(rest - centre, axis=1) < 0.08
    assert near.sum() > 5
    grown = (alone.posed(REST) - centre)[near]
    ratio = np.linalg.norm(grown, axis=1) / np.linalg.norm(rest[near] - centre, axis=1)
    assert (np.abs(ratio - 1.4) < 0.03).all()
    far = np.linalg.norm(rest - centre, axis=1) > 1.3
    np.testing.assert_allclose(alone.posed(REST)[far], rest[far], atol=1e-4)


def test_blinks_close_the_large_eyes():
    who, shut = character(0), load_head().unit_vector(eyeBlink=1)

    def gap(units):
        points = who.posed(units)[LANDMARKS]
        return np.linalg.norm(points[43] - points[47])

    assert gap(shut) < 0.35 * gap(REST)


def test_flat_tones():
    light = np.linspace(0, 1, 1000)
    diffuse, shine = flat(light, light, 4)
    assert len(np.unique(diffuse)) == 4 and (np.diff(diffuse) >= 0).all()
    assert diffuse.min() > 0, "shadows are not black"
    assert set(shine) == {0, 0.5}


def test_unknown_characters_are_refused():
    with pytest.raises(FerError, match="character 6 does not exist, expected 0 to 5"):
        render_face(6, "happy", conditions=STYLISED)
