"""Every claim is worked out, has runs that would answer it, or says why not.

A run that a claim names is planned here, with the paper's size and, where the
paper had them, with pre-trained weights, on sets of the published sizes: what
it would state as its departures must not make it one of another scale.
"""

import hashlib
from dataclasses import replace
from functools import cache

import protocol_sets as sets
import pytest
from part_faces import marked_splits

from fer_lib.data.protocols import PAIRS, PROTOCOLS, split, split_pair
from fer_lib.data.sources.published import PUBLISHED
from ferbook.ledger.claim_files import load_all_claims
from ferbook.ledger.claims import REASONS
from ferbook.ledger.matching import all_wanted, protocols_of
from ferbook.ledger.rules import rescaling
from ferbook.ledger.second_labels import MEASURES
from ferbook.papers import PAPERS, find_paper, residual_masking
from ferbook.runs.records import Departure

CLAIMS = [claim for paper in load_all_claims() for claim in paper.claims]
RUN = [claim for claim in CLAIMS if claim.kind != "arithmetic"]
OPEN = [claim for claim in RUN if not (claim.impossible or claim.forced)]
OWN_NAMES = ("ckplus", "ferg", "jaffe", "oulu", "rafdb", "sfew")
TARGETS = {
    "sfew_to_ckplus": "ckplus",
    "sfew_to_jaffe": "jaffe",
    "rafdb_to_affectnet": "affectnet",
}
# Faces that FER+'s rules keep of the real file: its authors' counts.
FERPLUS = {"ferplus_validation8": 3199, "ferplus_majority8": 3153}
FERPLUS |= {"ferplus_argmax7": 3574}
PRETRAINED_ON = {
    "ramn": "CASIA-WebFace",
    "diversified_esr": "AffectNet",
    "diversified_manet": "MS-Celeb-1M",
}


@cache
def _faces(name):
    if name in OWN_NAMES:
        return getattr(sets, name)()
    if name == "affectnet":
        return sets.affectnet(val=(500,) * 8)
    counts = PUBLISHED[name].counts["official"]
    labels = sets.official(name, **counts).labels
    return replace(sets.fer2013(tuple(map(sum, counts.values()))), labels=labels)


@cache
def _parts(dataset, protocol):
    faces = _faces(dataset)
    if protocol in PAIRS:
        return split_pair(faces, _faces(TARGETS[protocol]), protocol)
    return split(faces, protocol)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A file that passes for the published weights of any network."""
    path = tmp_path / "weights.pth"
    path.write_bytes(b"")
    digest = residual_masking.IMAGENET[0].ljust(64, "0")
    monkeypatch.setattr(residual_masking, "sha256_file", lambda file: digest)
    nothing = hashlib.sha1(b"").hexdigest()
    monkeypatch.setattr(residual_masking, "imagenet_sha1", lambda _: nothing)
    return str(path)


def _departures(key, weights):
    """What makes a run of the paper's size one of another scale."""
    paper, splits = find_paper(key.paper), _parts(key.dataset, key.protocol)

    def found(**given):
        config = paper.make_config("paper", key.variant, **given)
        rows = paper.departures(config, splits)
        return {one.item for one in rescaling(Departure(**row) for row in rows)}

    if "pre-training" not in (missing := found()):
        return missing
    given = {"pretrained": weights}
    if key.paper in PRETRAINED_ON:
        given["pretrained_on"] = PRETRAINED_ON[key.paper]
    return found(**given)


def _tested(claim, answer):
    """How many faces a protocol reports; of one class for a recall."""
    if claim.metric == "accuracy" and answer.protocol in FERPLUS:
        return FERPLUS[answer.protocol]
    parts = [_parts(claim.dataset, name) for name in protocols_of(answer)]
    if claim.metric == "accuracy":
        return sum(len(part.test) for part in parts)
    row = parts[0].classes.index(claim.metric.removeprefix("recall."))
    return sum(int((part.test.labels == row).sum()) for part in parts)


def _faults(claim, weights):
    at_size = [answer for answer in claim.answered_by if answer.preset == "paper"]
    if not at_size:
        yield "no answer at the paper's size"
    for answer in claim.answered_by:
        if not {*protocols_of(answer)} <= {*PROTOCOLS, *PAIRS}:
            yield f"no protocol {answer.protocol}"
        for key in all_wanted(claim, answer):
            paper = PAPERS[key.paper]
            if key.variant not in paper.variants or key.preset not in paper.presets:
                yield f"no such run: {key}"
    for answer in at_size:
        yield from _of_other_scale(claim, answer, weights)
        wanted = answer.n or claim.n
        if wanted and claim.kind != "order" and not _uncounted(claim, answer):
            n = _tested(claim, answer)
            if abs(n - wanted) > 0.01 * wanted:
                yield f"{answer.protocol} reports {n} faces, the claim {wanted}"


def _of_other_scale(claim, answer, weights):
    for key in all_wanted(claim, answer):
        odd = _departures(key, weights) - ({"label set"} if answer.reading else set())
        if odd:
            yield f"{key} departs in {', '.join(sorted(odd))}"
        config = find_paper(key.paper).make_config("paper", key.variant)
        if claim.epochs not in (None, getattr(config, "epochs", None)):
            yield f"{key} has {config.epochs} epochs"


def _uncounted(claim, answer):
    """FER+'s classes are counted in the real file alone."""
    return claim.metric != "accuracy" and answer.protocol in FERPLUS


def test_every_open_claim_has_runs_that_would_answer_it(weights):
    faults = {claim.id: list(_faults(claim, weights)) for claim in OPEN}
    assert not {id: found for id, found in faults.items() if found}


def test_every_other_claim_says_why():
    for claim in RUN:
        assert claim.not_attempted in REASONS, claim.id
        for why in (claim.impossible, claim.forced):
            assert not why or (len(why) > 20 and not why.endswith(".")), claim.id


def test_a_root_is_a_claim_of_the_same_file_and_has_none_itself():
    by_id = {claim.id: claim for claim in CLAIMS}
    for claim in CLAIMS:
        if claim.root:
            root = by_id[claim.root]
            assert root.paper == claim.paper and not root.root, claim.id


def test_variants_of_nulls_and_controls_are_known():
    for claim in RUN:
        for variant in filter(None, (*claim.null, claim.control)):
            assert variant in find_paper(claim.paper).variants, claim.id


def _measures(paper, faces):
    """Names of what a paper measures, of all variants that claims are about."""
    terms = [t for c in OPEN if c.paper == paper.name for t in c.order if t.measure]
    found = {*MEASURES}
    for variant in {term.variant or "default" for term in terms}:
        config = paper.make_config("smoke", variant)
        found |= {*paper.measures(paper.make_network(config, 7, 0).eval(), faces)}
    return found, {term.measure for term in terms}


@pytest.mark.parametrize("name", ["deep_emotion", "residual_masking", "part_ensemble"])
def test_measures_that_claims_name_are_taken(name):
    source = "jaffe" if name == "deep_emotion" else "rendered"
    found, named = _measures(find_paper(name), marked_splits(source).test)
    assert named and named <= found
