"""What is driven in a running JupyterLab: cells, and hands for their widgets."""

import re
from pathlib import Path

import numpy as np
import torch
from live_lab import put, wait
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from skimage.data import astronaut
from squares import said_under
from test_widgets_crops import question

from ferbook.chapters.your_face.answers import chosen_networks, probabilities
from ferbook.chapters.your_face.photograph import View, find_one, load_photo
from ferbook.widgets.crops import astronaut_face


def until(browser, condition):
    WebDriverWait(browser, 60).until(condition)


def told(browser):
    return browser.find_element(By.CSS_SELECTOR, ".fer-widget .w-told").text


_LOADED = """\
from types import SimpleNamespace
from ferbook.widgets import {explorer}
from ferbook.widgets.crops import astronaut_face
from ferbook.papers import restore
from ferbook.runs.run import Run
from ferbook.training.states import Fitted
from fer_lib.models.saved import committed

one = restore(committed("{paper}"))
classes = SimpleNamespace(classes=one.classes)
fitted = Fitted(finished=True)
run = Run(one.network, one.config, classes, fitted)
shown = {explorer}({arguments})
shown"""
CROPS = _LOADED.format(explorer="crop_explorer", paper="ramn", arguments="[], [], run")
OCCLUSION = _LOADED.format(
    explorer="occlusion_explorer", paper="deep_emotion", arguments="run, [], []"
)
MASKING = _LOADED.format(
    explorer="masking_explorer",
    paper="residual_masking",
    arguments='run, astronaut_face()[None], ["astronaut"], "Public domain."',
)
SWEEPS = f"""\
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from ferbook.widgets import sweep_explorer
from planted_sweeps import run_of

variants = {{"omega_1": 70, "omega_2": 80, "default": 90, "omega_4": 60}}
sweep_explorer([run_of(name, right) for name, right in variants.items()])"""
FACE = """\
from ferbook.chapters.your_face.photograph import find_one, load_photo
from ferbook.chapters.your_face.controls import explorer
from ferbook.chapters.your_face.answers import chosen_networks

explorer(chosen_networks(), find_one(load_photo()), "Astronaut.")"""
LOSS = """\
from ferbook.widgets import {0}
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


def work_occlusion(browser, folder):
    """A square that the page does not know, filled with grey, is computed."""
    names = {}
    exec(OCCLUSION, names)
    put(browser, "window", 11)
    put(browser, "fill", "mean")
    until(browser, lambda b: "read as" in told(b) and "asked" not in told(b))
    left, top = map(int, re.search(r"left (\d+), top (\d+)", told(browser)).groups())
    shares = said_under(names["run"], astronaut_face(), top, left, 11, "mean")
    word, share = names["one"].classes[shares.argmax()], 100 * shares.max()
    found = re.search(r"read as (\w+) \(([\d.]+) %", told(browser))
    assert found[1] == word and abs(float(found[2]) - share) <= 0.2


def work_masking(browser, folder):
    """The number of channels of the block that is chosen."""
    names = {}
    exec(MASKING, names)
    with torch.inference_mode():
        stages = names["one"].network.stages(torch.zeros(1, 3, 64, 64))
    put(browser, "block", 2)
    count = stages[2].mask.shape[1]
    assert f"Block 3 of 4, C = {count} channels" in told(browser)


def work_diversity(browser, folder):
    put(browser, "count", 3)
    assert "n = 3 is odd" in told(browser)
    assert "training pulls branches together" in told(browser).split("Authors'")[1]


def work_sweeps(browser, folder):
    """From the paper's margin of the C-loss to the next smaller one."""
    put(browser, "sweep", "omega")
    slider = browser.find_element(By.CSS_SELECTOR, '.fer-widget [data-key="omega"]')
    assert "ω = 3" in told(browser)
    slider.send_keys(Keys.ARROW_LEFT)
    assert "ω = 2" in told(browser) and f"{100 * 80 / 140:.1f} %" in told(browser)


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
    "occlusion": (OCCLUSION, work_occlusion, True),
    "masking": (MASKING, work_masking, False),
    "diversity": (LOSS.format("diversity_explorer"), work_diversity, False),
    "sweeps": (SWEEPS, work_sweeps, False),
}
