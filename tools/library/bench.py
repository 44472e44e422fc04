"""What a step of Adam costs, in every form that can run here, side by side.

    python tools/library/bench.py                        n = 2 to 10^8, both dtypes, 1 and 2 threads
    python tools/library/bench.py --n 2 10000000 --dtype float32 --threads 1
    python tools/library/bench.py --json FILE            results as JSON too
    python tools/library/bench.py --plot FILE            and as a figure
    python tools/library/bench.py --passes FILE          chapter 16's passes and calls, nine runs
    python tools/library/bench.py --check                exit 1 if a bar is missed

The forms of one size are timed in turn, round after round in changing order,
so that whatever else the machine does reaches all of them; a ratio is the
median over rounds of two times taken in the same round. One process for each
number of threads, bound to as many processors. Each step moves at least seven
arrays (reads theta, g, m, v; writes theta, m, v); ``of limit`` compares that
traffic with the fastest of three loops that only move memory, timed in the
same rounds.

PyTorch, optax and Numba are used where they are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from tools.library import bench_passes

Step = Callable[[], Any]
Times = dict[str, list[float]]
TEXTBOOK, IN_PLACE, FUSED = "textbook rule", "in place", "fused (Numba)"
SINGLE, FOREACH, TORCH_FUSED = "torch single-tensor", "torch foreach", "torch fused"
OPTAX = "optax, jitted"
COPY, UPDATE, TRIAD = "copy (NumPy)", "4 in, 3 out (Numba)", "triad (Numba)"
STREAMS = {COPY: 2, UPDATE: 7, TRIAD: 3}  # arrays read or written
TRAFFIC = 7
PEERS = {"numba": "numba", "torch": "torch", "optax": "optax jax"}

SIZES = [2, 10**3, 10**5, 10**6, 10**7, 10**8]
STREAMED = 10**7  # from here on no cache holds the arrays: the limit is memory's

# form, reference, n, what their ratio must not exceed; one thread, float32
BARS = [
    (IN_PLACE, SINGLE, 2, 0.25),
    (FUSED, OPTAX, 2, 0.60),
    (IN_PLACE, TEXTBOOK, 10**7, 0.35),
    (IN_PLACE, FOREACH, 10**7, 0.65),
    (FUSED, TORCH_FUSED, 10**7, 1.10),
]
SHARE_BAR = (FUSED, 10**7, 0.60)  # of the streaming limit, at least


# ------------------------------------------------------------------ what is timed


def textbook(theta: Any, g: Any) -> Step:
    import adam_lib as al

    state = al.adam_init(theta)

    def step() -> None:
        nonlocal theta, state
        theta, state = al.adam_step(theta, g, state)

    return step


def in_place(theta: Any, g: Any, **kwargs: Any) -> Step:
    import adam_lib as al

    opt = al.Adam(theta, **kwargs)
    return lambda: opt.step(g)


def with_torch(theta: Any, g: Any, **kwargs: Any) -> Step:
    import torch

    p = torch.from_numpy(theta)
    p.grad = torch.from_numpy(g)
    return torch.optim.Adam([p], **kwargs).step


def with_optax(theta: Any, g: Any) -> Step:
    import jax
    import optax

    jax.config.update("jax_enable_x64", True)
    adam = optax.adam(1e-3)

    def update(p: Any, state: Any, g: Any) -> Any:
        change, state = adam.update(g, state, p)
        return optax.apply_updates(p, change), state

    compiled = jax.jit(update, donate_argnums=(0, 1))
    p, gradient = jax.numpy.array(theta), jax.numpy.array(g)
    state = adam.init(p)

    def step() -> None:
        nonlocal p, state
        p, state = jax.block_until_ready(compiled(p, state, gradient))

    return step


def forms(n: int, dtype: str) -> dict[str, Step]:
    """Every form of Adam that can run here. They share theta and g where they can."""
    import numpy as np

    rng = np.random.default_rng(0)
    theta = rng.standard_normal(n).astype(dtype)
    g = rng.standard_normal(n).astype(dtype)
    found = {TEXTBOOK: textbook(theta, g), IN_PLACE: in_place(theta, g)}
    if find_spec("numba"):
        found[FUSED] = in_place(theta, g, fused=True)
    if find_spec("torch"):
        found[SINGLE] = with_torch(theta, g, foreach=False, fused=False)
        found[FOREACH] = with_torch(theta, g, foreach=True)
        found[TORCH_FUSED] = with_torch(theta, g, fused=True)
    if find_spec("optax"):
        found[OPTAX] = with_optax(theta, g)
    return found


def memory_needed(n: int, dtype: str) -> int:
    """Bytes: theta, g, two moments for each form, temporaries, optax's copies, the streams."""
    return (2 + 2 * 7 + 3 + 2 + 4) * n * (4 if dtype == "float32" else 8)


def memory_free() -> float:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return float("inf")


def streams(n: int, dtype: str) -> dict[str, Step]:
    """Loops that move memory and compute next to nothing."""
    import numpy as np

    a, b, c, d = (np.ones(n, dtype) for _ in range(4))
    found = {COPY: lambda: np.copyto(a, b)}
    if find_spec("numba"):
        from numba import get_num_threads, njit, prange

        @njit
        def triad(a: Any, b: Any, c: Any, d: Any) -> None:
            for i in range(a.size):
                a[i] = b[i] + c[i]

        @njit
        def update(a: Any, b: Any, c: Any, d: Any) -> None:
            for i in range(a.size):  # all is read before anything is written: faster
                x, y, z = a[i] + d[i], b[i] + d[i], c[i] + d[i]
                a[i], b[i], c[i] = x, y, z

        def shared(loop: Any) -> Step:
            @njit(parallel=True)
            def loops(a: Any, b: Any, c: Any, d: Any, parts: int) -> None:
                for k in prange(parts):
                    i, j = k * a.size // parts, (k + 1) * a.size // parts
                    loop(a[i:j], b[i:j], c[i:j], d[i:j])

            return lambda: loops(a, b, c, d, get_num_threads())

        found |= {TRIAD: shared(triad), UPDATE: shared(update)}
    return found


# ------------------------------------------------------------------------ measuring


def measure(steps: dict[str, Step], rounds: int, seconds: float) -> Times:
    """Seconds a step, for each form in each round."""
    names = list(steps)
    repeats = {}
    for name, step in steps.items():
        step()  # allocates state, compiles
        start = perf_counter()
        step()
        repeats[name] = max(1, round(seconds / (perf_counter() - start)))
    times: Times = {name: [] for name in names}
    for k in range(rounds):
        shift = k % len(names)
        for name in names[shift:] + names[:shift]:
            step, count = steps[name], repeats[name]
            start = perf_counter()
            for _ in range(count):
                step()
            times[name].append((perf_counter() - start) / count)
    return times


def worker(args: argparse.Namespace) -> None:
    """Measure with one number of threads; one line of JSON for each result."""
    (threads,) = args.threads
    if hasattr(os, "sched_setaffinity"):  # not on macOS and Windows
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:threads]))
    if find_spec("torch"):
        import torch

        torch.set_num_threads(threads)
    for dtype in args.dtype:
        for n in args.n:
            times = {}
            if memory_needed(n, dtype) < memory_free():
                rounds = args.rounds if n <= 10**7 else max(3, args.rounds // 3)
                steps = forms(n, dtype) | (streams(n, dtype) if n >= STREAMED else {})
                times = measure(steps, rounds, args.seconds)
            print(json.dumps({"dtype": dtype, "n": n, "times": times}), flush=True)


def results(args: argparse.Namespace, threads: int) -> Iterator[dict[str, Any]]:
    """What a worker with so many threads prints, as it prints it."""
    names = ("OMP", "MKL", "OPENBLAS", "NUMBA")
    environment = os.environ | {f"{name}_NUM_THREADS": str(threads) for name in names}
    command = [sys.executable, __file__, "--worker", "--threads", str(threads)]
    command += ["--rounds", str(args.rounds), "--seconds", str(args.seconds)]
    command += ["--dtype", *args.dtype, "--n", *map(str, args.n)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            yield json.loads(line) | {"threads": threads}
    if process.returncode:
        raise SystemExit(f"the measuring process ended with {process.returncode}")


# ------------------------------------------------------------------------- reporting


def quartiles(x: list[float]) -> list[float]:
    return statistics.quantiles(x, n=4, method="inclusive")


def ratio(a: list[float], b: list[float]) -> float:
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def duration(seconds: float) -> str:
    return f"{seconds * 1e6:.2f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"


def limit(times: Times) -> str:
    """The streaming loop that moved the most arrays a second."""
    loops = [name for name in STREAMS if name in times]
    return max(loops, key=lambda name: STREAMS[name] / statistics.median(times[name]))


def share(times: Times, name: str) -> float:
    """The traffic of a form, a second, over that of the fastest loop."""
    loop = limit(times)
    arrays = STREAMS.get(name, TRAFFIC)
    return arrays / STREAMS[loop] * ratio(times[loop], times[name])


def report(result: dict[str, Any]) -> None:
    n, times = result["n"], result["times"]
    print(f"\nn = {n:,}, {result['dtype']}, {result['threads']} thread(s)")
    if not times:
        print("  left out: not enough memory free")
        return
    peer, streamed = SINGLE in times, n >= STREAMED
    print(f"  {'':20}{'median':>11}  {'quartiles':>23}  {'/ textbook':>10}", end="")
    print(f"{'  / torch single' if peer else ''}{'  of limit' if streamed else ''}")
    for name, x in times.items():
        low, mid, high = quartiles(x)
        line = f"  {name:20}{duration(mid):>11}  {duration(low):>10} - {duration(high):>10}"
        line += f"  {ratio(x, times[TEXTBOOK]):>10.3f}"
        line += f"  {ratio(x, times[SINGLE]):>14.3f}" if peer else ""
        line += f"  {share(times, name):>8.0%}" if streamed else ""
        print(line, flush=True)
    if streamed:
        loop = limit(times)
        size = STREAMS[loop] * n * (4 if result["dtype"] == "float32" else 8)
        print(f"  limit: {loop}, {size / statistics.median(times[loop]) / 1e9:.0f} GB/s")


def bars(found: dict[tuple[int, str, int], Times]) -> list[dict[str, Any]]:
    """Each bar with what was measured; None where it was not."""
    rows: list[dict[str, Any]] = []
    for form, reference, n, bar in BARS:
        times = found.get((1, "float32", n), {})
        known = {form, reference} <= set(times)
        value = ratio(times[form], times[reference]) if known else None
        met = value is not None and value <= bar
        rows.append({"what": f"{form} / {reference}", "n": n, "bar": f"at most {bar}"})
        rows[-1] |= {"value": value, "met": met}
    form, n, bar = SHARE_BAR
    times = found.get((1, "float32", n), {})
    value = share(times, form) if form in times else None
    met = value is not None and value >= bar
    rows.append({"what": f"{form} / limit", "n": n, "bar": f"at least {bar}"})
    rows[-1] |= {"value": value, "met": met}
    return rows


def plot(data: dict[str, Any], path: str) -> None:
    """Nanoseconds per parameter against n, a panel for each dtype and number of threads."""
    import matplotlib.pyplot as plt

    cases = sorted({(r["threads"], r["dtype"]) for r in data["results"]})
    fig, axes = plt.subplots(
        1, len(cases), figsize=(4 * len(cases), 3.6), sharey=True, squeeze=False
    )
    for ax, (threads, dtype) in zip(axes.flat, cases, strict=True):
        rows = [r for r in data["results"] if (r["threads"], r["dtype"]) == (threads, dtype)]
        for form in dict.fromkeys(r["form"] for r in rows if r["form"] not in STREAMS):
            line = [(r["n"], 1e9 * r["median"] / r["n"]) for r in rows if r["form"] == form]
            ax.loglog(*zip(*line, strict=True), "o-", markersize=3, label=form)
        ax.set(title=f"{dtype}, {threads} thread(s)", xlabel="parameters")
    axes[0, 0].set_ylabel("nanoseconds per parameter and step")
    axes[0, -1].legend(fontsize=7)
    fig.tight_layout()
    fig.savefig(path, dpi=120)


def progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        width = 30 * done // total
        end = "\n" if done == total else "\r"
        print(f"[{'#' * width:30}] {done} of {total} sizes", end=end, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("--n", type=int, nargs="+", default=SIZES)
    parser.add_argument("--dtype", nargs="+", default=["float32", "float64"])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2][: cores or 1])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.02, help="of each form in each round")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--passes", metavar="FILE", help="nine runs of bench_passes.py, only")
    parser.add_argument("--plot", metavar="FILE")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.passes:
        bench_passes.write(Path(args.passes))
        return 0
    if args.worker:
        worker(args)
        return 0

    libraries = {name: version(name) for name in ("numpy", *PEERS) if find_spec(name)}
    print(
        f"A step of Adam, {args.rounds} interleaved rounds; "
        + ", ".join(f"{name} {number}" for name, number in libraries.items())
    )
    for name, pip in PEERS.items():
        if name not in libraries:
            print(f"{name} is not installed: left out. To add it: pip install {pip}")

    total = len(args.threads) * len(args.dtype) * len(args.n)
    found: dict[tuple[int, str, int], Times] = {}
    for threads in args.threads:
        for result in results(args, threads):
            found[threads, result["dtype"], result["n"]] = result["times"]
            report(result)
            progress(len(found), total)

    rows = bars(found)
    print()
    for row in rows:
        value = row["value"]
        verdict = "not measured here" if value is None else f"{value:.3f}"
        verdict += "" if value is None else ": met" if row["met"] else ": MISSED"
        print(f"{row['what']} at n = {row['n']:,}: {verdict} (bar: {row['bar']})")

    data = {
        "libraries": libraries,
        "machine": platform.machine(),
        "rounds": args.rounds,
        "results": [
            {"threads": threads, "dtype": dtype, "n": n, "form": form}
            | dict(zip(("q1", "median", "q3"), quartiles(x), strict=True))
            for (threads, dtype, n), times in found.items()
            for form, x in times.items()
        ],
        "bars": rows,
    }
    if args.json:
        Path(args.json).write_text(json.dumps(data, indent=1) + "\n")
    if args.plot:
        plot(data, args.plot)
    return int(args.check and any(r["value"] is not None and not r["met"] for r in rows))


if __name__ == "__main__":
    sys.exit(main())
