"""Every recipe on a device that only pretends: nothing is mixed, nothing waits."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from part_faces import marked_splits
from pretend_device import pretended

from ferbook.papers import PAPERS, mixed, modern, rendered_first
from ferbook.runs.predictions import accuracy, selected_logits
from ferbook.training.faces import Images
from ferbook.training.loop import first_losses, fit

NAMES = [name for name in PAPERS if name != "comparison"]
FEWER = {
    "diversified_esr": {"branches": 2},
    "diversified_manet": {"input_size": 32, "width": 2},
    "part_ensemble": {"input_size": 24, "width": 2},
}
BATCH, STEPS = 4, 2


def few(count):
    drawn = marked_splits()
    parts = {
        role: getattr(drawn, role).select(np.arange(count))
        for role in ("train", "select", "test")
    }
    return replace(drawn, **parts)


SPLITS = few(7)


@pytest.fixture
def elsewhere(monkeypatch):
    with pretended(monkeypatch) as mode:
        yield mode


def planned(name, **changes):
    """A short plan of a small network, and a function that makes it."""
    paper = PAPERS[name]
    config = paper.make_config("smoke", **FEWER.get(name, {}), **changes)
    plan = paper.make_plan(config, SPLITS, 0)
    return short(plan), lambda: paper.make_network(config, 7, 0)


def short(plan, **changes):
    told = {"epochs": 1, "batch_size": BATCH, "subset": None} | changes
    return replace(plan, stages=tuple(replace(one, **told) for one in plan.stages))


def assert_no_step_waits(elsewhere, network, plan, precision="float32"):
    for stage in plan.stages:
        one = replace(plan, stages=(stage,), precision=precision)
        elsewhere.reads.clear()
        losses = first_losses(network, one, SPLITS.train, STEPS)
        assert len(losses) > 0 and np.isfinite(losses).all()
        # The losses themselves are read, and whether a gradient of fp16 overflowed.
        each = 2 if precision == "fp16" else 1
        assert elsewhere.reads == {"_local_scalar_dense": each * len(losses)}


CASES = [(name, kind) for name in NAMES for kind in ("float32", "bf16")]
CASES.append(("deep_emotion", "fp16"))  # slow on a processor


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_no_step_waits_for_the_device(elsewhere, name, precision):
    plan, make = planned(name)
    network = make().to(elsewhere.device)
    assert_no_step_waits(elsewhere, network, plan, precision)


def rendered_faces():
    """Drawn faces that say which units they show."""
    known, part = SPLITS.train, ["Training", "PublicTest"]
    units = np.random.default_rng(0).random((len(known), 3), np.float32)
    splits = np.resize(part, len(known))
    return replace(known, extra={"units": units}, splits=splits)


RECIPES = {
    "modern": lambda plan, make: modern.replanned(plan, SPLITS, modern.ModernConfig()),
    "mixed": lambda plan, make: mixed.replanned(
        plan, SPLITS, mixed.MixedConfig(), make, SPLITS.train
    ),
    "rendered_first": lambda plan, make: rendered_first.replanned(
        plan,
        SPLITS,
        rendered_first.RenderedFirstConfig(),
        make,
        rendered_faces(),
    ),
}


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", ["deep_emotion", "ramn"])
def test_no_step_of_another_recipe_waits(elsewhere, name, recipe):
    plan, make = planned(name)
    network = make().to(elsewhere.device)
    plan = short(RECIPES[recipe](plan, make), accumulate=2)
    assert_no_step_waits(elsewhere, network, plan)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_trains_goes_on_and_is_measured(elsewhere, name, tmp_path):
    """To the losses and the scores that it comes to on the processor."""
    found = []
    for where in ("cpu", elsewhere.device):
        plan, make = planned(name)
        plan = short(plan, clip=1.0, ema=0.5)
        longer = replace(plan.stages[-1], epochs=2)
        network, path = make().to(where), tmp_path / f"{len(found)}.safetensors"
        for course in (plan, replace(plan, stages=(*plan.stages[:-1], longer))):
            fitted = fit(
                network if course is plan else make().to(where),
                course,
                SPLITS.train,
                lambda network: accuracy(network, SPLITS.select),
                path=path,
                progress=False,
            )
        assert len(fitted.curve) == len(plan.stages) + 1
        found.append([row["train_loss"] for row in fitted.curve])
        assert all(value.device.type == "cpu" for value in fitted.selected.values())
        paper, told = PAPERS[name], selected_logits(network, SPLITS.test)
        for more in (
            paper.views and paper.views(network, SPLITS),
            paper.measures and paper.measures(network, SPLITS.test),
        ):
            told |= more or {}
        assert all(np.isfinite(v).all() for k, v in told.items() if "face" not in k)
    np.testing.assert_allclose(found[1], found[0], rtol=2e-2)


def test_streamed_faces_arrive(elsewhere, monkeypatch):
    monkeypatch.setattr("ferbook.training.faces._room", lambda images, device: 0)
    images = Images(SPLITS.train.images, planned("ramn")[1]().input, elsewhere.device)
    order = torch.arange(len(SPLITS.train)).flip(0)
    batches = list(images.batches(order, 3))
    assert all(batch.device == elsewhere.device for batch in batches)
    seen = torch.cat(batches).cpu().numpy()
    assert np.array_equal(seen, SPLITS.train.images[::-1])
