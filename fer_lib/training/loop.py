"""The training loop: one network, faces on its device, epochs of batches.

The faces stay on the device as bytes and are augmented there, without
worker processes.  All random numbers of an epoch come from the seed and the
number of the epoch, so a run that was interrupted goes on to the same
weights, bit for bit on the CPU, from its last finished epoch.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from fer_lib.data.augment import seeded
from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import in_parts
from fer_lib.errors import FerError
from fer_lib.models.network import logits_of
from fer_lib.preprocessing import Preprocessing
from fer_lib.training import checkpoint

Loss = Callable[[nn.Module, Tensor, Tensor], Tensor]
Evaluate = Callable[[nn.Module], dict[str, float]]


@dataclass(frozen=True)
class Plan:
    """What the loop does with a network."""

    epochs: int
    batch_size: int
    seed: int
    preprocessing: Preprocessing
    augment: nn.Module  # float [B, C, H, W] in 0..1 to the same shape
    loss: Loss  # of network, what it returned, and labels [B]
    sample_weights: Tensor | None = None  # [N]; None: each face once
    select_by: str = "PublicTest_accuracy"  # key that evaluate() returns


@dataclass
class Fitted:
    """Where training stands: a curve, the last and the selected weights."""

    epoch: int = 0
    curve: list[dict] = field(default_factory=list)
    selected_epoch: int = 0
    selected: dict[str, Tensor] = field(default_factory=dict)
    finished: bool = False


def fit(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    plan: Plan,
    train: FaceSet,
    evaluate: Evaluate,
    *,
    path: Path | None = None,
    run_id: str = "",
    budget: float | None = None,
    progress: bool = True,
) -> Fitted:
    """Train a network in place and keep its best weights on validation.

    Args:
        network: on the device to train on.
        optimizer: of the network's parameters.
        plan: epochs, batches, augmentation, loss, seed.
        train: the faces to learn from.
        evaluate: called after each epoch; accuracies by name, 0 to 1.
        path: training state, written after each epoch; where it exists,
            training goes on from it.
        run_id: hash of everything that shapes the run; a state with
            another one is refused.
        budget: seconds of wall time after which to save and stop.
        progress: whether to show a bar with an estimate.

    Raises:
        FerError: when the loss stops being finite (the last good epoch
            stays in ``path``) or ``path`` belongs to another run.
    """
    network.to(memory_format=torch.channels_last)
    fitted = _resume(network, optimizer, path, run_id)
    faces, labels = _on_device(train, plan.preprocessing, network)
    steps = -(-len(faces) // plan.batch_size)
    started, slowest = time.monotonic(), 0.0
    with tqdm(
        total=plan.epochs * steps,
        initial=fitted.epoch * steps,
        unit="batch",
        desc="training",
        disable=not progress,
    ) as bar:
        while fitted.epoch < plan.epochs:
            begun = time.monotonic()
            if budget is not None and begun - started + slowest > budget:
                return fitted
            row = _epoch(network, optimizer, plan, faces, labels, fitted, bar)
            row |= evaluate(network)
            row["seconds"] = round(time.monotonic() - begun, 3)
            slowest = max(slowest, row["seconds"])
            _account(fitted, row, network, plan)
            if path is not None:
                _save(path, network, optimizer, fitted, run_id)
            bar.set_postfix_str(f"{plan.select_by} {row[plan.select_by]:.3f}")
    fitted.finished = True
    return fitted


def _on_device(train: FaceSet, preprocessing: Preprocessing, network: nn.Module):
    """Faces as bytes and labels, where the network is."""
    device = next(network.parameters()).device
    sides = (preprocessing.channels, preprocessing.size, preprocessing.size)
    parts = []
    for part in in_parts(train.images):
        faces = torch.as_tensor(part, device=device)
        if faces.shape[1:] != sides:
            # Resize once, not in every epoch; bytes keep it small.
            faces = (preprocessing.to_unit(faces) * 255).round().byte()
        parts.append(faces)
    return torch.cat(parts), torch.as_tensor(train.labels, device=device)


def _order(plan: Plan, n: int) -> Tensor:
    """Indices of one epoch: a permutation, or n weighted draws."""
    if plan.sample_weights is None:
        return torch.randperm(n)
    return torch.multinomial(plan.sample_weights, n, replacement=True)


def _epoch(network, optimizer, plan, faces, labels, fitted, bar) -> dict:
    """One pass over the training faces; mean loss and accuracy of it."""
    network.train()
    loss_sum = torch.zeros((), device=faces.device)
    hits = torch.zeros((), device=faces.device)
    with seeded(plan.seed, fitted.epoch + 1):
        order = _order(plan, len(faces)).to(faces.device)
        for rows in order.split(plan.batch_size):
            with torch.no_grad():
                unit = plan.augment(faces[rows].float() / 255)
                x = plan.preprocessing.normalise(unit)
                x = x.contiguous(memory_format=torch.channels_last)
            output, truth = network(x), labels[rows]
            loss = plan.loss(network, output, truth)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach() * len(rows)
            hits += (logits_of(output).argmax(1) == truth).sum()
            bar.update()
    if not torch.isfinite(loss_sum):
        raise FerError(
            f"the loss is no longer finite in epoch {fitted.epoch + 1}: training "
            "diverged; lower the learning rate.  The epochs before are kept."
        )
    return {
        "epoch": fitted.epoch + 1,
        "train_loss": float(loss_sum) / len(faces),
        "train_accuracy": float(hits) / len(faces),
    }


def _account(fitted: Fitted, row: dict, network: nn.Module, plan: Plan) -> None:
    """Take note of a finished epoch; ties keep the earlier weights."""
    best = max((r[plan.select_by] for r in fitted.curve), default=-1.0)
    fitted.epoch = row["epoch"]
    fitted.curve.append(row)
    if row[plan.select_by] > best:
        fitted.selected_epoch = row["epoch"]
        fitted.selected = {
            key: value.detach().cpu().clone()
            for key, value in network.state_dict().items()
        }


def _save(path, network, optimizer, fitted: Fitted, run_id: str) -> None:
    moments, groups = checkpoint.flatten_optimizer(optimizer)
    parts = {
        "network": network.state_dict(),
        "selected": fitted.selected,
        "optimizer": moments,
    }
    tensors = {f"{p}/{k}": v for p, named in parts.items() for k, v in named.items()}
    about = {
        "run_id": run_id,
        "epoch": fitted.epoch,
        "curve": fitted.curve,
        "selected_epoch": fitted.selected_epoch,
        "groups": groups,
    }
    checkpoint.write(path, tensors, about)


def _resume(network, optimizer, path: Path | None, run_id: str) -> Fitted:
    """The state in ``path`` put into network and optimizer, or a new one."""
    if path is None or not Path(path).exists():
        return Fitted()
    tensors, about = checkpoint.read(path)
    if about["run_id"] != run_id:
        raise FerError(
            f"{path}: state of another run ({about['run_id'][:12]}, expected "
            f"{run_id[:12]}): code, data or settings changed; delete it to start "
            "afresh."
        )
    under = checkpoint.under
    checkpoint.load_weights(network, under("network", tensors), str(path))
    moments = under("optimizer", tensors)
    checkpoint.restore_optimizer(optimizer, moments, about["groups"])
    return Fitted(
        epoch=about["epoch"],
        curve=about["curve"],
        selected_epoch=about["selected_epoch"],
        selected=under("selected", tensors),
    )
