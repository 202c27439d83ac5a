"""Whether today's code still trains as recorded runs were trained."""

import copy
from dataclasses import replace

import pytest

from ferbook.runs import behaviour, state
from ferbook.runs.paths import runs_folder
from ferbook.runs.records import load_records
from ferbook.runs.state import Kind, State, state_of

RECORDS = load_records(runs_folder())
SMALL = next(r for r in RECORDS if r.paper == "deep_emotion" and not r.superseded)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))


@pytest.mark.slow
@pytest.mark.parametrize("record", RECORDS, ids=lambda r: "/".join(r.path.parts[-3:]))
def test_every_tracked_run_would_be_made_the_same_way(record):
    found = state_of(record)
    if record.code["dirty"]:  # what code made it is not known
        assert found == State(Kind.UNKNOWN, "no behaviour is stored")
    else:
        assert found.kind in (Kind.SAME_CODE, Kind.SAME_BEHAVIOUR)


def test_the_same_source_needs_no_probe(monkeypatch):
    monkeypatch.setattr(behaviour, "probe", None)
    now = state.run_source(SMALL.key)
    code = SMALL.code | {"source_sha256": now}
    assert state_of(changed(SMALL, code=code)) == State(Kind.SAME_CODE)


def changed(record, **fields):
    return replace(record, content=dict(record.content) | fields)


def test_what_is_done_otherwise_is_told_and_probed_once(monkeypatch):
    told = copy.deepcopy(SMALL.behaviour)
    told["every stage"]["exact"]["weight decay"] = 0.5
    probed, real = [], behaviour.probe
    monkeypatch.setattr(
        behaviour, "probe", lambda *words: probed.append(1) or real(*words)
    )
    record = changed(SMALL, behaviour=told)
    found = state_of(record)
    assert found.kind == Kind.OTHERWISE and "0.5 stored, none now" in found.why
    assert state_of(record) == found and len(probed) == 1
    monkeypatch.setattr(state, "code_sha256", lambda: "f" * 64)  # a page changed
    assert state_of(record) == found and len(probed) == 1


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"behaviour": None}, "no behaviour is stored"),
        ({"paper": "glasses"}, "glasses"),
        ({"config": {"glasses": 1}}, "glasses"),
    ],
    ids=["none", "paper", "setting"],
)
def test_what_cannot_be_probed_is_told(fields, why):
    found = state_of(changed(SMALL, **fields))
    assert found.kind == Kind.UNKNOWN and why in found.why
    assert str(found).startswith("cannot be probed: ")
