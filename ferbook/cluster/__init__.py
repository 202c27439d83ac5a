"""Jobs one after another in this process, or on others by Dask.

Nothing here imports Dask before a cluster is opened, so that one process needs none
of it.
"""

from ferbook.cluster.engine import Cluster, Each, in_turn, open_cluster

__all__ = ["Cluster", "Each", "in_turn", "open_cluster"]
