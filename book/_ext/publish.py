"""What a published page needs besides its text, and what it need not carry.

A description and a card for search engines and chats, a sitemap, the reading time;
pictures and icons in the fewest bytes.  Every address derives from the one in
_config.yml.  What the pages weigh, tools/site/browser_check.py measures.
"""

from __future__ import annotations

import html
import io
import re
from pathlib import Path
from xml.sax.saxutils import escape

from docutils import nodes
from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops
from sphinx.util import logging

from folds import fold

logger = logging.getLogger(__name__)

CARD = "_static/card.png"  # drawn by tools/site/draw_card.py


# ------------------------------------------------------------------ the page's head


GREEK = {"alpha": "α", "beta": "β", "theta": "θ", "lambda": "λ", "rho": "ρ"}
GREEK |= {"epsilon": "ε", "varepsilon": "ε", "sigma": "σ", "mu": "μ", "eta": "η"}


SIGNS = {"in": "∈", "cdot": "·", "kappa": "κ", "sqrt": "√", "zeta": "ζ", "ln": "ln "}
# Commands that set their argument in another shape, and spaces.
SHAPES = re.compile(r"\\(?:mathrm|mathbb|text|left|right)(?![a-zA-Z])|\\[,;!]")


def plain(tex: str) -> str:
    """A formula as a search engine or a hint can show it, in plain characters."""
    tex = SHAPES.sub("", tex).replace(r"\tfrac12", "½").replace(r"\E", "E")
    # the root and the exponent of more than one letter keep their brackets
    tex = re.sub(r"(\\sqrt|[_^])\{([^{}]{2,})\}", r"\1(\2)", tex)
    # a hat stands on its letter
    tex = re.sub(r"\\hat ?\{?(\\[a-z]+|[a-z])\}?", lambda m: m[1] + "\u0302", tex)
    tex = re.sub(r"\\([a-zA-Z]+) ?", lambda m: {**GREEK, **SIGNS}.get(m[1], m[1]), tex)
    return " ".join(re.sub(r"[{}\\]", "", tex).split())


def first_paragraph(doctree) -> str:
    """The first paragraph of prose, as plain text of at most about 200 characters."""
    for node in doctree.findall(nodes.paragraph):
        if not isinstance(node.parent, nodes.section):
            continue
        text = plain(" ".join(node.astext().split()))
        if len(text) > 40:
            return text if len(text) <= 200 else text[:200].rsplit(" ", 1)[0] + " …"
    return ""


def describe(app, pagename, templatename, context, doctree):
    """Description, canonical address and card; the card is a file of the site."""
    base = app.config.html_baseurl
    title = re.sub(r"<[^>]+>", "", html.unescape(context.get("title") or "")) or "Index"
    about = first_paragraph(doctree) if doctree else ""
    about = about or f"{title} of the book {app.config.project}"
    tags = {"name": {"description": about, "twitter:card": "summary_large_image"}}
    tags["property"] = {
        "og:type": "article",
        "og:site_name": app.config.project,
        "og:title": title,
        "og:description": about,
    }
    if base:
        tags["property"]["og:url"] = base + pagename + ".html"
        tags["property"]["og:image"] = base + CARD
        tags["property"]["og:image:alt"] = "Two trajectories down a valley: SGD and Adam"
    lines = [
        f'<meta {kind}="{name}" content="{html.escape(content)}" />'
        for kind, pairs in tags.items()
        for name, content in pairs.items()
    ]
    context["metatags"] = context.get("metatags", "") + "\n".join(lines) + "\n"


# ------------------------------------------------------------------ how long it takes

# Minutes for a word, a displayed formula and a line of code: a word at 200 a minute,
# the others guesses.  The page shows what was counted, so that a reader can judge.
PACE = {"words": 1 / 200, "formulas": 1 / 3, "lines": 1 / 20}


def is_folded(node) -> bool:
    """In a dropdown, or in code that the page folds."""
    while node is not None:
        if "dropdown" in node.get("classes", ()) or (isinstance(node, fold) and not node["open"]):
            return True
        node = node.parent
    return False


def reading(doctree) -> dict[str, int]:
    """Words, displayed formulas and lines of code that are open to a reader."""
    counts = dict.fromkeys(PACE, 0)
    for node in doctree.findall(nodes.paragraph):
        if not is_folded(node):
            counts["words"] += len(re.findall(r"[^\W\d_]{2,}", node.astext()))
    counts["formulas"] = sum(not is_folded(n) for n in doctree.findall(nodes.math_block))
    for node in doctree.findall(nodes.literal_block):
        if not is_folded(node):
            counts["lines"] += len(node.astext().splitlines())
    return counts


def show_reading_time(app, pagename, templatename, context, doctree):
    """Under the title of a chapter."""
    if doctree is None or not re.match(r"book/\d\d_", pagename):
        return
    counts = reading(doctree)
    minutes = sum(PACE[what] * number for what, number in counts.items())
    line = (
        f'<p class="reading-time">About {max(5, 5 * round(minutes / 5))} minutes: '
        f"{counts['words']} words, {counts['formulas']} displayed formulas, "
        f"{counts['lines']} lines of code and output</p>"
    )
    context["body"] = context["body"].replace("</h1>", "</h1>\n" + line, 1)


def write_sitemap(site: Path, base: str) -> None:
    """Every page a reader may come to; not the sources, the search, the redirect."""
    pages = [
        page.relative_to(site).as_posix()
        for page in sorted(site.rglob("*.html"))
        if page.relative_to(site).parts[0] not in ("_static", "_sources", "_modules")
        and page.name not in ("search.html", "404.html")
        and 'http-equiv="refresh"' not in page.read_text(encoding="utf-8").lower()
    ]
    urls = "".join(f"<url><loc>{escape(base + page)}</loc></url>\n" for page in pages)
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'
    )
    (site / "sitemap.xml").write_text(text, encoding="utf-8")


# -------------------------------------------------------------------------- weight


def lighter_pictures(site: Path) -> dict[str, tuple[str, int, int]]:
    """Lossless WebP for PNG, a third of the bytes for the same pixels.

    By the old name: the new name, and the width and height in pixels.
    """
    renamed = {}
    for png in sorted((site / "_images").glob("*.png")):
        with Image.open(png) as image:
            image.load()
            buffer = io.BytesIO()
            image.save(buffer, "webp", lossless=True, exact=True, method=4)
            copy = Image.open(io.BytesIO(buffer.getvalue())).convert("RGBA")
            same = ImageChops.difference(copy, image.convert("RGBA")).getbbox(alpha_only=False)
            if same is not None:
                logger.warning("publish: %s is not the same as WebP", png.name)
                continue
        png.with_suffix(".webp").write_bytes(buffer.getvalue())
        png.unlink()
        renamed[png.name] = (png.with_suffix(".webp").name, *image.size)
    return renamed


PICTURE = re.compile(r'<img([^>]*?) src="([^"]*_images/)([\w.-]+\.png)"([^>]*?)/?>')


def point_at(text: str, renamed: dict[str, tuple[str, int, int]]) -> str:
    """The page with its new pictures, loaded when they come near the window.

    The size keeps their place, so that the text does not jump when they come.
    """

    def tag(found: re.Match) -> str:
        before, folder, name, after = found.groups()
        if name not in renamed:
            return found[0]
        new, width, height = renamed[name]
        size = "" if " width=" in before + after else f' width="{width}" height="{height}"'
        return f'<img{before} src="{folder}{new}"{after.rstrip()}{size} loading="lazy" />'

    text = PICTURE.sub(tag, text)
    # links to a picture by itself
    return re.sub(
        r'(href="[^"]*_images/)([\w.-]+\.png)"',
        lambda m: f'{m[1]}{renamed[m[2]][0]}"' if m[2] in renamed else m[0],
        text,
    )


# A glyph in a style sheet: content: "\f002", and the theme's own variables.
GLYPH = re.compile(r'"(?:\\([ef][0-9a-f]{3})|([\ue000-\uf8ff]))"')
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
ICON = re.compile(r"\bfa-[a-z0-9-]+")


def icons_used(site: Path, pages: list[str]) -> set[int]:
    """Code points of the icons that pages, scripts and style sheets can show."""
    scripts = [p.read_text("utf-8", "replace") for p in site.glob("_static/**/*.js")]
    named = set(ICON.findall(" ".join([*pages, *scripts])))
    used = set()
    for sheet in site.glob("_static/**/*.css"):
        for selector, body in RULE.findall(sheet.read_text(encoding="utf-8")):
            icons = set(ICON.findall(selector))
            if selector.strip().startswith(".fa-") and icons and not icons & named:
                continue  # one of Font Awesome's 2000 that nothing here shows
            for code, character in GLYPH.findall(body):
                used.add(int(code, 16) if code else ord(character))
    return used


def fewer_icons(site: Path, used: set[int]) -> None:
    """Fonts of the icons in use: 5 KB instead of 300, in a format all browsers have."""
    for ttf in sorted(site.glob("_static/vendor/fontawesome/webfonts/*.ttf")):
        font = TTFont(ttf, recalcTimestamp=False)
        cutter = subset.Subsetter(subset.Options(layout_features=[], drop_tables=["GSUB", "GPOS"]))
        cutter.populate(unicodes=used)
        cutter.subset(font)
        font.flavor = "woff"
        font.save(ttf.with_suffix(".woff"))
        ttf.unlink()
        ttf.with_suffix(".woff2").unlink(missing_ok=True)
    for sheet in site.glob("_static/styles/*.css"):
        text = sheet.read_text(encoding="utf-8")
        new = re.sub(
            r'(url\([^)]*fontawesome/webfonts/[\w-]+)\.woff2\) format\("woff2"\),'
            r'url\([^)]*\.ttf\) format\("truetype"\)',
            r'\1.woff) format("woff")',
            text,
        )
        if new != text:
            sheet.write_text(new, encoding="utf-8")


def finish(app, error):
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    renamed = lighter_pictures(site)
    texts = []
    for page in sorted(site.rglob("*.html")):
        old = page.read_text(encoding="utf-8")
        new = point_at(old, renamed)
        texts.append(new)
        if new != old:
            page.write_text(new, encoding="utf-8")
    fewer_icons(site, icons_used(site, texts))
    # maps of scripts for their developers
    for leftover in site.glob("_static/scripts/*.map"):
        leftover.unlink()
    if app.config.html_baseurl:
        write_sitemap(site, app.config.html_baseurl)


def setup(app):
    app.connect("html-page-context", describe)
    app.connect("html-page-context", show_reading_time)
    # after adam_book has written its repairs
    app.connect("build-finished", finish, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
