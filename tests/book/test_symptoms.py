"""The tests of the symptoms page, tried on a PyTorch optimizer and on adam_lib's."""

import json
from pathlib import Path

import numpy as np
import pytest

import adam_lib as al

PAGE = Path(__file__).parents[2] / "book/symptoms.ipynb"


@pytest.fixture(scope="module")
def tests():
    """What the page's open cells define, as a reader would paste them."""
    names = {"np": np}
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if "teaches" in cell["metadata"].get("tags", []):
            source = "".join(cell["source"])
            exec("from collections import namedtuple\n" + source, names)
    return names


def test_at_least_twenty_symptoms_have_a_test_a_cause_and_a_way_on():
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    text = {cell["id"]: "".join(cell["source"]) for cell in cells}
    symptoms = [name.removesuffix("-q") for name in text if name.endswith("-q")]
    assert len(symptoms) >= 20
    for name in symptoms:
        assert "*Also asked as:*" in text[f"{name}-q"]
        assert "print(" in text[f"{name}-demo"]
        so = text[f"{name}-so"]
        assert "claim-" in so or ".ipynb)" in so or "](#" in so, name


def test_both_ways_to_look_see_the_same(tests):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    start, steps = rng.normal(size=(2, 3)), rng.normal(size=(5, 2, 3))
    ours = al.Adam([start.copy(), np.ones(1)], lr=0.01)
    theirs = [torch.tensor(start), torch.ones(1, dtype=torch.float64)]
    optimizer = torch.optim.Adam([p.requires_grad_() for p in theirs], lr=0.01)
    for g in steps:
        grads = [g, g[0, :1].copy()]
        ours.step(grads)
        for p, one in zip(theirs, grads, strict=True):
            p.grad = torch.tensor(one)
        optimizer.step()
    for mine, other in zip(
        tests["in_adam_lib"](ours, grads), tests["in_torch"](optimizer), strict=True
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-12)


def test_a_tensor_of_a_torch_model_may_be_given_as_it_is(tests):
    torch = pytest.importorskip("torch")
    before, after = torch.ones(3), torch.tensor([1.0, 1.0, 0.999])
    assert tests["moved"]([before], [after])[0] == pytest.approx(0.001, rel=1e-3)
    assert tests["first_step_in_alphas"](before, after, 0.001) == pytest.approx(1, rel=1e-3)
    assert tests["ghosts"](before, after, torch.zeros(3)) == 1
    kept = tests["shrinks"](before, after)
    assert kept["largest"] == 1
