"""Exponential moving averages against exact rational arithmetic."""

from __future__ import annotations

from fractions import Fraction as F
from math import e, inf, log, nan, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adam_lib as al

BETAS = (0.0, 0.25, 0.5, 0.9, 0.99, 0.999)
OBSERVED = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, -6.0]


def exact_weights(beta: float, t: int) -> list[F]:
    """w_1, ..., w_t: what each observation is worth after all have come in, by unrolling."""
    weights: list[F] = []
    for _ in range(t):
        weights = [w * F(beta) for w in weights] + [1 - F(beta)]
    return weights


@pytest.mark.parametrize("beta", BETAS)
def test_ema_is_the_weighted_sum(beta: float) -> None:
    m = al.ema(OBSERVED, beta)
    for t in range(1, len(OBSERVED) + 1):
        terms = zip(exact_weights(beta, t), OBSERVED, strict=False)
        exact = sum(w * F(x) for w, x in terms)
        assert m[t - 1] == pytest.approx(float(exact), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("t", [1, 2, 7, 40])
def test_weights_and_their_sums(beta: float, t: int) -> None:
    exact = exact_weights(beta, t)
    total = sum(exact)
    assert total == 1 - F(beta) ** t
    np.testing.assert_allclose(al.ema_weights(beta, t), [float(w) for w in exact], rtol=1e-14)
    assert float(al.bias_factor(beta, t)) == pytest.approx(float(total), rel=1e-14, abs=0)
    squares = sum((w / total) ** 2 for w in exact)
    assert float(al.variance_factor(beta, t)) == pytest.approx(float(squares), rel=1e-13, abs=0)
    assert float(al.effective_sample_size(beta, t)) == pytest.approx(
        float(1 / squares), rel=1e-13, abs=0
    )


@pytest.mark.parametrize("beta", [1 - 1e-6, 1 - 1e-12, 1 - 2**-52])
@pytest.mark.parametrize("t", [1, 3, 1000])
def test_bias_factor_keeps_its_digits_close_to_1(beta: float, t: int) -> None:
    """Where 1 - beta**t in floats has lost most of them."""
    exact = 1 - F(beta) ** t
    assert float(al.bias_factor(beta, t)) == pytest.approx(float(exact), rel=1e-14, abs=0)


def test_variance_is_that_of_the_corrected_average() -> None:
    """Over all 2^8 sequences of +-1: variance 1, independent. Exact up to rounding."""
    signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * 8)).reshape(8, -1)
    m_hat = al.corrected_ema(signs, 0.9)
    for t in range(1, 9):
        assert np.mean(m_hat[t - 1]) == pytest.approx(0, abs=1e-15)
        variance = np.mean(m_hat[t - 1] ** 2)
        assert variance == pytest.approx(float(al.variance_factor(0.9, t)), rel=1e-13, abs=0)


@pytest.mark.parametrize("beta", BETAS)
def test_limits(beta: float) -> None:
    assert float(al.bias_factor(beta, inf)) == 1.0
    limit = float((1 + F(beta)) / (1 - F(beta)))
    assert float(al.effective_sample_size(beta)) == pytest.approx(limit, rel=1e-14, abs=0)
    assert float(al.variance_factor(beta)) == pytest.approx(1 / limit, rel=1e-14, abs=0)
    assert float(al.effective_sample_size(beta, 10**6)) == pytest.approx(limit, rel=1e-12, abs=0)
    assert float(al.effective_sample_size(beta, 1)) == pytest.approx(1, rel=1e-15, abs=0)


def test_known_times() -> None:
    """How often 0.9 has to be multiplied before a half, or 1/e, is left."""
    weight, n = 1.0, 0
    while weight * 0.9 > 0.5:
        weight, n = weight * 0.9, n + 1
    assert n == int(al.half_life(0.9)) == 6
    for beta in BETAS[1:]:
        assert beta ** al.half_life(beta) == pytest.approx(0.5, rel=1e-12, abs=0)
        assert beta ** al.time_constant(beta) == pytest.approx(1 / e, rel=1e-12, abs=0)
    assert al.half_life(0.0) == al.time_constant(0.0) == 0.0
    assert al.half_life(0.999) == pytest.approx(692.8, abs=0.05)


def test_uncorrected_factor() -> None:
    """0.1/sqrt(0.001) = sqrt(10) at t = 1; 0.19/sqrt(0.001999) at t = 2; 1 in the end."""
    factor = al.uncorrected_factor((0.9, 0.999), [1, 2, inf])
    np.testing.assert_allclose(factor, [sqrt(10), 0.19 / sqrt(0.001999), 1.0], rtol=1e-12)
    curve = al.uncorrected_factor((0.9, 0.999), np.arange(1, 5001))
    assert np.argmax(curve) + 1 == 12
    assert curve.max() == pytest.approx(6.5685, abs=5e-5)
    assert np.flatnonzero(curve >= 1.01)[-1] + 2 == 3925  # below 1.01 from here on
    assert float(al.uncorrected_factor((0.5, 0.5), 1)) < 1
    swapped = al.uncorrected_factor((0.999, 0.9), 1)
    assert float(swapped) == pytest.approx(0.001 / sqrt(0.1), rel=1e-12, abs=0)


@pytest.mark.parametrize("beta", BETAS)
def test_a_constant_is_recovered(beta: float) -> None:
    np.testing.assert_allclose(al.corrected_ema(np.full(50, 7.0), beta), 7.0, rtol=1e-13)


def test_the_average_runs_along_the_first_axis() -> None:
    x = np.arange(24.0).reshape(4, 2, 3) ** 2
    for average in (al.ema, al.corrected_ema):
        whole = average(x, 0.75)
        assert whole.shape == x.shape
        for i in np.ndindex(2, 3):
            column = (slice(None), *i)
            np.testing.assert_array_equal(whole[column], average(x[column], 0.75))
        assert average(np.empty((0, 3)), 0.5).shape == (0, 3)


def test_inputs_are_not_changed() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    x.flags.writeable = False
    al.ema(x, 0.9)
    al.corrected_ema(x, 0.9)
    assert al.ema([1, 2], 0.5).dtype == float


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30),
    st.floats(0, 1, exclude_max=True),
    st.floats(-1e3, 1e3),
)
def test_ema_is_linear_and_bounded(x: list[float], beta: float, shift: float) -> None:
    """The corrected average lies between the extremes and follows a shift of the data."""
    m_hat = al.corrected_ema(x, beta)
    tolerance = 1e-9 * (1 + max(map(abs, x)) + abs(shift))
    t = np.arange(1, len(x) + 1)
    good = al.bias_factor(beta, t) > 1e-6  # below, the recursion itself has lost its digits
    assert np.all((m_hat >= min(x) - tolerance)[good])
    assert np.all((m_hat <= max(x) + tolerance)[good])
    moved = al.corrected_ema(np.array(x) + shift, beta)
    assert np.all((abs(moved - m_hat - shift) <= tolerance)[good])


def test_arrays_of_t() -> None:
    t = np.array([[1, 2], [3, 4]])
    for f in (al.bias_factor, al.variance_factor, al.effective_sample_size):
        assert f(0.9, t).shape == (2, 2)
        assert f(0.9, t)[1, 0] == f(0.9, 3)
    assert al.uncorrected_factor((0.9, 0.99), t).shape == (2, 2)
    assert np.log(al.bias_factor(0.5, 2)) == pytest.approx(log(0.75))


@pytest.mark.parametrize("beta", BETAS)
def test_whole_numbers_give_floats(beta: float) -> None:
    """An integer t does not make an integer array, not even of ones."""
    for t in (3, [1, 2], np.array([1, 2], "int8"), 2**70):
        for f in (al.bias_factor, al.variance_factor, al.effective_sample_size):
            assert f(beta, t).dtype == float


def test_far_steps_are_infinity() -> None:
    """beta**t is 0 at t = infinity, for every beta, without a warning."""
    for beta in BETAS:
        for f in (al.bias_factor, al.variance_factor):
            near, far, mixed = f(beta, 10**7), f(beta, inf), f(beta, [10**7, inf])
            assert near == far == mixed[0] == mixed[1]


COUNTED: list[Any] = [
    al.bias_factor,
    al.variance_factor,
    al.effective_sample_size,
    al.ema_weights,
    lambda beta, t: al.uncorrected_factor((beta, 0.9), t),
]


@pytest.mark.parametrize("t", [0, -1, 1.5, nan, -inf])
@pytest.mark.parametrize("f", COUNTED)
def test_t_must_count(f: Any, t: float) -> None:
    with pytest.raises(ValueError, match="t must be a whole number >= 1") as info:
        f(0.9, t)
    assert repr(t) in str(info.value)


def test_weights_are_finitely_many() -> None:
    with pytest.raises(ValueError, match=r"^t must be finite, got inf$"):
        al.ema_weights(0.9, inf)  # type: ignore[arg-type]


BETA: list[Any] = [
    lambda beta: al.ema([1.0], beta),
    lambda beta: al.corrected_ema([1.0], beta),
    lambda beta: al.ema_weights(beta, 3),
    lambda beta: al.bias_factor(beta, 3),
    lambda beta: al.variance_factor(beta, 3),
    lambda beta: al.effective_sample_size(beta, 3),
    al.half_life,
    al.time_constant,
]


@pytest.mark.parametrize("beta", [1.0, 2.0, -0.5, nan, inf])
@pytest.mark.parametrize("f", BETA)
def test_beta_must_be_a_decay_rate(f: Any, beta: float) -> None:
    with pytest.raises(ValueError, match=r"beta must be in \[0, 1\), got") as info:
        f(beta)
    assert str(beta) in str(info.value)


def test_other_bad_arguments() -> None:
    with pytest.raises(TypeError, match=r"beta must be a real number, got '0\.9'"):
        al.half_life("0.9")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"betas\[1\] must be in \[0, 1\), got 1.0"):
        al.uncorrected_factor((0.9, 1.0), 1)
    with pytest.raises(
        ValueError, match=r"x must have a first axis to average along, got the number 5\.0"
    ):
        al.ema(5.0, 0.9)
