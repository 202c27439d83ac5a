"""Training states: what a run goes on from."""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.files import atomic_path
from ferbook.training import checkpoint
from ferbook.training.plan import Plan, Stage

SAVING = 0.05  # largest share of the time that saving may take


@dataclass
class Fitted:
    """Where training stands: a curve, the last and the selected weights."""

    epoch: int = 0  # counted over all stages
    curve: list[dict] = field(default_factory=list)
    selected_epoch: int = 0
    selected: dict[str, Tensor] = field(default_factory=dict)  # of the last stage
    first_losses: list[float] = field(default_factory=list)  # of the run's batches
    precision: dict = field(default_factory=dict)  # asked and used
    finished: bool = False

    def rows(self, stage: Stage) -> list[dict]:
        """The rows of the curve that a stage has made."""
        return [row for row in self.curve if row["stage"] == stage.name]

    def current(self, plan: Plan) -> int:
        """Index of the last stage that has a finished epoch; 0 before."""
        begun = [i for i, stage in enumerate(plan.stages) if self.rows(stage)]
        return max([0, *begun])

    def best(self, plan: Plan, stage: Stage) -> dict | None:
        """The row of a stage's best epoch, the first of equals."""
        key, sign = plan.selects_by(stage), -1 if stage.lower_is_better else 1
        return max(self.rows(stage), key=lambda row: sign * row[key], default=None)

    def over(self, plan: Plan, stage: Stage) -> bool:
        """Whether a stage has had its epochs, or no longer gets better."""
        rows = self.rows(stage)
        if len(rows) >= stage.epochs:
            return True
        if stage.patience is None or not rows:
            return False
        return rows[-1]["epoch"] - self.best(plan, stage)["epoch"] >= stage.patience


def unlike(stored: object, run: object) -> list[str]:
    """How the run of a state differs from another one, in words."""
    return [] if stored == run else [f"{stored} stored, {run} now"]


class States:
    """The file of a run's training state.

    Args:
        path: where it is; None keeps none.
        run: JSON-able, what the run is; kept in the state.
        differ: how that of a state differs from it.
    """

    def __init__(
        self,
        path: Path | str | None,
        run: object = None,
        differ: Callable[[object, object], list[str]] = unlike,
    ):
        self.path = None if path is None else Path(path)
        self.run, self.differ = run, differ
        self.epoch = 0  # of the state in the file
        self._saved, self._took = 0.0, 0.0

    def check(self, plan: Plan, network: nn.Module) -> None:
        """See, before work is done, that a state can be written.

        Raises:
            FerError: when the folder is not writable or the disk too full.
        """
        if self.path is None:
            return
        folder, needed = self.path.parent, _size(plan, network)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # A process that was killed while it wrote leaves its part.
            for part in folder.glob(f".{self.path.name}-*"):
                part.unlink()
            with tempfile.TemporaryFile(dir=folder) as trial:
                trial.write(b"0")
            free = shutil.disk_usage(folder).free
        except OSError as error:
            raise FerError(
                f"{folder}: training states cannot be written there ({error}); "
                "set FER_CACHE to a folder that you may write to."
            ) from error
        if free < needed:
            raise FerError(
                f"{folder}: {free:,} bytes are free, a training state of this "
                f"network takes about {needed:,}; free space, or set FER_CACHE to "
                "a folder on a larger disk."
            )

    def read(self) -> tuple[dict[str, Tensor], dict] | None:
        """Tensors and description of the state; None where there is none.

        Raises:
            FerError: when it is damaged or another run's.
        """
        if self.path is None or not self.path.exists():
            return None
        tensors, about = checkpoint.read(self.path)
        if odd := self.differ(about["run"], self.run):
            raise FerError(
                f"{self.path}: state of another run ({'; '.join(odd)}); go on with the "
                "code that began it, or delete it to start afresh."
            )
        self.epoch = about["epoch"]
        return tensors, about

    def write(
        self, parts: dict[str, dict[str, Tensor]], about: dict, *, now: bool
    ) -> None:
        """Replace the state, unless that would take too much of the time.

        Args:
            parts: named tensors by part.
            about: JSON-able values.
            now: whether to write in any case.

        Raises:
            FerError: when it cannot be written; the one before is kept.
        """
        started = time.monotonic()
        if self.path is None or not (now or self._due(started)):
            return
        tensors = {
            f"{p}/{k}": v for p, named in parts.items() for k, v in named.items()
        }
        checkpoint.write(self.path, tensors, about | {"run": self.run})
        self.epoch, self._saved = about["epoch"], time.monotonic()
        self._took = self._saved - started

    def _due(self, moment: float) -> bool:
        return self._took <= SAVING * (moment - self._saved)


def state_path(folder: Path, epochs: int) -> Path:
    """Where a run of so many epochs keeps its state.

    A run that has none yet begins with the furthest state of a shorter one.

    Args:
        folder: of the states of runs that differ in their epochs alone,
            which therefore only end a run and do not shape its course.
        epochs: of this run.
    """
    own = folder / f"{epochs}.safetensors"
    states = [p for p in folder.glob("*.safetensors") if p.stem.isdigit()]
    shorter = [int(p.stem) for p in states if int(p.stem) < epochs]
    if shorter and not own.exists():
        with atomic_path(own) as temporary:
            shutil.copyfile(folder / f"{max(shorter)}.safetensors", temporary)
    return own


def _size(plan: Plan, network: nn.Module) -> int:
    """Bytes of a state: last and selected weights, two moments, an average."""
    copies = 4 + any(stage.ema is not None for stage in plan.stages)
    losses = [v for stage in plan.stages for v in stage.loss.state_dict().values()]
    weights = network.state_dict().values()
    return copies * sum(v.nbytes for v in weights) + 3 * sum(v.nbytes for v in losses)
