"""Grade a class: a folder of students' notebooks in, a table out.

    python -m tools.notebooks.grade DIR [--exercises 7.1,7.2] [--csv FILE] [--seconds 20]

A student is a notebook, or a folder of notebooks, in DIR. Of each notebook the cells
that call ``check("7.1", answer)`` are run, with the cells they need and no others, in a
process that may do little (confined.py) and not for long. The answers are judged here,
by the key that the site and ``check`` use. What goes wrong costs its own row.

Verdicts: right, not yet, empty, error (the cell failed, took too long, or the answer
is of no form that can be judged: have a look).
"""

from __future__ import annotations

import argparse
import csv
import functools
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adam_lib.experiments import judge
from tools.notebooks import parser

VERDICTS = ("right", "not yet", "empty", "error")  # the better of two comes first
SECONDS, START = 20.0, 30.0  # for an exercise; for Python and the notebook's text
LARGEST = 50 << 20  # bytes of a notebook
LINES = 1000  # of a process, more is noise


@dataclass(frozen=True)
class Row:
    student: str
    exercise: str
    verdict: str
    say: str = ""


# --------------------------------------------------------------------- one notebook


@functools.cache
def isolation() -> list[str]:
    """The command that gives a process a network and a process table of its own."""
    apart = ["--net", "--pid", "--fork", "--kill-child"]
    for words in (apart, ["--map-root-user", *apart], ["--map-root-user", "--net"]):
        command = ["unshare", *words]
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run([*command, "true"], check=True, capture_output=True, timeout=10)
            return command
    return []


class Process:
    """grade_one.py at work on a notebook."""

    def __init__(self, content: bytes, request: dict[str, Any], settings: Path) -> None:
        self.scratch = Path(tempfile.mkdtemp(prefix="graded-"))
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "SYSTEMROOT")}
        self.run = subprocess.Popen(
            [*isolation(), sys.executable, "-B", "-s", "-m", "tools.notebooks.grade_one"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.scratch,
            start_new_session=True,
            env={
                **kept,
                "PYTHONPATH": str(parser.ROOT),
                "MPLBACKEND": "Agg",
                "MPLCONFIGDIR": str(settings),
                **dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR"), str(self.scratch)),
                **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
            },
        )
        self.lines: queue.Queue[bytes] = queue.Queue(LINES)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        assert self.run.stdin is not None
        with suppress(OSError), self.run.stdin as pipe:  # it may be gone already
            pipe.write(json.dumps(request).encode() + b"\n" + content)

    def _read(self) -> None:
        assert self.run.stdout is not None
        with self.run.stdout as pipe:
            while line := pipe.readline(1 << 20):
                self.lines.put(line)
        self.lines.put(b"")

    def next(self, seconds: float) -> dict[str, Any] | None:
        """What it says next; None at its end. TimeoutError if it takes too long."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(f"stopped after {seconds:g} seconds") from None
        if not line:
            return None
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}

    def end(self) -> None:
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.run.pid, signal.SIGKILL)
            else:
                self.run.kill()
        with suppress(subprocess.SubprocessError):
            self.run.wait(10)
        while self.reader.is_alive():  # it may be waiting for room
            with suppress(queue.Empty):
                self.lines.get(timeout=0.1)
        shutil.rmtree(self.scratch, ignore_errors=True)


def again(told: Any) -> Any:
    """The answer that grade_one.py told of."""
    kind, value = told
    if kind == "empty":
        return ...
    if kind == "float":
        return float(value)
    if kind == "list":
        return [again(item) for item in value]
    if kind == "set":
        return {again(item) for item in value}
    return value if kind == "plain" else type(str(value), (), {})()


def _judged(student: str, name: str, said: dict[str, Any]) -> Row:
    if "error" in said:
        return Row(student, name, "error", str(said["error"]))
    if judge.entry(name)["form"] == "code" and said.get("verdict") in ("right", "not yet", "empty"):
        return Row(student, name, said["verdict"], str(said.get("say", "")))
    try:
        found = judge.verdict(name, again(said["answer"]))
    except Exception:
        return Row(student, name, "error", "the process said nothing that can be judged")
    verdict = found.verdict if found.verdict in VERDICTS else "error"
    return Row(student, name, verdict, found.say)


def grade_notebook(
    path: Path, student: str, only: Sequence[str], seconds: float, settings: Path
) -> list[Row]:
    """A row for each exercise that the notebook has a cell for.

    A row without an exercise says that the notebook as a whole could not be read.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise OSError(f"larger than {LARGEST >> 20} MB")
        content = path.read_bytes()
    except OSError as error:
        return [Row(student, "", "error", f"{path.name}: {error}")]
    rows: dict[str, Row] = {}
    asks: list[str] | None = None
    while asks is None or set(asks) - set(rows):
        process = Process(content, {"only": [*only], "done": [*rows]}, settings)
        begun, before = "", len(rows)
        try:
            for _ in range(LINES):
                said = process.next(seconds if begun or len(rows) > before else START)
                if said is None:
                    raise EOFError("the process ended before the answer was known")
                if "broken" in said:
                    return [Row(student, "", "error", f"{path.name}: {said['broken']}")]
                if "asks" in said and asks is None:
                    asks = [str(n) for n in said["asks"] if not only or n in only]
                elif said.get("begin") in (asks or ()):
                    begun = said["begin"]
                elif begun and said.get("name") == begun:
                    rows[begun], begun = _judged(student, begun, said), ""
                if asks is not None and not set(asks) - set(rows):
                    break
            else:
                raise EOFError("it wrote more than an answer")
        except (EOFError, TimeoutError) as why:
            if asks is None:
                return [Row(student, "", "error", f"{path.name}: {why}")]
            # it costs the exercise it was at; the others get a process of their own
            at = begun or next(n for n in asks if n not in rows)
            if begun or len(rows) == before:
                rows[at] = Row(student, at, "error", str(why))
        finally:
            process.end()
    return [*rows.values()]


# --------------------------------------------------------------------- the class


def handed_in(folder: Path) -> list[tuple[str, Path]]:
    """(student, notebook): a notebook, or a folder of them, is a student."""
    found = []
    for path in sorted(folder.rglob("*.ipynb")):
        parts = path.relative_to(folder).parts
        links = any(folder.joinpath(*parts[: i + 1]).is_symlink() for i in range(len(parts)))
        if not links and not any(part.startswith(".") for part in parts):
            found.append((parts[0] if parts[1:] else path.stem, path))
    return found


def grade(
    folder: Path, only: Sequence[str] = (), *, seconds: float = SECONDS, jobs: int = 0
) -> list[Row]:
    """Grade a folder: a row for every student and exercise, in order.

    The exercises are ``only``, or all that anybody's notebook has a cell for.
    """
    work = handed_in(folder)
    settings = Path(tempfile.mkdtemp(prefix="grading-"))
    settings.chmod(0o755)
    try:
        _warm(settings)
        with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
            tasks = [
                pool.submit(grade_notebook, path, student, only, seconds, settings)
                for student, path in work
            ]
            rows = [row for task in tasks for row in task.result()]
    finally:
        shutil.rmtree(settings, ignore_errors=True)
    return complete(rows, list(dict.fromkeys(student for student, _ in work)), only)


def _warm(settings: Path) -> None:
    """Matplotlib lists the fonts once for the class, and not for each notebook."""
    script = "import matplotlib.font_manager"
    env = {**os.environ, "MPLCONFIGDIR": str(settings), "MPLBACKEND": "Agg"}
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, timeout=120)


def complete(rows: Iterable[Row], students: Sequence[str], only: Sequence[str]) -> list[Row]:
    """One row, the best, for a student and an exercise; what is missing is empty."""
    best: dict[tuple[str, str], Row] = {}
    for row in rows:
        known = best.setdefault((row.student, row.exercise), row)
        if VERDICTS.index(row.verdict) < VERDICTS.index(known.verdict):
            best[row.student, row.exercise] = row
    exercises = list(only) or sorted({e for _, e in best if e}, key=_number)
    table = []
    for student in students:
        broken = best.get((student, ""))
        for exercise in exercises:
            missing = Row(student, exercise, "empty", "there is no cell for it")
            if broken:
                missing = replace(broken, exercise=exercise)
            table.append(best.get((student, exercise), missing))
        if broken and not exercises:
            table.append(broken)
    return table


def _number(exercise: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in exercise.split("."))


def text(rows: Sequence[Row]) -> str:
    """A line for each student, a column for each exercise; then what needs a look."""
    students = list(dict.fromkeys(row.student for row in rows))
    exercises = list(dict.fromkeys(row.exercise for row in rows))
    known = {(row.student, row.exercise): row.verdict for row in rows}
    wide = max([len(_line(s)) for s in students] + [len("student")])
    lines = ["  ".join([f"{'student':{wide}}", *(f"{e:>7}" for e in exercises), "right"])]
    for student in students:
        verdicts = [known.get((student, e), "") for e in exercises]
        cells = [*(f"{v:>7}" for v in verdicts), f"{verdicts.count('right'):5}"]
        lines.append("  ".join([f"{_line(student):{wide}}", *cells]))
    counts = [sum(known.get((s, e)) == "right" for s in students) for e in exercises]
    lines.append("  ".join([f"{'right':{wide}}", *(f"{c:7}" for c in counts), f"{sum(counts):5}"]))
    errors = [row for row in rows if row.verdict == "error"]
    lines += ["", "to look at:"] if errors else []
    lines += [f"  {_line(row.student)}, {row.exercise}: {_line(row.say)}" for row in errors]
    return "\n".join(lines)


def _line(said: str) -> str:
    """On one line, and nothing that a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in said)[:200]


def _cell(said: str) -> str:
    """A spreadsheet takes a text that begins so for a formula."""
    said = _line(said)
    return f"'{said}" if said[:1] in ("=", "+", "-", "@") else said


def write_csv(rows: Iterable[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["student", "exercise", "verdict", "say"])
        for row in rows:
            out.writerow([_cell(row.student), row.exercise, row.verdict, _cell(row.say)])


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("folder", type=Path, help="students' notebooks, or a folder for each")
    options.add_argument("--exercises", default="", help="which, such as 7.1,7.2; else all found")
    options.add_argument("--csv", type=Path, help="write the rows to this file too")
    options.add_argument("--seconds", type=float, default=SECONDS, help="for one exercise")
    options.add_argument("--jobs", type=int, default=0, help="notebooks at a time")
    given = options.parse_args()
    only = [name.strip() for name in given.exercises.split(",") if name.strip()]
    if not given.folder.is_dir() or not handed_in(given.folder):
        print(f"grade: there is no notebook in {given.folder}", file=sys.stderr)
        return 2
    if unknown := sorted({*only} - {*judge.keys()}):
        print(f"grade: there is no exercise {', '.join(unknown)}", file=sys.stderr)
        return 2
    rows = grade(given.folder, only, seconds=given.seconds, jobs=given.jobs)
    print(text(rows))
    if given.csv:
        write_csv(rows, given.csv)
        print(f"\n{given.csv}")
    if not isolation():
        print("The network could not be switched off here; see tools/notebooks/confined.py.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
