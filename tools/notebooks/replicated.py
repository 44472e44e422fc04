"""What a reader is told of a measurement's repetition on fresh seeds.

The rows are those of book/seeds.json (seeds.py writes them). The claim's box, the
ledger and the portable copies all say it with the words of this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEASURED = "observation"  # the kind of claim that has a row
Row = Mapping[str, Any]


def said(row: Row | None) -> str:
    """On how many seeds the check held, as one clause."""
    if row is None:
        return "not run on fresh seeds yet"
    if row.get("deterministic"):
        return "draws nothing: one run"
    return f"held on {row['held']} of {row['of']} fresh seeds"


def told(row: Row | None) -> str:
    """The same, and by which rule, where the row has one."""
    protocol = (row or {}).get("protocol", "")
    return f"{said(row)} ({protocol})" if protocol else said(row)


def standing(row: Row | None) -> str:
    """One word of four, to choose claims by: none, fixed, all or some."""
    if row is None:
        return "none"
    if row.get("deterministic"):
        return "fixed"
    return "all" if row["held"] == row["of"] else "some"
