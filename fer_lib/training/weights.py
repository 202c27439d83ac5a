"""Finished networks in files small enough to commit."""

from pathlib import Path

from torch import Tensor, nn

from fer_lib.training import checkpoint

FOLDER = Path(__file__).resolve().parents[1] / "checkpoints"


def save_network(path: Path | str, network: nn.Module, about: dict) -> None:
    """Write a network in half precision.

    Args:
        path: a ``.safetensors`` file.
        network: its weights are stored as float16.
        about: how to build it and how to prepare faces for it (``paper``,
            ``config``, ``preprocessing``, ``classes``), and the run that it
            comes from.
    """
    halves = {key: value.half() for key, value in network.state_dict().items()}
    checkpoint.write(path, halves, about)


def read_network(path: Path | str) -> tuple[dict[str, Tensor], dict]:
    """Weights and description of a file of :func:`save_network`.

    Raises:
        FerError: when the file is missing or damaged.
    """
    return checkpoint.read(path)


def committed(paper: str) -> Path:
    """The checkpoint of a paper that comes with the library.

    It was trained on rendered faces, so that every machine has a network
    that sees something; it says nothing about real ones.
    """
    return FOLDER / f"{paper}.safetensors"
