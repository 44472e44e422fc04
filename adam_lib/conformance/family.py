"""The relatives: other algorithms as differences from Adam, and what counts as right in each.

A :class:`Reference` is an algorithm that an optimizer can be compared with; its
conventions are the documented ways of writing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .exhibits import CONVENTIONS, MUSEUM, Exhibit
from .lines import Edits, compose

EPS_HAT = {"root": "root = np.sqrt(v_hat) + eps / sqrt(1 - beta2**t)"}
IN_ROOT = {"root": "root = np.sqrt(v_hat + eps)"}

_NO_M = {"m": "", "m_hat": "m_hat = g"}
_NO_V = {"v": "", "v_hat": "", "root": "root = 1.0"}
RMSPROP = {**_NO_M, "v_hat": "v_hat = s.v"}
ADAGRAD = {**_NO_M, "v": "s.v = s.v + g**2", "v_hat": "v_hat = s.v"}
ADADELTA = {
    "m": "",
    "m_hat": "m_hat = np.sqrt(s.u + eps) * g",
    "v_hat": "v_hat = s.v",
    "root": "root = np.sqrt(v_hat + eps)",
    "late": "s.u = beta2 * s.u + (1 - beta2) * (m_hat / root) ** 2",
}
SGD = {**_NO_M, **_NO_V}
HEAVY = {"m": "s.m = beta1 * s.m + g", "m_hat": "m_hat = s.m", **_NO_V}
NESTEROV = {**HEAVY, "m_hat": "m_hat = g + beta1 * s.m"}
ADAMAX = {
    "v": "s.v = np.maximum(beta2 * s.v, np.abs(g) + eps)",
    "v_hat": "",
    "root": "root = s.v",
}
ADAMAX_OUTSIDE = {
    "v": "s.v = np.maximum(beta2 * s.v, np.abs(g))",
    "v_hat": "",
    "root": "root = s.v + eps",
}
AMSGRAD = {
    "paper": {"m_hat": "m_hat = s.m", "v_hat": "v_hat = s.largest = np.maximum(s.largest, s.v)"},
    "pytorch": {
        "v_hat": "s.largest = np.maximum(s.largest, s.v)\nv_hat = s.largest / (1 - beta2**t)"
    },
    "optax": dict(MUSEUM["maximum_left_on"].edits),
}


def _nadam(psi: float) -> dict[str, str]:
    mu = f"beta1 * (1 - 0.5 * 0.96 ** ({psi:g} * K))"
    return {
        "m_hat": "\n".join(
            [
                f"mu, mu_next = {mu.replace('K', 't')}, {mu.replace('K', '(t + 1)')}",
                "s.product = mu * (s.product if t > 1 else 1.0)",
                "m_hat = mu_next * s.m / (1 - s.product * mu_next)"
                " + (1 - mu) * g / (1 - s.product)",
            ]
        )
    }


NADAM = {
    "pytorch": _nadam(0.004),
    "keras": _nadam(1),
    "optax": {
        "m_hat": "m_hat = beta1 * s.m / (1 - beta1 ** (t + 1)) + (1 - beta1) * g / (1 - beta1**t)"
    },
    "plain": {"m_hat": "m_hat = (beta1 * s.m + (1 - beta1) * g) / (1 - beta1**t)"},
}


def _radam(threshold: int, before: str) -> dict[str, str]:
    return {
        "v_hat": "\n".join(
            [
                "limit = 2 / (1 - beta2) - 1",
                "rho = limit - 2 * t * beta2**t / (1 - beta2**t)",
                "r2 = (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)",
                f"r = sqrt(r2) if rho > {threshold} else 0.0",
                "v_hat = s.v / (1 - beta2**t)",
            ]
        ),
        "late": f"step = r * step if rho > {threshold} else {before}",
    }


RADAM = {
    "pytorch": {**_radam(5, "lr * m_hat"), **EPS_HAT},
    "optax": _radam(5, "lr * m_hat"),
    "paper": _radam(4, "lr * m_hat"),
    "authors": {**_radam(5, "0 * step"), **EPS_HAT},
    "no_step": _radam(5, "0 * step"),
}


def _stranger(name: str, says: str, *edits: Edits) -> Exhibit:
    return Exhibit(name, f"this is {says}", {k: v for e in edits for k, v in e.items()})


def _with_rho(beta: str) -> dict[str, str]:
    return {"hyper": f"beta2 = {beta}"}


# Sound algorithms, and what an Adam that is one of them is called.
STRANGERS: list[Exhibit] = [
    _stranger("amsgrad_paper", "AMSGrad, as in its paper", AMSGRAD["paper"]),
    _stranger("amsgrad_pytorch", "AMSGrad, in PyTorch's form", AMSGRAD["pytorch"]),
    _stranger(
        "amsgrad_v_uncorrected",
        "AMSGrad with only m corrected",
        {"v_hat": "v_hat = s.largest = np.maximum(s.largest, s.v)"},
    ),
    _stranger(
        "amsgrad_of_two",
        "an AMSGrad that remembers only the previous v",
        {
            "v": "old, s.v = s.v, beta2 * s.v + (1 - beta2) * g**2",
            "v_hat": "v_hat = np.maximum(old, s.v) / (1 - beta2**t)",
        },
    ),
    _stranger("adamax", "AdaMax", ADAMAX),
    _stranger("adamax_outside", "AdaMax, with eps outside the maximum (Keras)", ADAMAX_OUTSIDE),
    _stranger("nadam_pytorch", "NAdam, with PyTorch's momentum schedule", NADAM["pytorch"]),
    _stranger("nadam_keras", "NAdam, with Keras's momentum schedule", NADAM["keras"]),
    _stranger("nadam_optax", "NAdam with a constant momentum (optax)", NADAM["optax"]),
    _stranger("nadam_plain", "NAdam with one correction for both of its terms", NADAM["plain"]),
    _stranger(
        "nadam_last",
        "NAdam with m_hat's correction for m alone",
        {"m_hat": "m_hat = beta1 * s.m / (1 - beta1**t) + (1 - beta1) * g"},
    ),
    _stranger("radam_pytorch", "RAdam, as in PyTorch", RADAM["pytorch"]),
    _stranger("radam_optax", "RAdam, as in optax", RADAM["optax"]),
    _stranger("radam_paper", "RAdam with the paper's threshold of 4", RADAM["paper"]),
    _stranger("radam_authors", "RAdam that takes no step at first", RADAM["authors"]),
    _stranger("radam_no_step", "RAdam that takes no step at first", RADAM["no_step"]),
    _stranger("rmsprop", "RMSprop with beta2 for rho", RMSPROP),
    _stranger("rmsprop_beta1", "RMSprop with beta1 for rho", RMSPROP, _with_rho("beta1")),
    _stranger("rmsprop_09", "RMSprop with rho = 0.9", RMSPROP, _with_rho("0.9")),
    _stranger("rmsprop_099", "RMSprop with rho = 0.99", RMSPROP, _with_rho("0.99")),
    _stranger("rmsprop_0999", "RMSprop with rho = 0.999", RMSPROP, _with_rho("0.999")),
    _stranger(
        "rmsprop_centred",
        "centred RMSprop with beta2 for rho",
        RMSPROP,
        {"v_hat": "s.c = beta2 * s.c + (1 - beta2) * g\nv_hat = s.v - s.c**2"},
    ),
    _stranger(
        "rmsprop_momentum",
        "RMSprop with momentum beta1",
        RMSPROP,
        {"late": "step = s.u = beta1 * s.u + step"},
    ),
    _stranger("adagrad", "AdaGrad", ADAGRAD),
    _stranger(
        "adagrad_01",
        "AdaGrad whose sum starts at 0.1",
        ADAGRAD,
        {"hyper": "s.v = s.v if s.t else 0.1 + s.v"},
    ),
    _stranger("adadelta", "Adadelta with beta2 for rho", ADADELTA),
    _stranger("adadelta_beta1", "Adadelta with beta1 for rho", ADADELTA, _with_rho("beta1")),
    _stranger("adadelta_09", "Adadelta with rho = 0.9", ADADELTA, _with_rho("0.9")),
    _stranger("adadelta_095", "Adadelta with rho = 0.95", ADADELTA, _with_rho("0.95")),
    _stranger("sgd", "plain SGD", SGD),
    _stranger("momentum", "SGD with momentum beta1", HEAVY),
    _stranger("momentum_09", "SGD with momentum 0.9", HEAVY, {"hyper": "beta1 = 0.9"}),
    _stranger(
        "momentum_average", "SGD along an average of gradients", {"m_hat": "m_hat = s.m"}, _NO_V
    ),
    _stranger("nesterov", "SGD with Nesterov momentum beta1", NESTEROV),
    _stranger("nesterov_09", "SGD with Nesterov momentum 0.9", NESTEROV, {"hyper": "beta1 = 0.9"}),
    _stranger(
        "signum",
        "the sign of an average of gradients: Signum",
        _NO_V,
        {"m_hat": "m_hat = np.sign(s.m)"},
    ),
    _stranger(
        "lion",
        "Lion",
        _NO_V,
        {
            "m": "c, s.m = beta1 * s.m + (1 - beta1) * g, beta2 * s.m + (1 - beta2) * g",
            "m_hat": "m_hat = np.sign(c)",
        },
    ),
    _stranger("sign_descent", "sign descent", SGD, {"m_hat": "m_hat = np.sign(g)"}),
    _stranger("yogi", "Yogi", {"v": "s.v = s.v - (1 - beta2) * np.sign(s.v - g**2) * g**2"}),
    _stranger(
        "yogi_uncorrected",
        "Yogi without corrections",
        {
            "v": "s.v = s.v - (1 - beta2) * np.sign(s.v - g**2) * g**2",
            "m_hat": "m_hat = s.m",
            "v_hat": "v_hat = s.v",
        },
    ),
    _stranger(
        "yogi_from_1e6",
        "Yogi whose averages start at 1e-6 (optax)",
        {
            "hyper": "s.m, s.v = (s.m, s.v) if s.t else (1e-6 + s.m, 1e-6 + s.v)",
            "v": "s.v = s.v - (1 - beta2) * np.sign(s.v - g**2) * g**2",
        },
    ),
    _stranger(
        "rprop",
        "Rprop, with factors 1.2 and 0.5",
        _NO_V,
        {
            "m": "turn = np.sign(s.last * g)",
            "m_hat": "size = np.where(s.size == 0, lr, s.size)"
            " * np.where(turn > 0, 1.2, np.where(turn < 0, 0.5, 1.0))\n"
            "s.size = size = np.clip(size, 1e-6, 50)\n"
            "s.last = g = np.where(turn < 0, 0.0, g)\n"
            "m_hat = np.sign(g) * size / lr",
        },
    ),
    _stranger(
        "asgd",
        "averaged SGD, with a rate that falls and a decay of 0.0001",
        SGD,
        {
            "decay": "theta = theta * (1 - 1e-4 * s.eta if s.t else 1 - 1e-4 * lr)",
            "m_hat": "eta = s.eta if s.t > 1 else lr; m_hat = g * eta / lr\n"
            "s.eta = lr / (1 + 1e-4 * lr * t) ** 0.75",
        },
    ),
    _stranger(
        "diffgrad",
        "diffGrad",
        {"m_hat": "m_hat = s.m / (1 - beta1**t) / (1 + np.exp(-np.abs(s.last - g)))\ns.last = g"},
    ),
]


@dataclass(frozen=True)
class Reference:
    """An algorithm to compare with.

    Attributes
    ----------
    hyper : dict
        Its hyperparameters in order, with values to test at that are nobody's
        defaults.
    conventions : dict
        The ways of writing it that count as right.
    exhibits : list
        Bugs of its own.
    steps_of_lr : bool
        Whether its steps are of the size of lr, whatever the gradients' is.
    """

    name: str
    hyper: Mapping[str, Any]
    conventions: Mapping[str, Exhibit]
    exhibits: list[Exhibit] = field(default_factory=list)
    steps_of_lr: bool = True
    moves_at_zero: bool = False


_ADAMS = {"lr": 0.01, "betas": (0.85, 0.98), "eps": 1e-6}
_SPELL = {
    "Adam": "lr, beta1, beta2, eps = h",
    "AdamW": "lr, beta1, beta2, eps, decay = h",
    "RMSprop": "lr, beta2, eps = h\nbeta1 = 0.9",
    "AdaGrad": "lr, eps = h\nbeta1, beta2 = 0.9, 0.999",
    "SGD": "lr, beta1 = h\nbeta2, eps = 0.999, 1e-8",
}


def _right(header: str, kinds: dict[str, tuple[str, Edits]]) -> dict[str, Exhibit]:
    """Conventions, each with its own base: Adam's lines with the algorithm's in their place."""
    out = {}
    for name, (says, edits) in kinds.items():
        base = compose([{"header": _SPELL[header]}, edits])
        assert base is not None
        out[name] = Exhibit(name, says, {}, base=base)
    return out


def _adamw() -> Reference:
    decays = {
        "": "theta = theta * (1 - lr * decay)",
        "_paper": "theta = theta * (1 - decay)",
    }
    says = {
        "": "decay times lr (PyTorch, optax, Keras)",
        "_paper": "decay not times lr (the paper)",
    }
    kinds: dict[str, tuple[str, Edits]] = {}
    for kind, line in decays.items():
        kinds["adamw" + kind] = (f"AdamW, {says[kind]}", {"decay": line})
        kinds["adamw_eps_hat" + kind] = (
            f"AdamW with eps-hat, {says[kind]}",
            {"decay": line, **EPS_HAT},
        )
    wrong: dict[str, tuple[str, Edits]] = {
        "decay_ignored": ("there is no weight decay: this is Adam", {}),
        "decay_l2": (
            "weight decay is added to the gradient (L2): this is not AdamW",
            {"grad": "g = g + decay * theta"},
        ),
        "decay_after": (
            "the new parameters are shrunk, after the step",
            {"after": "theta = theta * (1 - lr * decay)"},
        ),
        "decay_in_m_hat": (
            "weight decay is divided by the root",
            {"late": "step = step + lr * decay * theta / root"},
        ),
        "decay_twice": (
            "weight decay acts twice",
            {"decay": "theta = theta * (1 - lr * decay) ** 2"},
        ),
        "decay_and_l2": (
            "weight decay acts on the parameters and on the gradient",
            {"grad": "g = g + decay * theta", "decay": "theta = theta * (1 - lr * decay)"},
        ),
        "decay_times_lr_twice": (
            "weight decay is multiplied by lr twice",
            {"decay": "theta = theta * (1 - lr * lr * decay)"},
        ),
        "decay_wrong_sign": (
            "the parameters grow: weight decay has the wrong sign",
            {"decay": "theta = theta * (1 + lr * decay)"},
        ),
        "decay_corrected": (
            "weight decay is multiplied by the corrected lr",
            {
                "decay": "theta = theta * (1 - lr * decay * sqrt(1 - beta2 ** (s.t + 1))"
                " / (1 - beta1 ** (s.t + 1)))"
            },
        ),
        "decay_on_matrices": (
            "vectors do not decay",
            {"decay": "theta = theta * (1 - lr * decay * (theta.ndim > 1))"},
        ),
        "decay_default": (
            "the weight decay of the call is ignored: it is 0.01",
            {"decay": "theta = theta * (1 - lr * 0.01)"},
        ),
    }
    exhibits = list(_right("AdamW", wrong).values())
    hyper = {**_ADAMS, "weight_decay": 0.07}
    return Reference("AdamW", hyper, _right("AdamW", kinds), exhibits, moves_at_zero=True)


REFERENCES: dict[str, Reference] = {
    r.name: r
    for r in [
        Reference("Adam", _ADAMS, CONVENTIONS),
        _adamw(),
        Reference(
            "AMSGrad",
            _ADAMS,
            _right(
                "Adam",
                {
                    "paper": ("AMSGrad, as in its paper", AMSGRAD["paper"]),
                    "pytorch": ("AMSGrad, in PyTorch's form", AMSGRAD["pytorch"]),
                    "optax": ("AMSGrad, in optax's form", AMSGRAD["optax"]),
                    "keras": ("AMSGrad, in Keras's form", {**AMSGRAD["pytorch"], **EPS_HAT}),
                },
            ),
        ),
        Reference(
            "AdaMax",
            _ADAMS,
            _right(
                "Adam",
                {
                    "adamax": ("AdaMax, eps inside the maximum (PyTorch, optax)", ADAMAX),
                    "adamax_outside": ("AdaMax, eps outside (Keras)", ADAMAX_OUTSIDE),
                },
            ),
        ),
        Reference(
            "NAdam",
            _ADAMS,
            _right(
                "Adam",
                {
                    "pytorch": ("NAdam, momentum_decay 0.004 (PyTorch)", NADAM["pytorch"]),
                    "keras": ("NAdam, momentum rising 250 times as fast (Keras)", NADAM["keras"]),
                    "optax": ("NAdam, constant momentum (optax)", NADAM["optax"]),
                },
            ),
        ),
        Reference(
            "RAdam",
            _ADAMS,
            _right(
                "Adam",
                {
                    "pytorch": ("RAdam, threshold 5, eps-hat (PyTorch)", RADAM["pytorch"]),
                    "optax": (
                        "RAdam, threshold 5, eps after the correction (optax)",
                        RADAM["optax"],
                    ),
                    "paper": ("RAdam, threshold 4 (the paper)", RADAM["paper"]),
                    "authors": ("RAdam, no step before the threshold, eps-hat", RADAM["authors"]),
                    "no_step": ("RAdam, no step before the threshold", RADAM["no_step"]),
                },
            ),
            steps_of_lr=False,
        ),
        Reference(
            "RMSprop",
            {"lr": 0.01, "rho": 0.93, "eps": 1e-6},
            _right(
                "RMSprop",
                {
                    "outside": ("RMSprop, eps outside the root (PyTorch)", RMSPROP),
                    "inside": (
                        "RMSprop, eps inside the root (Keras, optax)",
                        {**RMSPROP, **IN_ROOT},
                    ),
                },
            ),
        ),
        Reference(
            "AdaGrad",
            {"lr": 0.01, "eps": 1e-6},
            _right(
                "AdaGrad",
                {
                    "outside": ("AdaGrad, eps outside the root (PyTorch)", ADAGRAD),
                    "inside": ("AdaGrad, eps inside the root", {**ADAGRAD, **IN_ROOT}),
                    "inside_01": (
                        "AdaGrad, eps inside the root, sum starting at 0.1 (Keras, optax)",
                        {**ADAGRAD, **IN_ROOT, "hyper": "s.v = s.v if s.t else 0.1 + s.v"},
                    ),
                },
            ),
        ),
        Reference(
            "Adadelta",
            {"lr": 0.7, "rho": 0.93, "eps": 1e-6},
            _right("RMSprop", {"adadelta": ("Adadelta", ADADELTA)}),
            steps_of_lr=False,
        ),
        Reference(
            "SGD",
            {"lr": 0.01, "momentum": 0.85},
            _right(
                "SGD",
                {
                    "sum": ("SGD with momentum, the buffer a sum (PyTorch, optax, Keras)", HEAVY),
                },
            ),
            list(
                _right(
                    "SGD",
                    {
                        "nesterov": ("this is Nesterov's variant", NESTEROV),
                        "average": (
                            "the buffer is an average: g is weighted by 1 - momentum",
                            {"m_hat": "m_hat = s.m", **_NO_V},
                        ),
                        "momentum_lost": ("no momentum: plain SGD", SGD),
                        "lr_twice": (
                            "lr counts twice: in the buffer and in the step",
                            {**HEAVY, "m": "s.m = beta1 * s.m + lr * g"},
                        ),
                    },
                ).values()
            ),
            steps_of_lr=False,
        ),
    ]
}
