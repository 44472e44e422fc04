"""What must hold of every notebook and page; each guard returns what does not.

tests/book/test_book.py runs the guards over the book, tests/harness/test_harness.py over
small broken books, to show that each of them can fail.  None of them executes
anything: that the stored outputs are what the code gives is nbval's part
(book/conftest.py).

    python tools/notebooks/guards.py [TEXT]       the problems, or those that mention TEXT
"""

from __future__ import annotations

import ast
import base64
import io
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
import yaml
from PIL import Image
from pybtex.database import parse_string as parse_bibliography
from pybtex.exceptions import PybtexError

from adam_lib.experiments import keyrules
from tools.notebooks import parser, seeds
from tools.notebooks import run as run_notebooks
from tools.notebooks.parser import Cell, Page
from tools.notebooks.slices import Slice, slices


@dataclass(frozen=True)
class Book:
    """The folder that holds _toc.yml, requirements.txt and book/."""

    root: Path

    @cached_property
    def pages(self) -> list[Page]:
        return parser.pages(self.root / "book")

    @cached_property
    def notebooks(self) -> list[Page]:
        return [page for page in self.pages if page.is_notebook]

    @cached_property
    def listed(self) -> list[str]:
        """The names in _toc.yml, such as book/06_bias_correction."""
        toc = yaml.safe_load((self.root / "_toc.yml").read_text(encoding="utf-8"))
        chapters = [c for part in toc.get("parts", []) for c in part["chapters"]]
        return [toc["root"], *(c["file"] for c in chapters if "file" in c)]

    def code(self) -> Iterator[tuple[str, Cell]]:
        for page in self.notebooks:
            for cell in page.code_cells:
                yield page.where(cell), cell

    def prose(self) -> Iterator[tuple[str, Cell]]:
        for page in self.pages:
            for cell in page.prose:
                yield page.where(cell), cell


Guard = Callable[[Book], Iterator[str]]
GUARDS: dict[str, Guard] = {}


def guard(function: Guard) -> Guard:
    GUARDS[function.__name__] = function
    return function


# ------------------------------------------------------------------------ pages


@guard
def every_page_is_in_the_toc_and_exists(book: Book) -> Iterator[str]:
    pages = {f"book/{page.name}": page for page in book.pages}
    for name in sorted(set(pages) - set(book.listed)):
        yield f"book/{pages[name].path.name} is not in _toc.yml"
    for name in sorted(set(book.listed) - set(pages)):
        yield f"_toc.yml names {name}, which does not exist"
    for name in sorted({n for n in book.listed if book.listed.count(n) > 1}):
        yield f"_toc.yml names {name} twice"


@guard
def notebooks_are_as_the_tool_writes_them(book: Book) -> Iterator[str]:
    """Editors add metadata and reformat; tools/notebooks/run.py takes it out."""
    for page in book.notebooks:
        text = page.path.read_text(encoding="utf-8")
        nb = nbformat.reads(text, as_version=4)
        run_notebooks.normalise(nb)
        if nbformat.writes(nb) + "\n" != text:
            yield f"book/{page.path.name}: not as tools/notebooks/run.py writes it"


@guard
def cell_ids_are_unique_in_the_book(book: Book) -> Iterator[str]:
    seen: dict[str, str] = {}
    for page in book.notebooks:
        for cell in page.cells:
            where = page.where(cell)
            if not cell.id:
                yield f"{where}: no cell id"
            elif cell.id in seen:
                yield f"{where}: the id is also that of {seen[cell.id]}"
            seen.setdefault(cell.id, where)


SECTIONS = ("What you will be able to settle", "Exercises", "Further reading")


@guard
def chapters_have_their_sections(book: Book) -> Iterator[str]:
    for page in book.pages:
        text = parser.strip_fences(page.text)
        ones = re.findall(r"(?m)^# .+$", text)
        if len(ones) != 1:
            yield f"book/{page.path.name}: {len(ones)} titles (#), expected one"
        headings = re.findall(r"(?m)^## (.+?)\s*$", text)
        # A script of the theme fails on a page without any second-level heading.
        if not headings:
            yield f"book/{page.path.name}: no section (##)"
        for wanted in SECTIONS if page.number else ():
            if wanted not in headings:
                yield f"book/{page.path.name}: no section '## {wanted}'"


@guard
def fences_are_closed(book: Book) -> Iterator[str]:
    for where, cell in book.prose():
        for line in parser.unclosed_fences(cell.source):
            yield f"{where}: the fence of line {line} is not closed"


# ---------------------------------------------------------------------- outputs


@guard
def every_cell_was_run_in_order(book: Book) -> Iterator[str]:
    """nbval passes a cell without a count, whatever its stored output."""
    for page in book.notebooks:
        wrong = []
        for expected, cell in enumerate(page.code_cells, 1):
            if not cell.source.strip():
                yield f"{page.where(cell)}: an empty code cell"
            elif cell.execution_count != expected:
                wrong.append((cell, expected))
        if wrong:
            cell, expected = wrong[0]
            more = f" (and {len(wrong) - 1} cells more)" if wrong[1:] else ""
            yield (
                f"{page.where(cell)}: execution_count is "
                f"{cell.execution_count}, expected {expected}{more}"
            )


@guard
def no_errors_and_nothing_on_stderr(book: Book) -> Iterator[str]:
    for where, cell in book.code():
        for output in cell.outputs:
            if output["output_type"] == "error":
                yield f"{where}: stored error {output.get('ename')}"
            if output.get("name") == "stderr":
                yield f"{where}: wrote to stderr"


PRINTABLE = {
    "text/plain",
    "text/html",
    "text/markdown",
    "image/png",
    "application/papermill.record/text/plain",  # glue
}


@guard
def outputs_are_prints_and_pngs(book: Book) -> Iterator[str]:
    """SVG carries random ids; a bare last expression carries a type's repr."""
    for where, cell in book.code():
        for output in cell.outputs:
            if output["output_type"] == "execute_result":
                yield f"{where}: ends with a bare expression; print it"
            for mime in sorted(set(output.get("data", {})) - PRINTABLE):
                yield f"{where}: output of type {mime}"


# What differs from one machine or run to the next.
UNSTABLE = {
    "a path of this machine": (
        r"(?<![\w.:/])/(?:tmp|home|root|work|Users|usr|opt|var|private|mnt|media|srv|content)/\w"
        r"|\bfile://|(?<!\w)[A-Z]:\\{1,2}\w|(?<![\w~])~/\w"
    ),
    "an address in memory": r"\b0x[0-9a-fA-F]{6,}",
    "a NumPy repr": r"\bnp\.float\d+\(",
    "rounding noise": r"(?<![\d.])\d(?:\.\d+)?e-(?:1[5-9]|2\d)\b",
    "a negative zero": r"(?<![\w.)\]])-0\.0*(?![\d.])",
}


@guard
def outputs_hold_on_any_machine(book: Book) -> Iterator[str]:
    for where, cell in book.code():
        if found := re.search(UNSTABLE["a path of this machine"], cell.source):
            yield f"{where}: its code names a path of this machine: {found[0]}"
        for line in cell.shown().splitlines():
            for what, pattern in UNSTABLE.items():
                if re.search(pattern, line):
                    yield f"{where}: {what}: {line.strip()}"
            for number in re.findall(r"(?<![\w.])\d+\.\d+", line):
                if len(number.replace(".", "").lstrip("0")) > 8:
                    yield f"{where}: digits that may not hold: {line.strip()}"


LONGEST, WIDEST = 40, 100  # lines; columns


@guard
def outputs_fit_the_page(book: Book) -> Iterator[str]:
    """A cell tagged output_scroll shows its lines in a window."""
    for where, cell in book.code():
        lines = cell.printed().splitlines()
        if len(lines) > LONGEST and "output_scroll" not in cell.tags:
            yield f"{where}: prints {len(lines)} lines, at most {LONGEST}"
        if lines and len(longest := max(lines, key=len)) > WIDEST:
            yield f"{where}: prints {len(longest)} columns, at most {WIDEST}: {longest[:40]}..."


# NumPy's global generator, and one that the clock seeds.
UNSEEDED = re.compile(
    r"default_rng\(\s*\)|\bnp\.random\.(?!default_rng\b|Generator\b)\w+"
    r"|(?m:^\s*(?:import|from) random\b)"
)


@guard
def generators_are_seeded(book: Book) -> Iterator[str]:
    for where, cell in book.code():
        if found := UNSEEDED.search(cell.source):
            yield f"{where}: not a seeded generator: {found[0].strip()}"


ESCAPES = re.compile(r"NBVAL_|nbval-|raises-exception|PYTEST_VALIDATE")


@guard
def no_cell_escapes_the_check(book: Book) -> Iterator[str]:
    """nbval's markers switch off the comparison of a cell."""
    for where, cell in book.code():
        for text in (*cell.tags, cell.source):
            if found := ESCAPES.search(text):
                yield f"{where}: {found[0]} keeps nbval from comparing it"


# What says how a cell is shown. All else hides something, or does nothing.
TAGS = {"teaches", "output_scroll"}
OPTIONS = {"image": {"alt"}, "figure": {"name", "caption"}}
# Until a page is converted: its folds are the extension's all the same.
OLD_TAGS = {"hide-input", "remove-cell"}


@guard
def cells_are_shown_as_they_are(book: Book) -> Iterator[str]:
    """MyST-NB hides by many names: remove-output, remove_output, remove_code_outputs, ..."""
    pending = {page.name for page in book.notebooks} - {page.name for page in converted(book)}
    for page in book.notebooks:
        allowed = TAGS | (OLD_TAGS if page.name in pending else set())
        for cell in page.cells:
            where = page.where(cell)
            if cell.kind != "code" and (cell.metadata or cell.kind == "raw"):
                yield f"{where}: a {cell.kind} cell with {cell.metadata or 'nothing to show'}"
                continue
            for tag in cell.tags:
                if tag not in allowed and not tag.startswith(parser.CHECK_TAG):
                    yield f"{where}: the tag {tag}"
            for name, value in cell.metadata.get("mystnb", {}).items():
                known = OPTIONS.get(name, set())
                given = set(value) if isinstance(value, dict) else {""}
                for option in sorted(given - known):
                    yield f"{where}: the option mystnb.{name}{'.' * bool(option)}{option}"


# All but tab and line feed, and the marks that turn the direction of text.
COVERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@guard
def outputs_cover_nothing(book: Book) -> Iterator[str]:
    """A carriage return, a backspace or a terminal's code writes over what was printed."""
    for where, cell in book.code():
        if found := COVERING.search(cell.shown()):
            yield f"{where}: prints the control character {found[0]!a}"


# ---------------------------------------------------------------------- figures


@guard
def figures_have_alt_text(book: Book) -> Iterator[str]:
    for where, cell in book.code():
        figures = cell.images()
        if len(figures) > 1:
            yield f"{where}: {len(figures)} figures in one cell, one alt text"
        alt = (cell.alt or "").strip()
        if figures and not alt:
            yield f"{where}: a figure without alt text (mystnb.image.alt)"
        elif figures and (len(alt) < 20 or re.search(r"\.(png|svg)\b|_images", alt)):
            yield f"{where}: the alt text does not state a finding: {alt!r}"
        elif alt and not figures:
            yield f"{where}: alt text, but no figure"


def pinned_matplotlib(book: Book) -> str:
    text = (book.root / "requirements.txt").read_text(encoding="utf-8")
    found = re.search(r"(?m)^matplotlib==([\w.]+)", text)
    return found[1] if found else "(not pinned)"


@guard
def figures_are_drawn_by_the_pinned_matplotlib(book: Book) -> Iterator[str]:
    pinned = pinned_matplotlib(book)
    for where, cell in book.code():
        for output in cell.outputs:
            if "image/png" not in output.get("data", {}):
                continue
            data = "".join(output["data"]["image/png"])
            with Image.open(io.BytesIO(base64.b64decode(data))) as image:
                software = image.info.get("Software", "nothing it names")
            if not software.startswith(f"Matplotlib version{pinned},"):
                yield f"{where}: drawn by {software}, pinned is {pinned}"


# -------------------------------------------------------------- claims, exercises


@guard
def claims_and_checks_pair_up(book: Book) -> Iterator[str]:
    yield from parser.claim_problems(book.pages)


HIDDEN = {"remove-cell", "remove-input", "remove-output", "hide-cell", "hide-output"}


CATCH_ALL = ("AssertionError", "Exception")


def idle_assertions(tree: ast.Module) -> Iterator[str]:
    """Assertions that hold whatever was computed, or that nothing reaches."""
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    for node in ast.walk(tree):
        inner: list[ast.AST] = []
        if isinstance(node, ast.Assert):
            if reason := _always_true(node.test):
                yield f"{reason}: {ast.unparse(node)[:60]}"
        elif isinstance(node, ast.FunctionDef) and node.name not in used:
            inner, reason = [*node.body], f"in {node.name}, which the cell does not call"
        elif isinstance(node, ast.Try) and any(_catches(h) for h in node.handlers):
            inner, reason = [*node.body], "its failure is caught"
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Constant):
            inner, reason = [node], "under a constant condition"
        for found in (n for part in inner for n in ast.walk(part)):
            if isinstance(found, ast.Assert):
                yield f"{reason}: {ast.unparse(found)[:60]}"


def _names(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Name) for n in ast.walk(node))


def _always_true(test: ast.expr) -> str:
    if isinstance(test, ast.Tuple):
        return "a tuple is always true"
    if not _names(test):
        return "compares constants"
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return next((r for v in test.values if (r := _always_true(v))), "")
    if isinstance(test, ast.Compare) and not any(isinstance(n, ast.Call) for n in ast.walk(test)):
        sides = {ast.dump(side) for side in (test.left, *test.comparators)}
        return "compares a thing with itself" if len(sides) == 1 else ""
    return ""


def _catches(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type
    return kinds is None or any(name in ast.unparse(kinds) for name in CATCH_ALL)


@guard
def checks_can_fail_and_can_be_seen(book: Book) -> Iterator[str]:
    """That a check tests what its claim says is left to the reader of both."""
    for page in book.notebooks:
        for label, cell in page.checks:
            where = page.where(cell)
            try:
                tree = ast.parse(cell.source)
            except SyntaxError:
                yield f"{where}: checks {label} but is not plain Python"
                continue
            if not any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
                yield f"{where}: checks {label} but asserts nothing"
            for what in idle_assertions(tree):
                yield f"{where}: checks {label} but cannot fail: {what}"
            if not cell.printed().strip():
                yield f"{where}: checks {label} but prints nothing"
            for tag in sorted(HIDDEN & set(cell.tags)):
                yield f"{where}: checks {label} but is tagged {tag}"


@guard
def claims_stand_alone(book: Book) -> Iterator[str]:
    """The ledger repeats a statement; a glued number exists on its page only."""
    for page in book.pages:
        for claim in page.claims:
            if "{glue:" in claim.statement:
                yield f"{claim.where}: {claim.label} has a glued number in it"
            if not claim.statement.strip():
                yield f"{claim.where}: {claim.label} states nothing"
            measured = claim.title.startswith("Measured:")
            if measured != (claim.kind == "observation"):
                yield (
                    f"{claim.where}: {claim.label}: an observation's title, and no "
                    "other, starts with 'Measured:'"
                )


# "on 7 of 9 seeds", "in nine of ten runs", "in 80 % of the runs"
SHARE = re.compile(r"\b\w+ of (?:the |all )?\w+\b.{0,40}?\b(?:seeds|runs)\b|\d ?(?:%|per cent)")


@guard
def measured_claims_were_replicated(book: Book) -> Iterator[str]:
    """Each observation was run on other seeds (make seeds), as it stands now."""
    path = book.root / "book" / seeds.TABLE.name
    rows = seeds.read_table(path)
    if rows and path.read_text(encoding="utf-8") != seeds.table_text(rows):
        yield f"book/{path.name}: not as tools/notebooks/seeds.py writes it"
    measured = {c.label for page in book.pages for c in page.claims if c.kind == "observation"}
    for label in sorted(set(rows) - measured):
        yield f"book/{path.name}: {label} is no observation of the book"
    for page in converted(book):
        of_page = slices(page)
        for claim in page.claims:
            if claim.kind == "observation" and claim.label in of_page:
                for what in _replication(of_page[claim.label], rows.get(claim.label)):
                    yield f"{claim.where}: {claim.label} {what} (make seeds)"


def _replication(slice_: Slice, row: dict | None) -> Iterator[str]:
    claim = slice_.claim
    if row is None:
        yield "was never run on other seeds"
        return
    if row["slice"] != slice_.hash:
        yield "was run on other seeds before its check, or what that needs, was changed"
    draws = any("default_rng" in cell.source for cell in slice_.cells)
    if row.get("deterministic"):
        if draws:
            yield "is called deterministic, but its cells draw numbers"
    elif row["of"] < len(seeds.SHIFTS):
        yield f"was run on {row['of']} other seeds, not on {len(seeds.SHIFTS)}"
    if row["held"] < row["of"] and not SHARE.search(f"{claim.title} {claim.statement}"):
        yield f"held on {row['held']} of {row['of']}, and its statement tells no share"


@guard
def exercises_have_checks_and_solutions(book: Book) -> Iterator[str]:
    for page in book.notebooks:
        yield from _exercises(page)


def _exercises(page: Page) -> Iterator[str]:
    found = page.directives
    solutions = {d.argument: (cell, d) for cell, d in found if d.name == "solution-start"}
    ends = [cell.index for cell, d in found if d.name == "solution-end"]
    exercises = [(cell, d) for cell, d in found if d.name == "exercise"]
    labels = [d.options.get("label", "") for _, d in exercises]
    for label in sorted(set(solutions) - set(labels)):
        cell, _ = solutions[label]
        yield f"{page.where(cell)}: a solution of {label}, which does not exist"
    for position, (cell, directive) in enumerate(exercises, 1):
        where = page.where(cell)
        label = directive.options.get("label", "(none)")
        expected = f"ex-{page.number}-{position}"
        if label != expected:
            yield f"{where}: exercise label {label}, expected {expected}"
            continue
        name = f"{int(page.number)}.{position}"
        if label not in solutions:
            yield f"{where}: exercise {label} has no solution"
            continue
        start, solution = solutions[label]
        if solution.options.get("label") != f"sol-{page.number}-{position}":
            yield f"{page.where(start)}: solution label is not sol-{label[3:]}"
        if "dropdown" not in solution.options.get("class", ""):
            yield f"{page.where(start)}: the solution of {label} is not folded"
        end = min((e for e in ends if e > start.index), default=None)
        if end is None:
            yield f"{page.where(start)}: the solution of {label} does not end"
            continue
        call = re.compile(rf"""(?:check|confirm)\(\s*["']{re.escape(name)}["']""")
        asked = [
            c
            for c in page.code_cells
            if cell.index < c.index < start.index and call.search(c.source)
        ]
        solved = [
            c for c in page.code_cells if start.index < c.index < end and call.search(c.source)
        ]
        if not any(f"Exercise {name}: not answered yet." in c.printed() for c in asked):
            yield f"{where}: no cell to answer exercise {name} in"
        if not any(f"Exercise {name}: right." in c.printed() for c in solved):
            yield f"{page.where(start)}: no solution cell prints 'right.' for {name}"


# ------------------------------------------------------------ references and glue


@guard
def references_are_cited_and_citations_exist(book: Book) -> Iterator[str]:
    entries = parser.bibliography_keys(book.root / "book" / "references.bib")
    for key in sorted({k for k in entries if entries.count(k) > 1}):
        yield f"book/references.bib: {key} stands there twice"
    try:
        parse_bibliography((book.root / "book/references.bib").read_text("utf-8"), "bibtex")
    except PybtexError as error:
        yield f"book/references.bib: {error}"
    cited: set[str] = set()
    for where, cell in book.prose():
        keys = parser.citations(cell.source)
        cited |= keys
        for key in sorted(keys - set(entries)):
            yield f"{where}: cites {key}, which references.bib does not have"
    for key in entries:
        if key not in cited:
            yield f"book/references.bib: {key} is cited nowhere"


LINK = re.compile(r"\]\(<?([^)>\s]+)>?\)")
REFERENCE = re.compile(r"\{(?:ref|numref|eq|prf:ref|doc)\}`(?:[^`<]*<)?([^`>]+)>?`")
LABEL = re.compile(r"(?m)^\(([\w:-]+)\)=|^:(?:label|name):\s*(\S+)|^\$\$\s*\(([\w:-]+)\)")


def _anchors(text: str) -> set[str]:
    """Labels, and the names that headings get: "## Further reading" is #further-reading."""
    labels = {name for found in LABEL.findall(text) for name in found if name}
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    return labels | {re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in headings}


@guard
def links_lead_somewhere(book: Book) -> Iterator[str]:
    """Within the book and from the README; other sites are not asked."""
    anchors = {page.path.resolve(): _anchors(page.text) for page in book.pages}
    figures = (c.metadata.get("mystnb", {}).get("figure", {}) for _, c in book.code())
    everywhere = set().union(*anchors.values()) | {f["name"] for f in figures if "name" in f}
    texts = [(page.where(c), page.path, c.source) for page in book.pages for c in page.prose]
    for name in ("README.md", "CONTRIBUTING.md"):
        if (book.root / name).is_file():
            texts.append((name, book.root / name, (book.root / name).read_text(encoding="utf-8")))
    for where, path, text in texts:
        for link in LINK.findall(text):
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path.resolve()
            if re.match(r"\w+:", link) or (name in everywhere and not anchor):
                continue
            if not target.exists():
                yield f"{where}: links to {link}, which is not there"
            elif anchor and anchor not in anchors.get(target, _anchors(text)):
                yield f"{where}: links to {link}, but there is no such heading"
        for label in REFERENCE.findall(text):
            if label not in everywhere and not (path.parent / f"{label}.ipynb").exists():
                yield f"{where}: refers to {label}, which nothing is labelled"


@guard
def glued_numbers_exist_and_are_used(book: Book) -> Iterator[str]:
    for page in book.pages:
        used: set[str] = set()
        for cell in page.prose:
            keys = parser.glue_keys(cell.source)
            used |= keys
            for key in sorted(keys - set(page.glued)):
                yield f"{page.where(cell)}: glue key {key} is not defined on its page"
        for key, cell in page.glued.items():
            if key not in used:
                yield f"{page.where(cell)}: glue key {key} is not used"
            if "$" in cell.shown():
                yield f"{page.where(cell)}: a glued formula would stand raw on the page"
            if page.number and not key.startswith(f"{page.number}-"):
                yield f"{page.where(cell)}: glue key {key} is not {page.number}-..."


DECIMAL = re.compile(r"(?<![\w.\\-])\d+\.\d+(?!\w|\.\d)")


@guard
def numbers_that_cells_print_are_glued(book: Book) -> Iterator[str]:
    """A decimal in the prose that a cell of the page printed, and that its code does not set.

    Statements of claims are exempt, which the ledger repeats, and explorables'.
    """
    for page in book.notebooks:
        shown = {n for c in page.code_cells for n in DECIMAL.findall(c.shown())}
        code = "\n".join(c.source for c in page.code_cells)
        exempt = [c.statement for c in page.claims]
        exempt += [d.body for _, d in page.directives if d.name == "explorable"]
        for cell in page.prose:
            text = cell.source
            for part in filter(None, exempt):
                text = text.replace(part, "")
            for number in DECIMAL.findall(parser.strip_code_and_math(text)):
                long_enough = len(number.replace(".", "").lstrip("0")) >= 2
                if long_enough and number in shown and number not in code:
                    yield f"{page.where(cell)}: {number} is computed on this page: glue it"


# ------------------------------------------------------------------ code and prose


@guard
def code_fits_the_page(book: Book) -> Iterator[str]:
    for where, cell in book.code():
        lines = cell.source.splitlines()
        if len(lines) > 25:
            yield f"{where}: {len(lines)} lines, at most 25"
        for line in lines:
            if len(line) > 79:
                yield f"{where}: {len(line)} columns, at most 79: {line.strip()}"


BANNED = re.compile(
    r"\b(?:simply|obviously|clearly|trivially|of course|needless to say|"
    r"it is easy to see|as we all know|TODO|FIXME|XXX)\b",
    re.IGNORECASE,
)


@guard
def prose_has_no_banned_words(book: Book) -> Iterator[str]:
    for where, cell in book.prose():
        for word in BANNED.findall(parser.strip_code_and_math(cell.source)):
            yield f"{where}: {word!r}"
    for where, cell in book.code():
        for word in BANNED.findall(cell.alt or ""):
            yield f"{where}: {word!r} in the alt text"


# -------------------------------------------------- the page, in converted chapters


def converted(book: Book) -> list[Page]:
    """Notebooks that follow the anatomy of a chapter; the others are named in pending/."""
    pending = book.root / "tools/notebooks/pending"
    return [page for page in book.notebooks if not (pending / page.name).exists()]


def _marks(source: str) -> Iterator[tuple[str, str]]:
    """Headings, and the top-level directives, of a Markdown cell: (name, argument)."""
    lines, i = source.split("\n"), 0
    while i < len(lines):
        opening = parser.FENCE.match(lines[i])
        if opening:
            directive = parser.DIRECTIVE.fullmatch(opening["info"].strip())
            if directive:
                yield directive["name"], directive["argument"].strip()
            end = parser._closing(lines, i, opening["fence"])
            i = len(lines) if end is None else end
        elif re.match(r"#{1,6} ", lines[i]):
            yield "heading", lines[i].lstrip("# ").strip()
        i += 1


def _settles(cell: Cell) -> set[str]:
    """The predictions that a code cell settles: settle("6.a", ...)."""
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:  # a magic, say
        return set()
    calls = (c for c in ast.walk(tree) if isinstance(c, ast.Call) and c.args)
    return {
        str(ast.literal_eval(call.args[0]))
        for call in calls
        if ast.unparse(call.func).endswith("settle") and isinstance(call.args[0], ast.Constant)
    }


def _keys(book: Book, page: Page) -> dict[str, dict]:
    """The page's key; nothing where it cannot be read, which another guard says."""
    path = book.root / KEYS / f"{page.number or page.name}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):
        return {}


@guard
def predictions_are_covered_and_settled(book: Book) -> Iterator[str]:
    for page in converted(book):
        asked = [d.argument for _, d in page.directives if d.name == "predict"]
        if page.number and not asked:
            yield f"book/{page.path.name}: a chapter has a prediction, this one has none"
        top = [m for c in page.prose for m in _marks(c.source) if m[0] in ("predict", "settled")]
        for cell, d in page.directives:
            if d.name in ("predict", "settled") and (d.name, d.argument) not in top:
                yield f"{page.where(cell)}: {d.name} {d.argument} stands within another directive"
        for name in asked:
            if page.number and not re.fullmatch(rf"{int(page.number)}\.[a-z]", name):
                yield f"book/{page.path.name}: prediction {name} is not {int(page.number)}.a, ..."
            key = _keys(book, page).get(name)
            if key is None or key.get("form") not in ("number", "choice") or "right" not in key:
                yield f"book/{page.path.name}: prediction {name} has no key that can settle it"
        yield from _covers(page)


def _covers(page: Page) -> Iterator[str]:
    """Each question is settled in its own section, by a cell that compares with the key."""
    asked, compared = "", False
    for cell in page.cells:
        where = page.where(cell)
        if cell.kind == "code" and cell.source.strip():
            for name in sorted(_settles(cell)):
                compared |= name == asked
                if name != asked:
                    yield f"{where}: settles {name} outside its predict and settled"
        for name, argument in _marks(cell.source) if cell.kind == "markdown" else ():
            if name == "heading" and asked:
                yield f"{where}: a heading between predict {asked} and settled: {argument}"
            elif name == "predict":
                if asked:
                    yield f"{where}: asks {argument} before {asked} is settled"
                asked, compared = argument, False
            elif name == "settled":
                if argument != asked:
                    yield f"{where}: settled {argument}, but what was asked is {asked or 'nothing'}"
                elif not compared:
                    yield f"{where}: no cell calls settle({asked!r}, ...) before settled {asked}"
                asked = ""
    if asked:
        yield f"book/{page.path.name}: predict {asked} is never settled"


@guard
def figures_are_numbered(book: Book) -> Iterator[str]:
    """A figure of a chapter can be cited: a name and a caption, which says more than the alt."""
    for page in converted(book):
        for cell in page.code_cells if page.number else ():
            if not cell.images():
                continue
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            name, caption = figure.get("name", ""), figure.get("caption", "").strip()
            if not name.startswith(f"fig-{page.number}-"):
                yield f"{page.where(cell)}: the figure is not named fig-{page.number}-..."
            if not caption or caption == cell.alt:
                yield f"{page.where(cell)}: the figure has no caption of its own"


@guard
def verdicts_fit_a_line(book: Book) -> Iterator[str]:
    """A check shows on the page as one line: a sentence, not a table."""
    for page in converted(book):
        for _, cell in page.checks:
            lines = cell.printed().strip().splitlines()
            if len(lines) > 2:
                yield f"{page.where(cell)}: a check prints {len(lines)} lines, at most two"
            elif any(re.search(r"\S {2,}", line) for line in lines):
                yield f"{page.where(cell)}: a check prints columns; its verdict is set as prose"


# What stands in a chapter besides the sections that every one has.
ANATOMY = ("What you will be able to settle", "Exercises", "What to keep", "Further reading")


@guard
def chapters_put_the_reader_first(book: Book) -> Iterator[str]:
    """A picture before the first formula, the core named, a recap that links to its claims."""
    for page in converted(book):
        if not page.number:
            continue
        where = f"book/{page.path.name}"
        headings = re.findall(r"(?m)^## (.+?)\s*$", parser.strip_fences(page.text))
        if [h for h in headings if h in ANATOMY] != list(ANATOMY):
            yield f"{where}: the sections {', '.join(ANATOMY)} do not stand once, in this order"
            continue
        if "*The core*" not in page.text:
            yield f"{where}: nothing says which sections are *The core*"
        recap = page.text.split("## What to keep", 1)[1].split("\n## ")[0]
        points = re.findall(r"(?m)^[-*] .+(?:\n[ ]+.+)*", recap)
        if not 3 <= len(points) <= 5:
            yield f"{where}: What to keep has {len(points)} points, not three to five"
        if not any("{prf:ref}" in point for point in points):
            yield f"{where}: What to keep links to no claim"
        if (late := _formula_before_picture(page)) is not None:
            yield f"{page.where(late)}: a displayed formula before the first picture"


def _formula_before_picture(page: Page) -> Cell | None:
    """The cell with the first displayed formula, unless a figure or an explorable precedes."""
    for cell in page.cells:
        if cell.kind == "code" and cell.images():
            return None
        if cell.kind != "markdown":
            continue
        formula = re.search(r"(?m)^`{3,}\{math\}|^\$\$", cell.source)
        picture = re.search(r"(?m)^[`:]{3,}\{explorable\}", cell.source)
        if picture and not (formula and formula.start() < picture.start()):
            return None
        if formula:
            return cell
    return None


KEYS = "adam_lib/experiments/answers"


@guard
def keys_are_as_they_must_be(book: Book) -> Iterator[str]:
    """Every entry has what its form needs, and its diagnoses can be told."""
    pages = {page.number or page.name for page in book.pages}
    for path in sorted((book.root / KEYS).glob("*.toml")):
        if path.stem not in pages:
            yield f"answers/{path.name}: there is no such page"
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            yield f"answers/{path.name}: {error}"
            continue
        for name, entry in entries.items():
            for what in keyrules.complaints(name, entry):
                yield f"answers/{path.name}, {name}: {what}"
            if isinstance(entry, dict) and entry.get("form") == "code":
                judges = path.with_name(f"code_{path.stem}.py")
                wanted = f"exercise_{path.stem}_{name.rpartition('.')[2]}"
                if wanted not in _functions(judges):
                    yield f"answers/{path.name}, {name}: there is no {wanted} in {judges.name}"


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8") if path.is_file() else "")
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@guard
def answers_are_in_the_key_alone(book: Book) -> Iterator[str]:
    """The reader's cell asks, the solution computes, and nothing between gives it away."""
    for page in converted(book):
        keys = _keys(book, page)
        asked = {d.argument: c for c, d in page.directives if d.name == "answer"}
        predicted = {d.argument for _, d in page.directives if d.name == "predict"}
        for name in sorted(set(keys) - set(asked) - predicted):
            yield f"book/{page.path.name}: the key {name} belongs to no exercise or prediction"
        for name in sorted(set(asked) - set(keys)):
            yield f"{page.where(asked[name])}: {{answer}} {name} has no key"
        yield from _exercise_cells(page, keys, asked)
        for cell in page.code_cells:
            for call in _calls(cell, "confirm", "settle"):
                if len(call.args) > 1 and _is_literal(call.args[1]):
                    yield f"{page.where(cell)}: typed, not computed: {ast.unparse(call)}"


def _exercise_cells(page: Page, keys: dict[str, dict], asked: dict[str, Cell]) -> Iterator[str]:
    found = page.directives
    starts = {d.argument: c.index for c, d in found if d.name == "solution-start"}
    ends = sorted(c.index for c, d in found if d.name == "solution-end")
    after = 0  # the cell that ends the solution before
    exercises = [(c, d) for c, d in found if d.name == "exercise"]
    for position, (cell, directive) in enumerate(exercises, 1):
        name = f"{int(page.number or 0)}.{position}"
        where, key = page.where(cell), keys.get(name)
        if key is None or asked.get(name) is not cell:
            yield f"{where}: exercise {name} has no {{answer}} below it, or no key"
            continue
        start = starts.get(directive.options.get("label", ""), len(page.cells))
        end = next((e for e in ends if e > start), len(page.cells))
        between = [c for c in page.cells[cell.index + 1 : start] if c.kind == "code"]
        if [c.source.strip() for c in between] != [f'answer = ...\ncheck("{name}", answer)']:
            yield f"{where}: the reader's cell of {name} is not the two lines, alone"
        for stray in page.cells[after or cell.index : cell.index]:
            if stray.kind == "code":
                yield f"{page.where(stray)}: stands between the solution before and {name}"
        inside = [c for c in page.cells[start:end] if c.kind == "code"]
        calls = [*_calls(inside[-1], "confirm")] if inside else []
        if not any(c.args and ast.unparse(c.args[0]) == repr(name) for c in calls):
            yield f"{where}: the last cell of {name}'s solution does not confirm({name!r}, ...)"
        for text in _given_away(cell.source, key):
            yield f"{where}: exercise {name} gives its answer away: {text}"
        after = end


def _calls(cell: Cell, *names: str) -> Iterator[ast.Call]:
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:  # a magic, say
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in names:
            yield node


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError):
        return False
    return True


def _given_away(statement: str, key: dict) -> Iterator[str]:
    """What of a statement, ``ask`` or ``say`` names the answer, as the key writes it."""
    right = key.get("right", [])
    values = right if isinstance(right, list) else [right]
    said = [("say", str(rule.get("say", ""))) for rule in key.get("wrong", [])]
    if key.get("form") in ("number", "numbers"):
        digits = {f"{v:g}": len(f"{v:g}".replace(".", "").strip("-0")) for v in values}
        # a short number may stand in a statement for another thing
        patterns = [rf"(?<![\d.,^]){re.escape(v)}(?!\d|[.,]\d)" for v, n in digits.items() if n > 1]
        telling = any(n > 2 and not (v.isdigit() and float(v) < 1000) for v, n in digits.items())
        texts = [("the statement", statement)] if telling else []
        texts += [("ask", str(key.get("ask", ""))), *said]
    else:
        patterns = [rf"\({letter}\)" for letter in values]
        texts = said
    for what, text in texts:
        for pattern in patterns:
            if found := re.search(pattern, text):
                yield f"{what} has {found[0]}"


@guard
def exercises_are_of_every_level(book: Book) -> Iterator[str]:
    """Three to five a chapter, from warm-up to deep; at most a fifth of the book's ask for code."""
    forms = []
    for page in converted(book):
        keys = [k for n, k in _keys(book, page).items() if n.rpartition(".")[2].isdigit()]
        forms += [key.get("form") for key in keys]
        if not page.number:
            continue
        if not 3 <= len(keys) <= 5:
            yield f"book/{page.path.name}: {len(keys)} exercises, not three to five"
        missing = [
            level for level in keyrules.LEVELS if level not in (k.get("level") for k in keys)
        ]
        if missing:
            yield f"book/{page.path.name}: no exercise is {' or '.join(missing)}"
    if forms.count("code") > 0.2 * len(forms):
        yield f"{forms.count('code')} of {len(forms)} exercises ask for code, at most a fifth may"


def problems(root: Path) -> dict[str, list[str]]:
    """Guard -> what it found; nothing for a guard that is content."""
    book = Book(root)
    found = {name: list(check(book)) for name, check in GUARDS.items()}
    return {name: lines for name, lines in found.items() if lines}


def main() -> int:
    wanted = sys.argv[1] if sys.argv[1:] else ""
    count = 0
    for name, lines in problems(parser.ROOT).items():
        shown = [line for line in lines if wanted in line]
        if shown:
            print(name.replace("_", " "))
            print("".join(f"  {line}\n" for line in shown))
        count += len(shown)
    print(f"{count} problems" + (f" that mention {wanted}" if wanted else ""))
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
