"""The sliders of the chapter on one's own face, without a browser."""

from datetime import datetime

import pytest

from fer_lib.models.saved import committed
from ferbook.chapters.your_face import controls
from ferbook.chapters.your_face.networks import probabilities
from ferbook.chapters.your_face.photograph import View, find_one, load_photo
from ferbook.papers import restore


@pytest.fixture(scope="module")
def found():
    return find_one(load_photo())


def test_a_window_is_a_square_around_its_centre():
    assert controls.window(0.2, 0.5, 0.4) == pytest.approx((0.4, 0.3, 0.6, 0.5))
    assert controls.window(0, 0.5, 0.4) is None


def test_sliders_ask_the_network_and_a_bad_file_is_refused(found):
    ramn = {"ramn": restore(committed("ramn"))}
    box = controls.controls(ramn, found)
    file, _, crop, blur, size, _, _, told = box.children
    crop.value, blur.value, size.value = 1.3, 1.0, 0.4
    square = controls.window(0.4, 0.5, round(found.height_of("mouth"), 6))
    face = found.see([View(crop=1.3, blur=1.0, cover=square)])
    shares = probabilities(ramn["ramn"], face)[0]
    word = ramn["ramn"].classes[shares.argmax()]
    assert f"ramn says {word}, {100 * shares.max():.0f} per cent" in told.value
    about = {"name": "me.txt", "type": "", "last_modified": datetime.now()}
    file.value = ({**about, "size": 2, "content": b"no"},)
    assert told.value.startswith('<p role="alert">me.txt: cannot be read')


def test_files_of_both_versions_of_ipywidgets_are_read():
    seven = {"me.png": {"metadata": {"name": "me.png"}, "content": b"pixels"}}
    eight = ({"name": "me.png", "content": memoryview(b"pixels")},)
    for value in (seven, eight):
        assert controls.uploaded(value) == (b"pixels", "me.png")


def test_a_picture_stands_for_the_sliders_where_nobody_sits(found, monkeypatch):
    shown, ramn = [], {"ramn": restore(committed("ramn"))}
    monkeypatch.setattr(controls, "show", lambda figure, caption: shown.append(caption))
    monkeypatch.setattr(controls, "display", lambda box: shown.append(type(box)))
    for somebody in (False, True):
        monkeypatch.setattr(controls, "has_reader", lambda now=somebody: now)
        controls.explorer(ramn, found, "Astronaut.")
    caption, kind = shown
    assert caption.startswith("ramn at some settings") and kind.__name__ == "VBox"
