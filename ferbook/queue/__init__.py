"""The queue: the runs that claims still lack, and working it down."""

from ferbook.queue.forecast import Forecast, Forecaster, request_of
from ferbook.queue.listing import Entry, Finished, Queue, open_queue
from ferbook.queue.needs import Job, Need
from ferbook.queue.work import Outcome, work

__all__ = [
    "Entry",
    "Finished",
    "Forecast",
    "Forecaster",
    "Job",
    "Need",
    "Outcome",
    "Queue",
    "open_queue",
    "request_of",
    "work",
]
