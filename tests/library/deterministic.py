"""Gradients that are the same on every machine, for golden trajectories.

Nothing here draws from NumPy's generators, whose streams are not promised to
stay. Noise comes from an integer recursion, and every other number is a
literal, so that `tools/library/make_golden.py` and the tests see the same gradients
to the last bit, today and in ten years.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Arrays = list[np.ndarray]

# Learning rates that change from step to step, by the name a golden file uses.
SCHEDULES: dict[str, Callable[[int], float]] = {
    "0.125/t": lambda t: 0.125 / t,
    "0.125/sqrt(t)": lambda t: 0.125 / math.sqrt(t),
    "warmup 20": lambda t: 0.01 * min(1.0, t / 20),
}


def noise(steps: int, width: int, seed: int = 1) -> np.ndarray:
    """(steps, width) numbers in [-1, 1), from x <- (1103515245 x + 12345) mod 2^31.

    Each is a multiple of 2^-30, so no rounding takes place. Eight draws are
    thrown away between two that are kept: consecutive ones lie in few planes.
    """
    x = seed
    out = np.empty((steps, width))
    for i in range(steps):
        for j in range(width):
            for _ in range(9):
                x = (1103515245 * x + 12345) % 2**31
            out[i, j] = x / 2**30 - 1
    return out


@dataclass(frozen=True)
class Course:
    """A start, and the gradients met from there: g_t = gradients(t, theta_{t-1})."""

    start: Callable[[], Arrays]
    gradients: Callable[[int, Arrays], Arrays]
    stored: tuple[int, ...]  # the steps whose parameters a golden file holds


def _sequence(scale: float) -> Course:
    """Six gradients that do not depend on theta, from a start at 0.

    1. noise; 2. noise about 0.5; 3. zero except at every tenth step, from t = 3;
    4. constant; 5. noise whose size sweeps from 2^-10 to 2^9 and back in jumps;
    6. alternating sign.
    """
    steps = 1000
    t = np.arange(1, steps + 1)
    u = noise(steps, 6)
    g = np.stack(
        [
            u[:, 0],
            0.5 + u[:, 1],
            np.where(t % 10 == 3, u[:, 2], 0.0),
            np.ones(steps),
            u[:, 4] * 2.0 ** (t % 20 - 10),
            (-1.0) ** t * (1 + u[:, 5] / 2),
        ],
        axis=1,
    )
    g = scale * g
    return Course(
        start=lambda: [np.zeros(6)],
        gradients=lambda t, params: [g[t - 1].copy()],
        stored=(1, 2, 10, 100, 1000),
    )


def _quadratic() -> Course:
    """f = sum h (theta - c)^2 / 2 with noise of size 0.1 in its gradient."""
    h = np.array([0.0625, 0.25, 1.0, 2.0, 8.0, 16.0])
    c = np.array([1.0, -1.0, 0.5, 0.0, 0.25, -2.0])
    u = noise(1000, 6, seed=2)
    return Course(
        start=lambda: [np.array([-1.0, 1.0, 2.0, 3.0, -1.5, -1.75])],
        gradients=lambda t, params: [h * (params[0] - c) + 0.1 * u[t - 1]],
        stored=(1, 2, 10, 100, 1000),
    )


SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (3,), (2, 4))


def _tensors() -> Course:
    """Four parameters of different shapes, each pulled towards the next one's sum."""
    sizes = [math.prod(s) for s in SHAPES]
    u = noise(300, sum(sizes), seed=3)
    cuts = np.cumsum(sizes)[:-1]

    def rows(flat: np.ndarray) -> Arrays:
        return [np.array(a.reshape(s)) for a, s in zip(np.split(flat, cuts), SHAPES, strict=True)]

    def gradients(t: int, params: Arrays) -> Arrays:
        flat = np.concatenate([p.reshape(-1) for p in params])
        h = 2.0 ** (np.arange(flat.size) % 7 - 3)
        return rows(h * flat + 0.25 * np.roll(flat, 1) + 0.1 * u[t - 1])

    return Course(
        start=lambda: rows(np.linspace(-1.5, 1.5, sum(sizes))),
        gradients=gradients,
        stored=(1, 10, 300),
    )


COURSES: dict[str, Course] = {
    "sequence": _sequence(1.0),
    "sequence times 1e-6": _sequence(1e-6),
    "noisy quadratic": _quadratic(),
    "four tensors": _tensors(),
}


# -- matrices, for the rules that treat them as such ----------------------------

MATRICES: tuple[tuple[int, int], ...] = ((4, 3), (3, 3), (2, 5))
MATRIX_NOISE = noise(1000, sum(n * k for n, k in MATRICES), seed=4)


def _matrices(scale: float, pull: float) -> Course:
    """A tall, a square and a wide matrix; noise about a constant, of very different sizes.

    With ``pull`` each matrix is also drawn towards 0 along turned axes, so that
    errors would be fed back.
    """
    sizes = [n * k for n, k in MATRICES]
    u = MATRIX_NOISE
    size = 2.0 ** (np.arange(sum(sizes)) % 5 - 2)
    drift = 0.5 * (-1.0) ** np.arange(sum(sizes))
    cuts = np.cumsum(sizes)[:-1]

    def split(flat: np.ndarray) -> Arrays:
        parts = np.split(flat, cuts)
        return [np.array(a.reshape(s)) for a, s in zip(parts, MATRICES, strict=True)]

    pushes = [split(scale * size * (drift + row)) for row in u]

    def turned(p: np.ndarray) -> np.ndarray:
        n, k = p.shape
        left = np.diag(2.0 ** np.arange(n)) + 0.5
        right = np.diag(0.5 ** np.arange(k)) + 0.25
        # Sums in a fixed order: BLAS may add in another one on another machine.
        return np.sum(np.sum(left[:, :, None] * p, axis=1)[:, :, None] * right, axis=1)

    def gradients(t: int, params: Arrays) -> Arrays:
        if not pull:
            return [g.copy() for g in pushes[t - 1]]
        return [g + pull * turned(p) for g, p in zip(pushes[t - 1], params, strict=True)]

    return Course(
        start=lambda: split(np.linspace(-1.5, 1.5, sum(sizes))),
        gradients=gradients,
        stored=(1, 2, 10, 100, 1000),
    )


MATRIX_COURSES: dict[str, Course] = {
    "matrices": _matrices(1.0, 0.0),
    "matrices times 1e-6": _matrices(1e-6, 0.0),
    "noisy matrix quadratic": _matrices(1.0, 0.125),
}
