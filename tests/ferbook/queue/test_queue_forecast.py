"""What runs of the queue will cost."""

from types import SimpleNamespace

import pytest
import torch
from queued import key
from torch.utils.flop_counter import FlopCounterMode

from fer_lib.data import fitted_landmarks
from fer_lib.errors import FerError
from ferbook.papers import find_paper
from ferbook.queue import Forecaster
from ferbook.queue import forecast as costs
from ferbook.training.draws import at_most

DEEP = {"paper": "deep_emotion", "dataset": "rendered", "preset": "smoke"}
PARTS = DEEP | {"paper": "part_ensemble"}
RATES = {("deep_emotion", "smoke"): 2.0, ("part_ensemble", "smoke"): 1.0}


@pytest.fixture
def forecaster(tiny, monkeypatch):
    """Of 84 random faces to learn from and 28 + 28 others, at known rates."""
    monkeypatch.setattr(costs, "load", lambda name, root: tiny)
    return Forecaster("rendered", None, torch.device("cpu"), RATES)


def network_gflops(name, preset="smoke"):
    """1e9 operations of a face, and of its training, counted while they run."""
    paper = find_paper(name)
    network = paper.make_network(paper.make_config(preset), 7, seed=0).eval()
    face = torch.zeros(1, network.input.channels, *[network.input.size] * 2)
    with FlopCounterMode(display=False) as forward:
        output = network(face)
    with FlopCounterMode(display=False) as backward:
        getattr(output, "logits", output).sum().backward()
    counts = [counter.get_total_flops() / 1e9 for counter in (forward, backward)]
    return counts[0], sum(counts)


def test_a_run_costs_what_its_epochs_take(forecaster):
    per_face, _ = network_gflops("deep_emotion")
    found = forecaster(key(**DEEP))
    epoch = per_face * (3 * 84 + 28 + 28)
    assert found.gflops == pytest.approx(18 * epoch)
    assert found.seconds == pytest.approx(18 * epoch / 2.0)
    assert found.epoch_seconds == pytest.approx(epoch / 2.0)


@pytest.mark.parametrize("name", ["deep_emotion", "ramn"])
def test_training_is_worth_three_passes(name):
    forward, training = network_gflops(name)
    assert 2.3 <= training / forward <= 3.0  # the first layer passes nothing back


def test_no_landmarks_are_fitted_to_count(forecaster, monkeypatch):
    monkeypatch.setattr(fitted_landmarks, "_fitted", None)
    assert forecaster(key(**PARTS)).gflops > 0


def test_faces_that_are_drawn_count(tiny):
    train, select, test = (tiny.split(name) for name in dict.fromkeys(tiny.splits))
    splits = SimpleNamespace(train=train, select=select, test=test)
    stage = SimpleNamespace(faces=None, subset=at_most(5))
    assert costs._passes(stage, splits) == 3 * 7 * 5 + 56
    assert costs._passes(SimpleNamespace(faces=test, subset=None), splits) == 84 + 56


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"paper": "glasses"}, "no recipe of a paper 'glasses'"),
        ({"variant": "glasses"}, "no recipe has the variant 'glasses'"),
        ({"preset": "tiny"}, "no recipe has the preset 'tiny'"),
        ({"protocol": "none"}, "no recipe has the protocol 'none'"),
        ({"protocol": "sfew_to_jaffe"}, "reports a second data set"),
        ({"protocol": "ferplus_argmax7"}, "votes"),  # which these faces lack
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_cannot_be_run_is_told(forecaster, changed, told):
    with pytest.raises(FerError, match=told):
        forecaster(key(**DEEP | changed))


def test_each_paper_s_rate_is_measured_once(forecaster, monkeypatch):
    measured = []

    def rate(course, device, per_face):
        measured.append(course.seed)
        return 4.0

    monkeypatch.setattr(costs, "measured_rate", rate)
    forecaster.rates.clear()
    first = forecaster(key(**DEEP))
    second = forecaster(key("no_transformer", **DEEP))
    assert len(measured) == 1
    assert first.seconds == first.gflops / 4 and second.gflops < first.gflops


@pytest.mark.parametrize(("device", "preset"), [("cpu", "smoke"), ("cuda", "student")])
def test_dear_steps_take_the_rate_of_a_smaller_preset(
    forecaster, monkeypatch, device, preset
):
    measured = []

    def rate(course, device, per_face):
        measured.append(course.key.preset)
        return 4.0

    monkeypatch.setattr(costs, "measured_rate", rate)
    per_face, _ = network_gflops("part_ensemble")
    # Two faces of the smallest preset are just affordable.
    most = {"cpu": 6.1 * per_face, "cuda": float("inf")}
    monkeypatch.setattr(costs, "_MOST_GFLOPS", most)
    forecaster.rates.clear()
    forecaster.device = torch.device(device)
    found = forecaster(key(**PARTS | {"preset": "student"}))
    assert measured == [preset] and found.seconds == found.gflops / 4


@pytest.mark.parametrize("about", [DEEP, PARTS], ids=lambda about: about["paper"])
@pytest.mark.parametrize("busy", [False, True])
def test_the_rate_is_that_of_real_steps(forecaster, about, busy, monkeypatch):
    """What a few faces took is taken from the training's own clock.

    On a busy machine wall time would tell of others: the processor's time counts.
    """
    monkeypatch.setattr(costs.torch, "get_num_threads", lambda: 4)
    took = (
        {"seconds": 6.0, "cpu_seconds": 2.0}
        if busy
        else {"seconds": 0.5, "cpu_seconds": 3.0}
    )
    fitted = SimpleNamespace(curve=[{"seconds": 9.0, "cpu_seconds": 36.0}, took])
    seen = []

    def timed(network, plan, train, evaluate, **options):
        seen.append(len(train))
        real(network, plan, train, evaluate, **options | {"budget": 0.0})
        return fitted

    real = costs.fit
    monkeypatch.setattr(costs, "fit", timed)
    forecaster.rates.clear()
    found = forecaster(key(**about))
    (rate,) = forecaster.rates.values()
    assert found.seconds == pytest.approx(found.gflops / rate)
    per_face = {"deep_emotion": 18 * 308, "part_ensemble": 20 * 308}[about["paper"]]
    assert rate == pytest.approx(3 * found.gflops / per_face * seen[0] / 0.5)
    assert seen[0] == 32  # a batch


def test_too_little_memory_is_told(forecaster, monkeypatch):
    def step(*words, **options):
        raise torch.OutOfMemoryError("of the device")

    monkeypatch.setattr("ferbook.training.stages.Running._backward", step)
    forecaster.rates.clear()
    with pytest.raises(FerError, match="batches of 32 need more memory"):
        forecaster(key(**DEEP))
