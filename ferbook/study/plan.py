"""The frozen plan: what is asserted before any record exists, and its hash.

A hypothesis says what is compared and which way; there is no other test.  All
of them are corrected together (Holm), and whatever else a page shows of these
records is exploratory and says so.
"""

from dataclasses import asdict, dataclass

from ferbook.runs.key import json_sha256
from ferbook.study.cell import RIVALS, ROWS
from ferbook.study.learning import RECIPES
from ferbook.study.settings import SIZES, Settings

LEARNED = 0.75  # AUC that the 95 % interval of a network that learned is above
ALPHA = 0.05
DRAWS = 2000
RANK, UNITS = "relevance_rank@0.25", "unit_deletion"
PRIMARY_SCORES = (UNITS, RANK)
SMALL_PARTS = ("brow", "eye", "nose")
LARGE_PARTS = ("cheek", "mouth", "jaw")


@dataclass(frozen=True)
class Hypothesis:
    """One statement, and what decides it.

    Attributes:
        key: its name in tables.
        says: the statement.
        kind: ``above``: a row's mean of the score is above that of each of the
            others (the largest p counts); ``parts``: its margin above the other
            is larger on the first regions than on the second; ``orders``: the
            score orders the methods as the second score does, Spearman's
            correlation above one half; ``rises``: a row's score is larger
            where cues are tied most strongly than where least; ``foretells``:
            the score on rendered faces with the strongest ties orders rows of
            methods as it does on photographs, Spearman's above one half.
        score: which score.
        row: which row of :data:`~ferbook.study.cell.ROWS`.
        others: rows, or for ``orders`` a score, that it is held against.
    """

    key: str
    says: str
    kind: str
    score: str
    row: str = ""
    others: tuple[str, ...] = ()


HYPOTHESES = (
    Hypothesis(
        "H1", "SmoothGrad marks what moves better than every decoy",
        "above", RANK, "smooth_grad", RIVALS,
    ),
    Hypothesis(
        "H2", "SmoothGrad orders movements by their effect better than every decoy",
        "above", UNITS, "smooth_grad", RIVALS,
    ),
    Hypothesis(
        "H3", "Grad-CAM marks what moves better than every decoy",
        "above", RANK, "grad_cam", RIVALS,
    ),
    Hypothesis(
        "H4", "The networks' own attention marks it better than before training",
        "above", RANK, "attention", ("attention_untrained",),
    ),
    Hypothesis(
        "H5", "The networks' own attention marks it better than a fitted blob",
        "above", RANK, "attention", ("fitted_blob",),
    ),
    Hypothesis(
        "H6", "SmoothGrad's margin above mean parts is larger for brows, eyes and "
        "nose than for cheeks, mouth and jaw",
        "parts", RANK, "smooth_grad", ("mean_parts",),
    ),
    Hypothesis(
        "H7", "SmoothGrad tells more than the name of the movement",
        "above", RANK, "smooth_grad", ("named_part",),
    ),
    Hypothesis(
        "H8", "Covering pixels orders methods as faces rendered again do",
        "orders", "deletion", "", (UNITS,),
    ),
    Hypothesis(
        "H9", "SmoothGrad's mass on a planted cue rises with the cue's strength",
        "rises", "cue_mass", "smooth_grad",
    ),
    Hypothesis(
        "H10", "Integrated gradients from the mean colour beat those from black",
        "above", RANK, "integrated_gradients", ("integrated_gradients_black",),
    ),
    Hypothesis(
        "H11", "Rendered faces order methods by their mass on planted cues as "
        "photographs do",
        "foretells", "cue_mass",
    ),
)  # fmt: skip


def frozen(settings: Settings = SIZES["full"]) -> dict:
    """Everything that was decided before the first record, as JSON can hold it."""
    return {
        "settings": asdict(settings),
        "tasks": list(settings.tasks),
        "tied": settings.tied,
        "rows": list(ROWS),
        "recipes": {name: list(RECIPES[name]) for name in settings.networks},
        "hypotheses": [asdict(one) for one in HYPOTHESES],
        "learned": LEARNED,
        "alpha": ALPHA,
        "draws": DRAWS,
    }


def plan_hash(settings: Settings = SIZES["full"]) -> str:
    """SHA-256 of :func:`frozen`, which every record carries."""
    return json_sha256(frozen(settings))
