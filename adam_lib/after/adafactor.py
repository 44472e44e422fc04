"""Adafactor: Adam's second moment as a product of a row's and a column's."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from .._checks import Array
from ._shapes import Shape, arguments, rms


class AdafactorState(NamedTuple):
    """State of :func:`adafactor_step`: mean squares of rows and of columns.

    For theta of shape (..., n, k), ``rows`` is (..., n, 1) and ``cols`` is
    (..., 1, k). For a vector or a number ``rows`` holds every coordinate's mean
    square, in theta's shape, and ``cols`` is empty.
    """

    t: int
    rows: Array
    cols: Array


def _shapes(theta: Array) -> dict[str, Shape]:
    shape = theta.shape
    if len(shape) < 2:
        return {"rows": shape, "cols": (0,)}
    return {"rows": (*shape[:-1], 1), "cols": (*shape[:-2], 1, shape[-1])}


def adafactor_init(theta: Array) -> AdafactorState:
    """The state before the first step: all zero."""
    shapes = _shapes(theta)
    return AdafactorState(0, *(np.zeros(shapes[k], theta.dtype) for k in ("rows", "cols")))


def adafactor_step(
    theta: Array,
    g: Array,
    state: AdafactorState,
    *,
    lr: float = 0.01,
    decay: float = 0.8,
    eps_root: float = 1e-30,
    eps_scale: float = 1e-3,
    clip: float = 1.0,
    weight_decay: float = 0.0,
) -> tuple[Array, AdafactorState]:
    r"""One step of Adafactor: no first moment, and the second by its margins.

    With s = g^2 + eps_root and the mean squares of each row and column,

    .. math::
        \beta_t &= 1 - t^{-\text{decay}} \\
        r_t &= \beta_t r_{t-1} + (1 - \beta_t)\, \text{mean of the columns of } s \\
        c_t &= \beta_t c_{t-1} + (1 - \beta_t)\, \text{mean of the rows of } s \\
        v_t &= r_t c_t / \operatorname{mean}(r_t) \\
        u_t &= g_t / \sqrt{v_t}, \qquad
        u_t \leftarrow u_t / \max(1, \operatorname{rms}(u_t) / \text{clip}) \\
        \theta_t &= \theta_{t-1} - \big(\min(\alpha, 1/\sqrt t)\,
            \max(\text{eps\_scale}, \operatorname{rms}(\theta_{t-1}))\, u_t
            + \alpha\lambda\,\theta_{t-1}\big)

    v is exact where the mean squares have rank 1. It needs no correction:
    beta_1 = 0, so the first average is the first square. Axes before the last
    two are a stack of matrices, with one mean and one rms for each row average
    and for all of theta. PyTorch has no eps_root and bounds the root below
    instead; optax factors the two largest axes, from a size of 128 on, and
    takes alpha as it is, without 1 / sqrt(t).

    Source: Shazeer and Stern (2018).

    Not in place: two passes over each matrix, first for its margins and then
    for the step, so blocks in cache gain little.

    Parameters
    ----------
    theta, g : ndarray
        Parameters and gradient: same shape and float dtype. Not changed.
    state : AdafactorState
    lr : float
        alpha >= 0, the largest step relative to the rms of theta. The default
        is the paper's.
    decay : float
        In (0, 1]: beta_t tends to 1, and averages over some t / decay steps.
    eps_root : float
        eps_1 of the paper, added to the squares, >= 0.
    eps_scale : float
        eps_2 of the paper: theta's rms counts as no less, so that a zero can leave 0.
    clip : float
        d of the paper, >= 1: the largest rms of u.
    weight_decay : float
        lambda >= 0, per unit of lr, as in PyTorch.

    Examples
    --------
    A gradient whose squares have rank 1 moves every coordinate alike:

    >>> theta = np.ones((2, 2))
    >>> g = np.outer([1.0, -10.0], [3.0, 0.1])
    >>> theta, state = adafactor_step(theta, g, adafactor_init(theta))
    >>> print(np.round(theta, 6))
    [[0.99 0.99]
     [1.01 1.01]]
    """
    lr, decay, eps_root, eps_scale, clip, weight_decay = arguments(
        theta, g, state, AdafactorState, _shapes(theta), lr=lr, decay=decay, eps_root=eps_root,
        eps_scale=eps_scale, clip=clip, weight_decay=weight_decay,
    )  # fmt: skip
    t = int(state.t) + 1
    beta = 1 - t**-decay
    s = np.square(g) + eps_root
    if theta.ndim < 2:
        rows, cols = beta * state.rows + (1 - beta) * s, state.cols
        v = rows
    else:
        rows = beta * state.rows + (1 - beta) * s.mean(axis=-1, keepdims=True)
        cols = beta * state.cols + (1 - beta) * s.mean(axis=-2, keepdims=True)
        v = rows * cols / rows.mean(axis=-2, keepdims=True)
    u = g / np.sqrt(v)
    u = u / max(1.0, rms(u) / clip)
    alpha = min(lr, 1 / sqrt(t)) * max(eps_scale, rms(theta))
    theta = theta - (alpha * u + lr * weight_decay * theta)
    return theta, AdafactorState(t, rows, cols)
