r"""Objectives to descend: value, gradient, start and minimum.

Every ``f`` and ``grad`` is vectorised over leading axes: for theta of shape
(..., d) they return shapes (...) and (..., d), so that many runs advance at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .._checks import Array, at_least_zero

Domain = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Problem:
    """An objective.

    Attributes
    ----------
    name : str
    f : callable, (..., d) -> (...)
    grad : callable, (..., d) -> (..., d)
    start : ndarray, shape (d,)
        Where runs begin by default.
    minimum : ndarray, shape (d,)
        A global minimiser.
    f_min : float
        The value there.
    domain : ((float, float), (float, float)) or None
        The part of the plane worth drawing, for d = 2.
    """

    name: str
    f: Callable[[Array], Array]
    grad: Callable[[Array], Array]
    start: Array
    minimum: Array
    f_min: float = 0.0
    domain: Domain | None = None


def random_rotation(d: int, rng: np.random.Generator) -> Array:
    """A d x d orthogonal matrix, uniform over rotations and reflections (Haar measure).

    The same bits on every machine; a QR factorisation by LAPACK does not promise that.

    Examples
    --------
    >>> Q = random_rotation(3, np.random.default_rng(0))
    >>> bool(np.allclose(Q @ Q.T, np.eye(3)))
    True
    """
    basis: list[Array] = []
    for x in rng.normal(size=(d, d)).T:
        for u in 2 * basis:  # Gram-Schmidt, twice: once leaves rounding errors
            x = x - np.sum(u * x) * u
        basis.append(x / np.sqrt(np.sum(x * x)))
    return np.stack(basis, axis=-1)


def _times(theta: Array, matrix: Array) -> Array:
    """``theta @ matrix``, with the same bits whatever BLAS and processor there is."""
    return np.asarray(sum(theta[..., j, None] * row for j, row in enumerate(matrix)))


def quadratic(
    eigenvalues: npt.ArrayLike,
    rotation: Array | None = None,
    start: npt.ArrayLike | None = None,
    *,
    name: str = "quadratic",
    domain: Domain | None = None,
) -> Problem:
    r"""The quadratic :math:`f(\theta) = \tfrac12\,\theta^\top H \theta`.

    Parameters
    ----------
    eigenvalues : array_like, shape (d,)
        Eigenvalues of H, each >= 0.
    rotation : ndarray, shape (d, d), optional
        Orthogonal Q with :math:`H = Q\,\mathrm{diag}(\lambda)\,Q^\top`; the
        identity by default, so that H is diagonal.
    start : array_like, shape (d,), optional
        All ones by default.

    Examples
    --------
    >>> p = quadratic([1.0, 100.0])
    >>> print(p.f(p.start), p.grad(p.start))
    50.5 [  1. 100.]
    """
    lam = np.array(eigenvalues, dtype=float)
    if lam.ndim != 1 or not np.all(lam >= 0) or not np.all(np.isfinite(lam)):
        raise ValueError(f"eigenvalues must be a list of numbers >= 0, got {eigenvalues!r}")
    d = lam.size
    if rotation is not None:
        if rotation.shape != (d, d) or not np.allclose(rotation @ rotation.T, np.eye(d)):
            raise ValueError(f"rotation must be an orthogonal {d} x {d} matrix, got {rotation!r}")
        hessian = _times(rotation * lam, rotation.T)

    def grad(theta: Array) -> Array:
        return theta * lam if rotation is None else _times(theta, hessian)

    def f(theta: Array) -> Array:
        return np.asarray(0.5 * np.sum(theta * grad(theta), axis=-1))

    x0 = np.ones(d) if start is None else np.array(start, dtype=float)
    if x0.shape != (d,):
        raise ValueError(f"start must have shape {(d,)}, got {x0.shape}")
    return Problem(name, f, grad, x0, np.zeros(d), 0.0, domain)


def valley(kappa: float = 100.0) -> Problem:
    r"""A narrow valley along an axis: :math:`f = \tfrac12 (x^2 + \kappa y^2)`.

    Examples
    --------
    >>> print(valley(kappa=10.0).grad(np.array([1.0, 1.0])))
    [ 1. 10.]
    """
    kappa = at_least_zero("kappa", kappa)
    box = ((-2.4, 1.4), (-1.2, 1.2))
    return quadratic([1.0, kappa], start=[-2.0, 1.0], name="valley", domain=box)


def rotated_valley(kappa: float = 100.0, degrees: float = 45.0) -> Problem:
    """The :func:`valley` and its start, turned counter-clockwise by ``degrees``.

    Examples
    --------
    >>> p, q = valley(), rotated_valley()
    >>> bool(np.isclose(p.f(p.start), q.f(q.start)))
    True
    """
    kappa = at_least_zero("kappa", kappa)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, -s], [s, c]])
    box = ((-2.6, 1.4), (-2.0, 1.2))
    start = _times(valley(kappa).start, turn.T)
    return quadratic([1.0, kappa], turn, start, name="rotated valley", domain=box)


def rosenbrock() -> Problem:
    r"""Rosenbrock's curved valley: :math:`f = (1-x)^2 + 100\,(y-x^2)^2`, minimum at (1, 1).

    Examples
    --------
    >>> p = rosenbrock()
    >>> print(p.f(p.minimum), p.grad(p.minimum))
    0.0 [0. 0.]
    """

    def f(theta: Array) -> Array:
        x, y = theta[..., 0], theta[..., 1]
        return np.asarray((1 - x) ** 2 + 100 * (y - x**2) ** 2)

    def grad(theta: Array) -> Array:
        x, y = theta[..., 0], theta[..., 1]
        gap = y - x**2
        return np.stack([2 * (x - 1) - 400 * x * gap, 200 * gap], axis=-1)

    box = ((-2.0, 2.0), (-1.0, 3.0))
    return Problem("Rosenbrock", f, grad, np.array([-1.5, 2.0]), np.ones(2), 0.0, box)


def saddle() -> Problem:
    r"""A saddle at the origin: :math:`f = \tfrac12 x^2 - \tfrac12 y^2 + \tfrac14 y^4`.

    The minima are (0, -1) and (0, 1), with value -1/4. Runs begin close to the
    ridge y = 0.

    Examples
    --------
    >>> p = saddle()
    >>> print(p.f(p.minimum), p.grad(np.zeros(2)) == 0)
    -0.25 [ True  True]
    """

    def f(theta: Array) -> Array:
        x, y = theta[..., 0], theta[..., 1]
        return np.asarray(0.5 * x**2 - 0.5 * y**2 + 0.25 * y**4)

    def grad(theta: Array) -> Array:
        x, y = theta[..., 0], theta[..., 1]
        return np.stack([x, y**3 - y], axis=-1)

    box = ((-1.5, 1.5), (-1.5, 1.5))
    return Problem("saddle", f, grad, np.array([1.0, 1e-3]), np.array([0.0, 1.0]), -0.25, box)
