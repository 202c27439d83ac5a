"""The papers' recipes, by nickname."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from torch import nn

from fer_lib.errors import FerError
from fer_lib.models.saved import read_network
from ferbook.papers import (
    comparison,
    deep_emotion,
    diversified_esr,
    diversified_manet,
    part_ensemble,
    ramn,
    residual_masking,
)
from ferbook.training.checkpoint import load_weights

PAPERS: dict[str, ModuleType] = {
    "deep_emotion": deep_emotion,
    "residual_masking": residual_masking,
    "ramn": ramn,
    "diversified_esr": diversified_esr,
    "diversified_manet": diversified_manet,
    "part_ensemble": part_ensemble,
    "comparison": comparison,
}


def paper(name: str) -> ModuleType:
    """The recipe of a paper; ``FerError`` when unknown."""
    if name not in PAPERS:
        raise FerError(
            f"paper '{name}' is unknown, expected one of {', '.join(PAPERS)}."
        )
    return PAPERS[name]


@dataclass(frozen=True)
class Restored:
    """A network from a file, ready to use.

    Attributes:
        network: with its weights, on the CPU, in evaluation mode.
        config: the paper's dataclass, as it was trained.
        classes: names of its scores.
        rendered: whether it was trained on rendered faces.
    """

    network: nn.Module
    config: object
    classes: tuple[str, ...]
    rendered: bool


def restore(path: Path | str) -> Restored:
    """Build the network of a file that a run has saved.

    Raises:
        FerError: when the file is missing, damaged or of an unknown paper.
    """
    weights, about = read_network(path)
    recipe, classes = paper(about["paper"]), tuple(about["classes"])
    config = recipe.make_config("paper", **about["config"])
    network = recipe.make_network(config, len(classes), seed=0).eval()
    load_weights(network, weights, str(path))
    return Restored(network, config, classes, about["rendered"])
