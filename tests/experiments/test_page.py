"""What `check` tells a reader, and what `glue` stores for the prose."""

from __future__ import annotations

from typing import Any

import IPython.display
import numpy as np
import pytest

from adam_lib.experiments.page import check, glue

WRONG = [
    (lambda a: a > 2, "too large"),
    (lambda a: a > 1, "larger than 1"),
    (lambda a: a.missing, "never reached"),
]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (..., "not answered yet"),
        (1.0, "right"),
        (3.0, "not yet: too large"),  # the first that applies, not the last
        (1.5, "not yet: larger than 1"),
        (0.5, "not yet: the check could not use this answer ("),
        ("one", "not yet: the check could not use this answer ("),
    ],
)
def test_verdicts(answer: Any, verdict: str, capsys: pytest.CaptureFixture[str]) -> None:
    check("2.1", answer, right=lambda a: abs(a - 1) < 1e-6, wrong=WRONG)
    assert capsys.readouterr().out.startswith(f"Exercise 2.1: {verdict}")


def test_without_known_wrong_answers(capsys: pytest.CaptureFixture[str]) -> None:
    check("2.1", 2, right=lambda a: a == 1)
    assert capsys.readouterr().out == "Exercise 2.1: not yet.\n"


def test_an_array_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    check("2.1", np.array([1.0, 2.0]), right=lambda a: np.array_equal(a, [1, 2]))
    assert capsys.readouterr().out == "Exercise 2.1: right.\n"


def test_a_right_answer_is_not_looked_up_among_the_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    check("2.1", 3.0, right=lambda a: a == 3, wrong=WRONG)
    assert capsys.readouterr().out == "Exercise 2.1: right.\n"


def test_glue_keeps_the_text_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """In quotes: without them "3.80" is read back as the number 3.8."""
    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda data, **how: shown.append((data, how)))
    glue("02-half-life", "3.80")
    ((data, how),) = shown
    assert data == {"application/papermill.record/text/plain": "'3.80'"}
    assert how["metadata"]["scrapbook"]["name"] == "02-half-life"
    assert how["raw"]
