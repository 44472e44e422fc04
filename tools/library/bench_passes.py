"""What a step's passes and calls cost beside each other: chapter 16's nine stored runs.

    make bench BENCH="--passes FILE"       nine runs, each in a process of its own

The forms of a run are timed in turn, round after round, so that whatever else the
machine does reaches all of them. What is kept is ratios: of ten million float32 the
median over five rounds, of two the ratio of the fastest of fifty.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

RUNS, LARGE = 9, 10**7


def interleaved(forms: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of every form in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(rounds):
        for name, step in forms.items():
            start = perf_counter()
            step()
            seconds[name].append(perf_counter() - start)
    return seconds


def large_ratios() -> dict[str, float]:
    import numpy as np

    import adam_lib as al
    from adam_lib.experiments.passes import cheap, in_place

    rng = np.random.default_rng(0)
    theta, g = rng.standard_normal((2, LARGE), dtype=np.float32)
    rule: list[Any] = [theta, al.adam_init(theta)]
    passes, nonsense = ([x, 0 * x, 0 * x] for x in (theta.copy(), theta.copy()))
    room = np.empty((2, LARGE), np.float32)
    blocked, loop = al.Adam(theta.copy()), al.Adam(theta.copy(), fused=True)

    def textbook() -> None:
        rule[:] = al.adam_step(rule[0], g, rule[1])

    forms = {
        "textbook": textbook,
        "cheap": lambda: cheap(nonsense[0], g, *nonsense[1:], *room),
        "in place": lambda: in_place(passes[0], g, *passes[1:], *room, 9),
        "blocked": lambda: blocked.step(g),
        "fused": lambda: loop.step(g),
    }
    for step in forms.values():
        step()  # compiles, and touches all memory once
    seconds = interleaved(forms, 5)
    pairs = [(name, "in place") for name in ("blocked", "fused", "cheap")]
    pairs += [(name, "textbook") for name in ("in place", "blocked")]
    return {
        f"{x} / {y}": median(a / b for a, b in zip(seconds[x], seconds[y], strict=True))
        for x, y in pairs
    }


def small_ratios() -> dict[str, float]:
    import numpy as np

    from adam_lib.experiments.passes import in_place

    def many(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[[], Any]:
        return lambda: [call(*args, **kwargs) for _ in range(20)]

    two, more = np.ones((6, 2), np.float32), np.ones((6, 200), np.float32)
    x, cell = np.ones(2, np.float32), np.array(0.9, np.float32)
    forms = {
        "2": many(in_place, *two, 9),
        "200": many(in_place, *more, 9),
        "float": many(np.multiply, x, 0.9, out=x),
        "0-d": many(np.multiply, x, cell, out=x),
    }
    best = {name: min(times) for name, times in interleaved(forms, 50).items()}
    return {
        "200 / 2": best["200"] / best["2"],
        "2 / 14 calls": best["2"] / (14 * best["float"]),
        "0-d / float": best["0-d"] / best["float"],
    }


def one_run() -> dict[str, float]:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import numba

    numba.set_num_threads(1)
    return {key: round(value, 4) for key, value in (large_ratios() | small_ratios()).items()}


def write(path: Path) -> None:
    """Nine runs, one after the other, into a file."""
    runs = []
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    for k in range(RUNS):
        done = subprocess.run(
            [sys.executable, "-m", "tools.library.bench_passes"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env=os.environ | threads,
        )
        runs.append(json.loads(done.stdout))
        print(f"{k + 1} of {RUNS}: {runs[-1]}")
    text = ",\n".join(f"  {json.dumps(run)}" for run in runs)
    path.write_text(f'{{\n "runs": [\n{text}\n ]\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    print(json.dumps(one_run()))
