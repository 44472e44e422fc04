"""What the numbers of every explorable must be, by adam_lib.

``numbers(name, state)`` takes a setting of an explorable's controls and returns
the numbers it must show, under the names that the page gives them.  The tests
compare them with what the scripts compute, tools/site/lab_check.py with what a
browser shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

import adam_lib as al
from adam_lib.experiments import schedules

Numbers = dict[str, float]
ORACLES: dict[str, Callable[..., Numbers]] = {}


def oracle(function: Callable[..., Numbers]) -> Callable[..., Numbers]:
    ORACLES[function.__name__.replace("_", "-")] = function
    return function


def numbers(name: str, state: Mapping[str, Any]) -> Numbers:
    with np.errstate(all="ignore"):  # a run may diverge, and a ratio be 0/0
        return {key: float(value) for key, value in ORACLES[name](**state).items()}


def written(text: str) -> tuple[float, float]:
    """The number that a text such as −2.1·10⁻⁶ stands for, and half its last digit."""
    plain = text.translate(str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789"))
    head, _, power = plain.partition("·10")
    digits = len(head.partition(".")[2])
    scale = 10.0 ** int(power or 0)
    return float(head) * scale, 0.5 * 10.0**-digits * scale


# ------------------------------------------------------------------- the valley

SYSTEMS: dict[str, tuple[type, dict[str, float]]] = {
    "SGD": (al.SGD, {}),
    "momentum": (al.SGD, {"momentum": 0.9}),
    "AdaGrad": (al.AdaGrad, {}),
    "RMSprop": (al.RMSprop, {}),
    "Adadelta": (al.Adadelta, {}),
    "Adam": (al.Adam, {}),
}
RATES = [*(float(f"{a}e{k}") for k in range(-4, 2) for a in (1, 1.8, 3.2, 5.6)), 100.0]


def turned_valley(degrees: float, kappa: float = 100.0) -> al.Problem:
    """``rotated_valley``, with the operations of the page: paths may amplify rounding."""
    c, s = np.cos(degrees * np.pi / 180), np.sin(degrees * np.pi / 180)

    def split(p):
        x, y = p[..., 0], p[..., 1]
        return c * x + s * y, c * y - s * x

    def f(p):
        a, b = split(p)
        return (a**2 + kappa * b**2) / 2

    def grad(p):
        a, b = split(p)
        b = kappa * b
        return np.stack([c * a - s * b, s * a + c * b], axis=-1)

    return al.Problem("valley", f, grad, np.zeros(2), np.zeros(2))


@lru_cache(maxsize=4)
def searched(turn: float, along: float, across: float) -> dict[str, float]:
    """Each system's best rate: the runs of all rates, side by side."""
    problem, start = turned_valley(turn), turned_start(turn, along, across)
    best = {}
    for name, (optimizer, hyper) in SYSTEMS.items():
        ends = []
        for lr in RATES:
            ends.append(al.minimize(problem, optimizer, 200, start=start, lr=lr, **hyper).f[-1])
        best[name] = RATES[int(np.argmin(np.nan_to_num(ends, nan=np.inf)))]
    return best


def turned_start(turn: float, along: float, across: float) -> np.ndarray:
    c, s = np.cos(turn * np.pi / 180), np.sin(turn * np.pi / 180)
    return np.array([c * along - s * across, s * along + c * across])


@oracle
def valley(turn, rate, along, across, steps) -> Numbers:
    problem, start = turned_valley(turn), turned_start(turn, along, across)
    out = {"f-start": problem.f(start)}
    for name, best in searched(turn, along, across).items():
        optimizer, hyper = SYSTEMS[name]
        run = al.minimize(problem, optimizer, steps, start=start, lr=best * rate, **hyper)
        f = float(np.nan_to_num(run.f[-1], nan=np.inf, posinf=np.inf))
        out |= {f"lr-{name}": best * rate, f"f-{name}": f}
    ends = [out[f"f-{name}"] for name in SYSTEMS]
    return out | {"low": min(ends), "high": max(ends)}


@lru_cache(maxsize=4)
def raced(turn: float, along: float, across: float) -> dict[str, tuple[float, np.ndarray]]:
    """Each system's best rate whose path stays in the picture, and f along that path.

    The rate falls to zero in a straight line over 60 steps.
    """
    problem, start = turned_valley(turn, 20.0), turned_start(turn, along, across)
    best = {}
    for name, (optimizer, hyper) in SYSTEMS.items():
        runs = []
        for rate in RATES:
            path = al.minimize(
                problem,
                optimizer,
                60,
                start=start,
                lr=lambda t, rate=rate: rate * (1 - (t - 1) / 60),
                **hyper,
            )
            if np.all((path.theta >= (-2.5, -2.3)) & (path.theta <= (1.5, 1.3))):
                runs.append((path.f[-1], rate, path.f))
        best[name] = min(runs, key=lambda run: run[0])[1:]
    return best


@oracle
def valley_race(step, turn, along, across) -> Numbers:
    runs = raced(turn, along, across)
    out = {f"lr-{name}": lr for name, (lr, _) in runs.items()}
    if step == 0:
        return out | {"f-start": turned_valley(turn, 20.0).f(turned_start(turn, along, across))}
    return out | {f"f-{name}": f[step] for name, (_, f) in runs.items()}


# ----------------------------------------------------------------- the averages


@oracle
def weights(beta, t, correction) -> Numbers:
    on, total = correction == "on", al.bias_factor(beta, t)
    out = {
        "sum": 1.0 if on else total,
        "half-life": al.half_life(beta),
        "sample-size": al.effective_sample_size(beta, t),
    }
    out |= {"factor": total} if on else {"zero": beta**t}
    if t > 10:
        out["newest"] = al.ema_weights(beta, t)[-10:].sum() / (total if on else 1.0)
    return out


def uniforms(count: int, seed: int) -> np.ndarray:
    """Park and Miller's generator, in whole numbers."""
    s, out = seed, []
    for _ in range(count):
        s = 16807 * s % (2**31 - 1)
        out.append(s)
    return np.array(out) / (2**31 - 1)


GRADIENTS = {
    "constant": np.ones(100),
    "noisy": 0.5 + 4 * (uniforms(100, 6) - 0.5),
    "sparse": np.where(np.arange(100) % 20 == 4, 1.0, 0.0),
    "ramp": np.arange(1, 101) / 100,
}


@oracle
def correction(gradient, correction, beta1, beta2, t) -> Numbers:
    g = GRADIENTS[gradient]
    m, v = al.ema(g, beta1)[t - 1], al.ema(g**2, beta2)[t - 1]
    theta = np.zeros(1)
    opt = al.Adam(theta, lr=1.0, betas=(beta1, beta2))
    for g_i in g[:t]:
        before = theta.copy()
        opt.step(np.array([g_i]))
    with_it, without = -(theta - before)[0], m / (np.sqrt(v) + 1e-8)
    on = correction == "on"
    out = {"m": m, "v": v, "m_hat": opt.m_hat[0], "v_hat": opt.v_hat[0]}
    out |= {"step": with_it, "other": without} if on else {"step": without, "other": with_it}
    return out | ({"ratio": without / with_it} if with_it else {})


@oracle
def factor(beta1, beta2) -> Numbers:
    F = al.uncorrected_factor((beta1, beta2), np.arange(1, 40_001))
    out = {"first": F[0], "within": np.flatnonzero(np.abs(F - 1) > 0.05).max(initial=-1) + 2}
    peak = int(np.argmax(F))
    if F[peak] > 1 and peak + 1 < len(F):
        out |= {"peak": F[peak], "at": peak + 1}
    return out


# --------------------------------------------------------------------- the step


@oracle
def bound(growth, beta1, beta2) -> Numbers:
    def last_step(factor):
        g = factor ** np.arange(-3999.0, 1)
        return al.corrected_ema(g, beta1)[-1] / np.sqrt(al.corrected_ema(g**2, beta2)[-1])

    factor = (beta2 / beta1) ** growth
    out = {"factor": factor, "step": last_step(factor), "bound": last_step(beta2 / beta1)}
    if beta1**2 < beta2:
        share = (1 - beta2) * (1 - beta1**2 / beta2)
        out["limit"] = (1 - beta1) / np.sqrt(share)
    return out


@oracle
def bursts(eps, beta1, beta2) -> Numbers:
    theta, lr = np.array([0.01]), 1e-3
    opt = al.Adam(theta, lr=lr, betas=(beta1, beta2), eps=eps)
    size, v_hat = np.empty(20_000), np.empty(20_000)
    for t in range(20_000):
        opt.step(theta.copy())  # the gradient of theta**2 / 2 is theta
        size[t], v_hat[t] = abs(theta[0]), opt.v_hat[0]
    count, asleep = 0, False
    for s in size:
        if s < 1e-8:
            asleep = True
        elif s > lr / 10 and asleep:
            count, asleep = count + 1, False
    critical = lr * (1 - beta1) / (2 * (1 + beta1))
    return {
        "critical": critical,
        "ratio": eps / critical,
        "bursts": count,
        "farthest": size[10_000:].max() / lr,
        "median": np.sort(lr / (np.sqrt(v_hat[10_000:]) + eps))[5000],
        "threshold": lr / critical,
    }


# --------------------------------------------------- batch size, noise and schedule


@cache
def mean_losses(batch: int, noise: float, rule: str, schedule: str) -> tuple[float, np.ndarray]:
    """The peak rate, and the mean loss at every step of Adam with v at its mean."""
    steps, variance, q = 16_384 // batch, noise**2 / batch, 100.0
    lr = 0.05 * batch ** {"unchanged": 0, "square root": 0.5, "linear": 1}[rule]
    rate = {
        "constant": lambda: schedules.constant(lr),
        "linear": lambda: schedules.linear(lr, steps),
        "cosine": lambda: schedules.cosine(lr, steps),
        "hold, then fall": lambda: schedules.warmup_stable_decay(lr, steps),
    }[schedule]()
    losses = [q / 2]
    for t in range(1, steps + 1):
        a = rate(t) / np.sqrt(q + variance)
        q = (1 - a) ** 2 * q + a**2 * variance
        losses.append(q / 2)
    return lr, np.array(losses)


@oracle
def schedule(batch, noise, rule, schedule) -> Numbers:
    lr, losses = mean_losses(batch, noise, rule, schedule)
    _, single = mean_losses(1, noise, rule, schedule)
    out = {"lr": lr, "end": losses[-1], "ratio": losses[-1] / single[-1]}
    low = np.flatnonzero(losses <= losses[0] / 100)
    if len(low):
        out |= {"reach": low[0] * batch, "steps": low[0]}
    return out


# ---------------------------------------------------------------- Reddi's problem


def steady_steps(C: float, beta2: float) -> np.ndarray:
    """Steps down, up, up in units of alpha: the averages after a long time."""
    c = np.tile([C, -1.0, -1.0], 14_000)
    return -c[-3:] / np.sqrt(al.ema(c**2, beta2)[-3:])


@cache
def critical_beta2(C: float) -> float:
    # with beta1 = 0 the averages of a period, weights 1, beta2, beta2^2
    def drift(b):
        squares = np.array([C * C, 1.0, 1.0])
        w = np.array([1.0, b, b * b]) / (1 + b + b * b)
        v = [squares @ w[[0, 2, 1]], squares @ w[[1, 0, 2]], squares @ w[[2, 1, 0]]]
        return np.sum([-C, 1.0, 1.0] / np.sqrt(v))

    low, high = 1e-9, 1 - 1e-9
    for _ in range(60):
        mid = (low + high) / 2
        low, high = (mid, high) if drift(mid) > 0 else (low, mid)
    return (low + high) / 2


@oracle
def reddi(C, beta2) -> Numbers:
    x = np.zeros(1)
    opt = al.Adam(x, lr=lambda t: 0.3 / np.sqrt(t), betas=(0.0, beta2))
    for t in range(1, 3001):
        opt.step(np.array([C if t % 3 == 1 else -1.0], dtype=float))
        np.clip(x, -1, 1, out=x)
    down, up, last = steady_steps(C, beta2)
    return {
        "down": down,
        "up": up,
        "last": last,
        "drift": down + up + last,
        "end": x[0],
        "critical": critical_beta2(C),
    }


# ------------------------------------------------------------- Adam in one sitting


@dataclass
class Run:
    """A run of ``opt`` on f = (x^2 + kappa y^2) / 2, a coin flip in every gradient."""

    theta: np.ndarray  # (steps + 1, 2)
    g: np.ndarray  # (steps, 2)
    size: np.ndarray | None  # Adam's root of v_hat, after the last step

    @property
    def step(self) -> np.ndarray:
        return np.diff(self.theta, axis=0)

    def loss(self, t: int = -1, kappa: float = 100.0) -> float:
        x, y = self.theta[t]
        return (x * x + kappa * y * y) / 2


def sitting_run(optimizer, start, steps, *, kappa=100.0, sigma=0.0, **hyper) -> Run:
    theta = np.array(start, dtype=float)
    opt = optimizer(theta, **hyper)
    coins = np.where(uniforms(2 * steps, 2) < 0.5, sigma, -sigma).reshape(steps, 2)
    path, gradients = [theta.copy()], []
    for coin in coins:
        gradients.append(theta * [1.0, kappa] + coin)
        opt.step(gradients[-1])
        path.append(theta.copy())
    size = np.sqrt(opt.v_hat) if isinstance(opt, al.Adam) else None
    return Run(np.array(path), np.array(gradients), size)


@oracle
def sitting_zigzag(rate, t, along, across) -> Numbers:
    run = sitting_run(al.SGD, (along, across), t, lr=rate)
    x, y = run.theta[-1]
    return {
        "x": x,
        "y": y,
        "f": run.loss(),
        "f-start": run.loss(0),
        "times-x": 1 - rate,
        "times-y": 1 - 100 * rate,
    }


@oracle
def sitting_average(beta, rate, t, along, across) -> Numbers:
    start = (along, across)
    run = sitting_run(al.SGD, start, t, lr=rate * (1 - beta), momentum=beta)
    plain = sitting_run(al.SGD, start, t, lr=2 / 101)
    across_it = run.g[:, 1]
    return {
        "f": run.loss(),
        "f-plain": plain.loss(),
        "g": across_it[-1],
        "m": al.ema(across_it, beta)[-1],
    }


@oracle
def sitting_divide(memory, steep, t, along, across) -> Numbers:
    run = sitting_run(al.Adam, (along, across), t, kappa=steep, lr=0.1, betas=(0.0, memory))
    (gx, gy), (sx, sy), (x, y) = run.g[0], np.abs(run.step[0]) / 0.1, run.theta[-1]
    return {"gx": gx, "gy": gy, "step-x": sx, "step-y": sy, "x": x, "y": y}


@oracle
def sitting_both(sigma, beta1, t, along, across) -> Numbers:
    run = sitting_run(al.Adam, (along, across), t, sigma=sigma, lr=0.1, betas=(beta1, 0.999))
    steps = run.step[:, 0] / 0.1
    return {"moved": run.theta[-1, 0] - along, "rms": np.sqrt(np.mean(steps**2))}


def uncorrected_run(start, steps, betas, lr) -> Run:
    """Adam without correction, from all gradients so far at every step."""
    path, gradients = [np.array(start, dtype=float)], []
    for _ in range(steps):
        gradients.append(path[-1] * [1.0, 100.0])
        g = np.array(gradients)
        m, v = al.ema(g, betas[0])[-1], al.ema(g**2, betas[1])[-1]
        path.append(path[-1] - lr * m / (np.sqrt(v) + 1e-8))
    return Run(np.array(path), np.array(gradients), None)


@oracle
def sitting_correct(correction, beta2, t, along, across) -> Numbers:
    betas = (0.9, beta2)
    runs = {
        "on": sitting_run(al.Adam, (along, across), t, lr=0.1, betas=betas),
        "off": uncorrected_run((along, across), t, betas, lr=0.1),
    }
    here = runs.pop(correction)
    (there,) = runs.values()
    return {
        "here": abs(here.step[-1, 0]) / 0.1,
        "there": abs(there.step[-1, 0]) / 0.1,
        "factor": al.uncorrected_factor(betas, t),
        "f": here.loss(),
        "f-other": there.loss(),
    }


@oracle
def sitting_eps(eps, t, along, across) -> Numbers:
    run = sitting_run(al.Adam, (along, across), t, lr=0.1, eps=eps)
    size = np.asarray(run.size)
    share = size / (size + eps)
    return {
        "share-x": share[0],
        "share-y": share[1],
        "size-x": size[0],
        "size-y": size[1],
        "x": run.theta[-1, 0],
    }
