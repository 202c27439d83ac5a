"""The rendered corpora of the chapters on data, and how sets code expressions."""

from collections.abc import Mapping

from fer_lib.data import load
from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources import affectnet, ckplus, jaffe, rafdb
from fer_lib.expressions import EXPRESSIONS, FERPLUS_COLUMNS, FERPLUS_TO_BOOK

# Sizes of the rendered corpora: a minute of two cores, or many.
PRESETS: dict[str, dict[str, dict]] = {
    "smoke": {
        "wild": {},
        "lab": {"size": 64, "frames": 5},
        "shots": {"size": 64, "subjects": 10},
        "stylised": {"size": 64, "takes": 10},
    },
    "student": {
        "wild": {"train": 8000, "public": 2000, "private": 2000},
        "lab": {"size": 64, "subjects": 100},
        "shots": {"size": 64, "subjects": 10, "frames": 4},
        "stylised": {"size": 64, "takes": 60},
    },
}
_OF = {
    "wild": {"corpus": "wild"},
    "lab": {"corpus": "lab", "structure": "ckplus"},
    "shots": {"corpus": "lab", "structure": "jaffe"},
    "stylised": {"corpus": "stylised"},
}
LIKE = {"wild": "FER2013", "lab": "CK+", "shots": "JAFFE", "stylised": "FERG"}


def corpus(name: str, preset: str, seed: int = 0) -> FaceSet:
    """A rendered corpus, one of ``LIKE``, at one of ``PRESETS``."""
    return load("rendered", seed=seed, **_OF[name], **PRESETS[preset][name])


def label_rows() -> list[dict]:
    """The code of each expression in each data set, as its files have it."""
    orders: dict[str, Mapping] = {
        "FER2013": {name: code for code, name in enumerate(EXPRESSIONS[:7])},
        "FER+ column": {
            EXPRESSIONS[k]: f"{column} {FERPLUS_COLUMNS[column]}"
            for column, k in enumerate(FERPLUS_TO_BOOK)
        },
        "CK+": {name: code for code, name in enumerate(ckplus.CODES)},
        "JAFFE": {name: code for code, name in jaffe.CODES.items()},
        "RAF-DB": {name: code for code, name in enumerate(rafdb.CODES, 1)},
        "AffectNet": {name: code for code, name in enumerate(affectnet.CODES)},
    }
    return [
        {"this book": f"{label} {name}"}
        | {title: order.get(name, "-") for title, order in orders.items()}
        for label, name in enumerate(EXPRESSIONS)
    ]
