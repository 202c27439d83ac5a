"""The register of runs is only ever appended to."""

import pytest

from fer_lib.errors import FerError
from ferbook import cli
from ferbook.ledger.ledger import open_ledger
from ferbook.runs.paths import runs_folder
from ferbook.runs.register import NAME, append, entry, read_register, register
from ferbook.runs.state import Kind, State
from ferbook.runs.verify import Verification


@pytest.fixture
def folder(tmp_path, make_record):
    """Two records, one superseded."""
    make_record(folder=tmp_path)
    make_record(folder=tmp_path, seed=1, superseded="made again")
    return tmp_path


def test_every_tracked_record_is_registered_as_it_is():
    lines = read_register(runs_folder())
    told = {(line.record, line.sha256) for line in lines if line.event == "recorded"}
    ledger = open_ledger()
    for record in (*ledger.records, *ledger.superseded):
        place = record.path.relative_to(runs_folder()).as_posix()
        assert (place, record.predictions_sha256[:16]) in told, (
            f"{place} is not in the register; run python -m ferbook.runs.register"
        )


def test_what_is_new_is_entered_once(folder, make_record):
    events = [line.event for line in register(folder)]
    assert events == ["recorded", "recorded", "superseded"]
    assert register(folder) == ()
    third = make_record(folder=folder, seed=2)
    (line,) = register(folder)
    assert folder / line.record == third.path and line.machine == "a test"
    append(folder, [entry(folder, third, "repeated", "another machine", "agrees")])
    last = read_register(folder)[-1]
    assert (last.event, last.machine, last.note) == (
        "repeated",
        "another machine",
        "agrees",
    )


def test_a_repetition_is_entered_on_request(folder, tmp_path, monkeypatch, capsys):
    """By the path that a reader types, from wherever that is."""
    monkeypatch.setattr("ferbook.runs.paths.runs_folder", lambda: folder)
    told = Verification(State(Kind.SAME_CODE), (1.5,), (1.5,), 1e-3)
    monkeypatch.setattr("ferbook.runs.verify.verify", lambda *asked: told)
    register(folder)
    first = read_register(folder)[0].record
    monkeypatch.chdir(folder)
    assert cli.main(["verify", first]) == 0
    assert len(read_register(folder)) == 3
    assert cli.main(["verify", first, "--keep"]) == 0
    last = read_register(folder)[-1]
    assert (last.event, last.record) == ("repeated", first)
    assert last.machine and last.note.startswith("agrees: Code: same code")
    lone = tmp_path / "lone"
    for suffix in (".json", ".npz"):
        source = (folder / first).with_suffix(suffix)
        target = lone / first.replace(".json", suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    monkeypatch.setattr("ferbook.runs.paths.runs_folder", lambda: folder / "other")
    assert cli.main(["verify", str(lone / first), "--keep"]) == 1
    assert "leave --keep out" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["changed", "removed", "swapped"])
def test_a_line_that_was_touched_shows(folder, how):
    register(folder)
    path = folder / NAME
    lines = path.read_text("utf-8").splitlines(keepends=True)
    if how == "changed":
        lines[3] = lines[3].replace("made again", "never made")
    elif how == "removed":
        del lines[2]
    else:
        lines[1], lines[2] = lines[2], lines[1]
    path.write_text("".join(lines), "utf-8")
    with pytest.raises(FerError, match=r"line \d: was changed, or a line before"):
        read_register(folder)
    with pytest.raises(FerError, match="lines are only appended"):
        register(folder)


@pytest.mark.parametrize(
    ("kind", "faces", "why"),
    [
        (Kind.SAME_BEHAVIOUR, "a" * 64, ""),
        (Kind.OTHERWISE, "a" * 64, "sent in, but behaves otherwise"),
        (Kind.UNKNOWN, "a" * 64, "sent in, but cannot be probed"),
        (Kind.SAME_CODE, "b" * 64, "its faces or labels are not those"),
    ],
)
def test_what_readers_send_is_checked_before_it_counts(
    tmp_path, make_record, monkeypatch, kind, faces, why
):
    monkeypatch.setattr("ferbook.ledger.ledger.state_of", lambda record: State(kind))
    (tmp_path / "book" / "claims").mkdir(parents=True)
    place = tmp_path / "book" / "runs"
    own = make_record(folder=place)
    data = own.content["data"] | {"faces_sha256": "a" * 64}
    own.path.unlink()
    make_record(folder=place, data=data)
    sent = data | {"faces_sha256": faces}
    record = make_record(folder=place, seed=1, reader="A. Reader", data=sent)
    ledger = open_ledger(tmp_path)
    assert (record.path in [r.path for r in ledger.records]) == (not why)
    assert why in ledger.left_out.get(record.path, "")
