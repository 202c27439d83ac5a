"""How the Residual Masking paper's numbers came about, counted.

The passes at test time that the paper does not mention, and the choice of an
ensemble's members.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch

from fer_lib.data.augment import augmentation, seeded
from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.evaluation.ensembles import MOST_MEMBERS, selection_report
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.models.network import logits_of
from ferbook.kit.results import record_name, recorded
from ferbook.ledger.statistics import paired_difference
from ferbook.papers import PAPERS
from ferbook.runs.records import Record
from ferbook.runs.run import Run
from ferbook.show.figures import percent
from ferbook.show.tables import Table

# Of drawn_pool: about the paper's single network and its ensemble of seven.
NOISE = {"skill": 2.17, "shared": 1.0, "own": 0.35}


@torch.inference_mode()
def random_passes(run: Run, faces: FaceSet, count: int = 10) -> np.ndarray:
    """Class scores of faces that are mirrored and turned at random.

    As the authors' code tests: the augmentation of the training, a mirror
    image or not and up to 30 degrees, drawn anew in every pass.

    Args:
        run: whose network reads them.
        faces: N of them.
        count: passes P.

    Returns:
        ``float32 [P, N, num_classes]``, the same every time; ten of them are
        those behind a record's ``random10``.
    """
    change, found = augmentation(flip=0.5, degrees=30.0), []
    network = run.network
    with evaluating(network), seeded(0, 3):
        for _, unit in batches(network, faces.images, 256):
            scores = [
                logits_of(network(network.input.normalise(change(unit))))
                for _ in range(count)
            ]
            found.append(torch.stack(scores).float().cpu())
    return torch.cat(found, 1).numpy()


def views_box(records: Iterable[Record]) -> Table:
    """One pass, two and ten random ones, of recorded runs."""
    rows = []
    for record in records:
        if "random10" not in record.results["selected"][record.reported]:
            continue
        views = [record.metrics(view=v) for v in ("single", "flip", "random10")]
        right = [record.correct(view=v) for v in ("random10", "single")]
        gap = paired_difference(*right)
        points = f"{100 * gap.mean:+.1f} points\n {100 * gap.low:+.1f} to "
        points += f"{100 * gap.high:+.1f}, n = {gap.n:,}"
        rows.append((record_name(record), *map(percent, views), points))
    header = ("Run", "One pass", "With mirror image", "Ten random passes")
    header += ("Ten against one",)
    caption = "Test-time augmentation in recorded runs"
    if not rows:
        return Table("No recorded run has ten random passes yet.", header, ())
    return Table(caption, header, tuple(rows))


def drawn_pool(
    members: int, faces: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of networks that are equally good, and labels: a simulation.

    A score is what the true class adds, noise of the face that all members
    share, and noise of the member.

    Args:
        members: M networks.
        faces: N test faces of seven classes.
        rng: what is drawn from.

    Returns:
        Logits ``float64 [M, N, 7]`` and labels ``int [N]``.
    """
    labels = rng.integers(0, 7, faces)
    shared = NOISE["shared"] * rng.normal(size=(faces, 7))
    shared[np.arange(faces), labels] += NOISE["skill"]
    own = NOISE["own"] * rng.normal(size=(members, faces, 7))
    return 2 * (shared + own), labels  # about as sure as it is right


class Feigned(NamedTuple):
    """What a choice of members seems to add, in shares, a value a draw.

    Attributes:
        validation: test accuracy of the members that are best on validation,
            less that of all members.
        test: likewise, of the members that are best on the test faces.
        single: test accuracy of one member.
        everyone: test accuracy of all members.
    """

    validation: np.ndarray
    test: np.ndarray
    single: np.ndarray
    everyone: np.ndarray


def feigned_gain(
    members: int, faces: int = 3589, draws: int = 8, seed: int = 0
) -> Feigned:
    """Choose members among equally good networks, on either split.

    Args:
        members: how many to choose among.
        faces: of each split.
        draws: repetitions.
        seed: of the draws.
    """
    rng, rows = np.random.default_rng((seed, members)), []
    for _ in range(draws):
        validation, test = (drawn_pool(members, faces, rng) for _ in range(2))
        report = selection_report(validation, test)
        whole = report.everyone.test
        gains = report.chosen.test - whole, report.test_selected.test - whole
        rows.append((*gains, (test[0][0].argmax(1) == test[1]).mean(), whole))
    return Feigned(*np.array(rows).T)


def recorded_pool(dataset: str = "fer2013") -> dict[str, Record]:
    """Recorded networks of all papers, on the same faces under one protocol.

    Args:
        dataset: what they were trained on.

    Returns:
        Runs by name, at most as many as an ensemble may choose among.
    """
    found = [
        record
        for paper in PAPERS
        for record in recorded(paper, dataset, protocol="official")
        if "PublicTest" in record.results.get("last", {})
    ]
    same = [r for r in found if r.data["sha256"] == found[0].data["sha256"]]
    best = sorted(same, key=lambda r: -r.metrics("last", "PublicTest")["accuracy"])
    return {f"{r.paper}, {record_name(r)}": r for r in best[:MOST_MEMBERS]}


def members_box(pool: dict[str, Record]) -> Table:
    """Members chosen among recorded networks, by either split, and all.

    Args:
        pool: of :func:`recorded_pool`.

    Raises:
        FerError: when the runs have other test faces.
    """
    header = ("Members", "How many", "PublicTest", "PrivateTest")
    if len(pool) < 2:
        caption = "An ensemble needs two recorded networks; there are none yet."
        return Table(caption, header, ())
    splits = [_stacked(list(pool.values()), s) for s in ("PublicTest", "PrivateTest")]
    report = selection_report(*splits)
    titles = ("chosen on validation", "all", "chosen on test (a warning)")
    rows = [
        (title, str(len(one.members)), *(f"{100 * x:.2f} %" for x in one[1:]))
        for title, one in zip(titles, report, strict=True)
    ]
    names = list(pool)
    chosen = "; ".join(names[k] for k in report.chosen.members)
    note = f"Networks of the last epoch. Chosen on validation: {chosen}."
    return Table(
        f"Ensembles of up to {len(pool)} recorded networks", header, tuple(rows), note
    )


def _stacked(records: list[Record], split: str) -> tuple[np.ndarray, np.ndarray]:
    labels = records[0].predictions[f"{split}/labels"]
    for record in records:
        if not np.array_equal(record.predictions[f"{split}/labels"], labels):
            raise FerError(
                f"{record.path}: its {split} faces differ from those of "
                f"{records[0].path}, so they cannot be put together; run it again."
            )
    logits = [r.predictions[f"last/{split}/single/logits"] for r in records]
    return np.stack(logits).astype(np.float64), labels.astype(int)
