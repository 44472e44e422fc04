"""The ledger: a line for each claim, its statement when it is asked for (book/_ext/ledger.py)."""

import json
import re

import pytest

from tests.site.pages import Reader, code, markdown
from tools.notebooks import parser

THEOREM = """\
````{prf:theorem} A constant gradient.
:label: claim-06-constant
The average of a constant $g$ is $g$, by

```{math}
:label: eq-06-mean
g = g .
```
````
"""
OBSERVATION = """\
```{{prf:observation}} Measured: {title}
:label: claim-06-{name}
Heads, on {name}.
```
"""
ROWS = {
    "claim-06-often": {"held": 9, "of": 9},
    "claim-06-rarely": {"held": 2, "of": 9},
    "claim-06-fixed": {"held": 1, "of": 1, "deterministic": True},
}
TITLES = {"often": "a coin", "rarely": "of $x$", "fixed": "x falls", "never": "dice"}
SECOND = """\
# Length

```{prf:lemma} On a page of text
:label: claim-07-text
It is short.
```
"""


def check(name):
    return code("x = 1\nassert x == 1", "told\n", tags=[f"check:claim-06-{name}"])


@pytest.fixture
def ledger(build, other):
    cells = [markdown(THEOREM), check("constant")]
    for name, title in TITLES.items():
        cells += [markdown(OBSERVATION.format(name=name, title=title)), check(name)]
    build(
        *cells,
        rows=ROWS,
        pages={
            "07_length": SECOND,
            "ledger": "# Ledger\n\n## What\n\nAll.\n\n```{claims-ledger}\n```\n",
        },
        extensions=["formulas", "ledger"],
    )
    return other("book/ledger.html")


def lines(ledger):
    return {d["data-claim"]: d.parent for d in ledger.all("details")}


def test_every_claim_is_a_line_under_its_chapter(ledger):
    found = [
        [i.one("summary").text for i in part.all("li") if i["data-kind"]]
        for part in ledger.all("section")
        if part.all("ul", "ledger") and part.all("h2")[:1] and not part.all("section")
    ]
    assert found == [
        [
            "Theorem 1.1 A constant gradient",
            "Observation 1.2 A coin held on 9 of 9 fresh seeds",
            r"Observation 1.3 Of x held on 2 of 9 fresh seeds",
            "Observation 1.4 x falls draws nothing: one run",
            "Observation 1.5 Dice not run on fresh seeds yet",
        ],
        ["Lemma 2.1 On a page of text"],
    ]


def test_a_line_says_to_a_script_what_it_is(ledger):
    assert [
        (name, line["data-kind"], line["data-seeds"]) for name, line in lines(ledger).items()
    ] == [
        ("claim-06-constant", "proved", ""),
        ("claim-06-often", "measured", "all"),
        ("claim-06-rarely", "measured", "some"),
        ("claim-06-fixed", "measured", "fixed"),
        ("claim-06-never", "measured", "none"),
        ("claim-07-text", "proved", ""),
    ]


def test_claims_are_counted(ledger):
    assert (
        "Claims: 6, of which 2 proved and 4 measured: 1 held on every fresh seed tried, "
        "1 held on the share of the seeds that it tells, 1 draw nothing at random, "
        "1 were not run on fresh seeds yet."
    ) in ledger.text


def test_without_scripts_a_line_leads_to_claim_and_check(ledger):
    line = lines(ledger)["claim-06-rarely"]
    links = {a.text: a["href"] for a in line.one("p", "ledger-links").all("a")}
    assert links == {
        "Observation 1.3": "06_bias.html#claim-06-rarely",
        "its check": "06_bias.html#check-claim-06-rarely",
    }
    # a claim that has no check says so by having no link to one
    unchecked = lines(ledger)["claim-07-text"].one("p", "ledger-links")
    assert [a.text for a in unchecked.all("a")] == ["Lemma 2.1"]


def test_statements_are_not_on_the_page_but_in_a_script(ledger, tmp_path):
    assert "The average of a constant" not in ledger.text
    script = (tmp_path / "site/_static/ledger/06_bias.js").read_text(encoding="utf-8")
    given = re.fullmatch(r'adamLedger\("06_bias", (.*)\);\n', script)
    statements = json.loads(given[1])
    assert list(statements) == [f"claim-06-{n}" for n in ("constant", *TITLES)]
    reader = Reader()  # which refuses what is not closed
    reader.feed(statements["claim-06-constant"])
    box = reader.root.one("div", "theorem")
    assert "The average of a constant" in box.text
    assert box.all("mjx-container")  # set, as in the chapter
    assert "Theorem 1.1" not in box.text  # the line has said it
    assert "check" not in box.text
    assert not [e for e in reader.root.walk() if e["id"]]
    assert "Heads, on rarely." in statements["claim-06-rarely"]


def test_the_page_is_ready_for_formulas(ledger):
    sheets = [link["href"] for link in ledger.all("link", rel="stylesheet")]
    assert sheets.count("../_static/formulas.css") == 1
    assert [s["src"] for s in ledger.all("script") if "reader/ledger.js" in (s["src"] or "")]
    assert (ledger.text).count("Of x") == 1


@pytest.fixture
def extension(monkeypatch):
    monkeypatch.syspath_prepend(str(parser.BOOK / "_ext"))
    import ledger

    return ledger


def test_links_of_a_statement_lead_where_they_led(extension):

    page = (
        '<div class="proof lemma admonition" id="claim-06-x">\n<p class="admonition-title">T</p>'
        '<section id="proof-content"><div id="a"><a href="#eq">(1)</a>'
        '<a class="headerlink" href="#a">#</a><a href="05_adam.html#b">b</a></div></section></div>'
        '<div class="proof">next</div>'
    )
    assert extension.statement(page, "claim-06-x", "06_bias") == (
        '<div class="proof lemma admonition">\n<section><div><a href="06_bias.html#eq">(1)</a>'
        '<a href="05_adam.html#b">b</a></div></section></div>'
    )
    with pytest.raises(ValueError, match=r"06_bias\.html holds no box of claim-06-y"):
        extension.statement(page, "claim-06-y", "06_bias")


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Measured: a coin.", "A coin"),
        ("Measured: x falls", "x falls"),
        ("Measured: ε falls", "ε falls"),
        ("Measured: $x$ falls", "$x$ falls"),
        ("Measured: six fall", "Six fall"),
        ("Measured: turned, it falls", "Turned, it falls"),
        ("Bias", "Bias"),
    ],
)
def test_titles(extension, title, shown):
    claim = parser.Claim("claim-06-x", "observation", title, "", 0, "")
    assert extension.shown_title(claim) == shown
