"""What the Residual Masking chapter counts, against sums and planted cases."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from drawn_faces import noise

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.evaluation.ensembles import probability_sum
from fer_lib.evaluation.inference import predict
from fer_lib.explain.masking import masking
from fer_lib.models import build, count_parameters
from fer_lib.models.residual_masking import ConstantMask
from ferbook.chapters.residual_masking import masks as chapter
from ferbook.chapters.residual_masking import protocol
from ferbook.papers.residual_masking import PASSES, views


def a_run(variant="default"):
    """An untrained narrow network, as a chapter has it."""
    torch.manual_seed(0)
    network = build("residual_masking", preset="smoke", variant=variant).eval()
    return SimpleNamespace(network=network)


def faces(n, images=None):
    """Noise, or given images, with landmarks on a circle."""
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    circle = 24 + 18 * np.stack([np.cos(angle), np.sin(angle)], 1)
    points = np.repeat(circle[None], n, 0).astype(np.float32)
    images, labels = noise(n, 48) if images is None else images, np.arange(n) % 7
    names = np.full(n, "PrivateTest")
    return FaceSet("noise", images, labels, names, "Noise.", landmarks=points)


@pytest.fixture(scope="module")
def rows():
    return chapter.parts_box().rows


class TestTheNetwork:
    def test_parts_add_up_to_the_whole(self, rows):
        *parts, whole = rows
        network = build_on_paper()
        rest = count_parameters(network.backbone.conv1)
        rest += count_parameters(network.backbone.bn1) + count_parameters(network.fc)
        for column, total in ((2, 137_796_423), (3, 142_943_431)):
            assert int(whole[column].replace(",", "")) == total
            found = sum(float(row[column]) for row in parts) + rest / 1e6
            assert found == pytest.approx(total / 1e6, abs=0.005 * len(parts))
        work = sum(float(row[4]) for row in parts)
        stem = 2 * 7 * 7 * 3 * 64 * 112 * 112 / 1e9
        assert work + stem == pytest.approx(float(whole[4]), abs=0.05)


def build_on_paper():
    with torch.device("meta"):
        return build("residual_masking")


class TestWhatAMaskAdds:
    def test_both_terms_are_all_that_is_added(self):
        maps = torch.rand(2, 5, 3, 4, dtype=torch.float64)
        mask = torch.rand(2, 5, 3, 4, dtype=torch.float64)
        uniform, together = chapter.added(maps, mask)
        refined = (maps * (1 + mask)).mean(1)
        assert torch.allclose(maps.mean(1) + uniform + together, refined)

    def test_a_softmax_adds_one_over_c_and_a_covariance(self):
        maps = torch.rand(2, 5, 3, 4, dtype=torch.float64)
        uniform, together = chapter.added(maps, (7 * maps).softmax(1))
        assert torch.allclose(uniform, maps.mean(1) / 5)
        assert (together > 0).all()  # it prefers what is strong
        avoiding = chapter.added(maps, (-7 * maps).softmax(1))[1]
        assert (avoiding < 0).all()

    @pytest.mark.parametrize("channels", [1, 2, 64, 512])
    def test_limits_of_the_gain(self, channels):
        gain = chapter.aligned_gain
        assert gain(channels, 0, "softmax") == pytest.approx(1 + 1 / channels)
        assert gain(channels, 0, "sigmoid") == pytest.approx(1.5)
        places = (np.arange(channels) + 0.5) / channels
        values = -np.log(1 - places)
        sharpest = 1 + values[-1] / values.sum()
        assert gain(channels, 1e4, "softmax") == pytest.approx(sharpest)
        assert gain(channels, 1e7, "sigmoid") == pytest.approx(2)

    def test_the_control_adds_its_constant_and_nothing_else(self):
        run, images = a_run("constant"), faces(4).images
        result = masking(run.network, images)
        rows = chapter.added_box(run, images, result).rows
        for row, channels in zip(rows, result.channels, strict=True):
            share = 100 / channels
            told = float(row[2].split()[0])
            assert told == pytest.approx(share, abs=0.01)
            assert abs(float(row[3].split()[0])) < 0.01
            assert row[4] == f"{share:.2f} to {share:.2f} %"


class TestPreferences:
    def test_a_planted_mask_is_seen_and_put_back(self):
        run = a_run()
        planted = run.network.masking[2] = Planted()
        found = chapter.preferences(run, faces(3))
        own, without = (one["mask3.eyes_nose_mouth"] for one in found.values())
        assert not np.allclose(own, without)
        assert run.network.masking[2] is planted

    def test_the_box_tells_three_cases_apart(self):
        rng = np.random.default_rng(0)
        names = chapter.PREFERENCES["layer 3, eyes, nose and mouth against "
                                    "the rest of the face"]  # fmt: skip
        base = 1 + 0.1 * rng.normal(size=400)
        for shift, says in ((0.2, "prefers"), (0.0, "undecided"), (-0.2, "avoids")):
            hot = base + shift + 0.1 * (np.arange(400) % 2 - 0.5)
            box = chapter.preference_box(
                {"one": dict(zip(names, (hot, base), strict=True))}
            )
            assert [row[1] for row in box.rows] == ["one"]
            assert box.rows[0][-1].startswith(says)


class Planted(ConstantMask):
    """Scores the upper left quarter of the maps, ten times over."""

    def __init__(self):
        super().__init__(0.0)

    def mask(self, x):
        scores = torch.zeros_like(x)
        scores[..., : x.shape[-2] // 2, : x.shape[-1] // 2] = 10
        return scores

    def forward(self, x):
        return x + x * self.mask(x)


class TestPasses:
    def test_a_black_face_is_the_same_in_every_pass(self):
        run, black = a_run(), faces(3, np.zeros((3, 1, 48, 48), np.uint8))
        scores = protocol.random_passes(run, black, 4)
        assert scores.shape == (4, 3, 7)
        plain = predict(run.network, black.images)
        assert np.allclose(scores, plain[None], atol=1e-5)

    def test_ten_passes_are_those_of_a_record(self):
        run, some = a_run(), faces(5)
        scores = protocol.random_passes(run, some, PASSES)
        mean = probability_sum(scores) / PASSES
        recorded = views(run.network, SimpleNamespace(test=some))["random10"]
        assert np.allclose(mean, np.exp(recorded), atol=1e-5)


class TestEnsembles:
    def test_drawn_networks_are_about_the_paper_s(self):
        logits, labels = protocol.drawn_pool(7, 20_000, np.random.default_rng(0))
        single = (logits.argmax(2) == labels).mean(1)
        assert np.ptp(single) < 0.02  # equally good
        printed = [row for row in protocol.quoted_box().rows if row[1] == "this paper"]
        alone, together = (float(row[2].split()[0]) / 100 for row in printed)
        assert single.mean() == pytest.approx(alone, abs=0.01)
        whole = (probability_sum(logits).argmax(1) == labels).mean()
        assert whole == pytest.approx(together, abs=0.01)

    def test_a_choice_on_test_never_loses_and_is_above_the_other(self):
        found = protocol.feigned_gain(5, faces=300, draws=6)
        assert (found.test >= 0).all() and found.test.mean() > 0
        assert (found.test >= found.validation).all()
        again = protocol.feigned_gain(5, faces=300, draws=6)
        assert np.array_equal(found.test, again.test)

    def test_members_are_chosen_on_validation(self):
        pool = {name: member(share) for name, share in (("good", 1.0), ("bad", 0.1))}
        chosen, everyone, peeked = protocol.members_box(pool).rows
        assert (chosen[1], chosen[3]) == ("1", "100.00 %")
        assert everyone[1] == "2" and peeked[0] == "chosen on test (a warning)"
        assert protocol.members_box(pool).note.endswith("validation: good.")

    def test_networks_with_other_faces_are_refused(self):
        pool = {"one": member(1.0), "other": member(1.0, shift=1)}
        with pytest.raises(FerError, match=r"runs/1.json: its PublicTest faces differ"):
            protocol.members_box(pool)


def member(share, shift=0):
    """A record whose network is right on a share of 70 faces."""
    labels = (np.arange(70) + shift) % 7
    said = np.where(np.arange(70) < 70 * share, labels, (labels + 1) % 7)
    logits = 9 * np.eye(7, dtype=np.float16)[said]
    predictions = {}
    for split in ("PublicTest", "PrivateTest"):
        predictions[f"{split}/labels"] = labels.astype(np.int8)
        predictions[f"last/{split}/single/logits"] = logits
    return SimpleNamespace(predictions=predictions, path=Path(f"runs/{shift}.json"))
