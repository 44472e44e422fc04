"""What a factor on the step, one number for each t, amounts to."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import Array
from .exhibits import Exhibit

Found = tuple[Exhibit, dict[str, Any]]


def nice(value: float, tol: float = 1e-4) -> float:
    """The number with the fewest digits that is as near as measured."""
    for digits in range(6):
        short = float(f"{value:.{digits}e}")
        if abs(short - value) <= tol * abs(value):
            return short
    return value


def _late(name: str, says: str, line: str, **constants: Any) -> Found:
    return Exhibit(name, says, {"late": line}), constants


def constant(c: float, lr: float, tol: float) -> Found | None:
    """A factor that does not change; None if it is 1."""

    def is_(value: float) -> bool:
        return abs(c - value) <= 10 * tol * abs(value)

    if is_(1):
        return None
    if is_(-1):
        return _late("ascends", "the step has the wrong sign: it goes up", "step = -step")
    if is_(lr):
        return _late("lr_twice_in_step", "lr counts twice", "step = lr * step")
    if is_(1 / lr):
        return _late("lr_missing", "there is no lr in the step", "step = step / lr")
    c = nice(c, tol)
    return _late("lr_scaled", f"every step is {c:.6g} times as long", "step = C_LR * step", C_LR=c)


def schedule(f: Array, lr: float, tol: float) -> tuple[Exhibit, dict[str, Any], bool] | None:
    """The exhibit for the factors ``f`` of steps 1, 2, ..., and whether its kind is known.

    None if all factors are 1.
    """
    t = np.arange(1, len(f) + 1)
    tol = max(tol, 1e-9)

    def fits(model: Array) -> bool:
        gap = np.abs(model - f) <= 30 * tol * np.maximum(np.abs(f), np.max(np.abs(f)) * 1e-3)
        return bool(np.all(gap))

    if fits(np.full(len(f), f[0])):
        found = constant(float(np.median(f)), lr, tol)
        return None if found is None else (*found, True)
    start = f[0]
    with np.errstate(all="ignore"):
        p = -np.log(f[1] / f[0]) / np.log(2)
        if fits(start * t**-p):
            p = nice(p, tol)
            root = {0.5: "the root of t", 1.0: "t"}.get(p, f"t**{p:.4g}")
            return *_line(
                "lr_falls",
                f"a schedule is left on: lr falls with {root}",
                "C_LR * n ** -C_POWER",
                C_LR=nice(start),
                C_POWER=p,
            ), True
        for lag in (1, 0):  # 1 / (1 + k*(t - 1)), or C / (1 + k*t), which is the same but for C
            k = (f[0] - f[1]) / (f[1] if lag else 2 * f[1] - f[0])
            model = 1 / (1 + k * (t - lag))
            scale = f[0] / model[0]
            if lag and abs(scale - 1) > 1e-6:
                continue
            if np.isfinite(k) and k != 0 and fits(model * scale):
                n = "(n - 1)" if lag else "n"
                return *_line(
                    "lr_falls_inverse",
                    "a schedule is left on: lr is divided by 1 + "
                    f"{nice(k):.4g}*{'(t - 1)' if lag else 't'}",
                    f"C_LR / (1 + C_RATE * {n})",
                    C_LR=nice(scale, 100 * tol),
                    C_RATE=nice(k, 100 * tol),
                ), True
        rate = f[1] / f[0]
        if fits(start * rate ** (t - 1)):
            first = start / rate if abs(start / rate - 1) < 1e-3 else start
            n = "n" if first != start else "(n - 1)"
            return *_line(
                "lr_decays",
                f"a schedule is left on: lr is multiplied by {nice(rate, tol):.6g} in every step",
                f"C_LR * C_RATE ** {n}",
                C_LR=nice(first),
                C_RATE=nice(rate, tol),
            ), True
        slope = f[1] - f[0]
        rise = start + slope * (t - 1)
        if slope > 0 and fits(np.minimum(rise, f.max())):
            steps = f.max() / slope
            return *_line(
                "lr_warms_up",
                f"a schedule is left on: lr rises over about {steps:.4g} steps",
                "np.minimum(C_LR + C_SLOPE * (n - 1), C_TOP)",
                C_LR=start,
                C_SLOPE=slope,
                C_TOP=float(f.max()),
            ), True
        if slope < 0 and fits(np.maximum(rise, f.min())):
            return *_line(
                "lr_falls_linearly",
                f"a schedule is left on: lr falls by {-slope:.4g} of itself in every step",
                "np.maximum(C_LR + C_SLOPE * (n - 1), C_TOP)",
                C_LR=start,
                C_SLOPE=slope,
                C_TOP=float(f.min()),
            ), True
        jumps = np.flatnonzero(np.abs(np.diff(f)) > 30 * tol * np.abs(f[:-1]))
        if len(jumps) <= len(f) // 10:
            at = int(jumps[0]) + 1
            return *_table(
                f,
                "lr_steps",
                f"a schedule is left on: lr is multiplied by"
                f" {f[at] / f[at - 1]:.4g} after step {at}",
            ), True
        angle = np.arccos(np.clip(2 * f / f.max() - 1, -1, 1))
        if f.max() > 0 and len(f) > 20 and np.std(np.diff(angle[2:20])) < 1e-4 * abs(angle[19]):
            period = float(np.pi / np.mean(np.diff(angle[2:20])))
            if period < 100 * len(f):  # beyond, a straight line
                return *_table(
                    f, "lr_cosine", f"a schedule is left on: a cosine over {period:.4g} steps"
                ), True
    shown = ", ".join(f"{f[i - 1]:.4g}" for i in (1, 2, 10, 100) if i <= len(f))
    return *_table(
        f,
        "schedule",
        "every step is longer or shorter by a factor that depends on t:"
        f" {shown} at t = 1, 2, 10, 100",
    ), False


def _line(name: str, says: str, factor: str, **constants: float) -> Found:
    lines = f"n = s.clock.n\nstep = step * ({factor})"
    return Exhibit(name, says, {"late": lines}), constants


def _table(f: Array, name: str, says: str) -> Found:
    line = "step = step * C_TABLE[min(s.clock.n, len(C_TABLE)) - 1]"
    return Exhibit(name, says, {"late": line}), {"C_TABLE": f}
