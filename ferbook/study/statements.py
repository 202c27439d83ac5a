"""What the papers say about where networks look, tested on rendered faces.

None of this answers a claim about a data set of photographs: the networks are
small, and the faces rendered.  The ledger shows it in a section of its own.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fer_lib.explain.scoring.agreement import MeanInterval
from fer_lib.models.part_ensemble import KINDS
from ferbook.show.tables import Page, Sentence, Table
from ferbook.study.record import Study
from ferbook.study.report import NAMES, interval
from ferbook.study.summary import over_groups

# What a paper says of its own attention, and where.  The maps of ESR have two by
# two cells here, in the middle of the picture: they say nothing about a place.
SAYS = {
    "deep_emotion": ("the transformer samples the region of interest", "section 3"),
    "residual_masking": ("masks let learning focus on what is needed", "section II"),
    "ramn": ("weights find the most discriminative area", "section I"),
    "diversified_manet": ("CBAM highlights key facial regions", "section 3"),
    "part_ensemble": ("each sub-network looks at its own part", "section V-C"),
}
# Against what attention is held, by what the columns are called.
TESTS = {
    "chance": "Above chance",
    "start": "Above the same before training",
    "blob": "Above a blob in the centre",
}
HOLDS = {1: "holds", 0: "undecided", -1: "does not hold"}


class Tested(NamedTuple):
    """One statement and what the study says about it."""

    network: str
    says: str
    where: str  # in the paper
    test: str  # what was compared, or a key of TESTS
    told: MeanInterval  # the difference; above zero is as claimed

    @property
    def word(self) -> str:
        """Holds, does not hold, or undecided: by the interval."""
        if np.isnan(self.told.low):
            return "too few tasks"
        return HOLDS[int(self.told.low > 0) - int(self.told.high < 0)]


def tested(study: Study) -> list[Tested]:
    """All statements that the study can say something about."""
    found = []
    for network in (name for name in study.networks if name in SAYS):
        says, where = SAYS[network]
        for test, told in _attention(study, network):
            found.append(Tested(network, says, where, test, told))
    return found + list(_parts(study))


def claims_table(study: Study) -> Page | Sentence:
    """The statements: a row a network, then those about parts."""
    found = tested(study)
    if not found:
        return Sentence("This study tests no statement of a paper.")
    rows = []
    for network, (says, where) in SAYS.items():
        own = {one.test: one for one in found if one.network == network}
        if "chance" in own:
            cells = [_cell(own[test]) if test in own else "" for test in TESTS]
            cells[0] = _figures(own["chance"])  # no verdict, see the note
            rows.append((f"{NAMES[network]}\n {where}", says, *cells))
    note = (
        "On rendered faces, small networks that learned a task; means over tasks with "
        "Student's 95 % interval, none corrected for their number. Faces stand in the "
        "middle, so any map that does is above chance: no verdict there. It decides no "
        "claim about photographs."
    )
    header = ("Paper", "What it says, in short", *TESTS.values())
    caption = "AUC of the networks' own attention on the evidence, rendered faces"
    tables = [Table(caption, header, tuple(rows), note)]
    others = [one for one in found if one.test not in TESTS]
    if others:
        told = tuple(
            (f"{one.says}\n {one.where}", one.test, _cell(one)) for one in others
        )
        caption = f"What the {NAMES['part_ensemble']} says of its parts, rendered faces"
        header = ("What it says, in short", "Difference", "Here")
        tables.append(Table(caption, header, told))
    return Page(tuple(tables))


def _cell(one: Tested) -> str:
    return f"{one.word}\n {_figures(one)}"


def _figures(one: Tested) -> str:
    count = one.told.n
    return f"{interval(one.told)}, {count} task{'s' if count > 1 else ''}"


def _attention(study: Study, network: str) -> Iterator[tuple[str, MeanInterval]]:
    place, row = study.networks.index(network), study.methods.index("attention")
    chosen = study.learned[:, place]
    if not chosen.any():
        return
    tasks = np.argwhere(chosen)[:, 0]
    auc = study.arrays["inside_auc"][:, place][chosen]  # [cells, methods, faces]
    own, blob = auc[:, row], auc[:, study.methods.index("centre_blob")]
    group = np.repeat(tasks, own.shape[1])

    def gap(other: np.ndarray | float) -> MeanInterval:
        return over_groups((own - other).ravel(), group)

    yield "chance", gap(0.5)
    if "untrained_auc" in study.arrays:
        before = study.arrays["untrained_auc"][:, place][chosen]
        yield "start", gap(before)
    yield "blob", gap(blob)


def _parts(study: Study) -> Iterator[Tested]:
    network = "part_ensemble"
    if network not in study.networks or "branch_mass" not in study.arrays:
        return
    place = study.networks.index(network)
    cells = np.argwhere(study.learned[:, place])  # of fair tasks alone
    if not len(cells):
        return
    says, where = SAYS[network]
    masses = ("branch_mass", "Grad-CAM's mass on the evidence")
    for array, what in (masses, ("branch_correct", "accuracy")):
        gaps = [_above_others(study, array, *cell) for cell in cells]
        test = f"{what}: that part's branch above the best of the others"
        yield Tested(network, says, where, test, _over_tasks(gaps, cells))
    errors = [study.arrays["landmark_error"][t, place, k] for t, k in cells]
    rise = _over_tasks([(one[0] - one[1]).mean(0) for one in errors], cells)
    yield Tested(
        network, "landmarks stay as they were in tuning", "section V-B",
        "error before tuning less that after, shares of the side", rise,
    )  # fmt: skip


def _above_others(study: Study, array: str, task: int, seed: int) -> np.ndarray:
    """By how much the branch of the task's part is above the best other one.

    A map without relevance has none on the evidence.
    """
    values = study.arrays[array][task, study.networks.index("part_ensemble"), seed]
    values = np.nan_to_num(values)
    part = study.tasks[task].replace("brows", "eyebrows")
    own = KINDS["parts"].index(part)
    others = np.delete(values, own, 0)
    return values[own] - others[others.mean(1).argmax()]


def _over_tasks(values: list[np.ndarray], cells: np.ndarray) -> MeanInterval:
    tasks = np.repeat(cells[:, 0], len(values[0]))
    return over_groups(np.concatenate(values), tasks)
