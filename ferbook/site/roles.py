"""Sphinx extension: numbers and tables on pages are bound to claims and runs.

Roles, each with the id of a claim:

- ``{paper}`` - the paper's value; its place in the paper is the tooltip;
- ``{ours}`` - ours with n and 95 % interval, of the first protocol that has
  runs, or of the one named after a colon: ``{ours}`id:ferplus_argmax7```;
- ``{verdict}`` - the verdict;
- ``{working}`` - the sum behind the verdict on an arithmetic claim.

Directives put tables and plots on pages: those of ``_SHOWN``, whose argument is
the nickname of a paper where they can show one alone.

An unknown key, a wrong record and a bare accuracy in a sentence of ``book/``
all fail the build.
"""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective, SphinxRole

from fer_lib.errors import FerError
from fer_lib.models.catalogue import catalogue
from ferbook.kit.library import library_table
from ferbook.ledger.ledger import Ledger, open_ledger
from ferbook.ledger.readings import Reading
from ferbook.ledger.verdicts import Judgement
from ferbook.runs.paths import claims_folder, repository_root, rules_path
from ferbook.show import phrases
from ferbook.show.claim_list import claim_list
from ferbook.show.claim_tables import attainability_table, resolution_table
from ferbook.show.costs import cost_growth
from ferbook.show.ledger import ledger_table, score_table
from ferbook.show.memory import memory_table
from ferbook.show.networks import equation_table, network_table, read_equations
from ferbook.show.rules import error_table, rules_list
from ferbook.show.run_tables import gain_table, run_table
from ferbook.site.landing import cards, hero, tiles
from ferbook.site.play import explorer
from ferbook.site.prepared_notebooks import Downloads
from ferbook.site.prose import bare_numbers
from ferbook.site.reports import report, status
from ferbook.study.record import records_folder
from ferbook.study.report import attention_table, tracked


class PageError(ExtensionError):
    """A page names what does not exist; ends the build."""


class Bound:
    """Mixed into a role or directive: the ledger, and errors with a place."""

    def ledger(self) -> Ledger:
        """The ledger; the page is read again when a file behind it changes."""
        for path in self.env.app.fer_sources:
            self.env.note_dependency(str(path))
        return self.env.app.fer_ledger

    def fail(self, error: FerError | str) -> PageError:
        """The error with page and line."""
        source, line = self.get_source_info()
        return PageError(f"{source}:{line}: {error}")


class ClaimRole(SphinxRole, Bound):
    """A role whose text is the id of a claim; ``_ROLES`` says what it tells."""

    def run(self):
        """The number as text, with where it comes from as tooltip."""
        id, _, protocol = self.text.strip().partition(":")
        try:
            judgement = self.ledger().judgement(id)
            text, tip = _ROLES[self.name](judgement, protocol, self.ledger())
        except FerError as error:
            raise self.fail(error) from error
        if tip:
            return [nodes.abbreviation(self.rawtext, text, explanation=tip)], []
        return [nodes.Text(text)], []


def _paper(judgement: Judgement, protocol: str, _) -> tuple[str, str]:
    text, claim = phrases.paper_value(judgement.claim), judgement.claim
    if not text or protocol:
        raise FerError(f"claim '{claim.id}' has no printed value {protocol}".strip())
    return text, f"{claim.where} of the paper"


def _ours(judgement: Judgement, protocol: str, ledger: Ledger) -> tuple[str, str]:
    reading = _reading(judgement, protocol)
    if reading is None:
        return phrases.NO_RUN, judgement.claim.not_attempted
    newest = max(reading.records, key=lambda record: record.started)
    told = [
        phrases.protocol_name(reading.answer.protocol),
        phrases.settings(reading),
        phrases.departures(reading),
        phrases.made(newest, ledger.state(newest)),
    ]
    value = phrases.our_value(judgement.claim, reading)
    return value, "; ".join(filter(None, told))


def _verdict(judgement: Judgement, protocol: str, _) -> tuple[str, str]:
    if protocol:
        raise FerError(f"a verdict has no protocol, found '{protocol}'")
    return phrases.verdict(judgement), judgement.why


def _working(judgement: Judgement, protocol: str, _) -> tuple[str, str]:
    claim = judgement.claim
    if claim.kind != "arithmetic" or protocol:
        raise FerError(f"claim '{claim.id}' has no working {protocol}".strip())
    return judgement.why, ""


def _reading(judgement: Judgement, protocol: str) -> Reading | None:
    """The reading of a protocol, or the telling one; None when nothing was run."""
    claim = judgement.claim
    known = [answer.protocol for answer in claim.answered_by]
    if not known or (protocol and protocol not in known):
        raise FerError(
            f"claim '{claim.id}' is not answered by runs of '{protocol}', "
            f"expected one of {', '.join(known) or 'none'}"
        )
    if not protocol:
        return judgement.shown
    runs = (one for one in judgement.readings if one.answer.protocol == protocol)
    return next(runs, None)


class ShownDirective(SphinxDirective, Bound):
    """A directive that shows something with ``html()``, named in ``_SHOWN``."""

    optional_arguments = 1
    option_spec: ClassVar = dict.fromkeys(
        ("kind", "part"), directives.unchanged_required
    )

    def run(self):
        """What was made, as HTML."""
        if not self.arguments and self.name in _OF_ONE_PAPER:
            raise self.fail(f"{{{self.name}}} needs the nickname of a paper")
        try:
            html = _SHOWN[self.name](self).html()
        except FerError as error:
            raise self.fail(error) from error
        return [nodes.raw("", html, format="html")]

    @property
    def paper(self) -> str | None:
        """The argument."""
        return self.arguments[0].strip() if self.arguments else None

    def link(self, page: str) -> str:
        """Address of another page of the book from this one."""
        here = self.env.docname
        return self.env.app.builder.get_relative_uri(here, page)

    def staged(self, *folder: str) -> list[Path]:
        """Notebooks in a folder of the staged book."""
        return sorted(Path(self.env.srcdir, *folder).glob("*.ipynb"))


_ROLES = {"paper": _paper, "ours": _ours, "verdict": _verdict, "working": _working}
_OF_ONE_PAPER = ("report", "run-table")
_SHOWN: dict[str, Callable[[ShownDirective], object]] = {
    "ledger": lambda d: ledger_table(d.paper, d.options.get("kind"), d.ledger()),
    "report": lambda d: report(d.paper, d.options.get("part"), d.ledger()),
    "run-table": lambda d: run_table(d.paper, d.ledger()),
    "attainability": lambda d: attainability_table(d.paper, d.ledger()),
    "recipe-gains": lambda d: gain_table(d.paper, d.ledger()),
    "resolution": lambda d: resolution_table(d.paper, d.ledger()),
    "cost-growth": lambda d: cost_growth(d.ledger()),
    "memory": lambda d: memory_table({p.paper: p.name for p in d.ledger().papers}),
    "networks": lambda d: network_table(catalogue()),
    "library": lambda d: library_table(),
    "equations": lambda d: equation_table(read_equations()),
    "where-networks-look": lambda d: attention_table(tracked()),
    "claims": lambda d: claim_list(d.paper, d.ledger()),
    "rules": lambda d: rules_list(),
    "error-rates": lambda d: error_table(),
    "explorer": lambda d: explorer(d.paper, d.staged("notebooks")),
    "scoreboard": lambda d: score_table(d.ledger()),
    "hero": lambda d: hero(),
    "tiles": lambda d: tiles(d.ledger()),
    "cards": lambda d: cards(d.ledger(), d.link),
    "status": lambda d: status(d.ledger(), d.staged("notebooks")),
    # For a page one folder below the first.
    "prepared": lambda d: Downloads(d.staged("downloads", "prepared"), "../prepared"),
}


def read_ledger(app: Sphinx) -> None:
    """Read claims and runs once a build."""
    try:
        root = Path(app.config.fer_book_root or repository_root())
        app.fer_ledger = open_ledger(root)
    except FerError as error:
        raise PageError(str(error)) from error
    records = [record.path for record in app.fer_ledger.records]
    studies = records_folder().glob("*.npz")
    texts = [*claims_folder(root).glob("*.toml"), rules_path(root)]
    texts.append(root / "book" / "error_rates.json")
    app.fer_sources = [*texts, *records, *studies]


def check_prose(app: Sphinx, docname: str, source: list[str]) -> None:
    """Refuse a page of ``book/`` with a bare accuracy."""
    path = Path(app.env.doc2path(docname))
    if not docname.startswith("book/") or path.suffix != ".md":
        return
    found = bare_numbers(source[0])
    if found:
        told = "; ".join(f"line {f.line}: {f.number} in '{f.sentence}'" for f in found)
        raise PageError(
            f"{path}: bare number beside a metric, bind it with {{paper}} or "
            f"{{ours}}: {told}"
        )


def setup(app: Sphinx) -> dict:
    """Register roles, directives and the check of sentences."""
    app.add_config_value("fer_book_root", "", "env")
    for name in _ROLES:
        app.add_role(name, ClaimRole())
    for name in _SHOWN:
        app.add_directive(name, ShownDirective)
    app.connect("builder-inited", read_ledger)
    app.connect("source-read", check_prose)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
