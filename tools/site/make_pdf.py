"""The whole book as one PDF, from the built pages, by Chromium.

    python tools/site/make_pdf.py [_build/html] [_build/adam-derived.pdf] [--only 06]

Each page of _toc.yml is printed in its order with every fold opened, and the
prints are put together: a contents page, bookmarks for parts, chapters and
sections, numbers on the pages, and the tags that a screen reader follows.  How a
page looks on paper stands in adam.css.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import io
import os
import re
import sys
from pathlib import Path

import yaml

from tools.site import browser_check

ROOT = Path(__file__).resolve().parents[2]
SCALE = 0.8  # of the screen's letters
SHEET = {
    "format": "A4",
    "margin": {"top": "18mm", "bottom": "20mm", "left": "18mm", "right": "18mm"},
    "print_background": True,
    "scale": SCALE,
}

# Folds are opened, pictures fetched; links to other pages lead to the published
# ones, since the server that prints them will be gone.
PREPARE = """async (root) => {
  await document.fonts.ready;
  window.fitFormulas?.();
  for (const e of document.querySelectorAll(".toggle-hidden")) e.classList.remove("toggle-hidden");
  for (const e of document.querySelectorAll("details")) e.open = true;
  await Promise.all([...document.images].map((i) => {
    i.loading = "eager";
    return i.decode().catch(() => {});
  }));
  const base = document.querySelector("link[rel=canonical]")?.href;
  const path = location.href.slice(root.length).split("#")[0];
  const site = base && base.endsWith(path) ? base.slice(0, -path.length) : null;
  for (const a of document.querySelectorAll("a[href]"))
    if (site && a.href.startsWith(root) && !a.getAttribute("href").startsWith("#"))
      a.href = site + a.href.slice(root.length);
  // A formula wider than the sheet shrinks to it.
  const width = document.querySelector(".bd-article").clientWidth;
  for (const m of document.querySelectorAll("mjx-container[display=true]")) {
    const inner = m.querySelector("mjx-math");
    const wide = inner ? Math.max(inner.scrollWidth, m.scrollWidth) : 0;
    if (wide > m.clientWidth + 1) m.style.fontSize = `${Math.floor(98 * m.clientWidth / wide)}%`;
  }
  return [...document.querySelectorAll("h1, h2, h3, h4")]
    .filter((h) => h.checkVisibility() && h.textContent.trim())
    .map((h) => {
      const copy = h.cloneNode(true);
      for (const e of copy.querySelectorAll(".headerlink, mjx-math")) e.remove();
      return copy.textContent.trim().replace(/\\s+/g, " ");
    });
}"""

FRONT = """<!doctype html><html lang="en"><meta charset="utf-8"><style>
body {{ font: 11pt/1.5 system-ui, sans-serif; color: #1f2328; }}
h1 {{ font-size: 34pt; margin: 22mm 0 2mm; }} .rule {{ font-size: 13pt; margin-bottom: 18mm; }}
h2 {{ font-size: 12pt; margin: 5mm 0 1mm; }}
p {{ margin: 0; display: flex; gap: 1em; }} p span:first-child {{ flex: 1; }}
</style><h1>{title}</h1>
<div class="rule">Nothing is asserted that the page does not prove or measure.</div>{rows}"""
NUMBERS = """<!doctype html><meta charset="utf-8"><style>@page {{ size: A4; margin: 0; }}
body {{ margin: 0; font: 9pt system-ui, sans-serif; color: #57606a; }}
div {{ height: 297mm; position: relative; break-after: page; overflow: hidden; }}
div:last-child {{ break-after: auto; }}
span {{ position: absolute; bottom: 9mm; left: 18mm; right: 18mm; display: flex; }}
i {{ flex: 1; font-style: normal; }}</style>{sheets}"""


def parts() -> list[tuple[str, list[str]]]:
    """The book's parts and their pages, the start page in a part without a name."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = [(part["caption"], [c["file"] for c in part["chapters"]]) for part in toc["parts"]]
    return [("", [toc["root"]]), *listed]


async def print_pages(playwright, chromium: str, root: str, names: list[str]):
    """By name: the page's headings, the first its title, and its PDF."""
    browser = await playwright.chromium.launch(**browser_check.launch_options(chromium))
    # As wide as the sheet between its margins, so that what fits here fits there.
    context = await browser.new_context(
        color_scheme="light",
        viewport={"width": int(657 / SCALE), "height": 1200},
        reduced_motion="reduce",
    )
    printed = {}
    for name in names:
        trouble: list[str] = []
        page = await browser_check.open_page(context, f"{root}{name}.html", trouble)
        await page.emulate_media(media="print", color_scheme="light")
        await page.evaluate("document.documentElement.dataset.theme = 'light'")
        scale = f"document.documentElement.style.setProperty('--sheet-scale', {SCALE})"
        await page.evaluate(scale)
        headings = await page.evaluate(PREPARE, root)
        # "6. Bias correction — Adam, derived": the heading itself has no number.
        title = (await page.title()).rpartition(" — ")[0] or await page.title()
        headings[:1] = [title]
        printed[name] = headings, await page.pdf(**SHEET, outline=True, tagged=True)
        await page.close()
    blank = await context.new_page()
    return browser, blank, printed


async def sheet_of(page, source: str, **options) -> bytes:
    await page.set_content(source)
    return await page.pdf(**{**SHEET, "tagged": True, **options})


def front_source(title: str, book, printed, first: dict[str, int]) -> str:
    rows = []
    for caption, names in book:
        rows += [f"<h2>{html.escape(caption)}</h2>"] if caption else []
        rows += [
            f"<p><span>{html.escape(printed[n][0][0])}</span><span>{first.get(n, '')}</span></p>"
            for n in names
            if n in printed
        ]
    return FRONT.format(title=html.escape(title), rows="".join(rows))


async def make(site: Path, out: Path, chromium: str, root: str, only: str) -> int:
    from playwright.async_api import async_playwright
    from pypdf import PdfReader, PdfWriter

    book = [(caption, [n for n in names if only in n]) for caption, names in parts()]
    title = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["title"]
    async with async_playwright() as playwright:
        names = [name for _, listed in book for name in listed]
        browser, blank, printed = await print_pages(playwright, chromium, root, names)
        readers = {name: PdfReader(io.BytesIO(data)) for name, (_, data) in printed.items()}
        front = PdfReader(io.BytesIO(await sheet_of(blank, front_source(title, book, printed, {}))))
        first, at = {}, len(front.pages) + 1
        for name in names:
            first[name], at = at, at + len(readers[name].pages)
        front = PdfReader(
            io.BytesIO(await sheet_of(blank, front_source(title, book, printed, first)))
        )
        running = [""] * len(front.pages) + [
            printed[name][0][0] for name in names for _ in readers[name].pages
        ]
        sheets = "".join(
            f"<div><span><i>{html.escape(text)}</i>{number if text else ''}</span></div>"
            for number, text in enumerate(running, 1)
        )
        none = dict.fromkeys(("top", "bottom", "left", "right"), "0")
        numbers = PdfReader(
            io.BytesIO(
                await sheet_of(
                    blank, NUMBERS.format(sheets=sheets), margin=none, scale=1, tagged=False
                )
            )
        )
        await browser.close()
    assert len(numbers.pages) == len(running), "one number a page"

    writer = PdfWriter()
    tags = Tags(writer)
    writer.append(front, import_outline=False)
    tags.take(front, 0)
    for caption, listed in book:
        parent = None
        for name in listed:
            start = len(writer.pages)
            writer.append(readers[name], import_outline=False)
            tags.take(readers[name], start)
            if caption and parent is None:
                parent = writer.add_outline_item(title=caption, page_number=start, bold=True)
            sections(writer, readers[name], start, parent, printed[name][0])
    for page, number in zip(writer.pages, numbers.pages, strict=True):
        page.merge_page(aside(number))
    tags.put()
    for page in writer.pages:
        page.compress_content_streams()
    writer.compress_identical_objects()
    writer.add_metadata({"/Title": title, "/Author": "The Adam, derived contributors"})
    writer.page_mode = "/UseOutlines"
    language(writer)
    out.parent.mkdir(parents=True, exist_ok=True)
    writer.write(out)
    if found := problems(out, len(names) + 1):
        raise SystemExit("\n".join(found))
    return len(writer.pages)


class Tags:
    """The trees of tags of the prints, grafted into one.

    pypdf keeps the marks in the pages and drops the tree that says what they are.
    A mark is found by its page's number in a list (ParentTree), so the numbers of
    every print but the first move up.
    """

    def __init__(self, writer) -> None:
        from pypdf.generic import ArrayObject

        self.writer, self.kids, self.parents, self.next = writer, ArrayObject(), ArrayObject(), 0

    def take(self, reader, start: int) -> None:
        """Of a print whose pages were just appended, from the page ``start`` on."""
        from pypdf.generic import NameObject, NumberObject

        root = reader.trailer["/Root"].get("/StructTreeRoot")
        if root is None:
            return
        root = root.get_object()
        for kid in listed(root["/K"]):
            copy = kid.get_object().clone(self.writer)
            self.kids.append(copy.indirect_reference)
        top = 0
        for number, owners in numbered(root["/ParentTree"].get_object()):
            top = max(top, number + 1)
            moved = owners.clone(self.writer)
            self.parents.append(NumberObject(number + self.next))
            self.parents.append(moved.indirect_reference or moved)
        pages = self.writer.pages[start : start + len(reader.pages)]
        for page, printed in zip(pages, reader.pages, strict=True):
            # pypdf leaves a page's number out of its copy
            if "/StructParents" in printed:
                moved = int(printed["/StructParents"]) + self.next
                page[NameObject("/StructParents")] = NumberObject(moved)
            for link in page.get("/Annots") or []:
                thing = link.get_object()
                if "/StructParent" in thing:
                    moved = int(thing["/StructParent"]) + self.next
                    thing[NameObject("/StructParent")] = NumberObject(moved)
        self.next += top

    def put(self) -> None:
        from pypdf.generic import DictionaryObject, NameObject, NumberObject

        tree = self.writer._add_object(DictionaryObject({NameObject("/Nums"): self.parents}))
        root = self.writer._add_object(
            DictionaryObject(
                {
                    NameObject("/Type"): NameObject("/StructTreeRoot"),
                    NameObject("/K"): self.kids,
                    NameObject("/ParentTree"): tree,
                    NameObject("/ParentTreeNextKey"): NumberObject(self.next),
                    # names of PDF 2.0, for readers of the older standard
                    NameObject("/RoleMap"): DictionaryObject(
                        {NameObject(name): NameObject("/Span") for name in ("/Em", "/Strong")}
                    ),
                }
            )
        )
        for kid in self.kids:
            kid.get_object()[NameObject("/P")] = root
        self.writer._root_object[NameObject("/StructTreeRoot")] = root


def listed(value) -> list:
    from pypdf.generic import ArrayObject

    value = value if isinstance(value, ArrayObject) else value.get_object()
    return list(value) if isinstance(value, ArrayObject) else [value]


def numbered(tree):
    """The pairs of a number tree."""
    for kid in tree.get("/Kids", []):
        yield from numbered(kid.get_object())
    numbers = list(tree.get("/Nums", []))
    for number, value in zip(numbers[::2], numbers[1::2], strict=True):
        yield int(number), value.get_object()


def aside(page):
    """A page number and a running title, which are not read out on each page."""
    from pypdf.generic import DecodedStreamObject, NameObject

    content = DecodedStreamObject()
    content.set_data(b"/Artifact BMC\n" + page.get_contents().get_data() + b"\nEMC\n")
    page[NameObject("/Contents")] = content
    return page


def language(writer) -> None:
    from pypdf.generic import BooleanObject, DictionaryObject, NameObject, TextStringObject

    writer.pdf_header = "%PDF-1.7"
    root = writer._root_object
    root[NameObject("/Lang")] = TextStringObject("en")
    root[NameObject("/MarkInfo")] = DictionaryObject({NameObject("/Marked"): BooleanObject(True)})
    root[NameObject("/ViewerPreferences")] = DictionaryObject(
        {NameObject("/DisplayDocTitle"): BooleanObject(True)}
    )


def problems(path: Path, prints: int) -> list[str]:
    """What a screen reader or a reader of the bookmarks would miss in the written file."""
    from pypdf import PdfReader

    reader = PdfReader(path)
    root = reader.trailer["/Root"]
    found = [] if root.get("/Lang") == "en" else ["the PDF has no language"]
    tree = root.get("/StructTreeRoot")
    if tree is None:
        return [*found, "the PDF has no tags"]
    if len(tree["/K"]) != prints:
        found.append(f"{len(tree['/K'])} of {prints} prints have tags")
    known = {number for number, _ in numbered(tree["/ParentTree"])}
    lost = [n for n, p in enumerate(reader.pages, 1) if p.get("/StructParents") not in known]
    if lost:
        found.append(f"pages without tags: {lost[:5]}")
    if count(reader.outline) < prints:
        found.append("a page of the book has no bookmark")
    return found


def count(items) -> int:
    return sum(count(i) if isinstance(i, list) else 1 for i in items)


def sections(writer, reader, start: int, parent, headings: list[str]) -> None:
    """The page's headings as bookmarks, in their order and depth.

    Chromium knows the places, but spells a heading of two lines or with a formula
    in strange ways; the names are the page's own.
    """
    names = iter(headings if len(headings) == count(reader.outline) else headings[:1])

    def add(items, parent) -> None:
        last = parent
        for item in items:
            if isinstance(item, list):
                add(item, last)
            else:
                number = reader.get_destination_page_number(item)
                text = next(names, None) or re.sub(r"\s*#\s*$", "", item.title)
                last = writer.add_outline_item(
                    title=text, page_number=start + number, parent=parent
                )

    add(reader.outline, parent)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path, default=Path("_build/html"))
    parser.add_argument("out", nargs="?", type=Path, default=Path("_build/adam-derived.pdf"))
    parser.add_argument("--only", default="", help="pages whose path contains this")
    args = parser.parse_args()
    chromium = browser_check.find_chromium()
    if chromium is None:
        print("NO PDF: no Chromium here (set CHROMIUM=/path/to/it)")
        return 1
    if not (args.site / "index.html").is_file():
        print(f"no built site in {args.site}: run `make book` first")
        return 1
    with browser_check.serve(args.site) as root:
        count = asyncio.run(make(args.site, args.out, chromium, root, args.only))
    print(f"{args.out}: {count} pages, {os.path.getsize(args.out) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
