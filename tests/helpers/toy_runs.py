"""Small faces, networks and plans that train within a second."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from fer_lib.data.faceset import FaceSet
from fer_lib.preprocessing import Preprocessing
from ferbook.training.loop import fit
from ferbook.training.plan import Loss, Plan, Stage

SELECT = "PublicTest_accuracy"


def toy_faces(n=60, size=8, **columns):
    """Two kinds of noise: bright above, or bright below."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, n)
    images = rng.integers(0, 60, (n, 1, size, size), dtype=np.uint8)
    half = size // 2
    images[labels == 0, :, :half] += 150
    images[labels == 1, :, half:] += 150
    splits = np.full(n, "Training")
    return FaceSet("toy", images, labels, splits, "drawn by the test", **columns)


def toy_network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(1, 4, 3),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(144, 2),
        )
    network.input, network.regions_per_face = Preprocessing(size=8), 1
    return network


class Jitter(nn.Module):
    """Augmentation that draws from torch's generator, as kornia does."""

    def forward(self, x):
        return (x + 0.05 * torch.randn_like(x)).clamp(0, 1)


def cross_entropy(network, scores, batch):
    return F.cross_entropy(scores, batch.labels)


def adam(network, loss):
    return torch.optim.Adam([*network.parameters(), *loss.parameters()], lr=0.01)


def sgd(rate, **options):
    return lambda network, loss: torch.optim.SGD(
        network.parameters(), lr=rate, **options
    )


def toy_stage(epochs=6, **changes):
    settings = {
        "epochs": epochs,
        "batch_size": 16,
        "augment": Jitter(),
        "loss": Loss(cross_entropy),
        "optimizer": adam,
    }
    return Stage(**(settings | changes))


def toy_plan(*stages, seed=3, **changes):
    """A plan of these stages, or of one with these changes."""
    precision = changes.pop("precision", "float32")
    stages = stages or (toy_stage(**changes),)
    return Plan(seed, stages, SELECT, precision)


def train(plan, path=None, evaluate=None, faces=None, network=None, **options):
    network = network or toy_network()
    fitted = fit(
        network,
        plan,
        faces or toy_faces(),
        evaluate or (lambda n: {SELECT: 0.5}),
        path=path,
        progress=False,
        **options,
    )
    return network, fitted


def scores_of(values):
    """An evaluation that gives these accuracies, one an epoch."""
    waiting = iter(values)
    return lambda network: {SELECT: next(waiting)}


def weight_sum(network):
    """An evaluation that depends on the weights and is never the same."""
    return {SELECT: float(torch.sin(1000 * network[5].weight.detach().sum()).abs())}


class Centres(nn.Module):
    """A loss with parameters, and a count that is no parameter."""

    def __init__(self):
        super().__init__()
        self.centres = nn.Parameter(torch.zeros(2, 2))
        self.register_buffer("calls", torch.tensor(0.0))

    def forward(self, network, scores, batch):
        self.calls += 1
        distance = (scores - self.centres[batch.labels]).square().mean()
        return F.cross_entropy(scores, batch.labels) + 0.1 * distance


def long_plan():
    """Three stages that use all that a state has to keep."""
    first = toy_stage(
        5,
        name="first",
        loss=Centres(),
        scheduler=lambda o: torch.optim.lr_scheduler.StepLR(o, 2, 0.5),
        ema=0.9,
        accumulate=2,
    )
    second = toy_stage(
        6,
        name="second",
        begin=lambda network: network[0].requires_grad_(False),
        optimizer=sgd(0.05, momentum=0.9),
        scheduler=lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(
            o, "max", patience=0
        ),
        subset=lambda labels: torch.randperm(len(labels))[:40],
        patience=4,
        from_best=True,
        clip=0.5,
    )
    third = toy_stage(
        4,
        name="third",
        begin=lambda network: network[0].requires_grad_(True),
        scheduler=lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 4),
        from_best=True,
    )
    return toy_plan(first, second, third, precision="bf16")


def assert_same_weights(one, other):
    for key, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[key]), key


def without_times(curve):
    return [
        {k: v for k, v in row.items() if not k.endswith("seconds")} for row in curve
    ]
