"""What the networks of papers take, each counted but once in a process."""

from fer_lib.models.cost import Cost, counted
from ferbook.papers.paper import Config, Paper

_KNOWN: dict[tuple, Cost] = {}


def network_cost(paper: Paper, config: Config, classes: int) -> Cost:
    """Parameters and operations of a configuration's network.

    Settings of training alone change nothing, and counting takes a while.
    """
    place = paper.name, classes, repr(sorted(config.network.items()))
    if place not in _KNOWN:
        _KNOWN[place] = counted(lambda: paper.make_network(config, classes, seed=0))
    return _KNOWN[place]
