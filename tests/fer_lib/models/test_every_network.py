"""What holds for every network and variant: the common contract."""

import json
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from reference_outputs import PATH, cases, fill, reference

from fer_lib.errors import FerError
from fer_lib.models import NETWORKS, build, logits_of
from fer_lib.models.cbam import CBAM
from fer_lib.models.deep_emotion import LOCALISATIONS, WARPS
from fer_lib.models.residual_masking import MASKS

SMALL = [case[:2] for case in cases() if case[2] == "smoke"]
DEFAULTS = [name for name in NETWORKS if name != "comparison"]
# Their flaw makes evaluation depend on the batch; that is tested elsewhere.
INDEPENDENT = [case for case in SMALL if case[1] != "batch_statistics"]


def small(name, variant="default", **options):
    torch.manual_seed(0)
    return build(name, preset="smoke", variant=variant, **options)


def faces_for(network, count):
    size, channels = network.input.size, network.input.channels
    return torch.rand(count, channels, size, size)


@pytest.mark.parametrize(("name", "variant"), SMALL)
def test_layers_for_grad_cam_and_features(name, variant):
    """Each layer gives maps with a side, and the scores depend on them."""
    network = small(name, variant, num_classes=8).eval()
    seen, x = [], faces_for(network, 2)
    for layer in network.cam_layers().values():
        layer.register_forward_hook(lambda m, i, out: seen.append(out))
    scores = logits_of(network(x))
    assert scores.shape == (2, 8) and len(seen) >= len(network.cam_layers())
    assert all(maps.ndim == 4 for maps in seen)
    gradients = torch.autograd.grad(scores.square().sum(), seen)
    assert all(gradient.abs().sum() > 0 for gradient in gradients)
    features = network.features(x)
    assert features.ndim == 2 and len(features) == 2


READINGS = [
    ("deep_emotion", {"warp": warp, "localisation": localisation})
    for warp, localisation in product(WARPS, LOCALISATIONS)
    if (warp, localisation) != ("input", "on_features")
]
READINGS += [("residual_masking", {"mask": mask}) for mask in MASKS]


@pytest.mark.parametrize(
    ("name", "options"), READINGS + [(name, {}) for name in DEFAULTS]
)
def test_gradients_reach_every_parameter(name, options):
    network = small(name, **options).eval()  # biases before a norm count
    fill(network)  # away from starts at zero, where gradients end
    for module in network.modules():
        if isinstance(module, CBAM):  # some hidden units may be dead
            torch.nn.init.constant_(module.mlp[0].bias, 10)
    F.cross_entropy(
        logits_of(network(faces_for(network, 4))), torch.arange(4)
    ).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(("name", "variant"), INDEPENDENT)
def test_a_score_does_not_depend_on_the_batch(name, variant):
    network = small(name, variant).eval()
    x = faces_for(network, 4)
    with torch.no_grad():
        together = logits_of(network(x))
        alone = torch.cat([logits_of(network(face[None])) for face in x])
        turned = logits_of(network(x.flip(0))).flip(0)
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(together, turned, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(("name", "variant"), SMALL)
def test_training_lowers_the_loss(name, variant):
    """Ten steps on eight faces, which any network can learn."""
    network = small(name, variant).train()
    x, labels = faces_for(network, 8), torch.arange(8) % 7
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(10):
        loss = F.cross_entropy(logits_of(network(x)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[5:]) < losses[0]


@pytest.mark.parametrize("name", DEFAULTS)
def test_refuses_other_faces(name):
    network = small(name)
    size, channels = network.input.size, network.input.channels
    with pytest.raises(FerError, match=r"found \[2, .*resize first"):
        network(torch.rand(2, channels, size + 1, size))
    with pytest.raises(FerError, match="found"):
        network(torch.rand(2, channels + 1, size, size))


@pytest.mark.parametrize("name", DEFAULTS)
def test_bfloat16(name):
    """Half the bits, nearly the same scores."""
    network = small(name).eval()
    x = faces_for(network, 4)
    with torch.no_grad():
        full = logits_of(network(x))
        with torch.autocast("cpu", torch.bfloat16):
            half = logits_of(network(x))
    assert torch.isfinite(half).all()
    error = (half.float() - full).abs().max() / full.abs().max()
    assert 0 < error < 0.1


FEW = {"diversified_esr": {"branches": 2}}  # each is traced anew


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFAULTS)
def test_compiles_in_one_graph(name):
    """Without a break, and with the same scores and gradients."""
    network = small(name, **FEW.get(name, {})).eval()
    x = faces_for(network, 2)
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    plain, fast = logits_of(network(x)), logits_of(compiled(x))
    torch.testing.assert_close(fast, plain, atol=1e-5, rtol=1e-4)
    weight = next(network.parameters())
    expected = torch.autograd.grad(plain.sum(), weight)[0]
    found = torch.autograd.grad(fast.sum(), weight)[0]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-3)


SIZES = {case: pytest.mark.slow if case[2] != "smoke" else () for case in cases()}


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=m, id="/".join(c)) for c, m in SIZES.items()]
)
def test_scores_are_those_on_record(case):
    """Guards against drift; see ``reference_outputs.py``."""
    expected = torch.tensor(json.loads(PATH.read_text())["/".join(case)])
    found = torch.tensor(reference(*case))
    scale = expected.abs().max().item()
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-3 * scale)
    assert expected.std() > 1e-4 * scale  # a dead network would agree, too


def test_the_record_has_no_other_cases():
    assert set(json.loads(PATH.read_text())) == {"/".join(c) for c in cases()}
