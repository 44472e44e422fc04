"""What an entry of a key must be like: answers/*.toml, an entry an exercise.

CONTRIBUTING.md has the fields; here they are checked, with a sentence for the author.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .verdicts import (
    ALPHABET,
    Entry,
    applies,
    canonical,
    judge,
    judge_numbers,
    letters_apply,
    letters_of,
)

FORMS = ("number", "numbers", "choice", "letters", "code")
LEVELS = ("warm-up", "core", "deep")
_RULES: dict[str, set[str]] = {
    "number": {"is", "above", "below"},
    "numbers": {"is", "above", "below"},
    "choice": {"is"},
    "letters": {"is", "has", "lacks"},
    "code": set(),
}
_FIELDS: dict[str, tuple[str, ...]] = {
    "number": ("right", "rel", "abs", "wrong"),
    "numbers": ("right", "rel", "abs", "wrong", "names"),
    "choice": ("right", "wrong", "options", "letters"),
    "letters": ("right", "wrong", "options", "letters", "ordered"),
    "code": (),
}


def is_prediction(name: str) -> bool:
    return not name.rpartition(".")[2].isdigit()


def complaints(name: str, entry: Any) -> Iterable[str]:
    """What is wrong with an entry of a key."""
    if not isinstance(entry, Mapping):
        yield f"must be a table, got {entry!r}"
        return
    form = str(entry.get("form"))
    forms = ("number", "choice") if is_prediction(name) else FORMS
    if form not in forms:
        yield f"form must be one of {', '.join(forms)}, got {form!r}"
        return
    allowed = {"form", "ask", *_FIELDS[form]}
    allowed |= {"scale"} if is_prediction(name) else {"level", "minutes"}
    for field in sorted(set(entry) - allowed):
        yield f"form {form} has no field {field!r}" + (
            " in a prediction" if is_prediction(name) and field in ("level", "minutes") else ""
        )
    ask = entry.get("ask")
    if not isinstance(ask, str) or not (ask or (is_prediction(name) and form == "choice")):
        yield f"ask must be a sentence, got {ask!r}"
    if is_prediction(name):
        if entry.get("scale", "ratio") not in ("ratio", "difference"):
            yield f"scale must be ratio or difference, got {entry['scale']!r}"
    else:
        if entry.get("level") not in LEVELS:
            yield f"level must be one of {', '.join(LEVELS)}, got {entry.get('level')!r}"
        minutes = entry.get("minutes")
        if type(minutes) is not int or minutes < 1:
            yield f"minutes must be a whole number, got {minutes!r}"
    problems = [*_form_complaints(form, entry), *_rule_complaints(form, entry)]
    yield from problems
    if not problems and form != "code":
        yield from _wrong_complaints(entry)


def _form_complaints(form: str, entry: Entry) -> Iterable[str]:
    right = entry.get("right")
    if form in ("choice", "letters"):
        options, letters = entry.get("options"), entry.get("letters")
        if (options is None) == (letters is None):
            yield "exactly one of options and letters must say what there is to choose from"
            return
        if letters is not None and letters != ALPHABET[: len(letters)]:
            yield f"letters must be a, b, c, ... without a gap, got {letters!r}"
        if len(letters_of(entry)) < 2 or (options is not None and len(options) > len(ALPHABET)):
            yield f"there must be 2 to {len(ALPHABET)} options"
        if not _are_letters(right, form, letters_of(entry)):
            kind = "one letter" if form == "choice" else "a list of letters"
            yield f"right must be {kind} of {letters_of(entry)!r}, got {right!r}"
    if form not in ("number", "numbers"):
        return
    values: list[Any] = right if isinstance(right, list) else [right]
    if (form == "numbers") != isinstance(right, list) or not all(map(_is_real, values)):
        yield f"right must be {'a list of numbers' if form == 'numbers' else 'a number'}"
        return
    yield from _tolerance_complaints(entry, values)
    if form == "numbers" and len(entry.get("names", [])) != len(values):
        yield "names must name each of the numbers"
    if right == 0 and entry.get("scale") == "ratio":
        yield "scale must be difference where right is 0"


def _are_letters(given: Any, form: str, allowed: str) -> bool:
    if form == "choice":
        return isinstance(given, str) and len(given) == 1 and given in allowed
    return isinstance(given, list) and bool(given) and all(g and g in allowed for g in given)


def _tolerance_complaints(entry: Entry, values: Sequence[float]) -> Iterable[str]:
    if ("rel" in entry) == ("abs" in entry):
        yield "exactly one of rel and abs must say the tolerance"
        return
    kind = "rel" if "rel" in entry else "abs"
    given = entry[kind]
    sizes = given if isinstance(given, list) else [given] * len(values)
    if len(sizes) != len(values) or not all(_is_real(s) and s > 0 for s in sizes):
        yield f"{kind} must be positive, one for all or one for each, got {given!r}"
    elif kind == "rel" and 0 in values:
        yield "rel means nothing where right is 0: give abs"


def _rule_complaints(form: str, entry: Entry) -> Iterable[str]:
    rules = entry.get("wrong", [])
    if form == "code" or not isinstance(rules, list):
        return
    count = len(entry["right"]) if form == "numbers" and isinstance(entry["right"], list) else 1
    for rule in rules:
        kinds = set(rule) & _RULES[form]
        if len(kinds) != 1 or not isinstance(rule.get("say"), str) or not rule["say"]:
            yield f"a wrong answer must have say and one of {sorted(_RULES[form])}, got {rule!r}"
            continue
        more = {"rel", "abs"} if "is" in rule and form in ("number", "numbers") else set()
        more |= {"at"} if form == "numbers" else set()
        if unknown := sorted(set(rule) - kinds - more - {"say"}):
            yield f"a wrong answer {rule!r} has no field {unknown[0]!r}"
        value, at = rule[next(iter(kinds))], rule.get("at")
        if form in ("choice", "letters"):
            one = form == "choice" or kinds & {"has", "lacks"}
            if not _are_letters(value, "choice" if one else form, letters_of(entry)):
                yield f"a wrong answer must name letters of {letters_of(entry)!r}, got {value!r}"
            continue
        if at is not None and (type(at) is not int or not 0 <= at < count):
            yield f"at must be from 0 to {count - 1}, got {at!r}"
        whole = form == "numbers" and at is None and "is" in rule
        wanted = value if whole and isinstance(value, list) else [value]
        if not all(map(_is_real, wanted)) or (whole and len(wanted) != count):
            yield f"a wrong answer must be {f'{count} numbers' if whole else 'a number'}: {value!r}"
        elif "rel" in rule or "abs" in rule:
            yield from _tolerance_complaints(rule, wanted)
        elif "rel" in entry and 0 in wanted:
            yield f"a wrong answer that is 0 needs its own abs: {rule!r}"


def _wrong_complaints(entry: Entry) -> Iterable[str]:
    """The right answer is not among the wrong ones, and each of those is told of."""
    several = entry["form"] == "numbers"
    for rule in entry.get("wrong", []):
        if entry["form"] in ("choice", "letters"):
            right = canonical(entry["right"], entry)
            if letters_apply(rule, right, entry):
                yield f"the right answer is among the wrong ones: {rule!r}"
            told = judge(entry, rule["is"]) if "is" in rule else None
        else:
            values = [float(v) for v in (entry["right"] if several else [entry["right"]])]
            at = rule.get("at")
            if applies(rule, values if at is None else [values[at]], at, entry):
                yield f"the right answer is among the wrong ones: {rule!r}"
            if "is" not in rule:
                continue
            given = list(values)
            if at is None:
                given = rule["is"] if several else [rule["is"]]
            else:
                given[at] = rule["is"]
            told = judge_numbers(entry, [float(v) for v in given])
        if told is not None and told.right:
            yield f"this wrong answer is taken for right: {rule!r}"
        elif told is not None and told.say != rule["say"]:
            yield f"an earlier diagnosis hides this one: {rule!r}"


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
