"""Numbers in the chapters' sentences are the papers', spelt as they print them."""

import json
import re
from functools import cache

import pytest
from papermill.iorw import load_notebook_node

from ferbook.ledger.claim_files import load_all_claims
from ferbook.papers import PAPERS
from ferbook.site.notebooks import chapter_notebooks
from ferbook.site.prepared_notebooks import paper_of

# Code, mathematics, targets of links and names of papers hold none.
_NO_SENTENCE = re.compile(
    r"`[^`]*`|\$\$.*?\$\$|\$[^$]+\$|\]\([^)]*\)|(doi|arXiv):\S+", re.DOTALL
)
# With a unit, with decimals, or so large that it has a comma.
_NUMBER = re.compile(
    r"(?<![\w.,:])(\d+\.\d+|\d{1,3}(?:,\d{3})+"
    r"|\d+(?=\s?(?:%|per cent|points|MB|GFLOP)))"
)
_PLACE = re.compile(r"\b(sections?|Sections?|issue)\s+[\d.]+")
# Numbers of the chapters' own, with what they are.
OWN = {
    "02_faces": {
        "95": "size of intervals",
        "4,000": "AffectNet's validation faces with contempt",
        "3,500": "without it",
    },
    "03_deep_emotion": {
        "1,000": "the localisation network's features, counted",
        "0.05": "deviation of the paper's start, the variant paper_start",
        "3,574": "FER+'s seven-way test faces, as FER+ counts them",
    },
    "05_ramn": {
        "0.8": "side of the centre box",
        "0.7": "least scale of Figure 3(b)",
        "1.2": "largest scale of Figure 3(b)",
        "0.1": "an example",
        "0.9": "an example",
    },
    "06_diversified_esr": {"3,199": "FER+'s validation faces"},
    "07_diversified_manet": {
        "0.4": "1 - lambda",
        "5,000": "of a class, in the authors' code",
        "287,568": "AffectNet's training faces, as the paper names them",
    },
    "08_part_ensemble": {
        "68": "landmarks",
        "6": "our nearness, in % of the side",
        "4.27": "SFEW's gain over the mean, of Table I",
    },
    "12_your_face": {"68": "landmarks"},
    "10_verdict": {
        "95": "size of intervals",
        "12": "an exercise's assumption",
        "74": "an exercise's assumption",
    },
}
SIZES = {"3,589", "3,573", "3,859", "35,886", "35,887"}  # FER2013, and slips


def numbers(text):
    """Numbers of a chapter's sentences, as they are spelt."""
    plain = _PLACE.sub(" ", _NO_SENTENCE.sub(" ", text))
    return _NUMBER.findall(plain)


def sentences(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    prose = [cell for cell in cells if cell["cell_type"] == "markdown"]
    return "\n\n".join("".join(cell["source"]) for cell in prose)


@cache
def printed():
    """All numbers that the claims' files hold, by paper."""
    found = {}
    for told in load_all_claims():
        words = [entry.value for entry in (*told.claims, *told.quotes)]
        words += [f"{c.says} {json.dumps(c.data)} {c.n or ''}" for c in told.claims]
        found[told.paper] = set(re.findall(r"\d+(?:[.,]\d+)*", " ".join(words)))
    return found


def settings_of(paper):
    """Values that the paper's recipe states, as numbers are written."""
    values = PAPERS[paper].make_config("paper").flat().values()
    told = [f"{value:.6f}" for value in values if isinstance(value, float)]
    return {number.rstrip("0").rstrip(".") for number in told}


def known(path):
    paper = paper_of(load_notebook_node(str(path)))
    if paper:
        told = printed()[paper] | settings_of(paper)
    else:
        told = set().union(*printed().values())
    return told | SIZES | set(OWN.get(path.stem, {}))


@pytest.mark.parametrize("path", chapter_notebooks(), ids=lambda path: path.stem)
def test_every_number_is_a_claims_or_explained(path):
    unknown = [n for n in numbers(sentences(path)) if n not in known(path)]
    assert not unknown, f"{path.stem}: spelt otherwise in book/claims, or not there"


@pytest.mark.parametrize("stem", OWN)
def test_no_explanation_is_left_over(stem):
    (path,) = (path for path in chapter_notebooks() if path.stem == stem)
    assert set(OWN[stem]) <= set(numbers(sentences(path)))


def test_a_slip_would_be_found():
    (path,) = (p for p in chapter_notebooks() if p.stem == "04_residual_masking")
    assert "142.9" in known(path) and "142.8" not in known(path)
    assert "74.14" in known(path) and "74.41" not in known(path)
