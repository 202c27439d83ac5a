"""FER2013 is converted once, and again when anything is not as before."""

import fer2013_files as files
import pytest
from fer2013_files import ROWS, assert_reads

from fer_lib.data.sources import fer2013


def test_converted_once(tmp_path, load, monkeypatch):
    files.write_csv(tmp_path, ROWS)
    first = load(tmp_path)
    monkeypatch.setattr(fer2013, "read_csv", None)
    assert load(tmp_path).sha256 == first.sha256


@pytest.mark.parametrize("change", ["table", "votes", "exact", "version"])
def test_other_content_is_converted_again(tmp_path, load, change, monkeypatch):
    path = files.write_csv(tmp_path, ROWS)
    load(tmp_path)
    if change == "table":
        old = ROWS.fields(0)["emotion"]
        files.set_field(path, 2, "emotion", "0" if old == "1" else "1")
    elif change == "votes":
        files.write_votes(tmp_path, ROWS)
    elif change == "exact":
        files.write_exact(tmp_path, [1] * 11, [0] * 11)
    else:
        monkeypatch.setattr(fer2013, "_VERSION", 0)
    load(tmp_path)
    assert len(list((tmp_path / "cache").iterdir())) == 2


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_cache_is_made_again(tmp_path, load, damage):
    files.write_csv(tmp_path, ROWS)
    load(tmp_path)
    (stored,) = (tmp_path / "cache").iterdir()
    content = bytearray(stored.read_bytes())
    whole = bytes(content)
    content[len(content) // 2] ^= 1
    damaged = {"flip": content, "cut": whole[:-100], "empty": b""}
    stored.write_bytes(damaged[damage])
    with pytest.warns(UserWarning, match="converting FER2013 again"):
        assert_reads(load(tmp_path), ROWS)
    assert_reads(load(tmp_path), ROWS)


@pytest.mark.filterwarnings("ignore:converting")
def test_a_cache_that_cannot_be_written_does_not_matter(tmp_path, load):
    files.write_csv(tmp_path, ROWS)
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="not cached"):
        assert_reads(load(tmp_path), ROWS)
