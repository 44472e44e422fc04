"""Races for rules that take matrices: several runs side by side, rates tuned on other problems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from .._checks import Array, number, whole
from .schedules import linear

Rule = tuple[Callable[[Array], Any], Callable[..., tuple[Array, Any]], dict[str, Any]]


class Runs(Protocol):
    """Several problems of one shape. Every array of parameters is a stack, one run a row."""

    def start(self) -> list[Array]:
        """Where the runs begin."""

    def grad(self, params: Sequence[Array], t: int) -> list[Array]:
        """The gradients of step t."""

    def f(self, params: Sequence[Array]) -> Array:
        """The values, one a run."""


def each(init: Callable[[Array], Any], step: Callable[..., Any], **hyper: Any) -> Rule:
    """A rule for one matrix as a rule for a stack of them, one by one.

    Examples
    --------
    >>> from adam_lib import muon_init, muon_step
    >>> begin, go, hyper = each(muon_init, muon_step, weight_decay=0.0)
    >>> x = np.zeros((4, 3, 2))
    >>> theta, states = go(x, x + 1, begin(x), **hyper)
    >>> theta.shape, len(states)
    ((4, 3, 2), 4)
    """

    def init_all(theta: Array) -> list[Any]:
        return [init(x) for x in theta]

    def step_all(
        theta: Array, g: Array, states: Sequence[Any], **hyper: Any
    ) -> tuple[Array, list[Any]]:
        moved = [step(*one, **hyper) for one in zip(theta, g, states, strict=True)]
        return np.stack([x for x, _ in moved]), [state for _, state in moved]

    return init_all, step_all, hyper


def heavy_ball(momentum: float = 0.9) -> Rule:
    """The heavy ball as a rule.

    Examples
    --------
    >>> init, step, hyper = heavy_ball()
    >>> theta, b = step(np.ones(1), np.ones(1), init(np.ones(1)), lr=0.5, **hyper)
    >>> print(theta, b)
    [0.5] [1.]
    """

    def step(theta: Array, g: Array, b: Array, *, lr: float, mu: float) -> tuple[Array, Array]:
        b = mu * b + g
        return theta - lr * b, b

    return np.zeros_like, step, {"mu": momentum}


def descend(
    runs: Runs, rule: Rule, lr: float, steps: int, *, falling: bool = True
) -> tuple[list[Array], list[Any]]:
    """The parameters and states after ``steps`` steps, at a rate that falls linearly to 0.

    With ``falling=False`` it stays at lr.
    """
    init, step, hyper = rule
    params = runs.start()
    states = [init(p) for p in params]
    rate = linear(lr, steps)
    with np.errstate(all="ignore"):
        for t in range(1, steps + 1):
            hyper = {**hyper, "lr": rate(t) if falling else lr}
            grads = runs.grad(params, t)
            moved = [step(*one, **hyper) for one in zip(params, grads, states, strict=True)]
            params, states = [p for p, _ in moved], [s for _, s in moved]
    return params, states


def tune(score: Callable[[float], float], guess: float, *, reach: int = 2) -> dict[float, float]:
    """Scores of rates half a decade apart around ``guess``; the grid grows at an edge.

    ``score`` is lower where the rate is better; NaN counts as infinite. The
    answer is sorted by rate; its least value is not at an end.

    Examples
    --------
    >>> scores = tune(lambda lr: abs(np.log10(lr) - 2), 1.0)
    >>> print(round(min(scores, key=scores.get)), len(scores))
    100 8
    """
    guess, reach = number("guess", guess), whole("reach", reach, 1)
    seen: dict[int, float] = {}
    ahead = list(range(-reach, reach + 1))
    while ahead:
        for e in ahead:
            s = float(score(guess * 10 ** (e / 2)))
            seen[e] = s if np.isfinite(s) else np.inf
        best = min(seen, key=lambda e: seen[e])
        ahead = [best - 1] * (best == min(seen)) + [best + 1] * (best == max(seen))
        if len(seen) > 30:
            raise ValueError("no best rate within fifteen decades: does the score vary?")
    return {guess * 10 ** (e / 2): seen[e] for e in sorted(seen)}
