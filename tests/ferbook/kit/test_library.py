"""The networks that come with the library, and those that somebody else has."""

from fer_lib.models import NETWORKS
from fer_lib.models.saved import load
from ferbook.kit.library import library_table, read_peers
from ferbook.papers import PAPERS


def test_each_network_has_its_own_figures_and_others_those_of_their_source():
    asked = []
    table = library_table(lambda network: asked.append(network.NAME) or 1234.4)
    own, others = table.rows[:6], table.rows[6:]
    papers = [p for p in PAPERS if p != "comparison"]
    assert [row[0] for row in own] == [NETWORKS[p].NAME for p in papers]
    assert len(asked) == 6 and {row[-1] for row in own} == {"1,234"}
    for paper, row in zip(papers, own, strict=True):
        reads = load(paper).about.get("reads", {})
        for told, key in zip(
            row[3:6], ("photographs", None, "rendered faces"), strict=True
        ):
            if key in reads:
                assert told.startswith(f"{100 * reads[key]['accuracy']:.1f} % (")
                assert told.endswith(f"n = {reads[key]['n']:,}")
    assert [row[0].split("\n")[0] for row in others] == [
        p["name"] for p in read_peers()
    ]
    assert {len(row) for row in table.rows} == {len(table.header)}


def test_figures_of_others_have_a_source_and_say_that_they_are_printed():
    others = library_table(lambda network: 1).rows[6:]
    for peer, row in zip(read_peers(), others, strict=True):
        assert peer["source"].startswith("https://") and peer["source"] in row[0]
        assert row[4].startswith(f"{peer['fer2013']:g} %\n printed")
        assert 0 < peer["fer2013"] < 100
