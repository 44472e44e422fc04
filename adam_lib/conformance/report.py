"""What was found: for people, for a program, for an exit status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .battery import doc
from .lines import body, filled
from .naming import Guess

SURE = "sure"
LIKELY = "likely"


@dataclass(frozen=True)
class Difference:
    """The first step that is not the reference's, and both numbers in units of lr."""

    run: str
    step: int
    coordinate: int
    seen: float
    right: float


@dataclass(frozen=True)
class Report:
    """What :func:`.diagnose.diagnose` found; printed, it says so in a few lines.

    Attributes
    ----------
    ok : bool
        Whether this is the reference, in one of the documented conventions.
    convention : str
        The convention's name, or an empty string.
    says : tuple of str
        What is wrong, or what the convention is, in sentences.
    bugs : tuple of str
        The names of the bugs that together take the steps that were seen; none
        if no rule that is known does.
    others : tuple of tuple of str
        Other sets of bugs that take the same steps.
    how_sure : str
        "sure" if the named rule takes every step that was seen, "likely" if it
        takes most, else empty.
    results : dict
        For each test by name what was wrong, an empty string if nothing.
    failed : tuple of str
        The names of the failed tests.
    first : Difference or None
        Where it first left the reference.
    precision : str
        "double" or "single": to what the steps agree.
    lines : tuple of str
        The lines of the rule that are other than the reference's: "- " what is
        missing, "+ " what seems to be there.
    """

    reference: str
    hyper: Mapping[str, Any]
    dtype: str
    ok: bool
    convention: str
    says: tuple[str, ...]
    bugs: tuple[str, ...]
    others: tuple[tuple[str, ...], ...]
    how_sure: str
    results: Mapping[str, str]
    first: Difference | None
    precision: str
    lines: tuple[str, ...]
    steps: int
    missed: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        return tuple(name for name, wrong in self.results.items() if wrong)

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain lists, numbers and strings, for ``json``."""
        out = {k: v for k, v in vars(self).items() if k != "first"}
        out["hyper"] = {k: list(v) if isinstance(v, tuple) else v for k, v in self.hyper.items()}
        out["results"], out["failed"] = dict(self.results), list(self.failed)
        out["first"] = (
            None
            if self.first is None
            else {
                k: v if not isinstance(v, float) or np.isfinite(v) else str(v)
                for k, v in vars(self.first).items()
            }
        )
        return {k: list(v) if isinstance(v, tuple) else v for k, v in out.items()}

    def __str__(self) -> str:
        at = ", ".join(f"{k}={_short(v)}" for k, v in self.hyper.items())
        head = f"({at}, {self.dtype})"
        if self.ok:
            return "\n".join([f"{self.reference} {head}", *self._right()])
        lines = [
            f"not {self.reference}: {len(self.failed)} of {len(self.results)} tests fail {head}"
        ]
        if self.bugs:
            lines += [f"  {says}" for says in self.says]
            lines += [f"      {line}" for line in self.lines]
            lines.append(f"  {self._sure()}")
        lines += [f"  {note}" for note in self.notes]
        if self.first:
            f = self.first
            lines.append(
                f"  first seen: run {f.run!r}, step {f.step}, coordinate {f.coordinate}: "
                f"{_number(f.seen, f.right)} lr where {self.reference} takes "
                f"{_number(f.right, f.seen)} lr"
            )
        if not self.bugs:
            lines.append("  no rule known here takes these steps")
        for name in self.failed:
            lines.append(f"  fails {name}: {self.results[name]}")
            if not self.bugs:
                lines.append(f"    ({doc(name)})")
        return "\n".join(lines)

    def _right(self) -> list[str]:
        single = ", computed in single precision" if self.precision == "single" else ""
        lines = [f"  {says}" for says in self.says]
        lines.append(f"  every one of {self.steps:,} steps is the rule's{single}")
        for name in self.failed:
            lines.append(f"  {name}: {self.results[name]} (as it must in this convention)")
        return lines + [f"  {note}" for note in self.notes]

    def _sure(self) -> str:
        if self.how_sure == SURE:
            return f"sure: a rule with {_this(self.bugs)} takes all {self.steps:,} steps seen"
        missed = ", ".join(self.missed)
        return (
            f"likely: a rule with {_this(self.bugs)} takes all steps but some of the runs {missed}"
        )


def _this(bugs: tuple[str, ...]) -> str:
    return "this change" if len(bugs) == 1 else f"these {len(bugs)} changes"


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(f"{v:g}" for v in value) + ")"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(a: float, b: float) -> str:
    from .battery import two_numbers

    return two_numbers(a, b)[0]


def changed_lines(guess: Guess) -> tuple[str, ...]:
    """The lines that a guess takes from its convention, and those it puts in."""
    lines = guess.lines
    assert lines is not None
    numbers = {k: v for k, v in guess.constants.items() if np.ndim(v) == 0}
    lines = filled(lines, numbers)
    out = []
    for slot, was in guess.base.lines.items():
        if lines[slot] != was:
            out += [f"- {one}" for one in was.splitlines() if one not in lines[slot].splitlines()]
            out += [f"+ {one}" for one in lines[slot].splitlines() if one not in was.splitlines()]
    return tuple(out)


def sentences(guess: Guess) -> tuple[str, ...]:
    """What the parts of a guess say, with their constants' values."""
    out = []
    for part in guess.parts:
        says = part.says
        if len(guess.parts) > 1:
            says = says.removesuffix(": this is AdamW")
        for name, value in guess.constants.items():
            if np.ndim(value) == 0:
                says = says.replace(name, f"{value:.6g}")
        out.append(says)
    return tuple(out)


__all__ = ["LIKELY", "SURE", "Difference", "Report", "body", "changed_lines", "sentences"]
