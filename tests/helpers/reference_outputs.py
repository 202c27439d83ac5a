"""Class scores of every network for weights and faces that a rule makes.

    python tests/helpers/reference_outputs.py      adds what references.json lacks

To write a case anew, take it out of the file first.

The rule mixes the bits of each number's place, so the values are the same on
every machine and version, whatever its random generator does.  A change of a
network's function, on purpose or not, changes its scores.
"""

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from fer_lib.models import NETWORKS, build, logits_of

PATH = Path(__file__).with_name("references.json")
MASK = 2**32 - 1


def mixed(shape: torch.Size, salt: int) -> Tensor:
    """Numbers in -1..1 without visible order, the same everywhere."""
    x = torch.arange(shape.numel()) + 7919 * salt
    for _ in range(2):
        x = ((x >> 16) ^ x) * 0x45D9F3B & MASK
    return ((((x >> 16) ^ x) & MASK).double() / 2**31 - 1).float().view(shape)


@torch.no_grad()
def fill(network: nn.Module) -> None:
    """Weights by the rule, of a size that keeps signals alive."""
    state = network.state_dict()
    for salt, (name, tensor) in enumerate(sorted(state.items()), start=1):
        if not tensor.is_floating_point():
            continue
        values = mixed(tensor.shape, salt)
        if tensor.ndim > 1:  # uniform, with He's variance by fan-in
            values *= (6 / tensor[0].numel()) ** 0.5
        elif name.endswith(("running_var", "norm.weight")) or "bn" in name:
            values = 1 + values / 4
        else:
            values /= 4
        tensor.copy_(values)


def cases() -> list[tuple[str, str, str]]:
    """Name, variant and preset: all variants small, the default in all sizes."""
    found = []
    for name, network in NETWORKS.items():
        if name == "comparison":
            continue  # another library's networks, with tests of its own
        found += [(name, variant, "smoke") for variant in network.VARIANTS]
        found += [(name, "default", p) for p in network.PRESETS if p != "smoke"]
    return found


@torch.no_grad()
def reference(name: str, variant: str, preset: str) -> list[list[float]]:
    """Scores of two faces."""
    network = build(name, preset=preset, variant=variant).eval()
    fill(network)
    size, channels = network.input.size, network.input.channels
    faces = mixed(torch.Size((2, channels, size, size)), 0)
    return logits_of(network(faces)).tolist()


def main() -> None:
    known = json.loads(PATH.read_text(encoding="utf-8"))
    scores = {}
    for case in cases():
        name = "/".join(case)
        # What stands there stays: another machine differs in the last digits.
        scores[name] = known.get(name) or [
            [float(f"{score:.6g}") for score in row] for row in reference(*case)
        ]
    PATH.write_text(json.dumps(scores, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
