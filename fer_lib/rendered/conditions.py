"""How pictures are taken: the knobs that make rendered faces hard."""

from dataclasses import dataclass, fields, replace

import numpy as np

from fer_lib.errors import FerError

# Highest sensible value of each knob; the lowest is 0.
_LIMITS = {
    "yaw": 90, "pitch": 45, "roll": 90, "strength": 2, "distractors": 3,
    "occluded": 1, "shift": 1, "zoom": 4, "side_light": 5, "background": 1,
    "blur": 5, "exposure": 3, "grain": 1, "jpeg": 95, "drift": 5,
    "stylised": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Conditions:
    """How pictures are taken; none of it depends on the expression.

    Pairs are the lowest and the highest value of a uniform draw.

    Attributes:
        yaw, pitch, roll: standard deviations of the head's pose in degrees;
            normal deviates, cut at 2.5 of them.
        strength: of the expression; 1 is a clear one, 0 a neutral face.
        distractors: factor on gaze, blinks and idle movements.
        occluded: share of faces with something in front.
        shift: standard deviation of the face's place, share of half a side.
        zoom: magnification.
        side_light: standard deviation of the lamp's direction sideways.
        background: whether it is a blurred room instead of a grey wall.
        blur: largest standard deviation of the lens's blur, in pixels of a
            picture of 48 pixels.
        exposure: factor on the spread of contrast and brightness.
        grain: standard deviation of the noise, share of full white.
        jpeg: quality of JPEG compression, 1 to 95; (0, 0) is none.
        drift: how fast the head turns during a sequence: standard deviation
            of the degrees a frame at its beginning, about each axis.
        stylised: whether drawn characters in flat tones pose, not people.

    Raises:
        FerError: when a value is out of range.
    """

    yaw: float = 15.0
    pitch: float = 7.0
    roll: float = 6.0
    strength: tuple[float, float] = (0.5, 1.1)
    distractors: float = 1.0
    occluded: float = 0.12
    shift: float = 0.05
    zoom: tuple[float, float] = (0.95, 1.25)
    side_light: float = 0.7
    background: bool = True
    blur: float = 0.75
    exposure: float = 1.0
    grain: tuple[float, float] = (0.004, 0.028)
    jpeg: tuple[float, float] = (0, 0)
    drift: float = 0.0
    stylised: bool = False

    def __post_init__(self):
        for knob, high in _LIMITS.items():
            given = getattr(self, knob)
            pair = np.size(getattr(type(self), knob)) == 2
            values = np.atleast_1d(given)
            fine = values.size == 1 + pair and values.dtype.kind in "biuf"
            fine = fine and 0 <= values[0] <= values[-1] <= high
            if knob == "zoom" or (knob == "jpeg" and fine and values[-1]):
                fine = fine and values[0] > 0
            if not fine:
                what = "two rising numbers" if pair else "one number"
                raise FerError(
                    f"rendered faces: {knob} is {given!r}, expected {what} "
                    f"from 0 to {high}."
                )

    def changed(self, **knobs) -> "Conditions":
        """The same but for the given knobs; ``FerError`` for unknown ones."""
        for knob in knobs:
            if knob not in _LIMITS:
                raise FerError(
                    f"rendered faces: option '{knob}' is unknown, expected "
                    f"one of {', '.join(_LIMITS)}, or of the corpus's own."
                )
        pairs = {k: tuple(v) for k, v in knobs.items() if isinstance(v, list)}
        return replace(self, **knobs | pairs)

    def to_row(self) -> np.ndarray:
        """All values in one row, ``float64 [20]``."""
        values = [getattr(self, field.name) for field in fields(self)]
        return np.hstack(values).astype(np.float64)

    @classmethod
    def from_row(cls, row: np.ndarray) -> "Conditions":
        """The conditions that :meth:`to_row` wrote."""
        left, found = list(np.asarray(row, float).tolist()), {}
        for field in fields(cls):
            if isinstance(field.default, tuple):
                found[field.name] = (left.pop(0), left.pop(0))
            else:
                found[field.name] = type(field.default)(left.pop(0))
        return cls(**found)


CLEAN = {"background": False, "blur": 0.0, "exposure": 0.0, "grain": (0.0, 0.0)}
WILD = Conditions()
STUDIO = Conditions(
    yaw=6, pitch=3, roll=2, strength=(0.9, 1.1), distractors=0.4, occluded=0,
    shift=0, zoom=(0.9, 0.9), side_light=0.35, **CLEAN,
)  # fmt: skip
LAB = Conditions(
    yaw=4, pitch=3, roll=2, strength=(0.7, 1.1), distractors=0.6, occluded=0,
    shift=0.02, zoom=(0.72, 0.82), side_light=0.4, background=False,
    blur=0.1, exposure=0, grain=(0.004, 0.01), drift=0.3,
)  # fmt: skip
STYLISED = Conditions(
    yaw=8, pitch=4, roll=3, strength=(0.8, 1.4), distractors=0.6, occluded=0,
    shift=0.02, zoom=(0.85, 0.95), side_light=0.4, stylised=True, **CLEAN,
)  # fmt: skip
CONDITIONS = {"wild": WILD, "studio": STUDIO, "lab": LAB, "stylised": STYLISED}
