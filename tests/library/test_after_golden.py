"""The rules of adam_lib.after against other people's programs, over 1000 steps.

As tests/library/test_golden.py, with the files that
tools/library/make_golden_after.py wrote. The bar is 1e-12 of the largest size
that a matrix has had.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adam_lib.after import AFTER
from tests.library.deterministic import MATRIX_COURSES, SCHEDULES

# SOAP starts from the eigenvectors of one gradient's products. Where more than one
# eigenvalue is 0, as for the wide matrix, they are LAPACK's choice.
COMPARED = {"SOAP": 2}

FILES = sorted((Path(__file__).parent / "golden" / "after").glob("*.json"))


def golden() -> list[Any]:
    found = []
    for path in FILES:
        data = json.loads(path.read_text())
        for case in data["cases"]:
            for course in case["paths"]:
                title = f"{data['optimizer']}-{data['peer']}.{case['peer_call']}-{course}"
                found.append(pytest.param(data["optimizer"], case, course, id=title))
    return found


def hyperparameters(stored: dict[str, Any], t: int) -> dict[str, Any]:
    """A file's hyperparameters at step t, its schedule evaluated."""
    lr = stored.get("lr")
    return {**stored, **({"lr": SCHEDULES[lr](t)} if lr in SCHEDULES else {})}


@pytest.mark.parametrize(("rule", "case", "name"), golden())
def test_golden(rule: str, case: dict[str, Any], name: str) -> None:
    course = MATRIX_COURSES[name]
    init, step = AFTER[rule]
    thetas = course.start()
    states = [init(p) for p in thetas]
    path = {int(t): params for t, params in case["paths"][name].items()}
    assert set(path) == set(course.stored)
    size = [np.abs(p).max() for p in thetas]
    for t in range(1, max(path) + 1):
        hyper = hyperparameters(case["hyper"], t)
        grads = course.gradients(t, thetas)
        new = [step(p, g, s, **hyper) for p, g, s in zip(thetas, grads, states, strict=True)]
        thetas, states = [p for p, _ in new], [s for _, s in new]
        size = [max(s, np.abs(p).max()) for s, p in zip(size, thetas, strict=True)]
        for i, expected in enumerate(path.get(t, [])[: COMPARED.get(rule)]):
            gap = np.abs(thetas[i] - expected).max()
            assert gap <= 1e-12 * size[i], f"matrix {i} after step {t}: {gap / size[i]:.1e}"


def test_every_rule_has_a_file() -> None:
    """Lion's is with those that have a class: tests/library/golden/lion-optax.json."""
    assert {p.values[0] for p in golden()} == set(AFTER) - {"Lion"}
