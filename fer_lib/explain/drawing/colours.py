"""Colours that mean the same in every figure."""

# Okabe and Ito's palette, told apart by readers with any colour vision.
COLOURS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
    "black": "#000000",
}
# The five facial parts, in the hues of Figure 4 of R. Wadhawan, T. K. Gandhi
# (see :mod:`fer_lib.models.part_ensemble`).
PART_COLOURS = {
    "eyebrows": COLOURS["blue"],
    "eyes": COLOURS["green"],
    "nose": COLOURS["sky"],
    "mouth": COLOURS["vermilion"],
    "jaw": COLOURS["purple"],
}
# So that colour is never the only thing that tells them apart.
PART_MARKERS = {"eyebrows": "^", "eyes": "s", "nose": "D", "mouth": "o", "jaw": "v"}

MARK = COLOURS["orange"]  # windows and boxes on grey faces
SEQUENTIAL = "cividis"  # zero and more
DIVERGING = "PuOr_r"  # two signs, white at zero


def part_colour(name: str) -> str:
    """Colour of a part; black for what is none, as the union of five."""
    return PART_COLOURS.get(name, COLOURS["black"])
