"""Trajectories that other libraries computed, matched to the last digits.

The files in tests/library/golden were written by tools/library/make_golden.py with PyTorch,
optax and Keras. They reach t = 1000, because a swapped pair of betas, a
beta * t for beta**t or a fed-back m_hat all leave the first step right, and
they include gradients of 1e-6, because a misplaced eps shows only there.

The bar is 1e-12 for each coordinate, relative to the largest size that it has
had so far. The courses called "sequence" begin at 0, so there this is relative
to the distance travelled; a thousand steps that each round differently leave
about 1e-15 to 1e-14 of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adam_lib as al
from tests.library.deterministic import COURSES, SCHEDULES, noise
from tests.library.table import Case, run_in_place, run_rule

FILES = sorted((Path(__file__).parent / "golden").glob("*.json"))


def golden() -> list[Any]:
    found = []
    for path in FILES:
        data = json.loads(path.read_text())
        for case in data["cases"]:
            for course in case["paths"]:
                title = f"{data['optimizer']}-{data['peer']}.{case['peer_call']}-{course}"
                found.append(pytest.param(data["optimizer"], case, course, id=title))
    return found


def hyperparameters(stored: dict[str, Any]) -> dict[str, Any]:
    """A file's hyperparameters, with its schedule and pairs as adam_lib takes them."""
    return {**stored, **({"lr": SCHEDULES[stored["lr"]]} if stored.get("lr") in SCHEDULES else {})}


def follow(run: Any, case: Case, course: Any) -> dict[int, list[np.ndarray]]:
    """The parameters after each stored step, read as the gradient is asked for."""
    seen = {}

    def gradients(t: int, params: list[np.ndarray]) -> list[np.ndarray]:
        if t - 1 in course.stored:
            seen[t - 1] = [np.array(p) for p in params]
        return course.gradients(t, params)

    last = max(course.stored)
    params, _ = run(case, course.start(), gradients, last)
    seen[last] = params
    return seen


@pytest.mark.parametrize("run", [run_rule, run_in_place])
@pytest.mark.parametrize(("optimizer", "stored", "name"), golden())
def test_golden(optimizer: str, stored: dict[str, Any], name: str, run: Any) -> None:
    course = COURSES[name]
    seen = follow(run, Case(optimizer, hyperparameters(stored["hyper"])), course)
    path = {int(t): params for t, params in stored["paths"][name].items()}
    assert set(seen) == set(path) == set(course.stored)
    size = [np.abs(p) for p in course.start()]
    for t in sorted(path):
        for i, expected in enumerate(path[t]):
            size[i] = np.maximum(size[i], np.abs(expected))
            gap = np.abs(seen[t][i] - expected)
            assert np.all(gap <= 1e-12 * size[i]), (
                f"params[{i}] after step {t}: {seen[t][i]}, expected {expected}"
            )


def test_every_system_has_a_torch_file() -> None:
    """All five, and Adam with more than one pair of betas."""
    found = {p.values[0] for p in golden() if "-torch." in str(p.id)}
    assert {"SGD", "AdaGrad", "RMSprop", "Adadelta", "Adam"} <= found
    betas = {str(p.values[1]["hyper"].get("betas")) for p in golden() if p.values[0] == "Adam"}
    assert len(betas) >= 3


def test_the_courses_have_not_moved() -> None:
    """The integer recursion, worked by hand: 1103515245 * 1 + 12345 = 1103527590 < 2^31."""
    x = 1
    for _ in range(9):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
    assert noise(1, 1)[0, 0] == (x - 2**30) / 2**30
    first = COURSES["sequence"].gradients(1, [])[0]
    assert first[2] == 0.0
    assert first[3] == 1.0
    assert COURSES["sequence"].gradients(3, [])[0][2] != 0.0
    tiny = COURSES["sequence times 1e-6"].gradients(1, [])[0]
    assert tiny[3] == 1e-6


# -- live, where PyTorch is installed ------------------------------------------

LIVE = {
    "SGD": ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True}, {}),
    "AdaGrad": ("Adagrad", {"lr": 0.1, "eps": 1e-8}, {}),
    "RMSprop": ("RMSprop", {"lr": 0.01, "rho": 0.9, "eps": 1e-8}, {"rho": "alpha"}),
    "Adadelta": ("Adadelta", {"lr": 0.5, "rho": 0.9, "eps": 1e-6}, {}),
    "Adam": ("Adam", {"lr": 0.01, "betas": (0.9, 0.99), "eps": 1e-8}, {}),
}


@pytest.mark.parametrize("name", LIVE)
def test_torch_live(name: str) -> None:
    """300 steps on four tensors, every one compared: at most 1e-11 apart."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: no live comparison")
    call, hyper, rename = LIVE[name]
    course = COURSES["four tensors"]
    ours = course.start()
    theirs = [torch.tensor(a, dtype=torch.float64) for a in course.start()]
    opt = al.OPTIMIZERS[name](ours, **hyper)
    peer = getattr(torch.optim, call)(
        theirs, foreach=False, **{rename.get(k, k): v for k, v in hyper.items()}
    )
    for t in range(1, 301):
        grads = course.gradients(t, [p.numpy() for p in theirs])
        for p, g in zip(theirs, grads, strict=True):
            p.grad = torch.tensor(g, dtype=torch.float64)
        peer.step()
        opt.step(course.gradients(t, ours))
        gap = max(np.max(np.abs(a - p.numpy())) for a, p in zip(ours, theirs, strict=True))
        assert gap <= 1e-11, f"step {t}"
