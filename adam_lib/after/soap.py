"""SOAP: Adam in the basis of Shampoo's eigenvectors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import Array
from ._shapes import arguments, matrix


class SOAPState(NamedTuple):
    """State of :func:`soap_step`.

    ``m`` is the average of gradients, in theta's own basis; ``v`` that of squares,
    in the basis ``q_left``, ``q_right``; ``left`` and ``right`` are averages of
    G G' and G' G.
    """

    t: int
    m: Array
    v: Array
    left: Array
    right: Array
    q_left: Array
    q_right: Array


def soap_init(theta: Array) -> SOAPState:
    """The state before the first gradient: averages 0, bases the identity."""
    matrix("theta", theta, half=False)
    n, k = (np.eye(size, dtype=theta.dtype) for size in theta.shape)
    return SOAPState(0, np.zeros_like(theta), np.zeros_like(theta), 0 * n, 0 * k, n, k)


def _refreshed(a: Array, q: Array) -> tuple[Array, Array]:
    """One step of orthogonal iteration from ``q``, and the order it puts the columns in."""
    image = a @ q
    order = np.argsort(-np.sum(q * image, axis=0), kind="stable")
    return np.linalg.qr(image[:, order])[0], order


def soap_step(
    theta: Array,
    g: Array,
    state: SOAPState,
    *,
    lr: float = 3e-3,
    betas: tuple[float, float] = (0.95, 0.95),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    every: int = 10,
) -> tuple[Array, SOAPState]:
    r"""One step of SOAP on a matrix: rotate, take Adam's step, rotate back.

    .. math::
        m_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \\
        v_t &= \beta_2 v_{t-1} + (1 - \beta_2)\, (Q_L^\top g_t Q_R)^2 \\
        \theta_t &= \theta_{t-1} - \Big(\alpha\, Q_L
            \big[ (Q_L^\top \hat m_t Q_R) / (\sqrt{\hat v_t} + \varepsilon) \big] Q_R^\top
            + \alpha\lambda\,\theta_{t-1}\Big) \\
        L_t &= \beta_2 L_{t-1} + (1 - \beta_2)\, g_t g_t^\top, \qquad
        R_t = \beta_2 R_{t-1} + (1 - \beta_2)\, g_t^\top g_t

    The first gradient gives Q_L and Q_R, the eigenvectors of L and R, and moves
    nothing. Every ``every`` steps the bases follow L and R by one step of
    orthogonal iteration, Q <- QR(L Q), and v is put into the order of the new
    columns but not rotated, as in the authors' program. That adds eps to the
    uncorrected root; here it stands as in Adam.

    Source: Vyas et al. (2024).

    Not in place: six products of matrices a step, each with a result of its own.

    Parameters
    ----------
    theta, g : ndarray, shape (n, k)
        Parameters and gradient, float32 or float64. Not changed.
    state : SOAPState
    lr, betas, eps
        As in :func:`adam_lib.adam.adam_step`, with the authors' defaults.
    weight_decay : float
        lambda >= 0, per unit of lr, decoupled as in AdamW.
    every : int
        Steps between two refreshments of the bases, >= 1.

    Examples
    --------
    Whatever the basis, the second gradient's step is a rotated matrix of signs:

    >>> theta, g = np.zeros((2, 2)), np.array([[3.0, 1.0], [1.0, 0.5]])
    >>> state = soap_init(theta)
    >>> for _ in range(2):
    ...     theta, state = soap_step(theta, g, state, lr=0.5)
    >>> print(np.round(state.q_left.T @ theta @ state.q_right, 6))
    [[-0.5  0. ]
     [ 0.  -0.5]]
    """
    matrix("theta", theta, half=False)
    n, k = theta.shape
    shapes = {"left": (n, n), "right": (k, k), "q_left": (n, n), "q_right": (k, k)}
    lr, (beta1, beta2), eps, weight_decay, every = arguments(
        theta, g, state, SOAPState, shapes,
        lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, every=every,
    )  # fmt: skip
    t, m, v, left, right, q_left, q_right = state
    left = beta2 * left + (1 - beta2) * (g @ g.T)
    right = beta2 * right + (1 - beta2) * (g.T @ g)
    if t == 0:  # the largest eigenvalue first
        q_left, q_right = (np.linalg.eigh(a)[1][:, ::-1] for a in (left, right))
        return theta.copy(), SOAPState(1, m, v, left, right, q_left, q_right)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * np.square(q_left.T @ g @ q_right)
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    direction = (q_left.T @ m_hat @ q_right) / (np.sqrt(v_hat) + eps)
    step = lr * (q_left @ direction @ q_right.T)
    theta = theta - (step + lr * weight_decay * theta)
    if t % every == 0:
        q_left, rows = _refreshed(left, q_left)
        q_right, cols = _refreshed(right, q_right)
        v = v[rows][:, cols]
    return theta, SOAPState(int(t) + 1, m, v, left, right, q_left, q_right)
