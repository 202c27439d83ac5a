"""A photograph comes in by the reader's hand, and goes nowhere."""

import base64
import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from executed import execute, outputs_in, start_cache
from PIL import Image
from selenium.webdriver.common.by import By
from skimage.data import astronaut

from fer_lib.errors import FerError
from ferbook.chapters.your_face.photograph import CAMERAS, load_photo, script

# Runs before the cells: notes every file that is written, every other host.
WATCH = """\
import os, sys, tempfile
import matplotlib.font_manager  # keeps a list of fonts
tempfile.gettempdir()  # tries whether it may write there
log = os.open({log!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def watch(event, values):
    if event == "open" and isinstance(values[2], int) and values[2] & 3:
        os.write(log, f"write {{values[0]}}\\n".encode())
    elif event in ("os.rename", "os.mkdir", "subprocess.Popen", "os.system"):
        os.write(log, f"{{event}} {{values[0]}}\\n".encode())
    elif event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        os.write(log, f"{{event}} {{values}}\\n".encode())
sys.addaudithook(watch)
open(os.devnull, "w").close()
"""
WATCHED = "write /dev/null"  # by the last line above


def colab(monkeypatch, answer):
    """A stand-in for ``google.colab.output``; what it was asked."""
    asked = []

    def eval_js(code):
        asked.append(code)
        return answer(code) if callable(answer) else answer

    output = SimpleNamespace(eval_js=eval_js)
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace(output=output))
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    return asked


@pytest.mark.parametrize("how", CAMERAS)
def test_colabs_picture_becomes_pixels_without_a_file(monkeypatch, tmp_path, how):
    stored = io.BytesIO()
    Image.fromarray(astronaut()).save(stored, "PNG")
    text = base64.b64encode(stored.getvalue()).decode()
    asked = colab(monkeypatch, {"image": f"data:image/png;base64,{text}"})
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(load_photo(how), astronaut())
    assert asked == [script(how)] and not list(tmp_path.iterdir())


def test_a_reader_who_says_no_is_told_what_else_to_do(monkeypatch):
    colab(monkeypatch, {"error": "Permission denied"})
    with pytest.raises(FerError, match=r"gave no picture \(Permission denied\)"):
        load_photo("webcam")


# As Colab does: the value of the script, once it is there.
EVAL = """const [code, done] = arguments;
window.found = undefined;
eval(code).then((value) => { window.found = value; });
done();"""
# A camera of one colour; the test's browser has none.
CAMERA = """window.tracks = [];
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [1600, 800];
  const paint = () => {
    const drawn = canvas.getContext("2d");
    drawn.fillStyle = "rgb(200, 40, 40)";
    drawn.fillRect(0, 0, 1600, 800);
  };
  paint(); setInterval(paint, 50);
  const stream = canvas.captureStream();
  window.tracks = stream.getTracks();
  return stream;
};"""


@pytest.mark.browser
class TestInABrowser:
    @pytest.fixture
    def page(self, browser, tmp_path):
        path = tmp_path / "cell.html"
        path.write_text("<!doctype html><html><body></body></html>")
        browser.get(path.as_uri())
        return browser

    def answered(self, page, act):
        def eval_js(code):
            page.execute_async_script(EVAL, code)
            act()
            for _ in range(100):
                found = page.execute_script("return window.found")
                if found is not None:
                    return found
                page.execute_async_script("setTimeout(arguments[0], 50)")
            raise AssertionError("the browser gave no answer in 5 seconds")

        return eval_js

    def test_a_file_is_handed_over_small(self, page, monkeypatch, tmp_path):
        image = np.full((2000, 1000, 3), (30, 120, 210), np.uint8)
        Image.fromarray(image).save(tmp_path / "me.png")

        def choose():
            field = page.find_element(By.CSS_SELECTOR, "input[type=file]")
            field.send_keys(str(tmp_path / "me.png"))

        colab(monkeypatch, self.answered(page, choose))
        photo = load_photo("upload")
        assert photo.shape == (1280, 640, 3)
        np.testing.assert_allclose(photo.mean((0, 1)), (30, 120, 210), atol=3)
        assert not page.find_elements(By.CSS_SELECTOR, "body *")

    def test_the_camera_takes_one_picture_and_is_off(self, page, monkeypatch):
        page.execute_script(CAMERA)

        def press():
            for _ in range(100):
                if page.execute_script("return document.querySelector('video')"):
                    break
            page.execute_async_script("setTimeout(arguments[0], 300)")
            page.find_element(By.TAG_NAME, "button").click()

        colab(monkeypatch, self.answered(page, press))
        photo = load_photo("webcam")
        assert photo.shape == (640, 1280, 3)
        np.testing.assert_allclose(photo.mean((0, 1)), (200, 40, 40), atol=6)
        states = page.execute_script(
            "return window.tracks.map((one) => one.readyState)"
        )
        assert states == ["ended"]
        assert not page.find_elements(By.CSS_SELECTOR, "body *")


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Folders of a kernel that is watched; where it notes what it does."""
    log = tmp_path / "log.txt"
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-watch.py").write_text(WATCH.format(log=str(log)))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    start_cache(tmp_path / "FER_CACHE", ["verified"], rendered=False)
    for name in ("MPLCONFIGDIR", "TMPDIR"):
        (tmp_path / name).mkdir()
    for name in ("FER_CACHE", "MPLCONFIGDIR", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return log


@pytest.mark.slow
def test_the_chapter_on_an_own_photograph_stores_nothing(kernel, tmp_path):
    path = tmp_path / "me.png"
    Image.fromarray(astronaut()[:, ::-1]).save(path)
    work = tmp_path / "work"
    work.mkdir()
    text = execute("12_your_face", work, photo=str(path))
    assert not list(work.iterdir())
    # That records were checked is noted, and nothing else.
    kept = [one for one in (tmp_path / "FER_CACHE").rglob("*") if one.is_file()]
    assert {one.read_text() for one in kept} <= {"true"}
    checked = str(tmp_path / "FER_CACHE" / "verified")
    lines = kernel.read_text().splitlines()
    assert [line for line in lines if checked not in line] == [WATCHED]
    assert "clear its outputs before you pass it on" in text
    assert "Your photograph." in text and "public domain" not in "".join(
        "".join(output["text"])
        for output in outputs_in(tmp_path / "out.ipynb")
        if output["output_type"] == "stream"
    )
