"""Every widget at work in a running JupyterLab, with its kernel where it asks one."""

import json
import re

import pytest
from live_cases import CASES
from live_lab import faults, run_notebook, running_lab, save, shut_down, wait
from selenium.webdriver.common.by import By

from ferbook import widgets

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("lab")]
_PICTURE = re.compile("data:image/[a-z]+;base64")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab") / "work"
    folder.mkdir()
    with running_lab(folder) as address:
        yield address, folder


def page_of(source):
    """What a cell shows without a kernel; empty unless it is a widget."""
    names = {}
    *lines, last = source.splitlines()
    exec("\n".join([*lines, f"last_shown = {last}"]), names)
    shown = names["last_shown"]
    return shown.html() if isinstance(shown, widgets.Widget) else ""


@pytest.mark.parametrize("name", CASES)
def test_a_widget_works_in_jupyterlab(browser, lab, name, tmp_path):
    source, work, asks = CASES[name]
    address, folder = lab
    area = run_notebook(browser, address, folder, name, source)
    wait(browser, ".fer-widget .w-controls, .widget-vbox", 60)
    work(browser, tmp_path)
    browser.save_screenshot(str(folder.parent / f"{name}.png"))
    assert not browser.find_elements(By.CLASS_NAME, "w-error")
    assert "Error" not in area.text
    assert not faults(browser)
    save(browser)
    saved = json.loads((folder / f"{name}.ipynb").read_text())
    (cell,) = saved["cells"]
    (output,) = cell["outputs"]
    view = "application/vnd.jupyter.widget-view+json"
    assert (view in output["data"]) == asks
    # What a reader has shown to a kernel is in no file.
    assert "widgets" not in saved["metadata"]
    stored = _PICTURE.findall(json.dumps(saved))
    assert len(stored) == len(_PICTURE.findall(page_of(source)))
    shut_down(browser)


def test_no_widget_is_left_out():
    explorers = {name for name in widgets.__all__ if name.endswith("_explorer")}
    driven = {re.search(r"(\w+_explorer)\(", case[0]) for case in CASES.values()}
    assert explorers == {found[1] for found in driven if found}
