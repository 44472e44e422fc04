"""What the notebooks need besides the library: checked exercises, glued numbers.

Only for use inside a Jupyter kernel; the only module that imports IPython.
"""

from __future__ import annotations

from typing import Any

from . import judge


def check(exercise: str, answer: Any = ...) -> None:
    """Print whether ``answer`` is right, and if not, what is wrong with it.

    The answer may be a number, a text such as "1/20" or "b and c", a list, an array;
    ``...`` means none yet. For a verdict to compute with: ``judge.verdict``.

    Parameters
    ----------
    exercise : str
        Its number, such as "7.1"; the key is in adam_lib/experiments/answers.
    answer
        The reader's answer.

    Examples
    --------
    >>> check("7.1", ...)
    Exercise 7.1: not answered yet.
    """
    try:
        found = judge.verdict(exercise, answer)
    except KeyError as unknown:
        print(f"Exercise {exercise}: {unknown.args[0]}.")
        return
    ask = judge.entry(exercise)["ask"]
    why = found.say if found.say.endswith(ask) else f"{found.say} {ask}".strip()
    said = {"right": "right.", "empty": "not answered yet."}
    print(f"Exercise {exercise}: {said.get(found.verdict, f'not yet. {why}')}")


def confirm(exercise: str, answer: Any) -> None:
    """End a solution: the key must take the answer that was computed.

    Raises
    ------
    AssertionError
        It does not; the message says what the key's judge says.
    """
    found = judge.verdict(exercise, answer)
    assert found.right, f"the key of {exercise} does not take {answer!r}: {found}"
    print(f"Exercise {exercise}: right.")


def settle(prediction: str, value: Any) -> None:
    """Assert, silently, that the key of a prediction is what was just computed."""
    found = judge.verdict(prediction, value)
    assert found.right, f"the key of prediction {prediction} is not {value!r}: {found}"


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
