r"""Exponential moving averages: the recursion, and its closed forms.

The optimizers do not import this module. They spell the recursion out, so
that the closed forms here remain an independent check on them.

Throughout, ``beta`` in [0, 1) is the decay rate, ``t`` counts observations
from 1, and the average starts at zero:

.. math:: m_0 = 0, \qquad m_t = \beta m_{t-1} + (1 - \beta) x_t .
"""

from __future__ import annotations

from math import inf, log
from typing import Any

import numpy as np
import numpy.typing as npt

from ._checks import Array, decay_rate, decay_rates


def _count(t: npt.ArrayLike) -> Array:
    """``t`` as a float array: whole numbers >= 1, or infinity."""
    out = np.asarray(t, dtype=float)
    if not np.all((out >= 1) & ((out == np.floor(out)) | (out == inf))):
        raise ValueError(f"t must be a whole number >= 1 or infinity, got {t!r}")
    return out


def ema(x: npt.ArrayLike, beta: float) -> Array:
    r"""The exponential moving average of ``x`` along its first axis, by recursion.

    .. math:: m_t = \beta m_{t-1} + (1 - \beta) x_t, \qquad m_0 = 0

    Parameters
    ----------
    x : array_like, shape (T, ...)
        Observations x_1, ..., x_T, of any unit.
    beta : float
        Decay rate, in [0, 1).

    Returns
    -------
    ndarray, shape (T, ...)
        m_1, ..., m_T, in the unit of ``x``.

    Examples
    --------
    >>> ema([1.0, 1.0, 1.0], beta=0.5)
    array([0.5  , 0.75 , 0.875])
    """
    beta = decay_rate("beta", beta)
    x = np.asarray(x, dtype=float)
    if x.ndim == 0:
        raise ValueError(f"x must have a first axis to average along, got the number {x}")
    out = np.empty_like(x)
    m: Any = 0.0
    for i, xi in enumerate(x):
        m = beta * m + (1 - beta) * xi
        out[i] = m
    return out


def corrected_ema(x: npt.ArrayLike, beta: float) -> Array:
    r"""The bias-corrected average :math:`\hat m_t = m_t / (1 - \beta^t)`.

    Parameters and return value are those of :func:`ema`.

    Examples
    --------
    A constant is recovered from the first observation on:

    >>> corrected_ema([2.0, 2.0, 2.0], beta=0.9)
    array([2., 2., 2.])
    """
    m = ema(x, beta)
    t = np.arange(1, len(m) + 1).reshape(len(m), *(1,) * (m.ndim - 1))
    return m / bias_factor(beta, t)


def ema_weights(beta: float, t: int) -> Array:
    r"""The weights :math:`w_i = (1-\beta)\beta^{t-i}` of x_1, ..., x_t in m_t.

    Parameters
    ----------
    beta : float
        Decay rate, in [0, 1).
    t : int
        Number of observations, >= 1.

    Returns
    -------
    ndarray, shape (t,)
        w_1, ..., w_t; their sum is :math:`1 - \beta^t`.

    Examples
    --------
    >>> ema_weights(0.5, 3)
    array([0.125, 0.25 , 0.5  ])
    """
    beta = decay_rate("beta", beta)
    n = float(_count(t))
    if n == inf:
        raise ValueError("t must be finite, got inf")
    return (1 - beta) * beta ** np.arange(n - 1, -1, -1)


def bias_factor(beta: float, t: npt.ArrayLike) -> Array:
    r"""The sum of the weights, :math:`1 - \beta^t`.

    Computed as :math:`-\mathrm{expm1}(t \ln\beta)`, which keeps its relative
    accuracy where :math:`\beta^t` is close to 1.

    Parameters
    ----------
    beta : float
        Decay rate, in [0, 1).
    t : int or array_like of int
        Number of observations, >= 1; infinity is allowed.

    Examples
    --------
    >>> bias_factor(0.9, [1, 2, np.inf])
    array([0.1 , 0.19, 1.  ])
    """
    beta = decay_rate("beta", beta)
    t = _count(t)
    if beta == 0:
        return np.ones_like(t)
    return np.asarray(-np.expm1(t * log(beta)))


def variance_factor(beta: float, t: npt.ArrayLike = inf) -> Array:
    r"""The sum of squared weights of the corrected average :math:`\hat m_t`.

    For independent observations of variance :math:`\sigma^2` it is
    :math:`\mathrm{Var}(\hat m_t) / \sigma^2`:

    .. math:: \sum_{i=1}^t \Big(\frac{w_i}{1-\beta^t}\Big)^2
              = \frac{1-\beta}{1+\beta}\,\frac{1+\beta^t}{1-\beta^t}

    Parameters are those of :func:`bias_factor`.

    Examples
    --------
    >>> variance_factor(0.9, [1, 2, np.inf])
    array([1.        , 0.50138504, 0.05263158])
    """
    beta = decay_rate("beta", beta)
    power = beta ** _count(t)
    return np.asarray((1 - beta) / (1 + beta) * (1 + power) / bias_factor(beta, t))


def effective_sample_size(beta: float, t: npt.ArrayLike = inf) -> Array:
    r"""How many equally weighted observations have the variance of :math:`\hat m_t`.

    The reciprocal of :func:`variance_factor`; in the limit
    :math:`(1+\beta)/(1-\beta)`.

    Examples
    --------
    >>> print(f"{effective_sample_size(0.9):.1f} {effective_sample_size(0.999):.1f}")
    19.0 1999.0
    """
    return np.asarray(1 / variance_factor(beta, t))


def half_life(beta: float) -> float:
    r"""After how many steps a weight has halved: :math:`\ln 2 / (-\ln\beta)`.

    Examples
    --------
    >>> print(f"{half_life(0.9):.2f}")
    6.58
    """
    beta = decay_rate("beta", beta)
    return log(2) / -log(beta) if beta > 0 else 0.0


def time_constant(beta: float) -> float:
    r"""After how many steps a weight has fallen to 1/e: :math:`1 / (-\ln\beta)`.

    Examples
    --------
    >>> print(f"{time_constant(0.9):.2f}")
    9.49
    """
    beta = decay_rate("beta", beta)
    return 1 / -log(beta) if beta > 0 else 0.0


def uncorrected_factor(betas: tuple[float, float], t: npt.ArrayLike) -> Array:
    r"""By what Adam's step is multiplied when the bias is not corrected.

    .. math:: \frac{m_t/\sqrt{v_t}}{\hat m_t/\sqrt{\hat v_t}}
              = \frac{1-\beta_1^t}{\sqrt{1-\beta_2^t}}

    Parameters
    ----------
    betas : (float, float)
        Decay rates of the first and second moment, each in [0, 1).
    t : int or array_like of int
        Step, >= 1.

    Examples
    --------
    >>> print(f"{uncorrected_factor((0.9, 0.999), 1):.3f}")
    3.162
    """
    beta1, beta2 = decay_rates("betas", betas)
    return np.asarray(bias_factor(beta1, t) / np.sqrt(bias_factor(beta2, t)))
