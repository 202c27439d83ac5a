"""Which training state a run goes on from."""

import shutil
from pathlib import Path

from fer_lib.files import atomic_path


def state_path(folder: Path, epochs: int) -> Path:
    """Where a run of so many epochs keeps its state.

    A run that has none yet begins with the furthest state of a shorter one:
    epochs do not shape the course of a run, they only end it.

    Args:
        folder: of the states of runs that differ in their epochs alone.
        epochs: of this run.
    """
    own = folder / f"{epochs}.safetensors"
    states = [p for p in folder.glob("*.safetensors") if p.stem.isdigit()]
    shorter = [int(p.stem) for p in states if int(p.stem) < epochs]
    if shorter and not own.exists():
        with atomic_path(own) as temporary:
            shutil.copyfile(folder / f"{max(shorter)}.safetensors", temporary)
    return own
