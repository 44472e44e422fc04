"""Shampoo: AdaGrad for matrices, a preconditioner for the rows and one for the columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import Array, at_least_zero
from ._shapes import arguments, matrix


class ShampooState(NamedTuple):
    """State of :func:`shampoo_step`: sums of G G' (``left``) and of G' G (``right``)."""

    t: int
    left: Array
    right: Array


def shampoo_init(theta: Array, eps: float = 1e-6) -> ShampooState:
    """The state before the first step: eps times the identity, twice."""
    matrix("theta", theta, half=False)
    eps = at_least_zero("eps", eps)
    left, right = (eps * np.eye(n, dtype=theta.dtype) for n in theta.shape)
    return ShampooState(0, left, right)


def power(a: Array, p: float) -> Array:
    """a**p for a symmetric matrix a with eigenvalues above 0."""
    values, q = np.linalg.eigh(a)
    out: Array = (q * values**p) @ q.T
    return out


def shampoo_step(
    theta: Array, g: Array, state: ShampooState, *, lr: float
) -> tuple[Array, ShampooState]:
    r"""One step of Shampoo on a matrix.

    .. math::
        L_t &= L_{t-1} + G_t G_t^\top, \qquad R_t = R_{t-1} + G_t^\top G_t \\
        \theta_t &= \theta_{t-1} - \alpha\, L_t^{-1/4}\, G_t\, R_t^{-1/4}

    On gradients that are all diagonal it is AdaGrad; one step from eps = 0
    replaces every singular value of G by 1, which is Muon's direction. The sums
    grow for ever, as AdaGrad's do. Later programs average instead, take the
    length of another rule's step, and compute the roots rarely: none of it here.

    Source: Gupta, Koren and Singer (2018), Algorithm 1.

    Not in place: an eigendecomposition needs more room than the step.

    Parameters
    ----------
    theta, g : ndarray, shape (n, k)
        Parameters and gradient, float32 or float64. Not changed.
    state : ShampooState
        ``shampoo_init(theta, eps)`` with eps > 0, unless the first gradient has full rank.
    lr : float
        Learning rate alpha >= 0, in units of theta.

    Examples
    --------
    >>> theta, g = np.zeros((2, 2)), np.array([[3.0, 0.0], [0.0, -0.1]])
    >>> theta, state = shampoo_step(theta, g, shampoo_init(theta), lr=0.5)
    >>> print(np.round(theta, 4))
    [[-0.5  0. ]
     [ 0.   0.5]]
    """
    matrix("theta", theta, half=False)
    n, k = theta.shape
    shapes = {"left": (n, n), "right": (k, k)}
    (lr,) = arguments(theta, g, state, ShampooState, shapes, lr=lr)
    left = state.left + g @ g.T
    right = state.right + g.T @ g
    theta = theta - lr * (power(left, -0.25) @ g @ power(right, -0.25))
    return theta, ShampooState(int(state.t) + 1, left, right)
