"""The portable copies: nothing raw in them, solutions where they belong, readers' work kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.notebooks import copies, numbering, parser
from tools.notebooks.numbering import Numbers, Place
from tools.notebooks.portable import Context, Unknown, expand, leftovers, plain

MACROS = copies.configuration()["sphinx"]["config"]["mathjax3_config"]["tex"]["macros"]


class AnyNumbers(Numbers):
    """As if the site had been built: a number for whatever is asked."""

    def __getitem__(self, label: str) -> Place:
        return self.places.get(label, Place("Thing 1.1", f"book/x.html#{label}"))


def context(**more: Any) -> Context:
    cited = {"kingma2014adam": "Kingma and Ba (2015)", "reddi2018": "Reddi et al. (2018)"}
    places = {
        "claim-06-x": Place("Theorem 6.1", "book/06_b.html#claim-06-x"),
        "eq-06-y": Place("(6.5)", "book/06_b.html#equation-eq-06-y"),
        "ex-06-1": Place("Exercise 6.1", "book/06_b.html#ex-06-1"),
        "fig-06-z": Place("Fig. 6.2", "book/06_b.html#fig-06-z"),
        "table-06": Place("", "book/06_b.html#table-06"),
    }
    keys = {"6.1": {"ask": "A number, to 1 %.", "level": "core", "minutes": 5}}
    given = {"glued": {"06-sup": "7.27"}, "keys": keys, **more}
    return Context("06_b", "https://a.org/", Numbers(places, cited), MACROS, **given)


SITE = "https://a.org/book/06_b.html#"


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\E[m]", r"\mathbb{E}[m]"),
        (r"\abs{g_i}", r"\left|g_i\right|"),
        (r"\abs g", r"\left|g\right|"),
        (r"\abs\theta x", r"\left|\theta\right| x"),
        (r"\abs{\abs{a}-\E b}", r"\left|\left|a\right|-\mathbb{E} b\right|"),
        (r"\norm{\mhat_t}^2", r"\lVert \hat{m}_t\rVert^2"),
        (r"\Rightarrow\vhat", r"\Rightarrow\hat{v}"),
        (r"\abs{\{a\}}", r"\left|\{a\}\right|"),
    ],
)
def test_macros_are_spelled_out(tex: str, expected: str) -> None:
    assert expand(tex, MACROS) == expected


def test_a_macro_that_means_itself_is_an_error() -> None:
    with pytest.raises(Unknown, match="without end"):
        expand(r"\loop", {"loop": r"x\loop"})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("by {prf:ref}`claim-06-x`,", f"by [Theorem 6.1]({SITE}claim-06-x),"),
        ("{eq}`eq-06-y`", f"[(6.5)]({SITE}equation-eq-06-y)"),
        ("{numref}`fig-06-z`", f"[Fig. 6.2]({SITE}fig-06-z)"),
        ("{numref}`figure %s <fig-06-z>`", f"[figure 6.2]({SITE}fig-06-z)"),
        ("{ref}`One table <table-06>`", f"[One table]({SITE}table-06)"),
        ("is {glue:text}`06-sup`.", "is 7.27."),
        ("{glue:text}`06-sup:.1f`", "7.3"),
        ("a {term}`moment <raw moment>`", "a moment"),
        (
            "{cite:p}`kingma2014adam,reddi2018`",
            "([Kingma and Ba (2015)](https://a.org/book/bibliography.html); "
            "[Reddi et al. (2018)](https://a.org/book/bibliography.html))",
        ),
        ("[x](05_adam.ipynb#limits)", "[x](https://a.org/book/05_adam.html#limits)"),
        ("[x](#exercises)", f"[x]({SITE}exercises)"),
        ("[x](https://b.org/y)", "[x](https://b.org/y)"),
        ("`{prf:ref}` stays, $\\abs g$ not", "`{prf:ref}` stays, $\\left|g\\right|$ not"),
        ("(a-target)=\n## Head", "## Head"),
        ("$$\na\n= b\n$$ (eq-06-y)", "$$ a = b \\tag{6.5} $$"),
    ],
)
def test_roles(source: str, expected: str) -> None:
    assert plain(source, context()) == expected


THEOREM = r"""
````{prf:theorem} Of $\E$
:label: claim-06-x
Let

```{math}
:label: eq-06-y
a\\
= b .
```

Then $\abs a$.
````
"""


def test_a_claim_is_a_quotation_with_its_number() -> None:
    lines = plain(THEOREM, context()).split("\n")
    assert lines[0] == r"> **Theorem 6.1 (Of $\mathbb{E}$)**"
    assert all(line.startswith(">") for line in lines)
    # within a quotation a formula of several lines would take the marks in
    assert r"> $$ a\\ = b . \tag{6.5} $$" in lines
    assert lines[-1] == r"> Then $\left|a\right|$."


@pytest.mark.parametrize(
    ("row", "last"),
    [
        ({"held": 9, "of": 9}, "> *held on 9 of 9 fresh seeds*"),
        (
            {"held": 8, "of": 9, "protocol": "*tuned* on 5_0 starts"},
            r"> *held on 8 of 9 fresh seeds (\*tuned\* on 5\_0 starts)*",
        ),
        ({"held": 1, "of": 1, "deterministic": True}, "> *draws nothing: one run*"),
        (None, "> *not run on fresh seeds yet*"),
    ],
)
def test_a_measured_claim_says_on_how_many_seeds_it_held(row: Any, last: str) -> None:
    rows = {"claim-06-x": row} if row else {}
    text = THEOREM.replace("theorem", "observation")
    lines = plain(text, context(rows=rows)).split("\n")
    assert lines[-3:] == [r"> Then $\left|a\right|$.", ">", last]


def test_other_directives() -> None:
    text = plain(
        "```{prf:proof}\n:class: dropdown\nSince $1=1$.\n```\n\n"
        "```{admonition} Misconception\n:class: warning\nNo.\n```\n\n"
        "```{answer} 6.1\n```\n\n```{settled} 6.a\n```\n\n"
        "::::{grid} 2\n:::{grid-item-card} Chapter\n:link: 05_adam\n:link-type: doc\nText\n"
        ":::\n::::",
        context(),
    )
    assert "<details><summary>Proof</summary>\n\nSince $1=1$." in text
    assert "> **Misconception**\n>\n> No." in text
    assert "*A number, to 1 %.* (core, about 5 minutes)" in text
    assert "**[Chapter](https://a.org/book/05_adam.html)**\n\nText" in text
    assert not leftovers(text, MACROS)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("```{novelty} x\n```", "directive {novelty}"),
        ("{novelty}`x`", "the role"),
        ("{glue:text}`06-nothing`", "no cell glues"),
        ("{cite}`nobody1900`", "not in the bibliography"),
        ("```{math}\na", "nothing closes"),
        ("{ref}`table-06`", "no text is given"),
        ("```{answer} 6.9\n```", "no key"),
    ],
)
def test_what_has_no_plain_form_is_an_error(source: str, what: str) -> None:
    with pytest.raises(Unknown, match=re.escape(what)):
        plain(source, context())


def test_an_unknown_label_is_an_error() -> None:
    with pytest.raises(KeyError, match="claim-06-gone"):
        plain("{prf:ref}`claim-06-gone`", context())


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ("see {eq}`eq-06-y`", "the role"),
        ("{glue:text}`x` and more", "the role"),
        ("```{math}\na\n```", "the fence"),
        ("> :::{tip}", "the fence"),
        (r"where $\abs g$", "the macro"),
        (r"$\mhat$", "the macro"),
        ("as claim-06-x says", "the label"),
        ("eq-12-box", "the label"),
        ("(here)=", "the target"),
        (r"$\abs g$ of {prf:ref}`x`", "the macro"),
        ("as claim-errata-rate says", "the label"),
        ("see fig-sitting-path", "the label"),
        (":::", "the fence"),
        ("> :class: dropdown", "the option"),
        ("% a note to the author", "the comment"),
        ("+++", "the break"),
        ("so it is [^1]", "the footnote"),
        ("is {{ version }}", "the substitution"),
        ("{.unbroken}\ntext", "the attributes"),
        (r"by $\eqref{eq-a}$", "the reference"),
        (r"$$ a \label{b} $$", "the label"),
    ],
)
def test_the_guard_sees(raw: str, what: str) -> None:
    assert any(what in line for line in leftovers(raw, MACROS))


def test_the_guard_lets_plain_text_pass() -> None:
    fine = (
        "A `{role}` in code, $\\abslike$, [text](https://a.org/#claim-06-x).\n\n```python\nx\n```"
        "\n\n1 % of ${{a}}$, note: a :class: of its own, (so)\n\n$$ {.5} % x $$\n"
    )
    assert leftovers(fine, MACROS) == []


# ----------------------------------------------------------------------- whole notebooks


def chapter() -> nbformat.NotebookNode:
    figure = {"figure": {"name": "fig-06-z", "caption": "It falls."}, "image": {"alt": "Falls."}}
    return new_notebook(
        cells=[
            new_markdown_cell("# Title", id="a1"),
            new_code_cell("draw()", id="a2", metadata={"mystnb": figure}),
            new_code_cell("def rule(): ...", id="a3", metadata={"tags": ["teaches"]}),
            new_markdown_cell(
                "```{exercise} E\n:label: ex-06-1\nWhat?\n```\n\n```{answer} 6.1\n```", id="a4"
            ),
            new_code_cell('answer = ...\ncheck("6.1", answer)', id="a5", execution_count=3),
            new_markdown_cell(
                "```{solution-start} ex-06-1\n:label: sol-06-1\n:class: dropdown\n```\n\nThus:",
                id="a6",
            ),
            new_code_cell("answer = 41 + 1", id="a7"),
            new_markdown_cell("```{solution-end}\n```\n\n## What to keep", id="a8"),
        ]
    )


def sources(nb: nbformat.NotebookNode) -> str:
    return "\n".join(cell.source for cell in nb.cells)


def test_a_full_copy_folds_its_solution() -> None:
    nb = copies.converted(chapter(), context(), student=False, install="import adam_lib")
    nbformat.validate(nb)
    by_id = {cell.id: cell for cell in nb.cells}
    assert by_id["a6"].source == "#### Solution"
    assert by_id["a6"].metadata["jp-MarkdownHeadingCollapsed"] is True
    assert nb.metadata.colab.collapsed_sections == ["a6"]
    assert "41 + 1" in sources(nb)
    assert by_id["a2"].metadata.jupyter.source_hidden is True
    assert "jupyter" not in by_id["a3"].metadata  # what teaches is open
    assert "jupyter" not in by_id["a5"].metadata  # so is where the reader answers
    assert "*Fig. 6.2:* It falls." in sources(nb)
    # What follows the exercise is a heading of the same or a higher level: the fold ends.
    assert by_id["a8"].source == "## What to keep"


def test_a_students_copy_has_no_solution_and_no_answer() -> None:
    nb = copies.converted(chapter(), context(), student=True, install="import adam_lib")
    assert "41 + 1" not in sources(nb)
    assert "Thus:" not in sources(nb)
    assert "## What to keep" in sources(nb)
    (cell,) = [c for c in nb.cells if c.id == "a5"]
    assert cell.source == 'answer = ...\ncheck("6.1", answer)'
    assert cell.outputs == []


def copy_of(path: Path, student: bool) -> Any:
    page = parser.read(path)
    keys = parser.bibliography_keys(parser.BOOK / "references.bib")
    where = Context(
        page.name,
        "https://a.org/",
        AnyNumbers(cited=dict.fromkeys(keys, "Somebody (2000)")),
        MACROS,
        copies.glued(page),
        copies.keys(),
        copies.stills(),
    )
    return copies.converted(nbformat.read(path, as_version=4), where, student, "import adam_lib")


@pytest.mark.parametrize("path", parser.notebook_paths(), ids=lambda p: p.stem)
@pytest.mark.parametrize("student", [False, True], ids=["full", "student"])
def test_every_notebook_of_the_book_has_a_plain_form(path: Path, student: bool) -> None:
    source = nbformat.read(path, as_version=4)
    nb = copy_of(path, student)
    assert copies.problems(nb, MACROS) == []
    assert "solution-start" not in sources(nb)
    outputs = {cell.id: cell.outputs for cell in nb.cells if cell.cell_type == "code"}
    kept = [cell for cell in source.cells if cell.id in outputs]
    assert len(kept) > 0.4 * len([c for c in source.cells if c.cell_type == "code"])
    for cell in kept:
        if not (student and cell.source.startswith("answer = ...")):
            assert outputs[cell.id] == cell.outputs


FORMULA = re.compile(r"(?s)\$\$(.+?)\$\$|(?<![\\\\$])\$(?!\$)(.+?)(?<!\\\\)\$(?!\d)")


CODE = r"(?ms)^[> ]*```.*?^[> ]*```\s*$|(`+)(?!`).+?(?<!`)\1(?!`)"


def formulas_of(nb: nbformat.NotebookNode) -> set[str]:
    """TeX as a viewer would hand it to MathJax: not what stands in code."""
    found = set()
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            text = re.sub(
                r"(?ms)^[> ]*```.*?^[> ]*```\s*$|(`+)(?!`).+?(?<!`)\1(?!`)", "", cell.source
            )
            found |= {(m[1] or m[2]).strip() for m in FORMULA.finditer(text)}
    return found


def test_formulas_need_no_macro_of_the_book(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is set by a MathJax that knows none, which refuses what is not defined."""
    monkeypatch.syspath_prepend(str(parser.BOOK / "_ext"))
    from sphinx.errors import ExtensionError

    from formulas import Typesetter

    bare = Typesetter({})
    with pytest.raises(ExtensionError, match="vhat"):
        bare(r"\vhat_t", False)
    formulas: set[str] = set()
    for path in parser.notebook_paths():
        formulas |= formulas_of(copy_of(path, student=False))
    assert len(formulas) > 1000
    for tex in sorted(formulas):
        bare(tex, False)


def test_a_readers_work_is_not_overwritten(tmp_path: Path) -> None:
    one, two = new_notebook(cells=[new_markdown_cell("1", id="a")]), new_notebook()
    assert copies.write(tmp_path, {"a.ipynb": one, "b.ipynb": two}) == (["a.ipynb", "b.ipynb"], [])
    (tmp_path / "a.ipynb").write_text("mine")
    (tmp_path / "c.ipynb").write_text("made by hand")
    assert copies.write(tmp_path, {"a.ipynb": two, "b.ipynb": one, "c.ipynb": one}) == (
        ["b.ipynb"],
        ["a.ipynb", "c.ipynb"],
    )
    assert (tmp_path / "a.ipynb").read_text() == "mine"
    assert copies.write(tmp_path, {"a.ipynb": two}, force=True) == (["a.ipynb"], [])
    assert (tmp_path / "a.ipynb").read_text() != "mine"


def test_without_a_site_the_tool_says_what_to_do(tmp_path: Path, capsys: Any) -> None:
    assert copies.main([str(tmp_path / "out"), "--site", str(tmp_path)]) == 1
    assert "run `make book` first" in capsys.readouterr().err


# ---------------------------------------------------------------------- the site's numbers


def test_numbers_are_read_from_built_pages(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book/06_b.html").write_text(
        '<h2 id="here">H</h2><div class="proof" id="claim-06-x">\n<p class="admonition-title">'
        '<span class="caption-number">Theorem 6.1 </span> (T)</p></div>'
        '<div class="math" id="equation-eq-06-g">\n<span class="eqno">(6.5)<a></a></span></div>'
        '<figure id="fig-06-z"><img/><figcaption><span class="caption-number">Fig. 6.2 </span>'
    )
    bib = tmp_path / "r.bib"
    bib.write_text(
        "@misc{a, author = {L{\\'e}on Bottou and Jorge Nocedal and X Y}, title={T}, year=2018}\n"
        "@misc{b, author = {Diederik P. Kingma and Jimmy Ba}, title={T}, year=2015}\n"
        "@misc{c, author = {{PyTorch}}, title={T}}\n@misc{d, title={Only a title}, year=1}\n"
    )
    found = numbering.read_site(tmp_path, bib)
    assert found["claim-06-x"] == Place("Theorem 6.1", "book/06_b.html#claim-06-x")
    assert found["eq-06-G"].text == "(6.5)"
    assert found["fig-06-z"].text == "Fig. 6.2"
    assert found["here"] == Place("", "book/06_b.html#here")
    assert found.cited == {
        "a": "Bottou et al. (2018)",
        "b": "Kingma and Ba (2015)",
        "c": "PyTorch (undated)",
        "d": "Only a title (1)",
    }
