"""Diversity, equations (1) and (2) of the diversified networks."""

import math
from itertools import permutations

import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.losses import diversity, similarity, zero_diagonal_diversity
from fer_lib.losses.diversity import AUTHORS_GAMMA, equally_alike

MEASURES = [diversity, zero_diagonal_diversity]


def draw(learners=3, faces=4, size=5):
    return torch.rand(learners, faces, size, dtype=torch.float64)


def leibniz(matrix):
    """Determinant by its definition, a sum over permutations."""
    total, count = 0.0, len(matrix)
    for order in permutations(range(count)):
        inversions = sum(order[i] > order[j] for j in range(count) for i in range(j))
        product = math.prod(float(matrix[i][order[i]]) for i in range(count))
        total += (-1) ** inversions * product
    return total


@pytest.mark.equation("diversified_esr", 1)
@pytest.mark.parametrize("gamma", [0.3, None])
def test_similarity_equals_a_loop(gamma):
    features = draw()
    s = similarity(features, gamma)
    rate = 30 / 5 if gamma is None else gamma
    for one in range(3):
        for two in range(3):
            total = 0.0
            for face in range(4):
                pair = zip(features[one, face], features[two, face], strict=True)
                squares = sum(float(a - b) ** 2 for a, b in pair)
                total += math.exp(-rate * squares)
            assert float(s[one, two]) == pytest.approx(total / 4)


@pytest.mark.equation("diversified_esr", 2)
@pytest.mark.parametrize("learners", [1, 2, 3, 5])
def test_diversity_equals_the_definition(learners):
    features = draw(learners)
    s = similarity(features)
    assert float(diversity(features)) == pytest.approx(leibniz(s))
    for i in range(learners):
        s[i, i] = 0.0
    assert float(zero_diagonal_diversity(features)) == pytest.approx(leibniz(s))


@pytest.mark.parametrize("learners", [2, 3, 4, 9, 15])
@pytest.mark.parametrize("s", [0.1, 0.5, 1.0])
def test_equally_similar_learners(learners, s):
    """Both closed forms of the docstrings."""
    features = equally_alike(learners, s)
    closed = (1 - s) ** (learners - 1) * (1 + (learners - 1) * s)
    assert float(diversity(features, 1)) == pytest.approx(closed, abs=1e-9)
    closed = (-1) ** (learners - 1) * (learners - 1) * s**learners
    assert float(zero_diagonal_diversity(features, 1)) == pytest.approx(closed)


@pytest.mark.parametrize(("groups", "found"), [((2, 2), 1), ((5, 5, 5), 64)])
def test_authors_code_rewards_groups_of_clones(groups, found):
    kinds = torch.eye(3, dtype=torch.float64).mul(99)[:, None]
    clones = [kinds[k] for k, size in enumerate(groups) for _ in range(size)]
    different = equally_alike(len(clones), 1e-9)
    assert float(zero_diagonal_diversity(clones, 1)) == pytest.approx(found)
    assert float(zero_diagonal_diversity(different, 1)) == pytest.approx(0, abs=1e-9)
    assert float(diversity(clones, 1)) == pytest.approx(0, abs=1e-9)
    assert float(diversity(different, 1)) == pytest.approx(1)


@pytest.mark.parametrize("spread", [0.0, 1e-3])
def test_gradient_at_and_near_identical_learners(spread):
    """S is singular there; the gradient of features is still right."""
    features = 0.5 + spread * draw()
    features[1] = features[0]
    assert torch.autograd.gradcheck(diversity, features.requires_grad_())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("learners", [2, 9, 15])
def test_gradient_is_finite_however_close_learners_are(dtype, learners):
    for power in range(0, 40, 2):
        offset = 10.0**-power * torch.randn(learners, 2, 6, dtype=dtype)
        features = (0.5 + offset).requires_grad_()
        value = diversity(features)
        value.backward()
        assert value.isfinite()
        assert features.grad.isfinite().all()


@pytest.mark.parametrize(("learners", "size"), [(9, 512), (15, 512), (9, 36), (4, 49)])
def test_default_gamma_has_a_gradient_where_the_authors_has_none(learners, size):
    """On what untrained branches give: standard deviation 0.14 to 0.2."""
    torch.manual_seed(0)
    spread = 0.14 if size == 512 else 0.2
    start = 0.5 + spread * torch.randn(learners, 8, size)

    def pull(gamma):
        features = start.clone().requires_grad_()
        diversity(features, gamma).backward()
        return float(features.grad.norm())

    if size == 512:
        assert similarity(start, AUTHORS_GAMMA).sum() == learners  # underflow
        assert pull(AUTHORS_GAMMA) == 0
    assert pull(None) > 0.005
    assert pull(None) > 10 * pull(AUTHORS_GAMMA)


@pytest.mark.parametrize("measure", MEASURES)
def test_order_of_learners_and_faces_does_not_matter(measure):
    features = draw(4)
    value = measure(features)
    torch.testing.assert_close(measure(features[torch.randperm(4)]), value)
    torch.testing.assert_close(measure(features[:, torch.randperm(4)]), value)


def test_autocast_and_bfloat16_are_computed_in_float32():
    features = torch.rand(3, 4, 512)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(diversity(features), diversity(features.float()))
    assert diversity(features.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (torch.zeros(3, 4), r"features has shape \[3, 4\]"),
        (torch.zeros(3, 0, 4), "at least one face"),
        ([torch.zeros(2, 3), torch.zeros(2, 4)], r"shapes \[\(2, 3\), \(2, 4\)\]"),
        ([], "expected one shape"),
    ],
)
def test_bad_features(features, message):
    with pytest.raises(FerError, match=message):
        diversity(features)


@pytest.mark.parametrize("count", [2, 3, 9])
@pytest.mark.parametrize("measure", [diversity, zero_diagonal_diversity])
def test_learners_far_apart_have_a_gradient_that_is_a_number(measure, count):
    """Similarities near the smallest number of 32 bits, at the authors' gamma."""
    for apart in torch.linspace(2.8, 3.4, 25):
        features = torch.zeros(count, 2, count)
        features[range(count), :, range(count)] = apart / 2**0.5
        features.requires_grad_()
        measure(features, AUTHORS_GAMMA).backward()
        assert features.grad.isfinite().all(), float(apart)
