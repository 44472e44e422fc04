"""Bad calls: each error names the argument, the rule and the value, and nothing has changed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np
import pytest

import adam_lib as al
from tests.library.table import (
    BAD,
    CASES,
    DTYPES,
    HYPER,
    Bad,
    Case,
    arguments,
    complete,
    same_bits,
    slots,
    snapshot,
)

NAMES = pytest.mark.parametrize("name", HYPER)


@contextmanager
def refused(error: type[Exception], message: str, opt: Any = None) -> Iterator[None]:
    """Exactly this error with this text in it; ``opt`` and its parameters stay as they are."""
    before = snapshot(opt) if opt is not None else None
    raised: Exception | None = None
    try:
        yield
    except Exception as e:
        raised = e
    assert type(raised) is error, f"{raised!r}, expected {error.__name__}: {message}"
    assert message in str(raised), f"{message!r} not in {str(raised)!r}"
    if opt is not None:
        assert snapshot(opt) == before


def started(name: str, params: Any = None, **hyper: Any) -> Any:
    """An optimizer that has taken two steps, with state in every slot."""
    params = [np.array([1.0, -2.0]), np.array([[3.0, 4.0, 5.0]])] if params is None else params
    opt = al.OPTIMIZERS[name](params, **{**HYPER[name][-1], **hyper})
    for scale in (0.5, -0.25):
        one = isinstance(params, np.ndarray)
        opt.step(params * scale if one else [p * scale for p in params])
    assert opt.t == 2
    return opt


# -- hyperparameters: the class, an assignment, and the rule ---------------------------


def bad_hyper() -> list[Any]:
    return [
        pytest.param(name, key, bad, id=f"{name}({key}={bad.value!r})")
        for name in HYPER
        for key in arguments(name)
        for bad in BAD[key]
    ]


@pytest.mark.parametrize(("name", "key", "bad"), bad_hyper())
def test_bad_hyperparameter(name: str, key: str, bad: Bad) -> None:
    hyper = {**HYPER[name][0], key: bad.value}
    x = np.array([1.0, -2.0])
    with refused(bad.error, bad.message):
        al.OPTIMIZERS[name](x, **hyper)
    assert x.tolist() == [1.0, -2.0]

    opt = started(name)
    with refused(bad.error, bad.message, opt):
        setattr(opt, key, bad.value)

    init, step = al.RULES[name]
    state = init(x)
    with refused(bad.error, bad.message):
        step(x, np.ones(2), state, **hyper)
    assert x.tolist() == [1.0, -2.0]
    assert state.t == 0
    assert all(not getattr(state, slot).any() for slot in slots(name))


@NAMES
def test_numpy_numbers_and_integers_are_numbers(name: str) -> None:
    """np.float32(0.5) and 1 are taken, as Python floats, so that no dtype widens."""
    hyper = HYPER[name][0]
    for lr in (np.float32(0.5), np.float64(0.5), np.int64(1), 1):
        x = np.ones(3, "float16")
        opt = al.OPTIMIZERS[name](x, **{**hyper, "lr": lr})
        assert type(opt.lr) is float
        opt.step(x * 0.5)
        init, step = al.RULES[name]
        theta, _ = step(
            np.ones(3, "float16"),
            np.full(3, 0.5, "float16"),
            init(np.ones(3, "float16")),
            **{**hyper, "lr": lr},
        )
        assert theta.dtype == "float16"
        assert same_bits(theta, x)


def as_numpy(value: Any) -> Any:
    """A float, or a pair of them, as NumPy scalars of the widest kind."""
    if isinstance(value, tuple):
        return tuple(np.float64(x) for x in value)
    return np.float64(value) if isinstance(value, float) else value


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_numpy_number_widens_an_array(case: Case) -> None:
    """Each argument's coerced value is used, not what was given: half stays half, bit for bit."""
    init, step = al.RULES[case.name]
    hyper = complete(case)
    x, g = np.linspace(-1, 2, 5).astype("float16"), np.full(5, 0.5, "float16")
    for name in hyper:
        given = {**hyper, name: as_numpy(hyper[name])}
        theta, state = step(x, g, init(x), **given)
        expected, known = step(x, g, init(x), **hyper)
        assert same_bits(theta, expected), name
        assert all(same_bits(getattr(state, k), getattr(known, k)) for k in slots(case.name)), name


@NAMES
def test_misspelt_and_missing_arguments(name: str) -> None:
    x = np.ones(2)
    with refused(TypeError, "learning_rate"):
        al.OPTIMIZERS[name](x, **HYPER[name][0], learning_rate=0.1)
    init, step = al.RULES[name]
    with refused(TypeError, "learning_rate"):
        step(x, x, init(x), **HYPER[name][0], learning_rate=0.1)
    if name in ("SGD", "AdaGrad"):
        with refused(TypeError, "lr"):
            al.OPTIMIZERS[name](x)


def test_nesterov_needs_momentum() -> None:
    message = "momentum must be > 0 with nesterov=True, got 0.0"
    x = np.ones(2)
    with refused(ValueError, message):
        al.SGD(x, lr=0.1, nesterov=True)
    with refused(ValueError, message):
        al.sgd_step(x, x, al.sgd_init(x), lr=0.1, nesterov=True)
    opt = al.SGD(x, lr=0.1)
    opt.nesterov = True
    with refused(ValueError, message, opt):
        opt.step(np.ones(2))


def test_momentum_stays_off_where_no_buffer_is_kept() -> None:
    opt = al.SGD(np.ones(2), lr=0.1)
    opt.step(np.ones(2))
    with refused(ValueError, "momentum must stay 0 where it was 0 at construction, got 0.9"):
        opt.momentum = 0.9
        opt.step(np.ones(2))
    assert opt.t == 1


@pytest.mark.parametrize("name", [n for n in HYPER if "eps" in arguments(n)])
def test_eps_that_vanishes_in_the_dtype(name: str) -> None:
    """1e-8 is 0 in float16, 1e-50 is 0 in float32: 0/0 at a zero gradient."""
    for dtype, eps in (("float16", 1e-8), ("float32", 1e-50)):
        x = np.ones(2, dtype)
        with refused(ValueError, f"eps must be > 0 in {dtype}, got {eps}"):
            al.OPTIMIZERS[name](x, **{**HYPER[name][0], "eps": eps})
        with refused(ValueError, f"eps must be > 0 in {dtype}, got {eps}"):
            al.OPTIMIZERS[name]([np.ones(2), x], **{**HYPER[name][0], "eps": eps})
        init, step = al.RULES[name]
        with refused(ValueError, f"eps must be > 0 in {dtype}, got {eps}"):
            step(x, x, init(x), **{**HYPER[name][0], "eps": eps})
        opt = started(name, x)
        with refused(ValueError, f"eps must be > 0 in {dtype}, got {eps}", opt):
            opt.eps = eps
        smallest = float(np.finfo(dtype).smallest_subnormal)
        opt.eps = smallest  # the smallest that does not vanish
        assert opt.eps == smallest
        opt.eps = 0.0  # asked for, and meant
    al.OPTIMIZERS[name](np.ones(2), **{**HYPER[name][0], "eps": 1e-50})


def test_default_eps_of_adam_in_half_precision() -> None:
    with refused(ValueError, "eps must be > 0 in float16, got 1e-08"):
        al.Adam(np.ones(2, "float16"))


# -- a learning rate that is a function ----------------------------------------------


@NAMES
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (nan, ValueError, "lr(3) must be >= 0, got nan"),
        (-0.5, ValueError, "lr(3) must be >= 0, got -0.5"),
        (inf, ValueError, "lr(3) must be finite, got inf"),
        (None, TypeError, "lr(3) must be a real number, got None"),
        ("x", TypeError, "lr(3) must be a real number, got 'x'"),
        (1j, TypeError, "lr(3) must be a real number, got 1j"),
    ],
)
def test_bad_value_from_a_callable_lr(name: str, value: Any, error: Any, message: str) -> None:
    opt = started(name, lr=lambda t: 0.1 if t < 3 else value)
    with refused(error, message, opt):
        opt.step([p * 1.0 for p in opt.params])
    opt.lr = 0.1
    opt.step([p * 1.0 for p in opt.params])
    assert opt.t == 3


@NAMES
def test_a_callable_lr_that_raises(name: str) -> None:
    def lr(t: int) -> float:
        if t == 3:
            raise KeyError("no rate for step 3")
        return 0.1

    opt = started(name, lr=lr)
    with refused(KeyError, "no rate for step 3", opt):
        opt.step([p * 1.0 for p in opt.params])


@NAMES
def test_a_rule_takes_one_rate(name: str) -> None:
    init, step = al.RULES[name]
    x = np.ones(2)
    with pytest.raises(
        TypeError, match=r"^lr must be a real number in a pure rule, got a callable$"
    ):
        step(x, x, init(x), **{**HYPER[name][0], "lr": lambda t: 0.1})


# -- parameters ----------------------------------------------------------------------


class BadParams(NamedTuple):
    make: Callable[[], Any]
    error: type[Exception]
    message: str


def read_only() -> np.ndarray:
    x = np.ones(3)
    x.flags.writeable = False
    return x


def twice() -> list[np.ndarray]:
    x = np.ones(3)
    return [x, np.ones(2), x]


def overlapping() -> list[np.ndarray]:
    x = np.ones(10)
    return [np.ones(1), x[:6], x[5:]]


def inside() -> list[np.ndarray]:
    x = np.ones(10)
    return [x[4:5], x]


def reshaped() -> list[np.ndarray]:
    x = np.ones(6)
    return [x, x.reshape(2, 3)]


BAD_PARAMS = {
    "integers": BadParams(
        lambda: np.array([1, 2]), TypeError, "params must be float16, float32 or float64, got int64"
    ),
    "integers in a list": BadParams(
        lambda: [np.ones(2), np.array([1, 2], "int32")],
        TypeError,
        "params[1] must be float16, float32 or float64, got int32",
    ),
    "booleans": BadParams(
        lambda: np.array([True]), TypeError, "params must be float16, float32 or float64, got bool"
    ),
    "complex": BadParams(
        lambda: [np.array([1j])],
        TypeError,
        "params[0] must be float16, float32 or float64, got complex128",
    ),
    "objects": BadParams(
        lambda: np.array([1.0, None]),
        TypeError,
        "params must be float16, float32 or float64, got object",
    ),
    "foreign byte order": BadParams(
        lambda: np.ones(2, np.dtype(float).newbyteorder()),
        TypeError,
        "params must be float16, float32 or float64, got",
    ),
    "a number": BadParams(
        lambda: 1.0, TypeError, "params must be an array or a list of arrays, got 1.0"
    ),
    "a NumPy number": BadParams(
        lambda: np.float64(1.0), TypeError, "params must be an array or a list of arrays, got"
    ),
    "None": BadParams(
        lambda: None, TypeError, "params must be an array or a list of arrays, got None"
    ),
    "a dict": BadParams(
        lambda: {"w": np.ones(2)},
        TypeError,
        "params must be an array or a list of arrays, got {'w'",
    ),
    "a generator": BadParams(
        lambda: (np.ones(2) for _ in range(2)),
        TypeError,
        "params must be an array or a list of arrays, got <generator",
    ),
    "a list of numbers": BadParams(
        lambda: [1.0, 2.0], TypeError, "params[0] must be a NumPy array, got float"
    ),
    "a nested list": BadParams(
        lambda: [np.ones(2), [np.ones(2)]], TypeError, "params[1] must be a NumPy array, got list"
    ),
    "an empty list": BadParams(
        lambda: [], ValueError, "params must hold at least one array, got none"
    ),
    "every other element": BadParams(
        lambda: np.ones(6)[::2], ValueError, "params must be C-contiguous, got strides (16,)"
    ),
    "Fortran order": BadParams(
        lambda: [np.ones((2, 3), order="F")],
        ValueError,
        "params[0] must be C-contiguous, got strides (8, 16)",
    ),
    "read-only": BadParams(
        read_only, ValueError, "params must be writeable, got a read-only array"
    ),
    "the same array twice": BadParams(
        twice, ValueError, "params must not share memory, got params[0] and params[2]"
    ),
    "overlapping views": BadParams(
        overlapping, ValueError, "params must not share memory, got params[1] and params[2]"
    ),
    "a view and its base": BadParams(
        inside, ValueError, "params must not share memory, got params[0] and params[1]"
    ),
    "two shapes of one array": BadParams(
        reshaped, ValueError, "params must not share memory, got params[0] and params[1]"
    ),
}


@NAMES
@pytest.mark.parametrize("bad", BAD_PARAMS.values(), ids=BAD_PARAMS)
def test_bad_params(name: str, bad: BadParams) -> None:
    params = bad.make()
    arrays = [
        p for p in (params if isinstance(params, list) else [params]) if isinstance(p, np.ndarray)
    ]
    before = [p.tobytes() for p in arrays]
    with pytest.raises(bad.error) as info:
        al.OPTIMIZERS[name](params, **HYPER[name][0])
    assert str(info.value).startswith(bad.message)
    assert [p.tobytes() for p in arrays] == before


def test_neighbours_in_one_array_are_not_shared() -> None:
    """Views that touch without overlapping, and empty ones anywhere, are fine."""
    x = np.ones(10)
    al.SGD([x[5:], x[:5]], lr=0.1).step([np.ones(5), np.ones(5)])
    nothing = x.reshape(2, 5)[1, 3:3]  # of no length, but with an address inside x
    assert x.ctypes.data < nothing.ctypes.data < x.ctypes.data + x.nbytes
    al.SGD([x, nothing, nothing], lr=0.1)
    al.SGD((x[:1], x[1:]), lr=0.1)


# -- gradients -----------------------------------------------------------------------

a2, b13 = np.ones(2), np.ones((1, 3))

BAD_GRADS: dict[str, tuple[Any, type[Exception], str]] = {
    "too few": ([a2], ValueError, "expected 2 gradients, got 1"),
    "too many": ([a2, b13, a2], ValueError, "expected 2 gradients, got 3"),
    "none": ([], ValueError, "expected 2 gradients, got 0"),
    "an array": (a2, TypeError, "grads must be a list of 2 arrays, got ndarray"),
    "None": (None, TypeError, "grads must be a list of 2 arrays, got NoneType"),
    "a dict": ({0: a2, 1: b13}, TypeError, "grads must be a list of 2 arrays, got dict"),
    "a generator": (
        (g for g in (a2, b13)),
        TypeError,
        "grads must be a list of 2 arrays, got generator",
    ),
    "longer": ([np.ones(3), b13], ValueError, "grads[0] has shape (3,), params[0] has (2,)"),
    "broadcastable": (
        [a2, np.ones(3)],
        ValueError,
        "grads[1] has shape (3,), params[1] has (1, 3)",
    ),
    "transposed": ([a2, b13.T], ValueError, "grads[1] has shape (3, 1), params[1] has (1, 3)"),
    "a number": ([1.0, b13], ValueError, "grads[0] has shape (), params[0] has (2,)"),
    "swapped": ([b13, a2], ValueError, "grads[0] has shape (1, 3), params[0] has (2,)"),
    "narrower": (
        [a2, b13.astype("float32")],
        TypeError,
        "grads[1] has dtype float32, params[1] has float64",
    ),
    "integers": (
        [np.array([1, 2]), b13],
        TypeError,
        "grads[0] has dtype int64, params[0] has float64",
    ),
    "complex": ([a2 * 1j, b13], TypeError, "grads[0] has dtype complex128, params[0] has float64"),
}


@NAMES
@pytest.mark.parametrize(("grads", "error", "message"), BAD_GRADS.values(), ids=BAD_GRADS)
def test_bad_gradients(name: str, grads: Any, error: Any, message: str) -> None:
    opt = started(name)
    with refused(error, message, opt):
        opt.step(grads)


@NAMES
def test_bad_gradients_of_a_single_array(name: str) -> None:
    opt = started(name, np.array([1.0, -2.0]))
    with refused(ValueError, "grads has shape (3,), params has (2,)", opt):
        opt.step(np.ones(3))
    with refused(ValueError, "grads has shape (1, 2), params has (2,)", opt):
        opt.step([np.ones(2)])
    with refused(TypeError, "grads has dtype float32, params has float64", opt):
        opt.step(np.ones(2, "float32"))
    with refused(ValueError, "grads has shape (), params has (2,)", opt):
        opt.step(1.0)


@NAMES
def test_nonfinite_gradients_can_be_refused(name: str) -> None:
    """The last of several, so that a check on the way would come too late for the first."""
    for odd in (nan, inf, -inf):
        opt = started(name)
        g = [np.ones(2), np.array([[1.0, odd, odd]])]
        with refused(ValueError, "grads[1] must be finite, got 2 of 3 NaN or infinite", opt):
            opt.step(g, check_finite=True)
        opt.step([np.ones(2), np.ones((1, 3))], check_finite=True)
        assert opt.t == 3
        with np.errstate(invalid="ignore"):
            opt.step(g)  # by default they go where the formula takes them
        slots = [getattr(opt, slot)[1][0, 1] for slot in opt.slots]  # a sign is finite, its m not
        assert not np.all(np.isfinite([opt.params[1][0, 1], *slots]))
        assert np.all(np.isfinite(opt.params[0]))
        alone = al.OPTIMIZERS[name](np.ones(3), **HYPER[name][0])
        with refused(ValueError, "grads must be finite, got 1 of 3 NaN or infinite", alone):
            alone.step(np.array([1.0, odd, 2.0]), check_finite=True)


@NAMES
def test_a_step_is_never_left_half_done(name: str) -> None:
    """Where NumPy or Python is told to raise at an overflow, the step still ends."""
    calm, strict, warned = (started(name) for _ in range(3))
    g = [np.array([1.0, 1e300]), np.array([[np.inf, 1e-320, 0.0]])]
    with np.errstate(all="ignore"):
        calm.step(g)
    with np.errstate(all="raise"):
        strict.step(g)
        assert np.geterr()["over"] == "raise"
    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("error")
        warned.step(g)
    assert snapshot(strict) == snapshot(warned) == snapshot(calm)


@NAMES
def test_state_cannot_be_assigned(name: str) -> None:
    """It would be a new attribute beside the real one, and change nothing."""
    opt = started(name)
    for slot in opt.slots:
        with refused(AttributeError, f"{slot} is state and read-only; load_state_dict()", opt):
            setattr(opt, slot, [np.zeros(2), np.zeros((1, 3))])


@NAMES
def test_parameters_cannot_be_exchanged(name: str) -> None:
    """The attribute would name other arrays than those that are updated."""
    opt = started(name)
    with refused(AttributeError, "'params'", opt):
        opt.params = [np.zeros(2), np.zeros((1, 3))]
    assert opt.params[0][0] != 0


@NAMES
def test_no_optimizer_has_another_ones_state(name: str) -> None:
    """AdaMax, of Adam's kind, has u in the place of v; plain SGD has no b."""
    opt = started(name)
    for slot in {s for other in HYPER for s in slots(other)} - set(opt.slots):
        assert not hasattr(opt, slot)
    assert not hasattr(al.SGD(np.ones(2), lr=0.1), "b")
    assert not hasattr(al.AdaMax(np.ones(2)), "v_hat")


# -- the pure rules ------------------------------------------------------------------


def rule_calls(name: str) -> list[tuple[Any, Any, Any, type[Exception], str]]:
    """theta, g, state, error, message"""
    init, _ = al.RULES[name]
    x = np.ones(2)
    s = init(x)
    first = slots(name)[0]
    calls: list[tuple[Any, Any, Any, type[Exception], str]] = [
        (
            np.array([1, 2]),
            x,
            s,
            TypeError,
            "theta must be a float16, float32 or float64 array, got int64",
        ),
        (
            [1.0, 2.0],
            x,
            s,
            TypeError,
            "theta must be a float16, float32 or float64 array, got list",
        ),
        (
            x * 1j,
            x,
            s,
            TypeError,
            "theta must be a float16, float32 or float64 array, got complex128",
        ),
        (
            x,
            np.array([1, 2]),
            s,
            TypeError,
            "g must be a float16, float32 or float64 array, got int64",
        ),
        (x, 1.0, s, TypeError, "g must be a float16, float32 or float64 array, got float"),
        (x, None, s, TypeError, "g must be a float16, float32 or float64 array, got NoneType"),
        (x, np.ones(3), s, ValueError, "g has shape (3,), theta has (2,)"),
        (x, np.ones(()), s, ValueError, "g has shape (), theta has (2,)"),
        (x, np.ones((1, 2)), s, ValueError, "g has shape (1, 2), theta has (2,)"),
        (x, np.ones(2, "float32"), s, TypeError, "g has dtype float32, theta has float64"),
        (np.ones(2, "float32"), x, s, TypeError, "g has dtype float64, theta has float32"),
    ]
    for slot in slots(name):
        wrong = s._replace(**{slot: np.zeros(3)})
        calls.append((x, x, wrong, ValueError, "has shape (3,), theta has (2,)"))
        wrong = s._replace(**{slot: np.zeros(())})
        calls.append((x, x, wrong, ValueError, "has shape (), theta has (2,)"))
        wrong = s._replace(**{slot: np.zeros(2, "float32")})
        calls.append((x, x, wrong, TypeError, "has dtype float32, theta has float64"))
        wrong = s._replace(**{slot: None})
        calls.append((x, x, wrong, TypeError, "got NoneType"))
    for t in (-1, 0.5, True, "0", None, np.zeros(())):
        wrong = s._replace(t=t)
        calls.append((x, x, wrong, ValueError, f"state.t must be a whole number >= 0, got {t!r}"))
    assert first in s._fields
    return calls


@NAMES
def test_bad_calls_of_a_rule(name: str) -> None:
    _, step = al.RULES[name]
    for theta, g, state, error, message in rule_calls(name):
        with refused(error, message):
            step(theta, g, state, **HYPER[name][0])


@NAMES
def test_a_rule_refuses_another_rules_state(name: str) -> None:
    """Also one whose arrays have the same names: RMSprop's v is not Adam's."""
    _, step = al.RULES[name]
    own = type(al.RULES[name][0](np.ones(2)))
    x = np.ones(2)
    for other, (init, _) in al.RULES.items():
        state = init(x)
        if type(state) is own:
            continue
        with refused(TypeError, type(state).__name__):
            step(x, x, state, **HYPER[name][0])
        assert other != name
    for nothing in (None, (0, x, x), {"t": 0}):
        with pytest.raises(TypeError):
            step(x, x, nothing, **HYPER[name][0])


# -- states --------------------------------------------------------------------------


def good_state(name: str) -> dict[str, Any]:
    """What `started(name).load_state_dict` must take, written out."""
    shapes = enumerate([(2,), (1, 3)])
    arrays = {f"{slot}.{i}": np.ones(shape) for i, shape in shapes for slot in slots(name)}
    hyper = complete(Case(name, HYPER[name][-1]))
    return {"optimizer": name, "t": 2, **hyper, **arrays}


def bad_states(name: str) -> dict[str, tuple[Any, type[Exception], str]]:
    """Changes to that state."""
    state = good_state(name)
    key = next(k for k in state if k.endswith(".1"))
    without = {k: v for k, v in state.items() if k != key}
    rows: dict[str, tuple[Any, type[Exception], str]] = {
        "another optimizer's": (
            {**state, "optimizer": "Eve"},
            ValueError,
            f"state must be of {name}, got one of Eve",
        ),
        "nameless": (
            {k: v for k, v in state.items() if k != "optimizer"},
            ValueError,
            f"state must be of {name}, got one of no optimizer",
        ),
        "empty": ({}, ValueError, f"state must be of {name}, got one of no optimizer"),
        "truncated": (without, ValueError, key),
        "with more": ({**state, "w.0": a2}, ValueError, "w.0"),
        "without t": ({k: v for k, v in state.items() if k != "t"}, ValueError, "'t'"),
        "fewer tensors": (
            {k: v for k, v in state.items() if not k.endswith(".0")},
            ValueError,
            ".0",
        ),
        "another shape": (
            {**state, key: np.ones(3)},
            ValueError,
            f"state[{key!r}] must have shape (1, 3) and dtype float64, got (3,) and float64",
        ),
        "another dtype": (
            {**state, key: np.ones((1, 3), "float32")},
            ValueError,
            f"state[{key!r}] must have shape (1, 3) and dtype float64, got (1, 3) and float32",
        ),
        "integers": (
            {**state, key: np.ones((1, 3), int)},
            ValueError,
            f"state[{key!r}] must have shape (1, 3) and dtype float64, got (1, 3) and int64",
        ),
        "a negative t": (
            {**state, "t": -1},
            ValueError,
            "state['t'] must be a whole number >= 0, got -1",
        ),
        "half a t": (
            {**state, "t": 1.5},
            ValueError,
            "state['t'] must be a whole number >= 0, got 1.5",
        ),
        "true as t": (
            {**state, "t": True},
            ValueError,
            "state['t'] must be a whole number >= 0, got True",
        ),
        "three t": (
            {**state, "t": [1, 2, 3]},
            ValueError,
            "state['t'] must be a whole number >= 0, got [1, 2, 3]",
        ),
        "a bad lr": ({**state, "lr": nan}, ValueError, "lr must be >= 0, got nan"),
        "a word as lr": (
            {**state, "lr": "fast"},
            TypeError,
            "lr must be a real number, got 'fast'",
        ),
        "a callable lr": ({**state, "lr": "callable"}, ValueError, "callable lr"),
        "without lr": ({k: v for k, v in state.items() if k != "lr"}, ValueError, "'lr'"),
    }
    for argument in arguments(name):
        bad = BAD[argument][-1]
        rows[f"a bad {argument}"] = ({**state, argument: bad.value}, bad.error, argument)
    return rows


def every_bad_state() -> list[Any]:
    return [
        pytest.param(name, *row, id=f"{name}-{title}")
        for name in HYPER
        for title, row in bad_states(name).items()
    ]


@pytest.mark.parametrize(("name", "state", "error", "message"), every_bad_state())
def test_bad_state(name: str, state: Any, error: Any, message: str) -> None:
    """Whatever is wrong with it, the optimizer goes on as if it had not been offered."""
    opt = started(name, lr=0.25)
    with refused(error, message, opt):
        opt.load_state_dict(state)
    opt.load_state_dict(good_state(name))
    assert opt.t == 2
    assert all(np.all(x == 1) for slot in slots(name) for x in getattr(opt, slot))


@NAMES
def test_bad_last_array_leaves_the_first_alone(name: str) -> None:
    """All is checked before anything is written."""
    opt, other = started(name), started(name, [np.array([9.0, 9.0]), np.array([[9.0, 9.0, 9.0]])])
    state = other.state_dict()
    last = list(state)[-1]
    state[last] = state[last][:, :2]
    with refused(ValueError, last, opt):
        opt.load_state_dict(state)


def test_states_are_not_exchanged() -> None:
    for name in HYPER:
        state = started(name).state_dict()
        for other in set(HYPER) - {name}:
            opt = started(other)
            with refused(ValueError, f"state must be of {other}, got one of {name}", opt):
                opt.load_state_dict(state)


@NAMES
def test_state_of_other_parameters(name: str) -> None:
    """One tensor more, one less, another dtype, another shape."""
    state = started(name).state_dict()
    for params in (
        [np.ones(2)],
        [np.ones(2), np.ones((1, 3)), np.ones(1)],
        [np.ones(2, "float32"), np.ones((1, 3), "float32")],
        [np.ones(3), np.ones((1, 3))],
        np.ones(2),
    ):
        opt = started(name, params)
        with refused(ValueError, "state", opt):
            opt.load_state_dict(state)


@NAMES
@pytest.mark.parametrize("state", [None, 3, "state", [("t", 1)]], ids=repr)
def test_state_that_is_no_mapping(name: str, state: Any) -> None:
    opt = started(name)
    before = snapshot(opt)
    with pytest.raises((TypeError, ValueError)):
        opt.load_state_dict(state)
    assert snapshot(opt) == before


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_table_itself_is_accepted(case: Case, dtype: str) -> None:
    """The other side: what the tables call good raises nothing, in any dtype."""
    al.OPTIMIZERS[case.name](np.ones(3, dtype), **case.hyper).step(np.ones(3, dtype))


def test_what_is_quoted_is_cut_short() -> None:
    with pytest.raises(TypeError) as caught:
        al.Adam("a name" * 1000)  # type: ignore[arg-type]
    assert str(caught.value).startswith("params must be an array or a list of arrays, got 'a name")
    assert len(str(caught.value)) < 150
