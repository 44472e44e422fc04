"""What stands around an optimizer: clipping, averages of weights, accumulation, bfloat16."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from .._checks import Array, at_least_zero, decay_rate


def global_norm(grads: Sequence[Array]) -> float:
    """The l2 norm of all arrays together, summed in double precision."""
    return sqrt(sum(float(np.sum(np.square(g, dtype="float64"))) for g in grads))


def clip_by_global_norm(
    grads: Sequence[Array], limit: float, *, extra: float = 0.0
) -> tuple[list[Array], float]:
    r"""Gradients shortened together to a norm of at most ``limit``, and their norm before.

    .. math:: g \leftarrow g \cdot \min\big(1,\; \text{limit} / (\|g\| + \text{extra})\big)

    With extra = 0 this is exact: the norm becomes min(norm, limit), as in optax.
    PyTorch's ``clip_grad_norm_`` has extra = 1e-6. A norm that is not finite
    leaves no finite gradient, as there.

    Examples
    --------
    >>> clipped, norm = clip_by_global_norm([np.array([3.0]), np.array([[4.0]])], 1.0)
    >>> print(norm, *clipped)
    5.0 [0.6] [[0.8]]
    """
    limit, extra = at_least_zero("limit", limit), at_least_zero("extra", extra)
    norm = global_norm(grads)
    if norm + extra <= limit:
        return [g.copy() for g in grads], norm
    factor = limit / (norm + extra)
    return [g * factor for g in grads], norm


class WeightAverage:
    r"""An average of parameters along a run.

    With ``beta`` the corrected exponential average, sum of beta^(t-i) theta_i
    over the sum of its weights; without, the plain mean of all that were given
    (start late for a tail average), which is PyTorch's ``AveragedModel``.
    PyTorch's exponential form starts at theta_1 instead of correcting.

    Examples
    --------
    >>> mean, ema = WeightAverage(), WeightAverage(beta=0.5)
    >>> for x in (1.0, 4.0):
    ...     mean.add([np.array([x])])
    ...     ema.add([np.array([x])])
    >>> print(mean.value()[0], ema.value()[0])
    [2.5] [3.]
    """

    def __init__(self, beta: float | None = None) -> None:
        self.beta = None if beta is None else decay_rate("beta", beta)
        self.t = 0
        self._sums: list[Array] = []

    def add(self, params: Sequence[Array]) -> None:
        """Take the parameters as they are now into the average."""
        if not self._sums:
            self._sums = [np.zeros_like(p) for p in params]
        if len(params) != len(self._sums):
            raise ValueError(f"params must stay {len(self._sums)} arrays, got {len(params)}")
        self.t += 1
        rest = 1 / self.t if self.beta is None else 1 - self.beta
        for s, p in zip(self._sums, params, strict=True):
            s += rest * (p - s)

    def value(self) -> list[Array]:
        """The average, as new arrays."""
        if not self.t:
            raise ValueError("an average of nothing: call add() first")
        weight = 1.0 if self.beta is None else 1 - self.beta**self.t
        return [s / weight for s in self._sums]


class Accumulator:
    """Gradients of several small batches of one size, as the gradient of the large one.

    For a loss that is a mean over examples, the mean of the small batches'
    gradients is the large batch's, up to rounding. Not so for what depends on
    the whole batch (batch normalisation, clipping, a step in between).

    Examples
    --------
    >>> acc = Accumulator()
    >>> acc.add([np.array([1.0])])
    >>> acc.add([np.array([4.0])])
    >>> print(acc.mean()[0], acc.count)
    [2.5] 0
    """

    def __init__(self) -> None:
        self.count = 0
        self._sums: list[Array] = []

    def add(self, grads: Sequence[Array]) -> None:
        """Add one small batch's gradients."""
        if not self.count:
            self._sums = [np.zeros_like(g) for g in grads]
        if len(grads) != len(self._sums):
            raise ValueError(f"expected {len(self._sums)} gradients, got {len(grads)}")
        self.count += 1
        for s, g in zip(self._sums, grads, strict=True):
            s += g

    def mean(self) -> list[Array]:
        """The mean of what was added, and an empty accumulator."""
        if not self.count:
            raise ValueError("a mean of nothing: call add() first")
        out = [s / self.count for s in self._sums]
        self.count = 0
        return out


def _bits(x: Array) -> Array:
    if not isinstance(x, np.ndarray | np.floating) or x.dtype != np.float32:
        raise TypeError(f"x must be a float32 array, got {getattr(x, 'dtype', type(x).__name__)}")
    return np.asarray(x).view(np.uint32)


def to_bfloat16(x: Array) -> Array:
    """float32 numbers rounded to the nearest bfloat16, ties to even, kept as float32.

    A bfloat16 is a float32 without its last 16 bits.

    Examples
    --------
    >>> to_bfloat16(np.array([0.999, 1.003], "float32"))
    array([1., 1.], dtype=float32)
    """
    bits = _bits(x)
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    out = (rounded & np.uint32(0xFFFF0000)).view(np.float32)
    return np.where(np.isfinite(x), out, x)


def stochastic_bfloat16(x: Array, rng: np.random.Generator) -> Array:
    """float32 numbers rounded to one of two neighbours in bfloat16, right on average.

    A uniform whole number below 2^16 is added to the bits before the last 16
    are dropped: the farther neighbour is taken with the probability of the
    distance to the nearer one, in units of their distance.

    Examples
    --------
    >>> x = np.full(100_000, 1 + 2**-9, "float32")     # a quarter of the way to 1 + 2^-7
    >>> y = stochastic_bfloat16(x, np.random.default_rng(0))
    >>> print(np.unique(y), round(float(np.mean(y > 1)), 2))
    [1.        1.0078125] 0.25
    """
    bits = _bits(x)
    noise = rng.integers(0, 2**16, size=bits.shape, dtype=np.uint32)
    out = ((bits + noise) & np.uint32(0xFFFF0000)).view(np.float32)
    return np.where(np.isfinite(x), out, x)
