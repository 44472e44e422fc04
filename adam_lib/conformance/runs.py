"""What an optimizer under test is fed: short runs, each with a question of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import Array
from .subject import Run, Subject

TENSORS = ((2,), (1,), (2,))
EQUAL = ((2,), (2,), (2,))
MATRICES = ((3, 4), (4,), (1,), (2, 2, 2))
FAR = 1e4  # in units of lr


def noise(steps: int, d: int, seed: int = 5) -> Array:
    """Gaussian gradients of standard deviation 1 about 0.3."""
    return 0.3 + np.random.default_rng(seed).normal(size=(steps, d))


def bowl(x: Subject) -> Run:
    """A bowl whose gradients are large, started 20 lr from its minimum."""
    curvature = x.big * np.array([1.0, 10.0]) / x.lr
    return Run(20 * x.lr * np.ones(2), lambda theta: curvature * theta, 100)


def prescribed(g: Array, theta: Array | float = 0.0, shapes: Any = (), **change: Any) -> Run:
    """Along the rows of ``g``, from ``theta``."""
    return Run(np.zeros(g.shape[1]) + theta, g, len(g), shapes, change)


def impulse(x: Subject) -> Array:
    """One gradient, then zeros, while eps stays out of it."""
    t = np.arange(1, 41)
    t = t[x.beta2 ** ((t - 1) / 2) > 1e-2]
    return np.where(t[:, None] == 1, x.big * np.array([1.0, -1.0]), 0.0)


def decades(x: Subject) -> Array:
    """Gradients of 13 sizes, from eps/10^4 to eps*10^8, with zeros in between."""
    g = noise(40, 13, seed=7)
    g[10:14, 1::3] = 0.0
    found: Array = x.eps * 10.0 ** np.arange(-4, 9) * g
    return found


def mixed(x: Subject) -> Array:
    """Some coordinates of the size of eps, some far above."""
    g = noise(30, 6, seed=11)
    g[12:15, 1::3] = 0.0
    found: Array = g * np.repeat([x.eps, x.big], 3)
    return found


def calm_eps(x: Subject) -> dict[str, Any]:
    """An eps that does not count beside gradients of 1e-3."""
    return {"eps": 1e-16} if "eps" in x.hyper and x.can_change("eps") else {}


def loud() -> Array:
    """Gradients that grow from 1e-3 to 1e5."""
    return 1e-3 * 10.0 ** np.linspace(0, 8, 33)[:, None] * noise(33, 4, seed=13)


def across(theta: Array, steps: int) -> Array:
    """Gradients, the first of which are at right angles to the parameters.

    As behind a normalisation; there are optimizers that look at the angle.
    """
    g = noise(steps, len(theta), seed=17)
    for cut, shape in prescribed(g, theta, MATRICES).cuts:
        if len(shape) > 1:
            rows, at = g[0, cut].reshape(shape[0], -1), theta[cut].reshape(shape[0], -1)
            rows -= np.sum(rows * at, 1, keepdims=True) / np.sum(at**2, 1, keepdims=True) * at
            g[0, cut] = rows.reshape(-1)
    return g


def far_from_zero(x: Subject, d: int) -> Array:
    """Parameters of several sizes and both signs, from lr to 10^4 lr."""
    sizes = 10.0 ** np.linspace(0, 4, d) * x.lr
    return sizes * np.where(np.arange(d) % 2, -1.0, 1.0)


def all_runs(x: Subject) -> dict[str, Run]:
    """Every run by name. A name that ends in ``_from_zero`` or ``whole`` is one to compare with."""
    big, eps, lr = x.big, x.eps, x.lr
    k = np.array([0.25, 1.0, 4.0])
    weights = np.random.default_rng(19).normal(size=25)
    first = big * np.array([[1.0, -1.0, 100.0, -0.01]])
    hit = impulse(x)
    out = {
        "noise": prescribed(big * noise(300, 4)),
        "first": prescribed(first),
        "constant": prescribed(big * np.tile([1.0, -3.0], (50, 1))),
        "impulse": prescribed(hit),
        "impulse_beside": prescribed(np.hstack([hit, big * np.ones_like(hit[:, :1])])),
        "tiny": prescribed(np.tile(k * eps, (50, 1))),
        "decades": prescribed(decades(x)),
        "small": prescribed(eps * noise(30, 3)),
        "zeros": prescribed(np.zeros((3, 3)), np.array([1.0, -2.0, 0.5])),
        "zeros_far": prescribed(np.zeros((2, 4)), FAR * lr),
        "mixed_from_zero": prescribed(mixed(x)),
        "mixed": prescribed(mixed(x), far_from_zero(x, 6)),
        "again": prescribed(mixed(x), far_from_zero(x, 6)),
        "whole": prescribed(big * noise(30, 5)),
        "tensors": prescribed(big * noise(30, 5), shapes=TENSORS),
        "whole_equal": prescribed(big * noise(30, 6)),
        "equal": prescribed(big * noise(30, 6), shapes=EQUAL),
        "whole_matrices": prescribed(big * across(weights, 30), weights),
        "matrices": prescribed(big * across(weights, 30), weights, MATRICES),
        "calm": prescribed(1e-3 * noise(40, 4), **calm_eps(x)),
        "calm_far": prescribed(1e-3 * noise(30, 6), far_from_zero(x, 6), **calm_eps(x)),
        "loud": prescribed(loud(), **calm_eps(x)),
        "loud_tensors": prescribed(loud(), shapes=((2,), (2,)), **calm_eps(x)),
        "bowl": bowl(x),
    }
    if "eps" in x.hyper and x.can_change("eps"):
        out["small_times_4"] = prescribed(4 * eps * noise(30, 3), eps=4 * eps)
    for name, change in changes(x).items():
        out[name] = prescribed(mixed(x), far_from_zero(x, 6), **change)
    return out


def changes(x: Subject) -> dict[str, dict[str, Any]]:
    """Each hyperparameter that can be varied, varied alone."""
    out: dict[str, dict[str, Any]] = {}
    for name, value in x.hyper.items():
        if not x.can_change(name):
            continue
        if name == "betas":
            out["beta1_changed"] = {"betas": (_other_rate(value[0]), value[1])}
            out["beta2_changed"] = {"betas": (value[0], _other_rate(value[1]))}
        elif name in ("rho", "momentum"):
            out[f"{name}_changed"] = {name: _other_rate(value)}
        elif isinstance(value, float):
            out[f"{name}_changed"] = {name: 3 * value}
    return out


def _other_rate(beta: float) -> float:
    """A rate whose averages reach twice as far, or half."""
    return 1 - (1 - beta) / 2 if beta < 0.5 else 1 - min(2 * (1 - beta), 0.75)


def long_run(x: Subject, steps: int) -> Run:
    """A constant gradient, with averages so long that a correction that stops early shows."""
    change: dict[str, Any] = {}
    if x.can_change("betas"):
        change = {"betas": (x.hyper["betas"][0], 0.9999)}
    return prescribed(x.big * np.tile([1.0, -2.0], (steps, 1)), **change)
