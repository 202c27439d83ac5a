"""Authors' released networks, from a folder that the reader fetched.

Nothing of theirs is in this repository.  A network is named on the command
line as ``nickname=folder:module:factory``; its modules are imported from
that folder without running the ``__init__`` files of its packages, which
import much that the network does not need.
"""

import importlib
import sys
import types
from pathlib import Path

import torch
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.models.network import logits_of

COPIED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def load_theirs(where: str) -> nn.Module:
    """Build the network of ``folder:module:factory``.

    Raises:
        FerError: when the text has another form, or there is no such folder.
    """
    parts = where.split(":")
    if len(parts) != 3 or not Path(parts[0]).is_dir():
        raise FerError(
            f"'{where}' names no network, expected folder:module:factory with "
            "a folder that exists."
        )
    folder, module, factory = parts
    sys.path.insert(0, folder)
    package = module.rpartition(".")[0]
    if package:  # a bare package, so that its __init__ does not run
        bare = types.ModuleType(package)
        bare.__path__ = [str(Path(folder, *package.split(".")))]
        sys.modules[package] = bare
    try:
        return getattr(importlib.import_module(module), factory)()
    finally:
        sys.path.remove(folder)


def copy_weights(source: nn.Module, target: nn.Module, x: Tensor) -> None:
    """Give ``target`` the weights of ``source``, layer by layer.

    Layers are matched by their kind and shape, in the order in which they
    are run; a batch normalisation goes with the layer whose output it takes.

    Raises:
        FerError: when the two do not consist of the same layers.
    """
    units, wanted = layers_run(source, x), layers_run(target, x)
    for layer, norm in wanted:
        at = next((i for i, unit in enumerate(units) if _fits(unit[0], layer)), None)
        if at is None:
            raise FerError(f"the other network has no layer left like {layer}.")
        other, other_norm = units.pop(at)
        layer.load_state_dict(other.state_dict())
        if norm is not None:
            norm.load_state_dict(other_norm.state_dict())
    if units:
        raise FerError(f"{len(units)} layers of the other network have no partner.")


def layers_run(network: nn.Module, x: Tensor) -> list[tuple[nn.Module, nn.Module]]:
    """Layers with weights in the order of a pass, each with its norm."""
    found: dict[nn.Module, nn.Module | None] = {}
    made: list[tuple[Tensor, nn.Module]] = []  # keeps outputs alive

    def see(module: nn.Module, inputs: tuple, output: Tensor) -> None:
        if isinstance(module, COPIED):
            found.setdefault(module, None)
            made.append((output, module))
        elif isinstance(module, nn.BatchNorm2d):
            maker = next(m for out, m in reversed(made) if out is inputs[0])
            found[maker] = module

    hooks = [module.register_forward_hook(see) for module in network.modules()]
    with torch.no_grad():
        network.eval()(x)
    for hook in hooks:
        hook.remove()
    return list(found.items())


def _fits(a: nn.Module, b: nn.Module) -> bool:
    same = isinstance(a, type(b)) and a.weight.shape == b.weight.shape
    return same and getattr(a, "stride", None) == getattr(b, "stride", None)


def largest_difference(ours: nn.Module, theirs: nn.Module, x: Tensor) -> float:
    """Of class scores, relative to the largest of theirs; weights copied."""
    copy_weights(theirs, ours, x)
    with torch.no_grad():
        a, b = logits_of(ours.eval()(x)), scores_of(theirs.eval()(x))
    return float((a - b).abs().max() / b.abs().max())


def scores_of(output: Tensor | tuple | list) -> Tensor:
    """Class scores of what an authors' network returns."""
    while not isinstance(output, Tensor):
        output = output[0]
    return output
