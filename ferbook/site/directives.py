"""Directives that put tables and plots on pages; ``roles`` registers them.

- ``{ledger}`` with an optional paper and ``:kind:``, ``{report}`` with a paper
  and an optional ``:part:``;
- ``{claim-box}`` and ``{run-table}`` with a paper;
- ``{attainability}``, ``{resolution}`` and ``{recipe-gains}`` with an optional
  paper;
- ``{status}``, what was run last and whether it still agrees;
- ``{prepared}``, copies of the chapters for each preset;
- ``{networks}``, ``{equations}`` and ``{cost-growth}``, about the library itself;
- ``{where-networks-look}``, statements of the papers tested on rendered faces.
"""

from pathlib import Path
from typing import ClassVar

from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from fer_lib.errors import FerError
from fer_lib.models.catalogue import catalogue
from ferbook.show.attainable import attainability_table
from ferbook.show.cost_growth import cost_growth
from ferbook.show.ledger import claim_box, ledger_table
from ferbook.show.networks import equation_table, network_table, read_equations
from ferbook.show.resolution import resolution_table
from ferbook.show.run_tables import gain_table, run_table
from ferbook.site.bound import Bound, raw
from ferbook.site.prepared_notebooks import Downloads
from ferbook.site.reports import report
from ferbook.site.status import status
from ferbook.study.explanations import open_study
from ferbook.study.explanations_claims import claims_table


class _Shown(SphinxDirective, Bound):
    """A directive that shows something with ``html()``."""

    def run(self):
        """What was made, as HTML."""
        try:
            return raw(self.make().html())
        except FerError as error:
            raise self.fail(error) from error

    def paper(self) -> str | None:
        """The directive's argument."""
        return self.arguments[0].strip() if self.arguments else None

    def make(self):
        """What to show."""
        raise NotImplementedError


class LedgerDirective(_Shown):
    """The ledger's tables."""

    optional_arguments = 1
    option_spec: ClassVar = {"kind": directives.unchanged_required}

    def make(self):
        """Claims of a paper and a kind, or all."""
        return ledger_table(self.paper(), self.options.get("kind"), self.ledger())


class ReportDirective(_Shown):
    """The report on a paper, or one part of it."""

    required_arguments = 1
    option_spec: ClassVar = {"part": directives.unchanged_required}

    def make(self):
        """The tables of the part."""
        return report(self.paper(), self.options.get("part"), self.ledger())


class PaperDirective(_Shown):
    """A table of one paper; the directive's name tells which."""

    required_arguments = 1
    made_by: ClassVar = {"claim-box": claim_box, "run-table": run_table}

    def make(self):
        """The table."""
        return self.made_by[self.name](self.paper(), self.ledger())


class PapersDirective(PaperDirective):
    """A table of one paper, or of all of them."""

    required_arguments, optional_arguments = 0, 1
    made_by: ClassVar = {
        "attainability": attainability_table,
        "recipe-gains": gain_table,
        "resolution": resolution_table,
    }


class StatusDirective(_Shown):
    """What was run last, on what, and whether it still agrees."""

    def make(self):
        """Tables of the chapters that this build executed, and of the runs."""
        chapters = Path(self.env.srcdir, "notebooks").glob("*.ipynb")
        return status(self.ledger(), sorted(chapters))


class PreparedDirective(_Shown):
    """Links to the copies of the chapters that this build wrote."""

    def make(self):
        """The list, for a page one folder below the first."""
        files = Path(self.env.srcdir, "downloads", "prepared").glob("*.ipynb")
        return Downloads(sorted(files), "../prepared")


class LibraryDirective(_Shown):
    """Something about the networks themselves; the directive's name tells what."""

    made_by: ClassVar = {
        "networks": lambda ledger: network_table(catalogue()),
        "equations": lambda ledger: equation_table(read_equations()),
        "cost-growth": cost_growth,
        "where-networks-look": lambda ledger: claims_table(open_study()),
    }

    def make(self):
        """The table or the plots."""
        return self.made_by[self.name](self.ledger())


def add_directives(app: Sphinx) -> None:
    """Register all of them."""
    app.add_directive("ledger", LedgerDirective)
    app.add_directive("report", ReportDirective)
    app.add_directive("status", StatusDirective)
    app.add_directive("prepared", PreparedDirective)
    for kind in (PaperDirective, PapersDirective, LibraryDirective):
        for name in kind.made_by:
            app.add_directive(name, kind)
