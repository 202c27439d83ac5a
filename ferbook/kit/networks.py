"""Finished networks that chapters ask."""

from fer_lib.expressions import EXPRESSIONS
from fer_lib.models import NETWORKS
from fer_lib.models.network import Network
from fer_lib.models.saved import beside, committed, load
from ferbook.kit.results import recorded
from ferbook.papers import PAPERS


def networks(dataset: str = "rendered") -> dict[str, Network]:
    """Finished networks of seven classes, by the name that papers give them.

    For rendered faces those of the library; for another data set those beside a
    recorded run on it, whose names say the protocol, too.
    """
    if dataset == "rendered":
        files = [(NETWORKS[name].NAME, committed(name)) for name in PAPERS]
    else:
        runs = [
            r for name in PAPERS for r in recorded(name, dataset, variant="default")
        ]
        files = [
            (f"{NETWORKS[run.paper].NAME}, {run.protocol}", beside(run.path))
            for run in runs
        ]
    found = {name: load(path) for name, path in files if path.is_file()}
    return {name: one for name, one in found.items() if one.classes == EXPRESSIONS[:7]}
