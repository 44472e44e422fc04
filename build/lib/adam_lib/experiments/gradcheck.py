"""Confirm a hand-derived gradient by central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._checks import Array


def gradcheck(
    f: Callable[[Array], Any],
    grad: Callable[[Array], Array],
    theta: Array,
    h: float = 1e-5,
) -> float:
    r"""The worst error of ``grad`` against central differences of ``f``.

    .. math:: \max_i \frac{|g_i - d_i|}{\max(1, |g_i|, |d_i|)}, \qquad
              d_i = \frac{f(\theta + h e_i) - f(\theta - h e_i)}{2h}

    The truncation error of d_i is of order h^2 and its rounding error of order
    1e-16/h, so that with the default h a right gradient of a smooth f of
    order 1 shows about 1e-10, and a wrong one about its own error.

    Parameters
    ----------
    f : callable, ndarray -> float
    grad : callable, ndarray -> ndarray of the same shape
    theta : ndarray of float64
        Where to check. Not changed.
    h : float
        Half the width of the difference, > 0, in units of theta.

    Returns
    -------
    float
        The worst error, relative for entries above 1 and absolute below.

    Examples
    --------
    >>> x = np.array([1.0, 2.0])
    >>> gradcheck(lambda x: np.sum(x**3), lambda x: 3 * x**2, x) < 1e-8
    True
    >>> gradcheck(lambda x: np.sum(x**3), lambda x: 2 * x**2, x) > 0.1
    True
    """
    if not h > 0:
        raise ValueError(f"h must be > 0, got {h}")
    x = np.array(theta, dtype=float)
    g = np.asarray(grad(x.copy()), dtype=float)
    if g.shape != x.shape:
        raise ValueError(f"grad must return shape {x.shape}, got {g.shape}")
    d = np.empty_like(x)
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + h
        above = float(f(x))
        x[i] = old - h
        d[i] = (above - float(f(x))) / (2 * h)
        x[i] = old
    scale = np.maximum(1, np.maximum(abs(g), abs(d)))
    # NaN must not pass for a small error.
    return float(np.max(np.nan_to_num(abs(g - d) / scale, nan=np.inf), initial=0.0))
