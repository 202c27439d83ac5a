"""A network that learns all movements at once.

One recipe for all: AdamW, a rate that rises and falls by a cosine, faces
moved by some pixels, and for every movement the two-way cross-entropy of its
pair of scores, of each learner of an ensemble by itself.  What the papers add
to their losses about attention is left out, so that networks differ in their
architecture alone; the part ensemble starts from landmarks, without which its
branches would not stand for parts.  The last epoch is what counts.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_lib.data.faceset import FaceSet
from fer_lib.losses.landmarks import landmark_l1
from fer_lib.models.network import Network, memory_format
from fer_lib.models.part_ensemble import PartEnsemble
from fer_lib.models.part_network import landmark_targets
from ferbook.study.faces import movement_set
from ferbook.study.networks import MOVED, make_network, pairs
from ferbook.study.settings import SHUFFLED, Cell, Settings

# Epochs and the highest rate, by network; tried by ferbook.study.pilot on
# training faces that are held out, before the plan is frozen.
RECIPES = {
    "deep_emotion": (20, 3e-3),
    "residual_masking": (16, 4e-3),
    "ramn": (24, 1.5e-3),
    "diversified_esr": (8, 4e-3),
    "diversified_manet": (12, 4e-3),
    "part_ensemble": (8, 3e-3),
    "plain_resnet": (12, 4e-3),
    "small_vit": (60, 2e-3),
}
LANDMARK_EPOCHS = 4
BATCH = 64
WARMING = 0.2  # share of the steps in which the rate rises
DECAY = 0.01
REACH = 3  # pixels by which a face is moved at most, along each side


@dataclass(frozen=True, eq=False)
class Learned:
    """A network that has learned, in evaluation mode, and how it began."""

    network: Network
    untrained: Network
    scores: np.ndarray  # float32 [N, movements], moved less rest, of test faces
    losses: tuple[float, ...]  # mean of each epoch


def learn(cell: Cell, settings: Settings) -> Learned:
    """Train the network of a cell; the same cell gives the same network."""
    faces = movement_set("Training", cell.strength, settings)
    moves = faces.extra["moves"]
    if cell.condition == SHUFFLED:
        order = np.random.default_rng(settings.population).permutation(len(moves))
        moves = moves[order]
    network = make_network(cell.network, settings.movements, cell.seed, settings.size)
    untrained = copy.deepcopy(network).eval()
    losses = train(network, RECIPES[cell.network], faces, moves, cell.seed, settings)
    test = movement_set("Test", 0.5, settings)
    return Learned(network, untrained, gaps(network, test.images), losses)


def train(
    network: Network,
    recipe: tuple[int, float],
    faces: FaceSet,
    moves: np.ndarray,
    seed: int,
    settings: Settings,
) -> tuple[float, ...]:
    """Train so many epochs up to a rate; ``moves bool [N, movements]`` are labels."""
    epochs, rate = recipe
    epochs = max(1, round(epochs * settings.epochs))
    unit = network.input.to_unit(faces.images)
    labels = torch.as_tensor(moves).long()
    if isinstance(network, PartEnsemble):
        _learn_landmarks(network, unit, faces, rate, seed, settings)

    def loss(rows: Tensor, x: Tensor) -> Tensor:
        told = pairs(network(x)).float()  # [B, learners, movements, 2]
        wanted = labels[rows][:, None].expand(told.shape[:3])
        return F.cross_entropy(told.flatten(0, 2), wanted.flatten())

    learning = [p for p in network.parameters() if p.requires_grad]
    found = fit(network, unit, loss, learning, (epochs, rate), seed, settings)
    network.eval()
    return found


def _learn_landmarks(network, unit, faces, rate, seed, settings) -> None:
    """Stage 1 of the part ensemble: each extractor learns one part's landmarks."""
    network.begin_landmarks()
    size = unit.shape[-1]
    scale = size / faces.images.shape[-1]
    points = torch.as_tensor((faces.landmarks + 0.5) * scale - 0.5)

    def loss(rows: Tensor, x: Tensor) -> Tensor:
        told = network.originals(x)
        wanted = (
            landmark_targets(points[rows], o.part, size) for o in network.originals
        )
        gaps_ = map(landmark_l1, (one.float() for one in told), wanted)
        return torch.stack(list(gaps_)).sum()

    epochs = max(1, round(LANDMARK_EPOCHS * settings.epochs))
    learning = list(network.originals.parameters())
    fit(network, unit, loss, learning, (epochs, rate), seed, settings, reach=0)
    network.originals.requires_grad_(False)
    network.start_from(network.originals)


def fit(
    network: Network,
    unit: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor],
    learning: Sequence[Tensor],
    recipe: tuple[int, float],
    seed: int,
    settings: Settings,
    reach: int = REACH,
) -> tuple[float, ...]:
    """Train parameters by the one recipe; the mean loss of each epoch.

    ``unit``: faces in the network's size, 0..1; ``loss`` of their rows and of
    these faces, moved by up to ``reach`` pixels and as the network takes them.
    """
    epochs, rate = recipe
    generator = torch.Generator().manual_seed(seed)
    steps = epochs * ceil(len(unit) / BATCH)
    optimizer = torch.optim.AdamW(learning, lr=rate, weight_decay=DECAY)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=max(steps, 3), pct_start=WARMING
    )
    half = settings.precision == "bfloat16"
    torch.manual_seed(seed)  # of dropout
    network.train()
    layout, found = memory_format(unit.device), []
    network.to(memory_format=layout)
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(unit), generator=generator).split(BATCH):
            x = _moved(unit[rows], reach, generator)
            x = network.input.normalise(x).contiguous(memory_format=layout)
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                value = loss(rows, x)
            optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(learning, 1.0)
            optimizer.step()
            scheduler.step()
            total += float(value.detach()) * len(rows)
        found.append(total / len(unit))
    return tuple(found)


def _moved(unit: Tensor, reach: int, generator: torch.Generator) -> Tensor:
    """Faces moved by up to ``reach`` pixels, borders repeated, all alike."""
    if not reach:
        return unit
    down, right = torch.randint(2 * reach + 1, (2,), generator=generator).tolist()
    padded = F.pad(unit, (reach, reach, reach, reach), mode="replicate")
    side = unit.shape[-1]
    return padded[..., down : down + side, right : right + side]


@torch.inference_mode()
def gaps(network: Network, images: np.ndarray) -> np.ndarray:
    """Score of moved less that of rest, ``float32 [N, movements]``.

    Of an ensemble as :func:`~ferbook.study.networks.two_way` has it:
    log-odds of the learners' mean probability.
    """
    network.eval()
    found = []
    for part in torch.as_tensor(images).split(256):
        told = pairs(network(network.input(part))).float().softmax(-1).mean(1)
        found.append(torch.log(told[..., MOVED]) - torch.log(told[..., 1 - MOVED]))
    return torch.cat(found).numpy()
