"""The networks that come with the library, beside others that one can take."""

import tomllib
from collections.abc import Callable
from pathlib import Path

from fer_lib.models.cost import count_parameters
from fer_lib.models.network import Network
from fer_lib.models.saved import committed
from ferbook.kit.costs import faces_a_second
from ferbook.kit.networks import networks
from ferbook.papers import config_of, paper_of
from ferbook.runs.paths import repository_root
from ferbook.show.figures import percent
from ferbook.show.phrases import learned
from ferbook.show.tables import Table, cell

PEERS = Path("book/peers.toml")
# Header, and what a file calls these faces under ``reads``.
_READS = {
    "Photographs, FER+'s labels": "photographs",
    "Photographs, FER2013's labels": "photographs, FER2013's labels",
    "Rendered faces": "rendered faces",
}
_NOTE = (
    "Photographs: FER2013's PrivateTest, one pass, 95 % interval; FER+'s labels by "
    "the majority of its raters, without contempt. Rendered faces: of people whom "
    "no network has met. Faces per second: this machine, cut-out faces, in batches. "
    "Figures of others are what their makers print, on what these call their test; "
    "none was measured here."
)


def library_table(speed: Callable[[Network], float] = faces_a_second) -> Table:
    """Accuracy, size and speed of each network, and what is known of others.

    Args:
        speed: of a network, in faces a second; measured here by default.
    """
    rows = []
    for name, one in networks().items():
        reads = one.about.get("reads", {})
        told = (percent(reads[k]) if k in reads else "" for k in _READS.values())
        file = committed(paper_of(config_of(one)).name)
        megabytes = file.stat().st_size / 1e6
        size = cell(f"{megabytes:.2f} MB", f"{count_parameters(one):,} parameters")
        rows.append((name, learned(one.provenance), size, *told, f"{speed(one):,.0f}"))
    rows += map(_peer_row, read_peers())
    header = ("Network", "Learned from", "Size", *_READS, "Faces per second")
    return Table("Networks that one can take", header, tuple(rows), _NOTE)


def read_peers() -> list[dict]:
    """What is known of others' networks, with the source of each."""
    path = repository_root() / PEERS
    return tomllib.loads(path.read_text(encoding="utf-8"))["peer"]


def _peer_row(peer: dict) -> tuple[str, ...]:
    name = cell(peer["name"], peer["source"])
    figure = cell(f"{peer['fer2013']:g} %", "printed", peer.get("remark", ""))
    return (name, peer["learned_from"], "", "", figure, "", "")
