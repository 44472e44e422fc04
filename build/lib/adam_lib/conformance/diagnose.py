"""Which bug does an Adam have? A battery of named tests, and the museum to compare with.

:func:`diagnose` takes anyone's Adam and runs the tests of ``TESTS`` on it.
Each test feeds gradients whose right answer is known without running Adam: in
closed form, or because something must not change. Only ``reference`` compares
with :func:`adam_step`. What was seen is then matched with the rules of
:mod:`adam_lib.conformance.exhibits`, to name the likely bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import numpy as np

from .. import _checks as check
from .._checks import Array
from ..adam import adam_init, adam_step
from .exhibits import CONVENTIONS, MUSEUM, Exhibit

Step = Callable[[list[Array]], Any]
Start = Callable[..., Step]

DTYPES = ("float32", "float64")


class Path(NamedTuple):
    """What a run did.

    ``theta``, of shape (steps + 1, d), are the parameters in float64, all
    tensors side by side; ``kept`` says whether every gradient came back as it
    went in.
    """

    theta: Array
    kept: bool


@dataclass(frozen=True)
class Subject:
    """An optimizer under test and the hyperparameters it is tested at.

    Attributes
    ----------
    tol : float
        What a step may be off in a test, in units of lr: in float64 less than
        one computed in single precision is.
    near : float
        What it may be off and still be like a step of the museum's.
    big : float
        A size of gradients beside which eps does not count, and beyond the
        thresholds at which gradients are usually clipped.
    """

    start: Start
    lr: float
    beta1: float
    beta2: float
    eps: float
    dtype: str

    @property
    def tol(self) -> float:
        return 1e-7 if self.dtype == "float64" else 2e-3

    @property
    def near(self) -> float:
        return 1e-6 if self.dtype == "float64" else 2e-3

    @property
    def big(self) -> float:
        return max(1e12 * self.eps, 1e4)

    def run(
        self,
        theta: Array,
        grads: Any,
        steps: int = 0,
        split: Sequence[int] = (),
        **change: Any,
    ) -> Path:
        """Follow the optimizer from ``theta``.

        ``grads`` is an array with one row a step, or a function of theta with
        the number of ``steps``. ``split`` says where one tensor ends and the
        next begins; ``change`` replaces hyperparameters.
        """
        hyper = {"lr": self.lr, "betas": (self.beta1, self.beta2), "eps": self.eps, **change}
        cuts = [slice(i, j) for i, j in pairwise((0, *split, len(theta)))]
        params = [np.array(theta[cut], self.dtype) for cut in cuts]
        step = self.start(params, **hyper)
        if not callable(step):
            hint = "; did you mean its method step?" if hasattr(step, "step") else ""
            raise TypeError(f"start must return a step function, got {type(step).__name__}{hint}")
        path, kept = [np.concatenate(params).astype(float)], True
        for t in range(steps or len(grads)):
            g = np.array(grads(path[-1]) if callable(grads) else grads[t], self.dtype)
            fed = [g[cut].copy() for cut in cuts]
            now = params if (out := step(fed)) is None else arrays(out, params)
            path.append(np.concatenate(now).astype(float))
            kept = kept and bool(np.all(np.concatenate(fed) == g))
        return Path(np.array(path), kept)

    def steps(self, g: Array) -> Array:
        """The steps along prescribed gradients, in units of lr, one row each."""
        return np.diff(self.run(np.zeros(g.shape[1]), g).theta, axis=0) / self.lr


def arrays(out: object, params: list[Array]) -> list[Array]:
    """The parameters that a step returned: as many, of the same shapes and dtype."""
    if not isinstance(out, list | tuple):
        raise TypeError(
            f"step must return a list of {len(params)} arrays, or None if it works in "
            f"place, got {type(out).__name__}"
        )
    if len(out) != len(params):
        raise ValueError(f"step must return {len(params)} arrays, got {len(out)}")
    found = [np.asarray(x) for x in out]
    for i, (x, p) in enumerate(zip(found, params, strict=True)):
        if x.shape != p.shape:
            raise ValueError(f"step must return shape {p.shape} at [{i}], got {x.shape}")
        if x.dtype != p.dtype:
            raise TypeError(
                f"step must return {p.dtype} at [{i}], got {x.dtype}; "
                "to test in single precision pass dtype='float32'"
            )
    return found


# -- the battery -----------------------------------------------------------------------

Test = Callable[[Subject], str]
TESTS: dict[str, Test] = {}


def battery(test: Test) -> Test:
    """Add a test under its name. It returns what was wrong, or nothing."""
    TESTS[test.__name__] = test
    return test


def _compare(seen: Array, right: Array, tol: float, must: str = "must be") -> str:
    """Where steps in units of lr first differ; NaN differs from everything."""
    wrong = ~(np.abs(seen - right) <= tol * np.maximum(1, np.abs(right)))
    if not wrong.any():
        return ""
    t, i = np.argwhere(wrong)[0]
    # With as many digits as it takes to see the difference.
    pairs = [(f"{seen[t, i]:.{k}g}", f"{right[t, i]:.{k}g}") for k in (4, 7, 10)]
    is_, other = next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])
    return f"step {t + 1} is {is_} lr, {must} {other} lr"


def _noise(shape: tuple[int, int]) -> Array:
    """Gaussian gradients of standard deviation 1 about 0.3."""
    return 0.3 + np.random.default_rng(5).normal(size=shape)


@battery
def descends(x: Subject) -> str:
    """On a bowl, started 20 lr from its minimum, f is halved within 100 steps."""
    bowl = np.array([1.0, 10.0])
    far = 20 * x.lr * np.ones(2)
    path = x.run(far, lambda theta: x.big * bowl * theta / x.lr, steps=100).theta
    if np.array_equal(path[-1], path[0]):
        return "nothing moved: step must change params in place or return the new arrays"
    f = np.sum(bowl * path**2, axis=1)
    lowest = f.min() / f[0]
    if not lowest < 1:
        return "f becomes NaN" if np.isnan(lowest) else "f does not fall"
    return "" if lowest < 0.5 else f"f falls to {lowest:.2g} of its start and no further"


@battery
def first_step(x: Subject) -> str:
    """The first step is -lr times the sign of the gradient, to 0.1 percent."""
    g = x.big * np.array([[1.0, -1.0, 100.0, -0.01]])
    return _compare(x.steps(g), -np.sign(g), max(1e-3, x.tol))


@battery
def constant_gradient(x: Subject) -> str:
    """Of a constant gradient m_hat and v_hat are g and g**2: every step is -lr*sign(g)."""
    g = x.big * np.tile([1.0, -3.0], (50, 1))
    return _compare(x.steps(g), -np.sign(g), x.tol)


@battery
def impulse(x: Subject) -> str:
    """One gradient, then zeros: what is left of it in m and v is known in closed form.

    Once where all coordinates fall silent, and once beside one that does not.
    """
    t = np.arange(1, 41)[:, None]
    t = t[x.beta2 ** ((t[:, 0] - 1) / 2) > 1e-2]  # while eps stays out of it
    g = np.where(t == 1, x.big * np.array([1.0, -1.0]), 0.0)
    left1 = x.beta1 ** (t - 1) * (1 - x.beta1) / (1 - x.beta1**t)
    left2 = x.beta2 ** (t - 1) * (1 - x.beta2) / (1 - x.beta2**t)
    right = -left1 / np.sqrt(left2) * np.sign(g[0])
    on = np.ones_like(g[:, :1])
    return _compare(x.steps(g), right, x.tol) or _compare(
        x.steps(np.hstack([g, x.big * on])), np.hstack([right, -on]), x.tol
    )


@battery
def tiny_gradient(x: Subject) -> str:
    """Of a constant gradient k*eps every step is -lr*k/(k + 1)."""
    k = np.array([0.25, 1.0, 4.0])
    g = np.tile(k * x.eps, (50, 1))
    return _compare(x.steps(g), np.tile(-k / (k + 1), (50, 1)), x.tol)


@battery
def zero_gradient(x: Subject) -> str:
    """With gradients of zero from the start, nothing moves at all."""
    theta = np.array([1.0, -2.0, 0.5]).astype(x.dtype)
    last = x.run(theta, np.zeros((3, 3))).theta[-1]
    moved = np.flatnonzero(last != theta)
    return f"{theta[moved[0]]} has become {last[moved[0]]}" if len(moved) else ""


@battery
def scaling(x: Subject) -> str:
    """Gradients and eps times 4: the same steps."""
    g = x.eps * _noise((30, 3))
    four = x.run(np.zeros(3), 4 * g, eps=4 * x.eps).theta
    return _compare(np.diff(four, axis=0) / x.lr, x.steps(g), x.tol, "without the factor 4")


@battery
def split_tensors(x: Subject) -> str:
    """Cut into three tensors, the parameters take the same steps."""
    g = x.big * _noise((30, 5))
    split = x.run(np.zeros(5), g, split=(2, 3)).theta
    return _compare(np.diff(split, axis=0) / x.lr, x.steps(g), x.tol, "in one tensor")


@battery
def gradients_kept(x: Subject) -> str:
    """The caller's gradients are unchanged after the step."""
    kept = x.run(np.zeros(3), x.big * _noise((5, 3))).kept
    return "" if kept else "the arrays of gradients were changed"


@battery
def reference(x: Subject) -> str:
    """Over 200 steps of noise, the steps are those of adam_step."""
    g = x.big * _noise((200, 3))
    theta = np.zeros(3)
    state, path = adam_init(theta), [theta]
    for row in g:
        theta, state = adam_step(theta, row, state, lr=x.lr, betas=(x.beta1, x.beta2), eps=x.eps)
        path.append(theta)
    return _compare(x.steps(g), np.diff(path, axis=0) / x.lr, x.tol)


# -- the diagnosis ---------------------------------------------------------------------


def fingerprint(x: Subject) -> Iterator[Path]:
    """A few runs that tell all rules of the museum apart."""
    g = _noise((30, 4))
    g[10:14, 1] = 0.0
    yield x.run(np.zeros(4), x.big * g, split=(1, 3))
    yield x.run(np.zeros(4), x.eps * g)
    yield x.run(np.zeros(4), 4 * x.eps * g, eps=4 * x.eps)
    yield x.run(np.full(4, 1e4 * x.lr), np.zeros((2, 4)))  # decay shows far from 0 only


def _alike(a: Path, b: Path, x: Subject) -> bool:
    """Whether two runs took the same steps, lost to NaN or infinity together included."""
    steps, right = np.diff(a.theta, axis=0) / x.lr, np.diff(b.theta, axis=0) / x.lr
    gap = np.abs(steps - right) <= x.near * np.maximum(1, np.abs(right))
    both_lost = ~np.isfinite(steps) & ~np.isfinite(right)
    return a.kept == b.kept and bool(np.all(gap | both_lost))


@dataclass(frozen=True)
class Report:
    """What :func:`diagnose` found; printed, it says so in a few lines.

    Attributes
    ----------
    ok : bool
        Whether this is Adam, in one of the documented conventions.
    convention : str
        Its name in ``museum.CONVENTIONS``, or an empty string.
    results : dict
        For each test by name what was wrong, an empty string if nothing.
    failed : tuple of str
        The names of the failed tests.
    bugs : tuple of str
        The names in ``museum.MUSEUM`` of the bugs that take the same steps: one as
        a rule, several where the hyperparameters do not tell them apart, none
        if the bug is new to the museum.
    """

    results: dict[str, str]
    convention: str
    bugs: tuple[str, ...]
    hyper: dict[str, Any]

    @property
    def ok(self) -> bool:
        return bool(self.convention)

    @property
    def failed(self) -> tuple[str, ...]:
        return tuple(name for name, wrong in self.results.items() if wrong)

    def __str__(self) -> str:
        at = ", ".join(f"{k}={v}" for k, v in self.hyper.items())
        lines = []
        if self.ok:
            lines.append(f"Adam ({at})")
            lines.append(f"  convention: {CONVENTIONS[self.convention].says}")
        elif self.failed:
            lines.append(f"not Adam: {len(self.failed)} of {len(self.results)} tests failed ({at})")
        else:
            lines.append(f"not Adam: all {len(self.results)} tests passed ({at})")
            lines.append(
                "  but it leaves Adam's path in the runs that tell the museum's bugs apart"
            )
        for name in self.failed:
            note = " (as it must in this convention)" if self.ok else ""
            lines.append(f"  {name}: {self.results[name]}{note}")
            if not self.ok and not self.bugs:
                lines.append(f"    ({(TESTS[name].__doc__ or '').partition(chr(10))[0]})")
        lines += [f"  looks like: {MUSEUM[name].says}" for name in self.bugs]
        if not self.ok and not self.bugs:
            lines.append("  no bug of the museum takes these steps")
        return "\n".join(lines)


def run_tests(x: Subject) -> dict[str, str]:
    """What each test of the battery found wrong, by name."""
    results = {}
    with np.errstate(all="ignore"):
        for name, test in TESTS.items():
            try:
                results[name] = test(x)
            except Exception as error:
                error.add_note(f"raised in the test {name!r} of adam_lib.conformance.diagnose")
                raise
    return results


def diagnose(
    start: Start,
    *,
    lr: float = 0.01,
    betas: tuple[float, float] = (0.85, 0.98),
    eps: float = 1e-6,
    dtype: str = "float64",
) -> Report:
    """Test an implementation of Adam and say which known bug it has, if any.

    Parameters
    ----------
    start : callable
        ``start(params, lr=, betas=, eps=)`` makes an optimizer for a list of
        arrays and returns ``step(grads)``, which takes one step. ``step``
        changes the arrays of ``params`` in place and returns None, or returns
        the new ones as a list. For an optimizer of one array, see
        :func:`separately`.
    lr, betas, eps
        What to test at. Use values that differ from the implementation's own
        defaults, lest it ignores them: ours differ from the usual ones. All
        must be > 0; gradients are chosen to suit, so that an eps will do if
        neither its square nor that of the gradients leaves the dtype's range.
    dtype : str
        "float64", or "float32" with a tolerance to match.

    Notes
    -----
    An acquittal is as good as what was fed: up to 200 steps of some five
    coordinates, with gradients of the size of eps and from 1e4 on. In float64 a
    step may be off by 1e-7 of itself, in float32 by 2e-3.

    Raises
    ------
    TypeError, ValueError
        If an argument is bad, or ``step`` returns what it must not. What
        ``step`` itself raises passes through, with a note that names the test.

    Examples
    --------
    >>> from adam_lib import Adam
    >>> print(diagnose(lambda params, **hyper: Adam(params, **hyper).step))
    Adam (lr=0.01, betas=(0.85, 0.98), eps=1e-06, dtype=float64)
      convention: Algorithm 1: eps outside the root, after the correction (PyTorch, optax)

    One character is missing here:

    >>> def adam(theta, g, m, v, t, lr, b1, b2, eps):
    ...     m[:] = b1 * m + (1 - b1) * g
    ...     v[:] = b2 * v + (1 - b2) * g**2
    ...     m_hat, v_hat = m / (1 - b1*t), v / (1 - b2**t)
    ...     theta -= lr * m_hat / (np.sqrt(v_hat) + eps)
    >>> def start(params, lr, betas, eps):
    ...     m, v = ([np.zeros_like(p) for p in params] for _ in range(2))
    ...     t = 0
    ...     def step(grads):
    ...         nonlocal t
    ...         t += 1
    ...         for args in zip(params, grads, m, v):
    ...             adam(*args, t, lr, *betas, eps)
    ...     return step
    >>> report = diagnose(start)
    >>> report.ok, report.bugs
    (False, ('times_t',))
    """
    x = _subject(start, lr, betas, eps, dtype)
    hyper = {"lr": x.lr, "betas": (x.beta1, x.beta2), "eps": x.eps, "dtype": dtype}
    results = run_tests(x)
    with np.errstate(all="ignore"):
        seen = tuple(fingerprint(x))
        conventions, bugs = (_matches(x, seen, rules) for rules in (CONVENTIONS, MUSEUM))
    for name in conventions:
        # A convention may fail where it must, and nowhere else.
        must = run_tests(_replaced(x, CONVENTIONS[name])) if any(results.values()) else {}
        if all(must[test] for test, wrong in results.items() if wrong):
            return Report(results, name, (), hyper)
    return Report(results, "", tuple(bugs), hyper)


def _replaced(x: Subject, exhibit: Exhibit) -> Subject:
    return replace(x, start=exhibit.start)


@lru_cache(maxsize=512)
def _known(x: Subject) -> tuple[Path, ...]:
    """The runs of a rule of the museum; they are the same in every diagnosis."""
    return tuple(fingerprint(x))


def _matches(x: Subject, seen: Sequence[Path], rules: dict[str, Exhibit]) -> list[str]:
    """The names of the rules that take the steps that were seen."""
    found = []
    for name, exhibit in rules.items():
        runs = zip(seen, _known(_replaced(x, exhibit)), strict=True)
        if all(_alike(a, b, x) for a, b in runs):
            found.append(name)
    return found


def _subject(start: Any, lr: Any, betas: Any, eps: Any, dtype: Any) -> Subject:
    """The arguments of :func:`diagnose`, checked."""
    if not callable(start):
        raise TypeError(f"start must be callable, got {type(start).__name__}")
    lr, eps = check.at_least_zero("lr", lr), check.at_least_zero("eps", eps)
    beta1, beta2 = check.decay_rates("betas", betas)
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    for name, value in (("lr", lr), ("betas[0]", beta1), ("betas[1]", beta2), ("eps", eps)):
        if value == 0:
            raise ValueError(f"{name} must be > 0 in a diagnosis, got {value}")
    limits = np.finfo(dtype)
    low = 1e3 * float(np.sqrt(limits.tiny / (1 - beta2)))  # below, g**2 underflows
    high = 1e-17 * float(np.sqrt(limits.max))
    if not low <= eps <= high:
        raise ValueError(f"eps must be in [{low:.0e}, {high:.0e}] in {dtype}, got {eps}")
    return Subject(start, lr, beta1, beta2, eps, dtype)


def separately(make: Callable[..., Callable[[Array, Array], Any]]) -> Start:
    """Adapt an optimizer of one array: every tensor gets its own.

    Parameters
    ----------
    make : callable
        ``make(lr=, betas=, eps=)`` returns ``step(theta, g)``, which returns the
        new theta, or None if it changes theta in place. It is called once for
        each tensor and must make a new state each time.

    Examples
    --------
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
    >>> print(str(diagnose(start)).splitlines()[-1].strip())
    looks like: 1 - beta instead of 1 - beta**t: the power is missing, or t stands still at 1
    """

    if not callable(make):
        raise TypeError(f"make must be callable, got {type(make).__name__}")

    def start(params: list[Array], **hyper: Any) -> Step:
        # A list of its own: what comes out is compared with what went in.
        theta, each = list(params), [make(**hyper) for _ in params]
        for one in each:
            if not callable(one):
                raise TypeError(f"make must return a step function, got {type(one).__name__}")

        def step(grads: list[Array]) -> list[Array]:
            for i, (one, g) in enumerate(zip(each, grads, strict=True)):
                out = one(theta[i], g)
                theta[i] = theta[i] if out is None else out
            return theta

        return step

    return start


class Matrix(NamedTuple):
    """Which test kills which bug: ``kills[i, j]`` says whether ``tests[j]`` kills ``bugs[i]``."""

    bugs: tuple[str, ...]
    tests: tuple[str, ...]
    kills: Array


def kill_matrix(
    *,
    lr: float = 0.01,
    betas: tuple[float, float] = (0.85, 0.98),
    eps: float = 1e-6,
    dtype: str = "float64",
) -> Matrix:
    """Run the battery on every bug of the museum; arguments as of :func:`diagnose`.

    Examples
    --------
    >>> bool(kill_matrix().kills.any(axis=1).all())
    True
    """
    subjects = [_subject(exhibit.start, lr, betas, eps, dtype) for exhibit in MUSEUM.values()]
    kills = [[bool(wrong) for wrong in run_tests(x).values()] for x in subjects]
    return Matrix(tuple(MUSEUM), tuple(TESTS), np.array(kills))


def smallest_covers(kills: Array) -> list[tuple[int, ...]]:
    """All smallest sets of columns that together kill every row, by trying all sets.

    Examples
    --------
    >>> smallest_covers(np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1]], bool))
    [(0, 2), (1, 2)]
    """
    for size in range(kills.shape[1] + 1):
        sets = combinations(range(kills.shape[1]), size)
        if found := [s for s in sets if kills[:, list(s)].any(axis=1).all()]:
            return found
    return []
