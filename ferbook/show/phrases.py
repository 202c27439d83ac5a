"""How claims, readings and records are told in words and digits."""

import re
from collections.abc import Sized

from fer_lib.data.sources.published import PUBLISHED
from fer_lib.models import NETWORKS
from ferbook.ledger.claims import Answer, Claim
from ferbook.ledger.readings import Reading
from ferbook.ledger.rules import Direction, Verdict
from ferbook.ledger.statistics import Difference
from ferbook.ledger.verdicts import BESIDE, Judgement
from ferbook.runs.key import CONTENT, RunKey
from ferbook.runs.records import Record
from ferbook.runs.state import State

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
OTHER_NAMES = {
    "fer2013": "FER2013",
    "vemo": "VEMO",
    "rendered": "rendered faces",
    "not told": "not stated",
}
NO_RUN = "not run"
# Of measures that are no shares of faces, or of their first words: a hundredth.
_UNITS = {
    "attention": "hundredths of a weight",
    "grad_cam": "% of the mean heat",
    "heat": "% of the mean heat",
    "mask3": "% of the mean of the maps",
    "landmark_error": "% of the side",
    "landmark_rise": "% of the side",
    "occlusion": "% of the squares",
    "occlusion.area": "% of the picture",
}
# Recipes in words, and views where they are no single pass.
RECIPES = {
    "paper": "recipe of the paper",
    "modern": "recipe modern (one of today for all papers)",
    "mixed": "recipe mixed (photographs and rendered faces together)",
    "rendered_first": "recipe rendered_first (rendered faces, then photographs)",
}
VIEWS = {
    "flip": "mean with the mirror image",
    "random10": "mean of ten augmented passes",
    "early_exit": "as many branches as do best on validation",
}


def learned(provenance: str) -> str:
    """What a saved network learned from, in words.

    >>> learned("photographs: fer2013, protocol official, and 16,000 rendered ones")
    "FER2013's photographs (the data set's own labels), and 16,000 rendered ones"
    """

    def words(found: re.Match) -> str:
        name, protocol = found.groups()
        return f"{dataset_name(name)}'s photographs ({protocol_name(protocol)})"

    return re.sub(r"^photographs: (\w+), protocol (\w+)", words, provenance)


def percent(share: float, digits: int = 1) -> str:
    """A share as digits without the sign: 0.624 is ``62.4``."""
    return f"{100 * share:.{digits}f}"


def paper_value(claim: Claim) -> str:
    """The paper's value as printed, with its unit; empty if it has none."""
    if not claim.value:
        return ""
    if claim.unit == "images" and claim.number <= 1:  # else a count, of no whole
        return f"{claim.value} images, {percent(claim.number)} %"
    return f"{claim.value} {claim.unit}"


def unit(claim: Claim) -> str:
    """The unit of what runs say of a claim; of comparisons that of a hundredth."""
    if claim.kind == "value":
        return "%"
    measure = claim.order[0].measure if claim.order else ""
    return _UNITS.get(measure) or _UNITS.get(measure.partition(".")[0], "points")


def our_figure(claim: Claim, reading: Reading) -> str:
    """Ours with its unit alone."""
    sign = "" if claim.kind == "value" else "+"
    return f"{100 * reading.found.mean:{sign}.1f} {unit(claim)}"


def our_interval(claim: Claim, reading: Reading) -> str:
    """The 95 % interval of ours, n, seeds and their standard deviation."""
    sign, to = ("", "–") if claim.kind == "value" else ("+", " to ")
    found = reading.found
    low, high = (f"{100 * x:{sign}.1f}" for x in (found.low, found.high))
    told = seeds(reading.seeds, found.spread)
    spread = "points" if claim.kind == "value" else unit(claim)
    told += "" if found.spread is None else f" {spread}"
    return f"95 % interval {low}{to}{high}, n = {found.n:,}, {told}"


def seeds(found: Sized, spread: float | None) -> str:
    """How many seeds, and their standard deviation in points."""
    told = f"{len(found)} seed{'s' if len(found) > 1 else ''}"
    return told if spread is None else f"{told} that spread by {100 * spread:.1f}"


def points(found: Difference) -> str:
    """A difference in points with its interval, as a cell."""
    low, high = 100 * found.low, 100 * found.high
    return f"{100 * found.mean:+.1f} points\n 95 % interval {low:+.1f} to {high:+.1f}"


def our_value(claim: Claim, reading: Reading) -> str:
    """Ours with its 95 % interval, n, seeds, and how it was trained."""
    told = [our_interval(claim, reading), *unlike_paper(reading.answer)]
    return f"{our_figure(claim, reading)} ({'; '.join(told)})"


def unlike_paper(answer: Answer) -> list[str]:
    """Preset and recipe of runs, where they are not the paper's."""
    preset = [] if answer.preset == "paper" else [f"preset {answer.preset}"]
    return preset + ([] if answer.recipe == "paper" else [f"recipe {answer.recipe}"])


def trained(key: RunKey) -> str:
    """Size and recipe of runs in words, and which settings were changed."""
    how = RECIPES.get(key.recipe, f"recipe {key.recipe}")
    told, changed = f"preset {key.preset}, {how}", ", ".join(changes(key))
    return f"{told}; changed: {changed}" if changed else told


def changes(key: RunKey) -> list[str]:
    """Settings of a run other than those of its preset and variant.

    That it computes in float32 goes without saying.
    """
    told = (pair for pair in key.changes if pair != ("precision", "float32"))
    return [f"{k} {v}" for k, v in told if k != CONTENT]


def settings(reading: Reading) -> str:
    """Preset, recipe, changes and view of the runs that answer a claim."""
    passed = VIEWS.get(reading.answer.view, "")
    told = trained(reading.records[0].trained_as)
    return f"{told}, {passed}" if passed else told


def protocol_name(protocol: str) -> str:
    """A protocol in words, and which of its folds."""
    base, _, fold = protocol.partition("-fold")
    words = PROTOCOLS.get(base, base)
    return f"{words}, fold {fold}" if fold else words


def dataset_name(nickname: str) -> str:
    """A data set as its authors call it."""
    known = PUBLISHED.get(nickname)
    return known.title if known else OTHER_NAMES.get(nickname, nickname)


def network_name(nickname: str) -> str:
    """A network as the book calls it."""
    return NETWORKS[nickname].NAME if nickname in NETWORKS else nickname


def place(dataset: str, protocol: str) -> str:
    """A data set and the protocol below it, as a cell."""
    return f"{dataset_name(dataset)}\n {protocol_name(protocol)}"


def departures(reading: Reading, short: bool = False) -> str:
    """How the runs depart from the claim; empty if they do not.

    Where it has to be short, long values are left out.
    """
    told = []
    for one in reading.departures:
        change = f"{one.paper} → {one.ours}"
        long = short and len(change) > 25
        told.append(one.item if long else f"{one.item} ({change})")
    return "departs in " + ", ".join(told) if told else ""


def made(record: Record, state: State) -> str:
    """When a run was made, who sent it in, and how today's code stands to it."""
    reader = record.content.get("reader")
    sent = f", sent in by {reader}" if reader else ""
    return f"made {record.started[:10]}{sent}; today's code: {state}"


def duration(seconds: float) -> str:
    """A time in the unit that suits it.

    >>> duration(42), duration(2305.4), duration(9000), duration(300_000)
    ('42 s', '38 min', '2.5 h', '3.5 days')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def seconds_taken(record: Record) -> float:
    """Time of a run's training.

    On a processor its own time on each thread, where the run kept it: unlike
    the clock's, other work on the machine does not lengthen it.
    """
    told, used = record.hardware, record.content.get("cpu_seconds")
    if told["device"] != "cpu" or used is None:
        return record.wall_seconds
    return used / told["threads"]


def epochs(number: int) -> str:
    """How long a training is.

    >>> epochs(1), epochs(1200)
    ('1 epoch', '1,200 epochs')
    """
    return f"{number:,} epoch{'s' if number != 1 else ''}"


def hardware(record: Record) -> str:
    """What a run was made on."""
    told = record.hardware
    threads = told["threads"]
    if told["device"] != "cpu":
        return told["name"]
    return f"{told['name']}, {threads} thread{'s' if threads > 1 else ''}"


def answers(judgement: Judgement) -> str:
    """What is said of a claim, at each scale and by each reading, as a cell."""
    told = []
    for answer in judgement.answers:
        head = [f" {answer.reading}:"] if answer.reading else []
        tested = answer.verdict != Verdict.NOT_RUN
        at_scale = tested or judgement.claim.kind == "arithmetic"
        if at_scale or answer.reduced is None:
            head += [str(answer.verdict), f" {answer.why}"]
        if answer.reduced is not None:
            head += [str(answer.reduced), f" at reduced scale: {answer.reduced_why}"]
        if not at_scale and answer.reduced is not None:
            head.append(f" at the paper's scale: not run ({answer.why})")
        told.append("\n".join(head))
    return "\n".join(told)


def verdict(judgement: Judgement) -> str:
    """How a claim stands, in a sentence: with its scale, or why it does not."""
    told = judgement.standing
    if told == Verdict.NOT_RUN:
        return f"{told} ({judgement.why})"
    if told == BESIDE:
        return "not answered by the runs beside it"
    small = told in map(str, Direction)
    return f"{told} at reduced scale" if small else told
