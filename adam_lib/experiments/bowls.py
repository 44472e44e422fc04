"""Quadratics of a matrix: straight, turned by rows and columns, or mixed all through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._checks import Array
from .problems import random_rotation

KINDS = ("straight", "turned", "mixed")


@dataclass(frozen=True)
class Bowls:
    r"""Several quadratics of an n x k matrix W, one a row of the stack.

    .. math:: f(W) = \tfrac12 \sum_{ij} a_i b_j\, A_{ij}^2

    over the value at W = 0, where the runs begin, with A = W - W* in the
    straight bowls, A = U' (W - W*) V in the turned ones, and all n k entries
    of W - W* turned by one orthogonal matrix in the mixed ones.

    Attributes
    ----------
    target : ndarray, shape (p, n, k)
        W*.
    hessian : ndarray, shape (p, n k, n k)
        Of W read row by row.
    """

    target: Array
    hessian: Array

    def start(self) -> list[Array]:
        """Zeros."""
        return [np.zeros_like(self.target)]

    def _grad(self, theta: Array) -> Array:
        gap = (theta - self.target).reshape(len(theta), -1, 1)
        return np.asarray(self.hessian @ gap).reshape(theta.shape)

    def grad(self, params: Sequence[Array], t: int) -> list[Array]:
        """The gradients; ``t`` does not matter."""
        return [self._grad(params[0])]

    def f(self, params: Sequence[Array]) -> Array:
        """The values, over those at 0."""
        gap, whole = params[0] - self.target, -self.target
        here, there = (self._grad(x + self.target) * x for x in (gap, whole))
        return np.asarray(np.sum(here, (1, 2)) / np.sum(there, (1, 2)))


def bowls(
    kind: str, count: int, rng: np.random.Generator, *, n: int = 8, k: int = 6, kappa: float = 100
) -> Bowls:
    """``count`` random :class:`Bowls`, with a and b from 1 to 1 / kappa at equal ratios.

    The targets are standard normal in the bowl's own axes: from one state of
    ``rng`` the turned and mixed bowls are the straight ones, turned.

    Examples
    --------
    >>> for kind in KINDS:
    ...     one = bowls(kind, 2, np.random.default_rng(0), kappa=10)
    ...     curved = np.linalg.eigvalsh(one.hessian[0])[[0, -1]]
    ...     print(one.f(one.start()), one.f([one.target]), np.round(curved, 3))
    [1. 1.] [0. 0.] [0.01 1.  ]
    [1. 1.] [0. 0.] [0.01 1.  ]
    [1. 1.] [0. 0.] [0.01 1.  ]
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    own = rng.normal(size=(count, n * k, 1))
    curved = np.outer(*(np.geomspace(1, 1 / kappa, size) for size in (n, k))).ravel()

    def axes() -> Array:
        if kind == "mixed":
            return random_rotation(n * k, rng)
        if kind == "turned":
            return np.kron(random_rotation(n, rng), random_rotation(k, rng))
        return np.eye(n * k)

    turn = np.stack([axes() for _ in range(count)])
    hessian = (turn * curved) @ np.swapaxes(turn, 1, 2)
    return Bowls((turn @ own).reshape(count, n, k), hessian)
