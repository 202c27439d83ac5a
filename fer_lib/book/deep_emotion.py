"""What the Deep-Emotion chapter computes from claims, records and runs."""

import numpy as np
import torch

from fer_lib.book.figures import percent
from fer_lib.evidence.claims_file import load_claims
from fer_lib.evidence.deep_emotion import PRIVATE_TEST
from fer_lib.evidence.paths import runs_folder
from fer_lib.evidence.records import Record, load_records
from fer_lib.explain.occlusion import Scores, score_drops
from fer_lib.explain.transformer import sampling_window, window_area
from fer_lib.expressions import DEEP_EMOTION_ORDER, EXPRESSIONS
from fer_lib.faces.portrait import render_face
from fer_lib.models import build, count_parameters
from fer_lib.models.deep_emotion import LOCALISATIONS
from fer_lib.papers import Restored, restore
from fer_lib.preprocessing import Preprocessing
from fer_lib.reproduce import Run

_MATRIX = "deep_emotion.fer2013.confusion"


def real_runs(variants: tuple[str, ...] = ()) -> list[Record]:
    """Recorded runs on real data, the default variant first.

    Args:
        variants: to keep; all if empty.
    """
    found = [
        record
        for record in load_records(runs_folder())
        if record.paper == "deep_emotion" and not record.rendered
    ]
    kept = [r for r in found if not variants or r.variant in variants]
    return sorted(kept, key=lambda r: (r.variant != "default", r.protocol, r.seed))


def paper_matrix() -> tuple[str, np.ndarray, list[str]]:
    """The paper's Figure 8: title, counts and classes in the book's order."""
    matrix = load_claims("deep_emotion").matrix(_MATRIX)
    order = np.argsort(DEEP_EMOTION_ORDER)
    counts = np.array(matrix.rows)[np.ix_(order, order)]
    return f"paper, {matrix.where.place}", counts, list(EXPRESSIONS[:7])


def label_sets() -> tuple[dict[str, list[int]], list[str]]:
    """Test faces per class: the paper's matrix and two label sets."""
    title, counts, names = paper_matrix()
    return {title: counts.sum(1).tolist()} | dict(PRIVATE_TEST), names


def parameter_rows() -> list[dict]:
    """Flat size and parameters of each reading of the localisation network."""
    rows = []
    for name in LOCALISATIONS:
        warp = "features" if name == "on_features" else "input"
        network = build("deep_emotion", localisation=name, warp=warp)
        flat = network.localisation[-3].in_features
        parameters = f"{count_parameters(network):,}"
        rows.append({"localisation": name, "flat size": flat, "parameters": parameters})
    return rows


def result_rows(run: Run) -> list[dict]:
    """A run's results, one row for each checkpoint, split and pass."""
    rows = [
        {
            "epoch chosen by": _CHOICE[checkpoint],
            "split": part,
            "pass": view,
            "accuracy": percent(metrics),
            "mean class accuracy": percent(metrics, "mean_class_accuracy"),
            "macro F1": percent(metrics, "macro_f1"),
            "calibration error": f"{metrics['calibration_error']:.3f}",
        }
        for checkpoint, parts in run.results().items()
        for part, passes in parts.items()
        for view, metrics in passes.items()
    ]
    if run.record is None:
        return rows
    peek = run.record.selection["best_on_test"]
    warning = dict.fromkeys(rows[0], "")
    value = f"{100 * peek['accuracy']:.1f} % in epoch {peek['epoch']}"
    warning |= {"epoch chosen by": "best on test (a warning)", "accuracy": value}
    return [*rows, warning]


_CHOICE = {"last": "the last one", "selected": "best on validation"}


def examples(
    predicted: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]
) -> tuple[list[int], list[str]]:
    """A face of each class to look at: the first that is read rightly.

    Args:
        predicted: ``int [n]``, what the network says.
        labels: ``int [n]``; every class occurs.
        classes: their names.

    Returns:
        Rows, and titles that say how a face is misread where no face of the
        class is read rightly.
    """
    rows, titles = [], []
    for label, name in enumerate(classes):
        mine = np.flatnonzero(labels == label)
        right = mine[predicted[mine] == label]
        rows.append(int(right[0] if len(right) else mine[0]))
        misread = "" if len(right) else f"\nread as {classes[predicted[mine[0]]]}"
        titles.append(name + misread)
    return rows, titles


def window_rows(networks: dict[str, Restored], faces: np.ndarray) -> list[dict]:
    """How much the transformers of several networks look around.

    Args:
        networks: by name.
        faces: ``uint8 [N, C, H, W]``.

    Returns:
        A row for each: mean area of its window, and the standard deviation
        of its corners over the faces, in pixels.  Zero means that every face
        gets the same window: the transformer has stopped to look.
    """
    rows = []
    for name, found in networks.items():
        x = found.preprocessing(faces)
        with torch.inference_mode():
            theta = found.network.theta(x)
        corners = sampling_window(theta, found.preprocessing.size)
        rows.append(
            {
                "network": name,
                "mean area (% of the face)": f"{100 * window_area(theta).mean():.0f}",
                "spread of the corners (pixels)": f"{corners.std(0).mean():.2f}",
                "faces": len(faces),
            }
        )
    return rows


def recorded_networks() -> dict[str, Restored]:
    """Networks trained on real data whose weights stand beside their record."""
    return {
        f"real FER2013, {record.protocol} labels": restore(path)
        for record in real_runs()
        if (path := record.path.with_suffix(".safetensors")).is_file()
    }


def smile_rows(scores: Scores, preprocessing: Preprocessing, device) -> list[dict]:
    """Does occlusion find the pixels that a smile moves? Rendered faces.

    For each of some happy faces, the share of the positive drop of the
    score that falls on pixels which the smile unit moves, beside the share
    of the picture that these pixels are: what a map without any knowledge
    of the face would have.
    """
    rows = []
    for subject in range(6):
        face = render_face(subject, "happy", preprocessing.size, take=subject)
        moved = face.unit_map("mouthSmileLeft") | face.unit_map("mouthSmileRight")
        unit = preprocessing.to_unit(face.image[None, None]).to(device)
        happy = torch.tensor([EXPRESSIONS.index("happy")], device=device)
        drop = score_drops(scores, unit, happy, window=8, stride=2)[0].clip(0)
        read = EXPRESSIONS[int(scores(unit).argmax())]
        inside = 100 * drop[moved].sum() / drop.sum() if drop.any() else float("nan")
        rows.append(
            {
                "face": subject + 1,
                "read as": read,
                "drop on moved pixels (%)": f"{inside:.0f}",
                "moved pixels (% of the picture)": f"{100 * moved.mean():.0f}",
            }
        )
    return rows
