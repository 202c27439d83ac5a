"""A stage of training under way: its epochs, and all that they change."""

import warnings
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from tqdm.auto import tqdm

from fer_lib.data.augment import seeded
from fer_lib.device import autocast
from fer_lib.errors import FerError
from fer_lib.models.network import logits_of, memory_format
from fer_lib.models.saved import load_weights
from ferbook.training import checkpoint
from ferbook.training.average import Average
from ferbook.training.faces import Images, StageFaces
from ferbook.training.plan import Batch, Plan

LOSSES_KEPT = 5  # of the first batches, by which a run can be told again


def begin(plan: Plan, index: int, network: nn.Module) -> None:
    """Ready the network for a stage."""
    with seeded(plan.seed, 0, index):
        plan.stages[index].begin(network)


class Running:
    """A stage that has begun.

    Args:
        plan: which it is part of.
        index: of the stage.
        network: on its device; trained in place.
        images: pixels of the stage's faces.
        faces: its labels and further columns.
        precision: of forward passes, not ``"auto"``.
    """

    def __init__(
        self,
        plan: Plan,
        index: int,
        network: nn.Module,
        images: Images,
        faces: StageFaces,
        precision: str = "float32",
    ):
        begin(plan, index, network)
        self.plan, self.stage, self.network = plan, plan.stages[index], network
        self.images, self.faces = images, faces
        stage, self.device, self.precision = self.stage, images.device, precision
        self.format = memory_format(self.device, precision)
        with seeded(plan.seed, 0, index, 0):
            self.rows = stage.subset(faces.labels) if stage.subset else None
        self._forget_gradients()
        self.module = stage.module(network)
        self.optimizer = stage.optimizer(network, stage.loss)
        self.scheduler = stage.scheduler(self.optimizer) if stage.scheduler else None
        self.scaler = torch.amp.GradScaler(
            self.device.type, enabled=precision == "fp16"
        )
        self.average = None if stage.ema is None else Average(network, stage.ema)
        self.first_losses: list[Tensor] = []

    @property
    def judged(self) -> nn.Module:
        """The network that is evaluated and selected."""
        return self.network if self.average is None else self.average.network

    def epoch(self, number: int, bar: tqdm) -> dict:
        """One pass over the faces; its row of the curve.

        Args:
            number: of the epoch, from 1, counted over all stages.
            bar: moved on by one in all.

        Raises:
            FerError: when loss or weights are no longer finite.
        """
        loss_sum = torch.zeros((), device=self.device)
        hits = torch.zeros((), device=self.device)
        seen = 0
        for loss, right, faces, share in self.batches(number):
            if len(self.first_losses) < LOSSES_KEPT:
                self.first_losses.append(loss)
            loss_sum += loss * faces
            hits += right
            seen += faces
            bar.update(share)
        self._check_finite(loss_sum, number)
        row = {"epoch": number, "stage": self.stage.name}
        row["learning_rate"] = max(g["lr"] for g in self.optimizer.param_groups)
        row["train_loss"] = float(loss_sum) / seen
        if self.stage.classifies:
            row["train_accuracy"] = float(hits) / seen
        return row

    def batches(self, number: int) -> Iterator[tuple[Tensor, Tensor, int, float]]:
        """Train on the batches of an epoch, one at a time.

        Yields:
            Loss before the step, faces that were right, faces, and which share
            of the batches this is.
        """
        self.network.train()
        self.stage.loss.train()
        with seeded(self.plan.seed, number):
            order = self._order()
            size, per_step = self.stage.batch_size, self.stage.accumulate
            places = order.to(self.device).split(size)
            batches = self.images.batches(order, size)
            for i, (rows, images) in enumerate(zip(places, batches, strict=True)):
                first = i - i % per_step
                together = min(per_step * size, len(order) - first * size)
                loss, right = self._backward(images, rows, len(rows) / together)
                if i == first + per_step - 1 or i == len(places) - 1:
                    self._step()
                yield loss, right, len(rows), 1 / len(places)

    def step_on(self, images: Tensor, rows: Tensor) -> None:
        """Train on one batch, outside of any epoch."""
        self._backward(images, rows, 1.0)
        self._step()

    def schedule(self, row: dict) -> None:
        """Set the learning rate for the epoch after that of a row."""
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(row[self.plan.selects_by(self.stage)])
        elif self.scheduler is not None:
            self.scheduler.step()

    def hand_on(self) -> None:
        """Leave in the network what the stage has come to."""
        if self.average is not None:
            self.network.load_state_dict(self.average.network.state_dict())

    def state(self) -> tuple[dict[str, dict[str, Tensor]], dict]:
        """All that changes, as named tensors by part and JSON-able values."""
        moments, groups = checkpoint.flatten_optimizer(self.optimizer)
        tensors = {"network": self.network.state_dict(), "optimizer": moments}
        if self.average is not None:
            tensors["average"] = self.average.state_dict()
        return tensors, {"groups": groups, "scaler": self.scaler.state_dict()}

    def restore(
        self, tensors: dict[str, Tensor], about: dict, rows: list[dict]
    ) -> None:
        """Undo :meth:`state`; ``rows`` are the stage's of the curve."""
        under = checkpoint.under
        load_weights(self.network, under("network", tensors), "state")
        if self.average is not None:
            load_weights(self.average, under("average", tensors), "state")
        with warnings.catch_warnings():
            # The optimizer's steps were made in another process.
            warnings.filterwarnings("ignore", ".*lr_scheduler.step.*")
            for row in rows:
                self.schedule(row)
        moments = under("optimizer", tensors)
        checkpoint.restore_optimizer(self.optimizer, moments, about["groups"])
        if about["scaler"]:
            self.scaler.load_state_dict(about["scaler"])

    def _order(self) -> Tensor:
        if self.rows is None:
            return self.stage.order(self.faces.labels)
        return self.rows[self.stage.order(self.faces.labels[self.rows])]

    def _backward(self, images: Tensor, rows: Tensor, share: float):
        """Gradients of one batch; its loss, and how many faces it got right."""
        stage, batch = self.stage, self.faces.batch(rows)
        x, batch = self._seen(images, batch)
        with autocast(self.device, self.precision):
            output = self.module(x)
            loss = stage.loss(self.module, output, batch)
        self.scaler.scale(loss * share).backward()
        right = 0
        if stage.classifies:
            right = (logits_of(output).argmax(1) == batch.labels).sum()
        return loss.detach(), right

    @torch.no_grad()
    def _seen(self, images: Tensor, batch: Batch) -> tuple[Tensor, Batch]:
        """What the network sees, augmented, and the landmarks in it."""
        wanted = self.network.input
        unit = wanted.to_unit(images)
        # Of grey faces, whose channels are alike, one is changed for all.
        unit = unit[:, : images.shape[1]]
        if batch.landmarks is None:
            unit = self.stage.augment(unit)
        else:
            unit, points = self.stage.augment(unit, batch.landmarks)
            batch = Batch(batch.labels, points, batch.extra)
        x = wanted.normalise(unit.expand(-1, wanted.channels, -1, -1))
        return x.contiguous(memory_format=self.format), batch

    def _step(self) -> None:
        if self.stage.clip is not None:
            self.scaler.unscale_(self.optimizer)
            groups = self.optimizer.param_groups
            weights = [p for group in groups for p in group["params"]]
            nn.utils.clip_grad_norm_(weights, self.stage.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self._forget_gradients()
        if self.average is not None:
            self.average.update()

    def _forget_gradients(self) -> None:
        """Those of everything, as an optimizer may leave parts alone."""
        self.network.zero_grad(set_to_none=True)
        self.stage.loss.zero_grad(set_to_none=True)

    def _check_finite(self, loss_sum: Tensor, number: int) -> None:
        weights = [
            v for v in self.network.state_dict().values() if v.is_floating_point()
        ]
        sums = torch.stack([loss_sum, *(w.sum() for w in weights)])
        if not sums.isfinite().all():
            raise FerError(
                f"the loss is no longer finite in epoch {number} (stage "
                f"'{self.stage.name}'): training diverged, so it stops with the last "
                "saved epoch kept; lower the learning rate."
            )
