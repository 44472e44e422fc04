"""Adam: Algorithm 1 of Kingma and Ba (2014), as a pure rule and in place."""

from __future__ import annotations

from sys import maxsize
from typing import Any, NamedTuple

import numpy as np
from numpy import divide, square

from ._checks import Array, LearningRate, flag, rule_arguments
from .base import Optimizer, Params, Slot, average, descend


class AdamState(NamedTuple):
    """State of :func:`adam_step`: t, first moment m and second raw moment v."""

    t: int
    m: Array
    v: Array


def adam_init(theta: Array) -> AdamState:
    """The state before the first step: t = 0, m = 0 and v = 0."""
    return AdamState(0, np.zeros_like(theta), np.zeros_like(theta))


def adam_step(
    theta: Array,
    g: Array,
    state: AdamState,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> tuple[Array, AdamState]:
    r"""One step of Adam.

    .. math::
        m_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \\
        v_t &= \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \\
        \hat m_t &= m_t / (1 - \beta_1^t) \\
        \hat v_t &= v_t / (1 - \beta_2^t) \\
        \theta_t &= \theta_{t-1} - \alpha\, \hat m_t / (\sqrt{\hat v_t} + \varepsilon)

    PyTorch, optax and MLX (with its bias correction on) place eps as here.
    Keras uses the paper's eps-hat, which is added to the uncorrected root.

    Source: Kingma and Ba (2014), Algorithm 1.

    Parameters
    ----------
    theta, g : ndarray
        Parameters and gradient: same shape and float dtype. Not changed.
    state : AdamState
    lr : float
        Learning rate alpha >= 0, in units of theta.
    betas : (float, float)
        Decay rates beta1 and beta2, each in [0, 1).
    eps : float
        Added outside the root and after the correction, >= 0, in units of g.
        With 0, a coordinate whose gradients have all been zero gives NaN.

    Examples
    --------
    The first step has length lr in every coordinate, up to eps:

    >>> theta = np.array([1.0, -2.0])
    >>> theta, state = adam_step(theta, np.array([3.0, -0.5]), adam_init(theta), lr=0.5)
    >>> print(np.round(theta, 6))
    [ 0.5 -1.5]
    """
    lr, (beta1, beta2), eps = rule_arguments(
        theta, g, state, AdamState, lr=lr, betas=betas, eps=eps
    )
    t = int(state.t) + 1
    m = beta1 * state.m + (1 - beta1) * g
    v = beta2 * state.v + (1 - beta2) * np.square(g)
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - lr * m_hat / (np.sqrt(v_hat) + eps)
    return theta, AdamState(t, m, v)


class Adam(Optimizer):
    r"""Adam in place, equal to :func:`adam_step` bit for bit.

    ``params`` and errors as for :class:`Optimizer`; ``lr`` may be a callable of
    t = 1, 2, ...; the rest is the rule's. The default eps rounds to 0 in
    float16 and is refused there. ``fused=True`` runs the same lines as one
    loop compiled by Numba (float32 and float64), to the same bits; see
    :mod:`adam_lib.fused`.

    Attributes
    ----------
    m, v, m_hat, v_hat : ndarray or list of ndarray
        The moment estimates and their corrected forms, as copies in the form
        of ``params``. Before the first step all are 0.

    Examples
    --------
    >>> x = np.array([1.0, -2.0])
    >>> opt = Adam(x, lr=0.5)
    >>> opt.step(np.array([3.0, -0.5]))
    >>> print(np.round(x, 6), opt.t, np.round(opt.m_hat, 6))
    [ 0.5 -1.5] 1 [ 3.  -0.5]
    """

    slots = ("m", "v")
    hyper = ("lr", "betas", "eps")
    scratch = 2
    betas: tuple[float, float]
    eps: float
    _compiled: Any = None
    m = Slot()
    v = Slot()

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        fused: bool = False,
    ) -> None:
        if flag("fused", fused):
            self.scratch = 0
        super().__init__(params, lr=lr, betas=betas, eps=eps)
        if fused:
            from . import fused as compiled  # Numba is optional

            compiled.supports(self._arrays)
            self._compiled = compiled.adam
            self._block_bytes = maxsize  # nothing waits in cache for a next pass

    @property
    def fused(self) -> bool:
        """Whether a step is one compiled loop."""
        return self._compiled is not None

    @property
    def m_hat(self) -> Any:
        """The bias-corrected first moment estimate."""
        return self._corrected(0)

    @property
    def v_hat(self) -> Any:
        """The bias-corrected second raw moment estimate."""
        return self._corrected(1)

    def _corrected(self, k: int) -> Any:
        factor = 1 - self.betas[k] ** self.t if self.t else 1.0
        return self._formed([slots[k] / factor for slots in self._slots])

    def _numbers(self, t: int) -> tuple[float, ...]:
        beta1, beta2 = self.betas
        averages = beta1, 1 - beta1, beta2, 1 - beta2
        return self._lr(t), *averages, 1 - beta1**t, 1 - beta2**t, self.eps

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        m, v = slots
        if self._compiled:
            self._compiled(theta, g, m, v, self._cells[theta.dtype])
            return
        lr, beta1, rest1, beta2, rest2, factor1, factor2, eps = numbers
        a, b = scratch
        average(m, beta1, rest1, g, a)
        average(v, beta2, rest2, square(g, a), a)
        m_hat = divide(m, factor1, a)
        v_hat = divide(v, factor2, b)
        descend(theta, lr, m_hat, v_hat, eps, a, b)
