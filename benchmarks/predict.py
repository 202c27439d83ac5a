"""Reading photographs: a folder at once against one photograph at a time.

    python benchmarks/predict.py
    python benchmarks/predict.py --networks ramn --photographs 64 --rounds 5

The photographs are copies of scikit-image's astronaut of 400 to 640 pixels, every
other one mirrored.  One at a time is ``fer_lib.predict`` in a loop; at once is
``fer_lib.reading.read_photographs`` of the folder.  Both give the same
probabilities, which is checked first.  Most of the time goes into finding faces,
which nothing puts together; so the network's own share is measured alone, too.

``--workers`` processes that share the finding stand beside one, on the least count
of ``--memory``; the time that they need to start is counted.

Then every count of ``--memory`` is read by a process of its own, to the end of a
CSV table: its peak memory should not grow.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from pairs import Pair, machine, measure, table
from PIL import Image
from skimage.data import astronaut

import fer_lib
from fer_lib.device import choose_device
from fer_lib.evaluation.inference import probabilities
from fer_lib.models import NETWORKS
from fer_lib.reading import read_photographs

_READ = """
import sys
from pathlib import Path
import torch
from ferbook.cli import main
from ferbook.training.machine import peak_memory_mib
out = Path(sys.argv[2])
main(["predict", sys.argv[1], "--network", sys.argv[3], "--out", str(out)])
print(len(out.read_text().splitlines()) - 1, peak_memory_mib(torch.device("cpu")))
"""


def draw(folder: Path, count: int) -> None:
    """Write photographs into a folder, those that it holds are kept."""
    picture = Image.fromarray(astronaut())
    for number in range(len(list(folder.iterdir())), count):
        side = 400 + 40 * (number % 7)
        copy = picture.resize((side, side))
        if number % 2:
            copy = copy.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        copy.save(folder / f"{number:05}.jpg")


def row(name: str, folder: Path, rounds: int) -> list[str]:
    """Photographs and faces a second, one by one and together."""
    network, paths = fer_lib.load(name), sorted(folder.iterdir())
    device = choose_device("cpu")

    def one_by_one() -> list:
        return [one for path in paths for one in fer_lib.predict(network, path)]

    def at_once() -> list:
        found = read_photographs(network, [folder])
        return [one for photo in found for one in photo.readings]

    first, second = one_by_one(), at_once()
    assert [one.source for one in first] == [one.source for one in second]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-4)
    whole = measure(one_by_one, at_once, device, rounds, name)
    faces = np.stack([one.face for one in second])
    alone = measure(
        lambda: [probabilities(network, face[None]) for face in faces],
        lambda: probabilities(network, faces),
        device,
        rounds,
        f"{name} alone",
    )
    return [name, *_rates(whole, len(paths)), *_rates(alone, len(faces))]


def _rates(pair: Pair, count: int) -> list[str]:
    return [f"{count / pair.first:.1f}", f"{count / pair.second:.1f}", pair.spread()]


def shared(name: str, count: int, folder: Path, workers: int, rounds: int) -> list[str]:
    """Photographs a second, by one process and by several."""
    draw(folder, count)
    network = fer_lib.load(name)
    pair = measure(
        lambda: list(read_photographs(network, [folder])),
        lambda: list(read_photographs(network, [folder], workers)),
        choose_device("cpu"),
        rounds,
        f"{workers} processes",
    )
    return [name, f"{count:,}", f"{workers}", *_rates(pair, count)]


def memory(name: str, count: int, folder: Path) -> list[str]:
    """Rows of the table and MiB of a process that reads so many photographs."""
    draw(folder, count)
    words = [str(folder), str(folder.parent / "table.csv"), name]
    done = subprocess.run(
        [sys.executable, "-c", _READ, *words],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    rows, peak = done.stdout.splitlines()[-1].split()
    return [name, f"{count:,}", rows, peak]


def main() -> None:
    """Measure and print the tables."""
    names = [name for name in NETWORKS if name != "comparison"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=names, default=names)
    parser.add_argument("--photographs", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", nargs="+", type=int, default=[100, 400])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        few, many = (Path(place) / name for name in ("few", "many"))
        few.mkdir()
        many.mkdir()
        draw(few, asked.photographs)
        rows = [row(name, few, asked.rounds) for name in asked.networks]
        head = ["network", "photographs/s, one by one", "at once", "ratio"]
        head += ["network alone: faces/s, one by one", "together", "ratio"]
        print(table(head, rows))
        counts, name = sorted(asked.memory), asked.networks[0]
        rows = [shared(name, counts[0], many, asked.workers, asked.rounds)]
        head = ["network", "photographs", "processes", "photographs/s, one"]
        print(f"\n{table([*head, 'several', 'ratio'], rows)}")
        rows = [memory(name, n, many) for n in counts]
        head = ["network", "photographs", "rows of the table", "peak MiB"]
        print(f"\n{table(head, rows)}")
    print(f"\n{asked.rounds} rounds of {asked.photographs} photographs")
    print(machine(choose_device("cpu"), ("torch", "dlib-bin")))


if __name__ == "__main__":
    main()
