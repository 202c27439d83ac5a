"""The verdict: claims of all papers counted, drawn and queued."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from small_ledgers import SAME, made_up, real_ledger, small_ledger

from fer_lib.errors import FerError
from fer_lib.models import build
from ferbook.chapters.verdict import costs as verdict_costs
from ferbook.chapters.verdict import standing as verdict
from ferbook.ledger.claims import Claim, Where
from ferbook.ledger.rules import Direction, Verdict
from ferbook.ledger.scoreboard import scoreboard
from ferbook.ledger.statistics import resolution
from ferbook.ledger.verdicts import Answered, Judgement
from ferbook.runs.key import RunKey
from ferbook.runs.state import Kind, State
from ferbook.show.forest import draw_forest, with_runs


def judgement(paper="ramn", verdict=Verdict.NOT_RUN, why="compute", readings=()):
    about = {"dataset": "sfew", "not_attempted": why}
    claim = Claim(f"{paper}.set.what", "value", Where("Table 1"), "A claim.", **about)
    return Judgement(claim, (Answered("", verdict, why, readings=readings),))


def counted(table):
    """Numbers of a cross table by row and column."""
    return {
        (row[0], column): int(cell or 0)
        for row in table.rows
        for column, cell in zip(table.header[1:], row[1:], strict=True)
    }


class TestCounts:
    def test_a_cross_table_counts_every_claim_once(self):
        found = [
            judgement(),
            judgement(verdict=Verdict.REPRODUCED),
            judgement("part_ensemble", Verdict.REPRODUCED),
        ]
        table = verdict.cross_table("All", found, lambda j: j.claim.paper)
        assert table.header == ("", "reproduced", "not run", "claims")
        assert table.rows == (
            ("ramn", "1", "1", "2"),
            ("part_ensemble", "1", "", "1"),
            ("all", "2", "1", "3"),
        )

    def test_runs_that_answer_nothing_stand_apart(self):
        assert verdict.standing(judgement(readings=("a run",))) == verdict.BESIDE
        assert verdict.standing(judgement()) == "not run"

    def test_reasons_are_told_until_something_is_answered(self):
        assert verdict.reason(judgement(why="data gated")) == "data gated"
        assert verdict.reason(judgement(verdict=Verdict.UNDECIDED)) == ""
        few = Answered("", Verdict.NOT_RUN, "compute", Direction.TOO_FEW)
        assert verdict.reason(Judgement(judgement().claim, (few,))) == verdict.FEW

    @pytest.mark.parametrize("table", [verdict.by_paper, verdict.by_kind])
    def test_real_claims_are_all_there(self, table):
        ledger = real_ledger()
        cells = counted(table(ledger))
        assert cells["all", "claims"] == len(ledger.judgements)
        for name in {row for row, _ in cells}:
            parts = [n for (r, c), n in cells.items() if r == name and c != "claims"]
            assert sum(parts) == cells[name, "claims"]

    def test_reasons_and_what_would_open_them_agree(self):
        ledger = real_ledger()
        counts = Counter(map(verdict.reason, ledger.select(None, None)))
        del counts[""]
        told = {row[0]: int(row[1]) for row in verdict.untested(ledger).rows}
        assert told == dict(counts)
        assert counted(verdict.by_reason(ledger))["all", "claims"] == counts.total()

    def test_the_paragraph_names_the_counts(self):
        ledger = small_ledger(made_up())
        words = verdict.in_words(ledger).words
        board = scoreboard(ledger.select(None, None))
        assert all(str(score) in words for score in board.scores)
        assert "stand 1 runs on photographs" in words
        apart = verdict.contradictions(ledger, "ramn")
        assert {j.verdict for j in apart} == {Verdict.CONTRADICTORY}


class TestPeeking:
    def test_gain_is_best_less_reported(self):
        selection = {"split": "PublicTest", "epoch": 7, "metric": "accuracy"}
        runs = [
            made_up(
                share=0.5,
                selection=selection | {"best_on_test": {"epoch": 3, "accuracy": best}},
            )
            for best in (0.56, 0.52)
        ]
        (row,) = verdict.peek_table(runs).rows
        assert row == ("Deep-Emotion", "photographs", "2", "+4.0", "+6.0")

    def test_runs_that_kept_nothing_are_passed_over(self):
        assert "No run" in verdict.peek_table([made_up()]).words


class TestPlots:
    def test_values_tell_paper_and_ours(self):
        ledger = small_ledger(made_up(share=0.6))
        found = with_runs(ledger, "value")
        assert found and all(j.readings for j in found)
        figure = draw_forest(found, ledger)
        assert "70.02 %" in figure.alt_text and "60.0 %" in figure.alt_text
        diamonds = [line for line in figure.axes[0].lines if line.get_marker() == "D"]
        assert 70.02 in [pytest.approx(line.get_xdata()[0]) for line in diamonds]

    def test_hollow_marks_decide_nothing(self):
        # 300 epochs are the paper's, 60 are not; one seed is not enough.
        for epochs, count, face in (
            (300, 3, "full"),
            (300, 1, "white"),
            (60, 3, "white"),
        ):
            about = {"n": 3589, "epochs": epochs, "config": {"epochs": epochs}}
            runs = [made_up(share=0.6, seed=seed, **about) for seed in range(count)]
            ledger = small_ledger(*runs)
            found = with_runs(ledger, "value")[:1]
            axes = draw_forest(found, ledger).axes[0]
            (mark,) = [line for line in axes.lines if line.get_marker() == "o"]
            assert (mark.get_markerfacecolor() == "white") == (face == "white")

    def test_without_runs_there_is_nothing_to_draw(self):
        assert with_runs(small_ledger(), "value") == []
        assert verdict_costs.draw_accuracy_cost([]) is None

    def test_bars_count_all_claims(self):
        figure = verdict.draw_verdicts(real_ledger())
        width = sum(p.get_width() for axes in figure.axes for p in axes.patches)
        assert width == len(real_ledger().judgements)

    def test_the_line_of_the_resolution_is_that_of_the_rule(self):
        axes = verdict.draw_resolution(real_ledger(), share=0.7).axes[0]
        n, points = axes.lines[0].get_data()
        assert points[-1] == pytest.approx(100 * resolution(0.7, int(n[-1])))


class TestCosts:
    def test_speed_is_read_from_the_page(self):
        text = (
            "A machine (cpu).  Preset paper.\n\n## Use of the machine\n\n"
            "| network | faces/s | GFLOP/s |\n| --- | --- | --- |\n"
            "| Residual Masking Network | 1.5 | 190 |\n\n## Other\n\n| RAMN | 9 | 9 |\n"
        )
        speed = {"Residual Masking Network": 1.5}
        assert verdict_costs.measured_speed(text) == ("A machine (cpu)", speed)

    def test_a_page_without_that_table_is_told(self):
        with pytest.raises(FerError, match="no table '## Use of the machine'"):
            verdict_costs.measured_speed("Nothing.")

    def test_faces_a_second_counts_whole_passes(self):
        # The clock ticks a quarter of a second at each look.
        ticks = iter(np.arange(0, 100, 0.25))
        network = build("deep_emotion", preset="smoke").eval()
        rate = verdict_costs.faces_a_second(
            network, seconds=1.0, batch=2, clock=lambda: next(ticks)
        )
        assert rate == pytest.approx(3 * 2 / 1.0)

    def test_every_paper_has_a_row(self):
        rows = verdict_costs.cost_table(real_ledger()).rows
        assert [row[0] for row in rows] == [c.name for c in real_ledger().papers]

    def test_accuracy_stands_at_the_work_of_a_face(self):
        run = made_up(share=0.5, config={}, data=made_up().content["data"])
        figure = verdict_costs.draw_accuracy_cost([run])
        assert "50.0 at 0.00783 GFLOPs" in figure.alt_text


class TestQueue:
    def test_the_table_tells_the_first_runs_and_the_whole(self):
        entries = [
            SimpleNamespace(
                key=RunKey("ramn", variant="beta"),
                forecast=SimpleNamespace(seconds=7200.0),
                answers=("a", "b"),
                beside=("b", "c"),
                answered=k,
            )
            for k in (1, 2, 3)
        ]
        queue = SimpleNamespace(entries=entries, seconds=21600.0)
        table = verdict_costs.queue_table(queue, "paper", count=2)
        assert len(table.rows) == 2 and table.rows[0][1] == "2.0 h"
        assert "3 runs" in table.note and "6.0 h" in table.note
        assert "answer 2 claims and stand beside 1 more" in table.note

    def test_an_empty_queue_is_a_sentence(self):
        assert "No claim waits" in verdict_costs.queue_table(None, "paper").words

    def test_finished_runs_do_not_wait(self, monkeypatch):
        told = {}

        def opened(papers, dataset, *, forecast, finished, **options):
            told.update(options, dataset=dataset, finished=finished)

        monkeypatch.setattr(verdict_costs, "open_queue", opened)
        monkeypatch.setattr(verdict_costs, "_Counted", object)
        fresh, old = made_up(), made_up(seed=1)
        ledger = small_ledger(fresh, states=lambda record: SAME)
        verdict_costs.waiting(ledger, "small")
        assert told["dataset"] == "fer2013" and told["preset"] == "small"
        assert told["finished"](fresh.key) is fresh
        assert told["finished"](old.key) is None
        stale = small_ledger(fresh, states=lambda record: State(Kind.OTHERWISE))
        verdict_costs.waiting(stale, "small")
        assert told["finished"](fresh.key) is None
