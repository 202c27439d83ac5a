"""RAMN's sweeps over beta and omega: what is varied, and the runs that compare."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from fer_lib.errors import FerError
from ferbook.ledger.claims_file import load_claims
from ferbook.papers.ramn import SWEEPS, make_config
from ferbook.runs.records import Record


@dataclass(frozen=True)
class Sweep:
    """One of the paper's sweeps.

    Attributes:
        values: what is varied, by the variant that has it, ascending.
        control: the variant without the loss whose setting is varied.
        symbol: of what is varied.
        label: what it is.
        without: the control in words.
        step: from value to value.
    """

    values: Mapping[str, float]
    control: str
    symbol: str
    label: str
    without: str
    step: float


def _sweep(title: str, *told) -> Sweep:
    return Sweep(dict(sorted(SWEEPS[title].items(), key=lambda one: one[1])), *told)


BETA = _sweep(
    "beta (Fig. 4a)", "baseline", "β", "margin β of the R-loss", "no R-loss", 0.01
)
OMEGA = _sweep(
    "omega (Fig. 4b)", "beta", "ω", "margin ω of the C-loss", "no C-loss", 1.0
)
VARIED = {"beta": BETA, "omega": OMEGA}
VARIANTS = {v for one in VARIED.values() for v in (*one.values, one.control)}


def claimed_best(sweep: Sweep) -> tuple[str, str]:
    """The variant that the paper calls best in a sweep.

    Returns:
        The variant, and where the paper says so.

    Raises:
        FerError: when the orders in ``book/claims/ramn.toml`` leave none or
            several that no other is above.
    """
    first, above, place = set(), set(), ""
    for claim in load_claims("ramn").claims:
        order = [term.variant for term in claim.order]
        if order and set(order) <= set(sweep.values):
            place = place or claim.where.place
            first.add(order[0])
            above.update(order[1:])
    if len(best := first - above) != 1:
        raise FerError(
            f"ramn.toml: the orders of {sweep.label} leave {sorted(best)} as best, "
            "expected one variant; correct the claims."
        )
    return best.pop(), place


def comparable(records: Sequence[Record]) -> list[list[Record]]:
    """Runs of the sweeps, in groups that differ in nothing else but the seed.

    Returns:
        The group with the most variants first; of equals, real faces first.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        if record.variant in VARIANTS:
            groups.setdefault(made(record), []).append(record)

    def place(group: Sequence[Record]) -> tuple[int, bool]:
        return -len({one.variant for one in group}), group[0].rendered

    return sorted(groups.values(), key=place)


def made(record: Record) -> str:
    """How a run was made, but for its variant and its seed; JSON."""
    own = asdict(make_config(record.preset, record.variant))
    changed = {k: v for k, v in record.config.items() if own.get(k) != v}
    named = (record.dataset, record.protocol, record.preset, record.recipe)
    return json.dumps([*named, record.data["sha256"], changed], sort_keys=True)
