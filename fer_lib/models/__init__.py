"""The papers' networks, built by nickname."""

from torch import nn

from fer_lib.errors import FerError
from fer_lib.models.deep_emotion import DeepEmotion

NETWORKS = {"deep_emotion": DeepEmotion}


def build(name: str, num_classes: int = 7, **options) -> nn.Module:
    """A network by nickname, with its options by keyword.

    Example:
        >>> network = build("deep_emotion", warp="none")
        >>> count_parameters(network)
        43737

    Raises:
        FerError: when the name or an option is unknown.
    """
    if name not in NETWORKS:
        raise FerError(
            f"network '{name}' is unknown, expected one of {', '.join(NETWORKS)}."
        )
    try:
        return NETWORKS[name](num_classes=num_classes, **options)
    except TypeError as error:
        raise FerError(f"network '{name}': {error}.") from error


def count_parameters(network: nn.Module) -> int:
    """Trainable numbers of a network, shared ones counted once."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
