"""Predict, run, compare."""


def compare(guess: float | None, measured: float, unit: str = "") -> None:
    """Print a reader's guess beside what the run gave.

    Args:
        guess: what the reader expects; ``None`` before they have thought.
        measured: what this run gave.
        unit: of both.
    """
    measured_text = f"{measured:.1f} {unit}".strip()
    if guess is None:
        print(f"No guess yet.  Set `guess`, then run this cell again: {measured_text}.")
        return
    off = abs(guess - measured)
    verdict = "close" if off <= max(2.0, 0.2 * abs(measured)) else "not close"
    guessed = f"{guess:.1f} {unit}".strip()
    print(f"You said {guessed}, this run gave {measured_text}: {verdict}.")
