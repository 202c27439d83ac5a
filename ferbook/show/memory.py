"""What a training step of each paper holds in memory, counted on fake tensors."""

from dataclasses import dataclass
from functools import cache

from fer_lib.expressions import EXPRESSIONS
from ferbook.papers import PAPERS
from ferbook.runs.probing import noise_splits
from ferbook.runs.source import source_hash
from ferbook.runs.storage import remembered
from ferbook.show.tables import Table, table
from ferbook.training.memory import GIB, T4, step_bytes

PRESETS = ("student", "reduced", "paper")
PRECISIONS = ("float32", "bf16")


@dataclass(frozen=True)
class Held:
    """GiB of the largest step, by precision; fp16 takes what bf16 does."""

    paper: str
    preset: str
    batch: int
    parts: int
    gib: dict[str, float]


def held(paper: str, preset: str) -> Held:
    """Of a paper's own recipe, with its default variant."""
    recipe = PAPERS[paper]
    config = recipe.make_config(preset)
    plan = recipe.make_plan(config, _splits(), 0)
    found = {
        precision: step_bytes(
            plan,
            lambda: recipe.make_network(config, 7, 0),
            _splits().train,
            precision,
        )
        for precision in PRECISIONS
    }
    size = max(plan.stages, key=lambda stage: stage.batch_size)
    gib = {precision: value / GIB for precision, value in found.items()}
    return Held(paper, preset, size.batch_size, size.accumulate, gib)


@cache
def _splits():
    return noise_splits("fer2013", "official", EXPRESSIONS[:7], 48)


def all_held() -> list[Held]:
    """Of all papers and presets that a GPU is for; counted once for this code."""
    name = source_hash(["ferbook.show.memory"])[:16]
    papers = [name for name in PAPERS if name != "comparison"]

    def count() -> list:
        return [vars(held(paper, preset)) for paper in papers for preset in PRESETS]

    return [Held(**row) for row in remembered("memory", name, count)]


def memory_table(names: dict[str, str]) -> Table:
    """A row a paper and preset; ``names`` of the papers."""
    return table(
        "Memory of a training step",
        all_held(),
        {
            "Network": lambda one: names.get(one.paper, one.paper),
            "Preset": lambda one: one.preset,
            "Faces in a step": lambda one: (
                f"{one.parts} x {one.batch}" if one.parts > 1 else f"{one.batch}"
            ),
            "float32, GiB": lambda one: f"{one.gib['float32']:.1f}",
            "bf16 or fp16, GiB": lambda one: f"{one.gib['bf16']:.1f}",
        },
        note="Counted on tensors without numbers: weights, gradients, the "
        "optimizer's moments, and what the largest stage keeps for its gradient. "
        f"cuDNN's work space comes on top; a T4 has about {T4:g} GiB free.",
    )
