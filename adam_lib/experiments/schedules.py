r"""Learning rates as functions of the step t = 1, 2, ..., for ``lr=`` of any optimizer.

All rise linearly first where ``warmup`` is above 0: the step t <= warmup has the
rate lr * t / warmup, so the first is above 0 and step ``warmup`` has lr. Then,
with n = steps - warmup steps left and the progress p = (t - 1 - warmup) / n, the
step after the warmup has p = 0 and the full rate, and the last has 1 - 1 / n; from
t = steps + 1 on the rate is ``last`` times lr. So are PyTorch's and optax's,
asked at t - 1, except that optax's warmup begins with a step of rate 0.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sqrt

from .._checks import at_least_zero, number, whole

Schedule = Callable[[int], float]


def _share(name: str, value: object) -> float:
    """A number in [0, 1]."""
    x = number(name, value)
    if not 0 <= x <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {x}")
    return x


def _after_warmup(lr: float, steps: int, warmup: int, shape: Callable[[float], float]) -> Schedule:
    """lr times ``shape`` of the progress, which is 1 from the end on, after a warmup."""
    lr, steps, warmup = (
        at_least_zero("lr", lr),
        whole("steps", steps, 1),
        whole("warmup", warmup, 0),
    )
    if warmup >= steps:
        raise ValueError(f"warmup must be < steps = {steps}, got {warmup}")

    def schedule(t: int) -> float:
        t = whole("t", t, 1)
        if t <= warmup:
            return lr * t / warmup
        return lr * shape(min(1.0, (t - 1 - warmup) / (steps - warmup)))

    return schedule


def constant(lr: float, *, warmup: int = 0) -> Schedule:
    """lr at every step after the warmup.

    Examples
    --------
    >>> rate = constant(0.5, warmup=2)
    >>> [rate(t) for t in (1, 2, 3, 1000)]
    [0.25, 0.5, 0.5, 0.5]
    """
    warmup = whole("warmup", warmup, 0)
    return _after_warmup(lr, warmup + 1, warmup, lambda p: 1.0)


def linear(lr: float, steps: int, *, warmup: int = 0, last: float = 0.0) -> Schedule:
    """A straight fall from lr to ``last`` times lr.

    Examples
    --------
    >>> rate = linear(1.0, 4)
    >>> [rate(t) for t in (1, 2, 3, 4, 5, 99)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    last = _share("last", last)
    return _after_warmup(lr, steps, warmup, lambda p: 1 - (1 - last) * p)


def cosine(lr: float, steps: int, *, warmup: int = 0, last: float = 0.0) -> Schedule:
    """Half a cosine from lr to ``last`` times lr (Loshchilov and Hutter, 2017, no restarts).

    Examples
    --------
    >>> rate = cosine(1.0, 4)
    >>> [round(rate(t), 6) for t in (1, 2, 3, 4, 5)]
    [1.0, 0.853553, 0.5, 0.146447, 0.0]
    """
    last = _share("last", last)
    return _after_warmup(lr, steps, warmup, lambda p: last + (1 - last) * (1 + cos(pi * p)) / 2)


def warmup_stable_decay(
    lr: float, steps: int, *, warmup: int = 0, decay: float = 0.2, last: float = 0.0
) -> Schedule:
    """lr, and over the last share ``decay`` of the steps a straight fall to ``last`` times lr.

    Examples
    --------
    >>> rate = warmup_stable_decay(1.0, 10, decay=0.4)
    >>> [round(rate(t), 6) for t in (1, 7, 8, 10, 11)]
    [1.0, 1.0, 0.75, 0.25, 0.0]
    """
    last, decay = _share("last", last), _share("decay", decay)
    if decay == 0:
        raise ValueError("decay must be > 0, got 0.0")
    return _after_warmup(
        lr, steps, warmup, lambda p: 1 - (1 - last) * max(0.0, p - (1 - decay)) / decay
    )


def inverse_sqrt(lr: float, *, warmup: int = 1) -> Schedule:
    """A rise to lr at step ``warmup`` >= 1, then lr * sqrt(warmup / t) without an end.

    Examples
    --------
    >>> rate = inverse_sqrt(1.0, warmup=4)
    >>> [rate(t) for t in (1, 4, 16, 400)]
    [0.25, 1.0, 0.5, 0.1]
    """
    lr, warmup = at_least_zero("lr", lr), whole("warmup", warmup, 1)

    def schedule(t: int) -> float:
        t = whole("t", t, 1)
        return lr * min(t / warmup, sqrt(warmup / t))

    return schedule
