"""The papers' networks, built by nickname."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_type_hints

from fer_lib.errors import FerError
from fer_lib.models.comparison import Comparison
from fer_lib.models.cost import count_parameters
from fer_lib.models.deep_emotion import DeepEmotion
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.models.diversified_manet import DiversifiedMANet
from fer_lib.models.network import Network, Scores, check_choice, logits_of
from fer_lib.models.part_ensemble import PartEnsemble
from fer_lib.models.pretrained import load_backbone
from fer_lib.models.ramn import RAMN
from fer_lib.models.residual_masking import ResidualMaskingNetwork

__all__ = ["NETWORKS", "Scores", "build", "count_parameters", "logits_of"]

NETWORKS: dict[str, type[Network]] = {
    "deep_emotion": DeepEmotion,
    "residual_masking": ResidualMaskingNetwork,
    "ramn": RAMN,
    "diversified_esr": DiversifiedESR,
    "diversified_manet": DiversifiedMANet,
    "part_ensemble": PartEnsemble,
    "comparison": Comparison,
}


def nickname(name: str) -> str:
    """The key of :data:`NETWORKS` that a name in any case means.

    Raises:
        FerError: when there is none; names the nearest.
    """
    plain = str(name).lower().replace("-", "_").replace(" ", "_")
    check_choice("networks", "name", plain, NETWORKS)
    return plain


def build(
    name: str,
    num_classes: int | None = None,
    *,
    classes: Sequence[str] | None = None,
    preset: str = "paper",
    variant: str = "default",
    pretrained: bool | Path | str = False,
    **options,
) -> Network:
    """A paper's network by nickname.

    Args:
        name: key of :data:`NETWORKS`, in any case.
        num_classes: number of expressions, 7 if not given; the network's
            ``classes`` are the first so many of
            :data:`fer_lib.expressions.EXPRESSIONS`.
        classes: their names instead.
        preset: sizes; key of the network's ``PRESETS``.
        variant: reading or ablation; key of the network's ``VARIANTS``.
        pretrained: ``True`` for the trained network that comes with the library,
            see :func:`fer_lib.models.saved.load`; a file of torchvision's weights
            for the backbone, see :func:`fer_lib.models.pretrained.load_backbone`;
            ``False`` for random weights.
        options: of the network's constructor, over preset and variant.

    Example:
        >>> network = build("Deep-Emotion", variant="no_transformer")
        >>> count_parameters(network)
        43737
        >>> network.classes[:3]
        ('angry', 'disgust', 'fear')

    Raises:
        FerError: when the name, preset, variant, an option or its value
            cannot be.
    """
    name = nickname(name)
    if pretrained is True:
        chosen = (num_classes, classes, preset, variant, options)
        return _trained(name, chosen == (None, None, "paper", "default", {}))
    network = NETWORKS[name]
    check_choice(name, "preset", preset, network.PRESETS)
    check_choice(name, "variant", variant, network.VARIANTS)
    count = len(classes) if classes is not None else 7
    given = {"num_classes": count if num_classes is None else num_classes} | options
    _check_kinds(name, given)
    if classes is not None and count != given["num_classes"]:
        raise FerError(
            f"{name}: num_classes is {given['num_classes']}, but {count} classes are "
            f"named ({', '.join(classes)}); leave num_classes out."
        )
    try:
        built = network(**network.PRESETS[preset] | network.VARIANTS[variant] | given)
    except FerError:
        raise
    except (RuntimeError, TypeError, ValueError, ZeroDivisionError) as error:
        reason = str(error).rstrip(".")
        told = ", ".join(f"{key}={value!r}" for key, value in given.items())
        raise FerError(f"{name}: cannot be built with {told}: {reason}.") from error
    if classes is not None:
        built.classes = tuple(classes)
    if pretrained:
        load_backbone(built, pretrained)
    return built


def _trained(name: str, as_it_is: bool) -> Network:
    from fer_lib.models.saved import load  # which builds by this module

    if not as_it_is:
        raise FerError(
            f"build('{name}', pretrained=True) takes no size, variant, class or "
            "option: the trained network has its own; leave them out, or train another."
        )
    return load(name)


def option_kinds(name: str) -> dict[str, type]:
    """Types of a network's options, by option."""
    kinds = get_type_hints(NETWORKS[name].__init__)
    return {key: kind for key, kind in kinds.items() if key != "return"}


_SIZES = ("num_classes", "width", "branches", "branch_features")


def _check_kinds(name: str, options: dict) -> None:
    """Refuse options that there are not, and values of another type."""
    kinds = option_kinds(name)
    for key, value in options.items():
        check_choice(name, "option", key, kinds)
        kind = kinds[key]
        fits = isinstance(value, (int, float) if kind is float else kind)
        if not fits or (isinstance(value, bool) and kind is not bool):
            raise FerError(
                f"{name}: {key} is {value!r}, expected a value of type {kind.__name__}."
            )
        if key in _SIZES and value < 1:
            raise FerError(f"{name}: {key} is {value}, expected 1 or more.")
