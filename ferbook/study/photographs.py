"""Planted shortcuts on photographs: do rendered faces foretell them?

The networks that come with the library learn on, from FER2013's photographs in
which a striped square can stand in each corner, each tied to one expression.
So a part of the evidence is known on photographs, too: how much of a map lies
on the square that betrays the answer?  Two scores need no truth: whether maps
change when weights are drawn anew, and whether two trainings get the same maps.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fer_lib.data import load
from fer_lib.data.faceset import FaceSet
from fer_lib.data.fitted_landmarks import annotated
from fer_lib.data.protocols import split
from fer_lib.errors import FerError
from fer_lib.evaluation.inference import predict
from fer_lib.explain.benchmark import resized
from fer_lib.explain.scoring.agreement import rank_agreement
from fer_lib.explain.scoring.localisation import relevance_mass
from fer_lib.expressions import EXPRESSIONS
from fer_lib.models.network import Network
from fer_lib.models.saved import load as finished
from fer_lib.photos.detection import find_faces
from fer_lib.photos.images import as_picture
from fer_lib.rendered.cues import mark_place, marked
from ferbook.runs.predictions import face_ids
from ferbook.study.cell import METHOD_ROWS, all_maps, of_weights_anew, table
from ferbook.study.learning import fit
from ferbook.study.networks import learners
from ferbook.study.settings import Cell, Photographs, Settings

PROTOCOL = "ferplus_majority7"
FITTED_ON = 200  # training faces whose landmarks the decoys know
SEEDS = (0, 1)  # the second one of fair networks alone, for agreement


@dataclass(frozen=True, eq=False)
class Chosen:
    """Photographs: to learn from, and to explain, with landmarks and marks."""

    train: FaceSet
    test: FaceSet  # of the tied expressions, as many of each; all with a face
    training: np.ndarray  # landmarks [n, 68, 2] of training faces
    set: np.ndarray  # bool [N, 4]: which marks test faces have; chance decides


@lru_cache(maxsize=1)
def chosen(root: str, settings: Photographs) -> Chosen:
    """The photographs of a plan, which a hash of their pixels chooses.

    Test faces are those in which dlib's detector finds a face, as its
    landmarks answer on any picture.

    Raises:
        FerError: where there are too few.
    """
    parts = split(load("fer2013", root), PROTOCOL)
    train = _first(parts.train, settings.learned)
    each = settings.tested // len(settings.tied)
    rows = [_with_faces(parts.test, label, each) for label in labels_of(settings)]
    test = annotated(parts.test.select(np.concatenate(rows)))
    training = annotated(train.select(np.arange(FITTED_ON))).landmarks
    set_ = np.random.default_rng(1).random((len(test), len(settings.tied))) < 0.5
    return Chosen(train, test, training, set_)


def labels_of(settings: Photographs) -> np.ndarray:
    """The label that each corner's mark is tied to."""
    return np.array([EXPRESSIONS.index(name) for name in settings.tied])


def corners(size: int) -> np.ndarray:
    """Pixels ``bool [4, size, size]`` of the marks, the lower two first."""
    place = mark_place(size)
    return np.stack([place, place[:, ::-1], place[::-1], place[::-1, ::-1]])


def with_marks(images: np.ndarray, set_: np.ndarray) -> np.ndarray:
    """Pictures ``uint8 [N, 1, S, S]`` with the marks that are set, ``bool [N, 4]``."""
    size, found = images.shape[-1], images.copy()
    stripes = (255 * marked(np.zeros((size, size)), {"mark": True})).astype(np.uint8)
    drawn = (stripes, stripes[:, ::-1], stripes[::-1], stripes[::-1, ::-1])
    for corner, (place, mark) in enumerate(zip(corners(size), drawn, strict=True)):
        with_it = np.where(place, mark, found[:, 0])
        found[:, 0] = np.where(set_[:, corner, None, None], with_it, found[:, 0])
    return found


def measured_photographs(
    cell: Cell, root: str, settings: Settings
) -> dict[str, np.ndarray]:
    """Everything that is kept of a cell on photographs, by name; P faces.

    ``cue_mass``, ``[rows, P]``, on the place of the mark that is tied to a
    face's expression, and ``cue_effect``, ``[P]``, what setting it adds to the
    expression's log-odds; of fair networks ``randomised`` and ``seeds``, agreement
    with maps of weights drawn anew and of the second training.
    """
    told = chosen(root, settings.photographs)
    network = learn_on(cell, SEEDS[0], told.train, settings)
    test = replace(told.test, images=with_marks(told.test.images, told.set))
    corner = _corner(test.labels, settings.photographs)
    place = corners(test.images.shape[-1])[corner]
    maps = all_maps(network, test, test.labels, told.training, place.astype(np.float32))
    masses = {
        name: {"cue_mass": relevance_mass(resized(one, place.shape[-1]), place)}
        for name, one in maps.items()
    }
    found = {"task": corner, "face": np.arange(len(test))}
    found |= table(masses, len(test))
    found |= {"read": predict(network, test.images).argmax(1) == test.labels}
    found["cue_effect"] = _effect(network, told, corner)
    if cell.strength == 0.5:
        other = learn_on(cell, SEEDS[1], told.train, settings)
        again = all_maps(other, test, test.labels, told.training, maps["truth"])
        named = [name for name in METHOD_ROWS if name in maps]
        seeds = {n: {"seeds": rank_agreement(maps[n], again[n])} for n in named}
        found |= table(seeds, len(test))
        asked = (network, test, test.labels, maps, settings.stages)
        found |= table(of_weights_anew(*asked, like=test.images), len(test))
    return found


def learn_on(cell: Cell, seed: int, faces: FaceSet, settings: Settings) -> Network:
    """A network of the library that has learned on, from marked photographs."""
    own = settings.photographs
    network, rng = finished(cell.network), np.random.default_rng(settings.population)
    tied = faces.labels[:, None] == labels_of(own)
    set_ = tied == (rng.random(tied.shape) < cell.strength)
    unit = network.input.to_unit(with_marks(faces.images, set_))
    labels = torch.as_tensor(faces.labels)

    def loss(rows: Tensor, x: Tensor) -> Tensor:
        told = learners(network(x)).float()  # [B, learners, classes]
        wanted = labels[rows][:, None].expand(told.shape[:2])
        return F.cross_entropy(told.flatten(0, 1), wanted.flatten())

    network.requires_grad_(True)
    recipe = (max(1, round(own.epochs * settings.epochs)), own.rate)
    fit(network, unit, loss, list(network.parameters()), recipe, seed, settings)
    return network.eval()


def _corner(labels: np.ndarray, settings: Photographs) -> np.ndarray:
    """Which mark is tied to each label, ``int64 [N]``."""
    return (labels[:, None] == labels_of(settings)).argmax(1)


def _effect(network: Network, told: Chosen, corner: np.ndarray) -> np.ndarray:
    """Log-odds of each face's expression with its mark less those without."""
    rows, said = np.arange(len(corner)), []
    for present in (True, False):
        set_ = told.set.copy()
        set_[rows, corner] = present
        scores = torch.as_tensor(predict(network, with_marks(told.test.images, set_)))
        shares = scores.double().log_softmax(1)[rows, told.test.labels]
        said.append((shares - torch.log1p(-shares.exp())).numpy())
    return said[0] - said[1]


def _first(faces: FaceSet, count: int) -> FaceSet:
    """So many faces, the first by the hash of their pixels."""
    if len(faces) < count:
        raise FerError(
            f"{faces.name}: {len(faces)} photographs to learn from, expected {count} "
            "or more; name the folder of the whole FER2013 with --root."
        )
    return faces.select(np.argsort(face_ids(faces), kind="stable")[:count])


def _with_faces(faces: FaceSet, label: int, count: int) -> np.ndarray:
    """Rows of so many photographs of a class in which a face is found."""
    order = np.argsort(face_ids(faces), kind="stable")
    found = []
    for row in order[faces.labels[order] == label]:
        if len(found) == count:
            break
        if find_faces(as_picture(faces.images[row])):
            found.append(row)
    if len(found) < count:
        raise FerError(
            f"{faces.name}: a face is found in {len(found)} photographs of "
            f"'{EXPRESSIONS[label]}', expected {count}; name the folder of the whole "
            "FER2013 with --root."
        )
    return np.array(found)
