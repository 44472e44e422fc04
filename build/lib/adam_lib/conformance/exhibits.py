"""The bug museum: wrong Adams, each a few lines away from the right one.

Every exhibit is written out whole, in the lines and the order of :func:`adam`,
so that a comparison of the two sources shows the bug and nothing else. All of
them run, and nearly all of them still descend.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

import numpy as np

from .._checks import Array


class Hyper(NamedTuple):
    """The hyperparameters, in the order in which a rule unpacks them."""

    lr: float
    beta1: float
    beta2: float
    eps: float


class Clock:
    """A step count that all tensors of one optimizer share."""

    def __init__(self) -> None:
        self.t = 0


class State:
    """What a rule keeps for one tensor, and the clock that all tensors share."""

    def __init__(self, theta: Array, clock: Clock) -> None:
        self.t = 0
        self.m: Array = np.zeros_like(theta)
        self.v: Array = np.zeros_like(theta)
        self.largest: Array = np.zeros_like(theta)
        self.clock = clock


Rule = Callable[[Array, Array, State, Hyper], Array]


class Exhibit(NamedTuple):
    """A rule, its name and what there is to say about it in a sentence.

    ``rule(theta, g, state, hyper)`` returns the new theta and updates ``state``.
    """

    name: str
    says: str
    rule: Rule

    def start(
        self, params: list[Array], *, lr: float, betas: tuple[float, float], eps: float
    ) -> Callable[[list[Array]], list[Array]]:
        """A step function over a list of arrays, as :func:`.diagnose.diagnose` takes it."""
        hyper, clock = Hyper(lr, *betas, eps), Clock()
        theta = [p.copy() for p in params]
        states = [State(p, clock) for p in params]

        def step(grads: list[Array]) -> list[Array]:
            for i, (g, s) in enumerate(zip(grads, states, strict=True)):
                theta[i] = self.rule(theta[i], g, s, hyper)
            return theta

        return step


MUSEUM: dict[str, Exhibit] = {}
CONVENTIONS: dict[str, Exhibit] = {}


def _exhibit(room: dict[str, Exhibit], says: str) -> Callable[[Rule], Rule]:
    def enter(rule: Rule) -> Rule:
        name = rule.__name__
        room[name] = Exhibit(name, says, rule)
        return rule

    return enter


def bug(says: str) -> Callable[[Rule], Rule]:
    """Put a rule into the museum."""
    return _exhibit(MUSEUM, says)


def convention(says: str) -> Callable[[Rule], Rule]:
    """Put a rule among those that are documented and right, each in its way."""
    return _exhibit(CONVENTIONS, says)


# -- right -----------------------------------------------------------------------------


@convention("Algorithm 1: eps outside the root, after the correction (PyTorch, optax)")
def adam(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@convention("the paper's efficient order with eps-hat, before the correction (Keras)")
def eps_hat(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    lr = lr * sqrt(1 - beta2**s.t) / (1 - beta1**s.t)
    return theta - lr * s.m / (np.sqrt(s.v) + eps)


# -- the correction --------------------------------------------------------------------


@bug("no bias correction")
def no_correction(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    return theta - lr * s.m / (np.sqrt(s.v) + eps)


@bug("only m is corrected")
def only_m_corrected(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    return theta - lr * m_hat / (np.sqrt(s.v) + eps)


@bug("only v is corrected")
def only_v_corrected(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * s.m / (np.sqrt(v_hat) + eps)


@bug("1 - beta instead of 1 - beta**t: the power is missing, or t stands still at 1")
def no_power(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1)
    v_hat = s.v / (1 - beta2)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("beta1*t instead of beta1**t")
def times_t(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1 * s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("multiplied by 1 - beta**t instead of divided by it")
def correction_multiplied(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m * (1 - beta1**s.t)
    v_hat = s.v * (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("1 - (1 - beta)**t: beta and 1 - beta are exchanged in the correction alone")
def half_backwards(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - (1 - beta1) ** s.t)
    v_hat = s.v / (1 - (1 - beta2) ** s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("v is corrected after the root instead of before it")
def corrected_after_root(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    root = np.sqrt(s.v) / (1 - beta2**s.t)
    return theta - lr * m_hat / (root + eps)


@bug("m_hat and v_hat are fed back into the averages")
def fed_back(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    s.m = s.m / (1 - beta1**s.t)
    s.v = s.v / (1 - beta2**s.t)
    return theta - lr * s.m / (np.sqrt(s.v) + eps)


# -- the clock -------------------------------------------------------------------------


@bug("t starts at 0 instead of 1: 0/0")
def t_from_zero(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1 ** (s.t - 1))
    v_hat = s.v / (1 - beta2 ** (s.t - 1))
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("t starts at 2 instead of 1")
def t_one_ahead(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1 ** (s.t + 1))
    v_hat = s.v / (1 - beta2 ** (s.t + 1))
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("t is counted once per tensor instead of once per step")
def t_per_tensor(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.clock.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.clock.t)
    v_hat = s.v / (1 - beta2**s.clock.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


# -- the averages ----------------------------------------------------------------------


@bug("beta1 and beta2 are swapped")
def betas_swapped(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta2, beta1, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("beta is the share that is forgotten: 1 - beta where beta belongs")
def betas_backwards(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    beta1, beta2 = 1 - beta1, 1 - beta2
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("nothing is kept from step to step, which makes it sign descent")
def state_lost(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t, s.m, s.v = 0, np.zeros_like(g), np.zeros_like(g)
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("where a gradient is zero, nothing is updated: not m, not v, not theta")
def zeros_skipped(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = np.where(g == 0, s.m, beta1 * s.m + (1 - beta1) * g)
    s.v = np.where(g == 0, s.v, beta2 * s.v + (1 - beta2) * g**2)
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return np.where(g == 0, theta, theta - lr * m_hat / (np.sqrt(v_hat) + eps))


@bug("v is the variance about m (AdaBelief's rule) instead of the raw moment")
def centred(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * (g - s.m) ** 2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("v_hat never falls: AMSGrad's maximum is left on")
def maximum_left_on(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.largest = np.maximum(s.largest, s.v / (1 - beta2**s.t))
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


# -- eps -------------------------------------------------------------------------------


@bug("eps is added to the parameter: a parenthesis is missing")
def eps_to_parameter(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / np.sqrt(v_hat) + eps


@bug("eps is inside the root, so that its own root acts")
def eps_inside_root(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / np.sqrt(v_hat + eps)


@bug("the eps of the call is ignored, 1e-8 is used")
def eps_ignored(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, _ = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + 1e-8)


# -- the learning rate, the parameters and the gradient --------------------------------


@bug("lr counts twice: in m and again in the step")
def lr_twice(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * lr * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("the gradient is multiplied by lr first, which cancels but for eps")
def lr_in_gradient(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    g = lr * g
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("decoupled weight decay of 0.01 is left on: this is AdamW")
def decay_left_on(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    theta = theta * (1 - lr * 0.01)
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


@bug("the caller's gradient is overwritten by its square")
def gradient_overwritten(theta: Array, g: Array, s: State, h: Hyper) -> Array:
    lr, beta1, beta2, eps = h
    s.t += 1
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * np.square(g, out=g)
    m_hat = s.m / (1 - beta1**s.t)
    v_hat = s.v / (1 - beta2**s.t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)
