"""Makes the network of a recorded run the one that comes with the library.

    python -m ferbook.runs.ship RECORD WEIGHTS --root DIR

WEIGHTS is the file of ``ferbook reproduce --weights``, RECORD the run's in
``book/runs``.  The file that comes with the library tells, beside the weights,
how well these very weights, rounded as they are stored, read photographs and
rendered faces; its temperature and its rule for being sure are fitted on the
split that chose the weights.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fer_lib.data import load as load_faces
from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import split
from fer_lib.data.sources.rendered import wild
from fer_lib.errors import FerError
from fer_lib.evaluation.calibration import sure_from, temperature
from fer_lib.evaluation.inference import predict, probabilities
from fer_lib.evaluation.metrics import summarize
from fer_lib.models.network import Network
from fer_lib.models.saved import committed, load, save
from ferbook.runs.records import read_record
from ferbook.runs.run import learned_from

# Rendered people whom no network has met: another seed than all others here.
STRANGERS = {"train": 0, "public": 0, "private": 1000, "seed": 12}


def calibrate(network: Network, faces: FaceSet) -> dict:
    """Fit a network's temperature; its rule for being sure.

    Args:
        network: changed in place.
        faces: which it has not learned from, and which are not reported.
    """
    network.temperature = temperature(predict(network, faces.images), faces.labels)
    return sure_from(probabilities(network, faces.images), faces.labels)


def reading(network: Network, faces: FaceSet) -> dict:
    """How well a network reads faces: metrics as records have them, and recalls.

    ``calibration_error`` is that of calibrated probabilities, and
    ``uncalibrated_error`` the one without a temperature.
    """
    scores = predict(network, faces.images)
    found = summarize(scores, faces.labels)
    rows = zip(network.classes, np.array(found.pop("confusion")), strict=True)
    recalls = {
        name: round(float(row[label] / row.sum()), 4)
        for label, (name, row) in enumerate(rows)
        if row.sum()
    }
    calibrated = summarize(scores / network.temperature, faces.labels)
    return found | {
        "recalls": recalls,
        "calibration_error": calibrated["calibration_error"],
        "uncalibrated_error": found["calibration_error"],
    }


def shipped(network: Network, select: FaceSet, tests: Mapping[str, FaceSet]) -> dict:
    """What the file tells of a network: when it is ``sure``, and what it ``reads``."""
    sure = calibrate(network, select)
    return {
        "sure": sure,
        "reads": {name: reading(network, faces) for name, faces in tests.items()},
    }


def main() -> None:
    """Write the file; print what it tells."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("record", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--root", required=True, help="folder of FER2013 and FER+")
    asked = parser.parse_args()
    record, network = read_record(asked.record), load(asked.weights)
    if network.about["command"] != record.command:
        raise FerError(
            f"{asked.weights}: weights of `{network.about['command']}`, the record is "
            f"of `{record.command}`; name two files of one run."
        )
    faces = load_faces("fer2013", root=asked.root)
    splits, own = split(faces, record.protocol), split(faces, "official")
    tests = {
        "photographs": splits.test,
        "photographs, FER2013's labels": own.test,
        "rendered faces": wild(**STRANGERS),
    }
    network.provenance = learned_from(record)
    told = shipped(network, splits.select, tests)
    save(network, committed(record.paper), network.about | told)
    print(f"{record.paper}: {committed(record.paper).stat().st_size / 1e6:.2f} MB")
    print(f"temperature {network.temperature:.2f}, sure {told['sure']}")
    for name, one in told["reads"].items():
        low, high = one["accuracy_ci95"]
        print(f"{name}: {one['accuracy']:.4f} ({low:.4f}-{high:.4f}), n {one['n']}")
        print("  ", one["recalls"], one["calibration_error"])


if __name__ == "__main__":
    main()
