"""Problems, gradcheck and minimize: each checked by something that does not share its formulas."""

from __future__ import annotations

import re
from math import inf, nan
from typing import Any

import numpy as np
import pytest

import adam_lib as al
from tests.library.table import CASES, Case, run_rule, same_bits


def turned(d: int) -> np.ndarray:
    """An orthogonal matrix: Householder's reflection in the vector (1, 2, ..., d)."""
    v = np.arange(1.0, d + 1)
    return np.eye(d) - 2 * np.outer(v, v) / (v @ v)


PROBLEMS = {
    "quadratic": al.quadratic([0.5, 2.0, 30.0]),
    "rotated quadratic": al.quadratic([0.5, 2.0, 30.0], turned(3), [1.0, -2.0, 0.5]),
    "valley": al.valley(),
    "gentle valley": al.valley(kappa=3.0),
    "rotated valley": al.rotated_valley(),
    "valley at 30 degrees": al.rotated_valley(kappa=10.0, degrees=30.0),
    "rosenbrock": al.rosenbrock(),
    "saddle": al.saddle(),
}
EVERY = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


def around(problem: al.Problem, shape: tuple[int, ...] = (4, 5)) -> np.ndarray:
    """Points near the start and the minimum."""
    d = problem.start.size
    rng = np.random.default_rng(3)
    mix = rng.random((*shape, 1))
    return mix * problem.start + (1 - mix) * problem.minimum + rng.normal(size=(*shape, d))


# -- problems ----------------------------------------------------------------------


@EVERY
def test_gradient_by_differences(problem: al.Problem) -> None:
    for theta in around(problem).reshape(-1, problem.start.size):
        assert al.gradcheck(problem.f, problem.grad, theta) < 1e-8


@EVERY
def test_minimum(problem: al.Problem) -> None:
    """The gradient is zero there, the value is f_min, and nothing nearby or anywhere is lower."""
    assert not problem.grad(problem.minimum).any()
    assert float(problem.f(problem.minimum)) == problem.f_min
    rng = np.random.default_rng(4)
    for scale in (1e-3, 1.0, 10.0):
        near = problem.minimum + scale * rng.normal(size=(1000, problem.start.size))
        assert np.all(problem.f(near) >= problem.f_min)


@EVERY
def test_start(problem: al.Problem) -> None:
    """Above the minimum, where there is a slope, and inside what is drawn."""
    assert float(problem.f(problem.start)) > problem.f_min
    assert np.any(problem.grad(problem.start))
    assert problem.start.shape == problem.minimum.shape
    if problem.domain is not None:
        low, high = np.transpose(problem.domain)
        for point in (problem.start, problem.minimum):
            assert np.all((low < point) & (point < high))


def test_the_saddle_is_started_beside_its_ridge() -> None:
    """On the ridge itself the slope along y is 0, and no optimizer leaves it."""
    run = al.minimize(al.saddle(), al.SGD, 200, lr=0.1)
    assert abs(run.f[-1] - al.saddle().f_min) < 1e-3
    assert run.f[20] > -1e-3  # but not at once


def test_a_problem_keeps_what_it_was_made_of() -> None:
    """Whatever becomes of the arrays it was made from."""
    eigenvalues, start = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    problem = al.quadratic(eigenvalues, start=start)
    eigenvalues[:], start[:] = 0.0, 0.0
    assert problem.grad(problem.start).tolist() == [3.0, 8.0]


@EVERY
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_leading_axes_are_a_loop(problem: al.Problem, shape: tuple[int, ...]) -> None:
    theta = around(problem, shape)
    f, g = problem.f(theta), problem.grad(theta)
    assert np.shape(f) == shape
    assert g.shape == theta.shape
    for i in np.ndindex(shape):
        np.testing.assert_allclose(f[i], problem.f(theta[i]), rtol=1e-13)
        np.testing.assert_allclose(g[i], problem.grad(theta[i]), rtol=1e-12, atol=1e-12)


@EVERY
def test_evaluation_does_not_touch_theta(problem: al.Problem) -> None:
    theta = problem.start.copy()
    theta.flags.writeable = False
    problem.f(theta)
    g = problem.grad(theta)
    assert not np.may_share_memory(g, theta)
    g[:] = 0.0
    assert same_bits(theta, problem.start)


def test_values_by_hand() -> None:
    at = np.array
    # (1 + 100 * 4) / 2;  2^2/2 + 100 * 1/2 at the start (-2, 1)
    assert float(al.valley(100.0).f(at([1.0, 2.0]))) == 200.5
    assert float(al.valley(100.0).f(al.valley().start)) == 52.0
    # (1 + 1)^2 + 100 * (2 - 1)^2;  d/dx = -2 * 2 + 400 * 1 * 1, d/dy = 200
    assert float(al.rosenbrock().f(at([-1.0, 2.0]))) == 104.0
    assert al.rosenbrock().grad(at([-1.0, 2.0])).tolist() == [396.0, 200.0]
    # 1/2 - 4/2 + 16/4;  (1, 8 - 2)
    assert float(al.saddle().f(at([1.0, 2.0]))) == 2.5
    assert al.saddle().grad(at([1.0, 2.0])).tolist() == [1.0, 6.0]
    assert float(al.saddle().f(at([0.0, -1.0]))) == -0.25  # the other minimum


def test_rotation_keeps_the_spectrum() -> None:
    """Gradients of unit vectors are the Hessian's columns: symmetric, with the same eigenvalues."""
    lam = [0.5, 2.0, 30.0]
    for rotation in (None, turned(3)):
        hessian = al.quadratic(lam, rotation).grad(np.eye(3))
        np.testing.assert_allclose(hessian, hessian.T, atol=1e-14)
        np.testing.assert_allclose(np.linalg.eigvalsh(hessian), lam, rtol=1e-12)
    assert abs(al.quadratic(lam, turned(3)).grad(np.eye(3))[0, 1]) > 0.1
    # Column k of the rotation is the eigenvector of the k-th eigenvalue.
    q = turned(3)
    np.testing.assert_allclose(
        al.quadratic(lam, q).grad(q.T), q.T * np.array(lam)[:, None], atol=1e-13
    )


def test_rotated_valley_is_the_valley_turned() -> None:
    """Counter-clockwise: what lay along x lies at 30 degrees; values follow."""
    c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
    there, here = al.valley(10.0), al.rotated_valley(10.0, degrees=30.0)
    for x, y in [(1.0, 0.0), (0.0, 1.0), (-2.0, 0.5)]:
        moved = np.array([c * x - s * y, s * x + c * y])
        assert float(here.f(moved)) == pytest.approx(float(there.f(np.array([x, y]))), rel=1e-12)
    np.testing.assert_allclose(here.start, [c * -2.0 - s * 1.0, s * -2.0 + c * 1.0], rtol=1e-12)
    assert float(here.f(here.start)) == pytest.approx(float(there.f(there.start)), rel=1e-12)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_random_rotation(d: int) -> None:
    """Orthogonal, a function of the generator, and of mean zero (Haar) in every entry."""
    draws = np.array([al.random_rotation(d, np.random.default_rng(seed)) for seed in range(400)])
    identity = np.einsum("nij,nkj->nik", draws, draws)
    np.testing.assert_allclose(identity, np.broadcast_to(np.eye(d), identity.shape), atol=3e-15)
    assert same_bits(draws[7], al.random_rotation(d, np.random.default_rng(7)))
    # An entry has mean 0 and variance 1/d: five standard errors of the mean of 400.
    assert np.all(abs(draws.mean(axis=0)) < 5 / np.sqrt(d * 400))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: al.quadratic([-1.0, 2.0]),
            ValueError,
            "eigenvalues must be a list of numbers >= 0",
        ),
        (
            lambda: al.quadratic([nan]),
            ValueError,
            "eigenvalues must be a list of numbers >= 0, got [nan]",
        ),
        (
            lambda: al.quadratic([inf]),
            ValueError,
            "eigenvalues must be a list of numbers >= 0, got [inf]",
        ),
        (
            lambda: al.quadratic(3.0),
            ValueError,
            "eigenvalues must be a list of numbers >= 0, got 3.0",
        ),
        (
            lambda: al.quadratic([1, 2], np.ones((2, 2))),
            ValueError,
            "rotation must be an orthogonal 2 x 2",
        ),
        (
            lambda: al.quadratic([1, 2], np.eye(3)),
            ValueError,
            "rotation must be an orthogonal 2 x 2",
        ),
        (
            lambda: al.quadratic([1, 2], start=[1.0]),
            ValueError,
            "start must have shape (2,), got (1,)",
        ),
        (lambda: al.valley(-1.0), ValueError, "kappa must be >= 0, got -1.0"),
        (lambda: al.valley(nan), ValueError, "kappa must be >= 0, got nan"),
        (lambda: al.rotated_valley("steep"), TypeError, "kappa must be a real number, got 'steep'"),
    ],
)
def test_bad_problems(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


# -- gradcheck ---------------------------------------------------------------------


def test_gradcheck_tells_right_from_wrong() -> None:
    x = np.array([0.5, -1.5, 2.0])
    assert al.gradcheck(lambda x: np.sum(np.sin(x)), np.cos, x) < 1e-9
    assert al.gradcheck(lambda x: np.sum(np.sin(x)), np.sin, x) > 0.1
    # wrong in one coordinate only, by one part in a thousand
    assert al.gradcheck(
        lambda x: np.sum(x**2), lambda x: 2 * x * np.array([1, 1, 1.001]), x
    ) == pytest.approx(1e-3, rel=0.01)
    # by 1e-4 where the gradient is zero: relative to it that would be infinite
    at_zero = al.gradcheck(lambda x: np.sum(x**2), lambda x: 2 * x + 1e-4, np.zeros(2))
    assert at_zero == pytest.approx(1e-4, rel=1e-3)
    # large gradients are judged relatively
    big = al.gradcheck(lambda x: 1e6 * np.sum(x**2), lambda x: 2e6 * x * 1.01, x)
    assert big == pytest.approx(0.01, rel=0.02)
    # relative to the larger of the two: what is all wrong is wrong by 1
    assert al.gradcheck(lambda x: 0.0, lambda x: 100 + x, x) == 1.0
    assert al.gradcheck(lambda x: 100 * np.sum(x), lambda x: 0 * x, x) == 1.0


def test_gradcheck_sees_nan() -> None:
    x = np.ones(2)
    assert al.gradcheck(lambda x: np.sum(x), lambda x: np.array([1.0, nan]), x) == inf
    assert al.gradcheck(lambda x: nan, lambda x: np.ones(2), x) == inf


def test_gradcheck_of_arrays_of_any_shape() -> None:
    for shape in [(), (1,), (2, 3)]:
        x = np.linspace(1, 2, int(np.prod(shape))).reshape(shape)
        assert al.gradcheck(lambda x: np.sum(x**3), lambda x: 3 * x**2, x) < 1e-8
        assert al.gradcheck(lambda x: np.sum(x**3), lambda x: 3.01 * x**2, x) > 1e-3
    assert al.gradcheck(lambda x: 0.0, lambda x: x, np.empty(0)) == 0.0


def test_gradcheck_leaves_theta_alone() -> None:
    x = np.array([1.0, 2.0])
    x.flags.writeable = False
    al.gradcheck(lambda x: np.sum(x**2), lambda x: 2 * x, x)

    def meddling(x: np.ndarray) -> np.ndarray:
        x *= 2
        return x

    assert al.gradcheck(lambda x: np.sum(x**2), meddling, x) < 1e-8


def test_gradcheck_bad_arguments() -> None:
    x = np.ones(2)
    with pytest.raises(ValueError, match=r"grad must return shape \(2,\), got \(\)"):
        al.gradcheck(np.sum, np.sum, x)
    for h in (0.0, -1e-5, nan):
        with pytest.raises(ValueError, match=f"h must be > 0, got {h}"):
            al.gradcheck(np.sum, np.ones_like, x, h=h)


# -- minimize ------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=str)
def test_minimize_is_the_rule_from_the_start(case: Case) -> None:
    """The whole path, bit for bit; entry 0 is the start, and no entry is a view of another."""
    problem = al.rosenbrock()
    run = al.minimize(problem, al.OPTIMIZERS[case.name], 7, **{**case.hyper, "lr": 1e-3})
    case = Case(case.name, {**case.hyper, "lr": 1e-3})
    assert run.label == case.name
    assert run.theta.shape == (8, 2)
    for steps in range(8):
        thetas, _ = run_rule(case, [problem.start], lambda t, p: [problem.grad(p[0])], steps)
        assert same_bits(run.theta[steps], thetas[0])
    np.testing.assert_array_equal(run.f, [problem.f(x) for x in run.theta])
    assert len({x.tobytes() for x in run.theta}) == 8
    assert problem.start.tolist() == al.rosenbrock().start.tolist()


def test_many_runs_at_once_are_each_alone() -> None:
    starts = np.array(
        [[[-1.0, 0.5], [0.5, 1.0]], [[2.0, -1.0], [0.0, 0.0]], [[1.0, 1.0], [3.0, 0.0]]]
    )
    runs = al.minimize(al.valley(), al.Adam, 20, start=starts, lr=0.1)
    assert runs.theta.shape == (21, 3, 2, 2)
    assert runs.f.shape == (21, 3, 2)
    assert same_bits(runs.theta[0], starts)
    for i in np.ndindex(3, 2):
        one = al.minimize(al.valley(), al.Adam, 20, start=starts[i], lr=0.1)
        assert same_bits(one.theta, runs.theta[(slice(None), *i)])
    assert starts[0, 0].tolist() == [-1.0, 0.5]


@pytest.mark.parametrize(
    ("name", "hyper"),
    [
        ("SGD", {"lr": 0.015}),
        ("SGD", {"lr": 0.01, "momentum": 0.9}),
        ("AdaGrad", {"lr": 0.5}),
        ("RMSprop", {"lr": lambda t: 0.1 / t**0.5}),
        ("Adadelta", {}),
        ("Adam", {"lr": 0.1}),
    ],
    ids=["SGD", "momentum", "AdaGrad", "RMSprop", "Adadelta", "Adam"],
)
def test_every_system_descends_the_valley(name: str, hyper: dict[str, Any]) -> None:
    run = al.minimize(al.valley(), al.OPTIMIZERS[name], 2000, **hyper)
    assert run.f[-1] < 0.01 * run.f[0]


def test_noise() -> None:
    """It comes from the generator given, has the sd asked for, and is not in `f`."""
    flat = al.quadratic([0.0, 0.0], start=[1.0, 2.0])
    run = al.minimize(flat, al.SGD, 4000, noise=0.5, rng=np.random.default_rng(1), lr=1.0)
    steps = np.diff(run.theta, axis=0)
    assert np.std(steps) == pytest.approx(0.5, rel=0.04)  # 4 standard errors of 8000 draws
    assert abs(np.corrcoef(steps.T)[0, 1]) < 0.08
    assert not run.f.any()
    again = al.minimize(flat, al.SGD, 4000, noise=0.5, rng=np.random.default_rng(1), lr=1.0)
    assert same_bits(run.theta, again.theta)
    other = al.minimize(flat, al.SGD, 4000, noise=0.5, rng=np.random.default_rng(2), lr=1.0)
    assert not np.array_equal(run.theta, other.theta)
    pair = np.ones((2, 2))
    runs = al.minimize(
        flat, al.SGD, 1000, start=pair, noise=0.5, rng=np.random.default_rng(1), lr=1.0
    )
    left, right = (np.diff(runs.theta[:, i], axis=0).ravel() for i in (0, 1))
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.1  # each run has its own noise
    rng = np.random.default_rng(1)
    al.minimize(flat, al.SGD, 5, rng=rng, lr=1.0)
    assert rng.random() == np.random.default_rng(1).random()  # without noise nothing is drawn


def test_no_steps_is_the_start_alone() -> None:
    run = al.minimize(al.valley(), al.Adam, 0)
    assert run.theta.tolist() == [al.valley().start.tolist()]
    assert run.f.tolist() == [52.0]


def test_f_is_the_objective_and_not_its_excess_over_the_minimum() -> None:
    run = al.minimize(al.saddle(), al.Adam, 0, start=[0.0, 1.0])
    assert run.f.tolist() == [-0.25]


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"steps": -1}, ValueError, "steps must be a whole number >= 0, got -1"),
        ({"steps": 2.0}, ValueError, "steps must be a whole number >= 0, got 2.0"),
        ({"steps": True}, ValueError, "steps must be a whole number >= 0, got True"),
        ({"noise": -1.0}, ValueError, "noise must be >= 0, got -1.0"),
        ({"noise": nan}, ValueError, "noise must be >= 0, got nan"),
        ({"noise": 0.1}, ValueError, "rng must be given when noise > 0, got noise=0.1 and no rng"),
        ({"start": [1.0]}, ValueError, "start must have shape (..., 2), got (1,)"),
        ({"start": 1.0}, ValueError, "start must have shape (..., 2), got ()"),
        ({"lr": -1.0}, ValueError, "lr must be >= 0, got -1.0"),
        ({"learning_rate": 1.0}, TypeError, "learning_rate"),
    ],
)
def test_bad_runs(kwargs: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        al.minimize(al.valley(), al.Adam, **{"steps": 3, **kwargs})
