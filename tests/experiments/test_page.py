"""What `check` tells a reader, and what `glue` stores for the prose."""

from __future__ import annotations

from typing import Any

import IPython.display
import numpy as np
import pytest

from adam_lib.experiments.page import check, confirm, glue, settle


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (..., "not answered yet."),
        (None, "not yet. This is None"),
        ("", "not answered yet."),
        (0.5, "right."),
        ("1/2", "right."),
        (np.float32(0.5), "right."),
        (2, "not yet. That is its inverse."),
        (float("nan"), "not yet. "),
        ("a half", "not yet. "),
    ],
)
def test_what_a_reader_is_told(answer: Any, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exercise 16.1 asks for one ratio, a half."""
    check("16.1", answer)
    told = capsys.readouterr().out
    assert told.startswith(f"Exercise 16.1: {said}")
    assert "One ratio, exactly." in told or not said.startswith("not yet")


def test_an_exercise_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    check("99.1", 1)
    assert "99" in capsys.readouterr().out


def test_a_solution_that_the_key_does_not_take_is_an_error() -> None:
    with pytest.raises(AssertionError, match=r"the key of 16\.1 does not take 2"):
        confirm("16.1", 2)
    with pytest.raises(AssertionError, match=r"the key of prediction 16\.a is not 'a'"):
        settle("16.a", "a")


def test_glue_keeps_the_text_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """In quotes: without them "3.80" is read back as the number 3.8."""
    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda data, **how: shown.append((data, how)))
    glue("02-half-life", "3.80")
    ((data, how),) = shown
    assert data == {"application/papermill.record/text/plain": "'3.80'"}
    assert how["metadata"]["scrapbook"]["name"] == "02-half-life"
    assert how["raw"]
