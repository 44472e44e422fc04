"""Stochastic gradient descent, with momentum and Nesterov's variant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._checks import Array, LearningRate, rule_arguments
from .base import Optimizer, Params, Slot


class SGDState(NamedTuple):
    """State of :func:`sgd_step`: the step count and the momentum buffer b."""

    t: int
    b: Array


def sgd_init(theta: Array) -> SGDState:
    """The state before the first step: t = 0 and b = 0."""
    return SGDState(0, np.zeros_like(theta))


def look_ahead_needs_momentum(momentum: float, nesterov: bool) -> None:
    """Refuse Nesterov's variant of plain SGD: there is nothing to look ahead along."""
    if nesterov and not momentum:
        raise ValueError(f"momentum must be > 0 with nesterov=True, got {momentum}")


def sgd_step(
    theta: Array,
    g: Array,
    state: SGDState,
    *,
    lr: float,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> tuple[Array, SGDState]:
    r"""One step of SGD with (heavy-ball or Nesterov) momentum.

    .. math::
        b_t &= \mu b_{t-1} + g_t \\
        d_t &= b_t \quad\text{or, Nesterov,}\quad d_t = g_t + \mu b_t \\
        \theta_t &= \theta_{t-1} - \alpha d_t

    The buffer is a sum, not an average: in the long run a constant gradient g
    gives steps of lr * g / (1 - momentum). So in PyTorch and optax; Keras sums lr * g.

    Source: Polyak (1964); Nesterov (1983); Sutskever et al. (2013).

    Parameters
    ----------
    theta, g : ndarray
        Parameters and gradient: same shape and float dtype. Not changed.
    state : SGDState
    lr : float
        Learning rate alpha >= 0, in units of theta per unit of g.
    momentum : float
        mu in [0, 1); 0 gives plain SGD.
    nesterov : bool
        Use the look-ahead direction; needs momentum > 0.

    Examples
    --------
    >>> theta = np.array([1.0, -2.0])
    >>> theta, state = sgd_step(theta, theta, sgd_init(theta), lr=0.5)
    >>> theta
    array([ 0.5, -1. ])
    """
    lr, momentum, nesterov = rule_arguments(
        theta, g, state, SGDState, lr=lr, momentum=momentum, nesterov=nesterov
    )
    look_ahead_needs_momentum(momentum, nesterov)
    b = momentum * state.b + g if momentum else +g  # 0 * inf would be NaN
    d = g + momentum * b if nesterov else b
    theta = theta - lr * d
    return theta, SGDState(int(state.t) + 1, b)


class SGD(Optimizer):
    r"""SGD in place, equal to :func:`sgd_step` bit for bit.

    ``params`` and errors as for :class:`Optimizer`; ``lr`` may be a callable of
    t = 1, 2, ...; the rest is the rule's. With ``momentum=0`` at construction
    no buffer is kept, and it must stay 0. ``nesterov`` needs ``momentum > 0``.

    Examples
    --------
    >>> x = np.array([1.0, -2.0])
    >>> opt = SGD(x, lr=0.5)
    >>> opt.step(x)                    # the gradient of |x|^2 / 2 is x
    >>> x
    array([ 0.5, -1. ])
    """

    hyper = ("lr", "momentum", "nesterov")
    scratch = 1
    momentum: float
    nesterov: bool
    b = Slot()

    def __init__(
        self,
        params: Params,
        lr: LearningRate,
        momentum: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        self.slots = ("b",) if momentum else ()
        super().__init__(params, lr=lr, momentum=momentum, nesterov=nesterov)
        look_ahead_needs_momentum(self.momentum, self.nesterov)

    def _numbers(self, t: int) -> tuple[float, ...]:
        if self.momentum and not self.slots:
            raise ValueError(
                f"momentum must stay 0 where it was 0 at construction, got {self.momentum}"
            )
        look_ahead_needs_momentum(self.momentum, self.nesterov)
        return self._lr(t), self.momentum, self.nesterov

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        lr, momentum, nesterov = numbers
        (a,) = scratch
        d = g
        if slots:
            (b,) = slots
            # 0 * inf would be NaN
            d = np.add(np.multiply(b, momentum, b), g, b) if momentum else np.positive(g, b)
            if nesterov:
                d = np.add(g, np.multiply(b, momentum, a), a)
        np.subtract(theta, np.multiply(d, lr, a), theta)
