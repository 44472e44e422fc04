"""Every code cell's source is folded, and the fold says what is in it.

A ``details`` element: it opens without scripts.  A cell tagged ``teaches`` stays
open, and so does code within a solution, which the reader has opened to see it.
The name of a fold follows from the cell: the check of Theorem 6.1, the code of
Fig. 6.2, imports, the place to answer Exercise 6.2 in the notebook, or the names
that the code defines.  The switch that opens all, and what a link into a fold
does, is reader/folds.js.
"""

from __future__ import annotations

import ast
import html
import re

from docutils import nodes

from checks import code_cells, part

TEACHES = "teaches"
READERS_CELL = re.compile(r"""answer = \.\.\..*^check\(\s*["'](\d+\.\d+)["']""", re.DOTALL | re.M)


# Which of the two is seen, adam.css says.
VERB = '<span class="when-closed">show </span><span class="when-open">hide </span>'


class fold(nodes.Element):
    """``kind``, what stands on it (``shown``), and what only a screen reader adds (``of``)."""


def visit_fold(self, node):
    state = " open" if node["open"] else ""
    more = html.escape(node["of"])
    said = f'<span class="visually-hidden">{more}</span>' if more else ""
    verb = VERB if node["kind"] == "check" else ""
    self.body.append(
        f'<details class="fold fold-{node["kind"]}"{state}>'
        f"<summary>{verb}{html.escape(node['shown'])}{said}</summary>\n"
    )


def depart_fold(self, node):
    self.body.append("</details>\n")


# ------------------------------------------------------------- what a cell is


def is_imports(tree: ast.Module) -> bool:
    """Imports, and calls that only prepare, such as plotting.use_style()."""
    kinds = [type(statement) for statement in tree.body]
    return bool({ast.Import, ast.ImportFrom} & {*kinds}) and {*kinds} <= {
        ast.Import,
        ast.ImportFrom,
        ast.Expr,
    }


def defined(tree: ast.Module) -> list[str]:
    """Functions and classes, or else the variables, that the code defines."""
    of = (ast.FunctionDef, ast.ClassDef)
    names = [s.name for s in tree.body if isinstance(s, of)]
    if not names:
        targets = [t for s in tree.body if isinstance(s, ast.Assign) for t in s.targets]
        names = [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return list(dict.fromkeys(n for n in names if not n.startswith("_")))


def describe(cell: nodes.container, source: str) -> tuple[str, str, str]:
    """Kind, text on the fold, and what it is of (for a figure or a claim: to be numbered)."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic, say
        tree = ast.Module([], [])
    if "check" in cell:
        return "check", "the check", ""
    if found := READERS_CELL.match(source):
        return "answer", "in the notebook", f": Exercise {found[1]}"
    if is_imports(tree):
        return "imports", "imports", ""
    output = part(cell, "output")
    if output is not None and any(output.findall(nodes.image)):
        return "figure", "code", " of the figure"
    names = defined(tree)
    more = " …" if len(names) > 3 else ""
    text = f"code: {', '.join(names[:3])}{more}" if names else "code"
    return "code", text, "" if names else " of the output"


def has_text(output: nodes.container | None) -> bool:
    """Something stands on the page: a number for the prose alone does not."""
    shown = (nodes.literal_block, nodes.image, nodes.raw, nodes.table)
    return output is not None and any(any(output.findall(kind)) for kind in shown)


# ------------------------------------------------------------------ the folds


def within_solution(node: nodes.Node) -> bool:
    while node is not None:
        if "solution" in node.get("classes", ()):
            return True
        node = node.parent
    return False


def fold_cell(cell: nodes.container) -> None:
    # until no page has the tags hide-*: myst-nb would fold once more
    cell.attributes.pop("hide_mode", None)
    source, output = part(cell, "source"), part(cell, "output")
    if source is None:
        return
    kind, shown, of = describe(cell, source.astext())
    tags = cell["cell_metadata"].get("tags", [])
    taught = TEACHES in tags or (kind == "code" and within_solution(cell))
    node = fold("", kind=kind, shown=shown, of=of, open=taught)
    if "check" in cell:
        node["claim"] = cell["check"]
    cell["classes"].append(f"cell-{kind}")
    cell.remove(source)
    node += source
    figure = next(iter(output.findall(nodes.figure)), None) if output is not None else None
    if kind == "figure" and figure is not None:
        node["figure"] = figure["ids"][0] if figure["ids"] else None
        caption = next(iter(figure.findall(nodes.caption)), None)
        if caption is not None and not taught:
            # on the line of the caption, so that it takes none of its own
            figure.insert(figure.index(caption) + 1, nodes.legend("", node, classes=["tools"]))
            return
    if kind == "check":
        if "long_output" in cell and output is not None:
            cell.remove(output)
            node += output
        cell.insert(1, node)
    elif kind == "answer":
        if output is not None:
            cell.remove(output)
            node += output
        cell.insert(0, node)
    elif kind == "figure" and not taught:
        cell.append(node)
    else:
        cell.insert(0, node)
    if kind != "check" and not taught and not has_text(part(cell, "output")):
        cell["classes"].append("cell-silent")


def fold_cells(app, doctree):
    for cell in code_cells(doctree):
        fold_cell(cell)


def number_folds(app, doctree, docname):
    """Once numbers are known, a fold says of which figure or claim it is."""
    env = app.env
    numbers = env.toc_fignumbers.get(docname, {})
    for node in doctree.findall(fold):
        if label := node.get("claim"):
            proof = env.proof_list[label]
            number = numbers.get(proof["countertype"], {}).get(label, ())
            title = proof["realtype"].title()
            node["of"] = f" of {title} {'.'.join(map(str, number))}"
        elif number := numbers.get("figure", {}).get(node.get("figure"), ()):
            node["of"] = f" of Fig. {'.'.join(map(str, number))}"


def setup(app):
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.connect("doctree-read", fold_cells, priority=600)
    app.connect("doctree-resolved", number_folds)
    for script in ("folds", "print"):
        app.add_js_file(f"reader/{script}.js", loading_method="defer")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
