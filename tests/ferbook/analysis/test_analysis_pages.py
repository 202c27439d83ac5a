"""What chapters show of an analysis: maps of networks that read, else a sentence."""

import json
from dataclasses import replace

import numpy as np
import pytest
from planted_analyses import means, planted_analysis

from fer_lib.files import sha256_file
from fer_lib.models import NETWORKS
from fer_lib.models.saved import committed, load
from ferbook.analysis import figures, pages
from ferbook.analysis.pages import on_photographs, told
from ferbook.analysis.record import Analysis, write_analysis
from ferbook.show.figures import Plot
from ferbook.show.tables import Sentence, Table
from ferbook.site.notebooks import ROOT


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """Records an analysis as that of RAMN on FER2013."""
    monkeypatch.setattr(pages, "analyses_folder", lambda: tmp_path)
    path = tmp_path / "fer2013" / "ramn.json"
    return lambda one: write_analysis(path, one)


def shared(found: Analysis) -> Analysis:
    """Without what one network alone was asked: less to draw."""
    of_all = ("heat", "face", "grad_cam", "occlusion")
    kept = [
        {name: one for name, one in told.items() if name.split(".")[0] in of_all}
        for told in (found.numbers, found.maps)
    ]
    return Analysis(found.content, *kept)


@pytest.mark.parametrize(("accuracy", "maps"), [(0.6999, False), (0.7, True)])
def test_no_map_of_a_network_that_reads_too_little(recorded, accuracy, maps):
    recorded(shared(planted_analysis(accuracy)))
    page = on_photographs("ramn").html()
    assert ("<img" in page) == maps
    assert ("fewer than 70 %" in page) != maps
    assert f"{100 * accuracy:.1f} %" in page and "n = 3,589" in page
    assert ("Heat of Grad-CAM" in page) == maps


def test_the_drawing_itself_refuses():
    weak, strong = planted_analysis(0.5), planted_analysis(0.9)
    calls = []

    def draw(found):
        calls.append(found)
        return figures.draw_by_class(found, "grad_cam")

    assert isinstance(figures.drawn(weak, draw, "Maps."), Sentence) and not calls
    assert isinstance(figures.drawn(strong, draw, "Maps."), Plot) and calls == [strong]


def test_every_part_is_drawn_with_words_for_it():
    shown = list(told(planted_analysis()))
    plots = [one for one in shown if isinstance(one, Plot)]
    assert len(plots) == 7 and sum(isinstance(one, Table) for one in shown) == 3
    for plot in plots:
        assert len(plot.alt.split()) > 12 and "FER2013, PrivateTest" in plot.caption
        assert "nan" not in plot.alt
    assert Sentence("It has nothing to tell of landmarks.") in shown


@pytest.mark.parametrize("count", [2, 3, 5, 9])
def test_any_number_of_branches_is_drawn(count):
    found = planted_analysis()
    names = [f"branch {k}" for k in range(count)]
    found.content["learners"] = names
    found.maps["branches.map"] = means(count, 24, 24, n=30)
    pairs = found.maps["branches.pairs"] = means(count**2)
    figure = figures.draw_branches(found)
    drawn = [panel for panel in figure.axes if panel.get_title()]
    assert [panel.get_title() for panel in drawn] == names
    assert all(panel.get_xlabel() == "n = 30" for panel in drawn)
    written = {text.get_text() for panel in figure.axes for text in panel.texts}
    assert {f"{value:.2f}" for value in pairs.mean} <= written


def test_maps_of_a_few_faces_are_not_drawn():
    found = planted_analysis(n=40)
    found.maps["grad_cam.right"].n[:] = [19, 20, *[40] * 5]
    figure = figures.draw_by_class(found, "grad_cam")
    rows = figure.axes[: 4 * 8]
    words = [[t.get_text() for t in panel.texts] for panel in rows]
    # The first class has too few, and no wrongly read one has enough.
    assert sum(one == ["too few"] for one in words) == 1 + 7 + 1
    assert "20 correctly" not in figure.alt_text
    assert found.classes[0] not in figure.alt_text.split("lie:")[1]


def test_a_class_that_nobody_may_see_borrows_the_mean_of_all():
    found = planted_analysis()
    found.maps["face"].n[2] = 0
    found.maps["face"].mean[2] = np.nan
    figure = figures.draw_by_class(found, "occlusion")
    labels = [panel.get_xlabel() for panel in figure.axes[:7]]
    assert labels == ["n = 400", "n = 400", "all", *["n = 400"] * 4]


@pytest.mark.parametrize("network", [n for n in NETWORKS if n != "comparison"])
def test_its_chapter_shows_it(network):
    line = f'chapter.on_photographs("{network}")'
    chapters = [p.read_text() for p in (ROOT / "notebooks").glob("*.ipynb")]
    assert sum(json.dumps(line) in text for text in chapters) == 1


def test_without_any_record(recorded):
    said = on_photographs("ramn")
    assert "No analysis" in said.text() and "ferbook analyse ramn" in said.text()


def test_an_analysis_of_an_earlier_network_says_so(recorded):
    recorded(planted_analysis(0.5))
    assert "of an earlier network" in on_photographs("ramn").html()
    own = {"weights_sha256": sha256_file(committed("ramn"))}
    planted = planted_analysis(0.5)
    recorded(replace(planted, content={**planted.content, **own}))
    assert "of an earlier network" not in on_photographs("ramn").html()


def test_a_damaged_record_does_not_stop_the_page(recorded, tmp_path):
    recorded(planted_analysis())
    (tmp_path / "fer2013" / "ramn.npz").write_bytes(b"?")
    assert "cannot be shown" in on_photographs("ramn").text()


def test_tables_tell_their_numbers():
    found = planted_analysis()
    heat = pages.heat_box(found)
    means = found.numbers["heat.right"].means
    mouth = next(row for row in heat.rows if row[0] == "mouth")
    column = list(found.numbers["heat.right"].columns).index("mouth")
    low = means.mean[-1, column] - means.reach[-1, column]
    assert mouth[1].startswith(f"{means.mean[-1, column]:.2f}\n {low:.2f} to ")
    own = pages.own_box(found)
    theta = found.numbers["regions.theta"]
    row = next(row for row in own.rows if row[0] == "regions: theta\n centre")
    column = theta.means.mean[:7, theta.columns.index("centre")]
    least, most = found.classes[column.argmin()], found.classes[column.argmax()]
    assert row[2] == f"{least} {column.min():.3f}, {most} {column.max():.3f}"
    assert row[-1]  # an untrained network's, which the window has not
    assert next(r for r in own.rows if "window" in r[0])[-1] == ""
    faces = pages.accuracy_box(found)
    assert faces.rows[-1] == (found.classes[-1], "no face")


def test_a_network_reads_as_many_photographs_here_as_its_file_states():
    reads = load(committed("ramn")).about["reads"]["photographs"]
    other = reads | {"accuracy": reads["accuracy"] - 0.001}
    content = {"accuracy": {"split": other, "faces": "as they are"}}
    told = pages._as_it_reads(content, "ramn")["accuracy"]
    assert told == {"split": reads, "faces": "as they are"}
    few = {"accuracy": {"split": other | {"n": reads["n"] - 1}}}
    assert pages._as_it_reads(few, "ramn") == few  # of other faces
