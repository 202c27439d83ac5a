"""The fields of a run record and their types."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NotRequired

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from fer_lib.errors import FerError
from ferbook.runs.checking import FaultError, checked
from ferbook.runs.key import RunKey, json_sha256

SCHEMA = 2
VIEWS = ("single", "flip", "random10", "early_exit")
# One member of an ensemble in a single pass: "member.mouth".
MEMBER = r"member\.[a-z0-9_]+"
_more = with_config(ConfigDict(extra="allow"))


@_more
class _Code(TypedDict):
    version: str
    source_sha256: str
    commit: str | None
    dirty: bool | None


def _summed(split: dict) -> dict:
    if sum(split["per_class"]) != split["n"]:
        raise ValueError(f"counts per class that sum to n = {split['n']}")
    return split


@_more
class _Split(TypedDict):
    n: int
    per_class: list[int]


@_more
class _Data(TypedDict):
    name: str
    rendered: bool
    provenance: str
    sha256: str
    classes: list[str]
    splits: dict[str, Annotated[_Split, AfterValidator(_summed)]]


@_more
class _Selection(TypedDict):
    split: str
    epoch: int
    metric: str


@_more
class _Hardware(TypedDict):
    device: str
    name: str
    threads: int


@_more
class _Precision(TypedDict):
    asked: str
    used: str


class _Departure(TypedDict):
    item: str
    paper: str
    ours: str
    why: NotRequired[str]


_View = Annotated[str, Field(pattern=f"^({'|'.join(VIEWS)}|{MEMBER})$")]
_Results = dict[str, dict[_View, dict]]


@with_config(ConfigDict(extra="forbid"))
class _Checkpoints(TypedDict):
    selected: _Results  # the checkpoint that answers claims
    last: NotRequired[_Results]
    best_on_test: NotRequired[_Results]


@_more
class _Content(TypedDict):
    schema: Literal[SCHEMA]
    paper: str
    dataset: str
    protocol: str
    preset: str
    recipe: str
    variant: str
    seed: int
    target: str
    changes: dict
    varied: list[str]  # settings that the variant has of its own
    key: str
    superseded: NotRequired[str]  # why it answers no claim
    first_losses: NotRequired[list[float]]  # of the first batches
    behaviour: NotRequired[dict]  # of its training, see runs.behaviour
    judged_by: NotRequired[dict[str, str]]  # hashes: rules, claims before it
    probed_at: NotRequired[str]  # commit, where it is not that of the run
    config: dict
    config_sha256: str
    precision: NotRequired[_Precision]  # of training; results are in float32
    recipe_settings: NotRequired[dict]
    code: _Code
    data: _Data
    selection: _Selection
    epochs: int
    hardware: _Hardware
    libraries: dict
    command: str
    started: str
    wall_seconds: float
    peak_memory_mib: float | None
    parameters: int
    curve: list[dict]
    deviations: list[_Departure]
    results: _Checkpoints
    predictions_sha256: str


_RECORD = TypeAdapter(_Content)


def check_content(path: Path, content: object) -> None:
    """Check that a record's JSON has the fields of the schema.

    Raises:
        FerError: with the file, the field, what was found and expected.
    """
    found = content.get("schema") if isinstance(content, Mapping) else None
    if found != SCHEMA:
        raise FerError(
            f"{path}: no run record of schema {SCHEMA}, found {found!r}; run "
            "it again with this version of the library."
        )
    try:
        checked(_RECORD, content)
    except FaultError as wrong:
        raise FerError(f"{path}: {wrong}; run it again.") from None
    for splits in content["results"].values():
        for split in splits.keys() - content["data"]["splits"].keys():
            raise FerError(
                f"{path}: results of '{split}', expected one of "
                f"{', '.join(content['data']['splits'])}; run it again."
            )
    for name, true in (
        ("key", RunKey.of(content).sha256),
        ("config_sha256", json_sha256(content["config"])),
    ):
        if content[name] != true:
            raise FerError(
                f"{path}: '{name}' is {content[name][:12]}, but settings and data "
                f"give {true[:12]}: the record was edited; run it again."
            )
