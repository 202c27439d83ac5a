"""The label order of the book, and the names of expressions in the field.

Seven classes are a prefix of eight, so a label means the same in both.
FER2013 numbers its seven exactly as the book does.
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

# Other names that data sets and people give them.
SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "afraid": "fear",
    "fearful": "fear",
    "frightened": "fear",
    "scared": "fear",
    "happiness": "happy",
    "joy": "happy",
    "joyful": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "suprise": "surprise",  # spelt so in a common copy of FER+
    "natural": "neutral",
    "contemptuous": "contempt",
}

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


def expression_index(name: str) -> int:
    """Label of an expression name, 0-7; ``ValueError`` when unknown."""
    return EXPRESSIONS.index(name)


def label_of(name: str) -> int | None:
    """Label of an expression by any of its names, in any case; None if unknown.

    >>> label_of("Happiness"), label_of("surprised"), label_of("bored")
    (3, 5, None)
    """
    name = name.strip().lower()
    name = SYNONYMS.get(name, name)
    return EXPRESSIONS.index(name) if name in EXPRESSIONS else None


def label_of_seven(name: str) -> int | None:
    """The same of the seven expressions without contempt."""
    label = label_of(name)
    return label if label is not None and label < 7 else None
