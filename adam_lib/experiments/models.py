r"""Small models with hand-derived gradients, and a loop that trains them.

A model is a function ``model(params, ..., ) -> (loss, grads)``. ``params`` is
a list of arrays, ``grads`` a list of the same shapes, and the loss a mean over
the examples given, in nats. All randomness (dropout, latent noise) comes from
the generator that is passed in. Every gradient is confirmed by
:func:`adam_lib.experiments.gradcheck.gradcheck` in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .._checks import Array, decay_rate, whole
from ..base import Optimizer

Loss = tuple[float, list[Array]]


def softplus(a: Array) -> Array:
    """log(1 + e^a) without overflow; its derivative is :func:`sigmoid`."""
    return np.asarray(np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a))))


def sigmoid(a: Array) -> Array:
    """1 / (1 + e^-a) without overflow."""
    return np.asarray((1 + np.tanh(a / 2)) / 2)


def _labels(y: object, n: int, classes: int) -> Array:
    """``y`` as n class numbers; any others would index some other entry in silence."""
    labels = np.asarray(y)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"y must hold class numbers as integers, got {labels.dtype}")
    if labels.shape != (n,):
        raise ValueError(f"y must have shape {(n,)}, one class a row of logits, got {labels.shape}")
    for label in labels[(labels < 0) | (labels >= classes)]:
        raise ValueError(f"y must be in [0, {classes}), got {label}")
    return labels


def cross_entropy(logits: Array, y: Array) -> tuple[float, Array]:
    r"""Mean negative log-likelihood of the classes ``y``, and its gradient.

    .. math::
        L &= \frac1n \sum_i \Big(\log \sum_k e^{z_{ik}} - z_{i y_i}\Big) \\
        \frac{\partial L}{\partial z_{ik}} &= \frac1n (p_{ik} - [k = y_i]),
            \qquad p_{ik} = \frac{e^{z_{ik}}}{\sum_j e^{z_{ij}}}

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
        z, in nats.
    y : ndarray of int, shape (n,)
        Class numbers, counted from 0. Not one-hot, not a column.

    Examples
    --------
    >>> loss, _ = cross_entropy(np.zeros((3, 10)), np.array([0, 4, 9]))
    >>> print(f"{loss:.4f} {np.log(10):.4f}")
    2.3026 2.3026
    """
    if logits.ndim != 2 or not logits.size:
        raise ValueError(f"logits must have shape (n, classes), got {logits.shape}")
    y = _labels(y, *logits.shape)
    z = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(z)
    total = p.sum(axis=1, keepdims=True)
    chosen = np.arange(len(y)), y
    loss = np.mean(np.log(total[:, 0]) - z[chosen])
    p /= total
    p[chosen] -= 1
    return float(loss), p / len(y)


def softmax_regression(params: Sequence[Array], x: Array, y: Array, *, l2: float = 0.0) -> Loss:
    r"""Softmax (multiclass logistic) regression.

    .. math::
        Z = XW + b, \qquad
        L = \text{cross entropy}(Z, y) + \tfrac12 l_2 \norm{W}^2

    With D the gradient in Z, those in W and b are :math:`X^\top D + l_2 W` and
    the column sums of D.

    Parameters
    ----------
    params : [W, b]
        Shapes (features, classes) and (classes,); zeros are a good start.
    x, y : ndarray
        Shapes (n, features) and (n,), the labels as integers.
    l2 : float
        >= 0; the penalty leaves b alone.

    Examples
    --------
    >>> x, y = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1])
    >>> loss, (dW, db) = softmax_regression([np.zeros((2, 2)), np.zeros(2)], x, y)
    >>> print(f"{loss:.4f}", dW.tolist())
    0.6931 [[-0.25, 0.25], [0.25, -0.25]]
    """
    W, b = params
    loss, d = cross_entropy(x @ W + b, y)
    return loss + l2 / 2 * float(np.sum(W * W)), [x.T @ d + l2 * W, d.sum(axis=0)]


def mlp_init(sizes: Sequence[int], rng: np.random.Generator) -> list[Array]:
    """Parameters [W1, b1, W2, b2, ...] of an MLP with layers of these sizes.

    Weights are Gaussian with variance 2 / (inputs of the layer), which keeps
    the mean square of a ReLU layer's input; biases are 0.

    Examples
    --------
    >>> [p.shape for p in mlp_init([64, 32, 10], np.random.default_rng(0))]
    [(64, 32), (32,), (32, 10), (10,)]
    """
    layers = [
        (rng.standard_normal((n, k)) * np.sqrt(2 / n), np.zeros(k)) for n, k in pairwise(sizes)
    ]
    return [p for layer in layers for p in layer]


def mlp(
    params: Sequence[Array],
    x: Array,
    y: Array,
    *,
    dropout: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Loss:
    r"""A perceptron with ReLU layers, dropout, and a softmax at the end.

    With :math:`A_0 = X`, for the hidden layers k = 1, ..., K - 1,

    .. math::
        Z_k = A_{k-1} W_k + b_k, \qquad
        S_k = [Z_k > 0] \odot M_k, \qquad
        A_k = Z_k \odot S_k,

    where each entry of the mask M_k is 0 with probability ``dropout``, else
    1 / (1 - dropout). The loss is the cross entropy of
    :math:`Z_K = A_{K-1} W_K + b_K`. Backwards, from its gradient D_K,

    .. math::
        \frac{\partial L}{\partial W_k} = A_{k-1}^\top D_k, \qquad
        \frac{\partial L}{\partial b_k} = \sum_i (D_k)_i, \qquad
        D_{k-1} = (D_k W_k^\top) \odot S_{k-1} .

    Parameters
    ----------
    params : [W1, b1, ..., WK, bK]
        From :func:`mlp_init`.
    x, y : ndarray
        Shapes (n, features) and (n,), the labels as integers.
    dropout : float
        In [0, 1); above 0 it needs ``rng``.

    Examples
    --------
    >>> params = mlp_init([2, 5, 3], np.random.default_rng(0))
    >>> loss, grads = mlp(params, np.ones((4, 2)), np.array([0, 1, 2, 0]))
    >>> [g.shape for g in grads]
    [(2, 5), (5,), (5, 3), (3,)]
    """
    dropout = _dropout(dropout, rng)
    weights, biases = params[0::2], params[1::2]
    inputs, slopes = [x], []
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        z = inputs[-1] @ W + b
        slope = (z > 0).astype(z.dtype)
        if rng is not None and dropout:
            slope *= rng.random(z.shape) >= dropout
            slope /= 1 - dropout
        slopes.append(slope)
        inputs.append(z * slope)
    loss, d = cross_entropy(inputs[-1] @ weights[-1] + biases[-1], y)
    grads: list[Array] = []
    for k in reversed(range(len(weights))):
        grads = [inputs[k].T @ d, d.sum(axis=0), *grads]
        if k:
            d = (d @ weights[k].T) * slopes[k - 1]
    return loss, grads


def sparse_logistic(
    params: Sequence[Array],
    words: Array,
    y: Array,
    *,
    dropout: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Loss:
    r"""Logistic regression on bags of words, given as lists of their words.

    With :math:`M_{ij}` the dropout mask of word j in document i (0, or
    1 / (1 - dropout)),

    .. math::
        z_i = b + \sum_{j \in i} M_{ij} w_j, \qquad
        L = \frac1n \sum_i \big(\log(1 + e^{z_i}) - y_i z_i\big) .

    With :math:`d_i = (\sigma(z_i) - y_i) / n`, the gradient in w_j is the sum
    of :math:`M_{ij} d_i` over the documents with word j, and in b that of d_i.

    Parameters
    ----------
    params : [w, b]
        Shapes (vocabulary,) and (); zeros are a good start.
    words : ndarray of int, shape (n, length)
        Each document's words, as indices into w.
    y : ndarray, shape (n,)
        0 or 1.
    dropout : float
        In [0, 1), applied to the words; above 0 it needs ``rng``.

    Examples
    --------
    >>> w, b = np.zeros(4), np.zeros(())
    >>> loss, (dw, db) = sparse_logistic([w, b], np.array([[0, 1], [1, 3]]), np.array([1, 0]))
    >>> print(f"{loss:.4f}", dw, db)
    0.6931 [-0.25  0.    0.    0.25] 0.0
    """
    dropout = _dropout(dropout, rng)
    w, b = params
    y = y.astype(w.dtype)
    mask = np.ones(words.shape, w.dtype)
    if rng is not None and dropout:
        mask = (rng.random(words.shape) >= dropout).astype(w.dtype) / (1 - dropout)
    z = (mask * w[words]).sum(axis=1) + b
    d = (sigmoid(z) - y) / len(y)
    dw = np.bincount(words.ravel(), (mask * d[:, None]).ravel(), minlength=w.size)
    return float(np.mean(softplus(z) - y * z)), [dw.astype(w.dtype), np.asarray(d.sum())]


def bigram_softmax(params: Sequence[Array], context: Array, following: Array) -> Loss:
    r"""One softmax over the next word for each context, against the true law.

    With :math:`Q_c` the softmax of row c of the logits, P the law
    ``following`` and p the frequencies ``context``,

    .. math::
        L = \sum_c p_c\, \mathrm{KL}(P_c \,\|\, Q_c), \qquad
        \frac{\partial L}{\partial z_{ck}} = p_c\, (Q_{ck} - P_{ck}) .

    Parameters
    ----------
    params : [z]
        Logits, shape (contexts, words); zeros are a good start.
    context, following : ndarray
        Shapes (contexts,) and (contexts, words): see
        :func:`adam_lib.experiments.datasets.bigrams`.

    Examples
    --------
    >>> p, P = np.array([0.5, 0.5]), np.array([[0.5, 0.5], [0.9, 0.1]])
    >>> loss, (dz,) = bigram_softmax([np.zeros((2, 2))], p, P)
    >>> print(f"{loss:.4f}", np.round(dz, 6).tolist())
    0.1840 [[0.0, 0.0], [-0.2, 0.2]]
    """
    (z,) = params
    divergence, q = _divergences(z, following)
    return float(context @ divergence), [context[:, None] * (q - following)]


def bigram_divergences(params: Sequence[Array], following: Array) -> Array:
    """KL(P_c || Q_c) of each context c: what :func:`bigram_softmax` averages."""
    return _divergences(params[0], following)[0]


def _divergences(z: Array, following: Array) -> tuple[Array, Array]:
    """KL(P_c || Q_c) of each row, and Q."""
    z = z - z.max(axis=1, keepdims=True)
    log_q = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return np.sum(following * (np.log(following) - log_q), axis=1), np.exp(log_q)


def vae_init(pixels: int, hidden: int, latent: int, rng: np.random.Generator) -> list[Array]:
    """Parameters of :func:`vae`, weight and bias of its five layers in turn.

    Weights are Gaussian with variance 1 / (inputs of the layer); biases are 0.

    Examples
    --------
    >>> [p.shape for p in vae_init(64, 48, 6, np.random.default_rng(0))][::2]
    [(64, 48), (48, 6), (48, 6), (6, 48), (48, 64)]
    """
    encoder, decoder = (pixels, hidden), (hidden, pixels)
    shapes = encoder, (hidden, latent), (hidden, latent), (latent, hidden), decoder
    layers = [(rng.standard_normal(s) / np.sqrt(s[0]), np.zeros(s[1])) for s in shapes]
    return [p for layer in layers for p in layer]


def vae(params: Sequence[Array], x: Array, *, rng: np.random.Generator) -> Loss:
    r"""A variational autoencoder; its loss is the negative evidence bound.

    The encoder gives each image a Gaussian over the latent z, from which one
    draw is decoded into Bernoulli pixels. With :math:`\epsilon` standard normal,

    .. math::
        H &= \text{softplus}(X W_1 + b_1), \quad
            \mu = H W_2 + b_2, \quad s = H W_3 + b_3 \\
        Z &= \mu + e^{s/2} \odot \epsilon, \quad
            K = \text{softplus}(Z W_4 + b_4), \quad A = K W_5 + b_5 \\
        L &= \frac1n \sum_{i} \Big[ \sum_p (\text{softplus}(A_{ip}) - X_{ip} A_{ip})
            + \tfrac12 \sum_j (\mu_{ij}^2 + e^{s_{ij}} - 1 - s_{ij}) \Big]

    The second sum is the divergence of the encoder's Gaussian from the
    standard normal. Backwards,

    .. math::
        D_A &= (\sigma(A) - X)/n, \quad
            D_K = (D_A W_5^\top) \odot \sigma(Z W_4 + b_4), \quad
            D_Z = D_K W_4^\top \\
        D_\mu &= D_Z + \mu/n, \quad
            D_s = D_Z \odot \epsilon \odot \tfrac12 e^{s/2} + \tfrac1{2n} (e^s - 1) \\
        D_H &= (D_\mu W_2^\top + D_s W_3^\top) \odot \sigma(X W_1 + b_1) .

    Parameters
    ----------
    params : list of ndarray
        From :func:`vae_init`.
    x : ndarray, shape (n, pixels)
        Values in [0, 1].
    rng : numpy.random.Generator
        Draws :math:`\epsilon`, of shape (n, latent).

    References
    ----------
    Kingma and Welling (2014).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> loss, grads = vae(vae_init(9, 5, 2, rng), np.full((4, 9), 0.5), rng=rng)
    >>> len(grads), grads[0].shape
    (10, (9, 5))
    """
    W1, b1, W2, b2, W3, b3, W4, b4, W5, b5 = params
    n = len(x)
    a1 = x @ W1 + b1
    h = softplus(a1)
    mu, s = h @ W2 + b2, h @ W3 + b3
    noise = rng.standard_normal(mu.shape).astype(mu.dtype)
    sd = np.exp(s / 2)
    z = mu + sd * noise
    a4 = z @ W4 + b4
    k = softplus(a4)
    a = k @ W5 + b5
    pixels = np.sum(softplus(a) - x * a)
    divergence = np.sum(mu * mu + sd * sd - 1 - s) / 2

    d_a = (sigmoid(a) - x) / n
    d_k = (d_a @ W5.T) * sigmoid(a4)
    d_z = d_k @ W4.T
    d_mu = d_z + mu / n
    d_s = d_z * noise * sd / 2 + (sd * sd - 1) / (2 * n)
    d_h = (d_mu @ W2.T + d_s @ W3.T) * sigmoid(a1)
    pairs = (x, d_h), (h, d_mu), (h, d_s), (z, d_k), (k, d_a)
    grads = [g for before, d in pairs for g in (before.T @ d, d.sum(axis=0))]
    return float(pixels + divergence) / n, grads


def vae_decode(params: Sequence[Array], z: Array) -> Array:
    """The pixels' probabilities at latent points ``z`` (n, latent).

    Examples
    --------
    >>> params = vae_init(9, 5, 2, np.random.default_rng(0))
    >>> vae_decode(params, np.zeros((3, 2))).shape
    (3, 9)
    """
    W4, b4, W5, b5 = params[6:]
    return sigmoid(softplus(z @ W4 + b4) @ W5 + b5)


class Fit(NamedTuple):
    """What :func:`fit` returns: the trained parameters, and a number for each epoch."""

    params: list[Array]
    loss: Array


def fit(
    model: Callable[..., Loss],
    start: Sequence[Array],
    optimizer: type[Optimizer],
    data: Sequence[Array],
    *,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    evaluate: Callable[[list[Array]], float] | None = None,
    **hyper: Any,
) -> Fit:
    """Train a model on minibatches.

    In each epoch the examples are shuffled and cut into batches of nearly
    equal size, at most ``batch_size``. All parameters are kept in one vector,
    of which the model is given views: a step is then one call, not one for
    each array.

    Parameters
    ----------
    model : callable
        ``model(params, *batch) -> (loss, grads)``; with further arguments,
        ``functools.partial(mlp, dropout=0.5, rng=rng)``.
    start : list of ndarray
        The parameters to begin with, all of one dtype. Not changed.
    optimizer : class
        One of the optimizers, such as ``Adam``.
    data : sequence of ndarray
        Arrays with the examples along the first axis, such as (x, y).
    epochs, batch_size : int
        Both >= 1.
    rng : numpy.random.Generator
        Shuffles the examples.
    evaluate : callable, optional
        ``evaluate(params) -> number``, called after each epoch.
    **hyper
        The optimizer's hyperparameters, such as ``lr``.

    Returns
    -------
    Fit
        ``params``, and ``loss`` of shape (epochs,): the values of
        ``evaluate``, or without it the mean loss of each epoch's batches,
        each taken before its step.

    Examples
    --------
    >>> from adam_lib import Adam
    >>> x, y = np.array([[1.0], [-1.0]] * 50), np.array([0, 1] * 50)
    >>> start = [np.zeros((1, 2)), np.zeros(2)]
    >>> result = fit(
    ...     softmax_regression, start, Adam, (x, y),
    ...     epochs=5, batch_size=20, rng=np.random.default_rng(0), lr=0.1,
    ... )
    >>> result.loss.shape, bool(result.loss[-1] < result.loss[0])
    ((5,), True)
    """
    epochs, batch_size = whole("epochs", epochs, 1), whole("batch_size", batch_size, 1)
    lengths = [len(a) for a in data]
    if len(set(lengths)) != 1:
        counts = ", ".join(map(str, lengths))
        raise ValueError(f"data must have equally many examples, got {counts}")
    theta = np.concatenate([p.ravel() for p in start])
    cuts = np.cumsum([p.size for p in start])[:-1]
    parts = np.split(theta, cuts)
    params = [part.reshape(p.shape) for part, p in zip(parts, start, strict=True)]
    opt = optimizer(theta, **hyper)
    (examples,) = set(lengths)
    batches = -(-examples // batch_size)
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in np.array_split(rng.permutation(examples), batches):
            loss, grads = model(params, *(a[rows] for a in data))
            opt.step(np.concatenate([g.ravel() for g in grads]))
            total += loss * len(rows)
        history.append(evaluate(params) if evaluate else total / examples)
    return Fit(params, np.array(history))


def _dropout(dropout: float, rng: np.random.Generator | None) -> float:
    """A number in [0, 1); above 0 it needs a generator."""
    p = decay_rate("dropout", dropout)
    if p and rng is None:
        raise ValueError(f"rng must be given when dropout > 0, got dropout={p} and no rng")
    return p
