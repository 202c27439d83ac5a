"""Widgets on pages of their own in a browser, and their modules called."""

import base64
import io
import json
import re

import numpy as np
from PIL import Image
from selenium.webdriver.common.by import By

from ferbook.widgets.base import module_source

# What the theme of the book gives to a widget, in both of its modes.
_THEME = """<style>
html { --pst-color-text-base: #222; --pst-color-background: #fff;
  --pst-color-border: #bbb; color-scheme: light; font-family: sans-serif; }
html[data-theme=dark] { --pst-color-text-base: #ddd;
  --pst-color-background: #14181e; --pst-color-border: #555; color-scheme: dark; }
body { background: var(--pst-color-background); margin: 12px; }
</style>"""
_IMPORT = """const [source, given, done] = arguments;
import(`data:text/javascript;base64,${source}`).then((module) => {"""
_CALL = f"""{_IMPORT}
  done(JSON.stringify(given.points.map((point) => module[given.name](...point))));
}}, (error) => done(`"${{error}}"`));"""
_LIVE = f"""{_IMPORT}
  const el = document.body.appendChild(document.createElement("div"));
  window.questions = [];
  module.default.render({{ el, model: {{ get: (key) => given[key],
    send: (question) => window.questions.push(question),
    on: (event, listener) => {{ window.answer = listener; }} }} }});
  done("");
}}, (error) => done(String(error)));"""


def write_page(path, widget, theme="light"):
    """A page that holds a widget, with room to scroll below it; its address."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += '<link rel="icon" href="data:,">'  # else servers are asked for one
    html = f'<!doctype html><html lang="en" data-theme="{theme}"><head>{head}'
    body = widget.html() + 40 * "<br>"
    path.write_text(f"{html}{_THEME}</head><body>{body}</body></html>", "utf-8")
    return path.as_uri()


def open_page(browser, address, width=1280):
    """Load a page anew, also where only its fragment differs."""
    metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1}
    metrics["mobile"] = width < 600
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(address)


def no_faults(browser):
    """Assert that nothing was raised, and nothing sticks out at the side."""
    assert not browser.get_log("browser")
    assert not find_all(browser, ".w-error")
    overhang = "return document.documentElement.scrollWidth - innerWidth"
    assert browser.execute_script(overhang) <= 0


def call(browser, widget, function, points):
    """What an exported function of a module gives for each list of arguments."""
    browser.get("about:blank")
    source = base64.b64encode(module_source(widget).encode()).decode()
    given = {"name": function, "points": points}
    return json.loads(browser.execute_async_script(_CALL, source, given))


def find(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector)


def find_all(browser, selector):
    return browser.find_elements(By.CSS_SELECTOR, selector)


def texts(browser, selector):
    return [one.text for one in find_all(browser, selector)]


def numbers(mark, name):
    """All numbers in an attribute of a mark."""
    return [float(x) for x in re.findall(r"-?[\d.]+", mark.get_dom_attribute(name))]


def put(browser, **values):
    """Give controls a value as a reader would, and tell the page."""
    script = """const field = document.querySelector(arguments[0]);
    if (field.type === "checkbox") { field.click(); return; }
    field.value = arguments[1];
    for (const kind of ["input", "change"])
      field.dispatchEvent(new Event(kind, { bubbles: true }));"""
    for key, value in values.items():
        selector = f'.fer-widget [data-key="{key}"]'
        browser.execute_script(script, selector, str(value))


def told(browser):
    """What the widget says about its setting."""
    return find(browser, ".fer-widget .w-told").text


def picture_of(address):
    """Pixels of a picture that its own address holds, ``float [H, W, ...]``."""
    data = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)), float)


def start_live(browser, widget):
    """The widget as a notebook starts it, with questions that wait."""
    browser.get("about:blank")
    source = base64.b64encode(module_source(widget.name).encode()).decode()
    values = {"data": widget.data, "alt": widget.alt, "live": True}
    assert browser.execute_async_script(_LIVE, source, values) == ""


def answer_all(browser, widget):
    """Let the widget answer until its module asks no more; the questions."""
    asked = []
    while waiting := browser.execute_script("return window.questions.splice(0)"):
        for question in waiting:
            answer = widget.answered(question)
            browser.execute_script("window.answer(arguments[0])", answer)
        asked += waiting
    return asked


def press(browser, text):
    """Press the button of an explorer that does what its text says."""
    find(browser, f"button[data-does='{text}']").click()
