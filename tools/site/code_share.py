"""How much of a page's height is code that a reader sees without asking for it.

Called by tools/site/browser_check.py.  Counted is source of every kind: cells that
teach, code blocks of the prose; not what cells print or draw.  Folds are as the page
opens, and every prediction is uncovered, as at the end of a first reading.
"""

from __future__ import annotations

import re

MOST = 0.12
ON_CODE = ("16_", "17_")  # the chapters on what a step costs and on testing an optimizer
UNCOVER = """() => {
  for (const button of document.querySelectorAll("form.guess .show")) button.click();
}"""
MEASURE = """() => {
  const article = document.querySelector(".bd-article");
  const seen = (e) => e.checkVisibility() ? e.getBoundingClientRect().height : 0;
  const sum = (selector, unless) => [...article.querySelectorAll(selector)]
    .filter((e) => !e.closest(unless)).reduce((total, e) => total + seen(e), 0);
  return {
    page: article.getBoundingClientRect().height,
    code: sum("div.highlight", ".cell_output, .highlight .highlight"),
    output: sum(".cell_output pre", ".fold:not([open])"),
    folds: sum(".fold > summary", ".none"),
  };
}"""


async def problems(page, name: str) -> list[str]:
    """Print the shares of a page that is open in a browser; what is too much."""
    await page.evaluate(UNCOVER)
    height = await page.evaluate(MEASURE)
    code, output = (height[kind] / height["page"] for kind in ("code", "output"))
    print(f"  {code:4.0%} {output:5.0%}  {name}", flush=True)
    chapter = re.match(r"book/(\d\d_|sitting)", name)
    if chapter and chapter[1] not in ON_CODE and code > MOST:
        return [f"{name}: code is {code:.1%} of the page's height, at most {MOST:.0%}"]
    return []
