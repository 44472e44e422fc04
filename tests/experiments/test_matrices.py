"""Races for rules that take matrices: stacks, tuning, bowls and small networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import adam_lib as al
from adam_lib.experiments.bowls import KINDS, bowls
from adam_lib.experiments.matrices import descend, each, heavy_ball, tune
from adam_lib.experiments.nets import digit_nets
from adam_lib.experiments.schedules import linear


def test_a_stack_is_its_matrices() -> None:
    problem = bowls("turned", 3, np.random.default_rng(1))
    (together,), _ = descend(problem, each(*al.AFTER["SOAP"]), 0.1, 20)
    for i in range(3):
        one = replace(problem, target=problem.target[[i]], hessian=problem.hessian[[i]])
        (alone,), _ = descend(one, each(*al.AFTER["SOAP"]), 0.1, 20)
        assert np.allclose(together[i], alone[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("falling", [True, False])
def test_descend_is_sgd_with_the_schedule(falling: bool) -> None:
    problem = bowls("mixed", 2, np.random.default_rng(2), n=3, k=2)
    (found,), _ = descend(problem, heavy_ball(0.5), 0.3, 15, falling=falling)
    theta = np.zeros((2, 3, 2))
    opt = al.SGD(theta, lr=linear(0.3, 15) if falling else 0.3, momentum=0.5)
    for t in range(1, 16):
        opt.step(problem.grad([theta], t)[0])
    assert np.allclose(found, theta, rtol=0, atol=1e-12)


def test_tuning_widens_its_grid_until_the_best_is_inside() -> None:
    for best in (1e-4, 1.0, 1e3):
        scores = tune(lambda lr, best=best: abs(np.log10(lr / best)), 1.0)
        rates = list(scores)
        assert rates == sorted(rates)
        found = min(scores, key=lambda lr: scores[lr])
        assert np.isclose(found, best)
        assert rates[0] < found < rates[-1]


def test_tuning_takes_nan_for_infinite_and_stops() -> None:
    scores = tune(lambda lr: np.nan if lr > 2 else 1 / lr, 1.0)
    assert np.isclose(min(scores, key=lambda lr: scores[lr]), 1.0)
    with pytest.raises(ValueError, match="no best rate within"):
        tune(lambda lr: 1 / lr, 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bowl_s_gradient(kind: str) -> None:
    problem = bowls(kind, 2, np.random.default_rng(3), n=4, k=3)
    theta, d = np.random.default_rng(4).normal(size=(2, 2, 4, 3))
    slope = (problem.f([theta + 1e-5 * d]) - problem.f([theta - 1e-5 * d])) / 2e-5
    whole = np.sum(problem.grad([0 * theta], 1)[0] * -problem.target, axis=(1, 2)) / 2
    expected = np.sum(problem.grad([theta], 1)[0] * d, axis=(1, 2)) / whole
    assert np.allclose(slope, expected, rtol=1e-7)


def test_turned_bowls_are_straight_ones_turned() -> None:
    """Rows and columns of a turned bowl have product axes; a mixed one has none."""
    straight = bowls("straight", 1, np.random.default_rng(5))
    for kind in ("turned", "mixed"):
        other = bowls(kind, 1, np.random.default_rng(5))
        assert np.isclose(np.linalg.norm(other.target), np.linalg.norm(straight.target))
        same = [np.linalg.eigvalsh(x.hessian[0]) for x in (straight, other)]
        assert np.allclose(*same)
        blocks = other.hessian[0].reshape(8, 6, 8, 6).transpose(0, 2, 1, 3).reshape(64, 36)
        assert (np.linalg.matrix_rank(blocks, tol=1e-9) == 1) == (kind == "turned")
    with pytest.raises(ValueError, match=r"^kind must be one of"):
        bowls("bent", 1, np.random.default_rng(5))


def test_the_networks_gradients() -> None:
    nets = digit_nets(2, np.random.default_rng(6), hidden=5, steps=3, size=30)
    params = nets.start()
    grads = nets.grad(params, 2)
    seen = [replace(nets, x=nets.x[rows], y=nets.y[rows]) for rows in nets.batches[:, 1]]
    for j, w in enumerate(params):
        d = np.random.default_rng(7).normal(size=w.shape)
        ahead, behind = ([*params], [*params])
        ahead[j], behind[j] = w + 1e-5 * d, w - 1e-5 * d
        for i, part in enumerate(seen):
            slope = (part.f(ahead)[i] - part.f(behind)[i]) / 2e-5
            assert np.isclose(slope, np.sum(grads[j][i] * d[i]), rtol=1e-6)
