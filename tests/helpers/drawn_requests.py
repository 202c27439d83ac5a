"""Requests for tiny runs; the fixture ``tiny`` gives their faces."""

from ferbook.runs.key import RunKey
from ferbook.runs.make import reproduce


def request(epochs=2, **options):
    return RunKey("deep_emotion", changes={"epochs": epochs}, **options)


def run(wanted, tmp_path, **options):
    folder = tmp_path / "runs"
    return reproduce(wanted, folder=folder, device="cpu", progress=False, **options)
