"""What came of the claims, in three numbers that are told everywhere alike."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ferbook.ledger.rules import Verdict
from ferbook.ledger.verdicts import STANDINGS, Judgement

_SILENT = (Verdict.NOT_RUN, Verdict.NOT_TESTABLE)
HELD = (Verdict.REPRODUCED, Verdict.EXCEEDS)


@dataclass(frozen=True)
class Score:
    """How many claims of a kind were tested.

    Attributes:
        what: the kind.
        tested: those with an answer.
        of: all of them.
        outcomes: answers, counted, the best for the papers first.
        roots: contradictions of one cause counted once.
        otherwise: those reproduced by another reading of the paper than by its word.
    """

    what: str
    tested: int
    of: int
    outcomes: tuple[tuple[str, int], ...]
    roots: int = 0
    otherwise: int = 0

    def __str__(self) -> str:
        told = ", ".join(f"{n} {name}" for name, n in self.outcomes) or "none"
        joint = "; " if self.otherwise else " "
        return (
            f"{self.tested} of {self.of} ({told}{joint * bool(self.note)}{self.note})"
        )

    @property
    def note(self) -> str:
        """What the outcomes do not tell; empty if nothing."""
        if self.otherwise:
            return f"{self.otherwise} reproduced by another reading"
        return f"from {self.roots} causes" if self.roots else ""


@dataclass(frozen=True)
class Scoreboard:
    """The three numbers, and beside them the questions that no paper asks."""

    printed: Score
    experiments: Score
    sums: Score
    ours: Score

    @property
    def scores(self) -> tuple[Score, Score, Score]:
        """Those that speak of the papers."""
        return self.printed, self.experiments, self.sums


def scoreboard(judgements: Iterable[Judgement]) -> Scoreboard:
    """Count the claims of one paper, or of all.

    A printed value is tested by runs at the paper's scale alone; a claim about
    an experiment by runs of any scale.  What is forced by construction is not.
    """
    found = list(judgements)
    sums = [j for j in found if j.claim.kind == "arithmetic"]
    rest = [j for j in found if j.claim.kind != "arithmetic"]
    ours = [j for j in rest if j.claim.who_asks == "ours"]
    of_papers = [j for j in rest if j.claim.who_asks != "ours"]
    printed = [j for j in of_papers if j.claim.who_asks == "printed"]
    at_scale = [
        next((str(a.verdict) for a in j.answers if a.verdict not in _SILENT), "")
        for j in printed
    ]
    against = [j for j in sums if j.verdict == Verdict.CONTRADICTORY]
    roots = len({j.claim.root or j.claim.id for j in against})
    return Scoreboard(
        _score(
            "printed values tested at the paper's scale",
            at_scale,
            otherwise=sum(map(_reproduced_otherwise, printed)),
        ),
        _score("claims about experiments tested at any scale", _standings(of_papers)),
        _score("sums and counts checked", _standings(sums), roots=roots),
        _score("questions of ours answered", _standings(ours)),
    )


def _standings(found: list[Judgement]) -> list[str]:
    answered = (j.decided and j.standing not in _SILENT for j in found)
    return [
        j.standing if there else "" for j, there in zip(found, answered, strict=True)
    ]


def _reproduced_otherwise(judgement: Judgement) -> bool:
    by_word, *others = (answer.verdict for answer in judgement.answers)
    return by_word not in HELD and Verdict.REPRODUCED in others


def _score(what: str, told: list[str], **notes: int) -> Score:
    """A score; an empty answer is none."""
    counts = Counter(filter(None, told))
    outcomes = tuple((name, counts[name]) for name in STANDINGS if counts[name])
    return Score(what, counts.total(), len(told), outcomes, **notes)
