"""Right Adams, as different people might write them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adam_lib.conformance.adapters import of_class, of_dicts, of_layers, of_loop, pure, separately

from .table import right


@right("Algorithm 1 with lists in a closure")
def textbook(params: Any, lr: float, betas: Any, eps: float) -> Any:
    b1, b2 = betas
    ms, vs, t = [0.0] * len(params), [0.0] * len(params), 0

    def step(grads: Any) -> None:
        nonlocal t
        t += 1
        for i, (p, g) in enumerate(zip(params, grads, strict=True)):
            ms[i] = b1 * ms[i] + (1 - b1) * g
            vs[i] = b2 * vs[i] + (1 - b2) * g * g
            p -= lr * (ms[i] / (1 - b1**t)) / (np.sqrt(vs[i] / (1 - b2**t)) + eps)

    return step


@right("both corrections in the rate, and eps corrected with them", separately)
class CorrectedRate:
    def __init__(self, alpha: float, beta1: float, beta2: float, epsilon: float) -> None:
        self.a, self.b1, self.b2, self.e = alpha, beta1, beta2, epsilon
        self.k, self.first, self.second = 0, 0.0, 0.0

    def update(self, w: Any, dw: Any) -> Any:
        self.k += 1
        self.first += (1 - self.b1) * (dw - self.first)
        self.second += (1 - self.b2) * (dw**2 - self.second)
        root = math.sqrt(1 - self.b2**self.k)
        rate = self.a * root / (1 - self.b1**self.k)
        return w - rate * self.first / (np.sqrt(self.second) + self.e * root)


@right("the paper's efficient order, with eps-hat")
def eps_hat(params: Any, lr: float, betas: Any, eps: float) -> Any:
    state = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
    powers = np.ones(2)

    def step(grads: Any) -> None:
        powers[:] *= betas
        rate = lr * np.sqrt(1 - powers[1]) / (1 - powers[0])
        for p, g, (m, v) in zip(params, grads, state, strict=True):
            m *= betas[0]
            m += (1 - betas[0]) * g
            v *= betas[1]
            v += (1 - betas[1]) * g**2
            p -= rate * m / (eps + np.sqrt(v))

    return step


@right("powers of beta as running products, started at beta", separately)
def running_products(lr: float, betas: Any, eps: float) -> Any:
    memory = {"p1": betas[0], "p2": betas[1], "m": 0.0, "v": 0.0}

    def call(x: Any, dx: Any) -> Any:
        memory["m"] = betas[0] * memory["m"] + (1 - betas[0]) * dx
        memory["v"] = betas[1] * memory["v"] + (1 - betas[1]) * np.square(dx)
        out = memory["v"] / (1 - memory["p2"])
        x = x - lr * memory["m"] / (1 - memory["p1"]) / (out**0.5 + eps)
        memory["p1"] *= betas[0]
        memory["p2"] *= betas[1]
        return x

    return call


@right("everything in single precision, whatever it is given")
def single_inside(params: Any, lr: float, betas: Any, eps: float) -> Any:
    f = np.float32
    now = [p.astype(f) for p in params]
    m, v = ([np.zeros_like(p) for p in now] for _ in range(2))
    count = 0

    def step(grads: Any) -> Any:
        nonlocal count
        count += 1
        for i, g in enumerate(x.astype(f) for x in grads):
            m[i] = f(betas[0]) * m[i] + f(1 - betas[0]) * g
            v[i] = f(betas[1]) * v[i] + f(1 - betas[1]) * g * g
            left = f(1 - betas[0] ** count), f(1 - betas[1] ** count)
            now[i] = now[i] - f(lr) * (m[i] / left[0]) / (np.sqrt(v[i] / left[1]) + f(eps))
        return now

    return step


@right("double precision, but for averages that are kept in single")
def single_state(params: Any, lr: float, betas: Any, eps: float) -> Any:
    kept = [np.zeros((2, *p.shape), np.float32) for p in params]
    t = 0

    def step(grads: Any) -> Any:
        nonlocal t
        t += 1
        for p, g, mv in zip(params, grads, kept, strict=True):
            mv[0] = betas[0] * mv[0] + (1 - betas[0]) * g
            mv[1] = betas[1] * mv[1] + (1 - betas[1]) * g**2
            p[...] -= (
                lr * mv[0] / (1 - betas[0] ** t) / (np.sqrt(mv[1] / (1 - betas[1] ** t)) + eps)
            )

    return step


@right("float32 parameters, diagnosed as such", dtype="float32")
def in_single(params: Any, lr: float, betas: Any, eps: float) -> Any:
    return textbook(params, lr, betas, eps)


@right("all tensors in one flat vector")
def flat(params: Any, lr: float, betas: Any, eps: float) -> Any:
    sizes = np.cumsum([p.size for p in params])[:-1]
    m = v = np.zeros(sum(p.size for p in params))
    t = 0

    def step(grads: Any) -> list[Any]:
        nonlocal m, v, t
        t += 1
        g = np.concatenate([x.ravel() for x in grads])
        m = np.average([m, g], axis=0, weights=[betas[0], 1 - betas[0]])
        v = np.average([v, g**2], axis=0, weights=[betas[1], 1 - betas[1]])
        change = lr * m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
        for p, c in zip(params, np.split(change, sizes), strict=True):
            p -= c.reshape(p.shape)
        return list(params)

    return step


@right("dictionaries of arrays, made at the first update", of_dicts)
class Dictionaries:
    def __init__(self, lr: float, beta1: float, beta2: float, eps: float) -> None:
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.iter, self.m, self.v = 0, None, None

    def update(self, params: dict[str, Any], grads: dict[str, Any]) -> None:
        if self.m is None:
            self.m = {k: np.zeros_like(p) for k, p in params.items()}
            self.v = {k: np.zeros_like(p) for k, p in params.items()}
        assert self.v is not None
        self.iter += 1
        for k in params:
            self.m[k] += (1 - self.beta1) * (grads[k] - self.m[k])
            self.v[k] += (1 - self.beta2) * (grads[k] ** 2 - self.v[k])
            m_unbiased = self.m[k] / (1 - self.beta1**self.iter)
            v_unbiased = self.v[k] / (1 - self.beta2**self.iter)
            params[k] -= self.lr * m_unbiased / (np.sqrt(v_unbiased) + self.eps)


@right("parameters with data and grad, stepped in place through buffers", of_layers)
class Parameters:
    def __init__(self, parameters: Any, lr: float, betas: Any, eps: float) -> None:
        self.parameters, self.lr, self.betas, self.eps = parameters, lr, betas, eps
        self.state: dict[int, Any] = {}

    def step(self) -> None:
        for i, p in enumerate(self.parameters):
            s = self.state.setdefault(i, {"t": 0, "m": p.data * 0, "v": p.data * 0})
            s["t"] += 1
            s["m"] = self.betas[0] * s["m"] + (1 - self.betas[0]) * p.grad
            s["v"] = self.betas[1] * s["v"] + (1 - self.betas[1]) * p.grad * p.grad
            below = np.sqrt(s["v"]) / math.sqrt(1 - self.betas[1] ** s["t"]) + self.eps
            size = self.lr / (1 - self.betas[0] ** s["t"])
            p.data = p.data - size * s["m"] / below


@right(
    "a pure function that gets and gives its state",
    lambda f: pure(f, "theta g m v t lr beta1 beta2 eps", "theta m v"),
)
def handed_on(
    w: Any, g: Any, m: Any, v: Any, t: int, lr: float, b1: float, b2: float, e: float
) -> Any:
    m, v = m + (1 - b1) * (g - m), v + (1 - b2) * (g * g - v)
    return w - lr * m / (1 - b1**t) / (e + np.sqrt(v / (1 - b2**t))), m, v


@right("a loop that counts from 0", of_loop)
def minimize(
    grad: Any, x: Any, num_iters: int, step_size: float, b1: float, b2: float, eps: float
) -> Any:
    m, v = np.zeros(len(x)), np.zeros(len(x))
    for i in range(num_iters):
        g = grad(x)
        m = (1 - b1) * g + b1 * m
        v = (1 - b2) * (g**2) + b2 * v
        x = x - step_size * m / (1 - b1 ** (i + 1)) / (np.sqrt(v / (1 - b2 ** (i + 1))) + eps)
    return x


@right("the rates and eps are built in: 0.9, 0.999, 1e-7", of_class)
class BuiltIn:
    def __init__(self, weights: Any, learning_rate: float) -> None:
        self.weights, self.rate, self.n = weights, learning_rate, 0
        self.m = [np.zeros_like(w) for w in weights]
        self.v = [np.zeros_like(w) for w in weights]

    def step(self, grads: Any) -> None:
        self.n += 1
        for w, g, m, v in zip(self.weights, grads, self.m, self.v, strict=True):
            m[...] = 0.9 * m + 0.1 * g
            v[...] = 0.999 * v + 0.001 * g**2
            w -= self.rate * m / (1 - 0.9**self.n) / (np.sqrt(v / (1 - 0.999**self.n)) + 1e-7)


@right("AdamW without decay, and an AMSGrad that is switched off")
def switched_off(params: Any, lr: float, betas: Any, eps: float, amsgrad: bool = False) -> Any:
    inner = textbook(params, lr, betas, eps)

    def step(grads: Any) -> None:
        for p in params:
            p *= 1 - lr * 0.0
        inner(grads)

    return step
