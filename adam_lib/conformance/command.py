"""``python -m adam_lib.conformance package.module:Name``: the diagnosis as a command."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import json
import sys
import traceback
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from .adapters import counted, of_class, of_dicts, of_layers, of_loop, separately
from .diagnose import diagnose
from .family import REFERENCES
from .libraries import adapt, of_jax, of_keras, of_mlx, of_optax, of_torch
from .subject import DTYPES, Refused

RIGHT, WRONG, UNUSABLE = 0, 1, 2
HOW: dict[str, Any] = {
    "class": of_class,
    "counted": counted,
    "dicts": of_dicts,
    "jax": of_jax,
    "keras": of_keras,
    "layers": of_layers,
    "loop": of_loop,
    "mlx": of_mlx,
    "optax": of_optax,
    "separately": separately,
    "start": lambda x: x,
    "torch": of_torch,
}
NUMBERS = ("lr", "eps", "rho", "momentum", "weight_decay")


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    out = argparse.ArgumentParser(
        prog="python -m adam_lib.conformance",
        description="Is this an Adam? And if not, which bug has it, or which algorithm is it?",
        epilog="Exit status: 0 right, 1 not, 2 could not be tested.",
    )
    add = out.add_argument
    add("target", help="package.module:Name or path/file.py:Name; Name makes an optimizer")
    add("--reference", default="Adam", choices=list(REFERENCES), help="what it should be")
    add("--as", dest="how", choices=list(HOW), help="the adapter, where it is not seen by itself")
    more = "an argument for it, such as --with bias_correction=True; may be repeated"
    add("--with", dest="given", metavar="NAME=VALUE", action="append", default=[], help=more)
    add("--json", action="store_true", help="everything that was found, for programs")
    add("--dtype", default="float64", choices=DTYPES)
    add("--betas", nargs=2, type=float, metavar=("BETA1", "BETA2"))
    for name in NUMBERS:
        add(f"--{name.replace('_', '-')}", type=float)
    return out


def load(target: str) -> Any:
    """What ``package.module:Name`` or ``path/file.py:Name`` names."""
    where, colon, name = target.rpartition(":")
    if not colon or not where or not name:
        raise Refused(f"target must be package.module:Name or file.py:Name, got {target!r}")
    if where.endswith(".py"):
        path = Path(where)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if not path.is_file() or spec is None or spec.loader is None:
            raise Refused(f"there is no file {where}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(where)
    return reduce(getattr, name.split("."), module)


def _given(pairs: Sequence[str]) -> dict[str, Any]:
    out = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Refused(f"--with takes NAME=VALUE, got {pair!r}")
        try:
            out[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            out[name] = value
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Examples
    --------
    >>> main(["adam_lib:AdamW"])  # doctest: +ELLIPSIS
    not Adam: 10 of 18 tests fail (lr=0.01, betas=(0.85, 0.98), eps=1e-06, float64)
      decoupled weight decay of 0.01 is left on: this is AdamW
    ...
    1
    >>> main(["adam_lib:AdamW", "--with", "weight_decay=0.0"])  # doctest: +ELLIPSIS
    Adam (lr=0.01, betas=(0.85, 0.98), eps=1e-06, float64)
    ...
    0
    """
    args = parser().parse_args(argv)
    try:
        given = _given(args.given)
        made = load(args.target)
        start = HOW[args.how](made, **given) if args.how else adapt(made, **given)
        hyper = {k: v for k in NUMBERS if (v := getattr(args, k)) is not None}
        if args.betas:
            hyper["betas"] = tuple(args.betas)
        report = diagnose(start, reference=args.reference, dtype=args.dtype, **hyper)
    except (Refused, ImportError, AttributeError, TypeError, ValueError) as error:
        print(f"{args.target} could not be tested: {error}", file=sys.stderr)
        return UNUSABLE
    except Exception:
        traceback.print_exc()
        return UNUSABLE
    if args.json:
        print(json.dumps({"target": args.target, **report.to_dict()}, allow_nan=False, indent=1))
    else:
        print(report)
    return RIGHT if report.ok else WRONG
