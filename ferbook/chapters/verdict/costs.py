"""What the networks cost beside each other, and what claims still wait for."""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from fer_lib.errors import FerError
from fer_lib.models import build
from fer_lib.models.catalogue import Entry, entry
from fer_lib.models.cost import TRAINING
from ferbook.kit.costs import faces_a_second
from ferbook.ledger.ledger import Ledger
from ferbook.papers import PAPERS
from ferbook.queue import Forecast, Forecaster, Queue, as_recorded, open_queue
from ferbook.runs.key import RunKey
from ferbook.runs.make import splits_of
from ferbook.runs.paths import repository_root
from ferbook.runs.records import Record
from ferbook.runs.state import Kind
from ferbook.show import phrases
from ferbook.show.costs import FER2013, SMALL, rate, work_an_epoch
from ferbook.show.figures import COLOURS
from ferbook.show.plots import MARKS, finish
from ferbook.show.tables import Sentence, Table, cell, table

MACHINE = "a T4"  # one of RATES; that of the free tier of Colab
SPEED = "book/speed_tables.md"  # made by benchmarks/networks.py
_USE = "## Use of the machine"


def measured_speed(text: str) -> tuple[str, dict[str, float]]:
    """What was measured on, and faces a second by network, from the page on speed.

    Raises:
        FerError: when the text has no such table.
    """
    _, found, rest = text.partition(_USE)
    rows = re.findall(r"^\| ([^|]+) \| ([\d.]+) \|", rest.partition("\n## ")[0], re.M)
    if not found or not rows:
        raise FerError(f"{SPEED}: no table '{_USE}'; run benchmarks/networks.py again.")
    machine = text.partition(".  ")[0]
    return machine, {name: float(rate) for name, rate in rows}


def cost_table(ledger: Ledger) -> Table:
    """Size, operations and speed of the papers' networks, a row each."""
    path = repository_root() / SPEED
    machine, speed = measured_speed(path.read_text(encoding="utf-8"))

    def told(one: Entry, figure: str, digits: str) -> str:
        printed = getattr(one.paper, figure, None)
        counted = format(getattr(one, figure), digits)
        return cell(counted, f"printed {printed:,.10g}" if printed else "")

    return table(
        "What a face costs",
        [(claims.name, entry(claims.paper)) for claims in ledger.papers],
        {
            "Network": lambda row: row[0],
            "Input": lambda row: " x ".join(map(str, row[1].input)),
            "Parameters": lambda row: told(row[1], "parameters", ","),
            "GFLOPs per face": lambda row: told(row[1], "gflops", ".3f"),
            "Faces per second": lambda row: (
                f"{speed[name]:,.1f}"
                if (name := phrases.network_name(row[1].name)) in speed
                else "not measured"
            ),
        },
        note=f"Counted at the papers' sizes. Faces per second: forward, {machine}.",
    )


def live_table(ledger: Ledger, preset: str, device: torch.device) -> Table:
    """Faces per second of every network at a preset, on this machine."""

    def measured(paper: str) -> float:
        return faces_a_second(build(paper, preset=preset).to(device).eval())

    return table(
        f"Preset {preset}, measured here on {device.type}",
        [
            (one.name, one.paper, entry(one.paper, preset=preset))
            for one in ledger.papers
        ],
        {
            "Network": lambda row: row[0],
            "Parameters": lambda row: f"{row[2].parameters:,}",
            "GFLOPs per face": lambda row: f"{row[2].gflops:.3f}",
            "Faces per second": lambda row: f"{measured(row[1]):,.0f}",
        },
        note="Other programs that run at the same time slow it down.",
    )


def draw_accuracy_cost(records: Iterable[Record]) -> Figure | None:
    """Accuracy of runs on real FER2013 against the operations of a face.

    None where there is no run under FER2013's own labels.
    """
    found = [r for r in records if (r.dataset, r.protocol) == ("fer2013", "official")]
    if not found:
        return None
    figure, axes = plt.subplots(figsize=(8, 4))
    told, papers = [], list(dict.fromkeys(record.paper for record in found))
    hows = list(dict.fromkeys(map(_how, found)))
    for record in found:
        faces = next(iter(record.data["splits"].values()))["n"]
        work = work_an_epoch(record) / TRAINING / faces
        metrics = record.metrics()
        mean, ends = 100 * metrics["accuracy"], 100 * np.array(metrics["accuracy_ci95"])
        colour = list(COLOURS.values())[papers.index(record.paper) % len(COLOURS)]
        label = f"{phrases.network_name(record.paper)}; {_how(record)}"
        known = axes.get_legend_handles_labels()[1]
        axes.plot([work, work], ends, color=colour, linewidth=1)
        mark = MARKS[hows.index(_how(record)) % len(MARKS)]
        axes.plot(work, mean, mark, color=colour, label="_" * (label in known) + label)
        told.append(f"{label}, {record.variant}: {mean:.1f} at {work:.3g} GFLOPs")
    axes.set(xscale="log", xlim=(2e-3, 400))  # from Deep-Emotion to RAMN
    axes.xaxis.set_major_formatter("{x:g}")
    labels = {"xlabel": "GFLOPs per face", "ylabel": "accuracy, single pass (%)"}
    finish(axes, legend=None, **labels)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    figure.alt_text = f"Accuracy against operations of runs: {'; '.join(told)}."
    return figure


def _how(record: Record) -> str:
    return f"preset {record.preset}, recipe {record.recipe}"


def waiting(ledger: Ledger, preset: str, seeds: int = 1) -> Queue | None:
    """Runs on FER2013 that claims lack, by what they would take on a GPU.

    Operations are counted on rendered faces and scaled to FER2013's size, so
    no data are needed.  None where no claim is answered by such runs.
    """
    known = {k: r for r in ledger.records for k in (r.key, r.trained_as)}

    def finished(key: RunKey) -> Record | None:
        record = known.get(key)
        if record is None or ledger.state(record).kind == Kind.OTHERWISE:
            return None
        return record

    options = {"seeds": seeds, "preset": preset, "progress": False}
    named = {"forecast": _Counted(), "finished": finished}
    named["asked"] = as_recorded(ledger.records)
    try:
        return open_queue(ledger.papers, "fer2013", **named, **options)
    except FerError:
        return None


class _Counted:
    """Forecasts for FER2013 on a GPU at an assumed rate; nothing is measured."""

    def __init__(self):
        at_one = {
            (name, preset): 1.0
            for name, recipe in PAPERS.items()
            for preset in recipe.presets
        }
        rendered = splits_of(RunKey("deep_emotion"))
        self._scale = FER2013 / len(rendered.train)
        self._forecast = Forecaster("rendered", None, torch.device("cpu"), at_one)

    def __call__(self, key: RunKey) -> Forecast:
        # Rendered faces lack some of FER+'s classes; the work is nearly the same.
        told = self._forecast(replace(key, protocol="official"))
        work = told.gflops * self._scale
        speed = _speed(key.paper)
        seconds = (work / speed, told.epoch_seconds * self._scale / speed)
        return Forecast(work, *seconds, told.far_off)


@cache
def _speed(paper: str) -> float:
    """GFLOP/s of its network on the assumed machine."""
    gflops = entry(paper).gflops
    return rate(SMALL if gflops is None else gflops, MACHINE)


def queue_table(queue: Queue | None, preset: str, count: int = 12) -> Table | Sentence:
    """The runs that answer most claims an hour, the first of a queue."""
    if queue is None or not queue.entries:
        return Sentence(f"No claim waits for a run of preset {preset} on FER2013.")
    entries, shown = queue.entries, queue.entries[:count]
    waiting = {id for e in entries for id in e.answers}
    beside = {id for e in entries for id in e.beside} - waiting
    return table(
        f"Runs that claims wait for, preset {preset}",
        shown,
        {
            "Run": lambda e: cell(
                f"{phrases.network_name(e.key.paper)}, {e.key.variant}",
                phrases.protocol_name(e.key.protocol),
            ),
            f"On {MACHINE}": lambda e: phrases.duration(e.forecast.seconds),
            "Claims": lambda e: cell(str(len(e.answers)), f"beside {len(e.beside)}"),
            "Answered": lambda e: e.answered,
        },
        note=f"{len(entries)} runs with one seed each, "
        f"{phrases.duration(queue.seconds)} on {MACHINE}, would answer "
        f"{len(waiting)} claims and stand beside {len(beside)} more; the first "
        f"{len(shown)} are shown. Operations counted, the rate assumed, not "
        "measured. Answered counts what is complete after a run and all above it.",
    )
