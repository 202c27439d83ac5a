"""The page of the plan, and the data sheet, from what the code does.

python -m ferbook.study.plan_page
"""

from types import SimpleNamespace

from fer_lib.files import atomic_path
from ferbook.runs.paths import repository_root
from ferbook.study import data_sheet
from ferbook.study.cell import RIVALS
from ferbook.study.learning import RECIPES
from ferbook.study.movements import CHANGED, LEAST, SHIFTED, measured
from ferbook.study.networks import NAMES
from ferbook.study.plan import ALPHA, DRAWS, HYPOTHESES, LEARNED, plan_hash
from ferbook.study.report import LABELS
from ferbook.study.settings import SIZES, Settings

PLACE = "book/explanations_plan.md"


def plan_page(settings: Settings = SIZES["full"]) -> str:
    """The page of the frozen plan, from what the code does."""
    by = {one.unit: one for one in measured()}
    tasks = "\n".join(
        f"| {k} | `{unit}` | {by[unit].region} | {by[unit].side or 'both'} "
        f"| {by[unit].moved} | {_cue(settings, unit)} |"
        for k, unit in enumerate(settings.tasks, 1)
    )
    hypotheses = "\n".join(f"| {h.key} | {h.says} | {_test(h)} |" for h in HYPOTHESES)
    recipes = "\n".join(
        f"| {NAMES[name]} | {RECIPES[name][0]} | {RECIPES[name][1]:g} |"
        for name in settings.networks
    )
    strengths = ", ".join(f"{s} %" for s in settings.shortcuts)
    return PAGE.format(
        s=settings, tasks=tasks, hypotheses=hypotheses, recipes=recipes,
        strengths=strengths, cells=len(settings.cells()), hash=plan_hash(settings),
        learned=LEARNED, alpha=ALPHA, draws=DRAWS, least=LEAST, shifted=SHIFTED,
        changed=CHANGED, pairs=settings.test * settings.asked,
        rivals=", ".join(LABELS[r].removeprefix("decoy: ") for r in RIVALS),
        count=len(HYPOTHESES), p=_on_photographs(settings),
    )  # fmt: skip


def _on_photographs(settings: Settings) -> SimpleNamespace:
    """Words and sizes of the part on photographs."""
    own = settings.photographs
    words = {
        "networks": len(own.networks),
        "tied": ", ".join(own.tied),
        "strengths": " and ".join(f"{s} %" for s in own.strengths),
        "cells": len(settings.cells_on_photographs()),
    }
    return SimpleNamespace(**vars(own) | words)


def _cue(settings: Settings, unit: str) -> str:
    return next((cue for cue, tied in settings.tied.items() if tied == unit), "")


def _test(one) -> str:
    return {
        "above": f"mean `{one.score}` above that of each of: "
        + ", ".join(LABELS.get(o, o).removeprefix("decoy: ") for o in one.others),
        "parts": f"difference of its `{one.score}` margin between the two groups",
        "orders": f"Spearman of `{one.score}` with `{''.join(one.others)}` over "
        "methods, above 0.5",
        "rises": f"`{one.score}` at the largest strength less that at the smallest",
        "foretells": f"Spearman of `{one.score}` on rendered faces with the same on "
        "photographs over methods, at the largest strength, above 0.5",
    }[one.kind]


PAGE = """\
# The plan of the study

This page was frozen before the first record existed. It is written by the code
that makes the records, and every record carries the hash of what stands here:

    {hash}

## Question

Do heat maps of networks that read faces show what these networks go by? There are
{s.movements} movements, {s.test} test faces of as many people, {s.seeds} seeds,
and the papers' networks at their size `small`, beside a plain ResNet and a small vision
transformer, so that it is not about five papers alone.

## Movements

Each of the 52 face units is moved alone on the mean person. A unit can be a
task if it shifts at least {least} of 64 x 64 pixels by more than {shifted}
pixel and changes the grey of at least {least} by more than {changed}. Left out
are gaze, which moves in every face, and two units that only make sense with an
open jaw. Region by region in turn, the unit that lies farthest, in place and in
size, from all that were taken is taken next; the first is the largest.

| | Face unit | Region | Side | Pixels it moves | Cue tied to it |
|---|---|---|---|---|---|
{tasks}

## Faces and networks

Every face is of a person of its own and moves {s.shown} of the {s.movements}
units, drawn evenly; opposites never move together. One network learns all
movements at once, as detectors of action units do: a pair of scores, rest and
moved, for each. So the other movements of a face are distractors, one rendering
serves all tasks, and a seed of a network is one training. {s.train:,} faces are
learned from. All networks learn by one recipe, AdamW with a two-way
cross-entropy a movement, so that they differ in architecture alone; what papers
add to their losses about attention is left out. Epochs and rates are tried on
training faces that are held out.

| Network | Epochs | Highest rate |
|---|---|---|
{recipes}

A network has learned a movement where the 95 % interval of its AUC on the test
faces lies above {learned}. The maps of the others are not ranked.

**Shortcuts.** Four cues (light, ears, background, a mark) are tied to the first
four movements while networks learn: cue and movement agree in {strengths} of
the faces. Half is chance, and what fair networks see. Test faces are always fair.
**Shuffled labels** are the last condition. In all there are {cells} cells: a network,
a condition and a seed, and a record for each.

## Maps and what they are held against

Of each test face {s.asked} of its movements are asked about, evenly, {pairs}
pairs in all: "why does this move?" The methods are all of
`fer_lib.explain.methods`. Decoys know nothing of the network: {rivals}. A rival
of its own kind knows the question and nothing else: a spot on the part, and
side, that the movement is named after. The networks' own attention is held
against the same before training. Floors are noise and a constant map, the
ceiling is a map made of the truth, and three ways of breaking a good map must
come last.

## Scores

Primary are two. `unit_deletion`: the face is rendered again without one unit at a
time; does the map order the movements of the face by what the score loses? 0.5 is
chance. `relevance_rank@0.25`: the share of the hottest pixels, as many as the truth
has, that lie on points which the movement shifts by more than 0.25 pixel of 48.
Beside them stand `unit_insertion` (a resting face with one unit alone), mass,
pointing game and AUC, each with the truth at 0.125, 0.25 and 0.5 pixel, the AUC with
the shift as a weight, and, of {s.costly} pairs a movement and the first seed, deletion,
insertion, average drop and infidelity by covered pixels, and the agreement with
maps of weights drawn anew.

## On photographs

Rendered faces lack what photographs have. So {p.networks} finished networks of the
library learn on, from {p.learned:,} of FER2013's photographs with FER+ labels, for
{p.epochs} epochs at {p.rate:g}. A striped square can stand in each corner; the
four are tied to the expressions {p.tied}, at {p.strengths} of agreement, of which
half is chance. {p.tested} photographs of the reported split in which a face is found
are explained, their squares drawn by chance. It is known how much of a map lies on
the square that is tied to the face's expression (`cue_mass`), and what that square
does to the answer. Two scores need no truth: agreement with maps of weights drawn
anew, and between two seeds. These are {p.cells} cells more.

## Hypotheses

There are {count}, and no others. Each is one-sided; together they are corrected by
Holm's method at {alpha}. Where a method must beat several decoys, the largest p
counts. Confirmed: the corrected p is below {alpha}. Contradicted: the 95 % interval
lies on the other side. Everything else on pages about these records is
exploratory and says so.

| | Hypothesis | What decides |
|---|---|---|
{hypotheses}

## Analysis

Movements, networks, seeds within their network, and faces are drawn anew together,
{draws:,} times. An interval is the mean and Student's quantile times the standard
deviation of the drawn means, with one degree of freedom less than there are
networks or movements, whichever are fewer. Orders are shown with the ranks in 95 %
of the draws, and with those when one movement or one network is left out.

## What would change the plan

Nothing, once a record exists. A change of the settings, the movements, the recipes
or the hypotheses changes the hash, and records of two plans are refused in one
folder.
"""


def main() -> None:
    """Write both pages."""
    pages = {PLACE: plan_page(), data_sheet.PLACE: data_sheet.data_sheet()}
    for place, text in pages.items():
        with atomic_path(repository_root() / place) as temporary:
            temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
