"""Times of two ways of doing the same, side by side in one process."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version

import torch
from tqdm.auto import tqdm

from fer_lib.device import DTYPES
from ferbook.show.phrases import network_name
from ferbook.training.machine import hardware


@dataclass(frozen=True)
class Pair:
    """Seconds of two things measured in turn, and their ratio.

    Attributes:
        first: median seconds of the first.
        second: median seconds of the second.
        ratio: median of first / second over the rounds; above 1 the second
            is faster.
        low: smallest ratio of a round.
        high: largest ratio of a round.
    """

    first: float
    second: float
    ratio: float
    low: float
    high: float

    def spread(self) -> str:
        return f"{self.ratio:.2f} ({self.low:.2f} to {self.high:.2f})"


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Wall time of one call, the device's queue emptied."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def measure(
    first: Callable[[], object],
    second: Callable[[], object],
    device: torch.device,
    rounds: int,
    label: str = "",
) -> Pair:
    """Each once to warm up, then in turn, the order changing every round."""
    first()
    second()
    taken: list[tuple[float, float]] = []
    for i in tqdm(range(rounds), desc=label, unit="pair", leave=False):
        order = (first, second) if i % 2 == 0 else (second, first)
        times = [seconds(work, device) for work in order]
        taken.append(tuple(times if i % 2 == 0 else times[::-1]))
    ratios = [a / b for a, b in taken]
    return Pair(
        statistics.median(a for a, _ in taken),
        statistics.median(b for _, b in taken),
        statistics.median(ratios),
        min(ratios),
        max(ratios),
    )


def matmul_peak(device: torch.device, precision: str = "float32") -> float:
    """GFLOP/s of the best of many square matrix products."""
    best, dtype = 0.0, DTYPES.get(precision, torch.float32)
    for side in (512, 1024, 2048, 4096):
        a, b = (torch.rand(side, side, device=device).to(dtype) for _ in "ab")
        torch.mm(a, b)
        taken = min(seconds(lambda a=a, b=b: torch.mm(a, b), device) for _ in range(8))
        best = max(best, 2 * side**3 / taken / 1e9)
    return best


def machine(device: torch.device, packages: Iterable[str] = ("torch",)) -> str:
    """One line about the machine and the versions."""
    about = hardware(device)
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{about['name']} ({about['device']}, {about['threads']} threads), {versions}"
    )


def title(name: str) -> str:
    """A network as the book calls it, and its variant: of ``ramn`` or ``ramn/beta``."""
    nickname, _, variant = name.partition("/")
    return ", ".join(filter(None, (network_name(nickname), variant)))


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
