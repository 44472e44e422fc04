"""Adam-mini: Adam with one second moment for a whole block of parameters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import Array
from ._shapes import Shape, arguments


class AdamMiniState(NamedTuple):
    """State of :func:`adam_mini_step`: Adam's m, and v with length 1 along a block's axes."""

    t: int
    m: Array
    v: Array


def adam_mini_init(theta: Array, axis: int | tuple[int, ...] | None = -1) -> AdamMiniState:
    """The state before the first step, and with it the blocks.

    Parameters
    ----------
    theta : ndarray
    axis : int, tuple of int or None
        The axes along which one v is shared. -1: every row of a matrix is a
        block (one output, where weights are stored outputs by inputs), and a
        vector is one. None: all of theta is one block. (): each coordinate is
        its own, which is Adam.
    """
    v = np.zeros_like(theta).max(axis=axis, keepdims=True, initial=0) if theta.ndim else theta * 0
    return AdamMiniState(0, np.zeros_like(theta), np.asarray(v))


def _blocks(theta: Shape, v: Shape) -> tuple[Shape, Shape]:
    """The axes along which v is shared, and the shape that v must then have."""
    shared = [one == 1 != n for n, one in zip(theta, (*v, *theta[len(v) :]), strict=False)]
    axes = tuple(k for k, yes in enumerate(shared) if yes)
    return axes, tuple(1 if yes else n for n, yes in zip(theta, shared, strict=True))


def adam_mini_step(
    theta: Array,
    g: Array,
    state: AdamMiniState,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Array, AdamMiniState]:
    r"""One step of Adam-mini: Adam, divided by the root of a block's mean square.

    .. math::
        m_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \\
        v_t &= \beta_2 v_{t-1} + (1 - \beta_2)\, \operatorname{mean}_{\text{block}}(g_t^2) \\
        \theta_t &= \theta_{t-1} - \big(\alpha\, \hat m_t / (\sqrt{\hat v_t} + \varepsilon)
            + \alpha\lambda\,\theta_{t-1}\big)

    with Adam's corrections. The blocks stand in the shape of ``state.v``. The
    authors' program (1.1) takes a head of queries or keys as one, a row of any
    other weight, and every coordinate of a bias; to choose them is the method.

    Source: Zhang et al. (2024).

    Not in place: the block's mean must be known before its first parameter moves.

    Parameters
    ----------
    theta, g, lr, betas, eps
        As in :func:`adam_lib.adam.adam_step`.
    state : AdamMiniState
    weight_decay : float
        lambda >= 0, per unit of lr, decoupled as in AdamW.

    Examples
    --------
    >>> theta, g = np.zeros((2, 2)), np.array([[3.0, 4.0], [0.0, 1.0]])
    >>> theta, state = adam_mini_step(theta, g, adam_mini_init(theta), lr=1.0)
    >>> print(np.round(np.square(theta), 6))      # 9, 16 over 12.5 and 0, 1 over 0.5
    [[0.72 1.28]
     [0.   2.  ]]
    """
    axes, shape = _blocks(np.shape(theta), np.shape(getattr(state, "v", 0)))
    lr, (beta1, beta2), eps, weight_decay = arguments(
        theta, g, state, AdamMiniState, {"v": shape},
        lr=lr, betas=betas, eps=eps, weight_decay=weight_decay,
    )  # fmt: skip
    t = int(state.t) + 1
    m = beta1 * state.m + (1 - beta1) * g
    v = beta2 * state.v + (1 - beta2) * np.square(g).mean(axis=axes, keepdims=True)
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    theta = theta - (step + lr * weight_decay * theta)
    return theta, AdamMiniState(t, m, v)
