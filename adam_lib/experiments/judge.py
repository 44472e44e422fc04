"""Is the answer right, and if not, what is wrong with it?

One key serves the notebook and the page: the entries of answers/*.toml, by the
number of the exercise ("6.2") or the name of the prediction ("6.a"). Here they are
judged in Python, on the page by book/_static/reader/judge.js; both say the same.
"""

from __future__ import annotations

import functools
import importlib
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from numbers import Number
from typing import Any

from .numerals import number

FORMS = ("number", "numbers", "choice", "letters", "code")
LEVELS = ("warm-up", "core", "deep")
ALPHABET = "abcdefghijkl"
SLACK = 1e-9  # of a tolerance, so that its edge is within it in every arithmetic
_RULES = {
    "number": {"is", "above", "below"},
    "numbers": {"is", "at", "above", "below"},
    "choice": {"is"},
    "letters": {"is", "has", "lacks"},
    "code": set(),
}
_FIELDS = {
    *("form", "ask", "right", "rel", "abs", "wrong", "level", "minutes"),
    *("options", "letters", "names", "ordered", "scale"),
}

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What a judge says: ``right``, ``not yet``, ``empty`` or ``unreadable``, and why."""

    verdict: str
    say: str = ""

    @property
    def right(self) -> bool:
        return self.verdict == "right"


class NotYet(Exception):
    """Raised by the judge of a code exercise, with a sentence for the reader."""


# --------------------------------------------------------------------------- the keys


@functools.cache
def keys() -> dict[str, Entry]:
    """Every entry of the book by its number, checked.

    Raises
    ------
    ValueError
        A file that is not as it must be; the message names file, entry and rule.
    """
    found: dict[str, Entry] = {}
    folder = resources.files(__package__) / "answers"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        try:
            entries = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"answers/{file.name} is not TOML: {error}") from error
        for name, entry in entries.items():
            problems = [*complaints(name, entry)]
            if name in found:
                problems.append("stands in two files")
            if problems:
                raise ValueError(f"answers/{file.name}, {name}: " + "; ".join(problems))
            found[name] = entry
    return found


def entry(name: str) -> Entry:
    """The entry of an exercise or a prediction; a KeyError names those there are."""
    name = str(name).strip()
    if name not in keys():
        page = name.partition(".")[0]
        near = ", ".join(n for n in keys() if n.partition(".")[0] == page) or "none"
        raise KeyError(f"there is no exercise {name}; of that chapter there are: {near}")
    return keys()[name]


def is_prediction(name: str) -> bool:
    return not name.rpartition(".")[2].isdigit()


def complaints(name: str, entry: Any) -> Iterable[str]:
    """What is wrong with an entry of a key."""
    if not isinstance(entry, Mapping):
        yield f"must be a table, got {entry!r}"
        return
    form = entry.get("form")
    if form not in FORMS:
        yield f"form must be one of {', '.join(FORMS)}, got {form!r}"
        return
    for field in sorted(set(entry) - _FIELDS):
        yield f"has no field {field!r}"
    if not isinstance(entry.get("ask"), str):
        yield "ask must be a sentence"
    if not is_prediction(name):
        if entry.get("level") not in LEVELS:
            yield f"level must be one of {', '.join(LEVELS)}, got {entry.get('level')!r}"
        if not isinstance(entry.get("minutes"), int):
            yield f"minutes must be a whole number, got {entry.get('minutes')!r}"
    if form in ("number", "numbers"):
        yield from _numeric_complaints(form, entry)
    if form in ("choice", "letters"):
        allowed = letters_of(entry)
        named = entry.get("right", "")
        if not allowed or not set(named) <= set(allowed) or not named:
            yield f"right must be of the letters {allowed!r}, got {named!r}"
    for rule in entry.get("wrong", []):
        unknown = set(rule) - _RULES[form] - {"say", "rel", "abs"}
        if unknown or not rule.get("say") or not set(rule) & _RULES[form]:
            yield f"a wrong answer must have say and one of {sorted(_RULES[form])}, got {rule!r}"


def _numeric_complaints(form: str, entry: Entry) -> Iterable[str]:
    right = entry.get("right")
    values = right if isinstance(right, list) else [right]
    if (form == "numbers") != isinstance(right, list) or not all(_is_real(v) for v in values):
        yield f"right must be {'a list of numbers' if form == 'numbers' else 'a number'}"
    if ("rel" in entry) == ("abs" in entry):
        yield "exactly one of rel and abs must say the tolerance"
    if form == "numbers" and len(entry.get("names", [])) != len(values):
        yield "names must name each of the numbers"


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def letters_of(entry: Entry) -> str:
    """The letters that an answer may have."""
    return str(entry.get("letters") or ALPHABET[: len(entry.get("options", []))])


# ------------------------------------------------------------------------- the verdict


def verdict(name: str, answer: Any) -> Verdict:
    """Judge the answer to an exercise; never raises for an answer, whatever it is.

    Examples
    --------
    >>> verdict("7.1", ...).verdict
    'empty'
    """
    try:
        return judge(entry(name), answer, str(name).strip())
    except KeyError:
        raise
    except Exception as error:
        return Verdict("unreadable", f"The answer stopped the check: {type(error).__name__}.")


def judge(entry: Entry, answer: Any, name: str = "") -> Verdict:
    """Judge by an entry of a key."""
    if answer is ... or (isinstance(answer, str) and not answer.strip()):
        return Verdict("empty")
    form = entry["form"]
    if form == "code":
        return _run(name, answer)
    if form in ("choice", "letters"):
        return _judge_letters(entry, answer)
    values, problem = _numbers(answer, len(entry["right"]) if form == "numbers" else 1)
    if problem:
        return Verdict("unreadable", f"{problem} {entry['ask']}")
    return _judge_numbers(entry, values)


def _judge_numbers(entry: Entry, values: list[float]) -> Verdict:
    several = entry["form"] == "numbers"
    right = [float(r) for r in (entry["right"] if several else [entry["right"]])]
    if _all_close(values, right, entry):
        return Verdict("right")
    for rule in entry.get("wrong", []):
        at = rule.get("at")
        part = values if at is None else [values[at]]
        if _applies(rule, part, at, entry):
            return Verdict("not yet", str(rule["say"]))
    return Verdict("not yet")


def _applies(rule: Entry, values: list[float], at: int | None, entry: Entry) -> bool:
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
        return Verdict("unreadable", f"This is not of the letters {span}. {entry['ask']}")
    if not letters:
        return Verdict("empty")
    if entry["form"] == "choice" and len(letters) > 1:
        return Verdict("unreadable", f"One letter is asked for, {span}. {entry['ask']}")
    if not entry.get("ordered"):
        letters = sorted(set(letters))
    given = "".join(letters)
    if given == _canonical(entry["right"], entry):
        return Verdict("right")
    for rule in entry.get("wrong", []):
        if (
            ("is" in rule and given == _canonical(rule["is"], entry))
            or ("has" in rule and rule["has"] in given)
            or ("lacks" in rule and rule["lacks"] not in given)
        ):
            return Verdict("not yet", str(rule["say"]))
    return Verdict("not yet")


def _canonical(letters: str | Sequence[str], entry: Entry) -> str:
    return "".join(letters if entry.get("ordered") else sorted(set(letters)))


# ------------------------------------------------------------ what an answer may look like


def _numbers(answer: Any, count: int) -> tuple[list[float], str]:
    """The numbers in an answer, or a sentence on why they cannot be had."""
    given = _pieces(answer, count)
    if given is None:
        kind = "None" if answer is None else type(answer).__name__
        return [], f"This is {'' if answer is None else 'of type '}{kind}, not a number."
    if len(given) != count:
        asked = "one number is" if count == 1 else f"{count} numbers are"
        return [], f"{asked.capitalize()} asked for, here are {len(given)}."
    values: list[float] = []
    for piece in given:
        value = number(piece) if isinstance(piece, str) else _real(piece)
        if value is None:
            return [], f"{_shown(piece)} is not a number."
        if not math.isfinite(value):
            return [], f"{_shown(piece)} is not a finite number."
        values.append(value)
    return values, ""


def _pieces(answer: Any, count: int) -> list[Any] | None:
    if isinstance(answer, str):
        if count == 1:
            return [answer]
        text = answer.strip().strip("()[]")
        parts = re.split(r"\s*[;\n]\s*|\s*,\s+|\s+and\s+", text)
        if len(parts) == 1:
            parts = re.split(r",|\s+", text)
        return [part for part in parts if part]
    if isinstance(answer, (bool, bytes, Mapping)) or answer is None:
        return None
    if hasattr(answer, "tolist"):  # NumPy's arrays and scalars
        answer = answer.tolist()
    if isinstance(answer, (list, tuple)):
        flat: list[Any] = []
        for item in answer:
            flat.extend(item if isinstance(item, (list, tuple)) else [item])
        return flat
    if isinstance(answer, (set, frozenset)):
        return sorted(answer) if count == 1 else None
    return [answer] if isinstance(answer, Number) or hasattr(answer, "__float__") else None


def _real(value: Any) -> float | None:
    if isinstance(value, (bool, bytes, complex)):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
    except OverflowError:
        return math.inf


def _shown(piece: Any) -> str:
    text = piece if isinstance(piece, str) else repr(piece)
    return f"“{text if len(text) <= 40 else text[:37] + '...'}”"


def _letters(answer: Any) -> list[str] | None:
    """["b", "c"] of "b and c", "B, C", "(b) (c)", "bc", ["b", "c"]."""
    if hasattr(answer, "tolist"):
        answer = answer.tolist()
    if isinstance(answer, (list, tuple, set, frozenset)):
        answer = " ".join(str(item) for item in answer)
    if not isinstance(answer, str):
        return None
    text = re.sub(r"\band\b|\bor\b|[\s,;()\[\]{}.'\"&+]", " ", answer.lower())
    letters = list("".join(text.split()))
    return letters if all(letter in ALPHABET for letter in letters) else None


# ------------------------------------------------------------------------------- code


def _run(name: str, answer: Any) -> Verdict:
    """Exercises that ask for code are judged by code: answers/code_NN.py."""
    chapter, _, number_ = name.partition(".")
    page = f"{int(chapter):02d}" if chapter.isdigit() else chapter
    module = importlib.import_module(f"{__package__}.answers.code_{page}")
    try:
        getattr(module, f"exercise_{page}_{number_}")(answer)
    except NotYet as reason:
        return Verdict("not yet", str(reason))
    except Exception as error:
        return Verdict("not yet", f"It stopped with {type(error).__name__}: {error}")
    return Verdict("right")
