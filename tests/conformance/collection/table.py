"""The table of the collection: what each optimizer is, and by which names it may be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RIGHT, WRONG = "right", "wrong"


@dataclass(frozen=True)
class Piece:
    """One optimizer.

    Attributes
    ----------
    start : callable
        As ``diagnose`` takes it.
    what : str
        What it is, in a sentence.
    verdict : str
        "right" or "wrong".
    names : tuple of sets of str
        The sets of bugs that say what it is; none if no name here fits.
    hyper : dict
        What it is diagnosed with.
    """

    start: Any
    what: str
    verdict: str
    names: tuple[frozenset[str], ...]
    hyper: dict[str, Any]


COLLECTION: dict[str, Piece] = {}


def right(what: str, adapter: Any = None, **hyper: Any) -> Callable[[Any], Any]:
    """Enter a right Adam."""
    return _enter(what, RIGHT, (), adapter, hyper)


def wrong(what: str, *names: str, adapter: Any = None, **hyper: Any) -> Callable[[Any], Any]:
    """Enter one that is not Adam. Names that belong together are joined by a plus."""
    sets = tuple(frozenset(n.split(" + ")) for n in names)
    return _enter(what, WRONG, sets, adapter, hyper)


def _enter(what: str, verdict: str, names: Any, adapter: Any, hyper: Any) -> Callable[[Any], Any]:
    def enter(start: Any) -> Any:
        name = start.__name__
        assert name not in COLLECTION, name
        made = start if adapter is None else adapter(start)
        COLLECTION[name] = Piece(made, what, verdict, names, hyper)
        return start

    return enter
