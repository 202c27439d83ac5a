"""Weight of every built page, and when a reader sees it.

    make book && python benchmarks/pages.py [_build/_build/html]

Weight is that of all files that a page loads from the book's folder.  First and
largest contentful paint are those of Chromium, which reads the files from this
disk; on a busy machine they say nothing.  Needs chromium, chromedriver and selenium.
"""

import argparse
import json
import shutil
from pathlib import Path
from urllib.parse import unquote, urlparse

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

HEAVY, SLOW = 2_000_000, 1500  # bytes, milliseconds
_FLAGS = ("--headless=new", "--no-sandbox", "--window-size=1280,1000")
_PAINTS = """const done = arguments[0], found = {};
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) found[one.entryType] = one.startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
for (const one of performance.getEntriesByName("first-contentful-paint"))
  found.first = one.startTime;
setTimeout(() => done([found.first, found["largest-contentful-paint"]]), 300);"""


def loaded(browser) -> dict[Path, int]:
    """Bytes of each file that a browser has loaded since it was last asked."""
    messages = (json.loads(one["message"]) for one in browser.get_log("performance"))
    events = (message["message"] for message in messages)
    asked = (
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    )
    parsed = (urlparse(one) for one in asked if one.startswith("file:"))
    files = {Path(unquote(one.path)) for one in parsed}
    return {file: file.stat().st_size for file in sorted(files)}


def paints(browser) -> tuple[float, float]:
    """First and largest contentful paint, milliseconds; nan where none was seen."""
    found = browser.execute_async_script(_PAINTS)
    first, largest = (float("nan") if one is None else one for one in found)
    return first, largest


def start_browser():
    """A headless Chromium of this machine."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    for flag in _FLAGS:
        options.add_argument(flag)
    service = Service(shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def main() -> None:
    """Print a line a page; those over a limit are marked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path("_build/_build/html")
    parser.add_argument("site", type=Path, nargs="?", default=default)
    site = parser.parse_args().site.resolve()
    browser = start_browser()
    print(f"{'page':40} {'kB':>6} {'first':>6} {'largest':>8}")
    for page in sorted([*site.glob("book/**/*.html"), *site.glob("notebooks/*.html")]):
        loaded(browser)  # of the page before
        browser.get(page.as_uri())
        first, largest = paints(browser)
        bytes_ = sum(loaded(browser).values())
        mark = " !" if bytes_ > HEAVY or largest > SLOW else ""
        name = page.relative_to(site).with_suffix("")
        print(f"{name!s:40} {bytes_ / 1000:6.0f} {first:6.0f} {largest:8.0f}{mark}")
    browser.quit()


if __name__ == "__main__":
    main()
