"""Adam line by line, and rules that differ from it in a few lines.

A rule is a table of named slots, each a line of Algorithm 1 or empty. An
exhibit replaces some of them. Two exhibits that touch different slots can be
put together, so that pairs of bugs need not be written down; the lines become
one function, whose source is what a report shows.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from .._checks import Array

# In the order in which they run. What is empty here takes several edits.
ADAM: dict[str, str] = {
    "header": "lr, beta1, beta2, eps = h",
    "hyper": "",
    "decay": "",
    "grad": "",
    "clock": "t = s.t = s.t + 1",
    "m": "s.m = beta1 * s.m + (1 - beta1) * g",
    "v": "s.v = beta2 * s.v + (1 - beta2) * g**2",
    "m_hat": "m_hat = s.m / (1 - beta1**t)",
    "v_hat": "v_hat = s.v / (1 - beta2**t)",
    "root": "root = np.sqrt(v_hat) + eps",
    "step": "step = lr * m_hat / root",
    "late": "",
    "end": "theta = theta - step",
    "after": "",
}

Edits = Mapping[str, str]
Rule = Callable[[Array, Array, Any, Any], Array]


class State:
    """What a rule keeps for one tensor. Whatever it asks for starts at zero.

    Attributes
    ----------
    t, n : int
        The steps taken with this tensor, as a rule counts them; n, on the clock,
        the steps of the optimizer.
    clock : State
        What all tensors of one optimizer share; its ``grads`` are those of the
        present step, and ``i`` says which of them is this tensor's.
    """

    def __init__(self, theta: Array, clock: State | None = None, i: int = 0) -> None:
        self.t = self.n = 0
        self.i = i
        self.grads: list[Array] = []
        self.clock = self if clock is None else clock
        self._zero = np.zeros_like(theta)

    def of_shape(self, theta: Array) -> State:
        """On the clock: a state that all tensors of one shape share."""
        shared: dict[Any, State] = self.__dict__.setdefault("_of_shape", {})
        return shared.setdefault(theta.shape, State(theta, self, self.i))

    def __getattr__(self, name: str) -> Array:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._zero


def compose(edits: Iterable[Edits], base: Edits = ADAM) -> dict[str, str] | None:
    """``base`` with all edits made, or None if two of them replace the same line."""
    lines, taken = dict(base), set()
    for edit in edits:
        for slot, line in edit.items():
            if ADAM[slot] == "":
                lines[slot] = f"{lines[slot]}\n{line}".strip()
            elif slot in taken:
                return None
            else:
                lines[slot] = line
                taken.add(slot)
    return lines


def body(lines: Edits) -> list[str]:
    """The lines of a rule, in order."""
    return [line for slot in ADAM for line in lines[slot].splitlines() if line]


def norm(g: Array) -> Any:
    """The root of the sum of squares of one tensor."""
    return np.sqrt(np.sum(g * g))


def total(s: State) -> Any:
    """The norm of the gradients of all tensors together."""
    return np.sqrt(sum(np.sum(g * g) for g in s.clock.grads))


def trust(theta: Array, direction: Array) -> Any:
    """LAMB's ratio of the norms of parameters and step; 1 if either is 0."""
    a, b = norm(theta), norm(direction)
    return a / b if a > 0 and b > 0 else 1.0


TOOLS = {"np": np, "sqrt": np.sqrt, "norm": norm, "mean": np.mean, "total": total, "trust": trust}


def function(name: str, lines: Edits, constants: Mapping[str, float]) -> Rule:
    """The rule as a function ``name(theta, g, s, h)`` whose source can be read."""
    source = f"def {name}(theta, g, s, h):\n" + "".join(
        f"    {line}\n" for line in (*body(filled(lines, constants)), "return theta")
    )
    where = f"<{name} {hash(source):x}>"
    space: dict[str, Any] = dict(TOOLS)
    exec(compile(source, where, "exec"), space)
    # So that inspect.getsource and a traceback show the lines.
    linecache.cache[where] = (len(source), None, source.splitlines(keepends=True), where)
    found: Rule = space[name]
    return found


@lru_cache(maxsize=1000)
def _code(line: str) -> CodeType:
    return compile(line, line, "exec")


def program(lines: Edits, constants: Mapping[str, Any]) -> Rule:
    """The same function, ready sooner: its lines have been compiled one by one.

    A constant may be an array of values to try, of shape (n, 1).
    """
    codes = [_code(line) for line in body(lines)]
    space: dict[str, Any] = {**TOOLS, **constants}

    def run(theta: Array, g: Array, s: State, h: tuple[float, ...]) -> Array:
        space.update(theta=theta, g=g, s=s, h=h)
        for code in codes:
            exec(code, space)
        found: Array = space["theta"]
        return found

    return run


def filled(lines: Edits, constants: Mapping[str, float]) -> dict[str, str]:
    """The lines with numbers in the place of the constants."""
    out = dict(lines)
    for slot, line in out.items():
        for name, value in constants.items():
            line = line.replace(name, f"{value:.10g}")
        out[slot] = line
    return out
