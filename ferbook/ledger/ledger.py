"""All claims of the book, judged by all its runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from fer_lib.errors import FerError
from ferbook.ledger.claim_files import load_all_claims
from ferbook.ledger.claims import Claim, Claims
from ferbook.ledger.rules import Verdict
from ferbook.ledger.verdicts import Answered, Judgement, judge
from ferbook.runs.paths import claims_folder, repository_root, runs_folder
from ferbook.runs.records import Record, load_records
from ferbook.runs.state import Kind, State, code_sha256, state_of
from ferbook.runs.storage import remembered

KINDS = {
    "value": "Values",
    "difference": "Differences",
    "order": "Orders",
    "arithmetic": "Sums inside the paper",
    "recall": "Recalls of the printed confusion matrices",
}


@dataclass(frozen=True, eq=False)
class Ledger:
    """All claims with all runs.

    Attributes:
        papers: the claims, one entry a paper.
        records: every tracked run that counts.
        states: how today's code stands to a run.
        superseded: runs that no longer count; each says why.
        unread: why files of the runs' folder are no records, by path.
    """

    papers: tuple[Claims, ...]
    records: tuple[Record, ...]
    states: Callable[[Record], State] = state_of
    superseded: tuple[Record, ...] = ()
    unread: Mapping[Path, str] = field(default_factory=dict)

    @cached_property
    def judgements(self) -> dict[str, Judgement]:
        """Judgement of every claim, by its id."""
        found: dict[str, Judgement] = {}
        at_hand = {record.dataset for record in self.records}
        for paper in self.papers:
            sums = worked_out(paper)
            for claim in paper.claims:
                if claim.not_attempted == "data gated" and claim.dataset in at_hand:
                    claim = replace(claim, not_attempted="compute")  # has been run on
                done = sums.get(claim.id)
                found[claim.id] = done or judge(claim, paper, self.records)
        return found

    def state(self, *records: Record) -> State:
        """How today's code stands to runs: of several the worst."""
        return max(map(self.states, records), key=lambda state: state.rank)

    @cached_property
    def left_out(self) -> dict[Path, str]:
        """Records that cannot be read or compared, and why."""
        found = dict(self.unread)
        for judgement in self.judgements.values():
            for record, why in judgement.left_out.items():
                told = f"of claim {judgement.claim.id} alone: {why}"
                found.setdefault(record.path, told)
        return found

    def left_out_text(self) -> list[str]:
        """A sentence for each record that is left out."""
        return [
            f"Left out: {'' if str(path) in why else f'{path}: '}{why.rstrip('.')}."
            for path, why in sorted(self.left_out.items())
        ]

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


def worked_out(paper: Claims) -> dict[str, Judgement]:
    """The sums of a paper, which need no run, by the id of their claims."""

    def work() -> dict[str, list[str]]:
        sums = [c for c in paper.claims if c.kind == "arithmetic"]
        judged = [judge(claim, paper, ()) for claim in sums]
        return {j.claim.id: [j.verdict, j.why] for j in judged}

    asked = (
        f"{paper!r}{find_spec('pytorchcv') is not None}"  # some count networks of it
    )
    name = f"{code_sha256()[:16]}-{sha256(asked.encode()).hexdigest()[:16]}"
    told = remembered("workings", name, work)
    return {
        id: Judgement(paper.claim(id), (Answered("", Verdict(verdict), why),))
        for id, (verdict, why) in told.items()
    }


def open_ledger(root: Path | None = None) -> Ledger:
    """Read all claims and runs of the repository.

    Raises:
        FerError: when a claims file is wrong; a wrong run record is left out.
    """
    root, unread = root or repository_root(), {}
    papers = load_all_claims(claims_folder(root))
    read = load_records(runs_folder(root), unread)
    read = tuple(_checked(read, unread))
    kept = tuple(record for record in read if not record.superseded)
    others = tuple(record for record in read if record.superseded)
    return Ledger(papers, kept, superseded=others, unread=unread)


def _checked(records: Sequence[Record], left_out: dict[Path, str]) -> Iterator[Record]:
    """Records of the book, and those sent in that train as the code does.

    What a reader sends counts if the probe of its settings gives the values that
    it holds, and if its faces are those of other runs, where there are any.
    """
    known: dict[tuple, set[str]] = {}
    for record in records:
        if not record.content.get("reader"):
            place = (record.dataset, record.protocol)
            known.setdefault(place, set()).add(record.data.get("faces_sha256", ""))
    for record in records:
        if record.content.get("reader"):
            state, faces = state_of(record), record.data.get("faces_sha256", "")
            others = known.get((record.dataset, record.protocol))
            if state.kind not in (Kind.SAME_CODE, Kind.SAME_BEHAVIOUR):
                left_out[record.path] = f"{record.path}: sent in, but {state}."
                continue
            if others and faces not in others:
                why = "sent in, but its faces or labels are not those of other runs"
                left_out[record.path] = f"{record.path}: {why}."
                continue
        yield record


def kind_of(claim: Claim) -> str:
    """Key of ``KINDS`` under which the ledger lists a claim."""
    return "recall" if claim.metric.startswith("recall.") else claim.kind
