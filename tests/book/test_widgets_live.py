"""Every widget at work in a running JupyterLab, with its kernel where it asks one."""

import json
import re

import numpy as np
import pytest
from live_lab import (
    faults,
    put,
    run_notebook,
    running_lab,
    save,
    shut_down,
    wait,
)
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from skimage.data import astronaut
from test_widgets_crops import question

from fer_lib.book import widgets
from fer_lib.book.your_face import View, find_one, load_photo
from fer_lib.book.your_face_networks import chosen_networks, probabilities

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("lab")]

CROPS = """\
from types import SimpleNamespace
from fer_lib.book.widgets import crop_explorer
from fer_lib.papers import restore
from fer_lib.run import Run
from fer_lib.training.states import Fitted
from fer_lib.training.weights import committed

one = restore(committed("ramn"))
classes = SimpleNamespace(classes=one.classes)
fitted = Fitted(finished=True)
run = Run(one.network, one.config, one.preprocessing, classes, fitted)
shown = crop_explorer([], [], run)
shown"""
FACE = """\
from fer_lib.book.your_face import find_one, load_photo
from fer_lib.book.your_face_controls import explorer
from fer_lib.book.your_face_networks import chosen_networks

explorer(chosen_networks(), find_one(load_photo()), "Astronaut.")"""
LOSS = """\
from fer_lib.book.widgets import {0}
{0}()"""


def work_crops(browser, folder):
    """A photograph goes to the kernel, whose answer is the library's."""
    names = {}
    exec(CROPS, names)
    square = astronaut()[40:232, 130:322]  # as large as the module draws it
    Image.fromarray(square).save(folder / "me.png")
    field = browser.find_element(By.CSS_SELECTOR, ".fer-widget input[type=file]")
    field.send_keys(str(folder / "me.png"))
    for count, scale in [(5, 1.0), (9, 0.85)]:
        put(browser, "count", count)
        put(browser, "scale", scale)
        said = names["shown"].answered(question(square, count, scale))
        best = int(np.argmax(said["probabilities"]))
        share = 100 * said["probabilities"][best]
        expected = f"says {names['one'].classes[best]}, {share:.1f} %"
        until(browser, lambda b, text=expected: text in told(b))
    assert "went to the kernel" in browser.find_element(By.CLASS_NAME, "w-note").text


def work_face(browser, folder):
    """Keys move a slider, a button changes the network, a file the face."""
    networks, found = chosen_networks(), find_one(load_photo())

    def answers(name, face, **view):
        shares = probabilities(networks[name], face.see([View(**view)]))[0]
        best = int(shares.argmax())
        word = networks[name].classes[best]
        text = f"{name} says {word}, {100 * shares[best]:.0f} per cent"
        until(browser, lambda b: text in b.find_element(By.CSS_SELECTOR, shown).text)

    shown = ".jp-OutputArea figcaption"
    wait(browser, shown, 60)
    answers("deep_emotion", found)
    crop = browser.find_element(By.CSS_SELECTOR, ".widget-slider [role=slider]")
    crop.send_keys(*[Keys.ARROW_RIGHT] * 4)
    answers("deep_emotion", found, crop=1.2)
    buttons = browser.find_elements(By.CSS_SELECTOR, ".widget-toggle-button")
    next(one for one in buttons if one.text == "part_ensemble").send_keys(" ")
    answers("part_ensemble", found, crop=1.2)
    Image.fromarray(astronaut()[:, ::-1]).save(folder / "me.png")
    # The field of ipywidgets is in no page until it is asked for.
    browser.execute_script(
        "HTMLInputElement.prototype.click = function () { document.body.append(this); }"
    )
    browser.find_element(By.CSS_SELECTOR, ".widget-upload").click()
    field = wait(browser, "body > input[type=file]", 10)
    field.send_keys(str(folder / "me.png"))
    mirrored = find_one(load_photo(str(folder / "me.png")))
    answers("part_ensemble", mirrored, crop=1.2)


def work_region_loss(browser, folder):
    """Arrows move the slider, and not the notebook's cells; letters do nothing."""
    slider = browser.find_element(By.CSS_SELECTOR, '.fer-widget [data-key="beta"]')
    slider.send_keys(Keys.ARROW_UP, Keys.ARROW_UP, "a", Keys.ARROW_DOWN)
    assert "asked is 0.025" in told(browser)


def work_collaborative(browser, folder):
    mark = browser.find_element(By.CSS_SELECTOR, ".fer-widget [role=slider]")
    mark.send_keys(Keys.ARROW_UP, Keys.ARROW_UP, Keys.ARROW_DOWN)
    assert f"{np.hypot(1, 0.9):.2f} apart" in told(browser)


# Source of a cell, what works its widget, and whether a kernel is asked.
CASES = {
    "crops": (CROPS, work_crops, True),
    "your_face": (FACE, work_face, True),
    "region_loss": (LOSS.format("region_loss_explorer"), work_region_loss, False),
    "collaborative": (
        LOSS.format("collaborative_explorer"),
        work_collaborative,
        False,
    ),
}


def until(browser, condition):
    WebDriverWait(browser, 60).until(condition)


def told(browser):
    return browser.find_element(By.CSS_SELECTOR, ".fer-widget .w-told").text


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab") / "work"
    folder.mkdir()
    with running_lab(folder) as address:
        yield address, folder


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
    pictures = re.findall("data:image/[a-z]+;base64", json.dumps(saved))
    assert len(pictures) == (name == "crops")  # the astronaut of the page
    shut_down(browser)


def test_no_widget_is_left_out():
    explorers = {name for name in widgets.__all__ if name.endswith("_explorer")}
    driven = {re.search(r"(\w+_explorer)\(", case[0]) for case in CASES.values()}
    assert explorers == {found[1] for found in driven if found}
