"""How often the rules err: whole experiments, simulated and judged.

``python -m ferbook.ledger.error_rates`` writes ``book/error_rates.json``, from
which the pages take their numbers (about ten minutes).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import product
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ferbook.ledger.rules import (
    Direction,
    Verdict,
    direction,
    judge_difference,
    judge_order,
    judge_value,
    tolerance,
)
from ferbook.ledger.statistics import crossed
from ferbook.runs.paths import repository_root


class Design(NamedTuple):
    """A simulated experiment.

    Attributes:
        n: test faces.
        seeds: of each network.
        spread: standard deviation of the true accuracy over seeds, a share.
        disagreement: share of faces on which runs of two networks disagree; two
            runs of one network disagree on half as many.
    """

    n: int
    seeds: int
    spread: float
    disagreement: float


DESIGNS = tuple(
    Design(*corner)
    for corner in product((3589, 70), (1, 2, 3, 5), (0.0075, 0.0115), (0.05, 0.20))
)
_SHARE, _GAPS = 0.7, (0.01, 0.04)  # accuracy, and differences that are claimed


def error_rates(design: Design, experiments: int) -> list[dict]:
    """How often each outcome comes where the truth is known.

    Three networks are right or wrong on the same faces, and the rules judge
    what :func:`crossed` finds, however few the seeds.

    Returns:
        A dict a case: ``kind`` of the claim, ``truth``, ``paper``, what it
        claims, and the share of each outcome.  The truth is "as printed": of a
        value on these faces, of a difference (in an order between neighbours)
        on all; "nothing", no difference; "worse", a value two tolerances above
        ours; "one run": the paper prints what one run of each network gives on
        these faces, if that has the claimed sign.
    """
    rng = np.random.default_rng(0)
    cases: dict[tuple, list[Counter]] = {}
    for _ in range(experiments):
        for case, *outcomes in _judged(*_networks(rng, design), design.n):
            counters = cases.setdefault(case, [Counter() for _ in outcomes])
            for counts, outcome in zip(counters, outcomes, strict=True):
                counts[outcome] += 1
    names = [*list(Verdict)[:4], *list(Direction)[:3]]
    rows = []
    for (kind, truth, paper), counters in cases.items():
        shares = {
            name: round(sum(c[name] / c.total() for c in counters), 4) for name in names
        }
        rows.append({"kind": kind, "truth": truth, "paper": paper} | shares)
    return rows


def _networks(rng, design: Design) -> tuple[Callable, float]:
    """Equal networks: where each is right, and what the first reaches here.

    A run is right where a uniform draw lies below its accuracy: the draw of
    the face, of the network on this face, or of the run.
    """
    n, seeds, spread, disagree = design
    strangers = 2 * _SHARE * (1 - _SHARE)  # disagree on so many
    within = 1 - disagree / 2 / strangers
    across = (1 - disagree / strangers) / within

    def mixed(shared, kept, *shape):
        own = rng.random(shape, np.float32) >= sqrt(kept)
        return np.where(own, rng.random(shape, np.float32), shared)

    faces = mixed(rng.random(n, np.float32), across, 3, 1, n)
    draws = mixed(faces, within, 3, seeds + 1, n)
    shares = _SHARE + spread * rng.standard_normal((3, seeds + 1, 1))

    def right(network: int, gain: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Our seeds, and the paper's run."""
        runs = draws[network] < shares[network] + gain
        return runs[:-1], runs[-1]

    here = np.mean(faces[0] < _SHARE) * sqrt(within) + _SHARE * (1 - sqrt(within))
    return right, float(here)


def _judged(right: Callable, here: float, n: int) -> Iterator[tuple]:
    def less(upper: int, lower: int, gain: float = 0.0, loss: float = 0.0):
        (first, one), (second, other) = right(upper, gain), right(lower, -loss)
        return crossed(first, second), one.mean() - other.mean()

    ours, one = right(0)
    far = here + 2 * tolerance(here, n)
    for truth, paper in (("as printed", here), ("worse", far), ("one run", one.mean())):
        yield ("value", truth, _SHARE), judge_value(ours.mean(), paper, n)
    equal = [less(0, 1)[0], less(1, 2)[0]]
    yield ("order", "nothing", 0.0), judge_order(equal), direction(equal)
    for gap in _GAPS:
        found, printed = less(0, 1, gain=gap)
        pairs = [found, less(1, 2, loss=gap)[0]]
        cases = [("nothing", equal[0], gap), ("as printed", found, gap)]
        if printed > 0:
            cases.append(("one run", found, printed))
        for truth, pair, paper in cases:
            case = ("difference", truth, gap)
            yield case, judge_difference(pair, paper), direction([pair])
        yield ("order", "as printed", gap), judge_order(pairs), direction(pairs)


def coverage(design: Design, experiments: int) -> dict[str, float]:
    """How often 95 % intervals of the difference of two equal networks hold 0.

    Returns:
        ``t``: of :func:`crossed`; ``bootstrap``: of percentiles when both seeds
        and faces are drawn again, 500 times (A. B. Owen, "The pigeonhole
        bootstrap", Ann. Appl. Stat. 1, 2007).
    """
    rng = np.random.default_rng(0)
    rows = rng.integers(design.n, size=(500, design.n))
    weights = np.array([np.bincount(row, minlength=design.n) for row in rows])
    held = np.zeros(2)
    for _ in range(experiments):
        right, _ = _networks(rng, design)
        sides, means = [right(0)[0], right(1)[0]], []
        for side in sides:
            per_seed = weights.astype(np.float32) @ side.T.astype(np.float32)
            picked = rng.integers(design.seeds, size=(500, design.seeds))
            means.append(np.take_along_axis(per_seed, picked, 1).mean(1))
        low, high = np.quantile(means[0] - means[1], (0.025, 0.975))
        held += crossed(*sides).sign() == 0, low <= 0 <= high
    return dict(zip(("t", "bootstrap"), (held / experiments).tolist(), strict=True))


@cache
def stored(path: Path | None = None) -> dict[str, tuple[dict, ...]]:
    """The tables ``rates`` and ``coverage``, a dict a row, as they were written."""
    path = path or repository_root() / "book" / "error_rates.json"
    tables = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: tuple(dict(zip(rows[0], row, strict=True)) for row in rows[1:])
        for name, rows in tables.items()
    }


def write(path: Path, designs: Sequence[Design] = DESIGNS, experiments: int = 10_000):
    """Simulate all designs; a tenth of the experiments tells the coverage."""
    rates = [d._asdict() | row for d in designs for row in error_rates(d, experiments)]
    held = [
        d._asdict() | coverage(d, experiments // 10)
        for d in designs
        if d.seeds > 1 and d.n > 1000
    ]
    parts = []
    for name, rows in (("rates", rates), ("coverage", held)):
        lines = map(json.dumps, ([*rows[0]], *(list(row.values()) for row in rows)))
        parts.append(f'"{name}": [\n' + ",\n".join(lines) + "\n]")
    path.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    write(repository_root() / "book" / "error_rates.json")
