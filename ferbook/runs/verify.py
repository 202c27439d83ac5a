"""The start of a recorded run again, on the real data."""

from dataclasses import dataclass, replace

import numpy as np

from fer_lib.device import choose_device
from fer_lib.errors import FerError
from ferbook.runs.behaviour import make_network, make_plan
from ferbook.runs.make import splits_of
from ferbook.runs.records import Record
from ferbook.runs.state import Kind, State, state_of
from ferbook.training.loop import first_losses

# Largest difference of the first loss, as a share of it and at least of 1, by
# precision.  No step was made before it: between processors it was 1e-6, and
# another seed gives 1e-2.  From there rounding grows; between AVX-512 and SSE4
# Residual Masking's and MA-Net's fifth losses differed by 0.1.
TOLERANCES = {"float32": 1e-3, "bf16": 1e-2, "fp16": 1e-2}
GROWTH = 4  # how much more is allowed from batch to batch


@dataclass(frozen=True)
class Verification:
    """What came of a record's first batches.

    Attributes:
        state: how today's code stands to the run.
        stored: losses of the first batches; empty in records that keep none.
        found: those of today.
        tolerance: of the first one.
    """

    state: State
    stored: tuple[float, ...] = ()
    found: tuple[float, ...] = ()
    tolerance: float = 0.0

    @property
    def losses_agree(self) -> bool:
        """Whether each does, within what rounding may have grown to."""
        stored, found = np.array(self.stored), np.array(self.found)
        allowed = self.tolerance * GROWTH ** np.arange(len(stored))
        allowed *= np.maximum(np.abs(stored), 1)
        return bool((np.abs(found - stored) <= allowed).all())

    @property
    def agrees(self) -> bool:
        """Whether neither code nor losses differ."""
        same = self.state.kind in (Kind.SAME_CODE, Kind.SAME_BEHAVIOUR)
        return same and self.losses_agree

    def __str__(self) -> str:
        code = f"Code: {self.state}."
        if not self.stored:
            return f"{code}\nFirst losses: the record keeps none, nothing was run."
        pairs = zip(self.stored, self.found, strict=True)
        told = ", ".join(f"{old:.6g} then and {new:.6g} now" for old, new in pairs)
        word = "agree" if self.losses_agree else "differ"
        return f"{code}\nFirst losses {word}: {told}."


def verify(
    record: Record,
    root: str | None = None,
    target_root: str | None = None,
    device: str = "auto",
) -> Verification:
    """Compare the code of today, and the first batches of a run, with its record.

    Args:
        record: of a run.
        root: folder of its data set.
        target_root: folder of the reported one, for protocols of two.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.

    Raises:
        FerError: when the faces are not those of the run, or it began with
            weights from a file, which a record does not hold.
    """
    state, stored = state_of(record), tuple(record.content.get("first_losses", ()))
    if not stored or state.kind == Kind.UNKNOWN:
        return Verification(state)
    if weights := record.config.get("pretrained"):
        raise FerError(
            f"{record.path}: the run began with the weights of {weights}, which a "
            "record does not hold; make it again with ferbook reproduce."
        )
    splits = splits_of(record.key, root, target_root)
    if splits.sha256 != record.key.data:
        raise FerError(
            f"{record.path}: was made on other faces (hash {record.key.data[:12]}, "
            f"found {splits.sha256[:12]}); name the folder that it was made with."
        )
    plan = make_plan(record.content, splits)
    used = record.content.get("precision", {}).get("used", plan.precision)
    plan = replace(plan, precision=used)
    network = make_network(record.content).to(choose_device(device))
    found = first_losses(network, plan, splits.train, len(stored))
    return Verification(state, stored, tuple(found), TOLERANCES[used])
