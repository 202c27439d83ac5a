"""Training ESR branch by branch: growing, fine-tuning, resuming."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn_splits import drawn_splits

from fer_lib.errors import FerError
from fer_lib.models.saved import read_network, save
from ferbook.papers import diversified_esr
from ferbook.papers.diversified_esr import PAPER, Together
from ferbook.training.loop import fit


def config_of(variant="default", **changes):
    small = {"branches": 3, "learning_rate": 0.1}
    return PAPER.make_config("smoke", variant, **small | changes)


def network_of(config, seed=0, classes=7):
    return PAPER.make_network(config, classes, seed)


def faces(count=4):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, 64, 64, generator=generator)


def test_together():
    """The first branches are judged, all of them give attention."""
    network = network_of(config_of()).eval()
    whole = network(faces())
    network.active = 2
    first = network(faces())
    found = Together(network, 2)(faces())
    assert network.active == 2
    for name in ("logits", "branches"):
        torch.testing.assert_close(getattr(found, name), getattr(first, name))
    for name in ("channel", "spatial"):
        torch.testing.assert_close(getattr(found, name), getattr(whole, name))


def test_subsets():
    labels = torch.tensor([0] * 9 + [1] * 3 + [2] * 5)
    config = config_of(per_class=4)
    first, *_ = PAPER.make_plan(config, drawn_splits(), seed=0).stages
    drawn = torch.bincount(labels[first.subset(labels)])
    assert drawn.tolist() == [4, 3, 4]
    for variant, drawn in (("ferplus", True), ("rafdb", False)):
        plan = PAPER.make_plan(config_of(variant), drawn_splits(), seed=0)
        assert [s.subset is not None for s in plan.stages] == [drawn] * 3


def train(config, path=None, fail_in=None):
    """Train on drawn faces; fail in the evaluation of an epoch if asked."""
    splits = drawn_splits()
    network, plan = network_of(config), PAPER.make_plan(config, splits, seed=5)
    scores = iter([0.4, 0.6, 0.5, 0.3, 0.2])

    def evaluate(judged):
        epoch = sum(1 for _ in seen) + 1
        seen.append((epoch, judged.active))
        if fail_in == epoch:
            raise KeyboardInterrupt
        return {"PublicTest_accuracy": next(scores)}

    seen = []
    fitted = fit(network, plan, splits.train, evaluate, path=path, progress=False)
    return network, fitted, seen


@pytest.mark.parametrize("variant", ["default", "ferplus"])
def test_training_lowers_the_loss_and_resumes(variant, tmp_path):
    sizes = {"branches": 2, "width": 4, "batch_size": 21}
    config = config_of(variant, epochs=3, added_epochs=2, **sizes)
    network, fitted, seen = train(config)
    assert [active for _, active in seen] == [1, 1, 1, 2, 2]
    names = [row["stage"] for row in fitted.curve]
    assert names == ["branch 1"] * 3 + ["branch 2"] * 2
    losses = [row["train_loss"] for row in fitted.curve]
    assert losses[2] < losses[0] and losses[4] < losses[3]
    assert fitted.selected_epoch == 4  # of the second branch's own
    path = tmp_path / "state.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(config, path, fail_in=4)
    resumed, again, _ = train(config, path)
    assert [row["train_loss"] for row in again.curve] == losses
    for key, value in network.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key


def test_begins_with_an_ensemble_of_other_classes(tmp_path):
    """Its classifiers start anew, all else is taken; content is identity."""
    path = tmp_path / "ensemble.safetensors.gz"
    save(network_of(config_of(), seed=3, classes=8), path)
    config = config_of("ferplus", pretrained=str(path))
    network = network_of(config)
    start = {k: v.clone() for k, v in network.state_dict().items()}
    stages = PAPER.make_plan(config, drawn_splits(), seed=0).stages
    stages[0].begin(network)
    given, _ = read_network(path)
    for key, value in network.state_dict().items():
        expected = start[key] if ".fc." in key else given[key]
        torch.testing.assert_close(value.float(), expected.float(), rtol=0, atol=0)
    copy = tmp_path / "copy.safetensors.gz"
    copy.write_bytes(path.read_bytes())
    moved = replace(config, pretrained=str(copy))
    assert PAPER.identity(config) == PAPER.identity(moved)
    save(network_of(config_of(), seed=4), copy)
    assert PAPER.identity(config) != PAPER.identity(moved)
    with pytest.raises(FerError, match="another network's"):
        wide = PAPER.make_config("smoke", width=8, branches=3, pretrained=str(path))
        PAPER.make_plan(wide, drawn_splits(), 0).stages[0].begin(network_of(wide))


def test_early_exit_takes_the_branches_that_do_best_on_validation(monkeypatch):
    """Of equally good numbers the smallest; the test split has no say."""
    splits, network = drawn_splits(), network_of(config_of())
    network.active = len(network.branches)
    asked, right = [], {1: 0.3, 2: 0.8, 3: 0.8}

    def predict(network, images):
        asked.append((network.active, images is splits.test.images))
        labels = splits.test.labels if asked[-1][1] else splits.select.labels
        wrong = np.arange(len(labels)) >= right[network.active] * len(labels)
        return np.eye(7)[np.where(wrong, (labels + 1) % 7, labels)]

    monkeypatch.setattr(diversified_esr, "predict", predict)
    found = PAPER.views(network, splits)
    assert asked == [(1, False), (2, False), (3, False), (2, True)]
    assert found.keys() == {"early_exit"} and len(found["early_exit"]) == len(
        splits.test
    )
    assert network.active == len(network.branches) == 3
