r"""Data for the experiments: bundled digits, and two seeded generators.

Nothing is downloaded. A generator takes the random generator it draws from;
the same generator state gives the same data.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._checks import Array, at_least_zero, whole

_DIGITS = Path(__file__).parent / "_data" / "digits.npz"


class Digits(NamedTuple):
    """Images x, uint8 (1797, 64) with values 0 to 16, and labels y, 0 to 9."""

    x: Array
    y: Array


class BagOfWords(NamedTuple):
    """Documents: the distinct words of each, its label 0 or 1, the vocabulary's size."""

    words: Array
    y: Array
    vocabulary: int


class Bigrams(NamedTuple):
    """Probabilities of the contexts (V,), and of the next word after each (V, V)."""

    context: Array
    following: Array


def digits() -> Digits:
    """1797 handwritten digits of 8 x 8 pixels: UCI's optical recognition test set.

    Returns
    -------
    Digits
        ``x``: one image a row, 64 pixels of 0 (paper) to 16 (ink), uint8.
        ``y``: the digit written, as an integer.

    Notes
    -----
    The data are licensed CC BY 4.0; see ``adam_lib/experiments/_data/README.md``.

    References
    ----------
    Alpaydin and Kaynak (1998), doi:10.24432/C50P49.

    Examples
    --------
    >>> x, y = digits()
    >>> x.shape, x.dtype.name, int(x.max())
    ((1797, 64), 'uint8', 16)
    >>> y[:5]
    array([0, 1, 2, 3, 4])
    """
    with np.load(_DIGITS, allow_pickle=False) as f:
        return Digits(f["x"], f["y"].astype(np.intp))


def zipf(size: int, exponent: float = 1.0) -> Array:
    r"""Zipf's law on ``size`` ranks: :math:`p_k \propto k^{-s}`, k = 1, ..., size.

    Parameters
    ----------
    size : int
        Number of ranks, >= 1.
    exponent : float
        s >= 0; with 0 all ranks are equally likely.

    Returns
    -------
    ndarray, shape (size,)
        Probabilities, in falling order.

    Examples
    --------
    >>> print(np.round(zipf(4), 2))
    [0.48 0.24 0.16 0.12]
    """
    whole("size", size, 1)
    weight = np.arange(1.0, size + 1) ** -at_least_zero("exponent", exponent)
    return np.asarray(weight / weight.sum())


def zipf_bag_of_words(
    rng: np.random.Generator,
    *,
    documents: int = 3000,
    vocabulary: int = 10_000,
    length: int = 100,
) -> BagOfWords:
    r"""Documents of rare and frequent words, labelled by a hidden linear rule.

    Each document holds ``length`` distinct words, drawn one after the other
    with probabilities after :func:`zipf`. With :math:`n_j` the number of
    documents that hold word j,

    .. math::
        y_i = 1 \text{ if } \sum_{j \in \text{document } i} w_j > 0
              \text{ else } 0, \qquad
        w_j = \xi_j / \sqrt{\max(n_j, 1)}, \quad \xi_j \sim N(0, 1),

    so that a rare word says as much about the labels as a frequent one.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where all randomness comes from.
    documents, vocabulary, length : int
        Numbers of documents, of words, and of words in a document.

    Returns
    -------
    BagOfWords
        ``words`` (documents, length), integers below ``vocabulary``, where 0
        is the most frequent word; ``y`` (documents,), 0 or 1.

    Notes
    -----
    Give word j an exponential clock of rate :math:`p_j`: the words whose
    clocks ring first are a draw without replacement.

    Examples
    --------
    >>> data = zipf_bag_of_words(
    ...     np.random.default_rng(0), documents=5, vocabulary=50, length=4
    ... )
    >>> data.words.shape, data.y.shape
    ((5, 4), (5,))
    """
    whole("documents", documents, 1)
    whole("vocabulary", vocabulary, 1)
    if whole("length", length, 1) > vocabulary:
        raise ValueError(f"length must be <= vocabulary = {vocabulary}, got {length}")
    p = zipf(vocabulary)
    words = np.empty((documents, length), np.intp)
    for row in words:
        clock = rng.standard_exponential(vocabulary) / p
        # Sorted, since the order within a partition depends on the CPU.
        row[:] = np.sort(np.argpartition(clock, length - 1)[:length])
    frequency = np.bincount(words.ravel(), minlength=vocabulary)
    w = rng.standard_normal(vocabulary) / np.sqrt(np.maximum(frequency, 1))
    y = (w[words].sum(axis=1) > 0).astype(np.intp)
    return BagOfWords(words, y, vocabulary)


def bigrams(
    rng: np.random.Generator,
    *,
    vocabulary: int = 64,
    context_exponent: float = 1.0,
    following_exponent: float = 1.5,
) -> Bigrams:
    r"""A language of word pairs: how frequent each context is, and what follows it.

    The contexts follow Zipf's law with ``context_exponent``. After each
    context the next word follows Zipf's law with ``following_exponent``,
    over the words in an order of its own, drawn at random.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the orders come from.
    vocabulary : int
        Number of words V.
    context_exponent, following_exponent : float
        Exponents >= 0. With ``context_exponent=0`` all contexts are equally
        frequent; the same seed then gives the same ``following``.

    Returns
    -------
    Bigrams
        ``context`` (V,) sums to 1; so does each row of ``following`` (V, V).

    Examples
    --------
    >>> p, q = bigrams(np.random.default_rng(0), vocabulary=3)
    >>> print(np.round(p, 2), np.round(q.sum(axis=1), 6))
    [0.55 0.27 0.18] [1. 1. 1.]
    """
    row = zipf(whole("vocabulary", vocabulary, 1), following_exponent)
    following = np.array([rng.permutation(row) for _ in range(vocabulary)])
    return Bigrams(zipf(vocabulary, context_exponent), following)
