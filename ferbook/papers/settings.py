"""What recipes have in common: choosing settings, telling departures."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from torch import nn

from fer_lib.data.splits import Splits
from fer_lib.errors import FerError
from fer_lib.files import sha256_file
from fer_lib.models.pretrained import load_backbone

Config = TypeVar("Config")


def choose(
    name: str,
    config: Config,
    presets: Mapping[str, dict],
    variants: Mapping[str, dict],
    preset: str,
    variant: str,
    changes: Mapping[str, object],
) -> Config:
    """A configuration changed by a preset, a variant and single values.

    Raises:
        FerError: when one of them is unknown.
    """
    known = {
        "preset": (preset, presets),
        "variant": (variant, variants),
        **{f"setting of '{key}'": (key, asdict(config)) for key in changes},
    }
    for what, (value, among) in known.items():
        if value not in among:
            raise FerError(
                f"{name}: {what} '{value}' is unknown, expected one of "
                f"{', '.join(among)}."
            )
    return replace(config, **(presets[preset] | variants[variant] | dict(changes)))


def begin_from(pretrained: str) -> Callable[[nn.Module], None]:
    """What a stage begins with: the trunk's weights from a file, or nothing.

    Not part of making a network, so that a trained one can be restored where
    the file is not at hand.

    Args:
        pretrained: see :func:`fer_lib.models.pretrained.load_backbone`; the
            empty string for none.
    """

    def begin(network: nn.Module) -> None:
        if pretrained:
            load_backbone(network, pretrained)

    return begin


def identity(config: object) -> dict:
    """What shapes the course of a run; weight files by content, not place."""
    values = asdict(config)
    if values.get("pretrained"):
        values["pretrained"] = _content(values["pretrained"])
    return values


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


def deviation(item: str, paper: object, ours: object, why: str) -> dict:
    """One way in which a run departs from its paper."""
    return {"item": item, "paper": str(paper), "ours": str(ours), "why": why}


def departures(config: object, stated: Mapping[str, tuple[str, str]]) -> list[dict]:
    """Settings that differ from the paper's.

    Args:
        config: a dataclass whose defaults are what the paper states.
        stated: field and reason of each departure, by its item.
    """
    paper = type(config)()
    return [
        deviation(item, getattr(paper, field), getattr(config, field), why)
        for item, (field, why) in stated.items()
        if getattr(paper, field) != getattr(config, field)
    ]


def own_labels(splits: Splits) -> list[dict]:
    """A departure where FER+'s raters labelled faces of FER2013."""
    if not splits.protocol.startswith("ferplus"):
        return []
    why = "this protocol's"
    return [deviation("label set", "the data set's own", splits.label_rule, why)]
