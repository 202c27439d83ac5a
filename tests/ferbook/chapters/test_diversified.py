"""What the chapters on ESR and MA-Net count, against loops and planted answers."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from drawn_faces import web_faces

from fer_lib.data.protocols import official
from fer_lib.evaluation.inference import predict
from fer_lib.losses.diversity import diversity, equally_alike
from fer_lib.models import build
from fer_lib.models.diversified_manet import tile
from ferbook.chapters.diversified import diversity as shared
from ferbook.chapters.diversified import esr, manet
from ferbook.papers.diversified_esr import PAPER

FACES = np.random.default_rng(0).integers(0, 256, (5, 1, 48, 48), dtype=np.uint8)


@pytest.fixture(scope="module")
def ensemble():
    torch.manual_seed(1)
    options = {"width": 2, "branches": 3, "input_size": 64}
    return build("diversified_esr", **options).eval()


@pytest.fixture(scope="module")
def patches():
    torch.manual_seed(0)
    return build("diversified_manet", width=4, input_size=64).eval()


class TestDiversity:
    def test_planted_groups_make_the_tables_numbers(self):
        patterns = {
            "different": range(4),
            "twins": (0, 0, 1, 1),
            "alike": (0, 0, 0),
            "three groups": (0, 1, 2) * 5,
        }
        rows = {name: told for name, _, *told in shared.pattern_table(patterns).rows}
        assert rows["different"] == ["+1", "0"]
        assert rows["twins"] == ["0", "+1"]
        assert rows["alike"] == ["0", "+2"]
        assert rows["three groups"] == ["0", "+64"]

    @pytest.mark.parametrize(
        ("count", "measure", "together"),
        [(3, "paper", False), (3, "authors_code", True), (2, "authors_code", False)],
    )
    def test_a_diversity_pulls_learners_as_its_sign_says(
        self, count, measure, together
    ):
        trace = shared.pulled(count, measure, steps=60)
        assert len(trace) == 61
        assert trace[-1] > 0.95 if together else trace[-1] < 0.1

    def test_a_sweep_is_the_losses_own_similarity_and_gradient(self):
        learners = equally_alike(3, 0.5)
        sweep = shared.gamma_sweep(learners, (0.5, 1.0, 900.0), "channel")
        np.testing.assert_allclose(sweep.similarities, [0.5**0.5, 0.5, 0], atol=1e-9)
        x = learners.clone().requires_grad_()
        (slope,) = torch.autograd.grad(diversity(x, 1.0), x)
        assert sweep.pulls[1] == pytest.approx(float(slope.norm()))
        assert sweep.pulls[2] == 0  # no gradient is left
        assert sweep.ours == pytest.approx(30 / 3)

    def test_first_steps_follow_the_sign_of_the_term(self):
        splits = official(web_faces(210))
        starts = {
            measure: shared.first_steps(
                "diversified_esr",
                PAPER.make_config("smoke", width=2, branches=3, measure=measure),
                splits,
                ("spatial",),
                steps=12,
                batch_size=8,
            )
            for measure in ("paper", "authors_code")
        }
        paper, code = (found["spatial"] for found in starts.values())
        assert paper[0] == code[0]  # the same start
        assert paper[-1] < paper[0] < code[-1]
        lines = shared.draw_steps(starts).axes[0].lines
        np.testing.assert_allclose([line.get_ydata() for line in lines], [paper, code])


LABELS = np.array([0, 1, 2, 0])
ANSWERS = ([0, 1, 2, 1], [0, 1, 1, 1], [0, 0, 1, 0])  # 3, 2 and 2 of 4 right
SCORES = np.eye(3, dtype=np.float32)[np.array(ANSWERS)] * 4


class TestBranches:
    def test_an_exit_is_chosen_on_validation(self):
        table = esr.exit_table((SCORES, LABELS), (SCORES[::-1], LABELS))
        name, everyone, chosen, p, _ = table.rows[1]
        assert (name, everyone) == ("votes", "50.0 %")
        assert chosen == "1: 50.0 %" and float(p) == 1

    def test_neighbours_matter_to_the_flaw_alone(self, ensemble):
        faces = web_faces(24)
        with torch.inference_mode():  # scores about zero: small changes turn answers
            x = ensemble.input(torch.as_tensor(faces.images))
            centred = deepcopy(ensemble).train().run_branches(x)
            for branch, output in zip(ensemble.branches, centred, strict=True):
                branch.fc.bias -= output.logits.mean(0)
        before = {k: v.clone() for k, v in ensemble.state_dict().items()}
        found = esr.by_neighbours(ensemble, faces, (2, 24))
        said = predict(ensemble, faces.images).argmax(1)
        assert found.sound == pytest.approx((said == faces.labels).mean())
        assert found.moved[2] > 0  # other neighbours, other answers
        assert found.moved[24] == 0  # all faces together, whatever their order
        assert all(torch.equal(v, before[k]) for k, v in ensemble.state_dict().items())
        assert not ensemble.batch_statistics_in_eval
        assert not any(module.training for module in ensemble.modules())
        panel = esr.draw_neighbours(found, 24).axes[0]
        assert panel.lines[0].get_ydata()[0] == pytest.approx(100 * found.sound)


LOCAL = torch.tensor([[4.0, 0], [4, 0], [0, 1], [3, 0], [0, 3.0]])
WHOLE = torch.tensor([[1.0, 0], [0, 1], [3, 0], [1, 0], [0, 1.0]])
TRUTH = np.array([0, 0, 0, 1, 1])


class TestPatches:
    def test_pixels_without_pull_change_nothing(self):
        # 128 pixels: the window of the trunk is smaller than the face.
        torch.manual_seed(0)
        network = build("diversified_manet", width=4, input_size=128).eval()
        pull = manet.pixel_pull(network, FACES[:2])
        assert pull.shape == (4, 128, 128)
        for place, corner in enumerate([(0, 0), (0, -1), (-1, 0), (-1, -1)]):
            assert pull[place][corner] > 0  # a patch sees its own corner
            opposite = tuple(-1 - end for end in corner)
            assert pull[place][opposite] == 0  # and not the opposite one
        # The trunk's window reaches 49 pixels beyond the quarter's 64, as the
        # chapter says, and no further.
        end = 64 + 49
        assert pull[0][64:end].any() and not pull[0][end:].any()
        x = network.input(torch.as_tensor(FACES[:2]))
        cut = x.clone()
        cut[..., end:, :] = cut[..., end:] = 0
        with torch.inference_mode():
            before, after = (network.pooled(one)[1][0] for one in (x, cut))
        torch.testing.assert_close(before, after)

    def test_gates_lie_between_before_and_after(self, patches):
        found = manet.gated(patches, FACES[:3])
        heard = []
        blocks = [patch[-1][-1].cbam for patch in patches.patches]
        hooks = [
            block.register_forward_hook(lambda block, args, out: heard.append(out))
            for block in blocks
        ]
        with torch.inference_mode():
            patches(patches.input(torch.as_tensor(FACES[:3])))
        for hook in hooks:
            hook.remove()
        sizes = tile([out.abs().mean(1, keepdim=True) for out in heard])[:, 0]
        np.testing.assert_allclose(found.after, sizes, rtol=1e-5)
        assert (found.after <= found.before).all()  # both attentions are below 1
        assert ((found.gate > 0) & (found.gate < 1)).all()
        assert not any(block._forward_hooks for block in blocks)
        rows = manet.draw_gated(found, FACES[:3], ["a", "b", "c"]).axes[:12:3]
        titles = [panel.get_ylabel() for panel in rows]
        assert titles == ["face", "before", "gate", "after"]

    def test_who_decides_is_counted_case_by_case(self):
        table = manet.deciding_table(LOCAL, WHOLE, TRUTH, 0.6)
        rows = {name: told for name, *told in table.rows}
        assert rows["both right"] == ["2", "100 %", "100 %", "100 %"]
        assert rows["local alone right"] == ["1", "100 %", "0 %", "100 %"]
        assert rows["global alone right"] == ["1", "0 %", "100 %", "100 %"]
        assert rows["both wrong, the same"] == ["1", "100 %", "100 %", "0 %"]
        assert rows["both wrong, differently"] == ["0", "", "", ""]
