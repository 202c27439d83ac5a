"""Ledgers with the real claims and a few made-up runs."""

from functools import cache
from pathlib import Path

import made_records as samples
import numpy as np

from ferbook.ledger.ledger import Ledger, open_ledger
from ferbook.runs.records import Record
from ferbook.runs.state import Kind, State

SAME = State(Kind.SAME_CODE)

real_ledger = cache(open_ledger)


def made_up(share=0.5, n=700, view="single", **changed) -> Record:
    """A run that is right on a share of its n test faces; not on disk."""
    labels = np.arange(n) % 7
    correct = np.random.default_rng(changed.get("seed", 0)).permutation(n) < share * n
    logits, labels = samples.predictions_of(labels, correct)
    predictions = {
        f"selected/PrivateTest/{view}/logits": logits,
        "PrivateTest/labels": labels,
    }
    content = samples.content_of(predictions, **changed)
    return Record(Path("made_up.json"), content, predictions)


def small_ledger(*records: Record, states=lambda record: SAME) -> Ledger:
    """The real claims with these runs, which the present code made."""
    return Ledger(real_ledger().papers, records, states)
