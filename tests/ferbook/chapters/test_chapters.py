"""The chapters on a reader's own data: two parameters, the same cells."""

import json
from pathlib import Path

import numpy as np
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from ferbook.runs.records import read_record
from ferbook.site.execute import own_kernel

pytestmark = pytest.mark.slow
CHAPTER = Path(__file__).parents[3] / "notebooks" / "03_deep_emotion.ipynb"


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


def execute(folder: Path, **parameters) -> str:
    """Run the chapter in ``folder``; the text of all its outputs."""
    out = folder / "out.ipynb"
    with own_kernel():
        papermill.execute_notebook(
            str(CHAPTER),
            str(out),
            parameters,
            cwd=str(folder),
            kernel_name="python3",
            progress_bar=False,
        )
    cells = json.loads(out.read_text())["cells"]
    return json.dumps([cell["outputs"] for cell in cells if "outputs" in cell])


def test_two_parameters_put_real_data_in_place(fer2013, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(fer2013 / "cache"))
    text = execute(
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
    ("parameters", "words"),
    [
        ({"beta": 0.02}, "Unknown parameter 'beta'"),
        ({"seed": -1}, "expected a whole number from 0 to 9999"),
        ({"dataset": "fer2013"}, "no folder given"),
        ({"dataset": "fer2013", "data_root": "nowhere"}, "no FER2013 found"),
    ],
)
def test_wrong_parameters_end_in_one_sentence(tmp_path, parameters, words):
    with pytest.raises(PapermillExecutionError) as error:
        execute(tmp_path, **parameters)
    assert error.value.ename == "FerError" and words in error.value.evalue
    assert "\n" not in error.value.evalue
    # In the notebook the sentence stands alone, without a traceback.
    cells = json.loads((tmp_path / "out.ipynb").read_text())["cells"]
    outputs = [o for cell in cells for o in cell.get("outputs", [])]
    (shown,) = [o for o in outputs if o["output_type"] == "error"]
    assert len(shown["traceback"]) == 1
