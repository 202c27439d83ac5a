"""Training states and finished networks, each in one safetensors file.

Both carry a JSON text beside the tensors: what the network is, how faces
are prepared for it, the order of its labels.  Nothing is unpickled.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from fer_lib.errors import FerError
from fer_lib.files import atomic_path


def write(path: Path | str, tensors: Mapping[str, Tensor], about: dict) -> None:
    """Write named tensors and a JSON-able description, atomically.

    Raises:
        FerError: when they cannot be written; the file before is kept.
    """
    on_cpu = {
        name: tensor.detach().cpu().contiguous().clone()
        for name, tensor in tensors.items()
    }
    try:
        with atomic_path(path) as temporary:
            save_file(on_cpu, temporary, metadata={"about": json.dumps(about)})
    except (OSError, SafetensorError) as error:
        raise FerError(
            f"{path}: cannot be written ({error}), what stood there is kept; free "
            "disk space, or set another folder."
        ) from error


def read(path: Path | str) -> tuple[dict[str, Tensor], dict]:
    """Tensors and description of a file that :func:`write` made.

    Raises:
        FerError: when the file is missing, damaged or somebody else's.
    """
    path = Path(path)
    if not path.is_file():
        raise FerError(f"{path}: no such checkpoint; train first.")
    try:
        with safe_open(path, framework="pt") as stored:
            about = json.loads((stored.metadata() or {})["about"])
            names = stored.keys()
            # Copies: Windows replaces no file that tensors are mapped from.
            return {key: stored.get_tensor(key).clone() for key in names}, about
    except (SafetensorError, KeyError, ValueError) as error:
        raise FerError(
            f"{path}: damaged, or no checkpoint of this library ({error}); "
            "delete it and train again."
        ) from error


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors below ``prefix/``, without the prefix."""
    start = f"{prefix}/"
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}


def flatten_optimizer(
    optimizer: torch.optim.Optimizer,
) -> tuple[dict[str, Tensor], list[dict]]:
    """An optimizer's state as named tensors and JSON-able groups."""
    state = optimizer.state_dict()
    tensors = {
        f"{index}/{key}": torch.as_tensor(value)
        for index, values in state["state"].items()
        for key, value in values.items()
    }
    return tensors, state["param_groups"]


def restore_optimizer(
    optimizer: torch.optim.Optimizer,
    tensors: Mapping[str, Tensor],
    groups: list[dict],
) -> None:
    """Undo :func:`flatten_optimizer`."""
    weights = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split("/")
        weight = weights[int(index)].detach()
        if tensor.ndim == 4:  # in its weight's memory format, else steps are slow
            tensor = torch.empty_like(weight).copy_(tensor)
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": groups})
