"""A folded proof has something to unfold it by (book/_ext/proofs.py)."""

from tests.site.pages import markdown

PROOF = """\
````{prf:proof}
:class: dropdown
Add the *first* two terms.
````
"""


def test_a_folded_proof_has_a_title_and_says_proof_once(build):
    page, warnings = build(markdown(PROOF))
    assert not warnings
    box = page.one("div", "dropdown")
    assert box.one("p", "admonition-title").text == "Proof"
    assert box.text.split() == ["Proof", "Add", "the", "first", "two", "terms."]


def test_an_open_proof_stays_as_it_is(build):
    page, _ = build(markdown(PROOF.replace(":class: dropdown\n", "")))
    assert page.one("div", "proof").text.startswith("Proof. Add")
    assert not page.all("p", "admonition-title")
