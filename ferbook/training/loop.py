"""The training loop: one network, stages of epochs of batches.

All random numbers of an epoch come from the seed and the number of the
epoch, so a run that was interrupted goes on to the same weights, bit for
bit on the CPU, from its last saved epoch.
"""

import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.device import autocast
from fer_lib.errors import FerError
from fer_lib.models.network import memory_format
from fer_lib.models.saved import load_weights
from ferbook.training import checkpoint
from ferbook.training.faces import Images, StageFaces
from ferbook.training.machine import keep_memory
from ferbook.training.plan import Evaluate, Plan, Stage
from ferbook.training.precision import decided
from ferbook.training.stages import Running, begin
from ferbook.training.states import Fitted, States, unlike

_KEPT = ("epoch", "curve", "selected_epoch", "first_losses", "precision")
_BAR = "{desc}: {percentage:3.0f}%|{bar}| {n:.1f}/{total} epochs "
_BAR += "[{elapsed}<{remaining}{postfix}]"


def fit(
    network: nn.Module,
    plan: Plan,
    train: FaceSet,
    evaluate: Evaluate,
    *,
    path: Path | None = None,
    run: object = None,
    differ: Callable[[object, object], list[str]] = unlike,
    budget: float | None = None,
    progress: bool | Callable[[float], None] = True,
) -> Fitted:
    """Train a network in place and keep its best weights on validation.

    Args:
        network: on the device to train on.
        plan: stages and seed.  Their losses, too, are trained in
            place: make a new plan for a new run.
        train: the faces to learn from, where a stage has none of its own.
        evaluate: called after each epoch of a stage that classifies;
            accuracies by name, 0 to 1.
        path: training state, written after epochs; where it exists,
            training goes on from it.
        run: JSON-able, what the run is; kept in the state.
        differ: how the run of a state differs from it, in words; where it
            does, the state is refused.
        budget: seconds of wall time after which to save and stop.
        progress: whether to show a bar with an estimate; or what is told the share
            of the epochs that is done, after each of them.

    Raises:
        FerError: when the loss stops being finite (the last saved epoch
            stays in ``path``), the device's memory is too small for a batch,
            or ``path`` cannot be written or belongs to another run.
    """
    states = States(path, run, differ)
    states.check(plan, network)
    keep_memory()
    with (
        torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False),
        tqdm(total=plan.epochs, bar_format=_BAR, disable=progress is not True) as bar,
    ):
        work = _Work(network, plan, train, evaluate, states, bar)
        if callable(progress):
            work.tell = progress
        try:
            return work.until(None if budget is None else time.monotonic() + budget)
        except torch.OutOfMemoryError as error:
            raise FerError(_too_large(work.stage or plan.stages[0], path)) from error


def first_losses(
    network: nn.Module, plan: Plan, train: FaceSet, count: int
) -> list[float]:
    """Losses of a run's first batches, as :func:`fit` would have them.

    Args:
        network: on the device to train on; trained in place by as many steps.
        plan: whose first stage begins.
        train: as of :func:`fit`.
        count: of batches, at most those of the first epoch.
    """
    running = _Work(network, plan, train, None, None, None).begun(0)
    return [float(loss) for loss, *_ in islice(running.batches(1), count)]


def _too_large(stage: Stage, path: Path | None) -> str:
    """What to do where a device has too little memory for a stage's batches."""
    half = max(1, stage.batch_size // 2)
    kept = " (the last saved epoch is kept)" if path and path.exists() else ""
    return (
        f"stage '{stage.name}': batches of {stage.batch_size} need more memory than "
        f"the device has{kept}; set batch_size={half} and, where the recipe has "
        f"accumulate, accumulate={2 * stage.accumulate} for the same steps, or take a "
        "smaller preset."
    )


class _Work:
    """A run under way."""

    def __init__(self, network, plan, train, evaluate, states, bar):
        self.network, self.plan, self.train = network, plan, train
        self.evaluate, self.states, self.bar = evaluate, states, bar
        self.device = next(network.parameters()).device
        losses = [stage.loss for stage in plan.stages]
        self.losses = nn.ModuleList(losses).to(self.device)
        self.fitted, self.slowest = Fitted(), 0.0
        self.held: tuple[FaceSet, Images] | None = None
        self.tell: Callable[[float], None] = lambda share: None
        self.stage: Stage | None = None  # that runs

    def until(self, deadline: float | None) -> Fitted:
        """Run all stages, or those epochs that end before a moment."""
        plan, fitted, saved = self.plan, self.fitted, self.states.read()
        if saved is not None:
            self._restore(*saved)
        current = fitted.current(plan)
        for index, stage in enumerate(plan.stages):
            if index < current:
                begin(plan, index, self.network)
                continue
            if stage.from_best and fitted.selected:
                load_weights(self.network, fitted.selected, stage.name)
            running = self.begun(index)
            if saved is not None and index == current:
                running.restore(*saved, fitted.rows(stage))
                saved = None  # it may be large
            while not fitted.over(plan, stage):
                if deadline and time.monotonic() + self.slowest > deadline:
                    if fitted.epoch > self.states.epoch:
                        self._save(running, now=True)
                    return fitted
                self._epoch(running)
            self.bar.total -= stage.epochs - len(fitted.rows(stage))
            running.hand_on()
        fitted.finished = True
        return fitted

    def begun(self, index: int) -> Running:
        """A stage that has begun."""
        plan, network, fitted = self.plan, self.network, self.fitted
        self.stage = plan.stages[index]
        images, faces = self._faces(plan.stages[index])
        if not fitted.precision:
            fitted.precision = decided(plan, index, network, images, faces)
        used = fitted.precision["used"]
        network.to(memory_format=memory_format(self.device, used))
        return Running(plan, index, network, images, faces, used)

    def _epoch(self, running: Running) -> None:
        """Train, evaluate and save one epoch."""
        started, stage, fitted = time.monotonic(), running.stage, self.fitted
        worked = time.process_time()
        row = running.epoch(fitted.epoch + 1, self.bar)
        if not fitted.first_losses:
            fitted.first_losses = [float(loss) for loss in running.first_losses]
        with autocast(self.device, running.precision):
            if stage.classifies:
                row |= self.evaluate(running.judged)
            row |= stage.evaluate(running.judged)
        row["seconds"] = round(time.monotonic() - started, 3)
        # Of all threads: on a machine that others use, too, it tells more.
        row["cpu_seconds"] = round(time.process_time() - worked, 3)
        self._account(running, row)
        running.schedule(row)
        self._save(running, now=fitted.over(self.plan, stage))
        self.slowest = max(self.slowest, time.monotonic() - started)
        self.tell(fitted.epoch / self.bar.total)

    def _save(self, running: Running, *, now: bool) -> None:
        tensors, about = running.state()
        tensors |= {
            "selected": self.fitted.selected,
            "losses": self.losses.state_dict(),
        }
        about |= {key: getattr(self.fitted, key) for key in _KEPT}
        self.states.write(tensors, about, now=now)

    def _account(self, running: Running, row: dict) -> None:
        """Take note of a finished epoch; ties keep the earlier weights."""
        fitted, stage = self.fitted, running.stage
        key = self.plan.selects_by(stage)
        if key not in row:
            raise FerError(
                f"stage '{stage.name}' selects by '{key}', which is not evaluated, "
                f"found {', '.join(row)}; correct the recipe."
            )
        fitted.epoch = row["epoch"]
        fitted.curve.append(row)
        if fitted.best(self.plan, stage) is row:
            fitted.selected_epoch = row["epoch"]
            fitted.selected = {
                name: value.detach().cpu().clone()
                for name, value in running.judged.state_dict().items()
            }
        self.bar.set_postfix_str(f", {stage.name}: {key} {row[key]:.3f}")

    def _restore(self, tensors: dict, about: dict) -> None:
        """What does not belong to one stage."""
        for key in _KEPT:
            setattr(self.fitted, key, about[key])
        self.fitted.selected = checkpoint.under("selected", tensors)
        losses = checkpoint.under("losses", tensors)
        load_weights(self.losses, losses, str(self.states.path))
        self.bar.update(self.fitted.epoch)

    def _faces(self, stage) -> tuple[Images, StageFaces]:
        """What a stage learns from; its pixels stay held for the next one."""
        faces, wanted = stage.faces or self.train, self.network.input
        if self.held is None or self.held[0] is not faces:
            images = Images(faces.images, wanted, self.device)
            self.held = (faces, images)
        columns = StageFaces(faces, stage, wanted.size, self.device)
        return self.held[1], columns
