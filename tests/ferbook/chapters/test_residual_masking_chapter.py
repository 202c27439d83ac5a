"""What the Residual Masking chapter counts, against sums and planted cases."""

import numpy as np
import pytest
import torch
from narrow_masks import a_run, faces

from fer_lib.explain.masking import masking
from fer_lib.models import build, count_parameters
from fer_lib.models.residual_masking import ConstantMask
from ferbook.chapters.residual_masking import masks as chapter
from ferbook.chapters.residual_masking.masks import (
    draw_gains,
    draw_layer_maps,
)


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

    def test_shapes_are_those_of_table_i(self, rows):
        shapes = {row[0]: row[1] for row in rows}
        assert shapes["layer 1"] == shapes["mask 1"] == "64 x 56 x 56"
        assert shapes["mask 4"] == "512 x 7 x 7"


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

    def test_a_constant_has_no_covariance(self):
        maps = torch.rand(2, 5, 3, 4, dtype=torch.float64)
        together = chapter.added(maps, torch.full_like(maps, 0.3))[1]
        assert torch.allclose(together, torch.zeros_like(together), atol=1e-12)

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

    def test_the_figure_says_what_the_sharpest_softmax_adds(self):
        told = draw_gains((64, 512), steps=5).alt_text
        for channels in (64, 512):
            added = 100 * (chapter.aligned_gain(channels, 12, "softmax") - 1)
            assert f"{added:.1f} with {channels}" in told

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
    def test_without_masks_taking_one_out_changes_nothing(self):
        run = a_run("no_mask")
        found = chapter.preferences(run, faces(3))
        own, without = found.values()
        assert all(np.allclose(own[name], without[name]) for name in own)

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


class TestMapsByLayer:
    def test_every_mask_has_its_own_resolution(self):
        run, images = a_run(), faces(2).images
        figure = draw_layer_maps(run, images, ["one", "two"])
        names = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
        sides = [f"after mask {k}\n{s} x {s}" for k, s in enumerate((16, 8, 4, 2), 1)]
        assert names[1:5] == sides
        assert "16 x 16, 8 x 8, 4 x 4, 2 x 2" in figure.alt_text

    def test_maps_without_evidence_say_so(self):
        run, images = a_run(), faces(1).images
        torch.nn.init.zeros_(run.network.fc.weight)
        figure = draw_layer_maps(run, images, ["one"])
        told = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert told == ["no evidence for it"] * 4
