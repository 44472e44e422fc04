"""Is this answer right, by this entry of a key, and if not, what is wrong with it?

Pure: an entry and an answer in, a verdict out. On the page the same is done, in the
same words, by book/_static/reader/judge.js.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any

from .numerals import SPACES, ambiguous, normal, number

ALPHABET = "abcdefghijkl"
SLACK = 1e-9  # of a tolerance, so that its edge is within it in every arithmetic

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What a judge says: ``right``, ``not yet``, ``empty`` or ``unreadable``, and why."""

    verdict: str
    say: str = ""

    @property
    def right(self) -> bool:
        return self.verdict == "right"


def letters_of(entry: Entry) -> str:
    """The letters that an answer may have."""
    return str(entry.get("letters") or ALPHABET[: len(entry.get("options", []))])


def judge(entry: Entry, answer: Any) -> Verdict:
    """Judge by an entry of a key, but of one that asks for code."""
    if answer is ... or (isinstance(answer, str) and not normal(answer).strip(" ")):
        return Verdict("empty")
    form = entry["form"]
    if form in ("choice", "letters"):
        return _judge_letters(entry, answer)
    values, problem = _numbers(answer, len(entry["right"]) if form == "numbers" else 1)
    if problem:
        return unreadable(problem, entry)
    return judge_numbers(entry, values)


def unreadable(why: str, entry: Entry) -> Verdict:
    return Verdict("unreadable", f"{why} {entry['ask']}".strip())


def judge_numbers(entry: Entry, values: list[float]) -> Verdict:
    several = entry["form"] == "numbers"
    right = [float(r) for r in (entry["right"] if several else [entry["right"]])]
    if _all_close(values, right, entry):
        return Verdict("right")
    for rule in entry.get("wrong", []):
        at = rule.get("at")
        part = values if at is None else [values[at]]
        if applies(rule, part, at, entry):
            return Verdict("not yet", str(rule["say"]))
    return Verdict("not yet")


def applies(rule: Entry, values: list[float], at: int | None, entry: Entry) -> bool:
    if "is" in rule:
        given = rule["is"]
        wanted = [float(w) for w in (given if isinstance(given, list) else [given])]
        tolerance = rule if "rel" in rule or "abs" in rule else _tolerance(entry, at)
        return len(wanted) == len(values) and _all_close(values, wanted, tolerance)
    if "above" in rule:
        return any(v > rule["above"] for v in values)
    return any(v < rule["below"] for v in values)


def _tolerance(entry: Entry, at: int | None) -> Entry:
    """That of one number of several, where each has its own."""
    kind = "rel" if "rel" in entry else "abs"
    value = entry[kind]
    return {kind: value if at is None or not isinstance(value, list) else value[at]}


def _all_close(values: Sequence[float], wanted: Sequence[float], tolerance: Entry) -> bool:
    kind = "rel" if "rel" in tolerance else "abs"
    given = tolerance[kind]
    allowed = given if isinstance(given, list) else [given] * len(wanted)
    return all(
        abs(v - w) <= a * (abs(w) if kind == "rel" else 1.0) * (1 + SLACK)
        for v, w, a in zip(values, wanted, allowed, strict=True)
    )


def _judge_letters(entry: Entry, answer: Any) -> Verdict:
    allowed = letters_of(entry)
    letters = _letters(answer)
    span = f"{allowed[0]} to {allowed[-1]}"
    if letters is None or not set(letters) <= set(allowed):
        return unreadable(f"This is not of the letters {span}.", entry)
    if not letters:
        return Verdict("empty")
    given = canonical(letters, entry)
    if entry["form"] == "choice" and len(given) > 1:
        return unreadable(f"One letter is asked for, {span}.", entry)
    if given == canonical(entry["right"], entry):
        return Verdict("right")
    for rule in entry.get("wrong", []):
        if letters_apply(rule, given, entry):
            return Verdict("not yet", str(rule["say"]))
    return Verdict("not yet")


def letters_apply(rule: Entry, given: str, entry: Entry) -> bool:
    if "is" in rule:
        return given == canonical(rule["is"], entry)
    return rule["has"] in given if "has" in rule else rule["lacks"] not in given


def canonical(letters: str | Sequence[str], entry: Entry) -> str:
    return "".join(letters if entry.get("ordered") else sorted(set(letters)))


# ------------------------------------------------------------ what an answer may look like

MOST = 1000  # numbers that are looked at
_BETWEEN = tuple(map(re.compile, ("[;\n]", " *,[ \n]+(?:and )?| +and +", " +", ",")))
_SPACES = str.maketrans(dict.fromkeys(SPACES, " "))


def _numbers(answer: Any, count: int) -> tuple[list[float], str]:
    """The numbers in an answer, or a sentence on why they cannot be had."""
    given = _pieces(answer, count)
    if isinstance(given, str):
        return [], given
    if len(given) != count:
        are = "is 1" if len(given) == 1 else f"are {len(given)}"
        asked = "One number is" if count == 1 else f"{count} numbers are"
        return [], f"{asked} asked for, here {are}."
    values: list[float] = []
    for piece in given:
        value = number(piece) if isinstance(piece, str) else _real(piece)
        if value is None and isinstance(piece, str) and ambiguous(piece):
            return [], (
                f"{_shown(piece)} can be read in two ways: "
                "write a decimal point, and thousands without a comma."
            )
        if value is None:
            return [], f"{_shown(piece)} is not a number."
        if not math.isfinite(value):
            return [], f"{_shown(piece)} is not a finite number."
        values.append(value)
    return values, ""


def _pieces(answer: Any, count: int) -> list[Any] | str:
    """What should be numbers; or a sentence on why nothing here should."""
    if isinstance(answer, str):
        return _split(answer, count)
    if hasattr(answer, "tolist") and not isinstance(answer, type):  # NumPy's arrays and scalars
        size = getattr(answer, "size", 1)
        if isinstance(size, int) and size > MOST:
            return f"Here are {size} numbers, asked for {'is 1' if count == 1 else f'are {count}'}."
        answer = answer.tolist()
    if isinstance(answer, (list, tuple)):
        flat: list[Any] = []
        for item in answer:
            item = item.tolist() if hasattr(item, "tolist") else item
            flat.extend(item if isinstance(item, (list, tuple)) else [item])
        return flat
    if isinstance(answer, (set, frozenset)):
        return [*answer] if count == 1 else "A set has no order; give a list."
    if isinstance(answer, (bool, bytes, bytearray, Mapping, type)):
        return f"This is of type {type(answer).__name__}, not a number."
    if isinstance(answer, Number) or hasattr(answer, "__float__"):
        return [answer]
    if answer is None:
        return "This is None, not a number."
    return f"This is of type {type(answer).__name__}, not a number."


def _split(text: str, count: int) -> list[str]:
    text = _inside(text.translate(_SPACES).strip(" \n"))
    if count == 1:
        return [text]
    ways = [
        [part for piece in sign.split(text) if (part := piece.strip(" \n"))] for sign in _BETWEEN
    ]
    fitting = [way for way in ways if len(way) == count] or [way for way in ways if len(way) > 1]
    return fitting[0] if fitting else [text]


def _inside(text: str) -> str:
    """The inside of brackets around the whole: (1, 2), but not (1 + 2)/3."""
    if text[:1] not in {"(", "["} or len(text) < 2:
        return text
    depth = 0
    for i, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if depth == 0:
            return text[1:-1] if i == len(text) - 1 else text
    return text


def _real(value: Any) -> float | None:
    if isinstance(value, (bool, bytes, complex, str, Mapping)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except Exception:  # whatever an object of the reader's does
        return None


def _shown(piece: Any) -> str:
    text = piece if isinstance(piece, str) else repr(piece)
    return f"“{text if len(text) <= 40 else text[:37] + '...'}”"


_BESIDE = re.compile(r"(?<![a-z])(?:and|or)(?![a-z])|[ ,;()\[\]{}.'\"&+]")


def _letters(answer: Any) -> list[str] | None:
    """["b", "c"] of "b and c", "B, C", "(b) (c)", "bc", ["b", "c"]; None of anything else."""
    if hasattr(answer, "tolist") and not isinstance(answer, type):
        answer = answer.tolist()
    if isinstance(answer, (list, tuple, set, frozenset)):
        if not all(isinstance(item, str) for item in answer):
            return None
        answer = " ".join(answer)
    if not isinstance(answer, str):
        return None
    letters = list(_BESIDE.sub("", normal(answer)))
    return letters if all(letter in ALPHABET for letter in letters) else None
