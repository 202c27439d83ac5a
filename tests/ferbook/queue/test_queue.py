"""The queue: what is lacking, and in which order."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from queued import claim, forecast, key, papers, record

from fer_lib.errors import FerError
from ferbook.ledger.claims import Answer, Term
from ferbook.queue import Need, open_queue, queue
from ferbook.queue.queue import Finished, as_recorded, in_order
from ferbook.runs.state import Kind, State

CLAIMS = (
    claim("value"),
    claim("difference", "difference", variant="beta", against="baseline"),
    claim("order", "order", order=(Term(variant="default"), Term(variant="baseline"))),
)
NOTHING = {"done": frozenset(), "far_off": ()}


def opened(*claims, finished=(), told=None, **options):
    """A queue in which every run takes an hour unless ``told`` otherwise."""
    told, records = told or {}, dict(finished)

    def known(run):
        found = told.get(run.variant, forecast())
        if isinstance(found, str):
            raise FerError(found)
        return found

    return open_queue(
        papers(*claims),
        "fer2013",
        forecast=known,
        finished=records.get,
        progress=False,
        **{"seeds": 1} | options,
    )


def jobs(found):
    return [entry.key for entry in found.entries]


def test_every_side_of_a_claim_with_every_seed():
    found = opened(CLAIMS[1], seeds=2)
    assert jobs(found) == [
        key(variant, seed) for seed in (0, 1) for variant in ("beta", "baseline")
    ]
    assert [entry.answered for entry in found.entries] == [0, 0, 0, 1]
    assert found.seconds == 4 * 3600


def test_first_seeds_of_all_sides_come_first():
    """Though another claim names all seeds of one side before."""
    told = {"default": forecast(far_off=True)}
    found = opened(CLAIMS[0], CLAIMS[2], seeds=2, told=told)
    sides = [(run.variant, run.seed) for run in jobs(found)]
    assert sides == [(n, seed) for seed in (0, 1) for n in ("default", "baseline")]


def test_finished_runs_are_not_wanted_again():
    found = opened(*CLAIMS, finished={key("baseline"): record()})
    assert set(jobs(found)) == {key("default"), key("beta")}
    assert found.done == (key("baseline"),)
    everything = {key(name): record() for name in ("default", "beta", "baseline")}
    assert opened(*CLAIMS, finished=everything).entries == ()


def test_a_value_is_not_answered_by_runs_far_from_the_paper():
    found = opened(*CLAIMS, told={"default": forecast(far_off=True)})
    told = {entry.key.variant: entry for entry in found.entries}
    assert told["default"].beside == (CLAIMS[0].id,)
    assert told["default"].answers == (CLAIMS[2].id,)  # like with like
    # Nor under labels that it does not speak of.
    other = replace(CLAIMS[0], answered_by=(Answer("ferplus_argmax7"),))
    (entry,) = opened(other).entries
    assert (entry.answers, entry.beside) == ((), (other.id,))


def test_runs_that_only_stand_beside_come_last():
    told = {"far": forecast(60, far_off=True), "default": forecast(9000)}
    found = opened(claim("far", variant="far"), CLAIMS[0], told=told)
    assert jobs(found) == [key("default"), key("far")]


def test_a_larger_answer_makes_a_smaller_needless():
    both = claim("a", "difference", presets=("paper", "small"), against="beta")
    large = {key("default"): record(), key("beta"): record()}
    assert opened(both, finished=large).entries == ()
    assert opened(both, finished=large, preset="small").entries == ()
    small = {key("default", preset="small"): record()}
    small[key("beta", preset="small")] = record()
    assert set(jobs(opened(both, finished=small))) == set(large)
    # A value that the larger run leaves open is still to be stood beside.
    value = claim("b", presets=("paper", "small"))
    found = opened(value, finished={key(): record("pre-training")})
    assert jobs(found) == [key(preset="small")]


def test_what_no_recipe_has_is_told_and_its_partners_not_run():
    told = {"beta": "no recipe has the variant 'beta'."}
    found = opened(*CLAIMS, told=told)
    assert found.impossible == {key("beta"): told["beta"]}
    assert {run.variant for run in jobs(found)} == {"default", "baseline"}
    assert all(CLAIMS[1].id not in entry.answers for entry in found.entries)


@pytest.mark.parametrize(
    "options", [{"recipe": "modern"}, {"preset": "tiny"}], ids=["recipe", "preset"]
)
def test_nothing_to_list_is_an_error(options):
    with pytest.raises(FerError, match="No claim is answered by runs on 'fer2013'"):
        opened(*CLAIMS, **options)


NAMES = "abcd"
needs_drawn = st.lists(st.sets(st.sampled_from(NAMES), min_size=1), min_size=1)
times_drawn = st.fixed_dictionaries({n: st.integers(1, 9).map(float) for n in NAMES})


def needs_for(groups):
    """A difference for each group of variants, all of which it takes."""
    return [
        Need(
            claim(str(number), "difference"),
            Answer("official"),
            tuple(key(variant) for variant in sorted(group)),
        )
        for number, group in enumerate(groups)
    ]


def ends(groups, order, seconds):
    """When each need is complete, and with what it then is."""
    moments = dict(
        zip(order, itertools.accumulate(seconds[n] for n in order), strict=True)
    )
    return [max(moments[name] for name in group) for group in groups]


def ordered(groups, times):
    seconds = {key(name): time for name, time in times.items()}
    order = in_order(needs_for(groups), seconds, **NOTHING)
    return [run.variant for run in order]


@given(needs_drawn, times_drawn)
# Two cheap claims inside a dear one are worth more than a cheaper third.
@example(["a", "b", "ab", "c"], {"a": 6.0, "b": 6.0, "c": 5.0, "d": 1.0})
def test_the_first_answers_come_at_the_best_rate(groups, times):
    """Against the rate of every answer that one could begin with."""
    groups = [set(group) for group in groups]
    order = ordered(groups, times)
    assert sorted(order) == sorted(set().union(*groups))

    def rate(runs):
        return sum(g <= runs for g in groups) / sum(times[n] for n in runs)

    best = max(rate(group) for group in groups)
    beginnings = [set(order[:n]) for n in range(1, len(order) + 1)]
    assert max(map(rate, beginnings)) >= best - 1e-12


@given(st.lists(st.integers(0, 3), min_size=4, max_size=4), times_drawn)
def test_claims_without_runs_in_common_wait_least(places, times):
    """Against all orders, by the sum of the times that claims wait."""
    groups = [{n for n, p in zip(NAMES, places, strict=True) if p == k} for k in places]
    groups = [g for i, g in enumerate(groups) if g not in groups[:i]]
    order = ordered(groups, times)
    best = min(
        sum(ends(groups, tried, times)) for tried in itertools.permutations(NAMES)
    )
    assert sum(ends(groups, order, times)) == pytest.approx(best)


def test_a_record_of_code_that_behaves_otherwise_is_not_finished(
    make_record, tmp_path, monkeypatch
):
    finished = Finished(tmp_path / "empty", tmp_path / "runs")
    assert finished(key()) is None
    make_record(paper="ramn")
    for changed in ({"seed": 2}, {"changes": {"beta": 1.0}}, {"variant": "beta"}):
        make_record(paper="ramn", **changed)
    monkeypatch.setattr(queue, "state_of", lambda record: State(Kind.UNKNOWN))
    finished = Finished(tmp_path / "empty", tmp_path / "runs")
    assert finished(key()).key == key() and finished(key(seed=2)).seed == 2
    assert finished(key(seed=1)) is None and finished(key(preset="small")) is None
    # The first left its precision open, and took float32.
    assert finished(key(changes={"precision": "float32"})).key == key()
    assert finished(key(changes={"precision": "bf16"})) is None
    monkeypatch.setattr(queue, "state_of", lambda record: State(Kind.OTHERWISE))
    assert Finished(tmp_path / "runs")(key()) is None


def test_runs_are_asked_for_in_the_precision_of_recorded_ones(make_record):
    """Else a claim's sides could not be compared, and none would count as done."""
    about = {"paper": "ramn", "preset": "paper"}
    made = [
        make_record(**about, changes={"precision": "bf16"}),
        make_record(**about, seed=1, changes={"precision": "bf16"}),
        make_record(**about),  # fewer
        *(make_record(**about, seed=s, changes={"epochs": 3}) for s in range(4)),
    ]
    asked = as_recorded(made)
    low = {"precision": "bf16"}
    assert asked(key("beta", 2)) == key("beta", 2, changes=low)
    assert asked(key(preset="small")) == key(preset="small")
    assert as_recorded(())(key()) == key()
    plain = as_recorded(made[2:])  # made before precision was a setting
    assert plain(key()) == key(changes={"precision": "float32"})
    done = {one.key: one for one in made}
    found = opened(CLAIMS[1], finished=done, asked=asked)
    assert jobs(found) == [key(v, changes=low) for v in ("beta", "baseline")]
    value = opened(CLAIMS[0], finished=done, asked=asked, seeds=2)
    assert value.entries == () and len(value.done) == 2
