"""Make the golden trajectories of the rules in adam_lib.after, on matrices.

    python tools/library/make_golden_after.py              every row whose library is installed
    python tools/library/make_golden_after.py Muon SOAP    only these rules
    python tools/library/make_golden_after.py --check      compare with the files, write nothing

As tools/library/make_golden.py, from the gradients in tests/library/deterministic.py.
Besides PyTorch and optax it takes the authors' own programs where PyPI has them:
schedulefree, adam-mini, and pytorch-optimizer for Shampoo and SOAP.

Some of these compute in a shorter format whatever they are given: PyTorch's
Newton-Schulz in bfloat16, SOAP's QR and the decay rate of optax's Adafactor in
float32. Here each is made to work in float64: the algorithm is compared, not its
rounding.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np

from tests.library.deterministic import MATRIX_COURSES, SCHEDULES, Course
from tools.library.make_golden import Arrays, Path_, Row, follow, text, worst

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "library" / "golden" / "after"

TINY = 1e-300  # an eps that matters to nothing here but 0/0

ROWS = [
    Row("Adafactor", {"eps_root": TINY}, "torch", "Adafactor", {"eps": (1e-150, 1e-3)}),
    Row(
        "Adafactor",
        {
            "lr": 0.1,
            "decay": 0.5,
            "eps_root": TINY,
            "eps_scale": 0.01,
            "clip": 2.0,
            "weight_decay": 0.1,
        },
        "torch",
        "Adafactor",
        {"lr": 0.1, "beta2_decay": -0.5, "eps": (1e-150, 0.01), "d": 2.0, "weight_decay": 0.1},
    ),
    Row("Adafactor", {}, "optax", "adafactor", {"learning_rate": 0.01}),
    Row(
        "Adafactor",
        {"lr": 0.1, "decay": 0.5, "eps_root": 1e-3, "clip": 2.0},
        "optax",
        "adafactor",
        {"learning_rate": 0.1, "decay_rate": 0.5, "eps": 1e-3, "clipping_threshold": 2.0},
    ),
    Row("Muon", {}, "torch", "Muon", {}),
    Row(
        "Muon",
        {
            "lr": 0.01,
            "momentum": 0.5,
            "nesterov": False,
            "weight_decay": 0.01,
            "scale": "rms",
            "steps": 3,
            "coefficients": [1.875, -1.25, 0.375],
        },
        "torch",
        "Muon",
        {
            "lr": 0.01,
            "momentum": 0.5,
            "nesterov": False,
            "weight_decay": 0.01,
            "adjust_lr_fn": "match_rms_adamw",
            "ns_steps": 3,
            "ns_coefficients": (1.875, -1.25, 0.375),
        },
    ),
    Row(
        "Muon",
        {
            "lr": "0.125/sqrt(t)",
            "momentum": 0.9,
            "nesterov": False,
            "weight_decay": 0.0,
            "scale": "rms",
            "eps": 0.0,
        },
        "optax",
        "contrib.muon",
        {"beta": 0.9, "nesterov": False, "consistent_rms": 0.2, "eps": 0.0},
    ),
    Row("Shampoo", {"lr": 0.01}, "pytorch_optimizer", "Shampoo", {"lr": 0.01}),
    Row(
        "SOAP",
        {"every": 5, "eps": TINY},
        "pytorch_optimizer",
        "SOAP",
        {"precondition_frequency": 5, "eps": TINY, "weight_decay": 0.0},
    ),
    Row("Adam-mini", {}, "adam_mini", "Adam_mini", {"weight_decay": 0.0}),
    Row(
        "Adam-mini",
        {"lr": 0.01, "betas": [0.5, 0.9], "eps": 1e-3, "weight_decay": 0.1},
        "adam_mini",
        "Adam_mini",
        {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1},
    ),
    Row(
        "Schedule-free SGD",
        {"lr": 0.01},
        "optax",
        "contrib.schedule_free_sgd",
        {"learning_rate": 0.01},
    ),
    Row(
        "Schedule-free SGD",
        {"lr": 0.01, "beta": 0.5, "weight_decay": 0.1},
        "schedulefree",
        "SGDScheduleFree",
        {"lr": 0.01, "momentum": 0.5, "weight_decay": 0.1},
    ),
    Row(
        "Schedule-free AdamW",
        {},
        "optax",
        "contrib.schedule_free_adamw",
        {"learning_rate": 2.5e-3},
    ),
    Row(
        "Schedule-free AdamW",
        {"lr": "warmup 20", "beta": 0.8, "beta2": 0.9, "eps": 1e-3, "weight_decay": 0.1},
        "schedulefree",
        "AdamWScheduleFree",
        {"lr": 0.01, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1, "warmup_steps": 20},
    ),
]

PACKAGES = {"pytorch_optimizer": "pytorch-optimizer", "adam_mini": "adam-mini"}


class InDouble:
    """A module in which float32 is float64."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, "float64" if name == "float32" else name)


def torch_optimizer(row: Row, params: list[Any]) -> Any:
    """The row's optimizer on ``params``, made to compute in float64."""
    import torch

    if row.peer == "torch":
        # A copy, since what follows divides in place.
        torch.Tensor.bfloat16 = lambda self: self.clone()  # type: ignore[method-assign]
        return getattr(torch.optim, row.call)(params, **row.kwargs)
    package = importlib.import_module(row.peer)
    if row.peer == "adam_mini":  # whose blocks depend on names: here rows
        named = [(f"{k}.mlp.weight", torch.nn.Parameter(p)) for k, p in enumerate(params)]
        params[:] = [p for _, p in named]
        opt = package.Adam_mini(named, verbose=False, **row.kwargs)
        opt.mlp_names.add("mlp")
        return opt
    if row.peer == "pytorch_optimizer":
        importlib.import_module("pytorch_optimizer.optimizer.soap").torch = InDouble(torch)
    return getattr(package, row.call)(params, **row.kwargs)


def with_torch(row: Row, course: Course) -> Path_:
    import torch

    torch.set_default_dtype(torch.float64)
    params = [torch.tensor(a, dtype=torch.float64) for a in course.start()]
    opt = torch_optimizer(row, params)
    if hasattr(opt, "train"):
        opt.train()

    def step(t: int, grads: Arrays) -> None:
        for p, g in zip(params, grads, strict=True):
            p.grad = torch.tensor(g, dtype=torch.float64)
        opt.step()

    return follow(course, lambda: [p.detach().numpy().copy() for p in params], step)


def transform(row: Row) -> Any:
    """The row's optax transformation, made to compute in float64."""
    import jax.numpy as jnp
    import optax

    kwargs = dict(row.kwargs)
    if row.call == "adafactor":
        # optax takes the rate as it is, and the decay rate in float32.
        rate, power = kwargs.pop("learning_rate"), kwargs.pop("decay_rate", 0.8)
        clip, eps = kwargs.pop("clipping_threshold", 1.0), kwargs.pop("eps", 1e-30)
        return optax.chain(
            optax.scale_by_factored_rms(
                min_dim_size_to_factor=2,
                epsilon=eps,
                decay_rate_fn=lambda i, _: 1 - (i + 1.0) ** -power,
            ),
            optax.clip_by_block_rms(clip),
            optax.scale_by_learning_rate(lambda i: jnp.minimum(rate, 1 / jnp.sqrt(i + 1.0))),
            optax.scale_by_param_block_rms(),
        )
    schedule = SCHEDULES.get(str(row.hyper.get("lr")))
    if schedule is not None:
        kwargs["learning_rate"] = lambda i: 0.125 / jnp.sqrt(i + 1.0)
    make = optax
    for part in row.call.split("."):
        make = getattr(make, part)
    return make(**kwargs)


def with_optax(row: Row, course: Course) -> Path_:
    import jax
    import optax

    change = transform(row)
    params = [jax.numpy.asarray(a) for a in course.start()]
    state = change.init(params)
    update = jax.jit(change.update)

    def step(t: int, grads: Arrays) -> None:
        nonlocal params, state
        changes, state = update([jax.numpy.asarray(g) for g in grads], state, params)
        params = optax.apply_updates(params, changes)

    return follow(course, lambda: [np.array(p) for p in params], step)


def case(row: Row) -> dict[str, Any]:
    """Run one row on every course."""
    run: Callable[[Row, Course], Path_] = with_optax if row.peer == "optax" else with_torch
    paths = {}
    for name, course in MATRIX_COURSES.items():
        path = run(row, course)
        if not all(np.isfinite(p).all() for params in path.values() for p in params):
            raise ValueError(f"{row} on {name!r} is not finite")
        paths[name] = {t: [p.tolist() for p in params] for t, params in path.items()}
    arguments = ", ".join(f"{k}={v!r}" for k, v in row.kwargs.items())
    return {"hyper": row.hyper, "peer_call": f"{row.call}({arguments})", "paths": paths}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("rule", nargs="*", help="names in adam_lib.AFTER; all if none is given")
    parser.add_argument("--check", action="store_true", help="compare with the files only")
    args = parser.parse_args()
    status = 0
    GOLDEN.mkdir(exist_ok=True)
    for rule, peer in dict.fromkeys((row.optimizer, row.peer) for row in ROWS):
        if args.rule and rule not in args.rule:
            continue
        if importlib.util.find_spec(peer) is None:
            print(f"{peer} is not installed: {rule} left as it is")
            continue
        rows = [r for r in ROWS if (r.optimizer, r.peer) == (rule, peer)]
        beside = ["jax"] if peer == "optax" else ["torch"] if peer != "torch" else []
        package = PACKAGES.get(peer, peer)
        made = text(rule, package, [case(r) for r in rows], beside, Path(__file__).name)
        path = GOLDEN / f"{rule.lower().replace(' ', '-')}-{package}.json"
        if args.check:
            old = json.loads(path.read_text()) if path.exists() else {"cases": []}
            gap = worst(json.loads(made), old)
            status |= gap > 1e-12 or math.isnan(gap)
            print(f"{path.name}: differs by at most {gap:.1e}")
        else:
            path.write_text(made)
            print(f"{path.name}: {len(rows)} cases, {len(made)} bytes")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
