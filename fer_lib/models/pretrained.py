"""Start a backbone from a weight file, as the papers do.

ResNet-18, ResNet-34 and VGG16 of this library name their parameters as
torchvision does, so its files fit, and those of projects that build on it; and
those of this library's own networks, whose trunk begins another run.
"""

from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from fer_lib.errors import FerError


def read_weights(path: Path | str) -> dict[str, Tensor]:
    """Tensors by name, of a safetensors file or torch's, or of a saved network.

    A dictionary under ``state_dict`` is unpacked, and the prefix ``module.``
    of data-parallel training removed.  torch's format is read with
    ``weights_only``: tensors are rebuilt, nothing else is.

    Raises:
        FerError: when the file is missing, or holds more than tensors.
    """
    from fer_lib.models.saved import read_network  # which builds networks

    path = Path(path)
    if not path.is_file():
        raise FerError(f"{path}: no such weight file.")
    try:
        if path.suffix == ".safetensors":
            found = safetensors.torch.load_file(path)
        elif path.suffix == ".gz":
            found, _ = read_network(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # each format has errors of its own
        raise FerError(
            f"{path}: cannot be read as weights ({type(error).__name__}); expected "
            "a .safetensors file, .gz or not, or a torch file of tensors alone."
        ) from error
    found = found.get("state_dict", found) if isinstance(found, Mapping) else found
    if not isinstance(found, Mapping) or not all(
        isinstance(value, Tensor) for value in found.values()
    ):
        raise FerError(f"{path}: expected a dictionary of tensors by name.")
    return {name.removeprefix("module."): value for name, value in found.items()}


def load_backbone(network: nn.Module, path: Path | str) -> list[str]:
    """Fill ``network.backbone`` from a file.

    Args:
        network: whose attribute ``backbone`` has torchvision's names.
        path: see :func:`read_weights`; of a saved network its backbone is taken.

    Returns:
        Names in the file that the backbone does not have, such as the
        classifier of another task.

    Raises:
        FerError: when a tensor of the backbone is missing in the file, or
            has another shape there; the network is left as it was.
    """
    backbone = getattr(network, "backbone", None)
    found = {k.removeprefix("backbone."): v for k, v in read_weights(path).items()}
    if backbone is None:
        raise FerError(f"{type(network).__name__} has no backbone to start from.")
    wanted = backbone.state_dict()
    for name, tensor in wanted.items():
        if name not in found and name.endswith("num_batches_tracked"):
            found[name] = tensor  # files from before torch 0.4.1 lack it
        if name not in found:
            raise FerError(
                f"{path}: no tensor '{name}'; expected the names of torchvision's "
                "ResNet or VGG16, whichever this network is built on."
            )
        if found[name].shape != tensor.shape:
            raise FerError(
                f"{path}: tensor '{name}' is {list(found[name].shape)}, expected "
                f"{list(tensor.shape)}; published files fit width 64 alone."
            )
    backbone.load_state_dict({name: found[name] for name in wanted})
    return sorted(found.keys() - wanted.keys())
