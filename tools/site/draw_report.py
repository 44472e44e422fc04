"""The picture of a diagnosis on the page "Is this an Adam?".

    python -m tools.site.draw_report

writes book/_static/report.svg. The page's test draws it again and compares.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from adam_lib.conformance.adapters import separately
from adam_lib.conformance.diagnose import diagnose

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "book/conformance.md"
SVG = ROOT / "book/_static/report.svg"
COMMAND = "$ python -m adam_lib.conformance my_adam.py:MyAdam --as separately"
# What the numbers in the picture's margin point at, by how the line begins.
MARKS = [
    r"not ",
    r"  \S.*power is missing",
    r"      - ",
    r"  sure: ",
    r"  first seen",
    r"  fails ",
]
LINES, HEIGHT, LEFT = 14, 19, 40


def example() -> Any:
    """The class that the page shows, from the page."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"```python\n(import numpy.*?class MyAdam.*?)```", text, re.DOTALL)
    assert found, "the page has no class MyAdam"
    space: dict[str, Any] = {}
    exec(found.group(1), space)
    return space["MyAdam"]


def report() -> str:
    """What the diagnosis says of it."""
    return str(diagnose(separately(example())))


def svg(text: str) -> str:
    """The first lines of a report, numbered where :data:`MARKS` say."""
    lines = [COMMAND, "", *text.splitlines()]
    lines = [*lines[:LINES], "  ..."] if len(lines) > LINES else lines
    height = HEIGHT * len(lines) + 24
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" '
        'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12">',
        f'<rect width="760" height="{height}" rx="6" fill="#f6f8fa" stroke="#c8ccd1"/>',
    ]
    marks = list(enumerate(MARKS, 1))
    for i, line in enumerate(lines):
        y = 26 + HEIGHT * i
        colour = "#1f2328"
        if re.match(r" {6}[-+] ", line):
            colour = "#b3261e" if line.strip().startswith("-") else "#1a6b2f"
        if marks and re.match(marks[0][1], line):
            n = marks.pop(0)[0]
            out.append(f'<circle cx="22" cy="{y - 4}" r="9" fill="#0b57d0"/>')
            out.append(f'<text x="22" y="{y}" fill="#fff" text-anchor="middle">{n}</text>')
        out.append(
            f'<text x="{LEFT}" y="{y}" fill="{colour}" xml:space="preserve">{escape(line)}</text>'
        )
    assert not marks, f"no line begins with {marks[0][1]!r}"
    return "\n".join([*out, "</svg>", ""])


if __name__ == "__main__":
    SVG.write_text(svg(report()), encoding="utf-8")
