"""A reader's path through the built pages, 390 px wide, by keyboard and by touch.

    python tools/site/reader_path.py [_build/html] [--engines chromium,firefox] [--only 07]

On every page that predicts or asks: predict something unreadable, be told so; commit,
see what was covered, be told how close it was, find it open after a reload; answer an
exercise wrong, read the diagnosis that its key has for it, answer right. Before the
reader commits, nothing of what is covered may be seen, found in the contents, or focused.
On the ledger (ledger_path.py): open a line, read its statement, choose claims.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Any

from adam_lib.experiments import judge
from tools.site.browser_check import pages_of, serve
from tools.site.engines import ENGINES, Engine
from tools.site.ledger_path import PAGE, follow_ledger

LEAST = 5  # pages on which both are tried
TABS = 40  # from the box to the field: the question may have links
TARGET = 44  # px, the height of what a finger must hit

SEEN = "(s) => document.querySelector(s).checkVisibility()"
TEXT = """(s) => {
  const copy = document.querySelector(s).cloneNode(true);
  for (const formula of copy.querySelectorAll(".math, mjx-container")) formula.replaceWith("$");
  return copy.textContent.trim().replace(/\\s+/g, " ");
}"""
FOCUSED = "(s) => document.activeElement.matches(s)"
CHECKED = "(s) => document.querySelector(s).checked"
FOCUS = """(s) => {
  const e = document.querySelector(s);
  e.tabIndex = -1;
  e.focus();
}"""
EMPTY = """(s) => { document.querySelector(s).value = ""; }"""
TALL = "(s) => document.querySelector(s).getBoundingClientRect().height"
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
HEADINGS = """(s) => [...document.querySelector(s).querySelectorAll("h2, h3, h4")].map((h) =>
  h.textContent)"""
FOCUSABLE = """(s) => [...document.querySelector(s).querySelectorAll("a, button, input, summary")]
  .filter((e) => e.checkVisibility()).length"""
NAMES = """(s) => [...document.querySelectorAll(s)].map((form) => form.dataset.for)"""


class Keyboard:
    """Tab from the box until the focus is where it should be."""

    name = "keyboard"

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def reach(self, box: str, selector: str) -> None:
        self.engine.evaluate(FOCUS, box)
        for _ in range(TABS):
            self.engine.press("Tab")
            if self.engine.evaluate(FOCUSED, selector):
                return
        raise AssertionError(f"Tab does not reach {selector}")

    def write(self, box: str, selector: str, text: str) -> None:
        self.reach(box, selector)
        self.engine.evaluate(EMPTY, selector)
        self.engine.type(text)

    def choose(self, box: str, group: str, value: str) -> None:
        self.reach(box, group)
        self.engine.press("Space")
        for _ in range(12):
            if self.engine.evaluate(CHECKED, f"{group}[value='{value}']"):
                return
            self.engine.press("ArrowDown")
        raise AssertionError(f"the arrow keys do not reach {value} of {group}")

    def toggle(self, box: str, group: str, value: str) -> None:
        self.reach(box, f"{group}[value='{value}']")
        self.engine.press("Space")

    def submit(self, form: str) -> None:
        self.engine.press("Enter")  # from the field that has the focus


class Touch:
    """A finger taps labels, fields and buttons."""

    name = "touch"

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def tap(self, selector: str) -> None:
        height = self.engine.evaluate(TALL, selector)
        assert height >= TARGET - 0.5, f"{selector} is {height:.0f} px high, less than {TARGET}"
        self.engine.tap(selector)

    def write(self, box: str, selector: str, text: str) -> None:
        self.tap(selector)
        assert self.engine.evaluate(FOCUSED, selector), f"a tap does not focus {selector}"
        self.engine.evaluate(EMPTY, selector)
        self.engine.type(text)

    def choose(self, box: str, group: str, value: str) -> None:
        self.tap(f"{box} label:has(input[value='{value}'])")

    toggle = choose

    def submit(self, form: str) -> None:
        self.tap(f"{form} button[type=submit]")


Hands = Keyboard | Touch


# ------------------------------------------------------------------ predictions


def wait_for(engine: Engine, selector: str, begin: str) -> str:
    """What a live region says, once it begins as it should (a formula may take a while)."""
    until = time.monotonic() + 10
    while True:
        said = str(engine.evaluate(TEXT, selector))
        if said.startswith(begin):
            return said
        assert time.monotonic() < until, f"{selector} says {said!r}, not {begin!r}"
        time.sleep(0.05)


def guess(engine: Engine, hands: Hands, name: str, key: dict[str, Any]) -> None:
    place = f"#predict-{name.replace('.', '-')}"
    form, cover, say = f"{place} form", f"{place}-settled", f"{place} .guess-say"
    field = f"{form} input"
    assert not engine.evaluate(SEEN, cover), f"{name} is not covered"
    assert not engine.evaluate(FOCUSABLE, cover), f"{name}: what is covered can be focused"
    assert not engine.evaluate(HEADINGS, cover), f"{name}: a covered heading is in the contents"
    if key["form"] == "number":
        hands.write(place, field, "a lot")
        hands.submit(form)
        assert not engine.evaluate(SEEN, cover), f"{name}: 'a lot' uncovers"
        assert engine.evaluate(TEXT, say), f"{name}: nobody says that 'a lot' is no number"
        hands.write(place, field, "17.5")
    else:
        letter = next(x for x in judge.letters_of(key) if x != key["right"])
        hands.choose(place, field, letter)
    hands.submit(form)
    wait_for(engine, say, "You said 17.5" if key["form"] == "number" else f"You said ({letter})")
    assert engine.evaluate(SEEN, cover), f"{name}: nothing is uncovered"
    assert engine.evaluate(FOCUSED, say), f"{name}: the focus is not at what is said"
    if isinstance(hands, Keyboard):
        engine.reload()
        assert engine.evaluate(SEEN, cover), f"{name} is covered again after a reload"
        wait_for(engine, say, "You said")


# -------------------------------------------------------------------- exercises


def plain(say: str) -> str:
    return re.sub(r"\$[^$]*\$", "$", say)


def typed(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return "; ".join(repr(v) for v in values)


def give(engine: Engine, hands: Hands, name: str, key: dict[str, Any], answer: Any) -> None:
    """Put an answer into the form and hand it in."""
    box = f"#answer-{name.replace('.', '-')}"
    form = f"{box} form"
    if key["form"] in ("number", "numbers"):
        values = answer if isinstance(answer, list) else [answer]
        for position, value in enumerate(values, 1):
            hands.write(box, f"{form} label:nth-of-type({position}) input", repr(value))
    elif key["form"] == "choice":
        hands.choose(box, f"{form} input", answer)
    elif key.get("ordered"):
        hands.write(box, f"{form} input", "".join(answer))
    else:
        for letter in judge.letters_of(key):
            there = engine.evaluate(CHECKED, f"{form} input[value='{letter}']")
            if there != (letter in answer):
                hands.toggle(box, f"{form} input", letter)
    hands.submit(form)


def exercise(engine: Engine, hands: Hands, name: str, key: dict[str, Any]) -> None:
    say = f"#answer-{name.replace('.', '-')} .answer-say"
    rule = next(rule for rule in key["wrong"] if "is" in rule and "at" not in rule)
    give(engine, hands, name, key, rule["is"])
    wait_for(engine, say, f"Not yet. {plain(rule['say'])}")
    give(engine, hands, name, key, key["right"])
    wait_for(engine, say, "Right.")


def tryable(key: dict[str, Any]) -> bool:
    """Answered on the page, with a wrong answer that the key knows."""
    known = any("is" in rule and "at" not in rule for rule in key.get("wrong", []))
    return key["form"] != "code" and known


# ----------------------------------------------------------------------- a page


def follow(engine: Engine, hands: Hands, url: str) -> tuple[list[str], int, int]:
    """What is wrong on the path, and how many predictions and exercises were tried."""
    found: list[str] = []
    keys = judge.keys()
    engine.open(url)
    guesses = engine.evaluate(NAMES, "form.guess")
    answers = [n for n in engine.evaluate(NAMES, "form.answer") if tryable(keys[n])][:1]
    for name, walk in [*((n, guess) for n in guesses), *((n, exercise) for n in answers)]:
        try:
            walk(engine, hands, name, dict(keys[name]))
        except AssertionError as problem:
            found.append(str(problem))
    if engine.evaluate(WIDE) > 0:
        found.append("scrolls sideways once all is uncovered")
    return found, len(guesses), len(answers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path, default=Path("_build/html"))
    parser.add_argument("--engines", default="chromium,firefox")
    parser.add_argument("--only", default="", help="pages whose path contains this")
    args = parser.parse_args()
    asks = re.compile('class="(?:guess|answer)"')
    pages = [
        name
        for name in pages_of(args.site)
        if args.only in name and asks.search((args.site / name).read_text(encoding="utf-8"))
    ]
    bad = 0
    with serve(args.site) as root:
        for name in args.engines.split(","):
            with ENGINES[name]() as engine:
                if engine is None:
                    print(f"NOT FOLLOWED in {name}: there is none here")
                    continue
                full = 0
                for page in pages:
                    for hands in (Keyboard(engine), Touch(engine)):
                        found, guesses, answers = follow(engine, hands, root + page)
                        for problem in found:
                            print(f"{page} [{engine.name}, {hands.name}]: {problem}", flush=True)
                        bad += len(found)
                    full += bool(guesses and answers)
                    print(f"{page} [{engine.name}]: {guesses} predictions, {answers} exercise")
                for by_keyboard in (True, False) if args.only in PAGE else ():
                    found = follow_ledger(engine, by_keyboard, root)
                    for problem in found:
                        how = "keyboard" if by_keyboard else "touch"
                        print(f"{PAGE} [{engine.name}, {how}]: {problem}", flush=True)
                    bad += len(found)
                if not args.only and full < LEAST:
                    print(f"{engine.name}: only {full} pages to predict and to answer on")
                    bad += 1
    print(f"{len(pages)} pages, by keyboard and by touch: {bad or 'no'} problems")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
