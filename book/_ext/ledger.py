"""Claims and their checks: links between them, and the page that lists them.

In a chapter, a claim gets a link to the cell that checks it and the cell a
caption that names the claim.  ``{claims-ledger}`` on a page stands for every
claim of the book.  What does not pair up is a warning, which fails the build.
What a claim or a check is, tools/notebooks/parser.py says.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging

from tools.notebooks import parser

logger = logging.getLogger(__name__)


def book_folder(app) -> Path:
    return Path(app.srcdir) / "book"


def check_id(label: str) -> str:
    """The HTML id of the cell that checks a claim."""
    return f"check-{label}"


def warn_of_problems(app):
    """On every build, also one that finds no page changed."""
    for problem in parser.claim_problems(parser.pages(book_folder(app))):
        logger.warning("claims ledger: %s", problem)


# ---------------------------------------------------------------- in the chapter


def reference(label: str, text: str) -> addnodes.pending_xref:
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
    xref["reftext"] = text
    return xref


def link_claims_and_checks(app, doctree):
    """Caption every check cell, and point from its claim to it."""
    domain = app.env.get_domain("std")
    docname = app.env.docname
    present: set[str] = set()
    for cell in list(doctree.findall(nodes.container)):
        if cell.get("nb_element") != "cell_code":
            continue
        for tag in cell["cell_metadata"].get("tags", []):
            if not tag.startswith(parser.CHECK_TAG):
                continue
            label = tag.removeprefix(parser.CHECK_TAG)
            if label not in getattr(app.env, "proof_list", {}):
                continue  # already a warning: see warn_of_problems
            name = check_id(label)
            caption = nodes.paragraph("", "", classes=["check-caption"], ids=[name])
            caption += [nodes.Text("Checks "), reference(label, label)]
            cell.parent.insert(cell.parent.index(cell), caption)
            domain.anonlabels[name] = docname, name
            domain.labels[name] = docname, name, f"check of {label}"
            present.add(label)
    for claim in list(doctree.findall(nodes.Admonition)):
        label = claim.get("label", "")
        if label in present:
            link = nodes.reference(
                "", "checked by the cell below", internal=True, refid=check_id(label)
            )
            line = nodes.paragraph("", "", link, classes=["claim-check"])
            claim.children[-1].append(line)


# --------------------------------------------------------------------- the ledger

PROVED = {"theorem", "proposition", "lemma", "corollary"}
DIRECTIVE = re.compile(r"(?m)^```\{claims-ledger\}\n```$")


def write_ledger(app, docname, source):
    """Put the claims where the ledger page says ``{claims-ledger}``.

    As Markdown, before the page is parsed, so that its headings, references
    and formulas are like those of any page.
    """
    if not DIRECTIVE.search(source[0]):
        return
    book = [
        page
        for page in parser.pages(book_folder(app))
        if f"book/{page.name}" in app.env.found_docs
    ]
    # The ledger follows from the chapters: read again when one changes.
    for page in book:
        app.env.note_dependency(str(page.path))
    source[0] = DIRECTIVE.sub(lambda _: ledger_markdown(book), source[0])


def ledger_markdown(book: list[parser.Page]) -> str:
    """Every claim by chapter; the statements are the chapters' own text."""
    claims = [claim for page in book for claim in page.claims]
    proved = sum(claim.kind in PROVED for claim in claims)
    checked = {label for page in book for label, _ in page.checks}
    lines = [
        f"Claims: **{len(claims)}**, of which {proved} proved and {len(claims) - proved} measured.",
        "",
    ]
    for page in book:
        if page.claims:
            # Not a link: headings are copied into the page's table of contents.
            number = f"{int(page.number)}. " if page.number else ""
            lines += [f"## {number}{page.title}", ""]
            for claim in page.claims:
                lines += entry(claim, claim.label in checked)
    return "\n".join(lines)


def entry(claim: parser.Claim, checked: bool) -> list[str]:
    """One claim: number, title, statement, link to its check."""
    # An equation keeps its number in its chapter; here it has none.
    statement = re.sub(r"(?m)^:label:.*\n", "", claim.statement)
    statement = re.sub(r"(?m)^(\$\$)\s*\([\w-]+\)\s*$", r"\1", statement)
    title = re.sub(r"\.$", "", claim.title)
    check = f"{{ref}}`its check <{check_id(claim.label)}>`" if checked else ""
    # Longer than any fence inside the statement.
    fence = ":" * (3 + max(map(len, re.findall(":{3,}", statement)), default=0))
    return [
        f"{fence}{{container}} ledger-claim",
        f"**{{prf:ref}}`{claim.label}`** ({title}) · {check}",
        "",
        statement,
        fence,
        "",
    ]


def setup(app):
    app.connect("source-read", write_ledger)
    app.connect("builder-inited", warn_of_problems)
    app.connect("doctree-read", link_claims_and_checks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
