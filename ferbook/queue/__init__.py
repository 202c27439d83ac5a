"""The queue: the runs that claims still lack, and working it down."""

from ferbook.queue.forecast import Forecast, Forecaster
from ferbook.queue.making import keep, made
from ferbook.queue.queue import (
    Entry,
    Finished,
    Need,
    Queue,
    as_recorded,
    open_queue,
)
from ferbook.queue.work import Outcome, work

__all__ = [
    "Entry",
    "Finished",
    "Forecast",
    "Forecaster",
    "Need",
    "Outcome",
    "Queue",
    "as_recorded",
    "keep",
    "made",
    "open_queue",
    "work",
]
