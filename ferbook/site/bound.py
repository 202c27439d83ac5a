"""What roles and directives of the book share."""

from docutils import nodes
from sphinx.errors import ExtensionError

from fer_lib.errors import FerError
from ferbook.ledger.judged import Ledger


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


def raw(html: str) -> list[nodes.Node]:
    """HTML as it is, for a page."""
    return [nodes.raw("", html, format="html")]
