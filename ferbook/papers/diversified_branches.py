"""Training an ensemble branch by branch: who learns, and how fast.

H. Siqueira, S. Magg, S. Wermter, AAAI 2020, Algorithm 1, as in
github.com/negarhdr/Diversified-Facial-Expression-Recognition.
"""

from pathlib import Path

import numpy as np
from torch import Tensor, nn

from fer_lib.data.splits import Splits
from fer_lib.evaluation.inference import predict
from fer_lib.models.diversified_esr import DiversifiedESR, ESROutput
from fer_lib.models.network import log_mean_probability
from fer_lib.models.pretrained import read_weights
from ferbook.training.checkpoint import load_weights


class Together(nn.Module):
    """All branches of an ensemble, of which only the first are to classify.

    Args:
        network: the ensemble; how many of it are active stays as it is.
        judged: how many branches classify; all of them give attention.
    """

    def __init__(self, network: DiversifiedESR, judged: int):
        super().__init__()
        self.network, self.judged = network, judged

    def forward(self, x: Tensor) -> ESROutput:
        """Scores of the first branches, attention of all."""
        active, self.network.active = self.network.active, len(self.network.branches)
        output = self.network(x)
        self.network.active = active
        branches = output.branches[:, : self.judged]
        logits = log_mean_probability(branches)
        return output._replace(logits=logits, branches=branches)


def parameter_rates(
    network: DiversifiedESR, number: int, fast: float, slow: float, *, together: bool
) -> list[dict]:
    """Groups of an optimizer that trains one branch faster than the rest.

    Args:
        network: whose parameters are trained.
        number: of the branch, from 1.
        fast: its learning rate, and that of the base beside the first one.
        slow: that of the base later, and of the other branches.
        together: whether branches of higher numbers are trained, too.

    Returns:
        The base, other branches, and last the branch itself, whose rate the
        curve therefore shows.
    """
    base, *branches = network.parameter_groups()
    newest = branches.pop(number - 1)
    others = branches if together else branches[: number - 1]
    return [
        base | {"lr": fast if number == 1 else slow},
        *(branch | {"lr": slow} for branch in others),
        newest | {"lr": fast},
    ]


def load_ensemble(network: DiversifiedESR, path: Path | str) -> None:
    """Fill an ensemble with the weights of one of its size.

    Classifiers of another number of classes keep their random start.

    Raises:
        FerError: when the file cannot be read, or fits another network.
    """
    found = read_weights(path)
    for name, own in network.state_dict().items():
        if ".fc." in name and name in found and found[name].shape != own.shape:
            found[name] = own
    load_weights(network, found, str(path))


def early_exit(network: DiversifiedESR, splits: Splits) -> dict[str, np.ndarray]:
    """Scores of as many branches as do best on the selection split.

    Section 4 of Heidari and Iosifidis: on some data sets an ensemble of 15
    does best with fewer.  Of equally good numbers the smallest is taken.

    Returns:
        ``early_exit``, ``float32 [n, classes]`` of the test split.
    """
    active, best, most = network.active, 1, -1
    for network.active in range(1, active + 1):
        scores = predict(network, splits.select.images)
        right = int((scores.argmax(1) == splits.select.labels).sum())
        if right > most:
            best, most = network.active, right
    network.active = best
    scores = predict(network, splits.test.images)
    network.active = active
    return {"early_exit": scores}
