"""Imaginary raters who mistake expressions as people do."""

import numpy as np

from fer_lib.expressions import EXPRESSIONS, FERPLUS_COLUMNS, FERPLUS_TO_BOOK

RATERS = 10

# What raters take an expression for when they err; rows as EXPRESSIONS.
CONFUSED = np.array([
    # angry disg fear happy sad  surp neut cont
    [0.00, 0.35, 0.05, 0.02, 0.18, 0.02, 0.28, 0.10],  # angry
    [0.50, 0.00, 0.10, 0.02, 0.18, 0.02, 0.08, 0.10],  # disgust
    [0.06, 0.08, 0.00, 0.02, 0.28, 0.46, 0.10, 0.00],  # fear
    [0.02, 0.03, 0.02, 0.00, 0.02, 0.15, 0.56, 0.20],  # happy
    [0.12, 0.08, 0.20, 0.02, 0.00, 0.02, 0.50, 0.06],  # sad
    [0.02, 0.03, 0.55, 0.20, 0.05, 0.00, 0.15, 0.00],  # surprise
    [0.14, 0.03, 0.03, 0.18, 0.45, 0.05, 0.00, 0.12],  # neutral
    [0.15, 0.20, 0.00, 0.15, 0.05, 0.00, 0.45, 0.00],  # contempt
])  # fmt: skip


def votes(label: int, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Ten raters' votes in FER+'s columns, ``int64 [10]``.

    A weak expression is mistaken more often; every fiftieth vote on average
    is ``unknown``.

    Args:
        label: the expression shown, 0-7.
        strength: of the expression, 1 is a clear one.
        rng: source of chance.
    """
    right = (
        0.9
        if EXPRESSIONS[label] == "neutral"
        else np.clip(0.25 + 0.5 * strength, 0, 0.95)
    )
    chance = np.zeros(len(FERPLUS_COLUMNS))
    for column, book in enumerate(FERPLUS_TO_BOOK):
        chance[column] = (1 - right) * CONFUSED[label, book]
    chance[FERPLUS_TO_BOOK.index(label)] = right
    chance = 0.98 * chance / chance.sum()
    chance[FERPLUS_COLUMNS.index("unknown")] = 0.02
    return rng.multinomial(RATERS, chance / chance.sum())


def noisy_label(label: int, noise: float, rng: np.random.Generator) -> int:
    """The label ``0-6``, mistaken with probability ``noise``."""
    wrong, other = rng.random() < noise, CONFUSED[label, :7]
    mistaken = rng.choice(7, p=other / other.sum())
    return int(mistaken) if wrong else label
