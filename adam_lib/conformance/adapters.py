"""Anyone's optimizer as :func:`.diagnose.diagnose` takes it, in one line each.

Those of other libraries are in :mod:`.libraries`. What an adapter is given makes
a new optimizer each time it is called: a class, or a function of the
hyperparameters. They are passed by the names that it has for them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np

from .._checks import Array
from .subject import Refused, Step

Start = Callable[..., Step]

# What others call them. betas may also be two arguments.
SPELLINGS: dict[str, tuple[tuple[str, ...], ...]] = {
    "lr": (("lr",), ("learning_rate",), ("step_size",), ("stepsize",), ("eta",), ("alpha",)),
    "betas": (("betas",), ("beta1", "beta2"), ("beta_1", "beta_2"), ("b1", "b2")),
    "eps": (("eps",), ("epsilon",)),
    "rho": (("rho",), ("decay",), ("decay_rate",), ("alpha",), ("gamma",), ("beta",)),
    "momentum": (("momentum",), ("beta",), ("mu",), ("gamma",)),
    "weight_decay": (("weight_decay",), ("wd",)),
}


def spellings(
    make: Any, given: Mapping[str, Any], usual: Mapping[str, str] | None
) -> dict[str, Any]:
    """By which arguments ``make`` takes each hyperparameter; those it does not take are left out.

    ``usual`` has the names for a ``make`` that takes any; None says that it
    does not, though it looks so.
    """
    try:
        takes = inspect.signature(make).parameters
    except (TypeError, ValueError):
        takes = inspect.signature(lambda **any: None).parameters
    some = usual is not None and any(p.kind is p.VAR_KEYWORD for p in takes.values())
    out: dict[str, Any] = {}
    for name, options in SPELLINGS.items():
        used = set(out.get("lr", ()))  # the others never stand in one reference
        found = [o for o in options if set(o) <= set(takes) and not set(o) & used]
        if found and not set(found[0]) & set(given):
            out[name] = found[0]
        elif some and not found and name not in given:
            out[name] = tuple((usual or {}).get(name, name).split())
    return out


class Adapted:
    """A start function and the hyperparameters that it cannot be called with.

    Attributes
    ----------
    fixed : tuple of str
        Those that what is adapted does not take; they are measured.
    hints : dict
        For the name of a bug, what in the call may be its cause.
    """

    def __init__(
        self,
        make: Any,
        begin: Callable[[Callable[..., Any], list[Array], Mapping[str, Any]], Step],
        given: Mapping[str, Any],
        usual: Mapping[str, str] | None = MappingProxyType({}),
        hints: Mapping[str, str] | None = None,
    ) -> None:
        if not callable(make):
            method = next((m for m in ("step", "update") if hasattr(make, m)), "")
            kind = type(make).__name__
            made = f": pass the class {kind}, not an instance of it" if method else ""
            raise Refused(f"make must be callable, got {kind}{made}")
        self.make, self.begin, self.given = make, begin, dict(given)
        self.names = spellings(make, given, usual)
        self.fixed = tuple(name for name in SPELLINGS if name not in self.names)
        self.hints = dict(hints or {})
        self.__name__ = getattr(make, "__name__", type(make).__name__)

    def arguments(self, hyper: Mapping[str, Any]) -> dict[str, Any]:
        """The hyperparameters under the names that ``make`` has for them."""
        out = dict(self.given)
        for name, value in hyper.items():
            names = self.names[name]
            out.update(zip(names, value if len(names) > 1 else (value,), strict=True))
        return out

    def __call__(self, params: list[Array], **hyper: Any) -> Step:
        return self.begin(self.make, params, self.arguments(hyper))


def _step_of(made: Any, names: tuple[str, ...], call: str) -> Callable[..., Any]:
    """The method of that name of what ``make`` returned."""
    for name in names:
        if callable(found := getattr(made, name, None)):
            step: Callable[..., Any] = found
            return step
    raise Refused(f"{call} must make an object with a method {names[0]}, got {_kind(made)}")


def _kind(made: Any) -> str:
    return f"the class {made.__name__}" if isinstance(made, type) else type(made).__name__


def separately(make: Callable[..., Callable[[Array, Array], Any]], **given: Any) -> Adapted:
    """Adapt an optimizer of one array: every tensor gets its own.

    Parameters
    ----------
    make : callable
        ``make(lr=, betas=, eps=)`` returns ``step(theta, g)``, which returns the
        new theta, or None if it changes theta in place. It is called once for
        each tensor and must make a new state each time.
    **given
        Passed on to ``make``.

    Examples
    --------
    >>> from adam_lib.conformance.diagnose import diagnose
    >>> class MyAdam:
    ...     def __init__(self, lr, b1, b2, eps):
    ...         self.lr, self.b1, self.b2, self.eps = lr, b1, b2, eps
    ...         self.m = self.v = self.t = 0
    ...     def update(self, w, g):
    ...         self.t += 1
    ...         self.m = self.b1 * self.m + (1 - self.b1) * g
    ...         self.v = self.b2 * self.v + (1 - self.b2) * g**2
    ...         m_hat = self.m / (1 - self.b1)
    ...         v_hat = self.v / (1 - self.b2)
    ...         return w - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
    >>> start = separately(lambda lr, betas, eps: MyAdam(lr, *betas, eps).update)
    >>> print(diagnose(start).says[0])
    1 - beta instead of 1 - beta**t: the power is missing, or t stands still at 1

    A class whose instances have a method ``step``, ``update`` or
    ``__call__`` of theta and g may be passed as it is:

    >>> diagnose(separately(MyAdam)).bugs
    ('no_power',)
    """

    def begin(make: Any, params: list[Array], hyper: Mapping[str, Any]) -> Step:
        each = [_function(make(**hyper), "separately") for _ in params]
        return _each(params, lambda i, theta, g: each[i](theta, g))

    return Adapted(make, begin, given)


def counted(
    make: Callable[..., Callable[[Array, Array, int], Any]], *, first: int = 1, **given: Any
) -> Adapted:
    """Adapt a function of the parameters, the gradient and the number of the step.

    Parameters
    ----------
    make : callable
        ``make(lr=, betas=, eps=)`` returns ``step(theta, g, t)``, for one array.
    first : int
        The first step's number, as the function's caller counts.

    Examples
    --------
    >>> from adam_lib.conformance.diagnose import diagnose
    >>> def make(lr, betas, eps):
    ...     m = v = 0
    ...     def step(theta, g, i):
    ...         nonlocal m, v
    ...         m, v = (b * s + (1 - b) * x for b, s, x in zip(betas, (m, v), (g, g**2)))
    ...         m_hat, v_hat = (s / (1 - b ** (i + 1)) for b, s in zip(betas, (m, v)))
    ...         return theta - lr * m_hat / (np.sqrt(v_hat) + eps)
    ...     return step
    >>> diagnose(counted(make, first=0)).ok
    True
    >>> print(diagnose(counted(make)).notes[0])
    it may count from 0, as in JAX: counted(make, first=0)
    """

    def begin(make: Any, params: list[Array], hyper: Mapping[str, Any]) -> Step:
        each = [_function(make(**hyper), "counted") for _ in params]
        clock = [first - 1] * len(params)

        def one(i: int, theta: Array, g: Array) -> Any:
            clock[i] += 1
            return each[i](theta, g, clock[i])

        return _each(params, one)

    hint = f"it may count from {1 - first}"
    hint += ", as in JAX: counted(make, first=0)" if first else ": counted(make, first=1)"
    return Adapted(make, begin, given, {}, {"t_one_ahead" if first else "t_from_zero": hint})


def pure(f: Callable[..., Any], takes: str, gives: str, *, first: int = 1) -> Adapted:
    """Adapt one function that is handed its state and hands it back.

    Parameters
    ----------
    f : callable
        Of one array.
    takes : str
        Its arguments in order, by name: ``theta``, ``g``, ``t``,
        hyperparameters (``lr beta1 beta2 eps``, or as a pair ``betas``), and
        any other name for an array of state, which starts at zero.
    gives : str
        What it returns, in order, by the same names; empty if it works in place.

    Examples
    --------
    >>> from adam_lib.conformance.diagnose import diagnose
    >>> def adam(w, dw, m, v, t, lr, b1, b2, eps):
    ...     m = b1 * m + (1 - b1) * dw
    ...     v = b2 * v + (1 - b2) * dw**2
    ...     w = w - lr * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
    ...     return w, m, v
    >>> diagnose(pure(adam, "theta g m v t lr beta1 beta2 eps", "theta m v")).ok
    True
    """
    ins, outs = takes.replace(",", " ").split(), gives.replace(",", " ").split()
    if "theta" not in ins or "g" not in ins:
        raise Refused(f"takes must name theta and g, got {takes!r}")
    if not set(outs) <= set(ins):
        raise Refused(f"gives must name some of takes, got {gives!r}")
    known = {"beta1": "betas", "beta2": "betas"}
    can = {known.get(name, name) for name in ins} & set(SPELLINGS)

    def begin(f: Any, params: list[Array], hyper: Mapping[str, Any]) -> Step:
        numbers = dict(hyper)
        numbers["beta1"], numbers["beta2"] = hyper.get("betas", (0.0, 0.0))
        states: list[dict[str, Any]] = [
            {n: np.zeros_like(p) for n in ins if n not in {*numbers, "theta", "g", "t"}}
            for p in params
        ]
        for s in states:
            s["t"] = first - 1

        def one(i: int, theta: Array, g: Array) -> Any:
            s = states[i]
            s["t"] += 1
            space = {**numbers, **s, "theta": theta, "g": g}
            out = f(*(space[name] for name in ins))
            if not outs:
                return out
            values = out if len(outs) > 1 else (out,)
            if not isinstance(values, tuple | list) or len(values) != len(outs):
                n = len(values) if isinstance(values, tuple | list) else 1
                raise Refused(f"f returned {n} values, gives names {len(outs)}: {' '.join(outs)}")
            now = dict(zip(outs, values, strict=True))
            s.update((k, v) for k, v in now.items() if k in s and k != "t")
            return now.get("theta")

        return _each(params, one)

    out = Adapted(f, begin, {})
    out.names = {name: (name,) for name in can}
    out.fixed = tuple(name for name in SPELLINGS if name not in can)
    return out


def of_class(
    make: Callable[..., Any], *, step: str = "step", params: str = "", **given: Any
) -> Adapted:
    """Adapt a class that owns its parameters: ``make(params, lr=, ...)``, then ``.step(grads)``.

    Parameters
    ----------
    step : str
        The method's name. It is called with the list of gradients.
    params : str
        The attribute with the new parameters, where it does not change the
        arrays that it was given and does not return them.

    Examples
    --------
    >>> from adam_lib import Adam
    >>> from adam_lib.conformance.diagnose import diagnose
    >>> diagnose(of_class(Adam)).convention
    'adam'
    """

    def begin(make: Any, arrays: list[Array], hyper: Mapping[str, Any]) -> Step:
        made = make(arrays, **hyper)
        one = _step_of(made, (step,), "of_class")
        if not params:
            return one

        def take(grads: list[Array]) -> Any:
            one(grads)
            return list(getattr(made, params))

        return take

    return Adapted(make, begin, given)


def of_layers(
    make: Callable[..., Any],
    *,
    weight: str = "data",
    grad: str = "grad",
    step: str = "step",
    **given: Any,
) -> Adapted:
    """Adapt a class that finds gradients on the objects it was given, as on layers.

    ``make(layers, lr=, ...)`` gets one object for each tensor, with the array as
    attribute ``weight``; before each ``.step()`` its ``grad`` is set.

    Examples
    --------
    >>> from adam_lib.conformance.diagnose import diagnose
    >>> class Sgd:
    ...     def __init__(self, layers, lr):
    ...         self.layers, self.lr = layers, lr
    ...     def step(self):
    ...         for layer in self.layers:
    ...             layer.W = layer.W - self.lr * layer.dW
    >>> diagnose(of_layers(Sgd, weight="W", grad="dW")).bugs
    ('sgd',)
    """

    def begin(make: Any, params: list[Array], hyper: Mapping[str, Any]) -> Step:
        layers = [SimpleNamespace(**{weight: p, grad: np.zeros_like(p)}) for p in params]
        one = _step_of(make(layers, **hyper), (step,), "of_layers")

        def take(grads: list[Array]) -> list[Array]:
            for layer, g in zip(layers, grads, strict=True):
                setattr(layer, grad, g)
            one()
            return [getattr(layer, weight) for layer in layers]

        return take

    return Adapted(make, begin, given)


def of_dicts(make: Callable[..., Any], *, step: str = "update", **given: Any) -> Adapted:
    """Adapt a class that is handed dictionaries: ``.update(params, grads)``.

    It changes the arrays or the dictionary of parameters, or returns a new one.
    The keys are "W1", "b1", "W2", ...

    Examples
    --------
    >>> from adam_lib.conformance.diagnose import diagnose
    >>> class Momentum:
    ...     def __init__(self, lr, beta):
    ...         self.lr, self.beta, self.v = lr, beta, {}
    ...     def update(self, params, grads):
    ...         for k in params:
    ...             self.v[k] = self.beta * self.v.get(k, 0) + grads[k]
    ...             params[k] -= self.lr * self.v[k]
    >>> diagnose(of_dicts(Momentum), reference="SGD").ok
    True
    """

    def begin(make: Any, params: list[Array], hyper: Mapping[str, Any]) -> Step:
        keys = [f"{'Wb'[i % 2]}{i // 2 + 1}" for i in range(len(params))]
        held = dict(zip(keys, params, strict=True))
        one = _step_of(make(**hyper), (step, "step", "__call__"), "of_dicts")

        def take(grads: list[Array]) -> list[Array]:
            nonlocal held
            out = one(held, dict(zip(keys, grads, strict=True)))
            held = out if isinstance(out, dict) else held
            return [held[k] for k in keys]

        return take

    return Adapted(make, begin, given)


class Loop(Adapted):
    """An optimizer that owns its loop and asks for gradients."""

    def loop(
        self, gradient: Callable[[Array], Array], theta: Array, steps: int, **hyper: Any
    ) -> Any:
        return self.make(gradient, theta, steps, **self.arguments(hyper))


def of_loop(run: Callable[..., Any], **given: Any) -> Loop:
    """Adapt a function that owns the loop: ``run(gradient, theta, steps, lr=, betas=, eps=)``.

    Where it asks for a gradient is where it went. It is fed one vector only, so
    that nothing is learned of several tensors.

    Examples
    --------
    >>> from adam_lib.conformance.diagnose import diagnose
    >>> def minimize(gradient, x, steps, lr, b1, b2, eps):
    ...     m = v = 0
    ...     for t in range(1, steps + 1):
    ...         g = gradient(x)
    ...         m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
    ...         x = x - lr * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
    ...     return x
    >>> diagnose(of_loop(minimize)).ok
    True
    """

    def begin(make: Any, params: list[Array], hyper: Mapping[str, Any]) -> Step:
        raise Refused("a loop takes no single steps")  # pragma: no cover

    return Loop(run, begin, given)


def _function(made: Any, call: str) -> Callable[..., Any]:
    """What ``make`` returned, as a function of theta and g."""
    for name in ("step", "update"):
        if callable(found := getattr(made, name, None)) and not isinstance(made, type):
            step: Callable[..., Any] = found
            return step
    if not callable(made) or isinstance(made, type):
        raise Refused(f"make must return a step function, got {_kind(made)} (in {call})")
    function: Callable[..., Any] = made
    return function


def _each(params: list[Array], one: Callable[[int, Array, Array], Any]) -> Step:
    """A step of all tensors, one after the other."""
    theta = list(params)  # its own: what comes out is compared with what went in

    def step(grads: list[Array]) -> list[Array]:
        for i, g in enumerate(grads):
            out = one(i, theta[i], g)
            if isinstance(out, tuple | list):
                raise Refused(
                    f"step must return the new theta alone, got {len(out)} values; for a "
                    "function that hands its state back see pure"
                )
            theta[i] = theta[i] if out is None else out
        return theta

    return step
