"""Heat maps, attention, and how far they can be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from fer_lib.explain.methods import Method
    from fer_lib.models.network import Network


def explain(
    network: Network,
    images: np.ndarray | Tensor,
    method: str | Method = "grad_cam",
    targets: np.ndarray | None = None,
    *,
    landmarks: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """A heat map a face: which pixels speak for a class.

    Args:
        network: one of the library's; left as it was.
        images: faces ``[N, C, H, W]``, uint8 0..255 or floats 0..1, of any
            size.
        method: a name of :data:`fer_lib.explain.methods.METHODS`, or a
            function called like these.
        targets: ``int64 [N]``, the classes to explain; None for those that
            the network predicts.
        landmarks: ``[N, 68, 2]``, x and y in pixels of the images, pixel
            centres at whole numbers; methods about facial parts need them.
        seed: for methods that draw numbers.

    Returns:
        ``float32 [N, size, size]``, finite, in the size that the network
        takes; signed where the method is.

    Raises:
        FerError: when the method is unknown, with those that are close; when
            the network or the landmarks lack what it needs; when targets do
            not fit the faces.

    Example:
        >>> import numpy as np
        >>> from fer_lib.models import build
        >>> faces = np.zeros((2, 1, 60, 60), np.uint8)
        >>> explain(build("ramn", preset="smoke"), faces, "saliency").shape
        (2, 48, 48)
    """
    from fer_lib.explain.methods import method_named

    found = method if callable(method) else method_named(method)
    return found(network, images, targets, landmarks=landmarks, seed=seed)
