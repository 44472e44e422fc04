"""diagnose() acquits every right Adam, and says what it saw of the others."""

from __future__ import annotations

import json
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adam_lib as al
from adam_lib.conformance.diagnose import diagnose, separately
from adam_lib.conformance.exhibits import CONVENTIONS, MUSEUM
from tests.conformance.subjects import HYPER, USUAL, after, in_place, on, with_hyper

# -- right Adams -----------------------------------------------------------------------


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


SETTINGS = [("Adam", hyper) for hyper in HYPER]
SETTINGS += [(name, HYPER[i % 5]) for i, name in enumerate(RIGHT)]


@pytest.mark.parametrize(("name", "hyper"), SETTINGS)
def test_a_clean_bill(name: str, hyper: dict[str, Any]) -> None:
    report = diagnose(RIGHT[name], **hyper)
    assert report.ok
    assert (report.convention, report.failed, report.bugs) == ("adam", (), ())
    assert "Algorithm 1" in str(report)
    assert report.first is None
    assert report.precision == ("single" if "dtype" in hyper else "double")


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


@settings(max_examples=4, deadline=None)
@given(hyper=hyperparameters)
def test_a_right_adam_is_acquitted_at_any_hyperparameters(hyper: dict[str, Any]) -> None:
    assert diagnose(in_place, **hyper).convention == "adam"


@settings(max_examples=4, deadline=None)
@given(hyper=hyperparameters)
def test_eps_hat_is_recognised_at_any_hyperparameters(hyper: dict[str, Any]) -> None:
    """As a convention, unless 1 - beta2 is too large for it to differ in single precision."""
    report = diagnose(CONVENTIONS["eps_hat"].start, **hyper)
    assert report.ok
    assert report.convention == "eps_hat" or hyper["betas"][1] < 0.1


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
    """eps-hat, and the gradients are overwritten."""
    report = diagnose(also_overwriting(CONVENTIONS["eps_hat"].start))
    assert not report.ok
    assert set(report.failed) == {"tiny_gradient", "gradients_kept"}
    assert report.bugs == ("gradient_overwritten",)


# -- wrong in several ways, or in ways that the museum does not have -------------------


def test_two_bugs_at_once() -> None:
    report = diagnose(also_overwriting(MUSEUM["betas_swapped"].start))
    assert report.bugs == ("betas_swapped", "gradient_overwritten")
    assert report.how_sure == "sure"


@pytest.mark.parametrize("hyper", [{}, USUAL])
def test_a_bug_that_only_a_long_run_shows(hyper: dict[str, Any]) -> None:
    """An Adam that stops after 150 steps."""

    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        opt = al.Adam(params, **hyper)
        return lambda grads: opt.step(grads) if opt.t < 150 else None

    report = diagnose(start, **hyper)
    assert not report.ok
    assert set(report.failed) == {"reference", "long_run"}


def test_a_step_counter_that_saturates_after_all_other_runs() -> None:
    """At 400 steps: only the long run gets there."""

    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        opt = al.Adam(params, **hyper)

        def step(grads: list[np.ndarray]) -> None:
            opt.t = min(opt.t, 400)
            opt.step(grads)

        return step

    report = diagnose(start)
    assert not report.ok
    assert report.failed == ("long_run",)


def test_single_precision_inside_is_a_verdict_of_its_own() -> None:
    report = diagnose(single)
    assert report.ok
    assert report.precision == "single"
    assert "computed in single precision" in str(report)
    assert diagnose(single, dtype="float32").convention == "adam"


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


def float32_inside(params: list[np.ndarray], **hyper: Any) -> Any:
    """Takes and returns float32, whatever it is given."""
    now = [p.astype("float32") for p in params]
    opt = al.Adam(now, **hyper)

    def step(grads: list[np.ndarray]) -> Any:
        opt.step([g.astype("float32") for g in grads])
        return now

    return step


def test_float32_arrays_are_no_slip() -> None:
    report = diagnose(float32_inside)
    assert (report.ok, report.convention, report.precision) == (True, "adam", "single")


@pytest.mark.parametrize("factor", [1.001, 1 + 1e-5])
def test_a_small_factor_is_not_taken_for_single_precision(factor: float) -> None:
    report = diagnose(lambda p, lr, **h: al.Adam(p, lr=factor * lr, **h).step)
    assert not report.ok
    assert report.bugs == ("lr_scaled",)


def test_a_report_shows_the_first_step_that_differs_and_both_numbers() -> None:
    report = diagnose(lambda p, lr, **h: al.Adam(p, lr=1.01 * lr, **h).step)
    first = report.first
    assert first is not None
    assert (first.run, first.step, first.coordinate) == ("noise", 1, 0)
    assert abs(first.seen) == pytest.approx(1.01)
    assert abs(first.right) == pytest.approx(1)
    assert "1.01 lr where Adam takes 1 lr" in str(report)
    assert report.says == ("every step is 1.01 times as long",)
    assert json.loads(json.dumps(report.to_dict()))["bugs"] == ["lr_scaled"]


@pytest.mark.parametrize("hyper", [{}, USUAL, {"eps": 1e-12}, {"dtype": "float32"}])
def test_clipping_is_seen_and_measured_however_small_eps_is(hyper: dict[str, Any]) -> None:
    def clipped(grads: list[np.ndarray]) -> list[np.ndarray]:
        """To a norm of at most 5."""
        norm = np.sqrt(sum(float(np.sum(g.astype(float) ** 2)) for g in grads))
        return [g / np.asarray(max(1.0, norm / 5), g.dtype) for g in grads]

    report = diagnose(on(clipped), **hyper)
    assert report.bugs == ("clipped_global",)
    assert report.says == ("all gradients together are clipped to norm 5",)


def test_of_a_stranger_the_report_says_what_was_fed() -> None:
    """Adam whose gradients have their coordinates in another order at every third step."""

    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        opt = al.Adam(params, **hyper)
        return lambda grads: opt.step([g[::-1] if opt.t % 3 == 2 else g for g in grads])

    report = diagnose(start)
    assert (report.ok, report.bugs, report.how_sure) == (False, (), "")
    assert "no rule known here takes these steps" in str(report)
    assert "(Over 300 steps of large noise, the steps are those of the rule.)" in str(report)


def test_two_runs_of_one_optimizer_are_not_said_to_be_right_or_wrong() -> None:
    """They compare an optimizer with itself, which may be wrong throughout."""
    found = diagnose(MUSEUM["t_from_zero"].start).results
    assert found["split_tensors"] == "step 1 is nan lr, in one tensor nan lr"
    assert found["scaling"] == "step 1 is nan lr, without the factor 4 nan lr"


def test_how_a_descent_failed() -> None:
    """Upwards, into NaN after a while, or downwards too slowly."""

    def lost(params: list[np.ndarray], grads: list[np.ndarray], lr: float) -> None:
        if abs(params[0].flat[0]) < 19 * lr:
            params[0].flat[0] = nan

    def says(start: Any) -> str:
        return diagnose(start).results["descends"]

    assert says(on(lambda grads: [-g for g in grads])) == "f does not fall"
    assert says(after(lost)) == "f becomes NaN"
    slow = diagnose(lambda p, lr, **h: al.Adam(p, lr=0.01 * lr, **h).step)
    assert slow.results["descends"] == "f falls to 0.9 of its start and no further"


def test_a_third_tensor_is_fed() -> None:
    """Two tensors alone are updated."""

    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        opt = al.Adam(params[:2], **hyper)
        return lambda grads: opt.step(grads[:2])

    report = diagnose(start)
    assert "split_tensors" in report.failed


def test_an_optimizer_of_copies_moves_nothing() -> None:
    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        return al.Adam([p.copy() for p in params], **hyper).step

    assert diagnose(start).results["descends"].startswith("nothing moved: step must change params")


def test_bugs_that_the_hyperparameters_do_not_tell_apart() -> None:
    """At beta1 = 0.2, beta2 = 0.8 swapping the betas is taking 1 - beta: other betas tell."""
    assert diagnose(MUSEUM["betas_swapped"].start, betas=(0.5, 0.5)).bugs == ("betas_swapped",)
    assert diagnose(MUSEUM["betas_backwards"].start, betas=(0.2, 0.8)).bugs == ("betas_backwards",)


@pytest.mark.parametrize("name", ["lr", "betas", "eps"])
def test_a_hyperparameter_that_cannot_be_set_is_measured(name: str) -> None:
    """``start`` does not take it: its value is found, and held to be no bug."""
    fixed = {"lr": 0.003, "betas": (0.9, 0.999), "eps": 1e-7}[name]

    class Takes:
        def __call__(self, params: list[np.ndarray], **hyper: Any) -> Any:
            return al.Adam(params, **{**hyper, name: fixed}).step

    start = Takes()
    start.fixed = (name,)  # type: ignore[attr-defined]
    report = diagnose(start)
    assert report.ok
    assert "cannot be set" in str(report)


def test_the_signature_says_what_cannot_be_set() -> None:
    def start(params: list[np.ndarray], lr: float, betas: Any) -> Any:
        return al.Adam(params, lr=lr, betas=betas, eps=1e-7).step

    report = diagnose(start)
    assert report.ok
    assert "the eps cannot be set: it is 1e-07" in str(report)
    assert not diagnose(with_hyper(eps=1e-7)).ok


def test_what_it_raises_is_a_finding() -> None:
    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        if len(params) > 1:
            raise NotImplementedError("one tensor only")
        return al.Adam(params, **hyper).step

    report = diagnose(start)
    assert not report.ok
    assert report.bugs == ("raises",)
    assert "NotImplementedError: one tensor only" in str(report)
    assert report.results["split_tensors"].startswith("step 1 raises NotImplementedError")
    assert report.results["reference"] == ""


def test_state_that_outlives_its_optimizer() -> None:
    """As with a mutable default argument: the second optimizer goes on where the first ended."""
    kept: dict[tuple[int, ...], Any] = {}

    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        opt = al.Adam(params, **hyper)
        state = kept.setdefault(tuple(p.size for p in params), opt._slots)
        opt._slots = state
        opt._view()
        return opt.step

    report = diagnose(start)
    assert not report.ok
    assert "state_outlives" in report.bugs


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
    Bad({"start": gives(np.zeros(4))}, TypeError, "for a function of one array see separately"),
    Bad({"start": gives({})}, TypeError, "step must return a list of 1 arrays, or None"),
    Bad({"reference": "Adagrid"}, ValueError, "reference must be one of Adam, AdamW, AMSGrad"),
    Bad({"rho": 0.9}, TypeError, "'rho' is none of Adam's lr, betas, eps"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.message)
def test_bad_input(bad: Bad) -> None:
    kwargs = {"start": in_place, **bad.kwargs}
    with pytest.raises(bad.error) as caught:
        diagnose(kwargs.pop("start"), **kwargs)
    assert isinstance(caught.value, bad.error)
    assert bad.message in str(caught.value)


def test_what_separately_adapts_must_be_callable() -> None:
    with pytest.raises(TypeError, match="make must be callable, got int"):
        separately(3)


WRONG_ARRAYS = {
    "step must return 1 arrays, got 0": gives([]),
    "step must return shape (4,) at [0], got (1,)": gives(lambda g: [g[0][:1]]),
    "step must return float64 at [0], got int64": gives(lambda g: [g[0].astype(int)]),
}


@pytest.mark.parametrize("message", WRONG_ARRAYS)
def test_wrong_arrays_are_told(message: str) -> None:
    report = diagnose(WRONG_ARRAYS[message])
    assert not report.ok
    assert message in str(report)
