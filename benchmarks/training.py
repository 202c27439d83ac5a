"""Training images a second: this library's loop against a plain one.

    python benchmarks/training.py
    python benchmarks/training.py --paper ramn --preset smoke --pairs 7

Both loops train the same network with the same loss, optimizer and batch
size on the same random 48-pixel faces, in one process, in turn: one epoch
of the recipe's last stage.  The plain loop is what one writes first: a data
set whose items are turned into PIL images, resized, flipped and rotated one
by one, a DataLoader, contiguous tensors.  A third time is that of the
network alone: forward, loss, backward and step on one batch that already
lies on the device, as often as the loop has batches.

Prints medians of the pairs, their ratio, the share of the time that the loop
spends outside the network, the FLOPs of training, three times those of the
forward pass, the machine and the versions.
"""

import argparse
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from pairs import machine, matmul_peak, seconds
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import official
from fer_lib.data.splits import Splits
from fer_lib.device import choose_device
from fer_lib.models.cost import cost
from fer_lib.models.network import memory_format
from ferbook.papers import PAPERS, find_paper
from ferbook.training.draws import each_once
from ferbook.training.loop import fit
from ferbook.training.plan import Batch, Plan, Stage

DEGREES = 10.0  # of the plain loop's rotation
SELECT = "PublicTest_accuracy"


def random_faces(n: int) -> FaceSet:
    """n training faces of noise, and one in each of the other splits."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n + 2, 1, 48, 48), dtype=np.uint8)
    splits = np.array(["Training"] * n + ["PublicTest", "PrivateTest"])
    return FaceSet("noise", images, np.arange(n + 2) % 7, splits, "Noise.")


class PlainFaces(Dataset):
    """Faces resized and augmented one by one with PIL."""

    def __init__(self, faces: FaceSet, size: int, channels: int):
        self.faces, self.size, self.channels = faces, size, channels

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, row: int):
        image = Image.fromarray(self.faces.images[row, 0])
        if image.size != (self.size, self.size):
            sides = (self.size, self.size)
            image = image.resize(sides, Image.Resampling.BILINEAR)
        if random.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        angle = random.uniform(-DEGREES, DEGREES)
        image = image.rotate(angle, Image.Resampling.BILINEAR)
        x = (np.asarray(image, np.float32) / 255 - 0.5) / 0.5
        x = torch.from_numpy(x)[None].expand(self.channels, -1, -1)
        return x, int(self.faces.labels[row])


@dataclass
class Bench:
    """The recipe that is measured, on its faces and device."""

    name: str
    preset: str
    splits: Splits
    batch_size: int | None
    device: torch.device

    def network(self) -> nn.Module:
        """A new network on the device."""
        recipe = find_paper(self.name)
        made = recipe.make_network(recipe.make_config(self.preset), 7, seed=0)
        return made.to(self.device)

    def plan(self) -> Plan:
        """One epoch of the recipe's last stage, over every face once."""
        recipe = find_paper(self.name)
        plan = recipe.make_plan(recipe.make_config(self.preset), self.splits, 0)
        stage = replace(
            plan.stages[-1],
            epochs=1,
            batch_size=self.batch_size or plan.stages[-1].batch_size,
            accumulate=1,
            subset=None,
            order=each_once,
            evaluate=lambda network: {},
            select_by=SELECT,
            from_best=False,
        )
        return replace(plan, stages=(stage,))

    def ours(self) -> Callable[[], object]:
        """One epoch of :func:`ferbook.training.loop.fit`."""
        network, plan, train = self.network(), self.plan(), self.splits.train
        return lambda: fit(network, plan, train, lambda n: {SELECT: 0}, progress=False)

    def plain(self) -> Callable[[], object]:
        """One epoch of the loop that one writes first."""
        step = Step(self.network(), self.plan(), self.device)
        how = step.network.input
        loader = DataLoader(
            PlainFaces(self.splits.train, how.size, how.channels),
            step.stage.batch_size,
            shuffle=True,
        )

        def epoch():
            for x, labels in loader:
                step(x.to(self.device), labels.to(self.device))

        return epoch

    def alone(self) -> Callable[[], object]:
        """The network's part of an epoch."""
        step = Step(self.network(), self.plan(), self.device)
        layout = memory_format(self.device, step.stage.precision)
        step.network.to(memory_format=layout)
        how, faces = step.network.input, self.splits.train
        labels = torch.as_tensor(faces.labels, device=self.device)
        x = how(torch.as_tensor(faces.images[: step.stage.batch_size]).to(self.device))
        x = x.contiguous(memory_format=layout)

        def epoch():
            for some in labels.split(step.stage.batch_size):
                step(x[: len(some)], some)

        return epoch


class Step:
    """Forward, loss, backward and step, as one writes them first."""

    def __init__(self, network: nn.Module, plan: Plan, device: torch.device):
        self.network, self.plan, self.device = network.train(), plan, device
        self.stage: Stage = plan.stages[0]
        self.stage.begin(network)
        self.stage.loss.to(device)
        self.optimizer = self.stage.optimizer(network, self.stage.loss)
        self.precision = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(
            self.stage.precision
        )

    def __call__(self, x: torch.Tensor, labels: torch.Tensor) -> None:
        low = self.precision
        with torch.autocast(self.device.type, low, enabled=low is not None):
            output = self.network(x)
            loss = self.stage.loss(self.network, output, Batch(labels))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def rate(faces: int, taken: list[float]) -> float:
    return faces / statistics.median(taken)


def spread(ratios: list[float]) -> str:
    low, high = min(ratios), max(ratios)
    return f"{statistics.median(ratios):8.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paper", choices=PAPERS, default="deep_emotion")
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--faces", type=int, default=4096)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--batch-size", type=int)
    asked = parser.parse_args()
    device = choose_device("auto")
    splits = official(random_faces(asked.faces))
    bench = Bench(asked.paper, asked.preset, splits, asked.batch_size, device)
    loops = {"plain": bench.plain(), "fer_lib": bench.ours(), "network": bench.alone()}
    for loop in loops.values():
        loop()  # warm-up
    times: dict[str, list[float]] = {name: [] for name in loops}
    for i in tqdm(range(asked.pairs), unit="pair"):
        # The order turns, so that no loop always follows the same one.
        for name in np.roll(list(loops), i):
            times[name].append(seconds(loops[name], device))
    for name, taken in times.items():
        print(f"{name:8} {rate(asked.faces, taken):8.0f} images/s")
    rounds = list(zip(*times.values(), strict=True))
    print("ratio   ", spread([plain / ours for plain, ours, _ in rounds]))
    outside = spread([100 * (1 - alone / ours) for _, ours, alone in rounds])
    print("outside ", outside, "% of fer_lib's time")
    # Three times the forward pass, as is usual.
    achieved = 3 * cost(bench.network()).gflops * rate(asked.faces, times["fer_lib"])
    share = 100 * achieved / matmul_peak(device)
    print(f"FLOPs    {achieved:8.1f} GFLOP/s, {share:.1f} % of float32 products'")
    print(f"{asked.pairs} rounds of {asked.faces} faces, {asked.paper} {asked.preset}")
    print(machine(device, ("torch", "kornia", "pillow")))


if __name__ == "__main__":
    main()
