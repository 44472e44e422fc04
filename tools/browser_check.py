"""Open every built page in Chromium and report what a reader would trip over.

    python tools/browser_check.py [_build/html] [--axe axe.min.js] [--shots DIR]

Each page is opened light, dark and 390 px wide from a server on the loopback
address, and once more from file://.  Reported: requests to any other host
(which are blocked), console errors, a page that scrolls sideways, formulas
MathJax could not set, pictures that did not load or have no real alt text, and
with --axe what axe-core finds.  Pages are read from the site given, nothing is
written there.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import shutil
import sys
import threading
from pathlib import Path

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

LOOK = """async () => {
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
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
  for (const e of document.querySelectorAll("mjx-merror"))
    found.push(`formula not set: ${e.textContent.slice(0, 80)}`);
  for (const i of document.querySelectorAll("article img")) {
    if (!i.naturalWidth) found.push(`picture not loaded: ${i.src}`);
    if (!i.alt || /_images\\/|\\.png$/.test(i.alt))
      found.push(`no alt text: ${i.src.split("/").pop()}`);
  }
  return found;
}"""

AXE = """async (tags) => {
  const r = await axe.run(document, { runOnly: { type: "tag", values: tags } });
  // A heading that is a formula has text, in MathML; axe looks for glyphs.
  const formula = (id, node) => id === "empty-table-header"
    && document.querySelector(node.target[0])?.querySelector("mjx-container");
  return r.violations
    .map((v) => ({ ...v, nodes: v.nodes.filter((n) => !formula(v.id, n)) }))
    .filter((v) => v.nodes.length)
    .map((v) => `axe: ${v.impact} ${v.id} x${v.nodes.length}: `
      + v.nodes.slice(0, 2).map((n) => n.html.slice(0, 120)).join(" | "));
}"""


def find_chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    if named:
        return named if os.access(named, os.X_OK) else None
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def serve(site: Path) -> http.server.ThreadingHTTPServer:
    """Serve the site on a free port of the loopback address."""
    handler = functools.partial(QuietHandler, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def pages_of(site: Path) -> list[str]:
    skip = ("_static", "_sources", "_modules")
    return [
        path.relative_to(site).as_posix()
        for path in sorted(site.rglob("*.html"))
        if path.relative_to(site).parts[0] not in skip
        and 'http-equiv="refresh"' not in path.read_text(encoding="utf-8").lower()
    ]


def look_at(context, url: str, axe: str | None, shot: Path | None) -> list[str]:
    """Open one page; return what is wrong with it."""
    page = context.new_page()
    page.set_default_timeout(120_000)  # a busy machine is no finding
    found: list[str] = []
    local = ("http://127.0.0.1", "file:", "data:", "blob:")

    def route(route):
        if route.request.url.startswith(local):
            route.continue_()
        else:
            found.append(f"asks another host: {route.request.url}")
            route.abort()

    page.route("**/*", route)
    page.on(
        "console",
        lambda m: m.type == "error" and found.append(f"console: {m.text[:200]}"),
    )
    page.on("pageerror", lambda e: found.append(f"script error: {str(e)[:200]}"))
    page.goto(url, wait_until="load")
    found += page.evaluate(LOOK)
    if axe:
        page.add_script_tag(content=axe)
        found += page.evaluate(AXE, AXE_TAGS)
    if shot:
        shot.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(shot), full_page=True, timeout=120_000)
    page.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path, default=Path("_build/html"))
    parser.add_argument("--axe", type=Path, help="axe.min.js, of npm's axe-core")
    parser.add_argument("--shots", type=Path, help="folder for screenshots")
    parser.add_argument("--only", help="pages whose path contains this")
    parser.add_argument(
        "--modes", default="light,dark,narrow,file", help="of these, which to look at"
    )
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
    from playwright.sync_api import sync_playwright

    pages = [p for p in pages_of(args.site) if not args.only or args.only in p]
    axe = args.axe.read_text(encoding="utf-8") if args.axe else None
    server = serve(args.site)
    http_root = f"http://127.0.0.1:{server.server_address[1]}/"
    file_root = args.site.resolve().as_uri() + "/"
    bad = 0
    # Chromium refuses its sandbox to root, which is what containers run as.
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        for mode, root, rules in [
            *((mode, http_root, axe) for mode in MODES),
            ("file", file_root, None),
        ]:
            if mode not in args.modes.split(","):
                continue
            context = browser.new_context(**MODES.get(mode, MODES["light"]))
            for name in pages:
                shot = None
                if args.shots and mode != "file":
                    shot = args.shots / f"{name.replace('/', '_')[:-5]}-{mode}.png"
                for problem in look_at(context, root + name, rules, shot):
                    bad += 1
                    print(f"{name} [{mode}]: {problem}", flush=True)
            context.close()
        browser.close()
    server.shutdown()
    rules = "with axe-core" if axe else "without axe-core"
    print(f"{len(pages)} pages, {args.modes}, {rules}: ", end="")
    print(f"{bad} problems" if bad else "no problems")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
