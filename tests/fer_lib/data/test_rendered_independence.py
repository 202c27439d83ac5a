"""What is no expression tells nothing about the label."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency, kruskal

from fer_lib.data.sources import rendered
from fer_lib.expressions import EXPRESSIONS
from fer_lib.rendered.conditions import LAB, STYLISED, WILD
from fer_lib.rendered.head import load_head
from fer_lib.rendered.portrait import set_scene
from fer_lib.rendered.units import RECIPES, expression_units

LEAST = 1e-3  # p-value; of some 25 nuisances, one in 40 runs would fall below
# Units that no expression moves.
IDLE = ("eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeLookDownLeft",
        "eyeBlinkLeft", "mouthLeft", "mouthRight", "jawLeft", "jawRight",
        "cheekPuff")  # fmt: skip


def nuisances(scene, strength):
    """Everything that is drawn beside the expression, by name."""
    turn, light, camera = scene.camera.rotation, scene.light, scene.camera
    units = dict(zip(load_head().unit_names, scene.units, strict=True))
    return {
        "yaw": turn[0, 2], "pitch": turn[2, 1], "roll": turn[0, 1],
        "shift x": camera.shift[0], "shift y": camera.shift[1],
        "field": camera.half, "distance": camera.distance,
        "lamp x": light.direction[0], "lamp y": light.direction[1],
        "lamp": light.key, "room": light.ambient,
        "skin": scene.person.look.skin, "strength": strength,
    } | {name: units[name] for name in IDLE}  # fmt: skip


def dependent(columns, labels):
    """Names of the columns whose distribution differs between the labels."""
    found = set()
    for name, values in columns.items():
        groups = [values[labels == k] for k in np.unique(labels)]
        if kruskal(*groups).pvalue < LEAST:
            found.add(name)
    return found


def drawn(subjects, shown, conditions, frame=0):
    rows = [
        nuisances(*set_scene(int(who), EXPRESSIONS[k], 48, 0, take, conditions, frame))
        for take, (who, k) in enumerate(zip(subjects, shown, strict=True))
    ]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.fixture(scope="module")
def wild():
    _, shown, subjects = rendered._plan_wild({"Training": 1000}, 0)
    return drawn(subjects, shown, WILD), shown, subjects


def test_wild(wild):
    columns, shown, _ = wild
    assert dependent(columns, shown) == set()


def test_the_test_itself_sees_half_a_standard_deviation(wild):
    columns, shown, _ = wild
    happy = shown == EXPRESSIONS.index("happy")
    planted = columns["yaw"] + 0.5 * columns["yaw"].std() * happy
    assert dependent({"yaw": planted}, shown) == {"yaw"}


def test_wild_people_do_not_tell_the_label(wild):
    _, shown, subjects = wild
    table = np.zeros((50, 7), int)
    np.add.at(table, (subjects, shown), 1)
    assert (table.sum(1) == 20).all(), "balanced in identity"
    assert chi2_contingency(table).pvalue > LEAST


def test_stylised():
    number = np.arange(6 * 7 * 12)
    shown = number // 12 % 7
    columns = drawn(number // 84, shown, STYLISED)
    assert dependent(columns, shown) == set()


def test_lab_at_the_apex():
    take = np.arange(60 * 7)
    shown = np.array([0, 1, 2, 3, 4, 5, 7])[take % 7]
    columns = drawn(take // 7, shown, LAB, frame=6)
    assert dependent(columns, shown) == set()


def asymmetries(expression, count=150):
    """Share by which one side moves less, of faces without idle movement."""
    head, found = load_head(), []
    left = [k for k, n in enumerate(head.unit_names) if n.endswith("Left")]
    right = [head.unit_names.index(head.unit_names[k][:-4] + "Right") for k in left]
    for k in range(count):
        rng = np.random.default_rng([k, EXPRESSIONS.index(expression)])
        units = expression_units(head, expression, rng, distractors=0)
        total = units[left].sum() + units[right].sum()
        found.append((units[left].sum() - units[right].sum()) / total)
    return np.array(found)


def test_asymmetry_does_not_tell_the_expression():
    names = [n for n in RECIPES if RECIPES[n] and n != "contempt"]
    groups = [asymmetries(name) for name in names]
    assert min(np.abs(group).max() for group in groups) > 0.1
    assert kruskal(*groups).pvalue > LEAST
    assert kruskal(*map(np.abs, groups)).pvalue > LEAST
