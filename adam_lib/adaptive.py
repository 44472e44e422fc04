"""AdaGrad, RMSprop and Adadelta: a step size for every coordinate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._checks import Array, LearningRate, rule_arguments
from .base import Optimizer, Params, Slot, average, descend


class AdaGradState(NamedTuple):
    """State of :func:`adagrad_step`: the step count and the sum of squares G."""

    t: int
    G: Array


def adagrad_init(theta: Array) -> AdaGradState:
    """The state before the first step: t = 0 and G = 0."""
    return AdaGradState(0, np.zeros_like(theta))


def adagrad_step(
    theta: Array, g: Array, state: AdaGradState, *, lr: float, eps: float = 1e-10
) -> tuple[Array, AdaGradState]:
    r"""One step of (diagonal) AdaGrad.

    .. math::
        G_t &= G_{t-1} + g_t^2 \\
        \theta_t &= \theta_{t-1} - \alpha\, g_t / (\sqrt{G_t} + \varepsilon)

    PyTorch is the same. optax and Keras start G at 0.1 and put an eps of 1e-7
    inside the root.

    Source: Duchi, Hazan and Singer (2011).

    Parameters
    ----------
    theta, g : ndarray
        Parameters and gradient: same shape and float dtype. Not changed.
    state : AdaGradState
    lr : float
        Learning rate alpha >= 0, in units of theta.
    eps : float
        Added outside the root, >= 0, in units of g. With 0, a coordinate whose
        gradients have all been zero gives 0/0 = NaN.

    Examples
    --------
    >>> theta = np.array([1.0, -2.0])
    >>> g = np.array([3.0, 0.5])
    >>> theta, state = adagrad_step(theta, g, adagrad_init(theta), lr=0.5)
    >>> theta
    array([ 0.5, -2.5])
    """
    lr, eps = rule_arguments(theta, g, state, AdaGradState, lr=lr, eps=eps)
    G = state.G + np.square(g)
    theta = theta - lr * g / (np.sqrt(G) + eps)
    return theta, AdaGradState(int(state.t) + 1, G)


class AdaGrad(Optimizer):
    r"""AdaGrad in place, equal to :func:`adagrad_step` bit for bit.

    ``params`` and errors as for :class:`Optimizer`; ``lr`` may be a callable of
    t = 1, 2, ...; the rest is the rule's.

    Examples
    --------
    >>> x = np.array([1.0, -2.0])
    >>> AdaGrad(x, lr=0.5).step(np.array([3.0, 0.5]))
    >>> x
    array([ 0.5, -2.5])
    """

    slots = ("G",)
    hyper = ("lr", "eps")
    scratch = 2
    eps: float
    G = Slot()

    def __init__(self, params: Params, lr: LearningRate, eps: float = 1e-10) -> None:
        super().__init__(params, lr=lr, eps=eps)

    def _numbers(self, t: int) -> tuple[float, ...]:
        return self._lr(t), self.eps

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        lr, eps = numbers
        (G,) = slots
        a, b = scratch
        np.add(G, np.square(g, a), G)
        descend(theta, lr, g, G, eps, a, b)


class RMSpropState(NamedTuple):
    """State of :func:`rmsprop_step`: the step count and the second raw moment v."""

    t: int
    v: Array


def rmsprop_init(theta: Array) -> RMSpropState:
    """The state before the first step: t = 0 and v = 0."""
    return RMSpropState(0, np.zeros_like(theta))


def rmsprop_step(
    theta: Array,
    g: Array,
    state: RMSpropState,
    *,
    lr: float = 0.01,
    rho: float = 0.99,
    eps: float = 1e-8,
) -> tuple[Array, RMSpropState]:
    r"""One step of RMSprop, without bias correction as in its source.

    .. math::
        v_t &= \rho v_{t-1} + (1 - \rho)\, g_t^2 \\
        \theta_t &= \theta_{t-1} - \alpha\, g_t / (\sqrt{v_t} + \varepsilon)

    v is the second raw moment (uncentred variance) of the gradient. PyTorch is
    the same; optax (rho 0.9) and Keras (rho 0.9, eps 1e-7) put eps inside the root.

    Source: Tieleman and Hinton (2012), lecture 6.5.

    Parameters
    ----------
    theta, g : ndarray
        Parameters and gradient: same shape and float dtype. Not changed.
    state : RMSpropState
    lr : float
        Learning rate alpha >= 0, in units of theta.
    rho : float
        Decay rate of v, in [0, 1).
    eps : float
        Added outside the root, >= 0, in units of g.

    Examples
    --------
    The first step is too long by 1 / sqrt(1 - rho):

    >>> theta = np.array([1.0])
    >>> g = np.array([4.0])
    >>> theta, state = rmsprop_step(theta, g, rmsprop_init(theta), lr=0.01, rho=0.75)
    >>> print(f"{theta[0]:.6f}")
    0.980000
    """
    lr, rho, eps = rule_arguments(theta, g, state, RMSpropState, lr=lr, rho=rho, eps=eps)
    v = rho * state.v + (1 - rho) * np.square(g)
    theta = theta - lr * g / (np.sqrt(v) + eps)
    return theta, RMSpropState(int(state.t) + 1, v)


class RMSprop(Optimizer):
    r"""RMSprop in place, equal to :func:`rmsprop_step` bit for bit.

    ``params`` and errors as for :class:`Optimizer`; ``lr`` may be a callable of
    t = 1, 2, ...; the rest is the rule's.

    Examples
    --------
    >>> x = np.array([1.0])
    >>> RMSprop(x, lr=0.01, rho=0.75).step(np.array([4.0]))
    >>> print(f"{x[0]:.6f}")
    0.980000
    """

    slots = ("v",)
    hyper = ("lr", "rho", "eps")
    scratch = 2
    rho: float
    eps: float
    v = Slot()

    def __init__(
        self, params: Params, lr: LearningRate = 0.01, rho: float = 0.99, eps: float = 1e-8
    ) -> None:
        super().__init__(params, lr=lr, rho=rho, eps=eps)

    def _numbers(self, t: int) -> tuple[float, ...]:
        return self._lr(t), self.rho, 1 - self.rho, self.eps

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        lr, rho, rest, eps = numbers
        (v,) = slots
        a, b = scratch
        average(v, rho, rest, np.square(g, a), a)
        descend(theta, lr, g, v, eps, a, b)


class AdadeltaState(NamedTuple):
    """State of :func:`adadelta_step`: t, the average v of g^2 and u of the squared updates."""

    t: int
    v: Array
    u: Array


def adadelta_init(theta: Array) -> AdadeltaState:
    """The state before the first step: t = 0, v = 0 and u = 0."""
    return AdadeltaState(0, np.zeros_like(theta), np.zeros_like(theta))


def adadelta_step(
    theta: Array,
    g: Array,
    state: AdadeltaState,
    *,
    lr: float = 1.0,
    rho: float = 0.9,
    eps: float = 1e-6,
) -> tuple[Array, AdadeltaState]:
    r"""One step of Adadelta.

    .. math::
        v_t &= \rho v_{t-1} + (1 - \rho)\, g_t^2 \\
        \delta_t &= \frac{\sqrt{u_{t-1} + \varepsilon}}{\sqrt{v_t + \varepsilon}}\, g_t \\
        u_t &= \rho u_{t-1} + (1 - \rho)\, \delta_t^2 \\
        \theta_t &= \theta_{t-1} - \alpha\, \delta_t

    PyTorch and optax are the same; Keras has lr 0.001, rho 0.95 and eps 1e-7.

    Source: Zeiler (2012), Algorithm 1.

    Parameters
    ----------
    theta, g : ndarray
        Parameters and gradient: same shape and float dtype. Not changed.
    state : AdadeltaState
    lr : float
        Factor alpha >= 0 on the step, without unit; 1 in the paper.
    rho : float
        Decay rate of both averages, in [0, 1).
    eps : float
        Added inside both roots, >= 0, to g^2 and to squared steps. Sets the first step's length.

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> g = np.array([3.0])
    >>> theta, state = adadelta_step(theta, g, adadelta_init(theta), rho=0.5, eps=1.5)
    >>> print(f"{theta[0]:.6f}")                  # 1 - 3 sqrt(1.5) / sqrt(4.5 + 1.5)
    -0.500000
    """
    lr, rho, eps = rule_arguments(theta, g, state, AdadeltaState, lr=lr, rho=rho, eps=eps)
    v = rho * state.v + (1 - rho) * np.square(g)
    delta = np.sqrt(state.u + eps) / np.sqrt(v + eps) * g
    u = rho * state.u + (1 - rho) * np.square(delta)
    theta = theta - lr * delta
    return theta, AdadeltaState(int(state.t) + 1, v, u)


class Adadelta(Optimizer):
    r"""Adadelta in place, equal to :func:`adadelta_step` bit for bit.

    ``params`` and errors as for :class:`Optimizer`; ``lr`` may be a callable of
    t = 1, 2, ...; the rest is the rule's.

    Examples
    --------
    >>> x = np.array([1.0])
    >>> Adadelta(x, rho=0.5, eps=1.5).step(np.array([3.0]))
    >>> print(f"{x[0]:.6f}")
    -0.500000
    """

    slots = ("v", "u")
    hyper = ("lr", "rho", "eps")
    scratch = 2
    rho: float
    eps: float
    v = Slot()
    u = Slot()

    def __init__(
        self, params: Params, lr: LearningRate = 1.0, rho: float = 0.9, eps: float = 1e-6
    ) -> None:
        super().__init__(params, lr=lr, rho=rho, eps=eps)

    def _numbers(self, t: int) -> tuple[float, ...]:
        return self._lr(t), self.rho, 1 - self.rho, self.eps

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        lr, rho, rest, eps = numbers
        v, u = slots
        a, b = scratch
        average(v, rho, rest, np.square(g, a), a)
        np.sqrt(np.add(u, eps, a), a)
        np.sqrt(np.add(v, eps, b), b)
        delta = np.multiply(np.divide(a, b, a), g, a)
        average(u, rho, rest, np.square(delta, b), b)
        np.subtract(theta, np.multiply(delta, lr, a), theta)
