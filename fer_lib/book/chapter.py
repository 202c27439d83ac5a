"""What every paper's chapter calls, under one name.

from fer_lib.book import chapter

parameters = chapter.read_parameters("ramn", globals())
"""

from fer_lib.book.chapter_ablation import ablation, tried_box, try_variants
from fer_lib.book.chapter_costs import badge, cost_box, training_cost
from fer_lib.book.chapter_faces import (
    examples,
    hard_cases,
    note,
    show_confusions,
    show_curve,
    show_faces,
    show_hard_cases,
)
from fer_lib.book.chapter_parameters import Parameters, read_parameters
from fer_lib.book.chapter_results import (
    deviation_box,
    recall_box,
    recorded,
    recorded_box,
    result_box,
    three_columns,
)
from fer_lib.book.chapter_run import network, record_cell
from fer_lib.book.exercises import compare
from fer_lib.book.explanations import pointer
from fer_lib.book.ledger import claim_box
from fer_lib.book.networks import equation_table, read_equations
from fer_lib.book.quiz import Question, quiz
from fer_lib.book.tables import Table
from fer_lib.data.protocols import Splits

__all__ = [
    "Question",
    "ablation",
    "claim_box",
    "compare",
    "cost_box",
    "deviation_box",
    "equation_box",
    "examples",
    "hard_cases",
    "network",
    "note",
    "pointer",
    "quiz",
    "read_parameters",
    "recall_box",
    "record_cell",
    "recorded",
    "recorded_box",
    "result_box",
    "show_badge",
    "show_confusions",
    "show_curve",
    "show_faces",
    "show_hard_cases",
    "three_columns",
    "tried_box",
    "try_variants",
]


def show_badge(parameters: Parameters, splits: Splits) -> None:
    """Print what the chosen preset costs."""
    cost = training_cost(parameters.paper, parameters.preset, splits)
    print(badge(cost, parameters.train))


def equation_box(paper: str) -> Table:
    """The paper's equations with the functions that compute them."""
    found = [one for one in read_equations() if one.paper == paper]
    return equation_table(found)
