"""All claims of all papers side by side: how they stand, and why."""

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import mean

from ferbook.ledger.claims import REASONS
from ferbook.ledger.judged import KINDS, Ledger, kind_of
from ferbook.ledger.rules import Verdict
from ferbook.ledger.verdicts import Judgement
from ferbook.runs.records import Record
from ferbook.show import phrases
from ferbook.show.tables import Sentence, Table, table

BESIDE = "runs beside"
NOT_BUILT = "not in the library"
DECIDED = "Every claim has a verdict."
# Columns of the tables: what a verdict says, the best first.
STANDINGS = (*(str(v) for v in Verdict if v != Verdict.NOT_ATTEMPTED), BESIDE)
STANDINGS += (str(Verdict.NOT_ATTEMPTED),)
_OPENS = {
    "data gated": "the data set, from its authors, for research",
    "pre-training unavailable": "weights that the paper started from",
    "compute": "hours of a GPU, for recipes that are ready",
    "unspecified in the paper": "a word from the authors",
    NOT_BUILT: "another network in the library",
}

Key = Callable[[Judgement], str]


def standing(judgement: Judgement) -> str:
    """The verdict, or that runs stand beside a claim without deciding it."""
    if judgement.verdict == Verdict.NOT_ATTEMPTED and judgement.readings:
        return BESIDE
    return str(judgement.verdict)


def reason(judgement: Judgement) -> str:
    """Why nothing decides a claim; empty where something does."""
    if judgement.verdict != Verdict.NOT_ATTEMPTED:
        return ""
    return judgement.why if judgement.why in REASONS else NOT_BUILT


def cross_table(
    caption: str,
    judgements: Sequence[Judgement],
    row: Key,
    column: Key = standing,
    columns: Sequence[str] = STANDINGS,
    note: str = "",
) -> Table:
    """Claims counted by two of their properties, with sums.

    Rows stand in the order met, columns in that of ``columns``; those without a
    claim are left out.
    """
    counts = Counter((row(j), column(j)) for j in judgements)
    rows = dict.fromkeys(name for name, _ in counts)
    shown = [c for c in columns if any(counts[r, c] for r in rows)]
    body = [(r, *(counts[r, c] for c in shown)) for r in rows]
    body.append(("all", *(sum(counts[r, c] for r in rows) for c in shown)))
    body = [(r, *(str(n or "") for n in told), str(sum(told))) for r, *told in body]
    return Table(caption, ("", *shown, "claims"), tuple(body), note)


def by_paper(ledger: Ledger) -> Table:
    """Verdicts of each paper."""
    return cross_table(
        "Claims by paper and verdict",
        ledger.select(None, None),
        _named(ledger),
        note=f"'{BESIDE}': runs were made that depart from the paper too far to "
        "decide a value; they are shown, and count for nothing.",
    )


def by_kind(ledger: Ledger) -> Table:
    """Verdicts of each kind of claim."""
    found = ledger.select(None, None)
    return cross_table(
        "Claims by kind and verdict", found, lambda j: KINDS[kind_of(j.claim)]
    )


def by_reason(ledger: Ledger) -> Table | Sentence:
    """Why claims are open, paper by paper."""
    title = "Claims without a verdict, by paper and reason"
    columns = (*REASONS, NOT_BUILT)
    found = [j for j in ledger.select(None, None) if reason(j)]
    if not found:
        return Sentence(DECIDED)
    return cross_table(title, found, _named(ledger), reason, columns)


def _named(ledger: Ledger) -> Key:
    """What a claim's paper is called."""
    names = {claims.paper: claims.name for claims in ledger.papers}
    return lambda judgement: names[judgement.claim.paper]


def untested(ledger: Ledger) -> Table | Sentence:
    """What could not be tested: each reason, on which data, what would help."""
    sets: dict[str, Counter] = {why: Counter() for why in (*REASONS, NOT_BUILT)}
    for judgement in ledger.select(None, None):
        if why := reason(judgement):
            sets[why][phrases.dataset_name(judgement.claim.dataset) or "none"] += 1
    return table(
        "What could not be tested, and why",
        [why for why, counts in sets.items() if counts],
        {
            "Reason": lambda why: why,
            "Claims": lambda why: sets[why].total(),
            "Data sets": lambda why: ", ".join(
                f"{name} {n}" for name, n in sets[why].most_common()
            ),
            "What would open them": lambda why: _OPENS[why],
        },
        empty=DECIDED,
    )


def contradictions(ledger: Ledger, paper: str) -> list[Judgement]:
    """Claims of a paper that contradict it."""
    found = ledger.select(paper, "arithmetic")
    return [j for j in found if j.verdict == Verdict.CONTRADICTORY]


def in_words(ledger: Ledger) -> Sentence:
    """How the claims stand, in sentences."""
    found = ledger.select(None, None)
    counts = Counter(map(standing, found))
    asked = [j for j in found if j.claim.kind != "arithmetic"]
    by_runs = [j for j in asked if j.verdict != Verdict.NOT_ATTEMPTED]
    sums = len(found) - len(asked)
    agree, differ = counts["consistent"], counts["contradictory"]
    unbuilt = sums - agree - differ
    rest = f", and for {unbuilt} the library lacks the network" * bool(unbuilt)
    gated = sum(reason(j) == "data gated" for j in found)
    real = sum(not record.rendered for record in ledger.records)
    return Sentence(
        f"The papers make {len(found)} claims that can be true or false. "
        f"{sums} of them can be worked out from the paper and the network alone: "
        f"{agree} agree, {differ} do not{rest}. "
        f"{len(asked)} need runs: {len(by_runs)} have a verdict from {real} runs on "
        f"photographs ({_listed(by_runs)}), beside {counts[BESIDE]} stand runs that "
        f"decide nothing, and {gated} wait for data that is not ours to hand on."
    )


def _listed(found: Sequence[Judgement]) -> str:
    counts = Counter(str(j.verdict) for j in found)
    order = [s for s in STANDINGS if counts[s]]
    return ", ".join(f"{counts[s]} {s}" for s in order) or "none"


def peek_table(records: Sequence[Record]) -> Table | Sentence:
    """What choosing the epoch on the test split would have feigned.

    Runs that did not keep it are passed over.
    """
    groups: dict[tuple[str, str], list[float]] = {}
    for record in records:
        best = record.selection.get("best_on_test")
        if best and record.selection["split"] != record.reported:
            kept = record.metrics(split=record.reported)["accuracy"]
            kind = "rendered faces" if record.rendered else "photographs"
            found = groups.setdefault((record.paper, kind), [])
            found.append(100 * (best["accuracy"] - kept))
    return table(
        "What peeking at the test split gains",
        groups.items(),
        {
            "Network": lambda group: group[0][0],
            "Faces": lambda group: group[0][1],
            "Runs": lambda group: len(group[1]),
            "Mean gain (points)": lambda group: f"{mean(group[1]):+.1f}",
            "Largest": lambda group: f"{max(group[1]):+.1f}",
        },
        empty="No run has kept what choosing on its test split gives.",
    )
