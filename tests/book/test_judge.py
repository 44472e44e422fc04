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
from adam_lib.experiments.page import check, confirm, settle

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
            right = "".join(entry["right"])
            more = [right + rule["has"]] if "has" in rule else []
            less = [all_.replace(rule["lacks"], "")] if "lacks" in rule else []
            known += [letters(text) for text in (*more, *less)]
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
        ("x = 3", 3.0), ("1E3", 1000.0), ("(1+2)*3", 9.0), ("--1", 1.0), ("2*e", 2 * math.e),
        ("1.", 1.0), ("10-fold", 10.0), ("10 000", 1e4), ("1,234,567", 1234567.0),
        ("1,234.5", 1234.5), ("10\u202f000 α", 1e4), ("Sqrt(4) PI", 2 * math.pi),
        ("(1+2)/3", 1.0), ("3 times", 3.0), ("0,986", 0.986), ("1e-400", 0.0),
    ],
)  # fmt: skip
def test_numbers_as_people_type_them(text: str, value: float, page: MiniRacer) -> None:
    close = pytest.approx(value, rel=1e-15, abs=0)
    assert number(text) == close
    assert page.eval(f"book.number({json.dumps(text)})") == close


def read_on_page(text: str) -> float | None:
    call = f"(n => JSON.stringify(Number.isNaN(n) ? 'nan' : n))(book.number({json.dumps(text)}))"
    found = json.loads(_engine().eval(call))
    return math.nan if found == "nan" else found


SIGNS = "0123456789.,e+-*/^()[]% _'=≈sqrtpiexlnαXPE√π−½×\u00a0\u2009\n"


@given(st.text(alphabet=SIGNS, max_size=14))
def test_two_readers_of_numbers(text: str) -> None:
    ours, theirs = number(text), read_on_page(text)
    if ours is None:
        assert theirs is None
    else:
        assert theirs == pytest.approx(ours, rel=1e-12, abs=1e-300, nan_ok=True)


def _binary(parts: st.SearchStrategy[tuple[str, float]]) -> st.SearchStrategy[tuple[str, float]]:
    """Sums, products and powers of what is given, and their values by Python's arithmetic."""

    def sign(kind: str, a: tuple[str, float], b: tuple[str, float]) -> tuple[str, float]:
        value = {"+": float.__add__, "-": float.__sub__, "*": float.__mul__}
        if kind in value:
            return f"({a[0]} {kind} {b[0]})", value[kind](a[1], b[1])
        if kind == "/":
            return f"({a[0]})/({b[0]})", a[1] / b[1] if b[1] else math.nan
        return f"sqrt({a[0]})", math.sqrt(a[1]) if a[1] >= 0 else math.nan

    return st.builds(sign, st.sampled_from("+-*/√"), parts, parts)


LEAVES = st.one_of(
    st.integers(0, 999).map(lambda n: (str(n), float(n))),
    st.floats(0.0, 99.0).map(lambda x: (f"{x:.2f}".replace(".", ","), float(f"{x:.2f}"))),
    st.floats(1e-9, 1e9).map(lambda x: (f"{x:e}", float(f"{x:e}"))),
    st.just(("π", math.pi)),
)


@given(st.recursive(LEAVES, _binary, max_leaves=4))
def test_the_value_of_an_expression(case: tuple[str, float]) -> None:
    text, value = case
    wanted = pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True)
    assert number(text) == wanted or len(text) > 100
    assert read_on_page(text) == wanted or len(text) > 100


@given(
    st.sampled_from(["number", "numbers", "letters", "choice", "ordered"]),
    st.text(alphabet="0128.,;abcdABxyz ()[]and\n&/%-\u00a0", max_size=12),
)
def test_two_judges_of_any_text(form: str, text: str) -> None:
    entry = {
        "number": NUMBER, "numbers": NUMBERS, "letters": LETTERS, "choice": CHOICE,
        "ordered": {**LETTERS, "right": ["c", "b"], "ordered": True},
    }[form]  # fmt: skip
    assert on_page(_engine(), entry, text) == judge.judge(entry, text)


_ENGINES: list[MiniRacer] = []


def _engine() -> MiniRacer:
    if not _ENGINES:
        _ENGINES.append(MiniRacer())
        _ENGINES[0].eval((READER / "judge.js").read_text(encoding="utf-8") + ";0")
    return _ENGINES[0]


NUMBER = {"form": "number", "ask": "One.", "right": 1000, "rel": 0.01}
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
        (NUMBERS, 2, "unreadable", "2 numbers are asked for, here is 1."),
        (NUMBERS, {2, 1.8}, "unreadable", "A set has no order; give a list. Two."),
        (NUMBERS, np.zeros(10**5), "unreadable", "Here are 100000 numbers, asked for are 2."),
        (NUMBER, "1,000", "unreadable", "“1,000” can be read in two ways"),
        (NUMBER, "5 e-2", "unreadable", "“5 e-2” is not a number."),
        (NUMBER, "1½", "unreadable", "“1½” is not a number."),
        (NUMBER, float, "unreadable", "This is of type type, not a number."),
        (NUMBER, None, "unreadable", "This is None, not a number."),
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


TWO = {"form": "numbers", "right": [1, 2], "names": ["x", "y"]}
ONE_OF = {"form": "choice", "options": ["x", "y"], "right": "b", "rel": None}
SOME = {"form": "letters", "letters": "abc", "right": ["a", "b"], "rel": None}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"form": "essay"}, "form must be one of"),
        ({"right": "one"}, "right must be a number"),
        ({"right": math.inf}, "right must be a number"),
        ({"rel": 0.1, "abs": 0.1}, "exactly one of rel and abs"),
        ({"rel": 0}, "rel must be positive"),
        ({"right": 0}, "rel means nothing where right is 0"),
        ({"level": "easy"}, "level must be one of"),
        ({"minutes": "5"}, "minutes must be a whole number"),
        ({"ask": 1}, "ask must be a sentence"),
        ({"answer": 3}, "form number has no field 'answer'"),
        ({"options": ["x"]}, "form number has no field 'options'"),
        ({"scale": "ratio"}, "form number has no field 'scale'"),
        ({"wrong": [{"is": 2}]}, "a wrong answer must have say"),
        ({"wrong": [{"equals": 2, "say": "x"}]}, "a wrong answer must have say"),
        ({"wrong": [{"is": 2, "above": 1, "say": "x"}]}, "a wrong answer must have say and one"),
        ({"wrong": [{"is": "2", "say": "x"}]}, "a wrong answer must be a number"),
        ({"wrong": [{"is": 2, "at": 0, "say": "x"}]}, "has no field 'at'"),
        ({"wrong": [{"above": 2, "rel": 1, "say": "x"}]}, "has no field 'rel'"),
        ({"wrong": [{"is": 0, "say": "x"}]}, "a wrong answer that is 0 needs its own abs"),
        ({"wrong": [{"is": 1.05, "say": "x"}]}, "the right answer is among the wrong ones"),
        ({"wrong": [{"is": 1.05, "rel": 1e-3, "say": "x"}]}, "wrong answer is taken for right"),
        ({"wrong": [{"above": 0.5, "say": "x"}]}, "the right answer is among the wrong ones"),
        (
            {"wrong": [{"above": 2, "say": "x"}, {"is": 3, "say": "y"}]},
            "an earlier diagnosis hides this one: {'is': 3",
        ),
        ({**TWO, "names": ["x"]}, "names must name each"),
        ({**TWO, "rel": [0.1]}, "rel must be positive, one for all or one for each"),
        ({**TWO, "wrong": [{"is": [3, 2, 1], "say": "x"}]}, "a wrong answer must be 2 numbers"),
        ({**TWO, "wrong": [{"is": 3, "at": 2, "say": "x"}]}, "at must be from 0 to 1"),
        ({**TWO, "wrong": [{"is": 2, "at": 1, "say": "x"}]}, "right answer is among the wrong"),
        ({**ONE_OF, "right": "c"}, "right must be one letter of 'ab'"),
        ({**ONE_OF, "right": "ab"}, "right must be one letter of 'ab'"),
        ({**ONE_OF, "options": ["x"]}, "there must be 2 to 12 options"),
        ({**ONE_OF, "letters": "ab"}, "exactly one of options and letters"),
        ({**ONE_OF, "wrong": [{"is": "b", "say": "x"}]}, "right answer is among the wrong"),
        ({**ONE_OF, "wrong": [{"has": "a", "say": "x"}]}, "a wrong answer must have say"),
        ({**SOME, "letters": "abd"}, "letters must be a, b, c, ... without a gap"),
        ({**SOME, "right": "ab"}, "right must be a list of letters"),
        ({**SOME, "wrong": [{"has": "d", "say": "x"}]}, "must name letters of 'abc'"),
        ({**SOME, "wrong": [{"has": "a", "say": "x"}]}, "right answer is among the wrong"),
        ({**SOME, "wrong": [{"lacks": "c", "say": "x"}]}, "right answer is among the wrong"),
    ],
)
def test_a_key_that_is_not_as_it_must_be(change: Any, complaint: str) -> None:
    assert list(judge.complaints("6.1", GOOD)) == []
    broken = {k: v for k, v in {**GOOD, **change}.items() if v is not None}
    assert any(complaint in said for said in judge.complaints("6.1", broken))


@pytest.mark.parametrize("form", [TWO, ONE_OF, SOME])
def test_a_key_that_is_as_it_must_be(form: Any) -> None:
    entry = {k: v for k, v in {**GOOD, **form}.items() if v is not None}
    assert list(judge.complaints("6.1", entry)) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"form": "letters"}, "form must be one of number, choice, got 'letters'"),
        ({"level": "core"}, "has no field 'level' in a prediction"),
        ({"scale": "log"}, "scale must be ratio or difference"),
        ({"right": 0, "rel": None, "abs": 1, "scale": "ratio"}, "scale must be difference"),
    ],
)
def test_a_prediction_s_key(change: Any, complaint: str) -> None:
    good = {"form": "number", "ask": "One.", "right": 1, "rel": 0.1}
    assert list(judge.complaints("6.a", good)) == []
    broken = {k: v for k, v in {**good, **change}.items() if v is not None}
    assert any(complaint in said for said in judge.complaints("6.a", broken))


CODE = [name for name, entry in KEYS.items() if entry["form"] == "code"]


@pytest.mark.parametrize("name", CODE)
@pytest.mark.parametrize("strange", [*STRANGE, str])
def test_what_is_no_code_is_not_right(name: str, strange: Any) -> None:
    said = judge.verdict(name, strange)
    assert said.verdict in ("not yet", "unreadable", "empty")
    assert said.say or said.verdict == "empty"


@pytest.mark.parametrize("name", [n for n in KEYS if not judge.is_prediction(n)])
def test_check_says_in_a_line_what_is_asked_for(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for strange in STRANGE:
        check(name, strange)
        said = capsys.readouterr().out
        assert said.startswith(f"Exercise {name}: not ")
        assert said.count("\n") == 1
        assert "not answered yet" in said or KEYS[name]["ask"] in said


def test_check_without_an_answer_and_of_an_unknown_exercise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    check("7.1")
    check("7.99", 3)
    assert capsys.readouterr().out.startswith(
        "Exercise 7.1: not answered yet.\nExercise 7.99: there is no exercise 7.99; of that"
    )


def test_confirm_and_settle_hold_the_key_against_what_was_computed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    right = KEYS["7.1"]["right"]
    confirm("7.1", np.float64(right))
    assert capsys.readouterr().out == "Exercise 7.1: right.\n"
    settle("7.1", right)
    assert capsys.readouterr().out == ""
    for hold in (confirm, settle):
        with pytest.raises(AssertionError, match=r"the key of .*7\.1 (is not|does not take) 0\.5"):
            hold("7.1", 0.5)


def test_an_exercise_that_does_not_exist() -> None:
    with pytest.raises(KeyError, match=r"there is no exercise 7\.99; of that chapter there are: 7"):
        judge.verdict("7.99", 1)
