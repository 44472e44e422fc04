"""What is changed in the written pages: storage that may be denied, labels, names of fields."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).resolve().parents[2] / "book/_ext"


@pytest.fixture(scope="module")
def adam_book():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXTENSIONS)
        import adam_book

        yield adam_book
    sys.modules.pop("adam_book", None)


DENIED = """var window = this;
for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { configurable: true, get() { throw new Error("no"); } });"""
GRANTED = """var window = this;
window.localStorage = { length: 3, own: true }; window.sessionStorage = { length: 0 };"""


@pytest.mark.parametrize("storage", [DENIED, GRANTED])
def test_a_stand_in_where_storage_is_denied(adam_book, storage: str) -> None:
    racer = pytest.importorskip(
        "py_mini_racer", reason="NOT CHECKED: the stand-in; no mini-racer on this platform"
    )
    script = re.search(r"<script>(.*)</script>", adam_book.STORAGE, re.DOTALL)
    engine = racer.MiniRacer()
    engine.eval(f"{storage} {script[1]}; 0")
    if storage is GRANTED:
        assert engine.eval("localStorage.own && localStorage.length === 3")
    else:
        use = """localStorage.setItem("theme", "dark"); sessionStorage.setItem("a", 1);
          localStorage.removeItem("nothing");
          JSON.stringify([localStorage.getItem("theme"), localStorage.getItem("mode"),
            sessionStorage.getItem("a"), localStorage.length, localStorage.key(0)])"""
        assert json.loads(engine.eval(use)) == ["dark", None, "1", 1, "theme"]
    engine.close()


def test_fields_without_a_word_of_their_own_are_left_out(adam_book) -> None:
    def skipped(obj) -> bool | None:
        return adam_book.skip_fields(None, "class", "t", obj, False, None)

    field = property(doc="Alias for field number 0")
    assert skipped(field) is True
    assert skipped(property(doc="Number of steps taken.")) is None
    assert skipped(3) is None


def test_a_list_of_references_has_no_labels_of_its_own(adam_book) -> None:
    entry = (
        '<div class="citation" id="id1" role="listitem">\n<span class="label">'
        '<span class="fn-bracket">[</span>KB15<span class="fn-bracket">]</span></span>\n'
        "<p>Diederik P. Kingma.</p>\n</div>"
    )
    done = adam_book.LABEL.sub(r"\1", entry)
    assert "KB15" not in done
    assert "<p>Diederik P. Kingma.</p>" in done
    assert 'id="id1"' in done
