"""Chapter 5's exercise that asks for code."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...adam import Adam
from ...sgd import SGD
from ..judge import NotYet
from ..problems import valley
from ..train import minimize


def exercise_05_3(answer: Any) -> None:
    """Arguments with which Adam imitates the heavy ball: every iterate within 1e-6."""
    if not isinstance(answer, dict):
        raise NotYet("A dictionary is asked for, such as dict(lr=0.1, betas=(0.9, 0.999)).")
    ball = minimize(valley(), SGD, 100, lr=0.01, momentum=0.9).theta
    far = np.abs(minimize(valley(), Adam, 100, **answer).theta - ball).max()
    if far < 1e-6:
        return
    if not answer.get("eps", 1e-8) >= 1:
        raise NotYet("eps is too small: see the limits.")
    if not callable(answer.get("lr")):
        raise NotYet("m_hat has full length at once, the ball's buffer has to fill.")
    if far < 1e-3:
        raise NotYet("The idea is right, eps is not yet large.")
    if answer.get("betas", (0.9, 0.999))[0] != 0.9:
        raise NotYet("Which average has the ball's weights?")
    raise NotYet("b_t and m_hat_t differ by a factor: write out both.")
