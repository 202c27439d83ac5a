"""The diversified paper's Table 1 with the intervals that it does not print."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from fer_lib.evaluation.intervals import wilson_interval
from ferbook.ledger.claims import Claim
from ferbook.ledger.claims_file import load_claims


def printed_accuracies(paper: str) -> dict[str, list[Claim]]:
    """Printed accuracies that have a number of test faces, by data set."""
    found: dict[str, list[Claim]] = {}
    for claim in load_claims(paper).claims:
        if claim.kind == "value" and claim.metric == "accuracy" and claim.n:
            found.setdefault(claim.dataset, []).append(claim)
    return found


def draw_printed(paper: str) -> Figure:
    """Printed accuracies, each with the 95 % interval that its n gives.

    Args:
        paper: ``diversified_esr`` or ``diversified_manet``.
    """
    sets = printed_accuracies(paper)
    lines = max(map(len, sets.values()))
    figure, axes = plt.subplots(
        1, len(sets), figsize=(10, 0.32 * lines + 1.4), sharey=True,
        layout="constrained", squeeze=False,
    )  # fmt: skip
    for panel, claims in zip(axes[0], sets.values(), strict=True):
        names = [claim.where.row for claim in claims]
        for place, claim in enumerate(claims):
            share, n = claim.number, claim.n
            low, high = (100 * end for end in wilson_interval(share * n, n))
            plain = "spatial" not in names[place]
            colour = "#0072B2" if plain else "#D55E00"
            panel.plot([low, high], [place] * 2, color=colour)
            panel.plot(100 * share, place, "o" if plain else "s", color=colour)
        panel.set(xlabel="accuracy (%)", yticks=range(len(names)), yticklabels=names)
        told = f"{claims[0].where.column}, n = {claims[0].n:,}"
        panel.set_title(told, fontsize=10)
        panel.grid(axis="x", alpha=0.3)
    axes[0, 0].set_ylim(lines - 0.4, -0.6)
    return figure
