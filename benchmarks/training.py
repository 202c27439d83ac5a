"""Training images a second: this library's loop against a plain one.

    python benchmarks/training.py
    python benchmarks/training.py --papers ramn deep_emotion --preset smoke --pairs 7

Both loops train the same network with the same loss, optimizer and batch
size on the same random 48-pixel faces, in turn: one epoch of the recipe's
last stage.  The plain loop is what one writes first: a data
set whose items are turned into PIL images, resized, flipped and rotated one
by one, a DataLoader, contiguous tensors, float32; it has a process of its own,
whose memory is managed as usual.  A third time is that of
the network alone: forward, loss, backward and step on one batch that already
lies on the device, in the precision and layout of this library's loop.

Times on a processor are its own, of all threads, since other work on the
machine lengthens the clock's; on a GPU they are the clock's.  Prints a table:
medians, the ratio with the lowest and highest of the pairs, the share of the
time that is spent outside the network, and the FLOPs of training, three times
those of the forward pass, as a share of what matrix products reach.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch
from pairs import machine, matmul_peak, seconds, table
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import official
from fer_lib.data.splits import Splits
from fer_lib.device import autocast, choose_device, low_precision
from fer_lib.models.cost import cost
from fer_lib.models.network import memory_format
from ferbook.papers import PAPERS, find_paper
from ferbook.training.draws import each_once
from ferbook.training.loop import fit
from ferbook.training.plan import Batch, Plan, Stage
from ferbook.training.states import Fitted

DEGREES = 10.0  # of the plain loop's rotation
SELECT = "PublicTest_accuracy"
SIX = [name for name in PAPERS if name != "comparison"]


def random_faces(n: int) -> FaceSet:
    """n training faces of noise, and one in each of the other splits."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n + 2, 1, 48, 48), dtype=np.uint8)
    splits = np.array(["Training"] * n + ["PublicTest", "PrivateTest"])
    points = np.zeros((n + 2, 68, 2), np.float32)
    labels = np.arange(n + 2) % 7
    return FaceSet("noise", images, labels, splits, "Noise.", landmarks=points)


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
    device: torch.device

    def __post_init__(self):
        self.paper = find_paper(self.name)
        if self.preset not in self.paper.presets:
            self.preset = "paper"  # Deep-Emotion has but one size

    def network(self) -> nn.Module:
        """A new network on the device."""
        config = self.paper.make_config(self.preset)
        return self.paper.make_network(config, 7, seed=0).to(self.device)

    def plan(self, precision: str) -> Plan:
        """One epoch of the recipe's last stage, over every face once."""
        config = self.paper.make_config(self.preset, precision=precision)
        plan = self.paper.make_plan(config, self.splits, 0)
        stage = replace(
            plan.stages[-1],
            epochs=1,
            accumulate=1,
            subset=None,
            order=each_once,
            evaluate=lambda network: {},
            select_by=SELECT,
            lower_is_better=False,
            from_best=False,
        )
        return replace(plan, stages=(stage,))

    def ours(self, precision: str) -> Callable[[], Fitted]:
        """One epoch of :func:`ferbook.training.loop.fit`."""
        network, plan, train = self.network(), self.plan(precision), self.splits.train
        return lambda: fit(network, plan, train, lambda n: {SELECT: 0}, progress=False)

    def plain(self) -> Callable[[], object]:
        """One epoch of the loop that one writes first."""
        step = Step(self.network(), self.plan("float32"), self.device)
        how = step.network.input
        faces = PlainFaces(self.splits.train, how.size, how.channels)
        loader = DataLoader(faces, step.stage.batch_size, shuffle=True)

        def epoch():
            for x, labels in loader:
                step(x.to(self.device), labels.to(self.device))

        return epoch

    def alone(self, precision: str) -> Callable[[], object]:
        """The network's part of an epoch."""
        step = Step(self.network(), self.plan(precision), self.device)
        layout = memory_format(self.device, precision)
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

    def __call__(self, x: torch.Tensor, labels: torch.Tensor) -> None:
        with autocast(self.device, self.plan.precision):
            output = self.network(x)
            loss = self.stage.loss(self.network, output, Batch(labels))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def spent(work: Callable[[], object], device: torch.device) -> float:
    """Seconds of a GPU, or of a processor on each of its threads."""
    if device.type == "cuda":
        return seconds(work, device)
    began = time.process_time()
    work()
    return (time.process_time() - began) / torch.get_num_threads()


_plain = {}  # the loop of each paper, in the process of plain loops


def plain_spent(bench: Bench) -> float:
    """Seconds of a plain epoch, after a first one that warms up."""
    if bench.name not in _plain:
        _plain[bench.name] = bench.plain()
        _plain[bench.name]()
    return spent(_plain[bench.name], bench.device)


def row(bench: Bench, pairs: int, peak: float) -> list[str]:
    """Measure one paper."""
    device, count = bench.device, len(bench.splits.train)
    used = bench.ours("auto")().precision["used"]  # warms up, too
    loops = [bench.ours(used), bench.alone(used)]
    rounds = []
    with ProcessPoolExecutor(1, get_context("spawn")) as other:

        def plain() -> float:
            return other.submit(plain_spent, bench).result()

        measures = [plain, *(partial(spent, loop, device) for loop in loops)]
        for measure in measures:
            measure()
        for i in tqdm(range(pairs), desc=bench.name, unit="pair", leave=False):
            # The order turns, so that no loop always follows the same one.
            taken = {place: measures[place]() for place in np.roll(range(3), i)}
            rounds.append([taken[place] for place in range(3)])
    plain_time, ours, _ = map(statistics.median, zip(*rounds, strict=True))
    ratios = [first / second for first, second, _ in rounds]
    outside = statistics.median(1 - inner / all_ for _, all_, inner in rounds)
    # Three times the forward pass, as is usual.
    achieved = 3 * cost(bench.network()).gflops * count / ours
    return [
        f"{bench.name} {bench.preset}",
        used,
        f"{count / plain_time:,.0f}",
        f"{count / ours:,.0f}",
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        f"{100 * outside:.0f} %",
        f"{100 * achieved / peak:.1f} %",
    ]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--papers", nargs="+", choices=SIX, default=SIX)
    parser.add_argument("--preset", default="small")
    parser.add_argument("--faces", type=int, default=1024)
    parser.add_argument("--pairs", type=int, default=5)
    asked = parser.parse_args()
    device = choose_device("auto")
    splits, low = official(random_faces(asked.faces)), low_precision(device)
    peak = matmul_peak(device, low)
    rows = []
    for name in asked.papers:
        rows.append(row(Bench(name, asked.preset, splits, device), asked.pairs, peak))
        print(" ".join(rows[-1]), flush=True)
    head = ["Paper", "Precision", "Plain, images/s", "fer_lib, images/s", "Ratio"]
    head += ["Outside the network", f"Of {peak:,.0f} GFLOP/s in {low}"]
    print(f"\n{table(head, rows)}\n")
    print(f"{asked.pairs} rounds of {asked.faces} faces of noise")
    print(machine(device, ("torch", "kornia", "pillow")))


if __name__ == "__main__":
    main()
