"""What the notebooks need besides the library: checked exercises, glued numbers.

Only for use inside a Jupyter kernel; the only module that imports IPython.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Test = Callable[[Any], Any]


def check(
    exercise: str, answer: Any, *, right: Test, wrong: Sequence[tuple[Test, str]] = ()
) -> None:
    """Print whether ``answer`` is right, and if not, what is wrong with it.

    Parameters
    ----------
    exercise : str
        Its number, such as "6.1".
    answer
        The reader's answer; an Ellipsis (``...``) means none yet.
    right : callable
        Given the answer, says whether it is right.
    wrong : sequence of (callable, str)
        Known wrong answers and what each of them means; the first that
        applies is printed.

    Examples
    --------
    >>> half = [(lambda a: a == 10, "that is close to the time constant")]
    >>> check("2.1", 10, right=lambda a: abs(a - 6.58) < 0.01, wrong=half)
    Exercise 2.1: not yet: that is close to the time constant.
    >>> check("2.1", ..., right=lambda a: abs(a - 6.58) < 0.01)
    Exercise 2.1: not answered yet.
    """
    try:
        verdict = "not answered yet" if answer is ... else _verdict(answer, right, wrong)
    except Exception as error:  # a reader's answer may be anything
        verdict = f"not yet: the check could not use this answer ({error})"
    print(f"Exercise {exercise}: {verdict}.")


def _verdict(answer: Any, right: Test, wrong: Sequence[tuple[Test, str]]) -> str:
    if right(answer):
        return "right"
    for applies, meaning in wrong:
        if applies(answer):
            return f"not yet: {meaning}"
    return "not yet"


def glue(name: str, text: str) -> None:
    """Store ``text`` in the notebook under ``name``, for the prose to insert.

    The page reads it with the ``glue:text`` role. This is what
    ``myst_nb.glue`` stores, without importing the book's builder into the kernel:
    the repr, without whose quotes "3.80" would be read as a number and become 3.8.
    """
    from IPython.display import display

    prefix = "application/papermill.record/"
    display(  # type: ignore[no-untyped-call]
        {f"{prefix}text/plain": repr(text)},
        metadata={"scrapbook": {"name": name, "mime_prefix": prefix}},
        raw=True,
    )
