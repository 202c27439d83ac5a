"""What stands beside a verdict, against closed forms, integrals and enumeration."""

from math import inf, log, log10, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import binom, nct, norm, t

from fer_lib.errors import FerError
from ferbook.ledger.chances import (
    chances,
    d33,
    disagreement,
    replication_bayes_factor,
    smaller_than,
    specification_curve,
)
from ferbook.ledger.rules import (
    Direction,
    Verdict,
    direction,
    judge_difference,
    judge_value,
)
from ferbook.ledger.statistics import Difference, crossed, quantile

MANY = 10**7  # degrees of freedom


def _found(mean=0.0, parts=((1e-4, MANY),), spread=0.01, seeds=3):
    error2 = sum(v for v, _ in parts)
    df = error2**2 / sum(v**2 / df for v, df in parts)
    reach = quantile(df) * sqrt(error2)
    limits = (mean - reach, mean + reach)
    return Difference(mean, *limits, 100, seeds, sqrt(error2), df, spread, parts)


def _near(share):
    """Within Monte Carlo error of 20,000 draws."""
    return pytest.approx(share, abs=4.5 * sqrt(share * (1 - share) / 20_000) + 1e-4)


@pytest.mark.parametrize("df", [2, 5, MANY])
@pytest.mark.parametrize("truth", [0.0, 0.03])
def test_chance_of_a_direction_is_the_power_of_a_t_test(df, truth):
    found = _found(parts=((1e-4, df),))
    told = chances([found], [truth], direction)
    above, below = nct.sf(t.ppf(0.975, df), df, truth / 0.01), 0.025
    assert told[Direction.SAME] == _near(above)
    if not truth:
        assert told[Direction.OPPOSITE] == _near(below)
    assert sum(told.values()) == pytest.approx(1)


def test_chance_of_each_verdict_on_a_difference_by_normal_areas():
    paper, error = 0.05, 0.01
    told = chances([_found()], [paper], lambda p: judge_difference(p[0], paper))
    assert told[Verdict.EXCEEDS] == _near(0.025)
    assert told[Verdict.NOT_REPRODUCED] == _near(0.025)
    assert told[Verdict.REPRODUCED] == _near(0.95)  # five errors above 0
    told = chances([_found()], [0.0], lambda p: judge_difference(p[0], paper))
    unlike = norm.cdf((paper - 1.959964 * error) / error)
    assert told[Verdict.NOT_REPRODUCED] == _near(unlike)


def test_few_seeds_cost_power():
    few, many = (_found(parts=((4e-5, 3588), (6e-5, df))) for df in (2, 200))
    power = [chances([one], [0.03], direction)[Direction.SAME] for one in (few, many)]
    assert power[0] < power[1] - 0.1


@pytest.mark.parametrize(
    ("ends", "share"), [(((0, 1), (1, 2)), 1 / 6), (((0, 1), (0, 2)), 1 / 3)]
)
def test_pairs_that_share_a_term_share_half_their_noise(ends, share):
    """The orthant of two normals that correlate by -1/2 or 1/2 (Sheppard)."""
    told = chances(
        [_found()] * 2, [0, 0], lambda p: p[0].mean > 0 < p[1].mean, ends=ends
    )
    assert told[True] == _near(share)


def test_a_value_varies_over_seeds_alone_where_the_faces_are_the_papers():
    found = _found(0.7, parts=((1e-3, 99), (3e-5, 2)), spread=sqrt(9e-5))
    told = chances(
        [found], [0.7], lambda p: judge_value(p[0].mean, 0.7, 10**6), same_faces=True
    )
    within = 2 * norm.cdf(0.01 / sqrt(3e-5)) - 1  # one point is the tolerance
    assert told[Verdict.REPRODUCED] == _near(within)


def test_one_seed_has_no_chance():
    one = crossed(np.arange(100) < 70)
    with pytest.raises(FerError, match="second"):
        chances([one], [0.7], direction)
    with pytest.raises(FerError, match="second"):
        replication_bayes_factor(one, 0.02, 100, 0.1)


def test_disagreement_is_the_mean_over_all_pairs_of_runs():
    rng = np.random.default_rng(0)
    first, second = rng.random((3, 50)) < 0.7, rng.random((2, 50)) < 0.6
    pairs = [np.mean(a != b) for a in first for b in second]
    assert disagreement(first, second) == pytest.approx(np.mean(pairs))


def _power(n, share, difference):
    """Of McNemar's test without correction, by enumeration of all counts."""
    discordant = np.arange(n + 1)[:, None]
    wins = np.arange(n + 1)[None]
    gap = (2 * wins - discordant) / np.sqrt(np.maximum(discordant, 1))
    seen = (wins <= discordant) & (np.abs(gap) > 1.959964)
    odds = (share + difference) / (2 * share)
    chance = binom.pmf(discordant, n, share) * binom.pmf(wins, discordant, odds)
    return float((chance * seen).sum())


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4])
@pytest.mark.parametrize("n", [436, 1308])
def test_d33_is_seen_in_a_third_of_tests(n, share):
    assert _power(n, share, d33(n, share)) == pytest.approx(1 / 3, abs=0.02)


def test_d33_is_no_larger_than_the_disagreement():
    """Where so few faces disagree, all that do are on one side."""
    least = d33(70, 0.0)
    assert d33(70, least) == pytest.approx(least)
    shares = np.linspace(0.0, 1.0, 101)
    assert all(d33(70, share) <= max(share, least) + 1e-12 for share in shares)


@given(st.integers(4, 10**5), st.floats(0.01, 1))
def test_d33_falls_with_faces_and_rises_with_disagreement(n, share):
    assert d33(2 * n, share) < d33(n, share)
    assert d33(n, share / 2) <= d33(n, share)


@pytest.mark.parametrize("side", [1, -1])
def test_smaller_than_is_a_one_sided_t_test(side):
    found = _found(side * 0.01, parts=((1e-4, 3),))
    reach = t.ppf(0.95, 3) * 0.01
    assert smaller_than(found, 0.01 + reach + 1e-6, side)
    assert not smaller_than(found, 0.01 + reach - 1e-6, side)


def _prior(paper, spread):
    return sqrt((0.1 - paper**2) / 1000 + spread**2)


@pytest.mark.parametrize("mean", [-0.03, 0.0, 0.005, 0.05])
@pytest.mark.parametrize("paper", [0.01, -0.04])
def test_bayes_factor_of_many_seeds_is_the_closed_form(mean, paper):
    """Two normal densities of our difference, without and with the paper's."""
    told = replication_bayes_factor(_found(mean, spread=0.008), paper, 1000, 0.1)
    both = sqrt(0.01**2 + _prior(paper, 0.008) ** 2)
    exact = norm.logpdf(mean, paper, both) - norm.logpdf(mean, 0, 0.01)
    assert told == pytest.approx(exact / log(10), abs=1e-4)


@pytest.mark.parametrize("mean", [-0.03, 0.0, 0.005, 0.05])
@pytest.mark.parametrize("paper", [0.01, -0.04])
@pytest.mark.parametrize(("df", "spread"), [(2, 0.008), (5, 0.1)])
def test_bayes_factor_of_few_seeds_is_students_integral(mean, paper, df, spread):
    prior = _prior(paper, spread)

    def both(effect):
        return t.pdf((mean - effect) / 0.01, df) * norm.pdf(effect, paper, prior)

    limits = min(mean, paper) - 9 * prior, max(mean, paper) + 9 * prior
    value, _ = quad(both, *limits, points=(mean, paper), limit=200, epsabs=0)
    found = _found(mean, parts=((1e-4, df),), spread=spread)
    told = replication_bayes_factor(found, paper, 1000, 0.1)
    assert told == pytest.approx(log10(value / t.pdf(mean / 0.01, df)), abs=1e-4)


def test_few_seeds_weigh_less():
    few, many = (_found(0.03, parts=((1e-4, df),)) for df in (4, MANY))
    told = [replication_bayes_factor(one, 0.03, 1000, 0.1) for one in (few, many)]
    assert 0 < told[0] < told[1]


def test_bayes_factor_says_the_same_of_a_claim_turned_round():
    one, other = _found(0.02), _found(-0.02)
    told = [
        replication_bayes_factor(*case, 500, 0.1)
        for case in ((one, 0.03), (other, -0.03))
    ]
    assert told[0] == pytest.approx(told[1])


def test_curve_goes_from_small_to_large_and_counts_who_agrees():
    same, apart = Direction.SAME, Direction.NOT_TOLD_APART
    ways = [
        ("b", _found(0.03), same),
        ("a", _found(0.01), apart),
        ("c", _found(0.02), same),
    ]
    curve, agreed = specification_curve(iter(ways), same)
    assert [label for label, _, _ in curve] == ["a", "c", "b"]
    assert agreed == pytest.approx(2 / 3)


def test_parts_of_a_crossed_difference_add_to_its_error():
    rng = np.random.default_rng(1)
    found = crossed(rng.random((3, 60)) < 0.7, rng.random((3, 60)) < 0.6)
    assert sqrt(sum(v for v, _ in found.parts)) == pytest.approx(found.error)
    assert [df for _, df in found.parts] == [59, 2, 2]
    alone = crossed(rng.random(60) < 0.7)
    assert alone.parts[1] == (0.0, inf)
