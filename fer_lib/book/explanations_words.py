"""The chapter on explanations in one paragraph, computed from the study."""

import numpy as np

from fer_lib.book.explanations import LABELS, interval
from fer_lib.book.explanations_cues import exposed, took
from fer_lib.book.tables import Sentence
from fer_lib.explain.controls import DECOYS
from fer_lib.faces.cues import CUES
from fer_lib.study.record import Study
from fer_lib.study.settings import FAIR
from fer_lib.study.summary import (
    best_decoy,
    chance,
    margins,
    means,
    ranking,
    score_correlations,
)

SCORE = "relevance_rank"


def in_words(study: Study) -> Sentence:
    """What the study comes to."""
    return Sentence(" ".join((_learned(study), _order(study), _cues(study))))


def _learned(study: Study) -> str:
    fair = np.isin(study.tasks, FAIR)
    ran = int((study.ran & fair[:, None, None]).sum())
    return (
        f"{study.learned.sum()} of {ran} small networks learned to tell two classes of "
        "rendered faces apart, and were explained."
    )


def _order(study: Study) -> str:
    found, told = ranking(study, SCORE), means(study, SCORE)
    methods = [name for name in found.methods if name not in DECOYS]
    first = ranking(study, SCORE, decoys=False).standing.first[0]
    decoy, above = best_decoy(study, SCORE), margins(study, SCORE)
    won = [LABELS[name] for name in methods if above[name].low > 0]
    pairs = score_correlations(study)
    middle = np.nanmedian(pairs[np.triu_indices(len(pairs), 1)])
    return (
        f"By the share of its top pixels that lie on what moves, {LABELS[methods[0]]} "
        f"leads with {interval(told[methods[0]])}, and is first of the methods in "
        f"{100 * first:.0f} % of draws of tasks and networks; the best decoy, "
        f"{LABELS[decoy].removeprefix('decoy: ')}, gets {interval(told[decoy])}, noise "
        f"{chance(study, SCORE):.2f}. Surely above that decoy: "
        f"{', '.join(won) or 'no method'}. Two scores agree on the order of the "
        f"methods with a rank correlation of {middle:.2f} in the middle of all pairs."
    )


def _cues(study: Study) -> str:
    cues = [cue for cue in CUES if cue in study.tasks]
    taken = {cue: took(study, cue) for cue in cues}
    count, total = sum(map(len, taken.values())), len(cues) * len(study.networks)
    shown = []
    for cue in (c for c in cues if taken[c]):
        above = [m for m, one in exposed(study, cue).items() if one.low > 0]
        ways = [LABELS[m] for m in above if m not in DECOYS]
        shown.append(f"{cue} by {len(ways)} methods")
    return (
        f"Of {total} shortcuts that were planted, {count} were taken; surely shown in "
        f"maps: {', '.join(shown) or 'none'}."
    )
