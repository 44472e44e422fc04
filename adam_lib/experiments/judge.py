"""The judge of the book's exercises and predictions, by their numbers.

One key serves the notebook and the page: the entries of answers/*.toml, by the
number of the exercise ("6.2") or the name of the prediction ("6.a").
"""

from __future__ import annotations

import functools
import importlib
import tomllib
from importlib import resources
from typing import Any

from .keyrules import complaints, is_prediction
from .verdicts import Entry, Verdict, judge, letters_of, unreadable

__all__ = [
    "Entry",
    "NotYet",
    "Verdict",
    "complaints",
    "entry",
    "is_prediction",
    "judge",
    "keys",
    "letters_of",
    "verdict",
]


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


# ------------------------------------------------------------------------- the verdict


def verdict(name: str, answer: Any) -> Verdict:
    """Judge the answer to an exercise; never raises for an answer, whatever it is.

    Examples
    --------
    >>> verdict("7.1", ...).verdict
    'empty'
    """
    key = entry(name)
    try:
        if key["form"] == "code":
            return Verdict("empty") if answer is ... else _run(str(name).strip(), answer)
        return judge(key, answer)
    except Exception as error:
        return unreadable(f"This stopped the check with {type(error).__name__}.", key)


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
        if not callable(answer):
            return unreadable(f"This is of type {type(answer).__name__}.", entry(name))
        return Verdict("not yet", f"It stopped with {type(error).__name__}: {error}")
    return Verdict("right")
