"""What a notebook says about the machine it runs on."""

import pytest
import torch

from fer_lib.errors import FerError
from ferbook.kit.runtime import show_cost, show_runtime

MINUTES = {"smoke": (1, 0.5), "paper": (120, None)}


@pytest.mark.parametrize(
    ("gpu", "preset", "said"),
    [
        (False, "smoke", "about 1 minute on two CPU cores"),
        (True, "smoke", "about 0.5 minutes on a T4"),
        (True, "paper", "on a T4 is not measured"),
    ],
)
def test_the_cost_is_that_of_the_device(monkeypatch, capsys, gpu, preset, said):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    show_cost(MINUTES, preset)
    assert said in capsys.readouterr().out


def test_an_unknown_preset_is_refused():
    with pytest.raises(FerError, match="expected one of smoke, paper"):
        show_cost(MINUTES, "big")


def test_versions_and_device_are_printed(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    show_runtime()
    printed = capsys.readouterr().out
    assert printed.startswith(f"Runs on CPU, {torch.get_num_threads()} of ")
    assert f"torch {torch.__version__}"[:10] in printed
