"""``ferbook predict``: read the expressions in photographs."""

import argparse
from pathlib import Path

from fer_lib.errors import FerError


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add ``predict`` to the parser's commands."""
    text = "read the expressions in photographs, and draw where a network looks"
    one = commands.add_parser(
        "predict", help=text, description=text, allow_abbrev=False
    )
    one.add_argument("photo", nargs="+", help="a photograph, or a folder of them")
    one.add_argument("--network", default="ramn", help="a nickname, or a saved file")
    one.add_argument("--method", default="grad_cam", help="of the maps of --explain")
    one.add_argument("--explain", type=Path, metavar="DIR", help="for a map per photo")
    one.add_argument("--out", type=Path, metavar="CSV", help="for all probabilities")
    one.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    import fer_lib
    from fer_lib.files import atomic_path

    network = fer_lib.load(options.network)
    print(f"{options.network} knows {network.provenance}.")
    read, unread = [], {}
    for photo in options.photo:
        try:
            found = fer_lib.predict(network, photo)
        except FerError as error:
            unread[photo] = str(error)
            continue
        read += found
        unread |= found.unread
        if options.explain:
            options.explain.mkdir(parents=True, exist_ok=True)
            for path in dict.fromkeys(one.source for one in found):
                drawn = fer_lib.explain(network, path, options.method).draw()
                place = options.explain / f"{Path(path).stem}-{options.method}.png"
                drawn.savefig(place)
                print(f"Map: {place}")
    for one in read:
        print(repr(one).strip("<>"))
    for why in unread.values():
        print(f"not read: {why}")
    if options.out:
        header = ",".join(["photo", "left", "top", "right", "bottom", *network.classes])
        rows = [
            ",".join([_quoted(one.source), *map(str, one.box), *_shares(one)])
            for one in read
        ]
        with atomic_path(options.out) as temporary:
            temporary.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        print(f"Table: {options.out}")
    return 0 if read else 1


def _shares(one) -> list[str]:
    return [f"{share:.4f}" for share in one.probabilities]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text
