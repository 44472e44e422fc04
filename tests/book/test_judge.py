"""The judge of the notebook and the judge of the page say the same of every answer."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_mini_racer import MiniRacer

from adam_lib.experiments import judge
from adam_lib.experiments.numerals import number

READER = Path(__file__).resolve().parents[2] / "book/_static/reader"
KEYS = judge.keys()
ASKED = [name for name, entry in KEYS.items() if entry["form"] != "code"]


@pytest.fixture(scope="module")
def page() -> MiniRacer:
    engine = MiniRacer()
    engine.eval((READER / "judge.js").read_text(encoding="utf-8") + ";0")
    return engine


def on_page(page: MiniRacer, entry: Any, text: str) -> judge.Verdict:
    call = f"JSON.stringify(book.judge({json.dumps(entry)}, {json.dumps(text)}))"
    return judge.Verdict(**json.loads(page.eval(call)))


MALFORMED = [
    *("", " ", "nan", "inf", "-inf", "1/0", "9^9^9^9", "1e999", "sqrt(-1)", "seven", "1..2"),
    *("(1", "1)", "1 2 3 4 5 6", "--", "a & z", "?", "; ;", "None", "1" * 150),
]


def typed(value: Any) -> str:
    """As a reader would type it."""
    if isinstance(value, (list, tuple)):
        return "; ".join(typed(v) for v in value)
    return value if isinstance(value, str) else repr(value)


def letters(value: Any) -> str:
    return " ".join(value)


def answers(entry: Any) -> list[str]:
    """The right one, each that is diagnosed, and the malformed."""
    spell = typed if entry["form"] in ("number", "numbers") else letters
    known = [spell(entry["right"])]
    for rule in entry.get("wrong", []):
        if "is" in rule and "at" not in rule:
            known.append(spell(rule["is"]))
        elif entry["form"] == "letters":
            all_ = judge.letters_of(entry)
            known.append(letters(rule.get("has") or all_.replace(rule["lacks"], "")))
        else:
            values = entry["right"] if isinstance(entry["right"], list) else [entry["right"]]
            at = rule.get("at", 0)
            edge = float(rule.get("is", rule.get("above", rule.get("below"))))
            sign = ("above" in rule) - ("below" in rule)
            for step in (1e-6, 1e-3, 0.1, 1.0) if sign else (0.0,):  # some are met closer by
                moved = [*values]
                moved[at] = edge + sign * step * max(1.0, abs(edge))
                known.append(typed(moved))
    return [*known, *MALFORMED]


@pytest.mark.parametrize("name", ASKED)
def test_both_judges_agree(name: str, page: MiniRacer) -> None:
    entry = KEYS[name]
    for text in answers(entry):
        assert on_page(page, entry, text) == judge.judge(entry, text), (name, text)


@pytest.mark.parametrize("name", ASKED)
def test_the_right_answer_is_right_and_no_diagnosed_one_is(name: str) -> None:
    entry = KEYS[name]
    right, *others = answers(entry)[: -len(MALFORMED)]
    assert judge.judge(entry, right).right
    for text in others:
        said = judge.judge(entry, text)
        assert said.verdict in ("not yet", "right"), (name, text)
    exact = [typed(r["is"]) for r in entry.get("wrong", []) if "is" in r and "at" not in r]
    for text in exact:
        text = text if entry["form"] in ("number", "numbers") else letters(text)
        said = judge.judge(entry, text)
        assert (said.verdict, bool(said.say)) == ("not yet", True), (name, text)


@pytest.mark.parametrize("name", ASKED)
def test_every_diagnosis_can_be_met(name: str) -> None:
    """A rule that an earlier one always hides is never told."""
    entry = KEYS[name]
    known = answers(entry)[1 : -len(MALFORMED)]
    said = {judge.judge(entry, text).say for text in known}
    assert {rule["say"] for rule in entry.get("wrong", [])} <= said


class Odd:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = object.__hash__


STRANGE = [
    *(None, math.nan, math.inf, -math.inf, 1j, "text", b"1", {"a": 1}, {1, 2, 3, 4, 5, 6, 7}),
    *(True, object(), Odd(), [], np.array([[math.nan] * 9] * 2), lambda x: x, 10**400),
]


@pytest.mark.parametrize("name", ASKED)
def test_a_helpful_sentence_for_whatever_is_not_an_answer(name: str) -> None:
    """The form asked for; never a hint meant for a number; never an exception."""
    entry = KEYS[name]
    hints = {rule["say"] for rule in entry.get("wrong", [])}
    for strange in STRANGE:
        said = judge.verdict(name, strange)
        assert said.verdict in ("unreadable", "empty"), (name, strange, said)
        assert said.say not in hints
        if said.verdict == "unreadable":
            assert entry["ask"] in said.say


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/20", 0.05), ("5e-2", 0.05), ("0,05", 0.05), ("5 %", 0.05), (".05", 0.05),
        ("sqrt(3)", 3**0.5), ("√3", 3**0.5), ("2 pi", 2 * math.pi), ("2*π", 2 * math.pi),
        ("10^-3", 1e-3), ("10**-3", 1e-3), ("-2^2", -4.0), ("2^3^2", 512.0), ("e", math.e),
        ("exp(1)", math.e), ("ln(e)", 1.0), ("3 sqrt(2)/2", 3 * 2**0.5 / 2), ("−1", -1.0),
        ("1×2·3÷4", 1.5), ("½", 0.5), ("= 7", 7.0), ("≈7.27 α", 7.27), ("12 steps", 12.0),
        ("1E3", 1000.0), ("(1+2)*3", 9.0), ("--1", 1.0), ("2e", 2 * math.e), ("1.", 1.0),
    ],
)  # fmt: skip
def test_numbers_as_people_type_them(text: str, value: float, page: MiniRacer) -> None:
    assert number(text) == pytest.approx(value, rel=1e-15)
    assert page.eval(f"book.number({json.dumps(text)})") == pytest.approx(value, rel=1e-15)


@given(st.text(alphabet="0123456789.,e+-*/^()% sqrtpiexln√πα=−", max_size=14))
def test_two_readers_of_numbers(text: str) -> None:
    ours = number(text)
    engine = _engine()
    theirs = json.loads(
        engine.eval(
            f"(n => JSON.stringify(Number.isNaN(n) ? 'nan' : n))(book.number({json.dumps(text)}))"
        )
    )
    if ours is None or math.isnan(ours):
        assert theirs == (None if ours is None else "nan"), text
    else:
        assert theirs == pytest.approx(ours, rel=1e-12, abs=1e-300), text


_ENGINES: list[MiniRacer] = []


def _engine() -> MiniRacer:
    if not _ENGINES:
        _ENGINES.append(MiniRacer())
        _ENGINES[0].eval((READER / "judge.js").read_text(encoding="utf-8") + ";0")
    return _ENGINES[0]


NUMBERS = {"form": "numbers", "ask": "Two.", "names": ["x", "y"], "right": [2.0, 1.8], "abs": 0.01}
LETTERS = {"form": "letters", "ask": "Letters.", "letters": "abcd", "right": ["b", "c"]}
CHOICE = {"form": "choice", "ask": "One.", "options": ["x", "y", "z"], "right": "b"}


@pytest.mark.parametrize(
    "answer",
    [
        [2, 1.8], (2, 1.8), np.array([2, 1.8]), np.array([[2.0], [1.8]]), "2; 1.8", "2, 1.8",
        "2 1.8", "(2, 1.8)", "2 and 9/5", [Fraction(2), Decimal("1.8")], ["2", "1,8"],
    ],
)  # fmt: skip
def test_several_numbers(answer: Any) -> None:
    assert judge.judge(NUMBERS, answer).right


@pytest.mark.parametrize(
    "answer",
    ["bc", "c b", "B and C", "(b), (c)", ["b", "c"], {"c", "b"}, ("B", "C"), "b, c", "b+c"],
)
def test_letters(answer: Any) -> None:
    assert judge.judge(LETTERS, answer).right


@pytest.mark.parametrize(
    ("entry", "answer", "verdict", "why"),
    [
        (NUMBERS, 2, "unreadable", "2 numbers are asked for, here are 1."),
        (NUMBERS, [2, 1.8, 1], "unreadable", "2 numbers are asked for, here are 3."),
        (NUMBERS, [2, None], "unreadable", "“None” is not a number."),
        (NUMBERS, [1.8, 2.0], "not yet", ""),
        (LETTERS, "x", "unreadable", "This is not of the letters a to d."),
        (LETTERS, "b", "not yet", ""),
        (CHOICE, "a b", "unreadable", "One letter is asked for, a to c."),
        (CHOICE, "B", "right", ""),
        (CHOICE, 2, "unreadable", "This is not of the letters a to c."),
    ],
)
def test_what_is_said(entry: Any, answer: Any, verdict: str, why: str) -> None:
    said = judge.judge(entry, answer)
    assert said.verdict == verdict
    assert said.say.startswith(why)


GUESSES = [
    ({"form": "number", "right": 458, "rel": 0.01, "ask": ""}, "100",
     "You said 100; it is 458: 4.58 times too small."),
    ({"form": "number", "right": 458, "rel": 0.01, "ask": ""}, "500",
     "You said 500; it is 458: 9.17 % too large."),
    ({"form": "number", "right": 458, "rel": 0.01, "ask": ""}, "457",
     "You said 457, and it is 458."),
    ({"form": "number", "right": 0.5, "abs": 0.01, "ask": "", "scale": "difference"}, "-1",
     "You said -1; it is 0.5: off by 1.5."),
    ({"form": "number", "right": 0, "abs": 0.01, "ask": ""}, "3", "You said 3; it is 0: off by 3."),
    (CHOICE, "b", "You said (b) y, and so it is."),
    (CHOICE, "c", "You said (c) z; it is (b) y."),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "guess", "sentence"), GUESSES)
def test_how_close_a_guess_was(entry: Any, guess: str, sentence: str, page: MiniRacer) -> None:
    said = page.eval(f"book.closeness({json.dumps(entry)}, {json.dumps(guess)})")
    assert said == sentence


GOOD = {"form": "number", "ask": "One.", "right": 1, "rel": 0.1, "level": "core", "minutes": 5}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"form": "essay"}, "form must be one of"),
        ({"right": "one"}, "right must be a number"),
        ({"rel": 0.1, "abs": 0.1}, "exactly one of rel and abs"),
        ({"level": "easy"}, "level must be one of"),
        ({"minutes": "5"}, "minutes must be a whole number"),
        ({"wrong": [{"is": 2}]}, "a wrong answer must have say"),
        ({"wrong": [{"equals": 2, "say": "x"}]}, "a wrong answer must have say"),
        ({"answer": 3}, "has no field 'answer'"),
        ({"ask": 1}, "ask must be a sentence"),
        ({"form": "choice", "options": ["x"], "right": "b"}, "right must be of the letters 'a'"),
        ({"form": "numbers", "right": [1, 2], "names": ["x"]}, "names must name each"),
    ],
)
def test_a_key_that_is_not_as_it_must_be(change: Any, complaint: str) -> None:
    assert list(judge.complaints("6.1", GOOD)) == []
    assert any(complaint in said for said in judge.complaints("6.1", {**GOOD, **change}))


def test_an_exercise_that_does_not_exist() -> None:
    with pytest.raises(KeyError, match=r"there is no exercise 7\.99; of that chapter there are: 7"):
        judge.verdict("7.99", 1)
