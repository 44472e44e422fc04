"""Whether a rule takes the steps that were seen, and with which constants."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from .._checks import Array
from .exhibits import flat
from .lines import Edits, State, program
from .subject import Path, Run, Subject


def unit_steps(path: Path, lr: float) -> Array:
    """Steps in units of lr, one row each."""
    with np.errstate(all="ignore"):
        found: Array = np.diff(path.theta, axis=0) / lr
    return found


def simulate(
    lines: Edits,
    constants: Mapping[str, Any],
    run: Run,
    x: Subject,
    seen: Path | None = None,
    allowed: float = 0.0,
    steps: int = 0,
) -> tuple[Array, int]:
    """Follow a rule along a run: its positions, and the step at which it left ``seen``.

    The step is -1 if it did not; the simulation ends there.
    """
    hyper = {**x.hyper, **run.change}
    h = flat(hyper)
    lr = float(hyper["lr"])
    clock = State(np.zeros(()))
    cuts = run.cuts
    theta = [np.array(run.theta[cut], x.dtype).reshape(shape) for cut, shape in cuts]
    states = [State(p, clock, i) for i, p in enumerate(theta)]
    rule = program(lines, constants)
    path = [_side_by_side(theta)]
    whole = not run.shapes
    last = len(seen.theta) - 1 if seen else run.steps
    crashes = bool(seen and seen.error)
    todo = min(steps or run.steps, last + crashes)
    looked = 0
    for t in range(todo):
        g = np.array(run.gradient(t, path[-1]), x.dtype)
        clock.grads = [g] if whole else [g[cut].reshape(shape) for cut, shape in cuts]
        clock.n += 1
        try:
            for i, s in enumerate(states):
                fresh = rule(theta[i], clock.grads[i].copy(), s, h)
                if fresh.shape != theta[i].shape:
                    raise ValueError("another shape")
                theta[i] = fresh
        except (ValueError, TypeError, ArithmeticError):
            return np.array(path), -1 if t == last else t
        path.append(theta[0].astype(float) if whole else _side_by_side(theta))
        if seen is None:
            continue
        if t == last:  # it should have crashed here
            return np.array(path), t
        # Looking costs as much as a step: soon at first, then seldom.
        if t < 3 or t + 1 >= 2 * looked or t == todo - 1 - crashes:
            right, was = np.diff(path[looked:], axis=0), np.diff(seen.theta[looked : t + 2], axis=0)
            wrong = ~alike(right, was, lr, allowed).all(axis=1)
            if wrong.any():
                return np.array(path), looked + int(np.argmax(wrong))
            looked = t + 1
    return np.array(path), -1


def _side_by_side(arrays: list[Array]) -> Array:
    return np.concatenate([p.reshape(-1) for p in arrays]).astype(float)


def alike(right: Array, seen: Array, lr: float, allowed: float) -> Array:
    """Whether steps are the same, lost to NaN or infinity together included."""
    a, b = right / lr, seen / lr
    gap = np.abs(a - b) <= allowed * np.maximum(1, np.minimum(np.abs(a), np.abs(b)))
    found: Array = gap | (~np.isfinite(a) & ~np.isfinite(b))
    return found


def takes(
    lines: Edits, constants: Mapping[str, Any], run: Run, x: Subject, seen: Path, allowed: float
) -> bool:
    """Whether the rule takes the steps that were seen, all of them."""
    return simulate(lines, constants, run, x, seen, allowed)[1] < 0


def factors(
    lines: Edits, constants: Mapping[str, Any], run: Run, x: Subject, seen: Path, allowed: float
) -> Array | None:
    """The factor of each step, the same for all coordinates, by which ``seen`` differs.

    None if there is none. The parameters must not matter to the rule.
    """
    path, _ = simulate(lines, constants, run, x, None, steps=min(3, len(seen.theta) - 1))
    if _factors(path, seen, x, allowed) is None:
        return None
    path, _ = simulate(lines, constants, run, x, None, steps=len(seen.theta) - 1)
    return _factors(path, seen, x, allowed)


def _factors(path: Array, seen: Path, x: Subject, allowed: float) -> Array | None:
    a, b = np.diff(path, axis=0) / x.lr, unit_steps(seen, x.lr)[: len(path) - 1]
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    best = np.argmax(np.abs(a), axis=1)
    rows = np.arange(len(a))
    if not np.all(np.abs(a[rows, best]) > 1e-9):
        return None
    f = b[rows, best] / a[rows, best]
    off = np.abs(a * f[:, None] - b) > 3 * allowed * np.maximum(np.abs(f[:, None]), np.abs(b))
    return None if off.any() or not np.any(np.abs(f) > 1e-12) else f


def fit(
    lines: Edits,
    ranges: Mapping[str, tuple[float, float]],
    run: Run,
    x: Subject,
    seen: Path,
    known: Mapping[str, Any],
    steps: int = 6,
) -> dict[str, float]:
    """The constants with which the rule comes nearest to the first steps that were seen.

    A grid over all decades of their ranges, narrowed about the best point again
    and again; all points of a grid are one simulation. Runs of one vector only.
    """
    names = list(ranges)
    low = np.log10([ranges[n][0] for n in names])
    high = np.log10([ranges[n][1] for n in names])
    points = 25 * int(np.max(high - low)) + 40 if len(names) == 1 else 60
    best = (low + high) / 2
    bounds = low, high
    target = unit_steps(seen, x.lr)[:steps]
    nearest, stuck = np.inf, 0
    for _ in range(12):
        axes = [np.linspace(a, b, points) for a, b in zip(low, high, strict=True)]
        grid = np.array(list(product(*axes))) if len(axes) > 1 else axes[0][:, None]
        values = {n: 10 ** grid[:, i, None] for i, n in enumerate(names)}
        error = _distance(lines, {**known, **values}, run, x, target, len(grid))
        best = grid[np.argmin(error)]
        # Where the rule is the right one the distance shrinks with the grid's spacing.
        stuck = stuck + 1 if error.min() > max(nearest / 2, 1e-3) else 0
        if stuck == 2:
            break
        nearest = float(error.min())
        width = 2 * (high - low) / (points - 1)
        low, high = np.maximum(best - width, bounds[0]), np.minimum(best + width, bounds[1])
        points = 21 if len(names) == 1 else 13
        if np.all(high - low < 1e-13):
            break
    return {n: float(10**b) for n, b in zip(names, best, strict=True)}


def _distance(
    lines: Edits, values: Mapping[str, Array], run: Run, x: Subject, target: Array, n: int
) -> Array:
    """How far each value of the constants leads away, summed over steps and coordinates."""
    h = flat({**x.hyper, **run.change})
    theta = np.broadcast_to(np.array(run.theta, x.dtype), (n, len(run.theta)))
    s = State(theta)
    rule = program(lines, {**values, "norm": _row_norm, "mean": _row_mean, "total": _row_total})
    error = np.zeros(n)
    for t in range(len(target)):
        g = np.array(run.gradient(t, np.zeros(0)), x.dtype)
        s.grads = [g]
        s.n += 1
        fresh = rule(theta, g, s, h)
        gap = np.abs((fresh - theta) / x.lr - target[t]) / np.maximum(1, np.abs(target[t]))
        error += np.sum(np.where(np.isfinite(gap), np.minimum(gap, 1), 1), axis=-1)
        theta = fresh
    return error


def _row_norm(g: Array) -> Array:
    found: Array = np.sqrt(np.sum(g * g, axis=-1, keepdims=True))
    return found


def _row_mean(g: Array) -> Array:
    found: Array = np.mean(g, axis=-1, keepdims=True)
    return found


def _row_total(s: State) -> Array:
    return _row_norm(s.grads[0])
