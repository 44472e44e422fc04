"""Schedules, clipping, averages, accumulation, bfloat16."""

from __future__ import annotations

from itertools import pairwise
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from adam_lib.experiments import practice, schedules

FALLING = ("linear", "cosine", "warmup_stable_decay")


@pytest.mark.parametrize("name", FALLING)
@pytest.mark.parametrize("warmup", [0, 1, 7])
def test_where_a_schedule_starts_turns_and_ends(name: str, warmup: int) -> None:
    rate = getattr(schedules, name)(2.0, 40, warmup=warmup, last=0.25)
    assert [rate(t) for t in range(1, warmup + 1)] == [
        2.0 * t / warmup for t in range(1, warmup + 1)
    ]
    assert rate(warmup + 1) == 2.0
    rates = [rate(t) for t in range(warmup + 1, 60)]
    assert all(a >= b for a, b in pairwise(rates))
    assert rate(40) > 0.5
    assert rate(41) == pytest.approx(0.5)
    assert rate(10**6) == pytest.approx(0.5)
    assert rate(np.int64(3)) == rate(3)


def test_the_falls_by_symmetry() -> None:
    """Linear and cosine take away as much before the middle as is left after it."""
    for name in ("linear", "cosine"):
        rate = getattr(schedules, name)(1.0, 100)
        assert all(rate(t) + rate(102 - t) == pytest.approx(1) for t in range(1, 102))
    whole = schedules.warmup_stable_decay(1.0, 100, decay=1.0)
    line = schedules.linear(1.0, 100)
    assert all(whole(t) == pytest.approx(line(t)) for t in range(1, 102))


def test_torch_and_optax_live() -> None:
    optax = pytest.importorskip("optax", reason="optax is not installed: no live comparison")
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: no live comparison")
    ours, theirs = schedules.cosine(0.1, 50, last=0.1), optax.cosine_decay_schedule(0.1, 50, 0.1)
    line, other = schedules.linear(0.1, 50), optax.linear_schedule(0.1, 0.0, 50)
    for t in range(1, 70):
        assert ours(t) == pytest.approx(float(theirs(t - 1)), abs=1e-7)
        assert line(t) == pytest.approx(float(other(t - 1)), abs=1e-7)
    g = [np.array([3.0]), np.array([4.0, 12.0])]
    params = [torch.nn.Parameter(torch.tensor(x)) for x in g]
    for p, x in zip(params, g, strict=True):
        p.grad = torch.tensor(x)
    torch.nn.utils.clip_grad_norm_(params, 2.0)
    for p, x in zip(params, practice.clip_by_global_norm(g, 2.0, extra=1e-6)[0], strict=True):
        assert np.allclose(p.grad.numpy(), x, rtol=1e-12)


BAD: list[tuple[str, dict[str, Any], str]] = [
    *[(n, {"lr": -0.1, "steps": 9}, "lr must be >= 0, got -0.1") for n in FALLING],
    *[(n, {"lr": nan, "steps": 9}, "lr must be >= 0, got nan") for n in FALLING],
    *[(n, {"lr": 0.1, "steps": 0}, "steps must be a whole number >= 1, got 0") for n in FALLING],
    *[
        (n, {"lr": 0.1, "steps": 9, "warmup": 9}, "warmup must be < steps = 9, got 9")
        for n in FALLING
    ],
    *[
        (n, {"lr": 0.1, "steps": 9, "last": 1.5}, "last must be in [0, 1], got 1.5")
        for n in FALLING
    ],
    ("warmup_stable_decay", {"lr": 0.1, "steps": 9, "decay": 0.0}, "decay must be > 0, got 0.0"),
    ("constant", {"lr": inf}, "lr must be finite, got inf"),
    ("constant", {"lr": 0.1, "warmup": 1.5}, "warmup must be a whole number >= 0, got 1.5"),
    ("inverse_sqrt", {"lr": 0.1, "warmup": 0}, "warmup must be a whole number >= 1, got 0"),
]


@pytest.mark.parametrize(("name", "call", "message"), BAD)
def test_bad_schedules(name: str, call: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        getattr(schedules, name)(**call)
    assert str(raised.value) == message


@pytest.mark.parametrize("t", [0, -1, 1.5])
def test_steps_are_counted_from_one(t: Any) -> None:
    for rate in (schedules.cosine(0.1, 9), schedules.constant(0.1), schedules.inverse_sqrt(0.1)):
        with pytest.raises(ValueError, match=r"^t must be a whole number >= 1"):
            rate(t)


# -- clipping --------------------------------------------------------------------


def test_clipping_shortens_all_together_or_nothing() -> None:
    g = [np.array([3.0, 0.0]), np.array([[4.0]])]
    clipped, norm = practice.clip_by_global_norm(g, 2.5)
    assert norm == 5.0
    assert practice.global_norm(clipped) == pytest.approx(2.5)
    assert np.allclose(clipped[0], [1.5, 0.0])
    same, _ = practice.clip_by_global_norm(g, 5.0)
    assert all(np.array_equal(a, b) and a is not b for a, b in zip(g, same, strict=True))
    half = np.full(4, 300.0, "float16")  # whose squares float16 cannot hold
    (short,), norm = practice.clip_by_global_norm([half], 60.0)
    assert norm == 600.0
    assert short.dtype == "float16"
    assert np.allclose(short, 30.0)
    nothing, _ = practice.clip_by_global_norm([np.zeros(2)], 1.0)
    assert not nothing[0].any()


@pytest.mark.parametrize("limit", [-1.0, nan, inf])
def test_bad_limits(limit: float) -> None:
    with pytest.raises(ValueError, match=r"^limit must be"):
        practice.clip_by_global_norm([np.ones(2)], limit)


# -- averages and accumulation -----------------------------------------------------


def test_averages_of_weights() -> None:
    thetas = np.random.default_rng(1).normal(size=(30, 4))
    mean, ema = practice.WeightAverage(), practice.WeightAverage(beta=0.75)
    for x in thetas:
        mean.add([x])
        ema.add([x])
    weights = 0.75 ** np.arange(29, -1, -1)
    assert np.allclose(mean.value()[0], thetas.mean(axis=0))
    assert np.allclose(ema.value()[0], weights @ thetas / weights.sum())


def test_accumulation_is_the_large_batch() -> None:
    rng = np.random.default_rng(2)
    x, y, w = rng.normal(size=(32, 3)), rng.normal(size=32), rng.normal(size=3)

    def gradient(rows: slice) -> np.ndarray:
        return x[rows].T @ (x[rows] @ w - y[rows]) / len(y[rows])

    acc = practice.Accumulator()
    for _ in range(2):  # and again, after it was emptied
        for k in range(0, 32, 8):
            acc.add([gradient(slice(k, k + 8))])
        assert np.allclose(acc.mean()[0], gradient(slice(32)), rtol=1e-13)


def test_averages_of_nothing() -> None:
    for call in (practice.WeightAverage().value, practice.Accumulator().mean):
        with pytest.raises(ValueError, match="of nothing"):
            call()
    with pytest.raises(ValueError, match=r"^beta must be in \[0, 1\), got 1.0$"):
        practice.WeightAverage(beta=1.0)
    average, acc = practice.WeightAverage(), practice.Accumulator()
    average.add([np.ones(2)])
    acc.add([np.ones(2)])
    with pytest.raises(ValueError, match="must stay 1 arrays, got 2"):
        average.add([np.ones(2), np.ones(2)])
    with pytest.raises(ValueError, match="expected 1 gradients, got 2"):
        acc.add([np.ones(2), np.ones(2)])


# -- bfloat16 --------------------------------------------------------------------


def test_bfloat16_is_the_nearest_of_its_numbers() -> None:
    """Eight significant bits: on [1, 2) the multiples of 2^-7, and a tie goes to the even one."""
    x = np.linspace(1, 2, 4001, dtype="float32")[:-1]
    assert np.array_equal(practice.to_bfloat16(x), np.round(x * 128) / 128)
    ties = np.array([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8], "float32")
    assert practice.to_bfloat16(ties).tolist() == [1.0, 1 + 2**-6, -1.0]
    odd = np.array([inf, -inf, nan, 0.0, -0.0], "float32")
    assert practice.to_bfloat16(odd).tobytes() == odd.tobytes()


def test_stochastic_rounding_is_right_on_average() -> None:
    rng = np.random.default_rng(3)
    for x in (1.001, -1.001, 0.3, 1e-3):
        a = np.full(200_000, x, "float32")
        y = practice.stochastic_bfloat16(a, rng)
        near = np.unique(y)
        assert len(near) == 2
        assert np.array_equal(near, practice.to_bfloat16(near))
        sd = (near[1] - near[0]) / 2 / np.sqrt(a.size)
        assert abs(float(y.mean(dtype="float64")) - float(a[0])) < 5 * sd
    exact = np.array([1.0, -2.5, 0.0], "float32")
    assert np.array_equal(practice.stochastic_bfloat16(exact, rng), exact)


@pytest.mark.parametrize("x", [np.ones(2), 1.0, [1.0]])
def test_bfloat16_of_float32_only(x: Any) -> None:
    for call in (practice.to_bfloat16, lambda a: practice.stochastic_bfloat16(a, None)):
        with pytest.raises(TypeError, match=r"^x must be a float32 array, got"):
            call(x)
