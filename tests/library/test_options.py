"""RMSprop centered and with momentum, AdaGrad's start, arrays without a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adam_lib as al
from tests.library.table import CASES, Case, assert_same_run, run_rule, same_bits
from tests.library.test_bad_input import refused


def gradients(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_centered_rmsprop_divides_by_the_deviation() -> None:
    """By hand: gradients 4 and 2 at rho 1/2 have v = 6, m = 2 and the variance 2."""
    theta, state = np.zeros(1), al.rmsprop_init(np.zeros(1))
    for g in (4.0, 2.0):
        before = theta
        theta, state = al.rmsprop_step(
            theta, np.array([g]), state, lr=1.0, rho=0.5, eps=0.0, centered=True
        )
    assert state.v == 6
    assert state.m == 2
    assert np.isclose(before - theta, 2 / np.sqrt(2))


def test_momentum_sums_the_quotients() -> None:
    g = gradients(1, 30, 4)
    theta, state = np.zeros(4), al.rmsprop_init(np.zeros(4))
    plain, other = np.zeros(4), al.rmsprop_init(np.zeros(4))
    b = np.zeros(4)
    for x in g:
        theta, state = al.rmsprop_step(theta, x, state, lr=0.1, momentum=0.75)
        last = plain
        plain, other = al.rmsprop_step(plain, x, other, lr=1.0)
        b = 0.75 * b + (last - plain)
    assert np.allclose(state.b, b, rtol=1e-12)
    assert same_bits(other.b, np.zeros(4))


def test_equal_gradients_are_not_nan_when_centered() -> None:
    """v - m^2 rounds to either side of 0 where all gradients are alike."""
    theta, state = np.zeros(9), al.rmsprop_init(np.zeros(9))
    below = 0
    for _ in range(400):
        g = np.linspace(0.1, 3, 9)
        theta, state = al.rmsprop_step(theta, g, state, rho=0.9, centered=True)
        below += int(np.sum(state.v - np.square(state.m) < 0))
    assert below > 0
    assert np.all(np.isfinite(theta))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"momentum": 0.9}, "momentum must stay 0 where it was 0 at construction, got 0.9"),
        ({"centered": True}, "centered must stay False where it was False at construction"),
    ],
)
def test_what_needs_an_array_stays_off(change: dict[str, Any], message: str) -> None:
    opt = al.RMSprop(np.ones(2), momentum=0.5 if "centered" in change else 0.0)
    opt.step(np.ones(2))
    with refused(ValueError, message):
        for name, value in change.items():
            setattr(opt, name, value)
        opt.step(np.ones(2))
    assert opt.t == 1


def test_what_has_an_array_may_be_switched_off() -> None:
    x = np.ones(3)
    opt = al.RMSprop(x, momentum=0.5, centered=True)
    theta, state = np.ones(3), al.rmsprop_init(np.ones(3))
    for t, g in enumerate(gradients(2, 6, 3)):
        hyper = {"momentum": 0.5, "centered": True} if t < 3 else {}
        if t == 3:
            opt.momentum, opt.centered = 0.0, False
        opt.step(g)
        theta, state = al.rmsprop_step(theta, g, state, **hyper)
        assert same_bits(x, theta)
        assert same_bits(opt.m, state.m)
        assert same_bits(opt.b, state.b)


def test_a_start_is_a_gradient_taken_before() -> None:
    """A sum that begins at 9 is one after a gradient of 3."""
    x, g = np.array([1.0, -2.0]), gradients(3, 5, 2)
    opt = al.AdaGrad(x, lr=0.5, start=9.0)
    theta, state = np.array([1.0, -2.0]), al.adagrad_init(x, start=9.0)
    _, late = al.adagrad_step(np.zeros(2), np.full(2, 3.0), al.adagrad_init(x), lr=0.5)
    assert same_bits(late.G, state.G)
    for one in g:
        opt.step(one)
        theta, state = al.adagrad_step(theta, one, state, lr=0.5)
    assert same_bits(x, theta)
    assert same_bits(opt.G, state.G)


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf, "0.1", None])
def test_a_bad_start(bad: Any) -> None:
    for call in (
        lambda: al.adagrad_init(np.ones(2), start=bad),
        lambda: al.AdaGrad(np.ones(2), lr=0.1, start=bad),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^start must be"):
            call()


# -- None for an array that was not used ------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_unused_array_stays_as_it_is(case: Case) -> None:
    """And comes back with the optimizer's t: the rule with a later count."""
    a, b = np.ones(3), np.ones((2, 2))
    opt = al.OPTIMIZERS[case.name]([a, b], **case.hyper)
    g, h = gradients(4, 5, 3), gradients(5, 5, 2, 2)
    for t in range(5):
        opt.step([g[t], None if t in (0, 2) else h[t]])
    init, step = al.RULES[case.name]
    assert_same = run_rule(case, [np.ones(3)], lambda t, _: [g[t - 1]], 5)
    assert same_bits(a, assert_same[0][0])
    theta, state = np.ones((2, 2)), init(np.ones((2, 2)))
    for t in range(5):
        if t in (0, 2):
            state = state._replace(t=t + 1)
        else:
            theta, state = step(theta, h[t], state, **case.hyper)
    assert_same_run(([a, theta], [assert_same[1][0], state]), ([a, b], opt))


def test_none_is_for_lists() -> None:
    opt = al.Adam(np.ones(2))
    with refused(ValueError, "grads has shape (), params has (2,)", opt):
        opt.step(None)  # type: ignore[arg-type]
    pair = al.Adam([np.ones(2), np.ones(3)])
    with refused(ValueError, "grads[1] must be finite, got 1 of 3 NaN or infinite", pair):
        pair.step([None, np.array([1.0, np.nan, 0.0])], check_finite=True)  # type: ignore[list-item]
    pair.step([None, None])  # type: ignore[list-item]
    assert pair.t == 1


# -- parity, where PyTorch is installed ---------------------------------------------

TORCH = [
    ("RMSprop", {"momentum": 0.9}, {"momentum": 0.9}),
    ("RMSprop", {"centered": True, "eps": 1e-3}, {"centered": True, "eps": 1e-3}),
    (
        "RMSprop",
        {"rho": 0.5, "centered": True, "momentum": 0.5, "eps": 1e-3},
        {"alpha": 0.5, "centered": True, "momentum": 0.5, "eps": 1e-3},
    ),
    ("AdaGrad", {"lr": 0.1, "start": 0.1}, {"lr": 0.1, "initial_accumulator_value": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.9}),
    ("Adadelta", {}, {}),
]


@pytest.mark.parametrize(("name", "ours", "theirs"), TORCH)
def test_as_pytorch_with_gradients_missing(
    name: str, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    """1000 steps; every third one leaves the second array out, as set_to_none does."""
    torch = pytest.importorskip("torch")
    start = [gradients(6, 5), gradients(7, 2, 3)]
    params = [x.copy() for x in start]
    opt = al.OPTIMIZERS[name](params, **ours)
    tensors = [torch.tensor(x, dtype=torch.float64) for x in start]
    peer = getattr(torch.optim, {"AdaGrad": "Adagrad"}.get(name, name))(
        tensors, foreach=False, **theirs
    )
    for t in range(1000):
        grads: list[Any] = [gradients(100 + t, 5), gradients(5000 + t, 2, 3)]
        if t % 3 == 1:
            grads[1] = None
        opt.step(grads)
        for x, g in zip(tensors, grads, strict=True):
            x.grad = None if g is None else torch.tensor(g, dtype=torch.float64)
        peer.step()
    for x, p in zip(tensors, params, strict=True):
        assert np.max(np.abs(x.numpy() - p)) < 1e-12 * max(1, np.abs(p).max())
