"""How claims, readings and records are told in words and digits."""

from fer_lib.evidence.claims import Claim
from fer_lib.evidence.readings import Reading
from fer_lib.evidence.records import Record
from fer_lib.evidence.verdicts import Judgement

PROTOCOLS = {
    "official": "the data set's own labels",
    "ferplus_argmax7": "FER+ labels, most votes of 7",
    "ferplus_majority7": "FER+ labels, majority of 7",
    "ferplus_majority8": "FER+ labels, majority of 8",
    "ferplus_argmax8": "FER+ labels, most votes of 8",
    "ferplus_probability7": "FER+ votes as shares, 7 classes",
    "ferplus_probability8": "FER+ votes as shares, 8 classes",
    "ferplus_multitarget7": "FER+ votes as several labels, 7 classes",
    "ferplus_multitarget8": "FER+ votes as several labels, 8 classes",
    "ferplus_validation8": "FER+ validation split, majority of 8",
    "rafdb_test": "RAF-DB's test split",
    "affectnet_val7": "AffectNet's validation split, 7 classes",
    "affectnet_val8": "AffectNet's validation split, 8 classes",
    "sfew_val": "SFEW's validation split",
    "ckplus_last3": "CK+, last three frames, folds by subject",
    "ckplus_last3_leaky": "CK+, last three frames, random folds",
    "ckplus_first_last3": "CK+ with neutral frames, folds by subject",
    "ckplus_deep_emotion": "CK+, last frames, random split",
    "jaffe_subjects": "JAFFE, one woman left out",
    "jaffe_deep_emotion": "JAFFE, random split",
    "ferg_characters": "FERG, one character left out",
    "ferg_deep_emotion": "FERG, random split",
    "sfew_to_ckplus": "learned on SFEW, reported on CK+",
    "sfew_to_jaffe": "learned on SFEW, reported on JAFFE",
    "rafdb_to_affectnet": "learned on RAF-DB, reported on AffectNet",
    "oulu_last3": "Oulu-CASIA, last three frames, folds by subject",
}
NO_RUN = "not run"


def percent(share: float, digits: int = 1) -> str:
    """A share as digits without the sign: 0.624 is ``62.4``."""
    return f"{100 * share:.{digits}f}"


def paper_value(claim: Claim) -> str:
    """The paper's value as printed, with its unit; empty if it has none."""
    if not claim.value:
        return ""
    if claim.unit == "images":
        return f"{claim.value} images, {percent(claim.number)} %"
    return f"{claim.value} {claim.unit}"


def our_figure(claim: Claim, reading: Reading) -> str:
    """Ours with its unit alone."""
    if claim.kind == "value":
        return f"{percent(reading.mean)} %"
    return f"{100 * reading.mean:+.1f} points"


def our_interval(claim: Claim, reading: Reading) -> str:
    """The 95 % interval of ours, n and seeds."""
    count, sign = len(reading.seeds), "" if claim.kind == "value" else "+"
    low, high = (f"{100 * x:{sign}.1f}" for x in (reading.low, reading.high))
    to = "–" if claim.kind == "value" else " to "
    seeds = f"{count} seed{'s' if count > 1 else ''}"
    return f"95 % interval {low}{to}{high}, n = {reading.n:,}, {seeds}"


def our_value(claim: Claim, reading: Reading) -> str:
    """Ours with its 95 % interval, n and seeds."""
    return f"{our_figure(claim, reading)} ({our_interval(claim, reading)})"


def protocol_name(protocol: str) -> str:
    """A protocol in words, and which of its folds."""
    base, _, fold = protocol.partition("-fold")
    words = PROTOCOLS.get(base, base)
    return f"{words}, fold {fold}" if fold else words


def departures(reading: Reading) -> str:
    """How the runs depart from the claim; empty if they do not."""
    told = [f"{d.item} ({d.paper} → {d.ours})" for d in reading.departures]
    return "departs in " + ", ".join(told) if told else ""


def made(record: Record, stale: bool) -> str:
    """When a run was made, and whether the code changed since."""
    by = " by an older version of the code" if stale else ""
    return f"made {record.started[:10]}{by}"


def verdict(judgement: Judgement) -> str:
    """The verdict, with the reason where nothing was attempted."""
    if judgement.verdict == "not attempted":
        return f"{judgement.verdict} ({judgement.why})"
    return str(judgement.verdict)
