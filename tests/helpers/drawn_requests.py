"""Requests for tiny runs; the fixture ``tiny`` gives their faces."""

from ferbook.runs import reproduce
from ferbook.runs.reproduce import Request


def request(epochs=2, **options):
    return Request("deep_emotion", changes={"epochs": epochs}, **options)


def run(wanted, tmp_path, **options):
    folder = tmp_path / "runs"
    return reproduce.reproduce(
        wanted, folder=folder, device="cpu", progress=False, **options
    )
