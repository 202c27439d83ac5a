"""The claims explorer: every claim of the ledger, to be filtered and searched."""

from collections import Counter

from ferbook.ledger.ledger import Ledger, open_ledger
from ferbook.ledger.verdicts import STANDINGS
from ferbook.show.claim_list import facts, rank
from ferbook.show.tables import VERDICT_COLOURS, Table
from ferbook.widgets.base import Widget

LEDGER = "../book/ledger.html"  # from a chapter's page
_FILTERS = {
    "paper": "Paper",
    "answer": "Verdict",
    "kind": "Kind of claim",
    "who": "Who asks",
}
_COLUMNS = ("id", *_FILTERS, "data", "says", "printed", "ours")
_OTHER = "#999999"  # of standings without a colour
_ALT = (
    "Claims explorer. Menus and a search field choose among all claims of all papers; "
    "a bar shows how many of them have which verdict, and a list what each one says."
)


def claims_explorer(ledger: Ledger | None = None) -> Widget:
    """Every claim with its verdict, those with answers first.

    ``ledger`` is the repository's if None.
    """
    ledger = ledger or open_ledger()
    names = {claims.paper: claims.name for claims in ledger.papers}
    found = sorted(ledger.select(None, None), key=rank)
    told = [facts(one, names[one.claim.paper]) for one in found]
    data = {
        "columns": _COLUMNS,
        "claims": [[one[name] for name in _COLUMNS] for one in told],
        "filters": _FILTERS,
        "colours": [(name, VERDICT_COLOURS.get(name, _OTHER)) for name in STANDINGS],
        "ledger": LEDGER,
    }
    return Widget("claims", data, _ALT, _table(told))


def _table(told: list[dict[str, str]]) -> Table:
    counts = Counter((one["paper"], one["answer"]) for one in told)
    answers = [name for name in STANDINGS if any(c[1] == name for c in counts)]
    papers = dict.fromkeys(one["paper"] for one in told)
    rows = tuple(
        (paper, *(str(counts[paper, name]) for name in answers)) for paper in papers
    )
    return Table("Claims by paper and verdict", ("Paper", *answers), rows)
