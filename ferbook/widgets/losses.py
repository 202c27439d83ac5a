"""RAMN's two losses to be tried out; the module computes them itself."""

from collections.abc import Sequence

import torch

from fer_lib.losses.collaborative import margin_border
from fer_lib.losses.region import region_loss, region_pull
from ferbook.show.tables import Table
from ferbook.widgets.base import Widget

_REGION = (
    "R-loss explorer. Sliders set the margin beta and the attention weights of "
    "the whole face and of two crops; the loss and its gradient follow."
)
_COLLABORATIVE = (
    "C-loss explorer. Two centres and three features of one task in a plane can "
    "be moved; the losses of equations (3) to (6), their gradients and the "
    "borders of constraint (5) follow the margin omega, with raw features or "
    "features of length 1."
)


def region_loss_explorer(betas: Sequence[float] = (0.0, 0.02, 0.04)) -> Widget:
    """Equation (2) of RAMN against three attention weights and beta.

    Args:
        betas: margins of the table for print.
    """
    rows = []
    for lead in (-0.1, -0.02, 0.0, 0.02, 0.04):
        weights = torch.tensor([0.5, 0.5 + lead], dtype=torch.float64)
        cells = (
            f"{float(region_loss(weights[None], beta)):.3f}, "
            f"{abs(float(region_pull(weights.logit(), beta)[1])):.3f}"
            for beta in betas
        )
        rows.append((f"{lead:+.2f}", *cells))
    header = ("Lead of the best crop", *(f"beta = {beta:g}" for beta in betas))
    caption = "R-loss of a face, and its pull on the best crop's score"
    return Widget("region_loss", {}, _REGION, Table(caption, header, tuple(rows)))


def collaborative_explorer(omegas: Sequence[float] = (1, 2, 3, 4)) -> Widget:
    """Equations (3) to (6) of RAMN for one task in a plane.

    Args:
        omegas: margins of the table for print.
    """
    rows = []
    for distance in (1.0, 1.4, 1.8, 2.2):
        cells = []
        for omega in omegas:
            border = margin_border(distance, omega)
            word = "inside" if distance / 2 > border else "outside"
            cells.append(f"{border:.2f}, {word}")
        rows.append((f"{distance:.1f}", *cells))
    header = ("Centres apart", *(f"omega = {omega:g}" for omega in omegas))
    caption = (
        "Where constraint (5) begins to hold, from the middle between the "
        "centres towards the own one, and where the own centre lies"
    )
    table = Table(caption, header, tuple(rows))
    return Widget("collaborative", {}, _COLLABORATIVE, table)
