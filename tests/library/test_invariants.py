"""What an optimizer must satisfy whatever its code looks like: closed forms, limits, symmetries."""

from __future__ import annotations

from itertools import product
from math import sqrt
from typing import Any

import numpy as np
import pytest

import adam_lib as al
from tests.library.deterministic import COURSES, noise
from tests.library.table import CASES, HYPER, Case, run_in_place, run_rule, same_bits, slots

T = 200
U = noise(T, 5, seed=7)
G = U + np.array([0.0, 0.5, -1.0, 0.1, 0.0])
G[:, 4] = np.where(np.arange(T) % 7 == 3, U[:, 4], 0.0)  # mostly zero, also at the first steps
START = np.array([0.5, -0.25, 1.0, 2.0, -1.5])
RUNS = pytest.mark.parametrize("run", [run_rule, run_in_place])


def path(
    run: Any, name: str, gradients: np.ndarray = G, start: Any = None, **hyper: Any
) -> np.ndarray:
    """theta_0, ..., theta_T along gradients that do not depend on theta."""
    start = np.zeros(gradients.shape[1:]) if start is None else start
    seen = []

    def given(t: int, params: list[np.ndarray]) -> list[np.ndarray]:
        seen.append(np.array(params[0]))
        return [np.array(gradients[t - 1])]

    params, _ = run(Case(name, hyper), [start], given, len(gradients))
    return np.array([*seen, params[0]])


def weighted(x: np.ndarray, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """All moving averages of ``x`` as one matrix product, and the sums of their weights."""
    age = np.subtract.outer(np.arange(len(x)), np.arange(len(x)))
    weights = np.where(age >= 0, (1 - beta) * beta ** np.maximum(age, 0.0), 0.0)
    return weights @ x, weights.sum(axis=1, keepdims=True)


def along(steps: np.ndarray) -> np.ndarray:
    """0 and the partial sums of ``steps``, negated: where these descents lead."""
    return np.concatenate([np.zeros_like(steps[:1]), -np.cumsum(steps, axis=0)])


def close(a: np.ndarray, b: np.ndarray, rtol: float = 1e-12) -> None:
    """Equal to ``rtol`` of the largest size each coordinate reaches."""
    assert a.shape == b.shape
    assert np.all(np.abs(a - b) <= rtol * np.max(np.abs(b), axis=0))


# -- closed forms ----------------------------------------------------------------


@RUNS
def test_sgd_is_the_sum_of_gradients(run: Any) -> None:
    close(path(run, "SGD", lr=0.1), along(0.1 * G))


@RUNS
@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_is_a_geometric_sum(run: Any, nesterov: bool) -> None:
    """By step T, g_i has been applied 1 + mu + ... + mu^(T-i) times; Nesterov: once more."""
    mu, lr = 0.75, 0.1
    final = path(run, "SGD", lr=lr, momentum=mu, nesterov=nesterov)[-1]
    age = np.arange(T - 1, -1, -1) + nesterov
    times = (1 - mu ** (age + 1)) / (1 - mu)
    close(final[None], -lr * (times @ G)[None])


@RUNS
def test_momentum_is_an_average_at_another_rate(run: Any) -> None:
    """Heavy ball at lr (1 - mu) steps along the moving average at lr."""
    mu, lr = 0.9, 0.3
    average, _ = weighted(G, mu)
    close(path(run, "SGD", lr=lr * (1 - mu), momentum=mu), along(lr * average))


@RUNS
def test_nesterov_is_the_gradient_at_the_look_ahead_point(run: Any) -> None:
    """Sutskever's form moves phi by a velocity; the class holds phi + mu * velocity."""
    mu, lr = 0.8, 0.05
    h = np.array([0.5, 2.0, 8.0])
    phi, velocity = np.array([1.0, -2.0, 3.0]), np.zeros(3)
    theta, _ = run(
        Case("SGD", {"lr": lr, "momentum": mu, "nesterov": True}),
        [phi],
        lambda t, p: [h * p[0]],
        50,
    )
    for _ in range(50):
        velocity = mu * velocity - lr * h * (phi + mu * velocity)
        phi = phi + velocity
    np.testing.assert_allclose(theta[0], phi + mu * velocity, rtol=1e-11)


@RUNS
def test_adagrad_divides_by_the_root_of_the_sum(run: Any) -> None:
    eps = 0.125
    close(
        path(run, "AdaGrad", lr=0.5, eps=eps),
        along(0.5 * G / (np.sqrt(np.cumsum(G**2, axis=0)) + eps)),
    )


@RUNS
def test_rmsprop_divides_by_the_root_of_the_average(run: Any) -> None:
    v, _ = weighted(G**2, 0.9)
    eps = 0.125
    close(path(run, "RMSprop", lr=0.5, rho=0.9, eps=eps), along(0.5 * G / (np.sqrt(v) + eps)))


@RUNS
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.75), (0.99, 0.5), (0.0, 0.9)])
def test_adam_is_a_ratio_of_weighted_sums(run: Any, betas: tuple[float, float]) -> None:
    m, total1 = weighted(G, betas[0])
    v, total2 = weighted(G**2, betas[1])
    eps = 0.125
    steps = 0.01 * (m / total1) / (np.sqrt(v / total2) + eps)
    close(path(run, "Adam", lr=0.01, betas=betas, eps=eps), along(steps))


@RUNS
def test_adam_without_correction_is_a_schedule(run: Any) -> None:
    betas = (0.9, 0.99)
    m, _ = weighted(G + 2, betas[0])
    v, _ = weighted((G + 2) ** 2, betas[1])
    steps = 0.01 * m / np.sqrt(v)
    scheduled = path(
        run,
        "Adam",
        G + 2,
        lr=lambda t: 0.01 * float(al.uncorrected_factor(betas, t)),
        betas=betas,
        eps=0.0,
    )
    close(scheduled, along(steps))


@RUNS
@pytest.mark.parametrize("decade", range(-9, -3))
def test_adadelta_first_step_is_set_by_eps(run: Any, decade: int) -> None:
    """sqrt(eps/(1 - rho)) for a large gradient, in either direction."""
    eps = 10.0**decade
    first = path(run, "Adadelta", np.array([[1e6, -1e3]]), rho=0.75, eps=eps)[1]
    np.testing.assert_allclose(first, [-2 * sqrt(eps), 2 * sqrt(eps)], rtol=1e-8)


@RUNS
def test_adadelta_without_memory_grows_by_one_eps_a_step(run: Any) -> None:
    """rho = 0 and |g| >> sqrt(eps): delta_t^2 = delta_(t-1)^2 + eps, so delta_t = sqrt(t eps)."""
    eps = 1e-6
    g = np.full((50, 1), 1e6)
    steps = np.sqrt(np.arange(1, 51) * eps)[:, None]
    close(path(run, "Adadelta", g, rho=0.0, eps=eps), along(steps))


def enumerated(betas: tuple[float, float], steps: int) -> Any:
    """An Adam that has seen every sequence of gradients 1 and 3, one in each coordinate."""
    sequences = np.array(list(product([1.0, 3.0], repeat=steps)))
    opt = al.Adam(np.zeros(len(sequences)), betas=betas)
    for g in sequences.T:
        opt.step(g)
    return opt


@pytest.mark.parametrize("steps", [1, 2, 3, 8])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.5)])
def test_corrected_moments_are_unbiased_over_every_path(
    betas: tuple[float, float], steps: int
) -> None:
    """E g = 2 and E g^2 = 5 for a fair coin of 1 and 3; enumerated, not sampled."""
    opt = enumerated(betas, steps)
    assert np.mean(opt.m_hat) == pytest.approx(2, rel=1e-12)
    assert np.mean(opt.v_hat) == pytest.approx(5, rel=1e-12)
    assert np.mean(opt.m) == pytest.approx(2 * (1 - betas[0] ** steps), rel=1e-12)
    assert np.mean(opt.v) == pytest.approx(5 * (1 - betas[1] ** steps), rel=1e-12)


def test_states_are_moving_averages() -> None:
    _, states = run_rule(
        Case("Adam", {"betas": (0.9, 0.99)}), [np.zeros(5)], lambda t, _: [G[t - 1]], T
    )
    np.testing.assert_allclose(states[0].m, al.ema(G, 0.9)[-1], rtol=1e-12)
    np.testing.assert_allclose(states[0].v, al.ema(G**2, 0.99)[-1], rtol=1e-12)
    _, states = run_rule(Case("RMSprop", {"rho": 0.9}), [np.zeros(5)], lambda t, _: [G[t - 1]], T)
    np.testing.assert_allclose(states[0].v, al.ema(G**2, 0.9)[-1], rtol=1e-12)
    _, states = run_rule(Case("Adadelta", {"rho": 0.9}), [np.zeros(5)], lambda t, _: [G[t - 1]], T)
    np.testing.assert_allclose(states[0].v, al.ema(G**2, 0.9)[-1], rtol=1e-12)
    moves = np.diff(path(run_rule, "Adadelta", rho=0.9), axis=0)
    np.testing.assert_allclose(states[0].u, al.ema(moves**2, 0.9)[-1], rtol=1e-9)


# -- constant gradients ------------------------------------------------------------


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.75), (0.999, 0.9)])
def test_constant_gradient_is_seen_through(betas: tuple[float, float]) -> None:
    """m_hat = g, v_hat = g^2 and a step of lr |g|/(|g| + eps), from the first step on."""
    g = np.array([3.0, -1e-6, 1e6, 0.0])
    theta = np.zeros(4)
    opt = al.Adam(theta, lr=0.5, betas=betas, eps=1e-6)
    for t in range(1, 301):
        opt.step(g)
        np.testing.assert_allclose(opt.m_hat, g, rtol=1e-12)
        np.testing.assert_allclose(opt.v_hat, g**2, rtol=1e-11)
        np.testing.assert_allclose(
            theta, -0.5 * t * np.array([3 / (3 + 1e-6), -0.5, 1e6 / (1e6 + 1e-6), 0]), rtol=1e-10
        )


@RUNS
def test_constant_gradient_adagrad(run: Any) -> None:
    """Steps of lr/sqrt(t), whatever the gradient's size."""
    g = np.tile([1e-3, 5.0], (100, 1))
    close(
        path(run, "AdaGrad", g, lr=0.1, eps=0.0),
        along(0.1 / np.sqrt(np.arange(1, 101.0))[:, None] * np.ones(2)),
    )


@RUNS
def test_rmsprop_first_step_is_too_long(run: Any) -> None:
    """By 1/sqrt(1 - rho), for every gradient."""
    first = path(run, "RMSprop", np.array([[1e-3, -7.0]]), lr=0.01, rho=0.99, eps=0.0)[1]
    np.testing.assert_allclose(first, [-0.1, 0.1], rtol=1e-13)


# -- limits ----------------------------------------------------------------------------


@RUNS
@pytest.mark.parametrize(
    ("name", "hyper"), [("Adam", {"betas": (0.0, 0.0)}), ("RMSprop", {"rho": 0.0})], ids=str
)
def test_without_memory_it_is_sign_descent(run: Any, name: str, hyper: dict[str, Any]) -> None:
    g = G[:, :4]
    close(path(run, name, g, lr=0.125, eps=0.0, **hyper), along(0.125 * np.sign(g)))


@RUNS
def test_corrected_rmsprop_is_adam_without_first_moment(run: Any) -> None:
    rho = 0.9
    g = G[:, :4]
    corrected = path(run, "RMSprop", g, lr=lambda t: 0.1 * sqrt(1 - rho**t), rho=rho, eps=0.0)
    close(path(run, "Adam", g, lr=0.1, betas=(0.0, rho), eps=0.0), corrected)


@RUNS
def test_large_eps_leaves_corrected_momentum(run: Any) -> None:
    """lr = eps * alpha, eps -> infinity: theta -= alpha m_hat, to the order 1/eps."""
    gaps = []
    m, total = weighted(G, 0.9)
    for eps in (1e3, 1e6):
        limit = along(0.1 * m / total)
        gaps.append(
            np.max(np.abs(path(run, "Adam", lr=0.1 * eps, betas=(0.9, 0.999), eps=eps) - limit))
        )
    assert gaps[0] / gaps[1] == pytest.approx(1000, rel=0.01)


@RUNS
def test_long_memory_makes_adagrad(run: Any) -> None:
    """beta2 -> 1 makes v_hat the mean of all squares; at lr/sqrt(t) that is AdaGrad."""
    g = G[:, :4]
    adam = path(run, "Adam", g, lr=lambda t: 0.1 / sqrt(t), betas=(0.0, 1 - 1e-8), eps=0.0)
    close(adam, path(run, "AdaGrad", g, lr=0.1, eps=0.0), rtol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_lr_zero_stays(case: Case) -> None:
    """The parameters stay, the state goes on."""
    case = Case(case.name, {**case.hyper, "lr": 0.0})
    g = G[:, :4]
    params, opt = run_in_place(case, [START[:4]], lambda t, _: [g[t - 1]], 5)
    np.testing.assert_array_equal(params[0], START[:4])
    assert opt.t == 5
    assert all(np.any(getattr(opt, name)[0]) for name in opt.slots if name != "u")


# -- symmetries --------------------------------------------------------------------------


@RUNS
@pytest.mark.parametrize(
    ("name", "hyper"),
    [
        ("Adam", {"betas": (0.9, 0.999)}),
        ("Adam", {"betas": (0.5, 0.0)}),
        ("AdaGrad", {"lr": 0.01}),
        ("RMSprop", {"rho": 0.9}),
    ],
    ids=str,
)
@pytest.mark.parametrize("power", [-100, -1, 1, 37, 100])
def test_power_of_two_scaling_changes_no_bit(
    run: Any, name: str, hyper: dict[str, Any], power: int
) -> None:
    """At eps = 0 the gradient's unit cancels, and a power of two does so without rounding."""
    g = G[:, :4] + 2.0  # no gradient so small that its square leaves the normal range
    plain = path(run, name, g, eps=0.0, **hyper)
    scaled = path(run, name, g * 2.0**power, eps=0.0, **hyper)
    mixed = path(run, name, g * 2.0 ** np.array([power, 0, -power, 3]), eps=0.0, **hyper)
    assert same_bits(plain, scaled)
    assert same_bits(plain, mixed)
    with_eps = path(run, name, g * 2.0**power, eps=1e-3, **hyper)
    assert not np.array_equal(with_eps, path(run, name, g, eps=1e-3, **hyper))


@RUNS
@pytest.mark.parametrize("name", ["SGD", "AdaGrad", "RMSprop", "Adadelta", "Adam"])
def test_path_is_proportional_to_lr(run: Any, name: str) -> None:
    """Twice the rate, twice the path, bit for bit: no state depends on lr."""
    hyper = {"momentum": 0.9} if name == "SGD" else {}
    assert same_bits(2 * path(run, name, lr=0.01, **hyper), path(run, name, lr=0.02, **hyper))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_mirror_image(case: Case) -> None:
    """-theta with -g takes the mirrored path."""
    g = G[:20, :4]
    for run in (run_rule, run_in_place):
        there, _ = run(case, [START[:4]], lambda t, _: [g[t - 1]], 20)
        back, _ = run(case, [-START[:4]], lambda t, _: [-g[t - 1]], 20)
        assert same_bits(there[0], -back[0])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_coordinates_do_not_see_each_other(case: Case) -> None:
    """One array, its columns one by one, and several tensors give the same bits."""
    g = G[:20, :4].reshape(20, 2, 2)
    start = START[:4].reshape(2, 2)
    for run in (run_rule, run_in_place):
        whole, _ = run(case, [start], lambda t, _: [g[t - 1]], 20)
        for i, j in product(range(2), repeat=2):
            one, _ = run(
                case,
                [start[i, j : j + 1].copy()],
                lambda t, _, i=i, j=j: [g[t - 1, i, j : j + 1]],
                20,
            )
            assert same_bits(one[0][0], whole[0][i, j])
        split, _ = run(case, [start[0].copy(), start[1].copy()], lambda t, _: list(g[t - 1]), 20)
        assert same_bits(np.array(split), whole[0])


# -- what every rule promises ----------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_rules_change_none_of_their_inputs(case: Case, dtype: str) -> None:
    """Inputs may be read-only, and nothing that comes back shares their memory."""
    init, step = al.RULES[case.name]
    theta = np.array([1.0, -2.0, 3.0], dtype)
    g = np.array([0.5, 1.5, -0.25], dtype)
    state = init(theta)
    for _ in range(3):
        given = [theta, g, *(getattr(state, name) for name in slots(case.name))]
        for x in given:
            x.flags.writeable = False
        before = [x.copy() for x in given]
        t = state.t
        theta, state = step(theta, g, state, **case.hyper)
        assert state.t == t + 1
        for x, old in zip(given, before, strict=True):
            assert same_bits(x, old)
            for y in (theta, *(getattr(state, name) for name in slots(case.name))):
                assert y.dtype == dtype
                assert not np.may_share_memory(x, y)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_states_of_a_rule_start_at_zero_and_are_its_own(case: Case) -> None:
    init, _ = al.RULES[case.name]
    theta = np.array([[1.0, 2.0]])
    state = init(theta)
    assert state.t == 0
    arrays = [getattr(state, name) for name in slots(case.name)]
    for x in arrays:
        assert x.shape == theta.shape
        assert x.dtype == theta.dtype
        assert not x.any()
    shared = [np.may_share_memory(x, y) for i, x in enumerate(arrays) for y in [theta, *arrays[:i]]]
    assert not any(shared)


@pytest.mark.parametrize("name", HYPER)
def test_lr_may_be_a_function_of_t(name: str) -> None:
    """It is asked once a step, with t = 1 at the first, and not before."""
    asked = []

    def lr(t: int) -> float:
        asked.append(t)
        return 0.5 / t

    case = Case(name, {**HYPER[name][0], "lr": lr})
    x = np.array([1.0, 2.0])
    opt = al.OPTIMIZERS[name](x, **case.hyper)
    assert asked == []
    for t in range(1, 5):
        opt.step(np.array([0.5, -3.0]))
        assert asked == list(range(1, t + 1))
    case = Case(name, {**case.hyper, "lr": lambda t: 0.5 / t})
    thetas, _ = run_rule(case, [np.array([1.0, 2.0])], lambda t, _: [np.array([0.5, -3.0])], 4)
    assert same_bits(x, thetas[0])


@pytest.mark.parametrize("name", HYPER)
def test_hyperparameters_may_change_between_steps(name: str) -> None:
    """The rule called with the new value is the reference."""
    init, step = al.RULES[name]
    theta = x = np.array([1.0, 2.0])
    x = x.copy()
    first = dict(HYPER[name][-1])
    second = {**first, "lr": 0.25}
    opt = al.OPTIMIZERS[name](x, **first)
    state = init(theta)
    for hyper in (first, first, second, second):
        opt.lr = hyper.get("lr", opt.lr)
        full = {**hyper, "lr": opt.lr}
        g = np.array([0.5, -3.0])
        opt.step(g)
        theta, state = step(theta, g, state, **full)
    assert same_bits(x, theta)


def test_the_table_is_complete() -> None:
    """Every optimizer has its rule, its rows, and the rows differ."""
    assert set(al.OPTIMIZERS) == set(al.RULES) == set(HYPER)
    for name, cls in al.OPTIMIZERS.items():
        assert cls.__name__ == name
        assert issubclass(cls, al.Optimizer)
        ends = {
            path(run_in_place, name, G[:3, :4], START[:4], **hyper)[-1].tobytes()
            for hyper in HYPER[name]
        }
        assert len(ends) == len(HYPER[name])


def test_the_courses_hold_what_they_say() -> None:
    """Zeros at first in the third coordinate; the tiny course is the other times 1e-6."""
    one, tiny = COURSES["sequence"], COURSES["sequence times 1e-6"]
    for t in (1, 2, 10, 999):
        np.testing.assert_array_equal(tiny.gradients(t, [])[0], 1e-6 * one.gradients(t, [])[0])
