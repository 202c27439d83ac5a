"""``python -m ferbook.site.read``: open the built book from a server of this machine.

A page that is opened as a file may not fetch others, which the networks in the page
have to.  The server answers this machine alone.
"""

import sys
import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ferbook.site.notebooks import ROOT

PORT = 8000
_TYPES = {".mjs": "text/javascript", ".js": "text/javascript"}
_TYPES |= {".wasm": "application/wasm", ".onnx": "application/octet-stream"}


class Pages(SimpleHTTPRequestHandler):
    """Files of one folder, each with the type that browsers want of it."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | _TYPES

    def log_message(self, *_) -> None:
        """Say nothing: every page asks for dozens of files."""


def server(folder: Path, port: int = PORT) -> ThreadingHTTPServer:
    """A server of a folder, for this machine alone.

    Args:
        folder: of the built pages.
        port: a free one if it is taken, or 0.
    """
    handler = partial(Pages, directory=folder)
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        return ThreadingHTTPServer(("127.0.0.1", 0), handler)


def address(served: ThreadingHTTPServer) -> str:
    """Where a server's pages are."""
    return f"http://localhost:{served.server_port}/"


def main() -> int:
    """Serve the built book and open it until it is interrupted; exit code."""
    pages = ROOT / "_build" / "html"
    if not (pages / "index.html").is_file():
        print(f"{pages}: no book yet; build it with: make book", file=sys.stderr)
        return 1
    with server(pages) as served:
        print(f"The book is at {address(served)} (Ctrl+C ends it)")
        webbrowser.open(address(served))
        try:
            served.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
