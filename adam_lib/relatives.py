r"""Relatives of Adam, each written as what it does differently.

- AdamW adds a share of the parameters to Adam's step: they shrink.
- AMSGrad divides by the root of the largest v so far.
- AdaMax keeps a decaying maximum in the place of a mean square.
- NAdam looks ahead: the present gradient takes part of m_hat's place.
- RAdam does not divide while v is young, and less than Adam for a while after.
"""

from __future__ import annotations

from math import exp, expm1, inf, log, sqrt
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ._checks import HYPER, Array, LearningRate, number, rule_arguments
from .adam import Adam, AdamState, adam_init
from .base import Params, Slot, average, descend, quotient

FORMS = ("paper", "pytorch", "optax")  # of AMSGrad


def _form(name: str, value: object) -> str:
    """One of the names in FORMS."""
    if not isinstance(value, str) or value not in FORMS:
        raise ValueError(f"{name} must be one of {', '.join(FORMS)}, got {value!r}")
    return value


def _momentum_decay(name: str, value: object) -> float:
    """A number >= 0, or infinity."""
    x = number(name, value)
    if not x >= 0:
        raise ValueError(f"{name} must be >= 0, got {x}")
    return x


def _threshold(name: str, value: object) -> float:
    """A number >= 4: below, RAdam's factor is the root of a negative number."""
    x = number(name, value)
    if not x >= 4:
        raise ValueError(f"{name} must be >= 4, got {x}")
    return x


# Their own hyperparameters; the five systems' stand in _checks.
HYPER.update(form=_form, momentum_decay=_momentum_decay, threshold=_threshold)

# -- AdamW ---------------------------------------------------------------------

adamw_init = adam_init


def adamw_step(
    theta: Array,
    g: Array,
    state: AdamState,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> tuple[Array, AdamState]:
    r"""One step of AdamW: Adam's step, and a share of the parameters with it.

    With Adam's m_hat_t and v_hat_t,

    .. math::
        \theta_t = \theta_{t-1} - \Big(\alpha\, \hat m_t / (\sqrt{\hat v_t} + \varepsilon)
            + \alpha \lambda\, \theta_{t-1}\Big)

    The decay does not pass through the moments, as the gradient lambda * theta
    of an L2 penalty would. PyTorch, optax (lambda 1e-4) and Keras (0.004, with
    the eps-hat of its Adam) also multiply it by lr; Loshchilov and Hutter do
    not: their lambda is lr * weight_decay here.

    Others multiply theta by 1 - lr * weight_decay first. That is the same, but
    the factor has to be rounded: in float32 it is 1 at lr 1e-6 and weight_decay
    0.01, so that nothing decays, and at 3e-6 it takes more than twice too much.
    Here the small numbers meet first: the decay is kept as well as the step is.

    Source: Loshchilov and Hutter (2019), Algorithm 2.

    Parameters
    ----------
    theta, g, state, lr, betas, eps
        As in :func:`adam_step`.
    weight_decay : float
        lambda >= 0, per unit of lr. With 0 this is Adam, bit for bit (at finite theta).

    Examples
    --------
    >>> theta, g = np.array([1.0, -2.0]), np.array([3.0, -0.5])
    >>> theta, state = adamw_step(theta, g, adamw_init(theta), lr=0.5, weight_decay=0.5)
    >>> print(np.round(theta, 6))                 # 0.75 * theta, then Adam's -+ 0.5
    [ 0.25 -1.  ]
    """
    lr, (beta1, beta2), eps, weight_decay = rule_arguments(
        theta, g, state, AdamState, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay
    )
    t = int(state.t) + 1
    m = beta1 * state.m + (1 - beta1) * g
    v = beta2 * state.v + (1 - beta2) * np.square(g)
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    theta = theta - (step + lr * weight_decay * theta)
    return theta, AdamState(t, m, v)


class AdamW(Adam):
    r"""AdamW in place, equal to :func:`adamw_step` bit for bit.

    ``weight_decay`` is the rule's; all else, ``fused`` too, as for :class:`Adam`.

    Examples
    --------
    >>> x = np.array([1.0, -2.0])
    >>> AdamW(x, lr=0.5, weight_decay=0.5).step(np.array([3.0, -0.5]))
    >>> print(np.round(x, 6))
    [ 0.25 -1.  ]
    """

    hyper: ClassVar[Any] = (*Adam.hyper, "weight_decay")
    weight_decay: float

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        fused: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, fused=fused)
        self.weight_decay = weight_decay

    def _numbers(self, t: int) -> tuple[float, ...]:
        lr, *adam = super()._numbers(t)
        return lr, *adam, lr * self.weight_decay

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        if self._compiled:  # the compiled loop finds the share behind Adam's numbers
            super()._update(theta, g, slots, scratch, numbers)
            return
        lr, beta1, rest1, beta2, rest2, factor1, factor2, eps, share = numbers
        m, v = slots
        a, b = scratch
        average(m, beta1, rest1, g, a)
        average(v, beta2, rest2, np.square(g, a), a)
        step = quotient(lr, np.divide(m, factor1, a), np.divide(v, factor2, b), eps, a, b)
        np.subtract(theta, np.add(step, np.multiply(theta, share, b), a), theta)


# -- AMSGrad -------------------------------------------------------------------


class AMSGradState(NamedTuple):
    """State of :func:`amsgrad_step`: Adam's, and the largest v (or v_hat) so far."""

    t: int
    m: Array
    v: Array
    v_max: Array


def amsgrad_init(theta: Array) -> AMSGradState:
    """The state before the first step: all zero."""
    return AMSGradState(*adam_init(theta), np.zeros_like(theta))


def _corrections(form: str, factor1: float, factor2: float) -> tuple[float, float, float]:
    """The row of ``form`` in the table of :func:`amsgrad_step`."""
    return {
        "paper": (1.0, 1.0, 1.0),
        "pytorch": (factor1, 1.0, factor2),
        "optax": (factor1, factor2, 1.0),
    }[form]


def amsgrad_step(
    theta: Array,
    g: Array,
    state: AMSGradState,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    form: str = "paper",
) -> tuple[Array, AMSGradState]:
    r"""One step of AMSGrad: Adam, divided by the root of the largest v so far.

    With Adam's m_t and v_t,

    .. math::
        v^{\max}_t &= \max(v^{\max}_{t-1},\; v_t / b_t) \\
        \theta_t &= \theta_{t-1} - \alpha\,
            (m_t / a_t) \big/ \big(\sqrt{v^{\max}_t / c_t} + \varepsilon\big)

    where ``form`` says which bias is corrected, and when:

    =========  ===========  ===========  ===========
    form       a_t          b_t          c_t
    =========  ===========  ===========  ===========
    "paper"    1            1            1
    "pytorch"  1 - beta1^t  1            1 - beta2^t
    "optax"    1 - beta1^t  1 - beta2^t  1
    =========  ===========  ===========  ===========

    What the step is divided by never falls in the forms "paper" (which has no
    eps in the source) and "optax". In PyTorch's it can, since c_t grows. Keras
    is PyTorch's form with the eps-hat of its Adam.

    Source: Reddi, Kale and Kumar (2018), Algorithm 2.

    Parameters
    ----------
    theta, g, lr, betas, eps
        As in :func:`adam_step`.
    state : AMSGradState
    form : str
        "paper", "pytorch" or "optax".

    Examples
    --------
    When the gradient falls from 4 to 0, v_max stays:

    >>> theta = np.array([1.0])
    >>> state = amsgrad_init(theta)
    >>> for g in (4.0, 0.0):
    ...     theta, state = amsgrad_step(theta, np.array([g]), state, betas=(0.0, 0.75))
    >>> print(state.v, state.v_max)
    [3.] [4.]
    """
    lr, (beta1, beta2), eps, form = rule_arguments(
        theta, g, state, AMSGradState, lr=lr, betas=betas, eps=eps, form=form
    )
    t = int(state.t) + 1
    a, b, c = _corrections(form, 1 - beta1**t, 1 - beta2**t)
    m = beta1 * state.m + (1 - beta1) * g
    v = beta2 * state.v + (1 - beta2) * np.square(g)
    v_max = np.maximum(state.v_max, v / b)
    theta = theta - lr * (m / a) / (np.sqrt(v_max / c) + eps)
    return theta, AMSGradState(t, m, v, v_max)


class AMSGrad(Adam):
    r"""AMSGrad in place, equal to :func:`amsgrad_step` bit for bit.

    ``form`` is the rule's, and ``v_max`` can be read like ``v``; all else as
    for :class:`Adam`.

    Examples
    --------
    >>> x = np.array([1.0])
    >>> opt = AMSGrad(x, betas=(0.0, 0.75))
    >>> opt.step(np.array([4.0]))
    >>> opt.step(np.array([0.0]))
    >>> print(opt.v, opt.v_max)
    [3.] [4.]
    """

    slots: Any = ("m", "v", "v_max")
    hyper: ClassVar[Any] = (*Adam.hyper, "form")
    form: str
    v_max = Slot()

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        form: str = "paper",
    ) -> None:
        super().__init__(params, lr, betas, eps)
        self.form = form

    def _numbers(self, t: int) -> tuple[float, ...]:
        lr, *averages, factor1, factor2, eps = super()._numbers(t)
        return lr, *averages, *_corrections(self.form, factor1, factor2), eps

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        lr, beta1, rest1, beta2, rest2, a_t, b_t, c_t, eps = numbers
        m, v, v_max = slots
        a, b = scratch
        average(m, beta1, rest1, g, a)
        average(v, beta2, rest2, np.square(g, a), a)
        np.maximum(v_max, np.divide(v, b_t, a), out=v_max)
        descend(theta, lr, np.divide(m, a_t, a), np.divide(v_max, c_t, b), eps, a, b)


# -- AdaMax --------------------------------------------------------------------


class AdaMaxState(NamedTuple):
    """State of :func:`adamax_step`: t, first moment m and decaying maximum u."""

    t: int
    m: Array
    u: Array


def adamax_init(theta: Array) -> AdaMaxState:
    """The state before the first step: t = 0, m = 0 and u = 0."""
    return AdaMaxState(*adam_init(theta))


def adamax_step(
    theta: Array,
    g: Array,
    state: AdaMaxState,
    *,
    lr: float = 2e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> tuple[Array, AdaMaxState]:
    r"""One step of AdaMax: Adam with a decaying maximum for a mean square.

    With Adam's m_t,

    .. math::
        u_t &= \max(\beta_2 u_{t-1},\; |g_t| + \varepsilon) \\
        \theta_t &= \theta_{t-1} - \frac{\alpha}{1 - \beta_1^t}\, m_t / u_t

    The maximum is not pulled towards its start at 0, so u_t is not corrected.
    PyTorch and optax place eps as here; Keras adds it to u_t in the division.

    Source: Kingma and Ba (2014), Algorithm 2.

    Parameters
    ----------
    theta, g, lr, betas
        As in :func:`adam_step`.
    state : AdaMaxState
    eps : float
        Added to abs(g), >= 0, in units of g. With 0, as in the paper, a
        coordinate whose gradients have all been zero gives NaN.

    Examples
    --------
    >>> theta, g = np.array([1.0, -2.0]), np.array([3.0, -0.5])
    >>> theta, state = adamax_step(theta, g, adamax_init(theta), lr=0.5)
    >>> print(np.round(theta, 6), np.round(state.u, 6))
    [ 0.5 -1.5] [3.  0.5]
    """
    lr, (beta1, beta2), eps = rule_arguments(
        theta, g, state, AdaMaxState, lr=lr, betas=betas, eps=eps
    )
    t = int(state.t) + 1
    m = beta1 * state.m + (1 - beta1) * g
    u = np.maximum(beta2 * state.u, np.abs(g) + eps)
    theta = theta - lr / (1 - beta1**t) * m / u
    return theta, AdaMaxState(t, m, u)


class AdaMax(Adam):
    r"""AdaMax in place, equal to :func:`adamax_step` bit for bit.

    ``u`` can be read in the place of ``v``, and there is no ``v_hat``; all
    else as for :class:`Adam`.

    Examples
    --------
    >>> x = np.array([1.0, -2.0])
    >>> AdaMax(x, lr=0.5).step(np.array([3.0, -0.5]))
    >>> print(np.round(x, 6))
    [ 0.5 -1.5]
    """

    slots: Any = ("m", "u")
    u = Slot()

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, lr, betas, eps)

    @property
    def v_hat(self) -> Any:
        """Raises AttributeError: u takes the place of v."""
        raise AttributeError("AdaMax has no v_hat: u takes the place of v")

    def _numbers(self, t: int) -> tuple[float, ...]:
        lr, beta1, rest1, beta2, _, factor1, _, eps = super()._numbers(t)
        return lr / factor1, beta1, rest1, beta2, eps

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        rate, beta1, rest1, beta2, eps = numbers
        m, u = slots
        a, b = scratch
        average(m, beta1, rest1, g, a)
        np.multiply(u, beta2, a)
        np.maximum(a, np.add(np.abs(g, b), eps, b), out=u)
        np.divide(np.multiply(m, rate, a), u, a)
        np.subtract(theta, a, theta)


# -- NAdam ---------------------------------------------------------------------


nadam_init = adam_init


def nadam_mu(t: int, beta1: float = 0.9, momentum_decay: float = 0.004) -> float:
    r"""NAdam's momentum :math:`\mu_t = \beta_1 (1 - 0.96^{\psi t} / 2)`.

    Examples
    --------
    >>> print(f"{nadam_mu(1):.4f} {nadam_mu(1000):.4f} {nadam_mu(50_000):.4f}")
    0.4501 0.5178 0.8999
    """
    return float(beta1 * (1 - 0.5 * 0.96 ** (momentum_decay * t)))


def nadam_product(t: int, beta1: float = 0.9, momentum_decay: float = 0.004) -> float:
    r"""The product :math:`\Pi_t = \mu_1 \mu_2 \cdots \mu_t` in at most 53 terms, whatever t.

    With q = 0.96^psi, each factor's logarithm as a series, summed over the factors first,

    .. math::
        \ln \Pi_t = t \ln \beta_1 + \sum_{i=1}^t \ln(1 - \tfrac12 q^i)
                 = t \ln \beta_1 - \sum_{k \ge 1} \frac{(q/2)^k}{k}\, \frac{1 - q^{kt}}{1 - q^k} .

    Below 1e-20 it is given as 0: nothing next to the 1 that it is taken from.

    Examples
    --------
    >>> print(f"{nadam_product(2):.6f} {nadam_mu(1) * nadam_mu(2):.6f} {nadam_product(10**9):.0f}")
    0.202599 0.202599 0
    """
    if beta1 == 0:
        return 0.0
    rate = momentum_decay * log(0.96)
    total, half = t * log(beta1), exp(rate) / 2
    for k in range(1, 54):  # the rest is below 2^-53 of the first term
        factors = expm1(k * t * rate) / expm1(k * rate) if rate else t
        total -= half**k / k * factors
        if total < -46:
            return 0.0
    return exp(total)


def nadam_weights(t: int, beta1: float = 0.9, momentum_decay: float = 0.004) -> tuple[float, float]:
    r"""What m_t and g_t are multiplied by in NAdam's step t.

    .. math:: \frac{\mu_{t+1}}{1 - \Pi_{t+1}} \quad\text{and}\quad
              \frac{1 - \mu_t}{1 - \Pi_t}, \qquad \Pi_t = \mu_1 \mu_2 \cdots \mu_t

    Examples
    --------
    With mu = 1/2 at all times:

    >>> print("{:.4f} {:.4f}".format(*nadam_weights(1, 0.5, float("inf"))))
    0.6667 1.0000
    """
    product = nadam_product(t, beta1, momentum_decay)
    mu, mu_next = (nadam_mu(i, beta1, momentum_decay) for i in (t, t + 1))
    return mu_next / (1 - product * mu_next), (1 - mu) / (1 - product)


def nadam_step(
    theta: Array,
    g: Array,
    state: AdamState,
    *,
    lr: float = 2e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    momentum_decay: float = 0.004,
) -> tuple[Array, AdamState]:
    r"""One step of NAdam: Adam with Nesterov's look-ahead in the numerator.

    With Adam's m_t and v_hat_t, and with :func:`nadam_mu`'s momentum,

    .. math::
        \bar m_t &= \frac{\mu_{t+1}}{1 - \Pi_{t+1}}\, m_t
            + \frac{1 - \mu_t}{1 - \Pi_t}\, g_t, \qquad
            \Pi_t = \mu_1 \mu_2 \cdots \mu_t \\
        \theta_t &= \theta_{t-1} - \alpha\, \bar m_t / (\sqrt{\hat v_t} + \varepsilon)

    PyTorch is the same, but keeps the product in its default dtype: about 1e-7
    off in float32. optax has a constant momentum (psi infinite), Keras one that
    rises 250 times as fast (psi = 1). All place eps as here.

    Source: Dozat (2016).

    Parameters
    ----------
    theta, g, state, lr, betas, eps
        As in :func:`adam_step`.
    momentum_decay : float
        psi >= 0, per step: how fast mu_t rises from beta1 / 2 to beta1. With
        infinity it is beta1 from the first step.

    Examples
    --------
    At constant momentum the first step is Adam's times 1 + beta1 / (1 + beta1):

    >>> theta = np.array([1.0])
    >>> constant = {"betas": (0.5, 0.999), "momentum_decay": float("inf")}
    >>> theta, _ = nadam_step(theta, np.array([3.0]), nadam_init(theta), lr=0.3, **constant)
    >>> print(f"{theta[0]:.6f}")                  # 1 - 0.3 * 4/3
    0.600000
    """
    lr, (beta1, beta2), eps, momentum_decay = rule_arguments(
        theta, g, state, AdamState, lr=lr, betas=betas, eps=eps, momentum_decay=momentum_decay
    )
    t = int(state.t) + 1
    weight_m, weight_g = nadam_weights(t, beta1, momentum_decay)
    m = beta1 * state.m + (1 - beta1) * g
    v = beta2 * state.v + (1 - beta2) * np.square(g)
    m_bar = weight_m * m + weight_g * g
    v_hat = v / (1 - beta2**t)
    theta = theta - lr * m_bar / (np.sqrt(v_hat) + eps)
    return theta, AdamState(t, m, v)


class NAdam(Adam):
    r"""NAdam in place, equal to :func:`nadam_step` bit for bit.

    ``momentum_decay`` is the rule's; all else as for :class:`Adam`.

    Examples
    --------
    >>> x = np.array([1.0])
    >>> opt = NAdam(x, lr=0.3, betas=(0.5, 0.999), momentum_decay=float("inf"))
    >>> opt.step(np.array([3.0]))
    >>> print(f"{x[0]:.6f}")
    0.600000
    """

    hyper: ClassVar[Any] = (*Adam.hyper, "momentum_decay")
    momentum_decay: float

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        momentum_decay: float = 0.004,
    ) -> None:
        super().__init__(params, lr, betas, eps)
        self.momentum_decay = momentum_decay

    def _numbers(self, t: int) -> tuple[float, ...]:
        lr, *averages, _, factor2, eps = super()._numbers(t)
        return lr, *averages, *nadam_weights(t, self.betas[0], self.momentum_decay), factor2, eps

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        lr, beta1, rest1, beta2, rest2, weight_m, weight_g, factor2, eps = numbers
        m, v = slots
        a, b = scratch
        average(m, beta1, rest1, g, a)
        average(v, beta2, rest2, np.square(g, a), a)
        m_bar = np.add(np.multiply(m, weight_m, a), np.multiply(g, weight_g, b), a)
        descend(theta, lr, m_bar, np.divide(v, factor2, b), eps, a, b)


# -- RAdam ---------------------------------------------------------------------

radam_init = adam_init


def radam_rho(t: float, beta2: float = 0.999) -> float:
    r"""How many gradients v_t averages over, as RAdam counts: 1 at t = 1, then more.

    .. math:: \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t}, \qquad
              \rho_\infty = \frac{2}{1 - \beta_2} - 1

    Examples
    --------
    >>> print(f"{radam_rho(1):.2f} {radam_rho(6):.2f} {radam_rho(float('inf')):.2f}")
    1.00 5.99 1999.00
    """
    limit = 2 / (1 - beta2) - 1
    return limit - 2 * t * beta2**t / (1 - beta2**t) if t < inf else limit


def radam_rectification(t: int, beta2: float = 0.999, threshold: float = 5.0) -> float:
    r"""RAdam's factor r_t on the step; 0 stands for a step that is not divided.

    .. math:: r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2)\, \rho_\infty}
                               {(\rho_\infty - 4)(\rho_\infty - 2)\, \rho_t}}
              \quad\text{if } \rho_t > \text{threshold}

    Examples
    --------
    >>> print([round(radam_rectification(t), 3) for t in (5, 6, 100, 10_000)])
    [0.0, 0.026, 0.215, 1.0]
    """
    rho, limit = radam_rho(t, beta2), radam_rho(inf, beta2)
    if not rho > threshold:
        return 0.0
    return sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))


def radam_step(
    theta: Array,
    g: Array,
    state: AdamState,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    threshold: float = 5.0,
) -> tuple[Array, AdamState]:
    r"""One step of RAdam: Adam with a warmup of its own.

    With Adam's m_hat_t and v_t, and with :func:`radam_rectification`'s r_t,

    .. math::
        \theta_t = \theta_{t-1} - \begin{cases}
            \alpha\, \hat m_t & \text{if } \rho_t \le \text{threshold} \\
            \alpha\, r_t \sqrt{1 - \beta_2^t}\;
                \hat m_t / (\sqrt{v_t} + \varepsilon) & \text{else}
        \end{cases}

    PyTorch is the same. optax adds eps after the correction of v; the paper
    has no eps, and a threshold of 4. With beta2 <= 0.6, rho_t stays below 4:
    every step is one of corrected momentum.

    Source: Liu et al. (2020), Algorithm 2.

    Parameters
    ----------
    theta, g, state, betas
        As in :func:`adam_step`.
    lr : float
        Learning rate alpha >= 0; in the first steps in units of theta per
        unit of g, then in units of theta.
    eps : float
        Added outside the root and before the correction, >= 0, in units of g.
    threshold : float
        Of rho_t, >= 4.

    Examples
    --------
    The first steps depend on the size of the gradient:

    >>> theta, g = np.array([1.0, -2.0]), np.array([3.0, -0.5])
    >>> theta, state = radam_step(theta, g, radam_init(theta), lr=0.5)
    >>> print(np.round(theta, 6))
    [-0.5  -1.75]
    """
    lr, (beta1, beta2), eps, threshold = rule_arguments(
        theta, g, state, AdamState, lr=lr, betas=betas, eps=eps, threshold=threshold
    )
    t = int(state.t) + 1
    m = beta1 * state.m + (1 - beta1) * g
    v = beta2 * state.v + (1 - beta2) * np.square(g)
    m_hat = m / (1 - beta1**t)
    r = radam_rectification(t, beta2, threshold)
    if r > 0:
        theta = theta - lr * r * sqrt(1 - beta2**t) * m_hat / (np.sqrt(v) + eps)
    else:
        theta = theta - lr * m_hat
    return theta, AdamState(t, m, v)


class RAdam(Adam):
    r"""RAdam in place, equal to :func:`radam_step` bit for bit.

    ``threshold`` is the rule's; all else as for :class:`Adam`.

    Examples
    --------
    >>> x = np.array([1.0, -2.0])
    >>> RAdam(x, lr=0.5).step(np.array([3.0, -0.5]))
    >>> print(np.round(x, 6))
    [-0.5  -1.75]
    """

    hyper: ClassVar[Any] = (*Adam.hyper, "threshold")
    threshold: float

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        threshold: float = 5.0,
    ) -> None:
        super().__init__(params, lr, betas, eps)
        self.threshold = threshold

    def _numbers(self, t: int) -> tuple[float, ...]:
        lr, *averages, factor1, factor2, eps = super()._numbers(t)
        r = radam_rectification(t, self.betas[1], self.threshold)
        rate = lr * r * sqrt(factor2) if r > 0 else lr
        return rate, *averages, factor1, r > 0, eps

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        rate, beta1, rest1, beta2, rest2, factor1, divided, eps = numbers
        m, v = slots
        a, b = scratch
        average(m, beta1, rest1, g, a)
        average(v, beta2, rest2, np.square(g, a), a)
        m_hat = np.divide(m, factor1, a)
        if divided:
            descend(theta, rate, m_hat, v, eps, a, b)
        else:
            np.subtract(theta, np.multiply(m_hat, rate, a), theta)
