"""An analysis as a chapter shows it, and as the command tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from fer_lib.errors import FerError
from fer_lib.files import sha256_file
from fer_lib.landmarks import FIVE_PARTS
from fer_lib.models import NETWORKS
from fer_lib.models.saved import committed, load
from ferbook.analysis import figures
from ferbook.analysis.own import UNTRAINED
from ferbook.analysis.record import Analysis, Numbers, analyses_folder, read_analysis
from ferbook.show.figures import Plot, percent
from ferbook.show.phrases import dataset_name, protocol_name
from ferbook.show.tables import Page, Sentence, Table, cell, table

_HEAT = {
    "right": "Correctly read",
    "wrong": "Misread",
    "other_face": "Landmarks of another face",
    "untrained": "Untrained network",
    "less_other_face": "Less another face's landmarks",
    "less_untrained": "Less the untrained network",
}
Shown = Plot | Table | Sentence


def on_photographs(network: str, dataset: str = "fer2013") -> Page | Sentence:
    """What the committed network looks at in photographs, as far as it is recorded.

    A sentence where it is not, or where the network reads too few of them.
    """
    path = analyses_folder() / dataset / f"{network}.json"
    where = f"{NETWORKS[network].NAME} on the photographs of {dataset_name(dataset)}"
    if not path.is_file():
        return Sentence(
            f"No analysis of {where} is recorded yet; make one with ferbook analyse "
            f"{network} --dataset {dataset} --root DIR."
        )
    try:
        found = read_analysis(path)
    except FerError as error:
        return Sentence(f"The analysis of {where} cannot be shown: {error}")
    same = found.content["weights_sha256"] == sha256_file(committed(network))
    if same:
        found = replace(found, content=_as_it_reads(found.content, network))
    shown = list(told(found))
    if not same:
        note = "This analysis is of an earlier network, not of the one loaded above."
        shown.insert(0, Sentence(note))
    return Page(tuple(shown))


def _as_it_reads(content: dict, network: str) -> dict:
    """The record, with the accuracy on the whole split that the network's file states.

    Both were counted; another machine turns a face or two.
    """
    reads = load(committed(network)).about.get("reads", {}).get("photographs")
    told = content["accuracy"]
    if not reads or reads["n"] != told["split"]["n"]:
        return content
    return content | {"accuracy": told | {"split": reads}}


def of_committed(network: str, dataset: str = "fer2013") -> Analysis | None:
    """The recorded analysis of a committed network; None if there is none of it.

    Raises:
        FerError: when there is a record that cannot be read.
    """
    path = analyses_folder() / dataset / f"{network}.json"
    if not path.is_file():
        return None
    found = read_analysis(path)
    same = found.content["weights_sha256"] == sha256_file(committed(network))
    return found if same else None


def told(found: Analysis) -> Iterator[Shown]:
    """Accuracy, maps and numbers; of a network that reads too little the first."""
    yield accuracy_box(found)
    if reason := figures.refused(found):
        yield reason
        return
    yield from (Sentence(words) for words in found.content["sentences"])
    about = f"{dataset_name(found.content['dataset'])}, {found.content['split']}"
    kind = "rendered faces" if found.content["rendered"] else "photographs"
    end = f" Means over {kind}: {about}."
    for draw, caption in _drawings(found):
        yield figures.drawn(found, draw, caption + end)
    yield heat_box(found)
    yield own_box(found)


def _drawings(found: Analysis) -> Iterator[tuple]:
    yield (
        partial(figures.draw_by_class, kind="grad_cam"),
        "Grad-CAM of the true class, each map divided by its mean. Below, pixels in "
        "which a class differs from the others, each by itself at 95 %.",
    )
    yield (
        partial(figures.draw_by_class, kind="occlusion"),
        "Fall of the true class's score under black squares of a quarter of the side, "
        "on correctly read faces.",
    )
    if "masking.same_without" in found.numbers:
        yield (
            figures.draw_masking,
            "Mean over channels before and after each mask, and what the mask adds.",
        )
    if "regions.theta" in found.numbers:
        yield figures.draw_regions, "RAMN's weights of its regions."
    if "window.corners" in found.numbers:
        yield (
            figures.draw_windows,
            "Mean window of the transformer; bars are standard deviations over faces.",
        )
    if "branches.map" in found.maps:
        yield figures.draw_branches, "Grad-CAM of each branch by itself."
    if "landmarks.before" in found.numbers:
        names = {"before": "before tuning", "after": "after", "mean_face": "mean face"}
        names = {f"landmarks.{name}": called for name, called in names.items()}
        label = "coordinate error (share of the side)"
        yield (
            partial(figures.draw_columns, names=names, ylabel=label),
            "Landmarks by the original heads, on faces that dlib's detector finds.",
        )


def accuracy_box(found: Analysis) -> Table:
    """How well the network reads the very faces that its maps are means of."""
    told, content = found.content["accuracy"], found.content
    rows = {
        f"all of {content['split']}": told["split"],
        "the faces here": told["faces"],
    }
    rows |= dict(zip(found.classes, told["classes"], strict=True))
    landmarks = f"{content['landmarks_trusted']:,} of the faces"
    own = (
        "their own landmarks" if content["own_landmarks"] else "a face that dlib finds"
    )
    return table(
        f"{_called(content)} on "
        f"{dataset_name(content['dataset'])}, {protocol_name(content['protocol'])}",
        rows.items(),
        {
            "Faces": lambda row: row[0],
            "Read correctly, 95 % interval": lambda row: (
                percent(row[1]) if row[1]["n"] else "no face"
            ),
        },
        note="The faces here are chosen by a hash of their pixels, of each class as "
        f"many as of the others where there are enough. {landmarks} have {own}; heat "
        "is measured on these. Classes that few people show lie on the mean face of "
        "all.",
    )


def heat_box(found: Analysis) -> Table:
    """Heat of Grad-CAM near each facial part, beside its controls."""

    def told(name: str, column: int) -> str:
        means = found.numbers[f"heat.{name}"].means
        return _interval(means.mean[-1, column], means.reach[-1, column], 2)

    columns = {"Part": lambda part: part}
    for name, called in _HEAT.items():
        n = f"n = {found.numbers[f'heat.{name}'].means.n[-1]:,}"
        columns[f"{called}, {n}"] = lambda part, name=name: told(
            name, list(FIVE_PARTS).index(part)
        )
    return table(
        "Heat of Grad-CAM near the landmarks of each part, 95 % interval",
        FIVE_PARTS,
        columns,
        note="A map is divided by its mean, so that 1 is what the area's share would "
        "give. All columns but the second are of correctly read faces.",
    )


def own_box(found: Analysis) -> Table | Sentence:
    """What the network alone was asked, over all faces and by class.

    Corners of a window are drawn; as numbers they say less than its transform.
    """
    rows = []
    for name, one in found.numbers.items():
        if name.startswith(("heat.", "window.corners")) or UNTRAINED in name:
            continue
        control = found.numbers.get(name + UNTRAINED)
        columns = one.columns or ("",)
        rows += [
            {
                "Measure": cell(_words(name), column),
                "All faces, 95 % interval": _interval(*_of(one, k)),
                "Lowest and highest class": _ends(found, one, k),
                "95 % of the faces lie in": _quantiles(one, k),
                "n": f"{one.means.n[-1]:,}",
                "Untrained network": _interval(*_of(control, k)) if control else "",
            }
            for k, column in enumerate(columns)
        ]
    empty = "This network has nothing of its own to ask."
    caption = "What this network alone can be asked"
    return table(caption, rows, empty=empty, folded=True)


def _called(content: Mapping) -> str:
    known = NETWORKS.get(content["network"])
    return known.NAME if known else content["network"]


def _words(name: str) -> str:
    return name.replace(".", ": ").replace("_", " ")


def _of(one: Numbers, column: int) -> tuple[float, float]:
    means = one.means
    flat = (values.reshape(len(means.n), -1) for values in (means.mean, means.reach))
    mean, reach = (values[-1, column] for values in flat)
    return float(mean), float(reach)


def _interval(mean: float, reach: float, digits: int = 3) -> str:
    if not np.isfinite(mean):
        return "no face"
    if not np.isfinite(reach):
        return f"{mean:.{digits}f}, one face"
    low, high = mean - reach, mean + reach
    return f"{mean:.{digits}f}\n {low:.{digits}f} to {high:.{digits}f}"


def _ends(found: Analysis, one: Numbers, column: int) -> str:
    means = one.means.mean[:-1].reshape(len(found.classes), -1)[:, column]
    if np.isnan(means).all():
        return ""
    ends = (int(np.nanargmin(means)), int(np.nanargmax(means)))
    return ", ".join(f"{found.classes[k]} {means[k]:.3f}" for k in ends)


def _quantiles(one: Numbers, column: int) -> str:
    values = one.quantiles[-1].reshape(one.quantiles.shape[1], -1)[:, column]
    return f"{values[0]:.3f} to {values[-1]:.3f}" if np.isfinite(values).all() else ""
