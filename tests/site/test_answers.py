"""Exercises are answered on the page (book/_ext/answers.py)."""

import pytest

from tests.site.pages import decoded, markdown

KEYS = """
["6.1"]
form = "number"
level = "warm-up"
minutes = 5
ask = "One number, to 1 % of $\\\\alpha$."
right = 458
rel = 0.01
wrong = [{ is = 100, say = "Too few." }]
["6.2"]
form = "numbers"
level = "core"
minutes = 10
ask = "Two numbers."
names = ["$x$", "second"]
right = [2.0, 1.8]
abs = 0.01
["6.3"]
form = "choice"
level = "core"
minutes = 5
ask = "One."
options = ["small, $x$", "`large`"]
right = "b"
["6.4"]
form = "letters"
level = "deep"
minutes = 20
ask = "All of them."
letters = "abc"
right = ["a", "c"]
["6.5"]
form = "letters"
level = "deep"
minutes = 20
ask = "In order."
letters = "abc"
right = ["c", "a"]
ordered = true
["6.6"]
form = "code"
level = "deep"
minutes = 25
ask = "A function of $t$."
"""


def exercise(number):
    return markdown(
        f"## Exercises\n\n```{{exercise}}\n:label: ex-06-{number}\nWhat?\n```\n\n"
        f"```{{answer}} 6.{number}\n```\n"
    )


def box(build, number):
    page, warnings = build(exercise(number), keys=KEYS)
    assert not warnings
    return page.one("div", "answer-box", id=f"answer-6-{number}")


def test_level_and_minutes_are_told(build):
    assert box(build, 1).one("p", "effort").text == "warm-up · about 5 minutes"


def test_a_number_has_a_labelled_field_described_by_its_form(build):
    found = box(build, 1)
    form = found.one("form", "answer")
    assert (form["data-for"], form["aria-label"]) == ("6.1", "Answer to exercise 6.1")
    field = form.one("input", type="text")
    assert field.parent.tag == "label"
    assert field.parent.text == "Your answer"
    ask = found.one("p", "answer-ask")
    assert ask["id"] == field["aria-describedby"]
    assert ask.all("span", "math")
    assert form.one("button", type="submit").text == "Answer"
    assert form.one("p", role="status").text == ""


def test_each_of_several_numbers_has_its_name(build):
    labels = [i.parent for i in box(build, 2).all("input", type="text")]
    assert [label.text for label in labels] == ["\\(x\\)", "second"]
    assert labels[0].all("span", "math")


@pytest.mark.parametrize(
    ("number", "kind", "legend", "labels"),
    [
        (3, "radio", "One of", ["(a) small, \\(x\\)", "(b) large"]),
        (4, "checkbox", "All that apply", ["a", "b", "c"]),
    ],
)
def test_a_choice_and_letters_are_groups_with_a_legend(build, number, kind, legend, labels):
    group = box(build, number).one("fieldset")
    assert group.one("legend").text == legend
    assert [label.text for label in group.all("label")] == labels
    values = [i["value"] for i in group.all("input", type=kind)]
    assert values == ["a", "b", "c"][: len(labels)]


def test_an_order_is_typed(build):
    found = box(build, 5)
    assert not found.all("fieldset")
    assert found.one("input", type="text").parent.text == "Your letters, in order"


def test_code_is_answered_in_the_notebook(build):
    found = box(build, 6)
    assert not found.all("form")
    assert not found.all("script")
    assert found.one("p", "answer-ask").text == "A function of \\(t\\)."
    (link,) = found.all("a")
    assert link["href"] == "../notebooks/student/06_bias.ipynb"
    assert "asks for code" in link.parent.text


def test_without_scripts_the_page_says_where_to_answer(build):
    note = box(build, 1).one("noscript")
    assert note.one("a")["href"] == "../notebooks/student/06_bias.ipynb"


def test_the_key_is_not_to_be_read_at_a_glance(build):
    script = box(build, 1).one("script", "answer-key")
    for word in ("458", "right", "Too few"):
        assert word not in script.text
    assert decoded(script)["right"] == 458


def test_scripts_come_with_an_answer_and_only_then(build):
    page, _ = build(exercise(1), keys=KEYS)
    sources = [s["src"] or "" for s in page.all("script")]
    order = [s.partition("?")[0].rpartition("/")[2] for s in sources if "reader/" in s]
    assert order.index("key.js") < order.index("judge.js") < order.index("answers.js")


def test_a_page_without_answers_loads_none(build):
    page, _ = build(markdown("Nothing."))
    assert not [s for s in page.all("script") if "answers.js" in (s["src"] or "")]


def test_an_answer_without_a_key_is_a_warning(build):
    _, warnings = build(exercise(7), keys=KEYS)
    assert "no key '6.7' in adam_lib/experiments/answers/06.toml" in warnings
