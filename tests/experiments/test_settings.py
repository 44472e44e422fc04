"""Noisy quadratics side by side, stacked networks, and what a schedule leaves."""

from __future__ import annotations

from math import erf, exp, pi, sqrt

import numpy as np
import pytest

from adam_lib import SGD, Adam
from adam_lib.experiments import models, schedules
from adam_lib.experiments.settings import descend, left_by, stacked_mlp, train_digits


@pytest.mark.parametrize("k", [0.3, 4.0, 60.0])
def test_what_straight_lines_leave(k: float) -> None:
    start, noise = left_by(np.ones_like, k)
    assert start == pytest.approx(exp(-2 * k))
    assert noise == pytest.approx(1 - exp(-2 * k), rel=1e-5)
    start, noise = left_by(lambda p: 1 - p, k)
    assert start == pytest.approx(exp(-k))
    assert noise == pytest.approx(sqrt(pi / k) / 2 * erf(sqrt(k)) - exp(-k), rel=1e-5)


def test_without_noise_sgd_contracts_each_coordinate() -> None:
    curvature = np.array([0.5, 2.0])
    runs = descend(
        np.ones((3, 2)),
        4,
        rng=np.random.default_rng(0),
        optimizer=SGD,
        lr=0.1,
        curvature=curvature,
        noise=0.0,
        every=1,
    )
    for t, losses in enumerate(runs, 1):
        assert losses == pytest.approx(np.sum(curvature * (1 - 0.1 * curvature) ** (2 * t)) / 2)


def test_rates_side_by_side_are_single_runs() -> None:
    """In units of its rate a run of Adam has the rate 1, at eps = 0."""
    start = np.full((2, 5, 3), 2.0)
    rate = np.array([0.01, 0.3])[:, None, None]
    together = descend(
        start, 30, rng=np.random.default_rng(1), rate=rate, lr=schedules.linear(1.0, 30), eps=0.0
    )
    for i in range(2):
        alone = descend(
            start,
            30,
            rng=np.random.default_rng(1),
            lr=schedules.linear(float(rate[i, 0, 0]), 30),
            eps=0.0,
        )
        np.testing.assert_allclose(together[0, i], alone[0, i], rtol=1e-10)


def test_outliers_multiply_the_noise_of_whole_runs_and_the_limit_cuts_it() -> None:
    calm = descend(np.zeros((400, 2)), 1, rng=np.random.default_rng(2), optimizer=SGD, lr=1.0)
    wild = descend(
        np.zeros((400, 2)),
        1,
        rng=np.random.default_rng(2),
        optimizer=SGD,
        lr=1.0,
        outliers=(0.25, 10.0),
    )
    ratio = wild[0] / calm[0]
    hit = np.isclose(ratio, 100)
    assert np.all(hit | np.isclose(ratio, 1))
    assert 0.15 < np.mean(hit) < 0.35
    cut = descend(
        np.zeros((400, 2)), 1, rng=np.random.default_rng(2), optimizer=SGD, lr=1.0, limit=0.5
    )
    np.testing.assert_allclose(cut[0], np.minimum(calm[0], 0.125), rtol=1e-12)


def test_every_counts_from_the_first_step_and_keeps_the_last() -> None:
    kept = descend(np.ones((2, 1)), 10, rng=np.random.default_rng(3), lr=0.1, every=4)
    assert kept.shape == (3, 2)


def test_stacked_networks_are_the_single_ones() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(9, 6)), rng.integers(0, 4, 9)
    nets = [[p + 0.1 for p in models.mlp_init([6, 5, 4], rng)] for _ in range(3)]
    params = [np.stack([np.atleast_2d(p) for p in ps]) for ps in zip(*nets, strict=True)]
    losses, grads = stacked_mlp(params, x, y)
    for i, net in enumerate(nets):
        loss, own = models.mlp(net, x, y)
        assert losses[i] == pytest.approx(loss, rel=1e-12)
        for g, o in zip(grads, own, strict=True):
            np.testing.assert_allclose(g[i].reshape(o.shape), o, rtol=1e-10, atol=1e-12)


def test_digits_are_learned_and_starts_differ() -> None:
    losses = train_digits([0.01], schedules.constant(1.0), 120, seed=5, starts=3)
    assert losses.shape == (1, 3)
    assert np.all(losses < 1.6)
    assert len(np.unique(losses)) == 3
    again = train_digits([0.01, 1e-6], schedules.constant(1.0), 120, seed=5, starts=3)
    np.testing.assert_allclose(again[0], losses[0], rtol=1e-2)  # float32, another order
    assert np.all(again[1] > 2)


def test_a_wrong_step_count_is_named() -> None:
    with pytest.raises(ValueError, match="steps"):
        descend(np.ones(2), 0, rng=np.random.default_rng(0), optimizer=Adam)
