"""A reader of the ledger: choose claims, open a line, read its statement.

Called by tools/site/reader_path.py, by keyboard and by touch, 390 px wide.
"""

from __future__ import annotations

import time

from tools.site.engines import Engine

PAGE = "book/ledger.html"
LINE = ".ledger > li[data-kind='measured'] details"
FOCUS = "(s) => { const e = document.querySelector(s); e.focus(); e.scrollIntoView(); }"
SHOWN = """(kind) => [...document.querySelectorAll(".ledger > li" + kind)]
  .filter((e) => e.checkVisibility()).length"""
TOLD = "() => parseInt(document.querySelector('.ledger-count').textContent)"
STATEMENT = "(s) => document.querySelector(s + ' .ledger-statement')?.textContent.trim() ?? ''"
LINKS = """(s) => [...document.querySelector(s).querySelectorAll(".ledger-links a")]
  .filter((e) => e.checkVisibility()).length"""
EMPTY = """() => [...document.querySelectorAll(".bd-article h2")]
  .filter((h) => h.checkVisibility() && h.parentElement.querySelector(".ledger")
    && ![...h.parentElement.querySelectorAll(".ledger > li")].some((e) => e.checkVisibility()))
  .map((h) => h.textContent)"""
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
PATIENCE = 20  # s, for a chapter's statements


def read_line(engine: Engine, by_keyboard: bool) -> list[str]:
    """Open a measured claim's line; what is wrong with what it shows."""
    found = []
    if by_keyboard:
        engine.evaluate(FOCUS, f"{LINE} > summary")
        engine.press("Enter")
    else:
        engine.tap(f"{LINE} > summary")
    until = time.monotonic() + PATIENCE
    while not engine.evaluate(STATEMENT, LINE) and time.monotonic() < until:
        time.sleep(0.1)
    said = engine.evaluate(STATEMENT, LINE)
    if len(said) < 60 or "could not be loaded" in said:
        found.append(f"a line opens to {said!r}, not to its statement")
    if engine.evaluate(LINKS, LINE) != 2:
        found.append("a line does not lead to its claim and its check")
    return found


def choose(engine: Engine) -> list[str]:
    """Proved, then measured claims, with the arrow keys; what is shown must be they."""
    found = []
    everything = engine.evaluate(SHOWN, "")
    engine.evaluate(FOCUS, "select[name=kind]")
    for kind in ("proved", "measured"):
        engine.press("ArrowDown")
        shown = engine.evaluate(SHOWN, ""), engine.evaluate(SHOWN, f"[data-kind={kind}]")
        if not 0 < shown[0] < everything or shown[0] != shown[1]:
            found.append(f"{kind} alone: {shown[0]} of {everything} lines are shown")
        if engine.evaluate(TOLD) != shown[0]:
            found.append(f"{kind} alone: the count says {engine.evaluate(TOLD)}, not {shown[0]}")
        found += [f"{kind} alone: nothing under {name}" for name in engine.evaluate(EMPTY)]
    return found


def follow_ledger(engine: Engine, by_keyboard: bool, root: str) -> list[str]:
    engine.open(root + PAGE)
    found = read_line(engine, by_keyboard)
    if by_keyboard:
        found += choose(engine)
    if engine.evaluate(WIDE) > 0:
        found.append("scrolls sideways")
    return found
