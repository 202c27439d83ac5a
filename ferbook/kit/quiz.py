"""Quizzes whose answer opens on request, and guesses held against a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from IPython.display import HTML, display

from fer_lib.errors import FerError

_LETTERS = "abcdefghij"


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
        """The question as HTML, its answer folded."""
        # Letters of our own: style sheets number lists as they like.
        choices = [
            f"{letter}) {escape(choice)}"
            for letter, choice in zip(_LETTERS, self.choices, strict=False)
        ]
        items = "".join(f"<li>{choice}</li>" for choice in choices)
        return (
            f'<div class="fer-question"><p><strong>{number}.</strong> '
            f'{escape(self.text)}</p><ul style="list-style: none">{items}</ul>'
            f"<details><summary>Answer {number}</summary>"
            f"<p><strong>{choices[self.right]}.</strong> {escape(self.why)}</p>"
            "</details></div>"
        )


def quiz(questions: Sequence[Question], first: int = 1) -> None:
    """Display questions with folded answers, numbered from ``first``."""
    parts = [one.html(number) for number, one in enumerate(questions, start=first)]
    display(HTML("".join(parts)))


def compare(guess: float | None, measured: float, unit: str = "") -> None:
    """Print a reader's guess, None at first, beside what the run gave."""
    measured_text = f"{measured:.1f} {unit}".strip()
    if guess is None:
        print(f"No guess yet.  Set `guess`, then run this cell again: {measured_text}.")
        return
    off = abs(guess - measured)
    verdict = "close" if off <= max(2.0, 0.2 * abs(measured)) else "not close"
    guessed = f"{guess:.1f} {unit}".strip()
    print(f"You said {guessed}, this run gave {measured_text}: {verdict}.")
