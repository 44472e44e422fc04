"""Run an optimizer on a problem and keep the path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._checks import Array, at_least_zero, whole
from ..base import Optimizer
from .problems import Problem


@dataclass(frozen=True)
class Trajectory:
    """The path of one run, or of many at once.

    Attributes
    ----------
    label : str
        The optimizer's name.
    theta : ndarray, shape (steps + 1, ..., d)
        theta_0, ..., theta_T.
    f : ndarray, shape (steps + 1, ...)
        The objective along the path, without noise.
    """

    label: str
    theta: Array
    f: Array


def minimize(
    problem: Problem,
    optimizer: type[Optimizer],
    steps: int,
    *,
    start: npt.ArrayLike | None = None,
    noise: float = 0.0,
    rng: np.random.Generator | None = None,
    **hyper: Any,
) -> Trajectory:
    """Take ``steps`` steps on ``problem`` and return the whole path.

    Parameters
    ----------
    problem : Problem
    optimizer : class
        One of the optimizers, such as ``Adam``.
    steps : int
        Number of steps, >= 0.
    start : array_like, shape (..., d), optional
        Where to begin; ``problem.start`` by default. Leading axes are
        independent runs.
    noise : float
        Standard deviation of independent Gaussian noise added to every
        component of every gradient; needs ``rng`` when above 0.
    rng : numpy.random.Generator, optional
    **hyper
        The optimizer's hyperparameters, such as ``lr``.

    Examples
    --------
    >>> from adam_lib import Adam, valley
    >>> path = minimize(valley(), Adam, steps=200, lr=0.1)
    >>> path.theta.shape, bool(path.f[-1] < 1e-3 * path.f[0])
    ((201, 2), True)
    """
    steps = whole("steps", steps, 0)
    noise = at_least_zero("noise", noise)
    if noise and rng is None:
        raise ValueError(f"rng must be given when noise > 0, got noise={noise} and no rng")
    theta = np.array(problem.start if start is None else start, dtype=float)
    if theta.shape[-1:] != problem.start.shape:
        raise ValueError(f"start must have shape (..., {problem.start.size}), got {theta.shape}")
    opt = optimizer(theta, **hyper)
    path = np.empty((steps + 1, *theta.shape))
    path[0] = theta
    for t in range(1, steps + 1):
        g = problem.grad(theta)
        if noise and rng is not None:
            g = g + noise * rng.normal(size=theta.shape)
        opt.step(g)
        path[t] = theta
    return Trajectory(type(opt).__name__, path, problem.f(path))
