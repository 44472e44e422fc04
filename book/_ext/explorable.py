"""``{explorable} name``: a figure that answers to the reader, on the page itself.

The body is one sentence on what to try.  What the figure opens with is part of
the page, as text drawn beforehand (stills/, made by tools/site/lab_stills.py from
the scripts themselves), so that it stands where scripts do not run, in print,
and until they do.  The scripts, book/_static/lab/, are loaded by the pages
that need them and by no other.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

STILLS = Path(__file__).with_name("stills")
SHARED = ("rules", "plot")  # page.js, which brings all to life, comes last
NO_SCRIPT = "Shown is the setting it opens with; to change it the page needs JavaScript."


def names() -> list[str]:
    """The explorables there are."""
    return sorted(path.stem for path in STILLS.glob("*.html"))


class Explorable(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if name not in names():
            raise self.error(f"no explorable {name!r}; there are {', '.join(names())}")
        still = STILLS / f"{name}.html"
        self.env.note_dependency(str(still))
        view = still.read_text(encoding="utf-8")
        title = re.search(r"<!-- (.*) -->\n", view)[1]
        view = view.split("\n", 1)[1]
        head = f'<p class="lab-title" id="lab-{name}-title">{title}</p>'
        begin = (
            f'<div class="lab" id="lab-{name}" data-lab="{name}" role="group"'
            f' aria-labelledby="lab-{name}-title">{head}'
        )
        end = f'<div class="lab-view">{view}</div><noscript><p>{NO_SCRIPT}</p></noscript></div>'
        hint = nodes.container("", classes=["lab-hint"])
        self.state.nested_parse(self.content, self.content_offset, hint)
        # Elsewhere than in HTML, what the figure says instead of the figure.
        said = re.sub(r"<[^>]+>", "", view[view.index('<p class="lab-text">') :]).strip()
        instead = addnodes.only("", expr="not html")
        instead += nodes.paragraph("", f"{title}. {said}")
        return [
            nodes.raw("", begin, format="html"),
            hint,
            nodes.raw("", end, format="html"),
            instead,
        ]


def load_scripts(app, pagename, templatename, context, doctree):
    """Added while a page is written, files are for that page alone."""
    found = re.findall(r'data-lab="([\w-]+)"', context.get("body", ""))
    if found:
        app.add_css_file("lab/lab.css")
        # one script may hold a family, sitting-zigzag and sitting-average
        scripts = dict.fromkeys(name.split("-")[0] for name in found)
        for script in (*SHARED, *scripts, "page"):
            # classic scripts, in order: modules do not load from file://
            app.add_js_file(f"lab/{script}.js", loading_method="defer")


def setup(app):
    app.add_directive("explorable", Explorable)
    app.connect("html-page-context", load_scripts, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
