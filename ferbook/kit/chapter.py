"""What every paper's chapter calls, under one name.

from ferbook.kit import chapter

parameters = chapter.read_parameters("ramn", globals())
"""

# ruff: noqa: F401  names are passed on to notebooks

from dataclasses import replace

from fer_lib.data.protocols import Splits
from ferbook.analysis.pages import on_photographs
from ferbook.kit.ablation import ablation, tried_box, try_variants
from ferbook.kit.costs import badge, cost_box, training_cost
from ferbook.kit.faces import (
    curve_note,
    examples,
    hard_cases,
    note,
    show_confusions,
    show_curve,
    show_faces,
    show_hard_cases,
    show_maps,
)
from ferbook.kit.found import found
from ferbook.kit.parameters import Parameters, read_parameters
from ferbook.kit.quiz import Question, compare, quiz
from ferbook.kit.results import (
    departure_box,
    if_any,
    recall_box,
    recorded,
    recorded_box,
    result_box,
    three_columns,
)
from ferbook.kit.run import network, record_cell
from ferbook.show.claim_list import claim_list
from ferbook.show.networks import equation_table, read_equations
from ferbook.show.tables import Table
from ferbook.study.pointer import pointer


def show_badge(parameters: Parameters, splits: Splits) -> None:
    """Print what the chosen preset costs."""
    cost = training_cost(parameters.paper, parameters.preset, splits)
    print(badge(cost, parameters.train))


def equation_box(paper: str) -> Table:
    """The paper's equations with the functions that compute them."""
    table = equation_table(one for one in read_equations() if one.paper == paper)
    caption = "The equations, their functions and their tests"
    return replace(table.without_first(), caption=caption, folded=True)
