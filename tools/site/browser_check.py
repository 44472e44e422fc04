"""Open every built page in Chromium and report what a reader would trip over.

    python tools/site/browser_check.py [_build/html] [--axe axe.min.js] [--shots DIR]

Each page is opened light, dark and 390 px wide from a server on the loopback
address, and once more from file://.  Reported: requests to any other host
(which are blocked), console errors, a page that scrolls sideways, formulas
MathJax could not set, pictures that did not load or have no real alt text, what
axe-core finds, what tools/site/reader_check.py finds: a keyboard that does not
get everywhere, and code_share.py: a chapter that shows too much code.  In the light,
predictions are covered, as a page opens; elsewhere what they cover is looked at too.
For each page the bytes are printed that a reader waits for, and more than 800 KB on
the first visit or 150 KB on the next page are a problem.
Pages are read from the site given, nothing is written there.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import gzip
import http.server
import importlib.util
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.site import code_share, conditions, reader_check

MODES = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FIRST_VISIT, NEXT_PAGE = 800, 150  # KB sent
PATIENCE = 120_000  # ms: a busy machine is no finding

SETTLE = """async () => {
  await document.fonts.ready;
  window.fitFormulas?.();
  await document.fonts.ready;
}"""

LOOK = """async () => {
  await document.fonts.ready;
  window.fitFormulas?.();
  await Promise.all([...document.images].map((i) => {
    i.loading = "eager";
    return i.decode().catch(() => {});
  }));
  const found = [], root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.querySelectorAll(".bd-article *, .bd-header *")]
      .filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1
        && e.checkVisibility());
    const scrolls = (e) => e && e !== root && (
      /auto|scroll|hidden/.test(getComputedStyle(e).overflowX)
        || scrolls(e.parentElement));
    const culprit = wide.find((e) => !scrolls(e));
    found.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth} px`
      + (culprit ? `, at <${culprit.tagName.toLowerCase()} class="${culprit.className}">`
        + ` ${culprit.textContent.trim().slice(0, 60)}` : ""));
  }
  for (const e of document.querySelectorAll("p mjx-container:not([display]) > mjx-math"))
    if (e.getBoundingClientRect().right > e.closest("p").getBoundingClientRect().right + 1)
      found.push(`formula cut at the margin: ${e.closest("p").textContent.slice(0, 60)}`);
  for (const e of document.querySelectorAll("mjx-merror"))
    found.push(`formula not set: ${e.textContent.slice(0, 80)}`);
  for (const i of document.querySelectorAll("article img")) {
    if (!i.naturalWidth) found.push(`picture not loaded: ${i.src}`);
    if (!i.alt || /_images\\/|\\.png$/.test(i.alt))
      found.push(`no alt text: ${i.src.split("/").pop()}`);
  }
  const copies = [...document.querySelectorAll(".copybtn")];
  const names = new Set(copies.map((b) => b.ariaLabel));
  if (names.has(null) || names.size < copies.length)
    found.push(`${copies.length} copy buttons have ${names.size} names`);
  for (const e of document.querySelectorAll("dl.py dd > p"))
    if (e.textContent.startsWith("Alias for field"))
      found.push(`says nothing: ${e.textContent}`);
  for (const e of document.querySelectorAll("mjx-container, div.math, pre, .cell_output"))
    if (/auto|scroll/.test(getComputedStyle(e).overflowX) && e.clientWidth
        && e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0
        && !e.querySelector("[tabindex='0'], a[href]"))
      found.push(`scrolls, but not by keyboard: <${e.tagName.toLowerCase()}>`
        + ` ${e.textContent.trim().slice(0, 60)}`);
  return found;
}"""

# The glyphs of a formula are hidden from assistive technology, and its MathML is
# MathJax's own: two thirds of a page's elements, on which axe would spend minutes.
# A formula stands as one word, in its own colour, so that contrast is still seen.
AXE = """async (tags) => {
  for (const formula of document.querySelectorAll("mjx-container"))
    formula.replaceChildren("formula");
  const r = await axe.run(document, {
    preload: false, // it would ask for imported style sheets at wrong addresses
    runOnly: { type: "tag", values: tags }, resultTypes: ["violations"],
  });
  return r.violations.map((v) => `axe: ${v.impact} ${v.id} x${v.nodes.length}: `
    + v.nodes.slice(0, 2).map((n) => n.html.slice(0, 120)).join(" | "));
}"""


def find_chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    if named:
        return named if os.access(named, os.X_OK) else None
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def find_axe() -> Path | None:
    """axe-core as axe-playwright-python ships it (tools/site/requirements-browser.txt)."""
    spec = importlib.util.find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).with_name("axe.min.js")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serve(site: Path) -> Iterator[str]:
    """Serve the site on a free port of the loopback address; its root."""
    handler = functools.partial(QuietHandler, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()


def launch_options(chromium: str) -> dict:
    # Chromium refuses its sandbox to root, which is what containers run as.
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return {"executable_path": chromium, "args": flags}


def pages_of(site: Path) -> list[str]:
    skip = ("_static", "_sources", "_modules")
    return [
        path.relative_to(site).as_posix()
        for path in sorted(site.rglob("*.html"))
        if path.relative_to(site).parts[0] not in skip
        and 'http-equiv="refresh"' not in path.read_text(encoding="utf-8").lower()
    ]


async def open_page(context, url: str, found: list[str]):
    """A new page at the address; what goes wrong in it is added to `found`."""
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    local = ("http://127.0.0.1", "file:", "data:", "blob:")

    async def route(route):
        if route.request.url.startswith(local):
            await route.continue_()
        else:
            found.append(f"asks another host: {route.request.url}")
            await route.abort()

    await page.route("**/*", route)
    page.on(
        "console",
        lambda m: found.append(f"console: {m.text[:200]}") if m.type == "error" else None,
    )
    page.on(
        "response",
        lambda r: found.append(f"{r.status}: {r.url}") if r.status >= 400 else None,
    )
    page.on("pageerror", lambda e: found.append(f"script error: {str(e)[:200]}"))
    await page.goto(url, wait_until="load")
    return page


async def look_at(
    context, url: str, axe: str | None, shot: Path | None, *, uncovered: bool
) -> list[str]:
    """Open one page; return what is wrong with it."""
    found: list[str] = []
    page = await open_page(context, url, found)
    if uncovered:
        await page.evaluate(code_share.UNCOVER)
    found += await page.evaluate(LOOK)
    if shot:
        shot.parent.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=str(shot), full_page=True)
    if axe:
        await page.add_script_tag(content=axe)
        found += await page.evaluate(AXE, AXE_TAGS)
    await page.close()
    return found


def sent(path: Path) -> int:
    """Bytes of a file as a server sends it: text compressed, fonts and pictures as is."""
    if path.suffix in {".html", ".css", ".js", ".json", ".svg", ".xml"}:
        return len(gzip.compress(path.read_bytes(), 6))
    return path.stat().st_size


async def requests_of(browser, root: str, name: str) -> tuple[set[str], set[str]]:
    """Files of the site a page asks for when opened, and when read to its end."""
    asked: list[str] = []
    # A fresh context: nothing is in its cache.
    context = await browser.new_context(**MODES["light"])
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("request", lambda r: asked.append(r.url.split("#")[0].split("?")[0]))
    await page.goto(root + name, wait_until="load")
    await page.evaluate(SETTLE)
    await page.wait_for_load_state("networkidle")
    opened = len(asked)
    await page.evaluate(LOOK)
    await page.wait_for_load_state("networkidle")
    await context.close()
    files = [url.removeprefix(root) if url.startswith(root) else "" for url in asked]
    return set(files[:opened]) - {""}, set(files) - {""}


async def weigh(browser, site: Path, root: str, pages: list[str], start: str) -> list[str]:
    """Print what each page weighs; the pages that are too heavy."""
    found: list[str] = []
    size = functools.cache(lambda name: sent(site / name))
    cached, _ = await requests_of(browser, root, start)
    print(f"KB sent: first visit, next page (after {start}), next page read to its end")
    for name in pages:
        opened, read = await requests_of(browser, root, name)
        first, after, to_end = (
            sum(map(size, files)) / 1000 for files in (opened, opened - cached, read - cached)
        )
        print(f"  {first:4.0f} {after:4.0f} {to_end:4.0f}  {name}", flush=True)
        if first > FIRST_VISIT:
            found.append(f"{name}: {first:.0f} KB on first visit > {FIRST_VISIT}")
        if after > NEXT_PAGE:
            found.append(f"{name}: {after:.0f} KB as the next page > {NEXT_PAGE}")
    return found


async def read_as_a_reader(browser, root: str, pages: list[str]) -> list[str]:
    """The keyboard over the index and the page with most in it."""
    found: list[str] = []
    for mode, name, check in [
        *(("light", name, check) for name in pages for check in reader_check.WIDE),
        *(("narrow", name, check) for name in pages for check in reader_check.NARROW),
    ]:
        context = await browser.new_context(**MODES[mode])
        trouble: list[str] = []
        page = await open_page(context, root + name, trouble)
        trouble += await check(page)
        found += [f"{name} [{mode}]: {problem}" for problem in trouble]
        await context.close()
    return found


async def measure_code(browser, root: str, pages: list[str]) -> list[str]:
    """The share of code in the height of each page, as a wide window shows it."""
    found: list[str] = []
    context = await browser.new_context(**MODES["light"])
    print("share of the height: code, output")
    for name in pages:
        page = await open_page(context, root + name, found)
        await page.evaluate(SETTLE)
        found += await code_share.problems(page, name)
        await page.close()
    await context.close()
    return found


async def search_both_ways(browser, http_root: str, file_root: str) -> list[str]:
    """From a server, and from file://, where a page may not fetch others."""
    found: list[str] = []
    for root in (http_root, file_root):
        context = await browser.new_context(**MODES["light"])
        trouble: list[str] = []
        page = await open_page(context, root + "search.html", trouble)
        trouble += await reader_check.search_finds(page, root)
        found += [f"search [{root.split(':')[0]}]: {problem}" for problem in trouble]
        await context.close()
    return found


async def check_site(args, chromium: str, axe: str | None, http_root: str) -> int:
    """All pages in all modes, some at a time; the number of problems."""
    from playwright.async_api import async_playwright

    pages = [p for p in pages_of(args.site) if not args.only or args.only in p]
    file_root = args.site.resolve().as_uri() + "/"
    bad = 0

    def report(where: str, found: list[str]) -> None:
        nonlocal bad
        bad += len(found)
        for problem in found:
            print(f"{where}: {problem}", flush=True)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options(chromium))
        for mode in args.modes.split(","):
            began = time.monotonic()
            names = iter(pages)

            async def worker(mode=mode, names=names):
                # A context of its own is a process of its own.
                context = await browser.new_context(**MODES.get(mode, MODES["light"]))
                root, rules = (file_root, None) if mode == "file" else (http_root, axe)
                for name in names:
                    shot = None
                    if args.shots and mode != "file":
                        shot = args.shots / f"{name.replace('/', '_')[:-5]}-{mode}.png"
                    found = await look_at(
                        context, root + name, rules, shot, uncovered=mode != "light"
                    )
                    report(f"{name} [{mode}]", found)
                await context.close()

            await asyncio.gather(*(worker() for _ in range(args.jobs)))
            print(f"{mode}: {len(pages)} pages, {time.monotonic() - began:.0f} s", flush=True)
        if not args.only and pages:
            began = time.monotonic()
            longest = max(pages, key=lambda name: (args.site / name).stat().st_size)
            start = next((p for p in pages if p.endswith("/index.html")), pages[0])
            walked = [start, longest]
            found = await read_as_a_reader(browser, http_root, walked)
            if examples := [n for n in pages if n.endswith("/api.html")]:
                found += await conditions.copied(browser, http_root + examples[0])
            for check in conditions.ALL:
                for name in walked:
                    trouble = await check(browser, http_root + name)
                    found += [f"{name}: {problem}" for problem in trouble]
            report("reader", found)
            report("reader", await search_both_ways(browser, http_root, file_root))
            print(f"keyboard: {', '.join(walked)}, {time.monotonic() - began:.0f} s", flush=True)
            chapters = [name for name in pages if name.startswith("book/")]
            report("code", await measure_code(browser, http_root, chapters))
            report("weight", await weigh(browser, args.site, http_root, pages, start))
        await browser.close()
    rules = "with axe-core" if axe else "WITHOUT axe-core"
    print(f"{len(pages)} pages, {args.modes}, {rules}: ", end="")
    print(f"{bad} problems" if bad else "no problems")
    return bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path, default=Path("_build/html"))
    parser.add_argument("--axe", type=Path, help="another axe.min.js than the pinned one")
    parser.add_argument("--shots", type=Path, help="folder for screenshots")
    parser.add_argument("--only", help="pages whose path contains this")
    parser.add_argument(
        "--modes", default="light,dark,narrow,file", help="of these, which to look at"
    )
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--find", action="store_true", help="only look for Chromium")
    args = parser.parse_args()

    chromium = find_chromium()
    if args.find:
        print(chromium or "none")
        return 0 if chromium else 1
    if chromium is None:
        print("NOT CHECKED in a browser: no Chromium here (set CHROMIUM=/path/to/it)")
        return 1
    if not (args.site / "index.html").is_file():
        print(f"no built site in {args.site}: run `make book` first")
        return 1
    axe = args.axe or find_axe()
    if axe is None:
        print("no axe-core: pip install -r tools/site/requirements-browser.txt, or --axe FILE")
        return 1
    with serve(args.site) as root:
        bad = asyncio.run(check_site(args, chromium, axe.read_text(encoding="utf-8"), root))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
