"""Every network and variant with its size, beside what its paper prints."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch

from fer_lib.errors import FerError
from fer_lib.models import NETWORKS, build
from fer_lib.models.cost import cost
from fer_lib.models.network import Stated


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue; figures are None without an optional package."""

    name: str
    variant: str
    preset: str
    input: tuple[int, int, int] | None  #: channels, height and width of a face
    parameters: int | None  #: trainable numbers, shared ones once
    gflops: float | None  #: 2 x multiply-accumulates of a face, in 1e9
    paper: Stated | None  #: what it prints about them
    note: str = ""  #: why figures are missing

    def ratio(self, figure: str) -> float | None:
        """Counted over printed, of ``"parameters"`` or ``"gflops"``."""
        counted, printed = getattr(self, figure), getattr(self.paper, figure, None)
        return counted / printed if counted and printed else None

    def to_json(self) -> dict:
        found = asdict(self)
        found["paper"] = self.paper._asdict() if self.paper else None
        for figure in ("parameters", "gflops"):
            found[f"{figure}_ratio"] = self.ratio(figure)
        return found


def catalogue(preset: str = "paper", num_classes: int = 7) -> Iterator[Entry]:
    """All networks and variants, counted without computing anything.

    Networks that lack the preset are left out.

    Raises:
        FerError: when none has it.
    """
    having = {
        n: network for n, network in NETWORKS.items() if preset in network.PRESETS
    }
    for name, network in (having or NETWORKS).items():
        for variant in network.VARIANTS:
            yield entry(name, variant, preset, num_classes)


def entry(
    name: str, variant: str = "default", preset: str = "paper", num_classes: int = 7
) -> Entry:
    """One network, counted on the ``meta`` device."""
    # A smaller preset is not what the paper counts.
    stated = NETWORKS[name].STATED.get(variant) if preset == "paper" else None
    try:
        with torch.device("meta"):
            network = build(name, num_classes, preset=preset, variant=variant)
    except FerError as error:
        if "pip install" not in str(error):
            raise
        return Entry(name, variant, preset, None, None, None, stated, str(error))
    size, counted = network.input.size, cost(network)
    return Entry(
        name,
        variant,
        preset,
        (network.input.channels, size, size),
        counted.parameters,
        counted.gflops,
        stated,
    )
