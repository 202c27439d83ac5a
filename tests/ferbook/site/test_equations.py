"""Equations, their functions and their tests name one another."""

import ast
import importlib
import re

import pytest

from fer_lib.models import NETWORKS
from ferbook.show.networks import read_equations

EQUATIONS = read_equations()
# How many each paper numbers; the diversified paper has two networks.
PRINTED = {
    ("ramn",): 6,
    ("residual_masking",): 1,
    ("deep_emotion",): 1,
    ("diversified_esr", "diversified_manet"): 5,
    ("part_ensemble",): 9,
}


@pytest.mark.parametrize(("papers", "count"), PRINTED.items())
def test_every_equation_is_there_once(papers, count):
    numbers = [one.number for one in EQUATIONS if one.paper in papers]
    assert sorted(numbers) == list(range(1, count + 1))
    assert all(paper in NETWORKS for paper in papers)


def mentions(text, number):
    """Whether "equation (4)" or "equations (3) to (6)" names a number."""
    for told in re.findall(r"quations?((?:,? (?:\(\d+\)|to|and))+)", text):
        numbers = [int(n) for n in re.findall(r"\d+", told)]
        if number in numbers:
            return True
        if " to " in told and numbers[0] <= number <= numbers[-1]:
            return True
    return False


@pytest.mark.parametrize("one", EQUATIONS, ids=lambda e: f"{e.paper}-{e.number}")
def test_the_function_names_its_equation(one):
    module, _, name = one.function.rpartition(".")
    function = getattr(importlib.import_module(module), name)
    text = re.sub(r"\s+", " ", function.__doc__)
    assert mentions(text, one.number), text


def marked(path):
    """Equations that the tests of a file are marked with, by test."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for mark in getattr(node, "decorator_list", ()):
            if ast.unparse(mark).startswith("pytest.mark.equation("):
                values = tuple(ast.literal_eval(arg) for arg in mark.args)
                found.setdefault(node.name, set()).add(values)
    return found


@pytest.mark.parametrize("one", EQUATIONS, ids=lambda e: f"{e.paper}-{e.number}")
def test_the_test_names_its_equation(one, root):
    path, _, name = one.test.partition("::")
    assert (one.paper, one.number) in marked(root / path).get(name, ())


def test_every_marked_test_is_about_a_listed_equation(root):
    listed = {(one.paper, one.number) for one in EQUATIONS}
    for path in (root / "tests").rglob("test_*.py"):
        for name, values in marked(path).items():
            assert values <= listed, f"{path.name}::{name}"
