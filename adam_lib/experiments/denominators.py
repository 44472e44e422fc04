r"""Adam with a coarser or finer denominator, on problems of :mod:`.next_word`.

What does Adam need its many numbers v for?  Here the second moment is the
mean over a group of weights: all of them, a block, those of one word, or one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._checks import Array, whole
from .next_word import NextWord, beginning, divergences, gradient, sample

EPS = 1e-12  # far below the gradients of rare words

# Numbers v for a matrix of weights.
POOLED = ("one v", "v a block", "v a word", "Adam")
RULES = ("momentum", "sign", "fixed rates", *POOLED)


def pooled(square: Array, rule: str) -> Array:
    """Squares of gradients, (..., features, words), averaged as the rule shares v.

    The two blocks are the first half of the features and the rest; "v a word"
    has one v for a word's part of each block.

    Examples
    --------
    >>> square = np.array([[1.0, 3.0], [5.0, 7.0]])
    >>> for rule in POOLED:
    ...     print(rule, pooled(square, rule).tolist())
    one v [[4.0, 4.0], [4.0, 4.0]]
    v a block [[2.0, 2.0], [6.0, 6.0]]
    v a word [[1.0, 3.0], [5.0, 7.0]]
    Adam [[1.0, 3.0], [5.0, 7.0]]
    """
    if rule == "Adam":
        return square
    out = np.empty_like(square)
    half = square.shape[-2] // 2
    for part in [slice(None)] if rule == "one v" else [slice(half), slice(half, None)]:
        axes = -2 if rule == "v a word" else (-2, -1)
        out[..., part, :] = square[..., part, :].mean(axis=axes, keepdims=True)
    return out


class Turn(NamedTuple):
    """A change of coordinates by rotations of the features, of the words, or both."""

    features: Array | None = None
    words: Array | None = None

    def there(self, a: Array) -> Array:
        a = a if self.features is None else self.features @ a
        return a if self.words is None else a @ self.words

    def back(self, a: Array) -> Array:
        a = a if self.features is None else self.features.T @ a
        return a if self.words is None else a @ self.words.T


def descend(
    data: NextWord,
    rule: str,
    rate: float,
    *,
    steps: int = 100,
    betas: tuple[float, float] = (0.9, 0.99),
    turn: Turn | None = None,
    each: int = 0,
    seed: int = 0,
    constant: bool = False,
) -> Array:
    r"""Divergences per word, (sets, words), after a run at a rate that falls to zero.

    Every rule has the same average m of the gradients. "momentum" steps along
    m, "sign" along its signs, "fixed rates" along m over the words'
    frequencies, and the others along the corrected m over the root of a
    corrected v, which is :func:`pooled`.

    Parameters
    ----------
    data : NextWord
    rule : str
        One of ``RULES``.
    rate : float
        Of the first step; it falls linearly.
    turn : Turn, optional
        The rule sees the weights in these coordinates.
    each : int
        Draws a context in each step instead of the exact law, if above 0.
    seed : int
        For the draws.
    constant : bool
        The rate does not fall.

    Examples
    --------
    >>> from adam_lib.experiments.next_word import next_word
    >>> data = next_word(np.random.default_rng(0), sets=1, words=8)
    >>> before = divergences(beginning(data), data).sum()
    >>> bool(descend(data, "Adam", 0.3).sum() < before / 1e3)
    True
    """
    if rule not in RULES:
        raise ValueError(f"rule must be one of {RULES}, got {rule!r}")
    whole("steps", steps, 1)
    rng, turn = np.random.default_rng(seed), turn or Turn()
    W = beginning(data)
    m, v = np.zeros_like(W), np.zeros_like(W)
    with np.errstate(all="ignore"):  # a rate may be too large
        for t in range(1, steps + 1):
            seen = sample(data, each, rng) if each else data
            g = turn.there(gradient(W, seen))
            m += (1 - betas[0]) * (g - m)
            if rule in POOLED:
                v += (1 - betas[1]) * (pooled(g * g, rule) - v)
                root = np.sqrt(v / (1 - betas[1] ** t))
                step = m / (1 - betas[0] ** t) / (root + EPS)
            else:
                step = np.sign(m) if rule == "sign" else m
                step = step / data.frequency if rule == "fixed rates" else step
            left = 1 if constant else 1 - (t - 1) / steps
            W -= W.dtype.type(rate * left) * turn.back(step)
        parts = divergences(W, data)
    return np.where(np.isfinite(parts), parts, np.inf)


def tune(
    score: Callable[[float], Any], guess: float, *, step: float = 0.5, widest: int = 8
) -> tuple[float, dict[float, float]]:
    """The rate with the lowest median score, and what was seen on the way.

    Half-decade rates around the guess are tried; while the best stands at an
    end, one more there.

    Returns
    -------
    rate : float
    curve : dict
        log10 of a rate -> median score.

    Examples
    --------
    >>> rate, curve = tune(lambda rate: abs(np.log10(rate) - 2), 1.0)
    >>> rate, sorted(curve)
    (100.0, [-0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5])
    """
    curve: dict[float, float] = {}
    middle = round(np.log10(guess) / step) * step
    ahead = [middle - step, middle, middle + step]
    while ahead:
        curve |= {x: float(np.median(score(10.0**x))) for x in ahead}
        best = min(curve, key=lambda x: (curve[x], x))
        end = (best == max(curve)) - (best == min(curve))
        ahead = [best + end * step] if end and len(curve) < 3 + widest else []
    return 10.0**best, curve
