"""The recipes of ESR and MA-Net: losses, rates, branches, augmentations."""

from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from drawn_splits import drawn_splits

from fer_lib.errors import FerError
from fer_lib.losses.diversity import diversity, zero_diagonal_diversity
from fer_lib.models.saved import read_network, save
from ferbook.papers import PAPERS, diversified_esr
from ferbook.papers.diversified import augment, script_of
from ferbook.papers.diversified_esr import PAPER, Together
from ferbook.training.plan import Batch

LABELS = torch.tensor([0, 3, 6, 3])
PAIR = ("spatial", "channel")


def config_of(name="diversified_esr", variant="default", **changes):
    few = {"branches": 3} if name == "diversified_esr" else {}
    return PAPERS[name].make_config("smoke", variant, **few | changes)


def network_of(config=None, seed=0, classes=7):
    return PAPER.make_network(config or config_of(), classes, seed)


def stages_of(config, name="diversified_esr"):
    return PAPERS[name].make_plan(config, drawn_splits(), seed=0).stages


def faces(count=4):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, 64, 64, generator=generator)


@pytest.mark.equation("diversified_esr", 4)
@pytest.mark.equation("diversified_manet", 5)
@pytest.mark.parametrize(
    ("which", "changes", "terms", "gammas"),
    [
        ("diversified_esr plain", {}, (), ()),
        ("diversified_esr cbam", {}, (), ()),
        ("diversified_esr spatial", {}, PAIR[:1], (None,)),
        ("diversified_esr default", {}, PAIR, (None, None)),
        ("diversified_esr authors_code", {}, PAIR, (10, 10)),
        ("diversified_manet attention", {"lambda_": 1.0}, (), ()),
        ("diversified_manet spatial", {}, PAIR[:1], (None,)),
        ("diversified_manet spatial_channel", {}, PAIR, (None, None)),
        ("diversified_manet default", {}, (*PAIR, "branch"), (None, None, 1 / 32)),
        (
            "diversified_manet default",
            {"gamma": 0.01, "branch_gamma": 0.1, "lambda_": 0.5},
            (*PAIR, "branch"),
            (0.01, 0.01, 0.1),
        ),
        ("diversified_manet authors_code", {}, (*PAIR, "branch"), (10, 10, 10)),
    ],
)
def test_loss_by_hand(which, changes, terms, gammas):
    name, variant = which.split()
    config = config_of(name, variant, **changes)
    output = PAPERS[name].make_network(config, 7, 0)(faces())
    if name == "diversified_esr":
        branches = output.branches.unbind(1)
        expected = sum(F.cross_entropy(one, LABELS) for one in branches)
    else:
        share = changes.get("lambda_", 0.6)
        expected = share * F.cross_entropy(output.local, LABELS)
        expected = expected + (1 - share) * F.cross_entropy(output.global_, LABELS)
    measure = zero_diagonal_diversity if variant == "authors_code" else diversity
    for term, gamma in zip(terms, gammas, strict=True):
        expected = expected - measure(getattr(output, term), gamma)
    stage = stages_of(config, name)[-1]
    torch.testing.assert_close(stage.loss(None, output, Batch(LABELS)), expected)


GROWING = [
    {"base": 0.1, "branch 1": 0.1},
    {"base": 0.01, "branch 1": 0.01, "branch 2": 0.1},
    {"base": 0.01, "branch 1": 0.01, "branch 2": 0.01, "branch 3": 0.1},
]
TUNING = [
    {"base": 0.1, "branch 1": 0.1, "branch 2": 0.02, "branch 3": 0.02},
    {"base": 0.02, "branch 1": 0.02, "branch 2": 0.1, "branch 3": 0.02},
    {"base": 0.02, "branch 1": 0.02, "branch 2": 0.02, "branch 3": 0.1},
]


@pytest.mark.parametrize(
    ("variant", "by_hand", "decay"),
    [("default", GROWING, 0.5), ("ferplus", TUNING, 0.75)],
)
def test_rates_of_parts(variant, by_hand, decay):
    """Each stage trains its branch fast; all rates fall together."""
    config = config_of(variant=variant, learning_rate=0.1, step=10)
    network = network_of(config)
    parts = {"base": network.base}
    parts |= {f"branch {i + 1}": one for i, one in enumerate(network.branches)}
    for number, stage in enumerate(stages_of(config), 1):
        optimizer = stage.optimizer(network, stage.loss)
        rates = {id(p): g["lr"] for g in optimizer.param_groups for p in g["params"]}
        found = {
            name: {rates.pop(id(p), None) for p in part.parameters()}
            for name, part in parts.items()
        }
        trained = {name: {rate} for name, rate in by_hand[number - 1].items()}
        assert found == {name: {None} for name in parts} | trained and not rates
        scheduler, newest = stage.scheduler(optimizer), []
        for _ in range(30):
            newest.append(optimizer.param_groups[-1]["lr"])
            optimizer.step()
            scheduler.step()
        assert newest[:10] == [0.1] * 10
        drops = [after / before for before, after in pairwise(newest[::10])]
        assert drops == pytest.approx([decay, decay])
        stage.begin(network)
        assert network.active == number


def test_together():
    """The first branches are judged, all of them give attention."""
    network = network_of().eval()
    whole = network(faces())
    network.active = 2
    first = network(faces())
    found = Together(network, 2)(faces())
    assert network.active == 2
    for name in ("logits", "branches"):
        torch.testing.assert_close(getattr(found, name), getattr(first, name))
    for name in ("channel", "spatial"):
        torch.testing.assert_close(getattr(found, name), getattr(whole, name))


def test_begins_with_an_ensemble_of_other_classes(tmp_path):
    """Its classifiers start anew, all else is taken."""
    path = tmp_path / "ensemble.safetensors.gz"
    save(network_of(seed=3, classes=8), path)
    config = config_of(variant="ferplus", pretrained=str(path))
    network = network_of(config)
    start = {k: v.clone() for k, v in network.state_dict().items()}
    stages_of(config)[0].begin(network)
    given, _ = read_network(path)
    for key, value in network.state_dict().items():
        expected = start[key] if ".fc." in key else given[key]
        torch.testing.assert_close(value.float(), expected.float(), rtol=0, atol=0)
    wide = config_of(width=8, pretrained=str(path))
    with pytest.raises(FerError, match="another network's"):
        stages_of(wide)[0].begin(network_of(wide))


def test_early_exit_takes_the_branches_that_do_best_on_validation(monkeypatch):
    """Of equally good numbers the smallest; the test split has no say."""
    splits, network = drawn_splits(), network_of()
    asked, right = [], {1: 0.3, 2: 0.8, 3: 0.8}

    def predict(network, images):
        asked.append((network.active, images is splits.test.images))
        labels = splits.test.labels if asked[-1][1] else splits.select.labels
        wrong = np.arange(len(labels)) >= right[network.active] * len(labels)
        return np.eye(7)[np.where(wrong, (labels + 1) % 7, labels)]

    monkeypatch.setattr(diversified_esr, "predict", predict)
    found = PAPER.views(network, splits)
    assert asked == [(1, False), (2, False), (3, False), (2, True)]
    assert found["early_exit"].shape == (len(splits.test), 7)
    assert network.active == len(network.branches) == 3


def changed(kind, x, shift=1 / 3):
    torch.manual_seed(0)
    return augment(kind, x.shape[-1], shift)(x)


def test_what_a_flat_face_shows():
    """Black from outside where faces are moved, a grey patch where erased."""
    flat = torch.full((200, 3, 32, 32), 0.7)
    jitter = changed("jitter", flat)
    assert jitter[(jitter > 0.02) & (jitter < 0.34)].numel() < 0.1 * jitter.numel()
    assert (jitter.amin((1, 2, 3)) == 0).float().mean() > 0.3
    torch.testing.assert_close(changed("crops", flat), flat)
    erased = changed("erasing", flat)
    patched = (erased == 0.45).any(1).flatten(1)
    assert 0.4 < patched.any(1).float().mean() < 0.6
    shares = patched.float().mean(1)[patched.any(1)]
    assert shares.min() > 0.01 and shares.max() < 0.27
    moved = (erased == 0).flatten(1).any(1).float().mean()
    assert 0.1 < moved < 0.3
    assert not (changed("erasing", flat, shift=0.0)[:, :, 16, 16] == 0).any()


def test_script_of():
    names = ("affectnet", "rafdb", "fer2013", "rendered")
    found = [script_of(drawn_splits(name)) for name in names]
    assert found == ["affectnet", "rafdb", "ferplus", "ferplus"]
