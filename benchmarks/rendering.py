"""Rendered faces a second, for each corpus.

    python benchmarks/rendering.py
    python benchmarks/rendering.py --faces 400 --repeats 5 --workers 2

Prints a table with medians, the machine and the versions.  Each repeat
renders the corpus with another seed, nothing cached; the start of the worker
processes is part of the time in the last row of each corpus.
"""

import argparse
import os
import platform
import statistics
import time
from importlib.metadata import version

from tqdm.auto import tqdm

from fer_lib.data.sources.rendered import load
from fer_lib.expressions import EXPRESSIONS
from fer_lib.rendered.conditions import CONDITIONS
from fer_lib.rendered.portrait import draw_columns

PICTURES = (("wild", 48), ("wild", 96), ("lab", 160), ("stylised", 96))
# Faces of one subject of lab, and of one take of stylised.
SEQUENCES, TAKE = 7 * 6, 6 * 7


def one_process(corpus: str, size: int, faces: int, seed: int) -> float:
    """Faces a second in this process, people and head ready."""
    conditions = CONDITIONS[corpus]
    jobs = [
        (k % 6, EXPRESSIONS[k % 7], size, seed, k, conditions) for k in range(faces)
    ]
    for job in jobs[:6]:
        draw_columns(job)
    start = time.perf_counter()
    for job in jobs:
        draw_columns(job)
    return faces / (time.perf_counter() - start)


def whole_set(corpus: str, size: int, faces: int, seed: int, workers: int) -> float:
    """Faces a second of a corpus, start of the processes included."""
    counts = {
        "wild": {"train": faces, "public": 1, "private": 1},
        "lab": {"subjects": -(-faces // SEQUENCES)},
        "stylised": {"takes": -(-faces // TAKE)},
    }[corpus]
    start = time.perf_counter()
    made = load(corpus, size=size, seed=seed, workers=workers, cached=False, **counts)
    return len(made) / (time.perf_counter() - start)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, default=800)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    rows = []
    for corpus, size in PICTURES:
        for label, measure in (
            ("1 process, warm", one_process),
            (
                f"{asked.workers} processes, whole set",
                lambda *a: whole_set(*a, workers=asked.workers),
            ),
        ):
            rates = [
                measure(corpus, size, asked.faces, seed)
                for seed in tqdm(range(asked.repeats), desc=f"{corpus}, {size} px")
            ]
            rows.append((corpus, size, label, rates))
    print(f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}")
    libraries = ("numpy", "scipy", "embreex", "pillow")
    print(", ".join(f"{name} {version(name)}" for name in libraries))
    print(f"{asked.faces} faces a repeat or a few more, {asked.repeats} repeats\n")
    print("| corpus | pixels | how | median faces/s | lowest | highest |")
    print("|---|---|---|---|---|---|")
    for corpus, size, label, rates in rows:
        middle = statistics.median(rates)
        print(
            f"| {corpus} | {size} | {label} | {middle:.0f} | {min(rates):.0f} "
            f"| {max(rates):.0f} |"
        )


if __name__ == "__main__":
    main()
