"""A page whose networks run, served on this machine."""

import threading
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer

from selenium.webdriver.support.ui import WebDriverWait
from widget_pages import find, find_all

from ferbook.site.read import Pages, address

# A browser refuses pages and workers of this policy every other host.
_ALONE = "default-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' data: blob:"


class _Alone(Pages):
    def end_headers(self):
        self.send_header("Content-Security-Policy", _ALONE)
        super().end_headers()

    def log_message(self, *_):
        self.server.asked.append(self.path)


@contextmanager
def served(folder):
    """The address of a folder while it is served, and the paths that were asked for."""
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(_Alone, directory=folder)
    ) as running:
        running.asked = []
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        try:
            yield address(running), running.asked
        finally:
            running.shutdown()
            thread.join()


def wait(browser, condition, seconds=90):
    """Until something holds; what it gave."""
    return WebDriverWait(browser, seconds, 0.05).until(lambda _: condition())


def press(browser, text):
    """Press the button that begins with a text."""
    (one,) = [b for b in find_all(browser, "button") if b.text.startswith(text)]
    one.click()


def start(browser):
    """Start the networks, and wait for their first answer."""
    press(browser, "Start the networks")
    wait(browser, lambda: "ms" in find(browser, ".w-measured").text)


def choose(browser, **values):
    """Set controls by their names."""
    script = """const field = document.querySelector(arguments[0]);
    field.value = arguments[1];
    field.dispatchEvent(new Event("change", { bubbles: true }));"""
    for key, value in values.items():
        browser.execute_script(script, f'[data-key="{key}"]', str(value))


def shares(browser):
    """Probabilities ``[networks, classes]`` that the bars show."""
    script = """return [...document.querySelectorAll(".w-card")].map((card) =>
      [...card.querySelectorAll(".w-bar")].map((bar) =>
        parseFloat(bar.style.width)));"""
    return [[width / 100 for width in row] for row in browser.execute_script(script)]
