"""Numbers as readers type them: 1/20, 5e-2, 0,05, sqrt(3), 2 pi, 10^-3, 50 %.

The page has the same grammar in book/_static/reader/judge.js; tests/book/test_judge.py
compares the two. Nothing is evaluated but this grammar.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

LONGEST = 100  # characters
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>sqrt|exp|ln|pi|e(?![a-z]))|(?P<sign>\*\*|[-+*/^()%√]))",
    re.IGNORECASE,
)
# What else people write for the signs.
_SAME = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "½": "0.5", "π": "pi"})
_AROUND = re.compile(r"^\s*[=≈~]\s*|\s*(?:α|alpha|steps?)?[\s.]*$", re.IGNORECASE)
_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "√": math.sqrt,
    "exp": math.exp,
    "ln": math.log,
}
_CONSTANTS = {"pi": math.pi, "e": math.e}


class _Unreadable(ValueError):
    pass


def number(text: str) -> float | None:
    """The value of ``text``, or None where it is not a number.

    Not finite (1/0, 1e999) is NaN: it was read, and it is no answer.

    Examples
    --------
    >>> [number(t) for t in ("1/20", "0,05", "5 %", "2^-3", "-2**2", "seven")]
    [0.05, 0.05, 0.05, 0.125, -4.0, None]
    """
    if len(text) > LONGEST:
        return None
    text = _AROUND.sub("", text.translate(_SAME))
    try:
        value = _Reader(text).whole()
    except _Unreadable:
        return None
    except (ArithmeticError, ValueError):  # 1/0, sqrt(-1), exp(999)
        return math.nan
    return value if math.isfinite(value) else math.nan


class _Reader:
    """Recursive descent: sum, product, sign, power, value."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found:
                raise _Unreadable
            self.tokens.append(found[0].strip().lower())
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
            value = value + other if sign == "+" else value - other
        return value

    def product(self) -> float:
        value = self.signed()
        while True:
            if self.take("*"):
                value *= self.signed()
            elif self.take("/"):
                value /= self.signed()
            elif self.peek() in {"(", "√", *_FUNCTIONS, *_CONSTANTS}:  # 2 pi, 3 sqrt(2)
                value *= self.power()
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
            return math.pow(base, self.signed())
        return base

    def value(self) -> float:
        token = self.peek()
        self.at += 1
        if token == "(":
            value = self.sum()
            if not self.take(")"):
                raise _Unreadable
        elif token in _FUNCTIONS:
            value = _FUNCTIONS[token](self.value())
        elif token in _CONSTANTS:
            value = _CONSTANTS[token]
        elif token[:1].isdigit() or (token[:1] in {".", ","} and token):
            value = float(token.replace(",", "."))
        else:
            raise _Unreadable
        while self.take("%"):
            value /= 100
        return value
