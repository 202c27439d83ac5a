"""The papers' networks, built by nickname."""

from fer_lib.errors import FerError
from fer_lib.models.comparison import Comparison
from fer_lib.models.cost import count_parameters
from fer_lib.models.deep_emotion import DeepEmotion
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.models.diversified_manet import DiversifiedMANet
from fer_lib.models.network import Network, check_choice, logits_of
from fer_lib.models.part_ensemble import PartEnsemble
from fer_lib.models.ramn import RAMN
from fer_lib.models.residual_masking import ResidualMaskingNetwork

__all__ = ["NETWORKS", "build", "count_parameters", "logits_of"]

NETWORKS: dict[str, type[Network]] = {
    "deep_emotion": DeepEmotion,
    "residual_masking": ResidualMaskingNetwork,
    "ramn": RAMN,
    "diversified_esr": DiversifiedESR,
    "diversified_manet": DiversifiedMANet,
    "part_ensemble": PartEnsemble,
    "comparison": Comparison,
}


def build(
    name: str,
    num_classes: int = 7,
    *,
    preset: str = "paper",
    variant: str = "default",
    **options,
) -> Network:
    """A network by nickname.

    Args:
        name: key of :data:`NETWORKS`.
        num_classes: number of expressions.
        preset: sizes; key of the network's ``PRESETS``.
        variant: reading or ablation; key of the network's ``VARIANTS``.
        options: of the network's constructor, over preset and variant.

    Example:
        >>> network = build("deep_emotion", variant="no_transformer")
        >>> count_parameters(network)
        43737

    Raises:
        FerError: when the name, preset, variant or an option is unknown.
    """
    check_choice("networks", "name", name, NETWORKS)
    network = NETWORKS[name]
    check_choice(name, "preset", preset, network.PRESETS)
    check_choice(name, "variant", variant, network.VARIANTS)
    chosen = network.PRESETS[preset] | network.VARIANTS[variant] | options
    try:
        return network(num_classes=num_classes, **chosen)
    except TypeError as error:
        raise FerError(f"network '{name}': {error}.") from error
