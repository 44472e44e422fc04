"""A page as some readers have it: no storage, no scripts on a dark system, on paper.

Called by tools/site/browser_check.py; each check returns what is wrong, as sentences.
"""

from __future__ import annotations

DENIED = """for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { configurable: true,
    get() { throw new DOMException("denied", "SecurityError"); } });"""
NARROW = {"width": 390, "height": 844}
# The least contrast of prose and of code against what lies behind it.
CONTRAST = """(selectors) => {
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const parts = (color) => (color.match(/[0-9.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const [r, g, b, a = 1] = parts(getComputedStyle(e).backgroundColor);
      if (a > 0.9) return [r, g, b];
    }
    return [255, 255, 255];
  };
  return selectors.map((selector) => {
    const all = [...document.querySelectorAll(selector)]
      .filter((e) => e.checkVisibility() && e.textContent.trim()).slice(0, 300);
    return Math.min(...all.map((e) => {
      const [a, b] = [parts(getComputedStyle(e).color), behind(e)].map(light);
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }));
  });
}"""
READ = [".bd-article p", ".bd-article pre, .bd-article pre span"]
LEGIBLE = 4.5


async def legible(page, where: str) -> list[str]:
    ratios = await page.evaluate(CONTRAST, READ)
    return [
        f"{where}: {what} has a contrast of {ratio:.1f}"
        for what, ratio in zip(("prose", "code"), ratios, strict=True)
        if ratio < LEGIBLE
    ]


async def without_storage(browser, url: str) -> list[str]:
    """Search, theme switch and the phone's menu, where the page may store nothing."""
    found: list[str] = []
    context = await browser.new_context(viewport=NARROW)
    await context.add_init_script(DENIED)
    page = await context.new_page()
    page.on("pageerror", lambda e: found.append(f"without storage: script error: {str(e)[:200]}"))
    await page.goto(url, wait_until="load")
    mode = "document.documentElement.dataset.mode"
    before = await page.evaluate(mode)
    await page.locator(".theme-switch-button:visible").first.click()
    if await page.evaluate(mode) == before:
        found.append("without storage the theme switch is dead")
    await page.keyboard.press("Control+k")
    if not await page.evaluate("!!document.querySelector('dialog[open] input[name=q]')"):
        found.append("without storage the search is dead")
    await page.keyboard.press("Escape")
    await page.locator("button.primary-toggle:visible").first.click()
    if not await page.evaluate("!!document.querySelector('#pst-primary-sidebar-modal[open]')"):
        found.append("without storage the phone's menu is dead")
    await context.close()
    return found


async def without_scripts(browser, url: str) -> list[str]:
    context = await browser.new_context(color_scheme="dark", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(url, wait_until="load")
    found = await legible(page, "without scripts, on a dark system")
    await context.close()
    return found


async def on_paper(browser, url: str) -> list[str]:
    """Printed from the dark theme."""
    context = await browser.new_context(color_scheme="dark")
    page = await context.new_page()
    await page.goto(url, wait_until="load")
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    await page.emulate_media(media="print", color_scheme="dark")
    found = await legible(page, "printed from the dark theme")
    dark = "parseInt(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]) < 200"
    if await page.evaluate(dark):
        found.append("printed from the dark theme the paper is dark")
    await context.close()
    return found


async def copied(browser, url: str) -> list[str]:
    """An example is copied as it is typed: without prompts, without what it prints."""
    context = await browser.new_context()
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    await page.goto(url, wait_until="load")
    example = page.locator("div.highlight", has_text=">>> ").first
    shown = await example.locator("pre").inner_text()
    await example.hover()
    await example.locator("button.copybtn").click()
    text = await page.evaluate("navigator.clipboard.readText()")
    await context.close()
    typed = [line[4:] for line in shown.splitlines() if line.startswith((">>> ", "... "))]
    if text.split("\n") != typed:
        return [f"the copy button of an example copies {text[:60]!r}, not {typed[:2]}"]
    return []


ALL = [without_storage, without_scripts, on_paper]
