"""Write copies of the notebooks whose first cell finds or installs adam_lib.

    python tools/notebooks/copies.py OUT [--commit SHA]

For Colab, where the library is not installed.  The publishing workflow puts the
copies on the branch that the book's Colab buttons name; the notebooks in book/
stay as they were run.  The address is the one in _config.yml.
"""

from __future__ import annotations

import argparse
import copy
import shutil
from pathlib import Path

import nbformat
import yaml
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).resolve().parents[2]
CELL = """\
# Colab does not have this book's library: installed once a session.
try:
    import adam_lib
except ModuleNotFoundError:
    %pip install --quiet "adam_lib[book,fused] @ git+{address}@{commit}\""""


def first_cell(address: str, commit: str) -> str:
    return CELL.format(address=address, commit=commit)


def launched(nb: nbformat.NotebookNode, source: str) -> nbformat.NotebookNode:
    """The notebook with one more cell, before its first code cell."""
    new = copy.deepcopy(nb)
    at = next(i for i, cell in enumerate(new.cells) if cell.cell_type == "code")
    new.cells.insert(at, new_code_cell(source, id="install-adam-lib"))
    return new


def write(out: Path, commit: str, root: Path = ROOT) -> list[Path]:
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    source = first_cell(config["repository"]["url"].rstrip("/"), commit)
    (out / "book").mkdir(parents=True, exist_ok=True)
    written = []
    for path in sorted((root / "book").glob("*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        if not any(cell.cell_type == "code" for cell in nb.cells):
            shutil.copy(path, out / "book")
            continue
        written.append(out / "book" / path.name)
        nbformat.write(launched(nb, source), written[-1])
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--commit", default="main", help="what the copies install")
    args = parser.parse_args()
    for path in write(args.out, args.commit):
        print(path)


if __name__ == "__main__":
    main()
