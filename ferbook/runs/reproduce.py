"""One run: data set, paper, variant and seed to a recorded result."""

import shutil
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

from torch import nn

from fer_lib.data import load
from fer_lib.data.protocols import PAIRS, PROTOCOLS, Splits, split, split_pair
from fer_lib.device import choose_device
from fer_lib.errors import FerError
from fer_lib.files import cache_dir
from ferbook.papers import paper as find_paper
from ferbook.papers.recipes import RECIPES, find_recipe
from ferbook.runs.predictions import accuracies, results_of
from ferbook.runs.provenance import json_sha256
from ferbook.runs.records import record_path, write_record
from ferbook.runs.run import Run, how_it_went, load_committed, predictions_of
from ferbook.runs.source import source_hash
from ferbook.training.checkpoint import load_weights
from ferbook.training.loop import fit
from ferbook.training.states import state_path

__all__ = ["Request", "Run", "load_committed", "reproduce", "run_source"]


@dataclass(frozen=True)
class Request:
    """Everything that names a run.

    Attributes:
        target: the data set that is reported, for protocols of two.
        recipe: ``"paper"``, or one of :data:`ferbook.papers.recipes.RECIPES`.
        changes: fields of the recipe's settings, or else of the paper's.
    """

    paper: str
    dataset: str = "rendered"
    root: str | None = None
    protocol: str = "official"
    preset: str = "smoke"
    recipe: str = "paper"
    variant: str = "default"
    seed: int = 0
    changes: dict = field(default_factory=dict, hash=False)
    target: str = ""
    target_root: str | None = None

    @property
    def command(self) -> str:
        """The shell command that asks for this run."""
        words = ["ferbook reproduce", self.paper]
        words += [f"--dataset {self.dataset}"]
        words += ["--root DIR"] if self.root else []
        words += [f"--target {self.target} --target-root DIR"] if self.target else []
        for name in ("protocol", "preset", "recipe", "variant", "seed"):
            words.append(f"--{name} {getattr(self, name)}")
        for name, value in sorted(self.changes.items()):
            value = Path(value).name if name == "pretrained" else value
            words.append(f"--set {name}={value}")
        return " ".join(words)

    def splits(self) -> Splits:
        """Who is trained on, selected on and reported."""
        faces = load(self.dataset, self.root)
        if self.protocol not in PAIRS:
            return split(faces, self.protocol)
        if not self.target:
            raise FerError(
                f"protocol '{self.protocol}' reports another data set than it "
                "trains on; name it with --target and --target-root."
            )
        return split_pair(faces, load(self.target, self.target_root), self.protocol)


class Course:
    """What a request comes to: settings, plan, and departures from the paper.

    Raises:
        FerError: for anything in the request that is unknown.
    """

    def __init__(self, request: Request, splits: Splits):
        self.paper, self.recipe = find_paper(request.paper), None
        changes, own = dict(request.changes), {}
        if request.recipe != "paper":
            self.recipe = find_recipe(request.recipe)
            known = {f.name for f in fields(self.recipe.Config)}
            own = {key: changes.pop(key) for key in known & changes.keys()}
        make_config, seed = self.paper.make_config, request.seed
        self.config = make_config(request.preset, request.variant, **changes)
        self.plan = self.of_paper = self.paper.make_plan(self.config, splits, seed)
        self.settings, self.splits, self.seed = {}, splits, seed
        if self.recipe:
            how = self.how = self.recipe.make_config(request.preset, **own)
            make = self.make_network
            self.plan = self.recipe.replanned(self.plan, splits, how, make)
            self.settings = {"name": request.recipe} | asdict(how)

    def make_network(self) -> nn.Module:
        """The untrained network."""
        classes = len(self.splits.classes)
        return self.paper.make_network(self.config, classes, self.seed)

    def identity(self) -> dict:
        """What shapes the training."""
        identity = self.paper.identity(self.config)
        # Only where epochs do no more than end a run may a longer one go on.
        identity |= {} if self.plan.open_ended else {"epochs": self.plan.epochs}
        return identity | ({"recipe": self.settings} if self.settings else {})

    def deviations(self) -> list[dict]:
        """How the run departs from its paper."""
        found = self.paper.deviations(self.config, self.splits)
        if not self.recipe:
            return found
        return self.recipe.deviations(found, self.of_paper, self.how)


def reproduce(
    request: Request,
    *,
    folder: Path,
    device: str = "auto",
    budget: float | None = None,
    fresh: bool = False,
    progress: bool = True,
) -> Run:
    """Train, evaluate and record one run.

    Args:
        request: which run.
        folder: of all run records; the record goes below it.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        budget: seconds after which training saves and stops.
        fresh: forget an earlier, interrupted try instead of going on.
        progress: whether to show a bar.

    Raises:
        FerError: for anything in the request that cannot be honoured.
    """
    started, where = datetime.now(UTC), choose_device(device)
    splits = request.splits()
    course, source = Course(request, splits), run_source(request)
    config, plan = course.config, course.plan
    run_id = json_sha256([course.identity(), request.seed, splits.sha256, source])
    states = cache_dir() / "training" / f"{request.paper}-{run_id[:16]}"
    if fresh:
        shutil.rmtree(states, ignore_errors=True)
    state = state_path(states, plan.epochs)

    network = course.make_network().to(where)
    fitted = fit(
        network,
        plan,
        splits.train,
        # The test split is looked at only to show, in the record, what
        # choosing the best epoch on it would have given.
        lambda trained: accuracies(trained, (splits.select, splits.test)),
        path=state,
        run_id=run_id,
        budget=budget,
        progress=progress,
    )
    selected_by = plan.selects_by(plan.stages[-1])
    run = Run(network.eval(), config, splits, fitted, None, selected_by)
    if not fitted.finished:
        if fitted.selected:
            load_weights(network, fitted.selected, str(state))
        return run
    predictions = predictions_of(run, course.paper)
    content = _named(request, course) | how_it_went(run, started, where, source)
    content |= {
        "command": request.command,
        "deviations": course.deviations(),
        "results": results_of(predictions),
    }
    run.record = write_record(record_path(folder, content), content, predictions)
    return run


def _named(request: Request, course: Course) -> dict:
    """The fields of a record that the request decides."""
    names = ("paper", "dataset", "protocol", "preset", "recipe", "variant", "seed")
    found = {"schema": 1} | {name: getattr(request, name) for name in names}
    return found | ({"recipe_settings": course.settings} if course.settings else {})


def run_source(request: Request) -> str:
    """Hash of the code that shapes a run of this paper on this data set."""
    modules = [f"ferbook.papers.{request.paper}", *SHARED]
    if request.recipe != "paper":
        modules.append(RECIPES[request.recipe].__name__)
    modules += [
        f"fer_lib.data.sources.{name}" for name in (request.dataset, request.target)
    ]
    # Of the protocols only its own: a new one must not age older runs.
    made_by = (PROTOCOLS | PAIRS)[request.protocol]
    modules.append(getattr(made_by, "func", made_by).__module__)
    return source_hash([name for name in modules if name != "fer_lib.data.sources."])


SHARED = (
    "fer_lib.evaluation.inference",
    "fer_lib.evaluation.metrics",
    "ferbook.training.loop",
)
