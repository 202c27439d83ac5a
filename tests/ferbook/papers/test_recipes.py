"""What holds for every recipe: it learns, resumes, keeps faces, tells departures."""

import hashlib
from dataclasses import replace

import pytest
import torch
from drawn_splits import drawn_splits
from part_faces import marked_splits
from recipe_runs import one_stage, train

from fer_lib.photos.ert import LANDMARKER
from ferbook.ledger.rules import rescaling
from ferbook.papers import PAPERS, modern, residual_masking
from ferbook.runs.records import Departure

OWN = [name for name in PAPERS if name != "comparison"]
# No augmentation: the class of a drawn face is a place in it.
STILL = {"flip": 0.0, "degrees": 0.0}
QUICK = {"batch_size": 6, "learning_rate": 0.01}
ENSEMBLE = {"branches": 2, "width": 4, "epochs": 3, "added_epochs": 2}
ENSEMBLE |= {"batch_size": 21, "learning_rate": 0.1}
SMALL = {
    "deep_emotion": {"width": 4},
    "ramn": {"width": 4, "crops": 4},
    "residual_masking": {"width": 2, "dropout": 0.0},
}
TRAINED = {  # settings, and what is left of the loss at the end of a stage
    "residual_masking": (
        SMALL["residual_masking"] | QUICK | STILL | {"epochs": 4},
        0.9,
    ),
    "ramn": (SMALL["ramn"] | QUICK | {"epochs": 6, "learning_rate": 0.03}, 0.9),
    "comparison": ({"input_size": 64, "epochs": 2} | STILL, 0.95),
    "diversified_esr": (ENSEMBLE, 1),
    "diversified_esr ferplus": (ENSEMBLE, 1),
    "diversified_manet ferplus": (
        {"epochs": 4, "batch_size": 21, "width": 4, "learning_rate": 0.05},
        1,
    ),
}
MODERN = STILL | {"translate": 0.0, "scale": 0.0, "erase": 0.0, "epochs": 4}
MODERN |= {"batch_size": 6, "learning_rate": 5e-3}
# Deep-Emotion begins slowly.
SOON = {"deep_emotion": 1.0, "ramn": 0.95, "residual_masking": 0.9}


def plan_of(paper, config, seed=1):
    return paper.make_plan(config, drawn_splits(), seed)


def modern_plan(paper, config):
    how, splits = modern.RECIPE.make_config("smoke", **MODERN), drawn_splits()
    return modern.replanned(plan_of(paper, config), splits, how)


@pytest.mark.parametrize("case", [*TRAINED, *(f"{name} modern" for name in SOON)])
def test_the_loss_falls_and_a_broken_off_run_comes_to_the_same(case, tmp_path):
    name, _, variant = case.partition(" ")
    if name == "comparison":
        pytest.importorskip("pytorchcv")
    paper, make_plan, path = PAPERS[name], plan_of, tmp_path / "state.safetensors"
    settings, factor = TRAINED.get(case, (SMALL.get(name), SOON.get(name)))
    if variant == "modern":
        variant, make_plan = "", modern_plan
    config = paper.make_config("smoke", variant or "default", **settings)
    straight, resumed = (paper.make_network(config, 7, seed=1) for _ in range(2))
    plans = [make_plan(paper, config) for _ in range(3)]
    fitted = train(straight, plans[0])
    for stage in plans[0].stages:
        losses = [row["train_loss"] for row in fitted.rows(stage)]
        assert losses[-1] < factor * losses[0], stage.name
    with pytest.raises(KeyboardInterrupt):
        train(
            paper.make_network(config, 7, seed=1), plans[1], path, len(fitted.curve) - 1
        )
    again = train(resumed, plans[2], path)
    assert [r["train_loss"] for r in again.curve] == [
        r["train_loss"] for r in fitted.curve
    ]
    pairs = [(straight, resumed)]
    pairs += [(p.stages[0].loss, q.stages[0].loss) for p, q in [plans[::2]]]
    for one, other in pairs:  # RAMN's centres are its loss's
        for key, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[key]), key


@pytest.mark.parametrize("name", ["residual_masking", "ramn", "diversified_manet"])
def test_a_trunk_is_taken_from_a_file_that_counts_by_its_content(name, tmp_path):
    paper = PAPERS[name]
    path, copy, gone = (tmp_path / f"{n}.pth" for n in ("trunk", "copy", "gone"))

    def config_of(file):
        return paper.make_config("smoke", pretrained=str(file))

    source = paper.make_network(config_of(path), 7, seed=3)
    torch.save(source.backbone.state_dict(), path)
    copy.write_bytes(path.read_bytes())
    network = paper.make_network(config_of(path), 7, seed=0)
    start = {k: v.clone() for k, v in network.state_dict().items()}
    one_stage(paper, config_of(path)).begin(network)
    for key, value in network.state_dict().items():
        expected = source.state_dict() if key.startswith("backbone") else start
        assert torch.equal(value, expected[key]), key
    assert paper.identity(config_of(path)) == paper.identity(config_of(copy))
    torch.save(network.state_dict(), copy)
    assert paper.identity(config_of(path)) != paper.identity(config_of(copy))
    # A trained network is restored where the file is not at hand.
    paper.make_network(config_of(gone), 7, seed=0)


@pytest.mark.parametrize("name", OWN)
def test_augmented_faces_stay_faces(name):
    paper, splits = PAPERS[name], marked_splits()
    config = paper.make_config("smoke")
    plan = paper.make_plan(config, splits, seed=0)
    how = modern.RECIPE.make_config("paper")
    side = config.network["input_size"]
    for one in (plan, modern.replanned(plan, splits, how)):
        torch.manual_seed(0)
        x = torch.rand(16, 3, side, side)
        changed = one.stages[-1].augment(x)
        assert changed.shape == x.shape and not torch.equal(changed, x)
        assert changed.min() >= 0 and changed.max() <= 1


SIZES = {"input size", "width", "epochs"}
FASTER = SIZES | {"learning rate"}
TABLE_II = {"test-time augmentation", "pre-training"}
RAMNS = {"pre-training", "optimiser", "weights of the losses", "augmentation"}
RAMNS |= {"alignment"}
ESR = {"selection", "gamma", "prediction", "statistics when evaluated"}
MANET = {"selection", "pre-training", "gamma", "gamma of branches"}
WHOLE = {"preprocessing", "augmentation", "stopping", "selection", "sub-networks"}
PARTS = WHOLE | {"head training", "normalisation in fine-tuning"}
CKPLUS = "ckplus_first_last3-fold0"
DEPARTURES = {  # by paper, preset, variant and protocol
    "deep_emotion paper paper_start": set(),
    "deep_emotion paper paper_start jaffe_deep_emotion": set(),
    "deep_emotion paper paper_start ferplus_argmax7": {"labels"},
    "deep_emotion paper paper_start ferplus_majority8": {"label set"},
    "deep_emotion smoke feature_warp": FASTER - {"input size", "width"}
    | {"warp", "initialisation"},
    "residual_masking paper default": TABLE_II,
    "residual_masking small default": TABLE_II | FASTER | {"batch size"},
    "residual_masking paper default ferplus_argmax7": TABLE_II | {"label set"},
    "comparison paper vgg19": TABLE_II,
    "comparison reduced default": TABLE_II | {"input size"},
    "ramn paper crops_7": RAMNS,
    "ramn smoke default": RAMNS | FASTER,
    "ramn paper batch_norm": RAMNS | {"batch normalisation"},
    "ramn paper default ferplus_majority7": RAMNS | {"label set"},
    "diversified_esr paper default affectnet_val8": ESR,
    "diversified_esr paper ferplus ferplus_validation8": ESR | {"pre-training"},
    "diversified_esr paper rafdb rafdb_test": ESR | {"pre-training", "normalisation"},
    "diversified_esr paper authors_code affectnet_val8": ESR - {"gamma"}
    | {"diversity"},
    "diversified_manet paper affectnet affectnet_val8": MANET,
    "diversified_manet paper rafdb rafdb_test": MANET | {"normalisation"},
    "diversified_manet paper default ferplus_validation8": MANET
    | {"batch size", "images a class", "augmentation"},
    f"part_ensemble paper default {CKPLUS}": PARTS,
    f"part_ensemble paper baseline {CKPLUS}": WHOLE,
    "part_ensemble paper baseline sfew_to_jaffe": WHOLE,
    "part_ensemble paper baseline": WHOLE | {"length of training"},
    f"part_ensemble paper balanced_batches {CKPLUS}": PARTS | {"batches"},
    "part_ensemble paper default ckplus_last3-fold0": PARTS | {"test split"},
    # Of faces whose landmarks are their own.
    "part_ensemble smoke default ferplus_majority7": PARTS
    | SIZES
    | {"landmarks", "fine-tuning rate", "label set"},
}


def departures(name, preset, variant, protocol="official", **changes):
    """A run's departures by item; landmarks of the part ensemble's CK+ are fitted."""
    source = protocol.partition("_")[0].replace("official", "rendered")
    source = "fer2013" if source == "ferplus" else source
    made = marked_splits if name == "part_ensemble" else drawn_splits
    splits = made(source, protocol)
    if source == "ckplus":
        told = replace(splits.train, provenance=f"Landmarks by {LANDMARKER}.")
        splits = replace(splits, train=told)
    config = PAPERS[name].make_config(preset, variant, **changes)
    found = PAPERS[name].departures(config, splits)
    assert all(set(one) == {"item", "paper", "ours", "why"} for one in found)
    return {one["item"]: one for one in found}


@pytest.mark.parametrize("case", DEPARTURES)
def test_departures(case):
    assert set(departures(*case.split())) == DEPARTURES[case]


@pytest.mark.parametrize(
    ("case", "changes", "item", "pair"),
    [
        ("deep_emotion smoke default", {}, "epochs", ("300", "18")),
        ("ramn smoke default", {}, "width", ("64", "4")),
        (
            "diversified_esr paper default ferplus_validation8",
            {},
            "epochs",
            ("580", "210"),
        ),
        (
            f"part_ensemble paper default {CKPLUS}",
            {"expression_epochs": 20},
            "epochs",
            ("400", "120"),
        ),
        ("residual_masking paper default", {"early_stop": 70}, "stopping", ("8", "70")),
    ],
)
def test_both_sides_of_a_departure(case, changes, item, pair):
    found = departures(*case.split(), **changes)[item]
    assert (found["paper"], found["ours"]) == pair


def test_weight_files_are_told_by_their_content(tmp_path, monkeypatch):
    file = tmp_path / "resnet34.pth"
    file.write_bytes(b"someone's weights")
    about = ("residual_masking", "paper", "default")
    found = departures(*about, pretrained=str(file))
    assert found["pre-training"]["ours"].startswith("resnet34.pth, sha256")
    # torchvision's own, by its hash, is what the paper starts from.
    torchvisions = "b627a593" + "0" * 56
    monkeypatch.setattr(residual_masking, "sha256_file", lambda path: torchvisions)
    found = departures(*about, pretrained=str(file))
    assert set(found) == {"test-time augmentation"}


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("ramn paper default", "CASIA-WebFace"),
        ("diversified_esr paper ferplus ferplus_validation8", "AffectNet"),
        ("diversified_manet paper ferplus ferplus_validation8", "MS-Celeb-1M"),
    ],
)
def test_weights_of_the_papers_faces_are_no_other_pre_training(case, said, tmp_path):
    file = tmp_path / "faces.pth"
    file.write_bytes(b"someone's weights")
    given = {"pretrained": str(file)}
    for changes in ({}, given, {"pretrained_on": said}):
        assert "pre-training" in departures(*case.split(), **changes)
    assert "pre-training" in departures(*case.split(), **given, pretrained_on="others")
    found = departures(*case.split(), **given, pretrained_on=said)
    assert "pre-training" not in found
    assert found["weights"]["ours"].startswith("faces.pth, sha256")


def test_weights_of_a_compared_network_are_known_by_their_hash(tmp_path, monkeypatch):
    file = tmp_path / "vgg19.pth"
    file.write_bytes(b"pytorchcv's weights")
    digest = hashlib.sha1(file.read_bytes()).hexdigest()
    for known, left in (("", set()), ("0" * 40, set()), (digest, {"pre-training"})):
        monkeypatch.setattr(residual_masking, "imagenet_sha1", lambda _, k=known: k)
        found = departures("comparison", "paper", "vgg19", pretrained=str(file))
        assert set(found) == TABLE_II - left


def test_departures_of_the_modern_recipe():
    ramn, how = PAPERS["ramn"], modern.RECIPE.make_config("smoke")
    config = ramn.make_config("smoke")
    before = ramn.departures(config, drawn_splits())
    found = modern.departures(before, plan_of(ramn, config), how)
    items = [one["item"] for one in found]
    kept = {one["item"] for one in before} - modern._REPLACED
    assert sorted(items) == sorted(kept | {"recipe", "epochs"})
    epochs = found[items.index("epochs")]
    assert (epochs["paper"], epochs["ours"]) == ("60", "24")
    assert rescaling(Departure(**one) for one in found)


# An accuracy that rises in epochs 1, 2, 4 and 8: three epochs in a row
# without a better one end after 7, 11, 14 and 17; nine after 17.
SCORES = [0.2, 0.3, 0.3, 0.4, 0.39, 0.4, 0.1, 0.41] + [0.41] * 20
TENTHS = [0] * 7 + [1] * 4 + [2] * 3 + [3] * 3


def test_plateaus_and_early_stop_of_residual_masking():
    paper = PAPERS["residual_masking"]
    changes = {"epochs": 28, "batch_size": 42, "learning_rate": 1e-2, "width": 1}
    changes |= {"plateau_patience": 2, "early_stop": 8}
    config = paper.make_config("smoke", **changes)
    fitted = train(
        paper.make_network(config, 7, 0), plan_of(paper, config), scores=SCORES
    )
    found = [row["learning_rate"] for row in fitted.curve]
    assert found == pytest.approx([10.0 ** -(2 + t) for t in TENTHS])
    assert fitted.finished and fitted.epoch == 17 and fitted.selected_epoch == 8


@pytest.mark.parametrize(
    ("start", "rises", "end"),
    # It has a floor; one face more of 100,000 is better, unlike for torch itself.
    [(1e-5, 0.0, 1e-6), (5e-3, 1e-5, 5e-3)],
)
def test_where_a_plateau_ends(start, rises, end):
    paper = PAPERS["residual_masking"]
    config = paper.make_config("smoke", learning_rate=start, width=1)
    network = paper.make_network(config, 7, 0)
    stage = one_stage(paper, config)
    optimizer = stage.optimizer(network, stage.loss)
    scheduler = stage.scheduler(optimizer)
    for number in range(20):
        optimizer.step()
        scheduler.step(0.7 + number * rises)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(end)


def test_epochs_alone_do_not_shape_a_run_of_deep_emotion():
    """Longer runs go on from shorter ones, so all else must be in it."""
    paper = PAPERS["deep_emotion"]
    short, long = (paper.make_config("paper", epochs=n) for n in (60, 300))
    assert paper.identity(short) == paper.identity(long)
    assert len(paper.identity(short)) == len(short.flat()) - 1
