"""The collection: no right one is rejected, no wrong one acquitted, most are named."""

from __future__ import annotations

from typing import Any

import pytest

from adam_lib.conformance.diagnose import diagnose
from tests.conformance.collection import bugs, other, right  # noqa: F401
from tests.conformance.collection.table import COLLECTION, RIGHT

NAMEABLE = [name for name, piece in COLLECTION.items() if piece.names]


@pytest.fixture(scope="module")
def reports() -> dict[str, Any]:
    return {name: diagnose(p.start, **p.hyper) for name, p in COLLECTION.items()}


def test_there_are_enough() -> None:
    assert len(COLLECTION) >= 40
    assert len(NAMEABLE) >= 30


@pytest.mark.parametrize("name", COLLECTION)
def test_verdict(name: str, reports: dict[str, Any]) -> None:
    piece = COLLECTION[name]
    assert reports[name].ok == (piece.verdict == RIGHT), f"{piece.what}\n{reports[name]}"


def test_nine_in_ten_are_named(reports: dict[str, Any]) -> None:
    missed = [n for n in NAMEABLE if frozenset(reports[n].bugs) not in COLLECTION[n].names]
    assert len(missed) <= len(NAMEABLE) / 10, missed


def test_what_has_no_name_gets_no_sure_one(reports: dict[str, Any]) -> None:
    nameless = [n for n, p in COLLECTION.items() if p.verdict != RIGHT and not p.names]
    assert nameless
    assert [n for n in nameless if reports[n].how_sure == "sure"] == []
