"""The chapters on a reader's own data: two parameters, the same cells."""

import numpy as np
import pytest
from executed import execute, outputs_in, start_cache
from papermill.exceptions import PapermillExecutionError

from ferbook.runs.records import read_record

pytestmark = pytest.mark.slow


@pytest.fixture
def fer2013(tmp_path):
    """A folder with 168 faces of noise in the layout of ``fer2013.csv``."""
    rng = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for usage, n in (("Training", 70), ("PublicTest", 28), ("PrivateTest", 70)):
        for row in range(n):
            pixels = " ".join(map(str, rng.integers(0, 256, 48 * 48)))
            lines.append(f"{row % 7},{pixels},{usage}")
    (tmp_path / "fer2013.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_two_parameters_put_real_data_in_place(fer2013, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(start_cache(fer2013 / "cache")))
    text = execute(
        "03_deep_emotion",
        fer2013,
        dataset="fer2013",
        data_root=str(fer2013),
        train=True,
        settings="epochs=1",
        reader="A reader",
    )
    runs = fer2013 / "_build" / "runs" / "deep_emotion" / "fer2013-official"
    (path,) = runs.glob("smoke-paper-default-seed0-epochs1-*.json")
    record = read_record(path)
    assert not record.rendered and record.epochs == 1
    assert record.metrics()["n"] == 70
    assert record.reader == "A reader"
    assert "FER2013 from fer2013.csv, 168 rows" in text
    assert "Your record: _build/runs/deep_emotion/" in text
    assert "Faces of your own copy" in text


@pytest.mark.parametrize(
    ("chapter", "parameters", "words"),
    [
        ("03_deep_emotion", {"beta": 0.02}, "Unknown parameter 'beta'"),
        ("03_deep_emotion", {"seed": -1}, "expected a whole number from 0 to 9999"),
        ("03_deep_emotion", {"dataset": "fer2013"}, "no folder given"),
        (
            "03_deep_emotion",
            {"dataset": "fer2013", "data_root": "nowhere"},
            "expected a folder of a data set",
        ),
        ("12_your_face", {"photo": "nowhere.png"}, "no such file"),
    ],
)
def test_wrong_parameters_end_in_one_sentence(tmp_path, chapter, parameters, words):
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(PapermillExecutionError) as error:
        execute(chapter, work, **parameters)
    assert error.value.ename == "FerError" and words in error.value.evalue
    assert "\n" not in error.value.evalue
    # In the notebook the sentence stands alone, without a traceback.
    outputs = outputs_in(tmp_path / "out.ipynb")
    (shown,) = [o for o in outputs if o["output_type"] == "error"]
    assert len(shown["traceback"]) == 1
