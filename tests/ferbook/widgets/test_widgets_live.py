"""Every widget at work in a running JupyterLab, with its kernel where it asks one."""

import json
import re

import numpy as np
import pytest
from live_lab import faults, run_notebook, running_lab, save, shut_down, wait
from PIL import Image
from planted_explorers import said_under
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from skimage.data import astronaut
from test_widget_crops import question
from widget_pages import find, find_all, put, told

from fer_lib.evaluation.inference import probabilities
from ferbook import widgets
from ferbook.chapters.your_face.answers import chosen_networks
from ferbook.chapters.your_face.photograph import View, find_one, load_photo
from ferbook.widgets.crops import NUMBERS
from ferbook.widgets.pictures import astronaut_face

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("lab")]
_PICTURE = re.compile("data:image/[a-z]+;base64")
LOADED = """\
from ferbook.widgets import {0}
from fer_lib.models.saved import load

network = load("{1}")
shown = {0}({2})
shown"""
loaded = LOADED.format
FACE = """\
from ferbook.chapters.your_face.photograph import find_one, load_photo
from ferbook.chapters.your_face.controls import explorer
from ferbook.chapters.your_face.answers import chosen_networks

explorer(chosen_networks(), find_one(load_photo()), "Astronaut.")"""
LOSS = "from ferbook.widgets import region_loss_explorer\nregion_loss_explorer()"


def until(browser, condition):
    WebDriverWait(browser, 60).until(condition)


def names_of(source):
    """What a cell defines."""
    names = {}
    exec(source, names)
    return names


def work_crops(browser, source, folder):
    """A photograph goes to the kernel, whose answer is the library's."""
    names = names_of(source)
    square = astronaut()[40:232, 130:322]  # as large as the module draws it
    Image.fromarray(square).save(folder / "me.png")
    find(browser, ".fer-widget input[type=file]").send_keys(str(folder / "me.png"))
    for count, scale in [(5, 1.0), (9, 0.85)]:
        put(browser, count=count, scale=scale)
        answers = names["shown"].answered(question(square, scale))["answers"]
        said = answers[NUMBERS.index(count)]
        best = int(np.argmax(said["probabilities"]))
        share = 100 * said["probabilities"][best]
        expected = f"says {names['network'].classes[best]}, {share:.1f} %"
        until(browser, lambda b, text=expected: text in told(b))
    assert "went to the kernel" in find(browser, ".w-note").text


def work_face(browser, source, folder):
    """Keys move a slider, a button changes the network, a file the face."""
    networks, found = chosen_networks(), find_one(load_photo())
    shown = ".jp-OutputArea figcaption"

    def answers(name, face, **view):
        shares = probabilities(networks[name], face.see([View(**view)]))[0]
        word = networks[name].classes[int(shares.argmax())]
        text = f"{name} says {word}, {100 * shares.max():.0f} per cent"
        until(browser, lambda b: text in find(b, shown).text)

    wait(browser, shown, 60)
    answers("Deep-Emotion", found)
    crop = find(browser, ".widget-slider [role=slider]")
    crop.send_keys(*[Keys.ARROW_RIGHT] * 4)
    answers("Deep-Emotion", found, crop=1.2)
    buttons = find_all(browser, ".widget-toggle-button")
    next(one for one in buttons if one.text == "part ensemble").send_keys(" ")
    answers("part ensemble", found, crop=1.2)
    Image.fromarray(astronaut()[:, ::-1]).save(folder / "me.png")
    # The field of ipywidgets is in no page until it is asked for.
    browser.execute_script(
        "HTMLInputElement.prototype.click = function () { document.body.append(this); }"
    )
    find(browser, ".widget-upload").click()
    field = wait(browser, "body > input[type=file]", 10)
    field.send_keys(str(folder / "me.png"))
    mirrored = find_one(load_photo(str(folder / "me.png")))
    answers("part ensemble", mirrored, crop=1.2)


def work_region_loss(browser, source, folder):
    """Arrows move the slider, and not the notebook's cells; letters do nothing."""
    slider = find(browser, '.fer-widget [data-key="beta"]')
    slider.send_keys(Keys.ARROW_UP, Keys.ARROW_UP, "a", Keys.ARROW_DOWN)
    assert "asked is a lead of 0.025" in told(browser)


def work_occlusion(browser, source, folder):
    """A square that the page does not know, filled with grey, is computed."""
    names = names_of(source)
    put(browser, window=11, fill="mean")
    until(browser, lambda b: "read as" in told(b) and "asked" not in told(b))
    left, top = map(int, re.search(r"left (\d+), top (\d+)", told(browser)).groups())
    network = names["network"]
    shares = said_under(network, astronaut_face(), top, left, 11, "mean")
    found = re.search(r"read as (\w+) \(([\d.]+) %", told(browser))
    assert found[1] == names["network"].classes[shares.argmax()]
    assert abs(float(found[2]) - 100 * shares.max()) <= 0.2


# What works the widget of a cell, the cell, and whether a kernel is asked: all
# that ask one, and one for those that do not.
CASES = [
    (work_crops, loaded("crop_explorer", "ramn", "[], [], network"), True),
    (work_face, FACE, True),
    (work_region_loss, LOSS, False),
    (
        work_occlusion,
        loaded("occlusion_explorer", "deep_emotion", "network, [], []"),
        True,
    ),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab") / "work"
    folder.mkdir()
    with running_lab(folder) as address:
        yield address, folder


def page_of(source):
    """What a cell shows without a kernel; empty unless it is a widget."""
    *lines, last = source.splitlines()
    shown = names_of("\n".join([*lines, f"last_shown = {last}"]))["last_shown"]
    return shown.html() if isinstance(shown, widgets.Widget) else ""


@pytest.mark.parametrize(
    ("work", "source", "asks"), CASES, ids=lambda one: getattr(one, "__name__", "")
)
def test_a_widget_works_in_jupyterlab(browser, lab, work, source, asks, tmp_path):
    address, folder = lab
    area = run_notebook(browser, address, folder, work.__name__, source)
    wait(browser, ".fer-widget .w-controls, .widget-vbox", 60)
    work(browser, source, tmp_path)
    browser.save_screenshot(str(folder.parent / f"{work.__name__}.png"))
    assert not find_all(browser, ".w-error")
    assert "Error" not in area.text
    assert not faults(browser)
    save(browser)
    saved = json.loads((folder / f"{work.__name__}.ipynb").read_text())
    (cell,) = saved["cells"]
    (output,) = cell["outputs"]
    view = "application/vnd.jupyter.widget-view+json"
    assert (view in output["data"]) == asks
    # What a reader has shown to a kernel is in no file.
    assert "widgets" not in saved["metadata"]
    stored = _PICTURE.findall(json.dumps(saved))
    assert len(stored) == len(_PICTURE.findall(page_of(source)))
    shut_down(browser)
