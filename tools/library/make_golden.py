"""Make the golden trajectories in tests/library/golden with other people's optimizers.

    python tools/library/make_golden.py              every row whose library is installed
    python tools/library/make_golden.py Adam RMSprop only these optimizers
    python tools/library/make_golden.py --check      compare with the files, write nothing

Needs PyTorch, and for some rows optax (with jax) and Keras; none of them is
needed to run the tests. Everything is computed in float64 on the CPU, from the
gradients in tests/deterministic.py, so a second run writes the same bytes.

To add a trajectory, add a row to ROWS. tests/library/test_golden.py reads whatever
files it finds and takes the optimizer from adam_lib by its name.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "library" / "golden"

from tests.library.deterministic import COURSES, SCHEDULES, Course  # noqa: E402

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Row:
    """One trajectory for each course: adam_lib's call, and the peer's equal of it.

    ``hyper`` are adam_lib's hyperparameters and ``call(**kwargs)`` is what the
    peer is asked for. An ``lr`` in ``hyper`` that is a string names a schedule;
    ``kwargs`` then leaves it out.
    """

    optimizer: str
    hyper: dict[str, Any]
    peer: str
    call: str
    kwargs: dict[str, Any] = field(default_factory=dict)


ROWS = [
    Row("SGD", {"lr": 0.01}, "torch", "SGD", {"lr": 0.01}),
    Row(
        "SGD",
        {"lr": 0.01, "momentum": 0.9},
        "torch",
        "SGD",
        {"lr": 0.01, "momentum": 0.9},
    ),
    Row(
        "SGD",
        {"lr": 0.01, "momentum": 0.9, "nesterov": True},
        "torch",
        "SGD",
        {"lr": 0.01, "momentum": 0.9, "nesterov": True},
    ),
    Row(
        "SGD",
        {"lr": "0.125/t", "momentum": 0.5},
        "torch",
        "SGD",
        {"momentum": 0.5},
    ),
    Row("AdaGrad", {"lr": 0.01}, "torch", "Adagrad", {"lr": 0.01}),
    Row(
        "AdaGrad",
        {"lr": 0.1, "eps": 1e-3},
        "torch",
        "Adagrad",
        {"lr": 0.1, "eps": 1e-3},
    ),
    Row("RMSprop", {}, "torch", "RMSprop", {}),
    Row(
        "RMSprop",
        {"lr": "0.125/sqrt(t)", "rho": 0.9, "eps": 1e-3},
        "torch",
        "RMSprop",
        {"alpha": 0.9, "eps": 1e-3},
    ),
    Row("RMSprop", {"momentum": 0.9}, "torch", "RMSprop", {"momentum": 0.9}),
    # Next to a smaller eps the difference of v and m^2 shows its rounding errors.
    Row(
        "RMSprop",
        {"lr": 0.001, "rho": 0.9, "eps": 0.1, "momentum": 0.5, "centered": True},
        "torch",
        "RMSprop",
        {"lr": 0.001, "alpha": 0.9, "eps": 0.1, "momentum": 0.5, "centered": True},
    ),
    Row("Adadelta", {}, "torch", "Adadelta", {}),
    Row(
        "Adadelta",
        {"lr": 0.5, "rho": 0.75, "eps": 1e-3},
        "torch",
        "Adadelta",
        {"lr": 0.5, "rho": 0.75, "eps": 1e-3},
    ),
    Row("Adam", {}, "torch", "Adam", {}),
    Row(
        "Adam",
        {"lr": 0.01, "betas": [0.5, 0.9], "eps": 1e-3},
        "torch",
        "Adam",
        {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3},
    ),
    Row(
        "Adam",
        {"lr": 0.01, "betas": [0.0, 0.99]},
        "torch",
        "Adam",
        {"lr": 0.01, "betas": (0.0, 0.99)},
    ),
    Row(
        "Adam",
        {"lr": "0.125/sqrt(t)", "betas": [0.99, 0.9]},
        "torch",
        "Adam",
        {"betas": (0.99, 0.9)},
    ),
    Row("Adam", {}, "optax", "adam", {"learning_rate": 1e-3}),
    Row(
        "RMSprop",
        {"lr": 0.01, "rho": 0.9},
        "optax",
        "rmsprop",
        {"learning_rate": 0.01, "decay": 0.9, "eps": 1e-8, "eps_in_sqrt": False},
    ),
    Row("Adadelta", {}, "optax", "adadelta", {"learning_rate": 1.0}),
    Row(
        "SGD",
        {"lr": 0.01, "momentum": 0.9, "nesterov": True},
        "keras",
        "SGD",
        {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True},
    ),
    Row(
        "Adadelta",
        {"lr": 1.0, "rho": 0.95, "eps": 1e-7},
        "keras",
        "Adadelta",
        {"learning_rate": 1.0, "rho": 0.95, "epsilon": 1e-7},
    ),
    # An eps of 1e-300 matters to no gradient here, so that it does not matter
    # where a library puts it; only 0/0 it keeps away.
    Row("AdamW", {}, "torch", "AdamW", {}),
    Row(
        "AdamW",
        {"lr": "0.125/sqrt(t)", "betas": [0.5, 0.9], "eps": 1e-3, "weight_decay": 0.1},
        "torch",
        "AdamW",
        {"betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1},
    ),
    Row("AdamW", {}, "optax", "adamw", {"learning_rate": 1e-3, "weight_decay": 0.01}),
    Row(
        "AdamW",
        {"lr": 0.01, "eps": 1e-300, "weight_decay": 0.004},
        "keras",
        "AdamW",
        {"learning_rate": 0.01, "epsilon": 1e-300, "weight_decay": 0.004},
    ),
    Row("AMSGrad", {"form": "pytorch"}, "torch", "Adam", {"amsgrad": True}),
    Row(
        "AMSGrad",
        {"lr": 0.01, "betas": [0.5, 0.9], "eps": 1e-3, "form": "pytorch"},
        "torch",
        "Adam",
        {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3, "amsgrad": True},
    ),
    Row(
        "AMSGrad",
        {"lr": 0.01, "eps": 1e-300, "form": "pytorch"},
        "keras",
        "Adam",
        {"learning_rate": 0.01, "epsilon": 1e-300, "amsgrad": True},
    ),
    Row("AMSGrad", {"form": "optax"}, "optax", "amsgrad", {"learning_rate": 1e-3}),
    Row(
        "AMSGrad",
        {"lr": 0.01, "betas": [0.5, 0.9], "eps": 1e-3, "form": "optax"},
        "optax",
        "amsgrad",
        {"learning_rate": 0.01, "b1": 0.5, "b2": 0.9, "eps": 1e-3},
    ),
    Row(
        "AMSGrad",
        {},
        "optax",
        "amsgrad",
        {"learning_rate": 1e-3, "bias_correction_mu": False, "bias_correction_nu": False},
    ),
    Row("AdaMax", {}, "torch", "Adamax", {}),
    Row(
        "AdaMax",
        {"lr": 0.01, "betas": [0.5, 0.9], "eps": 1e-3},
        "torch",
        "Adamax",
        {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3},
    ),
    Row("AdaMax", {}, "optax", "adamax", {"learning_rate": 2e-3}),
    Row(
        "AdaMax",
        {"lr": 0.01, "eps": 1e-300},
        "keras",
        "Adamax",
        {"learning_rate": 0.01, "epsilon": 1e-300},
    ),
    Row("NAdam", {}, "torch", "NAdam", {}),
    Row(
        "NAdam",
        {"lr": "0.125/sqrt(t)", "betas": [0.5, 0.9], "eps": 1e-3, "momentum_decay": 0.1},
        "torch",
        "NAdam",
        {"betas": (0.5, 0.9), "eps": 1e-3, "momentum_decay": 0.1},
    ),
    # 0.96^10000 is 0 next to 1: a constant momentum, which is optax's.
    Row("NAdam", {"momentum_decay": 1e4}, "optax", "nadam", {"learning_rate": 2e-3}),
    Row(
        "NAdam",
        {"momentum_decay": 1.0},
        "keras",
        "Nadam",
        {"learning_rate": 2e-3, "epsilon": 1e-8},
    ),
    Row("RAdam", {}, "torch", "RAdam", {}),
    Row(
        "RAdam",
        {"lr": "0.125/sqrt(t)", "betas": [0.5, 0.9], "eps": 1e-3},
        "torch",
        "RAdam",
        {"betas": (0.5, 0.9), "eps": 1e-3},
    ),
    Row("RAdam", {"eps": 1e-300}, "optax", "radam", {"learning_rate": 1e-3, "eps": 1e-300}),
    Row(
        "RAdam",
        {"eps": 1e-300, "threshold": 4.0},
        "optax",
        "radam",
        {"learning_rate": 1e-3, "eps": 1e-300, "threshold": 4.0},
    ),
    Row("Lion", {}, "optax", "lion", {"learning_rate": 1e-4, "weight_decay": 0.0}),
    Row(
        "Lion",
        {"lr": 0.01, "betas": [0.5, 0.9], "weight_decay": 0.1},
        "optax",
        "lion",
        {"learning_rate": 0.01, "b1": 0.5, "b2": 0.9, "weight_decay": 0.1},
    ),
]

Path_ = dict[int, Arrays]  # the parameters, by the step after which they were read


def follow(course: Course, now: Callable[[], Arrays], step: Callable[[int, Arrays], None]) -> Path_:
    """Take the course's steps; ``now`` reads the peer's parameters."""
    path = {}
    for t in range(1, max(course.stored) + 1):
        step(t, course.gradients(t, now()))
        if t in course.stored:
            path[t] = now()
    return path


def with_torch(row: Row, course: Course) -> Path_:
    import torch

    torch.set_default_dtype(torch.float64)
    params = [torch.tensor(a, dtype=torch.float64) for a in course.start()]
    opt = getattr(torch.optim, row.call)(params, foreach=False, **row.kwargs)
    schedule = SCHEDULES.get(str(row.hyper.get("lr")))

    def step(t: int, grads: Arrays) -> None:
        for p, g in zip(params, grads, strict=True):
            p.grad = torch.tensor(g, dtype=torch.float64)
        if schedule is not None:
            opt.param_groups[0]["lr"] = schedule(t)
        opt.step()

    return follow(course, lambda: [p.numpy().copy() for p in params], step)


def with_optax(row: Row, course: Course) -> Path_:
    import jax
    import optax

    transform = getattr(optax, row.call)(**row.kwargs)
    params = [jax.numpy.asarray(a) for a in course.start()]
    state = transform.init(params)
    update = jax.jit(transform.update)

    def step(t: int, grads: Arrays) -> None:
        nonlocal params, state
        changes, state = update([jax.numpy.asarray(g) for g in grads], state, params)
        params = optax.apply_updates(params, changes)

    return follow(course, lambda: [np.array(p) for p in params], step)


def with_keras(row: Row, course: Course) -> Path_:
    import keras

    keras.backend.set_floatx("float64")
    params = [keras.Variable(a, dtype="float64") for a in course.start()]
    opt = getattr(keras.optimizers, row.call)(**row.kwargs)
    opt.build(params)

    def step(t: int, grads: Arrays) -> None:
        opt.apply([keras.ops.convert_to_tensor(g, dtype="float64") for g in grads])

    return follow(course, lambda: [np.array(p.value) for p in params], step)


PEERS: dict[str, Callable[[Row, Course], Path_]] = {
    "torch": with_torch,
    "optax": with_optax,
    "keras": with_keras,
}
BESIDE = {"torch": [], "optax": ["jax"], "keras": ["jax"]}  # whose version matters too


def case(row: Row) -> dict[str, Any]:
    """Run one row on every course."""
    paths = {}
    for name, course in COURSES.items():
        path = PEERS[row.peer](row, course)
        for t, params in path.items():
            if not all(np.isfinite(p).all() for p in params):
                raise ValueError(f"{row} on {name!r} is not finite at t = {t}")
        paths[name] = {t: [p.tolist() for p in params] for t, params in path.items()}
    arguments = ", ".join(f"{k}={v!r}" for k, v in row.kwargs.items())
    return {"hyper": row.hyper, "peer_call": f"{row.call}({arguments})", "paths": paths}


def text(
    optimizer: str,
    peer: str,
    cases: list[dict[str, Any]],
    beside: list[str],
    script: str = Path(__file__).name,
) -> str:
    """The golden file: JSON with one line for each stored step."""
    libraries = [peer, *beside, "numpy"]
    head = {
        "optimizer": optimizer,
        "peer": peer,
        "versions": {name: importlib.metadata.version(name) for name in libraries},
        "dtype": "float64",
        "made_by": f"tools/library/{script}",
    }
    blocks = []
    for c in cases:
        courses = []
        for name, path in c["paths"].items():
            lines = ",\n".join(f'     "{t}": {json.dumps(params)}' for t, params in path.items())
            courses.append(f"    {json.dumps(name)}: {{\n{lines}\n    }}")
        about = json.dumps({"hyper": c["hyper"], "peer_call": c["peer_call"]})[1:-1]
        blocks.append(f'  {{{about},\n   "paths": {{\n' + ",\n".join(courses) + "\n   }}")
    return json.dumps(head)[:-1] + ',\n "cases": [\n' + ",\n".join(blocks) + "\n ]}\n"


def worst(new: dict[str, Any], old: dict[str, Any]) -> float:
    """The largest difference between two versions of a file; infinite if they do not pair."""
    if [c["hyper"] for c in new["cases"]] != [c["hyper"] for c in old["cases"]]:
        return math.inf
    gap = 0.0
    for a, b in zip(new["cases"], old["cases"], strict=True):
        for course, path in a["paths"].items():
            for t, params in path.items():
                pairs = zip(params, b["paths"][course][t], strict=True)
                gap = max(gap, *(float(np.max(np.abs(np.subtract(x, y)))) for x, y in pairs))
    return gap


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("optimizer", nargs="*", help="adam_lib's names; all if none is given")
    parser.add_argument("--check", action="store_true", help="compare with the files only")
    args = parser.parse_args()
    status = 0
    for optimizer, peer in dict.fromkeys((row.optimizer, row.peer) for row in ROWS):
        if args.optimizer and optimizer not in args.optimizer:
            continue
        if importlib.util.find_spec(peer) is None:
            print(f"{peer} is not installed: {optimizer} left as it is")
            continue
        rows = [r for r in ROWS if (r.optimizer, r.peer) == (optimizer, peer)]
        made = text(optimizer, peer, [case(r) for r in rows], BESIDE[peer])
        path = GOLDEN / f"{optimizer.lower()}-{peer}.json"
        if args.check:
            old = json.loads(path.read_text()) if path.exists() else {"cases": []}
            gap = worst(json.loads(made), old)
            status |= gap > 1e-13
            print(f"{path.name}: differs by at most {gap:.1e}")
        else:
            path.write_text(made)
            print(f"{path.name}: {len(rows)} cases, {len(made)} bytes")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
