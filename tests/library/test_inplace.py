"""The in-place optimizers equal the pure rules bit for bit: no tolerance anywhere."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adam_lib as al
from adam_lib import base
from tests.library.table import (
    CASES,
    DRAW,
    DTYPES,
    HYPER,
    Case,
    arguments,
    assert_same_run,
    refusal,
    run_in_place,
    run_rule,
    same_bits,
)

EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=str)
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)


def random_arrays(shapes: list[tuple[int, ...]], dtypes: list[str], seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.array(rng.normal(size=s), d) for s, d in zip(shapes, dtypes, strict=True)]


def compare(case: Case, params: list[np.ndarray], steps: int = 3, seed: int = 0) -> None:
    """Both forms along random gradients of very different sizes."""
    rng = np.random.default_rng(seed)
    grads = [
        [
            np.array(rng.normal(size=p.shape) * 10.0 ** rng.uniform(-3, 1, p.shape), p.dtype)
            for p in params
        ]
        for _ in range(steps)
    ]
    with np.errstate(all="ignore"):  # float16 overflows, and so must the rule
        rule = run_rule(case, params, lambda t, _: grads[t - 1], steps)
        assert_same_run(rule, run_in_place(case, params, lambda t, _: grads[t - 1], steps))


@EVERY_CASE
@EVERY_DTYPE
@pytest.mark.parametrize("n", [1, 7, 1000, 100_003])
def test_equals_the_rule(case: Case, dtype: str, n: int) -> None:
    compare(case, random_arrays([(n,)], [dtype], seed=n))


@EVERY_CASE
def test_many_steps_equal_the_rule(case: Case) -> None:
    """On a problem of its own making: the gradient is taken where the optimizer is."""
    start = random_arrays([(50,), (3, 4), ()], ["float32", "float64", "float64"], seed=1)

    def gradients(t: int, params: list[np.ndarray]) -> list[np.ndarray]:
        return [np.asarray(p * 2 + p.dtype.type(np.cos(t)), p.dtype) for p in params]

    assert_same_run(
        run_rule(case, start, gradients, 300), run_in_place(case, start, gradients, 300)
    )


@EVERY_CASE
def test_several_tensors_of_every_kind(case: Case) -> None:
    shapes = [(), (1,), (0,), (3, 0, 2), (5, 4, 3), (2, 3), (33,)]
    dtypes = ["float32", "float16", "float64", "float32", "float64", "float16", "float32"]
    compare(case, random_arrays(shapes, dtypes, seed=2))


@EVERY_CASE
def test_every_length_around_a_block(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a cache of 4 KiB a block is a few dozen elements: all remainders occur."""
    monkeypatch.setattr(base, "cache_bytes", lambda: 4096)
    for dtype in DTYPES:
        params = random_arrays([(n,) for n in range(1, 260, 3)], [dtype] * 87, seed=3)
        compare(case, params, steps=2)
        compare(case, random_arrays([(2048,), (2049,), (64, 33)], [dtype] * 3, seed=4), steps=2)


@EVERY_CASE
def test_a_long_array_is_cut_into_blocks(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each element is updated once, in parts that fit the cache."""
    sizes = []
    cls = al.OPTIMIZERS[case.name]
    update = cls._update

    def spy(self: Any, theta: np.ndarray, *args: Any) -> None:
        sizes.append(theta.size)
        update(self, theta, *args)

    monkeypatch.setattr(cls, "_update", spy)
    monkeypatch.setattr(base, "cache_bytes", lambda: 64 * 1024)
    x = np.zeros(100_003, "float32")
    opt = cls(x, **case.hyper)
    opt.step(np.ones_like(x))
    assert sum(sizes) == x.size
    assert len(sizes) > 10
    assert max(sizes) * 4 * (2 + len(opt.slots)) <= 64 * 1024


@EVERY_CASE
def test_one_array_is_a_list_of_one(case: Case) -> None:
    """The form of `params` is the form of everything that comes back."""
    x = np.arange(6.0).reshape(2, 3)
    y = [x.copy()]
    single, several = (al.OPTIMIZERS[case.name](p, **case.hyper) for p in (x, y))
    for t in range(1, 4):
        g = np.cos(x + t)
        single.step(g)
        several.step([g.copy()])
        assert same_bits(x, y[0])
    for name in single.slots:
        assert isinstance(getattr(single, name), np.ndarray)
        (only,) = getattr(several, name)
        assert same_bits(getattr(single, name), only)
        assert only.shape == (2, 3)
    assert single.params is x
    assert several.params is y
    if case.name == "Adam":
        for name in ("m_hat", "v_hat"):
            assert same_bits(getattr(single, name), getattr(several, name)[0])


@pytest.mark.parametrize("name", HYPER)
def test_updates_reach_the_callers_arrays(name: str) -> None:
    """Also a view into a larger array, of which the rest stays as it is."""
    whole = np.arange(12.0)
    opt = al.OPTIMIZERS[name]([whole[3:6], whole[6:8]], **HYPER[name][0])
    opt.step([np.ones(3), np.ones(2)])
    moved = whole != np.arange(12.0)
    assert moved.tolist() == [False] * 3 + [True] * 5 + [False] * 4


class Late(np.ndarray):
    """An array whose own arithmetic gives up after some operations."""

    left = 5

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        type(self).left -= 1
        if self.left < 0:
            raise RuntimeError("no more")
        return super().__array_ufunc__(*args, **kwargs)


@EVERY_CASE
@pytest.mark.parametrize("kind", [np.matrix, np.memmap, np.recarray, Late])
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_subclasses_are_updated_as_plain_arrays(
    case: Case, kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their reshape, slices and arithmetic do; what comes back is plain."""
    monkeypatch.setattr(base, "cache_bytes", lambda: 4096)
    (start,) = random_arrays([(3, 700)], ["float64"], seed=11)
    if kind is np.memmap:
        x = np.memmap(tmp_path / "x", "float64", "w+", shape=start.shape)
        x[:] = start
    else:
        x = start.copy().view(kind)
    assert type(x) is kind
    rule = run_rule(case, [start], lambda t, _: [start * t], 3)
    opt = al.OPTIMIZERS[case.name](x, **case.hyper)
    for t in range(1, 4):
        opt.step((start * t).view(np.ndarray if kind is np.memmap else kind))
    assert same_bits(np.asarray(x), rule[0][0])
    for name in opt.slots:
        assert type(getattr(opt, name)) is np.ndarray
        assert same_bits(getattr(opt, name), getattr(rule[1][0], name))
    if kind is np.memmap:
        x.flush()
        assert same_bits(np.fromfile(tmp_path / "x").reshape(3, 700), rule[0][0])


# -- gradients that are views ------------------------------------------------------


@EVERY_CASE
@EVERY_DTYPE
def test_gradients_need_not_be_contiguous(
    case: Case, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strided, reversed, transposed, broadcast and read-only gradients are read as they are."""
    monkeypatch.setattr(base, "cache_bytes", lambda: 4096)
    (pool,) = random_arrays([(40, 60)], [dtype], seed=5)
    views = [
        pool[:, ::2],
        pool[::-1, ::-1][:, :30],
        np.array(pool[:, :30], order="F"),
        pool.reshape(60, 40).T[:, 10:40],
        np.broadcast_to(pool[0, :30], (40, 30)),
    ]
    assert not any(v.flags.c_contiguous for v in views)
    before = [v.copy() for v in views]
    for v in views:
        v.flags.writeable = False
    start = random_arrays([(40, 30)] * 5, [dtype] * 5, seed=6)
    with np.errstate(all="ignore"):
        rule = run_rule(case, start, lambda t, _: before, 3)
        assert_same_run(rule, run_in_place(case, start, lambda t, _: views, 3))
    assert all(same_bits(v, b) for v, b in zip(views, before, strict=True))


@EVERY_CASE
@pytest.mark.parametrize("n", [5, 1000])
def test_gradients_may_be_the_parameters(
    case: Case, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """f = |x|^2 / 2 has gradient x, f = x . y has [y, x]; reversed views overlap too."""
    monkeypatch.setattr(base, "cache_bytes", lambda: 4096)

    def own(t: int, p: list[np.ndarray]) -> list[np.ndarray]:
        return [p[0], p[1]]

    def other(t: int, p: list[np.ndarray]) -> list[np.ndarray]:
        return [p[1], p[0]]

    def turned(t: int, p: list[np.ndarray]) -> list[np.ndarray]:
        return [p[0][::-1], p[1][::-1]]

    def crossed(t: int, p: list[np.ndarray]) -> list[np.ndarray]:
        return [p[1][::-1], p[1]]

    start = random_arrays([(n,), (n,)], ["float64"] * 2, seed=7)
    for gradients in (own, other, turned, crossed):
        assert_same_run(
            run_rule(case, start, gradients, 4), run_in_place(case, start, gradients, 4)
        )


@EVERY_CASE
def test_gradients_may_overlap_in_part(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters and gradients that are windows of one array, shifted by one element."""
    monkeypatch.setattr(base, "cache_bytes", lambda: 4096)
    for shift in (1, -1, 40):
        (pool,) = random_arrays([(1100,)], ["float64"], seed=8)
        x, g = pool[50:1050], pool[50 + shift : 1050 + shift]
        thetas, _ = run_rule(case, [x], lambda t, _, g=g: [g.copy()], 1)
        opt = al.OPTIMIZERS[case.name](x, **case.hyper)
        opt.step(g)
        assert same_bits(x, thetas[0])


def test_a_matrix_may_be_its_own_transposed_gradient() -> None:
    """f = trace(X X) / 2 has gradient X^T."""
    (start,) = random_arrays([(30, 30)], ["float64"], seed=9)
    for case in CASES:
        rule = run_rule(case, [start], lambda t, p: [p[0].T], 3)
        assert_same_run(rule, run_in_place(case, [start], lambda t, p: [p[0].T], 3))


@EVERY_CASE
@EVERY_DTYPE
def test_nonfinite_and_extreme_gradients_are_treated_as_by_the_rule(case: Case, dtype: str) -> None:
    """NaN, infinities, the largest and the smallest numbers: same fate, and only there."""
    info = np.finfo(dtype)
    odd = [
        np.nan,
        np.inf,
        -np.inf,
        info.max,
        -info.max,
        info.tiny,
        info.smallest_subnormal,
        0.0,
        -0.0,
    ]
    g = np.array([*odd, 1.0], dtype)
    start = [np.linspace(-1, 1, g.size).astype(dtype)]
    with np.errstate(all="ignore"):
        for steps in (1, 2, 3):
            rule = run_rule(case, start, lambda t, _: [g if t == 1 else np.ones_like(g)], steps)
            assert_same_run(
                rule,
                run_in_place(case, start, lambda t, _: [g if t == 1 else np.ones_like(g)], steps),
            )
            assert np.isnan(rule[0][0][0])
            assert np.isfinite(rule[0][0][-1])


def test_gradients_may_share_memory_that_nobody_owns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays over a buffer do not tell who else sees it: they are compared one by one."""
    monkeypatch.setattr(base, "cache_bytes", lambda: 4096)
    (start,) = random_arrays([(1000,)], ["float64"], seed=10)
    for case in CASES:
        rule = run_rule(case, [start], lambda t, p: [p[0][::-1]], 3)
        for k in range(3):
            owner = start.copy()
            foreign = np.frombuffer(memoryview(owner))
            x, g = [(owner, foreign), (foreign, owner), (foreign, foreign)][k]
            opt = al.OPTIMIZERS[case.name](x, **case.hyper)
            for _ in range(3):
                opt.step(g[::-1])
            assert same_bits(x, rule[0][0])


def test_one_parameter_may_be_nobodys_and_another_ones_own() -> None:
    """The first is a view of the second's gradient, and is changed before that is read."""
    for case in CASES:
        g = np.array([1.0, -2.0, 3.0])
        start = [g.copy(), np.array([0.5, 0.0, -0.5])]
        rule = run_rule(case, start, lambda t, p: [np.ones(3), p[0]], 3)
        foreign, own = np.frombuffer(memoryview(g)), start[1].copy()
        opt = al.OPTIMIZERS[case.name]([foreign, own], **case.hyper)
        for _ in range(3):
            opt.step([np.ones(3), g])
        assert same_bits(own, rule[0][1])


# -- any call at all -----------------------------------------------------------------

some_shapes = st.lists(
    st.sampled_from([(), (0,), (1,), (2,), (3, 2), (2, 1, 4), (17,), (130,)]),
    min_size=1,
    max_size=4,
)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Case, list[np.ndarray], list[list[np.ndarray]]]:
    """An optimizer, hyperparameters, starts, and gradients for up to four steps."""
    name = draw(st.sampled_from(sorted(HYPER)))
    hyper = {k: draw(DRAW[k]) for k in arguments(name)}
    if hyper.get("nesterov") and not hyper["momentum"]:
        hyper["momentum"] = 0.5
    params = [np.zeros(shape, draw(st.sampled_from(DTYPES))) for shape in draw(some_shapes)]
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    size = draw(st.sampled_from([1e-6, 1.0, 1e3]))

    def like(p: np.ndarray) -> np.ndarray:
        x = rng.normal(size=p.shape) * size
        return np.array(np.where(rng.random(p.shape) < 0.1, 0.0, x), p.dtype)

    start = [like(p) for p in params]
    return (
        Case(name, hyper),
        start,
        [[like(p) for p in params] for _ in range(draw(st.integers(1, 4)))],
    )


@given(runs(), st.sampled_from([1024, 1 << 20]))
@settings(max_examples=200)
def test_any_run_equals_the_rule(run: Any, cache: int) -> None:
    case, start, grads = run
    with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "cache_bytes", lambda: cache)
        # A number that some dtype cannot hold is refused by both forms, and alike.
        refused = [refusal(lambda p=p: run_rule(case, [p], lambda t, _: [p], 1)) for p in start]
        if any(refused):
            assert refusal(lambda: al.OPTIMIZERS[case.name](start, **case.hyper)) in refused
            return
        rule = run_rule(case, start, lambda t, _: grads[t - 1], len(grads))
        assert_same_run(rule, run_in_place(case, start, lambda t, _: grads[t - 1], len(grads)))


# -- memory ----------------------------------------------------------------------------


def peak(call: Any) -> int:
    """The most memory, in bytes, that ``call`` held beyond what was held before."""
    tracemalloc.start()
    call()
    tracemalloc.reset_peak()
    held, _ = tracemalloc.get_traced_memory()
    call()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most - held


@EVERY_CASE
def test_a_step_allocates_nothing(case: Case) -> None:
    """A million parameters, 4 MB an array: the steady state needs a few kilobytes."""
    x, g = np.ones(10**6, "float32"), np.ones(10**6, "float32")
    opt = al.OPTIMIZERS[case.name](x, **case.hyper)
    assert peak(lambda: opt.step(g)) < 16 * 1024
    init, step = al.RULES[case.name]
    state = init(x)
    assert peak(lambda: step(x, g, state, **case.hyper)) > 4 * 10**6  # what it saves


@EVERY_CASE
def test_an_optimizer_holds_its_slots_and_little_else(case: Case) -> None:
    """Scratch is the size of the cache, not of the parameters."""
    x = np.ones(10**6, "float64")
    tracemalloc.start()
    opt = al.OPTIMIZERS[case.name](x, **case.hyper)
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most <= len(opt.slots) * x.nbytes + base.cache_bytes()
    assert held >= len(opt.slots) * x.nbytes


def test_the_cache_is_as_large_as_the_system_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "size"
    monkeypatch.setattr(base, "CACHE_SIZE", told)
    size = base.cache_bytes.__wrapped__
    assert size() == 512 * 1024  # no such file
    for text, expected in (("2048K\n", 2048), ("", 512), ("12M\n", 512)):
        told.write_text(text)
        assert size() == expected * 1024


# -- reading the state -------------------------------------------------------------------


@EVERY_CASE
def test_state_that_is_read_is_a_copy(case: Case) -> None:
    x = np.array([1.0, 2.0])
    opt = al.OPTIMIZERS[case.name](x, **case.hyper)
    opt.step(np.array([0.5, -1.0]))
    names = [*opt.slots, *(n for n in ("m_hat", "v_hat") if hasattr(opt, n))]
    for name in names:
        before = getattr(opt, name).copy()
        getattr(opt, name)[:] = 99.0
        assert same_bits(getattr(opt, name), before), name
        assert not np.may_share_memory(getattr(opt, name), x)


@EVERY_CASE
def test_t_counts_steps_not_tensors(case: Case) -> None:
    opt = al.OPTIMIZERS[case.name]([np.zeros(2), np.zeros(3), np.zeros(())], **case.hyper)
    counts = [opt.t]
    for _ in range(3):
        opt.step([np.ones(2), np.ones(3), np.ones(())])
        counts.append(opt.t)
    assert all(b - a == 1 for a, b in pairwise(counts))
    assert counts[0] == 0


def test_repr_names_the_hyperparameters() -> None:
    opt = al.Adam([np.zeros(2), np.zeros((2, 3))], lr=0.5, betas=(0.5, 0.75))
    text = repr(opt)
    for part in ("Adam", "8", "lr=0.5", "betas=(0.5, 0.75)", "eps=1e-08", "t=0"):
        assert part in text
