"""The book's own Sphinx extension: cleaner pages.

Jupyter Book's theme is used as it is but for what would break a promise of
this book: a page asks no other host for anything, logs no error in the
browser's console, and passes an accessibility check.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)


# ------------------------------------------------------------- cleaner documents


def unique_ids(app, doctree):
    """sphinx-proof and sphinx-exercise give every box's content the same id."""
    shared = {"proof", "proof-content", "exercise-content", "solution-content"}
    number = 0
    for node in doctree.findall(nodes.Element):
        for i in shared & set(node.get("ids", ())):
            number += 1
            node["ids"] = [f"{i}-{number}" if i == j else j for j in node["ids"]]


def resolve_library_name(app, env, node, contnode):
    """A docstring names what its module imports; Sphinx wants the full name."""
    if node.get("refdomain") != "py":
        return None
    domain, target = env.get_domain("py"), node["reftarget"]
    full = [n for n in domain.objects if n.rpartition(".")[2] == target]
    if len(full) != 1 or not full[0].startswith("adam_lib."):
        return None
    refdoc = node.get("refdoc", env.docname)
    return domain.resolve_xref(env, refdoc, app.builder, "obj", full[0], node, contnode)


def skip_fields(app, what, name, obj, skip, options):
    """A named tuple's fields: its own docstring says what they are."""
    return True if str(getattr(obj, "__doc__", "")).startswith("Alias for field") else None


# ----------------------------------------------------------------- cleaner pages


def _source(entry) -> str:
    return str(getattr(entry, "filename", entry) or "")


def _inline(entry) -> str:
    return str(getattr(entry, "attributes", {}).get("body", ""))


THEBE = re.compile(
    r'<script type="text/x-thebe-config">.*?</script>\s*'
    r"<script>kernelName = [^<]*</script>",
    re.DOTALL,
)


def drop_thebe(app, pagename, templatename, context, doctree):
    """Jupyter Book loads Thebe on every page, twice; this book does not use it."""
    context["body"] = THEBE.sub("", context.get("body", ""))
    context["script_files"] = [
        f
        for f in context.get("script_files", [])
        if "sphinx-thebe" not in _source(f) and "THEBE_JS_URL" not in _inline(f)
    ]
    context["css_files"] = [
        f for f in context.get("css_files", []) if "sphinx-thebe" not in _source(f)
    ]


# A formula in a line, with the bracket before it and the punctuation behind it.
INLINE_MATH = re.compile(
    r'([(\[“]*)(<span class="math notranslate nohighlight">\\\(.*?\\\)</span>)([,.;:!?)\]”’]*)',
    re.DOTALL,
)


def keep_punctuation(app, pagename, templatename, context, doctree):
    """To a browser a formula is a box, after which a line may end: before the comma, too."""

    def together(found: re.Match) -> str:
        before, _, after = found.groups()
        return f'<span class="unbroken">{found[0]}</span>' if before or after else found[0]

    context["body"] = INLINE_MATH.sub(together, context.get("body", ""))


# What a reader would trip over in the theme's own markup (most of it found by
# axe-core), and what settles each.
ACCESSIBLE = [
    # the logo of the sidebar stands outside any landmark
    (
        '<div id="pst-primary-sidebar" class="bd-sidebar-primary bd-sidebar">',
        '<div id="pst-primary-sidebar" class="bd-sidebar-primary bd-sidebar"'
        ' role="complementary" aria-label="Site">',
    ),
    (
        '<dialog id="pst-primary-sidebar-modal"></dialog>',
        '<dialog id="pst-primary-sidebar-modal" aria-label="Site navigation"></dialog>',
    ),
    # a button's accessible name must contain the text it shows
    (
        'search-button__button pst-js-only" title="Search" aria-label="Search"',
        'search-button__button pst-js-only" title="Search" aria-label="Search Ctrl+K"',
    ),
    # and so must that of a fold, which says "Show code cell source"
    ('<summary aria-label="Toggle hidden content">', "<summary>"),
    # without scripts there is no "auto": the theme's colours would not be set at all
    (' data-theme="auto">', ' data-theme="light">'),
    # Sphinx's list of references: a list's children must be list items
    ('role="doc-biblioentry"', 'role="listitem"'),
]


# Where storage is denied (cookies blocked, a sandboxed frame), reading localStorage throws,
# and search, theme switch and the phone's menu would be dead: a stand-in that forgets.
STORAGE = """<script>
    for (const name of ["localStorage", "sessionStorage"]) try { window[name].length; } catch {
      const kept = new Map();
      Object.defineProperty(window, name, { configurable: true, value: {
        getItem: (key) => kept.get(String(key)) ?? null, key: (i) => [...kept.keys()][i] ?? null,
        setItem: (key, value) => void kept.set(String(key), String(value)),
        removeItem: (key) => void kept.delete(String(key)), clear: () => kept.clear(),
        get length() { return kept.size; },
      } });
    }
  </script>
  """
FIRST_SCRIPT = '<script data-cfasync="false">'


# Icons come from the web font; the same icons as a script weigh 1.5 MB.
ICON_SCRIPT = re.compile(r"\s*<script[^>]*scripts/fontawesome\.js[^>]*></script>")


# A table's empty corner is no heading of anything.
EMPTY_HEADING = re.compile(r'<th class="head">\s*(?:<p>\s*</p>)?\s*</th>')


# The text cites authors and years; a list with labels of its own ([KB15]) names nothing.
LABEL = re.compile(
    r'(<div class="citation"[^>]*>\s*)<span class="label">.*?</span></span>\s*', re.DOTALL
)


# A notebook is saved, not shown as text, also from file://.
DOWNLOAD = re.compile(r'(<a href="[^"]*_sources/[^"]*\.(?:ipynb|md)") target="_blank"')


def finish_pages(app, error):
    """What no hook of the theme reaches is changed in the written pages."""
    if error is not None or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        old = page.read_text(encoding="utf-8")
        new = ICON_SCRIPT.sub("", old)
        if STORAGE not in new:
            new = new.replace(FIRST_SCRIPT, STORAGE + FIRST_SCRIPT, 1)
        new = DOWNLOAD.sub(r"\1 download", new)
        new = LABEL.sub(r"\1", new)
        new = EMPTY_HEADING.sub('<td class="head"></td>', new)
        for found, better in ACCESSIBLE:
            new = new.replace(found, better)
        if new != old:
            page.write_text(new, encoding="utf-8")
    for script in Path(app.outdir).glob("_static/scripts/fontawesome.js*"):
        script.unlink()


def setup(app):
    app.connect("doctree-read", unique_ids)
    app.connect("autodoc-skip-member", skip_fields)
    app.connect("missing-reference", resolve_library_name)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", keep_punctuation)
    app.connect("build-finished", finish_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
