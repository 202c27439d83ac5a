"""The label order of the book and the maps of the data sets to it.

Seven classes are a prefix of eight, so a label means the same in both.
"""

EXPRESSIONS = (
    "angry",
    "disgust",
    "fear",
    "happy",
    "sad",
    "surprise",
    "neutral",
    "contempt",
)

# FER2013 numbers its classes exactly as the book does.
FER2013_TO_BOOK = (0, 1, 2, 3, 4, 5, 6)

# The ten vote columns of fer2013new.csv, in the file's own order.
FERPLUS_COLUMNS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)

# FERPLUS_TO_BOOK[column] is the label of a vote column; the last two
# columns ("unknown", "NF" for not a face) have no label.
FERPLUS_TO_BOOK = (6, 3, 5, 4, 0, 1, 2, 7)

# The class names of Deep-Emotion's confusion matrices (its Figures 8-10),
# in their printed order.
DEEP_EMOTION_ORDER = (0, 1, 2, 3, 6, 4, 5)


def expression_index(name: str) -> int:
    """Label of an expression name, 0-7; ``ValueError`` when unknown."""
    return EXPRESSIONS.index(name)
