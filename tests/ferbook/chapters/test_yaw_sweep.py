"""Turning heads: truth, detection and fitted landmarks."""

import numpy as np
import pytest

from fer_lib.errors import FerError
from ferbook.chapters.part_ensemble.yaw_sweep import YawSweep, _holds, yaw_sweep


@pytest.fixture(scope="module")
def sweep():
    return yaw_sweep((0, 45, 90), subjects=3, size=160)


def test_frontal_faces_are_found_and_fitted(sweep):
    assert sweep.missed[0] == 0
    for box in ("crop", "detector"):
        assert max(e[0] for e in sweep.part_errors(box).values()) < 0.1
    assert sweep.part_errors()["eyes"][0] < 0.04


def test_profiles_are_missed_and_misfitted(sweep):
    assert sweep.missed[2] == 1
    assert all(np.isnan(e[2]) for e in sweep.part_errors("detector").values())
    assert min(e[2] for e in sweep.part_errors().values()) > 0.2
    # The face looks to the image's right: that cheek is hidden.
    assert sweep.visible[2][:, :8].mean() > sweep.visible[2][:, 9:17].mean() + 0.5


def test_errors_are_distances_by_the_frontal_scale():
    truth = np.zeros((1, 2, 68, 2), np.float32)
    fitted = truth + np.array([3, 4])
    fitted[0, 1] = np.nan
    made = YawSweep(
        np.zeros(1), np.zeros((1, 2, 4, 4), np.uint8), truth,
        np.ones((1, 2, 68), bool), np.array([10, 20]), np.array([[True, False]]),
        {"crop": truth + np.array([0, 2]), "detector": fitted},
    )  # fmt: skip
    np.testing.assert_allclose(made.errors()[0, :, 0], [0.2, 0.1])
    assert made.part_errors()["nose"] == pytest.approx([0.15])
    assert made.part_errors("detector")["nose"] == pytest.approx([0.5])
    assert made.missed == [0.5]
    with pytest.raises(FerError, match="box is 'whole', expected crop or detector"):
        made.errors("whole")


def test_a_box_elsewhere_is_no_detection():
    points = np.random.default_rng(0).uniform(40, 60, (68, 2))
    assert _holds((30, 30, 70, 70), points)
    assert not _holds((0, 0, 30, 30), points)


@pytest.mark.parametrize(
    "options, told",
    [
        ({"angles": ()}, "angles are"),
        ({"angles": (0, 120)}, r"angles are \(0, 120\), expected some of -90 to 90"),
        ({"subjects": 0}, "0 subjects at 200 pixels"),
        ({"size": 50}, "50 pixels"),
    ],
)
def test_arguments_out_of_range_are_refused(options, told):
    with pytest.raises(FerError, match=told):
        yaw_sweep(**options)
