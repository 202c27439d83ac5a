"""All claims of the book, judged by all its runs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fer_lib.errors import FerError
from ferbook.ledger.claims import Claim, Claims
from ferbook.ledger.claims_file import load_all_claims
from ferbook.ledger.verdicts import Judgement, judge
from ferbook.runs.paths import claims_folder, repository_root, runs_folder
from ferbook.runs.records import Record, load_records
from ferbook.runs.reproduce import Request, run_source

KINDS = {
    "value": "Values",
    "difference": "Differences",
    "order": "Orders",
    "arithmetic": "Sums inside the paper",
    "recall": "Recalls of the printed confusion matrices",
}


def present_hash(record: Record) -> str:
    """Source hash that the record's run would have today.

    Empty, so that the run counts as old, when its modules are gone.
    """
    request = Request(
        record.paper,
        record.dataset,
        protocol=record.protocol,
        recipe=record.recipe,
        # A protocol of two data sets is named after them.
        target=record.protocol.partition("_to_")[2],
    )
    try:
        return run_source(request)
    except (FerError, KeyError):
        return ""


@dataclass(frozen=True, eq=False)
class Ledger:
    """All claims with all runs.

    Attributes:
        papers: the claims, one entry a paper.
        records: every tracked run.
        present_hash: today's source hash of a run.
    """

    papers: tuple[Claims, ...]
    records: tuple[Record, ...]
    present_hash: Callable[[Record], str] = present_hash

    @cached_property
    def judgements(self) -> dict[str, Judgement]:
        """Judgement of every claim, by its id."""
        return {
            claim.id: judge(claim, paper, self.records)
            for paper in self.papers
            for claim in paper.claims
        }

    @cached_property
    def _hashes(self) -> dict[tuple[str, ...], str]:
        made = {_made_by(record): record for record in self.records}
        return {key: self.present_hash(record) for key, record in made.items()}

    def stale(self, record: Record) -> bool:
        """Whether the code changed since the run."""
        return record.stale(self._hashes[_made_by(record)])

    def judgement(self, id: str) -> Judgement:
        """Judgement of a claim; ``FerError`` when the id is unknown."""
        if id not in self.judgements:
            raise FerError(f"No claim '{id}' in book/claims; correct the key.")
        return self.judgements[id]

    def select(self, paper: str | None, kind: str | None) -> list[Judgement]:
        """Judgements of a paper (all if None) and a kind of ``KINDS``."""
        if paper and paper not in [claims.paper for claims in self.papers]:
            raise FerError(f"No claims of paper '{paper}' in book/claims.")
        if kind and kind not in KINDS:
            raise FerError(f"No kind '{kind}', expected one of {', '.join(KINDS)}.")
        return [
            judgement
            for judgement in self.judgements.values()
            if paper in (None, judgement.claim.paper)
            and kind in (None, kind_of(judgement.claim))
        ]


def _made_by(record: Record) -> tuple[str, ...]:
    """What decides which code made a run."""
    return record.paper, record.dataset, record.protocol, record.recipe


def open_ledger(root: Path | None = None) -> Ledger:
    """Read all claims and runs of the repository.

    Raises:
        FerError: when a claims file or a run record is wrong.
    """
    root = root or repository_root()
    papers = load_all_claims(claims_folder(root))
    return Ledger(papers, load_records(runs_folder(root)))


def kind_of(claim: Claim) -> str:
    """Key of ``KINDS`` under which the ledger lists a claim."""
    return "recall" if claim.metric.startswith("recall.") else claim.kind
