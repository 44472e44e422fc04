"""Copies of the notebooks for wherever people open them: JupyterLab, Colab, a class.

    python -m tools.notebooks.copies OUT [--student] [--commit SHA] [--force]

They read like the site without its builder: plain Markdown and formulas, the
site's numbers, links to its pages. The first cell finds adam_lib or says how to
get it. Full copies fold their solutions where the viewer can; in student copies
they are taken out, and nothing is answered. The built site is where the numbers
come from, so `make book` comes first (`make copies` does both).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import html
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools.notebooks import parser, seeds
from tools.notebooks.numbering import Numbers, read_site
from tools.notebooks.portable import Context, leftovers, plain, spans
from tools.site import address

ROOT = parser.ROOT
INSTALL = """\
# This book's library: found where it is installed, else fetched, once a session.
try:
    import adam_lib
except ModuleNotFoundError:
    try:
        %pip install --quiet "adam_lib[book,fused] @ git+{address}@{commit}"
        import adam_lib
    except ModuleNotFoundError:
        raise SystemExit(
            "adam_lib is not installed and could not be fetched: "
            'pip install "adam_lib[notebooks] @ git+{address}"'
        ) from None"""
STYLE = (
    "text{font:13px sans-serif;fill:#333}.lab-grid{stroke:#e3e3e3;fill:none}"
    ".lab-frame{stroke:#333;fill:none;stroke-width:.8}.lab-ring,.lab-grab{display:none}"
)


# ----------------------------------------------------------------- what pages refer to


def configuration(root: Path = ROOT) -> dict[str, Any]:
    return dict(yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8")))


def keys(root: Path = ROOT) -> dict[str, Mapping[str, Any]]:
    """The entries of the answer key, for what is asked and how."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted((root / "adam_lib/experiments/answers").glob("*.toml")):
        found.update(tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def stills(root: Path = ROOT) -> dict[str, str]:
    """Explorable -> its panels as images within the Markdown."""
    found = {}
    for path in sorted((root / "book/_ext/stills").glob("*.html")):
        text = path.read_text(encoding="utf-8")
        title = re.search(r"<!-- (.*?) -->", text)
        panels = re.findall(r'<svg viewBox="0 0 (\d+) (\d+)"(.*?)>(.*?</svg>)(?=\s*</div>)', text)
        images = [_image(html.unescape(title[1] if title else path.stem), *p) for p in panels[:3]]
        found[path.stem] = " ".join(images)
    return found


def _image(title: str, width: str, height: str, attributes: str, body: str) -> str:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{int(1.4 * int(width))}"><style>{STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{body}'
    )
    data = base64.b64encode(html.unescape(svg).encode()).decode()
    return f"![{title}](data:image/svg+xml;base64,{data})"


def glued(page: parser.Page) -> dict[str, str]:
    """Glue key -> the text that its cell stored, without the quotes of a string."""
    found = {}
    for cell in page.code_cells:
        for output in cell.outputs:
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            data = output.get("data", {}).get("application/papermill.record/text/plain")
            if name and data is not None:
                text = "".join(data)
                found[name] = text[1:-1] if text[:1] in "'\"" and len(text) > 1 else text
    return found


# ----------------------------------------------------------------------- the notebook

SOLUTION = re.compile(r"(?m)^`{3,}\{solution-(start|end)\}[^\n]*\n(?:[^\n]*\n)*?`{3,}[ ]*$")
EXERCISE_CELL = re.compile(r"^answer = \.\.\.")
FOLDED = {"jupyter": {"source_hidden": True}}


def converted(nb: nbformat.NotebookNode, context: Context, student: bool, install: str) -> Any:
    """The copy; cells keep their ids, so that an output can be traced to its source."""
    new = nbformat.v4.new_notebook(metadata={**nb.metadata, "colab": {"collapsed_sections": []}})
    site = f"{context.address}book/{context.page}.html"
    note = f"*This notebook is a copy of a page of [Adam, derived]({site}), where it reads best.*"
    folded: list[str] = new.metadata["colab"]["collapsed_sections"]
    new.cells.append(new_markdown_cell(note, id="copied-from"))
    new.cells.append(new_code_cell(install, id="find-adam-lib", metadata=FOLDED))
    inside = False  # a solution, which spans cells
    for cell in nb.cells:
        if cell.cell_type == "code":
            if not (inside and student):
                _add_code(new, cell, context, student)
            continue
        for gate, text in _pieces(cell.source):
            inside = gate == "start" if gate else inside
            if gate == "start" and not student:
                folded.append(_add_markdown(new, cell.id, "#### Solution"))
                new.cells[-1].metadata["jp-MarkdownHeadingCollapsed"] = True
            if text.strip() and not (inside and student):
                _add_markdown(new, cell.id, plain(text, context))
    return new


def _pieces(source: str) -> Iterator[tuple[str, str]]:
    """The text up to the first gate of a solution, then each gate with what follows it."""
    gate, at = "", 0
    for found in SOLUTION.finditer(source):
        yield gate, source[at : found.start()]
        gate, at = found[1], found.end()
    yield gate, source[at:]


def _add_markdown(new: nbformat.NotebookNode, cell_id: str, text: str) -> str:
    """A cell more, under the id of the cell it comes from, or the next free one."""
    used = {cell.id for cell in new.cells}
    names = (cell_id, *(f"{cell_id}-{n}" for n in range(2, 100)))
    name = next(name for name in names if name not in used)
    new.cells.append(new_markdown_cell(text, id=name))
    return str(name)


def _add_code(
    new: nbformat.NotebookNode, cell: nbformat.NotebookNode, context: Context, student: bool
) -> None:
    """Outputs stay as they were run; what the site folds is folded where a viewer can."""
    copy = nbformat.from_dict({**cell, "metadata": {}})
    reader = EXERCISE_CELL.match(cell.source)
    if "teaches" not in cell.metadata.get("tags", []) and not reader:
        copy.metadata = nbformat.from_dict(FOLDED)
    if student and reader:
        copy.outputs, copy.execution_count = [], None
    new.cells.append(copy)
    figure = cell.metadata.get("mystnb", {}).get("figure", {})
    if caption := figure.get("caption"):
        number = context.numbers[figure["name"]].text
        _add_markdown(new, cell.id, f"*{number}:* {spans(caption, context)}")


# --------------------------------------------------------------------------- the tool


def problems(nb: nbformat.NotebookNode, macros: Mapping[str, Any]) -> list[str]:
    """What of a copy a viewer would show raw."""
    return [
        f"cell {i + 1} (id {cell.id}): {what}"
        for i, cell in enumerate(nb.cells)
        if cell.cell_type == "markdown"
        for what in leftovers(cell.source, macros)
    ]


def make(root: Path, site: Path, commit: str, student: bool) -> dict[str, Any]:
    """File name -> copy, of every notebook of the book."""
    config = configuration(root)
    repository = address.repository(root / "_config.yml")
    macros = config["sphinx"]["config"]["mathjax3_config"]["tex"]["macros"]
    numbers: Numbers = read_site(site, root / "book/references.bib")
    rows = seeds.read_table(root / "book" / seeds.TABLE.name)
    shared = {"keys": keys(root), "stills": stills(root), "rows": rows}
    install = INSTALL.format(address=repository, commit=commit)
    made = {}
    for path in parser.notebook_paths(root / "book"):
        page = parser.read(path)
        context = Context(
            page.name, address.site(repository), numbers, macros, glued(page), **shared
        )
        try:
            copy = converted(nbformat.read(path, as_version=4), context, student, install)
        except (KeyError, ValueError) as error:
            raise ValueError(f"book/{path.name}: {error}") from error
        if found := problems(copy, macros):
            raise ValueError(f"book/{path.name} has no plain form yet: " + "; ".join(found))
        nbformat.validate(copy)
        made[path.name] = copy
    return made


def write(out: Path, copies: Mapping[str, Any], force: bool = False) -> tuple[list[str], list[str]]:
    """Write the copies; a file that a reader has changed is left alone, unless forced.

    Returns the names written and the names left. ``.copies.json`` in the folder
    remembers what each file was when it was written.
    """
    out.mkdir(parents=True, exist_ok=True)
    memory = out / ".copies.json"
    before = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else {}
    written, kept = [], []
    for name, copy in copies.items():
        path, text = out / name, nbformat.writes(copy) + "\n"
        same = path.exists() and digest(path.read_text(encoding="utf-8")) == before.get(name)
        if path.exists() and not (same or force):
            kept.append(name)
            continue
        path.write_text(text, encoding="utf-8", newline="\n")
        before[name] = digest(text)
        written.append(name)
        memory.write_text(json.dumps(before, indent=1), encoding="utf-8")
    return written, kept


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("out", type=Path)
    options.add_argument("--student", action="store_true", help="without solutions")
    options.add_argument("--commit", default="main", help="what the copies install")
    options.add_argument("--force", action="store_true", help="replace changed files too")
    options.add_argument("--site", type=Path, default=ROOT / "_build/html")
    given = options.parse_args(argv)
    try:
        copies = make(ROOT, given.site, given.commit, given.student)
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    written, kept = write(given.out, copies, given.force)
    print(f"{len(written)} notebooks written to {given.out}")
    if kept:
        print(f"left as you changed them (--force replaces them): {', '.join(kept)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
