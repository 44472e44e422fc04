"""The battery: named tests, each with an answer that is known without running an Adam.

In closed form, or because something must not change; only those named in
``COMPARED`` hold a run against the reference's own rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .._checks import Array
from .exhibits import Exhibit
from .match import simulate
from .naming import Evidence
from .runs import changes


@dataclass
class Seen(Evidence):
    """The evidence, and the convention that is nearest to it."""

    convention: Exhibit = field(kw_only=True)

    def steps(self, name: str) -> Array:
        """The steps of a run in units of lr, one row each."""
        with np.errstate(all="ignore"):
            found: Array = np.diff(self.paths[name].theta, axis=0) / self.x.lr
        return found

    def right(self, name: str) -> Array:
        """Those of the reference."""
        with np.errstate(all="ignore"):
            path, _ = simulate(self.convention.lines, {}, self.runs[name], self.x)
            found: Array = np.diff(path, axis=0) / self.x.lr
        return found

    def against(self, name: str, right: Array, must: str = "must be", tol: float = 0.0) -> str:
        """Where the steps of a run first differ from the right ones."""
        if self.paths[name].error:
            return self.paths[name].error
        return compare(self.steps(name), right, max(tol, self.allowed(name)), must)

    def itself(self, name: str, other: str, must: str) -> str:
        """Where a run differs from another that must take the same steps."""
        for one in (other, name):
            if self.paths[one].error:
                return self.paths[one].error
        tol = self.allowed(name) + self.allowed(other)
        return compare(self.steps(name), self.steps(other), tol, must)


def compare(seen: Array, right: Array, tol: float, must: str = "must be") -> str:
    """Where steps in units of lr first differ; NaN differs from everything."""
    found = first_difference(seen, right, tol)
    if found is None:
        return ""
    t, i = found
    is_, other = two_numbers(seen[t, i], right[t, i])
    return f"step {t + 1} is {is_} lr, {must} {other} lr"


def first_difference(seen: Array, right: Array, tol: float) -> tuple[int, int] | None:
    """Step and coordinate, counted from 0."""
    n = min(len(seen), len(right))
    with np.errstate(all="ignore"):
        wrong = ~(np.abs(seen[:n] - right[:n]) <= tol * np.maximum(1, np.abs(right[:n])))
    if not wrong.any():
        return None
    t, i = np.argwhere(wrong)[0]
    return int(t), int(i)


def two_numbers(a: float, b: float) -> tuple[str, str]:
    """With as many digits as it takes to see the difference."""
    pairs = [(f"{a:.{k}g}", f"{b:.{k}g}") for k in (4, 7, 10)]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])


Test = Callable[[Seen], str]
TESTS: dict[str, Test] = {}
NEEDS: dict[str, str] = {}
# Closed forms of Adam alone, and tests for rules whose steps are of the size of lr.
ADAM_ALONE = ("first_step", "constant_gradient", "impulse", "tiny_gradient", "long_run")
COMPARED = ("reference", "decades", "loud", "far_from_zero")


def battery(needs: str) -> Callable[[Test], Test]:
    """Add a test under its name. It returns what was wrong, or nothing."""

    def enter(test: Test) -> Test:
        TESTS[test.__name__] = test
        NEEDS[test.__name__] = needs
        return test

    return enter


@battery("bowl")
def descends(s: Seen) -> str:
    """On a bowl, started 20 lr from its minimum, f is halved within 100 steps."""
    path = s.paths["bowl"].theta
    if s.paths["bowl"].error:
        return s.paths["bowl"].error
    if np.array_equal(path[-1], path[0]):
        return "nothing moved: step must change params in place or return the new arrays"
    f = np.sum(np.array([1.0, 10.0]) * path**2, axis=1)
    lowest = f.min() / f[0]
    if not lowest < 1:
        return "f becomes NaN" if np.isnan(lowest) else "f does not fall"
    return "" if lowest < 0.5 else f"f falls to {lowest:.2g} of its start and no further"


@battery("first")
def first_step(s: Seen) -> str:
    """The first step is -lr times the sign of the gradient, to 0.1 percent."""
    return s.against("first", -np.sign(s.runs["first"].gradient(0, np.zeros(4)))[None], tol=1e-3)


@battery("constant")
def constant_gradient(s: Seen) -> str:
    """Of a constant gradient m_hat and v_hat are g and g**2: every step is -lr*sign(g)."""
    return s.against("constant", np.tile([-1.0, 1.0], (50, 1)))


@battery("impulse")
def impulse(s: Seen) -> str:
    """One gradient, then zeros: what is left of it in m and v is known in closed form.

    Once where all coordinates fall silent, and once beside one that does not.
    """
    beta1, beta2 = s.x.hyper["betas"]
    t = np.arange(1, s.runs["impulse"].steps + 1)[:, None]
    left1 = beta1 ** (t - 1) * (1 - beta1) / (1 - beta1**t)
    left2 = beta2 ** (t - 1) * (1 - beta2) / (1 - beta2**t)
    right = -left1 / np.sqrt(left2) * np.array([1.0, -1.0])
    beside = np.hstack([right, -np.ones_like(right[:, :1])])
    return s.against("impulse", right) or s.against("impulse_beside", beside)


@battery("tiny")
def tiny_gradient(s: Seen) -> str:
    """Of a constant gradient k*eps every step is -lr*k/(k + 1)."""
    k = np.array([0.25, 1.0, 4.0])
    return s.against("tiny", np.tile(-k / (k + 1), (50, 1)))


@battery("zeros")
def zero_gradient(s: Seen) -> str:
    """With gradients of zero from the start, nothing moves at all."""
    for name in ("zeros", "zeros_far"):
        if s.paths[name].error:
            return s.paths[name].error
        path = s.paths[name].theta
        near = 2 * s.allowed(name) * s.x.lr if s.single else 0.0
        moved = np.flatnonzero(~(np.abs(path[-1] - path[0]) <= near))
        if len(moved):
            i = moved[0]
            return f"{path[0][i]:g} has become {float(path[-1][i])!r}"
    return ""


@battery("small_times_4")
def scaling(s: Seen) -> str:
    """Gradients and eps times 4: the same steps."""
    return s.itself("small_times_4", "small", "without the factor 4")


@battery("tensors")
def split_tensors(s: Seen) -> str:
    """Cut into three tensors, the parameters take the same steps."""
    return s.itself("tensors", "whole", "in one tensor")


@battery("equal")
def equal_tensors(s: Seen) -> str:
    """Cut into three tensors of one shape, the parameters take the same steps."""
    return s.itself("equal", "whole_equal", "in one tensor")


@battery("matrices")
def matrices(s: Seen) -> str:
    """As matrices and a vector, the parameters take the same steps as in one vector."""
    return s.itself("matrices", "whole_matrices", "in one vector")


@battery("noise")
def gradients_kept(s: Seen) -> str:
    """The caller's gradients are unchanged after the step."""
    kept = all(path.kept for path in s.paths.values())
    return "" if kept else "the arrays of gradients were changed"


@battery("noise")
def reference(s: Seen) -> str:
    """Over 300 steps of large noise, the steps are those of the rule."""
    return s.against("noise", s.right("noise"))


@battery("decades")
def decades(s: Seen) -> str:
    """Along noise of 13 sizes, from eps/10^4 to eps*10^8, the steps are those of the rule."""
    return s.against("decades", s.right("decades"))


@battery("loud")
def loud(s: Seen) -> str:
    """Along noise that grows from 1e-3 to 1e5, the steps are those of the rule."""
    return s.against("loud", s.right("loud")) or s.against("loud_tensors", s.right("loud_tensors"))


@battery("mixed")
def far_from_zero(s: Seen) -> str:
    """Started up to 10^4 lr from 0, the parameters take the steps of the rule."""
    return s.against("mixed", s.right("mixed"))


@battery("mixed")
def obeys(s: Seen) -> str:
    """Each hyperparameter, changed alone, changes the steps as in the rule."""
    found = []
    for name in changes(s.x):
        if name not in s.paths:
            continue
        changed = name.removesuffix("_changed")
        wrong = s.against(name, s.right(name))
        if wrong and s.same(name, "mixed"):
            found.append(f"{changed} is ignored: another one changes nothing")
        elif wrong:
            found.append(f"with another {changed} {wrong}")
    ignored = [one for one in found if "ignored" in one]
    return "; ".join(ignored) or (found[0] if found else "")


@battery("again")
def starts_afresh(s: Seen) -> str:
    """A second optimizer takes the same steps along the same gradients as one before it."""
    return s.itself("again", "mixed", "the first time")


@battery("long")
def long_run(s: Seen) -> str:
    """Over many steps of a constant gradient, beta2 being 0.9999, every step is -lr*sign(g)."""
    return s.against("long", np.tile([-1.0, 1.0], (s.runs["long"].steps, 1)))


def doc(name: str) -> str:
    """What a test feeds, in a line."""
    return (TESTS[name].__doc__ or "").partition("\n")[0]


def run_tests(s: Seen, adam: bool, steps_of_lr: bool, moves_at_zero: bool) -> dict[str, str]:
    """What each test of the battery found wrong, by name."""
    results = {}
    for name, test in TESTS.items():
        if NEEDS[name] not in s.paths:
            continue
        if name in ADAM_ALONE and not adam:
            continue
        if name == "descends" and not steps_of_lr:
            continue
        if name == "zero_gradient" and moves_at_zero:
            continue
        with np.errstate(all="ignore"):
            results[name] = test(s)
    return results
