"""Injected parameters: every slip is refused in one sentence."""

import pytest

from fer_lib.errors import FerError
from ferbook.kit.parameters import (
    Interval,
    check_parameters,
    seconds_of,
)

RULES = {
    "dataset": ("rendered", "fer2013"),
    "data_root": str,
    "epochs": range(0, 1001),
    "width": Interval(0.25, 2),
    "train": bool,
}
GOOD = {
    "dataset": "rendered",
    "data_root": "",
    "epochs": 0,
    "width": 1.0,
    "train": True,
}


def check(**changes):
    return check_parameters(GOOD | changes, **RULES)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"dataset": "fer"}, "one of rendered, fer2013"),
        ({"dataset": 3}, "one of rendered, fer2013"),
        ({"data_root": 12}, "a text"),
        ({"epochs": -1}, "a whole number from 0 to 1000"),
        ({"epochs": 1001}, "a whole number from 0 to 1000"),
        ({"epochs": 2.0}, "a whole number from 0 to 1000"),
        ({"epochs": True}, "a whole number from 0 to 1000"),
        ({"width": 0.2}, "a number from 0.25 to 2"),
        ({"width": float("nan")}, "a number from 0.25 to 2"),
        ({"width": "1"}, "a number from 0.25 to 2"),
        ({"train": 1}, "True or False"),
        ({"train": "False"}, "True or False"),
        ({"train": None}, "True or False"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(change, expected):
    [(name, value)] = change.items()
    with pytest.raises(FerError) as refused:
        check(**change)
    message = str(refused.value)
    assert message.startswith(f"Parameter '{name}' is {value!r} ")
    assert expected in message
    assert message.count("\n") == 0


def test_durations():
    assert (seconds_of("90s"), seconds_of("1.5h"), seconds_of(" 9m ")) == (
        90,
        5400,
        540,
    )
    for text in ("", "9", "m", "-1m", "9 m", "1h30m", "9 minutes"):
        with pytest.raises(FerError, match="expected a number with s, m or h"):
            seconds_of(text)
