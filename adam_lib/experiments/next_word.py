r"""Predicting the next word with a softmax whose true law is known.

A problem holds several independent data sets, side by side along the first
axis: what is said of one of them is soon said of three. Arrays are in
single precision unless asked; divergences are computed in double.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .._checks import Array, whole
from .datasets import zipf


class NextWord(NamedTuple):
    """Contexts and what follows them, for several data sets at once.

    Attributes
    ----------
    features : ndarray, shape (sets, contexts, d)
        What is known of each context; the last feature is 1.
    law : ndarray, shape (sets, contexts, words)
        The probability of each next word.
    frequency : ndarray, shape (words,)
        How frequent each word is where the other features say nothing.
    """

    features: Array
    law: Array
    frequency: Array


def _softmax(z: Array) -> Array:
    z -= z.max(axis=-1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=-1, keepdims=True)
    return z


def next_word(
    rng: np.random.Generator,
    *,
    sets: int = 3,
    words: int = 512,
    contexts: int = 32,
    features: int = 8,
    exponent: float = 1.0,
    unit: float = 1.0,
    dtype: npt.DTypeLike = np.float32,
) -> NextWord:
    r"""Draw data sets whose law a softmax can learn exactly.

    With features :math:`x_c \sim N(0, I)`, Zipf frequencies
    :math:`\pi_k \propto k^{-s}` and a teacher
    :math:`v_k \sim N(0, I/2d)`, the law after context c is the softmax of
    :math:`\log \pi_k + v_k \cdot x_c`. All contexts are equally frequent.

    Parameters
    ----------
    rng : numpy.random.Generator
    sets, words, contexts, features : int
        How many of each; features without the constant one.
    exponent : float
        s; with 0 all words are about equally frequent.
    unit : float
        The first half of the features are written down this many times as
        large, after the law was made: a change of unit and of nothing else.
    dtype : dtype
        Of all arrays, and of the runs on them.

    Examples
    --------
    >>> data = next_word(np.random.default_rng(0), sets=2, words=5, contexts=3)
    >>> data.features.shape, data.law.shape, data.features.dtype.name
    ((2, 3, 9), (2, 3, 5), 'float32')
    >>> print(np.round(data.frequency, 2))
    [0.44 0.22 0.15 0.11 0.09]
    """
    for name, value in (("sets", sets), ("contexts", contexts), ("features", features)):
        whole(name, value, 1)
    pi = zipf(words, exponent)
    x = rng.normal(size=(sets, contexts, features))
    v = rng.normal(size=(sets, features, words)) / np.sqrt(2 * features)
    law = _softmax(x @ v + np.log(pi))
    x[..., : features // 2] *= unit
    x = np.concatenate([x, np.ones((sets, contexts, 1))], axis=-1)
    return NextWord(*(a.astype(dtype) for a in (x, law, pi)))


def beginning(data: NextWord) -> Array:
    """Weights that know the words' frequencies and nothing else, (sets, d, words).

    Examples
    --------
    >>> data = next_word(np.random.default_rng(0), sets=1, words=4)
    >>> bool(abs(divergences(beginning(data), data).sum() - 0.2) < 0.1)
    True
    """
    sets, _, d = data.features.shape
    W = np.zeros((sets, d, data.frequency.size), data.law.dtype)
    W[:, -1] = np.log(data.frequency)
    return W


def gradient(W: Array, data: NextWord) -> Array:
    r"""The gradient of the mean divergence, (sets, d, words).

    With :math:`q_c` the softmax of :math:`W^\top x_c`, P the law and C
    contexts, the column of word k is
    :math:`\frac1C \sum_c (q_{ck} - P_{ck})\, x_c`.

    Examples
    --------
    >>> data = next_word(np.random.default_rng(0), sets=1, words=4)
    >>> gradient(beginning(data), data).shape
    (1, 9, 4)
    """
    q = _softmax(data.features @ W)
    q -= data.law
    q /= data.features.shape[1]
    return np.asarray(data.features.swapaxes(-1, -2) @ q)


def divergences(W: Array, data: NextWord) -> Array:
    r"""Each word's part of the mean divergence from the law, (sets, words).

    The part of word k is the mean over contexts of
    :math:`P_k \log(P_k/q_k) - P_k + q_k`. It is never negative, and all parts
    together are the Kullback-Leibler divergence of the law from the softmax.

    Examples
    --------
    >>> data = next_word(np.random.default_rng(0), sets=1, words=4)
    >>> bool(np.all(divergences(beginning(data), data) >= 0))
    True
    """
    x, law, _ = (a.astype(float) for a in data)
    z = x @ W.astype(float)
    z -= z.max(axis=-1, keepdims=True)
    log_q = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    parts = law * (np.log(law) - log_q) - law + np.exp(log_q)
    return np.asarray(parts.mean(axis=1))


def sample(data: NextWord, each: int, rng: np.random.Generator) -> NextWord:
    """The same with the law replaced by the shares among ``each`` draws a context.

    Examples
    --------
    >>> data = next_word(np.random.default_rng(0), sets=1, words=4)
    >>> seen = sample(data, 10, np.random.default_rng(1)).law
    >>> bool(np.all(np.isin(np.round(10 * seen), np.arange(11))))
    True
    """
    whole("each", each, 1)
    law = data.law.astype(float)
    rows = law.size // law.shape[-1]
    upper = np.cumsum(law, axis=-1).reshape(rows, -1)
    upper = upper / upper[:, -1:] + np.arange(rows)[:, None]  # rising through all rows
    draws = rng.random((rows, each)) + np.arange(rows)[:, None]
    cell = np.minimum(np.searchsorted(upper.ravel(), draws.ravel(), "right"), law.size - 1)
    shares = np.bincount(cell, minlength=law.size).reshape(law.shape) / each
    return data._replace(law=shares.astype(data.law.dtype))
