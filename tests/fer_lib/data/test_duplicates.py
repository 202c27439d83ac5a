"""Planted copies are found, all of them, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.fft import dctn

from fer_lib.data.audit.duplicates import (
    exact_copies,
    leaked,
    near_copies,
    near_pairs,
    perceptual_hash,
)
from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import in_parts
from fer_lib.data.sources.rendered import wild


@pytest.fixture(scope="module")
def rendered():
    return wild(train=40, public=0, private=0, cached=False, workers=1)


def face_set(images, splits=None):
    splits = ["Training"] * len(images) if splits is None else splits
    labels = np.zeros(len(images), np.int64)
    return FaceSet("test", images, labels, np.array(splits), "Made here.")


def noise(count, seed=0, side=48, channels=1):
    draw = np.random.default_rng(seed)
    return draw.integers(0, 256, (count, channels, side, side), dtype=np.uint8)


def slow_hash(image):
    """The same 64 bits by scipy's transform; sides a multiple of 32 or 48."""
    side = len(image)
    fine = np.kron(image.astype(float), np.ones((96 // side, 96 // side)))
    areas = fine.reshape(32, 3, 32, 3).mean((1, 3))
    waves = dctn(areas, norm="ortho")[:8, :8].ravel().round(6)
    bits = waves > np.median(waves[1:])
    return int("0" + "".join("01"[int(bit)] for bit in bits[1:]), 2)


def bits_between(a, b):
    return (int(a) ^ int(b)).bit_count()


@pytest.mark.parametrize("side", [32, 48, 96])
def test_hash_is_the_transform_of_scipy(side):
    images = noise(8, side=side)
    smooth = (images.astype(int) // 4 + np.arange(side)).astype(np.uint8)
    for batch in (images, smooth):
        expected = [slow_hash(image[0]) for image in batch]
        assert perceptual_hash(batch).tolist() == expected


def test_hash_of_nothing_and_of_colour():
    assert perceptual_hash(np.full((1, 1, 50, 70), 77, np.uint8)).tolist() == [0]
    grey = noise(3)
    colour = np.repeat(grey, 3, axis=1)
    assert (perceptual_hash(colour) == perceptual_hash(grey)).all()


def test_small_changes_keep_the_hash_and_other_faces_do_not(rendered):
    images = rendered.images
    shaken = images + np.random.default_rng(0).normal(0, 3, images.shape)
    hashes = perceptual_hash(images)
    for changed in (images * 0.8 + 30, shaken):
        changed = np.clip(changed, 0, 255).astype(np.uint8)
        apart = list(map(bits_between, hashes, perceptual_hash(changed)))
        assert np.mean(np.array(apart) <= 2) > 0.8
    others = [bits_between(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert np.median(others) > 12 and np.mean(np.array(others) <= 2) < 0.01


@given(
    values=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=25, unique=True),
    flips=st.lists(
        st.tuples(st.integers(0, 24), st.sets(st.integers(0, 63), max_size=5))
    ),
    distance=st.integers(0, 6),
)
def test_near_pairs_are_complete(values, flips, distance):
    for index, bits in flips:
        values.append(values[index % len(values)] ^ sum(1 << bit for bit in bits))
    values = sorted(set(values))
    expected = [
        [i, j]
        for i in range(len(values))
        for j in range(i + 1, len(values))
        if bits_between(values[i], values[j]) <= distance
    ]
    found = near_pairs(np.array(values, np.uint64), distance)
    assert found.tolist() == expected


@given(
    ids=st.lists(st.integers(0, 5), min_size=1, max_size=12),
    chosen=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_also_in_is_what_a_loop_finds(ids, chosen):
    images = noise(6)[ids]
    images[:, 0, 0, 0] = 0
    chosen = np.array(chosen[: len(ids)])
    expected = [
        any(
            chosen[other] and other != row and (images[other] == images[row]).all()
            for other in range(len(ids))
        )
        for row in range(len(ids))
    ]
    assert exact_copies([images]).also_in(chosen).tolist() == expected


def test_near_copies_are_not_passed_on():
    """A is like B and B like C; A and C are apart."""
    copies = near_copies([np.empty((0, 1, 48, 48), np.uint8)])
    assert len(copies.ids) == 0
    copies = type(copies)(np.array([0, 1, 2]), np.array([[0, 1], [1, 2]]))
    assert copies.also_in(np.array([True, False, False])).tolist() == [0, 1, 0]


def test_leaked_rows(rendered):
    train = face_set(rendered.images[:30])
    test = face_set(rendered.images[[3, 35, 29, 36]])
    test.images[2, 0, 0, 0] ^= 1
    assert leaked(train, test).tolist() == [True, False, False, False]
    near = leaked(train, test, near=2)
    assert near[0] and near[2] and not near[[1, 3]].any()


def test_equal_hashes_of_many_images_cost_no_pairs():
    blank = np.full((5000, 1, 8, 8), 9, np.uint8)
    copies = near_copies([blank], 2)
    assert len(copies.pairs) == 0 and copies.also_in(np.arange(5000) == 0).sum() == 4999


def test_the_real_fer2013(real):
    images = list(in_parts(real.images))
    training = real.splits == "Training"
    exact = exact_copies(images).also_in(training)
    counts = {s: exact[real.splits == s].sum() for s in ("PublicTest", "PrivateTest")}
    assert counts == {"PublicTest": 280, "PrivateTest": 288}
    near = near_copies(images, 2).also_in(training)
    assert (near | ~exact).all()
    counts = {s: near[real.splits == s].sum() for s in counts}
    assert counts == {"PublicTest": 348, "PrivateTest": 356}
