"""The table of optimizers. A new optimizer is added here, and nowhere else.

Every test that holds for all optimizers runs over CASES. What else a test
needs to know (which arguments there are, which arrays the state holds) it
reads from adam_lib itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import adam_lib as al

# -- optimizers and hyperparameters worth telling apart ------------------------

HYPER: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {"lr": 0.01},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    ],
    "AdaGrad": [{"lr": 0.1, "eps": 1e-3}, {"lr": 0.01, "eps": 0.0}],
    "RMSprop": [
        {"eps": 1e-3},
        {"lr": 0.1, "rho": 0.9, "eps": 0.5},
        {"lr": 0.01, "rho": 0.9, "eps": 0.5, "momentum": 0.9},
        {"lr": 0.01, "rho": 0.9, "eps": 0.5, "centered": True},
        {"lr": 0.01, "rho": 0.5, "eps": 0.5, "momentum": 0.5, "centered": True},
    ],
    "Adadelta": [{"eps": 1e-3}, {"lr": 0.5, "rho": 0.75, "eps": 0.01}],
    "Adam": [
        {"eps": 1e-3},
        {"lr": 0.1, "betas": (0.5, 0.75), "eps": 0.0},
        {"lr": 0.01, "betas": (0.0, 0.99), "eps": 0.5},
    ],
    "AdamW": [
        {"eps": 1e-3},
        {"lr": 0.1, "betas": (0.5, 0.75), "eps": 0.0, "weight_decay": 0.5},
    ],
    "AMSGrad": [
        {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3},
        {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3, "form": "pytorch"},
        {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3, "form": "optax"},
    ],
    "AdaMax": [{"eps": 1e-3}, {"lr": 0.1, "betas": (0.5, 0.75), "eps": 0.0}],
    "NAdam": [
        {"eps": 1e-3},
        {"lr": 0.1, "betas": (0.5, 0.75), "eps": 0.0, "momentum_decay": inf},
    ],
    # The second row's average is long enough to be divided by from the third step on.
    "RAdam": [
        {"lr": 0.01, "eps": 1e-3},
        {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3, "threshold": 4},
    ],
    "Lion": [{"lr": 0.01}, {"lr": 0.1, "betas": (0.5, 0.75), "weight_decay": 0.5}],
}


class Case(NamedTuple):
    """One optimizer with hyperparameters that every float dtype can hold."""

    name: str
    hyper: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.hyper.items())})"


CASES = [Case(name, hyper) for name, rows in HYPER.items() for hyper in rows]

# -- hyperparameters by name: values to draw, and values to refuse -------------

rates = st.floats(0, 1, exclude_max=True) | st.sampled_from([0.0, 0.5, 0.9, 0.99, 0.999])

DRAW: dict[str, st.SearchStrategy[Any]] = {
    "lr": st.floats(0, 10) | st.sampled_from([1e-3, 0.01, 1.0]),
    "betas": st.tuples(rates, rates),
    "rho": rates,
    "momentum": rates,
    "nesterov": st.booleans(),
    "centered": st.booleans(),
    "eps": st.sampled_from([0.0, 1e-4, 1e-3, 1.0]),
    "weight_decay": st.floats(0, 1),
    "form": st.sampled_from(["paper", "pytorch", "optax"]),
    "momentum_decay": st.floats(0, 1) | st.sampled_from([0.004, 1.0, inf]),
    "threshold": st.floats(4, 10),
}

_number = [
    ("0.1", TypeError, "{name} must be a real number, got '0.1'"),
    (None, TypeError, "{name} must be a real number, got None"),
    (1j, TypeError, "{name} must be a real number, got 1j"),
    (True, TypeError, "{name} must be a real number, got True"),
    ([0.1], TypeError, "{name} must be a real number, got [0.1]"),
    (np.array([0.1]), TypeError, "{name} must be a real number, got array([0.1])"),
]
_at_least_zero = [
    *_number,
    (-0.1, ValueError, "{name} must be >= 0, got -0.1"),
    (-inf, ValueError, "{name} must be >= 0, got -inf"),
    (nan, ValueError, "{name} must be >= 0, got nan"),
    (inf, ValueError, "{name} must be finite, got inf"),
]
_rate = [
    *_number,
    (1.0, ValueError, "{name} must be in [0, 1), got 1.0"),
    (1, ValueError, "{name} must be in [0, 1), got 1.0"),
    (1.5, ValueError, "{name} must be in [0, 1), got 1.5"),
    (-1e-9, ValueError, "{name} must be in [0, 1), got -1e-09"),
    (nan, ValueError, "{name} must be in [0, 1), got nan"),
    (inf, ValueError, "{name} must be in [0, 1), got inf"),
]


class Bad(NamedTuple):
    """A value to refuse, with the error it must raise."""

    value: Any
    error: type[Exception]
    message: str


def _named(name: str, rows: Sequence[tuple[Any, type[Exception], str]]) -> list[Bad]:
    return [Bad(value, error, message.format(name=name)) for value, error, message in rows]


def _betas() -> list[Bad]:
    first = [Bad((b.value, 0.999), *b[1:]) for b in _named("betas[0]", _rate)]
    second = [Bad((0.9, b.value), *b[1:]) for b in _named("betas[1]", _rate)]
    pairs = [0.9, (), (0.9,), (0.9, 0.99, 0.999), None, "ab", {0.9: 0.99}]
    form = [Bad(x, ValueError, f"betas must be a pair (beta1, beta2), got {x!r}") for x in pairs]
    return first + second + form


BAD: dict[str, list[Bad]] = {
    "lr": _named("lr", _at_least_zero),
    "betas": _betas(),
    "rho": _named("rho", _rate),
    "momentum": _named("momentum", _rate),
    **{
        name: [
            Bad(x, TypeError, f"{name} must be True or False, got {x!r}")
            for x in (1, None, "yes", 0.0)
        ]
        for name in ("nesterov", "centered")
    },
    "eps": _named("eps", _at_least_zero),
    "weight_decay": _named("weight_decay", _at_least_zero),
    "form": [
        Bad(x, ValueError, f"form must be one of paper, pytorch, optax, got {x!r}")
        for x in (np.array("paper"), ["paper"], 1, None, "", "torch")
    ],
    "momentum_decay": _named("momentum_decay", _at_least_zero[:-1]),
    "threshold": [
        *_named("threshold", _number),
        Bad(3.999, ValueError, "threshold must be >= 4, got 3.999"),
        Bad(nan, ValueError, "threshold must be >= 4, got nan"),
    ],
}

# -- running them --------------------------------------------------------------

DTYPES = ("float16", "float32", "float64")
Gradients = Callable[[int, list[np.ndarray]], list[np.ndarray]]


def arguments(name: str) -> list[str]:
    """The names of a rule's hyperparameters."""
    step = al.RULES[name][1]
    kind = inspect.Parameter.KEYWORD_ONLY
    return [p.name for p in inspect.signature(step).parameters.values() if p.kind is kind]


def complete(case: Case) -> dict[str, Any]:
    """The case's hyperparameters, and the rule's defaults for the others."""
    step = al.RULES[case.name][1]
    defaults = {k: inspect.signature(step).parameters[k].default for k in arguments(case.name)}
    return {**defaults, **case.hyper}


def slots(name: str) -> tuple[str, ...]:
    """The names of the arrays in a rule's state."""
    state = al.RULES[name][0](np.zeros(1))
    return tuple(k for k, x in state._asdict().items() if isinstance(x, np.ndarray))


def run_rule(case: Case, params: Sequence[np.ndarray], gradients: Gradients, steps: int) -> Any:
    """Parameters and states after ``steps`` steps of the pure rule on each array."""
    init, step = al.RULES[case.name]
    thetas = [p.copy() for p in params]
    states = [init(p) for p in thetas]
    for t in range(1, steps + 1):
        hyper = dict(case.hyper)
        if callable(hyper.get("lr")):
            hyper["lr"] = hyper["lr"](t)
        grads = gradients(t, thetas)
        new = [step(p, g, s, **hyper) for p, g, s in zip(thetas, grads, states, strict=True)]
        thetas, states = [p for p, _ in new], [s for _, s in new]
    return thetas, states


def run_in_place(
    case: Case, params: Sequence[np.ndarray], gradients: Gradients, steps: int, **extra: Any
) -> Any:
    """Parameters and optimizer after ``steps`` steps of the class on copies of ``params``."""
    arrays = [p.copy() for p in params]
    opt = al.OPTIMIZERS[case.name](arrays, **case.hyper, **extra)
    for t in range(1, steps + 1):
        opt.step(gradients(t, arrays))
    return arrays, opt


def same_bits(a: Any, b: Any) -> bool:
    """Equal shape, dtype and bits; of two NaN the payload may differ."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    both_nan = np.isnan(a) & np.isnan(b)
    equal = (a == b) & (np.signbit(a) == np.signbit(b))
    return bool(np.all(both_nan | equal))


def assert_same_run(rule: Any, in_place: Any) -> None:
    """The rule's parameters and state are the optimizer's, bit for bit."""
    thetas, states = rule
    arrays, opt = in_place
    for i, (theta, p) in enumerate(zip(thetas, arrays, strict=True)):
        assert same_bits(theta, p), f"params[{i}] differs"
    assert {s.t for s in states} == {opt.t}
    for name in opt.slots:
        for i, (s, x) in enumerate(zip(states, getattr(opt, name), strict=True)):
            assert same_bits(getattr(s, name), x), f"{name}[{i}] differs"


def refusal(call: Callable[[], Any]) -> str:
    """The message with which ``call`` is refused, or nothing."""
    try:
        call()
    except ValueError as e:
        return str(e)
    return ""


def snapshot(opt: Any) -> dict[str, Any]:
    """All that a bad call must leave alone, as bytes to compare."""
    state = {
        k: x.tobytes() if isinstance(x, np.ndarray) else x for k, x in opt.state_dict().items()
    }
    params = [opt.params] if isinstance(opt.params, np.ndarray) else opt.params
    return {**state, "lr": opt.lr, "params": [p.tobytes() for p in params]}
