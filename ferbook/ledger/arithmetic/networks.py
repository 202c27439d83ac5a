"""Printed sizes of networks against the networks as this library builds them.

Those of the part ensemble's paper are about networks for eight classes.
"""

from decimal import Decimal
from functools import cache

import torch
from torch import nn

from fer_lib.errors import FerError
from fer_lib.models import NETWORKS, build, count_parameters
from fer_lib.models.network import Network
from fer_lib.models.part_network import PARTS, HeadedExtractor, Localiser
from fer_lib.models.residual_masking import parameters_as_registered
from ferbook.ledger.arithmetic.flops import paper_flops
from ferbook.ledger.arithmetic.printed import Working, check, gives
from ferbook.ledger.claims import Claim, Claims


@cache
def on_paper(name: str, variant: str = "default", classes: int = 7) -> Network:
    """A network of the paper's size whose numbers take no memory."""
    with torch.device("meta"):
        return build(name, classes, variant=variant)


@check
def network_parameters(
    paper: Claims, claim: Claim, *, network: str, variant: str = "default"
) -> Working:
    """Has the network the printed number of parameters, in millions?"""
    if variant not in NETWORKS[network].VARIANTS:
        return Working(None, f"The library does not build {variant}.")
    try:
        count = count_parameters(on_paper(network, variant))
    except FerError as error:  # an optional package
        return Working(None, str(error))
    return Working(
        gives(Decimal(count) / 1_000_000, claim.value),
        f"Built for seven classes it has {count:,} trainable parameters; printed "
        f"are {claim.value} million.",
    )


@check
def masking_parameters(paper: Claims, claim: Claim) -> Working:
    """Has the Residual Masking Network its printed millions of parameters?"""
    network = on_paper("residual_masking")
    count, registered = count_parameters(network), parameters_as_registered(network)
    twice = Decimal(registered) / 1_000_000
    explained = "which is what is printed" if gives(twice, claim.value) else "no more"
    return Working(
        gives(Decimal(count) / 1_000_000, claim.value),
        f"It has {count:,} trainable parameters; printed are {claim.value} million. "
        "The authors' code holds the projections inside the masks by two names; "
        f"counted twice they give {registered:,}, {explained}.",
    )


@check
def most_parameters(paper: Claims, claim: Claim, *, against: str) -> Working:
    """Has the Residual Masking Network more parameters than another one?"""
    count = count_parameters(on_paper("residual_masking"))
    try:
        other = count_parameters(on_paper("comparison", against))
    except FerError as error:
        return Working(None, str(error))
    return Working(
        count > other,
        f"Counted once, it has {count:,} parameters, {against} {other:,}.",
    )


SIZE = 160  # pixels
BYTES = 4  # of a number, section IV-E
UNITS = (10**6, 2**20)  # a megabyte, and a mebibyte that is often called one
COUNT = {1: "one sub-network", 5: "all five sub-networks"}


def sub_network() -> HeadedExtractor:
    """One of the five."""
    return on_paper("part_ensemble", classes=8).sub_networks[0]


def module_of(name: str) -> nn.Module:
    """A module that the paper gives a size of.

    Args:
        name: ``extractor``, ``expression head``, ``sub-network``,
            ``ensemble``, or a part's ``<part> localisation head``.
    """
    known = {
        "extractor": sub_network().extractor,
        "expression head": sub_network().head,
        "sub-network": sub_network(),
        "ensemble": on_paper("part_ensemble", classes=8),
    }
    part = name.removesuffix(" localisation head")
    return Localiser(part).head if part in PARTS else known[name]


def stored_numbers(module: nn.Module) -> int:
    """Parameters and moving averages of batch normalisation, as Keras counts."""
    averages = (b.numel() for b in module.buffers() if b.is_floating_point())
    return count_parameters(module) + sum(averages)


@check
def module_parameters(
    paper: Claims, claim: Claim, *, module: str, about: bool = False
) -> Working:
    """Has a module the printed millions of parameters?

    Either count may be meant, with or without moving averages; ``about``
    grants one unit of the last digit.
    """
    network = module_of(module)
    counts = {count_parameters(network): "trainable parameters"}
    counts.setdefault(stored_numbers(network), "with moving averages")
    millions = [Decimal(count) / 1_000_000 for count in counts]
    unit = Decimal(claim.value).as_tuple().exponent if about else -9
    near = any(abs(m - Decimal(claim.value)) <= Decimal(10) ** unit for m in millions)
    told = ", ".join(f"{count:,} {what}" for count, what in counts.items())
    return Working(
        near or any(gives(m, claim.value) for m in millions),
        f"The {module} has {told}; printed are {claim.value} million.",
    )


@check
def inference_flops(paper: Claims, claim: Claim, *, networks: int) -> Working:
    """Do equations (7) to (9) give the printed GFLOPs?"""
    found = Decimal(paper_flops(sub_network(), SIZE).total) * networks / 10**9
    return Working(
        gives(found, claim.value),
        f"Equations (7) to (9) give {found:.3f} GFLOPs for {COUNT[networks]}; "
        f"printed are {claim.value}.",
    )


@check
def convolution_share(paper: Claims, claim: Claim) -> Working:
    """Do the convolutions have the printed share of the operations?"""
    found = paper_flops(sub_network(), SIZE)
    share = Decimal(100 * found.convolution) / Decimal(found.total)
    return Working(
        gives(share, claim.value),
        f"Equations (7) to (9) give convolutions {share:.3f} %; printed are "
        f"{claim.value} %.",
    )


@check
def storage(paper: Claims, claim: Claim, *, networks: int) -> Working:
    """Do the stored numbers take the printed megabytes, of either kind?"""
    size = BYTES * stored_numbers(sub_network())
    kinds = [Decimal(networks * size) / unit for unit in UNITS]
    return Working(
        any(gives(found, claim.value) for found in kinds),
        f"{networks} x {size // BYTES:,} numbers of {BYTES} bytes, "
        f"{COUNT[networks]}, take {kinds[0]:.2f} MB or {kinds[1]:.2f} MiB; "
        f"printed are {claim.value} MB.",
    )


@check
def network_layers(paper: Claims, claim: Claim, *, told: int) -> Working:
    """Has a sub-network the printed number of layers?"""
    kinds = {
        "convolutions": nn.Conv2d,
        "normalisations": nn.BatchNorm2d,
        "poolings": nn.MaxPool2d,
        "dense layers": nn.Linear,
    }
    network = sub_network()
    counts = {
        name: sum(isinstance(module, kind) for module in network.modules())
        for name, kind in kinds.items()
    }
    # Torch has one object for the pooling that is used after every block.
    counts["poolings"] *= len(network.extractor.blocks)
    counts["mean over positions"] = 1
    terms = " + ".join(f"{count} {name}" for name, count in counts.items())
    total = sum(counts.values())
    return Working(total == told, f"{terms} = {total}; printed are {told}.")
