"""The book's search: what is read of a page, and what answers a reader's words."""

from __future__ import annotations

import io
import json
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from tools.notebooks import parser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def finder():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "book/_ext")
        import finder

        yield finder
    sys.modules.pop("finder", None)


def formula(tex: str, mathml: str) -> str:
    return (
        f'<mjx-container data-tex="{tex}"><mjx-math>glyphs</mjx-math>'
        f"<mjx-assistive-mml><math>{mathml}</math></mjx-assistive-mml></mjx-container>"
    )


V_HAT = formula("v", "<msub><mover><mi>v</mi><mo>^</mo></mover><mi>t</mi></msub>")
PAGE = f"""
<nav>Contents</nav><article class="bd-article">
<section id="bias"><h1><span class="section-number">6. </span>Bias<a class="headerlink">#</a></h1>
<p class="reading-time">About 5 minutes</p>
<p>Every {V_HAT} is late.
<div class="cell_input"><pre>code = 1</pre></div><button>show all code</button>
<section id="the-step-fig-4"><h2>The step</h2><p>It overflows in float16.</p>
<div class="theorem proof admonition" id="claim-06-one"><p class="admonition-title">
<span class="caption-number">Theorem 6.1 </span> (Late)</p>
<section id="proof-content-1"><p>A statement.</p></section></div>
<p>After the box.</p>
<div class="admonition tip"><p class="admonition-title">Predict</p><p>How far?</p></div>
<div class="covered"><p>It is 458.</p>
<figure id="fig-06-a"><img alt="A rising line." /><figcaption>
<span class="caption-number">Fig. 6.1 </span><span>It rises.</span></figcaption></figure></div>
<div class="exercise admonition" id="ex-06-1"><p class="admonition-title">Exercise 6.1 (Halve)</p>
<section id="exercise-content-2"><p>What is left?</p></section></div>
<div class="solution admonition" id="sol-06-1"><p class="admonition-title">Solution</p>
<p>A half.</p></div>
<div class="math" id="equation-eq-1"><span class="eqno">(6.2)<a class="headerlink">#</a></span>
{formula("x", "<mfrac><mn>1</mn><mi>x</mi></mfrac>")}</div>
</section></section></article><footer>Foot</footer>
"""


def test_what_is_read_of_a_page(finder) -> None:
    entries = finder.entries_of(PAGE)
    assert entries == [
        ["page", "", "6. Bias", "Every v̂ₜ is late.", ""],
        [
            "section", "the-step-fig-4", "The step",
            "It overflows in float16. After the box. Predict How far?", "It is 458.",
        ],
        ["claim", "claim-06-one", "Theorem 6.1 (Late)", "A statement.", ""],
        ["figure", "fig-06-a", "Fig. 6.1", "", "A rising line. It rises."],
        ["exercise", "ex-06-1", "Exercise 6.1 (Halve)", "What is left?", ""],
        ["solution", "sol-06-1", "Solution", "", "A half."],
        ["equation", "equation-eq-1", "Equation (6.2)", "1/x", ""],
    ]  # fmt: skip


def test_a_function_and_a_symbol(finder) -> None:
    page = (
        '<article><section id="a"><h1>A</h1><dl><dt class="sig py" id="adam_lib.adam.Adam.step">'
        '<span>step(grads)</span></dt><dd><p>One step.</p></dd><dt id="term-loss">loss</dt>'
        "<dd>What is minimised.</dd></dl><table><tbody><tr><td>β₂</td><td>the second</td></tr>"
        "</tbody></table></section></article>"
    )
    found = finder.entries_of(page, rows=True)
    assert found[1][:4] == [
        "function", "adam_lib.adam.Adam.step", "Adam.step", "step(grads): One step.",
    ]  # fmt: skip
    assert found[2][:4] == ["term", "term-loss", "loss", "What is minimised."]
    assert found[3][:4] == ["symbol", "", "β₂", "the second"]
    assert len(finder.entries_of(page)) == 3


@pytest.mark.parametrize(
    ("mathml", "text"),
    [
        ("<msup><mi>β</mi><mi>t</mi></msup>", "βᵗ"),
        ("<msub><mi>a</mi><mrow><mi>t</mi><mo>−</mo><mn>1</mn></mrow></msub>", "a_(t−1)"),
        ("<msqrt><mi>v</mi></msqrt>", "√v"),
        ("<mfrac><mrow><mn>1</mn><mo>+</mo><mi>x</mi></mrow><mn>2</mn></mfrac>", "(1+x)/2"),
        ("<mi>a</mi><mo>&lt;</mo><mn>1</mn>", "a < 1"),
        ("<mi>E</mi><mo>\u2061</mo><mi>x</mi>", "E\u2061x"),
    ],
)
def test_a_formula_in_plain_characters(finder, mathml: str, text: str) -> None:
    got = " ".join(finder.linear(ET.fromstring(f"<math>{mathml}</math>")).split())
    assert got == text


@pytest.fixture(scope="module")
def find():
    racer = pytest.importorskip(
        "py_mini_racer", reason="NOT CHECKED: the search's script; no mini-racer on this platform"
    )
    engine = racer.MiniRacer()
    script = (ROOT / "book/_static/reader/search.js").read_text(encoding="utf-8")
    engine.eval(f"var window = this; {script}; 0")

    def run(texts, query):
        found = f"book.search(book.prepare({json.dumps(texts)}), {json.dumps(query)})"
        shown = f"{found}.map((page) => [page.places, book.quote(page)])"
        pages = json.loads(engine.eval(f"JSON.stringify({shown})"))
        return [([e["title"] for e in places], quote) for places, quote in pages]

    yield run
    engine.close()


TEXTS = [
    ["a.html", [["page", "", "6. Bias correction", "Adam starts at zero.", ""],
                ["claim", "c", "Theorem 6.2 (Late)", "An average of β₂ that starts late.", ""],
                ["exercise", "e", "Exercise 6.2", "Halve it.", ""]]],
    ["b.html", [["page", "", "8. Epsilon", "In float16 the bias of a correction overflows.", ""],
                ["section", "s", "Bursts", "The loss jumps, 7.27 times.", "It was 458."]]],
    ["c.html", [["page", "", "Notation", "Symbols and terms.", ""],
                ["symbol", "y", "β₂", "decay rate of v", ""],
                ["claim", "d", "Theorem 7.1 (Long)", "Long steps, corrected.", ""]]],
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("bias correction", "6. Bias correction"),
        ("corrections of the bias", "6. Bias correction"),
        ("theorem 6.2", "Theorem 6.2 (Late)"),
        ("claim 6.2", "Theorem 6.2 (Late)"),
        ("Exercise 6.2", "Exercise 6.2"),
        ("chapter 8", "8. Epsilon"),
        ("7.27", "Bursts"),
        ("loss spikes", "Bursts"),
        ("458", "Bursts"),
        ("beta2", "β₂"),
        ("β_2", "β₂"),
        ("eps", "8. Epsilon"),
        ("fp16 overflow", "8. Epsilon"),
        ("epsi", "8. Epsilon"),
    ],
)
def test_titles_and_claims_first(find, query: str, title: str) -> None:
    assert find(TEXTS, query)[0][0][0] == title


def test_nothing(find) -> None:
    assert find(TEXTS, "zebra") == find(TEXTS, "") == []


def test_what_is_covered_is_found_and_not_shown(find) -> None:
    [(_, quote)] = find(TEXTS, "458")
    assert all("458" not in word and not hit for word, hit in quote)
    [(_, quote)] = find(TEXTS, "7.27")
    assert ["7.27", True] in quote


SEARCHES = tomllib.loads((ROOT / "tools/site/searches.toml").read_text(encoding="utf-8"))


def test_the_list_that_the_browser_tries() -> None:
    asked = [query for part in SEARCHES.values() for query in part]
    assert len(asked) == len({query.lower() for query in asked})
    assert len(asked) >= 40
    assert len(SEARCHES["work"]) >= 10
    pages = {path.stem for path in parser.BOOK.glob("*.*")}
    assert {page for part in SEARCHES.values() for page in part.values()} <= pages


def test_a_second_build_misses_no_index(finder, tmp_path) -> None:
    source, site = tmp_path / "source", tmp_path / "site"
    (source / "_static/reader").mkdir(parents=True)
    (source / "_static/reader/search.js").write_text("")
    (source / "index.md").write_text("# Start\n\n```{toctree}\nother\n```\n")
    settings = {"extensions": ["myst_nb", "finder"], "html_static_path": ["_static"]}
    for words in ("# One\n", "# Two\n"):
        (source / "other.md").write_text(words)
        said = io.StringIO()
        with patch_docutils(), docutils_namespace():
            app = Sphinx(
                source, None, site, tmp_path / "doctrees", "html",
                confoverrides=settings, status=None, warning=said,
            )  # fmt: skip
            app.build()
        assert said.getvalue() == ""
    assert (site / finder.TEXTS).is_file()
    assert "search-page.js" in (site / "search.html").read_text()
    assert not list(site.rglob("searchindex.js"))
    assert "searchtools" not in (site / "other.html").read_text()
