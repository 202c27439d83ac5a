"""Which precision a run computes in, where that is left to the machine."""

import copy
import time
from dataclasses import replace

from torch import nn

from fer_lib.data.augment import seeded
from fer_lib.device import low_precision
from fer_lib.errors import FerError
from fer_lib.evaluation.inference import faces_together
from fer_lib.models.network import memory_format
from ferbook.training.faces import Images, StageFaces
from ferbook.training.plan import Plan
from ferbook.training.stages import Running

SECONDS = 0.5  # of training steps in each precision
WARM_UP = 2  # steps in which kernels are made
GAIN = 0.9  # largest share of float32's time that pays for fewer digits


def decided(
    plan: Plan, index: int, network: nn.Module, images: Images, faces: StageFaces
) -> dict:
    """The precision that was asked for, and the one to use.

    A GPU uses the lower precision that it has, as it saves memory, too.  On a
    processor narrow networks convert more than they multiply, so a second of
    steps on a run's first faces decides; they change neither the network nor any
    random numbers.

    Args:
        plan: of the run.
        index: of the stage that is about to begin.
        network: on its device.
        images: pixels of the stage's faces.
        faces: its labels and further columns.

    Returns:
        ``asked``, ``used`` and, where measured, ``step_seconds`` by precision.

    Raises:
        FerError: for bf16 on a GPU that has none.
    """
    told = {"asked": plan.precision, "used": plan.precision}
    low = low_precision(images.device)
    if plan.precision == "bf16" and images.device.type == "cuda" and low != "bf16":
        raise FerError(
            "precision is bf16, which this GPU only emulates, many times slower; "
            f"take precision={low} or auto."
        )
    if plan.precision != "auto":
        return told
    told["used"] = low
    if low == "float32" or images.device.type == "cuda":
        return told
    taken = {
        precision: _step_seconds(plan, index, network, images, faces, precision)
        for precision in ("float32", low)
    }
    if taken[low] > GAIN * taken["float32"]:
        told["used"] = "float32"
    return told | {"step_seconds": {name: round(s, 5) for name, s in taken.items()}}


def _step_seconds(
    plan: Plan,
    index: int,
    network: nn.Module,
    images: Images,
    faces: StageFaces,
    precision: str,
) -> float:
    """Processor's time of a training step of a copy.

    That of all threads: other work on the machine hardly lengthens it.
    """
    network, loss = copy.deepcopy((network, plan.stages[index].loss))
    network.to(memory_format=memory_format(images.device, precision))
    # Of large faces a few tell it; a whole batch might not fit in float32.
    wanted, regions = network.input, network.regions_per_face
    fitting = max(2, faces_together(wanted.channels, wanted.size, regions))
    stage = plan.stages[index]
    stage = replace(stage, loss=loss, batch_size=min(stage.batch_size, fitting))
    plan = replace(plan, stages=(stage,))
    with seeded(plan.seed):
        trial = Running(plan, 0, network, images, faces, precision)
        trial.network.train()
        rows = stage.order(faces.labels)[: stage.batch_size]
        batch = next(images.batches(rows, stage.batch_size))
        for _ in range(WARM_UP):
            trial.step_on(batch, rows)
        steps, began = 0, time.process_time()
        ends = time.monotonic() + SECONDS
        while not steps or time.monotonic() < ends:
            trial.step_on(batch, rows)
            steps += 1
    return (time.process_time() - began) / steps
