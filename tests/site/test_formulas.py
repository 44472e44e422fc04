"""Formulas that are set while the book is built."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from sphinx.errors import ExtensionError

EXTENSIONS = Path(__file__).resolve().parents[2] / "book/_ext"
MACROS = {"E": "\\mathbb{E}", "abs": ["\\left|#1\\right|", 1]}


@pytest.fixture(scope="module")
def formulas():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXTENSIONS)
        import formulas

        yield formulas
    sys.modules.pop("formulas", None)


@pytest.fixture(scope="module")
def typeset(formulas):
    return formulas.Typesetter(MACROS)


SPAN = '<span class="math notranslate nohighlight">'


def test_a_page_is_set(formulas, typeset) -> None:
    page = (
        f"<p>{SPAN}\\(\\abs{{a}} &lt; b\\)</span></p>"
        '<div class="math notranslate nohighlight" id="equation-x">\n'
        '<span class="eqno">(1.1)</span>'
        "\\[\\begin{split}\\begin{aligned}x &amp;= 1\\\\ y &amp;= 2\\end{aligned}"
        "\\end{split}\\]</div>"
    )
    done = formulas.set_page(page, typeset)
    assert done.count("<mjx-container") == done.count("<mjx-assistive-mml") == 2
    assert "\\(" not in done
    assert "\\[" not in done
    assert 'data-tex="\\abs{a} &lt; b"' in done
    assert '<span class="eqno">(1.1)</span><mjx-container' in done
    assert 'id="equation-x"' in done
    assert "tabindex" not in done
    # the sheet has the letters that were set, and no others
    assert "mjx-c1D44E" in typeset.sheet()  # italic a
    assert "mjx-c1D44F" in typeset.sheet()  # italic b
    assert "mjx-c1D714" not in typeset.sheet()  # omega


def test_split_goes_where_aligned_splits_by_itself(formulas) -> None:
    both = "\\begin{split}\\begin{aligned}a\\end{aligned}\\end{split}"
    assert formulas.unwrapped(both) == "\\begin{aligned}a\\end{aligned}"
    assert formulas.unwrapped("\\begin{split}a\\\\b\\end{split}").startswith("\\begin{split}")


@pytest.mark.parametrize("tex", ["\\frac{1}", "\\nosuchcommand", "\\left( x", "{"])
def test_a_formula_that_cannot_be_set_stops_the_build(tex, typeset) -> None:
    with pytest.raises(ExtensionError, match="MathJax cannot set"):
        typeset(tex, False)


def test_the_same_formula_is_set_once(typeset) -> None:
    first = typeset("\\E[x^2]", False)
    assert typeset(" \\E[x^2] ", False) is first
    assert typeset("\\E[x^2]", True) != first


def test_the_bundle_is_of_the_source_that_stands_beside_it() -> None:
    """Its options are in the bundle as they are in the source."""
    folder = EXTENSIONS / "mathjax"
    source = (folder / "typesetter.js").read_text(encoding="utf-8")
    bundle = (folder / "typeset.js").read_text(encoding="utf-8")
    assert "globalThis.typesetter" in bundle
    (options,) = re.findall(r"convert\(tex, \{display, (.*?)\}\)", source)
    for option in options.split(", "):
        name, value = option.split(": ")
        assert re.search(rf"{name}:{float(value):g}\b", bundle)


def test_what_kept_its_dollar_signs(formulas, typeset) -> None:
    page = (
        '<p>Of <span class="pasted-text">$a^2$</span>, at $5 or $6</p>'
        '<div class="citation"><p>A rate of $O(1/k)$, 1983</p></div>'
    )
    done = formulas.set_page(page, typeset)
    assert done.count("<mjx-container") == 2
    assert "at $5 or $6" in done
    assert done.count("$") == 2
