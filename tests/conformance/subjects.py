"""Optimizers under test that several test files need."""

from __future__ import annotations

from typing import Any

import numpy as np

import adam_lib as al

USUAL = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
HYPER: list[dict[str, Any]] = [
    {},
    USUAL,
    {"lr": 0.1, "betas": (0.6, 0.9), "eps": 1e-3},
    {"dtype": "float32"},
    {"lr": 1e-3, "eps": 1e-4, "dtype": "float32"},
]


def in_place(params: list[np.ndarray], **hyper: Any) -> Any:
    return al.Adam(params, **hyper).step


def with_hyper(**new: Any) -> Any:
    """Adam, called with other hyperparameters."""
    return lambda params, **hyper: al.Adam(params, **{**hyper, **new}).step


def after(change: Any) -> Any:
    """Adam, but ``change(params, grads, lr)`` is done after each step."""

    def start(params: list[np.ndarray], lr: float, **hyper: Any) -> Any:
        opt = al.Adam(params, lr, **hyper)

        def step(grads: list[np.ndarray]) -> None:
            opt.step(grads)
            change(params, grads, lr)

        return step

    return start


def on(change: Any) -> Any:
    """Adam, fed what ``change(grads)`` makes of the gradients."""

    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        opt = al.Adam(params, **hyper)
        return lambda grads: opt.step(change(grads))

    return start
