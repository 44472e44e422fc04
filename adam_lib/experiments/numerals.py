"""Numbers as readers type them: 1/20, 5e-2, 0,05, sqrt(3), 2 pi, 10^-3, 50 %, 10 000.

The page has the same grammar in book/_static/reader/judge.js; tests/book/test_judge.py
compares the two. Nothing is evaluated but this grammar.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

LONGEST = 100  # characters
SPACES = "\t\r\u00a0\u2007\u2009\u202f"
# Capitals, other signs that mean the same, spaces that are not the space bar's.
_SAME = {
    **dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", strict=True)),
    **dict.fromkeys("−–‒", "-"),
    **dict.fromkeys("×·∙⋅", "*"),
    **dict.fromkeys(f"{SPACES}\n", " "),
    **{"÷": "/", "∕": "/", "½": " 1/2 ", "π": "pi", "’": "'"},
}
_TABLE = str.maketrans(_SAME)
_TOKEN = re.compile(
    r" *((?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:e[+-]?[0-9]+)?"
    r"|(?:sqrt|exp|ln|pi|e)(?![a-z])|\*\*|[-+*/^()%√])",
)
# "answer =" before it, a unit behind it.
_BEFORE = re.compile(r"^ *(?:[a-zα-ωΑ-Ω][a-zα-ωΑ-Ω0-9_ ]{0,15})?[=≈~] *")
_BEHIND = re.compile(r" *(?:\\?alpha|α|steps?|times|-?fold|x)?[ .]*$")
# 10 000, 10_000, 1'000'000; 1,234,567 and 1,234.5; but 1,234 may be 1.234
_SPACED = re.compile(r"(?<![0-9.,])([0-9]{1,3}(?:[ _'][0-9]{3})+)(?![0-9])")
_COMMAS = re.compile(
    r"(?<![0-9.,])([1-9][0-9]{0,2}(?:(?:,[0-9]{3}){2,}|,[0-9]{3}(?=\.[0-9])))(?![0-9,])"
)
_EITHER = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2},[0-9]{3}(?![0-9.,e])")
_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "√": math.sqrt,
    "exp": math.exp,
    "ln": math.log,
}
_CONSTANTS = {"pi": math.pi, "e": math.e}
# What may follow a factor without a sign between. Not "e": in 5 e-2 it is no factor.
_NEXT = {"(", "√", "pi", "sqrt", "exp", "ln"}


class _Unreadable(ValueError):
    pass


def normal(text: str) -> str:
    """The text with one sign for each meaning."""
    return text.translate(_TABLE)


def ambiguous(text: str) -> bool:
    """Whether a comma may be a decimal one or one of thousands: 1,234."""
    return bool(_EITHER.search(_COMMAS.sub("", normal(text))))


def number(text: str) -> float | None:
    """The value of ``text``, or None where it is not a number, or not surely one.

    What is not finite on the way (1/0, 1e999) is NaN: it was read, and it is no answer.

    Examples
    --------
    >>> [number(t) for t in ("1/20", "0,05", "5 %", "2^-3", "-2**2", "seven", "1,000")]
    [0.05, 0.05, 0.05, 0.125, -4.0, None, None]
    """
    if len(text) > LONGEST or ambiguous(text):
        return None
    text = _BEHIND.sub("", _BEFORE.sub("", normal(text)))
    text = _SPACED.sub(lambda m: re.sub("[ _']", "", m[1]), text)
    text = _COMMAS.sub(lambda m: m[1].replace(",", ""), text)
    try:
        return _Reader(text).whole()
    except _Unreadable:
        return None
    except (ArithmeticError, ValueError):  # 1/0, sqrt(-1), exp(999)
        return math.nan


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise OverflowError
    return value


class _Reader:
    """Recursive descent: sum, product, sign, power, value."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at, end = 0, len(text.rstrip(" "))
        while at < end:
            found = _TOKEN.match(text, at)
            if not found:
                raise _Unreadable
            self.tokens.append(found[1])
            at = found.end()
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if token and token in wanted:
            self.at += 1
            return token
        return ""

    def whole(self) -> float:
        value = self.sum()
        if self.peek():
            raise _Unreadable
        return value

    def sum(self) -> float:
        value = self.product()
        while sign := self.take("+", "-"):
            other = self.product()
            value = _finite(value + other if sign == "+" else value - other)
        return value

    def product(self) -> float:
        value = self.signed()
        while True:
            if self.take("*"):
                value = _finite(value * self.signed())
            elif self.take("/"):
                value = _finite(value / self.signed())
            elif self.peek() in _NEXT:  # 2 pi, 3 sqrt(2)
                value = _finite(value * self.power())
            else:
                return value

    def signed(self) -> float:
        if self.take("-"):
            return -self.signed()
        if self.take("+"):
            return self.signed()
        return self.power()

    def power(self) -> float:
        base = self.value()
        if self.take("^", "**"):
            return _finite(math.pow(base, self.signed()))
        return base

    def value(self) -> float:
        token = self.peek()
        self.at += 1
        if token == "(":
            value = self.sum()
            if not self.take(")"):
                raise _Unreadable
        elif token in _FUNCTIONS:
            value = _finite(_FUNCTIONS[token](self.value()))
        elif token in _CONSTANTS:
            value = _CONSTANTS[token]
        elif token[:1] and token[0] in "0123456789.,":
            value = _finite(float(token.replace(",", ".")))
        else:
            raise _Unreadable
        while self.take("%"):
            value /= 100
        return value
