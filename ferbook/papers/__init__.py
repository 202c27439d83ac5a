"""The papers, and recipes that train any of their networks, by nickname."""

from fer_lib.models.network import Network, check_choice
from ferbook.papers import (
    deep_emotion,
    diversified_esr,
    diversified_manet,
    mixed,
    modern,
    part_ensemble,
    ramn,
    rendered_first,
    residual_masking,
)
from ferbook.papers.paper import Config, Paper, Recipe

PAPERS: dict[str, Paper] = {
    paper.name: paper
    for paper in (
        deep_emotion.PAPER,
        residual_masking.PAPER,
        ramn.PAPER,
        diversified_esr.PAPER,
        diversified_manet.PAPER,
        part_ensemble.PAPER,
        residual_masking.COMPARISON,
    )
}
RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (modern.RECIPE, mixed.RECIPE, rendered_first.RECIPE)
}


def paper_of(config: Config) -> Paper:
    """Whose settings these are."""
    (paper,) = (one for one in PAPERS.values() if one.config is type(config))
    return paper


def config_of(network: Network) -> Config:
    """The settings of a network that a run has saved."""
    options = {k: v for k, v in network.options.items() if k != "num_classes"}
    (paper,) = (one for one in PAPERS.values() if one.network is type(network))
    return paper.make_config("paper", **options, **network.about.get("training", {}))


def find_paper(name: str) -> Paper:
    """The paper of a nickname; ``FerError`` when unknown."""
    check_choice("papers", "name", name, PAPERS)
    return PAPERS[name]


def find_recipe(name: str) -> Recipe:
    """The recipe of that name; ``FerError`` when unknown."""
    check_choice("recipes", "name", name, ["paper", *RECIPES])
    return RECIPES[name]
