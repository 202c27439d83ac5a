"""Rendered faces a second, at 48 and at 96 pixels.

    python benchmarks/rendering.py
    python benchmarks/rendering.py --faces 400 --repeats 5 --workers 2

Prints a table with medians, the machine and the versions.  Each repeat
renders the ``wild`` set with another seed, nothing cached; the start of the
worker processes is part of the time in the last row of each size.
"""

import argparse
import os
import platform
import statistics
import time
from importlib.metadata import version

from tqdm.auto import tqdm

from fer_lib.data.rendered import wild
from fer_lib.expressions import EXPRESSIONS
from fer_lib.faces.portrait import WILD, draw_columns


def one_process(faces: int, size: int, seed: int) -> float:
    """Faces a second in this process, people and head ready."""
    jobs = [(k % 20, EXPRESSIONS[k % 7], size, seed, k, WILD) for k in range(faces)]
    for job in jobs[:20]:
        draw_columns(job)
    start = time.perf_counter()
    for job in jobs:
        draw_columns(job)
    return faces / (time.perf_counter() - start)


def whole_set(faces: int, size: int, seed: int, workers: int) -> float:
    """Faces a second of ``wild``, start of the processes included."""
    start = time.perf_counter()
    wild(size, faces, 1, 1, seed=seed, workers=workers, cached=False)
    return (faces + 2) / (time.perf_counter() - start)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, default=800)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    rows = []
    for size in (48, 96):
        for label, measure in (
            ("1 process, warm", one_process),
            (
                f"{asked.workers} processes, whole set",
                lambda *a: whole_set(*a, workers=asked.workers),
            ),
        ):
            rates = [
                measure(asked.faces, size, seed)
                for seed in tqdm(range(asked.repeats), desc=f"{size} px")
            ]
            rows.append((size, label, rates))
    print(f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}")
    libraries = ("numpy", "scipy", "embreex")
    print(", ".join(f"{name} {version(name)}" for name in libraries))
    print(f"{asked.faces} faces a repeat, {asked.repeats} repeats\n")
    print("| pixels | how | median faces/s | lowest | highest |")
    print("|---|---|---|---|---|")
    for size, label, rates in rows:
        middle = statistics.median(rates)
        print(
            f"| {size} | {label} | {middle:.0f} | {min(rates):.0f} | {max(rates):.0f} |"
        )


if __name__ == "__main__":
    main()
