"""What the book's notebooks hold: cells, claims, checks, exercises, glue.

One parser for everyone who needs to know: the tests (tests/book/test_book.py), the
Sphinx extension that prints the ledger (book/_ext/ledger.py), nbval's
settings (book/conftest.py) and tools/notebooks/run.py.  Standard library only,
and nothing is executed.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"

CLAIM_PREFIX = "claim-"
CHECK_TAG = "check:"
# What sphinx-proof has besides claims.
NO_CLAIMS = {"prf:proof", "prf:definition", "prf:algorithm", "prf:assumption", "prf:axiom"}


def notebook_paths(book: Path = BOOK) -> list[Path]:
    """Every notebook of the book, in the order of their names."""
    return sorted(book.glob("*.ipynb"))


def page_paths(book: Path = BOOK) -> list[Path]:
    """Every page of the book: notebooks and Markdown files."""
    return sorted([*book.glob("*.ipynb"), *book.glob("*.md")])


# ------------------------------------------------------------------ environment


@contextlib.contextmanager
def kernel_environment() -> Iterator[None]:
    """The environment in which outputs are made, and in which they are checked.

    One thread: results of multi-threaded BLAS may depend on the machine.
    The reader's own Matplotlib style, backend and IPython start-up files must
    not reach the figures.
    """
    import matplotlib

    with tempfile.TemporaryDirectory(prefix="book-ipython-") as ipython:
        wanted: dict[str, str | None] = {
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
            "MPLBACKEND": None,
            "MATPLOTLIBRC": str(Path(matplotlib.get_data_path()) / "matplotlibrc"),
            "IPYTHONDIR": ipython,
        }
        before = {key: os.environ.get(key) for key in wanted}
        _set_environment(wanted)
        try:
            yield
        finally:
            _set_environment(before)


def _set_environment(values: dict[str, str | None]) -> None:
    for key, value in values.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value


# ------------------------------------------------------------------------ cells


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook, as stored."""

    index: int  # from 0, among all cells
    kind: str  # "code", "markdown" or "raw"
    code_number: int  # from 1, among code cells that hold code; else 0
    source: str
    id: str
    execution_count: int | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    outputs: tuple[dict[str, Any], ...] = ()

    @property
    def tags(self) -> list[str]:
        return list(self.metadata.get("tags", []))

    @property
    def place(self) -> str:
        number = f", code cell {self.code_number}" if self.code_number else ""
        return f"cell {self.index + 1}{number} (id {self.id})"

    @property
    def alt(self) -> str | None:
        """The alt text of the cell's figure, as myst-nb reads it."""
        image = self.metadata.get("mystnb", {}).get("image", {})
        return image.get("alt")

    @property
    def checks(self) -> list[str]:
        """Labels of the claims this cell is tagged to check."""
        return [tag.removeprefix(CHECK_TAG) for tag in self.tags if tag.startswith(CHECK_TAG)]

    def images(self) -> list[str]:
        """MIME types of the pictures among the outputs."""
        return [
            mime
            for output in self.outputs
            for mime in output.get("data", {})
            if mime.startswith("image/")
        ]

    def printed(self) -> str:
        """All that the cell wrote to stdout."""
        return "".join(joined(o.get("text", "")) for o in self.outputs if o.get("name") == "stdout")

    def shown(self) -> str:
        """All text among the outputs: what was printed, glued or displayed."""
        data = [
            joined(text)
            for output in self.outputs
            for mime, text in output.get("data", {}).items()
            if not mime.startswith("image/")
        ]
        return "\n".join([self.printed(), *data])


@dataclass(frozen=True)
class Directive:
    """A MyST directive found in Markdown."""

    name: str
    argument: str
    options: dict[str, str]
    body: str
    line: int  # from 1, in the cell or the file


@dataclass(frozen=True)
class Claim:
    """A labelled theorem, lemma, ... or measurement."""

    label: str
    kind: str  # "theorem", "observation", ...
    title: str
    statement: str  # as Markdown
    cell: int  # index of the cell it stands in
    where: str


@dataclass(frozen=True)
class Page:
    """A notebook or a Markdown page."""

    path: Path
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """The docname's last part: 06_bias_correction."""
        return self.path.stem

    @property
    def number(self) -> str:
        """The chapter's two digits, or nothing for a reference page."""
        found = re.match(r"(\d\d)_", self.path.name)
        return found[1] if found else ""

    @property
    def title(self) -> str:
        found = re.search(r"(?m)^# (.+)$", self.text)
        return found[1].strip() if found else self.name

    @property
    def is_notebook(self) -> bool:
        return self.path.suffix == ".ipynb"

    @functools.cached_property
    def code_cells(self) -> list[Cell]:
        return [c for c in self.cells if c.kind == "code"]

    @functools.cached_property
    def prose(self) -> list[Cell]:
        return [c for c in self.cells if c.kind == "markdown"]

    def where(self, cell: Cell) -> str:
        return f"book/{self.path.name}, {cell.place}"

    @functools.cached_property
    def directives(self) -> list[tuple[Cell, Directive]]:
        return [(c, d) for c in self.prose for d in directives(c.source)]

    @functools.cached_property
    def claims(self) -> list[Claim]:
        return [
            Claim(
                label=label,
                kind=d.name.removeprefix("prf:"),
                title=d.argument,
                statement=d.body,
                cell=cell.index,
                where=self.where(cell),
            )
            for cell, d in self.directives
            if d.name.startswith("prf:")
            and (label := d.options.get("label", "")).startswith(CLAIM_PREFIX)
        ]

    @functools.cached_property
    def checks(self) -> list[tuple[str, Cell]]:
        """(label, cell) of every check cell, in order."""
        return [(label, c) for c in self.code_cells for label in c.checks]

    @property
    def text(self) -> str:
        """All Markdown of the page."""
        return "\n\n".join(c.source for c in self.prose)

    @functools.cached_property
    def glued(self) -> dict[str, Cell]:
        """glue key -> the cell whose outputs define it."""
        return {
            o["metadata"]["scrapbook"]["name"]: c
            for c in self.code_cells
            for o in c.outputs
            if "scrapbook" in o.get("metadata", {})
        }


def joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


class Unreadable(ValueError):
    """A file that is no page, with its name and what it is instead."""


CONFLICT = re.compile(r"(?m)^\s*\"?(?:<{7}|>{7})(?: |$)")


def text_of(path: Path) -> str:
    """The file's text; what stands in it by accident is an error that names the file."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path} is not UTF-8: {error}") from error
    if text.startswith("\ufeff"):
        raise Unreadable(f"{path} starts with a byte order mark: save it as UTF-8 without one")
    if found := CONFLICT.search(text):
        line = text.count("\n", 0, found.end()) + 1
        raise Unreadable(f"{path}, line {line}: a merge conflict is not resolved")
    return text


def notebook(path: Path) -> dict[str, Any]:
    """A notebook's content, as it is stored."""
    text = text_of(path)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"{path} is no notebook: not JSON, {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        raise Unreadable(f"{path} is no notebook: it has no cells")
    return found


def merged(outputs: Iterable[dict[str, Any]]) -> list[Any]:
    """The outputs in their order, the pieces of a stream joined.

    How a cell's prints are split into messages depends on the clock. What is
    printed before a figure is not joined to what is printed after it; a number for
    the prose stands nowhere, and so between nothing.
    """
    found: list[Any] = []
    open_: dict[str, Any] = {}
    for output in outputs:
        if output["output_type"] != "stream":
            found.append(output)
            if "scrapbook" not in output.get("metadata", {}):
                open_.clear()
        elif (before := open_.get(output["name"])) is not None:
            before["text"] = joined(before["text"]) + joined(output["text"])
        else:
            open_[output["name"]] = copy.copy(output)
            found.append(open_[output["name"]])
    return found


def read(path: Path) -> Page:
    """Read one page; a Markdown file is a page of one cell."""
    if path.suffix != ".ipynb":
        return Page(path, (Cell(0, "markdown", 0, text_of(path), path.name),))
    cells, number = [], 0
    for index, raw in enumerate(notebook(path)["cells"]):
        source = joined(raw["source"])
        runs = raw["cell_type"] == "code" and bool(source.strip())
        number += runs
        cells.append(
            Cell(
                index=index,
                kind=raw["cell_type"],
                code_number=number if runs else 0,
                source=source,
                id=raw.get("id", ""),
                execution_count=raw.get("execution_count"),
                metadata=raw.get("metadata", {}),
                outputs=tuple(raw.get("outputs", [])),
            )
        )
    return Page(path, tuple(cells))


def pages(book: Path = BOOK) -> list[Page]:
    return [read(path) for path in page_paths(book)]


# --------------------------------------------------------------------- Markdown

FENCE = re.compile(r"^[ ]{0,3}(?P<fence>`{3,}|:{3,})\s*(?P<info>.*)$")
DIRECTIVE = re.compile(r"\{(?P<name>[\w:.+-]+)\}\s*(?P<argument>.*)")
OPTION = re.compile(r"^:(?P<key>[\w-]+):\s*(?P<value>.*)$")


def directives(text: str) -> list[Directive]:
    """The directives of a Markdown text, nested ones too."""
    found: list[Directive] = []
    _directives(text.split("\n"), 1, found)
    return found


def _directives(lines: list[str], first: int, found: list[Directive]) -> None:
    i = 0
    while i < len(lines):
        opening = FENCE.match(lines[i])
        if not opening:
            i += 1
            continue
        fence, info = opening["fence"], opening["info"].strip()
        end = _closing(lines, i, fence)
        end = len(lines) if end is None else end
        directive = DIRECTIVE.fullmatch(info)
        if directive:
            body, options, skip = lines[i + 1 : end], {}, 0
            for line in body:
                option = OPTION.match(line.strip())
                if not option:
                    break
                options[option["key"]] = option["value"].strip()
                skip += 1
            found.append(
                Directive(
                    directive["name"],
                    directive["argument"].strip(),
                    options,
                    "\n".join(body[skip:]).strip("\n"),
                    first + i,
                )
            )
            # What a {code-block} or a {math} shows is not Markdown.
            if directive["name"] not in LITERAL:
                _directives(body[skip:], first + i + 1 + skip, found)
        i = end + 1


def unclosed_fences(text: str) -> list[int]:
    """Lines (from 1) of fences that nothing closes, nested ones too.

    Usually an inner fence as long as the outer one, which ends it early.
    """
    return _unclosed(text.split("\n"), 1)


def _unclosed(lines: list[str], first: int) -> list[int]:
    found, i = [], 0
    while i < len(lines):
        opening = FENCE.match(lines[i])
        if not opening:
            i += 1
            continue
        fence, info = opening["fence"], opening["info"].strip()
        end = _closing(lines, i, fence)
        if end is None:
            return [*found, first + i]
        directive = DIRECTIVE.fullmatch(info)
        if directive and directive["name"] not in LITERAL:
            found += _unclosed(lines[i + 1 : end], first + i + 1)
        i = end + 1
    return found


def _closing(lines: list[str], opening: int, fence: str) -> int | None:
    """The line that closes a fence, if one does."""
    closing = re.compile(rf"^[ ]{{0,3}}{fence[0]}{{{len(fence)},}}\s*$")
    rest = range(opening + 1, len(lines))
    return next((j for j in rest if closing.match(lines[j])), None)


def strip_fences(text: str) -> str:
    """The text without its fenced blocks: what headings there are, say."""
    lines, kept, i = text.split("\n"), [], 0
    while i < len(lines):
        opening = FENCE.match(lines[i])
        if opening:
            end = _closing(lines, i, opening["fence"])
            i = len(lines) if end is None else end + 1
        else:
            kept.append(lines[i])
            i += 1
    return "\n".join(kept)


LITERAL = {"code", "code-block", "code-cell", "literalinclude", "math", "raw"}


def strip_code_and_math(text: str) -> str:
    """Prose alone: fenced code, literals, roles' targets and formulas gone."""
    text = re.sub(
        r"(?ms)^(`{3,})\{?(?:math|code|code-block|raw|python|bash|text|sh)\b.*?^\1\s*$",
        " ",
        text,
    )
    text = re.sub(r"(?s)\$\$.*?\$\$", " ", text)
    text = re.sub(r"(?s)\\begin\{(\w+\*?)\}.*?\\end\{\1\}", " ", text)
    text = re.sub(r"(?<![\\$])\$[^$]+?\$", " ", text)
    text = re.sub(r"\{[\w:]+\}`[^`]*`", " ", text)
    return re.sub(r"(?<!`)`[^`\n]+`(?!`)", " ", text)


CITATION = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
GLUE_ROLE = re.compile(r"\{glue:\w*\}`([^`:]+)(?::[^`]*)?`")


def citations(text: str) -> set[str]:
    """Keys cited by {cite}, {cite:t}, {cite:p}, ... roles."""
    return {key.strip() for keys in CITATION.findall(text) for key in keys.split(",")}


def glue_keys(text: str) -> set[str]:
    """Keys inserted by {glue:...} roles and directives."""
    named = {d.argument for d in directives(text) if d.name.startswith("glue:")}
    return named | {key.strip() for key in GLUE_ROLE.findall(text)}


def bibliography_keys(path: Path) -> list[str]:
    """Keys of a .bib file, in order."""
    return re.findall(
        r"(?m)^@(?!comment|string|preamble)\w+\{\s*([^,\s]+)\s*,",
        path.read_text(encoding="utf-8"),
    )


# ------------------------------------------------------------ claims and checks


def claim_problems(book: Iterable[Page]) -> list[str]:
    """Whatever keeps claims and check cells from pairing up one to one.

    A claim is checked by the next code cell after it in its own notebook,
    tagged ``check:<label>``; that cell checks nothing else.  Whatever
    stands in a directive of sphinx-proof, NO_CLAIMS apart, is a claim.
    """
    book = list(book)
    problems: list[str] = []
    claims: dict[str, Claim] = {}
    checked: dict[str, str] = {}
    for page in book:
        for cell, d in page.directives:
            label = d.options.get("label", "")
            claims_something = d.name.startswith("prf:") and d.name not in NO_CLAIMS
            if claims_something and not label.startswith(CLAIM_PREFIX):
                problems.append(
                    f"{page.where(cell)}: {d.name} {d.argument!r} is a claim: "
                    f"its label must start with {CLAIM_PREFIX}"
                )
        for claim in page.claims:
            if claim.label in claims:
                problems.append(
                    f"{claim.where}: claim {claim.label} is also in {claims[claim.label].where}"
                )
            claims.setdefault(claim.label, claim)
            if page.number and not claim.label.startswith(f"{CLAIM_PREFIX}{page.number}-"):
                problems.append(
                    f"{claim.where}: label {claim.label} should start with "
                    f"{CLAIM_PREFIX}{page.number}-"
                )
            if not claim.title:
                problems.append(f"{claim.where}: {claim.label} has no title")
        for label, cell in page.checks:
            if label in checked:
                problems.append(f"{page.where(cell)}: {label} is also checked in {checked[label]}")
            checked.setdefault(label, page.where(cell))
        for cell in page.code_cells:
            if len(cell.checks) > 1:
                problems.append(
                    f"{page.where(cell)}: checks more than one claim: " + ", ".join(cell.checks)
                )
    for page in book:
        for label, cell in page.checks:
            if label not in claims:
                problems.append(f"{page.where(cell)}: checks {label}, which no claim has")
        for claim in page.claims:
            following = next(
                (c for c in page.code_cells if c.index > claim.cell and c.source.strip()),
                None,
            )
            if claim.label not in checked:
                problems.append(f"{claim.where}: claim {claim.label} has no check cell")
            elif following is None or claim.label not in following.checks:
                problems.append(
                    f"{claim.where}: the next code cell after {claim.label} "
                    f"is not its check, which is in {checked[claim.label]}"
                )
    return problems
