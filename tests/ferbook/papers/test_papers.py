"""What holds for every paper: presets, variants, seeds, settings, refusals."""

from itertools import product

import pytest
import torch

from fer_lib.errors import FerError
from ferbook.papers import PAPERS, RECIPES, find_paper, find_recipe, paper_of
from ferbook.runs.paths import runs_folder
from ferbook.runs.records import read_record

RECORDS = sorted(runs_folder().rglob("*.json"))


@pytest.fixture(autouse=True)
def _comparison(request):
    if "comparison" in request.node.name:
        pytest.importorskip("pytorchcv")


@pytest.mark.parametrize("name", PAPERS)
def test_every_preset_and_variant_builds(name):
    """Without computing anything: the paper's sizes are large."""
    paper = PAPERS[name]
    configs = {}  # many differ in their training alone
    for preset, variant in product(paper.presets, paper.variants):
        config = paper.make_config(preset, variant)
        configs[repr(sorted(config.network.items()))] = config
    for config in configs.values():
        with torch.device("meta"):
            network = paper.make_network(config, 7, seed=0)
        assert network.options == {"num_classes": 7} | dict(config.network)
        assert network.input.size == config.network["input_size"]


@pytest.mark.parametrize("name", PAPERS)
def test_the_seed_decides_the_start(name):
    paper = PAPERS[name]
    config = paper.make_config("smoke")
    one, same, other = (
        paper.make_network(config, 7, seed).state_dict() for seed in (0, 0, 1)
    )
    assert all(torch.equal(value, same[key]) for key, value in one.items())
    assert any(not torch.equal(value, other[key]) for key, value in one.items())


@pytest.mark.parametrize("name", PAPERS)
def test_presets_and_variants_of_the_network_stand_in_one_place(name):
    """A paper's training names none of the network's, and adds to its variants."""
    paper = PAPERS[name]
    trained = paper.config().flat().keys()
    options = paper.kinds().keys() - trained
    assert set(paper.presets) <= set(paper.network.PRESETS)
    assert set(paper.network.VARIANTS) <= set(paper.variants)
    assert next(iter(paper.variants)) == "default"
    for settings in paper.presets.values():
        assert settings.keys() <= trained
    own = [*paper.network.VARIANTS.values(), {}]
    for variant, settings in paper.variants.items():
        part = {key: value for key, value in settings.items() if key in options}
        assert part in own, variant


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_recorded_settings_are_read_as_they_were_written(path):
    record = read_record(path)
    paper = PAPERS[record.paper]
    config = paper.make_config("paper", **record.config)
    assert config.flat() | record.config == config.flat()
    assert paper_of(config) is paper


@pytest.mark.parametrize("name", PAPERS)
def test_what_is_unknown_is_refused(name):
    make_config = PAPERS[name].make_config
    with pytest.raises(FerError, match=f"{name}: preset is 'tiny'"):
        make_config("tiny")
    with pytest.raises(FerError, match=f"{name}: variant is 'twice'"):
        make_config("smoke", "twice")
    with pytest.raises(FerError, match=r"setting is 'epoch'.*did you mean 'epochs'"):
        PAPERS["ramn"].make_config("smoke", epoch=3)
    with pytest.raises(FerError, match=f"did you mean '{name}'"):
        find_paper(f"{name}s")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("diversified_esr", {"diversity": "all"}),
        ("diversified_esr", {"augmentation": "crops"}),
        ("diversified_manet", {"diversity": "channel"}),
        ("diversified_manet", {"measure": "none"}),
    ],
)
def test_choices_of_a_recipe(name, changes):
    ((key, value),) = changes.items()
    with pytest.raises(FerError, match=f"{name}: {key} is '{value}'"):
        PAPERS[name].make_config("smoke", **changes)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_recipes_refuse_what_is_unknown(recipe):
    with pytest.raises(FerError, match=f"{recipe.name}: preset is 'tiny'"):
        recipe.make_config("tiny")
    with pytest.raises(FerError, match="setting is 'epoch'"):
        recipe.make_config("smoke", epoch=1)
    with pytest.raises(FerError, match="recipes: name is 'fast'"):
        find_recipe("fast")
