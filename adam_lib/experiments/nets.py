"""Small networks side by side, all their parameters in matrices: for rules that need matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._checks import Array
from .datasets import digits


@dataclass(frozen=True)
class Nets:
    """A stack of networks: inputs and a 1, a tanh layer and a 1, logits.

    The constants stand in for biases, so that all parameters are two matrices,
    stored outputs by inputs. Each network has a start and minibatches of its own.

    Attributes
    ----------
    x : ndarray, shape (examples, inputs + 1)
    y : ndarray of int, shape (examples,)
    weights : list of two stacks of matrices
        Where training begins.
    batches : ndarray of int, shape (p, steps, size)
        Which examples each step sees.
    """

    x: Array
    y: Array
    weights: list[Array]
    batches: Array

    def start(self) -> list[Array]:
        """The first weights."""
        return list(self.weights)

    def _forward(self, params: Sequence[Array], x: Array) -> tuple[Array, Array]:
        """The hidden layer with its constant, and the log-probabilities."""
        h = np.tanh(x @ np.swapaxes(params[0], 1, 2))
        h = np.concatenate([h, np.ones((*h.shape[:2], 1), h.dtype)], axis=2)
        z = h @ np.swapaxes(params[1], 1, 2)
        z = z - z.max(axis=2, keepdims=True)
        return h, z - np.log(np.sum(np.exp(z), axis=2, keepdims=True))

    def grad(self, params: Sequence[Array], t: int) -> list[Array]:
        """The gradients of the mean loss on the minibatches of step ``t`` = 1, 2, ..."""
        rows = self.batches[:, t - 1]
        x, y = self.x[rows], self.y[rows]
        h, logp = self._forward(params, x)
        d = (np.exp(logp) - (y[..., None] == np.arange(logp.shape[2]))) / y.shape[1]
        back = (d @ params[1])[..., :-1] * (1 - h[..., :-1] ** 2)
        return [np.swapaxes(back, 1, 2) @ x, np.swapaxes(d, 1, 2) @ h]

    def f(self, params: Sequence[Array]) -> Array:
        """The mean loss on all examples, in nats, of each network."""
        logp = self._forward(params, self.x[None])[1]
        return np.asarray(-np.mean(logp[:, np.arange(len(self.y)), self.y], axis=1))


def digit_nets(
    count: int, rng: np.random.Generator, *, hidden: int = 16, steps: int = 100, size: int = 64
) -> Nets:
    """``count`` networks on the digits, averaged to 4 x 4 pixels: 17 to ``hidden`` to 10.

    Examples
    --------
    >>> nets = digit_nets(3, np.random.default_rng(0))
    >>> print([w.shape for w in nets.start()], np.round(nets.f([0 * w for w in nets.start()]), 4))
    [(3, 16, 17), (3, 10, 17)] [2.3026 2.3026 2.3026]
    """
    images, y = digits()
    pooled = images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(len(y), 16)
    x = np.column_stack([pooled / 8 - 1, np.ones(len(y))])
    shapes = ((hidden, 17), (10, hidden + 1))
    weights = [rng.normal(size=(count, *shape)) / shape[1] ** 0.5 for shape in shapes]
    return Nets(x, y, weights, rng.integers(0, len(y), (count, steps, size)))
