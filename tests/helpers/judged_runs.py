"""Claims and runs that the tests of verdicts judge."""

import numpy as np

from ferbook.ledger.claims import Answer, Claim, Claims, Where

PAPER = Claims("deep_emotion", "", "", (), (), ())
LABELS = np.arange(700) % 7


def right(share, n=700):
    """Correctness of n faces, a share of which is right, spread evenly."""
    return np.random.default_rng(0).permutation(n) < round(share * n)


def seeds_of(make_record, count=3, **about):
    """The same run with several seeds, which are enough for a verdict."""
    about = {"labels": LABELS} | about
    return [make_record(seed=seed, **about) for seed in range(count)]


def claim_of(kind="value", **changed):
    about = {
        "id": "deep_emotion.fer2013.accuracy",
        "kind": kind,
        "where": Where("Table 1"),
        "says": "Accuracy.",
        "dataset": "fer2013",
        "protocol": "official",
        "value": "70",
        "n": 700,
        "answered_by": (Answer("official"),),
        "not_attempted": "compute",
        "epochs": 300,
    }
    return Claim(**(about | changed))
