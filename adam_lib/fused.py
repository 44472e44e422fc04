"""Adam's rule as one loop over the elements, compiled by Numba.

NumPy runs the rule's fourteen operations as fourteen passes; here each element
is read once, updated in registers and written once. The operations and their
order are the rule's, in its dtype, without fast-math: the bits are equal.

The only module that imports Numba, an optional extra. The first call compiles
for some seconds; the result is kept in ``__pycache__`` for later processes
(or where the environment variable NUMBA_CACHE_DIR points).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._checks import Array

try:
    from numba import get_num_threads, njit, prange
except ImportError as error:
    raise ImportError(
        "fused=True needs Numba, which is not installed: pip install 'adam_lib[fused]'"
    ) from error

# Below this many elements, waking a second thread costs more than it saves.
PARALLEL_FROM = 65_536


@njit(error_model="numpy", cache=True)
def _loop(
    theta: Any, g: Any, m: Any, v: Any,
    keep: Any, lr: Any, beta1: Any, beta2: Any, rest1: Any, rest2: Any,
    factor1: Any, factor2: Any, eps: Any,
) -> None:  # fmt: skip
    for i in range(theta.size):  # no other bounds: only so does it vectorise
        m_i = beta1 * m[i] + rest1 * g[i]
        v_i = beta2 * v[i] + rest2 * (g[i] * g[i])
        m_hat = m_i / factor1
        v_hat = v_i / factor2
        theta[i] = keep * theta[i] - lr * m_hat / (np.sqrt(v_hat) + eps)
        m[i] = m_i
        v[i] = v_i


@njit(error_model="numpy", cache=True, parallel=True)
def _loops(
    theta: Any, g: Any, m: Any, v: Any, parts: int,
    keep: Any, lr: Any, beta1: Any, beta2: Any, rest1: Any, rest2: Any,
    factor1: Any, factor2: Any, eps: Any,
) -> None:  # fmt: skip
    n = theta.size
    for k in prange(parts):
        i, j = k * n // parts, (k + 1) * n // parts
        _loop(
            theta[i:j], g[i:j], m[i:j], v[i:j],
            keep, lr, beta1, beta2, rest1, rest2, factor1, factor2, eps,
        )  # fmt: skip


def supports(arrays: list[Array]) -> None:
    """Refuse parameters of a dtype that Numba cannot compute in."""
    for i, p in enumerate(arrays):
        if p.dtype == "float16":
            raise TypeError(
                f"params[{i}] must be float32 or float64 with fused=True, got {p.dtype}"
            )


def adam(
    theta: Array, g: Array, m: Array, v: Array,
    lr: float, beta1: float, beta2: float, factor1: float, factor2: float, eps: float,
    keep: float = 1.0,
) -> None:  # fmt: skip
    """One Adam step on flat arrays, in place; theta is first multiplied by ``keep``.

    ``keep`` is 1 for Adam, and x * 1 is exactly x; weight decay uses it.
    """
    numbers = (keep, lr, beta1, beta2, 1 - beta1, 1 - beta2, factor1, factor2, eps)
    scalars = [theta.dtype.type(x) for x in numbers]
    threads = get_num_threads() if theta.size >= PARALLEL_FROM else 1
    if threads > 1:
        _loops(theta, g, m, v, threads, *scalars)
    else:
        _loop(theta, g, m, v, *scalars)
