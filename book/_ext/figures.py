"""Figures with a number and a caption can be seen larger (reader/figures.js)."""

from __future__ import annotations


def load_script(app, pagename, templatename, context, doctree):
    """Added while a page is written, the file is for that page alone."""
    if "<figcaption>" in context.get("body", ""):
        app.add_js_file("reader/figures.js", loading_method="defer")


def setup(app):
    app.connect("html-page-context", load_script, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
