"""``{exercise-table}``: every exercise of the book with its level, time and form.

Level, minutes and form stand once, in the keys (adam_lib/experiments/answers); the
exercises in the notebooks. The table is written as Markdown before its page is
parsed, as the ledger is.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from answer_key import KEYS
from tools.notebooks import parser

DIRECTIVE = re.compile(r"(?m)^```\{exercise-table\}\n```$")
LEVELS = ("warm-up", "core", "deep")
FORMS = {"numbers": "several numbers", "code": "code, in the notebook"}


def exercises(page: parser.Page) -> list[tuple[str, dict]]:
    """The exercises of a chapter in order: label and key."""
    labels = [d.options["label"] for _, d in page.directives if d.name == "exercise"]
    path = KEYS / f"{page.number}.toml"
    keys = tomllib.loads(path.read_text(encoding="utf-8")) if labels else {}
    return [(label, keys[f"{int(page.number)}.{label.rpartition('-')[2]}"]) for label in labels]


def table(book: list[parser.Page]) -> str:
    found = [pair for page in book if page.number for pair in exercises(page)]
    lines = ["| exercise | level | minutes | answer |", "|---|---|---:|---|"]
    for label, key in found:
        _, chapter, k = label.split("-")
        form = FORMS.get(key["form"], key["form"])
        link = f"{{ref}}`{int(chapter)}.{k} <{label}>`"
        lines.append(f"| {link} | {key['level']} | {key['minutes']} | {form} |")
    keys = [key for _, key in found]
    sums = []
    for level in LEVELS:
        minutes = [key["minutes"] for key in keys if key["level"] == level]
        sums.append(f"{len(minutes)} {level} ({sum(minutes) / 60:.1f} h)")
    return f"In all {len(keys)}: {', '.join(sums)}.\n\n" + "\n".join(lines)


def write_table(app, docname, source):
    if not DIRECTIVE.search(source[0]):
        return
    book = [
        page
        for page in parser.pages(Path(app.srcdir) / "book")
        if f"book/{page.name}" in app.env.found_docs
    ]
    for page in book:
        app.env.note_dependency(str(page.path))
    source[0] = DIRECTIVE.sub(lambda _: table(book), source[0])


def setup(app):
    app.connect("source-read", write_table)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
