"""The rules of verdicts in words, and how often they err."""

from collections.abc import Sequence

from ferbook.ledger.error_rates import stored
from ferbook.ledger.rules import Verdict, rules
from ferbook.show.tables import Page, Sentence, Table, table

_TRUTHS = {
    "as printed": "the paper is exactly right",
    "one run": "right, and printed from one run",
    "nothing": "nothing is there",
    "worse": "twice the tolerance lower",
}
_OUTCOMES = tuple(map(str, list(Verdict)[:4]))


def rules_list() -> Table:
    """The rules in words."""
    rows = tuple(rules()["words"].items())
    when = f"Fixed on {rules()['fixed']}."
    return Table("The rules", ("", ""), rows, when, folded=True)


def error_table() -> Page:
    """How often each verdict comes where the truth is known, by simulation."""
    told, seeds = stored(), rules()["seeds"]
    found = [r for r in told["rates"] if r["seeds"] == seeds]
    sizes = dict.fromkeys(r["n"] for r in found)
    tables = [_errors([r for r in found if r["n"] == n], n, seeds) for n in sizes]
    held = [r for r in told["coverage"] if r["seeds"] == seeds]
    ours, other = (_range([r[k] for r in held]) for k in ("t", "bootstrap"))
    words = (
        f"Intervals of 95 % over {seeds} seeds hold the truth in {ours} % of "
        f"simulated experiments. A bootstrap over the seeds holds it in {other} %, "
        "so the rules do not use one."
    )
    return Page((*tables, Sentence(words)))


def _errors(rows: Sequence[dict], n: int, seeds: int) -> Table:
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault((row["kind"], row["truth"], row["paper"]), []).append(row)
    columns = {
        "Claim": lambda item: _claim(*item[0]),
        "If": lambda item: _TRUTHS[item[0][1]],
    }
    for name in _OUTCOMES:
        columns[name] = lambda item, name=name: _range([r[name] for r in item[1]])
    return table(
        f"Verdicts in per cent of experiments with {n:,} faces and {seeds} seeds",
        groups.items(),
        columns,
        note="A range is over seeds that spread by 0.75 to 1.15 points and networks "
        "that disagree on 5 to 20 % of the faces.",
        folded=True,
    )


def _claim(kind: str, truth: str, paper: float) -> str:
    if kind == "value":
        return "a value"
    what = "an order of three" if kind == "order" else "a difference"
    points = f"{100 * paper:.0f} point{'s' if paper > 0.01 else ''}"
    return f"{what}, {points}" if paper else what


def _range(shares: Sequence[float]) -> str:
    """Per cent, from the least to the largest."""
    low, high = (f"{100 * share:.1f}" for share in (min(shares), max(shares)))
    return low if low == high else f"{low}–{high}"
