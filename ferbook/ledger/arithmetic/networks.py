"""Printed sizes of networks against the networks as this library builds them."""

from decimal import Decimal
from functools import cache

import torch

from fer_lib.errors import FerError
from fer_lib.models import NETWORKS, build, count_parameters
from fer_lib.models.network import Network
from fer_lib.models.residual_masking import parameters_as_registered
from ferbook.ledger.arithmetic.printed import gives
from ferbook.ledger.arithmetic.working import Working
from ferbook.ledger.claims import Claim, Claims


@cache
def on_paper(name: str, variant: str = "default", classes: int = 7) -> Network:
    """A network of the paper's size whose numbers take no memory."""
    with torch.device("meta"):
        return build(name, classes, variant=variant)


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


CHECKS = {
    check.__name__: check
    for check in (network_parameters, masking_parameters, most_parameters)
}
