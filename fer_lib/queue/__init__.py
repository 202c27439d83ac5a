"""The queue: the runs that claims still lack, and working it down."""

from fer_lib.queue.forecast import Forecast, Forecaster, request_of
from fer_lib.queue.listing import Entry, Finished, Queue, open_queue
from fer_lib.queue.needs import Job, Need
from fer_lib.queue.work import Outcome, work

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
