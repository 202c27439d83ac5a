"""The data sheet of the benchmark's faces and records, from what the code does.

Its questions are those of T. Gebru et al., "Datasheets for Datasets",
Communications of the ACM 64(12), 2021.
"""

from fer_lib.rendered.head import load_head
from ferbook.study.faces import OPPOSITE, SPLITS, VERSION
from ferbook.study.record import records_folder
from ferbook.study.settings import SIZES, Settings

PLACE = "book/explanations_data_sheet.md"


def data_sheet(settings: Settings = SIZES["full"]) -> str:
    """The page, in Markdown."""
    head = load_head()
    return PAGE.format(
        s=settings, version=VERSION, identities=len(head.macro_names),
        units=len(head.units), cues=", ".join(settings.tied),
        test=SPLITS["Test"], pairs=len(OPPOSITE), p=settings.photographs,
        cells=len(settings.cells()) + len(settings.cells_on_photographs()),
        records=len([*records_folder().glob("*.npz")]) or "None",
    )  # fmt: skip


PAGE = """\
# Data sheet of the benchmark

What a user of the faces and records of chapter 11 should know, by the
questions of {{cite:t}}`gebru2021`. [The plan](explanations_plan.md) has the sizes
of everything, and the hash that records carry.

## Why it exists

To score heat maps where the truth is known. On photographs nobody can say which
pixels made a network answer; people's boxes say where a movement is, not what a
network goes by. A rendered face says which pixels a movement shifts, and each
movement can be taken out of it or put into it, so that the network itself can be
asked. It is not there to train networks that read people, and a high score on it
does not make a method right on photographs.

## What is in it

**Faces.** {s.train:,} to learn from for each condition and {s.test} to test, grey,
{s.size} x {s.size} pixels, each of another person. A face moves {s.shown} of
{s.movements} units of {units}, drawn evenly; {pairs} pairs of opposites never move
together. Known of each: the 68 landmarks, which units move and by how much, by how
many pixels each unit shifts each pixel, the face without each unit, a resting face
with it alone, and which of the cues {cues} are set.

**Records.** {records} of the plan's {cells} cells are recorded: a network, a condition
and a seed. A record holds the network's scores of all test faces and every score of
every map, not the maps. Where a pair was not asked about, or a score says nothing, it
is not a number.

**Photographs.** None. The part on photographs keeps numbers of {p.tested}
photographs of FER2013; who wants to repeat it needs that set.

**People.** No face is of a living person. All come from {identities} young adult
identities of one head model, mixed and varied. Skin, hair and beards vary; age hardly
does, left and right are nearly alike, and nobody wears glasses or covers the head. No
score says for whom a network, or a map, works worse.

## How it was made

Faces are drawn by `fer_lib.rendered` from a seed: {s.population} and the number of
the take, from 0 on to learn from, from {test:,} on to test. The same version of the
code gives the same faces, here version {version}. Where processors differ, the last
bits of landmarks can differ, too. Nobody labelled anything: labels are what was
drawn. The head's data are in the public domain; its licence file names their authors.

## What it is for, and what not

Score a method in ten lines with `fer_lib.explain.benchmark`, or run the whole study
with `ferbook explain`. Good uses: to see that a method beats decoys that
know no network; to compare a method before and after a change; to teach. Bad uses:
to claim that a map shows what a network felt a person meant; to rank networks that
read real faces; to train something that judges people by their faces.

**Who could be misled.** The faces are easier than photographs: frontal, one lamp,
one face. Methods that do badly here have no reason to do better there; those that
do well still have to show it.

## Distribution and upkeep

Code and plan are in this repository, and records as they are made, under its
licences: code MIT, text CC BY 4.0, head CC0. Faces are not stored but drawn again.
Records of another plan are refused beside these; a changed face raises the version,
and a test compares one with its hash. Errors are reported as issues of the repository.
"""
