"""What the built site calls things: "Theorem 6.1" for claim-06-first-moment, and where it is.

The portable copies (copies.py) must carry the site's own numbers, which Sphinx
gives out while it builds; so they are read from the built pages.
"""

from __future__ import annotations

import codecs
import html
import re
from dataclasses import dataclass, field
from pathlib import Path

import latexcodec  # noqa: F401  (the codec by its name)
from pybtex.database import Entry, parse_file

# An element with an id, then the number it is shown under.
BOX = re.compile(
    r'id="(?P<id>[\w-]+)"(?:(?!\sid=").)*?<span class="caption-number">(?P<number>[^<]+)</span>',
    re.DOTALL,
)
EQUATION = re.compile(r'id="equation-(?P<id>[\w-]+)">\s*<span class="eqno">\((?P<number>[\d.]+)\)')
ANY_ID = re.compile(r'\sid="([\w-]+)"')


@dataclass(frozen=True)
class Place:
    """A label's text, and its page and anchor on the site."""

    text: str
    url: str


@dataclass
class Numbers:
    """Every label of the book by name; addresses are relative to the site's root."""

    places: dict[str, Place] = field(default_factory=dict)
    cited: dict[str, str] = field(default_factory=dict)  # key -> "Kingma and Ba (2015)"

    def __getitem__(self, label: str) -> Place:
        # docutils writes ids in lower case
        for name in (label, label.lower()):
            if name in self.places:
                return self.places[name]
        raise KeyError(f"{label} has no number on the built site: build the book again")


def read_site(site: Path, bibliography: Path) -> Numbers:
    """Numbers and anchors of all built pages, and how each reference is cited."""
    found = Numbers()
    pages = sorted((site / "book").glob("*.html"))
    if not pages:
        raise FileNotFoundError(f"{site} holds no built book: run `make book` first")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        address = f"book/{page.name}"
        for match in EQUATION.finditer(text):
            label = match["id"]
            found.places[label] = Place(f"({match['number']})", f"{address}#equation-{label}")
        for match in BOX.finditer(text):
            number = html.unescape(match["number"]).strip()
            found.places[match["id"]] = Place(number, f"{address}#{match['id']}")
        for name in ANY_ID.findall(text):
            found.places.setdefault(name, Place("", f"{address}#{name}"))
    for key, entry in parse_file(str(bibliography)).entries.items():
        found.cited[key] = f"{authors(entry)} ({entry.fields.get('year', 'undated')})"
    return found


def authors(entry: Entry) -> str:
    """Kingma and Ba; three and more are the first "et al."."""
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [plain(" ".join([*p.prelast_names, *p.last_names])) for p in people]
    if not names:
        return plain(entry.fields.get("organization") or entry.fields.get("title", "Anonymous"))
    return f"{names[0]} et al." if len(names) > 2 else " and ".join(names)


def plain(latex: str) -> str:
    """A name without TeX: L{\\'e}on Bottou."""
    return re.sub(r"[{}]", "", codecs.decode(latex, "ulatex")).strip()
