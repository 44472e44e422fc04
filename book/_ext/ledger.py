"""The page that lists the claims: ``{claims-ledger}`` stands for every claim of the book.

A claim is one line: what kind it is, number, title, and for a measurement on how
many fresh seeds it held. The line opens to links to the claim and to its check,
which need no script; its statement is then loaded, as it stands in the chapter,
from a file for each chapter (reader/ledger.js). Within the page the statements'
formulas were nine tenths of its bytes.
What does not pair up, claims and checks, is a warning, which fails the build.
What a claim or a check is, tools/notebooks/parser.py says.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import formulas
from checks import check_id, reference
from replication import table
from tools.notebooks import parser, replicated

logger = logging.getLogger(__name__)

STATEMENTS = "_static/ledger"  # of the site: a script for each chapter


def book_folder(app) -> Path:
    return Path(app.srcdir) / "book"


def warn_of_problems(app):
    """On every build, also one that finds no page changed."""
    for problem in parser.claim_problems(parser.pages(book_folder(app))):
        logger.warning("claims ledger: %s", problem)


def listed(app) -> list[parser.Page]:
    """The pages of the book that claim something, the first page first."""
    pages = parser.pages(book_folder(app))
    found = [p for p in pages if f"book/{p.name}" in app.env.found_docs and p.claims]
    return sorted(found, key=lambda p: f"book/{p.name}" != app.config.root_doc)


# ------------------------------------------------------------------ as Markdown

DIRECTIVE = re.compile(r"(?m)^```\{claims-ledger\}\n```$")


def write_ledger(app, docname, source):
    """Put a section for each chapter where the ledger page says ``{claims-ledger}``.

    As Markdown, before the page is parsed, so that its headings are like those of
    any page.
    """
    if not DIRECTIVE.search(source[0]):
        return
    pages = listed(app)
    # The ledger follows from the chapters: read again when one changes.
    for page in pages:
        app.env.note_dependency(str(page.path))
    source[0] = DIRECTIVE.sub(lambda _: ledger_markdown(pages, table(app)), source[0])


def ledger_markdown(pages: list[parser.Page], rows: dict) -> str:
    lines = [count([claim for page in pages for claim in page.claims], rows), ""]
    for page in pages:
        # Not a link: headings are copied into the page's table of contents.
        number = f"{int(page.number)}. " if page.number else ""
        lines += [f"## {number}{page.title}", "", f"```{{claims-of}} {page.name}", "```", ""]
    return "\n".join(lines)


def count(claims: list[parser.Claim], rows: dict) -> str:
    """How many there are of each kind, in a sentence."""
    measured = [claim.label for claim in claims if claim.kind == replicated.MEASURED]
    of = Counter(replicated.standing(rows.get(label)) for label in measured)
    told = {
        "all": "held on every fresh seed tried",
        "some": "held on the share of the seeds that it tells",
        "fixed": "draw nothing at random",
        "none": "were not run on fresh seeds yet",
    }
    parts = [f"{of[key]} {text}" for key, text in told.items() if of[key]]
    more = f": {', '.join(parts)}" if parts else ""
    return (
        f"Claims: **{len(claims)}**, of which {len(claims) - len(measured)} proved "
        f"and {len(measured)} measured{more}."
    )


# ------------------------------------------------------------------- as elements


class element(nodes.General, nodes.Element):
    """An HTML element that docutils has no node for: ``tag``, and its ``attributes``."""


def visit_element(self, node):
    given = "".join(f' {k}="{html.escape(v)}"' for k, v in node["given"].items())
    self.body.append(f"<{node['tag']}{given}>")


def depart_element(self, node):
    self.body.append(f"</{node['tag']}>\n")


def made(tag: str, *children: nodes.Node, **given: str) -> element:
    """``data_x`` is the attribute data-x, ``class_`` is class."""
    names = {k.rstrip("_").replace("_", "-"): v for k, v in given.items()}
    node = element("", tag=tag, given=names)
    node += list(children)
    return node


class number(nodes.inline):
    """ "Theorem 6.1", known once all pages are read."""


class ClaimsOf(SphinxDirective):
    """The lines of one chapter."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        page = next(p for p in listed(self.env.app) if p.name == self.arguments[0])
        checked = {label for label, _ in page.checks}
        rows = table(self.env.app)
        items = [
            self.line(page, claim, rows.get(claim.label), claim.label in checked)
            for claim in page.claims
        ]
        return [made("ul", *items, class_="ledger")]

    def line(self, page, claim: parser.Claim, row, checked: bool) -> element:
        measured = claim.kind == replicated.MEASURED
        title, _ = self.state.inline_text(shown_title(claim), self.lineno)
        line = [
            number("", "", claim=claim.label, classes=["ledger-number"]),
            nodes.Text(" "),
            nodes.inline("", "", *title, classes=["ledger-title"]),
        ]
        if measured:
            seeds = nodes.inline("", replicated.said(row), classes=["ledger-seeds"])
            line += [nodes.Text(" "), seeds]
        links = [reference(claim.label), nodes.Text(" in its chapter")]
        if checked:
            name = check_id(claim.label)
            to_check = nodes.reference(
                "", "its check", refuri=f"{page.name}.html#{name}", internal=True
            )
            links += [nodes.Text(" · "), to_check]
        return made(
            "li",
            made(
                "details",
                made("summary", *line),
                nodes.paragraph("", "", *links, classes=["ledger-links"]),
                data_claim=claim.label,
                data_page=page.name,
            ),
            data_kind="measured" if measured else "proved",
            data_seeds=replicated.standing(row) if measured else "",
        )


def shown_title(claim: parser.Claim) -> str:
    """Without "Measured:", which mark and number say."""
    title = claim.title.removeprefix("Measured:").strip()
    first = title.partition(" ")[0].rstrip(",:")
    # a letter by itself may be a symbol
    if first == "a" or (first.isascii() and first.isalpha() and len(first) > 1):
        title = title[0].upper() + title[1:]
    return title.removesuffix(".")


def number_lines(app, doctree, docname):
    """Once numbers are known, a line says which claim it is."""
    env = app.env
    for node in doctree.findall(number):
        proof = env.proof_list[node["claim"]]
        found = env.toc_fignumbers.get(proof["docname"], {}).get(proof["countertype"], {})
        at = ".".join(map(str, found.get(node["claim"], ())))
        node += nodes.Text(f"{proof['realtype'].title()} {at}".strip())


def load_script(app, pagename, templatename, context, doctree):
    if 'class="ledger"' in context.get("body", ""):
        app.add_js_file("reader/ledger.js", loading_method="defer")


# ------------------------------------------------------------ statements, on demand


def write_statements(app, error):
    """For each chapter a script that hands its statements over, with their formulas set.

    A script, since a page that was opened as a file may load nothing else.
    """
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    for page in listed(app):
        text = (site / f"book/{page.name}.html").read_text(encoding="utf-8")
        boxes = {claim.label: statement(text, claim.label, page.name) for claim in page.claims}
        path = site / STATEMENTS / f"{page.name}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        name, said = json.dumps(page.name), json.dumps(boxes, ensure_ascii=False)
        path.write_text(f"adamLedger({name}, {said});\n", encoding="utf-8")
    style_formulas(site / "book/ledger.html")


def statement(page: str, label: str, name: str) -> str:
    """A claim's box as it stands in its chapter, to be put into another page."""
    begin = re.search(rf'<div class="proof [^"]*" id="{re.escape(label)}">', page)
    if not begin:
        raise ValueError(f"book/{name}.html holds no box of {label}")
    depth, end = 0, 0
    for tag in re.compile(r"<(/?)div\b[^>]*>").finditer(page, begin.start()):
        depth += -1 if tag[1] else 1
        if depth == 0:
            end = tag.end()
            break
    box = page[begin.start() : end]
    box = re.sub(r'<p class="admonition-title">.*?</p>', "", box, count=1, flags=re.DOTALL)
    box = re.sub(r'<p class="claim-check">.*?</p>', "", box, flags=re.DOTALL)
    box = re.sub(r'<a class="headerlink".*?</a>', "", box, flags=re.DOTALL)
    box = re.sub(r'\sid="[^"]*"', "", box)  # a name is for one place
    return box.replace('href="#', f'href="{name}.html#')


def style_formulas(path: Path) -> None:
    """The page will show formulas, even if as yet none stands on it."""
    if path.is_file() and formulas.SHEET not in (page := path.read_text(encoding="utf-8")):
        page = page.replace("</head>", formulas.LINK.format(up="../"), 1)
        path.write_text(page, encoding="utf-8")


def setup(app):
    app.add_node(element, html=(visit_element, depart_element))
    app.add_node(number, html=(lambda s, n: s.visit_inline(n), lambda s, n: s.depart_inline(n)))
    app.add_directive("claims-of", ClaimsOf)
    app.connect("source-read", write_ledger)
    app.connect("builder-inited", warn_of_problems)
    app.connect("doctree-resolved", number_lines)
    app.connect("html-page-context", load_script, priority=400)
    # once formulas.py has set the chapters'
    app.connect("build-finished", write_statements, priority=925)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
