"""The state of an in-place optimizer by name: copied out, and taken in whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _checks as check
from ._checks import Array


def arrays_of(opt: Any) -> dict[str, Array]:
    """Views of all slots, by the names they have in a saved state."""
    return {
        f"{name}.{i}": s.reshape(p.shape)
        for i, (p, slots) in enumerate(zip(opt._arrays, opt._slots, strict=True))
        for name, s in zip(opt.slots, slots, strict=True)
    }


def state_of(opt: Any) -> dict[str, Any]:
    """See :meth:`~adam_lib.base.Optimizer.state_dict`."""
    t = opt.t if opt.t < 2**63 else str(opt.t)  # NumPy would pickle a longer int
    state: dict[str, Any] = {"optimizer": type(opt).__name__, "t": t}
    for name in opt.hyper:
        value = getattr(opt, name)
        state[name] = "callable" if callable(value) else value
    return state | {name: s.copy() for name, s in arrays_of(opt).items()}


def put_state(opt: Any, state: Mapping[str, Any]) -> None:
    """See :meth:`~adam_lib.base.Optimizer.load_state_dict`."""
    own, cls = arrays_of(opt), type(opt).__name__
    name = str(state["optimizer"]) if "optimizer" in state else "no optimizer"
    if name != cls:
        raise ValueError(f"state must be of {cls}, got one of {name}")
    odd = sorted(set(state) ^ {"optimizer", "t", *opt.hyper, *own})
    if odd:
        raise ValueError(f"state must have the keys of {cls}, got a mismatch: {odd}")
    hyper = {key: np.asarray(state[key]).tolist() for key in opt.hyper}
    if hyper["lr"] == "callable":
        if not callable(opt.lr):
            raise ValueError("state was saved with a callable lr, got a number as lr here")
        hyper["lr"] = opt.lr
    arrays = {key: np.asarray(state[key]) for key in own}
    for key, x in arrays.items():
        if x.shape != own[key].shape or x.dtype != own[key].dtype:
            raise ValueError(
                f"state[{key!r}] must have shape {own[key].shape} and dtype "
                f"{own[key].dtype}, got {x.shape} and {x.dtype}"
            )
    t = np.asarray(state["t"]).tolist()
    t = check.whole("state['t']", int(t) if isinstance(t, str) and t.isdecimal() else t, 0)
    trial = opt._with(hyper)  # raises on a bad hyperparameter, and on a bad pair of them
    trial._with({"lr": 0.0})._numbers(t + 1)
    for key in opt.hyper:
        setattr(opt, key, getattr(trial, key))
    for key, s in own.items():
        s[...] = arrays[key]
    opt.t = t
