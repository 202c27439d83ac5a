"""Pictures that a page holds become files that pages share."""

import base64

from ferbook.site.pictures import shared


def held(data: bytes, kind: str = "webp") -> str:
    text = base64.b64encode(data).decode()
    return f'<p><img alt="x" src="data:image/{kind};base64,{text}" width="3"></p>'


def test_pictures_become_files_of_their_content(tmp_path):
    html = shared(held(b"one") + held(b"two", "png"), tmp_path, "../_images/{}".format)
    files = {path.suffix: path for path in tmp_path.iterdir()}
    assert files[".webp"].read_bytes() == b"one"
    assert files[".png"].read_bytes() == b"two"
    assert "data:" not in html
    for path in files.values():
        assert f'src="../_images/{path.name}" width="3"' in html


def test_all_but_the_first_are_read_when_a_reader_comes_near(tmp_path):
    html = shared(held(b"one") + held(b"two") + held(b"one"), tmp_path, str)
    assert [part.count("lazy") for part in html.split("<img ")[1:]] == [0, 1, 1]
    assert len(list(tmp_path.iterdir())) == 2  # the same picture is one file


def test_addresses_and_data_of_scripts_stay_as_they_are(tmp_path):
    html = '<img src="a.webp"><script>{"image": "data:image/webp;base64,AA=="}</script>'
    assert shared(html, tmp_path, str) == html
    assert not list(tmp_path.iterdir())
