"""Adam's step as passes over whole arrays, over pieces of them, and what passes alone cost."""

from __future__ import annotations

import numpy as np

from .._checks import Array


def in_place(
    theta: Array,
    g: Array,
    m: Array,
    v: Array,
    a: Array,
    b: Array,
    t: int,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> None:
    """adam_step's operations in its order; a and b are scratch."""
    np.multiply(g, 1 - beta1, out=a)
    np.multiply(m, beta1, out=m)
    np.add(m, a, out=m)
    np.square(g, out=a)
    np.multiply(a, 1 - beta2, out=a)
    np.multiply(v, beta2, out=v)
    np.add(v, a, out=v)
    np.divide(m, 1 - beta1**t, out=a)  # m_hat
    np.divide(v, 1 - beta2**t, out=b)  # v_hat
    np.multiply(a, lr, out=a)
    np.sqrt(b, out=b)
    np.add(b, eps, out=b)
    np.divide(a, b, out=a)
    np.subtract(theta, a, out=theta)


def cheap(theta: Array, g: Array, m: Array, v: Array, a: Array, b: Array) -> None:
    """As many passes over the same arrays, without root and divisions: no Adam.

    It computes nonsense, at the speed that Adam would have if a root and a
    division cost no more than a multiplication.
    """
    for x, y, out in (
        (g, 0.1, a),
        (m, 0.9, m),
        (g, g, b),
        (b, 0.001, b),
        (v, 0.999, v),
        (m, 0.5, a),
        (v, 0.5, b),
        (a, 1e-3, a),
        (b, 0.5, b),
        (a, b, a),
    ):
        np.multiply(x, y, out=out)
    for x, y, out in ((m, a, m), (v, b, v), (b, 1e-8, b)):
        np.add(x, y, out=out)
    np.subtract(theta, a, out=theta)
