"""The keyboard alone must do for everything.

Called by tools/site/browser_check.py; each check returns what is wrong, as sentences.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import quote

# What has the focus, whether it can be seen, and whether anything shows it.
FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body || e === document.documentElement) return null;
  if (!e.dataset.walked) e.dataset.walked = 1 + document.querySelectorAll("[data-walked]").length;
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const shown = (s) => (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0)
    || s.boxShadow !== "none";
  // a ring may be drawn by the box around it: the search field's form
  // or, in an explorable, by a circle of the drawing that is thicker and opaque
  const circle = e.querySelector(":scope.lab-handle .lab-ring");
  const drawn = circle && parseFloat(getComputedStyle(circle).strokeWidth) >= 3
    && getComputedStyle(circle).strokeOpacity === "1";
  const ring = drawn || shown(style)
    || (e.parentElement && shown(getComputedStyle(e.parentElement)));
  const where = [["search", ".search-button__button, .bd-search"],
    ["sidebar", "#pst-primary-sidebar, #pst-primary-sidebar-modal"],
    ["contents", "#pst-secondary-sidebar"], ["next", ".prev-next-area"],
    ["article", ".bd-article"], ["header", ".bd-header-article"]]
    .find(([, s]) => e.closest(s));
  return {
    id: e.dataset.walked, ring, where: where ? where[0] : "other",
    seen: e.checkVisibility({ visibilityProperty: true, opacityProperty: true })
      && box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
    html: e.outerHTML.slice(0, 100).replace(/\\s+/g, " "),
  };
}"""

REGIONS = {"search", "sidebar", "contents", "article", "header", "next"}


async def focused(page) -> dict | None:
    """What has the focus; asked again when it is still sliding or fading in."""
    at = await page.evaluate(FOCUSED)
    if at and not (at["seen"] and at["ring"]):
        await page.wait_for_timeout(500)
        at = await page.evaluate(FOCUSED)
    return at


async def walk(page, limit: int = 2000) -> list[str]:
    """Tab through a page from its start until the focus leaves it or comes round."""
    found: list[str] = []
    seen: list[str] = []
    regions: set[str] = set()
    while True:
        await page.keyboard.press("Tab")
        at = await focused(page)
        if at is None or (seen and at["id"] == seen[0]):
            break
        if at["id"] in seen or len(seen) == limit:
            found.append(f"keyboard trap at {at['html']}")
            break
        seen.append(at["id"])
        regions.add(at["where"])
        if not at["seen"]:
            found.append(f"the focus is out of sight at {at['html']}")
        elif not at["ring"]:
            found.append(f"nothing shows the focus at {at['html']}")
    found += [f"Tab does not reach: {name}" for name in sorted(REGIONS - regions)]
    return found


async def skip_link(page) -> list[str]:
    """The first stop skips the navigation, and the next stop is in the content."""
    await page.keyboard.press("Tab")
    first = await focused(page)
    if not first or 'href="#main-content"' not in first["html"]:
        return ["the first stop of Tab is no skip link"]
    found = [] if first["seen"] else ["the skip link is out of sight when it has the focus"]
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    inside = "!!document.activeElement.closest('#main-content, main')"
    if not await page.evaluate(inside):
        found.append("the skip link does not lead into the content")
    return found


async def search_dialog(page) -> list[str]:
    """Ctrl+K opens the search with the focus in its field; Escape closes it."""
    field = "document.activeElement.matches('dialog[open] input[name=q]')"
    await page.keyboard.press("Control+k")
    found = [] if await page.evaluate(field) else ["Ctrl+K does not lead into the search field"]
    await page.keyboard.press("Escape")
    if await page.evaluate("!!document.querySelector('dialog[open]')"):
        found.append("Escape does not close the search")
    return found


async def phone_menu(page) -> list[str]:
    """On a narrow page Enter opens the navigation, Escape closes it."""
    button = page.locator("button.primary-toggle:visible").first
    if not await button.count():
        return ["a narrow page has no button for its navigation"]
    await button.focus()
    await page.keyboard.press("Enter")
    inside = "!!document.activeElement.closest('#pst-primary-sidebar-modal[open]')"
    await page.keyboard.press("Tab")
    found = [] if await page.evaluate(inside) else ["the opened navigation has no focus"]
    await page.keyboard.press("Escape")
    if await page.evaluate("!!document.querySelector('#pst-primary-sidebar-modal[open]')"):
        found.append("Escape does not close the navigation")
    return found


SEARCHES = tomllib.loads(
    Path(__file__).with_name("searches.toml").read_text(encoding="utf-8"),
)
FOUND = """() => ({
  pages: [...document.querySelectorAll("#search-results ol.search > li > a")]
    .map((a) => a.getAttribute("href").split(/[?#]/)[0]),
  text: document.querySelector("#search-results").textContent,
  marked: document.querySelectorAll("#search-results p.context mark").length,
})"""
# The same without a page for each: what would stand there.
ALL = """(queries) => {
  const index = book.prepare(book.texts);
  return queries.map((query) => {
    const pages = book.search(index, query).slice(0, 12);
    const parts = pages.flatMap(book.quote);
    return {
      pages: pages.map(({ places: [best] }) => best.address),
      text: parts.map(([word]) => word).join(" "),
      marked: parts.filter(([, hit]) => hit).length,
    };
  });
}"""
# what stands on every page, and TeX
CHROME = re.compile(r"\\[a-zA-Z(\[]|[$]|(?i:Link to this|show all code|Colab|Toggle)")


def judged(words: str, name: str, got: dict) -> list[str]:
    found = []
    if f"book/{name}.html" not in got["pages"][:3]:
        found.append(f"search for {words!r} finds {got['pages'][:3]}, not {name}")
    if chrome := CHROME.search(got["text"]):
        found.append(f"search for {words!r} shows {chrome[0]!r}")
    # an equation or an exercise is found by its number, which is no part of its text
    if not got["marked"] and not re.search(r"[a-z] \(?\d+\.\d", words):
        found.append(f"search for {words!r}: no excerpt shows what was asked for")
    return found


async def search_finds(page, root: str) -> list[str]:
    """The built site's own search, by what readers type (searches.toml)."""
    asked = [(q, name) for part in SEARCHES.values() for q, name in part.items()]
    found = []
    for words, name in asked[::15]:
        await page.goto(f"{root}search.html?q={quote(words)}", wait_until="load")
        await page.wait_for_selector("#search-results[data-done]")
        found += judged(words, name, await page.evaluate(FOUND))
    got = await page.evaluate(ALL, [words for words, _ in asked])
    for (words, name), one in zip(asked, got, strict=True):
        found += judged(words, name, one)
    return found


WIDE = [skip_link, search_dialog, walk]
NARROW = [phone_menu]
