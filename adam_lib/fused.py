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
def _loop(theta: Any, g: Any, m: Any, v: Any, numbers: Any) -> None:
    lr, beta1, rest1, beta2, rest2 = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    factor1, factor2, eps = numbers[5], numbers[6], numbers[7]
    decayed = numbers.size > 8  # AdamW's share of theta stands there
    share = numbers[8] if decayed else numbers.dtype.type(0)
    for i in range(theta.size):  # no other bounds: only so does it vectorise
        m_i = beta1 * m[i] + rest1 * g[i]
        v_i = beta2 * v[i] + rest2 * (g[i] * g[i])
        m_hat = m_i / factor1
        v_hat = v_i / factor2
        step = lr * m_hat / (np.sqrt(v_hat) + eps)
        if decayed:
            step += share * theta[i]
        theta[i] -= step
        m[i] = m_i
        v[i] = v_i


@njit(error_model="numpy", cache=True, parallel=True)
def _loops(theta: Any, g: Any, m: Any, v: Any, numbers: Any, parts: int) -> None:
    n = theta.size
    for k in prange(parts):
        i, j = k * n // parts, (k + 1) * n // parts
        _loop(theta[i:j], g[i:j], m[i:j], v[i:j], numbers)


def supports(arrays: list[Array]) -> None:
    """Refuse parameters of a dtype that Numba cannot compute in."""
    for i, p in enumerate(arrays):
        if p.dtype == "float16":
            raise TypeError(
                f"params[{i}] must be float32 or float64 with fused=True, got {p.dtype}"
            )


def adam(theta: Array, g: Array, m: Array, v: Array, numbers: Array) -> None:
    """One step of Adam or AdamW on flat arrays, in place; ``numbers`` as the class orders them."""
    threads = get_num_threads() if theta.size >= PARALLEL_FROM else 1
    if threads > 1:
        _loops(theta, g, m, v, numbers, threads)
    else:
        _loop(theta, g, m, v, numbers)
