"""The probe sees what a training does, and nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from functools import cache

import pytest
import torch

from fer_lib import crops
from fer_lib.data.protocols import PAIRS, PROTOCOLS
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from ferbook.papers import PAPERS, find_paper, find_recipe
from ferbook.runs.behaviour import compare, probe
from ferbook.runs.probing import noise_splits
from ferbook.training.stages import Running

OWN = [name for name in PAPERS if name != "comparison"]
FEW = {"diversified_esr": {"branches": 2}}  # so that it is quick


def content(paper, recipe="paper", **changes):
    """As much of a record as names its training."""
    changes = FEW.get(paper, {}) | changes
    config = find_paper(paper).make_config("smoke", **changes).flat()
    settings = {}
    if recipe != "paper":
        how = asdict(find_recipe(recipe).make_config("smoke"))
        settings["recipe_settings"] = {"name": recipe} | how
    return settings | {
        "paper": paper,
        "dataset": "rendered",
        "protocol": "official",
        "recipe": recipe,
        "seed": 0,
        "config": config,
        "data": {"classes": list(EXPRESSIONS[:7])},
    }


@cache
def behaviour(paper, **changes):
    """As it is read from a record."""
    return json.loads(json.dumps(probe(content(paper, **changes))))


@pytest.mark.parametrize("paper", OWN)
def test_it_is_small_and_the_same_again(paper):
    again = probe(content(paper))
    assert json.loads(json.dumps(again)) == behaviour(paper)
    assert compare(behaviour(paper), again) == []
    assert len(json.dumps(again)) < 4000


SEEN = [
    ("deep_emotion", {"penalty": 0.0011}, "losses"),  # by 10 %
    ("deep_emotion", {"dropout": 0.11}, "gradients"),
    ("deep_emotion", {"degrees": 2.2}, "augmented faces"),
    ("deep_emotion", {"flip": 0.45}, "augmented faces"),
    ("deep_emotion", {"oversampling": 0.55}, "rows of an epoch"),
    ("deep_emotion", {"learning_rate": 0.0011}, "learning rates"),
    ("residual_masking", {"dropout": 0.44}, "losses"),
    ("residual_masking", {"weight_decay": 2e-3}, "weight decay"),
    ("residual_masking", {"degrees": 33.0}, "augmented faces"),
    ("residual_masking", {"fill": "border"}, "augmented faces"),
    ("residual_masking", {"plateau_patience": 7}, "learning rates"),
    ("residual_masking", {"plateau_factor": 0.11}, "learning rates"),
    ("residual_masking", {"early_stop": 9}, "patience"),
    ("ramn", {"beta": 0.025}, "losses"),
    ("ramn", {"omega": 3.3}, "losses"),
    ("ramn", {"region_weight": 1.1}, "losses"),
    ("ramn", {"collaborative_weight": 0.011}, "gradients"),
    ("ramn", {"weight_decay": 2e-4}, "weight decay"),
    ("ramn", {"momentum": 0.8}, "momentum"),
    ("ramn", {"crop_scale": 0.9}, "boxes of regions"),
    ("ramn", {"decay": 0.85}, "learning rates"),
    ("ramn", {"constant": 9}, "learning rates"),
    ("ramn", {"accumulate": 2}, "accumulate"),
    ("diversified_esr", {"momentum": 0.8}, "momentum of every stage"),
    ("diversified_esr", {"old_learning_rate": 0.011}, "learning rates"),
    ("diversified_esr", {"per_class": 4000}, "rows of the stage"),
    ("diversified_esr", {"gamma": 0.2}, "losses"),
    ("diversified_manet", {"lambda_": 0.61}, "gradients"),
    ("diversified_manet", {"weight_decay": 2e-4}, "weight decay"),
    ("diversified_manet", {"augmentation": "erasing"}, "augmented faces"),
    ("diversified_manet", {"step": 9}, "learning rates"),
    ("part_ensemble", {"tuning_rate": 0.0033}, "learning rates of stage 'tuning'"),
    ("part_ensemble", {"epsilon": 2e-7}, "eps"),
    ("part_ensemble", {"translate": 0.055}, "augmented faces"),
    ("part_ensemble", {"head_epochs": 4}, "epochs of stage 'head'"),
    ("part_ensemble", {"frozen_statistics": False}, "losses of stage 'tuning'"),
]


@pytest.mark.parametrize(
    ("paper", "changes", "told"), SEEN, ids=[f"{p}-{next(iter(c))}" for p, c, _ in SEEN]
)
def test_another_setting_is_seen(paper, changes, told):
    stored = behaviour(paper)
    found = compare(stored, probe(content(paper, **changes), stored["sizes"]))
    assert any(line.startswith(told) for line in found), found


def thicker_dropout(monkeypatch):
    monkeypatch.setattr(torch.nn.Dropout, "forward", lambda self, x: 0.9 * x)


def other_crop(monkeypatch):
    monkeypatch.setitem(crops.CROPS, "centre", (0.75, 0.5, 0.5))


def no_shuffling(monkeypatch):
    monkeypatch.setattr(torch, "randperm", torch.arange)


def unscaled_steps(monkeypatch):
    whole = Running._backward
    monkeypatch.setattr(
        Running, "_backward", lambda self, x, rows, share: whole(self, x, rows, 1.0)
    )


def other_loss(monkeypatch):
    real = torch.nn.functional.cross_entropy
    monkeypatch.setattr(
        torch.nn.functional,
        "cross_entropy",
        lambda scores, labels: real(scores, labels, label_smoothing=0.05),
    )


def narrower_labels(monkeypatch):
    monkeypatch.setattr(
        "ferbook.runs.probing.expression_index", lambda name: 2 * (name == "fear")
    )


@pytest.mark.parametrize(
    ("change", "paper", "told"),
    [
        (thicker_dropout, "deep_emotion", "gradients"),
        (other_crop, "ramn", "boxes of regions"),
        (no_shuffling, "ramn", "rows of an epoch"),
        (other_loss, "residual_masking", "losses"),
        (narrower_labels, "ramn", "Training of parts of the data"),
    ],
)
def test_other_code_is_seen(change, paper, told, monkeypatch):
    stored = behaviour(paper)
    change(monkeypatch)
    found = compare(stored, probe(content(paper), stored["sizes"]))
    assert any(line.startswith(told) for line in found), found


def test_the_share_of_a_batch_in_its_step_is_seen(monkeypatch):
    stored = behaviour("ramn", accumulate=2)
    unscaled_steps(monkeypatch)
    now = probe(content("ramn", accumulate=2), stored["sizes"])
    found = compare(stored, now)
    assert [line.split(" of ")[0] for line in found][:1] == ["gradients"]


def test_differences_are_told_in_words():
    stored, other = behaviour("ramn"), behaviour("ramn", weight_decay=2e-4)
    assert compare(stored, other) == [
        "weight decay of stage 'training': 0.0001 stored, 0.0002 now"
    ]
    other = behaviour("ramn", momentum=0.0)  # what is off is not stored
    assert "momentum of stage 'training': 0.9 stored, none now" in compare(
        stored, other
    )
    heads = behaviour("part_ensemble", kind="baseline")
    assert compare(behaviour("part_ensemble"), heads)[-1] == (
        "stages: landmarks, head, tuning stored, training now"
    )


def test_some_values_may_be_left_out():
    longer = behaviour("deep_emotion", epochs=30)
    found = compare(behaviour("deep_emotion"), longer)
    assert [line.split(" of ")[0] for line in found] == ["epochs", "learning rates"]
    assert not compare(behaviour("deep_emotion"), longer, ("epochs", "learning rates"))


def test_rounding_is_no_difference():
    stored = behaviour("ramn")
    losses = stored["every stage"]["numbers"]["losses"]
    for factor, agrees in ((1 + 5e-4, True), (1 + 2e-3, False)):
        other = json.loads(json.dumps(stored))
        other["every stage"]["numbers"]["losses"] = [x * factor for x in losses]
        assert (compare(stored, other) == []) == agrees


@pytest.mark.parametrize("recipe", ["modern", "mixed", "rendered_first"])
def test_other_recipes_are_probed(recipe):
    asked = content("deep_emotion", recipe)
    stored = json.loads(json.dumps(probe(asked)))
    assert compare(stored, probe(asked)) == []
    key = {
        "modern": "smoothing",
        "mixed": "balance",
        "rendered_first": "rendered_degrees",
    }[recipe]
    asked["recipe_settings"][key] *= 1.2
    assert compare(stored, probe(asked))


@pytest.mark.parametrize("protocol", [*PROTOCOLS, *PAIRS])
def test_every_protocol_can_divide_the_noise(protocol):
    source = protocol.partition("_")[0]
    of_fer2013 = protocol.startswith(("official", "ferplus"))
    classes = EXPRESSIONS[:7]
    if protocol.startswith(("ckplus_last3", "ckplus_deep")):
        classes = [name for name in EXPRESSIONS if name != "neutral"]
    elif protocol.startswith("ckplus_first") or re.search("(plus|val).*8$", protocol):
        classes = EXPRESSIONS
    elif protocol.startswith("oulu"):
        classes = EXPRESSIONS[:6]
    splits = noise_splits("fer2013" if of_fer2013 else source, protocol, classes, 48)
    assert tuple(splits.classes) == tuple(classes)
    assert (splits.train.counts()[: len(classes)] > 0).all()


def test_settings_that_the_code_does_not_know_are_told():
    asked = content("ramn")
    asked["config"]["glasses"] = True
    with pytest.raises(FerError, match="setting is 'glasses'"):
        probe(asked)


CHILD = """
import json, sys
from ferbook.runs.behaviour import probe
for line in sys.stdin:
    print(json.dumps(probe(json.loads(line))))
"""
MOVED = ("deep_emotion", "ramn", "part_ensemble")


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
def test_names_places_and_prose_are_not_seen(root, tmp_path, elsewhere):
    """A copy with another module, function and messages, in another process.

    On the same machine it is the same to the last letter.  Elsewhere stands
    for a processor of twenty years ago, and for two threads.
    """
    for package in ("fer_lib", "ferbook"):
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / package, tmp_path / package, ignore=unwanted)
    draws = tmp_path / "ferbook/training/draws.py"
    draws.rename(draws.with_name("lots.py"))
    for path in tmp_path.rglob("*.py"):
        text = path.read_text().replace("training.draws", "training.lots")
        text = re.sub(r"\bseeded\b", "fenced", text)
        text = text.replace("expected", "wanted")
        text = re.sub(r'^( *r?""")(?=\w)', r"\1Of old: ", text, flags=re.MULTILINE)
        path.write_text(f"# moved\n{text}")
    settings = os.environ | {"PYTHONPATH": str(tmp_path)}
    if elsewhere:
        settings |= {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}
        settings["OMP_NUM_THREADS"] = "2"
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input="\n".join(json.dumps(content(paper)) for paper in MOVED),
        env=settings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for paper, there in zip(MOVED, found, strict=True):
        assert compare(behaviour(paper), there) == []
        assert elsewhere or there == behaviour(paper)
