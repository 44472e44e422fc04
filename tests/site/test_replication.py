"""A measured claim says on how many fresh seeds it held (book/_ext/replication.py)."""

import pytest

from tests.site.pages import code, markdown

CLAIM = """\
```{prf:observation} Measured: a coin
:label: claim-06-coin
Heads.
```
"""
CHECK = code("assert 1 + 1 == 2", "told\n", tags=["check:claim-06-coin"])
ROWS = {
    "held": ({"held": 9, "of": 9}, "held on 9 of 9 fresh seeds"),
    "on a share": ({"held": 7, "of": 12}, "held on 7 of 12 fresh seeds"),
    "by a rule": (
        {"held": 9, "of": 9, "protocol": "100 <flips>, (once)"},
        "held on 9 of 9 fresh seeds (100 <flips>, (once))",
    ),
    "once": ({"held": 1, "of": 1, "deterministic": True}, "draws nothing: one run"),
    "never": (None, "not run on fresh seeds yet"),
}


@pytest.mark.parametrize("case", ROWS)
def test_the_box_says_what_the_row_says(build, case):
    row, said = ROWS[case]
    page, warnings = build(markdown(CLAIM), CHECK, rows={"claim-06-coin": row} if row else {})
    assert not warnings
    line = page.one("p", "claim-check")
    assert line.one("span", "held").text == said
    assert line.within("observation")
    assert line.text == f"{said} its check"  # one line for both


def test_a_row_of_another_claim_is_not_this_ones(build):
    page, _ = build(markdown(CLAIM), CHECK, rows={"claim-06-coins": {"held": 9, "of": 9}})
    assert page.one("span", "held").text == ROWS["never"][1]


def test_what_is_proved_says_nothing_of_seeds(build):
    page, _ = build(
        markdown(CLAIM.replace("observation", "theorem")),
        CHECK,
        rows={"claim-06-coin": {"held": 9, "of": 9}},
    )
    assert not page.all("span", "held")
    assert page.one("p", "claim-check").text == "its check"


def test_a_measurement_without_a_check_cell_says_it_too(build):
    page, _ = build(markdown(CLAIM), rows={"claim-06-coin": {"held": 9, "of": 9}})
    assert page.one("span", "held").within("observation")
