"""Trials behind the choice of settings: noisy quadratics side by side, stacked networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._checks import Array, at_least_zero, whole
from ..adam import Adam
from ..base import Optimizer
from .datasets import digits
from .models import mlp_init
from .schedules import Schedule

Shape = Callable[[Array], Array]


def left_by(shape: Shape, k: float, cells: int = 20_000) -> tuple[float, float]:
    r"""What a falling rate leaves of the start and of the noise, both as shares.

    For SGD on a quadratic with the rate :math:`a\,h(p)` at the progress p in
    [0, 1] and :math:`k = a\lambda T`, in the limit of many steps,

    .. math::
        \exp\Big(-2k \int_0^1 h\Big), \qquad
        2k \int_0^1 h(p)^2 \exp\Big(-2k \int_p^1 h\Big)\, dp .

    The first is the share of the start's squared distance, the second that of
    the floor :math:`a\sigma^2/(2\lambda)` of the constant rate a.

    Parameters
    ----------
    shape : callable, ndarray -> ndarray
        h, with values in [0, 1].
    k : float
        >= 0; the length of the run in time constants of the rate a.
    cells : int
        Number of cells of the midpoint rule.

    Examples
    --------
    >>> start, noise = left_by(lambda p: 1 - p, 100.0)
    >>> print(f"{start:.0e} {noise:.4f}")
    4e-44 0.0886
    """
    k, cells = at_least_zero("k", k), whole("cells", cells, 1)
    p = (np.arange(cells) + 0.5) / cells
    h = np.asarray(shape(p), dtype=float)
    after = (np.cumsum(h[::-1])[::-1] - h / 2) / cells  # the integral from p to 1
    noise = 2 * k * np.mean(h**2 * np.exp(-2 * k * after))
    return float(np.exp(-2 * k * np.mean(h))), float(noise)


def descend(
    start: npt.ArrayLike,
    steps: int,
    *,
    rng: np.random.Generator,
    optimizer: type[Optimizer] = Adam,
    lr: float | Schedule = 1.0,
    rate: npt.ArrayLike = 1.0,
    curvature: npt.ArrayLike = 1.0,
    noise: float = 1.0,
    outliers: tuple[float, float] = (0.0, 1.0),
    limit: float = np.inf,
    every: int = 0,
    **hyper: Any,
) -> Array:
    r"""Losses of many noisy descents of :math:`\tfrac12\sum_j \lambda_j x_j^2`, side by side.

    The last axis of ``start`` is j, the axes before it are independent runs.

    Parameters
    ----------
    start : array_like, shape (..., d)
    steps : int
    rng : numpy.random.Generator
    optimizer : class
    lr : float or callable
        The rate, or a schedule.
    rate : array_like
        Factors on ``lr``, one a run; for Adam's kin, whose path at eps = 0
        is the same in any unit: each run counts x in units of its factor.
    curvature : array_like
        lambda, broadcast over the last axis.
    noise : float
        Standard deviation of the Gaussian noise in each component.
    outliers : (share, factor)
        In this share of a run's steps the gradient's noise is multiplied.
    limit : float
        Gradients are clipped to this norm over j, in every run by itself.
    every : int
        Keep the losses after each so many steps; 0: after the last alone.

    Returns
    -------
    ndarray, shape (kept, ...)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> descend(np.ones((2, 5, 3)), 40, rng=rng, lr=0.1, every=10).shape
    (4, 2, 5)
    """
    rate, curvature = np.asarray(rate, dtype=float), np.asarray(curvature, dtype=float)
    units = np.array(start, dtype=float) / rate
    opt, kept = optimizer(units, lr=lr, **hyper), []
    share, factor = outliers
    for t in range(1, whole("steps", steps, 1) + 1):
        eta = noise * rng.normal(size=units.shape)
        if share:
            eta *= np.where(rng.random(units.shape[:-1]) < share, factor, 1.0)[..., None]
        g = curvature * (units * rate) + eta
        if np.isfinite(limit):
            norm = np.sqrt(np.sum(g * g, axis=-1, keepdims=True))
            g *= limit / np.maximum(norm, limit)
        opt.step(g * rate)
        if t == steps or (every and t % every == 0):
            kept.append(np.sum(curvature * (units * rate) ** 2, axis=-1) / 2)
    return np.array(kept)


def stacked_mlp(params: Sequence[Array], x: Array, y: Array) -> tuple[Array, list[Array]]:
    """As ``models.mlp`` with one hidden layer, for many networks at once.

    Parameters
    ----------
    params : [W1, b1, W2, b2]
        Of shapes (networks, in, out), biases with in = 1.
    x, y : ndarray
        Shapes (n, features) and (n,); the same examples for every network.

    Returns
    -------
    losses : ndarray, shape (networks,)
    grads : list of ndarray

    Examples
    --------
    >>> params = [np.zeros(s) for s in ((3, 2, 4), (3, 1, 4), (3, 4, 5), (3, 1, 5))]
    >>> losses, grads = stacked_mlp(params, np.ones((6, 2)), np.arange(6) % 5)
    >>> losses.round(3).tolist(), [g.shape for g in grads][:2]
    ([1.609, 1.609, 1.609], [(3, 2, 4), (3, 1, 4)])
    """
    W1, b1, W2, b2 = params
    z = x @ W1 + b1
    slope = (z > 0).astype(z.dtype)
    a = z * slope
    out = a @ W2 + b2
    out -= out.max(axis=-1, keepdims=True)
    d = np.exp(out)
    total = d.sum(axis=-1, keepdims=True)
    chosen = np.arange(len(y)), y
    losses = np.mean(np.log(total[..., 0]) - out[:, *chosen], axis=1)
    d /= total
    d[:, *chosen] -= 1
    d /= len(y)
    back = (d @ W2.swapaxes(1, 2)) * slope
    grads = [
        x.T @ back,
        back.sum(axis=1, keepdims=True),
        a.swapaxes(1, 2) @ d,
        d.sum(axis=1, keepdims=True),
    ]
    return losses, grads


def train_digits(
    rates: Sequence[float],
    schedule: Schedule,
    steps: int,
    *,
    seed: int,
    starts: int = 4,
    wrong: float = 0.2,
) -> Array:
    """Final training losses of networks on digits, one row a rate, one column a start.

    A hidden layer of 32, batches of 32 of 1200 digits, of whose labels the
    share ``wrong`` is drawn anew, in float32. ``schedule`` has the peak 1 and
    is multiplied by the rate; data and batches are the same for all rates.
    """
    rng = np.random.default_rng(seed)
    images, labels = digits()
    order = rng.permutation(len(labels))[:1200]
    x = np.asarray(images, dtype="float32")[order] / np.float32(16)
    y = np.where(rng.random(1200) < wrong, rng.integers(0, 10, 1200), labels[order])
    nets = [mlp_init([64, 32, 10], rng) for _ in range(starts)]
    first = [np.stack([np.atleast_2d(p) for p in layer]) for layer in zip(*nets, strict=True)]
    rate = np.repeat(np.asarray(rates, dtype="float32"), starts)[:, None, None]
    units = [np.tile(p, (len(rates), 1, 1)).astype("float32") / rate for p in first]
    opt = Adam(units, lr=schedule)
    for _ in range(whole("steps", steps, 1)):
        batch = rng.integers(0, 1200, 32)
        _, grads = stacked_mlp([u * rate for u in units], x[batch], y[batch])
        opt.step([g * rate for g in grads])
    losses, _ = stacked_mlp([u * rate for u in units], x, y)
    return losses.reshape(len(rates), starts)
