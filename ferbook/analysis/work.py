"""Analysing a network on many faces, and recording what is found."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from fer_lib.data import load as load_faces
from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import split as split_faces
from fer_lib.device import choose_device
from fer_lib.errors import FerError
from fer_lib.evaluation.inference import predict
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.files import sha256_file
from fer_lib.landmarks import FIVE_PARTS
from fer_lib.models import NETWORKS, build, nickname
from fer_lib.models.cost import cost
from fer_lib.models.network import Network, memory_format
from fer_lib.models.saved import SUFFIX, committed, load
from ferbook.analysis.faces import (
    FACES,
    FEWEST,
    chosen,
    mean_faces,
    places_in_class,
    with_landmarks,
)
from ferbook.analysis.maps import WINDOWS, Cams, alike, cams, covered
from ferbook.analysis.means import (
    Means,
    by_class_and_all,
    each_column,
    means_by,
    quantiles_by_class_and_all,
)
from ferbook.analysis.own import UNTRAINED, Own, Subject, agreements, asked
from ferbook.analysis.record import Analysis, Numbers, analyses_folder, write_analysis
from ferbook.runs.provenance import code_version, library_versions
from ferbook.runs.records import check_writable
from ferbook.runs.source import source_hash

SEED = 0  # of the untrained control
CONTROL = 50  # faces a class that the untrained control explains
CONTROL_COVERED = 3  # likewise under squares, for one map of all classes
GFLOPS = 2000  # spent on squares, so that a large network takes minutes, too


def analyse(
    source: str,
    dataset: str,
    root: str | None = None,
    options: Mapping[str, object] | None = None,
    *,
    protocol: str = "official",
    split: str | None = None,
    count: int = FACES,
    device: str = "auto",
    folder: Path | None = None,
) -> Path:
    """Analyse a finished network on a data set; the JSON file of the record.

    Args:
        source: nickname of a network of the library, or a file of one.
        dataset: of :data:`fer_lib.data.DATASETS`.
        root: its folder.
        options: of its reader.
        protocol: whose labels and parts, see :mod:`fer_lib.data.protocols`.
        split: a part of it; the reported one if None.
        count: faces whose maps are averaged, about.
        device: see :func:`fer_lib.device.choose_device`.
        folder: of the records; that of the tracked ones if None.

    Raises:
        FerError: for what is unknown, or when the network has other classes.
    """
    check_writable(folder or analyses_folder())
    network, file = load(source), Path(source)
    file = file if file.is_file() else committed(nickname(source))
    options = dict(options or {})
    splits = split_faces(load_faces(dataset, root, **options), protocol)
    if splits.classes != network.classes:
        raise FerError(
            f"{source}: reads {', '.join(network.classes)}, but the protocol "
            f"'{protocol}' has {', '.join(splits.classes)}; choose another."
        )
    named = splits.named() if split else {str(splits.test.splits[0]): splits.test}
    split = split or next(iter(named))
    if split not in named:
        raise FerError(
            f"{dataset}, {protocol}: no part '{split}', expected one of "
            f"{', '.join(named)}."
        )
    place = choose_device(device)
    network = network.to(place, memory_format=memory_format(place))
    name, faces = file.name.removesuffix(SUFFIX), named[split]
    started = time.process_time()
    found = analysed(network, faces, count)
    about = {
        "network": name,
        "weights_sha256": sha256_file(file),
        "provenance": network.provenance,
        "options": network.options,
        "input": network.input.to_json(),
        "dataset": dataset,
        "rendered": faces.rendered,
        "data": faces.provenance,
        "data_options": options,
        "data_sha256": faces.sha256,
        "protocol": protocol,
        "label_rule": splits.label_rule,
        "split": split,
        "written": datetime.now(UTC).date().isoformat(),
        "cpu_seconds": round(time.process_time() - started),
        "code": code_version(source_hash([__name__])),
        "libraries": library_versions(),
    }
    path = (folder or analyses_folder()) / dataset / f"{name}.json"
    write_analysis(path, Analysis(about | found.content, found.numbers, found.maps))
    return path


def analysed(network: Network, faces: FaceSet, count: int = FACES) -> Analysis:
    """What the network does on about ``count`` of the faces, a few at a time.

    Maps are about the true classes.  Grad-CAM is asked of all these faces, of
    correctly and of misread ones apart; squares cover correctly read ones
    alone, fewer of them where the network is large.
    """
    labels, classes = faces.labels, len(network.classes)
    said = predict(network, faces.images).argmax(1)
    rows = chosen(faces, count, classes)
    some, trusted = with_landmarks(faces.select(rows))
    right = (said == labels)[rows]
    control = np.flatnonzero(places_in_class(some.labels) < CONTROL)
    untrained = _untrained_like(network)
    under = _covered_rows(untrained, some.labels, right)
    few = under[places_in_class(some.labels[under]) < CONTROL_COVERED]
    learners = 3 * len(network.cam_layers()) * (len(some) + len(control))
    total = learners + WINDOWS * (len(under) + len(few)) + 2 * len(some)
    with tqdm(total=total, desc=network.NAME, unit="pass") as bar:
        subject = Subject(network, untrained, some, trusted, control, bar)
        own = asked(subject)
        seen = cams(network, some, trusted, bar)
        blind = cams(untrained, some.select(control), trusted[control], bar)
        drops, misled = covered(network, some.select(under), bar)
        blind_drops, _ = covered(untrained, some.select(few), bar)
    _compare_learners(own, subject, seen, blind)
    read_as = {"right": right, "wrong": ~right}
    grouped = {k: np.where(rows, some.labels, -1) for k, rows in read_as.items()}
    maps = {
        "face": mean_faces(some, classes),
        "grad_cam.untrained": _of_all(blind.united),
        "occlusion.drops": means_by(drops, some.labels[under], classes),
        "occlusion.misled": means_by(misled, some.labels[under], classes),
        "occlusion.drops.untrained": _of_all(blind_drops),
    }
    for kind, groups in grouped.items():
        maps[f"grad_cam.{kind}"] = means_by(seen.united, groups, classes)
    if len(seen.names) > 1:
        maps["branches.map"] = each_column(seen.learners)
        maps["branches.pairs"] = each_column(
            alike(seen.learners).reshape(len(some), -1)
        )
    numbers = _heat(seen, subject.scattered(blind.heat, control), grouped, classes)
    for name, values in own.values.items():
        if values.ndim > 2:
            maps[name] = _of_all(values)
        else:
            columns = own.columns.get(name, ())
            numbers[name] = _numbers(values, some.labels, classes, columns)
    content = {
        "classes": list(network.classes),
        "accuracy": {
            "split": _share(said == labels),
            "faces": _share(right),
            "classes": [_share(right[some.labels == k]) for k in range(classes)],
        },
        "learners": list(seen.names),
        "landmarks_trusted": int(trusted.sum()),
        "own_landmarks": faces.landmarks is not None,
        "sentences": own.sentences,
    }
    return Analysis(content, numbers, maps)


def _covered_rows(
    network: Network, labels: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """Rightly read faces, the first ones of each class: fewer for a large network."""
    classes = len(network.classes)
    each = GFLOPS / (classes * WINDOWS * cost(network).gflops)
    rows = np.flatnonzero(right)
    return rows[places_in_class(labels[rows]) < max(each, FEWEST)]


def _untrained_like(network: Network) -> Network:
    """A network of the same shape with the weights that training starts from."""
    (name,) = (key for key, kind in NETWORKS.items() if kind is type(network))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        fresh = build(name, **network.options)
    return fresh.to(next(network.parameters()).device).eval()


def _compare_learners(own: Own, subject: Subject, seen: Cams, blind: Cams) -> None:
    """How alike the maps of a network's learners are, where it has several."""
    if len(seen.names) == 1:
        return
    own.values |= agreements("branches", seen.learners)
    for name, values in agreements("branches", blind.learners, UNTRAINED).items():
        own.values[name] = subject.scattered(values, subject.control)


def _heat(
    seen: Cams, untrained: np.ndarray, grouped: dict[str, np.ndarray], classes: int
) -> dict[str, Numbers]:
    """Heat near each part; 1 is what its share of the area would give.

    ``heat.right`` and ``heat.wrong`` by how the faces are read.  Of the right
    ones, ``heat.other_face`` near the landmarks of another face,
    ``heat.untrained``, and by how much the heat is more than either.
    """
    values = {
        "right": seen.heat,
        "other_face": seen.other,
        "untrained": untrained,
        "less_other_face": seen.heat - seen.other,
        "less_untrained": seen.heat - untrained,
    }
    columns = tuple(FIVE_PARTS)
    found = {
        f"heat.{name}": _numbers(heat, grouped["right"], classes, columns)
        for name, heat in values.items()
    }
    found["heat.wrong"] = _numbers(seen.heat, grouped["wrong"], classes, columns)
    return found


def _numbers(
    values: np.ndarray, labels: np.ndarray, classes: int, columns: tuple[str, ...]
) -> Numbers:
    means = by_class_and_all(values, labels, classes)
    quantiles = quantiles_by_class_and_all(values, labels, classes)
    return Numbers(means, quantiles, columns)


def _of_all(values: np.ndarray) -> Means:
    return means_by(values, np.zeros(len(values), int), 1)


def _share(right: np.ndarray) -> dict:
    """Accuracy with n and Wilson's 95 % interval; n alone of no face."""
    if not len(right):
        return {"n": 0}
    low, high = wilson_interval(int(right.sum()), len(right))
    return {
        "n": len(right),
        "accuracy": float(right.mean()),
        "accuracy_ci95": [low, high],
    }
