"""The museum: every exhibit is named, and the battery kills it where it must."""

from __future__ import annotations

import difflib
import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adam_lib as al
from adam_lib.conformance.diagnose import diagnose, kill_matrix, smallest_covers
from adam_lib.conformance.exhibits import CONVENTIONS, MUSEUM
from tests.conformance.subjects import HYPER, with_hyper

# Which tests kill which bug at the default hyperparameters, by hand. Those that
# hold a run against the rule see every bug of the rule that acts at all; they and
# what compares several tensors are left out.
T1 = {"first_step", "constant_gradient", "impulse", "tiny_gradient", "long_run"}
CLOSED = {*T1, "descends", "zero_gradient", "scaling", "split_tensors", "gradients_kept"}
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
    "t_from_zero": CLOSED - {"gradients_kept"},
    "t_one_ahead": T1,
    "t_per_tensor": {"split_tensors"},
    "betas_swapped": {"impulse"},
    "betas_backwards": {"impulse"},
    "state_lost": {"impulse"},
    "zeros_skipped": {"impulse"},
    "centred": T1,
    "maximum_left_on": {"impulse"},
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


@pytest.fixture(scope="module")
def matrix() -> Any:
    return kill_matrix()


@pytest.mark.parametrize("name", MUSEUM)
def test_which_tests_kill_it(name: str, matrix: Any) -> None:
    row = matrix.kills[matrix.bugs.index(name)]
    killers = {test for test, kills in zip(matrix.tests, row, strict=True) if kills}
    assert killers & CLOSED == KILLED_BY[name]


def test_those_that_compare_see_every_bug_that_they_are_fed(matrix: Any) -> None:
    seen = {t: set(np.array(matrix.bugs)[matrix.kills[:, i]]) for i, t in enumerate(matrix.tests)}
    everything = set(MUSEUM) - {"gradient_overwritten"}
    assert seen["decades"] == seen["far_from_zero"] == everything - {"t_per_tensor"}
    assert seen["decades"] <= seen["obeys"] | seen["loud"]
    assert "eps_ignored" in seen["obeys"]
    for test in ("equal_tensors", "matrices", "split_tensors"):
        assert seen[test] == {"t_per_tensor", "t_from_zero"}


def test_the_first_step_kills_fewer_than_half(matrix: Any) -> None:
    kills = dict(zip(matrix.tests, matrix.kills.sum(axis=0), strict=True))
    assert kills["first_step"] < len(MUSEUM) / 2
    assert kills["descends"] < kills["first_step"]


def test_no_second_adam_is_needed(matrix: Any) -> None:
    """Four tests that know the answer by themselves kill every bug, and no three do."""
    tests = sorted(CLOSED)
    kills = matrix.kills[:, [matrix.tests.index(t) for t in tests]]
    covers = [{tests[i] for i in cover} for cover in smallest_covers(kills)]
    assert covers == [{"impulse", "tiny_gradient", "split_tensors", "gradients_kept"}]


# Every exhibit at one of the settings; chapter 17 has all of them at three.
ONCE = [(name, HYPER[i % len(HYPER)]) for i, name in enumerate(MUSEUM)]


@pytest.mark.parametrize(("name", "hyper"), ONCE)
def test_the_right_bug_is_named(name: str, hyper: dict[str, Any]) -> None:
    report = diagnose(MUSEUM[name].start, **hyper)
    assert not report.ok
    assert report.failed
    assert report.bugs == (name,)
    assert report.how_sure == "sure"
    assert report.says[0] in str(report)


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
    right = inspect.getsource(CONVENTIONS["adam"].rule).splitlines()[1:]
    wrong = inspect.getsource(MUSEUM[name].rule).splitlines()[1:]
    lines = [d for d in difflib.ndiff(right, wrong) if d[0] in "-+"]
    assert 1 <= sum(d[0] == "+" for d in lines) + sum(d[0] == "-" for d in lines) <= 10
    assert sum(d[0] == "+" for d in lines) <= 5


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
    report = diagnose(KIN[name])
    if name.startswith("betas"):  # whoever fixes them ignores the call's too
        assert not report.ok
    else:
        assert report.bugs == (name,)


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
