"""A class of thirty notebooks, some of them hostile, is graded (tools/notebooks/grade.py)."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from adam_lib.experiments import judge
from tools.notebooks import grade, needed, parser

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="NOT CHECKED: grading, which is for POSIX systems"
)
IMPORTS = """\
import numpy as np

import adam_lib as al
from adam_lib.experiments.page import check, confirm, glue, settle"""
EXERCISES = ("7.1", "7.3")
RIGHT = {name: judge.entry(name)["right"] for name in EXERCISES}


def cell(name: str, *lines: str) -> str:
    """A reader's cell as they hand it in; without lines as they got it."""
    return "\n".join([*(lines or ["answer = ..."]), f'check("{name}", answer)'])


def notebook(*cells: str) -> str:
    made = [new_markdown_cell("# Longest steps"), *map(new_code_cell, [IMPORTS, *cells])]
    return writes(new_notebook(cells=made))


def answers(first: object, second: object) -> str:
    given = [f"answer = {a}" if a is not ... else "answer = ..." for a in (first, second)]
    return notebook(*(cell(n, line) for n, line in zip(EXERCISES, given, strict=True)))


R, N, M, E = "right", "not yet", "empty", "error"
FIRST, SECOND = (RIGHT[name] for name in EXERCISES)
WRONG = judge.entry("7.1")["wrong"][0]["is"]
LOOP = ("while True:", "    pass")
LOOPS = ["while 'not needed':\n    pass"]
# Name -> notebook, and what must stand in its two rows.
CLASS: dict[str, tuple[str, tuple[str, str]]] = {
    "ann": (answers(FIRST, SECOND), (R, R)),
    "as text": (answers(repr(str(FIRST).replace(".", ",")), f"'{SECOND} α'"), (R, R)),
    "half": (answers(FIRST, ...), (R, M)),
    "wrong": (answers(WRONG, 1), (N, N)),
    "empty": (answers(..., ...), (M, M)),
    "other half": (answers(..., SECOND), (M, R)),
    "nan": (answers("float('nan')", "np.inf"), (E, E)),
    "seven": (answers("'seven'", "[1, 2]"), (E, E)),
    "computed": (
        notebook(
            "%matplotlib inline\n!echo no shell\nroots = np.roots([4, -7.23, 3.24])",
            "far = []",
            *LOOPS,
            "far.append(10_000)",
            cell("7.1", "answer = max(roots)"),
            cell("7.3", "answer = np.sqrt(far[0])"),
        ),
        (R, R),
    ),
    "second try": (
        notebook(cell("7.1", "answer = 0.9", 'check("7.1", answer)', f"answer = {FIRST}")),
        (R, M),
    ),
    "two cells": (notebook(cell("7.3", f"answer = {SECOND}"), cell("7.3")), (M, R)),
    "own name": (notebook(f'mine = {FIRST}\ncheck("7.1", mine)'), (R, M)),
    "no call": (notebook(f"answer = {FIRST}"), (M, M)),
    "misspelt": (notebook(cell("7.1", "answer = 0.986 alpha"), cell("7.3")), (E, M)),
    "unknown": (
        notebook(*LOOPS, cell("7.1", "answer = nobody"), cell("7.3", f"answer = {SECOND}")),
        (E, R),
    ),
    "by star": (
        notebook("from math import *", *LOOPS, cell("7.3", "answer = sqrt(10_000)")),
        (M, R),
    ),
    "raises": (notebook(cell("7.1", "answer = 1 / 0"), cell("7.3", f"answer = {SECOND}")), (E, R)),
    "exits": (notebook(cell("7.1", "raise SystemExit"), cell("7.3", f"answer = {SECOND}")), (E, R)),
    "dies": (
        notebook(cell("7.1", "import os; os._exit(3)"), cell("7.3", f"answer = {SECOND}")),
        (E, R),
    ),
    "endless": (notebook(cell("7.1", *LOOP), cell("7.3", f"answer = {SECOND}")), (E, R)),
    "deaf": (
        notebook(
            cell("7.1", "import signal", "signal.signal(2, signal.SIG_IGN)", *LOOP),
            cell("7.3", f"answer = {SECOND}"),
        ),
        (E, R),
    ),
    "asks": (notebook(cell("7.1", "answer = input()"), cell("7.3")), (E, M)),
    "greedy": (notebook(cell("7.1", "answer = [0] * 10**10"), cell("7.3")), (E, M)),
    "noisy": (
        notebook(cell("7.1", "print('x' * 10**7)", f"answer = {FIRST}"), cell("7.3")),
        (R, M),
    ),
    "forger": (
        notebook(
            cell(
                "7.1",
                "import gc, io, json",
                'forged = json.dumps({"name": "7.1", "verdict": "right"})',
                "for f in [o for o in gc.get_objects() if isinstance(o, io.TextIOWrapper)]:",
                "    if f.writable() and f.name not in ('<stdout>', '<stderr>'):",
                "        print(forged, file=f, flush=True)",
                *LOOP,
            ),
            cell("7.3"),
        ),
        (E, M),
    ),
    "no json": ("this is no notebook", (E, E)),
    "no cells": ('{"nbformat": 4}', (E, E)),
    "deep": ("[" * 100_000, (E, E)),
    "nothing": ("", (E, E)),
}
HOSTILE = {  # what each tries in 7.1, with PATH a file outside; it has answered 7.3
    "deletes": "import os; os.remove(PATH); answer = 1",
    "deletes all": "import os, shutil; shutil.rmtree(os.path.dirname(PATH)); answer = 1",
    "overwrites": "open(PATH, 'w').close(); answer = 1",
    "closes": "import os; os.chmod(PATH, 0); answer = 1",
    "calls C": "import ctypes; ctypes.CDLL(None).unlink(PATH.encode()); answer = 1 / 0",
    "starts": "import subprocess; subprocess.run(['rm', PATH]); answer = 1",
    "forks": "import os\nif os.fork(): answer = 1",
    "kills": "import os, signal; os.kill(os.getppid(), signal.SIGKILL); answer = 1",
    "telephones": "import socket; socket.create_connection(('127.0.0.1', PORT), 1); answer = 1",
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The folder, what its rows say, and how long that took."""
    import socket

    folder, outside = tmp_path_factory.mktemp("class"), tmp_path_factory.mktemp("outside")
    victim = outside / "precious.txt"
    victim.write_text("kept", encoding="utf-8")
    victim.chmod(0o666)
    outside.chmod(0o777)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.01)
        expected = dict(CLASS)
        for name, attack in HOSTILE.items():
            attack = attack.replace("PATH", repr(str(victim)))
            attack = attack.replace("PORT", str(server.getsockname()[1]))
            attempt = cell("7.1", attack)
            expected[name] = notebook(attempt, cell("7.3", f"answer = {SECOND}")), (E, R)
        for i, (name, (content, _)) in enumerate(expected.items()):
            place = folder / f"{name}.ipynb"
            if i % 2:  # as a course platform packs them
                place = folder / name / "07_step_length.ipynb"
                place.parent.mkdir()
            place.write_text(content, encoding="utf-8")
        start = time.monotonic()
        rows = grade.grade(folder, EXERCISES, seconds=6, jobs=2)
        took = time.monotonic() - start
        with pytest.raises(TimeoutError):
            server.accept()
    return expected, rows, took, victim


def test_the_class_is_large_enough():
    assert len(CLASS) + len(HOSTILE) >= 30


def test_every_row_is_right(graded):
    expected, rows, _, _ = graded
    found = {(r.student, r.exercise): r.verdict for r in rows}
    wanted = {
        (student, exercise): verdict
        for student, (_, verdicts) in expected.items()
        for exercise, verdict in zip(EXERCISES, verdicts, strict=True)
    }
    assert len(rows) == len(found)
    says = {(r.student, r.exercise): r.say for r in rows}
    assert found == wanted, {k: (found[k], says[k]) for k in wanted if found.get(k) != wanted[k]}


def test_in_good_time(graded):
    assert graded[2] < 300


def test_nothing_outside_was_touched(graded):
    victim = graded[3]
    assert victim.read_text(encoding="utf-8") == "kept"
    assert [*victim.parent.iterdir()] == [victim]


def test_the_reason_is_told(graded):
    says = {(r.student, r.exercise): r.say for r in graded[1]}
    assert says["wrong", "7.1"] == judge.entry("7.1")["wrong"][0]["say"]
    assert says["endless", "7.1"] == "stopped after 6 seconds"
    assert says["raises", "7.1"] == "ZeroDivisionError: division by zero"
    assert says["no call", "7.1"] == "there is no cell for it"
    assert says["seven", "7.1"].startswith("“seven” is not a number.")
    assert "no notebook" in says["no json", "7.3"]


def test_the_table_and_the_file(graded, tmp_path):
    rows = graded[1]
    table = grade.text(rows)
    lines = {line[:12].strip(): line.split() for line in table.splitlines()}
    assert lines["half"] == ["half", "right", "empty", "1"]
    grade.write_csv(rows, tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(encoding="utf-8", newline="") as file:
        back = [*csv.DictReader(file)]
    assert [(b["student"], b["exercise"], b["verdict"]) for b in back] == [
        (r.student, r.exercise, r.verdict) for r in rows
    ]


def test_a_formula_is_no_formula_in_a_spreadsheet(tmp_path):
    row = grade.Row("=HYPERLINK(1)", "7.1", "error", "@x\x1b[2J")
    grade.write_csv([row], tmp_path / "grades.csv")
    assert "'=HYPERLINK(1),7.1,error,'@x [2J" in (tmp_path / "grades.csv").read_text()
    assert "\x1b" not in grade.text([row])


def test_of_two_notebooks_the_better_answer_counts():
    rows = [
        grade.Row("a", "7.1", "not yet"), grade.Row("a", "7.1", "right"),
        grade.Row("a", "", "error", "07.ipynb: no notebook"), grade.Row("b", "7.3", "empty"),
    ]  # fmt: skip
    done = {(r.student, r.exercise): r.verdict for r in grade.complete(rows, ["a", "b"], ())}
    assert done == {("a", "7.1"): R, ("a", "7.3"): E, ("b", "7.1"): M, ("b", "7.3"): M}


def test_links_are_not_followed(tmp_path):
    (tmp_path / "real.ipynb").write_text("{}")
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "real.ipynb")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints/real.ipynb").write_text("{}")
    assert [student for student, _ in grade.handed_in(tmp_path)] == ["real"]


ATTEMPTS = """
import os, shutil, socket, subprocess, sys
from pathlib import Path
from tools.notebooks import confined
if sys.argv[2] == "audit":
    confined._landlock = lambda scratch: False  # as where the system has none
outside = Path(sys.argv[1])
confined.confine(Path.cwd())
inside = Path("made"); inside.mkdir(); (inside / "file").write_text("x")
(inside / "file").rename(inside / "other"); (inside / "other").chmod(0o600); shutil.rmtree(inside)
for attempt in (
    lambda: outside.unlink(), lambda: outside.write_text(""), lambda: outside.chmod(0),
    lambda: outside.rename("mine"), lambda: Path("mine").symlink_to(outside) or
    Path("mine").write_text(""), lambda: os.truncate(outside, 0), lambda: os.utime(outside, (0, 0)),
    lambda: shutil.rmtree(outside.parent), lambda: (outside.parent / "new").touch(),
    lambda: os.mkdir(outside.parent / "new"), lambda: os.link(outside, "mine"),
    lambda: os.open(outside, os.O_RDWR), lambda: subprocess.run(["true"]),
    lambda: os.system("true"), lambda: os.posix_spawn("/bin/true", ["true"], {}),
    lambda: os.fork(), lambda: os.kill(os.getppid(), 0), lambda: os.execv("/bin/true", ["true"]),
    lambda: socket.create_connection(("127.0.0.1", 9), 1),
    lambda: os.remove(outside.name, dir_fd=os.open(outside.parent, os.O_RDONLY)),
    lambda: os.open(outside.name, os.O_RDWR, dir_fd=os.open(outside.parent, os.O_RDONLY)),
    lambda: os.chmod(outside.name, 0, dir_fd=os.open(outside.parent, os.O_RDONLY)),
    lambda: os.remove("../outside/file", dir_fd=os.open(".", os.O_RDONLY)),
):
    try:
        attempt()
    except PermissionError:
        continue
    raise SystemExit("allowed: the attempt of line %d" % attempt.__code__.co_firstlineno)
print("all refused")
"""


@pytest.mark.parametrize("guard", ["audit", "system"])
def test_a_confined_process_changes_nothing_outside(guard, tmp_path):
    outside, scratch = tmp_path / "outside", tmp_path / "scratch"
    outside.mkdir()
    scratch.mkdir()
    (outside / "file").write_text("kept")
    command = [sys.executable, "-c", ATTEMPTS, str(outside / "file"), guard]
    env = {**os.environ, "PYTHONPATH": str(parser.ROOT)}
    done = subprocess.run(command, cwd=scratch, env=env, capture_output=True, text=True)
    assert done.stdout == "all refused\n", done.stderr
    assert (outside / "file").read_text() == "kept"


NEEDED = {
    "a name": (["x = 1", "y = 2", "answer = x"], [0]),
    "through another": (["x = 1", "y = x", "answer = y"], [0, 1]),
    "the last of two": (["x = 1", "x = 2", "answer = x"], [1]),
    "both of two": (["x = 1", "x = x + 1", "answer = x"], [0, 1]),
    "perhaps set": (["x = 1", "if z: x = 2", "answer = x"], [0, 1]),
    "a function": (["def f():\n    return g()", "def g():\n    return 1", "answer = f()"], [0, 1]),
    "a change": (["x = []", "x.append(1)", "answer = x[0]"], [0, 1]),
    "an element": (["x = [0]", "x[0] = 1", "answer = x[0]"], [0, 1]),
    "an alias": (["x = [0]", "y = x", "y[0] = 1", "answer = x[0]"], [0, 1, 2]),
    "an optimizer": (
        ["import adam_lib as al", "p = al.zeros(1)", "o = al.Adam(p)", "o.step(1)", "answer = p"],
        [0, 1, 2, 3],
    ),
    "by a function": (["x = [0]", "def f(v):\n    v[0] = 1", "f(x)", "answer = x"], [0, 1, 2]),
    "not by a module": (["import numpy as np", "z = np.sqrt(2)", "answer = np.pi"], [0]),
    "not by a plot": (["x = [1]", "ax.plot(x)", "print(x)", "answer = x"], [0]),
    "not what is broken": (["x = 1", "x ==== 2", "answer = x"], [0]),
    "a star": (["from math import *", "x = 1", "answer = pi"], [0]),
    "magic": (["%load_ext a\nx = 1", "%%bash\nx=2", "%%time\ny = x", "answer = y"], [0, 2]),
}


@pytest.mark.parametrize("what", NEEDED)
def test_what_a_cell_needs(what):
    cells, wanted = NEEDED[what]
    assert needed.needed(cells, len(cells) - 1) == wanted


def test_an_answer_crosses_to_the_judge_as_it_was():
    from decimal import Decimal
    from fractions import Fraction

    import numpy as np

    from tools.notebooks import grade_one

    for answer in (
        *(..., None, True, 1, 0.1, float("nan"), "b and c", [1, [2.5]], (1, 2), {"a", "b"}),
        *(Fraction(1, 8), Decimal("0.25"), np.float32(0.5), np.array([1, 2]), np.array("b")),
    ):
        back = grade.again(json.loads(json.dumps(grade_one.told(answer))))
        for name in EXERCISES:
            before, after = judge.verdict(name, answer), judge.verdict(name, back)
            assert before.verdict == after.verdict, answer
    assert type(grade.again(grade_one.told(len))).__name__ == "builtin_function_or_method"


def test_the_command(tmp_path: Path, capsys, monkeypatch):
    (tmp_path / "ann.ipynb").write_text(answers(FIRST, ...), encoding="utf-8")
    out = tmp_path / "grades.csv"
    monkeypatch.setattr(sys, "argv", ["grade", str(tmp_path), "--csv", str(out)])
    assert grade.main() == 0
    assert "ann" in capsys.readouterr().out
    assert "ann,7.1,right," in out.read_text(encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["grade", str(tmp_path), "--exercises", "7.99"])
    assert grade.main() == 2
    monkeypatch.setattr(sys, "argv", ["grade", str(tmp_path / "none")])
    assert grade.main() == 2
