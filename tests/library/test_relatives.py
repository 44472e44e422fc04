"""What sets each relative apart from Adam, in numbers that do not come from its code."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise
from math import inf, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adam_lib as al
from adam_lib import relatives
from adam_lib.relatives import (
    AdaMax,
    AdamW,
    AMSGrad,
    NAdam,
    RAdam,
    nadam_mu,
    nadam_weights,
    radam_rectification,
    radam_rho,
)
from tests.library.deterministic import noise
from tests.library.table import same_bits

RELATIVES = {
    "AdamW": (AdamW, relatives.adamw_init, relatives.adamw_step),
    "AMSGrad": (AMSGrad, relatives.amsgrad_init, relatives.amsgrad_step),
    "AdaMax": (AdaMax, relatives.adamax_init, relatives.adamax_step),
    "NAdam": (NAdam, relatives.nadam_init, relatives.nadam_step),
    "RAdam": (RAdam, relatives.radam_init, relatives.radam_step),
}
FORMS = {**RELATIVES, "Adam": (al.Adam, al.adam_init, al.adam_step)}

T = 200
G = noise(T, 4, seed=11) + np.array([0.0, 0.5, -1.0, 0.1])
START = np.array([1.0, -2.0, 0.5, 3.0])


def by_rule(name: str, start: np.ndarray, gradients: Any, hyper: dict[str, Any]) -> Any:
    """theta_0, ..., theta_T by the pure rule, and the last state."""
    _, init, step = FORMS[name]
    path, state = [start], init(start)
    for t, g in enumerate(gradients, 1):
        now = {k: v(t) if callable(v) else v for k, v in hyper.items()}
        theta, state = step(path[-1], np.array(g, start.dtype), state, **now)
        path.append(theta)
    return np.array(path), state


def in_place(name: str, start: np.ndarray, gradients: Any, hyper: dict[str, Any]) -> Any:
    """theta_0, ..., theta_T by the class, and the optimizer."""
    theta = start.copy()
    opt = FORMS[name][0](theta, **hyper)
    path = [start]
    for g in gradients:
        opt.step(np.array(g, start.dtype))
        path.append(theta.copy())
    return np.array(path), opt


RUNS = pytest.mark.parametrize("run", [by_rule, in_place])
DTYPES = pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])


def path(run: Any, name: str, gradients: np.ndarray = G, start: Any = START, **hyper: Any) -> Any:
    """theta_0, ..., theta_T along given gradients, in the dtype of ``start``."""
    return run(name, start, gradients, hyper)[0]


def moments(g: np.ndarray, beta: float) -> np.ndarray:
    """Moving averages as sums over the past, newest first; not by recursion."""
    return np.array(
        [sum((1 - beta) * beta**k * g[i - k] for k in range(i + 1)) for i in range(len(g))]
    )


def close(a: np.ndarray, b: np.ndarray, rtol: float = 1e-12) -> None:
    assert a.shape == b.shape
    assert np.all(np.abs(a - b) <= rtol * np.max(np.abs(b), axis=0))


def descended(steps: np.ndarray, start: np.ndarray = START) -> np.ndarray:
    """Where ``start`` is led by steps that are subtracted."""
    return np.concatenate([start[None], start - np.cumsum(steps, axis=0)])


# -- the two forms, and what they refuse ----------------------------------------------

CASES = [
    ("AdamW", {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3, "weight_decay": 0.5}),
    *(
        ("AMSGrad", {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3, "form": f})
        for f in relatives.FORMS
    ),
    ("AdaMax", {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3}),
    ("NAdam", {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3, "momentum_decay": 0.1}),
    ("RAdam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3, "threshold": 4}),
]


@pytest.mark.parametrize(("name", "hyper"), CASES, ids=str)
@DTYPES
def test_class_equals_rule(name: str, hyper: dict[str, Any], dtype: str) -> None:
    """Parameters and state, bit for bit, across blocks and for many steps."""
    rng = np.random.default_rng(1)
    for n, steps in ((1, 50), (100_003, 8)):
        start = rng.normal(size=n).astype(dtype)
        g = (rng.normal(size=(steps, n)) * 10.0 ** rng.uniform(-3, 1, n)).astype(dtype)
        expected, state = by_rule(name, start, g, hyper)
        found, opt = in_place(name, start, g, hyper)
        assert same_bits(found, expected)
        assert all(same_bits(getattr(opt, k), getattr(state, k)) for k in opt.slots)


@pytest.mark.parametrize(
    ("name", "hyper", "error", "message"),
    [
        ("AdamW", {"weight_decay": -0.1}, ValueError, "weight_decay must be >= 0, got -0.1"),
        ("AdamW", {"weight_decay": np.nan}, ValueError, "weight_decay must be >= 0, got nan"),
        ("AdamW", {"weight_decay": inf}, ValueError, "weight_decay must be finite, got inf"),
        ("AdamW", {"weight_decay": "0"}, TypeError, "weight_decay must be a real number, got '0'"),
        ("AMSGrad", {"form": "torch"}, ValueError, "form must be one of paper, pytorch, optax"),
        ("AMSGrad", {"form": None}, ValueError, "form must be one of paper, pytorch, optax"),
        ("AMSGrad", {"form": ["paper"]}, ValueError, "form must be one of paper, pytorch, optax"),
        ("NAdam", {"momentum_decay": -1}, ValueError, "momentum_decay must be >= 0, got -1.0"),
        ("NAdam", {"momentum_decay": np.nan}, ValueError, "momentum_decay must be >= 0, got nan"),
        ("NAdam", {"momentum_decay": None}, TypeError, "momentum_decay must be a real number"),
        ("RAdam", {"threshold": 3.999}, ValueError, "threshold must be >= 4, got 3.999"),
        ("RAdam", {"threshold": np.nan}, ValueError, "threshold must be >= 4, got nan"),
        ("RAdam", {"threshold": True}, TypeError, "threshold must be a real number, got True"),
        *((name, {"betas": (0.9, 1.0)}, ValueError, "betas[1] must be in") for name in RELATIVES),
        *((name, {"betas": (1.0, 0.9)}, ValueError, "betas[0] must be in") for name in RELATIVES),
        *((name, {"lr": -1.0}, ValueError, "lr must be >= 0") for name in RELATIVES),
        *((name, {"eps": -1.0}, ValueError, "eps must be >= 0") for name in RELATIVES),
    ],
    ids=str,
)
def test_bad_hyperparameters(
    name: str, hyper: dict[str, Any], error: type[Exception], message: str
) -> None:
    """Refused by the rule, by the class, and by an optimizer that runs, which goes on as it was."""
    cls, init, step = RELATIVES[name]
    x = np.ones(2)
    with pytest.raises(error) as caught:
        step(x, x, init(x), **hyper)
    assert message in str(caught.value)
    with pytest.raises(error) as caught:
        cls(x, **hyper)
    assert message in str(caught.value)
    opt = cls(x)
    before = {k: getattr(opt, k) for k in opt.hyper}
    ((key, value),) = hyper.items()
    with pytest.raises(error) as caught:
        setattr(opt, key, value)
    assert message in str(caught.value)
    assert {k: getattr(opt, k) for k in opt.hyper} == before


@pytest.mark.parametrize("name", RELATIVES)
def test_eps_that_vanishes_is_refused(name: str) -> None:
    cls, init, step = RELATIVES[name]
    x = np.ones(2, "float16")
    with pytest.raises(ValueError, match="eps must be > 0 in float16"):
        cls(x)
    with pytest.raises(ValueError, match="eps must be > 0 in float16"):
        step(x, x, init(x))


@pytest.mark.parametrize(("name", "hyper"), CASES, ids=str)
def test_resumed_equals_unbroken(name: str, hyper: dict[str, Any], tmp_path: Any) -> None:
    whole, first = in_place(name, START, G[:60], hyper)[0], START.copy()
    opt = FORMS[name][0](first, **hyper)
    for g in G[:25]:
        opt.step(g)
    opt.save(tmp_path / "state.npz")
    opt = FORMS[name][0](first).load(tmp_path / "state.npz")
    assert {k: getattr(opt, k) for k in hyper} == hyper
    for g in G[25:60]:
        opt.step(g)
    assert same_bits(first, whole[-1])


@pytest.mark.parametrize("name", RELATIVES)
def test_another_relatives_state_is_refused(name: str) -> None:
    opt = FORMS[name][0](np.ones(2))
    for other in set(FORMS) - {name}:
        with pytest.raises(ValueError, match=f"state must be of {name}, got one of {other}"):
            opt.load_state_dict(FORMS[other][0](np.ones(2)).state_dict())


# -- steps worked by hand --------------------------------------------------------------

# name, hyperparameters, start, gradients, theta after each, state after the last
WORKED: list[tuple[str, dict[str, Any], float, list[float], list[Any], dict[str, Any]]] = [
    # Adam's steps from (0.5, 0.75, eps 4), worked in test_by_hand: -1, +1, -3/7;
    # before each, theta shrinks by 1 - 3/6 = 1/2
    # theta: 8 -> 4 - 1 = 3;  3/2 + 1 = 5/2;  5/4 - 3/7 = 23/28
    (
        "AdamW",
        {"lr": 3.0, "betas": (0.5, 0.75), "eps": 4.0, "weight_decay": 1 / 6},
        8.0,
        [2, -5, 4],
        [3, F(5, 2), F(23, 28)],
        {"m": 1, "v": F(37, 4)},
    ),
    # beta1 = 0, so m = g. v: 1/4 * 64 = 16;  3/4 * 16 + 1/4 * 16 = 16;  12 + 0 = 12
    # v_max: 16, 16, 16, root 4;  theta: 0 - 8/4 = -2;  -2 - 4/4 = -3;  -3
    (
        "AMSGrad",
        {"lr": 1.0, "betas": (0.0, 0.75), "eps": 0.0, "form": "paper"},
        0.0,
        [8, 4, 0],
        [-2, -3, -3],
        {"v": 12, "v_max": 16},
    ),
    # m: 4, 4, 2;  m_hat: 8, 16/3, 16/7.  v and v_max as above
    # v_max / (1 - (3/4)^t): 64, 256/7, 1024/37
    # theta: 0 - 8/8 = -1;  -1 - 16/3 / (16/sqrt 7);  - 16/7 / (32/sqrt 37)
    (
        "AMSGrad",
        {"lr": 1.0, "betas": (0.5, 0.75), "eps": 0.0, "form": "pytorch"},
        0.0,
        [8, 4, 0],
        [-1, -1 - sqrt(7) / 3, -1 - sqrt(7) / 3 - sqrt(37) / 14],
        {"m": 2, "v": 12, "v_max": 16},
    ),
    # v_hat: 64, 256/7, 768/37; the largest stays 64, root 8
    # theta: 0 - 8/8 = -1;  -1 - 16/3/8 = -5/3;  -5/3 - 16/7/8 = -41/21
    (
        "AMSGrad",
        {"lr": 1.0, "betas": (0.5, 0.75), "eps": 0.0, "form": "optax"},
        0.0,
        [8, 4, 0],
        [-1, F(-5, 3), F(-41, 21)],
        {"m": 2, "v": 12, "v_max": 64},
    ),
    # m: 2;  1 - 1/2 = 1/2;  1/4 + 4 = 17/4;  m_hat: 4, 2/3, 34/7
    # u: max(0, 4 + 1) = 5;  max(4, 1 + 1) = 4;  max(16/5, 8 + 1) = 9
    # theta: 0 - 4/5;  - 2/3/4 = -29/30;  - 34/7/9
    (
        "AdaMax",
        {"lr": 1.0, "betas": (0.5, 0.8), "eps": 1.0},
        0.0,
        [4, -1, 8],
        [F(-4, 5), F(-29, 30), F(-29, 30) - F(34, 63)],
        {"m": F(17, 4), "u": 9},
    ),
    # mu = 1/2 at all times, products 1/2, 1/4, 1/8
    # t = 1: m = 2, m_bar = (1/2)/(3/4) 2 + (1/2)/(1/2) 4 = 4/3 + 4 = 16/3; v_hat = 16: - 4/3
    # t = 2: m = 1 - 8 = -7, m_bar = (1/2)/(7/8) (-7) + (1/2)/(3/4) (-16) = -4 - 32/3 = -44/3
    #        v = 3/4 * 4 + 64 = 67, v_hat = 67 * 16/7
    (
        "NAdam",
        {"lr": 1.0, "betas": (0.5, 0.75), "eps": 0.0, "momentum_decay": inf},
        0.0,
        [4, -16],
        [F(-4, 3), -4 / 3 + 44 / 3 / sqrt(67 * 16 / 7)],
        {"m": -7, "v": 67},
    ),
    # rho_inf = 2/(1/10) - 1 = 19. rho: 1, 37/19 (= 19 - 3.24/0.19), ... all below 4: theta -= m_hat
    # m: 1;  1/2 - 1/2 = 0;  0 + 2 = 2;  m_hat: 2, 0, 16/7
    (
        "RAdam",
        {"lr": 1.0, "betas": (0.5, 0.9), "eps": 0.0},
        0.0,
        [2, -1, 4],
        [-2, -2, F(-2) - F(16, 7)],
        {"m": 2},
    ),
]


@RUNS
@pytest.mark.parametrize(
    ("name", "hyper", "start", "gradients", "thetas", "state"),
    WORKED,
    ids=[f"{w[0]}-{w[1]}" for w in WORKED],
)
def test_by_hand(
    name: str,
    hyper: dict[str, Any],
    start: float,
    gradients: list[float],
    thetas: list[Any],
    state: dict[str, Any],
    run: Any,
) -> None:
    given_ = np.array(gradients, float)[:, None]
    found, final = run(name, np.array([start]), given_, hyper)
    for t, expected in enumerate(thetas, 1):
        assert found[t, 0] == pytest.approx(float(expected), rel=1e-14, abs=1e-15), f"step {t}"
    for field, value in state.items():
        assert float(getattr(final, field)[0]) == pytest.approx(float(value), rel=1e-13), field


# -- AdamW -----------------------------------------------------------------------------


@RUNS
@DTYPES
def test_adamw_without_decay_is_adam(run: Any, dtype: str) -> None:
    """Bit for bit: 1 - lr * 0 is 1, and theta * 1 is theta."""
    start = START.astype(dtype)
    hyper = {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3}
    adam = path(run, "Adam", start=start, **hyper)
    assert same_bits(path(run, "AdamW", start=start, weight_decay=0.0, **hyper), adam)
    assert not same_bits(path(run, "AdamW", start=start, weight_decay=0.1, **hyper), adam)


@RUNS
def test_adamw_decays_by_itself(run: Any) -> None:
    """Without a gradient theta shrinks geometrically, by the rate of each step."""
    lr = lambda t: 0.5 / t  # noqa: E731
    still = np.zeros((50, 4))
    shrink = np.cumprod([1 - 0.3 * 0.5 / t for t in range(1, 51)])
    expected = START * np.concatenate([[1.0], shrink])[:, None]
    close(path(run, "AdamW", still, lr=lr, weight_decay=0.3), expected)
    # Adam on the gradient of the penalty does something else: steps of lr.
    assert abs(path(run, "Adam", 0.3 * START[None], lr=0.5)[1, 0] - 0.5) < 1e-6


@RUNS
def test_adamw_decay_stays_out_of_the_moments(run: Any) -> None:
    """Its state is Adam's, whatever the decay."""
    _, decayed = run("AdamW", START, G[:20], {"lr": 0.1, "weight_decay": 0.7})
    _, plain = run("Adam", START, G[:20], {"lr": 0.1})
    assert same_bits(decayed.m, plain.m)
    assert same_bits(decayed.v, plain.v)


@RUNS
def test_adamw_steps_from_the_shrunk_parameters(run: Any) -> None:
    """theta_t - (1 - lr wd) theta_{t-1} is Adam's step, which does not know theta."""
    lr, decay = 0.1, 0.5
    adam = np.diff(path(run, "Adam", lr=lr), axis=0)
    found = path(run, "AdamW", lr=lr, weight_decay=decay)
    np.testing.assert_allclose(
        found[1:] - (1 - lr * decay) * found[:-1], adam, rtol=1e-9, atol=1e-14
    )


# -- AMSGrad ---------------------------------------------------------------------------


@RUNS
@pytest.mark.parametrize("form", ["paper", "pytorch", "optax"])
def test_amsgrad_is_a_ratio_of_sums_and_maxima(run: Any, form: str) -> None:
    b1, b2, eps = 0.8, 0.95, 0.01
    t = np.arange(1, T + 1)[:, None]
    m, v = moments(G, b1), moments(G**2, b2)
    fading, short = 1 - b1**t, 1 - b2**t
    if form == "paper":
        step = m / (np.sqrt(np.maximum.accumulate(v)) + eps)
    elif form == "pytorch":
        step = m / fading / (np.sqrt(np.maximum.accumulate(v) / short) + eps)
    else:
        step = m / fading / (np.sqrt(np.maximum.accumulate(v / short)) + eps)
    found = path(run, "AMSGrad", lr=0.1, betas=(b1, b2), eps=eps, form=form)
    close(found, descended(0.1 * step))


sequences = st.lists(st.floats(-1e3, 1e3, allow_nan=False), min_size=2, max_size=30)


@given(
    gradients=sequences,
    betas=st.tuples(st.floats(0, 0.999), st.floats(0, 0.9999)),
    form=st.sampled_from(["paper", "optax"]),
)
def test_amsgrad_effective_rate_never_grows(
    gradients: list[float], betas: tuple[float, float], form: str
) -> None:
    """lr / sqrt(v_max): the quantity whose growth breaks Adam's proof. Two forms of three."""
    opt = AMSGrad(np.zeros(1), lr=0.5, betas=betas, eps=0.0, form=form)
    largest = 0.0
    with np.errstate(all="ignore"):
        for g in gradients:
            opt.step(np.array([g]))
            assert opt.v_max[0] >= largest
            assert opt.v_max[0] >= (opt.v if form == "paper" else opt.v_hat)[0]
            largest = opt.v_max[0]


def test_amsgrad_in_pytorchs_form_is_not_monotone() -> None:
    """After a gradient of 1 and then zeros, v_max / (1 - beta2^t) is 1, 1/1.999, ...: it falls."""
    opt = AMSGrad(np.zeros(1), eps=0.0, form="pytorch")
    divisors = []
    for g in (1.0, 0.0, 0.0, 0.0):
        opt.step(np.array([g]))
        divisors.append(opt.v_max[0] / (1 - 0.999**opt.t))
    np.testing.assert_allclose(divisors, 1 / np.cumsum(0.999 ** np.arange(4)), rtol=1e-12)
    assert np.all(np.diff(divisors) < 0)
    # The other two do not move.
    for form in ("paper", "optax"):
        opt = AMSGrad(np.zeros(1), eps=0.0, form=form)
        seen = set()
        for g in (1.0, 0.0, 0.0, 0.0):
            opt.step(np.array([g]))
            seen.add(float(opt.v_max[0]))
        assert len(seen) == 1


def test_forms_of_amsgrad_meet_in_the_long_run() -> None:
    """With |g| = 1 all the corrections fade: three steps of lr, to 1 % after 5000."""
    for form in ("paper", "pytorch", "optax"):
        x = np.zeros(1)
        opt = AMSGrad(x, lr=1.0, form=form)
        for _ in range(5000):
            opt.step(np.ones(1))
        before = x[0]
        opt.step(np.ones(1))
        assert abs(before - x[0] - 1) < 0.01


@RUNS
def test_amsgrad_is_adam_while_the_gradients_grow(run: Any) -> None:
    """v_hat rising at every step is its own maximum, v too."""
    g = G[:60, :2] * 0 + np.array([1.3, -1.1]) ** np.arange(60)[:, None]
    for form in ("pytorch", "optax"):
        assert same_bits(
            path(run, "AMSGrad", g, START[:2], form=form), path(run, "Adam", g, START[:2])
        )


# -- AdaMax ----------------------------------------------------------------------------


@RUNS
def test_adamax_divides_by_the_largest_faded_gradient(run: Any) -> None:
    b1, b2, eps = 0.8, 0.95, 0.01
    t = np.arange(1, T + 1)[:, None]
    faded = [[b2 ** (i - k) * (np.abs(G[k]) + eps) for k in range(i + 1)] for i in range(T)]
    u = np.array([np.max(rows, axis=0) for rows in faded])
    step = moments(G, b1) / (1 - b1**t) / u
    close(path(run, "AdaMax", lr=0.1, betas=(b1, b2), eps=eps), descended(0.1 * step))


@RUNS
def test_adamax_constant_gradient(run: Any) -> None:
    """u = |g| + eps and m_hat = g from the first step on."""
    g = np.tile([3.0, -1e-3, 1e3, 0.0], (100, 1))
    found = np.diff(path(run, "AdaMax", g, lr=0.25, eps=0.5), axis=0)
    np.testing.assert_allclose(found, -0.25 * g / (np.abs(g) + 0.5), rtol=1e-9, atol=1e-14)


def test_adamax_has_no_v() -> None:
    opt = AdaMax(np.ones(2))
    opt.step(np.array([0.5, -2.0]))
    np.testing.assert_allclose(opt.u, [0.5, 2.0], rtol=1e-7)
    np.testing.assert_allclose(opt.m_hat, [0.5, -2.0], rtol=1e-15)
    for name in ("v", "v_hat"):
        with pytest.raises(AttributeError, match=name):
            getattr(opt, name)


def test_adamax_without_eps_and_gradient_is_undefined() -> None:
    x = np.ones(2)
    with np.errstate(invalid="ignore"):
        AdaMax(x, eps=0.0).step(np.array([0.0, 1.0]))
    assert np.isnan(x[0])
    assert np.isfinite(x[1])


# -- NAdam -----------------------------------------------------------------------------


@RUNS
@pytest.mark.parametrize("decay", [0.0, 0.004, 0.3, 1.0, inf])
def test_nadam_is_a_sum_over_the_past(run: Any, decay: float) -> None:
    b1, b2, eps = 0.8, 0.95, 0.01
    steps = np.arange(1, T + 2)
    mu = b1 * (1 - 0.5 * 0.96 ** (steps * decay))
    product = np.cumprod(mu)
    m, v_hat = moments(G, b1), moments(G**2, b2) / (1 - b2 ** steps[:-1, None])
    ahead = (mu[1:] / (1 - product[1:]))[:, None] * m
    now = ((1 - mu[:-1]) / (1 - product[:-1]))[:, None] * G
    found = path(run, "NAdam", lr=0.1, betas=(b1, b2), eps=eps, momentum_decay=decay)
    close(found, descended(0.1 * (ahead + now) / (np.sqrt(v_hat) + eps)))


def test_schedules_default_to_the_rules_arguments() -> None:
    """nadam_mu(t) is what nadam_step has at step t without further arguments."""
    for t in (1, 6, 50):
        assert nadam_mu(t) == nadam_mu(t, 0.9, 0.004)
        assert nadam_weights(t) == nadam_weights(t, 0.9, 0.004)
        assert radam_rho(t) == radam_rho(t, 0.999)
        assert radam_rectification(t) == radam_rectification(t, 0.999, 5.0)


def test_nadam_momentum_rises_from_half_of_beta1() -> None:
    assert nadam_mu(0, 0.9) == pytest.approx(0.45, rel=1e-15)
    assert nadam_mu(250, 0.9, 0.004) == pytest.approx(0.9 * (1 - 0.48), rel=1e-15)
    assert nadam_mu(10**6, 0.9) == pytest.approx(0.9, rel=1e-12)
    assert nadam_mu(1, 0.9, inf) == 0.9
    assert nadam_mu(7, 0.9, 0.0) == pytest.approx(0.45, rel=1e-15)


@RUNS
def test_nadam_without_first_moment_is_adam(run: Any) -> None:
    """beta1 = 0 leaves nothing to look ahead with: bit for bit."""
    hyper = {"lr": 0.1, "betas": (0.0, 0.9), "eps": 1e-3}
    assert same_bits(path(run, "NAdam", **hyper), path(run, "Adam", **hyper))


@RUNS
def test_nadam_at_constant_momentum(run: Any) -> None:
    """optax's formula: beta1 m_t / (1 - beta1^(t+1)) + (1 - beta1) g_t / (1 - beta1^t)."""
    b1, b2 = 0.8, 0.95
    t = np.arange(1, T + 1)[:, None]
    m, v_hat = moments(G, b1), moments(G**2, b2) / (1 - b2**t)
    numerator = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * G / (1 - b1**t)
    found = path(run, "NAdam", lr=0.1, betas=(b1, b2), eps=0.01, momentum_decay=inf)
    close(found, descended(0.1 * numerator / (np.sqrt(v_hat) + 0.01)))


@pytest.mark.parametrize("beta1", [0.0, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("decay", [0.0, 0.004, 1.0, inf])
def test_nadam_weights(beta1: float, decay: float) -> None:
    """From the definition in rational arithmetic, also where the product has faded."""
    mu = [F(nadam_mu(t, beta1, decay)) for t in range(1, 300)]
    product = F(1)
    for t, (now, following) in enumerate(pairwise(mu), 1):
        product *= now
        expected = following / (1 - product * following), (1 - now) / (1 - product)
        assert nadam_weights(t, beta1, decay) == pytest.approx(
            [float(w) for w in expected], rel=1e-12
        )


@pytest.mark.parametrize("psi", [0.004, inf])
def test_nadam_weights_add_up(psi: float) -> None:
    """On a constant gradient, in the long run, m_bar is m_hat: the weights' sum goes to 1."""
    for t in (10**4, 10**6):
        assert sum(nadam_weights(t, 0.9, psi)) == pytest.approx(1, abs=1e-3)


# -- RAdam -----------------------------------------------------------------------------


def exact_rho(beta2: F, t: int) -> F:
    """RAdam's rho_t from its meaning: twice the mean age of a gradient in v_hat_t, plus 1."""
    weights = [beta2**k for k in range(t)]
    return 2 * sum(k * w for k, w in enumerate(weights)) / sum(weights) + 1


@pytest.mark.parametrize("beta2", [F(1, 2), F(9, 10), F(999, 1000)])
def test_rho_is_twice_the_mean_age(beta2: F) -> None:
    """The lag of the corrected average; an unweighted average of n has mean age (n - 1)/2."""
    for t in (1, 2, 3, 10, 60):
        assert radam_rho(t, float(beta2)) == pytest.approx(float(exact_rho(beta2, t)), rel=1e-9)


@pytest.mark.parametrize("beta2", [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999])
def test_rho_grows_to_the_effective_sample_size(beta2: float) -> None:
    """rho_inf = 2/(1 - beta2) - 1 = (1 + beta2)/(1 - beta2), the EMA's."""
    rho = [radam_rho(t, beta2) for t in (1, 2, 4, 10, 100, 10**4, 10**6)]
    limit = float(al.effective_sample_size(beta2))
    assert rho[0] == pytest.approx(1, rel=1e-8)
    assert np.all(np.diff(rho) >= -1e-9 * limit)
    assert rho[-1] == pytest.approx(limit, rel=1e-12)
    assert radam_rho(inf, beta2) == pytest.approx(limit, rel=1e-12)


@pytest.mark.parametrize(("threshold", "first"), [(4.0, 5), (5.0, 6)])
@pytest.mark.parametrize("beta2", [0.99, 0.999, 0.9999])
def test_first_divided_step(beta2: float, threshold: float, first: int) -> None:
    r = [radam_rectification(t, beta2, threshold) for t in range(1, first + 2)]
    assert r[: first - 1] == [0.0] * (first - 1)
    assert r[first - 1] > 0
    assert r[first] > r[first - 1]


def test_rectification() -> None:
    """From the definition in rational arithmetic; it rises to 1."""
    for t in (6, 7, 30):
        rho, limit = exact_rho(F(9, 10), t), F(19)
        square = (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)
        assert rho > 4
        assert radam_rectification(t, 0.9, 4.0) == pytest.approx(sqrt(square), rel=1e-10)
    rising = [radam_rectification(t, 0.99) for t in range(6, 3000)]
    assert np.all(np.diff(rising) > -1e-12)
    assert rising[-1] == pytest.approx(1, abs=1e-9)


@RUNS
def test_radam_is_momentum_and_then_adam_with_a_factor(run: Any) -> None:
    b1, b2 = 0.8, 0.9
    found = np.diff(path(run, "RAdam", lr=0.1, betas=(b1, b2), eps=0.0), axis=0)
    adam = np.diff(path(run, "Adam", lr=0.1, betas=(b1, b2), eps=0.0), axis=0)
    t = np.arange(1, T + 1)[:, None]
    m_hat = moments(G, b1) / (1 - b1**t)
    r = np.array([radam_rectification(i, b2) for i in range(1, T + 1)])[:, None]
    assert np.sum(r == 0) == 5
    np.testing.assert_allclose(
        found, np.where(r > 0, r * adam, -0.1 * m_hat), rtol=1e-9, atol=1e-14
    )


@RUNS
def test_radam_eps_stands_before_the_correction(run: Any) -> None:
    """In Adam's terms it is eps / sqrt(1 - beta2^t), larger while t is small."""
    b2, eps, t = 0.99, 1e-3, 8
    g = np.full((t, 4), 1e-3)
    step = -np.diff(path(run, "RAdam", g, lr=1.0, betas=(0.9, b2), eps=eps), axis=0)[-1]
    expected = radam_rectification(t, b2) * 1e-3 / (1e-3 + eps / sqrt(1 - b2**t))
    np.testing.assert_allclose(step, expected, rtol=1e-9)


@RUNS
@pytest.mark.parametrize("beta2", [0.0, 0.3, 0.6])
def test_radam_of_short_memory_never_divides(run: Any, beta2: float) -> None:
    t = np.arange(1, T + 1)[:, None]
    expected = descended(0.1 * moments(G, 0.9) / (1 - 0.9**t))
    close(path(run, "RAdam", lr=0.1, betas=(0.9, beta2), threshold=4.0), expected)


# -- shared ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "defaults"),
    [
        ("AdamW", {"lr": 1e-3, "weight_decay": 0.01}),
        ("AMSGrad", {"lr": 1e-3, "form": "paper"}),
        ("AdaMax", {"lr": 2e-3}),
        ("NAdam", {"lr": 2e-3, "momentum_decay": 0.004}),
        ("RAdam", {"lr": 1e-3, "threshold": 5.0}),
    ],
)
def test_defaults(name: str, defaults: dict[str, Any]) -> None:
    opt = RELATIVES[name][0](np.ones(2))
    expected = {"betas": (0.9, 0.999), "eps": 1e-8, **defaults}
    assert {k: getattr(opt, k) for k in opt.hyper} == expected


@RUNS
@pytest.mark.parametrize("name", ["AdamW", "AMSGrad", "AdaMax", "NAdam"])
@pytest.mark.parametrize("power", [-80, -1, 1, 80])
def test_power_of_two_scaling_changes_no_bit(run: Any, name: str, power: int) -> None:
    """At eps = 0 the gradient's unit cancels. RAdam's first steps have it in them."""
    g = G + 2.5
    plain = path(run, name, g, eps=0.0)
    assert same_bits(plain, path(run, name, g * 2.0**power, eps=0.0))
    first = path(run, "RAdam", g[:1], eps=0.0, lr=0.5)
    assert not same_bits(first, path(run, "RAdam", g[:1] * 2.0**power, eps=0.0, lr=0.5))


@pytest.mark.parametrize("name", RELATIVES)
def test_corrected_moments_can_be_read(name: str) -> None:
    opt = RELATIVES[name][0](np.zeros(2), eps=1e-3)
    for _ in range(30):
        opt.step(np.array([3.0, -0.5]))
        np.testing.assert_allclose(opt.m_hat, [3.0, -0.5], rtol=1e-12)
        if name != "AdaMax":
            np.testing.assert_allclose(opt.v_hat, [9.0, 0.25], rtol=1e-11)


@pytest.mark.parametrize("name", RELATIVES)
def test_converges_on_a_quadratic(name: str) -> None:
    """With a falling rate, from (1, -2) to 1e-3 of the minimum."""
    x = np.array([1.0, -2.0])
    opt = RELATIVES[name][0](x, lr=lambda t: 0.3 * (1 - t / 601))
    if name == "AdamW":
        opt.weight_decay = 0.0
    for _ in range(600):
        opt.step(np.array([1.0, 10.0]) * (x - 0.25))
    assert np.max(np.abs(x - 0.25)) < 1e-3
