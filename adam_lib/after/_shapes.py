"""Checks for rules whose state has other shapes than theta's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._checks import (
    FLOATS,
    HYPER,
    Array,
    at_least_zero,
    decay_rate,
    hyperparameter,
    number,
    whole,
)

Shape = tuple[int, ...]


def _mixing(name: str, value: object) -> float:
    """A number in (0, 1): with 0 schedule-free's average could not be read off."""
    x = number(name, value)
    if not 0 < x < 1:
        raise ValueError(f"{name} must be in (0, 1), got {x}")
    return x


def _decay_power(name: str, value: object) -> float:
    """A number in (0, 1]: beta2 = 1 - t**-decay."""
    x = number(name, value)
    if not 0 < x <= 1:
        raise ValueError(f"{name} must be in (0, 1], got {x}")
    return x


def _clip(name: str, value: object) -> float:
    """A number >= 1: a smaller bound would shorten every step."""
    x = number(name, value)
    if not x >= 1:
        raise ValueError(f"{name} must be >= 1, got {x}")
    return x


def _times(name: str, value: object) -> int:
    """A whole number >= 1."""
    return whole(name, value, 1)


# Hyperparameters that only these rules have.
HYPER.update(
    beta=_mixing,
    beta2=decay_rate,
    decay=_decay_power,
    clip=_clip,
    every=_times,
    eps_root=at_least_zero,
    eps_scale=at_least_zero,
)


def arguments(
    theta: Any, g: Any, state: Any, kind: type[Any], shapes: Mapping[str, Shape], **hyper: Any
) -> list[Any]:
    """Check one call of a rule; return the hyperparameters as Python numbers.

    ``shapes`` tells the shape of each array in the state; those not named have theta's.
    """
    if not isinstance(state, kind):
        raise TypeError(f"state must be a {kind.__name__}, got {type(state).__name__}")
    whole("state.t", state.t, 0)
    arrays = {k: x for k, x in state._asdict().items() if k in shapes or k in ("m", "v", "z")}
    named = {"theta": theta, "g": g, **{f"state.{k}": x for k, x in arrays.items()}}
    for name, x in named.items():
        if not isinstance(x, np.ndarray | np.floating) or x.dtype not in FLOATS:
            got = getattr(x, "dtype", type(x).__name__)
            raise TypeError(f"{name} must be a float16, float32 or float64 array, got {got}")
        expected = shapes.get(name.removeprefix("state."), theta.shape)
        if x.shape != expected:
            against = f"theta has {theta.shape}" if name == "g" else f"expected {expected}"
            raise ValueError(f"{name} has shape {x.shape}, {against}")
        if x.dtype != theta.dtype:
            raise TypeError(f"{name} has dtype {x.dtype}, theta has {theta.dtype}")
    if callable(hyper["lr"]):
        raise TypeError("lr must be a real number in a pure rule, got a callable")
    return [hyperparameter(name, value, [theta.dtype]) for name, value in hyper.items()]


def matrix(name: str, x: Any, *, half: bool = True) -> None:
    """Refuse what is not a matrix; with ``half=False`` float16 too."""
    if not isinstance(x, np.ndarray) or x.ndim != 2:
        got = f"shape {x.shape}" if isinstance(x, np.ndarray) else type(x).__name__
        raise ValueError(f"{name} must be a matrix, got {got}")
    if x.dtype not in (FLOATS if half else FLOATS[1:]):
        kinds = "float16, float32 or float64" if half else "float32 or float64"
        raise TypeError(f"{name} must be {kinds}, got {x.dtype}")


def rms(x: Array) -> float:
    """The root of the mean square, as a Python float."""
    return float(np.sqrt(np.mean(np.square(x))))
