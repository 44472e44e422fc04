"""Replication on other seeds: what is run, what counts, and what is kept."""

import json
import subprocess
import sys

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.notebooks import parser, seeds
from tools.notebooks.moved import moved
from tools.notebooks.needed import needed
from tools.notebooks.slices import slices

CLAIM = "```{{prf:observation}} Measured: {0}\n:label: claim-05-{0}\nIt is so.\n```\n"


def write_page(path, cells, printed=()):
    """A notebook of code cells; a name in front of one makes it the check of that claim."""
    nb = new_notebook()
    for cell in cells:
        name, source = cell if isinstance(cell, tuple) else ("", cell)
        code = new_code_cell(source)
        if name:
            nb.cells.append(new_markdown_cell(CLAIM.format(name)))
            code.metadata["tags"] = [f"check:claim-05-{name}"]
            text = dict(printed).get(name, "")
            code.outputs = [new_output("stream", name="stdout", text=text)] if text else []
        nb.cells.append(code)
    write(nb, path)
    return parser.read(path)


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(seeds, "KEPT", tmp_path / "kept")

    def make(*cells, printed=()):
        return write_page(tmp_path / "05_page.ipynb", cells, printed)

    return make


def records(page, shifts=(1, 2), told=None):
    wanted = list(slices(page).values())
    said = [] if told is None else told

    def say(*line):
        said.append(line)

    found = seeds.examine(page, wanted, shifts, 60, say)
    return {record.label.removeprefix("claim-05-"): record for record in found}


# ----------------------------------------------------------------------- slices

SETUP = "import numpy as np\nrng = np.random.default_rng(0)"
SLICES = {
    "what made it": (["x = 1", "y = 2", "print(x)"], [0]),
    "a list that grew": (["x = []", "x.append(1)", "y = 3", "print(x)"], [0, 1]),
    "an array changed through another name": (
        [SETUP, "x = np.zeros(2)", "y = x", "y[0] = 1", "print(x)"],
        [0, 1, 2, 3],
    ),
    "what a function may have changed": (
        ["def add(x):\n    x.append(1)\n    return 2", "x = []", "n = add(x)", "print(x)"],
        [0, 1, 2],
    ),
    "a generator that others drew from": (
        [SETUP, "a = rng.normal()", "b = 3", "print(rng.normal())"],
        [0, 1],
    ),
    "an array that is written into": (
        [SETUP, "x = np.zeros(2)", "np.add(1, 2, out=x)", "print(x)"],
        [0, 1, 2],
    ),
    "no other cell's loop variable": (["t = 1", "for t in [2]:\n    u = t", "print(u)"], [1]),
    "no other cell's loop": (["t = 1", "for t in [2]:\n    print(t)"], []),
    "no other cell's comprehension": (["i = 1", "print([i for i in [2]])"], []),
    "a comprehension's own source": (["i = [1]", "print([i for i in i])"], [0]),
    "what a branch may leave alone": (["x = 1", "if c:\n    x = 2\nprint(x)"], [0]),
    "what a later function reads": (
        ["k = 3", "def f():\n    return k", "x = 1", "print(f())"],
        [0, 1],
    ),
}


@pytest.mark.parametrize("what", SLICES)
def test_a_slice_holds(what):
    cells, wanted = SLICES[what]
    assert needed(cells, len(cells) - 1, wary=True) == wanted


def test_a_comment_is_no_other_slice(page):
    check = ("a", "assert n == 1")
    one = slices(page("n = 1", check))["claim-05-a"]
    two = slices(page("n = 1\n\n# why\n", check))["claim-05-a"]
    three = slices(page("n = 2", check))["claim-05-a"]
    assert one.hash == two.hash != three.hash


def test_a_protocol_is_told(page):
    made = page("# protocol: 3 rates,\n# 9 seeds\nn = 1\n# no more", ("a", "assert n == 1"))
    assert slices(made)["claim-05-a"].protocol == "3 rates, 9 seeds"


# ------------------------------------------------------------------ moved seeds


def test_every_form_of_seed_is_moved():
    assert moved(0, 3000) == 3000
    assert moved((1, 2), 3000) == [3001, 2]
    with pytest.raises(ValueError, match="without a seed"):
        moved(None, 0)


def test_what_holds_by_luck_is_seen(page):
    lucky = f"assert abs(x - {0.12573022:.6f}) < 1e-4, 'the first draw of seed 0'"
    made = page(SETUP, "x = rng.normal()", ("luck", lucky), ("law", "assert abs(x) < 6"))
    found = records(made)
    assert found["luck"].share() == "0 of 2"
    assert found["law"].share() == "2 of 2"
    (failure,) = found["luck"].failures()
    assert failure == "abs(x - 0.12573) < 0.0001"
    assert found["luck"].row()["held"] == 0
    assert not found["luck"].problem


def test_generators_of_a_list_and_of_the_library_are_moved(page):
    made = page(
        "from numpy.random import default_rng\n"
        "from adam_lib.experiments.problems import random_rotation",
        ("a", "q = random_rotation(2, default_rng([4, 2]))\nassert abs(q[0, 0]) > 1"),
    )
    told = [r["failed"][0] for r in records(made)["a"].moved.values()]
    assert len(set(told)) == 2


def test_what_draws_nothing_is_run_once(page):
    record = records(page("n = 1", ("a", "assert n == 1")))["a"]
    assert record.deterministic
    assert not record.moved
    assert record.row() == {"held": 1, "of": 1, "deterministic": True} | {
        "slice": record.slice_.hash
    }


def test_every_assertion_is_counted_and_none_stops_the_cell(page):
    check = "assert rng.normal() > 99\nassert n == 2, 'two'\nassert n == 1\nprint('end')"
    made = page(SETUP, "n = 1", ("a", check))
    record = records(made, [1])["a"]
    assert len(record.moved[1]["failed"]) == 2
    assert record.moved[1]["failed"][1] == "n == 2 (1, 2)"
    assert record.moved[1]["printed"] == "end\n"


def test_a_failed_assertion_before_the_check_is_told_and_goes_on(page):
    made = page(SETUP, "x = rng.normal()\nassert x == 9\ny = 1", ("a", "assert y == 1 or x"))
    record = records(made, [1])["a"]
    assert record.share() == "1 of 1"
    assert "x == 9" in record.moved[1]["earlier"][0]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("if x > 5000:\n    raise KeyError('best at the edge')", "KeyError"),
        ("if x > 5000:\n    1 / 0", "ZeroDivisionError"),
        ("if x > 5000:\n    gone", "NameError"),
        ("if x > 5000:\n    np.random.default_rng()", "without a seed"),
    ],
)
def test_an_error_on_the_way_is_no_replication(page, cell, told):
    """And what does not need that cell is not harmed."""
    made = page(
        SETUP,
        # The seed itself, so that only moved runs stop.
        "x = rng.bit_generator.seed_seq.entropy + 4500",
        f"{cell}\ny = x",
        ("a", "assert y > 0"),
        ("b", "assert x > 0"),
    )
    found = records(made, [1])
    assert found["a"].share() == "0 of 1"
    assert told in found["a"].moved[1]["stopped"][0]
    assert found["b"].share() == "1 of 1"


def test_a_process_that_dies_is_no_replication(page):
    die = "import os\nif x > 5000:\n    os._exit(3)"
    made = page(SETUP, "x = rng.bit_generator.seed_seq.entropy + 4500", ("a", f"{die}\nassert x"))
    record = records(made, [1])["a"]
    assert record.share() == "0 of 1"
    assert "ended with code 3" in record.moved[1]["stopped"][0]


def test_what_stops_on_the_way_to_the_key_does_not(page):
    made = page(
        SETUP,
        "from adam_lib.experiments.page import check, confirm, glue, settle",
        'x = rng.normal()\nsettle("sitting.a", x)\nconfirm("7.1", x)\nglue("k", "1")',
        ("a", "assert x < 9"),
    )
    assert records(made, [1])["a"].share() == "1 of 1"


def test_a_slice_that_misses_a_cell_is_seen(page):
    """Hidden in a string, so that no reading of the code finds it."""
    made = page(
        "x = 1",
        'exec("x = 2")',
        ("a", "print(x)\nassert x < 3"),
        printed=[("a", "2\n")],
    )
    assert "print other than the notebook stores" in records(made)["a"].problem


# ---------------------------------------------------------------- what was kept


def test_an_interrupted_run_goes_on_where_it_stopped(page):
    cells = SETUP, ("a", "assert rng.normal() < 9\nprint(1)")
    first: list = []
    records(page(*cells), [1, 2], first)
    second: list = []
    assert records(page(*cells), [1, 2, 3], second)["a"].share() == "3 of 3"
    assert len(first) == 3
    assert len(second) == 1
    changed: list = []
    records(page(SETUP, ("a", "assert rng.normal() < 8\nprint(1)")), [1], changed)
    assert len(changed) == 2


def test_a_library_that_changed_is_run_again(page, tmp_path, monkeypatch):
    cells = SETUP, ("a", "assert rng.normal() < 9")
    records(page(*cells), [1])
    slice_ = slices(page(*cells))["claim-05-a"]
    assert seeds.recall(slice_, 1)
    kept = tmp_path / "kept/claim-05-a/1.json"
    found = json.loads(kept.read_text())
    found["library"][next(iter(found["library"]))] = "other"
    kept.write_text(json.dumps(found))
    assert seeds.recall(slice_, 1) is None


def test_the_table_is_one_line_a_claim():
    rows = {"claim-b": {"held": 9, "of": 9, "slice": "x"}, "claim-a": {"held": 1}}
    text = seeds.table_text(rows)
    assert json.loads(text) == rows
    assert [line[:10] for line in text.splitlines()[1:-1]] == [' "claim-a"', ' "claim-b"']


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], True),
        (["05"], True),
        (["book/05_page.ipynb"], True),
        (["claim-05-a"], True),
        (["06"], False),
        (["claim-05-b"], False),
        (["0"], False),
    ],
)
def test_chapters_and_claims_are_selected(page, wanted, expected):
    assert seeds.is_selected(page("x = 1"), "claim-05-a", wanted) is expected


def test_shifts_are_ranges_and_lists():
    assert seeds.shifts_of("10..12,15") == [10, 11, 12, 15]


def test_no_such_claim_is_an_error():
    command = [sys.executable, "tools/notebooks/seeds.py", "claim-none"]
    done = subprocess.run(command, cwd=parser.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no such claims: claim-none" in done.stderr
