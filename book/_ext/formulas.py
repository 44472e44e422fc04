"""Formulas set while the book is built, so that a page shows them at once.

In the browser MathJax took seconds to set a chapter's seven hundred formulas. Here
the same MathJax, without its browser parts (mathjax/, run by V8), sets them into
the written pages, each distinct formula once; the site has one style sheet for
all. A page loads MathJax itself only to show a formula it did not have before
(reader/formulas.js). A formula that MathJax refuses stops the build.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from py_mini_racer import JSEvalException, MiniRacer
from sphinx.errors import ExtensionError

BUNDLE = Path(__file__).with_name("mathjax") / "typeset.js"
FONTS = "mathjax/output/chtml/fonts/woff-v2"  # from the style sheet, in _static
SHEET = "formulas.css"
INLINE = re.compile(
    r'(?P<open><span class="math notranslate nohighlight"[^>]*>)\\\((?P<tex>.*?)\\\)</span>',
    re.DOTALL,
)
DISPLAY = re.compile(
    r'(?P<open><div class="math notranslate nohighlight"[^>]*>\s*'
    r'(?:<span class="eqno">.*?</span>)?)'
    r"\\\[(?P<tex>.*?)\\\]</div>",
    re.DOTALL,
)
# Glued numbers and titles of the literature keep the dollar signs they were written with.
VERBATIM = re.compile(
    r'<span class="pasted-text">[^<]*</span>|<div class="citation".*?</div>', re.DOTALL
)
DOLLARS = re.compile(r"\$([^$<]+)\$")
SCRIPT = re.compile(r'\s*<script[^>]*src="[^"]*mathjax/tex-chtml\.js[^"]*"[^>]*></script>')
LINK = '<link rel="stylesheet" type="text/css" href="{up}_static/formulas.css" />\n</head>'


class Typesetter:
    """TeX to the HTML that MathJax would have made of it."""

    def __init__(self, macros: dict) -> None:
        self.engine = MiniRacer()
        self.engine.eval(BUNDLE.read_text(encoding="utf-8") + ";0")
        self.engine.eval(f"var set = typesetter({json.dumps(macros)}, {json.dumps(FONTS)});0")
        self.known: dict[tuple[str, bool], str] = {}

    def __call__(self, tex: str, display: bool) -> str:
        key = (tex.strip(), display)
        if key not in self.known:
            call = f"set.set({json.dumps(unwrapped(key[0]))}, {json.dumps(display)})"
            try:
                self.known[key] = str(self.engine.eval(call))
            except JSEvalException as error:
                reason = str(error).splitlines()[0]
                raise ExtensionError(f"MathJax cannot set {key[0]!r}: {reason}") from error
        return self.known[key]

    def sheet(self) -> str:
        """Rules for all that was set, and no others."""
        return str(self.engine.eval("set.css()"))


def unwrapped(tex: str) -> str:
    r"""Sphinx puts split around whatever has lines, aligned too, which splits by itself."""
    inner = re.fullmatch(
        r"(?s)\\begin\{split\}(\\begin\{aligned\}.*\\end\{aligned\})\\end\{split\}", tex
    )
    return inner[1] if inner else tex


def set_page(page: str, typeset: Typesetter) -> str:
    def inline(found: re.Match) -> str:
        return found["open"] + with_source(found["tex"], False, typeset) + "</span>"

    def display(found: re.Match) -> str:
        return found["open"] + with_source(found["tex"], True, typeset) + "</div>"

    marked = r'<span class="math notranslate nohighlight">\\(\1\\)</span>'
    page = VERBATIM.sub(lambda found: DOLLARS.sub(marked, found[0]), page)
    return INLINE.sub(inline, DISPLAY.sub(display, page))


def with_source(escaped: str, display: bool, typeset: Typesetter) -> str:
    """The formula, and its TeX for who copies it."""
    tex = html.unescape(escaped).strip()
    source = html.escape(unwrapped(tex), quote=True)
    return typeset(tex, display).replace(
        "<mjx-container ", f'<mjx-container data-tex="{source}" ', 1
    )


def set_all(app, error) -> None:
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    macros = app.config.mathjax3_config["tex"]["macros"]
    typeset = Typesetter(macros)
    for path in sorted(site.rglob("*.html")):
        if path.relative_to(site).parts[0] in ("_static", "_sources"):
            continue
        old = path.read_text(encoding="utf-8")
        new = set_page(old, typeset)
        if new != old:
            up = "../" * (len(path.relative_to(site).parts) - 1)
            new = new.replace("</head>", LINK.format(up=up), 1)
        new = SCRIPT.sub("", new)
        if new != old:
            path.write_text(new, encoding="utf-8")
    (site / "_static" / SHEET).write_text(typeset.sheet(), encoding="utf-8")


def setup(app):
    # after the pages are written and repaired, before what reads the finished ones
    app.connect("build-finished", set_all, priority=920)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
