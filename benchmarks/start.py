"""How long commands and imports take, processor seconds beside wall seconds.

    python benchmarks/start.py [--rounds 5]

Each line is the median of some rounds, in which all take turns; the first
round, which fills caches, does not count.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

_BOOK = ["-c", "from ferbook.cli import main; raise SystemExit(main())"]
STARTS = {
    "python": ["-c", "pass"],
    "import fer_lib": ["-c", "import fer_lib"],
    "import torch": ["-c", "import torch"],
    "import fer_lib.models": ["-c", "import fer_lib.models"],
    "ferbook --version": [*_BOOK, "--version"],
    "ferbook --help": [*_BOOK, "--help"],
    "ferbook claims": [*_BOOK, "claims"],
}


def took(words: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of one start of Python."""
    before, started = os.times(), time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, os.times()
    busy = after.children_user - before.children_user
    return wall, busy + after.children_system - before.children_system


def main() -> None:
    """Print a line for each start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    found = {name: [] for name in STARTS}
    for count in range(rounds + 1):
        for name, words in STARTS.items():
            measured = took(words)
            if count:
                found[name].append(measured)
    for name, pairs in found.items():
        wall, busy = (statistics.median(values) for values in zip(*pairs, strict=True))
        print(f"{name:22} {wall:6.2f} s wall {busy:6.2f} s of processor")


if __name__ == "__main__":
    main()
