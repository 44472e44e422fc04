"""The slice of a claim: its check cell, and the earlier cells that it may depend on.

Nothing is executed.  A slice holds rather too much than too little (needed.py), and
tools/notebooks/seeds.py runs it by itself to see that it prints what is stored.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from tools.notebooks.needed import needed
from tools.notebooks.parser import Cell, Claim, Page

# Before the run it was decided how often, on what and by which rule.
PROTOCOL = re.compile(r"(?m)^# protocol:[ \t]*(.*(?:\n#(?! protocol:)[ \t]*\S.*)*)")


@dataclass(frozen=True)
class Slice:
    """What is run to check one claim, in order; the last cell is the check."""

    claim: Claim
    cells: tuple[Cell, ...]

    @property
    def hash(self) -> str:
        """Of the code: a comment or an empty line more is the same slice."""
        lines = [
            line.rstrip()
            for cell in self.cells
            for line in cell.source.splitlines()
            if line.strip() and not line.lstrip().startswith("#")
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]

    @property
    def protocol(self) -> str:
        """What the cells say of it, in lines that start with ``# protocol:``."""
        found = [m for cell in self.cells for m in PROTOCOL.findall(cell.source)]
        said = (re.sub(r"\s*\n#\s*", " ", text).strip() for text in found)
        return " ".join(dict.fromkeys(said))  # two cells may say the same


def slices(page: Page) -> dict[str, Slice]:
    """The slice of every claim of a page that has a check cell, by label."""
    cells = [c for c in page.code_cells if c.source.strip()]
    sources = [c.source for c in cells]
    claims = {claim.label: claim for claim in page.claims}
    found = {}
    for label, check in page.checks:
        if label in claims and check in cells:
            target = cells.index(check)
            kept = [*needed(sources, target, wary=True), target]
            found[label] = Slice(claims[label], tuple(cells[i] for i in kept))
    return found
