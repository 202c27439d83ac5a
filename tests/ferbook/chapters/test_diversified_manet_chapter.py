"""What the MA-Net chapter measures, against the network itself and by hand."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from fer_lib.models.diversified_manet import DiversifiedMANet, tile
from ferbook.chapters.diversified import manet as diversified_manet
from ferbook.ledger.claims_file import load_claims
from ferbook.papers.diversified_manet import make_config, make_preprocessing

PREPARED = make_preprocessing(make_config("smoke"))
LOCAL = torch.tensor([[4.0, 0], [4, 0], [0, 1], [3, 0], [0, 3.0]])
WHOLE = torch.tensor([[1.0, 0], [0, 1], [3, 0], [1, 0], [0, 1.0]])
LABELS = np.array([0, 0, 0, 1, 1])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DiversifiedMANet(width=4, input_size=64).eval()


def faces(count=3):
    draw = np.random.default_rng(0)
    return draw.integers(0, 256, (count, 1, 48, 48), dtype=np.uint8)


def test_the_drawing_tells_the_papers_shapes():
    texts = {t.get_text() for t in diversified_manet.draw_manet().axes[0].texts}
    assert {"3 x 224 x 224", "128 x 28 x 28", "4 x 512 x 7 x 7"} <= texts


def test_pixels_without_pull_change_nothing():
    # 128 pixels: the window of the trunk is smaller than the face.
    torch.manual_seed(0)
    config = make_config("smoke", input_size=128)
    network = DiversifiedMANet(width=4, input_size=128).eval()
    prepared, images = make_preprocessing(config), faces(2)
    pull = diversified_manet.pixel_pull(network, images, prepared)
    assert pull.shape == (4, 128, 128)
    corners = [(0, 0), (0, -1), (-1, 0), (-1, -1)]
    for place, corner in enumerate(corners):
        assert pull[place][corner] > 0  # a patch sees its own corner
        opposite = tuple(-1 - end for end in corner)
        assert pull[place][opposite] == 0  # and not the opposite one
    # The trunk's window reaches 49 pixels beyond the quarter's 64, as the
    # chapter says, and no further.
    end = 64 + 49
    assert pull[0][64:end].any() and not pull[0][end:].any()
    x = prepared(torch.as_tensor(images))
    cut = x.clone()
    cut[..., end:, :] = cut[..., end:] = 0
    with torch.inference_mode():
        before, after = (network.pooled(one)[1][0] for one in (x, cut))
    torch.testing.assert_close(before, after)


def test_shares_of_a_planted_pull():
    pull = np.zeros((8, 8))
    pull[0, 0], pull[0, 7] = 3, 1
    assert diversified_manet.patch_shares(pull, 0) == (0.75, 2 / 64)
    assert diversified_manet.patch_shares(pull, 1) == (0.25, 2 / 64)
    pulls = {"planted": np.stack([pull] * 4) + 1e-9}
    figure = diversified_manet.draw_patches(faces()[0], pulls)
    assert "75 % inside" in figure.axes[0].get_xlabel()


def test_gates_lie_between_before_and_after(network):
    found = diversified_manet.gated(network, faces(), PREPARED)
    heard = []
    blocks = [patch[-1][-1].cbam for patch in network.patches]
    hooks = [
        block.register_forward_hook(lambda block, args, out: heard.append(out))
        for block in blocks
    ]
    with torch.inference_mode():
        network(PREPARED(torch.as_tensor(faces())))
    for hook in hooks:
        hook.remove()
    sizes = tile([out.abs().mean(1, keepdim=True) for out in heard])[:, 0]
    np.testing.assert_allclose(found.after, sizes, rtol=1e-5)
    assert (found.after <= found.before).all()  # both attentions are below 1
    assert ((found.gate > 0) & (found.gate < 1)).all()
    assert not any(block._forward_hooks for block in blocks)


def test_gated_maps_are_drawn_for_every_face(network):
    found = diversified_manet.gated(network, faces(), PREPARED)
    figure = diversified_manet.draw_gated(found, faces(), ["a", "b", "c"])
    panels = figure.axes[:12]
    assert [panel.get_ylabel() for panel in panels[::3]] == [
        "face",
        "before",
        "gate",
        "after",
    ]


def test_the_ends_of_lambda_are_the_branches_alone():
    found = diversified_manet.fused_accuracies(LOCAL, WHOLE, LABELS, (0, 0.6, 1))
    np.testing.assert_allclose(found, [3 / 5, 4 / 5, 3 / 5])
    parts = {"test": (LOCAL, WHOLE, LABELS)}
    panel = diversified_manet.draw_lambdas(parts, (0, 0.6, 1)).axes[0]
    np.testing.assert_allclose(panel.lines[0].get_ydata(), 100 * found)


def test_who_decides_is_counted_case_by_case():
    table = diversified_manet.deciding_table(LOCAL, WHOLE, LABELS, 0.6)
    rows = {name: told for name, *told in table.rows}
    assert rows["both right"] == ["2", "100 %", "100 %", "100 %"]
    assert rows["local alone right"] == ["1", "100 %", "0 %", "100 %"]
    assert rows["global alone right"] == ["1", "0 %", "100 %", "100 %"]
    assert rows["both wrong, the same"] == ["1", "100 %", "100 %", "0 %"]
    assert rows["both wrong, differently"] == ["0", "", "", ""]
    assert sum(int(told[0]) for told in rows.values()) == len(LABELS)


def test_the_paper_stays_below_what_it_compares_with_on_affectnet():
    # What the chapter says of "competitive".
    claims = load_claims("diversified_manet")
    own = claims.claim("diversified_manet.affectnet.accuracy").number
    quotes = [q for q in claims.quotes if q.place == "Table 2"]
    (theirs,) = [q for q in quotes if q.method == "MA-Net, published"]
    assert 100 * own < float(theirs.value)
