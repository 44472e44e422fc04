"""Check the links of the built site and of the repository's Markdown files.

    python tools/site/check_links.py [_build/html] [--external]

Internal links always: the file exists, and so does the place in it.  External
links with --external, and only where there is a network: otherwise that they
were not checked is said.  A host that refuses robots is listed, not counted.
"""

from __future__ import annotations

import argparse
import re
import sys
import urllib.error
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
# Made when the site is published, of its pages: no file of the build.
PUBLISHED = {"adam-derived.pdf"}
REFUSED = {401, 403, 405, 406, 418, 429, 503, 999}


class Page(HTMLParser):
    """The links of a page, and the places in it that a link can name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key == "id" or (key == "name" and tag == "a"):
                self.places.add(value or "")
            elif key in ("href", "src") and value:
                self.links.add(value)


def internal_problems(site: Path, own: str = "") -> tuple[list[str], dict[str, set[str]]]:
    """Broken links inside the site; and the external ones, with where they stand."""
    files = [p for p in sorted(site.rglob("*.html")) if "_static" not in p.parts]
    pages = {p: Page(p.read_text(encoding="utf-8")) for p in files}
    problems: list[str] = []
    external: dict[str, set[str]] = defaultdict(set)
    for path, page in pages.items():
        where = path.relative_to(site).as_posix()
        for link in sorted(page.links):
            url = urlsplit(link)
            if own and link.startswith(own):
                # the site's own address: a canonical link
                url = urlsplit(link.removeprefix(own))
                target = site / unquote(url.path)
            elif url.scheme in ("http", "https"):
                external[link].add(where)
                continue
            elif url.scheme or url.netloc:
                continue
            else:
                target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if target.is_dir():
                target /= "index.html"
            if own and link.removeprefix(own) in PUBLISHED:
                continue
            if not target.is_file():
                problems.append(f"{where}: {link}: no such file")
            elif url.fragment and target.suffix == ".html":
                known = pages.get(target) or pages.get(site / target.relative_to(site.resolve()))
                if known and unquote(url.fragment) not in known.places | {"", "top"}:
                    problems.append(f"{where}: {link}: no such place")
    return problems, external


MARKDOWN_LINK = re.compile(r"\]\(([^)\s]+)\)")


def repository_problems(root: Path) -> list[str]:
    """Relative links of README, CONTRIBUTING and the like."""
    return [
        f"{path.name}: {link}: no such file"
        for path in sorted(root.glob("*.md"))
        for link in MARKDOWN_LINK.findall(path.read_text(encoding="utf-8"))
        # a template of a link, `[x](NN_name.ipynb#limits)`, stands in code
        if not urlsplit(link).scheme and not link.startswith("#")
        if not (root / link.split("#")[0]).exists()
    ]


def answer(url: str) -> str:
    """ "" when the address answers, else what is wrong with it."""
    request = urllib.request.Request(url.split("#")[0], headers={"User-Agent": "link check"})
    try:
        with urllib.request.urlopen(request, timeout=20):
            return ""
    except urllib.error.HTTPError as error:
        return f"refused, {error.code}" if error.code in REFUSED else f"answers {error.code}"
    except OSError as error:
        return f"no answer: {getattr(error, 'reason', error)}"


def check_external(links: dict[str, set[str]]) -> list[str]:
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(links, pool.map(answer, links), strict=True))
    if answers and all(a.startswith("no answer") for a in answers.values()):
        print(f"{len(links)} external links NOT CHECKED: no network here")
        return []
    for url, said in answers.items():
        if said.startswith("refused"):
            print(f"not judged: {url}: {said}")
    bad = {u: a for u, a in answers.items() if a and not a.startswith("refused")}
    return [f"{sorted(links[url])[0]}: {url}: {said}" for url, said in bad.items()]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path, default=Path("_build/html"))
    parser.add_argument("--external", action="store_true")
    args = parser.parse_args(argv)
    if not (args.site / "index.html").is_file():
        print(f"no built site in {args.site}: run `make book` first")
        return 1
    sitemap = args.site / "sitemap.xml"
    own = re.search(r"<loc>(.*?)book/", sitemap.read_text()) if sitemap.is_file() else None
    problems, external = internal_problems(args.site, own[1] if own else "")
    problems += repository_problems(ROOT)
    if args.external:
        # links into this repository exist once it is published
        problems += check_external(external)
    else:
        print(f"{len(external)} external links not checked (--external does)")
    print("\n".join(problems) or "internal links: no problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
