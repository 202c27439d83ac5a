"""A record comes back as it was written, or is refused."""

import json

import numpy as np
import pytest
from planted_analyses import means, numbers, planted_analysis

from fer_lib.errors import FerError
from ferbook.analysis import record
from ferbook.analysis.means import Means
from ferbook.analysis.record import Analysis, read_analysis, write_analysis


def with_gaps():
    """The planted one, with groups that have no face."""
    planted = planted_analysis()
    gap = means(3, 4, 4)
    gap.n[1], gap.mean[1], gap.error[1] = 0, np.nan, np.nan
    nothing = Means(np.zeros(1, int), *np.full((2, 1, 2, 2), np.nan))
    even = Means(np.array([9]), np.full((1, 2, 2), 0.25), np.zeros((1, 2, 2)))
    lost = numbers("a", "b")
    lost.means.mean[2] = np.nan
    maps = {**planted.maps, "gap": gap, "nothing": nothing, "even": even}
    return Analysis(planted.content, {**planted.numbers, "lost": lost}, maps)


def test_it_comes_back(tmp_path):
    kept, path = with_gaps(), tmp_path / "fer2013" / "ramn.json"
    write_analysis(path, kept)
    found = read_analysis(path)
    assert found.classes == kept.classes and found.reads
    assert found.numbers.keys() == kept.numbers.keys()
    for name, one in kept.numbers.items():
        told = found.numbers[name]
        assert told.columns == one.columns
        assert np.array_equal(told.means.n, one.means.n)
        for kind in ("mean", "error"):
            pair = getattr(told.means, kind), getattr(one.means, kind)
            np.testing.assert_allclose(*pair, rtol=5.1e-4)
        np.testing.assert_allclose(told.quantiles, one.quantiles, rtol=5.1e-4)
    for name, one in kept.maps.items():
        assert np.array_equal(found.maps[name].n, one.n)
        for kind in ("mean", "error"):
            told, wanted = getattr(found.maps[name], kind), getattr(one, kind)
            known = wanted[np.isfinite(wanted)]
            step = (known.max() - known.min()) / 254 if known.size else 0
            np.testing.assert_allclose(told, wanted, atol=step / 2 + 1e-12)


def test_the_same_analysis_gives_the_same_bytes(tmp_path):
    path = tmp_path / "ramn.json"
    write_analysis(path, planted_analysis())
    before = [p.read_bytes() for p in sorted(tmp_path.iterdir())]
    write_analysis(path, planted_analysis())
    assert [p.read_bytes() for p in sorted(tmp_path.iterdir())] == before
    assert len(before) == 2


def test_what_is_interrupted_leaves_no_half(tmp_path, monkeypatch):
    path = tmp_path / "ramn.json"

    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(record, "_by_line", stop)
    with pytest.raises(KeyboardInterrupt):
        write_analysis(path, planted_analysis())
    assert not list(tmp_path.iterdir())


def test_damage_is_told(tmp_path):
    path = tmp_path / "ramn.json"
    with pytest.raises(FerError, match=r"no analysis is recorded.*ferbook analyse"):
        read_analysis(path)
    write_analysis(path, planted_analysis())
    values = path.with_suffix(".npz")
    values.write_bytes(values.read_bytes()[:-1] + b"?")
    with pytest.raises(FerError, match="has other maps beside it"):
        read_analysis(path)
    told = json.loads(path.read_text())
    del told["numbers"]
    path.write_text(json.dumps(told))
    with pytest.raises(FerError, match="lacks numbers"):
        read_analysis(path)
    path.write_text("{")
    with pytest.raises(FerError, match="no JSON"):
        read_analysis(path)
