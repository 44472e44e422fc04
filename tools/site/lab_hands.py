"""The explorables in a reader's hands, in the engines that lab_check.py does not open.

    python tools/site/lab_hands.py [_build/html] [--engines firefox,webkit] [--only sitting]

Every slider by keyboard (arrow, End) and by pointer, every choice by arrow and by
pointer, the handle by arrow and Home: each must change the setting, and after each the
numbers on the page must be adam_lib's. Chromium is lab_check.py's part, with more.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tools.site.browser_check import pages_of, serve
from tools.site.engines import ENGINES, Engine
from tools.site.lab_check import NUMBERS, wrong_numbers

UNCOVER = "() => document.querySelectorAll('button.show').forEach((b) => b.click())"
NAMES = "() => [...document.querySelectorAll('[data-lab]')].map((e) => e.dataset.lab)"
FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
STATE = f"""async (s) => {{
  await {FRAME};
  const lab = document.querySelector(s);
  return [lab.dataset.state, ({NUMBERS})(lab)];
}}"""
# Each control by a selector of its own.
CONTROLS = """(s) => {
  const lab = document.querySelector(s), out = [];
  lab.querySelectorAll("input[type=range]").forEach((e) => out.push(["range", e.name]));
  lab.querySelectorAll("fieldset").forEach((e) =>
    out.push(["choice", e.querySelector("input").name]));
  if (lab.querySelector("[role=slider]")) out.push(["handle", ""]);
  return out;
}"""
FOCUS = "(s) => document.querySelector(s).focus()"
RESET = """(s) => [...document.querySelectorAll(`${s} .lab-foot button`)]
  .find((b) => b.textContent === "Start again").click()"""


class Hands:
    """An explorable, and what is wrong with it."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.name, self.place = engine, name, f"#lab-{name}"
        self.found: list[str] = []

    def check(self, moved: str, before: str | None = None) -> str:
        state, numbers = self.engine.evaluate(STATE, self.place)
        if state == before:
            self.found.append(f"{self.name}: {moved} changes nothing")
        wrong = wrong_numbers(self.name, json.loads(state), numbers)
        self.found += [f"{self.name}: {moved}: {problem}" for problem in wrong]
        return str(state)

    def keys(self, what: str, selector: str, strokes: tuple[str, ...]) -> None:
        """From what it opens with, so that every stroke has somewhere to go."""
        for stroke in strokes:
            self.engine.evaluate(RESET, self.place)
            before = self.check("Start again")
            self.engine.evaluate(FOCUS, selector)
            self.engine.press(stroke)
            after = self.check(f"{what} by {stroke}")
            if after == before:
                # it may have opened at this end
                self.engine.press("ArrowRight" if stroke == "ArrowLeft" else "ArrowLeft")
                self.check(f"{what} by {stroke} and back", before)

    def use(self) -> list[str]:
        self.check("on opening")
        for kind, key in self.engine.evaluate(CONTROLS, self.place):
            if kind == "range":
                selector = f"{self.place} input[name='{key}']"
                self.keys(key, selector, ("ArrowLeft", "End"))
                before = self.check("End")
                self.engine.tap(selector)
                self.check(f"{key} by pointer", before)
            elif kind == "choice":
                group = f"{self.place} input[name='{key}']"
                self.keys(key, f"{group}:checked", ("ArrowDown",))
                before = self.check("ArrowDown")
                self.engine.tap(f"{self.place} label:has(input[name='{key}']:not(:checked))")
                self.check(f"{key} by pointer", before)
            else:
                strokes = ("ArrowLeft", "ArrowDown", "Home")
                self.keys("handle", f"{self.place} [role=slider]", strokes)
        return self.found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path, default=Path("_build/html"))
    parser.add_argument("--engines", default="firefox,webkit")
    parser.add_argument("--only", default="", help="pages whose path contains this")
    args = parser.parse_args()
    pages = [
        name
        for name in pages_of(args.site)
        if args.only in name and "data-lab=" in (args.site / name).read_text(encoding="utf-8")
    ]
    bad = 0
    with serve(args.site) as root:
        for name in args.engines.split(","):
            with ENGINES[name]() as engine:
                if engine is None:
                    print(f"NOT TRIED in {name}: there is none here")
                    continue
                used = 0
                for page in pages:
                    engine.open(root + page)
                    engine.evaluate(UNCOVER)
                    for lab in engine.evaluate(NAMES):
                        used += 1
                        for problem in Hands(engine, lab).use():
                            bad += 1
                            print(f"{page} [{engine.name}]: {problem}", flush=True)
                print(f"{used} explorables by keyboard and pointer in {engine.name}", flush=True)
                bad += not used
    print(f"explorables: {bad or 'no'} problems")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
