"""Networks as ONNX files, which run where there is no Python, as in a browser.

Written by torch's older exporter.  The newer one asks for onnxscript and onnx-ir
besides onnx, and took minutes where this one takes seconds.
"""

import io
import warnings

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_lib.errors import optional
from fer_lib.models.network import Network, logits_of

OPSET = 20  # the first with AffineGrid, which Deep-Emotion's transformer needs


class FromPixels(nn.Module):
    """A network behind its own preprocessing and before its own calibration.

    Args:
        network: put into evaluation mode.
        side: of the faces in pixels, whatever the network's own is.
    """

    def __init__(self, network: Network, side: int):
        super().__init__()
        self.network = network.eval()
        # Resizing is linear, a row or column at a time: one matrix does it, and
        # does what ``to_unit`` does, which ONNX's own resizing need not.
        rows = torch.eye(side)[None, None]
        sides = (network.input.size, side)
        resize = F.interpolate(rows, sides, mode="bilinear", antialias=True)[0, 0]
        self.register_buffer("resize", resize, persistent=False)

    def forward(self, faces: Tensor) -> Tensor:
        """Probabilities ``[N, classes]`` of faces ``[N, 1, side, side]``, 0..255."""
        how = self.network.input
        unit = self.resize @ (faces / 255) @ self.resize.T
        unit = unit.expand(-1, how.channels, -1, -1)
        scores = logits_of(self.network(how.normalise(unit)))
        return (scores / self.network.temperature).softmax(1)


def onnx_bytes(network: Network, side: int = 48) -> bytes:
    """The ONNX file of a network that reads one grey face at a time.

    Its input ``face`` is ``float32 [1, 1, side, side]``, pixels 0..255; its output
    ``probabilities``, ``[1, classes]``, is what
    :func:`fer_lib.evaluation.inference.probabilities` gives: resizing, normalising
    and the temperature are inside.

    Args:
        network: put into evaluation mode, and left so.
        side: of the faces in pixels; other sizes are for the caller to resize.

    Raises:
        FerError: when the package onnx is missing.
    """
    optional("onnx", "onnx")  # what torch writes with
    written = io.BytesIO()
    with warnings.catch_warnings():  # of the tracer, and of the exporter's age
        warnings.simplefilter("ignore")
        torch.onnx.export(
            FromPixels(network, side),
            (torch.zeros(1, 1, side, side),),
            written,
            input_names=["face"],
            output_names=["probabilities"],
            opset_version=OPSET,
            dynamo=False,
        )
    return written.getvalue()
