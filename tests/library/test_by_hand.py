"""Steps worked by hand, in numbers small enough to check by eye."""

from __future__ import annotations

from fractions import Fraction as F
from math import sqrt
from typing import Any

import numpy as np
import pytest

import adam_lib as al
from tests.library.table import Case, run_in_place, run_rule

# name, hyperparameters, start, gradients, theta after each, state after the last
WORKED: list[tuple[str, dict[str, Any], float, list[float], list[Any], dict[str, Any]]] = [
    # theta: 1 - 1/4 * 4 = 0;  0 - 1/4 * (-2) = 1/2
    ("SGD", {"lr": 0.25}, 1.0, [4, -2], [0, F(1, 2)], {}),
    # b: 4;  4/2 - 2 = 0;  0 + 1 = 1
    # theta: 10 - 4/4 = 9;  9 - 0;  9 - 1/4
    (
        "SGD",
        {"lr": 0.25, "momentum": 0.5},
        10.0,
        [4, -2, 1],
        [9, 9, F(35, 4)],
        {"b": 1},
    ),
    # b as above;  d = g + b/2: 4 + 2 = 6;  -2 + 0 = -2;  1 + 1/2 = 3/2
    # theta: 10 - 6/4 = 17/2;  17/2 + 2/4 = 9;  9 - 3/8 = 69/8
    (
        "SGD",
        {"lr": 0.25, "momentum": 0.5, "nesterov": True},
        10.0,
        [4, -2, 1],
        [F(17, 2), 9, F(69, 8)],
        {"b": 1},
    ),
    # G: 9;  9 + 16 = 25;  25 + 144 = 169, with roots 3, 5, 13
    # theta: 0 - 21 * 3/(3+1) = -63/4;  + 21 * 4/(5+1) = -7/4;  - 21 * 12/(13+1) = -79/4
    (
        "AdaGrad",
        {"lr": 21.0, "eps": 1.0},
        0.0,
        [3, -4, 12],
        [F(-63, 4), F(-7, 4), F(-79, 4)],
        {"G": 169},
    ),
    # v: 0.64 * 25 = 16;  0.36 * 16 + 0.64 * 16 = 16;  0.36 * 16 + 0.64 * 81/16 = 9
    # theta: 0 - 5/(4+1) = -1;  + 4/(4+1) = -1/5;  - (9/4)/(3+1) = -61/80
    (
        "RMSprop",
        {"lr": 1.0, "rho": 0.36, "eps": 1.0},
        0.0,
        [5, -4, 2.25],
        [-1, F(-1, 5), F(-61, 80)],
        {"v": 9},
    ),
    # v: 1/4 * 9/4 = 9/16;  3/4 * 9/16 + 1/4 * 9/16 = 9/16: both times sqrt(v + 1) = 5/4
    # delta: 1/(5/4) * 3/2 = 6/5, so u = 1/4 * 36/25 = 9/25 and sqrt(u + 1) = sqrt(34)/5;
    #        sqrt(34)/5 / (5/4) * (-3/4) = -3/25 sqrt(34)
    # u: 3/4 * 9/25 + 1/4 * 9/625 * 34 = 0.27 + 0.1224
    # theta: 0 - 2 * 6/5 = -12/5;  + 6/25 sqrt(34)
    (
        "Adadelta",
        {"lr": 2.0, "rho": 0.75, "eps": 1.0},
        0.0,
        [1.5, -0.75],
        [F(-12, 5), -2.4 + 0.24 * sqrt(34)],
        {"v": F(9, 16), "u": 0.3924},
    ),
    # m: 1/2 * 2 = 1;  1/2 - 5/2 = -2;  -2/2 + 4/2 = 1
    # v: 1/4 * 4 = 1;  3/4 + 25/4 = 7;  21/4 + 16/4 = 37/4
    # 1 - 2^-t: 1/2, 3/4, 7/8;  1 - (3/4)^t: 1/4, 7/16, 37/64
    # m_hat: 2, -8/3, 8/7;  v_hat: 4, 16, 16, with roots 2, 4, 4
    # theta: 10 - 3 * 2/(2+4) = 9;  + 3 * (8/3)/(4+4) = 10;  - 3 * (8/7)/(4+4) = 67/7
    (
        "Adam",
        {"lr": 3.0, "betas": (0.5, 0.75), "eps": 4.0},
        10.0,
        [2, -5, 4],
        [9, 10, F(67, 7)],
        {"m": 1, "v": F(37, 4), "m_hat": F(8, 7), "v_hat": 16},
    ),
    # The paper's defaults, g = 1 and then -1. m: 0.1;  0.09 - 0.1 = -0.01
    # m_hat: 1;  -0.01/0.19 = -1/19.  v: 0.001;  0.000999 + 0.001 = 0.001999.  v_hat: 1, 1
    # theta: -0.001/(1 + 1e-8);  that times (1 - 1/19)
    (
        "Adam",
        {},
        0.0,
        [1, -1],
        [F(-(10**5), 10**8 + 1), F(-(10**5), 10**8 + 1) * F(18, 19)],
        {"m": F(-1, 100), "v": F(1999, 10**6), "m_hat": F(-1, 19), "v_hat": 1},
    ),
]


@pytest.mark.parametrize("run", [run_rule, run_in_place])
@pytest.mark.parametrize(
    ("name", "hyper", "start", "gradients", "thetas", "state"),
    WORKED,
    ids=[str(Case(w[0], w[1])) for w in WORKED],
)
def test_by_hand(
    name: str,
    hyper: dict[str, Any],
    start: float,
    gradients: list[float],
    thetas: list[Any],
    state: dict[str, Any],
    run: Any,
) -> None:
    for steps, expected in enumerate(thetas, 1):
        params, final = run(
            Case(name, hyper),
            [np.array([start])],
            lambda t, _: [np.array([gradients[t - 1] * 1.0])],
            steps,
        )
        assert float(params[0][0]) == pytest.approx(float(expected), rel=4e-15, abs=0), (
            f"step {steps}"
        )
    for field, value in state.items():
        if run is run_in_place:
            found = getattr(final, field)[0][0]
        elif field in final[0]._fields:
            found = getattr(final[0], field)[0]
        else:
            continue  # m_hat and v_hat are not part of a rule's state
        assert float(found) == pytest.approx(float(value), rel=1e-13, abs=0), field


def test_every_core_system_is_worked() -> None:
    assert {"SGD", "AdaGrad", "RMSprop", "Adadelta", "Adam"} <= {w[0] for w in WORKED}


def test_before_the_first_step() -> None:
    """All moments are 0, and so are their corrected forms: no 0/0."""
    opt = al.Adam(np.array([1.0, 2.0]))
    assert opt.t == 0
    for x in (opt.m, opt.v, opt.m_hat, opt.v_hat):
        assert x.tolist() == [0.0, 0.0]
