"""Plots of cost: what they show is counted, and grows as it must."""

import pytest
from bs4 import BeautifulSoup
from small_ledgers import made_up, small_ledger

from fer_lib.models import build
from fer_lib.models.cost import cost
from ferbook.papers import PAPERS
from ferbook.show import costs, memory
from ferbook.show.phrases import seconds_taken
from ferbook.show.run_tables import seconds_an_epoch


def test_a_region_costs_the_same_whichever_it_is():
    found = costs.by_crops()
    rise = {(found[b] - found[a]) / (b - a) for a in found for b in found if b > a}
    assert max(rise) == pytest.approx(min(rise), rel=1e-3)
    # Each goes through the whole trunk, as the face itself does.
    assert max(rise) == pytest.approx(found[0], rel=1e-3)


def test_a_branch_costs_the_same_and_less_than_a_network():
    found = costs.by_branches()
    rise = [(found[b] - found[a]) / (b - a) for a, b in ((1, 5), (5, 9), (9, 15))]
    assert rise == pytest.approx([rise[0]] * 3)
    assert rise[0] < found[1] / 5


def test_cost_grows_with_the_side_of_a_face():
    found = costs.by_side()
    assert set(found) == set(costs.PAPERS)
    for line in found.values():
        assert list(line.values()) == sorted(line.values())
    assert 48 not in found["residual_masking"]  # which halves a face five times
    assert found["deep_emotion"][48] == cost(build("deep_emotion")).gflops


def _run(**changed):
    curve = [{"epoch": k, "seconds": s} for k, s in enumerate((9.0, 2.0, 3.0))]
    config = {"input_size": 48, "warp": "none"}
    return made_up(config=config, curve=curve, **changed)


def test_on_a_processor_its_own_time_counts():
    """Nine seconds by the clock, of which four were the run's, on two threads."""
    curve = [{"epoch": k, "seconds": 9.0, "cpu_seconds": 4.0} for k in range(3)]
    cpu = {"device": "cpu", "name": "a", "threads": 2}
    options = {"config": _run().config, "curve": curve, "cpu_seconds": 12.0}
    run = made_up(hardware=cpu, wall_seconds=27.0, **options)
    assert (seconds_an_epoch(run), seconds_taken(run)) == (2.0, 6.0)
    gpu = made_up(hardware=cpu | {"device": "cuda"}, wall_seconds=27.0, **options)
    assert (seconds_an_epoch(gpu), seconds_taken(gpu)) == (9.0, 27.0)


def test_all_plots_stand_in_the_page_and_name_every_paper():
    panels = costs.cost_growth(small_ledger()).tables[0]
    page = BeautifulSoup(panels.html(), "html.parser")
    images = page.find_all("img")
    assert len(images) == 4
    for image in images:
        assert len(image["alt"].split()) > 8
        assert image["src"].startswith("data:image/webp;base64,")
    assert len(panels.html()) < 500_000


def test_memory_is_told_and_lower_precision_needs_no_more(monkeypatch):
    some = {name: PAPERS[name] for name in ("deep_emotion", "ramn", "comparison")}
    monkeypatch.setattr(memory, "PAPERS", some)
    monkeypatch.setattr(memory, "PRESETS", ("student",))
    monkeypatch.setattr(memory, "remembered", lambda folder, name, make: make())
    table = memory.memory_table({"ramn": "RAMN"})
    assert [row[0] for row in table.rows] == ["deep_emotion", "RAMN"]
    for row in table.rows:
        assert 0 < float(row[4]) <= float(row[3]) < memory.T4
