"""Numbers as they come: NumPy's scalars and 0-d arrays, and numbers that a dtype cannot hold."""

from __future__ import annotations

from fractions import Fraction
from math import inf
from typing import Any

import numpy as np
import pytest

import adam_lib as al
from tests.library.table import (
    CASES,
    DTYPES,
    HYPER,
    Case,
    arguments,
    complete,
    same_bits,
    slots,
    snapshot,
)

EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=str)
NAMES = pytest.mark.parametrize("name", HYPER)

# -- the step count of a rule ----------------------------------------------------------

KINDS: dict[str, Any] = {
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "int64": np.int64,
    "0-d int64": lambda t: np.array(t),
    "0-d int32": lambda t: np.array(t, "int32"),
    "0-d uint8": lambda t: np.array(t, "uint8"),
}


@EVERY_CASE
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_any_integer_counts_steps(case: Case, kind: Any, dtype: str) -> None:
    """As read by np.load, t widens no array and overflows at no count: 126 + 2, 254 + 2."""
    init, step = al.RULES[case.name]
    x, g = np.linspace(-1, 2, 5).astype(dtype), np.full(5, 0.5, dtype)
    for t in (0, 126, 127):
        expected = given = (x, init(x)._replace(t=t))
        given = (x, init(x)._replace(t=kind(t)))
        for _ in range(2):
            expected = step(expected[0], g, expected[1], **case.hyper)
            given = step(given[0], g, given[1], **case.hyper)
        assert same_bits(given[0], expected[0])
        assert given[1].t == t + 2
        assert type(given[1].t) is int
        for slot in slots(case.name):
            assert same_bits(getattr(given[1], slot), getattr(expected[1], slot))


@NAMES
@pytest.mark.parametrize(
    "t",
    [np.int64(-1), np.array(-1), np.array(2.0), np.array([2]), np.array(True), np.bool_(True)],
    ids=repr,
)
def test_what_counts_no_steps(name: str, t: Any) -> None:
    init, step = al.RULES[name]
    x = np.ones(2)
    with pytest.raises(ValueError, match=r"^state\.t must be a whole number >= 0, got "):
        step(x, x, init(x)._replace(t=t), **HYPER[name][0])


# -- hyperparameters -------------------------------------------------------------------


def as_loaded(value: Any) -> Any:
    """A number, or a pair, as it comes out of an npz file."""
    return np.asarray(value) if isinstance(value, float | tuple) else value


@EVERY_CASE
def test_hyperparameters_may_be_arrays_of_one_number(case: Case) -> None:
    """Each as np.load gives it: coerced, so that float16 stays float16, in both forms."""
    init, step = al.RULES[case.name]
    hyper = complete(case)
    x, g = np.linspace(-1, 2, 5).astype("float16"), np.full(5, 0.5, "float16")
    expected, _ = step(x, g, init(x), **hyper)
    for name in hyper:
        given = {**hyper, name: as_loaded(hyper[name])}
        theta, _ = step(x, g, init(x), **given)
        assert same_bits(theta, expected), name
        y = x.copy()
        opt = al.OPTIMIZERS[case.name](y, **given)
        assert getattr(opt, name) == hyper[name]
        assert not isinstance(getattr(opt, name), np.ndarray | np.generic)
        opt.step(g)
        assert same_bits(y, expected), name


def test_numbers_of_other_kinds() -> None:
    """All real numbers are taken; what is larger than any float is said to be infinite."""
    for lr in (Fraction(1, 4), np.array(0.25), np.float16(0.25), np.longdouble(0.25)):
        opt = al.SGD(np.ones(2), lr=lr)  # type: ignore[arg-type]
        assert opt.lr == 0.25
        assert type(opt.lr) is float
    for huge, message in ((10**400, "finite, got inf"), (-(10**400), ">= 0, got -inf")):
        with pytest.raises(ValueError, match=f"lr must be {message}"):
            al.SGD(np.ones(2), lr=huge)
    for odd in (np.array(True), np.array(1j), np.array("1"), np.array(None), np.array([])):
        with pytest.raises(TypeError, match="lr must be a real number"):
            al.SGD(np.ones(2), lr=odd)  # type: ignore[arg-type]


# -- numbers that a dtype cannot hold ---------------------------------------------------

# dtype, value, what is said; then values that are held.
LOST: dict[str, list[tuple[str, Any, str]]] = {
    "lr": [
        ("float16", 2e-8, "lr must be > 0 in float16, got 2e-08 (it rounds to 0 there"),
        ("float16", 1e5, "lr must be finite in float16, got 100000.0 (the largest float16 is 6.55"),
        ("float32", 1e-46, "lr must be > 0 in float32, got 1e-46"),
        ("float32", 1e39, "lr must be finite in float32, got 1e+39"),
    ],
    "eps": [
        ("float16", 1e-8, "eps must be > 0 in float16, got 1e-08"),
        ("float16", 7e4, "eps must be finite in float16, got 70000.0"),
        ("float32", 1e-50, "eps must be > 0 in float32, got 1e-50"),
    ],
    "weight_decay": [
        ("float16", 1e-9, "weight_decay must be > 0 in float16, got 1e-09"),
        ("float32", 1e-60, "weight_decay must be > 0 in float32, got 1e-60"),
    ],
    "rho": [
        ("float16", 0.9998, "rho must keep its distance from 1 in float16, got 0.9998"),
        ("float16", 0.9997, "(1 - 0.9997 is 0.0003, there 0.00049)"),
        ("float32", 1 - 1e-8, "(1 - 0.99999999 is 1e-08, there 0)"),
    ],
    "momentum": [
        ("float16", 0.9999, "momentum must keep its distance from 1 in float16, got 0.9999"),
        ("float32", 1 - 2e-8, "momentum must keep its distance from 1 in float32, got 0.99999998"),
    ],
    "betas": [
        ("float16", (0.9, 0.9999), "betas[1] must keep its distance from 1 in float16, got 0.9999"),
        ("float16", (0.9997, 0.999), "betas[0] must keep its distance from 1 in float16"),
        ("float32", (0.9, 1 - 1e-8), "betas[1] must keep its distance from 1 in float32"),
        ("float32", (1 - 1e-9, 0.9), "betas[0] must keep its distance from 1 in float32"),
    ],
}
HELD: dict[str, list[tuple[str, Any]]] = {
    "lr": [("float16", 0.0), ("float16", 6e-8), ("float16", 65504.0), ("float32", 1e-45)],
    "eps": [("float16", 0.0), ("float16", 1e-7), ("float32", 1e-40)],
    "weight_decay": [("float16", 0.0), ("float16", 1e-7)],
    "rho": [("float16", 0.999), ("float16", 0.9996), ("float32", 0.9999999), ("float16", 1e-30)],
    "momentum": [("float16", 0.999), ("float32", 0.9999999), ("float16", 0.0)],
    "betas": [("float16", (0.9996, 0.9995)), ("float32", (0.9999999, 0.9)), ("float16", (0, 0))],
}


def lost() -> list[Any]:
    return [
        pytest.param(name, key, *row, id=f"{name}-{key}-{row[0]}-{row[1]}")
        for name in HYPER
        for key in arguments(name)
        for row in LOST.get(key, [])
    ]


@pytest.mark.parametrize(("name", "key", "dtype", "value", "message"), lost())
def test_a_number_that_loses_its_meaning(
    name: str, key: str, dtype: str, value: Any, message: str
) -> None:
    """Refused in the narrowest dtype there is, by both forms; taken in float64."""
    hyper = {**HYPER[name][-1], key: value}
    x = np.ones(2, dtype)
    params = [np.ones(3), x]
    init, step = al.RULES[name]
    opt = al.OPTIMIZERS[name](params, **HYPER[name][-1])
    opt.step([np.ones(3), x])
    before = snapshot(opt)
    for call in (
        lambda: al.OPTIMIZERS[name](params, **hyper),
        lambda: setattr(opt, key, value),
        lambda: step(x, x, init(x), **hyper),
        lambda: opt.load_state_dict({**opt.state_dict(), key: value}),
    ):
        with pytest.raises(ValueError) as caught:  # noqa: PT011  (the message is compared below)
            call()
        assert message in str(caught.value)
    assert snapshot(opt) == before
    al.OPTIMIZERS[name](np.ones(3), **hyper)


@pytest.mark.parametrize("name", HYPER)
def test_a_number_that_is_held(name: str) -> None:
    """On the other side of each border."""
    for key in arguments(name):
        for dtype, value in HELD.get(key, []):
            x = np.ones(2, dtype)
            opt = al.OPTIMIZERS[name](x, **HYPER[name][-1])
            if key == "momentum" and not value and "nesterov" in opt.hyper:
                opt.nesterov = False
            setattr(opt, key, value)
            opt.step(x.copy())
            assert not np.isnan(x).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_a_schedule_ends(dtype: str) -> None:
    """A rate that falls to 0 may round to 0 on its way; one that overflows is refused."""
    x = np.ones(2, dtype)
    opt = al.SGD(x, lr=lambda t: 0.5 if t == 1 else 1e-60 if t == 2 else 1e39 if t == 3 else 0.0)
    opt.step(x.copy())
    opt.step(x.copy())
    assert x.tolist() == [0.5, 0.5]
    if dtype == "float64":
        return
    before = snapshot(opt)
    with pytest.raises(ValueError, match=rf"lr\(3\) must be finite in {dtype}, got 1e\+39"):
        opt.step(x.copy())
    assert snapshot(opt) == before
    first = al.SGD(np.ones(2, dtype), lr=lambda t: 1e39)
    with pytest.raises(ValueError, match=r"lr\(1\) must be finite"):
        first.step(np.ones(2, dtype))


# -- AdamW's decay is not lost in a factor near 1 ------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "start", "lr", "decay"),
    [
        ("float32", 1.0, 1e-6, 0.01),  # 1 - 1e-8 is 1 in float32
        ("float32", 1.0, 3e-6, 0.01),  # 1 - 3e-8 is 1 - 6e-8 there
        ("float32", 1.0, 1e-5, 0.01),  # 1 - 1e-7 takes a fifth too much
        ("float16", 0.25, 1e-3, 0.1),  # 1 - 1e-4 is 1 in float16
    ],
)
def test_decay_is_kept_as_well_as_the_step(
    dtype: str, start: float, lr: float, decay: float
) -> None:
    """With steps of changing sign, the weights shrink as in float64: within a tenth of it."""
    rng = np.random.default_rng(5)
    found = {}
    for kind in (dtype, "float64"):
        x = np.full(4096, start, kind)
        opt = al.AdamW(x, lr=lr, betas=(0.0, 0.9), eps=1e-3, weight_decay=decay)
        still = al.Adam(x.copy(), lr=lr, betas=(0.0, 0.9), eps=1e-3)
        for _ in range(200):
            g = rng.standard_normal(x.size).astype(kind)
            opt.step(g)
            still.step(g)
        rng = np.random.default_rng(5)
        found[kind] = float(np.mean(still.params.astype(float)) - np.mean(x.astype(float)))
    assert found["float64"] > 0
    assert abs(found[dtype] / found["float64"] - 1) < 0.1


def test_sgd_forgets_its_buffer_when_momentum_is_set_to_zero() -> None:
    """Whatever stands in it: infinities, NaN, zeros of both signs."""
    g = np.array([0.0, -0.0, 1.0, -0.0, 2.0])
    state = al.sgd_init(g)._replace(t=1, b=np.array([-1.0, 0.0, inf, -inf, np.nan]))
    x = np.ones(5)
    opt = al.SGD(x, lr=0.5, momentum=0.9)
    opt.load_state_dict({**opt.state_dict(), "t": 1, "b.0": state.b})
    theta = x.copy()
    opt.momentum = 0.0
    for _ in range(2):
        theta, state = al.sgd_step(theta, g, state, lr=0.5)
        opt.step(g)
        assert same_bits(theta, x)
        assert same_bits(state.b, opt.b)
    opt.momentum = 0.9
    theta, state = al.sgd_step(theta, g, state, lr=0.5, momentum=0.9)
    opt.step(g)
    assert same_bits(theta, x)
