"""Every chapter as notebooks that read like its page, behind the page's own buttons.

The source of a page is MyST, which other viewers show raw. tools/notebooks/copies.py
makes two plain copies of each, full and for students; they lie in the site's
notebooks/, and Colab and Binder open the same from the branch ``launch``.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
from sphinx.errors import ExtensionError

from tools.notebooks import copies

DOWNLOAD = re.compile(
    r'(<li><a href=")[^"]*_sources/book/(?P<name>[\w-]+\.ipynb)"(?P<rest>.*?</a>\s*</li>)',
    re.DOTALL,
)
BINDER = re.compile(r'(href="https://mybinder\.org/v2/gh/[^/]+/[^/]+/)[^/?]+(\?urlpath=)')
COLAB = re.compile(r'(href="https://colab\.research\.google\.com/github/[^/]+/[^/]+/blob/)[^/]+/')


def buttons(page: str) -> str:
    """A page whose buttons lead to the copies."""

    def both(found: re.Match) -> str:
        name, rest = found["name"], found["rest"]
        full = f'<li><a href="../notebooks/full/{name}"{rest}'
        student = full.replace("/full/", "/student/").replace(
            ">.ipynb<", ">.ipynb, without solutions<"
        )
        full = full.replace("Download source file", "Download the notebook")
        student = student.replace("Download source file", "Download it without solutions")
        return f"{full}\n{student}"

    page = DOWNLOAD.sub(both, page)
    return BINDER.sub(r"\1launch\2", COLAB.sub(r"\1launch/", page))


def write_copies(app, error) -> None:
    if error is not None or app.builder.format != "html":
        return
    site, root = Path(app.outdir), Path(app.srcdir)
    shutil.rmtree(site / "notebooks", ignore_errors=True)
    for kind in ("full", "student"):
        folder = site / "notebooks" / kind
        folder.mkdir(parents=True)
        try:
            made = copies.make(root, site, "main", kind == "student")
        except ValueError as problem:
            raise ExtensionError(f"notebooks: {problem}") from problem
        for name, copy in made.items():
            text = nbformat.writes(copy) + "\n"
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    for page in site.glob("book/*.html"):
        old = page.read_text(encoding="utf-8")
        new = buttons(old)
        if new != old:
            page.write_text(new, encoding="utf-8")


def setup(app):
    # after every other change of the written pages
    app.connect("build-finished", write_copies, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
