"""Which rule takes the steps that were seen? Facet by facet, so that bugs may come together.

With large gradients, near zero and in one tensor only the averages, their
corrections and lr show. Which of these rules was seen is settled first; then
what weight decay, eps, clipping and several tensors add, each from runs in which
the others are silent; at last the whole rule is held against every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from .exhibits import Exhibit
from .family import STRANGERS, Reference
from .lines import ADAM, compose
from .match import alike, factors, fit, simulate
from .schedules import nice, schedule
from .subject import SINGLE, Path, Run, Subject
from .variants import (
    CLIPS,
    CORE,
    DECAYS,
    MATRIX_DECAY,
    SHIFTS,
    T_EPOCHS,
    T_STOPS,
    T_WRAPS,
    TENSOR,
    TRUST,
    ZEROS,
    eps_options,
)

EPOCHS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 50, 64, 100, 128)
USUAL = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999)


@dataclass(frozen=True)
class Guess:
    """A rule: a convention and what was changed in it."""

    base: Exhibit
    parts: tuple[Exhibit, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def lines(self) -> dict[str, str] | None:
        """All lines of the rule, or None if two parts do not go together."""
        return compose([p.edits for p in self.parts], self.base.lines)

    def plus(self, part: Exhibit, constants: Mapping[str, Any] | None = None) -> Guess | None:
        """With one more change, or None if it does not go together with the others."""
        base = self.base.lines
        for slot in part.edits:
            if ADAM[slot] and base[slot] != ADAM[slot]:
                return None
        found = replace(
            self, parts=(*self.parts, part), constants={**self.constants, **(constants or {})}
        )
        return found if found.lines is not None else None


@dataclass
class Evidence:
    """What was seen, and how far a step may be off."""

    x: Subject
    runs: Mapping[str, Run]
    paths: Mapping[str, Path]
    single: bool
    _known: dict[Any, bool] = field(default_factory=dict)
    _allowed: dict[str, float] = field(default_factory=dict)

    def allowed(self, name: str) -> float:
        """What a step of the run may be off, in units of lr."""
        if name not in self._allowed:
            change = self.runs[name].change
            self._allowed[name] = self.x.allowed(self.paths[name].theta, self.single, change)
        return self._allowed[name]

    def ran(self, name: str) -> bool:
        return name in self.paths and len(self.paths[name].theta) > 1

    def explains(self, guess: Guess, name: str, steps: int = 0) -> bool:
        """Whether the guess takes the steps of one run, or its first ones."""
        lines = guess.lines
        assert lines is not None
        constants = tuple((k, np.asarray(v).tobytes()) for k, v in guess.constants.items())
        key = (tuple(lines.values()), constants, name)
        if (known := self._known.get((*key, steps), self._known.get((*key, 0)))) is not None:
            return known
        args = lines, guess.constants, self.runs[name], self.x, self.paths[name]
        found = simulate(*args, self.allowed(name), steps)[1] < 0
        self._known[*key, steps] = found
        return found

    def misses(self, guess: Guess) -> list[str]:
        """The runs whose steps it does not take.

        Without the bowl: there gradients depend on theta, and rounding grows.
        """
        ran = [name for name in self.paths if self.ran(name) and name != "bowl"]
        return [name for name in ran if not self.explains(guess, name)]

    def same(self, a: str, b: str) -> bool:
        """Whether two runs took the same steps as each other."""
        one, two = self.paths[a].theta, self.paths[b].theta
        n = min(len(one), len(two))
        with np.errstate(all="ignore"):
            steps = np.diff(one[:n], axis=0), np.diff(two[:n], axis=0)
            allowed = self.allowed(a) + self.allowed(b)
            return bool(alike(*steps, self.x.lr, allowed).all())

    def ignored(self) -> list[str]:
        """Hyperparameters whose change changes nothing."""
        return [
            name.removesuffix("_changed")
            for name in self.paths
            if name.endswith("_changed") and self.ran(name) and self.same(name, "mixed")
        ]


@lru_cache(maxsize=4)
def _pairs(strangers: bool) -> tuple[tuple[Exhibit, Exhibit], ...]:
    """Two changes of the core that go together."""
    found = list(combinations([e for e in CORE if not e.ranges], 2))
    if strangers:
        found = [(s, e) for s in STRANGERS for e in CORE if not e.ranges]
    return tuple(p for p in found if compose([e.edits for e in p]) is not None)


def identify(ev: Evidence, reference: Reference, depth: int = 2) -> list[Guess]:
    """The rules with the fewest changes that take all steps, or as many as any does."""
    bases = list(reference.conventions.values())
    if reference.name == "Adam":
        bases = bases[:1]  # eps-hat is a place for eps, and is found as such
    bases += reference.exhibits
    found: list[Guess] = []
    for base in bases:
        found += _from(ev, Guess(base), depth if base is bases[0] else 1)
    ranked = sorted((len(ev.misses(g)), _cost(g, reference), i) for i, g in enumerate(found))
    return [found[i] for *rank, i in ranked if tuple(rank) == ranked[0][:2]]


def _cost(guess: Guess, reference: Reference) -> float:
    """The number of changes; at a tie, one without a constant to be measured counts less."""
    wrong_base = guess.base.name not in reference.conventions
    return len(guess.parts) + wrong_base + 0.1 * len(guess.constants)


def _from(ev: Evidence, base: Guess, depth: int) -> list[Guess]:
    """Stage after stage, from one base."""
    guesses = _core(ev, list(_decoupled(ev, base)) or [base], depth)
    if not any(ev.explains(g, n) for g in guesses for n in ("noise", "calm") if ev.ran(n)):
        return guesses  # what eps or several tensors add does not show in another rule
    for options, names in (
        ((*DECAYS, TRUST), ("calm_far", "zeros")),
        (ZEROS, ("impulse", "impulse_beside")),
        (CLIPS, ("loud", "noise", "loud_tensors")),
        (_eps_options(ev), ("decades", "tiny", "small", "small_times_4", "eps_changed")),
        (TENSOR, ("tensors", "equal", "matrices")),
    ):
        guesses = _stage(ev, guesses, options, [n for n in names if ev.ran(n)])
    guesses = [_matrix_decay(ev, g) for g in guesses]
    return _seen_when_changed(ev, _decay_kinds(ev, guesses))


def _eps_options(ev: Evidence) -> list[Exhibit]:
    """Where eps may be. One that cannot be set is measured, whatever the call's is."""
    options = eps_options()
    if ev.x.can_change("eps"):
        return options
    return [o for o in options if o.name.startswith(("eps_ignored", "eps_missing"))]


def _seen_when_changed(ev: Evidence, guesses: list[Guess]) -> list[Guess]:
    """Changes of the core that do nothing at these hyperparameters, but at others."""
    if not guesses or not (missed := ev.misses(guesses[0])):
        return guesses
    if not all(name.endswith("_changed") for name in missed):
        return guesses
    ones = [g for e in CORE if not e.ranges and (g := guesses[0].plus(e))]
    found = [g for g in ones if all(ev.explains(g, name) for name in missed)]
    return [g for g in found if not ev.misses(g)] or guesses


def _decoupled(ev: Evidence, base: Guess) -> Iterator[Guess]:
    """Weight decay beside the rule: all that moves where all gradients are zero."""
    path = ev.paths["zeros"].theta
    if not ev.ran("zeros") or ev.explains(base, "zeros"):
        return
    with np.errstate(all="ignore"):
        ratio = path[1:] / path[:-1]
    near = 4 * SINGLE if ev.single else 1e-12
    if np.all(np.abs(ratio - ratio[0, 0]) <= near) and abs(ratio[0, 0] - 1) > near:
        share = 1 - float(np.mean(ratio))
        part = DECAYS[0] if share > 0 else _named("growth")
        # In single precision the ratio is known to half a spacing of numbers near 1.
        tol = max(1e-6, 2 * SINGLE / abs(share)) if ev.single else 1e-6
        for kind in (part, *DECAYS[2:3]) if share > 0 else (part,):
            if guess := base.plus(kind, {"C_WD": nice(abs(share) / ev.x.lr, tol)}):
                yield guess


def _matrix_decay(ev: Evidence, guess: Guess) -> Guess:
    """Weight decay that acts on matrices alone, measured in their first step."""
    if not ev.ran("matrices") or ev.explains(guess, "matrices"):
        return guess
    lines = guess.lines
    assert lines is not None
    run, seen = ev.runs["matrices"], ev.paths["matrices"].theta
    path, _ = simulate(lines, guess.constants, run, ev.x, None, steps=1)
    cut = run.cuts[0][0]
    with np.errstate(all="ignore"):
        share = (path[1, cut] - seen[1, cut]) / (run.theta[cut] * ev.x.lr)
    value = nice(float(np.median(share)), 1e-3 if ev.single else 1e-6)
    if not np.isfinite(value) or value <= 0:
        return guess
    one = guess.plus(MATRIX_DECAY, {"C_WD": value})
    return one if one and ev.explains(one, "matrices") else guess


def _named(name: str) -> Exhibit:
    return next(e for e in DECAYS if e.name == name)


def _decay_kinds(ev: Evidence, guesses: list[Guess]) -> list[Guess]:
    """Of the kinds of decay that zero gradients do not tell apart, those that explain most."""
    out = []
    for guess in guesses:
        tried = [guess]
        for name, others in (("decay_left_on", DECAYS[1:4]), ("decay_after", DECAYS[3:4])):
            if not any(p.name == name for p in guess.parts) or not ev.misses(guess):
                continue
            rest = replace(guess, parts=tuple(p for p in guess.parts if p.name != name))
            for part in others:
                lr = ev.x.lr if part.name.endswith("without_lr") else 1.0
                one = rest.plus(part, {"C_WD": nice(guess.constants["C_WD"] * lr, 1e-6)})
                tried += [one] if one else []
        counts = [len(ev.misses(g)) for g in tried]
        out += [g for g, n in zip(tried, counts, strict=True) if n == min(counts)][:1]
    return out


# -- the core --------------------------------------------------------------------------


def _core(ev: Evidence, bases: list[Guess], depth: int) -> list[Guess]:
    """What shows with large gradients, near zero and in one tensor.

    Where gradients are clipped that is seen in the run of small ones, in which an eps
    that cannot be set shows too.
    """
    if ev.same("calm", "noise"):
        return _core_in(ev, bases, depth, "noise") or bases
    found = _core_in(ev, bases, 1, "noise")
    if any(ev.explains(g, "calm") for g in found):
        return found
    calm = _core_in(ev, bases, 1 if found else depth, "calm")
    return [*found, *calm] or _core_in(ev, bases, depth, "noise") or bases


def _core_in(ev: Evidence, bases: list[Guess], depth: int, name: str) -> list[Guess]:
    """The rules that take the steps of one run."""
    if not ev.ran(name):
        return []

    def exact(guesses: Iterable[Guess | None]) -> list[Guess]:
        kept = [g for g in guesses if g and ev.explains(g, name, 40)]
        return [g for g in kept if ev.explains(g, name)]

    def several(parts: Iterable[tuple[Exhibit, ...]]) -> Iterator[Guess]:
        for base in bases:
            begun: dict[str, Guess | None] = {}
            for first, *rest in parts:
                if first.name not in begun:
                    begun[first.name] = base.plus(first)
                guess = begun[first.name]
                for part in rest:
                    guess = guess.plus(part) if guess else None
                if guess:
                    yield guess

    if found := exact(bases):
        return found
    plain = [e for e in CORE if not e.ranges and e.name not in [z.name for z in ZEROS]]
    plain.append(TRUST)
    plain += SHIFTS  # an eps beside the quotient does not get lost in large gradients
    ones = list(several((e,) for e in (*plain, *STRANGERS)))
    if found := exact(ones):
        return found
    if found := exact(_with_fixed_rates(ev, bases, name)):
        return found
    if found := exact(_with_clock(ev, bases, name)):
        return found
    if found := exact(_measured(ev, several((e,) for e in CORE if e.ranges), name)):
        return found
    scheduled = _with_factor(ev, bases, name)
    if found := [g for g, known in scheduled if known]:
        return found
    if depth > 1:
        if found := exact(several(_pairs(False))):
            return found
        factored = _with_factor(ev, ones, name)
        if found := [g for g, known in factored if known]:
            return found
        if found := exact(_with_fixed_rates(ev, ones, name)):
            return found
        if found := exact(several(_pairs(True))):
            return found
        scheduled += factored
    return [scheduled[0][0]] if scheduled else []


def _measured(ev: Evidence, guesses: Iterable[Guess], name: str) -> Iterator[Guess]:
    """Guesses with their last part's constants measured in a run."""
    for guess in guesses:
        lines = guess.lines
        assert lines is not None
        args = ev.runs[name], ev.x, ev.paths[name], guess.constants
        steps = 40 if guess.parts[-1].facet == "clip" else 6  # until a threshold shows
        values = fit(lines, guess.parts[-1].ranges, *args, steps)
        rough = replace(guess, constants={**guess.constants, **values})
        short = {k: nice(v, 1e-6 if not ev.single else 1e-3) for k, v in values.items()}
        neat = replace(guess, constants={**guess.constants, **short})
        yield neat if ev.explains(neat, name) else rough


def _with_fixed_rates(ev: Evidence, bases: list[Guess], name: str) -> Iterator[Guess]:
    """Betas that are not those of the call: usual ones, then any."""
    ignored = [b for b in ("beta1", "beta2") if b in ev.ignored() or not ev.x.can_change("betas")]
    if not ignored or "betas" not in ev.x.hyper:
        return
    parts = [
        Exhibit(
            f"{b}_ignored",
            f"the {b} of the call is ignored: it is C_{b.upper()}",
            {"hyper": f"{b} = C_{b.upper()}"},
            ranges={f"C_{b.upper()}": (1e-3, 1.0)},
        )
        for b in ignored
    ]
    for base in bases:
        guess: Guess | None = base
        for part in parts:
            guess = guess.plus(part) if guess else None
        if not guess:
            continue
        for values in np.array(np.meshgrid(*[USUAL] * len(parts))).reshape(len(parts), -1).T:
            named = {f"C_{b.upper()}": float(v) for b, v in zip(ignored, values, strict=True)}
            yield replace(guess, constants={**guess.constants, **named})
        if len(bases) == 1:
            rests = [
                replace(
                    p,
                    edits={"hyper": f"{b} = 1 - C_{b.upper()}"},
                    ranges={f"C_{b.upper()}": (1e-6, 1.0)},
                )
                for p, b in zip(parts, ignored, strict=True)
            ]
            lines = compose([e.edits for e in (*base.parts, *rests)], base.base.lines)
            if lines is None:
                continue
            ranges = {k: v for e in rests for k, v in e.ranges.items()}
            args = ev.runs[name], ev.x, ev.paths[name], base.constants
            fitted = fit(lines, ranges, *args)
            tol = 1e-3 if ev.single else 1e-6
            named = {k: 1 - nice(v, tol) for k, v in fitted.items()}
            yield replace(guess, constants={**guess.constants, **named})


def _with_clock(ev: Evidence, bases: list[Guess], name: str) -> Iterator[Guess]:
    """A t that stops, or one that counts something larger than steps."""
    for base in bases:
        lines = base.lines
        assert lines is not None
        args = base.constants, ev.runs[name], ev.x, ev.paths[name], ev.allowed(name)
        left = simulate(lines, *args)[1]
        for part in (T_STOPS, *T_WRAPS) if left > 1 else ():
            if one := base.plus(part, {"C_LAST": left}):
                yield one
        for each in EPOCHS if left == 1 or left in EPOCHS else ():
            if one := base.plus(T_EPOCHS, {"C_EACH": each}):
                yield one


def _with_factor(ev: Evidence, guesses: list[Guess], name: str) -> list[tuple[Guess, bool]]:
    """Guesses whose steps are the seen ones but for a factor of each step."""
    out = []
    for guess in guesses:
        lines = guess.lines
        assert lines is not None
        args = lines, guess.constants, ev.runs[name], ev.x, ev.paths[name]
        f = factors(*args, ev.allowed(name))
        if f is None:
            continue
        found = schedule(f, ev.x.lr, ev.allowed(name))
        if found is None:
            continue
        part, constants, known = found
        unset = "lr" in ev.ignored() or not ev.x.can_change("lr")
        if unset and part.name in ("lr_scaled", "lr_missing", "lr_twice_in_step"):
            value = nice(float(np.median(f)) * ev.x.lr, 1e-6)
            part = Exhibit(
                "lr_ignored",
                f"the lr of the call is ignored: it is {value:.6g}",
                {"hyper": "lr = C_LR"},
            )
            constants = {"C_LR": value}
        if one := guess.plus(part, constants):
            out.append((one, known))
    return out


# -- what else shows -------------------------------------------------------------------


def _stage(
    ev: Evidence, guesses: list[Guess], options: Iterable[Exhibit], names: list[str]
) -> list[Guess]:
    """Add one of the options to each guess where the runs ask for it."""
    out: list[Guess] = []
    options = list(options)
    for guess in guesses:
        wrong = [n for n in names if not ev.explains(guess, n)]
        if not wrong:
            out.append(guess)
            continue
        better: list[Guess] = []
        for measured in (False, True):
            tried = [guess.plus(o) for o in options if bool(o.ranges) == measured and not better]
            ones: Iterable[Guess] = [g for g in tried if g]
            if measured:
                run = next((n for n in names if not ev.runs[n].shapes), "")
                ones = _measured(ev, ones, run) if run else []
            better += [g for g in ones if all(ev.explains(g, n) for n in wrong)]
        out += better or [guess]
    return out
