"""Run cells of one notebook with every seed moved: the worker of seeds.py.

    python -m tools.notebooks.moved < job.json

A job names the notebook, the cells to run in order, those of them that check a claim,
and by how much to move the seeds.  Each checked claim gets one line of JSON, when it is
due.  Assertions are counted, not obeyed: one that fails is told, and the cell goes on.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import json
import linecache
import os
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEP = 1000  # seeds of one notebook lie closer together than this

draws = 0  # how many generators were made so far


def moved(seed: Any, by: int) -> Any:
    """The seed of ``default_rng`` in another run.

    Examples
    --------
    >>> moved(3, 2000), moved([0, 1], 2000), moved(None, 0)
    Traceback (most recent call last):
    ValueError: default_rng() without a seed: nobody can run this again
    >>> moved(3, 2000), moved([0, 1], 2000)
    (2003, [2000, 1])
    """
    import numpy as np

    if seed is None:
        raise ValueError("default_rng() without a seed: nobody can run this again")
    if isinstance(seed, (int, np.integer)):
        return int(seed) + by
    if isinstance(seed, (list, tuple, np.ndarray)):
        first, *rest = seed
        return [moved(first, by), *rest]
    return seed  # a Generator, a BitGenerator or a SeedSequence: made from a moved seed


def move_seeds(by: int) -> None:
    """From now on ``np.random.default_rng`` takes its seed and adds to it."""
    import numpy as np

    made = np.random.default_rng

    def default_rng(seed: Any = None) -> Any:
        global draws
        draws += 1
        return made(moved(seed, by))

    np.random.default_rng = default_rng


def quieten() -> None:
    """Figures are not drawn; what compares with the key of an answer does nothing."""
    os.environ["MPLBACKEND"] = "Agg"
    from adam_lib.experiments import page

    for name in ("glue", "check", "settle", "confirm"):
        setattr(page, name, lambda *a, **k: None)
    display = types.SimpleNamespace(display=lambda *a, **k: None, HTML=str, Markdown=str)
    sys.modules["IPython.display"] = display  # type: ignore[assignment]
    builtins.display = display.display  # type: ignore[attr-defined]


def forget_figures() -> None:
    """As the end of a cell does in a notebook."""
    if plt := sys.modules.get("matplotlib.pyplot"):
        plt.close("all")


# ------------------------------------------------------------------- assertions

FAILED = "__failed_assertion"  # the name under which cells find the counter
SIDES = "__left", "__right"


class Counted(ast.NodeTransformer):
    """``assert a < b, why`` becomes: if that does not hold, tell, and go on."""

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        test, shown, before = node.test, [], []
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            # Each side is computed once, and can be told.
            left, right = (ast.Name(n, ast.Store()) for n in SIDES)
            before = [ast.Assign([left], test.left), ast.Assign([right], test.comparators[0])]
            shown = [ast.Name(n, ast.Load()) for n in SIDES]
            test = ast.Compare(shown[0], test.ops, [shown[1]])
        told = ast.Call(
            ast.Name(FAILED, ast.Load()),
            [ast.Constant(ast.unparse(node.test)), *shown],
            [],
        )
        new = [*before, ast.If(ast.UnaryOp(ast.Not(), test), [ast.Expr(told)], [])]
        return [ast.copy_location(statement, node) for statement in new]


def _short(value: Any, length: int = 60) -> str:
    text = " ".join(f"{value:.6g}".split() if isinstance(value, float) else repr(value).split())
    return text if len(text) <= length else text[: length - 3] + "..."


class Cells:
    """Runs cells of one notebook in one namespace."""

    def __init__(self) -> None:
        # A module of its own: none of this file's names, and inspect finds it.
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.names = module.__dict__
        self.names[FAILED] = self._tell
        self.failed: list[str] = []

    def _tell(self, text: str, *sides: Any) -> None:
        values = f" ({', '.join(map(_short, sides))})" if sides else ""
        self.failed.append(f"{text}{values}")

    def run(self, number: int, source: str) -> tuple[list[str], str, str]:
        """What failed, what stopped the cell (or nothing), and what it printed."""
        self.failed, printed = [], io.StringIO()
        file = f"<cell {number}>"
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        try:
            tree = ast.parse(source)
            for statement in Counted().visit(tree).body:
                code = compile(ast.fix_missing_locations(ast.Module([statement], [])), file, "exec")
                with contextlib.redirect_stdout(printed):
                    self._statement(lambda code=code: exec(code, self.names))
        except Exception as error:
            return self.failed, f"{type(error).__name__}: {error}", printed.getvalue()
        return self.failed, "", printed.getvalue()

    def _statement(self, run: Callable[[], None]) -> None:
        try:
            run()
        except AssertionError as error:  # of a function that was called
            self._tell(f"AssertionError: {_short(str(error), 200)}")


def perform(job: dict[str, Any]) -> None:
    """Run a job and print a line for each claim.

    ``job["cells"]`` is a list of (number, source), ``job["claims"]`` a mapping from
    labels to the numbers of their slices, whose last is the check.
    """
    global draws
    move_seeds(job["shift"] * STEP)
    quieten()
    os.chdir(Path(job["folder"]))
    warnings.simplefilter("ignore")
    out, sys.stderr = sys.stdout, io.StringIO()
    due: dict[int, list[str]] = {}
    for label, numbers in job["claims"].items():
        due.setdefault(numbers[-1], []).append(label)
    cells, done = Cells(), {}
    for number, source in job["cells"]:
        before = draws
        failed, stopped, printed = cells.run(number, source)
        forget_figures()
        done[number] = draws - before, failed, stopped
        for label in due.get(number, ()):
            slice_ = [(n, *done[n]) for n in job["claims"][label]]
            line = {
                "claim": label,
                "draws": sum(d for _, d, _, _ in slice_),
                "failed": failed,
                "stopped": [f"cell {n}: {s}" for n, _, _, s in slice_ if s],
                "earlier": [f"cell {n}: {f}" for n, _, fs, _ in slice_[:-1] for f in fs],
                "printed": printed,
                "library": loaded(),
            }
            print(json.dumps(line), file=out, flush=True)


def loaded() -> list[str]:
    """The files of the library that were imported."""
    found = {
        str(file)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "adam_lib" and (file := getattr(module, "__file__", None))
    }
    return sorted(found)


if __name__ == "__main__":
    perform(json.load(sys.stdin))
