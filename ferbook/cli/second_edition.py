"""``ferbook explain --edition 2``: the second edition's records."""

import argparse
from typing import TYPE_CHECKING

from fer_lib.errors import FerError
from fer_lib.files import cache_dir

if TYPE_CHECKING:
    from ferbook.cluster.engine import Cluster

# What the first edition's options would change is frozen here.
FIRST_ALONE = ("task", "network", "faces", "train")


def explain_again(options: argparse.Namespace, cluster: "Cluster | None") -> int:
    """Make what is missing, here or on a cluster, and print the answers so far."""
    from ferbook.cluster import in_turn
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
            "frozen; choose a size with --size."
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
    if cluster:
        cluster.check()
    each = cluster.each if cluster else in_turn
    done = work(settings, out, root=options.root, budget=budget, each=each)
    print(summary(out, settings))
    count = len(settings.cells())
    if options.root:
        count += len(settings.cells_on_photographs())
    else:
        print("\nPhotographs are left out: name FER2013's folder with --root.")
    print(f"\n{len(done)} of {count} cells are recorded in {out}.")
    return 0
