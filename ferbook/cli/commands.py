"""The commands of few words; the others have a module each."""

import argparse
import json
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from fer_lib.errors import FerError

if TYPE_CHECKING:
    from ferbook.cluster import Cluster


def command(
    commands: argparse._SubParsersAction,
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
    **options: object,
) -> argparse.ArgumentParser:
    """A command's parser, which takes no option by a part of its name."""
    parser = commands.add_parser(
        name, help=text, description=text, allow_abbrev=False, **options
    )
    parser.set_defaults(run=run, name=name)
    return parser


def one_of(what: str, name: str, known: Collection[str]) -> str:
    """The name; ``FerError`` when it is none of those that are known."""
    if name not in known:
        raise FerError(
            f"{what} '{name}' is unknown, expected one of {', '.join(known)}."
        )
    return name


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add all of them to the parser's commands."""
    data = command(commands, "data", check, "check or get a data set")
    actions = data.add_subparsers(required=True, metavar="ACTION")
    for run, text in (
        (check, "counts, hashes, and what is wrong"),
        (audit, "duplicates, leakage, label noise, human ceiling"),
        (get, "download it where that is allowed, or tell how"),
    ):
        one = command(actions, run.__name__, run, text)
        one.add_argument("dataset")
        one.add_argument("--root", metavar="DIR", help="folder of the data set")
        if run is not get:
            add_option(one)
        if run is audit:
            text = "look for faces, too (minutes)"
            one.add_argument("--detect", action="store_true", help=text)
            one.add_argument("--out", type=Path, help="write it as JSON, too")

    one = command(commands, "models", models, "every network and its size")
    one.add_argument("--preset", default="paper", metavar="NAME")
    one.add_argument("--classes", type=int, default=7)
    one.add_argument("--json", action="store_true")

    one = command(commands, "claims", claims, "the ledger with its verdicts")
    one.add_argument("--paper", metavar="NAME")
    one.add_argument("--json", action="store_true")

    text = "compare today's code, and a run's first batches, with its record"
    one = command(commands, "verify", verify, text)
    one.add_argument("record", type=Path, help="its JSON file")
    one.add_argument("--root", metavar="DIR", help="folder of the data set")
    one.add_argument("--target-root", metavar="DIR", help="of the reported one")
    one.add_argument("--device", default="auto")
    one.add_argument("--keep", action="store_true", help="enter it in the register")

    text = "score heat maps of all networks against known truth, on rendered faces"
    one = command(commands, "explain", explain, text)
    text = "of the study: full is its frozen plan, small takes about 15 minutes"
    sizes = ("full", "small", "smoke")
    one.add_argument("--size", choices=sizes, default="full", help=text)
    text = "FER2013 with FER+, for the part on photographs"
    one.add_argument("--root", metavar="DIR", help=text)
    one.add_argument("--budget", metavar="20m", help="then begin no further cell")
    one.add_argument("--out", type=Path, help="folder of the records")
    add_cluster(one)

    text = (
        "average what a network looks at over many faces of a data set, and record it"
    )
    one = command(commands, "analyse", analyse, text)
    one.add_argument("network", help="a nickname, or a saved file")
    one.add_argument("--dataset", default="fer2013")
    one.add_argument("--root", metavar="DIR", help="folder of the data set")
    add_option(one)
    one.add_argument("--protocol", default="official", metavar="NAME")
    one.add_argument("--split", metavar="NAME", help="the reported one")
    one.add_argument("--faces", type=int, help="whose maps are averaged, about")
    one.add_argument("--device", default="auto")
    one.add_argument("--out", type=Path, help="folder of the records (book/analyses)")


def add_option(parser: argparse.ArgumentParser) -> None:
    """Options of a data set's reader: ``--option size=48``."""
    told = "of the data set's reader, as in size=48; may be given again"
    parser.add_argument("--option", action="append", metavar="NAME=VALUE", help=told)


def add_cluster(parser: argparse._ActionsContainer) -> None:
    """Options of who does the work, by Dask."""
    told = "of a Dask scheduler whose workers do the work, as tcp://node1:8786"
    parser.add_argument("--scheduler", metavar="ADDRESS", help=told)
    told = "processes of this machine that do the work"
    parser.add_argument("--workers", type=int, metavar="N", help=told)


def cluster_of(given: Mapping) -> AbstractContextManager["Cluster | None"]:
    """The cluster that options name; None where this process does the work."""
    address, workers = (given.get(name) for name in ("scheduler", "workers"))
    if address and workers is not None:
        raise FerError(
            "--scheduler and --workers name two clusters; leave one of them out."
        )
    if not address and workers is None:
        return nullcontext()
    from ferbook.cluster import open_cluster

    return open_cluster(address, workers, given.get("device", "cpu"))


def check(options: argparse.Namespace) -> int:
    from fer_lib.data.audit.check import check_dataset

    name, root, given = _named(options)
    report = check_dataset(name, root, **given)
    print(report)
    return 1 if report.problems else 0


def audit(options: argparse.Namespace) -> int:
    from fer_lib.data import load
    from fer_lib.data.audit import audit
    from ferbook.runs.records import check_writable

    name, root, given = _named(options)
    if options.out:
        check_writable(options.out.parent)
    found = audit(load(name, root, **given), detect=options.detect)
    print(found)
    if options.out:
        found.save(options.out)
        print(f"Record: {options.out}")
    return 0


def get(options: argparse.Namespace) -> int:
    from fer_lib.data.sources.download import get_fer2013
    from fer_lib.data.sources.published import how_to_get

    if _known(options) != "fer2013":
        print(how_to_get(options.dataset))
        return 0
    options.option = None
    get_fer2013(_named(options)[1])
    return check(options)


def _known(options: argparse.Namespace, *more: str) -> str:
    from fer_lib.data import DATASETS

    return one_of("data set", options.dataset, (*DATASETS[1:], *more))


def _named(options: argparse.Namespace) -> tuple[str, str, dict]:
    """Data set, folder and the reader's options; without a folder nothing is read."""
    from ferbook.runs.settings import parsed_options

    name = _known(options, "folder")
    if not options.root:
        raise FerError(f"{name}: name its folder with --root DIR.")
    return name, options.root, parsed_options(name, options.option or ())


def models(options: argparse.Namespace) -> int:
    from fer_lib.models.catalogue import catalogue
    from ferbook.show.networks import network_table

    entries = list(catalogue(options.preset, options.classes))
    if options.json:
        print(json.dumps([one.to_json() for one in entries], indent=1))
    else:
        print(network_table(entries).text())
    return 0


def claims(options: argparse.Namespace) -> int:
    from ferbook.ledger.ledger import open_ledger
    from ferbook.show.ledger import claims_json, claims_text

    ledger = open_ledger()
    tell = claims_json if options.json else claims_text
    print(tell(options.paper, ledger))
    for reason in ledger.left_out_text():
        print(f"ferbook: {reason}", file=sys.stderr)
    return 0


def verify(options: argparse.Namespace) -> int:
    from ferbook.runs.records import read_record
    from ferbook.runs.verify import verify

    record = read_record(options.record)
    found = verify(record, options.root, options.target_root, options.device)
    print(found)
    if options.keep:
        from fer_lib.device import choose_device
        from ferbook.runs.paths import runs_folder
        from ferbook.runs.register import append, entry
        from ferbook.training.machine import hardware

        folder, machine = runs_folder(), hardware(choose_device(options.device))
        word = "agrees" if found.agrees else "differs"
        note = f"{word}: {found}".replace("\n", " ")
        append(folder, [entry(folder, record, "repeated", machine["name"], note)])
    return 0 if found.agrees else 1


def explain(options: argparse.Namespace) -> int:
    from fer_lib.files import cache_dir
    from ferbook.cluster import in_turn
    from ferbook.kit.parameters import seconds_of
    from ferbook.runs.records import check_writable
    from ferbook.study.record import records_folder
    from ferbook.study.report import summary
    from ferbook.study.settings import SIZES
    from ferbook.study.work import work

    size, settings = options.size, SIZES[options.size]
    # Records of two plans are refused in one folder.
    usual = records_folder() if size == "full" else cache_dir() / f"study-{size}"
    out = options.out or usual
    check_writable(out)
    out.mkdir(parents=True, exist_ok=True)
    budget = seconds_of(options.budget) if options.budget else None
    with cluster_of(vars(options)) as cluster:
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


def analyse(options: argparse.Namespace) -> int:
    from fer_lib.data import DATASETS
    from ferbook.analysis.pages import accuracy_box, heat_box, own_box
    from ferbook.analysis.record import read_analysis
    from ferbook.analysis.work import analyse
    from ferbook.runs.settings import parsed_options

    name = one_of("data set", options.dataset, DATASETS)
    path = analyse(
        options.network,
        name,
        options.root,
        parsed_options(name, options.option or ()),
        protocol=options.protocol,
        split=options.split,
        **({} if options.faces is None else {"count": options.faces}),
        device=options.device,
        folder=options.out,
    )
    found = read_analysis(path)
    for box in (accuracy_box(found), heat_box(found), own_box(found)):
        print(box.text(), end="\n\n")
    for words in found.content["sentences"]:
        print(words)
    print(f"Record: {path}, and the .npz file beside it.")
    return 0
