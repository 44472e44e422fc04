"""Claims and their check cells, on the page of the chapter.

A check cell (tag ``check:claim-...``) shows as one line: a mark, the claim, and
what the cell printed.  Its code, and an output of more than two lines, is in the
fold that folds.py makes of every cell's source.  The claim gets a link to the line.
What a claim or a check is, tools/notebooks/parser.py says.
"""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging

from tools.notebooks import parser

logger = logging.getLogger(__name__)

LINES = 2  # of output that stand in the line


def check_id(label: str) -> str:
    """The HTML id of the cell that checks a claim."""
    return f"check-{label}"


def reference(label: str) -> addnodes.pending_xref:
    """A link to a claim; it reads "Theorem 6.1" once numbers are known."""
    xref = addnodes.pending_xref(
        "",
        nodes.inline("", label),
        refdomain="prf",
        reftype="ref",
        reftarget=label,
        refexplicit=False,
        refwarn=True,
    )
    xref["reftext"] = label
    return xref


def code_cells(doctree) -> list[nodes.container]:
    found = doctree.findall(nodes.container)
    return [node for node in found if node.get("nb_element") == "cell_code"]


def part(cell: nodes.container, name: str) -> nodes.container | None:
    """The cell's source or its output, if it shows one."""
    return next((c for c in cell.children if c.get("nb_element") == f"cell_code_{name}"), None)


def label_checked(app, cell: nodes.container) -> str | None:
    """The claim that a cell is tagged to check, if there is such a claim."""
    for tag in cell["cell_metadata"].get("tags", []):
        label = tag.removeprefix(parser.CHECK_TAG)
        # what does not pair up is a warning of ledger.py
        if label != tag and label in getattr(app.env, "proof_list", {}):
            return label
    return None


def verdict_line(cell: nodes.container, label: str) -> nodes.paragraph:
    """The line; what it says is taken out of the cell's output."""
    output = part(cell, "output")
    printed = [] if output is None else [n for n in output if isinstance(n, nodes.literal_block)]
    lines = "\n".join(n.astext() for n in printed).strip().splitlines()
    if len(lines) <= LINES:
        said = " ".join(lines)
        for node in printed:
            output.remove(node)
        if output is not None and not output.children:
            cell.remove(output)
    else:
        said = lines[0].rstrip(":") + " …"
        cell["long_output"] = True  # folds.py puts it into the fold
    return nodes.paragraph(
        "",
        "",
        nodes.inline("", "✓", classes=["check-mark"]),
        nodes.Text(" "),
        reference(label),
        nodes.Text(" "),
        nodes.inline("", said, classes=["verdict"]),
        classes=["check-line"],
    )


def warn_of_hidden(app, doctree, present: set[str]) -> None:
    """Whatever took a check or its verdict off the page: a tag, an option, the configuration."""
    path = Path(app.env.doc2path(app.env.docname))
    known = getattr(app.env, "proof_list", {})
    for label, _ in parser.read(path).checks if path.suffix == ".ipynb" else ():
        if label in known and label not in present:
            logger.warning("the check of %s is not on its page", label, location=app.env.docname)
    for line in doctree.findall(nodes.paragraph):
        if "check-line" in line["classes"] and not line[-1].astext():
            name = line.next_node(addnodes.pending_xref)["reftarget"]
            logger.warning("the check of %s shows no verdict", name, location=app.env.docname)


def link_claims_and_checks(app, doctree):
    domain = app.env.get_domain("std")
    docname = app.env.docname
    present: set[str] = set()
    for cell in code_cells(doctree):
        label = label_checked(app, cell)
        if label is None:
            continue
        name = check_id(label)
        cell["ids"].append(name)
        cell["check"] = label
        measured = app.env.proof_list[label]["realtype"] == "observation"
        cell["classes"].append("measured" if measured else "proved")
        cell.insert(0, verdict_line(cell, label))
        domain.anonlabels[name] = docname, name
        domain.labels[name] = docname, name, f"check of {label}"
        present.add(label)
    warn_of_hidden(app, doctree, present)
    for claim in list(doctree.findall(nodes.Admonition)):
        label = claim.get("label", "")
        if label in present:
            link = nodes.reference("", "its check", internal=True, refid=check_id(label))
            claim.children[-1].append(nodes.paragraph("", "", link, classes=["claim-check"]))


def setup(app):
    # before folds.py, which folds what is left of the cell
    app.connect("doctree-read", link_claims_and_checks, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
