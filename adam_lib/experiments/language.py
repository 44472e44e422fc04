r"""A small language model: the next word from the three before it, gradients by hand."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._checks import Array, whole
from .models import Loss, cross_entropy

_BOOK = Path(__file__).parent / "_data" / "alice.txt.gz"
CONTEXT = 3  # words before the one to predict


def alice(vocabulary: int = 256) -> tuple[Array, list[str]]:
    """The words of *Alice's Adventures in Wonderland* as numbers, frequent words first.

    Words and punctuation marks are tokens, in lower case; the most frequent
    ``vocabulary - 1`` keep a number each, all others share one.

    Returns
    -------
    words : ndarray of int
        The book, in order.
    names : list of str
        What each number stands for; "*" for all other words.

    Notes
    -----
    By Lewis Carroll, 1865, in the public domain; see
    ``adam_lib/experiments/_data/README.md``.

    Examples
    --------
    >>> words, names = alice(64)
    >>> len(words), " ".join(names[w] for w in words[6:16])
    (34354, '- * alice was * to * very * of')
    """
    whole("vocabulary", vocabulary, 2)
    text = gzip.decompress(_BOOK.read_bytes()).decode("ascii").lower()
    tokens = re.findall(r"[a-z]+(?:'[a-z]+)?|[^a-z\s]", text)
    counts = Counter(tokens)
    kept = sorted(counts, key=lambda token: (-counts[token], token))[: vocabulary - 1]
    shared = sum(counts.values()) - sum(counts[token] for token in kept)
    place = sum(counts[token] >= shared for token in kept)
    names = [*kept[:place], "*", *kept[place:]]
    number = {name: i for i, name in enumerate(names)}
    return np.array([number.get(token, place) for token in tokens]), names


def windows(words: Array) -> tuple[Array, Array]:
    """Every place of a text: the three words before it, and the word that stands there.

    Examples
    --------
    >>> x, y = windows(np.array([5, 6, 7, 8, 9]))
    >>> x.tolist(), y.tolist()
    ([[5, 6, 7], [6, 7, 8]], [8, 9])
    """
    x = np.stack([words[i : len(words) - CONTEXT + i] for i in range(CONTEXT)], axis=1)
    return x, words[CONTEXT:]


def word_model_init(
    vocabulary: int, rng: np.random.Generator, *, width: int = 16, hidden: int = 32
) -> list[Array]:
    """Parameters [E, H, c, U, b] of :func:`word_model`, in single precision.

    Examples
    --------
    >>> [p.shape for p in word_model_init(256, np.random.default_rng(0))]
    [(256, 16), (48, 32), (32,), (32, 256), (256,)]
    """
    E = rng.standard_normal((vocabulary, width))
    H = rng.standard_normal((CONTEXT * width, hidden)) / np.sqrt(CONTEXT * width)
    U = rng.standard_normal((hidden, vocabulary)) / np.sqrt(hidden)
    params = [E, H, np.zeros(hidden), U, np.zeros(vocabulary)]
    return [p.astype(np.float32) for p in params]


def word_model(params: Sequence[Array], x: Array, y: Array) -> Loss:
    r"""A neural language model with one hidden layer.

    The rows of E are the words' vectors. Those of the three words before are
    put side by side, :math:`X = (E_{x_1}, E_{x_2}, E_{x_3})`, and

    .. math::
        A = \tanh(X H + c), \qquad
        Z = A U + b, \qquad
        L = \text{cross entropy}(Z, y) .

    Backwards, from the gradient D of L in Z,

    .. math::
        \frac{\partial L}{\partial U} = A^\top D, \qquad
        D_A = (D\, U^\top) \odot (1 - A^2), \qquad
        \frac{\partial L}{\partial H} = X^\top D_A, \qquad
        D_X = D_A H^\top ,

    the gradients of b and c are the column sums of D and D_A, and row w of
    the gradient of E is the sum of the parts of D_X where word w stood.

    Parameters
    ----------
    params : [E, H, c, U, b]
        From :func:`word_model_init`.
    x, y : ndarray of int
        Shapes (n, 3) and (n,), as :func:`windows` gives them.

    References
    ----------
    After Bengio, Ducharme, Vincent and Jauvin (2003), without their direct
    connections from words to outputs.

    Examples
    --------
    >>> params = [p * 0 for p in word_model_init(4, np.random.default_rng(0))]
    >>> loss, grads = word_model(params, np.array([[0, 1, 2]]), np.array([3]))
    >>> print(f"{loss:.4f}", grads[4])
    1.3863 [ 0.25  0.25  0.25 -0.75]
    """
    E, H, c, U, b = params
    inputs = E[x].reshape(len(x), -1)
    a = np.tanh(inputs @ H + c)
    loss, d = cross_entropy(a @ U + b, y)
    d_a = (d @ U.T) * (1 - a * a)
    d_x = (d_a @ H.T).reshape(-1, E.shape[1])
    order = np.argsort(x, axis=None, kind="stable")  # places of each word, together
    seen, first = np.unique(x.ravel()[order], return_index=True)
    d_E = np.zeros_like(E)
    d_E[seen] = np.add.reduceat(d_x[order], first)
    return loss, [d_E, inputs.T @ d_a, d_a.sum(axis=0), a.T @ d, d.sum(axis=0)]


def surprise(params: Sequence[Array], x: Array, y: Array) -> Array:
    """-log of the probability given to each word y, in nats: the loss, word by word."""
    E, H, c, U, b = params
    z = np.tanh(E[x].reshape(len(x), -1) @ H + c) @ U + b
    z -= z.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y])


class OneSecondMoment:
    """Adam at its defaults with one v for each array: five numbers, for :func:`word_model`.

    Examples
    --------
    >>> w = np.array([1.0, 1.0])
    >>> OneSecondMoment([w], lr=lambda t: 0.5).step([np.array([3.0, 4.0])])
    >>> print(np.round(w, 3))  # the root of (9 + 16) / 2 divides both
    [0.576 0.434]
    """

    def __init__(self, params: Sequence[Array], lr: Callable[[int], float]) -> None:
        self.params, self.lr, self.t = params, lr, 0
        self.m = [np.zeros_like(p) for p in params]
        self.v = [0.0] * len(params)

    def step(self, grads: Sequence[Array]) -> None:
        self.t += 1
        rate = self.lr(self.t) / (1 - 0.9**self.t)
        for i, (p, g) in enumerate(zip(self.params, grads, strict=True)):
            self.m[i] += 0.1 * (g - self.m[i])
            self.v[i] += 0.001 * (float(np.mean(g * g)) - self.v[i])
            root = np.sqrt(self.v[i] / (1 - 0.999**self.t))
            p -= rate / (root + 1e-8) * self.m[i]


class Read(NamedTuple):
    """What :func:`read` returns: the words predicted at the end, and the surprise of each."""

    word: Array
    surprise: Array


def read(
    text: tuple[Array, Array],
    optimizer: Callable[..., Any],
    rate: float,
    seed: int,
    *,
    steps: int = 200,
    batch: int = 64,
    chance: Array | None = None,
    **hyper: Any,
) -> Read:
    """Train :func:`word_model` on random places of a text; the rate falls to zero.

    Parameters
    ----------
    text : (x, y)
        From :func:`windows`.
    optimizer : callable
        ``optimizer(params, lr=..., **hyper)`` with a method ``step(grads)``.
    rate : float
    seed : int
        Draws the start, the places of every batch, and the 2000 places on
        which the trained model is judged.
    chance : ndarray, optional
        How likely each place is to be drawn; all alike by default.

    Examples
    --------
    >>> from adam_lib import Adam
    >>> words, names = alice(16)
    >>> said = read(windows(words), Adam, 0.03, 0, steps=20)
    >>> bool(said.surprise.mean() < np.log(16))
    True
    """
    x, y = text
    rng = np.random.default_rng(seed)
    params = word_model_init(int(y.max()) + 1, rng)
    upper = np.cumsum(np.ones(len(y)) if chance is None else chance)

    def places(n: int) -> Array:
        return np.asarray(np.searchsorted(upper, rng.random(n) * upper[-1], side="right"))

    opt = optimizer(params, lr=lambda t: rate * (1 - (t - 1) / steps), **hyper)
    with np.errstate(all="ignore"):  # a rate may be too large
        for _ in range(steps):
            here = places(batch)
            opt.step(word_model(params, x[here], y[here])[1])
        here = places(2000)
        seen = surprise(params, x[here], y[here])
    return Read(y[here], np.where(np.isfinite(seen), seen, np.inf))
