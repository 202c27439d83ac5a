"""What the recipes of ESR and MA-Net share: augmentations and refusals."""

import pytest
import torch
from drawn_splits import drawn_splits

from fer_lib.errors import FerError
from ferbook.papers import diversified_esr, diversified_manet
from ferbook.papers.diversified import AUGMENTATIONS, augment, script_of


def changed(kind, x, shift=1 / 3):
    torch.manual_seed(0)
    return augment(kind, x.shape[-1], shift)(x)


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_augmentation_keeps_size_and_range(kind):
    x = torch.rand(16, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    found = changed(kind, x)
    assert found.shape == x.shape and not torch.equal(found, x)
    assert found.min() >= 0 and found.max() <= 1


def test_what_a_flat_face_shows():
    """Black from outside where faces are moved, a grey patch where erased."""
    flat = torch.full((200, 3, 32, 32), 0.7)
    jitter = changed("jitter", flat)
    assert jitter[(jitter > 0.02) & (jitter < 0.34)].numel() < 0.1 * jitter.numel()
    assert (jitter.amin((1, 2, 3)) == 0).float().mean() > 0.3
    torch.testing.assert_close(changed("crops", flat), flat)
    erased = changed("erasing", flat)
    patched = (erased == 0.45).any(1).flatten(1)
    assert 0.4 < patched.any(1).float().mean() < 0.6
    shares = patched.float().mean(1)[patched.any(1)]
    assert shares.min() > 0.01 and shares.max() < 0.27
    moved = (erased == 0).flatten(1).any(1).float().mean()
    assert 0.1 < moved < 0.3
    assert not (changed("erasing", flat, shift=0.0)[:, :, 16, 16] == 0).any()


def test_script_of():
    names = ("affectnet", "rafdb", "fer2013", "rendered")
    found = [script_of(drawn_splits(name)) for name in names]
    assert found == ["affectnet", "rafdb", "ferplus", "ferplus"]


@pytest.mark.parametrize(
    ("recipe", "changes", "match"),
    [
        (diversified_esr, {"diversity": "all"}, "diversity is 'all'"),
        (diversified_esr, {"augmentation": "crops"}, "augmentation is 'crops'"),
        (diversified_manet, {"diversity": "channel"}, "diversity is 'channel'"),
        (diversified_manet, {"measure": "none"}, "measure is 'none'"),
        (diversified_manet, {"variant": "twice"}, "variant is 'twice'"),
        (diversified_esr, {"preset": "tiny"}, "preset is 'tiny'"),
        (diversified_esr, {"depth": 3}, "setting is 'depth'"),
    ],
)
def test_refusals(recipe, changes, match):
    with pytest.raises(FerError, match=match):
        recipe.PAPER.make_config(**{"preset": "smoke"} | changes)
