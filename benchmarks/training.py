"""Training images a second: this library's loop against a plain one.

    python benchmarks/training.py
    python benchmarks/training.py --faces 2000 --pairs 7

Both loops train the same Deep-Emotion network with the same optimizer and
batch size on the same random 48-pixel faces, in one process, in turn.  The
plain loop is what one writes first: a data set whose items are turned into
PIL images, flipped and rotated one by one, a DataLoader, contiguous tensors.
Prints medians of the pairs, their ratio, the machine and the versions.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import official
from fer_lib.papers import deep_emotion
from fer_lib.training.device import choose_device, hardware
from fer_lib.training.loop import fit


def random_faces(n: int) -> FaceSet:
    """n training faces of noise, and one in each of the other splits."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n + 2, 1, 48, 48), dtype=np.uint8)
    splits = np.array(["Training"] * n + ["PublicTest", "PrivateTest"])
    return FaceSet("noise", images, np.arange(n + 2) % 7, splits, "Noise.")


class PlainFaces(Dataset):
    """Faces augmented one by one with PIL."""

    def __init__(self, faces: FaceSet, degrees: float):
        self.faces, self.degrees = faces, degrees

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, row: int):
        image = Image.fromarray(self.faces.images[row, 0])
        if random.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        angle = random.uniform(-self.degrees, self.degrees)
        image = image.rotate(angle, Image.Resampling.BILINEAR)
        x = (np.asarray(image, np.float32) / 255 - 0.5) / 0.5
        return torch.from_numpy(x)[None], int(self.faces.labels[row])


def plain_epoch(config, faces: FaceSet, device: torch.device) -> None:
    """One epoch of the loop that one writes first."""
    network = deep_emotion.make_network(config, 7, seed=0).to(device).train()
    optimizer = deep_emotion.make_optimizer(config, network)
    loader = DataLoader(
        PlainFaces(faces, config.degrees), config.batch_size, shuffle=True
    )
    for x, labels in loader:
        x, labels = x.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = deep_emotion.overall_loss(network, network(x), labels, config.penalty)
        loss.backward()
        optimizer.step()


def our_epoch(config, faces: FaceSet, device: torch.device) -> None:
    """One epoch of :func:`fer_lib.training.loop.fit`."""
    network = deep_emotion.make_network(config, 7, seed=0).to(device)
    splits = official(faces)
    fit(
        network,
        deep_emotion.make_optimizer(config, network),
        deep_emotion.make_plan(config, splits, seed=0),
        splits.train,
        lambda network: {"PublicTest_accuracy": 0.0},
        progress=False,
    )


def seconds(epoch: Callable[[], None], device: torch.device) -> float:
    """Wall time of one epoch, the device's queue emptied."""
    start = time.perf_counter()
    epoch()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, default=4096)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=128)
    asked = parser.parse_args()
    device = choose_device("auto")
    config = deep_emotion.make_config("paper", epochs=1, batch_size=asked.batch_size)
    faces = random_faces(asked.faces)
    training = official(faces).train
    loops = {
        "plain": lambda: plain_epoch(config, training, device),
        "fer_lib": lambda: our_epoch(config, faces, device),
    }
    for loop in loops.values():
        loop()  # warm-up
    times = {name: [] for name in loops}
    for _ in tqdm(range(asked.pairs), unit="pair"):
        for name, loop in loops.items():
            times[name].append(seconds(loop, device))
    for name, taken in times.items():
        rate = asked.faces / statistics.median(taken)
        print(f"{name:8} {rate:8.0f} images/s")
    pairs = zip(times["plain"], times["fer_lib"], strict=True)
    ratios = sorted(plain / ours for plain, ours in pairs)
    low, high = ratios[0], ratios[-1]
    print(f"ratio    {statistics.median(ratios):8.2f} ({low:.2f} to {high:.2f})")
    print(f"{asked.pairs} pairs of {asked.faces} faces, {hardware(device)}")
    print(", ".join(f"{n} {version(n)}" for n in ("torch", "kornia", "pillow")))


if __name__ == "__main__":
    main()
