"""Quizzes: answers are folded, right, and need no script."""

import pytest
from bs4 import BeautifulSoup

from fer_lib.errors import FerError
from ferbook.kit import quiz

ASKED = quiz.Question("Is 1 < 2?", ("no", "yes & no", "yes"), 2, "By <counting>.")


def test_the_answer_is_folded_and_names_the_right_choice(monkeypatch):
    shown = []
    monkeypatch.setattr(quiz, "display", shown.append)
    quiz.quiz([ASKED, ASKED], first=3)
    page = BeautifulSoup(shown[0].data, "html.parser")
    assert [p.get_text() for p in page.select(".fer-question > p")] == [
        "3. Is 1 < 2?",
        "4. Is 1 < 2?",
    ]
    choices = [li.text for li in page.ul.find_all("li")]
    assert choices == ["a) no", "b) yes & no", "c) yes"]
    assert not page.details.has_attr("open") and not page.find("script")
    assert page.details.p.text == "c) yes. By <counting>."
    # Nothing outside the fold tells.
    page.details.extract()
    assert "counting" not in page.select_one(".fer-question").text


@pytest.mark.parametrize(("choices", "right"), [(("one",), 0), (("a", "b"), 2)])
def test_a_question_without_a_right_answer_is_refused(choices, right):
    with pytest.raises(FerError, match="expected two or more answers"):
        quiz.Question("?", choices, right, "")
