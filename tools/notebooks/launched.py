"""Run copies of the notebooks as a reader would: in an empty folder, with what is installed.

    python tools/notebooks/launched.py COPIES [NAME ...]

With Colab's versions, say (`make platforms NOX="-s launched"`). Nothing of the
repository is on the path. A full copy must print what it printed when it was
stored; a student's copy, in which outputs of answers are missing, must run.
Figures are not compared: another Matplotlib draws other pixels.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError


def said(cell: nbformat.NotebookNode) -> str:
    """What a cell printed and glued."""
    return "".join(
        output.get("text", "") or output.get("data", {}).get(GLUE, "") for output in cell.outputs
    )


ANSI = re.compile(r"\x1b\[[0-9;]*m")
GLUE = "application/papermill.record/text/plain"


def problems(path: Path) -> list[str]:
    stored = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            fresh,
            timeout=300,
            kernel_name="python3",
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError) as error:
            return [ANSI.sub("", str(error))[-2000:]]
    found = []
    for old, new in zip(stored.cells, fresh.cells, strict=True):
        if old.cell_type != "code" or old.execution_count is None:
            continue  # added by the copy, or emptied in it
        if said(old) != said(new):
            found.append(f"cell {old.id}: printed {said(old)!r}, now {said(new)!r}")
    return found


def main() -> int:
    folder, *names = sys.argv[1:]
    paths = [p for p in sorted(Path(folder).glob("*.ipynb")) if not names or p.stem in names]
    if not paths:
        print(f"no notebooks in {folder}", file=sys.stderr)
        return 2
    good = True
    for path in paths:
        found = problems(path)
        good &= not found
        print(f"{path.name}: {'as stored' if not found else 'DIFFERS'}", flush=True)
        for line in found:
            print(f"  {line}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
