"""Occlusion maps: windows in batches against one forward call a window.

    python benchmarks/occlusion.py
    python benchmarks/occlusion.py --networks deep_emotion ramn --rounds 5

Both give the same scores of the same covered faces, which is checked first.
The naive loop is what one writes first: copy the face, set the square to
zero, ask the network, for every window of every face.  Captum's occlusion is
measured against it, too, one window of all faces a pass as by default.

Prints forward calls, medians, the median of the ratios with its range, the
machine and the versions.
"""

import argparse
from collections.abc import Callable

import torch
from captum.attr import Occlusion
from pairs import Pair, machine, measure, table
from torch import Tensor

from fer_lib.device import choose_device
from fer_lib.explain.inputs import from_pixels
from fer_lib.explain.occlusion import covered_scores, window_starts
from fer_lib.models import NETWORKS, build

Scores = Callable[[Tensor], Tensor]


class Counted:
    """Scores that count how often they are asked for."""

    def __init__(self, scores: Scores):
        self.scores, self.calls = scores, 0

    def __call__(self, unit: Tensor) -> Tensor:
        self.calls += 1
        return self.scores(unit)


@torch.inference_mode()
def naive(scores: Scores, unit: Tensor, window: int, stride: int) -> Tensor:
    """One forward call a window: ``[windows, num_classes]``."""
    tops, lefts = (window_starts(side, window, stride) for side in unit.shape[-2:])
    found = []
    for face in unit:
        for top in tops:
            for left in lefts:
                covered = face.clone()
                covered[:, top : top + window, left : left + window] = 0
                found.append(scores(covered[None]))
    return torch.cat(found)


class Bench:
    """Three ways of occluding the same noise by a quarter of its side."""

    def __init__(self, name: str, preset: str, faces: int, stride: int, device):
        torch.manual_seed(0)
        network = build(name, preset=preset).to(device).eval()
        size, channels = network.input.size, network.input.channels
        self.scores = Counted(from_pixels(network))
        self.unit = torch.rand(faces, channels, size, size, device=device)
        self.window, self.stride, self.device = size // 4, stride, device

    def batched(self) -> Tensor:
        options = {"window": self.window, "stride": self.stride}
        return covered_scores(self.scores, self.unit, **options).flatten(0, 2)

    def naive(self) -> Tensor:
        return naive(self.scores, self.unit, self.window, self.stride)

    def captum(self) -> Tensor:
        channels = self.unit.shape[1]
        return Occlusion(self.scores).attribute(
            self.unit,
            (channels, self.window, self.window),
            (channels, self.stride, self.stride),
            target=0,
        )

    def calls(self, way: Callable[[], Tensor]) -> int:
        before = self.scores.calls
        way()
        return self.scores.calls - before

    def row(self, name: str, rounds: int) -> list[str]:
        torch.testing.assert_close(self.batched(), self.naive(), atol=1e-4, rtol=1e-3)
        pair = measure(self.naive, self.batched, self.device, rounds, name)
        other = measure(self.captum, self.batched, self.device, rounds, name)
        calls = [self.calls(way) for way in (self.naive, self.captum, self.batched)]
        return [name, *(f"{n:,}" for n in calls), *_shown(pair), other.spread()]


def _shown(pair: Pair) -> list[str]:
    return [f"{pair.first:.2f}", f"{pair.second:.2f}", pair.spread()]


def main() -> None:
    """Measure and print the table."""
    names = [name for name in NETWORKS if name != "comparison"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=names, default=names)
    parser.add_argument("--preset", default="smoke")
    parser.add_argument("--faces", type=int, default=4)
    parser.add_argument("--stride", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    device = choose_device("auto")
    rows = []
    for name in asked.networks:
        bench = Bench(name, asked.preset, asked.faces, asked.stride, device)
        rows.append(bench.row(name, asked.rounds))
    head = ["network", "calls naive", "captum", "ours", "naive s", "ours s"]
    print(table([*head, "naive / ours", "captum / ours"], rows))
    print(f"{asked.rounds} rounds, {asked.faces} faces, stride {asked.stride}")
    print(machine(device, ("torch", "captum")))


if __name__ == "__main__":
    main()
