"""Small synthetic run records."""

import numpy as np
import pytest

from fer_lib.evaluation.metrics import summarize
from ferbook.runs.key import RunKey, json_sha256
from ferbook.runs.records import write_beside, write_record

CLASSES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
LABELS = (np.arange(210) % 7).astype(np.int8)


def predictions_of(labels, correct):
    """Logits that are right exactly where ``correct`` says so."""
    labels = np.asarray(labels, np.int8)
    guess = np.where(correct, labels, (labels + 1) % len(CLASSES))
    logits = np.full((len(labels), len(CLASSES)), -2, np.float16)
    logits[np.arange(len(labels)), guess] = 3
    return logits, labels


def content_of(predictions, **changed):
    """The JSON content that belongs to some predictions."""
    results, splits = {}, {}
    for key, logits in predictions.items():
        if key.endswith("/logits"):
            checkpoint, split, view, _ = key.split("/")
            labels = predictions[f"{split}/labels"]
            views = results.setdefault(checkpoint, {}).setdefault(split, {})
            known = predictions.get(f"{split}/in_training")
            views[view] = summarize(logits, labels, known)
            counts = np.bincount(labels, minlength=len(CLASSES)).tolist()
            splits[split] = {"n": len(labels), "per_class": counts}
    content = {
        "schema": 2,
        "paper": "deep_emotion",
        "dataset": "fer2013",
        "protocol": "official",
        "preset": "paper",
        "recipe": "paper",
        "variant": "default",
        "seed": 0,
        "target": "",
        "changes": {},
        "varied": [],
        "config": {"epochs": 300},
        "code": {
            "version": "0.1.0",
            "source_sha256": "a" * 64,
            "commit": None,
            "dirty": None,
        },
        "data": {
            "name": "fer2013",
            "rendered": False,
            "provenance": "synthetic, for a test",
            "sha256": "d" * 64,
            "classes": CLASSES,
            "splits": splits,
        },
        "selection": {"split": "PublicTest", "epoch": 7, "metric": "accuracy"},
        "epochs": 300,
        "hardware": {"device": "cpu", "name": "a test", "threads": 1},
        "libraries": {"torch": "2"},
        "command": "ferbook reproduce deep_emotion",
        "started": "2026-11-23T14:00:00Z",
        "wall_seconds": 1.5,
        "peak_memory_mib": None,
        "parameters": 66857,
        "predictions_sha256": "e" * 64,
        "curve": [{"epoch": 1, "train_loss": 1.9}],
        "deviations": [],
        "results": results,
    }
    return sealed(content | changed)


def sealed(content):
    """The content with the hashes of its key and of its settings."""
    key = RunKey.of(content).sha256
    return content | {"key": key, "config_sha256": json_sha256(content["config"])}


def plant(folder, correct, data=(), **fields):
    """Write a record below ``folder`` whose 210 faces are right where that says so."""
    logits, labels = predictions_of(LABELS, correct)
    predictions = {"PrivateTest/labels": labels, "PublicTest/labels": labels}
    for place in ("last/PrivateTest/single", "selected/PrivateTest/single"):
        predictions[f"{place}/logits"] = logits
    flipped, _ = predictions_of(LABELS, np.roll(correct, 7))
    predictions["selected/PrivateTest/flip/logits"] = flipped
    content = content_of(predictions, **fields)
    content["data"] |= dict(data)
    content = sealed(content)
    return write_record(folder / RunKey.of(content).place, content, predictions)


@pytest.fixture
def make_record(tmp_path):
    """Write a record whose faces are right where ``correct`` says so.

    ``members`` are the same for members of an ensemble, ``measures`` other
    numbers a face, ``faces`` their ids, ``in_training`` which were trained on.
    """

    def make(
        labels=None,
        correct=None,
        folder=None,
        split="PrivateTest",
        members=None,
        measures=None,
        faces=None,
        in_training=None,
        **changed,
    ):
        labels = np.arange(70) % 7 if labels is None else np.asarray(labels)
        correct = np.arange(len(labels)) % 2 == 0 if correct is None else correct
        views = {"single": correct}
        views |= {f"member.{name}": right for name, right in (members or {}).items()}
        predictions = {f"{split}/labels": labels.astype(np.int8)}
        for view, right in views.items():
            logits, _ = predictions_of(labels, right)
            predictions[f"selected/{split}/{view}/logits"] = logits
        for name, values in (measures or {}).items():
            predictions[f"{split}/measures/{name}"] = np.float32(values)
        if in_training is not None:
            predictions[f"{split}/in_training"] = np.asarray(in_training, np.int8)
        content = content_of(predictions, **changed)
        if faces is not None:
            predictions[f"{split}/faces"] = np.asarray(faces, np.uint32)
        return write_beside(folder or tmp_path / "runs", content, predictions)

    return make
