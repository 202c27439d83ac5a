"""Widgets on a page of their own in a browser, and their modules called."""

import base64
import io
import json

import numpy as np
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from ferbook.widgets.base import module_source

# What the theme of the book gives to a widget, in both of its modes.
THEME = """<style>
html { --pst-color-text-base: #222; --pst-color-background: #fff;
  --pst-color-border: #bbb; color-scheme: light; font-family: sans-serif; }
html[data-theme=dark] { --pst-color-text-base: #ddd;
  --pst-color-background: #14181e; --pst-color-border: #555; color-scheme: dark; }
body { background: var(--pst-color-background); margin: 12px; }
</style>"""
_CALL = """const [source, name, points, done] = arguments;
import(`data:text/javascript;base64,${source}`).then(
  (module) => done(JSON.stringify(points.map((point) => module[name](...point)))),
  (error) => done(`"${error}"`));"""
_LIVE = """const [source, values, done] = arguments;
import(`data:text/javascript;base64,${source}`).then(({ default: made }) => {
  const el = document.body.appendChild(document.createElement("div"));
  el.dataset.ferWidget = made.name;
  window.questions = [];
  made.render({ el, model: { get: (key) => values[key],
    send: (question) => window.questions.push(question),
    on: (event, listener) => { window.answer = listener; } } });
  done("");
}, (error) => done(String(error)));"""


def write_page(path, *widgets, theme="light"):
    """A page that holds these widgets; its address."""
    parts = "".join(widget.html() for widget in widgets)
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    html = f'<!doctype html><html lang="en" data-theme="{theme}"><head>{head}'
    path.write_text(f"{html}{THEME}</head><body>{parts}</body></html>", "utf-8")
    return path.as_uri()


def open_page(browser, address, width=1280):
    """Load a page anew, also where only its fragment differs."""
    metrics = {
        "width": width,
        "height": 1000,
        "deviceScaleFactor": 1,
        "mobile": width < 600,
    }
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(address)


def no_faults(browser):
    """Assert that nothing was raised, on the console or in an error box."""
    assert not browser.get_log("browser")
    assert not browser.find_elements(By.CLASS_NAME, "w-error")


def call(browser, widget, function, points):
    """What an exported function of a module gives for each list of arguments."""
    browser.get("about:blank")
    source = base64.b64encode(module_source(widget).encode()).decode()
    found = browser.execute_async_script(_CALL, source, function, points)
    return json.loads(found)


def put(browser, widget, key, value):
    """Give a control a value as a reader would, and tell the page."""
    script = """const field = document.querySelector(arguments[0]);
    if (field.type === "checkbox") { field.click(); return; }
    field.value = arguments[1];
    for (const kind of ["input", "change"])
      field.dispatchEvent(new Event(kind, { bubbles: true }));"""
    selector = f'[data-fer-widget="{widget}"] [data-key="{key}"]'
    browser.execute_script(script, selector, str(value))


def told(browser, widget):
    """What the widget says about its setting."""
    selector = f'[data-fer-widget="{widget}"] .w-told'
    return browser.find_element(By.CSS_SELECTOR, selector).text


def drag(browser, mark, right, down):
    """Drag a mark with the pointer by pixels of the screen."""
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", mark)
    moves = ActionChains(browser, duration=20)
    moves.click_and_hold(mark).move_by_offset(right, down).release().perform()


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
