"""What makes a run, and what its record is called."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.data.protocols import official
from fer_lib.data.sources.rendered import wild
from ferbook.papers import find_paper, find_recipe
from ferbook.runs.key import CONTENT, PEEK, RunKey
from ferbook.runs.paths import runs_folder
from ferbook.runs.predictions import face_ids
from ferbook.runs.records import load_records

PLAIN = RunKey("deep_emotion", "fer2013", preset="paper")
settings = st.dictionaries(
    st.sampled_from(["epochs", "step", "width", "augmentation"]),
    st.integers(1, 99) | st.floats(0, 1) | st.sampled_from(["crops", "jitter"]),
)


def test_the_name_tells_what_was_changed():
    folder = "deep_emotion/fer2013-official/paper-paper-default-seed0"
    assert str(PLAIN.place) == f"{folder}.json"
    short = replace(PLAIN, changes={"epochs": 40})
    assert str(short.place).startswith(f"{folder}-epochs40-")
    many = replace(PLAIN, changes={f"setting_{n}": 0.5 for n in range(40)})
    assert len(many.place.name) < 120 and "setting_00.5" in many.place.name


@given(settings, settings)
def test_other_settings_never_share_a_file(one, other):
    keys = [replace(PLAIN, changes=changes) for changes in (one, other)]
    same = repr(sorted(one.items())) == repr(sorted(other.items()))
    assert (keys[0].place == keys[1].place) == same
    assert (keys[0].sha256 == keys[1].sha256) == same


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("paper", "ramn"),
        ("dataset", "rendered"),
        ("protocol", "ferplus_argmax7"),
        ("preset", "small"),
        ("recipe", "modern"),
        ("variant", "plain"),
        ("seed", 1),
        ("target", "jaffe"),
        ("changes", {"epochs": 40}),
        ("data", "f" * 64),
    ],
)
def test_everything_counts(field, value):
    other = replace(PLAIN, **{field: value})
    assert other.sha256 != PLAIN.sha256
    # A claim does not ask for one copy of the data.
    assert (other == PLAIN) == (field == "data")


def test_the_command_asks_for_the_run():
    told = {"pretrained": "vgg16.pth", CONTENT: "0" * 64, "beta": 0.5}
    command = replace(PLAIN, seed=3, changes=told).command
    assert command.endswith("--seed 3 --set beta=0.5 --set pretrained=vgg16.pth")
    assert "--root DIR" in command and "--root" not in RunKey("ramn").command


def test_tracked_records_can_be_read_and_their_keys_tell_their_settings():
    """Preset, variant and changes give the very settings of the run."""
    left_out = {}
    records = load_records(runs_folder(), left_out)
    assert len(records) >= 22 and not left_out
    for record in records:
        key, make = record.key, find_paper(record.paper).make_config
        # Some were made in float32, before precision was left to the machine.
        changes = {"precision": record.config.get("precision", "float32")}
        changes |= dict(key.changes)
        for not_a_setting in (PEEK, CONTENT):  # how it looked, what a file held
            changes.pop(not_a_setting, None)
        if key.recipe != "paper":  # its settings are not the paper's
            own = {f.name for f in fields(find_recipe(key.recipe).config)}
            changes = {k: v for k, v in changes.items() if k not in own}
        config = make(key.preset, key.variant, **changes).flat()
        # Options that were added since stand at what was done before.
        assert {k: config[k] for k in record.config} == record.config, record.path
        plain, own = make(key.preset).flat(), make(key.preset, key.variant).flat()
        assert record.varied == sorted(k for k in plain if plain[k] != own[k])
        assert record.path == runs_folder() / key.place
        assert f"{record.reported}/faces" in record.predictions


@pytest.mark.slow
def test_the_default_set_is_that_of_the_committed_records():
    """By the pixels of its faces, but for a few that a processor rounds otherwise."""
    splits = official(wild())
    test, ids = splits.test, face_ids(splits.test)
    places = sorted(runs_folder().glob("*/rendered-official/*.npz"))
    assert places
    for place in places:
        with np.load(place) as stored:
            assert np.array_equal(stored["PrivateTest/labels"], test.labels)
            assert np.mean(stored["PrivateTest/faces"] == ids) >= 0.99
