"""The rule that chooses movements does what the plan says of it."""

import numpy as np
import pytest

from fer_lib.errors import FerError
from fer_lib.rendered.head import load_head
from ferbook.study.movements import (
    LEAST,
    REGIONS,
    Measured,
    chosen,
    eligible,
    measured,
)
from ferbook.study.settings import SIZES


def test_all_units_are_measured_and_mirror_each_other():
    by = {one.unit: one for one in measured()}
    assert tuple(by) == load_head().unit_names
    for unit, one in by.items():
        if not one.side:
            continue
        other = by[_mirror(unit)]
        assert abs(one.moved - other.moved) <= 0.1 * one.moved + 2, unit
        assert one.x + other.x == pytest.approx(1, abs=0.04), unit
        # The subject's left is the image's right.
        assert (one.x > 0.5) == (one.side == "Left"), unit
    assert by["jawOpen"].y > 0.6 > 0.3 > by["browInnerUp"].y


def _mirror(unit):
    return unit[:-4] + "Right" if unit.endswith("Left") else unit[:-5] + "Left"


def test_what_cannot_be_seen_is_no_task():
    seen = {one.unit for one in eligible()}
    assert not any(unit.startswith("eyeLook") for unit in seen)
    assert {"mouthClose", "tongueOut"}.isdisjoint(seen)
    assert all(min(o.moved, o.changed) >= LEAST for o in eligible())
    assert "jawOpen" in seen


def test_tasks_are_spread_over_regions_sides_and_sizes():
    by = {one.unit: one for one in measured()}
    tasks = [by[unit] for unit in SIZES["full"].tasks]
    assert len({t.unit for t in tasks}) == 22
    assert {t.region for t in tasks} == set(REGIONS)
    sides = [t.side for t in tasks]
    assert min(sides.count("Left"), sides.count("Right")) >= 6
    sizes = np.array([t.moved for t in tasks])
    assert sizes.max() > 20 * sizes.min()
    assert tasks[0].moved == max(one.moved for one in eligible())


def test_each_choice_is_the_farthest_of_its_region():
    by = {one.unit: one for one in measured()}
    tasks = [by[unit] for unit in chosen(12)]
    for k in range(1, len(tasks)):
        before, own = tasks[:k], tasks[k]
        left = [o for o in eligible() if o.region == own.region and o not in before]

        def away(one, before=before):
            return min(np.linalg.norm(one.place - other.place) for other in before)

        assert away(own) == max(map(away, left))
    assert chosen(5) == chosen(12)[:5]


def test_size_counts_by_doubling():
    one, other = (Measured("a", "jaw", "", n, n, 0.5, 0.5) for n in (100, 200))
    assert np.linalg.norm(one.place - other.place) == pytest.approx(0.1)


@pytest.mark.parametrize("count", [0, 100])
def test_more_than_there_are_is_refused(count):
    with pytest.raises(FerError, match=f"{count} movements, expected 1 to"):
        chosen(count)
