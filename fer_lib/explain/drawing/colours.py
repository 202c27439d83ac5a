"""Colours that mean the same in every explanation."""

# The five facial parts.  The hues are those of Figure 4 of R. Wadhawan,
# T. K. Gandhi (see :mod:`fer_lib.models.part_ensemble`), as the members of
# Okabe and Ito's palette that readers with any colour vision tell apart.
PART_COLOURS = {
    "eyebrows": "#0072B2",  # blue
    "eyes": "#009E73",  # green
    "nose": "#56B4E9",  # light blue
    "mouth": "#D55E00",  # red
    "jaw": "#CC79A7",  # pink
}
# So that colour is never the only thing that tells them apart.
PART_MARKERS = {"eyebrows": "^", "eyes": "s", "nose": "D", "mouth": "o", "jaw": "v"}

MARK = "#E69F00"  # windows and boxes on grey faces
SEQUENTIAL = "cividis"  # zero and more
DIVERGING = "PuOr_r"  # two signs, white at zero


def part_colour(name: str) -> str:
    """Colour of a part; black for what is none, as the union of five."""
    return PART_COLOURS.get(name, "#000000")
