"""Which names some statements read before they have bound them themselves.

In the order in which Python would execute them: a loop's variable is bound in its
body, a comprehension's nowhere else.  A loop is taken to run at least once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable


def first_reads(body: Iterable[ast.stmt], bound: set[str] | None = None) -> set[str]:
    """Names that are looked up while ``bound``, which grows, does not hold them.

    A function's body counts with what is bound when all is done: it is called later.

    Examples
    --------
    >>> sorted(first_reads(ast.parse("x = y\\nfor i in range(n): x += z[i]").body))
    ['n', 'range', 'y', 'z']
    """
    reader = _Reader(set() if bound is None else bound)
    for statement in body:
        reader.visit(statement)
    return reader.reads | (reader.later - reader.bound)


class _Reader(ast.NodeVisitor):
    def __init__(self, bound: set[str]) -> None:
        self.bound = bound
        self.reads: set[str] = set()
        self.later: set[str] = set()  # by functions, once they are called

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.bound.add(node.id)
        elif node.id not in self.bound:
            self.reads.add(node.id)

    def _all(self, *nodes: ast.AST | list[ast.stmt] | list[ast.expr] | None) -> None:
        for node in nodes:
            for inner in node if isinstance(node, list) else [node]:
                if inner is not None:
                    self.visit(inner)

    # Values are computed before they are bound; ast lists the targets first.
    def visit_Assign(self, node: ast.Assign) -> None:
        self._all(node.value, list(node.targets))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._all(node.value, node.annotation)
        if node.value is not None:
            self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._all(node.value, node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.visit_Name(ast.Name(node.target.id, ast.Load()))
        self.visit(node.target)

    def visit_For(self, node: ast.For) -> None:
        self._all(node.iter, node.target, node.body, node.orelse)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branches([node.body, node.orelse])

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._branches([[*node.body, *node.orelse], []])

    def visit_Try(self, node: ast.Try) -> None:
        handlers = [[h] for h in node.handlers]
        self._branches([[*node.body, *node.orelse], *handlers])
        self._all(node.finalbody)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._all(node.type)
        if node.name:
            self.bound.add(node.name)
        self._all(node.body)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._branches([[case] for case in node.cases] + [[]])

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self.generic_visit(node)
        if node.name:
            self.bound.add(node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.bound.add(node.name)

    def _branches(self, branches: list[list[ast.stmt] | list[ast.AST]]) -> None:
        """What is bound afterwards is what every branch binds."""
        before, after = self.bound, []
        for branch in branches:
            self.bound = {*before}
            for statement in branch:
                self.visit(statement)
            after.append(self.bound)
        self.bound = set.intersection(*after)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self.bound.add(alias.asname or alias.name.partition(".")[0])

    visit_ImportFrom = visit_Import

    # ------------------------------------------------------------------- scopes

    def _comprehension(self, node: ast.AST) -> None:
        outer = self.bound
        self.bound = {*outer}
        for generator in node.generators:
            self._all(generator.iter, generator.target, generator.ifs)
        if isinstance(node, ast.DictComp):
            self._all(node.key, node.value)
        else:
            self.visit(node.elt)
        self.bound = outer

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _function(self, node: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        self._all(arguments.defaults, list(filter(None, arguments.kw_defaults)))
        own = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        own += [a for a in (arguments.vararg, arguments.kwarg) if a]
        body = [ast.Expr(node.body)] if isinstance(node, ast.Lambda) else node.body
        shared = {n for s in ast.walk(node) if isinstance(s, ast.Global) for n in s.names}
        local = {a.arg for a in own} | _stored(body) - shared
        self.later |= first_reads(body, {*self.bound} | local)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._all(node.decorator_list)
        self._function(node)
        self.bound.add(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._all(node.decorator_list, node.bases, [k.value for k in node.keywords])
        self.later |= first_reads(node.body, {*self.bound})
        self.bound.add(node.name)


def _stored(body: Iterable[ast.stmt]) -> set[str]:
    """Names that a function's own statements bind, which makes them local."""
    found, todo = set(), list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
            continue
        elif isinstance(node, ast.Lambda):
            continue
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {a.asname or a.name.partition(".")[0] for a in node.names}
        todo += ast.iter_child_nodes(node)
    return found
