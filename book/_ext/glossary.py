"""Terms link to the glossary where a chapter first uses them; symbols can be searched.

A reader who searches for "beta2" means a formula, of which Sphinx's index only has
the TeX. Each page's index gets the names of the symbols in its formulas.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

PAGE = "book/notation"
# Words of the book about itself, which a sentence uses as plain words too.
UNLINKED = {"claim", "check", "ledger"}
ENTRY = re.compile(r"(?m)^(\S[^\n]*)\n((?:  \S.*\n?)+)")


def terms(text: str) -> dict[str, str]:
    """The terms of the notation page and, as plain text, the first sentence of each definition."""
    found = re.search(r"```\{glossary\}\n(.*?)```", text, re.DOTALL)
    return {
        term: re.split(r"(?<=[.;]) (?=[A-Z])", plain(" ".join(body.split())))[0]
        for term, body in ENTRY.findall(found[1] if found else "")
        if term not in UNLINKED
    }


def plain(text: str) -> str:
    """A definition without Markdown and TeX, for a hint that can only be text."""
    from publish import plain as without_tex

    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("`", "")
    return without_tex(text).replace("$", "")


# Where a link would be out of place: another link, a heading, code, a statement.
CLOSED = (
    nodes.reference,
    addnodes.pending_xref,
    nodes.title,
    nodes.literal,
    nodes.Admonition,
    nodes.math,
    nodes.caption,
    nodes.table,
)


def is_open(text: nodes.Text) -> bool:
    node, in_prose = text.parent, False
    while node is not None:
        if isinstance(node, CLOSED):
            return False
        in_prose |= isinstance(node, nodes.paragraph)
        node = node.parent
    return in_prose


def link(term: str, shown: str, hint: str) -> addnodes.pending_xref:
    word = nodes.abbreviation(shown, shown, explanation=hint)
    return addnodes.pending_xref(
        "",
        word,
        refdomain="std",
        reftype="term",
        reftarget=term,
        refexplicit=True,
        refwarn=True,
        classes=["glossary-link"],
    )


def link_first_uses(app, doctree):
    """In chapters: the first use of each term outside statements and headings."""
    env = app.env
    name = env.docname
    path = Path(app.srcdir) / f"{PAGE}.md"
    if not re.match(r"book/\d\d_", name) or PAGE not in env.found_docs:
        return
    env.note_dependency(str(path))
    left = terms(path.read_text(encoding="utf-8"))
    # longer terms first: "second raw moment" before a term within it
    for term in sorted(left, key=len, reverse=True):
        word = re.compile(rf"\b{re.escape(term)}s?\b", re.IGNORECASE)
        for text in doctree.findall(nodes.Text):
            found = word.search(text.astext())
            if found and is_open(text):
                whole = text.astext()
                parts = [
                    nodes.Text(whole[: found.start()]),
                    link(term, found[0], left[term]),
                    nodes.Text(whole[found.end() :]),
                ]
                text.parent.replace(text, [p for p in parts if p.astext()])
                break


# ---------------------------------------------------------------- symbols by name

LETTERS = "alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|kappa|lambda|mu|rho|sigma|tau"
SYMBOL = re.compile(rf"\\({LETTERS})(?![a-zA-Z])(?:_\{{?(\d))?")
HATTED = re.compile(r"\\(?:hat ?\{?|(?=[mv]hat))([mv])(?![a-z])|\\([mv])hat")


def symbol_names(tex: str) -> list[str]:
    r"""``\beta_2`` is searched for as "beta2", ``\hat m`` as "mhat".

    A page that says little of a symbol would stand among those that explain it:
    the search has no order but the alphabet's.
    """
    found = [("epsilon" if s == "varepsilon" else s) + n for s, n in SYMBOL.findall(tex)]
    found += [f"{a or b}hat" for a, b in HATTED.findall(tex)]
    names = {name for name in found if found.count(name) >= 10}
    return sorted(names | ({"eps"} if "epsilon" in names else set()))


def index_symbols(app, doctree):
    formulas = [*doctree.findall(nodes.math), *doctree.findall(nodes.math_block)]
    names = symbol_names("\n".join(f.astext() for f in formulas))
    if names:
        doctree.insert(0, nodes.meta("", name="keywords", content=", ".join(names)))


def setup(app):
    app.connect("doctree-read", link_first_uses)
    app.connect("doctree-read", index_symbols)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
