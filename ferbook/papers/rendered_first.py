"""A beginning that needs no gated data: rendered faces, then the paper's plan.

Of a rendered face it is known exactly how strong each of its units is and
where its 68 landmarks are.  A network first learns to tell both from its
features, by two linear heads that are thrown away; then the paper's own
recipe begins from the weights that told them best.  Whether that helps, and
by how much, is a comparison of runs with the same seeds.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_lib.data.augment import augmentation, seeded
from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.rendered import wild
from fer_lib.data.splits import Splits
from fer_lib.errors import FerError
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.losses.inputs import full_precision
from fer_lib.models.network import Network
from ferbook.papers.paper import Recipe, departure
from ferbook.training.plan import Batch, Plan, Stage

NAME = "rendered_first"
UNEXPLAINED = "rendered_unexplained"  # 1: as good as always naming the mean


@dataclass(frozen=True)
class RenderedFirstConfig:
    """Hyper-parameters of the first stage; all ours."""

    rendered_epochs: int = 30
    rendered_batch: int = 64
    rendered_rate: float = 1e-3  # Adam
    rendered_degrees: float = 10.0
    rendered_shift: float = 0.05  # share of the side


PRESETS = {
    "smoke": {"rendered_epochs": 6},
    "small": {},
    "student": {},
    "reduced": {},
    "paper": {},
}


def replanned(
    plan: Plan,
    splits: Splits,
    config: RenderedFirstConfig,
    make_network: Callable[[], Network],
    faces: FaceSet | None = None,
) -> Plan:
    """The paper's plan after a stage on rendered faces.

    Args:
        plan: the paper's.
        splits: of the run; not used here.
        config: of the first stage.
        make_network: an untrained network like that of the run.
        faces: rendered ones; those of ``load("rendered")`` if None.

    Raises:
        FerError: when the plan begins with landmarks already.
    """
    first, *rest = plan.stages
    if not first.classifies:
        raise FerError(
            f"{NAME}: this paper's first stage, '{first.name}', is a task of its "
            "own already; use the recipe 'paper'."
        )
    faces, network = faces or wild(), make_network()
    first.begin(network)  # it may say how many branches there are
    seen = torch.zeros(1, network.input.channels, *[network.input.size] * 2)
    with torch.no_grad():
        width = network.eval().features(seen).shape[1]
    task = FaceTask(faces.split("Training"), width, network.input.size, plan.seed)
    held_out = faces.split("PublicTest")
    before = Stage(
        name="rendered faces",
        epochs=config.rendered_epochs,
        batch_size=config.rendered_batch,
        loss=task,
        optimizer=lambda network, loss: torch.optim.Adam(
            [*network.parameters(), *loss.parameters()], lr=config.rendered_rate
        ),
        augment=augmentation(
            degrees=config.rendered_degrees, translate=config.rendered_shift
        ),
        begin=first.begin,
        module=_Features,
        faces=faces.split("Training"),
        reads=("landmarks", "units"),
        classifies=False,
        evaluate=lambda network: {UNEXPLAINED: unexplained(network, task, held_out)},
        select_by=UNEXPLAINED,
        lower_is_better=True,
    )
    # What the first stage began with, weights of a file say, stays as it is.
    first = replace(first, begin=lambda network: None, from_best=True)
    return replace(plan, stages=(before, first, *rest))


class _Features(nn.Module):
    """A network that returns what its classifier sees, ``[B, D]``."""

    def __init__(self, network: Network):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network.features(x)


class FaceTask(nn.Module):
    """Units and landmarks of rendered faces, by two linear heads.

    Both are scaled to mean 0 and variance 1 over the training faces, so that
    the loss of a network that knows nothing is 1.

    Args:
        faces: rendered ones, with landmarks and units.
        width: of the features.
        side: of the faces that the network sees, in pixels.
        seed: of the heads.
    """

    def __init__(self, faces: FaceSet, width: int, side: int, seed: int):
        super().__init__()
        self.side, height = side, faces.images.shape[2]
        units, points = faces.extra["units"], (faces.landmarks + 0.5) / height
        for name, known in (("units", units), ("points", points)):
            rows = torch.as_tensor(known.reshape(len(faces), -1), dtype=torch.float32)
            self.register_buffer(f"{name}_mean", rows.mean(0))
            # A unit that is hardly used must not decide the loss.
            self.register_buffer(f"{name}_std", rows.std(0).clamp(min=0.02))
        with seeded(seed, 2):
            self.units = nn.Linear(width, len(self.units_mean))
            self.points = nn.Linear(width, len(self.points_mean))

    def forward(self, module: nn.Module, seen: Tensor, batch: Batch) -> Tensor:
        """Mean squared error of both, a scalar, of features ``[B, width]``."""
        side, seen = self.side, full_precision(seen)
        points = ((batch.landmarks + 0.5) / side).flatten(1)
        points = (points - self.points_mean) / self.points_std
        units = full_precision(batch.extra["units"])
        units = (units - self.units_mean) / self.units_std
        wrong_units = F.mse_loss(self.units(seen), units)
        return (wrong_units + F.mse_loss(self.points(seen), points)) / 2


@torch.inference_mode()
def unexplained(network: Network, task: FaceTask, faces: FaceSet) -> float:
    """The task's loss on faces that were not trained on."""
    side, height, total = network.input.size, faces.images.shape[2], 0.0
    with evaluating(network):
        for rows, unit in batches(network, faces.images):
            points = torch.as_tensor(faces.landmarks[rows]).to(unit)
            points = (points + 0.5) * (side / height) - 0.5
            units = torch.as_tensor(faces.extra["units"][rows]).to(unit)
            labels = torch.as_tensor(faces.labels[rows], device=unit.device)
            seen = network.features(network.input.normalise(unit))
            batch = Batch(labels, points, {"units": units})
            total += float(task(network, seen, batch)) * len(unit)
    return total / len(faces)


def departures(
    of_paper: list[dict], plan: Plan, config: RenderedFirstConfig
) -> list[dict]:
    """Those of the same run without the first stage, but for the pre-training."""
    kept = [entry for entry in of_paper if entry["item"] != "pre-training"]
    said = {entry["item"]: entry["paper"] for entry in of_paper}
    ours = f"units and landmarks of rendered faces, {config.rendered_epochs} epochs"
    paper = said.get("pre-training", "none, as far as it says")
    return [*kept, departure("pre-training", paper, ours, "what this recipe is for")]


RECIPE = Recipe(NAME, RenderedFirstConfig, PRESETS, replanned, departures)
