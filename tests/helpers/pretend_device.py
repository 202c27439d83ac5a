"""A device that only pretends: numbers lie here and claim to lie elsewhere.

As on a GPU, operators refuse a mix of both places and numpy refuses to read what
lies there.  What makes the processor wait for the device is written down.
"""

from collections import Counter
from contextlib import contextmanager
from functools import cache

import pytest
import torch
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode

NAME = "pretend"
DEVICE = f"{NAME}:0"
# What takes arguments of the host on a GPU, too.
_MIXED = {"index", "index_put", "_index_put_impl", "_unsafe_index", "copy", "_to_copy"}
# What gives numbers, or tensors whose size depends on them.
_READS = {"_local_scalar_dense", "nonzero", "masked_select", "equal", "_unique2"}
_READS |= {"unique_dim", "unique_consecutive", "bincount"}
# CUDA's lists, as far as networks and losses here use them.
_LOWERED = (
    "conv2d",
    "conv_transpose2d.input",
    "linear",
    "matmul",
    "mm",
    "addmm",
    "bmm",
    "baddbmm",
    "prelu",
)
_RAISED = ("softmax.int", "log_softmax.int", "nll_loss", "cross_entropy_loss", "exp")
_RAISED += ("mse_loss", "l1_loss", "log", "pow.Tensor_Scalar", "sum", "norm.Scalar")
_RAISED += (
    "sum.dim_IntList",
    "prod",
    "cumsum",
    "linalg_vector_norm",
    "rsqrt",
    "logsumexp",
)
_RAISED += ("reciprocal", "grid_sampler", "binary_cross_entropy_with_logits", "cdist")


class _Backend(getattr(backend_registration, "_DummyBackendModule", object)):
    """What torch asks a device's module."""

    def get_amp_supported_dtype(self):
        return [torch.bfloat16, torch.float16]

    def device_count(self):
        return 1

    def get_rng_state(self, device=None):
        return torch.get_rng_state()

    def set_rng_state(self, state, device=None):
        pass


class There(torch.Tensor):
    """Numbers here that claim to lie there."""

    @staticmethod
    def __new__(cls, here, requires_grad=False):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            here.shape,
            strides=here.stride(),
            storage_offset=here.storage_offset(),
            dtype=here.dtype,
            device=torch.device(DEVICE),
            requires_grad=requires_grad,
        )

    def __init__(self, here, requires_grad=False):
        self.here = here

    def tolist(self):
        return self.cpu().tolist()

    def __deepcopy__(self, memo):
        made = There(self.here.clone(), self.requires_grad)
        if isinstance(self, torch.nn.Parameter):
            made = torch.nn.Parameter(made, self.requires_grad)
        memo[id(self)] = made
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _computed(func, args, kwargs or {})


class Pretend(TorchDispatchMode):
    """Inside, tensors are made there where that is asked for.

    Attributes:
        device: the one that pretends.
        reads: operators for which the processor waits for the device.
        sends: copies from here to there, by shape.
    """

    def __init__(self):
        super().__init__()
        self.device = torch.device(DEVICE)
        self.reads: Counter[str] = Counter()
        self.sends: Counter[tuple[int, ...]] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensors = _tensors(args, kwargs)
        if not _asks(kwargs) and not any(isinstance(t, There) for t in tensors):
            return func(*args, **kwargs)
        if _composed(func):
            with self:
                found = func.decompose(*args, **kwargs)
            if found is not NotImplemented:
                return found
        self._note(func, args, kwargs, tensors)
        return _computed(func, args, kwargs)

    def _note(self, func, args, kwargs, tensors) -> None:
        name, device = _plain(func), kwargs.get("device")
        there = [t for t in tensors if isinstance(t, There)]
        # A mask of truth values is turned into places first.
        masked = name in _MIXED and any(t.dtype == torch.bool for t in there[1:])
        home = device is not None and torch.device(device).type != NAME
        if name == "copy":
            home = not isinstance(args[0], There)
        moves = name in ("copy", "_to_copy")
        if there and (name in _READS or (moves and home) or (masked and not moves)):
            self.reads[name] += 1
        if moves and not home and isinstance(tensors[-1], torch.Tensor):
            sent = tensors[-1]
            if not isinstance(sent, There):
                self.sends[tuple(sent.shape)] += 1


def _computed(func, args, kwargs):
    """Compute here; the result is where a GPU would have it."""
    tensors = _tensors(args, kwargs)
    there = [t for t in tensors if isinstance(t, There)]
    here = [t for t in tensors if not isinstance(t, There) and t.ndim]
    if there and here and _plain(func) not in _MIXED:
        raise RuntimeError(f"{func}: tensors on {DEVICE} and on the cpu")
    wanted = kwargs.get("device")
    away = bool(there) if wanted is None else _asks(kwargs)
    if wanted is not None:
        kwargs = kwargs | {"device": "cpu"}
    args, kwargs = _each(lambda t: t.here if isinstance(t, There) else t, args, kwargs)
    with torch.no_grad():
        found = func(*args, **kwargs)
    known = {id(t.here): t for t in there}

    def placed(t):
        if not isinstance(t, torch.Tensor) or id(t) in known:
            return known.get(id(t), t)
        return There(t) if away else (t.clone() if there else t)

    return _every(placed, found)


def _every(change, value):
    """A value, and what lists in it hold, changed."""
    if isinstance(value, list | tuple):
        return type(value)(_every(change, one) for one in value)
    return change(value)


def _each(change, args, kwargs):
    """Arguments changed one by one."""
    named = {key: _every(change, value) for key, value in kwargs.items()}
    return [_every(change, value) for value in args], named


def _tensors(args, kwargs) -> list[torch.Tensor]:
    found = []

    def note(value):
        if isinstance(value, torch.Tensor):
            found.append(value)

    _each(note, args, kwargs)
    return found


def _asks(kwargs) -> bool:
    wanted = kwargs.get("device")
    return wanted is not None and torch.device(wanted).type == NAME


@cache
def _composed(func) -> bool:
    key = "CompositeImplicitAutograd"
    return torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), key)


@cache
def _plain(func) -> str:
    return func._schema.name.removeprefix("aten::").rstrip("_")


def _autocast(kind: str, name: str):
    """An operator whose arguments are made shorter, or float32 again."""
    operator = torch.ops.aten
    for part in name.split(".") if "." in name else (name, "default"):
        operator = getattr(operator, part)

    def kernel(*args, **kwargs):
        dtype = torch.get_autocast_dtype(NAME) if kind == "lowered" else torch.float32

        def cast(value):
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                return value.to(dtype)
            return value

        key = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastPrivateUse1)
        with torch._C._ExcludeDispatchKeyGuard(key):
            args, kwargs = _each(cast, args, kwargs)
            return operator(*args, **kwargs)

    return kernel


def _with_autocast() -> list[torch.library.Library]:
    """What ``torch.autocast`` does there, while the result is kept."""
    rest = torch.library.Library("_", "IMPL", "AutocastPrivateUse1")
    rest.fallback(torch.library.fallthrough_kernel)
    named = torch.library.Library("aten", "IMPL", "AutocastPrivateUse1")
    for kind, names in (("lowered", _LOWERED), ("raised", _RAISED)):
        for name in names:
            named.impl(name, _autocast(kind, name))
    return [rest, named]


_kept: list = []


@contextmanager
def pretended(monkeypatch: pytest.MonkeyPatch):
    """The mode; skips where torch has no such devices."""
    register = "_setup_privateuseone_for_python_backend"
    if not hasattr(backend_registration, register):
        pytest.skip(f"torch {torch.__version__} has no devices written in Python")
    if torch._C._get_privateuse1_backend_name() != NAME:
        getattr(backend_registration, register)(NAME, backend_module=_Backend())
        _kept.extend(_with_autocast())
    lifted = torch._C._only_lift_cpu_tensors()
    swaps = torch.__future__.get_swap_module_params_on_conversion()
    torch._C._set_only_lift_cpu_tensors(True)
    torch.__future__.set_swap_module_params_on_conversion(True)
    # Views of such tensors cannot be made in inference mode.
    open_ = []

    def enter(self):
        open_.append(torch.no_grad())
        open_[-1].__enter__()

    monkeypatch.setattr(torch.inference_mode, "__enter__", enter)
    monkeypatch.setattr(
        torch.inference_mode, "__exit__", lambda self, *e: open_.pop().__exit__(*e)
    )
    try:
        with Pretend() as mode:
            yield mode
    finally:
        torch._C._set_only_lift_cpu_tensors(lifted)
        torch.__future__.set_swap_module_params_on_conversion(swaps)
