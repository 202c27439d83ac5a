"""What AffectNet at 224 pixels asks of a cluster: measured on a sample, and computed.

    python benchmarks/cluster.py --out book/cluster_tables.md
    python benchmarks/cluster.py --sample 200 --small 20000

A sample of AffectNet's release of 2021 is generated (photographs of noise, smoothed,
with the four annotations of each face), read, read again, and begun with as a run
begins.  Times are the processor's own, since other work on the machine lengthens the
clock's.  A mapped set of 48 pixels and as many faces as AffectNet has shows in which
account of the system its pages stand.  Everything else is computed from that, from
counts of the data set, and from operations that are counted; no GPU is needed, and what
one reaches is an assumption that stands in the table.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from pairs import machine, table, title
from PIL import Image

from fer_lib.data import FaceSet, load
from fer_lib.data.audit.duplicates import leaked
from fer_lib.data.mapped import write_parts
from fer_lib.data.protocols import split
from fer_lib.data.sources import tree
from fer_lib.data.sources.published import PUBLISHED
from fer_lib.models.cost import TRAINING, counted
from ferbook.ledger.claim_files import load_all_claims
from ferbook.papers import PAPERS
from ferbook.queue import Forecaster, forecast
from ferbook.queue.queue import needs_of

SIDE, SEEDS, GPUS = 224, 3, 8
SIX = [name for name in PAPERS if name != "comparison"]
RATES = (10, 30, 100)  # 1e12 operations a second that a GPU achieves; assumed
COUNTS = PUBLISHED["affectnet"].counts["2021"]
FACES = PUBLISHED["affectnet"].total()
_MEMORY = """
import sys
from pathlib import Path
import numpy as np
from fer_lib.data.mapped import MappedImages, in_parts
images = MappedImages(sys.argv[1])
for part in in_parts(images): part.sum()
for rows in np.random.default_rng(0).permutation(len(images)).reshape(-1, 50):
    images[rows]
told = dict(x.split(":") for x in Path("/proc/self/status").read_text().splitlines())
print(*(int(told[name].split()[0]) for name in ("VmRSS", "RssFile", "RssAnon")))
"""


def draw(root: Path, count: int) -> None:
    """Write a small AffectNet, a tenth of it to validate on."""
    rng = np.random.default_rng(0)
    for number in range(count):
        place = root / ("val_set" if number % 10 == 0 else "train_set")
        for name in ("images", "annotations"):
            (place / name).mkdir(parents=True, exist_ok=True)
        noise = Image.fromarray(rng.integers(0, 256, (14, 14, 3), dtype=np.uint8))
        picture = noise.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        picture.save(place / "images" / f"{number}.jpg", quality=90)
        notes = {"exp": str(number % 8), "val": "0.1", "aro": "0.1"}
        notes["lnd"] = rng.uniform(0, SIDE, 136)
        for name, value in notes.items():
            np.save(place / "annotations" / f"{number}_{name}.npy", value)


def spent(work: Callable[[], object]) -> tuple[float, object]:
    """Seconds of the processor, and what came of it."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def sample(count: int) -> list[tuple[str, float]]:
    """Milliseconds a face of what is done with each."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "affectnet"
        draw(root, count)
        # As all of AffectNet is treated: mapped, its files told by size and time.
        os.environ["FER_MEMORY_LIMIT"], tree._WHOLE = "1", 0
        read = {"cache": str(Path(folder) / "cache")}
        first, faces = spent(lambda: load("affectnet", str(root), **read))
        again, _ = spent(lambda: load("affectnet", str(root), **read))
        begun, _ = spent(lambda: begin(faces))
        order = np.random.default_rng(0).permutation(count)
        batches = np.array_split(order, max(1, count // 64))
        batch, _ = spent(lambda: [faces.images[rows] for rows in batches])
    taken = {
        "read from JPEG and annotations, once": first,
        "read again, from the cache": again,
        "at the start of a run: split, hashes, copies": begun,
        "in each epoch: a batch from the mapped file": batch,
    }
    return [(what, 1e3 * seconds / count) for what, seconds in taken.items()]


def begin(faces: FaceSet) -> None:
    """What :func:`ferbook.runs.make.reproduce` does before it trains."""
    splits = split(faces, "affectnet_val8")
    assert splits.sha256
    leaked(splits.train, splits.test)


def memory(count: int) -> list[float]:
    """MiB of a process that has read a mapped set of 48 pixels: all, mapped, own."""
    with tempfile.TemporaryDirectory() as folder:
        path, part = Path(folder) / "images.npy", np.zeros((count // 50, 1, 48, 48))
        part = np.random.default_rng(0).integers(0, 256, part.shape, dtype=np.uint8)
        write_parts(path, (50 * len(part), 1, 48, 48), [part] * 50)
        done = subprocess.run(
            [sys.executable, "-c", _MEMORY, str(path)],
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    return [int(kib) / 1024 for kib in done.stdout.split()]


def stand_in() -> FaceSet:
    """As many labels as AffectNet has; its images are a point."""
    labels, splits = [], []
    for name, counts in COUNTS.items():
        each = counts if isinstance(counts, tuple) else (counts // 8,) * 8
        labels += [np.repeat(np.arange(8), each)]
        splits += [np.full(sum(each), name)]
    labels, splits = np.concatenate(labels), np.concatenate(splits)
    images = np.zeros((len(labels), 3, 1, 1), np.uint8)
    return FaceSet("affectnet", images, labels, splits, "Counted.")


def runs() -> dict[str, list[float]]:
    """1e15 operations of every run that claims on AffectNet want, by paper."""
    rates = {(name, preset): 1.0 for name, p in PAPERS.items() for preset in p.presets}
    forecast.load = lambda name, root: stand_in()
    forecaster = Forecaster("affectnet", None, torch.device("cpu"), rates)
    needs = needs_of(load_all_claims(), "affectnet", SEEDS)
    found: dict[str, list[float]] = {}
    for run in dict.fromkeys(run for need in needs for run in need.runs):
        found.setdefault(run.paper, []).append(forecaster(run).gflops / 1e6)
    found["all"] = [count for each in found.values() for count in each]
    return found


def epochs() -> list[list[str]]:
    """An epoch of all training faces, by network at its paper's size."""
    rows, train = [], PUBLISHED["affectnet"].total("train")
    for name in SIX:
        paper = PAPERS[name]
        config = paper.make_config("paper")
        cost = counted(lambda p=paper, c=config: p.make_network(c, 8, seed=0))
        per_face = TRAINING * cost.gflops / 1e3
        asked = [rate / per_face for rate in RATES]
        rows.append(
            [title(name), f"{config.network['input_size']}", f"{cost.gflops:.2f}"]
            + [f"{16 * cost.parameters / 1e6:,.0f}"]
            + [f"{train / each / 60:,.1f} ({each:,.0f})" for each in asked]
        )
    return rows


def text(asked: argparse.Namespace) -> str:
    """The page of tables."""
    cost, whole = dict(sample(asked.sample)), FACES * 3 * SIDE**2 / 1e9
    resident = [f"{one:,.0f}" for one in memory(asked.small)]
    first, again, begun, batch = cost.values()
    minutes = FACES / 6e4  # of a millisecond a face
    at = [f"at {rate} TFLOP/s" for rate in RATES]
    parts = [
        f"{machine(torch.device('cpu'), ('torch', 'numpy', 'pillow'))}; other work ran "
        f"beside. {asked.sample:,} generated faces of {SIDE} pixels stand for all.",
        "### Measured: what each face costs",
        table(
            ["a face is", "ms of one core", "faces/s"],
            [[what, f"{ms:.2f}", f"{1e3 / ms:,.0f}"] for what, ms in cost.items()],
        ),
        "### Measured: which account mapped faces stand in",
        table(
            ["faces of 48 pixels", "file, MiB", "resident", "of these mapped", "own"],
            [[f"{asked.small:,}", f"{asked.small * 48**2 / 2**20:,.0f}", *resident]],
        ),
        f"### Computed from these: {FACES:,} faces of {SIDE} pixels",
        table(
            ["what", "how much"],
            [
                ["images on the disk of each machine", f"{whole:,.1f} GB"],
                ["first reading, one core", f"{first * minutes:.0f} min"],
                ["reading again, for each run", f"{again * minutes:.1f} min"],
                ["what a run does before it trains", f"{begun * minutes:.1f} min"],
                [f"pages in memory, {GPUS} GPUs in one machine", f"{whole:,.1f} GB"],
                [f"pages in memory, {GPUS} machines", f"{GPUS * whole:,.0f} GB"],
                ["faces/s that a run's reading thread gives", f"{1e3 / batch:,.0f}"],
            ],
        ),
        "### Counted: an epoch of all training faces on one GPU",
        "Minutes, and in brackets the faces a second that the network asks for, at "
        "three rates that a GPU might achieve; none was measured.",
        table(
            ["network", "input, pixels", "GFLOP a face", "saved state, MB", *at],
            epochs(),
        ),
        f"### Counted: the runs that claims on AffectNet lack, on {GPUS} GPUs",
        "Hours at least, at the same rates: no run is split, so the longest counts.",
        table(
            ["paper", f"runs of {SEEDS} seeds", "PFLOP of a run", *at],
            [
                [title(name), f"{len(each)}", f"{min(each):,.0f} to {max(each):,.0f}"]
                + [
                    f"{max(sum(each) / GPUS, max(each)) / rate / 3.6:,.1f}"
                    for rate in RATES
                ]
                for name, each in runs().items()
            ],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Measure, compute and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=400)
    parser.add_argument("--small", type=int, default=FACES // 50 * 50)
    parser.add_argument("--out", type=Path, help="write the tables there")
    asked = parser.parse_args()
    told = text(asked)
    print(told)
    if asked.out:
        asked.out.write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main()
