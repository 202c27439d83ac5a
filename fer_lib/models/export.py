"""Networks as ONNX files, for use outside of torch."""

import json
import warnings
from pathlib import Path

import torch

from fer_lib.errors import FerError
from fer_lib.files import atomic_path
from fer_lib.models.network import Network, Scores


def export_onnx(network: Network, path: Path | str) -> None:
    """Write a network with its weights, for any number of faces.

    The file has one input ``faces`` ``[B, C, H, W]``, prepared as
    ``network.input`` says, and one output, the class scores.  That
    description is stored in the file under the key ``preprocessing``.

    Args:
        network: put into evaluation mode, and left so.
        path: ends in ``.onnx``; replaced when it exists.

    Raises:
        FerError: when the extra packages are missing.
    """
    try:
        import onnxscript  # noqa: F401  what torch writes with
    except ImportError as error:
        raise FerError(
            "ONNX files need more packages: pip install onnx onnxscript."
        ) from error
    size, channels = network.input.size, network.input.channels
    faces = torch.zeros(
        2, channels, size, size, device=next(network.parameters()).device
    )
    free = {"faces": {0: torch.export.Dim("batch", min=1)}}
    with warnings.catch_warnings():  # torch's own parts warn of one another
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            Scores(network).eval(),
            (faces,),
            input_names=["faces"],
            output_names=["scores"],
            dynamic_shapes=free,
            dynamo=True,
            verbose=False,
        )
    about = json.dumps(network.input.to_json())
    program.model.metadata_props["preprocessing"] = about
    with atomic_path(Path(path)) as temporary:
        program.save(temporary, external_data=False)
