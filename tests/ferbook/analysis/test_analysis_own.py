"""What each paper's network alone is asked, against planted answers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from known_networks import smoke
from part_faces import marked_splits
from tqdm import tqdm

from fer_lib.explain.attention import sampling_window
from fer_lib.models import build
from ferbook.analysis.own import (
    MASKS,
    TRANSFORM,
    UNTRAINED,
    Own,
    Subject,
    asked,
    mask_statistics,
    transforms,
)
from ferbook.papers.part_measures import landmark_errors, member_scores

FACES = marked_splits().test  # 14
CONTROL = np.array([0, 3, 4])
TRUSTED = np.arange(14) % 2 == 0


def ask(network, faces=FACES, trusted=TRUSTED) -> Own:
    untrained = smoke_like(network)
    with tqdm(disable=True) as bar:
        return asked(Subject(network, untrained, faces, trusted, CONTROL, bar))


def smoke_like(network):
    (name,) = (n for n in _NAMES if build(n, preset="smoke").NAME == network.NAME)
    return build(name, **network.options).eval()


_NAMES = (
    "deep_emotion", "residual_masking", "ramn", "diversified_esr",
    "diversified_manet", "part_ensemble",
)  # fmt: skip


def test_a_transform_is_taken_apart():
    rng = np.random.default_rng(0)
    width, height = rng.uniform(0.3, 1.5, (2, 20))
    shear, right, down = rng.uniform(-0.4, 0.4, (3, 20))
    turned = rng.uniform(-80, 80, 20)
    cos, sin = np.cos(np.radians(turned)), np.sin(np.radians(turned))
    rotation = np.array([[cos, -sin], [sin, cos]])
    scale = np.array([[width, shear], [0 * width, height]])
    square = np.einsum("ijn,jkn->nik", rotation, scale)
    theta = np.concatenate([square, np.stack([2 * right, 2 * down], 1)[..., None]], 2)
    wanted = np.stack([width, height, shear, turned, right, down], 1)
    np.testing.assert_allclose(transforms(theta), wanted, atol=1e-12)
    # A turn by 90 degrees brings the upper left corner to the upper right.
    quarter = np.array([[[0.0, -1, 0], [1, 0, 0]]])
    assert transforms(quarter)[0, TRANSFORM.index("rotation")] == 90
    corners = sampling_window(torch.tensor(quarter), 48)
    np.testing.assert_allclose(corners[0, 0], [47, 0], atol=1e-5)
    nothing = transforms(np.zeros((1, 2, 3)))
    assert np.isnan(nothing[0, 1:4]).all()


def test_how_far_masks_are_from_constant():
    even = mask_statistics(torch.full((1, 8, 3, 3), 1 / 8))[0]
    np.testing.assert_allclose(even, [0, 0, 1, 1], atol=1e-6)
    sharp = torch.zeros(1, 8, 3, 3)
    sharp[:, 2] = 1
    found = dict(zip(MASKS, mask_statistics(sharp)[0].tolist(), strict=True))
    values = 8 * np.eye(8)[2]  # of a position, in multiples of 1 / C
    assert found["over channels"] == pytest.approx(values.std())
    assert found["near 1 / C"] == 0 and found["entropy"] == pytest.approx(0)
    mask = torch.rand(2, 4, 3, 5).softmax(1)
    channels = 4 * mask[1].numpy()
    found = mask_statistics(mask)[1]
    assert found[0] == pytest.approx(channels.std(0).mean(), rel=1e-4)
    flat = channels.reshape(4, -1)
    over = (flat.std(1) / flat.mean(1)).mean()
    assert found[1] == pytest.approx(over, rel=1e-4)
    near = ((channels >= 0.5) & (channels <= 2)).mean()
    assert found[2] == pytest.approx(near)


def test_masks():
    network = smoke("residual_masking").eval()
    own = ask(network)
    gain = own.values["masking.gain.layer 1"]
    before, after = (own.values[f"masking.{k}.layer 1"] for k in ("before", "after"))
    lit = before > 0
    np.testing.assert_allclose(gain[lit], (after / before.clip(1e-30))[lit], rtol=1e-5)
    with torch.no_grad():
        mask = network.masks(network.input(FACES.images))[2]
    wanted = mask_statistics(mask)
    np.testing.assert_allclose(own.values["masking.mask.layer 3"], wanted, rtol=1e-3)
    control = own.values["masking.mask.layer 3" + UNTRAINED]
    assert np.isfinite(control[CONTROL]).all()
    assert np.isnan(np.delete(control, CONTROL, 0)).all()
    constant = ask(smoke("residual_masking", "constant").eval())
    assert not constant.values and "same number" in constant.sentences[0]


def test_regions():
    network = smoke("ramn").eval()
    own = ask(network)
    with torch.no_grad():
        theta = network(network.input(FACES.images)).weights.numpy()
    np.testing.assert_allclose(own.values["regions.theta"], theta, rtol=1e-4)
    first = [row.argmax() == 0 for row in theta]
    assert own.values["regions.whole_first"].tolist() == first
    assert len(own.columns["regions.theta"]) == theta.shape[1]
    alone = ask(smoke("ramn", "whole_face").eval())
    assert not alone.values and "one region" in alone.sentences[0]


def test_an_untrained_window_is_the_face():
    own = ask(build("deep_emotion").eval())
    wanted = np.tile([1, 1, 0, 0, 0, 0], (14, 1))
    np.testing.assert_allclose(own.values["window.transform"], wanted, atol=1e-6)
    np.testing.assert_allclose(own.values["window.area"], 1, atol=1e-6)
    assert own.values["window.corners"].shape == (14, 8)
    none = ask(smoke("deep_emotion", "no_transformer").eval())
    assert not none.values and "without its transformer" in none.sentences[0]


@pytest.mark.parametrize("name", ["diversified_esr", "diversified_manet"])
def test_who_of_the_branches_is_right(name):
    network = smoke(name).eval()
    own = ask(network)
    with torch.no_grad():
        output = network(network.input(FACES.images))
    if name == "diversified_esr":
        scores = output.branches.numpy()
    else:
        scores = np.stack([output.local.numpy(), output.global_.numpy()], 1)
    for branch in range(scores.shape[1]):
        right = scores[:, branch].argmax(1) == FACES.labels
        assert own.values["branches.correct"][:, branch].tolist() == right.tolist()
    assert own.columns["branches.correct"] == tuple(network.cam_layers())
    assert ("attention.agreement" in own.values) == (name == "diversified_esr")


def test_attention_of_the_same_branches_agrees_and_not_of_two():
    network = smoke("diversified_esr", input_size=96, branches=2).eval()
    apart = ask(network).values["attention.agreement"].mean()
    network.branches[1].load_state_dict(network.branches[0].state_dict())
    same = ask(network).values["attention.agreement"]
    np.testing.assert_allclose(same, 1, atol=1e-5)
    assert apart < 0.99


def test_landmarks_before_and_after():
    network = smoke("part_ensemble", keep_localisers=True).eval()
    own = ask(network)
    some = FACES.select(TRUSTED)
    before = landmark_errors(network.originals, some)
    after = landmark_errors(network.tuned(), some)
    for name, wanted in (
        ("before", before),
        ("after", after),
        ("rise", after - before),
    ):
        found = own.values[f"landmarks.{name}"]
        np.testing.assert_allclose(found[TRUSTED], wanted, atol=1e-4)
        assert np.isnan(found[~TRUSTED]).all()
    assert own.columns["landmarks.rise"] == network.members
    members = member_scores(network, FACES.images).numpy().argmax(2)
    right = members == FACES.labels[:, None]
    assert np.array_equal(own.values["branches.correct"], right)
    still = replace(some, landmarks=np.repeat(some.landmarks[:1], len(some), 0))
    moved = ask(
        network, replace(FACES, landmarks=np.repeat(still.landmarks[:1], 14, 0))
    )
    # Faces with the same points have the mean face's points themselves.
    mean_face = moved.values["landmarks.mean_face"][TRUSTED]
    np.testing.assert_allclose(mean_face, 0, atol=1e-7)


def test_what_cannot_be_told_is_a_sentence():
    bare = ask(smoke("part_ensemble").eval())
    assert "without its localisers" in bare.sentences[0]
    assert "branches.correct" in bare.values
    kept = smoke("part_ensemble", keep_localisers=True).eval()
    blind = ask(kept, trusted=np.zeros(14, bool))
    assert "No face was found" in blind.sentences[0]
