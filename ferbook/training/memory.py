"""How much memory a training step takes, counted and not run.

Tensors that have a shape and no numbers (torch's fake tensors) go through network,
loss and gradient, and the bytes that live at one time are added.  What a GPU needs
besides, such as cuDNN's work space, is not in it; half a GiB covers that.
"""

import weakref
from collections.abc import Callable

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from fer_lib.data.faceset import FaceSet
from fer_lib.device import autocast
from ferbook.training.faces import StageFaces
from ferbook.training.plan import Plan, Stage

GIB = 2**30
T4 = 14.5  # GiB that are free on one


class Peak(TorchDispatchMode):
    """The most bytes that tensors made inside hold at one time."""

    def __init__(self):
        super().__init__()
        self.live: dict[int, int] = {}
        self.most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._local_scalar_dense.default:
            return 0  # such tensors have no numbers; checks of labels ask for them
        found = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(found):
            if isinstance(tensor, torch.Tensor):
                self._note(tensor.untyped_storage())
        self.most = max(self.most, sum(self.live.values()))
        return found

    def _note(self, storage) -> None:
        key = storage._cdata
        if key not in self.live:
            self.live[key] = storage.nbytes()
            weakref.finalize(storage, self.live.pop, key, None)


def step_bytes(
    plan: Plan,
    make_network: Callable[[], nn.Module],
    train: FaceSet,
    precision: str,
) -> int:
    """Bytes of the largest step of all stages: weights, moments, gradients, maps.

    Args:
        plan: of a run.
        make_network: makes its untrained network.
        train: a few faces with the columns that the stages read.
        precision: of forward passes, not ``"auto"``.
    """
    with FakeTensorMode(allow_non_fake_inputs=True), Peak() as peak:
        network = make_network().train()
        stages = [stage for stage in plan.stages if stage.epochs]
        return max(_step(peak, network, one, train, precision) for one in stages)


def _step(peak: Peak, network: nn.Module, stage: Stage, train: FaceSet, precision: str):
    device, wanted = torch.device("cpu"), network.input
    stage.begin(network)
    network.zero_grad(set_to_none=True)
    module, optimizer = stage.module(network), stage.optimizer(network, stage.loss)
    faces = StageFaces(train, stage, wanted.size, device)
    batch = faces.batch(torch.zeros(stage.batch_size, dtype=torch.int64))
    shape = (stage.batch_size, wanted.channels, wanted.size, wanted.size)
    x = torch.zeros(shape).contiguous(memory_format=torch.channels_last)
    peak.most = 0
    with autocast(device, precision):
        loss = stage.loss(module, module(x), batch)
    # The gradients of earlier batches of the same step are there already.
    loss.backward()
    moments = sum(_moments(group) for group in optimizer.param_groups)
    average = sum(p.nbytes for p in network.parameters()) if stage.ema else 0
    return peak.most + moments + average


def _moments(group: dict) -> int:
    each = 2 if "betas" in group else bool(group.get("momentum"))
    return each * sum(p.nbytes for p in group["params"])
