"""Finished networks in files small enough to commit, with all that builds them.

Nothing is unpickled.
"""

import gzip
import json
import zlib
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.files import atomic_path
from fer_lib.models import NETWORKS, build, nickname
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing

SUFFIX = ".safetensors.gz"
STEPS = 127  # of a stored weight, between 0 and the largest of its output
SCALE = ":scale"  # ends the name of an output's size of a step
FOLDER = Path(__file__).resolve().parents[1] / "checkpoints"
_OWN = ("network", "options", "input", "classes", "provenance", "temperature")


def save(network: Network, path: Path | str, about: Mapping | None = None) -> None:
    """Write a network with weights of a byte.

    Each output of a layer has its own size of a step, the 127th part of its
    largest weight.  What has one index, such as biases and statistics, is
    kept in half precision.

    Args:
        network: its options, input, classes, provenance and temperature are
            stored beside its weights.
        path: a ``.safetensors.gz`` file; replaced when it exists.
        about: what else to tell of it, such as the ``command`` that made it;
            JSON-able.
    """
    (name,) = (key for key, kind in NETWORKS.items() if kind is type(network))
    told = {"network": name, "options": network.options}
    told |= {"input": network.input.to_json(), "classes": list(network.classes)}
    told |= {"provenance": network.provenance, "temperature": network.temperature}
    told |= dict(about or network.about)
    kept = {}
    for key, value in network.state_dict().items():
        kept |= _stored(key, value.cpu())
    plain = safetensors.torch.save(kept, {"about": json.dumps(told)})
    with atomic_path(path) as temporary:
        # No time inside, so that the same network gives the same bytes.
        temporary.write_bytes(gzip.compress(plain, mtime=0))


def _stored(key: str, values: Tensor) -> dict[str, Tensor]:
    if values.ndim < 2:
        return {key: values.half().contiguous()}
    steps = values.flatten(1).abs().amax(1).float() / STEPS
    steps[steps == 0] = 1
    codes = (values / _along(steps, values)).round().to(torch.int8)
    return {key: codes.contiguous(), key + SCALE: steps}


def _along(steps: Tensor, values: Tensor) -> Tensor:
    """One number an output, so shaped that it multiplies all of its weights."""
    return steps.view(-1, *[1] * (values.ndim - 1))


def _restored(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        key: values.float() * _along(stored[key + SCALE], values)
        if key + SCALE in stored
        else values
        for key, values in stored.items()
        if not key.endswith(SCALE)
    }


def load(name: Path | str) -> Network:
    """A finished network: one that comes with the library, or of a file.

    Args:
        name: a network's nickname, in any case, or a file of :func:`save`.

    Returns:
        The network on the CPU, in evaluation mode, with its ``options``,
        ``input``, ``classes``, ``provenance``, ``temperature`` (1 where the
        file has none) and, in ``about``, what else the file tells.

    Raises:
        FerError: when there is no such network or file, or it is damaged.
    """
    path = Path(name)
    if path.suffix not in (".gz", ".safetensors", ".pth", ".pt") and not path.exists():
        path = committed(nickname(str(name)))
        if not path.is_file():
            raise FerError(
                f"{name}: no trained network of this name comes with the library; "
                "build() makes an untrained one."
            )
    weights, about = read_network(path)
    network = _built(path, about)
    load_weights(network, weights, str(path))
    network.classes = tuple(about["classes"])
    network.provenance = about["provenance"]
    network.temperature = about.get("temperature", 1.0)
    network.about = {key: told for key, told in about.items() if key not in _OWN}
    return network.eval()


def _built(path: Path, about: dict) -> Network:
    """The network that a description tells of, without its weights."""
    try:
        # What it starts from is replaced, and must not take random numbers.
        with torch.random.fork_rng(devices=[]):
            network = build(about["network"], **about["options"])
        wanted = Preprocessing(**about["input"])
    except (KeyError, TypeError) as error:
        raise FerError(
            f"{path}: its description lacks or mistakes {error}; it was saved by "
            "another version of this library, which can load it."
        ) from error
    if network.input != wanted:
        raise FerError(
            f"{path}: prepares faces by {wanted}, but this version's network by "
            f"{network.input}; load it with the version that saved it."
        )
    return network


def read_network(path: Path | str) -> tuple[dict[str, Tensor], dict]:
    """Weights and description of a file of :func:`save`.

    Returns:
        Tensors by name, weights in single precision, and what the file tells.

    Raises:
        FerError: when the file is missing, damaged or somebody else's.
    """
    path = Path(path)
    if not path.is_file():
        raise FerError(f"{path}: no such file; correct its path, or train first.")
    try:
        plain = gzip.decompress(path.read_bytes())
        end = 8 + int.from_bytes(plain[:8], "little")
        about = json.loads(plain[8:end])["__metadata__"]["about"]
        return _restored(safetensors.torch.load(plain)), json.loads(about)
    except (OSError, EOFError, zlib.error, SafetensorError, KeyError, ValueError) as e:
        raise FerError(
            f"{path}: damaged, or not saved by this library ({e}); expected a file "
            f"*{SUFFIX} of save().  Weights of another project start a backbone: "
            "build(..., pretrained=FILE)."
        ) from e


def committed(name: str) -> Path:
    """The file of a network that comes with the library.

    Small, so that every machine has a network that sees something; its
    ``provenance`` says what it learned from, and ``about["reads"]`` how well it
    reads what.
    """
    return FOLDER / f"{name}{SUFFIX}"


def beside(record: Path) -> Path:
    """Where the weights of a recorded run stand, if they were kept."""
    return record.with_suffix(SUFFIX)


def load_weights(network: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Load named weights into a network of exactly that shape.

    Raises:
        FerError: when they are another network's.
    """
    try:
        network.load_state_dict({k: v.float() for k, v in tensors.items()})
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise FerError(
            f"{where}: the weights are another network's ({reason}); build it "
            "with the options that the file names."
        ) from error
