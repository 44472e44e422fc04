"""Live: the libraries of others, where they are installed."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest

from adam_lib.conformance.diagnose import diagnose
from tests.conformance.subjects import HYPER


def library(name: str) -> Any:
    """A module that need not be installed; its own warnings on import are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} is not installed: no live diagnosis")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("hyper", HYPER)
@pytest.mark.parametrize("how", [{"foreach": False}, {"foreach": True}, {"fused": True}])
def test_torch_live(hyper: dict[str, Any], how: dict[str, bool]) -> None:
    torch = library("torch")

    def start(params: list[np.ndarray], **hyper: Any) -> Any:
        tensors = [torch.from_numpy(p) for p in params]  # the same memory
        opt = torch.optim.Adam(tensors, **how, **hyper)

        def step(grads: list[np.ndarray]) -> None:
            for x, g in zip(tensors, grads, strict=True):
                x.grad = torch.from_numpy(g)
            opt.step()

        return step

    assert diagnose(start, **hyper).convention == "adam"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("hyper", HYPER)
def test_optax_live(hyper: dict[str, Any]) -> None:
    optax, jax = library("optax"), library("jax")

    def start(params: list[np.ndarray], lr: float, betas: Any, eps: float) -> Any:
        opt = optax.adam(lr, *betas, eps)
        state, now = opt.init(params), params

        @jax.jit
        def update(grads: Any, state: Any, now: Any) -> Any:
            change, state = opt.update(grads, state)
            return optax.apply_updates(now, change), state

        def step(grads: list[np.ndarray]) -> Any:
            nonlocal state, now
            now, state = update(grads, state, now)
            return now

        return step

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", hyper.get("dtype") != "float32")
    try:
        assert diagnose(start, **hyper).convention == "adam"
    finally:
        jax.config.update("jax_enable_x64", before)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("hyper", HYPER)
def test_keras_live(hyper: dict[str, Any]) -> None:
    """Its epsilon is the paper's eps-hat, which is a convention and not a bug."""
    jax = library("jax")
    os.environ.setdefault("KERAS_BACKEND", "jax")
    keras = library("keras")
    dtype = hyper.get("dtype", "float64")

    def start(params: list[np.ndarray], lr: float, betas: Any, eps: float) -> Any:
        keras.backend.set_floatx(dtype)
        variables = [keras.Variable(p, dtype=dtype) for p in params]
        opt = keras.optimizers.Adam(lr, *betas, epsilon=eps)
        opt.build(variables)

        def step(grads: list[np.ndarray]) -> Any:
            opt.apply([keras.ops.convert_to_tensor(g, dtype=dtype) for g in grads])
            return [np.asarray(v) for v in variables]

        return step

    before = jax.config.jax_enable_x64, keras.backend.floatx()
    jax.config.update("jax_enable_x64", dtype != "float32")
    try:
        report = diagnose(start, **hyper)
    finally:
        jax.config.update("jax_enable_x64", before[0])
        keras.backend.set_floatx(before[1])
    assert report.ok
    assert report.convention == "eps_hat"
    assert report.failed == ("tiny_gradient",)
