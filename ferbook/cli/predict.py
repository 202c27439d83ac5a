"""``ferbook predict``: photographs to rows, one a face, in constant memory."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from fer_lib.files import atomic_path
from ferbook.cli.commands import command
from ferbook.cli.rows import open_table

if TYPE_CHECKING:
    from fer_lib.models.network import Network
    from fer_lib.reading import Photograph

LINES = 20  # photographs that are told one by one; a table holds any number
BOX = ("left", "top", "right", "bottom")
PROBABILITY = "p_"  # begins the name of a class's column


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add it to the parser's commands."""
    text = "read the expressions in photographs, and draw where a network looks"
    one = command(commands, "predict", predict, text)
    told = "a photograph, or a folder of them and of folders"
    one.add_argument("photo", nargs="+", help=told)
    one.add_argument("--network", default="ramn", help="a nickname, or a saved file")
    one.add_argument("--method", default="grad_cam", help="of the maps of --explain")
    one.add_argument("--explain", type=Path, metavar="DIR", help="for a map per photo")
    told = "table.csv or table.parquet, a row per face"
    one.add_argument("--out", type=Path, metavar="FILE", help=told)
    told = "processes that look for faces (1)"
    one.add_argument("--workers", type=int, default=1, metavar="N", help=told)
    one.add_argument("--json", action="store_true", help="print the rows as JSON lines")


def predict(options: argparse.Namespace) -> int:
    """Read, and tell of each photograph when it is read."""
    from tqdm.auto import tqdm

    import fer_lib
    from fer_lib.reading import read_photographs
    from ferbook.runs.records import check_writable

    def say(line: str) -> None:
        """To the screen, above the progress bar; beside JSON, as errors are."""
        tqdm.write(line, file=sys.stderr if options.json else sys.stdout)

    for name, place in (("--explain", options.explain), ("--out", options.out)):
        if place:
            check_writable(place if name == "--explain" else place.parent, name)
    network = fer_lib.load(options.network)
    say(f"{options.network} knows {network.provenance}.\n{_rule(network)}")
    columns = columns_of(network) | ({"map": str} if options.explain else {})
    table = open_table(options.out, columns) if options.out else nullcontext()
    tally = Tally()
    with table as write:
        for photo in read_photographs(network, options.photo, options.workers):
            drawn = _draw(network, photo, options) if options.explain else {}
            for row in rows_of(photo):
                row = dict.fromkeys(columns) | row | drawn
                if write:
                    write(row)
                if options.json:
                    tqdm.write(json.dumps(row))
            tally.add(photo)
            if not options.json and tally.photographs <= LINES:
                say("\n".join(_lines(photo, drawn)))
    if (more := tally.photographs - LINES) > 0 and not options.json:
        say(f"... and {more:,} more photographs: --out table.csv writes a row of each.")
    say(str(tally))
    if options.out:
        say(f"Table: {options.out}")
    return 0 if tally.faces else 1


class Tally:
    """How many photographs and faces were read, and as what."""

    def __init__(self):
        self.states, self.said = Counter(), Counter()

    def add(self, photo: "Photograph") -> None:
        """Count a photograph and its faces."""
        self.states[photo.state] += 1
        self.said.update(
            one.expression if one.sure else "not sure" for one in photo.readings
        )

    @property
    def photographs(self) -> int:
        """Files, whatever came of them."""
        return self.states.total()

    @property
    def faces(self) -> int:
        """Faces that were read."""
        return self.said.total()

    def __str__(self) -> str:
        from fer_lib.reading import NO_FACE, NOT_READ, READ

        counts = (f"{n:,} {name}" for name, n in self.said.most_common())
        kinds = [kind for kind in (READ, NO_FACE, NOT_READ) if self.states[kind]]
        states = (f"{self.states[kind]:,} {kind}" for kind in kinds)
        told = f"Photographs: {', '.join(states)}. Faces: {self.faces:,}"
        return f"{told}: {', '.join(counts)}." if self.faces else f"{told}."


def columns_of(network: "Network") -> dict[str, type]:
    """Columns of the table and their types."""
    columns = {"photo": str, "face": int} | dict.fromkeys((*BOX, "size"), int)
    columns |= {"expression": str, "sure": bool}
    columns |= {PROBABILITY + name: float for name in network.classes}
    return columns | {"note": str}


def rows_of(photo: "Photograph") -> Iterator[dict]:
    """A row per face, by column; one of a photograph in which none was read."""
    for number, one in enumerate(photo.readings, 1):
        box = dict(zip(BOX, one.box, strict=True))
        shares = zip(one.classes, one.probabilities.tolist(), strict=True)
        yield (
            {"photo": str(photo.path), "face": number}
            | box
            | {"size": one.size, "expression": one.expression, "sure": one.sure}
            | {PROBABILITY + name: round(share, 6) for name, share in shares}
            | {"note": one.note}
        )
    if not photo.readings:
        said = {"expression": photo.state, "note": photo.note}
        yield {"photo": str(photo.path)} | said


def _draw(
    network: "Network", photo: "Photograph", options: argparse.Namespace
) -> dict[str, str]:
    """The map of a photograph's faces, in a file of a name that is free."""
    import matplotlib.pyplot as plt

    import fer_lib

    if not photo.readings:
        return {}
    figure = fer_lib.explain(network, photo.readings, options.method).draw()
    # Photographs in two folders may have one name.
    for number in count(1):
        name = photo.path.stem + (f"-{number}" if number > 1 else "")
        place = options.explain / f"{name}-{options.method}.png"
        if not place.exists():
            break
    with atomic_path(place) as temporary:
        figure.savefig(temporary)
    plt.close(figure)
    return {"map": str(place)}


def _lines(photo: "Photograph", drawn: dict[str, str]) -> Iterator[str]:
    for one in photo.readings:
        yield repr(one).strip("<>") + (f"; {one.note}" if one.note else "")
    if not photo.readings:
        yield f"{photo.state}: {photo.path}: {photo.note}"
    if drawn:
        yield f"Map: {drawn['map']}"


def _rule(network: "Network") -> str:
    """When its answers are called sure, and how that is known."""
    from fer_lib.evaluation.calibration import threshold_of

    line = f"Sure is a probability of {100 * threshold_of(network):.0f} % or more"
    if rule := network.about.get("sure"):
        return (
            f"{line}: {100 * rule['share']:.0f} % of {rule['n']:,} validation faces, "
            f"and {100 * rule['right']:.0f} % of those were read correctly."
        )
    return (
        f"{line}: likelier than all other classes together. "
        "How often such answers are right has not been counted."
    )
