"""Which precision a run computes in, and what deciding it leaves alone."""

import copy
from types import SimpleNamespace

import pytest
import torch
from part_faces import marked_splits
from toy_runs import SELECT, assert_same_weights, toy_plan, train

from fer_lib.device import low_precision
from fer_lib.errors import FerError
from ferbook.papers import PAPERS, modern
from ferbook.training import precision
from ferbook.training.faces import Images, StageFaces


@pytest.fixture
def offered(monkeypatch):
    """A processor that has bf16, and takes it if that is no slower than so."""

    def offer(gain):
        monkeypatch.setattr(precision, "low_precision", lambda device: "bf16")
        monkeypatch.setattr(precision, "SECONDS", 0.0)
        monkeypatch.setattr(precision, "GAIN", gain)

    return offer


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((9, 0), "bf16"), ((8, 0), "bf16"), ((7, 5), "fp16"), ((6, 1), "float32")],
)
def test_what_a_gpu_has_in_hardware(monkeypatch, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert low_precision(torch.device("cuda")) == expected


@pytest.mark.parametrize(
    ("capability", "told"), [((7, 5), "fp16"), ((6, 1), "float32")]
)
def test_bf16_that_a_gpu_only_emulates_is_refused(monkeypatch, capability, told):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(precision, "low_precision", low_precision)
    images = SimpleNamespace(device=torch.device("cuda"))
    with pytest.raises(FerError, match=f"take precision={told} or auto"):
        precision.decided(toy_plan(precision="bf16"), 0, None, images, None)
    for asked, used in ((told, told), ("auto", told)):
        plan = toy_plan(precision=asked)
        found = precision.decided(plan, 0, None, images, None)
        assert found == {"asked": asked, "used": used}


@pytest.mark.parametrize(
    ("avx512", "amx", "expected"),
    [(True, False, "bf16"), (False, True, "bf16"), (False, False, "float32")],
)
def test_what_a_processor_has_in_hardware(monkeypatch, avx512, amx, expected):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert low_precision(torch.device("cpu")) == expected


@pytest.mark.parametrize(("gain", "used"), [(0.0, "float32"), (1e9, "bf16")])
def test_a_run_left_to_the_machine_is_the_run_that_asks_for_it(offered, gain, used):
    """Measuring trains nothing and draws no random numbers."""
    offered(gain)
    torch.manual_seed(1)
    left, fitted = train(toy_plan(epochs=2, precision="auto", ema=0.9))
    after = torch.rand(3)
    asked, expected = train(toy_plan(epochs=2, precision=used, ema=0.9))
    assert_same_weights(left, asked)
    torch.manual_seed(1)
    assert torch.equal(after, torch.rand(3))
    told = fitted.precision
    assert (told["asked"], told["used"]) == ("auto", used)
    assert min(told["step_seconds"].values()) > 0
    assert expected.precision == {"asked": used, "used": used}


def test_a_resumed_run_keeps_its_precision(offered, tmp_path):
    path = tmp_path / "state.safetensors"
    offered(1e9)
    straight, _ = train(toy_plan(epochs=4, precision="auto"))
    train(toy_plan(epochs=2, precision="auto"), path=path)
    offered(0.0)  # now it would take float32
    resumed, fitted = train(toy_plan(epochs=4, precision="auto"), path=path)
    assert fitted.precision["used"] == "bf16"
    assert_same_weights(straight, resumed)


def test_evaluation_after_an_epoch_is_in_the_same_precision():
    seen = []

    def evaluate(network):
        seen.append(network.eval()(torch.rand(2, 1, 8, 8)).dtype)
        seen.append(torch.backends.cudnn.allow_tf32)
        return {SELECT: 0.5}

    train(toy_plan(epochs=1, precision="bf16"), evaluate=evaluate)
    train(toy_plan(epochs=1), evaluate=evaluate)
    assert seen == [torch.bfloat16, False, torch.float32, False]


@pytest.mark.parametrize("recipe", ["paper", "modern"])
@pytest.mark.parametrize("name", [name for name in PAPERS if name != "comparison"])
def test_deciding_leaves_every_network_as_it_was(offered, name, recipe):
    offered(0.0)
    paper, splits = PAPERS[name], marked_splits()
    config = paper.make_config("smoke", batch_size=8)
    plan, network = paper.make_plan(config, splits, 0), paper.make_network(config, 7, 0)
    if recipe == "modern":
        plan = modern.replanned(plan, splits, modern.ModernConfig())
    stage, device = plan.stages[-1], torch.device("cpu")
    images = Images(splits.train.images, network.input, device)
    faces = StageFaces(splits.train, stage, network.input.size, device)
    torch.manual_seed(1)
    before = copy.deepcopy([everything(network), everything(stage.loss)])
    told = precision.decided(plan, len(plan.stages) - 1, network, images, faces)
    assert (told["asked"], told["used"]) == ("auto", "float32")
    drawn = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(drawn, torch.rand(1))
    after = [everything(network), everything(stage.loss)]
    torch.testing.assert_close(after, before, rtol=0, atol=0)


def everything(module):
    """State, modes, what is frozen and where there is a gradient."""
    learned = {
        n: (p.requires_grad, p.grad is None) for n, p in module.named_parameters()
    }
    modes = {name: one.training for name, one in module.named_modules()}
    plain = {n: v for n, v in vars(module).items() if isinstance(v, bool | int)}
    return [dict(module.state_dict()), learned, modes, plain]
