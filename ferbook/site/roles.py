"""Sphinx extension: numbers on pages are bound to claims and runs.

Roles, each with the id of a claim:

- ``{paper}`` - the paper's value; its place in the paper is the tooltip;
- ``{ours}`` - ours with n and 95 % interval, of the first protocol that has
  runs, or of the one named after a colon: ``{ours}`id:ferplus_argmax7```;
- ``{verdict}`` - the verdict;
- ``{working}`` - the sum behind the verdict on an arithmetic claim.

``directives`` has what puts tables and plots on pages.

An unknown key, a wrong record and a bare accuracy in a sentence of ``book/``
all fail the build.
"""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

from fer_lib.errors import FerError
from ferbook.ledger.judged import open_ledger
from ferbook.ledger.readings import Reading
from ferbook.ledger.verdicts import Judgement
from ferbook.runs.paths import claims_folder, repository_root
from ferbook.show import phrases
from ferbook.site.bound import Bound, PageError
from ferbook.site.directives import add_directives
from ferbook.site.prose import bare_numbers
from ferbook.study.record import explanations_folder


class _ClaimRole(SphinxRole, Bound):
    """A role whose text is the id of a claim."""

    def run(self):
        """The number as text, with where it comes from as tooltip."""
        id, _, protocol = self.text.strip().partition(":")
        try:
            judgement = self.ledger().judgement(id)
            text, tip = self.tell(judgement, protocol)
        except FerError as error:
            raise self.fail(error) from error
        if tip:
            return [nodes.abbreviation(self.rawtext, text, explanation=tip)], []
        return [nodes.Text(text)], []

    def tell(self, judgement: Judgement, protocol: str) -> tuple[str, str]:
        """Text and tooltip; without a tooltip the text is not underlined."""
        raise NotImplementedError


class PaperRole(_ClaimRole):
    """The paper's value."""

    def tell(self, judgement: Judgement, protocol: str) -> tuple[str, str]:
        """The value as printed; where it is printed."""
        text = phrases.paper_value(judgement.claim)
        if not text or protocol:
            id = judgement.claim.id
            raise FerError(f"claim '{id}' has no printed value {protocol}".strip())
        return text, f"{judgement.claim.where} of the paper"


class OursRole(_ClaimRole):
    """Our value."""

    def tell(self, judgement: Judgement, protocol: str) -> tuple[str, str]:
        """Ours with interval, n and seeds; departures and date."""
        reading = _reading(judgement, protocol)
        if reading is None:
            return phrases.NO_RUN, judgement.claim.not_attempted
        newest = max(reading.records, key=lambda record: record.started)
        told = [
            phrases.protocol_name(reading.answer.protocol),
            phrases.settings(reading.answer),
            phrases.departures(reading),
            phrases.made(newest, self.ledger().stale(newest)),
        ]
        return phrases.our_value(judgement.claim, reading), "; ".join(
            filter(None, told)
        )


class VerdictRole(_ClaimRole):
    """The verdict on a claim."""

    def tell(self, judgement: Judgement, protocol: str) -> tuple[str, str]:
        """The verdict; the reason."""
        if protocol:
            raise FerError(f"a verdict has no protocol, found '{protocol}'")
        return phrases.verdict(judgement), judgement.why


class WorkingRole(_ClaimRole):
    """The sum behind an arithmetic claim."""

    def tell(self, judgement: Judgement, protocol: str) -> tuple[str, str]:
        """The sum in one sentence."""
        claim = judgement.claim
        if claim.kind != "arithmetic" or protocol:
            raise FerError(f"claim '{claim.id}' has no working {protocol}".strip())
        return judgement.why, ""


def _reading(judgement: Judgement, protocol: str) -> Reading | None:
    """The reading of a protocol, or the first; None when nothing was run."""
    claim = judgement.claim
    known = [answer.protocol for answer in claim.answered_by]
    if not known or (protocol and protocol not in known):
        raise FerError(
            f"claim '{claim.id}' is not answered by runs of '{protocol}', "
            f"expected one of {', '.join(known) or 'none'}"
        )
    for reading in judgement.readings:
        if protocol in ("", reading.answer.protocol):
            return reading
    return None


def read_ledger(app: Sphinx) -> None:
    """Read claims and runs once a build."""
    try:
        root = Path(app.config.fer_book_root or repository_root())
        app.fer_ledger = open_ledger(root)
    except FerError as error:
        raise PageError(str(error)) from error
    records = [record.path for record in app.fer_ledger.records]
    studies = explanations_folder().glob("*.json")
    app.fer_sources = [*claims_folder(root).glob("*.toml"), *records, *studies]


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
    app.add_role("paper", PaperRole())
    app.add_role("ours", OursRole())
    app.add_role("verdict", VerdictRole())
    app.add_role("working", WorkingRole())
    add_directives(app)
    app.connect("builder-inited", read_ledger)
    app.connect("source-read", check_prose)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
