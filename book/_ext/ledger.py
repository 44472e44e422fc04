"""The page that lists the claims: ``{claims-ledger}`` stands for every claim of the book.

The links between claims and checks within a chapter are checks.py's.  What does not
pair up is a warning, which fails the build.
What a claim or a check is, tools/notebooks/parser.py says.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.util import logging

from checks import check_id
from tools.notebooks import parser

logger = logging.getLogger(__name__)


def book_folder(app) -> Path:
    return Path(app.srcdir) / "book"


def warn_of_problems(app):
    """On every build, also one that finds no page changed."""
    for problem in parser.claim_problems(parser.pages(book_folder(app))):
        logger.warning("claims ledger: %s", problem)


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
        page for page in parser.pages(book_folder(app)) if f"book/{page.name}" in app.env.found_docs
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
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
