"""Speed of the papers' networks: layouts, loops, authors' code, the machine.

    python benchmarks/networks.py
    python benchmarks/networks.py --preset smoke --rounds 3 --only ramn
    python benchmarks/networks.py --theirs residual_masking=FOLDER:MODULE:FACTORY
    python benchmarks/networks.py --out book/speed_tables.md

All figures are medians of pairs measured in turn in one process, as ratios;
in brackets the smallest and largest of a pair.  ``--theirs`` compares with an
authors' network in a folder that you fetched yourself, after giving both the
same weights and checking that their scores agree; where a released factory
needs arguments or weight files, name a module of your own that calls it.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from grouped import PARALLEL
from pairs import machine, matmul_peak, measure, table, title
from theirs import largest_difference, load_theirs, scores_of
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from fer_lib.device import choose_device
from fer_lib.models import NETWORKS, build
from fer_lib.models.cost import cost
from fer_lib.models.network import Network

OURS = [name for name in NETWORKS if name != "comparison"]


def faces_for(network: Network, batch: int, device: torch.device) -> Tensor:
    """Random faces of the network's input."""
    size, channels = network.input.size, network.input.channels
    return torch.rand(batch, channels, size, size, device=device)


def inference(network: nn.Module, x: Tensor) -> Callable[[], object]:
    """One pass in evaluation mode."""

    def work() -> None:
        network.eval()
        with torch.inference_mode():
            network(x)

    return work


def training(network: nn.Module, x: Tensor) -> Callable[[], object]:
    """One forward and backward pass in training mode."""
    labels = torch.arange(len(x), device=x.device) % 7

    def work() -> None:
        network.train()
        network.zero_grad(set_to_none=True)
        F.cross_entropy(scores_of(network(x)), labels).backward()

    return work


def layouts(names: list[str], preset: str, batch: int, device, rounds: int) -> str:
    """channels_last against contiguous."""
    rows = []
    for name in names:
        plain = build(name, preset=preset).to(device)
        x = faces_for(plain, batch, device)
        last = build(name, preset=preset).to(device)
        last = last.to(memory_format=torch.channels_last)
        y = x.contiguous(memory_format=torch.channels_last)
        for label, work in (("forward", inference), ("both", training)):
            pair = measure(work(plain, x), work(last, y), device, rounds, name)
            ms = [f"{1000 * pair.first:.0f}", f"{1000 * pair.second:.0f}"]
            rows.append([title(name), label, *ms, pair.spread()])
    return table(
        ["network", "pass", "contiguous, ms", "channels_last, ms", "ratio"], rows
    )


def grouping(names: list[str], preset: str, batch: int, device, rounds: int) -> str:
    """The loop over branches against one grouped pass, for two batch sizes."""
    rows = []
    for name in (name for name in names if name in PARALLEL):
        network = build(name, preset=preset).to(device).eval()
        for faces in (batch, 8 * batch):
            loop, grouped = PARALLEL[name](network, faces_for(network, faces, device))
            for label, work in (
                ("forward", _without_gradient),
                ("both", _with_gradient),
            ):
                pair = measure(work(loop), work(grouped), device, rounds, name)
                ms = [f"{1000 * pair.first:.0f}", f"{1000 * pair.second:.0f}"]
                rows.append([title(name), str(faces), label, *ms, pair.spread()])
    return table(["network", "faces", "pass", "loop, ms", "grouped, ms", "ratio"], rows)


def _without_gradient(run: Callable[[], Tensor]) -> Callable[[], object]:
    def work() -> None:
        with torch.no_grad():
            run()

    return work


def _with_gradient(run: Callable[[], Tensor]) -> Callable[[], object]:
    return lambda: run().sum().backward()


def against_theirs(theirs: dict[str, str], batch: int, device, rounds: int) -> str:
    """Authors' code against ours, at the paper's size: above 1, ours is faster."""
    rows = []
    for name, where in theirs.items():
        nickname, _, variant = name.partition("/")
        other = load_theirs(where).to(device)
        ours = build(nickname, variant=variant or "default")
        ours = ours.to(device)
        x = faces_for(ours, batch, device)
        row = [title(name), f"{largest_difference(ours, other, x):.0e}"]
        for work in (inference, training):
            pair = measure(work(other, x), work(ours, x), device, rounds, name)
            row.append(pair.spread())
        rows.append(row)
    head = ["network", "scores differ by", "forward, theirs / ours"]
    return table([*head, "both, theirs / ours"], rows)


def use_of_the_machine(
    names: list[str], preset: str, batch: int, device, rounds: int
) -> str:
    """Achieved GFLOP/s, and which operations take the time."""
    peak, rows = matmul_peak(device), []
    for name in names:
        network = build(name, preset=preset).to(device)
        network = network.to(memory_format=torch.channels_last)
        x = faces_for(network, batch, device)
        x = x.contiguous(memory_format=torch.channels_last)
        work = inference(network, x)
        second = measure(work, work, device, rounds, name).second
        rate = batch * cost(network).gflops / second
        row = [
            title(name),
            f"{batch / second:.1f}",
            f"{rate:.0f}",
            f"{rate / peak:.0%}",
        ]
        rows.append([*row, busiest(work)])
    head = ["network", "faces/s", "GFLOP/s", "of the peak", "where the time goes"]
    return f"{table(head, rows)}\n\nPeak (matrix product): {peak:.0f} GFLOP/s."


def busiest(work: Callable[[], object], count: int = 3) -> str:
    """The operations that take most of the time, with their shares."""
    kinds = [ProfilerActivity.CPU]
    if torch.cuda.is_available():
        kinds.append(ProfilerActivity.CUDA)
    with profile(activities=kinds) as seen:
        work()
    times = {
        event.key: event.self_cpu_time_total + event.self_device_time_total
        for event in seen.key_averages()
    }
    total = sum(times.values())
    top = sorted(times, key=times.__getitem__, reverse=True)[:count]
    return ", ".join(
        f"{key.removeprefix('aten::')} {times[key] / total:.0%}" for key in top
    )


def main() -> None:
    """Measure and print, or write, the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=OURS, default=OURS)
    parser.add_argument(
        "--theirs",
        nargs="+",
        default=[],
        metavar="NICKNAME[/VARIANT]=FOLDER:MODULE:FACTORY",
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="write the tables there")
    asked = parser.parse_args()
    device = choose_device(asked.device)
    common = (asked.preset, asked.batch_size, device, asked.rounds)
    theirs = dict(text.split("=", 1) for text in asked.theirs)
    parts = {
        "channels_last against contiguous": layouts(asked.only, *common),
        "Loop against grouped": grouping(asked.only, *common),
        "Use of the machine": use_of_the_machine(asked.only, *common),
    }
    if theirs:
        parts["Authors' code against this library"] = against_theirs(
            theirs, *common[1:]
        )
    text = (
        f"{machine(device)}.  Preset {asked.preset}, batches of "
        f"{asked.batch_size}, float32, medians of {asked.rounds} pairs; a ratio "
        "above 1 says that the second is faster.  A pass is forward, or both "
        "forward and backward.\n"
    )
    text += "".join(f"\n## {title}\n\n{body}\n" for title, body in parts.items())
    print(text)
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
