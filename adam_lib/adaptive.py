"""AdaGrad, RMSprop and Adadelta: a step size for every coordinate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._checks import Array, LearningRate, at_least_zero, rule_arguments
from .base import Optimizer, Params, Slot, average, descend


class AdaGradState(NamedTuple):
    """State of :func:`adagrad_step`: the step count and the sum of squares G."""

    t: int
    G: Array


def adagrad_init(theta: Array, start: float = 0.0) -> AdaGradState:
    """The state before the first step: t = 0, and G = ``start`` in every coordinate.

    ``start`` >= 0 shortens the first steps; optax and Keras begin with 0.1.

    Examples
    --------
    >>> adagrad_init(np.zeros(2), start=0.1).G
    array([0.1, 0.1])
    """
    return AdaGradState(0, np.full_like(theta, at_least_zero("start", start)))


def adagrad_step(
    theta: Array, g: Array, state: AdaGradState, *, lr: float, eps: float = 1e-10
) -> tuple[Array, AdaGradState]:
    r"""One step of (diagonal) AdaGrad.

    .. math::
        G_t &= G_{t-1} + g_t^2 \\
        \theta_t &= \theta_{t-1} - \alpha\, g_t / (\sqrt{G_t} + \varepsilon)

    PyTorch is the same; its ``initial_accumulator_value`` is the ``start`` of
    :func:`adagrad_init`. optax and Keras start G at 0.1 and put an eps of 1e-7
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
    t = 1, 2, ...; the rest is the rule's, ``start`` that of :func:`adagrad_init`.

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

    def __init__(
        self, params: Params, lr: LearningRate, eps: float = 1e-10, *, start: float = 0.0
    ) -> None:
        start = at_least_zero("start", start)
        super().__init__(params, lr=lr, eps=eps)
        for (G,) in self._slots:
            G[...] = start

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
    """State of :func:`rmsprop_step`: t, the second raw moment v, the mean m and the buffer b.

    m stays 0 unless the rule is centered, and b unless it has momentum.
    """

    t: int
    v: Array
    m: Array
    b: Array


def rmsprop_init(theta: Array) -> RMSpropState:
    """The state before the first step: t = 0, v = 0, m = 0 and b = 0."""
    return RMSpropState(0, *(np.zeros_like(theta) for _ in range(3)))


def rmsprop_step(
    theta: Array,
    g: Array,
    state: RMSpropState,
    *,
    lr: float = 0.01,
    rho: float = 0.99,
    eps: float = 1e-8,
    momentum: float = 0.0,
    centered: bool = False,
) -> tuple[Array, RMSpropState]:
    r"""One step of RMSprop, without bias correction as in its source.

    .. math::
        v_t &= \rho v_{t-1} + (1 - \rho)\, g_t^2 \\
        \theta_t &= \theta_{t-1} - \alpha\, g_t / (\sqrt{v_t} + \varepsilon)

    v is the second raw moment (uncentred variance) of the gradient. PyTorch is
    the same; optax (rho 0.9) and Keras (rho 0.9, eps 1e-7) put eps inside the root.

    Centered, v is replaced by the variance, and with momentum the quotients are
    summed as the heavy ball sums gradients:

    .. math::
        m_t &= \rho m_{t-1} + (1 - \rho)\, g_t, \qquad
        v_t \to \max(0, v_t - m_t^2) \\
        b_t &= \mu b_{t-1} + g_t / (\sqrt{v_t} + \varepsilon), \qquad
        \theta_t = \theta_{t-1} - \alpha\, b_t

    PyTorch takes no maximum: where rounding makes the variance of nearly equal
    gradients negative, it has NaN.

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
    momentum : float
        mu in [0, 1), off by default.
    centered : bool
        Divide by the root of the variance. Equal gradients leave nothing but eps to divide by.

    Examples
    --------
    The first step is too long by 1 / sqrt(1 - rho):

    >>> theta = np.array([1.0])
    >>> g = np.array([4.0])
    >>> theta, state = rmsprop_step(theta, g, rmsprop_init(theta), lr=0.01, rho=0.75)
    >>> print(f"{theta[0]:.6f}")
    0.980000
    """
    lr, rho, eps, momentum, centered = rule_arguments(
        theta, g, state, RMSpropState,
        lr=lr, rho=rho, eps=eps, momentum=momentum, centered=centered,
    )  # fmt: skip
    v = rho * state.v + (1 - rho) * np.square(g)
    m, b, variance = +state.m, +state.b, v
    if centered:
        m = rho * m + (1 - rho) * g
        variance = np.maximum(v - np.square(m), 0)
    if momentum:
        b = momentum * b + g / (np.sqrt(variance) + eps)
        theta = theta - lr * b
    else:
        theta = theta - lr * g / (np.sqrt(variance) + eps)
    return theta, RMSpropState(int(state.t) + 1, v, m, b)


class RMSprop(Optimizer):
    r"""RMSprop in place, equal to :func:`rmsprop_step` bit for bit.

    ``params`` and errors as for :class:`Optimizer`; ``lr`` may be a callable of
    t = 1, 2, ...; the rest is the rule's. Where ``momentum`` is 0 or ``centered``
    is False at construction, their arrays are not kept, and they must stay so.

    Examples
    --------
    >>> x = np.array([1.0])
    >>> RMSprop(x, lr=0.01, rho=0.75).step(np.array([4.0]))
    >>> print(f"{x[0]:.6f}")
    0.980000
    """

    hyper = ("lr", "rho", "eps", "momentum", "centered")
    scratch = 2
    rho: float
    eps: float
    momentum: float
    centered: bool
    v = Slot()
    m = Slot()
    b = Slot()

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 0.01,
        rho: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        self.slots = ("v", *("m",) * (centered is True), *("b",) * bool(momentum))
        super().__init__(params, lr=lr, rho=rho, eps=eps, momentum=momentum, centered=centered)

    def _numbers(self, t: int) -> tuple[float, ...]:
        if self.momentum and "b" not in self.slots:
            raise ValueError(
                f"momentum must stay 0 where it was 0 at construction, got {self.momentum}"
            )
        if self.centered and "m" not in self.slots:
            raise ValueError("centered must stay False where it was False at construction")
        return self._lr(t), self.rho, 1 - self.rho, self.eps, self.momentum, self.centered

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        lr, rho, rest, eps, momentum, centered = numbers
        kept = dict(zip(self.slots, slots, strict=True))
        v = kept["v"]
        a, b = scratch
        average(v, rho, rest, np.square(g, a), a)
        if centered:
            m = kept["m"]
            average(m, rho, rest, g, a)
            v = np.maximum(np.subtract(v, np.square(m, b), b), 0, out=b)
        if not momentum:
            descend(theta, lr, g, v, eps, a, b)
            return
        buffer = kept["b"]
        np.divide(g, np.add(np.sqrt(v, b), eps, b), a)
        np.add(np.multiply(buffer, momentum, buffer), a, buffer)
        np.subtract(theta, np.multiply(buffer, lr, a), theta)


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
