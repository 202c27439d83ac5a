"""Pictures get the size of their file, once."""

from PIL import Image

from ferbook.site.sizes import sized


def test_a_picture_gets_its_size_and_keeps_one_that_it_has(tmp_path):
    Image.new("L", (30, 20)).save(tmp_path / "a.webp")
    files = {"a.webp": tmp_path / "a.webp"}
    html = '<p><img alt="x" src="../_images/a.webp"></p>'
    made = '<p><img width="30" height="20" alt="x" src="../_images/a.webp"></p>'
    assert sized(html, files) == made
    assert sized(made, files) == made


def test_pictures_of_no_file_stay_as_they_are():
    html = '<img src="data:image/webp;base64,AA"><img src="b.svg" alt="b">'
    assert sized(html, {}) == html
