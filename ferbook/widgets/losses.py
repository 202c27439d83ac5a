"""Losses to be tried out; their modules compute them themselves."""

import numpy as np
import torch

from fer_lib.crops import crop_boxes, crop_names
from fer_lib.losses.collaborative import margin_border
from fer_lib.losses.diversified import MEASURES
from fer_lib.losses.diversity import AUTHORS_GAMMA, GAMMA_TIMES_SIZE, equally_alike
from fer_lib.losses.region import region_loss, region_pull
from fer_lib.models.saved import load
from fer_lib.rendered.portrait import render_face
from ferbook.show.figures import RENDERED
from ferbook.show.tables import Table
from ferbook.widgets.base import Widget
from ferbook.widgets.crops import read_crops
from ferbook.widgets.pictures import alike, data_address

MOST_BRANCHES = 15  # of the paper's larger ensemble
FEATURES = 2  # numbers of a branch's attention, so that a page can draw it


def region_loss_explorer() -> Widget:
    """Equation (2) of RAMN on a rendered face, its five crops and beta."""
    size, count = 96, 5
    face = render_face(3, "happy", size).image[None]
    network = load("ramn")
    shown = np.rint(255 * alike(network.input, [face]).numpy()).astype(np.uint8)
    (reading,) = read_crops(network, shown, 1.0, [count])
    data = {
        "names": crop_names(count),
        "boxes": crop_boxes(count, size).tolist(),
        "size": size,
        "image": data_address(face),
        "starts": {
            "the face leads": [0.62, 0.45, 0.5, 0.4, 0.55, 0.35],
            "all the same": [0.5] * (count + 1),
            "as RAMN learned them": reading["weights"][0],
        },
        "note": f"{RENDERED} RAMN: the network that comes with the library.",
    }
    betas, rows = (0.0, 0.02, 0.04), []
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
    alt = (
        "R-loss explorer. A face and its five crops, each with a slider for its "
        "attention weight; a slider sets the margin beta. Buttons take training steps, "
        "and bars show which weights the loss moves."
    )
    return Widget("region_loss", data, alt, Table(caption, header, tuple(rows)))


def collaborative_explorer() -> Widget:
    """Equations (3) to (6) of RAMN for one task in a plane."""
    omegas, rows = (1, 2, 3, 4), []
    for distance in (1.0, 1.4, 1.8, 2.2):
        borders = [margin_border(distance, omega) for omega in omegas]
        cells = (
            f"{border:.2f}, {'inside' if distance / 2 > border else 'outside'}"
            for border in borders
        )
        rows.append((f"{distance:.1f}", *cells))
    header = ("Centres apart", *(f"omega = {omega:g}" for omega in omegas))
    caption = (
        "Where constraint (5) begins to hold, from the middle between the "
        "centres towards the own one, and where the own centre lies"
    )
    alt = (
        "C-loss explorer. Two centres and three features of one task in a plane can "
        "be moved; the losses of equations (3) to (6), their gradients and the "
        "borders of constraint (5) follow the margin omega, with raw features or "
        "features of length 1."
    )
    return Widget("collaborative", {}, alt, Table(caption, header, tuple(rows)))


def diversity_explorer() -> Widget:
    """Equations (1) and (2) of 2 to 15 branches in a plane, with either diagonal."""
    ours = GAMMA_TIMES_SIZE / FEATURES
    gammas = {gamma: f"{gamma:g}" for gamma in (1.0, 3.0, 30.0, 100.0, 1000.0)}
    gammas[AUTHORS_GAMMA] = f"{AUTHORS_GAMMA:g}: the authors' code"
    gammas[ours] = f"{ours:g}: ours, {GAMMA_TIMES_SIZE:g} / D"
    data = {"most": MOST_BRANCHES, "gamma": ours, "gammas": sorted(gammas.items())}
    shares, rows = (0.2, 0.5, 0.8), []
    for count in range(2, MOST_BRANCHES + 1):
        learners = [equally_alike(count, share) for share in shares]
        both = ([m(one, 1.0) for m in MEASURES.values()] for one in learners)
        cells = ("; ".join(f"{float(value):+.3f}" for value in two) for two in both)
        rows.append((str(count), *cells))
    header = ("Branches", *(f"all {share:g} alike" for share in shares))
    caption = "Diversity by the paper's formula; by the authors' code"
    alt = (
        "Diversity explorer. Up to 15 branches are points of a plane that can be "
        "dragged; lines show which ones attract or repel each other, by the paper's "
        "formula or by the authors' code. Buttons take training steps; the determinant "
        "and the similarity matrix follow."
    )
    return Widget("diversity", data, alt, Table(caption, header, tuple(rows)))
