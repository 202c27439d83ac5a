"""Finished networks that chapters ask."""

from fer_lib.expressions import EXPRESSIONS
from fer_lib.models.network import Network
from fer_lib.models.saved import beside, committed, load
from ferbook.kit.results import recorded
from ferbook.papers import PAPERS


def networks(dataset: str = "rendered") -> dict[str, Network]:
    """Finished networks of seven classes by paper, that learned from a data set.

    Of rendered faces those of the library, of others those beside a recorded run.
    """
    files = {name: committed(name) for name in PAPERS}
    if dataset != "rendered":
        runs = [
            r for name in PAPERS for r in recorded(name, dataset, variant="default")
        ]
        named = {f"{run.paper}, {run.protocol}": run.path for run in runs}
        files = {k: beside(path) for k, path in named.items()}
    found = {name: load(path) for name, path in files.items() if path.is_file()}
    return {name: one for name, one in found.items() if one.classes == EXPRESSIONS[:7]}
