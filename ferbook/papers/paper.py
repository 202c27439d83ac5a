"""What a paper, or a recipe, is here: its settings, its plan, its departures."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import get_type_hints

import numpy as np
import torch
from torch import nn

from fer_lib.data.augment import seeded
from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits
from fer_lib.errors import FerError
from fer_lib.files import sha256_file
from fer_lib.models import build, option_kinds
from fer_lib.models.network import Network, check_choice
from fer_lib.models.pretrained import load_backbone
from ferbook.training.plan import Plan, Stage


@dataclass(frozen=True)
class Config:
    """Settings of one run; a paper's subclass adds those of its training.

    The defaults are the paper's.

    Attributes:
        network: options of the network, all of them but ``num_classes``.
        precision: one of :data:`ferbook.training.plan.PRECISIONS`.
    """

    network: Mapping[str, object] = field(default_factory=dict)
    precision: str = "auto"  # ours: no paper gives it

    def flat(self) -> dict:
        """All settings in one dictionary, as records keep them."""
        found = asdict(self)
        return found.pop("network") | found


@dataclass(frozen=True)
class Paper:
    """How the network of a paper is trained, evaluated and told apart from it.

    Attributes:
        name: nickname, of the network too.
        network: its class; has presets and variants of its own options.
        config: dataclass of the settings.
        presets: settings of the training, by preset of the network.
        variants: settings, those of the network among them, by name.
        make_plan: of (config, splits, seed).
        departures: of (config, splits): where a run departs from the paper.
        options: of the network where every run departs from its defaults.
        views: of (network, splits): further scores ``[n, classes]`` of the
            reported faces, by name.
        measures: of (network, faces): what else a record keeps of each face,
            ``[n]``, by name.
        choices: the values that some settings may have, by setting.
        presets_last: whether a preset's settings hold whatever the variant.
    """

    name: str
    network: type[Network]
    config: type[Config]
    presets: Mapping[str, dict]
    variants: Mapping[str, dict]
    make_plan: Callable[[Config, Splits, int], Plan]
    departures: Callable[[Config, Splits], list[dict]]
    options: Mapping[str, object] = field(default_factory=dict)
    views: Callable[[Network, Splits], dict[str, np.ndarray]] | None = None
    measures: Callable[[Network, FaceSet], dict[str, np.ndarray]] | None = None
    choices: Mapping[str, Collection] = field(default_factory=dict)
    presets_last: bool = False

    def make_config(self, preset: str, variant: str = "default", **changes) -> Config:
        """Configuration of a preset and a variant, with single settings changed.

        Raises:
            FerError: when one of them is unknown.
        """
        check_choice(self.name, "preset", preset, self.presets)
        check_choice(self.name, "variant", variant, self.variants)
        for key in changes:
            check_choice(self.name, "setting", key, self.kinds())
        signature = inspect.signature(self.network.__init__).parameters
        chosen = {name: signature[name].default for name in option_kinds(self.name)}
        chosen.pop("num_classes")
        chosen |= {**self.options, **self.network.PRESETS[preset]}
        both = [self.presets[preset], self.variants[variant]]
        for one in (*(reversed(both) if self.presets_last else both), changes):
            chosen |= one
        trained = {one.name for one in fields(self.config)}
        rest = {key: value for key, value in chosen.items() if key in trained}
        options = {key: value for key, value in chosen.items() if key not in trained}
        config = self.config(network=options, **rest)
        for key, known in self.choices.items():
            check_choice(self.name, key, getattr(config, key), known)
        return config

    def kinds(self) -> dict[str, type]:
        """Types of all settings, by name."""
        found = option_kinds(self.name) | get_type_hints(self.config)
        return {k: v for k, v in found.items() if k not in ("network", "num_classes")}

    def make_network(self, config: Config, classes: int, seed: int) -> Network:
        """The untrained network of a configuration, the same for a seed."""
        with seeded(seed, 0):
            return build(self.name, classes, **config.network)

    def identity(self, config: Config) -> dict:
        """What shapes the course of a run; weight files by content, not place."""
        values = config.flat()
        if values.get("pretrained"):
            values["pretrained"] = _content(values["pretrained"])
        return values


@dataclass(frozen=True)
class Recipe:
    """A way to train any of the networks other than its paper's own.

    Attributes:
        name: nickname.
        config: dataclass of its settings.
        presets: settings by preset.
        replanned: of (plan, splits, config, make_network): the paper's plan
            as the recipe changes it.
        departures: of (departures of the paper's run, its plan, config).
    """

    name: str
    config: type
    presets: Mapping[str, dict]
    replanned: Callable[..., Plan]
    departures: Callable[[list[dict], Plan, object], list[dict]]

    def make_config(self, preset: str, **changes):
        """Configuration of a preset, with further changes.

        Raises:
            FerError: when one of them is unknown.
        """
        check_choice(self.name, "preset", preset, self.presets)
        for key in changes:
            check_choice(self.name, "setting", key, asdict(self.config()))
        return replace(self.config(), **self.presets[preset] | changes)


def _content(pretrained: str) -> str:
    """SHA-256 of a weight file."""
    if not Path(pretrained).is_file():
        raise FerError(
            f"{pretrained}: no such file of pre-trained weights; correct its "
            "path, or train from scratch without it."
        )
    return sha256_file(pretrained)


def described(pretrained: str) -> str:
    """A weight file by name and content, or that there is none."""
    if not pretrained:
        return "none, from scratch"
    return f"{Path(pretrained).name}, sha256 {_content(pretrained)[:12]}"


def pretraining(config: Config, said: str) -> list[dict]:
    """How a run begins otherwise than the paper's, of ``said`` faces or pictures.

    A file of weights does not tell what it was trained on.  Where the paper's
    own is not public, ``pretrained_on`` does, by the word of who gives it.
    """
    ours = described(config.pretrained)
    if config.pretrained and config.pretrained_on == said:
        why = "theirs are not public; these are of the same by their giver's word"
        return [departure("weights", f"the authors', of {said}", ours, why)]
    why = "the paper's weights are not public"
    return [departure("pre-training", said, ours, why)]


def departure(item: str, paper: object, ours: object, why: str) -> dict:
    """One way in which a run departs from its paper."""
    return {"item": item, "paper": str(paper), "ours": str(ours), "why": why}


def changed(
    config: Config, said: Config, stated: Mapping[str, tuple[str, str]]
) -> list[dict]:
    """Settings that differ from the paper's.

    Args:
        config: of a run.
        said: the paper's.
        stated: setting and reason of each departure, by its item.
    """

    def value(of: Config, name: str) -> object:
        return getattr(of, name) if hasattr(of, name) else of.network[name]

    both = [
        (item, value(said, name), value(config, name), why)
        for item, (name, why) in stated.items()
    ]
    return [departure(*row) for row in both if row[1] != row[2]]


def planned(config: Config, splits: Splits, seed: int, *stages: Stage) -> Plan:
    """A plan that selects by the accuracy on the selection split."""
    select_by = f"{splits.select.splits[0]}_accuracy"
    return Plan(seed, stages, select_by, config.precision)


def one_stage(config: Config, splits: Splits, seed: int, **parts) -> Plan:
    """A plan in which everything is trained at once.

    A trunk's weights are read when it begins, and not when the network is made,
    so that a trained one can be restored where the file is not at hand.
    """

    def begin(network: nn.Module) -> None:
        if file := getattr(config, "pretrained", ""):
            load_backbone(network, file)

    names = {"epochs", "batch_size", "accumulate"}
    known = names & {one.name for one in fields(config)}
    settings = {name: getattr(config, name) for name in known}
    return planned(config, splits, seed, Stage(**settings, begin=begin, **parts))


def sgd(config: Config) -> Callable[[nn.Module, nn.Module], torch.optim.SGD]:
    """All parameters of network and loss, at one rate, momentum and decay."""
    return lambda network, loss: torch.optim.SGD(
        [*network.parameters(), *loss.parameters()],
        lr=config.learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )


def own_labels(splits: Splits) -> list[dict]:
    """A departure where FER+'s raters labelled faces of FER2013."""
    if not splits.protocol.startswith("ferplus"):
        return []
    why = "this protocol's"
    return [departure("label set", "the data set's own", splits.label_rule, why)]
