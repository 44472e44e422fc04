"""diagnose() acquits every right Adam and names every bug of the museum."""

from __future__ import annotations

import difflib
import inspect
import os
import warnings
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adam_lib as al
from adam_lib.conformance.diagnose import TESTS, diagnose, kill_matrix, separately, smallest_covers
from adam_lib.conformance.exhibits import CONVENTIONS, MUSEUM

USUAL = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
HYPER = [
    {},
    USUAL,
    {"lr": 0.1, "betas": (0.6, 0.9), "eps": 1e-3},
    {"dtype": "float32"},
    {"lr": 1e-3, "eps": 1e-4, "dtype": "float32"},
]


# -- right Adams -----------------------------------------------------------------------


def in_place(params: list[np.ndarray], **hyper: Any) -> Any:
    return al.Adam(params, **hyper).step


def fused(params: list[np.ndarray], **hyper: Any) -> Any:
    pytest.importorskip("numba", reason="Numba is not installed: no fused Adam")
    return al.Adam(params, fused=True, **hyper).step


def returned(params: list[np.ndarray], **hyper: Any) -> Any:
    """Changes the arrays it was given, and returns them too."""
    opt = al.Adam(params, **hyper)

    def step(grads: list[np.ndarray]) -> Any:
        opt.step(grads)
        return tuple(params)

    return step


def rule(**hyper: Any) -> Any:
    state = None

    def step(theta: np.ndarray, g: np.ndarray) -> np.ndarray:
        nonlocal state
        state = al.adam_init(theta) if state is None else state
        theta, state = al.adam_step(theta, g, state, **hyper)
        return theta

    return step


def one_array(**hyper: Any) -> Any:
    """In place, on one array that is not known before the first step."""
    opt = None

    def step(theta: np.ndarray, g: np.ndarray) -> None:
        nonlocal opt
        opt = al.Adam(theta, **hyper) if opt is None else opt
        opt.step(g)

    return step


RIGHT = {
    "Adam": in_place,
    "Adam(fused=True)": fused,
    "Adam, returning": returned,
    "adam_step": separately(rule),
    "one array in place": separately(one_array),
    "museum's adam": CONVENTIONS["adam"].start,
}


@pytest.mark.parametrize("hyper", HYPER)
@pytest.mark.parametrize("name", RIGHT)
def test_a_clean_bill(name: str, hyper: dict[str, Any]) -> None:
    report = diagnose(RIGHT[name], **hyper)
    assert report.ok
    assert (report.convention, report.failed, report.bugs) == ("adam", (), ())
    assert "Algorithm 1" in str(report)


@pytest.mark.parametrize(
    ("dtype", "low", "high"), [("float32", 8e-16, 180.0), ("float64", 2e-150, 1e137)]
)
def test_eps_is_admitted_where_right_adams_are_acquitted(
    dtype: str, low: float, high: float
) -> None:
    """Neither its square nor that of the gradients leaves the dtype."""
    for eps in (low, high):
        assert diagnose(in_place, eps=eps, dtype=dtype).convention == "adam"
    for eps in (low / 10, high * 10):
        with pytest.raises(ValueError, match="eps must be in"):
            diagnose(in_place, eps=eps, dtype=dtype)


decay = st.floats(0.02, 0.9999)
hyperparameters = st.fixed_dictionaries(
    {
        "lr": st.floats(1e-6, 10),
        "betas": st.tuples(decay, decay),
        "eps": st.floats(1e-12, 1),
        "dtype": st.sampled_from(["float32", "float64"]),
    }
)


@settings(max_examples=25)
@given(hyper=hyperparameters)
def test_a_right_adam_is_acquitted_at_any_hyperparameters(hyper: dict[str, Any]) -> None:
    assert diagnose(in_place, **hyper).convention == "adam"


@settings(max_examples=25)
@given(hyper=hyperparameters)
def test_eps_hat_is_recognised_at_any_hyperparameters(hyper: dict[str, Any]) -> None:
    """As a convention, unless 1 - beta2 is too large for it to differ in single precision."""
    report = diagnose(CONVENTIONS["eps_hat"].start, **hyper)
    assert report.ok
    assert report.convention == "eps_hat" or hyper["betas"][1] < 0.1


def test_the_museums_adam_is_the_rule_bit_for_bit() -> None:
    theta = [np.array([1.0, -2.0, 3.0])]
    ours = CONVENTIONS["adam"].start(theta, lr=0.1, betas=(0.8, 0.95), eps=1e-3)
    x, state = theta[0], al.adam_init(theta[0])
    for g in np.random.default_rng(1).normal(size=(50, 3)):
        x, state = al.adam_step(x, g, state, lr=0.1, betas=(0.8, 0.95), eps=1e-3)
        assert np.array_equal(ours([g])[0], x)


def test_eps_hat_by_hand() -> None:
    """sqrt(1 - 0.75) = 1/2 makes eps-hat 1 an eps of 2: the first step is 3/(3 + 2) of lr."""
    step = CONVENTIONS["eps_hat"].start([np.zeros(1)], lr=1.0, betas=(0.75, 0.75), eps=1.0)
    assert step([np.array([3.0])])[0][0] == pytest.approx(-0.6, abs=1e-15)


def also_overwriting(start: Any) -> Any:
    """The same optimizer, but the first gradient is set to 0 after each step."""

    def made(params: list[np.ndarray], **hyper: Any) -> Any:
        inner = start(params, **hyper)

        def step(grads: list[np.ndarray]) -> Any:
            out = inner(grads)
            grads[0][...] = 0
            return out

        return step

    return made


def test_a_convention_with_a_bug_is_no_convention() -> None:
    """eps-hat, and the gradients are overwritten: one more test fails than eps-hat explains."""
    report = diagnose(also_overwriting(CONVENTIONS["eps_hat"].start))
    assert not report.ok
    assert set(report.failed) == {"tiny_gradient", "gradients_kept"}


def test_two_bugs_at_once_are_not_named_as_one() -> None:
    report = diagnose(also_overwriting(MUSEUM["betas_swapped"].start))
    assert not report.ok
    assert report.bugs == ()


@pytest.mark.parametrize("hyper", [{}, USUAL, {**USUAL, "dtype": "float32"}])
def test_a_bug_that_only_a_long_run_shows(hyper: dict[str, Any]) -> None:
    """An Adam that stops after 150 steps: all but the reference, over 200 steps, pass.

    At the last setting 1e-8 for eps and a decay of 0.01 are nearly Adam, and yet not named.
    """

    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        opt = al.Adam(params, **hyper)
        return lambda grads: opt.step(grads) if opt.t < 150 else None

    report = diagnose(start, **hyper)
    assert not report.ok
    assert report.failed == ("reference",)
    assert report.bugs == ()


# -- the museum ------------------------------------------------------------------------

# The matrix, by hand: which tests kill which bug at the default hyperparameters.
T1, ALL = {"first_step", "constant_gradient", "impulse", "tiny_gradient", "reference"}, set(TESTS)
KILLED_BY = {
    "no_correction": T1,
    "only_m_corrected": T1,
    "only_v_corrected": T1,
    "no_power": T1 - {"first_step"},
    "times_t": T1 - {"first_step"} | {"descends"},
    "correction_multiplied": T1,
    "half_backwards": T1,
    "corrected_after_root": T1,
    "fed_back": T1 - {"first_step"} | {"descends"},
    "t_from_zero": ALL - {"gradients_kept"},
    "t_one_ahead": T1,
    "t_per_tensor": {"split_tensors"},
    "betas_swapped": {"impulse", "reference"},
    "betas_backwards": {"impulse", "reference"},
    "state_lost": {"impulse", "reference"},
    "zeros_skipped": {"impulse"},
    "centred": T1,
    "maximum_left_on": {"impulse", "reference"},
    "eps_to_parameter": T1 - {"first_step"} | {"zero_gradient", "scaling"},
    "eps_inside_root": {"tiny_gradient", "scaling"},
    "eps_ignored": {"tiny_gradient", "scaling"},
    "lr_twice": T1 | {"descends"},
    "lr_in_gradient": {"tiny_gradient"},
    "decay_left_on": T1 - {"first_step"} | {"zero_gradient"},
    "gradient_overwritten": {"gradients_kept"},
}


def test_the_table_has_every_exhibit() -> None:
    assert set(KILLED_BY) == set(MUSEUM)
    assert len(MUSEUM) >= 14


@pytest.mark.parametrize("name", MUSEUM)
def test_which_tests_kill_it(name: str) -> None:
    assert set(diagnose(MUSEUM[name].start).failed) == KILLED_BY[name]


@pytest.mark.parametrize("hyper", HYPER)
@pytest.mark.parametrize("name", MUSEUM)
def test_the_right_bug_is_named(name: str, hyper: dict[str, Any]) -> None:
    report = diagnose(MUSEUM[name].start, **hyper)
    assert not report.ok
    assert report.failed
    assert report.bugs == (name,)
    assert f"looks like: {MUSEUM[name].says}" in str(report)


@settings(max_examples=25)
@given(name=st.sampled_from(sorted(MUSEUM)), hyper=hyperparameters)
def test_no_bug_passes_unseen(name: str, hyper: dict[str, Any]) -> None:
    """Kept apart: betas and lr at which a bug does nothing are not looked for there."""
    beta1, beta2 = hyper["betas"]
    hyper |= {"lr": min(hyper["lr"], 0.5), "dtype": "float64"}
    hyper |= {"betas": (0.3 + 0.3 * beta1, 0.7 + 0.2 * beta2)}
    report = diagnose(MUSEUM[name].start, **hyper)
    assert not report.ok
    assert name in report.bugs


@pytest.mark.parametrize("name", MUSEUM)
def test_an_exhibit_leaves_what_it_was_given_alone(name: str) -> None:
    """The parameters, and the list of them."""
    params = [np.array([1.0, -2.0]), np.array([3.0])]
    given = list(params)
    step = MUSEUM[name].start(params, lr=0.1, betas=(0.8, 0.95), eps=1e-3)
    with np.errstate(all="ignore"):
        step([np.array([0.5, 0.0]), np.array([-1.0])])
    assert all(p is q for p, q in zip(params, given, strict=True))
    assert [p.tolist() for p in params] == [[1.0, -2.0], [3.0]]


@pytest.mark.parametrize("name", MUSEUM)
def test_an_exhibit_is_a_few_lines_from_the_rule(name: str) -> None:
    right = inspect.getsource(CONVENTIONS["adam"].rule).splitlines()[2:]
    wrong = inspect.getsource(MUSEUM[name].rule).splitlines()[2:]
    lines = [d for d in difflib.ndiff(right, wrong) if d[0] in "-+"]
    assert 1 <= sum(d[0] == "+" for d in lines) + sum(d[0] == "-" for d in lines) <= 10
    assert sum(d[0] == "+" for d in lines) <= 5


def with_hyper(**new: Any) -> Any:
    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        return al.Adam(params, **{**hyper, **new}).step

    return start


# What some bugs amount to, said with other parts of the library.
KIN = {
    "betas_swapped": with_hyper(betas=(0.98, 0.85)),
    "betas_backwards": with_hyper(betas=(1 - 0.85, 1 - 0.98)),
    "state_lost": with_hyper(betas=(0.0, 0.0)),
    "lr_in_gradient": lambda p, lr, betas, eps: al.Adam(p, lr, betas, eps / lr).step,
    "eps_ignored": with_hyper(eps=1e-8),
    "decay_left_on": lambda p, **h: al.AdamW(p, weight_decay=0.01, **h).step,
    "maximum_left_on": lambda p, **h: al.AMSGrad(p, form="optax", **h).step,
}


@pytest.mark.parametrize("name", KIN)
def test_relatives_and_other_hyperparameters_are_recognised(name: str) -> None:
    assert diagnose(KIN[name]).bugs == (name,)


@pytest.mark.parametrize("cls", [al.RMSprop, al.AdaMax, al.NAdam, al.RAdam])
def test_other_optimizers_are_not_adam(cls: Any) -> None:
    def start(params: list[np.ndarray], lr: float, betas: Any, eps: float) -> Any:
        second = {"rho": betas[1]} if cls is al.RMSprop else {"betas": betas}
        return cls(params, lr=lr, eps=eps, **second).step

    report = diagnose(start)
    assert not report.ok
    assert report.bugs == ()


def with_lr_times(factor: float) -> Any:
    return lambda p, lr, **h: al.Adam(p, lr=factor * lr, **h).step


def test_a_bug_that_is_new_to_the_museum() -> None:
    report = diagnose(with_lr_times(1.01))
    assert not report.ok
    assert report.bugs == ()
    assert "first_step: step 1 is -1.01 lr, must be -1 lr" in str(report)
    assert str(report).startswith("not Adam: 5 of 10 tests failed")
    assert str(report).endswith("no bug of the museum takes these steps")


def after(change: Any) -> Any:
    """Adam, but ``change(params, grads, lr)`` is done after each step."""

    def start(params: list[np.ndarray], lr: float, **hyper: Any) -> Any:
        opt = al.Adam(params, lr, **hyper)

        def step(grads: list[np.ndarray]) -> None:
            opt.step(grads)
            change(params, grads, lr)

        return step

    return start


def on(change: Any) -> Any:
    """Adam, fed what ``change(grads)`` makes of the gradients."""

    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        opt = al.Adam(params, **hyper)
        return lambda grads: opt.step(change(grads))

    return start


def clipped(grads: list[np.ndarray]) -> list[np.ndarray]:
    """To a norm of at most 1000."""
    norm = np.sqrt(sum(float(np.sum(g.astype(float) ** 2)) for g in grads))
    return [g / np.asarray(max(1.0, norm / 1000), g.dtype) for g in grads]


@pytest.mark.parametrize("hyper", [*HYPER, {"eps": 1e-12}])
def test_clipping_is_seen_however_small_eps_is(hyper: dict[str, Any]) -> None:
    report = diagnose(on(clipped), **hyper)
    assert not report.ok
    assert "reference" in report.failed


def single(params: list[np.ndarray], lr: float, betas: Any, eps: float) -> Any:
    """Adam in float64 whose corrections are computed in float32."""
    (beta1, beta2), t = betas, 0
    m, v = ([np.zeros_like(p) for p in params] for _ in range(2))

    def step(grads: list[np.ndarray]) -> None:
        nonlocal t
        t += 1
        left1, left2 = (float(1 - np.float32(beta) ** np.float32(t)) for beta in betas)
        for p, g, m_i, v_i in zip(params, grads, m, v, strict=True):
            m_i[:] = beta1 * m_i + (1 - beta1) * g
            v_i[:] = beta2 * v_i + (1 - beta2) * g**2
            p -= lr * (m_i / left1) / (np.sqrt(v_i / left2) + eps)

    return step


@pytest.mark.parametrize("hyper", [{}, USUAL])
def test_single_precision_inside_is_seen_in_double(hyper: dict[str, Any]) -> None:
    report = diagnose(single, **hyper)
    assert not report.ok
    assert "constant_gradient" in report.failed
    assert diagnose(single, **hyper, dtype="float32").convention == "adam"


def test_of_a_stranger_the_report_says_what_was_fed() -> None:
    """Adam a step late: every gradient but the first is used in the next step."""
    waiting: list[Any] = []

    def late(params: list[np.ndarray], **hyper: Any) -> Any:
        opt = al.Adam(params, **hyper)
        waiting.clear()

        def step(grads: list[np.ndarray]) -> None:
            waiting.append([g.copy() for g in grads])
            opt.step(waiting.pop(0) if len(waiting) > 1 else waiting[0])

        return step

    assert str(diagnose(late)).splitlines()[1:] == [
        "  impulse: step 2 is -1 lr, must be -0.6531 lr",
        "    (One gradient, then zeros: what is left of it in m and v is known in closed form.)",
        "  reference: step 2 is 1 lr, must be -0.2553 lr",
        "    (Over 200 steps of noise, the steps are those of adam_step.)",
        "  no bug of the museum takes these steps",
    ]
    # Where the bug is named, its name says more.
    assert "(" not in "".join(str(diagnose(MUSEUM["no_power"].start)).splitlines()[1:])


def test_two_runs_of_one_optimizer_are_not_said_to_be_right_or_wrong() -> None:
    """split_tensors and scaling compare an optimizer with itself, which may be wrong throughout."""
    found = diagnose(MUSEUM["t_from_zero"].start).results
    assert found["split_tensors"] == "step 1 is nan lr, in one tensor nan lr"
    assert found["scaling"] == "step 1 is nan lr, without the factor 4 nan lr"


def test_how_a_descent_failed() -> None:
    """Upwards, into NaN after a while, or downwards too slowly."""

    def lost(params: list[np.ndarray], grads: list[np.ndarray], lr: float) -> None:
        if abs(params[0][0]) < 19 * lr:
            params[0][0] = nan

    def says(start: Any) -> str:
        return diagnose(start).results["descends"]

    assert says(on(lambda grads: [-g for g in grads])) == "f does not fall"
    assert says(after(lost)) == "f becomes NaN"
    assert says(with_lr_times(0.01)) == "f falls to 0.9 of its start and no further"


def test_zeros_beside_other_gradients_are_fed_too() -> None:
    """A sparse update, taken only where some coordinates of a tensor are silent, not all."""

    def sparse(**hyper: Any) -> Any:
        opt = None

        def step(theta: np.ndarray, g: np.ndarray) -> None:
            nonlocal opt
            opt = al.Adam(theta, **hyper) if opt is None else opt
            before, silent = theta.copy(), (g == 0) & g.any()
            opt.step(g)
            theta[silent] = before[silent]

        return step

    assert diagnose(separately(sparse)).failed == ("impulse",)


def test_what_no_test_of_the_battery_feeds() -> None:
    """Wrong for zeros in the second of three tensors: the report says where it was seen."""

    def change(params: list[np.ndarray], grads: list[np.ndarray], lr: float) -> None:
        if len(grads) == 3 and not grads[1].all():
            params[1] += lr

    report = diagnose(after(change))
    assert not report.ok
    assert report.failed == ()
    assert str(report).startswith("not Adam: all 10 tests passed")
    assert "in the runs that tell the museum's bugs apart" in str(report)


def test_half_a_percent_shows_in_single_precision() -> None:
    assert "constant_gradient" in diagnose(with_lr_times(1.005), dtype="float32").failed


def test_a_third_tensor_is_fed() -> None:
    """Two tensors alone are updated."""

    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        opt = al.Adam(params[:2], **hyper)
        return lambda grads: opt.step(grads[:2])

    assert diagnose(start).failed == ("split_tensors",)


def test_a_small_difference_shows_in_the_message() -> None:
    report = diagnose(with_lr_times(1 + 2e-6))
    assert report.results["constant_gradient"] == "step 1 is -1.000002 lr, must be -1 lr"


def test_the_coordinate_that_moved_is_named() -> None:
    """theta is (1, -2, 0.5); the first stays."""

    def change(params: list[np.ndarray], grads: list[np.ndarray], lr: float) -> None:
        params[0][-1] *= 1 + 2.0**-20

    found = diagnose(after(change)).results["zero_gradient"]
    assert found == f"0.5 has become {0.5 * (1 + 2.0**-20) ** 3}"


def test_an_optimizer_of_copies_moves_nothing() -> None:
    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        return al.Adam([p.copy() for p in params], **hyper).step

    assert diagnose(start).results["descends"].startswith("nothing moved: step must change params")


def test_bugs_that_the_hyperparameters_do_not_tell_apart_are_all_named() -> None:
    """At beta1 = beta2 = 1/2 swapping changes nothing, nor does taking 1 - beta."""
    report = diagnose(MUSEUM["betas_swapped"].start, betas=(0.5, 0.5))
    assert report.ok
    report = diagnose(MUSEUM["betas_backwards"].start, betas=(0.2, 0.8))
    assert report.bugs == ("betas_swapped", "betas_backwards")


# -- the matrix ------------------------------------------------------------------------


def test_the_first_step_kills_fewer_than_half() -> None:
    matrix = kill_matrix()
    kills = dict(zip(matrix.tests, matrix.kills.sum(axis=0), strict=True))
    assert kills["first_step"] < len(MUSEUM) / 2
    assert kills["descends"] < kills["first_step"]
    covers = [{matrix.tests[i] for i in cover} for cover in smallest_covers(matrix.kills)]
    assert covers == [{"impulse", "tiny_gradient", "split_tensors", "gradients_kept"}]


@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=8))
def test_smallest_covers(rows: list[list[bool]]) -> None:
    kills = np.array(rows)
    covers = smallest_covers(kills)
    assert bool(covers) == all(any(row) for row in rows)
    for cover in covers:
        assert all(any(row[i] for i in cover) for row in rows)
        assert len(cover) == len(covers[0])
    # No smaller set of columns covers: each as the bits of a number.
    if covers:
        masks = [sum(bit << i for i, bit in enumerate(row)) for row in rows]
        smaller = [s for s in range(32) if s.bit_count() < len(covers[0])]
        assert not any(all(s & mask for mask in masks) for s in smaller)


# -- bad input -------------------------------------------------------------------------


class Bad(NamedTuple):
    kwargs: dict[str, Any]
    error: type[Exception]
    message: str


def gives(out: Any) -> Any:
    """An optimizer whose step returns ``out`` or what it makes of the gradients."""
    return lambda params, **hyper: lambda grads: out(grads) if callable(out) else out


BAD = [
    Bad({"start": 3}, TypeError, "start must be callable, got int"),
    Bad({"start": lambda p, **h: 7}, TypeError, "start must return a step function, got int"),
    Bad(
        {"start": lambda p, **h: al.Adam(p, **h)},
        TypeError,
        "got Adam; did you mean its method step?",
    ),
    Bad(
        {"start": separately(lambda **h: 3)},
        TypeError,
        "make must return a step function, got int",
    ),
    Bad(
        {"start": separately(lambda **h: lambda theta, g: theta[:1])},
        ValueError,
        "step must return shape (2,) at [0], got (1,)",
    ),
    Bad(
        {"start": separately(lambda **h: lambda theta, g: theta.astype("float32"))},
        TypeError,
        "step must return float64 at [0], got float32",
    ),
    Bad({"lr": 0.0}, ValueError, "lr must be > 0 in a diagnosis, got 0.0"),
    Bad({"lr": -1}, ValueError, "lr must be >= 0, got -1.0"),
    Bad({"lr": nan}, ValueError, "lr must be >= 0, got nan"),
    Bad({"lr": inf}, ValueError, "lr must be finite, got inf"),
    Bad({"lr": "0.1"}, TypeError, "lr must be a real number, got '0.1'"),
    Bad({"betas": (0.9, 1.0)}, ValueError, "betas[1] must be in [0, 1), got 1.0"),
    Bad({"betas": (0, 0.9)}, ValueError, "betas[0] must be > 0 in a diagnosis, got 0.0"),
    Bad({"betas": 0.9}, ValueError, "betas must be a pair (beta1, beta2), got 0.9"),
    Bad({"eps": 0}, ValueError, "eps must be > 0 in a diagnosis, got 0.0"),
    Bad({"eps": 1e-20, "dtype": "float32"}, ValueError, "in float32, got 1e-20"),
    Bad({"dtype": "float16"}, ValueError, "dtype must be 'float32' or 'float64', got 'float16'"),
    Bad({"start": gives(np.zeros(2))}, TypeError, "step must return a list of 1 arrays"),
    Bad({"start": gives([])}, ValueError, "step must return 1 arrays, got 0"),
    Bad({"start": gives(lambda g: [g[0][:1]])}, ValueError, "step must return shape (2,) at [0]"),
    Bad(
        {"start": gives(lambda g: [x.astype("float32") for x in g])},
        TypeError,
        "step must return float64 at [0], got float32; to test in single precision pass",
    ),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.message)
def test_bad_input(bad: Bad) -> None:
    kwargs = {"start": in_place, **bad.kwargs}
    with pytest.raises(bad.error) as caught:
        diagnose(kwargs.pop("start"), **kwargs)
    assert type(caught.value) is bad.error
    assert bad.message in str(caught.value)


def test_what_separately_adapts_must_be_callable() -> None:
    with pytest.raises(TypeError, match="make must be callable, got int"):
        separately(3)


def test_an_error_of_the_optimizer_passes_with_the_tests_name() -> None:
    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        if len(params) > 1:
            raise NotImplementedError("one tensor only")
        return al.Adam(params, **hyper).step

    with pytest.raises(NotImplementedError, match="one tensor only") as caught:
        diagnose(start)
    (note,) = caught.value.__notes__
    assert note == "raised in the test 'split_tensors' of adam_lib.conformance.diagnose"


# -- live: the libraries of others -----------------------------------------------------


def library(name: str) -> Any:
    """A module that need not be installed; its own warnings on import are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} is not installed: no live diagnosis")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("hyper", HYPER)
@pytest.mark.parametrize("how", [{"foreach": False}, {"foreach": True}, {"fused": True}])
def test_torch_live(hyper: dict[str, Any], how: dict[str, bool]) -> None:
    torch = library("torch")

    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        tensors = [torch.from_numpy(p) for p in params]  # the same memory
        opt = torch.optim.Adam(tensors, **how, **hyper)

        def step(grads: list[np.ndarray]) -> None:
            for x, g in zip(tensors, grads, strict=True):
                x.grad = torch.from_numpy(g)
            opt.step()

        return step

    assert diagnose(start, **hyper).convention == "adam"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("hyper", HYPER)
def test_optax_live(hyper: dict[str, Any]) -> None:
    optax, jax = library("optax"), library("jax")

    def start(params: list[np.ndarray], lr: float, betas: Any, eps: float) -> Any:
        opt = optax.adam(lr, *betas, eps)
        state, now = opt.init(params), params

        @jax.jit
        def update(grads: Any, state: Any, now: Any) -> Any:
            change, state = opt.update(grads, state)
            return optax.apply_updates(now, change), state

        def step(grads: list[np.ndarray]) -> Any:
            nonlocal state, now
            now, state = update(grads, state, now)
            return now

        return step

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", hyper.get("dtype") != "float32")
    try:
        assert diagnose(start, **hyper).convention == "adam"
    finally:
        jax.config.update("jax_enable_x64", before)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("hyper", HYPER)
def test_keras_live(hyper: dict[str, Any]) -> None:
    """Its epsilon is the paper's eps-hat, which is a convention and not a bug."""
    jax = library("jax")
    os.environ.setdefault("KERAS_BACKEND", "jax")
    keras = library("keras")
    dtype = hyper.get("dtype", "float64")

    def start(params: list[np.ndarray], lr: float, betas: Any, eps: float) -> Any:
        keras.backend.set_floatx(dtype)
        variables = [keras.Variable(p, dtype=dtype) for p in params]
        opt = keras.optimizers.Adam(lr, *betas, epsilon=eps)
        opt.build(variables)

        def step(grads: list[np.ndarray]) -> Any:
            opt.apply([keras.ops.convert_to_tensor(g, dtype=dtype) for g in grads])
            return [np.asarray(v) for v in variables]

        return step

    before = jax.config.jax_enable_x64, keras.backend.floatx()
    jax.config.update("jax_enable_x64", dtype != "float32")
    try:
        report = diagnose(start, **hyper)
    finally:
        jax.config.update("jax_enable_x64", before[0])
        keras.backend.set_floatx(before[1])
    assert report.ok
    assert report.convention == "eps_hat"
    assert report.failed == ("tiny_gradient",)
