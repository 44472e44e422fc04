"""Run one student's notebook, as far as its answers need it, and say what they are.

A process of its own, started by grade.py: it reads the request and the notebook from
stdin, gives away what it may do (confined.py), and writes a line of JSON for each
thing it knows. It judges nothing but code: what an answer is worth is decided in a
process that no student's cell runs in.
"""

from __future__ import annotations

import ast
import builtins
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adam_lib.experiments import judge, page
from tools.notebooks import confined, needed

CALL = re.compile(r"""\bcheck\(\s*["']([\w.]+)["']""")
LONGEST, MOST, DEEPEST = 2000, 2000, 4  # of a text, a list, a nesting that is passed on


def told(value: Any, depth: int = 0) -> list[Any]:
    """An answer as JSON: a kind and a value, from which grade.py makes it again."""
    if value is ...:
        return ["empty", None]
    if value is None or isinstance(value, bool):
        return ["plain", value]
    if isinstance(value, str):
        return ["plain", str(value)[:LONGEST]]
    if isinstance(value, int):
        return ["plain", int(value)] if abs(value) < 10**300 else ["float", "inf"]
    if isinstance(value, float):
        return ["float", float.__repr__(value)]
    if hasattr(value, "tolist") and not isinstance(value, type):
        return told(value.tolist(), depth + 1)
    if isinstance(value, (list, tuple, set, frozenset)) and depth < DEEPEST:
        kind = "set" if isinstance(value, (set, frozenset)) else "list"
        return [kind, [told(item, depth + 1) for item in [*value][:MOST]]]
    if hasattr(value, "__float__") and not isinstance(value, (type, Mapping)):
        return ["float", repr(float(value))]
    return ["other", type(value).__name__[:LONGEST]]


class Notebook:
    """The code of a notebook, and where it asks for a check."""

    def __init__(self, content: bytes) -> None:
        cells = json.loads(content)["cells"]
        self.code = [
            source if isinstance(source := c["source"], str) else "".join(source)
            for c in cells
            if c["cell_type"] == "code"
        ]
        self.places: dict[str, list[int]] = {}
        known = judge.keys()
        for i, source in enumerate(self.code):
            for name in CALL.findall(source):
                if name in known and i not in self.places.setdefault(name, []):
                    self.places[name].append(i)

    def answer(self, name: str) -> Any:
        """What the notebook gives to ``check(name, ...)``; of several answers the last."""
        given: Any = ...
        for place in self.places[name]:
            value = self._run(name, [*needed.needed(self.code, place), place])
            given = given if value is ... else value
        return given

    def _run(self, name: str, cells: list[int]) -> Any:
        given: list[Any] = [...]

        def check(exercise: Any, answer: Any = ..., **rest: Any) -> None:
            if str(exercise).strip() == name:
                given.append(answer)

        page.check = check  # type: ignore[assignment]
        scope: dict[str, Any] = {"__name__": "__main__", "display": _nothing, "check": check}
        for i in cells:
            source = needed.plain(self.code[i])
            try:
                code = compile(ast.parse(source), f"<cell {i + 1}>", "exec")
            except SyntaxError:
                if i == cells[-1]:
                    raise
                continue  # in the notebook it did not run either
            exec(code, scope)
        return given[-1]


def _nothing(*arguments: Any, **rest: Any) -> None:
    pass


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    request = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read()
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    page.confirm = page.settle = page.glue = _nothing  # type: ignore[assignment]

    def tell(**what: Any) -> None:
        print(json.dumps(what), file=out, flush=True)

    confined.confine(Path.cwd())
    builtins.input = _refuse  # type: ignore[assignment]
    try:
        notebook = Notebook(content)
    except BaseException as error:
        tell(broken=f"this is no notebook ({type(error).__name__})")
        return
    tell(asks=[*notebook.places])
    for name in request["only"] or notebook.places:
        if name in request["done"] or name not in notebook.places:
            continue
        tell(begin=name)
        try:
            answer = notebook.answer(name)
            if judge.entry(name)["form"] == "code":
                found = judge.verdict(name, answer)
                tell(name=name, verdict=found.verdict, say=found.say[:LONGEST])
            else:
                tell(name=name, answer=told(answer))
        except BaseException as error:  # SystemExit too
            tell(name=name, error=f"{type(error).__name__}: {error}"[:200])
    out.flush()
    os._exit(0)  # whatever threads are left


def _refuse(*arguments: Any) -> str:
    raise EOFError("nobody is there to answer input()")


if __name__ == "__main__":
    main()
