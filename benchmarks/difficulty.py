"""What a small network reaches on ``wild`` at each difficulty knob.

    python benchmarks/difficulty.py > book/difficulty_tables.md
    python benchmarks/difficulty.py --only default blur --seeds 3

Each row changes one thing of ``wild`` and leaves people, takes and labels as
they are.  The network learns from Training and is told right or wrong on the
expression that the PrivateTest faces show, so mistaken labels count in
training alone.  Rendering takes most of the time: about a minute a row on
two cores.
"""

import argparse

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.rendered import wild
from fer_lib.evaluation.intervals import wilson_interval

SETTINGS = {
    "default": {},
    "frontal": {"yaw": 0, "pitch": 0, "roll": 0},
    "turned": {"yaw": 30, "pitch": 14, "roll": 12},
    "strong": {"strength": (1.0, 1.2)},
    "weak": {"strength": (0.2, 0.6)},
    "nothing in front": {"occluded": 0},
    "always something in front": {"occluded": 1},
    "blur": {"blur": 3},
    "grain": {"grain": (0.05, 0.15)},
    "JPEG": {"jpeg": (8, 25)},
    "side light": {"side_light": 3},
    "distractors": {"distractors": 3},
    "label noise": {"label_noise": 0.4},
}
EPOCHS, BATCH, RATE = 25, 32, 2e-3


def small_network() -> nn.Sequential:
    """Three convolutions and one dense layer, 27,559 parameters."""
    layers, before = [], 1
    for width in (16, 32, 64):
        layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width)]
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        before = width
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(64 * 9, 7)
    )


def pixels(faces: FaceSet) -> torch.Tensor:
    """Each image with mean 0 and standard deviation 1."""
    images = torch.from_numpy(faces.images).float()
    deviation, mean = torch.std_mean(images, (1, 2, 3), keepdim=True)
    return (images - mean) / deviation


def right(train: FaceSet, test: FaceSet, seed: int) -> int:
    """How many test faces a network trained with this seed names right."""
    torch.manual_seed(seed)
    network, images = small_network(), pixels(train)
    labels = torch.from_numpy(train.labels)
    steps = EPOCHS * -(-len(train) // BATCH)
    optimiser = torch.optim.Adam(network.parameters(), RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps)
    for _ in tqdm(range(EPOCHS), desc="training", unit="epoch", leave=False):
        for rows in torch.randperm(len(train)).split(BATCH):
            flip = torch.rand(len(rows), 1, 1, 1) < 0.5
            batch = torch.where(flip, images[rows].flip(3), images[rows])
            loss = nn.functional.cross_entropy(network(batch), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    network.eval()
    with torch.inference_mode():
        named = network(pixels(test)).argmax(1).numpy()
    return int((named == test.extra["expression"]).sum())


def told(options: dict) -> str:
    """Options as a reader writes them."""
    pairs = (
        f"{knob}: {' to '.join(map(str, value))}"
        if isinstance(value, tuple)
        else f"{knob}: {value}"
        for knob, value in options.items()
    )
    return ", ".join(pairs) or "-"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=SETTINGS, default=[*SETTINGS])
    parser.add_argument("--train", type=int, default=800)
    parser.add_argument("--test", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--workers", type=int)
    asked = parser.parse_args()
    print("| setting | options | right, % | 95 % of one network |")
    print("|---|---|---|---|")
    for name in asked.only:
        faces = wild(
            train=asked.train, public=0, private=asked.test, workers=asked.workers,
            **SETTINGS[name],
        )  # fmt: skip
        parts = faces.split("Training"), faces.split("PrivateTest")
        counts = [right(*parts, seed) for seed in range(asked.seeds)]
        mean = float(np.mean(counts))
        low, high = wilson_interval(mean, asked.test)
        print(
            f"| {name} | {told(SETTINGS[name])} | {100 * mean / asked.test:.1f} "
            f"| {100 * low:.1f} to {100 * high:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
