"""What a page makes of its code cells (book/_ext/folds.py, checks.py)."""

import pytest

from tests.site.pages import code, markdown

CLAIM = """\
```{prf:theorem} A constant gradient
:label: claim-06-constant
The average of a constant $g$ is $g$.
```
"""
CHECK = "assert sum([0.5] * 4) / 4 == 0.5\nprint('told')"


def check(printed, **options):
    return code(CHECK, printed, tags=["check:claim-06-constant"], **options)


def test_source_is_folded_and_output_is_not(build):
    page, warnings = build(code("a = 1\nprint(a)", "one\n"))
    assert not warnings
    fold = page.one("details", "fold")
    assert fold["open"] is None
    assert "print(a)" in fold.text
    assert fold.one("summary").text == "code: a"
    output = page.one("div", "cell_output")
    assert output.text == "one"
    assert not output.within("fold")


def test_what_teaches_is_open(build):
    page, _ = build(code("a = 1", tags=["teaches"]))
    assert page.one("details", "fold")["open"] is not None


def test_a_check_is_one_line_with_its_verdict(build):
    page, warnings = build(markdown(CLAIM), check("the average is 0.5\n"))
    assert not warnings
    cell = page.one("div", "cell-check")
    assert cell["id"] == "check-claim-06-constant"
    assert {"proved", "cell-check"} <= {*cell.classes}
    line = cell.one("p", "check-line")
    assert line.text == "✓ Theorem 1.1 the average is 0.5"
    assert line.one("a")["href"] == "#claim-06-constant"
    assert cell.one("summary").text == "show hide the check of Theorem 1.1"
    assert CHECK.splitlines()[0] in cell.one("details").text
    assert not page.all("div", "cell_output")  # the line has said it


def test_the_claim_leads_to_its_check(build):
    page, _ = build(markdown(CLAIM), check("told\n"))
    link = page.one("p", "claim-check").one("a")
    assert link["href"] == "#check-claim-06-constant"
    assert link.within("theorem")


def test_an_observation_has_the_colour_of_what_is_measured(build):
    claim = CLAIM.replace("theorem", "observation")
    page, _ = build(markdown(claim), check("told\n"))
    cell = page.one("div", "cell-check")
    assert "measured" in cell.classes
    assert cell.one("summary").text.endswith("of Observation 1.1")


HIDING = {
    "remove-output": "shows no verdict",
    "remove_output": "shows no verdict",
    "remove-cell": "is not on its page",
    "remove_cell": "is not on its page",
}


@pytest.mark.parametrize("tag", HIDING)
def test_a_check_that_a_tag_hides_is_a_warning(build, tag):
    hidden = check("told\n")
    hidden.metadata["tags"].append(tag)
    _, warnings = build(markdown(CLAIM), hidden)
    assert f"the check of claim-06-constant {HIDING[tag]}" in warnings


def test_a_check_that_an_option_hides_is_a_warning(build):
    hidden = check("told\n")
    hidden.metadata["mystnb"] = {"remove_code_outputs": True}
    _, warnings = build(markdown(CLAIM), hidden)
    assert "the check of claim-06-constant shows no verdict" in warnings


def test_a_check_that_says_nothing_is_a_warning(build):
    _, warnings = build(markdown(CLAIM), check(""))
    assert "the check of claim-06-constant shows no verdict" in warnings


def test_two_lines_stand_in_the_verdict_and_more_in_the_fold(build):
    page, _ = build(markdown(CLAIM), check("one,\ntwo\n"))
    assert page.one("span", "verdict").text == "one, two"


def test_a_long_output_is_in_the_fold(build):
    page, _ = build(markdown(CLAIM), check("rates:\n 0.9\n 0.99\n"))
    assert page.one("span", "verdict").text == "rates …"
    output = page.one("div", "cell_output")
    assert output.within("fold")
    assert "0.99" in output.text


def test_a_check_keeps_its_figure(build):
    page, _ = build(markdown(CLAIM), check("told\n", picture=True))
    assert not page.one("img", alt="A point.").within("fold")
    assert page.one("span", "verdict").text == "told"


def test_figure_code_is_named_after_its_figure_and_stands_in_the_caption(build):
    figure = {"name": "fig-06-point", "caption": "One point."}
    page, warnings = build(code("draw = 1", picture=True, figure=figure))
    assert not warnings
    fold = page.one("details", "fold-figure")
    assert fold.one("summary").text == "code of Fig. 1.1"
    assert fold.parent.parent.tag == "figcaption"
    assert "Fig. 1.1" in page.one("figcaption").text
    assert not page.one("img").within("fold")


def test_imports_take_no_height_and_say_what_they_are(build):
    page, _ = build(code("import math\nfrom os import path\n\nmath.sqrt(2)"))
    assert page.one("summary").text == "imports"
    assert "cell-silent" in page.one("div", "cell").classes


def test_a_cell_that_only_prepares_is_no_import(build):
    page, _ = build(code("import math\na = math.pi"))
    assert page.one("summary").text == "code: a"


def test_functions_name_a_fold_before_variables_do(build):
    page, _ = build(code("a = b, _c = 1, 2\n\n\ndef f():\n    d = 1\n\n\nclass G: ..."))
    assert page.one("summary").text == "code: f, G"


def test_the_readers_cell_is_for_the_notebook(build):
    page, _ = build(code('answer = ...\ncheck("6.2", answer)', "not answered yet."))
    fold = page.one("details", "fold-answer")
    assert fold.one("summary").text == "in the notebook: Exercise 6.2"
    assert "not answered yet" in fold.text  # the page has its own place to answer


def test_code_in_a_solution_is_open(build):
    page, _ = build(
        markdown("```{exercise}\n:label: ex-06-1\nHow much?\n```"),
        markdown("```{solution-start} ex-06-1\n:label: sol-06-1\n:class: dropdown\n```\n\nSo:"),
        code("answer = 2\nprint(answer)", "2"),
        markdown("```{solution-end}\n```"),
    )
    fold = page.one("details", "fold-code")
    assert fold.within("solution")
    assert fold["open"] is not None


def test_tags_of_old_fold_nothing_twice(build):
    page, _ = build(code("a = 1\nprint(a)", "one\n", tags=["hide-input"]))
    assert len(page.all("details")) == 1


def test_code_that_is_not_plain_python_is_folded_too(build):
    page, warnings = build(code("%pip install it", "done\n"))
    assert not warnings
    assert page.one("summary").text == "code of the output"
