"""Execute notebooks in place: the only writer of the book's outputs.

    python tools/notebooks/run.py                    all of book/*.ipynb
    python tools/notebooks/run.py book/05_adam.ipynb
    python tools/notebooks/run.py --check            write nothing, say what
                                                     would change

Each notebook runs from top to bottom in a fresh kernel, in its own folder, on
one thread.  What is written depends on the code alone (no times, no versions
of Python, fixed metadata), so a second run gives the same bytes and every
line of a diff is a claim that changed.  A notebook that fails is left as it
was.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools.notebooks import parser

# A cell's metadata says how it is shown and what it checks; editors add more.
KEPT_CELL_METADATA = ("mystnb", "tags")
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def normalise(nb: nbformat.NotebookNode) -> None:
    """Make the notebook's bytes a function of its code and its outputs."""
    nb.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict(
            {k: cell.metadata[k] for k in KEPT_CELL_METADATA if k in cell.metadata}
        )


class Stopped(Exception):
    """What ended a run, and in which cell (its index among all, if one had begun)."""

    def __init__(self, index: int | None, error: Exception) -> None:
        super().__init__(index, error)
        self.index, self.error = index, error


def execute(path: Path) -> str:
    """The notebook's text after a run; the file is not written."""
    parser.notebook(path)  # an error with the file's name, if it is none
    nb = nbformat.read(path, as_version=4)
    normalise(nb)
    begun: list[int] = []
    client = NotebookClient(
        nb,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.resolve().parent)}},
        extra_arguments=["--log-level=ERROR"],
        on_cell_start=lambda cell, cell_index: begun.append(cell_index),
    )
    try:
        client.execute()
    except (RuntimeError, CellExecutionError) as error:  # a dead kernel, a timeout, the cell
        raise Stopped(begun[-1] if begun else None, error) from error
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = parser.merged(cell.outputs)
    normalise(nb)
    nbformat.validate(nb)
    return nbformat.writes(nb) + "\n"


def describe_failure(path: Path, stopped: Stopped) -> str:
    """Name the notebook and the cell, and show the kernel's message."""
    error = stopped.error
    if isinstance(error, CellExecutionError):
        name, text = error.ename, ANSI.sub("", error.traceback)
    else:
        name, text = type(error).__name__, str(error)
    place = str(path)
    if stopped.index is not None:
        place += f", {parser.read(path).cells[stopped.index].place}"
    return f"FAILED {place}: {name}\n{text.rstrip()}"


def first_difference(path: Path, old: str, new: str) -> str:
    """The first cell that differs, for --check."""
    before = nbformat.reads(old, 4).cells
    after = nbformat.reads(new, 4).cells
    cells = parser.read(path).cells
    for cell, a, b in zip(cells, before, after, strict=True):
        if a != b:
            return cell.place
    return "notebook metadata or formatting"


def run(path: Path, check: bool) -> tuple[bool, str]:
    """Execute one notebook; return whether all is well, and a line to show."""
    start = time.perf_counter()
    try:
        new = execute(path)
    except Stopped as stopped:
        return False, describe_failure(path, stopped)
    except parser.Unreadable as error:
        return False, f"FAILED {error}"
    seconds = time.perf_counter() - start
    old = path.read_text(encoding="utf-8")
    if new == old:
        return True, f"{seconds:5.1f} s  {path}: as stored"
    if check:
        where = first_difference(path, old, new)
        return False, f"{seconds:5.1f} s  {path}: DIFFERS, first in {where}"
    # Written whole or not at all: an interrupted run loses nothing.
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as f:
        f.write(new)
    os.chmod(temporary, path.stat().st_mode & 0o777)
    os.replace(temporary, path)
    return True, f"{seconds:5.1f} s  {path}: written"


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="Without paths: all of book/*.ipynb.",
    )
    options.add_argument("paths", nargs="*", type=Path)
    options.add_argument("--check", action="store_true", help="write nothing; fail on a change")
    options.add_argument("-j", "--jobs", type=int, default=1, help="notebooks at once")
    args = options.parse_args(argv)
    paths = args.paths or parser.notebook_paths()
    missing = [str(p) for p in paths if not p.is_file()]
    if missing:
        print("no such notebook: " + ", ".join(missing), file=sys.stderr)
        return 2
    with parser.kernel_environment(), ProcessPoolExecutor(args.jobs) as pool:
        good = True
        runs = [pool.submit(run, path, args.check) for path in paths]
        for job in runs:
            ok, line = job.result()
            good &= ok
            print(line, flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
