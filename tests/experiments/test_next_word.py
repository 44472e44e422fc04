"""Softmax problems with a known law, and the rules raced on them."""

from __future__ import annotations

import numpy as np
import pytest

import adam_lib as al
from adam_lib.experiments import denominators as den
from adam_lib.experiments import next_word as nw


def small(seed: int = 0, **kind: float) -> nw.NextWord:
    rng = np.random.default_rng(seed)
    sizes = {"sets": 2, "words": 6, "contexts": 5, "features": 4, "dtype": float}
    return nw.next_word(rng, **(sizes | kind))  # type: ignore[arg-type]


def test_the_law_is_a_softmax_the_model_can_reach() -> None:
    data = small()
    np.testing.assert_allclose(data.law.sum(axis=-1), 1, rtol=1e-12)
    z = np.log(data.law)
    z -= z.mean(axis=-1, keepdims=True)
    fitted, *_ = np.linalg.lstsq(data.features[0], z[0], rcond=None)
    np.testing.assert_allclose(data.features[0] @ fitted, z[0], atol=1e-10)


def test_a_unit_changes_the_features_and_not_the_law() -> None:
    plain, scaled = small(), small(unit=10.0)
    np.testing.assert_array_equal(plain.law, scaled.law)
    np.testing.assert_allclose(scaled.features[..., :2], 10 * plain.features[..., :2])
    np.testing.assert_array_equal(scaled.features[..., 2:], plain.features[..., 2:])


def test_the_beginning_knows_the_frequencies() -> None:
    data = small()
    z = data.features @ nw.beginning(data)
    q = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(q, np.broadcast_to(data.frequency, q.shape))


def test_the_gradient_is_that_of_the_divergences() -> None:
    data = small()
    W = np.random.default_rng(1).normal(size=(2, 5, 6))
    error = al.gradcheck(lambda W: nw.divergences(W, data).sum(), lambda W: nw.gradient(W, data), W)
    assert error < 1e-8


def test_divergences_sum_to_kullback_and_leiblers() -> None:
    data = small()
    uniform = np.zeros((2, 5, 6))
    kl = (data.law * np.log(data.law * 6)).sum(axis=-1).mean(axis=-1)
    np.testing.assert_allclose(nw.divergences(uniform, data).sum(axis=-1), kl)


def test_samples_average_to_the_law() -> None:
    data, rng = small(), np.random.default_rng(2)
    mean = np.mean([nw.sample(data, 50, rng).law for _ in range(400)], axis=0)
    error = np.sqrt(data.law * (1 - data.law) / 20_000)
    assert np.max(np.abs(mean - data.law) / error) < 5


@pytest.mark.parametrize(("rule", "optimizer"), [("Adam", al.Adam), ("momentum", al.SGD)])
def test_rules_are_the_librarys(rule: str, optimizer: type[al.Optimizer]) -> None:
    data, rate, steps = small(), 0.3, 30
    hyper = {"betas": (0.9, 0.99), "eps": den.EPS} if rule == "Adam" else {"momentum": 0.9}
    unit = rate if rule == "Adam" else 0.1 * rate  # m is an average there, a sum here
    W = nw.beginning(data)
    opt = optimizer(W, lr=lambda t: unit * (1 - (t - 1) / steps), **hyper)
    for _ in range(steps):
        opt.step(nw.gradient(W, data))
    expected = nw.divergences(W, data)
    np.testing.assert_allclose(den.descend(data, rule, rate, steps=steps), expected, rtol=1e-6)


def test_fixed_rates_divide_by_the_frequency() -> None:
    data = small()
    W = nw.beginning(data)
    W -= 0.1 * 0.1 * nw.gradient(W, data) / data.frequency
    found = den.descend(data, "fixed rates", 0.1, steps=1)
    np.testing.assert_allclose(found, nw.divergences(W, data), rtol=1e-9)


def test_momentum_does_not_see_a_rotation_and_adam_does() -> None:
    data, rng = small(), np.random.default_rng(3)
    turn = den.Turn(*(np.linalg.qr(rng.normal(size=(n, n)))[0] for n in (5, 6)))
    for rule, same in (("momentum", True), ("one v", True), ("Adam", False)):
        seen = [den.descend(data, rule, 0.5, steps=20, turn=t) for t in (None, turn)]
        assert np.allclose(*seen, rtol=1e-8) == same, rule


def test_a_denominator_that_is_pooled_keeps_its_mean() -> None:
    square = np.random.default_rng(4).random((3, 4, 7))
    for rule in den.POOLED:
        out = den.pooled(square, rule)
        assert out.shape == square.shape
        np.testing.assert_allclose(out.mean(axis=(-2, -1)), square.mean(axis=(-2, -1)))
    assert len(np.unique(den.pooled(square[0], "v a word"))) == 2 * 7


def test_a_constant_rate_and_samples() -> None:
    data = small()
    falling, constant = (den.descend(data, "sign", 0.1, constant=c) for c in (False, True))
    assert falling.sum() < constant.sum()
    a, b, c = (den.descend(data, "Adam", 0.1, each=3, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert np.any(a != c)


def test_a_run_that_overflows_scores_infinity() -> None:
    assert np.all(np.isinf(den.descend(small(unit=1e9), "momentum", 1e300).sum(axis=1)))


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="rule must be one of"):
        den.descend(small(), "adam", 0.1)
    with pytest.raises(ValueError, match="steps must be"):
        den.descend(small(), "Adam", 0.1, steps=0)
    with pytest.raises(ValueError, match="each must be"):
        nw.sample(small(), 0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="contexts must be"):
        small(contexts=0)


def test_tuning_goes_on_at_an_end_and_stops_where_nothing_works() -> None:
    rate, curve = den.tune(lambda rate: abs(np.log10(rate) + 3), 1.0)
    assert np.isclose(rate, 1e-3)
    assert min(curve) < -3 < max(curve)
    _, curve = den.tune(lambda rate: np.inf, 1.0)
    assert len(curve) <= 11
