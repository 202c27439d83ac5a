"""The chapter on explanations in one paragraph, computed from the study."""

from fer_lib.explain.scoring.controls import DECOYS
from ferbook.chapters.explanations.cues import planted, took, warned
from ferbook.show.tables import Sentence
from ferbook.study.record import Study
from ferbook.study.report import LABELS, interval
from ferbook.study.summary import (
    chance,
    margins,
    means,
    middle_correlation,
    ranking,
)

SCORE = "relevance_rank"


def in_words(study: Study) -> Sentence:
    """What the study comes to."""
    return Sentence(" ".join((_learned(study), _order(study), _cues(study))))


def _learned(study: Study) -> str:
    return (
        f"{study.learned.sum()} of {study.ran_fair.sum()} small networks learned to "
        "tell two classes of rendered faces apart, and were explained."
    )


def _order(study: Study) -> str:
    found, told = ranking(study, SCORE), means(study, SCORE)
    methods = [name for name in found.methods if name not in DECOYS]
    first = ranking(study, SCORE, decoys=False).standing.first[0]
    decoy, above = margins(study, SCORE)
    won = [LABELS[name] for name in methods if above[name].low > 0]
    apart = [margins(study, SCORE, task=task)[1] for task in study.learned_tasks]
    firm = [one[methods[0]].low > 0 for one in apart]
    return (
        f"By the share of its top pixels that lie on what moves, {LABELS[methods[0]]} "
        f"leads with {interval(told[methods[0]])}, and is first of the methods in "
        f"{100 * first:.0f} % of draws of tasks and networks; the best decoy, "
        f"{LABELS[decoy].removeprefix('decoy: ')}, gets {interval(told[decoy])}, noise "
        f"{chance(study, SCORE):.2f}. Surely above that decoy: "
        f"{', '.join(won) or 'no method'}. Against the best decoy of each task by "
        f"itself {LABELS[methods[0]]} is surely above in {sum(firm)} of {len(firm)} "
        f"tasks. Two scores agree on the order of the methods with a rank correlation "
        f"of {interval(middle_correlation(study))}, the median of all pairs."
    )


def _cues(study: Study) -> str:
    cues = planted(study)
    taken = {cue: took(study, cue) for cue in cues}
    count = sum(map(len, taken.values()))
    total = int(study.ran[[study.tasks.index(cue) for cue in cues]].sum())
    if not count:
        return f"Of {total} shortcuts that were planted, none was taken."
    methods = [name for name in study.methods if name not in DECOYS]
    shown = []
    for cue in (c for c in cues if taken[c]):
        told = warned(study, cue)
        ways = sum(told[name].low > 0 for name in methods if name in told)
        shown.append(f"{cue}, {len(taken[cue])} networks, by {ways}")
    return (
        f"Of {total} shortcuts that were planted, {count} were taken. Of the "
        f"{len(methods)} methods, these many surely mark the cue more than the best "
        f"decoy does, which is what a reader could see: {'; '.join(shown)}."
    )
