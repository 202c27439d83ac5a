"""What a network looks at in photographs, in a sentence, by its analysis."""

from collections.abc import Callable

import numpy as np

from fer_lib.landmarks import FIVE_PARTS
from ferbook.analysis.record import Analysis


def listed(names: list[str]) -> str:
    """Names in a row: one, two and three."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def looks_at(found: Analysis) -> tuple[str, str]:
    """Which part of a face holds more heat than another face's landmarks explain."""
    less = found.numbers["heat.less_other_face"].means
    more, reach, n = less.mean[-1], less.reach[-1], less.n[-1]
    heat = found.numbers["heat.right"].means.mean[-1]
    above = [k for k in np.argsort(-more) if more[k] - reach[k] > 0]
    if not above:
        return (
            "In photographs its Grad-CAM holds no more heat near any part of the "
            "face than near the landmarks of another face.",
            f"n = {n:,} photographs read correctly.",
        )
    parts = [f"the {list(FIVE_PARTS)[k]}" for k in above]
    first = above[0]
    most = f", most near {parts[0]}" if len(parts) > 1 else ""
    return (
        "In photographs its Grad-CAM is hotter than by chance near "
        f"{listed(parts)}{most}.",
        f"{heat[first]:.2f} times the mean heat; {more[first]:.2f} "
        f"({more[first] - reach[first]:.2f} to {more[first] + reach[first]:.2f}) more "
        f"than near another face's landmarks; n = {n:,} photographs read correctly.",
    )


def fixed_window(found: Analysis) -> tuple[str, str]:
    """Whether the transformer's window depends on the expression."""
    corners = found.numbers["window.corners"].means
    classes = corners.mean[:-1]  # not a number where a class has no face
    moved = 100 * (np.nanmax(classes, 0) - np.nanmin(classes, 0)).max()
    turned = found.numbers["window.transform"]
    angle = turned.means.mean[-1, turned.columns.index("rotation")]
    words = (
        "Its transformer looks at nearly the same window for every expression."
        if moved < 100 * _NEARLY
        else "The window of its transformer depends on the expression."
    )
    return (
        words,
        f"From class to class its mean corners move by {moved:.1f} % of the side at "
        f"most; it turns by {angle:.0f} degrees; n = {corners.n[-1]:,}.",
    )


def plain_mean(found: Analysis) -> tuple[str, str]:
    """Whether the weights of the regions differ enough to weigh anything."""
    theta = found.numbers["regions.theta"].means
    shares = 100 * theta.mean / theta.mean.sum(1, keepdims=True)
    even = 100 / shares.shape[1]
    least, most = shares[:-1].min(), shares[:-1].max()
    words = (
        "Its attention weighs all regions nearly alike: it takes a plain mean."
        if max(most - even, even - least) < _NEARLY * even
        else "Its attention prefers some regions to others."
    )
    return (
        words,
        f"A region's share is {least:.1f} to {most:.1f} % in the mean of a class, "
        f"{even:.1f} % would be no preference; n = {theta.n[-1]:,}.",
    )


def same_without_masks(found: Analysis) -> tuple[str, str]:
    """How many answers stay where constants stand in place of the masks."""
    one = found.numbers["masking.same_without"].means
    *classes, mean = 100 * one.mean.ravel()
    return (
        f"With constants in place of its masks it answers {mean:.0f} % of photographs "
        "as before.",
        f"{np.nanmin(classes):.0f} to {np.nanmax(classes):.0f} % by class; "
        f"n = {one.n[-1]:,}.",
    )


def same_for_all(found: Analysis) -> tuple[str, str]:
    """Whether two branches agree on one face more than on two."""
    one = found.numbers["branches.agreement"].means
    two = found.numbers["branches.agreement.other_face"].means
    alike, other = (float(x.mean[-1].squeeze()) for x in (one, two))
    reach = float(one.reach[-1].squeeze() + two.reach[-1].squeeze())
    words = (
        "Its branches agree on where to look, face by face."
        if alike - other > max(reach, _LITTLE)
        else "Where its branches look hardly depends on the face: two of them agree "
        "on one face no more than on two."
    )
    return (
        words,
        f"Grad-CAM of two branches correlates by {alike:.2f} on one face, by "
        f"{other:.2f} on two different faces; n = {one.n[-1]:,} photographs.",
    )


def who_decides(found: Analysis) -> tuple[str, str]:
    """Whether the quarters or the whole face reads more, each by itself."""
    right = found.numbers["branches.correct"].means
    (local, whole), reach = right.mean[-1], right.reach[-1].max()
    if abs(local - whole) <= reach:
        words = "Its quarters alone read as many faces as the whole face alone."
    else:
        first, second = ("quarters", "whole face")[:: 1 if local > whole else -1]
        words = f"Its {first} alone read more faces than its {second} alone."
    return (
        words,
        f"Quarters {100 * local:.1f} %, the whole {100 * whole:.1f} %, each within "
        f"{100 * reach:.1f} points; n = {right.n[-1]:,} photographs.",
    )


def unlearned_landmarks(found: Analysis) -> tuple[str, str]:
    """Whether the old heads still find the landmarks after fine-tuning."""
    after = found.numbers["landmarks.after"]
    nobody = found.numbers["landmarks.mean_face"].means.mean[-1]
    worse = [
        f"the {name}"
        for name, error, mean in zip(
            after.columns, after.means.mean[-1], nobody, strict=True
        )
        if error > mean
    ]
    parts = listed(worse) if 0 < len(worse) < len(nobody) else "every part"
    words = (
        "Fine-tuning for expressions unlearns the landmarks: its old heads then place "
        f"{parts} worse than the same points for everybody."
        if worse
        else "After fine-tuning its old heads still find all landmarks better than the "
        "same points for everybody."
    )
    before = found.numbers["landmarks.before"].means.mean[-1]
    return (
        words,
        f"Mean error {100 * before.mean():.1f} % of the side before, "
        f"{100 * after.means.mean[-1].mean():.1f} % after, "
        f"{100 * nobody.mean():.1f} % for the mean face; n = "
        f"{after.means.n[-1]:,} photographs.",
    )


_LITTLE = 0.02  # of a correlation: two that differ by less are called alike
_NEARLY = 0.1  # as a share: means that differ by less are called nearly alike
OWN: dict[str, Callable[[Analysis], tuple[str, str]]] = {
    "deep_emotion": fixed_window,
    "ramn": plain_mean,
    "residual_masking": same_without_masks,
    "diversified_esr": same_for_all,
    "diversified_manet": who_decides,
    "part_ensemble": unlearned_landmarks,
}
