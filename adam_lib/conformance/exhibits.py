"""The bug museum: wrong Adams, each a few lines away from the right one.

Every exhibit says which lines of Algorithm 1 it replaces, and its ``rule`` is
the whole function with them in place, so that a comparison with the rule of
``adam`` shows the bug and nothing else. All of them run, and nearly all of them
still descend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from .._checks import Array
from .lines import ADAM, Edits, Rule, State, body, compose, filled, function, program

FACETS = ("core", "eps", "decay", "clip", "tensors", "kept")


@dataclass(frozen=True)
class Exhibit:
    """A rule, its name and what there is to say about it in a sentence.

    Attributes
    ----------
    edits : dict
        The lines of Algorithm 1 that it replaces, by their slots in
        ``lines.ADAM``.
    facet : str
        Where it shows: "core" with gradients of any size, "eps" with small
        ones, "decay" away from 0, "clip" with large ones, "tensors" with
        several.
    ranges : dict
        For each constant in its lines that is to be measured, its range.
    parts : tuple
        The names of the exhibits that it is made of.
    """

    name: str
    says: str
    edits: Mapping[str, str] = field(hash=False)
    facet: str = "core"
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict, hash=False)
    constants: Mapping[str, float] = field(default_factory=dict, hash=False)
    base: Mapping[str, str] = field(default_factory=lambda: ADAM, hash=False)
    parts: tuple[str, ...] = ()

    @cached_property
    def lines(self) -> Edits:
        """All lines of the rule."""
        lines = compose([self.edits], self.base)
        assert lines is not None
        return lines

    @cached_property
    def rule(self) -> Rule:
        """``rule(theta, g, state, hyper)`` returns the new theta and updates ``state``."""
        return function(self.name, self.lines, self.constants)

    def source(self) -> list[str]:
        """The lines of the rule, with numbers in the place of measured constants."""
        return body(filled(self.lines, self.constants))

    def start(self, params: list[Array], **hyper: Any) -> Callable[[list[Array]], list[Array]]:
        """A step function over a list of arrays, as :func:`.diagnose.diagnose` takes it."""
        h = flat(hyper)
        rule = program(self.lines, self.constants)
        clock = State(np.zeros(()))
        theta = [p.copy() for p in params]
        states = [State(p, clock, i) for i, p in enumerate(params)]

        def step(grads: list[Array]) -> list[Array]:
            clock.grads = grads
            clock.n += 1
            for i, (g, s) in enumerate(zip(grads, states, strict=True)):
                theta[i] = rule(theta[i], g, s, h)
            return theta

        return step

    def named(self, **new: Any) -> Exhibit:
        """The same with other attributes."""
        return replace(self, **new)


def flat(hyper: Mapping[str, Any]) -> tuple[float, ...]:
    """Hyperparameters in their order, with pairs taken apart."""
    out: list[float] = []
    for value in hyper.values():
        out += value if isinstance(value, tuple) else (value,)
    return tuple(out)


MUSEUM: dict[str, Exhibit] = {}
CONVENTIONS: dict[str, Exhibit] = {}


def convention(name: str, says: str, **edits: str) -> None:
    """Enter a rule among those that are documented and right, each in its way."""
    CONVENTIONS[name] = Exhibit(name, says, edits)


def bug(name: str, says: str, facet: str = "core", **edits: str) -> None:
    """Put a rule into the museum."""
    MUSEUM[name] = Exhibit(name, says, edits, facet)


# -- right -----------------------------------------------------------------------------

convention("adam", "Algorithm 1: eps outside the root, after the correction (PyTorch, optax)")
convention(
    "eps_hat",
    "the paper's efficient order with eps-hat, before the correction (Keras)",
    m_hat="lr = lr * sqrt(1 - beta2**t) / (1 - beta1**t)",
    v_hat="",
    root="root = np.sqrt(s.v) + eps",
    step="step = lr * s.m / root",
)

# -- the correction --------------------------------------------------------------------

bug("no_correction", "no bias correction", m_hat="m_hat = s.m", v_hat="v_hat = s.v")
bug("only_m_corrected", "only m is corrected", v_hat="v_hat = s.v")
bug("only_v_corrected", "only v is corrected", m_hat="m_hat = s.m")
bug(
    "no_power",
    "1 - beta instead of 1 - beta**t: the power is missing, or t stands still at 1",
    m_hat="m_hat = s.m / (1 - beta1)",
    v_hat="v_hat = s.v / (1 - beta2)",
)
bug("times_t", "beta1*t instead of beta1**t", m_hat="m_hat = s.m / (1 - beta1 * t)")
bug(
    "correction_multiplied",
    "multiplied by 1 - beta**t instead of divided by it",
    m_hat="m_hat = s.m * (1 - beta1**t)",
    v_hat="v_hat = s.v * (1 - beta2**t)",
)
bug(
    "half_backwards",
    "1 - (1 - beta)**t: beta and 1 - beta are exchanged in the correction alone",
    m_hat="m_hat = s.m / (1 - (1 - beta1) ** t)",
    v_hat="v_hat = s.v / (1 - (1 - beta2) ** t)",
)
bug(
    "corrected_after_root",
    "v is corrected after the root instead of before it",
    # As np.sqrt(s.v) / (1 - beta2**t), and open to what else may be wrong with the root.
    v_hat="v_hat = s.v / (1 - beta2**t) ** 2",
)
bug(
    "fed_back",
    "m_hat and v_hat are fed back into the averages",
    m_hat="m_hat = s.m = s.m / (1 - beta1**t)",
    v_hat="v_hat = s.v = s.v / (1 - beta2**t)",
)

# -- the clock -------------------------------------------------------------------------

bug("t_from_zero", "t starts at 0 instead of 1: 0/0", clock="t, s.t = s.t, s.t + 1")
bug("t_one_ahead", "t starts at 2 instead of 1", clock="t, s.t = s.t + 2, s.t + 1")
bug(
    "t_per_tensor",
    "t is counted once per tensor instead of once per step",
    "tensors",
    clock="t = s.clock.t = s.clock.t + 1",
)

# -- the averages ----------------------------------------------------------------------

bug("betas_swapped", "beta1 and beta2 are swapped", hyper="beta1, beta2 = beta2, beta1")
bug(
    "betas_backwards",
    "beta is the share that is forgotten: 1 - beta where beta belongs",
    hyper="beta1, beta2 = 1 - beta1, 1 - beta2",
)
bug(
    "state_lost",
    "nothing is kept from step to step, which makes it sign descent",
    hyper="s.t, s.m, s.v = 0, np.zeros_like(g), np.zeros_like(g)",
)
bug(
    "zeros_skipped",
    "where a gradient is zero, nothing is updated: not m, not v, not theta",
    m="s.m = np.where(g == 0, s.m, beta1 * s.m + (1 - beta1) * g)",
    v="s.v = np.where(g == 0, s.v, beta2 * s.v + (1 - beta2) * g**2)",
    end="theta = np.where(g == 0, theta, theta - step)",
)
bug(
    "centred",
    "v is the variance about m (AdaBelief's rule) instead of the raw moment",
    v="s.v = beta2 * s.v + (1 - beta2) * (g - s.m) ** 2",
)
bug(
    "maximum_left_on",
    "v_hat never falls: AMSGrad's maximum is left on",
    v_hat="v_hat = s.largest = np.maximum(s.largest, s.v / (1 - beta2**t))",
)

# -- eps -------------------------------------------------------------------------------

bug(
    "eps_to_parameter",
    "eps is added to the parameter: a parenthesis is missing",
    "eps",
    root="root = np.sqrt(v_hat)",
    end="theta = theta - step + eps",
)
bug(
    "eps_inside_root",
    "eps is inside the root, so that its own root acts",
    "eps",
    root="root = np.sqrt(v_hat + eps)",
)
bug("eps_ignored", "the eps of the call is ignored, 1e-8 is used", "eps", hyper="eps = 1e-8")

# -- the learning rate, the parameters and the gradient --------------------------------

bug(
    "lr_twice",
    "lr counts twice: in m and again in the step",
    m="s.m = beta1 * s.m + (1 - beta1) * lr * g",
)
bug(
    "lr_in_gradient",
    "the gradient is multiplied by lr first, which cancels but for eps",
    "eps",
    grad="g = lr * g",
)
bug(
    "decay_left_on",
    "decoupled weight decay of 0.01 is left on: this is AdamW",
    "decay",
    decay="theta = theta * (1 - lr * 0.01)",
)
bug(
    "gradient_overwritten",
    "the caller's gradient is overwritten by its square",
    "kept",
    v="s.v = beta2 * s.v + (1 - beta2) * np.square(g, out=g)",
)
