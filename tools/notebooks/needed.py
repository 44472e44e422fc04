"""Which cells of a notebook one cell needs: those that made what it reads.

Nothing is executed. Where it is not certain whether a cell matters, it is kept:
one too many costs time, one too few an answer.
"""

from __future__ import annotations

import ast
import builtins
import functools
import re
import symtable
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.notebooks.reads import first_reads

MAGIC = re.compile(r"(?m)^([ \t]*)[%!?].*$")
# Cell magics whose body is Python all the same.
PYTHON = re.compile(r"\A\s*%%(?:time|timeit|capture)\b.*\n?")


def plain(source: str) -> str:
    """A cell without IPython's own lines; they install, list and measure."""
    source = PYTHON.sub("", source)
    if source.lstrip().startswith("%%"):
        return ""
    return MAGIC.sub(r"\1pass", source)


@dataclass(frozen=True)
class Names:
    """What a cell has to do with the names of the notebook."""

    reads: frozenset[str] = frozenset()  # before it binds them itself
    binds: frozenset[str] = frozenset()  # perhaps
    sets: frozenset[str] = frozenset()  # for certain: what was before is gone
    changes: frozenset[str] = frozenset()  # whose object may be another afterwards
    given: frozenset[str] = frozenset()  # to a function that might change it
    imports: frozenset[str] = frozenset()
    joins: tuple[frozenset[str], ...] = ()  # x = f(y): x may hold y
    uses: tuple[tuple[str, frozenset[str]], ...] = ()  # a function, what it reads when called


@functools.cache
def names_of(source: str) -> Names:
    """The names of a cell; none where it is not Python."""
    try:
        body = ast.parse(plain(source)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names()
    binds: set[str] = set()
    certain: set[str] = set()
    changes: set[str] = set()
    given: set[str] = set()
    imports: set[str] = set()
    joins: list[frozenset[str]] = []
    uses: list[tuple[str, frozenset[str]]] = []
    for statement in body:
        table = symtable.symtable(ast.unparse(statement), "cell", "exec")
        bound, deep = _table(table)
        uses += [(name, frozenset(deep)) for name in bound if deep]
        binds |= bound
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            binds.add("*")  # whatever that may be
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            imports |= bound
        if isinstance(statement, SETS):
            certain |= bound
        changes |= {*_changed(statement)}
        given |= {*_given(statement)}
        joins += _joined(statement)
    return Names(
        frozenset(first_reads(body)),
        frozenset(binds),
        frozenset(certain),
        frozenset(changes),
        frozenset(given - imports),
        frozenset(imports),
        tuple(joins),
        tuple(uses),
    )


SETS = (ast.Assign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def _table(table: symtable.SymbolTable) -> tuple[set[str], set[str]]:
    """Bound, and read or bound as globals within functions."""
    symbols = table.get_symbols()
    bound = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    deep: set[str] = set()
    for child in table.get_children():
        for inner in _all(child):
            for symbol in inner.get_symbols():
                if symbol.is_global():
                    deep.add(symbol.get_name())
                    if symbol.is_assigned():
                        bound.add(symbol.get_name())
    return bound, deep


def _all(table: symtable.SymbolTable) -> Iterable[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _all(child)


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Starred)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


# What changes an argument in place, and is not a function of the notebook's own.
IN_PLACE = {"shuffle", "copyto", "put", "place", "fill_diagonal", "step", "update"}


def _changed(statement: ast.stmt) -> Iterable[str]:
    """x.append(1), x[0] = 1, x.a = 1, x += 1, shuffle(x)."""
    for node in ast.walk(statement):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            yield _root(node)
        elif isinstance(node, ast.AugAssign):
            yield _root(node.target)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield _root(node.func)
            if node.func.attr in IN_PLACE:
                yield from map(_root, node.args)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Name) and called.id not in dir(builtins):
                yield from map(_root, node.value.args)


PURE = {"np", "math", "plt", "F", "Fraction", "plotting"}  # but for IN_PLACE and out=


def _given(statement: ast.stmt) -> Iterable[str]:
    """y = f(x): f might change x; x is not seen to be, so it is for the wary alone."""
    for node in ast.walk(statement):
        if not isinstance(node, ast.Call):
            continue
        function = _root(node.func)
        pure = function in PURE or (isinstance(node.func, ast.Name) and function in dir(builtins))
        held = [k.value for k in node.keywords if k.arg == "out" or not pure]
        held += [] if pure else node.args
        yield from filter(None, map(_root, held))


def _joined(statement: ast.stmt) -> Iterable[frozenset[str]]:
    """y = x, y = [x, 1], opt = Adam(x): whoever changes y may change x."""
    for node in ast.walk(statement):
        if not isinstance(node, ast.Assign):
            continue
        value = node.value
        if isinstance(value, ast.Call):
            if not ast.unparse(value.func).rpartition(".")[2][:1].isupper():
                continue
            held = [*value.args, *(k.value for k in value.keywords)]
        else:
            held = [value]
        inner = {
            e.id
            for h in held
            for e in (h.elts if isinstance(h, (ast.List, ast.Tuple)) else [h])
            if isinstance(e, ast.Name)
        }
        targets = {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        if inner:
            yield frozenset(targets | inner)


def needed(cells: Sequence[str], target: int, *, wary: bool = False) -> list[int]:
    """The cells before ``target`` that it needs, in order.

    Parameters
    ----------
    cells : sequence of str
        The sources of the code cells, in the notebook's order.
    target : int
        Which of them.
    wary : bool
        Keep also those that give what is needed to a function of unknown effect.

    Examples
    --------
    >>> needed(["import numpy as np", "x = [1]", "y = 2", "x.append(np.pi)", "print(x)"], 4)
    [0, 1, 3]
    """
    found = [names_of(source) for source in cells[: target + 1]]
    # A module is no data: np.sqrt(2) changes nothing that anybody reads.
    modules = {n for names in found for n in names.imports}
    modules -= {n for names in found for n in names.binds - names.imports}
    groups: dict[str, set[str]] = {}
    for names in found:
        for join in names.joins:
            whole = set(join) - modules
            for name in [*whole]:
                whole |= groups.get(name, set())
            for name in whole:
                groups[name] = whole
    called = [use for names in found for use in names.uses]
    wanted = _with_used(set(found[target].reads), called)
    kept: list[int] = []
    for i in range(target - 1, -1, -1):
        names = found[i]
        held = {m for n in wanted - modules for m in groups.get(n, {n})}
        changed = names.changes | names.given if wary else names.changes
        if "*" in names.binds or names.binds & wanted or (changed - modules) & held:
            kept.append(i)
            wanted -= names.sets
            wanted = _with_used(wanted | names.reads, called)
    return kept[::-1]


def _with_used(wanted: set[str], called: list[tuple[str, frozenset[str]]]) -> set[str]:
    """A function of a later cell may call one of an earlier, and the other way round."""
    while more := {n for name, reads in called if name in wanted for n in reads} - wanted:
        wanted |= more
    return wanted
