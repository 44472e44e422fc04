"""The figures of the book as files, for slides and handouts.

    python -m tools.notebooks.figures OUT                 every chapter, PNG, as stored
    python -m tools.notebooks.figures OUT --only 06 --svg one chapter, run again, as SVG

A file is named as its figure is (fig-06-distance.png). Beside them, captions.csv
says for each: the page, the caption, and the alternative text for whoever cannot
see it. PNGs are the stored ones, so nothing is run for them.
"""

from __future__ import annotations

import argparse
import base64
import csv
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tools.notebooks import parser

VECTOR = (
    "from matplotlib_inline.backend_inline import set_matplotlib_formats\n"
    'set_matplotlib_formats("svg")'
)


def named(cell: parser.Cell) -> dict[str, str] | None:
    """Name, caption and alternative text of the cell's figure, if it has a name."""
    shown = cell.metadata.get("mystnb", {})
    figure = shown.get("figure", {})
    if "name" not in figure:
        return None
    return {
        "figure": figure["name"],
        "caption": figure.get("caption", ""),
        "alt": shown.get("image", {}).get("alt", ""),
    }


def run_as_svg(path: Path) -> dict[str, str]:
    """The SVG of each cell of a notebook, by the cell's id, after a run."""
    nb = nbformat.read(path, as_version=4)
    nb.cells.insert(0, nbformat.v4.new_code_cell(VECTOR))
    with parser.kernel_environment():
        NotebookClient(
            nb, timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}}
        ).execute()
    found = {}
    for cell in nb.cells:
        for output in cell.get("outputs", ()):
            if "image/svg+xml" in output.get("data", {}):
                found[cell.id] = output["data"]["image/svg+xml"]
    return found


def stored_png(cell: parser.Cell) -> bytes | None:
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            return base64.b64decode(parser.joined(output["data"]["image/png"]))
    return None


def write(out: Path, pages: list[parser.Page], svg: bool) -> list[dict[str, str]]:
    """Write the figures of ``pages`` to ``out``; what was written, a row each."""
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for page in pages:
        cells = [(cell, about) for cell in page.code_cells if (about := named(cell))]
        if not cells:
            continue
        vectors = run_as_svg(page.path) if svg else {}
        for cell, about in cells:
            content = vectors[cell.id].encode() if svg else stored_png(cell)
            if content is None:
                raise ValueError(f"{page.where(cell)} has no stored figure: make notebooks")
            name = f"{about['figure']}.{'svg' if svg else 'png'}"
            (out / name).write_bytes(content)
            rows.append({"file": name, "page": page.title, **about})
    with (out / "captions.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["file", "page", "figure", "caption", "alt"])
        table.writeheader()
        table.writerows(rows)
    return rows


def main(argv: list[str] | None = None) -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("out", type=Path, help="the folder to write to")
    arguments.add_argument("--only", metavar="NAME", help="the pages whose names start so: 06")
    arguments.add_argument("--svg", action="store_true", help="run the notebooks, and write SVG")
    given = arguments.parse_args(argv)
    pages = [page for page in parser.pages() if page.is_notebook]
    if given.only:
        pages = [page for page in pages if page.name.startswith(given.only)]
        if not pages:
            arguments.error(f"--only must be the beginning of a page's name, got {given.only!r}")
    rows = write(given.out, pages, given.svg)
    print(f"{len(rows)} figures and captions.csv are in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
