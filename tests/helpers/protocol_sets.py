"""Face sets with the structure and the published counts of the real ones.

The pixels of a face are its number, so that it can be followed.
"""

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.published import PUBLISHED
from fer_lib.expressions import EXPRESSIONS, FERPLUS_COLUMNS

NEUTRAL = EXPRESSIONS.index("neutral")
CONTEMPT = EXPRESSIONS.index("contempt")
# CK+'s 327 labelled sequences by expression.
CKPLUS_SEQUENCES = [
    n // 3 for n in PUBLISHED["ckplus"].counts["last three frames"]["All"]
]


def made(name, labels, splits="All", **columns) -> FaceSet:
    """Faces that show their own number in four bytes."""
    labels = np.asarray(labels, dtype=np.int64)
    numbers = np.arange(len(labels), dtype=np.uint32)
    return FaceSet(
        name,
        numbers.view(np.uint8).reshape(-1, 1, 2, 2),
        labels,
        np.broadcast_to(np.asarray(splits), len(labels)).copy(),
        "made here",
        **columns,
    )


def numbers(faces: FaceSet) -> list[int]:
    """Which faces of the made set these are."""
    return (
        np.ascontiguousarray(faces.images).reshape(-1, 4).view(np.uint32)[:, 0].tolist()
    )


def ckplus(people=118, counts=tuple(CKPLUS_SEQUENCES), frames=8, seed=0, name="ckplus"):
    """Recordings of which the first frame and the last three are loaded.

    Every person has a recording at least; numbers of people have gaps.
    """
    rng = np.random.default_rng(seed)
    shown = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    who = np.r_[np.arange(people), rng.integers(0, people, len(shown) - people)]
    who = 5 + 3 * rng.permutation(who)
    turn = np.arange(len(shown))
    places = np.array([0, frames - 3, frames - 2, frames - 1])
    labels = np.repeat(shown[:, None], 4, 1)
    labels[:, 0] = NEUTRAL
    return made(
        name,
        labels.ravel(),
        subjects=np.repeat(who, 4),
        sequences=np.repeat(1000 * who + turn, 4),
        extra={
            "frame": np.tile(1 + places, len(shown)),
            "from_end": np.tile(frames - 1 - places, len(shown)),
        },
    )


def oulu(people=80):
    who, shown, from_end = np.indices((people, 6, 3)).reshape(3, -1)
    return made(
        "oulu",
        shown,
        subjects=who + 1,
        sequences=10 * (who + 1) + shown,
        extra={"frame": 9 - from_end, "from_end": from_end},
    )


def jaffe(counts=PUBLISHED["jaffe"].counts["all images"]["All"], name="jaffe"):
    """Ten women, about three shots of each expression."""
    labels = np.repeat(np.arange(8), counts)
    subjects = np.concatenate([np.arange(n) % 10 for n in counts])
    return made(name, labels, subjects=subjects)


def ferg(n=55_767, name="ferg"):
    number = np.arange(n)
    return made(name, number % 7, subjects=number // 7 % 6)


def official(name, **counts):
    """A set with splits of its own, in which the classes have these counts."""
    labels = [np.repeat(np.arange(len(c)), c) for c in counts.values()]
    splits = np.repeat(list(counts), [len(some) for some in labels])
    rng = np.random.default_rng(0)
    labels = np.concatenate([rng.permutation(some) for some in labels])
    return made(name, labels, splits)


def rafdb():
    return official("rafdb", **PUBLISHED["rafdb"].counts["aligned faces"])


def affectnet(train=(90, 30, 40, 300, 95, 70, 200, 25), val=(20,) * 8):
    return official("affectnet", train=train, val=val)


def sfew():
    """958 and 436 faces; how many a class has is made up."""
    train = (178, 66, 98, 198, 172, 96, 150)
    val = (77, 23, 47, 73, 73, 57, 86)
    return official("sfew", train=train, val=val)


def fer2013(counts=(400, 60, 60), seed=0):
    """Votes of ten raters that are clear, split and wild in equal numbers."""
    rng = np.random.default_rng(seed)
    n = sum(counts)
    alpha = np.array([[0.1], [0.4], [1.0]])[rng.integers(0, 3, n)]
    shares = rng.gamma(np.broadcast_to(alpha, (n, len(FERPLUS_COLUMNS)))) + 1e-9
    votes = rng.multinomial(10, shares / shares.sum(1, keepdims=True))
    return made(
        "fer2013",
        rng.integers(0, 7, n),
        np.repeat(["Training", "PublicTest", "PrivateTest"], counts),
        votes=votes,
        extra={"ferplus_named": rng.random(n) > 0.1},
    )


def own_folder(train=(0, 0, 0, 40, 25, 0, 30), test=(0, 0, 0, 6, 5, 0, 9), **more):
    """A reader's folder of three classes."""
    return official("folder", train=train, test=test, **more)


SETS = {
    "official": fer2013,
    "ferplus": fer2013,
    "ckplus": ckplus,
    "oulu": oulu,
    "jaffe": jaffe,
    "ferg": lambda: ferg(1500),
    "rafdb": rafdb,
    "affectnet": affectnet,
    "sfew": sfew,
    "folder": own_folder,
}


def set_for(protocol: str) -> FaceSet:
    """A made set that a protocol is about."""
    return SETS[protocol.partition("_")[0]]()
