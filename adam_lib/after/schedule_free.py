"""Schedule-free: an average of the iterates in the place of a falling rate."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._checks import HYPER, Array
from ._shapes import arguments


class ScheduleFreeSGDState(NamedTuple):
    """State of :func:`schedule_free_sgd_step`.

    ``z`` is where plain descent stands; ``largest`` the largest lr so far, and
    ``total`` the sum of the weights of the average, both Python floats.
    """

    t: int
    z: Array
    largest: float
    total: float


class ScheduleFreeAdamWState(NamedTuple):
    """State of :func:`schedule_free_adamw_step`: that of SGD's form, and Adam's v."""

    t: int
    z: Array
    largest: float
    total: float
    v: Array


def schedule_free_sgd_init(theta: Array) -> ScheduleFreeSGDState:
    """The state before the first step: z is theta."""
    return ScheduleFreeSGDState(0, theta.copy(), 0.0, 0.0)


def schedule_free_adamw_init(theta: Array) -> ScheduleFreeAdamWState:
    """The state before the first step: z is theta and v is 0."""
    return ScheduleFreeAdamWState(0, theta.copy(), 0.0, 0.0, np.zeros_like(theta))


def schedule_free_average(theta: Array, state: Any, *, beta: float = 0.9) -> Array:
    """The average x to evaluate and to keep, from theta = (1 - beta) z + beta x.

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> print(schedule_free_average(theta, schedule_free_sgd_init(theta)))
    [1.]
    """
    beta = HYPER["beta"]("beta", beta)
    x: Array = (theta - (1 - beta) * state.z) / beta
    return x


def _follow(
    theta: Array, state: Any, direction: Array, lr: float, beta: float
) -> tuple[Array, Array, float, float]:
    """One step of z along ``direction``; x and theta follow."""
    largest = max(state.largest, lr)
    total = state.total + largest**2
    c = largest**2 / total if total else 0.0
    x = schedule_free_average(theta, state, beta=beta)
    z = state.z - lr * direction
    x = (1 - c) * x + c * z
    return (1 - beta) * z + beta * x, z, largest, total


def schedule_free_sgd_step(
    theta: Array,
    g: Array,
    state: ScheduleFreeSGDState,
    *,
    lr: float,
    beta: float = 0.9,
    weight_decay: float = 0.0,
) -> tuple[Array, ScheduleFreeSGDState]:
    r"""One step of schedule-free SGD.

    Three points: z descends, x is its average, and the gradient is taken at
    y = theta between them.

    .. math::
        z_t &= z_{t-1} - \alpha_t\, (g_t + \lambda\, y_{t-1}) \\
        x_t &= (1 - c_t)\, x_{t-1} + c_t z_t, \qquad
        c_t = w_t / \textstyle\sum_{i \le t} w_i, \quad w_i = (\max_{j \le i} \alpha_j)^2 \\
        y_t &= (1 - \beta)\, z_t + \beta\, x_t

    At a constant rate c_t = 1/t and x is the plain mean of z_1, ..., z_t. x is
    not stored: :func:`schedule_free_average` reads it off theta and z. It is
    what is to be evaluated and kept. So in the authors' program and optax.

    Source: Defazio et al. (2024).

    Not in place: theta, z and x change together, in one pass as it is.

    Parameters
    ----------
    theta, g : ndarray
        The point y and the gradient there: same shape and float dtype. Not changed.
    state : ScheduleFreeSGDState
    lr : float
        The step's rate alpha_t >= 0: constant, or with a warmup.
    beta : float
        In (0, 1): how near to the average the gradient is taken.
    weight_decay : float
        lambda >= 0, decay of z towards 0, taken at y and per unit of lr.

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> state = schedule_free_sgd_init(theta)
    >>> for _ in range(2):                     # the gradient of x^2 / 2
    ...     theta, state = schedule_free_sgd_step(theta, theta, state, lr=0.5)
    >>> print(state.z, np.round(schedule_free_average(theta, state), 6))
    [0.25] [0.375]
    """
    lr, beta, weight_decay = arguments(
        theta, g, state, ScheduleFreeSGDState, {}, lr=lr, beta=beta, weight_decay=weight_decay
    )
    y, z, largest, total = _follow(theta, state, g + weight_decay * theta, lr, beta)
    return y, ScheduleFreeSGDState(int(state.t) + 1, z, largest, total)


def schedule_free_adamw_step(
    theta: Array,
    g: Array,
    state: ScheduleFreeAdamWState,
    *,
    lr: float = 2.5e-3,
    beta: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Array, ScheduleFreeAdamWState]:
    r"""One step of schedule-free AdamW: z takes Adam's step without its first moment.

    .. math::
        v_t &= \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \\
        z_t &= z_{t-1} - \alpha_t\, \big(
            g_t / (\sqrt{\hat v_t} + \varepsilon) + \lambda\, y_{t-1} \big)

    and x and y as in :func:`schedule_free_sgd_step`; averaging takes the place
    of momentum too. So in optax and in the authors' program (1.4), except that
    those take beta and beta2 as a pair.

    Source: Defazio et al. (2024).

    Parameters
    ----------
    theta, g, lr, beta, weight_decay
        As in :func:`schedule_free_sgd_step`.
    state : ScheduleFreeAdamWState
    beta2, eps
        As in :func:`adam_lib.adam.adam_step`.

    Examples
    --------
    >>> theta = np.array([1.0, -2.0])
    >>> state = schedule_free_adamw_init(theta)
    >>> theta, state = schedule_free_adamw_step(theta, np.array([3.0, -0.5]), state, lr=0.5)
    >>> print(np.round(theta, 6), np.round(state.z, 6))
    [ 0.5 -1.5] [ 0.5 -1.5]
    """
    lr, beta, beta2, eps, weight_decay = arguments(
        theta, g, state, ScheduleFreeAdamWState, {},
        lr=lr, beta=beta, beta2=beta2, eps=eps, weight_decay=weight_decay,
    )  # fmt: skip
    t = int(state.t) + 1
    v = beta2 * state.v + (1 - beta2) * np.square(g)
    direction = g / (np.sqrt(v / (1 - beta2**t)) + eps) + weight_decay * theta
    y, z, largest, total = _follow(theta, state, direction, lr, beta)
    return y, ScheduleFreeAdamWState(t, z, largest, total, v)
