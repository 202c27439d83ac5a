"""Claims, forecasts and jobs for the tests of the queue."""

from types import SimpleNamespace

from ferbook.ledger.claims import Answer, Claim, Claims, Where
from ferbook.queue import Entry, Forecast
from ferbook.runs.key import RunKey


def claim(name, kind="value", *, variant="default", presets=("paper",), **more):
    """A claim about FER2013 that runs of some presets answer."""
    answers = tuple(Answer("official", preset=p, variant=variant) for p in presets)
    about = {
        "id": f"ramn.fer2013.{name}",
        "kind": kind,
        "where": Where("Table I"),
        "says": "A claim.",
        "dataset": "fer2013",
        "protocol": "official",
        "answered_by": answers,
    }
    return Claim(**about | more)


def papers(*claims):
    """One claims file."""
    return (Claims("ramn", "", "", claims, (), ()),)


def key(variant="default", seed=0, preset="paper", **more):
    about = {"paper": "ramn", "dataset": "fer2013", "protocol": "official"}
    about |= {"preset": preset, "variant": variant, "seed": seed}
    return RunKey(**about | more)


def forecast(seconds=3600.0, epoch_seconds=0.0, far_off=False):
    return Forecast(1.0, seconds, epoch_seconds, far_off)


def entries(count, **about):
    """One run a seed."""
    return [Entry(key(seed=s), forecast(**about), (), (), 0) for s in range(count)]


def record(*items):
    """All that the queue asks of a record: where it departs from its paper."""
    told = [SimpleNamespace(item=item, paper="", ours="") for item in items]
    return SimpleNamespace(departures=told)
