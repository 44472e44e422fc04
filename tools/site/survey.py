"""Every page, in every engine there is, at three widths.

    python tools/site/survey.py [_build/html] [--engines chromium,firefox,webkit] [--only 07]

Reported: errors in the console, files that did not load, requests to any other host
(which are refused), formulas that were not set, raw TeX in the text, and a page that
scrolls sideways at 1280, 390 or 320 px. The server puts a few lines at the head of each
page that note what goes wrong, so that the three engines report alike; pages are shown
in a frame, since a window may not be as narrow as a phone.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.site.browser_check import QuietHandler, pages_of
from tools.site.engines import ENGINES, Engine

WIDTHS = (1280, 390, 320)

NOTE = """<script>(() => {
  const trouble = window.trouble = [], say = (text) => trouble.push(String(text).slice(0, 200));
  addEventListener("error", (e) => say(e.message ? `script error: ${e.message}`
    : `did not load: ${e.target.src || e.target.href}`), true);
  addEventListener("unhandledrejection", (e) => say(`script error: ${e.reason}`));
  addEventListener("securitypolicyviolation", (e) =>
    say(`asks another host: ${e.blockedURI} (${e.effectiveDirective})`));
  const { error } = console;
  console.error = (...all) => { say(`console: ${all.join(" ")}`); error.apply(console, all); };
})();</script>"""
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"

LOOK = """async (address, widths) => {
  document.body.innerHTML = "";
  const frame = document.createElement("iframe");
  frame.style = `border: 0; height: 900px; width: ${widths[0]}px`;
  const loaded = new Promise((resolve) => (frame.onload = resolve));
  frame.src = address;
  document.body.append(frame);
  await loaded;
  const page = frame.contentWindow, root = page.document.documentElement;
  await page.document.fonts.ready;
  const found = [];
  const still = () => new Promise((resolve) => setTimeout(resolve, 120));
  for (const width of widths) {
    frame.style.width = `${width}px`;
    await still();
    page.fitFormulas?.();
    await still();
    if (root.clientWidth < width - 20) found.push(`no page ${width} px wide can be shown here`);
    if (root.scrollWidth <= root.clientWidth) continue;
    const holds = (e) => /auto|scroll|hidden/.test(page.getComputedStyle(e).overflowX);
    const scrolls = (e) => e && e !== root && (holds(e) || scrolls(e.parentElement));
    const culprit = [...page.document.querySelectorAll("body *")].find((e) =>
      e.getBoundingClientRect().right > root.clientWidth + 1 && !scrolls(e)
        && e.getBoundingClientRect().height);
    found.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth} px`
      + (culprit ? ` at <${culprit.tagName} class="${culprit.className}">` : ""));
  }
  for (const e of page.document.querySelectorAll("mjx-merror"))
    found.push(`formula not set: ${e.textContent.slice(0, 80)}`);
  const walk = page.document.createTreeWalker(page.document.querySelector("main") ?? root, 4);
  while (walk.nextNode()) {
    const { data, parentElement: within } = walk.currentNode;
    if (/\\$[^$\\s][^$]*\\$|\\\\[a-z]+\\{|\\\\\\(/.test(data)
        && !within.closest("pre, code, script, style, mjx-container, .sig"))
      found.push(`raw TeX: ${data.trim().slice(0, 80)}`);
  }
  return [...found, ...page.trouble];
}"""


class Noting(QuietHandler):
    """The site, each page with the lines that note what goes wrong; and a blank page."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path != "/blank" and not path.endswith(".html"):
            super().do_GET()
            return
        name = Path(self.translate_path(path))
        if path != "/blank" and not name.is_file():
            self.send_error(404)
            return
        page = "<!doctype html><title>a frame</title><body></body>"
        if path != "/blank":
            page = name.read_text(encoding="utf-8").replace("<head>", f"<head>{NOTE}", 1)
        body = page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def noting(site: Path) -> Iterator[str]:
    handler = functools.partial(Noting, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()


def survey(engine: Engine, root: str, pages: list[str]) -> int:
    """Print what is wrong with each page; the number of problems."""
    bad = 0
    engine.open(f"{root}blank")
    for name in pages:
        found: list[Any] = engine.evaluate(LOOK, root + name, WIDTHS)
        bad += len(found)
        for problem in found:
            print(f"{name} [{engine.name}]: {problem}", flush=True)
    return bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path, default=Path("_build/html"))
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--only", default="", help="pages whose path contains this")
    args = parser.parse_args()
    pages = [name for name in pages_of(args.site) if args.only in name and name != "404.html"]
    bad = 0
    with noting(args.site) as root:
        for name in args.engines.split(","):
            with ENGINES[name]() as engine:
                if engine is None:
                    print(f"NOT SURVEYED in {name}: there is none here")
                    continue
                began = time.monotonic()
                problems = survey(engine, root, pages)
                bad += problems
                seconds = time.monotonic() - began
                print(f"{engine.name}: {len(pages)} pages, {WIDTHS} px, {seconds:.0f} s: ", end="")
                print(f"{problems or 'no'} problems", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
