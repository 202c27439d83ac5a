"""The networks in the page: driven in a browser, and held against Python."""

import shutil

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from chromium import start_chromium
from PIL import Image
from selenium.webdriver.common.keys import Keys
from served_pages import choose, press, served, shares, start, wait
from skimage.data import astronaut
from widget_pages import find, find_all, no_faults, open_page, told, write_page

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import probabilities
from fer_lib.explain.occlusion import covered_scores
from fer_lib.photos.images import LUMA
from ferbook.kit.networks import networks as of_the_library
from ferbook.site import in_browser
from ferbook.widgets.networks import SIDE, Picture, astronaut_picture, rendered_pictures
from ferbook.widgets.occlusion import chances

# One worker writes the networks once.
pytestmark = pytest.mark.xdist_group("in_browser")
NEAR = 1e-3


@pytest.fixture(scope="module")
def networks():
    return of_the_library()


@pytest.fixture(scope="module")
def pictures():
    return [*rendered_pictures(), astronaut_picture()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, networks):
    """A page whose engine and networks lie beside it."""
    made = tmp_path_factory.mktemp("page")
    files = in_browser.write_files(networks, made / "networks", "networks/")
    assert files.engine, "the engine is needed: npm reaches no registry"
    write_page(made / "page.html", in_browser.page_widget(files, networks))
    return made


@pytest.fixture(scope="module")
def book(folder):
    """The page's address, and what its server was asked for."""
    with served(folder) as (address, asked):
        yield f"{address}page.html", asked


@pytest.fixture(scope="module")
def page(book):
    return book[0]


@pytest.fixture(scope="module")
def running(browser, book):
    """The page with its networks started; what was asked for before."""
    page, asked = book
    open_page(browser, page)
    before = list(asked)
    start(browser)
    yield before
    no_faults(browser)


def expected(networks, seen):
    """Probabilities of a face ``[1, SIDE, SIDE]``, pixels in 0..1, by network."""
    return np.stack([probabilities(one, seen[None])[0] for one in networks.values()])


def wait_for(browser, answers):
    """Until the bars show these answers."""
    far = lambda: np.abs(np.subtract(shares(browser), answers)).max()  # noqa: E731
    wait(browser, lambda: far() < NEAR, 30)


@pytest.mark.browser
class TestRunning:
    def test_nothing_is_fetched_before_the_reader_asks(self, book, running):
        assert running == ["/page.html"]
        fetched = [path.partition("?")[0] for path in book[1][1:]]
        files = ["worker.js", "ort.js", "ort.wasm", "deep_emotion.onnx", "esr.onnx"]
        files += ["ma_net.onnx", "part_ensemble.onnx", "ramn.onnx"]
        files += ["residual_masking_network.onnx"]
        assert sorted(fetched) == sorted(f"/networks/{name}" for name in files)

    def test_bars_are_what_python_says_of_every_picture(
        self, browser, running, networks, pictures
    ):
        for k, one in enumerate(pictures):
            choose(browser, picture=k)
            answers = expected(networks, one.seen())
            wait_for(browser, answers)
        top = answers.argmax(1)
        name = next(iter(networks.values())).classes[top[0]]
        wait(browser, lambda: f"{name}: " in told(browser))

    def test_a_moved_frame_is_read_anew(
        self, browser, page, running, networks, pictures
    ):
        left, top, side = pictures[0].frame
        moved = Picture("", pictures[0].image, (left + 5, top - 3, side))
        link = f"w-networks=picture:0;at:{5 / side},{-3 / side},1"
        browser.execute_script("location.hash = arguments[0]", link)
        wait_for(browser, expected(networks, moved.seen()))
        press(browser, "as framed")
        wait_for(browser, expected(networks, pictures[0].seen()))

    def test_the_map_counts_what_squares_change(self, browser, running, networks):
        name = "Deep-Emotion"  # which reads 48 pixels, as the page covers them
        picture = rendered_pictures()[2]
        choose(browser, picture=2, network=name, window=16)
        unit = torch.as_tensor(picture.seen())[None]
        scores = chances(networks[name])
        plain = scores(unit)[0].detach().numpy()
        grid = covered_scores(scores, unit, window=16, stride=4).numpy()
        found = grid.reshape(-1, len(plain))
        turned = int((found.argmax(1) != plain.argmax()).sum())
        text = lambda: find(browser, ".w-changes").text  # noqa: E731
        count = len(found)
        wait(browser, lambda: text().startswith(f"{count} of {count} squares seen"))
        assert turned and f"; {turned} change the answer, to" in text()
        falls = 100 * (plain[plain.argmax()] - found[:, plain.argmax()])
        assert f"+{max(1, np.abs(falls).max()):.0f}" in find(browser, ".w-ends").text

    def test_nudges_are_counted(self, browser, running, networks, pictures):
        choose(browser, picture=3)
        wait_for(browser, expected(networks, pictures[3].seen()))
        press(browser, "nudge")
        lines = lambda: [one.text for one in find_all(browser, ".w-line")]  # noqa: E731
        wait(browser, lambda: all(lines()))
        assert all(" of 36 nudges keep " in line for line in lines())

    def test_a_photograph_is_read_and_what_is_none_is_named(
        self, browser, running, networks, tmp_path
    ):
        photo = astronaut()[:240, 100:340]
        Image.fromarray(photo).save(tmp_path / "me.png")
        field = find(browser, "input[type=file]")
        field.send_keys(str(tmp_path / "me.png"))
        grey = torch.as_tensor(photo @ LUMA / 255, dtype=torch.float32)
        part = grey[36 : 36 + 168, 36 : 36 + 168][None, None]  # 0.7 of 240, centred
        seen = F.interpolate(part, (SIDE, SIDE), mode="bilinear", antialias=True)[0]
        wait_for(browser, expected(networks, seen.numpy()))
        assert "your photograph" in told(browser)
        (tmp_path / "notes.png").write_text("no picture")
        field.send_keys(str(tmp_path / "notes.png"))
        heard = lambda: find(browser, ".w-heard").text  # noqa: E731
        wait(browser, lambda: "notes.png: no picture that this browser" in heard())
        assert "your photograph" in told(browser)

    def test_without_a_camera_everything_else_goes_on(
        self, browser, running, networks, pictures
    ):
        press(browser, "Start the camera")
        heard = lambda: find(browser, ".w-heard").text  # noqa: E731
        wait(browser, lambda: "The camera gave no picture" in heard())
        choose(browser, picture=1)
        wait_for(browser, expected(networks, pictures[1].seen()))

    def test_keys_move_and_resize_the_square(self, browser, running):
        press(browser, "as framed")
        mark = find(browser, "[role=slider]")
        before = mark.get_attribute("aria-valuetext")
        mark.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_UP)
        assert numbers(mark) == pytest.approx(moved(before, 1 / 48, -1 / 48), abs=0.11)
        mark.send_keys(Keys.ARROW_LEFT, Keys.ARROW_DOWN)
        assert numbers(mark) == pytest.approx(moved(before, 0, 0), abs=0.11)
        mark.send_keys("+")
        assert numbers(mark)[2] == pytest.approx(
            moved(before, 0, 0)[2] * 1.04, abs=0.11
        )
        mark.send_keys("-")
        assert numbers(mark) == pytest.approx(moved(before, 0, 0), abs=0.11)


def numbers(mark):
    """Left, top and side that a square's mark tells."""
    said = mark.get_attribute("aria-valuetext")
    return [float(word.split()[1]) for word in said.split(", ")]


def moved(said, right, down):
    left, top, side = (float(word.split()[1]) for word in said.split(", "))
    return [left + right * side, top + down * side, side]


@pytest.fixture
def phone(browser, page):
    open_page(browser, page, width=390)
    touching = "Emulation.setTouchEmulationEnabled"
    browser.execute_cdp_cmd(touching, {"enabled": True, "maxTouchPoints": 2})
    browser.refresh()
    wait(browser, lambda: find_all(browser, ".w-picture canvas"))
    yield browser
    browser.execute_cdp_cmd(touching, {"enabled": False})
    no_faults(browser)


@pytest.mark.browser
def test_two_fingers_resize_the_square_on_a_phone(phone):
    mark = find(phone, "[role=slider]")
    phone.execute_script("arguments[0].scrollIntoView({block: 'center'})", mark)
    before = numbers(mark)
    box = phone.execute_script(
        "const b = arguments[0].getBoundingClientRect();"
        "return [b.x + b.width / 2, b.y + b.height / 2]",
        mark,
    )
    for k in range(6):
        kind = "touchMove" if k else "touchStart"
        points = [
            {"x": box[0] + way * (20 + 4 * k), "y": box[1], "id": n}
            for n, way in enumerate((-1, 1))
        ]
        touch = {"type": kind, "touchPoints": points}
        phone.execute_cdp_cmd("Input.dispatchTouchEvent", touch)
    lifted = {"type": "touchEnd", "touchPoints": []}
    phone.execute_cdp_cmd("Input.dispatchTouchEvent", lifted)
    after = numbers(mark)
    assert after[2] == pytest.approx(before[2] * 2, rel=0.05)
    middle = [one + before[2] / 2 for one in before[:2]]
    assert [one + after[2] / 2 for one in after[:2]] == pytest.approx(middle, abs=1)


# Chromium makes up a camera, and lets pages have it.
FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.mark.browser
def test_the_camera_is_read_live_and_freed_when_the_picture_is_held(page):
    with start_chromium(*FAKE) as own:
        own.get(page)
        own.execute_script("""const devices = navigator.mediaDevices;
        const ask = devices.getUserMedia.bind(devices);
        devices.getUserMedia = async (...wishes) =>
          window.stream = await ask(...wishes);
        """)
        start(own)
        press(own, "Start the camera")
        wait(own, lambda: "The bars follow it" in told(own))
        first = shares(own)
        wait(own, lambda: shares(own) != first)
        state = "return window.stream.getTracks()[0].readyState"
        assert own.execute_script(state) == "live"
        press(own, "Hold the picture")
        wait(own, lambda: "your photograph" in told(own))
        assert own.execute_script(state) == "ended"
        wait(own, lambda: " of " in find(own, ".w-changes").text)


@pytest.mark.browser
def test_a_network_that_is_missing_is_named(browser, folder, tmp_path):
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "networks" / "ramn.onnx").unlink()
    with served(broken) as (address, _):
        open_page(browser, f"{address}page.html")
        press(browser, "Start the networks")
        heard = lambda: find(browser, ".w-heard").text  # noqa: E731
        wait(browser, lambda: "The networks did not start" in heard())
        assert "ramn.onnx" in heard() and "Recorded when" in told(browser)
    browser.get_log("browser")


@pytest.mark.browser
def test_a_page_that_is_a_file_names_the_way_to_open_it(browser, folder):
    open_page(browser, (folder / "page.html").as_uri())
    assert "make read" in find(browser, ".w-note").text
    assert "Recorded when this page was built" in told(browser)
    no_faults(browser)


@pytest.mark.browser
def test_without_an_engine_the_page_shows_what_was_recorded(
    browser, tmp_path, networks, pictures, monkeypatch, capsys
):
    def refuse(folder):
        raise FerError("npm was not found.")

    monkeypatch.setattr(in_browser, "write_engine", refuse)
    files = in_browser.write_files(networks, tmp_path / "networks", "networks/")
    assert capsys.readouterr().out.count("\n") == 1 and not files.engine
    assert not list((tmp_path / "networks").iterdir())
    write_page(tmp_path / "page.html", in_browser.page_widget(files, networks))
    with served(tmp_path) as (address, _):
        open_page(browser, f"{address}page.html")
        assert "could not be fetched when this page was built" in (
            find(browser, ".w-note").text
        )
        assert not [b for b in find_all(browser, "button") if "Start" in b.text]
        for k, one in enumerate(pictures):
            choose(browser, picture=k)
            wait_for(browser, expected(networks, one.seen()))
        no_faults(browser)
