"""Muon: momentum whose singular values are all set to about one."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from .._checks import HYPER, Array, at_least_zero, number, whole
from ._shapes import arguments, matrix

QUINTIC = (3.4445, -4.775, 2.0315)
SCALES = ("spectral", "rms", "none")


def _scale(name: str, value: object) -> str:
    """One of the names in SCALES."""
    if not isinstance(value, str) or value not in SCALES:
        raise ValueError(f"{name} must be one of {', '.join(SCALES)}, got {value!r}")
    return value


def _steps(name: str, value: object) -> int:
    """A whole number >= 0."""
    return whole(name, value, 0)


def _coefficients(name: str, value: Any) -> tuple[float, float, float]:
    """Three real numbers."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 3:
        raise ValueError(f"{name} must be three numbers (a, b, c), got {value!r}")
    a, b, c = (number(f"{name}[{k}]", x) for k, x in enumerate(value))
    return a, b, c


HYPER.update(scale=_scale, steps=_steps, coefficients=_coefficients)


def orthogonal_factor(g: Array) -> Array:
    """U V' of the singular value decomposition g = U S V': every singular value set to 1.

    Where g has rank r below both sides, only the first r directions enter.

    Examples
    --------
    >>> print(np.round(orthogonal_factor(np.array([[3.0, 0.0], [0.0, -0.1]])), 6))
    [[ 1.  0.]
     [ 0. -1.]]
    """
    matrix("g", g, half=False)
    u, s, vt = np.linalg.svd(g, full_matrices=False)
    kept = s > max(g.shape) * np.finfo(g.dtype).eps * s.max(initial=0)
    out: Array = u[:, kept] @ vt[kept]
    return out


def newton_schulz(
    g: Array,
    *,
    steps: int = 5,
    coefficients: tuple[float, float, float] = QUINTIC,
    eps: float = 1e-7,
) -> Array:
    r"""About U V' of g = U S V', by products of matrices alone.

    .. math::
        X_0 = g / \max(\|g\|_F, \varepsilon), \qquad
        X_{k+1} = a X_k + b\, (X_k X_k^\top) X_k + c\, (X_k X_k^\top)^2 X_k

    Every step maps each singular value s to p(s) = a s + b s^3 + c s^5 and
    leaves the singular vectors alone. The default coefficients were chosen for
    a steep start: p(s) is near 3.44 s for small s, and large ones are thrown
    about in [0.68, 1.14] for ever instead of reaching 1. With
    (1.875, -1.25, 0.375) they reach 1.

    PyTorch computes this in bfloat16; optax adds eps to the norm.

    Source: Jordan et al. (2024).

    Parameters
    ----------
    g : ndarray, shape (n, k)
    steps : int
        Number of iterations, >= 0.
    coefficients : (float, float, float)
        a, b and c.
    eps : float
        The least norm to divide by, >= 0: a zero matrix stays zero.

    Examples
    --------
    >>> g = np.array([[3.0, 0.0], [0.0, -0.1]])
    >>> print(np.round(newton_schulz(g), 2))
    [[ 0.7   0.  ]
     [ 0.   -1.13]]
    >>> print(np.round(newton_schulz(g, steps=15, coefficients=(1.875, -1.25, 0.375)), 2))
    [[ 1.  0.]
     [ 0. -1.]]
    """
    matrix("g", g)
    steps = _steps("steps", steps)
    a, b, c = _coefficients("coefficients", coefficients)
    eps = at_least_zero("eps", eps)
    tall = g.shape[0] > g.shape[1]
    x = g.T if tall else g  # the products are then of the smaller size
    x = x / max(float(np.linalg.norm(x)), eps)
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * (s @ s)) @ x
    return x.T if tall else x


class MuonState(NamedTuple):
    """State of :func:`muon_step`: the step count and the average m of gradients."""

    t: int
    m: Array


def muon_init(theta: Array) -> MuonState:
    """The state before the first step: t = 0 and m = 0."""
    matrix("theta", theta)
    return MuonState(0, np.zeros_like(theta))


def _stretch(scale: str, rows: int, cols: int) -> float:
    """The row of ``scale`` in the table of :func:`muon_step`."""
    return {
        "spectral": sqrt(max(1, rows / cols)),
        "rms": 0.2 * sqrt(max(rows, cols)),
        "none": 1.0,
    }[scale]


def muon_step(
    theta: Array,
    g: Array,
    state: MuonState,
    *,
    lr: float = 1e-3,
    momentum: float = 0.95,
    nesterov: bool = True,
    weight_decay: float = 0.1,
    scale: str = "spectral",
    steps: int = 5,
    coefficients: tuple[float, float, float] = QUINTIC,
    eps: float = 1e-7,
) -> tuple[Array, MuonState]:
    r"""One step of Muon on a matrix.

    .. math::
        m_t &= \mu\, m_{t-1} + (1 - \mu)\, g_t \\
        d_t &= \mu\, m_t + (1 - \mu)\, g_t \quad\text{(Nesterov) or}\quad d_t = m_t \\
        \theta_t &= \theta_{t-1} - \big(\alpha\, \kappa\, \operatorname{newton\_schulz}(d_t)
            + \alpha\lambda\,\theta_{t-1}\big)

    where kappa depends on the matrix's n rows (outputs) and k columns:

    ==========  ==========================
    scale       kappa
    ==========  ==========================
    "spectral"  sqrt(max(1, n / k))
    "rms"       0.2 sqrt(max(n, k))
    "none"      1
    ==========  ==========================

    "rms" gives a step about as long as AdamW's. Only the direction of d
    matters, so whether m is a sum or an average, corrected or not, does not,
    except for Nesterov in optax, which corrects m and g by different factors.
    PyTorch is as here, "spectral" being its "original"; optax stores weights
    inputs by outputs and takes k / n.

    Source: Jordan et al. (2024); for "rms" Liu et al. (2025).

    Not in place: the products of matrices need arrays of their own. For
    vectors, embeddings and the last layer its authors take AdamW.

    Parameters
    ----------
    theta, g : ndarray, shape (n, k)
        Parameters and gradient: same shape and float dtype. Not changed.
    state : MuonState
    lr : float
        Learning rate alpha >= 0, in units of theta.
    momentum : float
        mu in [0, 1).
    nesterov : bool
        Look ahead. Unlike SGD's it may be on where momentum is 0.
    weight_decay : float
        lambda >= 0, per unit of lr, decoupled as in AdamW. PyTorch's default.
    scale : str
        "spectral", "rms" or "none".
    steps, coefficients, eps
        As in :func:`newton_schulz`.

    Examples
    --------
    >>> theta, g = np.zeros((2, 2)), np.array([[3.0, 0.0], [0.0, -0.1]])
    >>> theta, state = muon_step(theta, g, muon_init(theta), lr=1.0)
    >>> print(np.round(theta, 2))
    [[-0.7   0.  ]
     [ 0.    1.13]]
    """
    matrix("theta", theta)
    lr, momentum, nesterov, weight_decay, scale, steps, coefficients, eps = arguments(
        theta, g, state, MuonState, {}, lr=lr, momentum=momentum, nesterov=nesterov,
        weight_decay=weight_decay, scale=scale, steps=steps, coefficients=coefficients, eps=eps,
    )  # fmt: skip
    m = momentum * state.m + (1 - momentum) * g
    d = momentum * m + (1 - momentum) * g if nesterov else m
    o = newton_schulz(d, steps=steps, coefficients=coefficients, eps=eps)
    theta = theta - (lr * _stretch(scale, *theta.shape) * o + lr * weight_decay * theta)
    return theta, MuonState(int(state.t) + 1, m)
