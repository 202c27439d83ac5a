"""Three numbers that say what was tested."""

from dataclasses import replace

from judged_runs import PAPER, claim_of, right, seeds_of

from ferbook.ledger.rules import Direction, Verdict
from ferbook.ledger.scoreboard import scoreboard
from ferbook.ledger.verdicts import Answered, Judgement, judge


def _sum(verdict, root="", id="deep_emotion.sum"):
    claim = claim_of("arithmetic", id=id, root=root, value="")
    return Judgement(claim, (Answered("", verdict, ""),))


def test_a_printed_value_is_tested_at_the_papers_scale_alone():
    """A direction at a reduced scale tests the claim, not its value."""
    claim = claim_of("difference", value="2", unit="points", against="plain")
    part = Answered("", Verdict.NOT_RUN, "compute", Direction.SAME)
    board = scoreboard([Judgement(claim, (part,))])
    assert (board.printed.tested, board.printed.of) == (0, 1)
    assert (board.experiments.tested, board.experiments.of) == (1, 1)
    assert str(board.experiments) == "1 of 1 (1 same direction)"


def test_too_few_seeds_test_nothing(make_record):
    runs = seeds_of(make_record, 2, correct=right(0.7))
    board = scoreboard([judge(claim_of(), PAPER, runs)])
    assert (board.printed.tested, board.experiments.tested) == (0, 0)


def test_what_holds_by_another_reading_alone_is_told_apart():
    fails = Answered("", Verdict.NOT_REPRODUCED, "")
    holds = Answered("other labels", Verdict.REPRODUCED, "")
    word = replace(holds, reading="")
    both = [(fails, holds), (word, replace(fails, reading="other labels")), (fails,)]
    board = scoreboard([Judgement(claim_of(), answers) for answers in both])
    assert board.printed.otherwise == 1
    assert str(board.printed) == (
        "3 of 3 (1 reproduced, 2 not reproduced; 1 reproduced by another reading)"
    )
    better = replace(holds, verdict=Verdict.EXCEEDS)
    board = scoreboard([Judgement(claim_of(), (fails, better))])
    assert (board.printed.otherwise, board.printed.note) == (0, "")


def test_what_we_ask_is_no_claim_of_a_paper():
    claim = claim_of("order", asked="ours", value="")
    done = Answered("", Verdict.REPRODUCED, "")
    board = scoreboard([Judgement(claim, (done,))])
    assert (board.experiments.of, str(board.ours)) == (0, "1 of 1 (1 reproduced)")


def test_contradictions_of_one_cause_are_counted_once():
    first = _sum(Verdict.CONTRADICTORY)
    again = _sum(Verdict.CONTRADICTORY, root=first.claim.id, id="deep_emotion.again")
    unbuilt = _sum(Verdict.NOT_RUN, id="deep_emotion.unbuilt")
    board = scoreboard([first, again, _sum(Verdict.CONSISTENT), unbuilt])
    assert (board.sums.tested, board.sums.of, board.sums.roots) == (3, 4, 1)
    assert str(board.sums) == "3 of 4 (1 consistent, 2 contradictory from 1 causes)"
