"""Other algorithms, sound in themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from adam_lib.conformance.adapters import of_class, separately

from .table import wrong


@wrong("SGD with heavy-ball momentum beta1", "momentum", adapter=separately)
def heavy_ball(lr: float, betas: Any, eps: float) -> Any:
    velocity = 0.0

    def step(w: Any, g: Any) -> Any:
        nonlocal velocity
        velocity = betas[0] * velocity - lr * g
        return w + velocity

    return step


@wrong("SGD with Nesterov momentum 0.9, fixed", "nesterov_09", adapter=of_class)
class Nesterov:
    def __init__(self, params: Any, lr: float) -> None:
        self.params, self.lr, self.buf = params, lr, [0.0 for _ in params]

    def step(self, grads: Any) -> None:
        for i, (p, g) in enumerate(zip(self.params, grads, strict=True)):
            self.buf[i] = 0.9 * self.buf[i] + g
            p -= self.lr * (g + 0.9 * self.buf[i])


@wrong("RMSprop with beta2 for its rate", "rmsprop", adapter=separately)
def rms(lr: float, betas: Any, eps: float) -> Any:
    cache = 0.0

    def step(w: Any, g: Any) -> Any:
        nonlocal cache
        cache = betas[1] * cache + (1 - betas[1]) * g**2
        return w - lr * g / (np.sqrt(cache) + eps)

    return step


@wrong("RMSprop with a rate of 0.9 built in", "rmsprop_09", adapter=separately)
def rms_09(lr: float, eps: float) -> Any:
    return rms(lr, (0.0, 0.9), eps)


@wrong("RMSprop with eps inside the root", "rmsprop + eps_inside_root", adapter=separately)
def rms_inside(lr: float, betas: Any, eps: float) -> Any:
    cache = 0.0

    def step(w: Any, g: Any) -> Any:
        nonlocal cache
        cache = betas[1] * cache + (1 - betas[1]) * g**2
        return w - lr * g / np.sqrt(cache + eps)

    return step


@wrong("AdaGrad", "adagrad")
def adagrad(params: Any, lr: float, eps: float) -> Any:
    total = [np.zeros_like(p) for p in params]

    def step(grads: Any) -> None:
        for p, g, s in zip(params, grads, total, strict=True):
            s += g * g
            p -= lr * g / (np.sqrt(s) + eps)

    return step


@wrong("Adadelta with rho = 0.95", "adadelta_095", adapter=separately)
def adadelta(lr: float, eps: float) -> Any:
    squares = moves = 0.0

    def step(w: Any, g: Any) -> Any:
        nonlocal squares, moves
        squares = 0.95 * squares + 0.05 * g**2
        move = np.sqrt(moves + eps) / np.sqrt(squares + eps) * g
        moves = 0.95 * moves + 0.05 * move**2
        return w - lr * move

    return step


@wrong("AdaMax, eps outside the maximum", "adamax_outside", adapter=separately)
def adamax(lr: float, betas: Any, eps: float) -> Any:
    m = u = 0.0
    t = 0

    def step(w: Any, g: Any) -> Any:
        nonlocal m, u, t
        t += 1
        m = betas[0] * m + (1 - betas[0]) * g
        u = np.maximum(betas[1] * u, np.abs(g))
        return w - lr / (1 - betas[0] ** t) * m / (u + eps)

    return step


@wrong("AMSGrad, the maximum of the corrected second moment", "maximum_left_on")
def amsgrad_corrected(params: Any, lr: float, betas: Any, eps: float) -> Any:
    m, v, top = ([np.zeros_like(p) for p in params] for _ in range(3))
    t = 0

    def step(grads: Any) -> None:
        nonlocal t
        t += 1
        for i, g in enumerate(grads):
            m[i] = betas[0] * m[i] + (1 - betas[0]) * g
            v[i] = betas[1] * v[i] + (1 - betas[1]) * g**2
            top[i] = np.maximum(top[i], v[i] / (1 - betas[1] ** t))
            params[i] -= lr * m[i] / (1 - betas[0] ** t) / (np.sqrt(top[i]) + eps)

    return step


@wrong("AMSGrad as printed, without corrections", "amsgrad_paper", adapter=separately)
def amsgrad_printed(lr: float, betas: Any, eps: float) -> Any:
    m = v = top = 0.0

    def step(w: Any, g: Any) -> Any:
        nonlocal m, v, top
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        top = np.maximum(top, v)
        return w - lr * m / (np.sqrt(top) + eps)

    return step


@wrong("NAdam with one constant momentum and one correction", "nadam_plain", adapter=separately)
def nadam(lr: float, betas: Any, eps: float) -> Any:
    m = v = 0.0
    t = 0

    def step(w: Any, g: Any) -> Any:
        nonlocal m, v, t
        t += 1
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        ahead = (betas[0] * m + (1 - betas[0]) * g) / (1 - betas[0] ** t)
        return w - lr * ahead / (np.sqrt(v / (1 - betas[1] ** t)) + eps)

    return step


@wrong("Lion", "lion")
def lion(params: Any, lr: float, betas: Any) -> Any:
    m = [np.zeros_like(p) for p in params]

    def step(grads: Any) -> None:
        for i, g in enumerate(grads):
            params[i] -= lr * np.sign(betas[0] * m[i] + (1 - betas[0]) * g)
            m[i] = betas[1] * m[i] + (1 - betas[1]) * g

    return step


@wrong("LAMB without decay: Adam's step scaled to the parameters' norm", "trust_ratio")
def lamb(params: Any, lr: float, betas: Any, eps: float) -> Any:
    m, v = ([np.zeros_like(p) for p in params] for _ in range(2))
    t = 0

    def step(grads: Any) -> None:
        nonlocal t
        t += 1
        for i, g in enumerate(grads):
            m[i] = betas[0] * m[i] + (1 - betas[0]) * g
            v[i] = betas[1] * v[i] + (1 - betas[1]) * g**2
            u = m[i] / (1 - betas[0] ** t) / (np.sqrt(v[i] / (1 - betas[1] ** t)) + eps)
            a, b = np.linalg.norm(params[i]), np.linalg.norm(u)
            params[i] -= lr * (a / b if a > 0 and b > 0 else 1.0) * u

    return step


@wrong("Adam with lookahead: every fifth step goes half the way back")
def lookahead(params: Any, lr: float, betas: Any, eps: float) -> Any:
    m, v = ([np.zeros_like(p) for p in params] for _ in range(2))
    slow = [p.copy() for p in params]
    t = 0

    def step(grads: Any) -> None:
        nonlocal t
        t += 1
        for i, g in enumerate(grads):
            m[i] = betas[0] * m[i] + (1 - betas[0]) * g
            v[i] = betas[1] * v[i] + (1 - betas[1]) * g**2
            root = np.sqrt(v[i] / (1 - betas[1] ** t)) + eps
            params[i] -= lr * m[i] / (1 - betas[0] ** t) / root
            if t % 5 == 0:
                slow[i] += 0.5 * (params[i] - slow[i])
                params[i][...] = slow[i]

    return step
