"""The compiled loop gives the rule's bits too. Skipped, with a notice, where Numba is missing."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adam_lib as al
from tests.library.table import (
    CASES,
    DRAW,
    Case,
    arguments,
    assert_same_run,
    refusal,
    run_in_place,
    run_rule,
    snapshot,
)

FUSED = [
    case for case in CASES if "fused" in inspect.signature(al.OPTIMIZERS[case.name]).parameters
]
EVERY_CASE = pytest.mark.parametrize("case", FUSED, ids=str)
EVERY_DTYPE = pytest.mark.parametrize("dtype", ["float32", "float64"])
needs_numba = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="Numba is not installed: no compiled loop"
)


def compare(case: Case, start: list[np.ndarray], grads: list[list[np.ndarray]]) -> None:
    with np.errstate(all="ignore"):
        rule = run_rule(case, start, lambda t, _: grads[t - 1], len(grads))
        fused = run_in_place(case, start, lambda t, _: grads[t - 1], len(grads), fused=True)
    assert_same_run(rule, fused)


@needs_numba
@EVERY_CASE
@EVERY_DTYPE
@pytest.mark.parametrize("n", [1, 7, 1000, 100_003])
def test_equals_the_rule(case: Case, dtype: str, n: int) -> None:
    """At 100 003 elements the loop is shared between threads."""
    rng = np.random.default_rng(n)
    sizes = 10.0 ** rng.uniform(-6, 3, n)
    grads = [[(rng.normal(size=n) * sizes).astype(dtype)] for _ in range(5)]
    compare(case, [rng.normal(size=n).astype(dtype)], grads)


@needs_numba
@EVERY_CASE
@EVERY_DTYPE
@pytest.mark.parametrize("threads", [1, 2])
def test_equals_the_rule_where_sharing_begins(case: Case, dtype: str, threads: int) -> None:
    """On both sides of the least number of elements that is shared between threads."""
    import numba

    from adam_lib.fused import PARALLEL_FROM

    if threads > numba.config.NUMBA_NUM_THREADS:
        pytest.skip("Numba may use one thread only here")
    usual = numba.get_num_threads()
    numba.set_num_threads(threads)
    try:
        for n in (PARALLEL_FROM - 1, PARALLEL_FROM, PARALLEL_FROM + 1):
            x, g = np.random.default_rng(n).normal(size=(2, n)).astype(dtype)
            compare(case, [x], [[g], [g * g]])
    finally:
        numba.set_num_threads(usual)


@needs_numba
@EVERY_CASE
def test_a_form_is_for_good(case: Case) -> None:
    """In the middle of a step of the one it would find no scratch for the other."""
    for fused in (False, True):
        opt = al.OPTIMIZERS[case.name](np.ones(2), **case.hyper, fused=fused)
        with pytest.raises(AttributeError, match="'fused'"):
            opt.fused = not fused
        assert opt.fused is fused
        opt.step(np.ones(2))


@needs_numba
@EVERY_CASE
def test_shapes_views_and_aliases(case: Case) -> None:
    rng = np.random.default_rng(1)
    shapes = [(), (0,), (3, 4), (5,)]
    start = [np.array(rng.normal(size=s), "float32") for s in shapes]
    wide = [np.array(rng.normal(size=(*s, 2)), "float32") for s in shapes]
    compare(case, start, [[w[..., 0] for w in wide], [w[..., 1] for w in wide]])

    def swapped(t: int, p: list[np.ndarray]) -> list[np.ndarray]:
        return [p[1][::-1], p[0]]

    pair = [rng.normal(size=9), rng.normal(size=9)]
    assert_same_run(
        run_rule(case, pair, swapped, 4), run_in_place(case, pair, swapped, 4, fused=True)
    )


@needs_numba
@EVERY_DTYPE
def test_nonfinite_and_extreme_gradients(dtype: str) -> None:
    info = np.finfo(dtype)
    odd = [np.nan, np.inf, -np.inf, info.max, info.tiny, info.smallest_subnormal, 0.0, -0.0, 1.0]
    g = np.array(odd, dtype)
    for case in FUSED:
        compare(case, [np.ones_like(g)], [[g], [np.ones_like(g)], [g]])


@needs_numba
@given(st.data())
@settings(max_examples=100)
def test_any_run_equals_the_rule(data: Any) -> None:
    """Any dtypes and shapes together; gradients contiguous, strided, reversed or broadcast."""
    name = data.draw(st.sampled_from(sorted({case.name for case in FUSED})))
    hyper = {k: data.draw(DRAW[k]) for k in arguments(name)}
    shape = st.sampled_from([(), (0,), (1,), (3, 0, 2), (2, 3), (17,), (40,), (5, 4, 3)])
    kinds = st.lists(st.tuples(shape, st.sampled_from(["float32", "float64"])), min_size=1)
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    scale = data.draw(st.sampled_from([1e-6, 1.0, 1e3]))
    view = data.draw(st.sampled_from(["as it is", "strided", "reversed", "broadcast"]))
    params = data.draw(kinds)

    def gradient(shape: tuple[int, ...], dtype: str) -> np.ndarray:
        x = np.array(rng.normal(size=(*shape, 2)) * scale, dtype)
        if view == "broadcast":
            return np.broadcast_to(x[(0,) * x.ndim] if x.size else x[..., 0], shape)
        x = x[..., 0] if view == "strided" else x[..., 1].copy()
        return x[::-1] if view == "reversed" and shape else x

    grads = [[gradient(*kind) for kind in params] for _ in range(3)]
    start = [np.array(rng.normal(size=shape), dtype) for shape, dtype in params]
    case = Case(name, hyper)
    if refused := refusal(lambda: al.OPTIMIZERS[name](start, **hyper)):
        assert refused == refusal(lambda: al.OPTIMIZERS[name](start, **hyper, fused=True))
        return
    compare(case, start, grads)


@needs_numba
@EVERY_CASE
def test_states_are_exchanged_with_the_plain_form(case: Case) -> None:
    """A run may begin in one form and end in the other."""
    x, y = np.ones(5), np.ones(5)
    plain = al.OPTIMIZERS[case.name](x, **case.hyper)
    fused = al.OPTIMIZERS[case.name](y, **case.hyper, fused=True)
    for k in range(3):
        plain.step(np.full(5, k + 1.0))
        fused.step(np.full(5, k + 1.0))
    assert snapshot(plain) == snapshot(fused)
    onward = al.OPTIMIZERS[case.name](y, **case.hyper, fused=True)
    onward.load_state_dict(plain.state_dict())
    onward.step(np.ones(5))
    plain.step(np.ones(5))
    assert snapshot(plain) == snapshot(onward)


@needs_numba
@EVERY_CASE
def test_half_precision_is_refused(case: Case) -> None:
    params = [np.ones(2), np.ones(2, "float16")]
    with pytest.raises(TypeError, match=r"params\[1\] must be float32 or float64 with fused=True"):
        al.OPTIMIZERS[case.name](params, **case.hyper, fused=True)


@needs_numba
@pytest.mark.parametrize(
    ("threads", "size", "parts"), [(3, 65_536, [3]), (3, 65_535, []), (1, 65_536, [])]
)
def test_long_arrays_alone_are_shared_between_threads(
    threads: int, size: int, parts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bits are the same either way; for a short array, waking threads costs too much."""
    from adam_lib import fused

    seen = []
    monkeypatch.setattr(fused, "get_num_threads", lambda: threads)
    monkeypatch.setattr(fused, "_loops", lambda *args: seen.append(args[-1]))
    al.Adam(np.ones(size, "float32"), fused=True).step(np.ones(size, "float32"))
    assert seen == parts


def test_fused_is_a_flag() -> None:
    with pytest.raises(TypeError, match="fused must be True or False, got 1"):
        al.Adam(np.ones(2), fused=1)  # type: ignore[arg-type]


def test_without_numba_the_error_says_what_to_install() -> None:
    """In a process where importing Numba fails; everything else works there."""
    script = """
import sys
sys.modules["numba"] = None
import numpy as np
import adam_lib as al
x = np.ones(2)
al.Adam(x).step(x)
try:
    al.Adam(x, fused=True)
except ImportError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == (
        "fused=True needs Numba, which is not installed: pip install 'adam_lib[fused]'"
    )


@needs_numba
@EVERY_CASE
def test_holds_its_slots_and_no_scratch(case: Case) -> None:
    """What lies between the operations stays in registers."""
    x = np.ones(10**6)
    al.OPTIMIZERS[case.name](x, **case.hyper, fused=True)  # Numba is imported by now
    tracemalloc.start()
    opt = al.OPTIMIZERS[case.name](x, **case.hyper, fused=True)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0 <= held - len(opt.slots) * x.nbytes < 16 * 1024
