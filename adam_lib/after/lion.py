"""Lion: of Adam's step only the sign, from two averages in one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import Array, LearningRate, rule_arguments
from ..base import Optimizer, Params, Slot, average


class LionState(NamedTuple):
    """State of :func:`lion_step`: the step count and the average m of gradients."""

    t: int
    m: Array


def lion_init(theta: Array) -> LionState:
    """The state before the first step: t = 0 and m = 0."""
    return LionState(0, np.zeros_like(theta))


def lion_step(
    theta: Array,
    g: Array,
    state: LionState,
    *,
    lr: float = 1e-4,
    betas: tuple[float, float] = (0.9, 0.99),
    weight_decay: float = 0.0,
) -> tuple[Array, LionState]:
    r"""One step of Lion: the sign of an average, by lr in every coordinate.

    .. math::
        c_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \\
        \theta_t &= \theta_{t-1}
            - \big(\alpha \operatorname{sign}(c_t) + \alpha\lambda\, \theta_{t-1}\big) \\
        m_t &= \beta_2 m_{t-1} + (1 - \beta_2)\, g_t

    The present gradient weighs 1 - beta1 in the direction but only 1 - beta2 in
    what is remembered. There is no second moment, no eps and no correction: a
    sign has no scale. So in optax; sign(0) is 0 here and there.

    Source: Chen et al. (2023).

    Parameters
    ----------
    theta, g : ndarray
        Parameters and gradient: same shape and float dtype. Not changed.
    state : LionState
    lr : float
        Learning rate alpha >= 0, in units of theta: the length of every step in
        every coordinate. The authors advise a third to a tenth of Adam's.
    betas : (float, float)
        beta1 of the direction and beta2 of the memory, each in [0, 1).
    weight_decay : float
        lambda >= 0, per unit of lr, decoupled as in AdamW.

    Examples
    --------
    >>> theta, g = np.array([1.0, -2.0]), np.array([3.0, -0.5])
    >>> theta, state = lion_step(theta, g, lion_init(theta), lr=0.5)
    >>> print(theta, np.round(state.m, 6))
    [ 0.5 -1.5] [ 0.03  -0.005]
    """
    lr, (beta1, beta2), weight_decay = rule_arguments(
        theta, g, state, LionState, lr=lr, betas=betas, weight_decay=weight_decay
    )
    c = beta1 * state.m + (1 - beta1) * g
    theta = theta - (lr * np.sign(c) + lr * weight_decay * theta)
    m = beta2 * state.m + (1 - beta2) * g
    return theta, LionState(int(state.t) + 1, m)


class Lion(Optimizer):
    r"""Lion in place, equal to :func:`lion_step` bit for bit.

    ``params`` and errors as for :class:`Optimizer`; ``lr`` may be a callable of
    t = 1, 2, ...; the rest is the rule's. It keeps one array, Adam two.

    Examples
    --------
    >>> x = np.array([1.0, -2.0])
    >>> opt = Lion(x, lr=0.5)
    >>> opt.step(np.array([3.0, -0.5]))
    >>> print(x, np.round(opt.m, 6))
    [ 0.5 -1.5] [ 0.03  -0.005]
    """

    slots = ("m",)
    hyper = ("lr", "betas", "weight_decay")
    scratch = 2
    betas: tuple[float, float]
    weight_decay: float
    m = Slot()

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, weight_decay=weight_decay)

    def _numbers(self, t: int) -> tuple[float, ...]:
        lr, (beta1, beta2) = self._lr(t), self.betas
        return lr, beta1, 1 - beta1, beta2, 1 - beta2, lr * self.weight_decay

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        lr, beta1, rest1, beta2, rest2, decay = numbers
        (m,) = slots
        a, b = scratch
        np.multiply(m, beta1, a)
        np.add(a, np.multiply(g, rest1, b), a)
        np.multiply(np.sign(a, a), lr, a)
        np.add(a, np.multiply(theta, decay, b), a)
        np.subtract(theta, a, theta)
        average(m, beta2, rest2, g, a)
