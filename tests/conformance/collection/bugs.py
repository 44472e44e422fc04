"""Adams with one bug, or with two.

All are made of one Adam, whose parts can be replaced one by one: what a bug is
stands in its few lines.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adam_lib.conformance.adapters import of_layers

from .table import wrong


class Parts:
    """An Adam in parts."""

    def __init__(self, params: Any, lr: float, betas: Any, eps: float) -> None:
        self.params, self.lr, (self.b1, self.b2), self.eps = params, lr, betas, eps
        self.m: list[Any] = [np.zeros_like(p) for p in params]
        self.v: list[Any] = [np.zeros_like(p) for p in params]
        self.t = 0

    def __call__(self, grads: Any) -> None:
        self.tick()
        for i, g in enumerate(self.seen(grads)):
            self.average(i, g)
            self.move(i, self.rate() * self.direction(i))

    def tick(self) -> None:
        self.t += 1

    def seen(self, grads: Any) -> Any:
        return grads

    def rate(self) -> float:
        return self.lr

    def average(self, i: int, g: Any) -> None:
        self.m[i] = self.b1 * self.m[i] + (1 - self.b1) * g
        self.v[i] = self.b2 * self.v[i] + (1 - self.b2) * g**2

    def corrected(self, i: int) -> Any:
        return self.m[i] / (1 - self.b1**self.t), self.v[i] / (1 - self.b2**self.t)

    def root(self, v_hat: Any) -> Any:
        return np.sqrt(v_hat) + self.eps

    def direction(self, i: int) -> Any:
        m_hat, v_hat = self.corrected(i)
        return m_hat / self.root(v_hat)

    def move(self, i: int, by: Any) -> None:
        self.params[i] -= by


@wrong("the correction's power is missing", "no_power")
class NoPower(Parts):
    def corrected(self, i: int) -> Any:
        return self.m[i] / (1 - self.b1), self.v[i] / (1 - self.b2)


@wrong("no correction", "no_correction")
class Uncorrected(Parts):
    def corrected(self, i: int) -> Any:
        return self.m[i], self.v[i]


@wrong("t counts calls of an epoch: it rises at every tenth step", "t_counts_epochs")
class Epochs(Parts):
    def tick(self) -> None:
        self.calls = getattr(self, "calls", -1) + 1
        self.t = 1 + self.calls // 10


@wrong("t is raised inside the loop over tensors", "t_per_tensor")
class CountedTensors(Parts):
    def tick(self) -> None: ...

    def average(self, i: int, g: Any) -> None:
        self.t += 1
        super().average(i, g)


@wrong("t stops at 40", "t_stops")
class Capped(Parts):
    def tick(self) -> None:
        self.t = min(self.t + 1, 40)


@wrong("no square root", "no_root")
class NoRoot(Parts):
    def root(self, v_hat: Any) -> Any:
        return v_hat + self.eps


@wrong("eps fixed at 1e-7, though the call has one", "eps_ignored")
class FixedEps(Parts):
    def root(self, v_hat: Any) -> Any:
        return np.sqrt(v_hat) + 1e-7


@wrong("eps added before the correction, in the root", "eps_inside_root_uncorrected")
class EarlyEps(Parts):
    def corrected(self, i: int) -> Any:
        return self.m[i] / (1 - self.b1**self.t), (self.v[i] + self.eps) / (1 - self.b2**self.t)

    def root(self, v_hat: Any) -> Any:
        return np.sqrt(v_hat)


@wrong("weight decay of 0.004 in the gradient", "decay_l2")
class L2(Parts):
    def seen(self, grads: Any) -> Any:
        return [g + 0.004 * p for g, p in zip(grads, self.params, strict=True)]


@wrong("decoupled weight decay of 0.05", "decay_left_on", "decay_after")
class Decay(Parts):
    def move(self, i: int, by: Any) -> None:
        self.params[i] -= by + self.lr * 0.05 * self.params[i]


@wrong("weight decay of 0.05 on matrices only", "decay_on_matrices")
class MatrixDecay(Parts):
    def move(self, i: int, by: Any) -> None:
        if self.params[i].ndim > 1:
            self.params[i] *= 1 - self.lr * 0.05
        super().move(i, by)


@wrong("the gradients of all tensors are clipped to norm 1", "clipped_global")
class Clipped(Parts):
    def seen(self, grads: Any) -> Any:
        norm = np.sqrt(sum(np.sum(g**2) for g in grads))
        return [g * min(1.0, 1.0 / (norm + 1e-300)) for g in grads]


@wrong("lr falls with the root of t", "lr_falls")
class Falling(Parts):
    def rate(self) -> float:
        return self.lr / np.sqrt(self.t)


@wrong("gradients are never set to zero", "never_zeroed", adapter=of_layers)
class Piled(Parts):
    def __init__(self, layers: Any, lr: float, betas: Any, eps: float) -> None:
        super().__init__([layer.data for layer in layers], lr, betas, eps)
        self.layers, self.sums = layers, [0.0 for _ in layers]

    def step(self) -> None:
        for i, layer in enumerate(self.layers):
            self.sums[i] = self.sums[i] + layer.grad
        self(self.sums)


@wrong("one m and one v for tensors of equal shape", "state_shared_by_shape")
class SharedByShape(Parts):
    def __init__(self, params: Any, lr: float, betas: Any, eps: float) -> None:
        super().__init__(params, lr, betas, eps)
        self.by_shape: dict[Any, Any] = {}

    def average(self, i: int, g: Any) -> None:
        shape = g.shape
        self.m[i], self.v[i] = self.by_shape.get(shape, (self.m[i], self.v[i]))
        super().average(i, g)
        self.by_shape[shape] = self.m[i], self.v[i]


@wrong("divides by the previous v", "old_v")
class OldV(Parts):
    def average(self, i: int, g: Any) -> None:
        self.before = self.v[i]
        super().average(i, g)

    def corrected(self, i: int) -> Any:
        return self.m[i] / (1 - self.b1**self.t), self.before / (1 - self.b2**self.t)


@wrong("the rate is halved", "lr_scaled")
class Half(Parts):
    def rate(self) -> float:
        return 0.5 * self.lr


@wrong("the sign of the step is wrong", "ascends")
class Upwards(Parts):
    def move(self, i: int, by: Any) -> None:
        self.params[i] += by


@wrong(
    "betas fixed at their usual values, though the call has them", "beta1_ignored + beta2_ignored"
)
class FixedBetas(Parts):
    def __init__(self, params: Any, lr: float, betas: Any, eps: float) -> None:
        super().__init__(params, lr, (0.9, 0.999), eps)


@wrong("where a gradient is zero the averages are reset to zero")
class Reset(Parts):
    def average(self, i: int, g: Any) -> None:
        super().average(i, g)
        self.m[i] = np.where(g == 0, 0, self.m[i])
        self.v[i] = np.where(g == 0, 0, self.v[i])


@wrong("m takes the squares' rate", "m_takes_beta2", "m_takes_beta2 + other_beta_of_m")
class WrongRate(Parts):
    def average(self, i: int, g: Any) -> None:
        super().average(i, g)
        before = getattr(self, "own", {})
        self.own = before
        before[i] = self.b2 * before.get(i, 0) + (1 - self.b2) * g
        self.m[i] = before[i]


@wrong("the gradient comes back as its square", "gradient_overwritten")
class Overwrites(Parts):
    def average(self, i: int, g: Any) -> None:
        self.m[i] = self.b1 * self.m[i] + (1 - self.b1) * g
        g *= g
        self.v[i] = self.b2 * self.v[i] + (1 - self.b2) * g


# -- two at once -----------------------------------------------------------------------


@wrong("the power is missing and eps is in the root", "no_power + eps_inside_root")
class PowerAndRoot(NoPower):
    def root(self, v_hat: Any) -> Any:
        return np.sqrt(v_hat + self.eps)


@wrong("t is one ahead and eps is in the root", "t_one_ahead + eps_inside_root")
class AheadAndRoot(Parts):
    def corrected(self, i: int) -> Any:
        t = self.t + 1
        return self.m[i] / (1 - self.b1**t), self.v[i] / (1 - self.b2**t)

    def root(self, v_hat: Any) -> Any:
        return np.sqrt(v_hat + self.eps)


@wrong("no correction, and decay of 0.05", "no_correction + decay_left_on")
class UncorrectedDecay(Uncorrected):
    def move(self, i: int, by: Any) -> None:
        self.params[i] *= 1 - self.lr * 0.05
        super().move(i, by)


@wrong("swapped betas, and L2 of 0.004", "betas_swapped + decay_l2")
class SwappedL2(L2):
    def __init__(self, params: Any, lr: float, betas: Any, eps: float) -> None:
        super().__init__(params, lr, betas[::-1], eps)


@wrong("no square root, and the rate halved", "no_root + lr_scaled")
class NoRootHalf(NoRoot):
    def rate(self) -> float:
        return 0.5 * self.lr


@wrong("fixed eps, and t counted at each tensor", "eps_ignored + t_per_tensor")
class EpsAndClock(CountedTensors):
    def root(self, v_hat: Any) -> Any:
        return np.sqrt(v_hat) + 1e-7


@wrong("clipped to norm 1, and no correction", "clipped_global + no_correction")
class ClippedUncorrected(Clipped):
    def corrected(self, i: int) -> Any:
        return self.m[i], self.v[i]


@wrong(
    "divides by the previous v, and m is uncorrected",
    "old_v + no_correction_of_m",
    "old_v + only_v_corrected",
)
class OldVNoM(OldV):
    def corrected(self, i: int) -> Any:
        return self.m[i], self.before / (1 - self.b2**self.t)


@wrong("three at once: no power, eps in the root, decay of 0.05",
       "no_power + eps_inside_root + decay_left_on")  # fmt: skip
class Three(PowerAndRoot):
    def move(self, i: int, by: Any) -> None:
        self.params[i] *= 1 - self.lr * 0.05
        super().move(i, by)
