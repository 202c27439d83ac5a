"""Pictures of what sweeps keep of every test face: attention and features."""

from collections.abc import Mapping, Sequence

import numpy as np

from ferbook.runs.records import Record

SPLIT = "PrivateTest"
NAMES = ("attention.whole", "attention.best_crop", "feature.first", "feature.second")
_WIDTHS = (0.002, 0.005, 0.01, 0.02, 0.05)  # of bars; attention keeps 0.0005
_BARS = 40  # at most
_NEAR = {"start": -0.05, "width": 0.005, "count": 30}  # around zero and the betas
_MOST_FACES = 600  # a scatter shows no more
_MOST_POINTS = 12_000  # of all scatters together, for the widget's size


def measures(runs: Sequence[Record]) -> dict | None:
    """What the first of these runs that kept it says of each test face.

    Returns:
        The run's ``seed`` and ``beta``, the ``lead`` of the best sub-image's
        attention over the whole face's, ``float64 [n]``, and the ``plane`` of
        two principal components, ``float64 [n, 2]``; None if no run kept it.
    """
    for run in runs:
        kept = [run.predictions.get(f"{SPLIT}/measures/{name}") for name in NAMES]
        if all(one is not None and np.isfinite(one).all() for one in kept):
            whole, crop, *plane = (one.astype(np.float64) for one in kept)
            return {
                "seed": run.seed,
                "beta": run.config["beta"],
                "lead": crop - whole,
                "plane": np.stack(plane, 1),
            }
    return None


def pictures(
    found: Mapping[str, dict | None], labels: np.ndarray, networks: int
) -> tuple[dict[str, dict], dict]:
    """Histograms and scatters of runs on the same faces, on the same axes.

    Args:
        found: :func:`measures` of each variant.
        labels: of the faces, ``int [n]``.
        networks: number of all that the widget shows.

    Returns:
        By variant, ``lead`` and ``plane`` as the module draws them, None
        where nothing was kept; and what they have in common.
    """
    kept = [one for one in found.values() if one]
    if not kept:
        return {name: {"lead": None, "plane": None} for name in found}, {"bars": None}
    bars = {"wide": _bars(np.concatenate([one["lead"] for one in kept])), "near": _NEAR}
    rows = _rows(len(labels), min(_MOST_FACES, _MOST_POINTS // networks))
    drawn = {
        variant: {
            "lead": one and _lead(one, bars),
            "plane": one and _hundredths(one["plane"][rows]),
        }
        for variant, one in found.items()
    }
    shown = np.concatenate([one["plane"][rows] for one in kept])
    margin = 0.03 * np.ptp(shown, 0) + 0.05
    frame = np.stack([shown.min(0) - margin, shown.max(0) + margin], 1)
    return drawn, {
        "bars": bars,
        "labels": labels[rows].tolist(),
        "frame": np.round(frame, 2).tolist(),
    }


def _bars(leads: np.ndarray) -> dict:
    """Bars of one width that hold nearly all leads, zero and the betas."""
    low, high = np.quantile(leads, (0.002, 0.998))
    low, high = min(low, -0.01), max(high, 0.05)
    width = next((w for w in _WIDTHS if (high - low) / w < _BARS), _WIDTHS[-1])
    first, last = np.floor(low / width), np.ceil(high / width)
    return {
        "start": round(float(first * width), 4),
        "width": width,
        "count": int(last - first),
    }


def _counts(lead: np.ndarray, bars: Mapping) -> np.ndarray:
    """Faces below, in each bar, and above."""
    places = np.floor((lead - bars["start"]) / bars["width"] + 1e-9).astype(int)
    inside = np.clip(places, -1, bars["count"])
    return np.bincount(inside + 1, minlength=bars["count"] + 2)


def _lead(one: Mapping, bars: Mapping) -> dict:
    lead = one["lead"]
    return {
        "counts": {name: _counts(lead, of).tolist() for name, of in bars.items()},
        "met": round(float((lead >= one["beta"]).mean()), 4),
        "median": round(float(np.median(lead)), 4),
        "seed": one["seed"],
    }


def _rows(n: int, most: int) -> np.ndarray:
    """The faces to show: all, or a draw of so many, the same for every run."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, most, replace=False))


def _hundredths(plane: np.ndarray) -> list[int]:
    """Points one after another, in hundredths of a standard deviation."""
    return np.rint(100 * plane).astype(int).ravel().tolist()
