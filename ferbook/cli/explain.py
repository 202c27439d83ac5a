"""``ferbook explain``: heat maps against known truth."""

import argparse
from pathlib import Path

from ferbook.cli.commands import command, one_of


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add ``explain`` to the parser's commands."""
    text = "score heat maps of all networks against known truth, on rendered faces"
    run = command(commands, "explain", _run, text)
    run.add_argument("--task", nargs="+", metavar="NAME", help="all of them")
    run.add_argument("--network", nargs="+", metavar="NAME", help="all of them")
    run.add_argument("--seeds", type=int, default=2, help="of the fair tasks (2)")
    run.add_argument("--faces", type=int, help="explained")
    run.add_argument("--train", type=int, help="learned from")
    run.add_argument("--epochs", type=float, default=1.0, help="factor on epochs")
    run.add_argument("--budget", metavar="20m", help="then begin no further cell")
    run.add_argument("--out", type=Path, help="folder of the record")
    run.add_argument("--fresh", action="store_true", help="replace another study")


def _run(options: argparse.Namespace) -> int:
    from ferbook.kit.parameters import seconds_of
    from ferbook.study.record import NAME, explanations_folder
    from ferbook.study.report import accuracy_table, ranking_table
    from ferbook.study.settings import NETWORKS, TASKS, Settings
    from ferbook.study.work import plan_cells, work

    tasks = [one_of("task", name, TASKS) for name in options.task or TASKS]
    networks = [one_of("network", n, NETWORKS) for n in options.network or NETWORKS]
    named = {k: getattr(options, k) for k in ("train", "faces")}
    given = {k: value for k, value in named.items() if value is not None}
    out = options.out or explanations_folder()
    study = work(
        plan_cells(tasks, networks, options.seeds),
        Settings(**given, epochs=options.epochs),
        out,
        budget=seconds_of(options.budget) if options.budget else None,
        fresh=options.fresh,
    )
    print(accuracy_table(study, study.tasks).text())
    if study.learned.any():
        print("", ranking_table(study, "relevance_rank").text(), sep="\n")
    print(f"\nRecord: {out / NAME}.json, and the .npz file beside it.")
    return 0
