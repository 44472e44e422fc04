"""Chapter 17's exercises that ask for code; their judges are exhibits of the museum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...conformance.exhibits import CONVENTIONS, MUSEUM
from ..judge import NotYet

USUAL: dict[str, Any] = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}


def exercise_17_1(answer: Any) -> None:
    """At most 40 gradients after which swapped betas differ by more than half a step."""
    try:
        grads = [float(g) for g in answer]
    except (TypeError, ValueError):
        raise NotYet("A list of numbers is asked for.") from None
    if not grads or not np.all(np.isfinite(grads)):
        raise NotYet("At least one gradient is needed, and all must be finite.")
    if len(grads) > 40:
        raise NotYet("These are more than 40 gradients.")
    last = []
    for exhibit in (CONVENTIONS["adam"], MUSEUM["betas_swapped"]):
        step = exhibit.start([np.zeros(1)], **USUAL)
        path = [0.0, *(float(step([np.array([g])])[0][0]) for g in grads)]
        last.append(path[-1] - path[-2])
    apart = abs(last[0] - last[1]) / USUAL["lr"]
    if apart > 0.5:
        return
    if len(set(grads)) == 1:
        raise NotYet("A constant gradient does not see the betas.")
    raise NotYet(f"The last steps differ by {apart:.2f} of lr only.")


def exercise_17_2(answer: Any) -> None:
    """A test that kills zeros_skipped and state_lost, and acquits Adam and eps-hat."""
    if not callable(answer):
        raise NotYet("A function of start is asked for.")
    for exhibit, content, reason in (
        (CONVENTIONS["adam"], True, "It kills the right Adam."),
        (CONVENTIONS["eps_hat"], True, "It kills a convention: too near to eps."),
        (MUSEUM["zeros_skipped"], False, "It lets zeros_skipped pass."),
        (MUSEUM["state_lost"], False, "It lets state_lost pass."),
    ):
        if bool(answer(exhibit.start)) != content:
            raise NotYet(reason)
