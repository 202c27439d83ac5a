"""What errors of runs say to do is done, and the run is made."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ferbook import cli

WORDS = ["deep_emotion", "--preset", "smoke", "--epochs", "1", "--device", "cpu"]


@dataclass(frozen=True)
class Advice:
    """What stands in the way, what is said to do, and doing it.

    ``more`` are words of the command that fails.  ``follow`` may return those of the
    one that shall not.
    """

    plant: Callable[[Path], object] = lambda folder: run(folder)
    words: str = ""
    follow: Callable[[Path], object] = lambda folder: None
    more: tuple[str, ...] = ()


def run(folder: Path, *more: str) -> int:
    """A run of an epoch on 140 random faces; its exit code."""
    return cli.main(["reproduce", *WORDS, "--out", str(folder / "runs"), *more])


def record(folder: Path) -> Path:
    [path] = (folder / "runs").rglob("*.json")
    return path


def spoiled(folder: Path) -> None:
    """A record whose predictions are gone."""
    run(folder)
    record(folder).with_suffix(".npz").unlink()


def in_the_way(folder: Path) -> None:
    """A file where the cache's folder is to be."""
    (folder / "cache").touch()


ADVICE = {
    "recorded: another seed": Advice(
        words="take another seed", follow=lambda folder: ["--seed", "1"]
    ),
    "recorded: again": Advice(
        words="or --again to make it again", follow=lambda folder: ["--again"]
    ),
    "a cache that cannot be": Advice(
        in_the_way,
        "set FER_CACHE to a folder",
        lambda folder: (folder / "cache").unlink(),
    ),
    "a rate that diverges": Advice(
        lambda folder: None,
        "lower the learning rate",
        lambda folder: ["--set", "learning_rate=0.001"],
        ("--set", "learning_rate=1e30"),
    ),
}


@pytest.mark.parametrize("case", ADVICE)
def test_what_is_said_works(tiny, tmp_path, capsys, case):
    one = ADVICE[case]
    one.plant(tmp_path)
    capsys.readouterr()
    assert run(tmp_path, *one.more) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert one.words in told
    assert run(tmp_path, *(one.follow(tmp_path) or [])) == 0
    assert "Record: " in capsys.readouterr().out


def test_a_record_without_its_predictions_is_made_again(tiny, tmp_path, capsys):
    spoiled(tmp_path)
    assert cli.main(["verify", str(record(tmp_path))]) == 1
    assert "missing beside" in (told := capsys.readouterr().err)
    assert told.rstrip().endswith("run it again.")
    assert run(tmp_path) == 0
    assert "-run2.json" in capsys.readouterr().out
