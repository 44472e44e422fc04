"""What the book's own search reads: the text of every article, and nothing else.

Sphinx's index knows pages only, and its excerpts showed the page's buttons and raw
TeX. Here every page, section, claim, exercise, figure, equation, term and function
is an entry of its own, with its place and its text, formulas as plain characters.
What a reader has to ask for (a covered answer, a solution) is searched and never
shown. reader/search.js ranks the entries, in the browser, also from file://.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

TEXTS = "_static/reader/texts.js"
# pages made of other pages
SKIP = {"search.html", "404.html", "genindex.html", "py-modindex.html", "prf-prf.html"}
WHOLE = {"book/ledger.html"}  # repeats every claim: found as one page
ROWS = {"book/notation.html"}  # a row of its tables is a symbol, an entry of its own

# ------------------------------------------------------------------ formulas as text

FORMULA = re.compile(r"<mjx-container.*?(<math.*?</math>).*?</mjx-container>", re.DOTALL)
SUBS = str.maketrans("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
SUPS = str.maketrans("0123456789-−nt", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻ⁿᵗ")
UNSEEN = str.maketrans("", "", "\u2061\u2062\u2063")


def shifted(text: str, marks: dict, sign: str) -> str:
    moved = text.translate(marks)
    if text and all(ord(c) in marks for c in text):
        return moved
    return sign + (text if len(text) == 1 else f"({text})")


def linear(node: ET.Element) -> str:
    """MathML in one line of plain characters."""
    kind = node.tag.rpartition("}")[2]
    if kind == "annotation":
        return ""
    parts = [linear(child) for child in node]
    if kind == "mspace" or (kind == "mtr" and parts):
        return " " + " ".join(parts)
    if kind == "mfrac":
        top, low = (p if re.fullmatch(r"[\w.̂]*", p) else f"({p})" for p in parts)
        return f"{top}/{low}"
    if kind == "msqrt":
        inner = "".join(parts)
        return f"√{inner}" if len(inner) == 1 else f"√({inner})"
    if kind in ("msub", "munder"):
        return parts[0] + shifted(parts[1], SUBS, "_")
    if kind == "msup":
        return parts[0] + shifted(parts[1], SUPS, "^")
    if kind in ("msubsup", "munderover"):
        return parts[0] + shifted(parts[1], SUBS, "_") + shifted(parts[2], SUPS, "^")
    if kind == "mover":
        return parts[0] + ("\u0302" if parts[1] in ("^", "ˆ") else "")
    if kind == "mo" and (node.text or "").strip() in ("=", "<", ">", "≤", "≥", "≈", "→", "∈"):
        return f" {node.text.strip()} "
    return (node.text or "").strip() + "".join(parts)


def formulas_as_text(page: str) -> str:
    known: dict[str, str] = {}

    def text(found: re.Match) -> str:
        math = found[1]
        if math not in known:
            plain = " ".join(linear(ET.fromstring(math)).translate(UNSEEN).split())
            known[math] = plain.replace("&", "&amp;").replace("<", "&lt;")
        return known[math]

    return FORMULA.sub(text, page)


# --------------------------------------------------------------------- what is where

BOXES = {"proof": "claim", "exercise": "exercise", "solution": "solution"}
BODY = re.compile(r"(?:proof|exercise|solution)-content-\d+")  # within a box
UNREAD = {"script", "style", "noscript", "form", "button", "nav", "svg", "template"}
CHROME = {"headerlink", "cell_input", "fold", "claim-check", "reading-time", "answer-box", "tools"}
CHROME |= {"viewcode-link", "cards"}
COVERED = {"covered", "solution"}
TITLES = {
    **{kind: {"admonition-title"} for kind in BOXES.values()},
    "figure": {"caption-number"},
    "equation": {"eqno"},
}
VOID = {"img", "br", "hr", "input", "link", "meta", "source", "wbr"}
HEADINGS = {"h1", "h2", "h3", "h4"}


MODULES = re.compile(r"^(?:adam_lib\.)?(?:[a-z_]\w*\.)*(?=\w)")


class Entry:
    def __init__(self, kind: str, place: str, until: int) -> None:
        self.kind, self.place, self.until = kind, place, until
        self.title: list[str] = []
        self.text: list[str] = []
        self.quiet: list[str] = []


def joined(pieces: list[str]) -> str:
    return re.sub(r" (?=[,.;:!?)])", "", " ".join("".join(pieces).split()))


class Article(HTMLParser):
    """The entries of one page; the first is the page itself."""

    def __init__(self, page: str, rows: bool) -> None:
        super().__init__()
        self.rows = rows
        self.entries: list[Entry] = []
        self.inside: list[Entry] = []
        self.stack: list[tuple[str, set[str]]] = []
        self.skip = self.covered = self.titled = 0  # the depth at which each began
        found = re.search(r"<article[^>]*>.*</article>", page, re.DOTALL)
        if found:
            self.push("page", "", 0)
            self.feed(formulas_as_text(found[0]))

    def push(self, kind: str, place: str, until: int) -> None:
        entry = Entry(kind, place, until)
        self.entries.append(entry)
        self.inside.append(entry)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {key: value or "" for key, value in attrs}
        if tag in VOID:
            if tag == "img" and not self.skip and self.inside[-1].kind == "figure":
                self.handle_data(f" {have.get('alt', '')} ")
            return
        classes, place = set(have.get("class", "").split()), have.get("id", "")
        depth = len(self.stack) + 1
        self.stack.append((tag, classes))
        if self.skip:
            return
        if tag in UNREAD or classes & CHROME:
            self.skip = depth
            return
        if classes & COVERED and not self.covered:
            self.covered = depth
        box = next((BOXES[c] for c in BOXES if c in classes and "admonition" in classes), "")
        if place and box:
            self.push(box, place, depth)
        elif tag == "section" and place and not BODY.fullmatch(place):
            if len(self.entries) > 1 or self.entries[0].title:
                self.push("section", place, depth)
        elif tag == "figure" and place:
            self.push("figure", place, depth)
        elif tag == "dt" and place:
            if self.inside[-1].kind in ("term", "function") and self.inside[-1].until == depth - 1:
                self.inside.pop()
            self.push("function" if "sig" in classes else "term", place, depth - 1)
            self.titled = depth
        elif place.startswith("equation-"):
            self.push("equation", place, depth)
        elif tag == "tr" and self.rows and self.stack[-2][0] == "tbody":
            self.push("symbol", self.inside[-1].place, depth)
        elif tag == "td" and self.inside[-1].kind == "symbol" and not self.inside[-1].title:
            self.titled = depth
        kind = self.inside[-1].kind
        heading = kind in ("page", "section") and tag in HEADINGS and not self.inside[-1].title
        if heading or classes & TITLES.get(kind, set()):
            self.titled = self.titled or depth
        elif tag in ("p", "li", "td", "th", "dd", "div", "pre", "figcaption"):
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or all(tag != name for name, _ in self.stack):
            return
        while True:
            depth = len(self.stack)
            name, _ = self.stack.pop()
            for mark in ("skip", "covered", "titled"):
                if getattr(self, mark) == depth:
                    setattr(self, mark, 0)
            while len(self.inside) > 1 and self.inside[-1].until == depth:
                self.inside.pop()
            if name == tag:
                break

    def handle_data(self, data: str) -> None:
        if self.skip:
            return
        entry = self.inside[-1]
        if self.titled and not (self.covered and entry.kind == "page"):
            entry.title.append(data)
        elif self.covered:
            entry.quiet.append(data)
        else:
            entry.text.append(data)


def entries_of(page: str, rows: bool = False) -> list[list[str]]:
    """Kind, place, title, text and covered text, for a page and what is in it."""
    out = []
    for entry in Article(page, rows).entries:
        title = joined(entry.title)
        if entry.kind == "equation":
            title = f"Equation {title}" if title else ""
        text = joined(entry.text)
        if entry.kind == "function":
            # the signature is text, the name without its modules the title
            title, text = MODULES.sub("", entry.place), f"{title}: {text}"
        if title:
            out.append([entry.kind, entry.place, title, text, joined(entry.quiet)])
    return out


# ----------------------------------------------------------------------- the written site

# The theme loads all three on every page, for a search-as-you-type that is switched off.
SPHINX = re.compile(
    r'\s*<script src="[./]*(?:_static/)?(?:searchtools|language_data|searchindex)\.js[^"]*">'
    r"</script>"
)
SCRIPTS = (
    '<script defer src="_static/reader/search.js"></script>\n'
    '<script defer src="_static/reader/search-page.js"></script>\n</head>'
)


def no_index_of_sphinx(app) -> None:
    """It would be thrown away, and missed by the next incremental build."""
    for name in ("load_indexer", "index_page", "dump_search_index"):
        if hasattr(app.builder, name):
            setattr(app.builder, name, lambda *arguments: None)


def write_texts(app, error) -> None:
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    pages = []
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site).as_posix()
        page = path.read_text(encoding="utf-8")
        if (without := SPHINX.sub("", page)) != page:
            path.write_text(without, encoding="utf-8")
        if name in SKIP or name.startswith(("_static", "_sources", "_modules", "notebooks")):
            continue
        entries = entries_of(page, name in ROWS)
        if entries:
            pages.append([name, entries[:1] if name in WHOLE else entries])
    data = json.dumps(pages, ensure_ascii=False, separators=(",", ":"))
    script = f'"use strict";\nwindow.book ??= {{}};\nwindow.book.texts = {data};\n'
    (site / TEXTS).write_text(script, encoding="utf-8")
    page = site / "search.html"
    text = page.read_text(encoding="utf-8")
    if SCRIPTS not in text:
        page.write_text(text.replace("</head>", SCRIPTS, 1), encoding="utf-8")
    for leftover in ("_static/searchtools.js", "_static/language_data.js", "searchindex.js"):
        (site / leftover).unlink(missing_ok=True)


def setup(app):
    app.connect("builder-inited", no_index_of_sphinx)
    # after the formulas are set (920), which it reads
    app.connect("build-finished", write_texts, priority=930)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
