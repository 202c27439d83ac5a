"""Whether the code of today still trains as a recorded run was trained."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import fer_lib
from fer_lib.data.protocols import PAIRS, PROTOCOLS
from fer_lib.errors import FerError
from fer_lib.files import sha256_file
from ferbook.runs.key import RunKey, json_sha256
from ferbook.runs.records import Record
from ferbook.runs.source import PACKAGES, source_hash
from ferbook.runs.storage import remembered

# Modules that shape every run.
SHARED = (
    "fer_lib.evaluation.inference",
    "fer_lib.evaluation.metrics",
    "ferbook.training.loop",
)


class Kind(StrEnum):
    """How the code of today stands to that of a run, the worst last."""

    SAME_CODE = "same code"
    SAME_BEHAVIOUR = "same behaviour"
    UNKNOWN = "cannot be probed"
    OTHERWISE = "behaves otherwise"


@dataclass(frozen=True)
class State:
    """How today's code stands to a run, and why where it is not the same."""

    kind: Kind
    why: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.why}" if self.why else str(self.kind)

    @property
    def rank(self) -> int:
        """0 for the same code; the worse, the higher."""
        return list(Kind).index(self.kind)


def state_of(record: Record) -> State:
    """What a record's run would be today.

    The hash of the source tells that nothing changed.  Where something did,
    behaviour decides: it is probed once for each state of the code, which
    takes about a second a run.
    """
    asked = [record.key.sha256, record.code, record.content["config"]]
    asked = json_sha256([*asked, _libraries()])
    name = f"{code_sha256()[:16]}-{asked[:16]}"
    kind, *why = remembered("states", name, lambda: _probed(record))
    return State(Kind(kind), *why)


def _probed(record: Record) -> list[str]:
    try:
        source = run_source(record.key)
        if source == record.code["source_sha256"]:
            return [Kind.SAME_CODE]
    except (FerError, KeyError) as error:  # of modules that are gone
        return [Kind.UNKNOWN, str(error)]
    stored = record.content.get("behaviour")
    if stored is None:
        return [Kind.UNKNOWN, "no behaviour is stored"]
    probers = [Path(__file__).with_name(f"{n}.py") for n in ("behaviour", "probing")]
    asked = [record.key.sha256, stored, _libraries(), *map(sha256_file, probers)]
    name = f"{source[:16]}-{json_sha256(asked)[:16]}"
    return remembered("behaviours", name, lambda: _compared(record, stored))


def _compared(record: Record, stored: dict) -> list[str]:
    from ferbook.runs.behaviour import compare, probe

    try:
        odd = compare(stored, probe(record.content, stored["sizes"]))
    except FerError as error:
        return [Kind.UNKNOWN, str(error)]
    return [Kind.OTHERWISE, "; ".join(odd)] if odd else [Kind.SAME_BEHAVIOUR]


def _libraries() -> list[str]:
    """Versions of what a probe computes with."""
    return [version(name) for name in ("torch", "numpy", "kornia")]


@cache
def code_sha256() -> str:
    """Hash of every module of both packages, as it is written."""
    digest, root = sha256(), Path(fer_lib.__file__).parents[1]
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def run_source(key: RunKey) -> str:
    """Hash of the code that shapes a run of this paper on this data set."""
    from ferbook.papers import find_paper, find_recipe  # torch is slow to import

    modules = [find_paper(key.paper).make_plan.__module__, *SHARED]
    if key.recipe != "paper":
        modules.append(find_recipe(key.recipe).replanned.__module__)
    modules += [f"fer_lib.data.sources.{name}" for name in (key.dataset, key.target)]
    # Of the protocols only its own: a new one must not age older runs.
    made_by = (PROTOCOLS | PAIRS)[key.protocol]
    modules.append(getattr(made_by, "func", made_by).__module__)
    return source_hash([name for name in modules if name != "fer_lib.data.sources."])
