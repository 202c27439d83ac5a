"""``ferbook explain --edition 2``: the second edition's records."""

import argparse
from pathlib import Path

from fer_lib.errors import FerError
from fer_lib.files import cache_dir

# What the first edition's options would change is frozen here.
FIRST_ALONE = ("task", "network", "faces", "train", "scheduler", "workers")


def explain_again(options: argparse.Namespace) -> int:
    """Make what is missing, and print the answers so far."""
    from ferbook.kit.parameters import seconds_of
    from ferbook.runs.records import check_writable
    from ferbook.study.second.plan import FROZEN
    from ferbook.study.second.report import summary
    from ferbook.study.second.settings import SIZES
    from ferbook.study.second.work import records_folder, work

    given = [f"--{name}" for name in FIRST_ALONE if getattr(options, name) is not None]
    given += ["--fresh"] if options.fresh else []
    if given:
        raise FerError(
            f"explain --edition 2: {', '.join(given)} cannot be given, as its plan is "
            "frozen; choose a size with --size, and share the cells with --part."
        )
    size = options.size or "full"
    if size == "full" and not FROZEN:
        raise FerError(
            "explain --edition 2: the plan is not frozen; try each network's recipe "
            "with python -m ferbook.study.second.pilot NETWORK, set FROZEN in "
            "ferbook/study/second/plan.py and write its page with python -m "
            "ferbook.study.second.report. Or take --size small."
        )
    settings = SIZES[size]
    other = cache_dir() / "explanations-second" / size
    out = options.out or (records_folder() if size == "full" else other)
    out.mkdir(parents=True, exist_ok=True)
    check_writable(out)
    budget = seconds_of(options.budget) if options.budget else None
    first, step = _part(options.part)
    cells = settings.cells()[first::step]
    done = work(settings, out, cells=cells, budget=budget)
    print(summary(out, settings))
    print(f"\n{len(done)} of {len(cells)} cells are recorded in {Path(out)}.")
    return 0


def _part(told: str | None) -> tuple[int, int]:
    """Where to start among the cells, and the step."""
    if told is None:
        return 0, 1
    first, _, step = told.partition("/")
    if not (first.isdigit() and step.isdigit() and 1 <= int(first) <= int(step)):
        raise FerError(
            f"--part is '{told}', expected K/N with K from 1 to N, as in 1/2."
        )
    return int(first) - 1, int(step)
