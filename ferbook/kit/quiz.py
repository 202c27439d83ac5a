"""Quizzes that are answered by a click, and guesses held against a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from IPython.display import HTML, display

from fer_lib.errors import FerError


@dataclass(frozen=True)
class Question:
    """A question with two or more answers, of which ``right`` counts from 0."""

    text: str
    choices: tuple[str, ...]
    right: int
    why: str

    def __post_init__(self):
        if len(self.choices) < 2 or self.right not in range(len(self.choices)):
            raise FerError(
                f"question '{self.text}': answer {self.right} of "
                f"{len(self.choices)}, expected two or more answers and the "
                "place of the right one, from 0."
            )

    def html(self, number: int) -> str:
        """The question as HTML; once chosen, an answer says whether it is right."""
        # Answers of one name close one another, without a script.
        name = f"q{number}-{sha256(self.text.encode()).hexdigest()[:8]}"
        answers = "".join(
            f'<details name="{name}"><summary>{escape(choice)}</summary>'
            f"<p>{self._said(place)}</p></details>"
            for place, choice in enumerate(self.choices)
        )
        return (
            f'<div class="fer-question"><p><strong>{number}.</strong> '
            f"{escape(self.text)}</p>{answers}</div>"
        )

    def _said(self, place: int) -> str:
        if place == self.right:
            return f"<strong>&#10003; Right.</strong> {escape(self.why)}"
        return "<strong>&#10007; No.</strong> Try another answer."


def quiz(questions: Sequence[Question], first: int = 1) -> None:
    """Display questions, numbered from ``first``."""
    parts = [one.html(number) for number, one in enumerate(questions, start=first)]
    display(HTML("".join(parts)))


def compare(guess: float | None, measured: float, unit: str = "") -> None:
    """Print a reader's guess, None at first, beside what the run gave."""
    measured_text = _counted(measured, unit)
    if guess is None:
        print(f"This run gave {measured_text}.  Next time, set `guess` first.")
        return
    off = abs(guess - measured)
    verdict = "close" if off <= max(2.0, 0.2 * abs(measured)) else "not close"
    guessed = _counted(guess, unit)
    print(f"You said {guessed}, this run gave {measured_text}: {verdict}.")


def _counted(number: float, unit: str) -> str:
    """A number with its unit: ``1 network``, ``2 networks``, ``1.5 points``."""
    text = f"{number:.1f}".removesuffix(".0")
    if text in ("1", "-1") and not unit.startswith("of "):
        unit = unit.removesuffix("s")
    return f"{text} {unit}".strip()
