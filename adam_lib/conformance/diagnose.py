"""Is this an Adam? And if not, which bug has it, or which algorithm is it?

:func:`diagnose` takes anyone's optimizer, feeds it some thirty short runs of
prescribed gradients, puts the named tests of ``battery`` to what was seen,
and looks for the rule that takes the same steps (``naming``).
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from .. import _checks as check
from .._checks import Array
from .adapters import Adapted, separately
from .battery import TESTS, Seen, first_difference, run_tests
from .exhibits import CONVENTIONS, MUSEUM, Exhibit
from .family import REFERENCES, Reference
from .libraries import adapt
from .naming import Guess, identify
from .report import LIKELY, SURE, Difference, Report, changed_lines, sentences
from .runs import all_runs, long_run
from .subject import DTYPES, Path, Refused, Run, Start, Subject, follow, hyper_passed

SLOW = 5e-4  # seconds of CPU a step: above, the long run is shorter
HARMLESS = {"eps_hat": "eps_hat"}


def diagnose(
    start: Start,
    *,
    reference: str = "Adam",
    dtype: str = "float64",
    **hyper: Any,
) -> Report:
    """Test an implementation and say what it is: right, or wrong by which bugs.

    Parameters
    ----------
    start : callable
        ``start(params, lr=, betas=, eps=)`` makes an optimizer for a list of
        arrays and returns ``step(grads)``, which takes one step. ``step``
        changes the arrays of ``params`` in place and returns None, or returns
        the new ones as a list. Classes of ``torch.optim``, Keras and MLX and
        functions of optax are adapted as they are (``libraries``); for what
        is called in another way see ``adapters``.
        A hyperparameter that ``start`` does not take counts as fixed and is
        measured.
    reference : str
        What it should be: "Adam", "AdamW", "AMSGrad", "AdaMax", "NAdam",
        "RAdam", "RMSprop", "AdaGrad", "Adadelta" or "SGD" (with momentum).
    dtype : str
        "float64", or "float32" with a tolerance to match.
    **hyper
        The reference's hyperparameters to test at, by their names in
        ``adam_lib``. The defaults are nobody's defaults, so that one that is
        ignored shows. All must be > 0.

    Notes
    -----
    An acquittal is as good as what was fed: runs of up to 300 steps (1,000 of a
    constant gradient), vectors and matrices, near zero and far from it, with
    gradients over 13 decades, and each hyperparameter changed alone. In float64
    a step may be off by 1e-7 of itself. What is off by as much as single
    precision would be, and where no rule explains it, is said to be single
    precision.

    Raises
    ------
    TypeError, ValueError
        If an argument is bad, or ``start`` makes no step function. What
        ``step`` itself raises is a finding and stands in the report.

    Examples
    --------
    >>> from adam_lib import Adam
    >>> print(diagnose(lambda params, **hyper: Adam(params, **hyper).step))  # doctest: +ELLIPSIS
    Adam (lr=0.01, betas=(0.85, 0.98), eps=1e-06, float64)
      Algorithm 1: eps outside the root, after the correction (PyTorch, optax)
      every one of ... steps is the rule's

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
    >>> report.ok, report.bugs, report.how_sure
    (False, ('times_t',), 'sure')
    """
    ref = _reference(reference)
    x = subject(start, ref, dtype, hyper)
    with np.errstate(all="ignore"):
        runs, paths = observe(x)
        return _judge(x, ref, runs, paths)


def observe(x: Subject) -> tuple[dict[str, Run], dict[str, Path]]:
    """Feed all runs, and look."""
    runs, paths = all_runs(x), {}
    begun, steps = time.process_time(), 0
    for name, run in runs.items():
        paths[name] = x.run(run)
        steps += run.steps
    if "betas" in x.hyper:
        slow = (time.process_time() - begun) / steps > SLOW
        runs["long"] = long_run(x, 200 if slow else 1000)
        paths["long"] = x.run(runs["long"])
    return runs, paths


def _judge(
    x: Subject, ref: Reference, runs: Mapping[str, Run], paths: Mapping[str, Path]
) -> Report:
    """Right in double precision, or a rule that is, or right in single precision, or none."""
    single = x.dtype == "float32" or any(p.single for p in paths.values())

    def look(rough: bool, depth: int) -> tuple[Seen, list[Guess]]:
        seen = Seen(x, runs, paths, rough, convention=next(iter(ref.conventions.values())))
        missed = {}
        for name, c in ref.conventions.items():
            missed[name] = seen.misses(Guess(c))
            if not missed[name]:
                break
        nearest = min(missed, key=lambda name: len(missed[name]))
        seen.convention = ref.conventions[nearest]
        if not missed[nearest]:
            return seen, [Guess(seen.convention)]
        return seen, identify(seen, ref, depth)

    def all_told(seen: Seen, guesses: list[Guess]) -> bool:
        return bool(guesses) and not seen.misses(guesses[0])

    ran = [p.theta for p in paths.values() if len(p.theta) > 1]
    if ran and not any(np.any(theta[1:] != theta[:-1]) for theta in ran):
        start = next(iter(ref.conventions.values()))
        return _report(Seen(x, runs, paths, single, convention=start), [], ref)
    fine = look(single, 2 if single else 1)
    if single or all_told(*fine):
        return _report(*fine, ref)
    # What no rule takes within single precision, none takes within double.
    rough = look(True, 2)
    if not rough[1] or len(rough[0].misses(rough[1][0])) > len(paths) // 3:
        return _report(*fine, ref)
    closer = fine[0], identify(fine[0], ref, 2)
    if all_told(*closer) or not all_told(*rough):
        return _report(*closer, ref)
    return _report(*rough, ref)


def _faults(seen: Seen) -> list[str]:
    """What is wrong beside the steps."""
    out = []
    if not all(p.kept for p in seen.paths.values()):
        out.append("gradient_overwritten")
    if any(p.error for p in seen.paths.values()):
        out.append("raises")
    if not seen.same("again", "mixed"):
        out.append("state_outlives")
    return out


FAULTS = {
    "gradient_overwritten": "the caller's gradient is overwritten",
    "raises": "it raises",
    "state_outlives": "a second optimizer does not start afresh: state outlives the first",
}


def _report(seen: Seen, guesses: list[Guess], ref: Reference) -> Report:
    x = seen.x
    faults = _faults(seen)
    results = run_tests(seen, ref.name == "Adam", ref.steps_of_lr, ref.moves_at_zero)
    guess = guesses[0] if guesses else Guess(seen.convention)
    missed = seen.misses(guess)
    fixed = {f"{k}_ignored" for k in ("lr", "eps", "beta1", "beta2") if not _settable(x, k)}
    fixed |= {"eps_ignored+eps_hat"} if "eps_ignored" in fixed else set()
    bugs = [p.name for p in guess.parts if p.name not in fixed and p.name != "eps_hat"]
    if guess.base.name not in ref.conventions:
        bugs.insert(0, guess.base.name)
    says = [s for p, s in zip(guess.parts, sentences(guess), strict=True)]
    ran = sum(len(p.theta) - 1 for p in seen.paths.values())
    known = len(missed) <= len(seen.paths) // 3 and not {"noise", "calm"} <= set(missed)
    ok = known and not missed and not bugs and not faults
    convention = ""
    if ok:
        hat = any(p.name.endswith("eps_hat") for p in guess.parts)
        convention = "eps_hat" if hat else guess.base.name
        says = [{**CONVENTIONS, **ref.conventions}[convention].says] + [
            s.replace("of the call is ignored: it is", "cannot be set: it is")
            for p, s in zip(guess.parts, says, strict=True)
            if p.name != "eps_hat"
        ]
    else:
        if not known:
            bugs, says = [], []
        elif guess.base.name not in ref.conventions:
            says.insert(0, guess.base.says)
        bugs += [f for f in faults if f not in bugs]
        says += [FAULTS[f] for f in faults if f not in [p.name for p in guess.parts]]
        if bugs == ["raises"] and not known:
            bugs = []
    named = bool(bugs) and not ok
    return Report(
        reference=ref.name,
        hyper=dict(x.hyper),
        dtype=x.dtype,
        ok=ok,
        convention=convention,
        says=tuple(says),
        bugs=tuple(bugs) if not ok else (),
        others=tuple(tuple(p.name for p in g.parts) for g in guesses[1:]) if named else (),
        how_sure="" if not named else SURE if not missed and "raises" not in faults else LIKELY,
        results=results,
        first=None if ok else _first(seen),
        precision="single" if seen.single else "double",
        lines=changed_lines(guess) if named and known else (),
        steps=ran,
        missed=tuple(missed),
        notes=_hints(x, bugs) + _notes(seen),
    )


def _settable(x: Subject, name: str) -> bool:
    return x.can_change("betas" if name.startswith("beta") else name)


def _first(seen: Seen) -> Difference | None:
    """The first step that leaves the convention, in the first run that does."""
    for name in seen.paths:
        right = seen.right(name)
        steps = seen.steps(name)
        found = first_difference(steps, right, seen.allowed(name))
        if found:
            t, i = found
            return Difference(name, t + 1, i, float(steps[t, i]), float(right[t, i]))
    return None


def _hints(x: Subject, bugs: list[str]) -> tuple[str, ...]:
    """What in the call of an adapter may be the cause."""
    hints = getattr(x.start, "hints", {})
    return tuple(hints[bug] for bug in bugs if bug in hints)


def _notes(seen: Seen) -> tuple[str, ...]:
    """What raised, once for each message."""
    told: dict[str, list[str]] = {}
    for name, path in seen.paths.items():
        if path.error:
            told.setdefault(path.error, []).append(name)
    return tuple(
        f"{error}, in {len(names)} of {len(seen.paths)} runs: {', '.join(names[:6])}"
        for error, names in told.items()
    )[:4]


def _reference(name: Any) -> Reference:
    found = {k.lower(): r for k, r in REFERENCES.items()}.get(str(name).lower())
    if found is None:
        raise ValueError(f"reference must be one of {', '.join(REFERENCES)}, got {name!r}")
    return found


def subject(start: Any, ref: Reference, dtype: Any, given: Mapping[str, Any]) -> Subject:
    """The arguments of :func:`diagnose`, checked."""
    start = adapt(start)
    if not callable(start) and not hasattr(start, "loop"):
        raise Refused(f"start must be callable, got {type(start).__name__}{_made(start)}")
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    for name in given:
        if name not in ref.hyper:
            raise TypeError(f"{name!r} is none of {ref.name}'s {', '.join(ref.hyper)}")
    hyper: dict[str, Any] = {}
    for name, default in ref.hyper.items():
        value = given.get(name, default)
        if name == "betas":
            hyper[name] = check.decay_rates(name, value)
            for i, beta in enumerate(hyper[name]):
                _positive(f"betas[{i}]", beta)
        elif name in ("rho", "momentum"):
            hyper[name] = check.decay_rate(name, value)
        else:
            hyper[name] = check.at_least_zero(name, value)
        if name != "betas":
            _positive(name, hyper[name])
    if not hasattr(start, "fixed"):
        start = _with_fixed(start, hyper)
    if not isinstance(start, Adapted):
        _callable_so(start, hyper_passed(start, hyper))
    x = Subject(start, hyper, dtype)
    limits = np.finfo(dtype)
    low = 1e3 * float(np.sqrt(limits.tiny / (1 - x.beta2)))  # below, g**2 underflows
    high = 1e-17 * float(np.sqrt(limits.max))
    if not low <= x.eps <= high:
        raise ValueError(f"eps must be in [{low:.0e}, {high:.0e}] in {dtype}, got {x.eps}")
    return x


def _made(start: Any) -> str:
    """What an optimizer that has been made already is told."""
    if not hasattr(start, "step") and not hasattr(start, "update"):
        return ""
    kind = type(start).__name__
    return f": pass what makes it, as of_class({kind}) or lambda params, **hyper: {kind}(...).step"


def _callable_so(start: Any, hyper: Mapping[str, Any]) -> None:
    """Refuse what cannot be called as a start function is."""
    try:
        call = inspect.signature(getattr(start, "start", start))
    except (TypeError, ValueError):
        return
    try:
        call.bind([], **hyper)
    except TypeError as error:
        names = ", ".join(f"{name}=" for name in hyper)
        raise Refused(
            f"start cannot be called as start(params, {names}): {error}. A function of one "
            "array and its gradient: separately, counted or pure; one that owns the loop: of_loop"
        ) from None


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be > 0 in a diagnosis, got {value}")


class Fixed:
    """A start function, and the hyperparameters that it does not take."""

    def __init__(self, start: Any, fixed: tuple[str, ...]) -> None:
        self.start, self.fixed = start, fixed

    def __call__(self, params: list[Array], **hyper: Any) -> Any:
        return self.start(params, **hyper)


def _with_fixed(start: Any, hyper: Mapping[str, Any]) -> Any:
    """See which hyperparameters ``start`` can be called with."""
    try:
        takes = inspect.signature(start).parameters.values()
    except (TypeError, ValueError):
        return start
    if any(p.kind is p.VAR_KEYWORD for p in takes):
        return start
    names = {p.name for p in takes}
    missing = tuple(k for k in hyper if k not in names)
    return Fixed(start, missing) if missing else start


class Matrix(NamedTuple):
    """Which test kills which bug: ``kills[i, j]`` says whether ``tests[j]`` kills ``bugs[i]``."""

    bugs: tuple[str, ...]
    tests: tuple[str, ...]
    kills: Array


def kill_matrix(
    museum: Mapping[str, Exhibit] = MUSEUM, tests: Sequence[str] = tuple(TESTS), **hyper: Any
) -> Matrix:
    """Run tests of the battery on every bug of the museum; the rest is as in :func:`diagnose`.

    Examples
    --------
    >>> bool(kill_matrix().kills.any(axis=1).all())
    True
    """
    ref = REFERENCES["Adam"]
    kills = []
    for exhibit in museum.values():
        x = subject(
            exhibit.start,
            ref,
            hyper.get("dtype", "float64"),
            {k: v for k, v in hyper.items() if k != "dtype"},
        )
        with np.errstate(all="ignore"):
            runs, paths = observe(x)
            seen = Seen(x, runs, paths, x.dtype == "float32", convention=CONVENTIONS["adam"])
            results = run_tests(seen, True, True, False)
        kills.append([bool(results[name]) for name in tests])
    return Matrix(tuple(museum), tuple(tests), np.array(kills))


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


__all__ = [
    "Matrix",
    "Report",
    "diagnose",
    "follow",
    "kill_matrix",
    "observe",
    "separately",
    "smallest_covers",
]
