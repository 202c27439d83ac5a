"""Working a queue down, in this process or on others."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tqdm.auto import tqdm

from fer_lib.errors import FerError
from ferbook.cluster import Each, in_turn
from ferbook.queue.queue import Entry
from ferbook.runs.key import RunKey

_BAR = "queue: {percentage:3.0f}%|{bar}| {n:.1f}/{total:.1f} h of forecast work "
_BAR += "[{elapsed}<{remaining}]"


@dataclass
class Outcome:
    """What became of the runs of a queue."""

    done: list[RunKey] = field(default_factory=list)
    failed: dict[RunKey, str] = field(default_factory=dict)  # and why
    # Recorded by somebody else meanwhile.
    elsewhere: list[RunKey] = field(default_factory=list)
    # Not begun or not finished, as the budget ended.
    left: list[RunKey] = field(default_factory=list)


def work(
    entries: Sequence[Entry],
    make: Callable[[RunKey, float | None], object],
    keep: Callable[[object], object],
    finished: Callable[[RunKey], object],
    *,
    each: Each = in_turn,
    budget: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    progress: bool = True,
) -> Outcome:
    """Make the runs of a queue in its order.

    A run that has been recorded meanwhile is passed over, one that fails too.
    One whose epochs are too long for what is left of the budget is left.

    Args:
        entries: of the queue.
        make: makes a run within so many seconds (None: any); None where it was not
            finished, but only brought further.
        keep: writes down, in this process, what ``make`` made.
        finished: whether a run has been recorded.
        each: who calls ``make``, and where.
        budget: seconds for all.
    """
    outcome, end = Outcome(), None if budget is None else clock() + budget
    hours = {entry.key: entry.forecast.seconds / 3600 for entry in entries}
    shown = dict.fromkeys(hours, 0.0)

    def due() -> Iterator[tuple[RunKey, float | None]]:
        """Runs at the moment at which they are begun."""
        for entry in entries:
            left = None if end is None else end - clock()
            if left is not None and left < entry.forecast.epoch_seconds:
                outcome.left.append(entry.key)
            elif finished(entry.key):
                outcome.elsewhere.append(entry.key)
            else:
                yield entry.key, left
                continue
            tell((entry.key,), 1.0)

    with tqdm(total=sum(hours.values()), bar_format=_BAR, disable=not progress) as bar:

        def tell(job: tuple, share: float) -> None:
            shown[job[0]] = share
            bar.update(sum(hours[key] * shown[key] for key in hours) - bar.n)

        for job, result in each(make, due(), tell):
            _take(job[0], result, keep, outcome)
            tell(job, 1.0)
    return outcome


def _take(key: RunKey, result: Callable, keep: Callable, outcome: Outcome) -> None:
    """What became of one run."""
    try:
        made = result()
        if made is not None:
            keep(made)
    except Exception as error:  # the next run may well succeed
        outcome.failed[key] = f"{type(error).__name__}: {error}"
        if isinstance(error, FerError):
            outcome.failed[key] = str(error)
        tqdm.write(f"Failed: {key}: {outcome.failed[key]}")
        return
    if made is None:
        outcome.left.append(key)
        return
    outcome.done.append(key)
    tqdm.write(f"Done: {key}")
