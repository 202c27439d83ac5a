"""From stored pixels to network input: sizes, scales, and what is refused."""

import numpy as np
import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.preprocessing import Preprocessing

KEEP = Preprocessing(mean=0.0, std=1.0)
GREY = np.random.default_rng(0).integers(0, 256, (2, 1, 48, 48), dtype=np.uint8)


@pytest.mark.filterwarnings("error")
def test_sizes_channels_and_scale():
    assert torch.equal(KEEP(GREY), torch.as_tensor(GREY).float() / 255)
    GREY.flags.writeable = False  # as a mapped file's
    assert Preprocessing(size=96, channels=3)(GREY).shape == (2, 3, 96, 96)
    colour = np.repeat(GREY, 3, axis=1)
    assert torch.allclose(KEEP(colour), KEEP(GREY), atol=1e-6)
    low, high = Preprocessing()(np.array([0, 255], np.uint8).reshape(2, 1, 1, 1))
    assert low.unique() == -1 and high.unique() == 1


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_bytes_and_shares_of_one_are_the_same(kind):
    found = KEEP((GREY / 255).astype(kind))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, KEEP(GREY), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (GREY[0], r"\[N, C, H, W\] with 1 or 3 channels, found \[1, 48, 48\]"),
        (GREY.transpose(0, 2, 3, 1), r"channels last.*permute\(0, 3, 1, 2\)"),
        (GREY.astype(np.int64), r"torch.int64, expected uint8.*astype\('uint8'\)"),
        (GREY.astype(np.float32), "0 to 255, expected 0..1.*divide by 255"),
        (GREY / 127.5 - 1, "-1 to 1, expected 0..1.*undo a normalisation"),
        (GREY * np.nan, "nan to nan"),
    ],
)
def test_other_pixels_are_refused_with_the_mend(images, told):
    with pytest.raises(FerError, match=told):
        KEEP(images)
