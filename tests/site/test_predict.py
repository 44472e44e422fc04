"""What settles a prediction is covered (book/_ext/predict.py)."""

import pytest

from tests.site.pages import code, decoded, markdown

KEYS = """
["6.a"]
form = "number"
ask = "A multiple of $\\\\alpha$."
right = 458
rel = 0.01
["6.b"]
form = "choice"
options = ["small, $x$", "large"]
right = "b"
"""
ASK = "```{predict} 6.a\nHow far?\n```\n"
SETTLED = "```{settled} 6.a\n```\n"


def test_what_lies_between_is_in_one_cover(build):
    page, warnings = build(
        markdown(f"## Steps\n\nBefore.\n\n{ASK}\nIt is far.\n"),
        code("print(458)", "458\n"),
        markdown(f"So far.\n\n{SETTLED}\nAfter."),
        keys=KEYS,
    )
    assert not warnings
    cover = page.one("div", "covered", id="predict-6-a-settled")
    assert cover.all("details", "fold")
    inside = [e.text for e in cover.walk() if e.tag == "p"]
    assert inside == ["It is far.", "So far."]
    outside = [p.text for p in page.all("p") if not p.within("covered")]
    assert {"Before.", "After.", "How far?"} <= {*outside}


def test_the_form_asks_for_a_number_in_the_form_that_the_key_says(build):
    page, _ = build(markdown(f"## Steps\n\n{ASK}\nFar.\n\n{SETTLED}"), keys=KEYS)
    box = page.one("div", "predict")
    assert box["role"] == "group"
    assert page.one("p", id=box["aria-labelledby"]).text == "Predict"
    field = box.one("input", type="text")
    assert field.parent.tag == "label"
    assert box.one("span", id=field["aria-describedby"]).text.startswith("A multiple of")
    assert box.one("span", "ask").all("span", "math")
    assert [b.text for b in box.all("button")] == ["Commit", "Show me"]


def test_a_choice_is_a_group_of_labelled_options(build):
    text = "## Steps\n\n```{predict} 6.b\nHow far?\n```\nFar.\n\n```{settled} 6.b\n```\n"
    page, warnings = build(markdown(text), keys=KEYS)
    assert not warnings
    group = page.one("fieldset")
    assert group.one("legend").text == "Your guess"
    assert [r["value"] for r in group.all("input", type="radio")] == ["a", "b"]
    assert [label.text for label in group.all("label")] == ["(a) small, \\(x\\)", "(b) large"]


def test_the_key_is_on_the_page_and_not_to_be_read_at_a_glance(build):
    page, _ = build(markdown(f"## Steps\n\n{ASK}\nFar.\n\n{SETTLED}"), keys=KEYS)
    script = page.one("script", "answer-key")
    assert script["data-for"] == "6.a"
    assert "458" not in script.text
    assert "right" not in script.text
    assert decoded(script) == {
        "form": "number", "ask": "A multiple of $\\alpha$.", "right": 458, "rel": 0.01
    }  # fmt: skip


def test_scripts_come_with_a_prediction_and_only_then(build):
    page, _ = build(markdown("Nothing."))
    assert not [s for s in page.all("script") if "predict" in (s["src"] or "")]


def test_the_page_hides_nothing_until_a_script_has_said_so(build):
    page, _ = build(markdown(f"## Steps\n\n{ASK}\nFar.\n\n{SETTLED}"), keys=KEYS)
    cover = page.one("div", "covered")
    assert {*cover.attributes} == {"class", "id"}  # no hidden, no style
    early = [s.text for s in page.all("script") if '"covers"' in s.text]
    assert len(early) == 1


BROKEN = {
    "never settled": (f"{ASK}\nFar.", "6.a is never settled"),
    "nothing predicted": (f"Far.\n\n{SETTLED}", "nothing of that name is predicted"),
    "settled first": (f"{SETTLED}\nFar.\n\n{ASK}", "must follow predict 6.a in one section"),
    "a heading between": (f"{ASK}\n### Far\n\n{SETTLED}", "must follow predict 6.a in one section"),
    "no key": ("```{predict} 6.z\nHow far?\n```\n", "no key '6.z'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_does_not_pair_up_is_a_warning(build, case):
    text, said = BROKEN[case]
    _, warnings = build(markdown(f"## Steps\n\n{text}"), keys=KEYS)
    assert said in warnings
