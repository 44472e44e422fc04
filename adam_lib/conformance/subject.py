"""The optimizer under test, and what it did when it was fed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .._checks import Array

Step = Callable[[list[Array]], Any]
Start = Callable[..., Step]
Grads = Array | Callable[[Array], Array]

DTYPES = ("float32", "float64")
SINGLE = 6e-8  # half the spacing of float32 at 1


class Refused(TypeError):
    """What was passed is no step function, or returns none: a slip, not a finding."""


@dataclass(frozen=True)
class Run:
    """What an optimizer is fed.

    Attributes
    ----------
    theta : ndarray
        Where it starts, all tensors side by side.
    grads : ndarray or callable
        One row a step, or a function of theta.
    shapes : tuple
        Of the tensors; one vector if empty.
    change : dict
        Hyperparameters that differ from the subject's.
    """

    theta: Array
    grads: Grads
    steps: int
    shapes: tuple[tuple[int, ...], ...] = ()
    change: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cuts(self) -> list[tuple[slice, tuple[int, ...]]]:
        """Where each tensor lies, and its shape."""
        out, at = [], 0
        for shape in self.shapes or ((len(self.theta),),):
            out.append((slice(at, at + prod(shape)), shape))
            at += prod(shape)
        return out

    def gradient(self, t: int, theta: Array) -> Array:
        """What is fed in step t = 0, 1, ..."""
        return self.grads(theta) if callable(self.grads) else np.asarray(self.grads[t])


class Path(NamedTuple):
    """What a run did.

    ``theta``, of shape (steps + 1, d), are the parameters in float64, all
    tensors side by side, as far as the run came; ``kept`` says whether every
    gradient came back as it went in; ``error`` what ended it, if anything did;
    ``single`` whether it returned float32 where float64 was given.
    """

    theta: Array
    kept: bool = True
    error: str = ""
    single: bool = False


def hyper_passed(start: Any, hyper: Mapping[str, Any]) -> dict[str, Any]:
    """Those hyperparameters that ``start`` can be called with."""
    hidden = getattr(start, "fixed", ())
    return {k: v for k, v in hyper.items() if k not in hidden}


def follow(start: Any, run: Run, hyper: Mapping[str, Any], dtype: str) -> Path:
    """Feed ``run`` to what ``start`` makes. What it raises ends the run and is kept."""
    hyper = hyper_passed(start, {**hyper, **run.change})
    if hasattr(start, "loop"):
        return _follow_loop(start, run, hyper, dtype)
    params = [np.array(run.theta[cut], dtype).reshape(shape) for cut, shape in run.cuts]
    path, kept, single = [_flat(params)], True, False
    try:
        step = start(params, **hyper)
        if not callable(step):
            hint = "; did you mean its method step?" if hasattr(step, "step") else ""
            raise Refused(f"start must return a step function, got {type(step).__name__}{hint}")
        for t in range(run.steps):
            g = np.array(run.gradient(t, path[-1]), dtype)
            fed = [g[cut].reshape(shape).copy() for cut, shape in run.cuts]
            out = step(fed)
            now = params if out is None else _arrays(out, params)
            single = single or any(x.dtype != dtype for x in now)
            path.append(_flat(now))
            kept = kept and bool(np.array_equal(_flat(fed), g.astype(float), equal_nan=True))
    except Refused:
        raise
    except Exception as error:
        return Path(np.array(path), kept, _told(error, len(path)), single)
    return Path(np.array(path), kept, "", single)


class _Enough(Exception):
    """Raised in the gradient that a loop asks for after the last step."""


def _follow_loop(start: Any, run: Run, hyper: Mapping[str, Any], dtype: str) -> Path:
    """A loop that asks for gradients: where it asks is where it went."""
    path: list[Array] = []

    def gradient(theta: Any) -> Array:
        path.append(np.array(theta, float).reshape(-1))
        if len(path) > run.steps:
            raise _Enough
        g = np.array(run.gradient(len(path) - 1, path[-1]), dtype)
        return g.reshape(np.shape(theta))

    try:
        end = start.loop(gradient, np.array(run.theta, dtype), run.steps + 1, **hyper)
    except _Enough:
        end = None
    except Refused:
        raise
    except Exception as error:
        return Path(np.array(path or [run.theta]), True, _told(error, len(path)))
    if not path:
        raise Refused("the loop never asked for a gradient: does it call the function it is given?")
    if len(path) == run.steps and end is not None:
        path.append(np.array(end, float).reshape(-1))
    short = "" if len(path) > run.steps else f"asked for {len(path)} gradients, not {run.steps}"
    return Path(np.array(path), True, short)


def _told(error: Exception, step: int) -> str:
    """An exception in one line, with the line of code that raised it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    first = (str(error).splitlines() or [""])[0][:160]
    where = f" (in {frame.name}: {frame.line})" if frame.line else ""
    return f"step {step} raises {type(error).__name__}: {first}{where}"


def _flat(arrays: list[Array]) -> Array:
    return np.concatenate([np.asarray(x, float).reshape(-1) for x in arrays])


def _arrays(out: object, params: list[Array]) -> list[Array]:
    """The parameters that a step returned: as many and of the same shapes."""
    if len(params) == 1 and not isinstance(out, list | tuple) and hasattr(out, "shape"):
        raise Refused(
            "step must return a list of 1 arrays, or None if it works in place, got "
            f"{type(out).__name__}; for a function of one array see separately or of_function"
        )
    if not isinstance(out, list | tuple):
        raise Refused(
            f"step must return a list of {len(params)} arrays, or None if it works in "
            f"place, got {type(out).__name__}"
        )
    if len(out) != len(params):
        raise ValueError(f"step must return {len(params)} arrays, got {len(out)}")
    found = [np.asarray(x) for x in out]
    for i, (x, p) in enumerate(zip(found, params, strict=True)):
        if x.shape != p.shape:
            raise ValueError(f"step must return shape {p.shape} at [{i}], got {x.shape}")
        if x.dtype.kind != "f":
            raise TypeError(f"step must return {p.dtype} at [{i}], got {x.dtype}")
    return found


@dataclass(frozen=True)
class Subject:
    """An optimizer under test and the hyperparameters it is tested at.

    Attributes
    ----------
    hyper : dict
        By their public names, in the reference's order.
    tol : float
        What a step may be off, in units of lr: less than single precision is.
    big : float
        A size of gradients beside which eps does not count, and beyond the
        thresholds at which gradients are usually clipped.
    """

    start: Any
    hyper: Mapping[str, Any] = field(hash=False)
    dtype: str = "float64"

    @property
    def lr(self) -> float:
        return float(self.hyper["lr"])

    @property
    def eps(self) -> float:
        return float(self.hyper.get("eps", 1e-8))

    @property
    def beta2(self) -> float:
        """The rate that decides how roughly single precision corrects."""
        return float(self.hyper["betas"][1] if "betas" in self.hyper else self.hyper.get("rho", 0))

    @property
    def tol(self) -> float:
        return 1e-7 if self.dtype == "float64" else 2e-3

    @property
    def big(self) -> float:
        return max(1e12 * self.eps, 1e4)

    def run(self, run: Run) -> Path:
        return follow(self.start, run, self.hyper, self.dtype)

    def can_change(self, name: str) -> bool:
        """Whether the hyperparameter is passed on, so that it can be varied."""
        return name in hyper_passed(self.start, {name: None})

    def allowed(self, path: Array, single: bool, change: Mapping[str, Any]) -> float:
        """What a step of this path may be off, in units of lr and of the step.

        In single precision 1 - beta2 is the rougher, the nearer beta2 is to 1. Where
        all steps are short the unit is the longest of them.
        """
        beta2 = replace(self, hyper={**self.hyper, **change}).beta2
        far = float(np.max(np.abs(path[np.isfinite(path)]), initial=0.0)) / self.lr
        with np.errstate(all="ignore"):
            moves = np.abs(np.diff(path, axis=0)) / self.lr
        longest = float(np.max(moves[np.isfinite(moves)], initial=0.0))
        unit = min(1.0, longest) or 1.0
        if single:
            return SINGLE * (20 * unit / (1 - beta2) + 4 * far)
        return 1e-7 * unit + 4e-16 * far  # the parameters themselves are spaced
