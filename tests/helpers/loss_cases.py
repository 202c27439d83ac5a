"""Every loss, as a function of the faces' order, their labels and tensors."""

import torch

from fer_lib.losses import (
    collaborative_loss,
    diversity,
    esr_loss,
    landmark_l1,
    manet_loss,
    penalised_cross_entropy,
    region_loss,
    zero_diagonal_diversity,
)

FACES, LABELS = 4, torch.tensor([2, 0, 1, 2])
CODE = {"measure": "authors_code"}
# Of an order o, labels y in that order, and tensors of these shapes.
LOSSES = {
    "penalty": (
        lambda o, y, x, w: penalised_cross_entropy(x[o], y, [w], 0.3),
        [(FACES, 3), (3, 2)],
    ),
    "landmarks": (lambda o, y, a, b: landmark_l1(a[o], b[o]), [(FACES, 18)] * 2),
    "region": (lambda o, y, x: region_loss(x[o], 0.5), [(FACES, 6)]),
    "collaborative": (
        lambda o, y, x, d: collaborative_loss(x[o], y, d),
        [(FACES, 3, 4), (3, 2, 4)],
    ),
    "normalised": (
        lambda o, y, x, d: collaborative_loss(x[o], y, d, normalise=True),
        [(FACES, 3, 4), (3, 2, 4)],
    ),
    "diversity": (lambda o, y, x: diversity(x[:, o]), [(3, FACES, 5)]),
    "code's diversity": (
        lambda o, y, x: zero_diagonal_diversity(x[:, o]),
        [(3, FACES, 5)],
    ),
    "esr": (
        lambda o, y, x, c, s: esr_loss(x[o], y, c[:, o], s[:, o]),
        [(FACES, 3, 3), (3, FACES, 8), (3, FACES, 5)],
    ),
    "code's esr": (
        lambda o, y, x, c, s: esr_loss(x[o], y, c[:, o], s[:, o], **CODE),
        [(FACES, 3, 3), (3, FACES, 8), (3, FACES, 5)],
    ),
    "manet": (
        lambda o, y, x, z, b, *p: manet_loss(
            x[o], z[o], y, b[:, o], *(one[:, o] for one in p)
        ),
        [(FACES, 3), (FACES, 3), (2, FACES, 8), (4, FACES, 5), (4, FACES, 8)],
    ),
}
