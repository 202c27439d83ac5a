"""A trained network, and the record that says how it came about."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import torch

from fer_lib.data.audit.duplicates import leaked
from fer_lib.data.protocols import Splits
from fer_lib.models.cost import count_parameters
from fer_lib.models.network import RENDERED_ONLY, Network
from fer_lib.models.saved import load_weights, save
from ferbook.papers.mixed import FACES
from ferbook.papers.paper import Config, Paper
from ferbook.runs.key import json_sha256
from ferbook.runs.predictions import last_logits, results_of, selected_logits, storable
from ferbook.runs.provenance import code_version, data_description, library_versions
from ferbook.runs.records import Record
from ferbook.training.machine import hardware, peak_memory_mib
from ferbook.training.states import Fitted


@dataclass
class Run:
    """A trained network and what it was trained on.

    ``record`` is ``None`` while the training is not finished, because its
    time budget ended; the same request goes on from there.
    """

    network: Network  # holds the selected weights
    config: Config
    splits: Splits
    fitted: Fitted
    record: Record | None = None
    selected_by: str = "accuracy"  # which value, on the selection split
    _counted: dict = field(default_factory=dict, repr=False)

    def results(self) -> dict:
        """Metrics by checkpoint, split and pass: recorded, or of this network.

        Recorded ones if the run was of these faces.  Counted once: a network that
        is trained further is another run.
        """
        if self.record is not None and self.record.key.data == self.splits.sha256:
            return self.record.results
        if not self._counted:
            found = selected_logits(self.network, self.splits.test)
            self._counted = results_of(found)
        return self._counted

    def reading(self) -> dict:
        """Metrics of the selected weights on the reported split, in a single pass."""
        (views,) = self.results()["selected"].values()
        return views["single"]

    def settings(self) -> dict:
        """The configuration as it is recorded: a weight file by name alone."""
        values = self.config.flat()
        if values.get("pretrained"):
            values["pretrained"] = Path(values["pretrained"]).name
        return values

    def save(self, path: Path) -> None:
        """Write the recorded run's weights, to be committed."""
        settings = self.settings()
        training = {k: settings[k] for k in settings if k not in self.config.network}
        self.network.provenance = learned_from(self.record)
        self.network.classes = self.splits.classes
        about = {"command": self.record.command, "training": training}
        save(self.network, path, about)


def learned_from(record: Record) -> str:
    """The faces of a run, as its network's ``provenance`` tells them."""
    if record.rendered:
        return RENDERED_ONLY
    on = f"photographs: {record.dataset}, protocol {record.protocol}"
    return ", ".join([on, *(d.ours for d in record.departures if d.item == FACES)])


def predictions_of(run: Run, paper: Paper, copies: np.ndarray) -> dict[str, np.ndarray]:
    """All arrays of a record; the network then holds the selected weights.

    Logits of the reported checkpoints, splits and passes, labels, which face
    is which, and what else the paper tells of every reported face: scores of
    its ``views``, such as members of an ensemble, and its ``measures``.

    Args:
        run: that ended.
        paper: whose run it is.
        copies: ``bool [n]``, which reported faces stand in training, too.
    """
    splits = run.splits
    known = {str(splits.test.splits[0]): copies}
    known[str(splits.select.splits[0])] = leaked(splits.train, splits.select)
    parts = (splits.select, splits.test)
    found = last_logits(run.network, parts, known)
    load_weights(run.network, run.fitted.selected, "selected weights")
    found |= selected_logits(run.network, splits.test)
    split = splits.test.splits[0]
    if paper.views:
        for name, scores in paper.views(run.network, splits).items():
            found[f"selected/{split}/{name}/logits"] = storable(scores)
    if paper.measures:
        told = paper.measures(run.network, splits.test)
        for name, values in told.items():
            found[f"{split}/measures/{name}"] = np.asarray(values, np.float16)
    return found


def how_it_went(run: Run, started: datetime, where: torch.device, source: str) -> dict:
    """The fields of a record that a run alone decides, but for its results."""
    config, fitted, splits = run.settings(), run.fitted, run.splits
    select = str(splits.select.splits[0])
    return {
        "config": config,
        "config_sha256": json_sha256(config),
        "precision": fitted.precision,
        "code": code_version(source),
        "data": data_description(splits),
        "selection": {
            "split": select,
            "metric": run.selected_by.removeprefix(f"{select}_"),
            "epoch": fitted.selected_epoch,
        },
        "epochs": fitted.epoch,
        "hardware": hardware(where),
        "libraries": library_versions(),
        "started": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "wall_seconds": round(sum(row["seconds"] for row in fitted.curve), 1),
        "cpu_seconds": round(sum(row["cpu_seconds"] for row in fitted.curve), 1),
        "peak_memory_mib": peak_memory_mib(where),
        "parameters": count_parameters(run.network),
        "curve": [{k: _shortened(v) for k, v in row.items()} for row in fitted.curve],
        "first_losses": [_shortened(loss) for loss in fitted.first_losses],
    }


def _shortened(value: object) -> object:
    """A number to six digits, which is more than a curve shows."""
    return float(f"{value:.6g}") if isinstance(value, float) else value
