"""Adapters: one line for each way to call an optimizer, and what a slip is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adam_lib as al
from adam_lib.conformance.adapters import (
    Adapted,
    counted,
    of_class,
    of_dicts,
    of_layers,
    of_loop,
    pure,
    separately,
)
from adam_lib.conformance.diagnose import diagnose
from adam_lib.conformance.libraries import adapt
from adam_lib.conformance.subject import Refused


class OneArray:
    """Called, in place."""

    def __init__(self, learning_rate: float, beta_1: float, beta_2: float, epsilon: float) -> None:
        self.hyper: Any = learning_rate, (beta_1, beta_2), epsilon
        self.opt: Any = None

    def __call__(self, theta: np.ndarray, g: np.ndarray) -> None:
        self.opt = self.opt or al.Adam(theta, *self.hyper)
        self.opt.step(g)


class Owner:
    """Keeps its own copies."""

    def __init__(self, params: list[np.ndarray], step_size: float, **hyper: Any) -> None:
        self.now = [p.copy() for p in params]
        self.opt = al.Adam(self.now, step_size, **hyper)

    def apply(self, grads: list[np.ndarray]) -> None:
        self.opt.step(grads)


class Own(Owner):
    """Found by its method's name."""

    def step(self, grads: list[np.ndarray]) -> list[np.ndarray]:
        self.apply(grads)
        return self.now


class Layers:
    def __init__(self, layers: list[Any], lr: float, betas: Any, eps: float) -> None:
        self.layers = layers
        self.opt = al.Adam([layer.W for layer in layers], lr, betas, eps)

    def update(self) -> None:
        self.opt.step([layer.dW for layer in self.layers])


class Dicts:
    """Makes a new dictionary, and the optimizer at the first step."""

    def __init__(self, lr: float, beta1: float, beta2: float, eps: float) -> None:
        self.hyper, self.opt = (lr, (beta1, beta2), eps), None

    def step(self, params: dict[str, Any], grads: dict[str, Any]) -> dict[str, Any]:
        now = {k: p.copy() for k, p in params.items()}
        if self.opt is None:
            self.state = {k: al.adam_init(p) for k, p in params.items()}
            self.opt = True  # type: ignore[assignment]
        lr, betas, eps = self.hyper
        for k in now:
            now[k], self.state[k] = al.adam_step(
                now[k], grads[k], self.state[k], lr=lr, betas=betas, eps=eps
            )
        return now


def by_count(lr: float, betas: Any, eps: float) -> Any:
    """State in a closure, t from outside."""
    s: Any = {"m": 0.0, "v": 0.0}

    def step(w: np.ndarray, g: np.ndarray, t: int) -> np.ndarray:
        s["m"] = betas[0] * s["m"] + (1 - betas[0]) * g
        s["v"] = betas[1] * s["v"] + (1 - betas[1]) * g**2
        m_hat, v_hat = (s[k] / (1 - b**t) for k, b in zip("mv", betas, strict=True))
        return w - lr * m_hat / (np.sqrt(v_hat) + eps)

    return step


def by_index(**hyper: Any) -> Any:
    """The same, counting from 0."""
    step = by_count(**hyper)
    return lambda w, g, i: step(w, g, i + 1)


def in_place(w: Any, g: Any, m: Any, v: Any, t: int, lr: float, betas: Any, eps: float) -> None:
    m += (1 - betas[0]) * (g - m)
    v += (1 - betas[1]) * (g**2 - v)
    w -= lr * m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)


def handed(x: Any, g: Any, v: Any, m: Any, t: int, a: float, b1: float, b2: float, e: float) -> Any:
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    return m, v, x - a * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + e)


def loop(gradient: Any, x: np.ndarray, steps: int, alpha: float, **hyper: Any) -> np.ndarray:
    opt = al.Adam(x, alpha, **hyper)
    for _ in range(steps):
        opt.step(gradient(x))
    return x


RIGHT: dict[str, Any] = {
    "separately": lambda: separately(OneArray),
    "of_class": lambda: of_class(al.Adam),
    "of_class, copies": lambda: of_class(Owner, step="apply", params="now"),
    "of_layers": lambda: of_layers(Layers, weight="W", grad="dW", step="update"),
    "of_dicts": lambda: of_dicts(Dicts),
    "counted": lambda: counted(by_count),
    "counted from 0": lambda: counted(by_index, first=0),
    "pure, in place": lambda: pure(in_place, "theta g m v t lr betas eps", ""),
    "pure, another order": lambda: pure(handed, "theta g v m t lr beta1 beta2 eps", "m v theta"),
    "of_loop": lambda: of_loop(loop),
    "as it is": lambda: al.Adam,
    "by itself": lambda: adapt(Own),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_adam_is_acquitted_through_each(name: str) -> None:
    report = diagnose(RIGHT[name]())
    assert (report.ok, report.convention, report.precision) == (True, "adam", "double")


def test_an_argument_that_is_given_is_measured() -> None:
    report = diagnose(of_class(al.Adam, eps=1e-3))
    assert report.ok
    assert "the eps cannot be set: it is 0.001" in report.says


@pytest.mark.parametrize(
    ("make", "first", "hint"),
    [
        (by_index, 1, "counted(make, first=0)"),
        (by_count, 0, "counted(make, first=1)"),
    ],
)
def test_a_count_from_the_wrong_end_is_told(make: Any, first: int, hint: str) -> None:
    report = diagnose(counted(make, first=first))
    assert not report.ok
    assert any(hint in note for note in report.notes)


class Odd:
    """Has the names of several libraries at once."""

    def __init__(self, alpha: float, rho: float, epsilon: float, wd: float = 0.0) -> None:
        self.all = alpha, rho, epsilon, wd


def test_hyperparameters_are_passed_by_the_names_that_it_has() -> None:
    adapted = separately(Odd)
    assert adapted.names == {
        "lr": ("alpha",), "eps": ("epsilon",), "rho": ("rho",), "weight_decay": ("wd",)
    }  # fmt: skip
    assert set(adapted.fixed) == {"betas", "momentum"}
    assert adapted.arguments({"lr": 1.0, "rho": 0.5}) == {"alpha": 1.0, "rho": 0.5}
    assert Adapted(lambda **h: None, lambda *a: None, {"eps": 1}).names["lr"] == ("lr",)  # type: ignore[arg-type,return-value]
    assert "eps" in Adapted(lambda **h: None, lambda *a: None, {"eps": 1}).fixed  # type: ignore[arg-type,return-value]


def params() -> list[np.ndarray]:
    return [np.zeros(2)]


class NoStep:
    def __init__(self, params: Any, lr: float) -> None:
        self.params = params


class Done:
    def step(self) -> None: ...


SLIPS: dict[str, Any] = {
    "make must be callable, got Adam: pass the class Adam, not an instance of it": (
        lambda: of_class(al.Adam(params()))
    ),
    "pass the class Adam, not an instance": lambda: diagnose(al.Adam(params())),
    "start must be callable, got Done: pass what makes it": lambda: diagnose(Done()),
    "start must return a step function, got Adam; did you mean its method step?": (
        lambda: diagnose(lambda p, **h: al.Adam(p, **h))
    ),
    "array and its gradient: separately, counted or pure": lambda: diagnose(al.adam_step),
    "missing a required argument: 'g'": lambda: diagnose(lambda theta, g, t: theta),
    "make must return a step function, got Odd": (
        lambda: diagnose(separately(Odd), reference="RMSprop")
    ),
    "of_class must make an object with a method step, got NoStep": (
        lambda: diagnose(of_class(NoStep))
    ),
    "got 2 values; for a function that hands its state back see pure": (
        lambda: diagnose(separately(lambda **h: lambda w, g: (w, g)))
    ),
    "f returned 3 values, gives names 2: theta m": (
        lambda: diagnose(pure(lambda w, g, m: (w, g, m), "theta g m", "theta m"))
    ),
    "takes must name theta and g, got 'w g'": lambda: pure(loop, "w g", ""),
    "gives must name some of takes, got 'theta m'": lambda: pure(loop, "theta g", "theta m"),
    "the loop never asked for a gradient": lambda: diagnose(of_loop(lambda f, x, n, **h: x)),
}


@pytest.mark.parametrize("message", SLIPS)
def test_slips_are_refused_with_the_right_call(message: str) -> None:
    with pytest.raises(Refused) as caught:
        SLIPS[message]()
    assert message in str(caught.value)


def test_a_step_that_does_nothing_is_told_what_it_must_do() -> None:
    report = diagnose(lambda p, **h: lambda g: None)
    assert "step must change params in place or return" in report.results["descends"]
