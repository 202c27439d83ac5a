"""The built book, and a browser that reaches no host but this one."""

import os
import shutil

import pytest
from made_records import make_record  # noqa: F401  a fixture
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from ferbook.site.build import build

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--window-size=1280,1000",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Folder of the built pages; executed chapters come from the cache."""
    return build(output=tmp_path_factory.mktemp("site")).parent


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium in which every other host is blocked."""
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if not (program and driver):
        message = "chromium and chromedriver are needed"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in _FLAGS:
        options.add_argument(flag)
    logs = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    started = webdriver.Chrome(options=options, service=Service(driver))
    started.set_page_load_timeout(60)
    yield started
    started.quit()
