"""Use every explorable of the built pages as a reader does, and check its numbers.

    python tools/site/lab_check.py [_build/html] [--shots DIR]

In Chromium, on a screen 390 px wide that asks for reduced motion: each control is
reached by Tab, moved by keyboard and by touch, and after every move each number on
the page must be adam_lib's (tools/site/lab_oracle.py) to 1e-12, and its text that number
rounded.  Checked too: the address restores a setting, also from file:// and for two
explorables on one page; what stands without scripts and in print; requests to other
hosts and console errors; and what the scripts weigh.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from pathlib import Path

from tools.site import lab_oracle
from tools.site.browser_check import find_chromium, launch_options, pages_of, serve

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "reduced_motion": "reduce",
}
NUMBERS = """(root) => Object.fromEntries([...root.querySelectorAll("data")]
  .map((d) => [d.dataset.n, [d.value, d.textContent]]))"""
CONTROLS = "input, [role=slider], .lab-foot button, .lab-foot a"


def wrong_numbers(name: str, state: dict, numbers: dict) -> list[str]:
    """What the page shows that adam_lib does not say."""
    want = lab_oracle.numbers(name, state)
    found = [f"shows {sorted(numbers)}, not {sorted(want)}"] * (numbers.keys() != want.keys())
    for key in numbers.keys() & want.keys():
        value, text = float(numbers[key][0]), numbers[key][1]
        if not math.isfinite(want[key]):
            if math.isfinite(value):
                found.append(f"{key} is {value}, not {want[key]}")
            continue
        if not math.isclose(value, want[key], rel_tol=1e-12, abs_tol=1e-300):
            found.append(f"{key} is {value!r}, not {want[key]!r}")
        number, half = lab_oracle.written(text)
        if abs(number - value) > half * (1 + 1e-6):
            found.append(f"{key} reads {text}, but is {value!r}")
    return [f"{problem}, at {state}" for problem in found]


class Reader:
    """One page in a browser, and what is wrong with it."""

    def __init__(self, context, url: str) -> None:
        self.found: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.route("**/*", self.route)
        self.page.on("console", self.console)
        self.page.on("pageerror", lambda e: self.found.append(f"script error: {str(e)[:200]}"))
        self.touch = context.new_cdp_session(self.page)
        self.page.goto(url, wait_until="load")
        # what a prediction covers is not seen until the reader asks for it
        self.page.evaluate("document.querySelectorAll('button.show').forEach((b) => b.click())")

    def route(self, route) -> None:
        if route.request.url.startswith(("http://127.0.0.1", "file:", "data:", "blob:")):
            route.continue_()
        else:
            self.found.append(f"asks another host: {route.request.url}")
            route.abort()

    def console(self, message) -> None:
        if message.type == "error":
            self.found.append(f"console: {message.text[:200]}")

    def names(self) -> list[str]:
        return self.page.eval_on_selector_all("[data-lab]", "all => all.map(e => e.dataset.lab)")

    def lab(self, name: str):
        return self.page.locator(f"#lab-{name}")

    def state(self, name: str) -> dict:
        """The setting, once the figure has been drawn for it."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        return json.loads(self.lab(name).get_attribute("data-state"))

    def check(self, name: str, moved: str, before: dict | None = None) -> dict:
        state = self.state(name)
        if state == before:
            self.found.append(f"{name}: {moved} changes nothing")
        numbers = self.lab(name).evaluate(NUMBERS)
        self.found += [f"{name}: {moved}: {p}" for p in wrong_numbers(name, state, numbers)]
        return state

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """A finger, from one point to another."""

        def send(kind, *points):
            touches = [{"x": x, "y": y} for x, y in points]
            self.touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

        send("touchStart", start)
        for k in range(1, 5):
            send("touchMove", tuple(a + (b - a) * k / 4 for a, b in zip(start, end, strict=True)))
        send("touchEnd")

    def centre(self, element) -> tuple[float, float]:
        element.evaluate("e => e.scrollIntoView({block: 'center', behavior: 'instant'})")
        box = element.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def by_tab(reader: Reader, name: str) -> None:
    """Tab passes through every control, in the order in which they stand."""
    lab = reader.lab(name)
    groups = "e => (e.type === 'radio' && e.name) || e.id || e.ariaLabel || e.textContent"
    ask = f"all => [...new Set(all.map({groups}))]"
    want = lab.locator(CONTROLS).evaluate_all(ask)
    lab.locator(CONTROLS).first.focus()
    passed = []
    for _ in want:
        passed.append(reader.page.evaluate(f"() => ({groups})(document.activeElement)"))
        reader.page.keyboard.press("Tab")
    if passed != want:
        reader.found.append(f"{name}: Tab passes {passed}, not {want}")


def by_keyboard(reader: Reader, name: str) -> None:
    lab, press = reader.lab(name), reader.page.keyboard.press
    sliders = lab.locator("input[type=range]")
    for i in range(sliders.count()):
        key = sliders.nth(i).get_attribute("name")
        for stroke in ("ArrowLeft", "Home", "ArrowRight"):
            before = reader.state(name)
            sliders.nth(i).focus()
            press(stroke)
            reader.check(name, f"{key} by {stroke}", before)
            if not sliders.nth(i).get_attribute("aria-valuetext"):
                reader.found.append(f"{name}: {key} does not say its value")
        lab.get_by_role("button", name="Start again").press("Enter")
    for group in lab.locator("fieldset").all():
        before = reader.state(name)
        group.locator("input:checked").focus()
        press("ArrowDown")
        reader.check(name, f"{group.locator('legend').inner_text()} by ArrowDown", before)
    handle = lab.locator("[role=slider]")
    if handle.count():
        reader.found += left_to_the_browser(reader, name, handle)
    for stroke in ("ArrowLeft", "ArrowDown", "ArrowRight", "Home", "End") if handle.count() else ():
        before = reader.state(name)
        handle.focus()
        press(stroke)
        reader.check(name, f"handle by {stroke}", before)
        if not handle.evaluate("e => e === document.activeElement"):
            reader.found.append(f"{name}: the handle loses the focus")


def left_to_the_browser(reader: Reader, name: str, handle) -> list[str]:
    """With Alt, Ctrl or Meta an arrow is not the handle's: Alt and left goes back."""
    handle.focus()
    before = reader.state(name)
    script = """(e, held) => !e.dispatchEvent(new KeyboardEvent("keydown",
      { key: "ArrowLeft", [held]: true, bubbles: true, cancelable: true }))"""
    swallowed = [k for k in ("altKey", "ctrlKey", "metaKey") if handle.evaluate(script, k)]
    if swallowed or reader.state(name) != before:
        return [f"{name}: the handle takes an arrow with {swallowed}"]
    return []


def by_playing(reader: Reader, name: str) -> None:
    """Play goes through the steps and Pause holds; without motion it shows the end."""
    lab, page = reader.lab(name), reader.page
    if not lab.get_by_role("button", name="Step", exact=True).count():
        return
    lab.get_by_role("button", name="Start again").press("Enter")
    for button in ("Step", "Step", "To the end"):
        before = reader.state(name)
        lab.get_by_role("button", name=button, exact=True).press("Enter")
        state = reader.check(name, button)
        if state == before and button == "Step":
            reader.found.append(f"{name}: {button} changes nothing")
    end, where = state, page.evaluate("document.activeElement.textContent")
    if where != "To the end":
        reader.found.append(f"{name}: pressing a button moves the focus to {where}")
    page.emulate_media(reduced_motion="no-preference")
    lab.get_by_role("button", name="Play", exact=True).press("Enter")
    page.wait_for_timeout(700)
    playing = reader.state(name)
    lab.get_by_role("button", name="Pause", exact=True).press("Enter")
    paused = reader.check(name, "Pause", end)
    page.wait_for_timeout(700)
    if playing == end or reader.state(name) != paused:
        reader.found.append(f"{name}: does not play, or does not pause")
    page.emulate_media(reduced_motion="reduce")
    lab.get_by_role("button", name="Start again").press("Enter")


def by_touch(reader: Reader, name: str) -> None:
    lab = reader.lab(name)
    lab.get_by_role("button", name="Start again").tap()
    for slider in lab.locator("input[type=range]").all():
        key, (x, y) = slider.get_attribute("name"), reader.centre(slider)
        half = slider.bounding_box()["width"] / 2
        for first, then in ((-0.4, 0.3), (0.3, -0.4)):
            reader.page.touchscreen.tap(x + first * half, y)
            before = reader.state(name)
            reader.page.touchscreen.tap(x + then * half, y)
            reader.check(name, f"{key} by touch", before)
        lab.get_by_role("button", name="Start again").tap()
    for choice in lab.locator("input[type=radio]").all():
        reader.centre(choice)
        choice.tap()
        reader.check(name, f"{choice.get_attribute('value')} by touch")
        if choice.get_attribute("value") not in reader.state(name).values():
            reader.found.append(f"{name}: {choice.get_attribute('value')} does not follow a touch")
    if lab.locator("[role=slider]").count():
        before, (x, y) = reader.state(name), reader.centre(lab.locator("[role=slider]"))
        scrolled = reader.page.evaluate("scrollY")
        reader.drag((x, y), (x + 20, y + 70))
        reader.check(name, "handle by touch", before)
        if reader.page.evaluate("scrollY") != scrolled:
            reader.found.append(f"{name}: dragging the handle scrolls the page")
        plane = lab.locator("svg[data-plane]").first
        (x, y), box = reader.centre(plane), plane.bounding_box()
        for moved, share in ((reader.page.mouse.click, 0.2), (reader.page.touchscreen.tap, -0.1)):
            before = reader.state(name)
            moved(x + share * box["width"], y + share * box["height"])
            reader.check(name, f"a {moved.__name__} on the plane", before)
    targets = "input[type=range], fieldset label, .lab-grab, .lab-foot button"
    for target in lab.locator(targets).all():
        if target.bounding_box()["height"] < 44:
            reader.found.append(f"{name}: a target of less than 44 px for a finger")


def by_address(reader: Reader, context, root: str) -> None:
    """All explorables of the page keep their settings in its address."""
    names = reader.names()
    for name in names:
        reader.lab(name).locator("input[type=range]").first.focus()
        reader.page.keyboard.press("ArrowLeft")
    states = {name: reader.state(name) for name in names}
    reader.page.wait_for_timeout(800)  # it is written when the reader pauses
    query = re.search(r"\?[^#]*", reader.page.url)
    if not query:
        reader.found.append("the address does not keep the setting")
        return
    page = reader.page.url.split("?")[0].rsplit("/html/", 1)[-1]
    page = re.sub(r"^http://[^/]+/", "", page)
    for where in (reader.page.url, f"{root}{page}{query[0]}"):
        again = Reader(context, where)
        for name in names:
            if again.check(name, "from the address") != states[name]:
                again.found.append(f"{name}: {where} does not restore {states[name]}")
        link = again.lab(names[0]).locator(".lab-foot a").get_attribute("href")
        if not link.endswith(f"#lab-{names[0]}"):
            again.found.append(f"{names[0]}: the link is {link}")
        reader.found += again.found
        again.page.close()


def without(browser, url: str, names: list[str]) -> list[str]:
    """What stands in print, and where scripts do not run."""
    found = []
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts)
        page = context.new_page()
        page.goto(url, wait_until="load")
        page.emulate_media(media="print" if scripts else "screen")
        for name in names:
            lab = page.locator(f"#lab-{name}")
            if not lab.locator("svg").first.is_visible() or not lab.locator("data").count():
                found.append(f"{name}: no figure {'in print' if scripts else 'without scripts'}")
            if any(
                control.is_visible()
                for control in lab.locator(CONTROLS).all()
                if control.evaluate("e => e.tagName") != "g"
            ):
                found.append(f"{name}: controls {'in print' if scripts else 'without scripts'}")
            if not scripts and not lab.locator("noscript p").is_visible():
                found.append(f"{name}: does not say that it needs scripts")
        context.close()
    return found


def weigh(site: Path) -> None:
    scripts = sorted((site / "_static/lab").glob("*.js"))
    total = sum(path.stat().st_size for path in scripts)
    print(f"{len(scripts)} scripts of explorables, {total / 1000:.1f} kB in all")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path, default=Path("_build/html"))
    parser.add_argument("--shots", type=Path, help="folder for screenshots")
    parser.add_argument("--only", help="pages whose path contains this")
    args = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        print("NOT CHECKED in a browser: no Chromium here (set CHROMIUM=/path/to/it)")
        return 1
    from playwright.sync_api import sync_playwright

    pages = [p for p in pages_of(args.site) if not args.only or args.only in p]
    pages = [p for p in pages if "data-lab=" in (args.site / p).read_text(encoding="utf-8")]
    files = args.site.resolve().as_uri() + "/"
    bad, used = 0, 0
    with serve(args.site) as root, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(chromium))
        for name in pages:
            context = browser.new_context(**PHONE)
            reader = Reader(context, root + name)
            for lab in reader.names():
                reader.check(lab, "on opening")
                by_tab(reader, lab)
                by_keyboard(reader, lab)
                by_playing(reader, lab)
                by_touch(reader, lab)
                if reader.page.evaluate("document.getAnimations().length"):
                    reader.found.append(f"{lab}: something moves by itself")
                if args.shots:
                    args.shots.mkdir(parents=True, exist_ok=True)
                    reader.lab(lab).screenshot(path=str(args.shots / f"lab-{lab}.png"))
                used += 1
            by_address(reader, context, files)
            reader.found += without(browser, root + name, reader.names())
            for problem in reader.found:
                print(f"{name}: {problem}", flush=True)
            bad += len(reader.found)
            context.close()
        browser.close()
    weigh(args.site)
    print(f"{used} explorables by keyboard and touch: ", end="")
    print(f"{bad} problems" if bad else "no problems")
    return 1 if bad or not used else 0


if __name__ == "__main__":
    sys.exit(main())
