"""What a step of Adam costs: the textbook rule, in place, fused, and PyTorch, side by side.

    python tools/bench.py                       n = 2, 10^3, 10^5, 10^6, 10^7, float32
    python tools/bench.py --n 2 10000000        other sizes
    python tools/bench.py --dtype float64
    python tools/bench.py --json FILE           results as JSON too ("-": standard output, alone)
    python tools/bench.py --check               exit 1 if a bar is missed

All forms of a size are timed in turn, round after round in changing order, so
that whatever else the machine does reaches all of them; each ratio is the
median over rounds of two times taken in the same round. One thread. PyTorch
and Numba are used where they are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
for name in THREADS:
    os.environ[name] = "1"  # read when the libraries below are imported

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

import adam_lib as al  # noqa: E402

Step = Callable[[], None]
TEXTBOOK, IN_PLACE, FUSED = "textbook rule", "in place", "fused (Numba)"
SINGLE, FOREACH, TORCH_FUSED = "torch single-tensor", "torch foreach", "torch fused"

# form, reference, n, what their ratio must not exceed
BARS = [
    (IN_PLACE, SINGLE, 2, 0.30),
    (IN_PLACE, TEXTBOOK, 10**7, 0.45),
]


def textbook(theta: np.ndarray, g: np.ndarray) -> Step:
    state = al.adam_init(theta)

    def step() -> None:
        nonlocal theta, state
        theta, state = al.adam_step(theta, g, state)

    return step


def in_place(theta: np.ndarray, g: np.ndarray, **kwargs: Any) -> Step:
    opt = al.Adam(theta, **kwargs)
    return lambda: opt.step(g)


def with_torch(theta: np.ndarray, g: np.ndarray, **kwargs: Any) -> Step:
    import torch

    torch.set_num_threads(1)
    p = torch.tensor(theta)
    p.grad = torch.tensor(g)
    opt = torch.optim.Adam([p], **kwargs)
    return lambda: opt.step() and None


def forms(n: int, dtype: str) -> dict[str, Step]:
    """Every form of Adam that can run here, each on its own copy of one problem."""
    rng = np.random.default_rng(0)
    theta = rng.normal(size=n).astype(dtype)
    g = rng.normal(size=n).astype(dtype)
    found = {
        TEXTBOOK: textbook(theta.copy(), g),
        IN_PLACE: in_place(theta.copy(), g),
    }
    if find_spec("numba"):
        found[FUSED] = in_place(theta.copy(), g, fused=True)
    if find_spec("torch"):
        found[SINGLE] = with_torch(theta, g, foreach=False, fused=False)
        found[FOREACH] = with_torch(theta, g, foreach=True)
        found[TORCH_FUSED] = with_torch(theta, g, fused=True)
    return found


def measure(steps: dict[str, Step], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Seconds a step, for each form in each round."""
    names = list(steps)
    repeats = {}
    for name, step in steps.items():
        step()  # allocates state, compiles
        start = perf_counter()
        step()
        repeats[name] = max(1, round(seconds / (perf_counter() - start)))
    times: dict[str, list[float]] = {name: [] for name in names}
    for k in range(rounds):
        shift = k % len(names)
        for name in names[shift:] + names[:shift]:
            step, count = steps[name], repeats[name]
            start = perf_counter()
            for _ in range(count):
                step()
            times[name].append((perf_counter() - start) / count)
    return times


def quartiles(x: list[float]) -> list[float]:
    return [float(q) for q in np.quantile(x, [0.25, 0.5, 0.75])]


def ratio(a: list[float], b: list[float]) -> float:
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def duration(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.2f} µs"
    return f"{seconds * 1e3:.2f} ms"


def report(n: int, times: dict[str, list[float]], out: Any) -> None:
    print(f"\nn = {n:,}", file=out)
    print(f"  {'':22}{'median':>11}  {'quartiles':>23}  {'/ textbook':>10}", end="", file=out)
    print(f"  {'/ torch single':>14}" if SINGLE in times else "", file=out)
    for name, x in times.items():
        low, mid, high = quartiles(x)
        line = f"  {name:22}{duration(mid):>11}  {duration(low):>10} - {duration(high):>10}"
        line += f"  {ratio(x, times[TEXTBOOK]):>10.3f}"
        if SINGLE in times:
            line += f"  {ratio(x, times[SINGLE]):>14.3f}"
        print(line, file=out)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, nargs="+", default=[2, 10**3, 10**5, 10**6, 10**7])
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.02, help="of each form in each round")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    out = sys.stderr if args.json == "-" else sys.stdout

    libraries = {
        name: version(name) for name in ("numpy", "numba", "torch") if find_spec(name) is not None
    }
    print(
        f"A step of Adam, {args.dtype}, one thread, {args.rounds} interleaved rounds",
        *(f"{name} {number}" for name, number in libraries.items()),
        sep="; ",
        file=out,
    )
    for name, pip in (("torch", "torch"), ("numba", "numba")):
        if name not in libraries:
            print(f"{name} is not installed: left out. To add it: pip install {pip}", file=out)

    results: dict[int, dict[str, list[float]]] = {}
    for n in args.n:
        if sys.stderr.isatty():
            print(f"measuring n = {n:,} ...", end="\r", file=sys.stderr)
        results[n] = measure(forms(n, args.dtype), args.rounds, args.seconds)
        report(n, results[n], out)

    missed = 0
    bars = []
    print(file=out)
    for form, reference, n, bar in BARS:
        if n not in results or not {form, reference} <= set(results[n]):
            print(f"{form} / {reference} at n = {n:,}: not measured here", file=out)
            continue
        value = ratio(results[n][form], results[n][reference])
        bars.append({"form": form, "reference": reference, "n": n, "bar": bar, "ratio": value})
        missed += value > bar
        verdict = "met" if value <= bar else "MISSED"
        print(f"{form} / {reference} at n = {n:,}: {value:.3f} (bar {bar}): {verdict}", file=out)

    if args.json:
        data = {
            "dtype": args.dtype,
            "rounds": args.rounds,
            "libraries": libraries,
            "machine": platform.machine(),
            "seconds_per_step": {
                str(n): {
                    name: dict(zip(("q1", "median", "q3"), quartiles(x), strict=True))
                    for name, x in times.items()
                }
                for n, times in results.items()
            },
            "bars": bars,
        }
        text = json.dumps(data, indent=1) + "\n"
        if args.json == "-":
            sys.stdout.write(text)
        else:
            Path(args.json).write_text(text)
    return int(bool(missed) and args.check)


if __name__ == "__main__":
    sys.exit(main())
