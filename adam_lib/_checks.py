"""Argument checks. Every message names the argument, the rule and the value.

A check either returns the value it was given, ready for use, or raises before
anything has been changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from itertools import pairwise
from math import inf
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import byte_bounds

Array = npt.NDArray[Any]
LearningRate = float | Callable[[int], float]

LEARNING_RATES = ("learning_rate", "alpha", "eta", "step_size", "stepsize")  # elsewhere
FLOATS = tuple(np.dtype(name) for name in ("float16", "float32", "float64"))


def scalar(value: Any) -> Any:
    """What stands in an array of no dimensions, as np.load gives every number."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def number(name: str, value: object) -> float:
    """``value`` as a Python float: no strings, no longer arrays, no complex numbers."""
    x = scalar(value)
    if not isinstance(x, Real) or isinstance(x, bool):
        raise TypeError(f"{name} must be a real number, got {value!r}")
    try:
        return float(x)
    except OverflowError:  # an int that no float can hold
        return inf if abs(x) == x else -inf


def at_least_zero(name: str, value: object) -> float:
    """A finite number >= 0. ``not x >= 0`` also catches NaN."""
    x = number(name, value)
    if not x >= 0:
        raise ValueError(f"{name} must be >= 0, got {x}")
    if x == inf:
        raise ValueError(f"{name} must be finite, got {x}")
    return x


def decay_rate(name: str, value: object) -> float:
    """A number in [0, 1)."""
    x = number(name, value)
    if not 0 <= x < 1:
        raise ValueError(f"{name} must be in [0, 1), got {x}")
    return x


def decay_rates(name: str, value: object) -> tuple[float, float]:
    """A pair of numbers in [0, 1)."""
    pair = list(value) if isinstance(value, np.ndarray) and value.ndim else value
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise ValueError(f"{name} must be a pair (beta1, beta2), got {value!r}")
    return decay_rate(f"{name}[0]", pair[0]), decay_rate(f"{name}[1]", pair[1])


def whole(name: str, value: object, least: int) -> int:
    """A whole number, at least ``least``."""
    n = scalar(value)
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")
    return int(n)


def flag(name: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


def learning_rate(name: str, value: Any) -> LearningRate:
    """A number >= 0, or a callable whose values are checked at every step."""
    return value if callable(value) else at_least_zero(name, value)


# Which rule each hyperparameter obeys, for the pure rules and the classes alike.
HYPER: dict[str, Callable[[str, Any], Any]] = {
    "lr": learning_rate,
    "betas": decay_rates,
    "rho": decay_rate,
    "momentum": decay_rate,
    "nesterov": flag,
    "centered": flag,
    "eps": at_least_zero,
    "weight_decay": at_least_zero,
}


def not_lost(name: str, value: float, dtype: np.dtype[Any]) -> None:
    """Refuse a number that rounds to 0 or to infinity in ``dtype``: an lr that never moves."""
    with np.errstate(all="ignore"):
        there = float(dtype.type(value))
    if value > 0 and there == 0:
        tiny = float(np.finfo(dtype).smallest_subnormal)
        raise ValueError(
            f"{name} must be > 0 in {dtype}, got {value} (it rounds to 0 there; "
            f"the smallest {dtype} above 0 is {tiny:.2g})"
        )
    if there == inf:
        most = float(np.finfo(dtype).max)
        raise ValueError(
            f"{name} must be finite in {dtype}, got {value} (the largest {dtype} is {most:.3g})"
        )


def rate_kept(name: str, value: float, dtype: np.dtype[Any]) -> None:
    """Refuse a decay rate whose distance from 1, its meaning, is off by over a quarter."""
    rest, there = 1 - value, 1 - float(dtype.type(value))
    if abs(there - rest) > rest / 4:
        raise ValueError(
            f"{name} must keep its distance from 1 in {dtype}, got {value} "
            f"(1 - {value} is {rest:.2g}, there {there:.2g})"
        )


def rates_kept(name: str, values: tuple[float, float], dtype: np.dtype[Any]) -> None:
    """Both of a pair of decay rates."""
    for k, value in enumerate(values):
        rate_kept(f"{name}[{k}]", value, dtype)


# What rounding to the parameters' dtype must leave of a hyperparameter.
ROUNDED: dict[str, Callable[[str, Any, np.dtype[Any]], None]] = {
    "lr": not_lost,
    "betas": rates_kept,
    "rho": rate_kept,
    "momentum": rate_kept,
    "eps": not_lost,
    "weight_decay": not_lost,
}


def hyperparameter(name: str, value: Any, dtypes: Iterable[np.dtype[Any]]) -> Any:
    """``value`` by the rule of ``name``; as it is, where a subclass has a name of its own."""
    value = HYPER[name](name, value) if name in HYPER else value
    if name in ROUNDED and not callable(value):
        for dtype in dtypes:
            ROUNDED[name](name, value, dtype)
    return value


def rule_arguments(theta: Any, g: Any, state: Any, kind: type[Any], **hyper: Any) -> list[Any]:
    """Check one call of a pure rule; return the hyperparameters as Python floats.

    Python floats, unlike NumPy scalars, leave the dtype of an array alone.
    """
    if not isinstance(state, kind):
        raise TypeError(f"state must be a {kind.__name__}, got {type(state).__name__}")
    whole("state.t", state.t, 0)
    slots = [(f"state.{name}", getattr(state, name)) for name in state._fields[1:]]
    for name, x in (("theta", theta), ("g", g), *slots):
        if not isinstance(x, np.ndarray | np.floating) or x.dtype not in FLOATS:
            got = getattr(x, "dtype", type(x).__name__)
            raise TypeError(f"{name} must be a float16, float32 or float64 array, got {got}")
        if x.shape != theta.shape:
            raise ValueError(f"{name} has shape {x.shape}, theta has {theta.shape}")
        if x.dtype != theta.dtype:
            raise TypeError(f"{name} has dtype {x.dtype}, theta has {theta.dtype}")
    if callable(hyper["lr"]):
        raise TypeError("lr must be a real number in a pure rule, got a callable")
    return [hyperparameter(name, value, [theta.dtype]) for name, value in hyper.items()]


def parameters(params: object) -> list[Array]:
    """The parameters as a list of arrays that can be updated in place."""
    single = isinstance(params, np.ndarray)
    if not single and not isinstance(params, list | tuple):
        raise TypeError(f"params must be an array or a list of arrays, got {params!r:.80}")
    arrays: list[Any] = [params] if single else list(params)  # type: ignore[call-overload]
    if not arrays:
        raise ValueError("params must hold at least one array, got none")
    for i, p in enumerate(arrays):
        name = "params" if single else f"params[{i}]"
        if not isinstance(p, np.ndarray):
            raise TypeError(f"{name} must be a NumPy array, got {type(p).__name__}")
        if p.dtype not in FLOATS:
            raise TypeError(f"{name} must be float16, float32 or float64, got {p.dtype}")
        if not p.flags.c_contiguous:
            raise ValueError(f"{name} must be C-contiguous, got strides {p.strides}")
        if not p.flags.writeable:
            raise ValueError(f"{name} must be writeable, got a read-only array")
    no_shared_memory(arrays)
    return arrays


def no_shared_memory(arrays: list[Array]) -> None:
    """Refuse parameters that overlap: one update would reach the other.

    The arrays are contiguous, so sorted by address only neighbours can overlap.
    """
    spans = sorted((*byte_bounds(a), i) for i, a in enumerate(arrays) if a.size)
    for (_, end, i), (start, _, j) in pairwise(spans):
        if start < end:
            i, j = sorted((i, j))
            raise ValueError(f"params must not share memory, got params[{i}] and params[{j}]")


def unchanged(params: object, arrays: list[Array], flat: list[Array]) -> None:
    """Refuse parameters that a step would no longer reach, or may no longer write."""
    if isinstance(params, list):
        if len(params) != len(arrays):
            raise ValueError(f"params must stay {len(arrays)} arrays, got {len(params)}")
        for i, (p, known) in enumerate(zip(params, arrays, strict=True)):
            if p is not known:
                raise ValueError(
                    f"params[{i}] must stay the array that it was, got another one in its "
                    f"place; write into the old one: params[{i}][...] = values"
                )
    for i, (p, view) in enumerate(zip(arrays, flat, strict=True)):
        if not p.flags.writeable or p.dtype is not view.dtype:
            name = f"params[{i}]" if isinstance(params, list | tuple) else "params"
            if p.flags.writeable:
                raise ValueError(f"{name} must stay {view.dtype}, got {p.dtype}")
            raise ValueError(f"{name} must be writeable, got a read-only array")


def no_attribute(owner: str, name: str, known: Sequence[str]) -> str:
    """What to say of an assignment that would change nothing."""
    near = ["lr"] if name in LEARNING_RATES else get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
    return f"{owner} has no attribute {name!r} to assign; {hint}"


def gradients(grads: object, params: list[Array], single: bool) -> list[Any]:
    """The gradients as a list of arrays that match the parameters one by one, or None."""
    if single:
        found: list[Any] = [grads]
    elif isinstance(grads, list | tuple):
        found = list(grads)
    else:
        kind = type(grads).__name__
        raise TypeError(f"grads must be a list of {len(params)} arrays, got {kind}")
    if len(found) != len(params):
        raise ValueError(f"expected {len(params)} gradients, got {len(found)}")
    for i, p in enumerate(params):
        if found[i] is None and not single:
            continue
        g = found[i] = np.asarray(found[i])
        if g.shape == p.shape and g.dtype == p.dtype:
            continue
        at = "" if single else f"[{i}]"
        if g.shape != p.shape:
            raise ValueError(f"grads{at} has shape {g.shape}, params{at} has {p.shape}")
        raise TypeError(f"grads{at} has dtype {g.dtype}, params{at} has {p.dtype}")
    return found


def all_finite(grads: list[Any], single: bool) -> None:
    """Refuse a gradient that holds NaN or an infinity."""
    for i, g in enumerate(grads):
        if g is None:
            continue
        bad = g.size - int(np.count_nonzero(np.isfinite(g)))
        if bad:
            at = "" if single else f"[{i}]"
            raise ValueError(f"grads{at} must be finite, got {bad} of {g.size} NaN or infinite")
