"""Finished networks in files small enough to commit."""

import gzip
import json
import zlib
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.files import atomic_path

SUFFIX = ".safetensors.gz"
DIGITS = 7  # binary, of a stored weight
FOLDER = Path(__file__).resolve().parents[1] / "checkpoints"


def save_network(path: Path | str, network: nn.Module, about: dict) -> None:
    """Write a network in half precision, its weights to seven digits.

    Binary digits: to within 0.8 %, a fifth off the file.  What has one index,
    such as biases and statistics, keeps the eleven of half precision.

    Args:
        path: a ``.safetensors.gz`` file.
        network: its weights are stored as float16.
        about: how to build it and how to prepare faces for it (``paper``,
            ``config``, ``preprocessing``, ``classes``), and the run that it
            comes from.
    """
    kept = {key: _rounded(value) for key, value in network.state_dict().items()}
    plain = safetensors.torch.save(kept, {"about": json.dumps(about)})
    with atomic_path(path) as temporary:
        # No time inside, so that the same network gives the same bytes.
        temporary.write_bytes(gzip.compress(plain, mtime=0))


def _rounded(values: Tensor) -> Tensor:
    if values.ndim > 1:
        shares, exponents = torch.frexp(values.float())
        values = torch.ldexp((shares * 2**DIGITS).round() / 2**DIGITS, exponents)
    return values.half().cpu().contiguous()


def read_network(path: Path | str) -> tuple[dict[str, Tensor], dict]:
    """Weights and description of a file of :func:`save_network`.

    Raises:
        FerError: when the file is missing or damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise FerError(f"{path}: no such network; train first.")
    try:
        plain = gzip.decompress(path.read_bytes())
        end = 8 + int.from_bytes(plain[:8], "little")
        about = json.loads(plain[8:end])["__metadata__"]["about"]
        return safetensors.torch.load(plain), json.loads(about)
    except (OSError, EOFError, zlib.error, SafetensorError, KeyError, ValueError) as e:
        raise FerError(
            f"{path}: damaged, or no network of this library ({e}); delete it "
            "and train again."
        ) from e


def committed(paper: str) -> Path:
    """The checkpoint of a paper that comes with the library.

    It was trained on rendered faces, so that every machine has a network
    that sees something; it says nothing about real ones.
    """
    return FOLDER / f"{paper}{SUFFIX}"


def beside(record: Path) -> Path:
    """Where the weights of a recorded run stand, if they were kept."""
    return record.with_suffix(SUFFIX)
