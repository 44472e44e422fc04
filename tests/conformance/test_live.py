"""Live: every optimizer of other libraries, where they are installed, is acquitted or named."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest

from adam_lib.conformance.diagnose import diagnose
from adam_lib.conformance.libraries import of_jax, of_keras, of_mlx, of_optax, of_torch
from tests.conformance.subjects import HYPER

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def library(name: str) -> Any:
    """A module that need not be installed; its own warnings on import are not ours."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} is not installed: no live diagnosis")


# -- each library's Adam, at several hyperparameters and in both precisions -------------


@pytest.mark.parametrize("hyper", HYPER)
@pytest.mark.parametrize("how", [{"foreach": False}, {"foreach": True}, {"fused": True}])
def test_torch_adam(hyper: dict[str, Any], how: dict[str, bool]) -> None:
    torch = library("torch")
    assert diagnose(of_torch(torch.optim.Adam, **how), **hyper).convention == "adam"


@pytest.mark.parametrize("hyper", HYPER)
def test_optax_adam(hyper: dict[str, Any]) -> None:
    optax = library("optax")
    assert diagnose(of_optax(optax.adam), **hyper).convention == "adam"


@pytest.mark.parametrize("hyper", HYPER)
def test_keras_adam(hyper: dict[str, Any]) -> None:
    """Its epsilon is the paper's eps-hat, which is a convention and not a bug."""
    keras = library("keras")
    report = diagnose(of_keras(keras.optimizers.Adam), **hyper)
    assert report.ok
    assert report.convention == "eps_hat"
    assert report.failed == ("tiny_gradient",)


def test_jax_counts_from_0() -> None:
    optimizers = library("jax.example_libraries.optimizers")
    assert diagnose(of_jax(optimizers.adam)).convention == "adam"


def test_mlx_corrects_where_it_is_told_to() -> None:
    mlx = library("mlx.optimizers")
    assert diagnose(of_mlx(mlx.Adam, bias_correction=True), dtype="float32").ok
    report = diagnose(of_mlx(mlx.Adam), dtype="float32")
    assert report.bugs == ("no_correction",)
    assert "bias_correction=True" in report.notes[0]


# -- all others ------------------------------------------------------------------------

# By a class of torch.optim: the bugs that Adam would have if it were that.
TORCH = {
    "Adagrad": "adagrad",
    "Adadelta": "adadelta_09",
    "AdamW": "decay_left_on",
    "Adamax": "adamax",
    "ASGD": "asgd",
    "NAdam": "nadam_pytorch",
    "RAdam": "radam_pytorch",
    "RMSprop": "rmsprop_099",
    "Rprop": "rprop",
    "SGD": "sgd",
}
OPTAX = {
    "adabelief": "centred + eps_hidden_in_root",
    "adadelta": "adadelta_09",
    "adagrad": "adagrad_01 + eps_inside_root",
    "adamax": "adamax",
    "adamaxw": "adamax + decay_left_on",
    "adamw": "decay_left_on",
    "amsgrad": "maximum_left_on",
    "lamb": "trust_ratio",
    "lion": "lion + decay_left_on",
    "nadam": "nadam_optax",
    "radam": "radam_optax",
    "rmsprop": "rmsprop_09 + eps_inside_root",
    "sgd": "sgd",
    "sign_sgd": "sign_descent",
    "signum": "signum",
    "yogi": "yogi_from_1e6",
}
KERAS = {
    "Adadelta": "adadelta_095",
    "Adagrad": "adagrad_01 + eps_inside_root",
    "AdamW": "decay_left_on",
    "Adamax": "adamax_outside",
    "Lamb": "trust_ratio",
    "Lion": "lion",
    "Nadam": "nadam_keras",
    "RMSprop": "rmsprop_09 + eps_inside_root",
    "SGD": "sgd",
}
# What acts on matrices only, or has no rule here, is at least not acquitted.
STRANGE = {
    "torch": ["Adafactor", "LBFGS", "Muon"],
    "optax": ["adafactor", "adan", "fromage", "lars", "novograd", "rprop", "sm3"],
    "keras": ["Ftrl", "ScheduleFreeAdamW"],
}


def bugs(report: Any) -> set[str]:
    """Those beside the convention that eps is in, where it cannot be set or is the paper's."""
    return {b for b in report.bugs if "eps_hat" not in b}


@pytest.mark.parametrize("name", TORCH)
def test_torch(name: str) -> None:
    torch = library("torch")
    assert bugs(diagnose(getattr(torch.optim, name))) == set(TORCH[name].split(" + "))


@pytest.mark.parametrize("name", OPTAX)
def test_optax(name: str) -> None:
    optax = library("optax")
    assert bugs(diagnose(of_optax(getattr(optax, name)))) == set(OPTAX[name].split(" + "))


@pytest.mark.parametrize("name", KERAS)
def test_keras(name: str) -> None:
    keras = library("keras")
    assert bugs(diagnose(getattr(keras.optimizers, name))) == set(KERAS[name].split(" + "))


@pytest.mark.parametrize(("where", "name"), [(w, n) for w, names in STRANGE.items() for n in names])
def test_a_stranger_is_not_acquitted(where: str, name: str) -> None:
    """Those that cannot be called as an Adam is are refused or told why."""
    module = library(where)
    home = {"torch": "optim", "keras": "optimizers"}.get(where)
    make = getattr(getattr(module, home) if home else module, name)
    adapter = {"torch": of_torch, "optax": of_optax, "keras": of_keras}[where]
    report = diagnose(adapter(make))
    assert not report.ok
    assert report.how_sure != "sure"


def test_torchs_variants_of_adam() -> None:
    torch = library("torch")
    for given, name in [
        ({"amsgrad": True}, "amsgrad_pytorch"),
        ({"maximize": True}, "ascends"),
        ({"weight_decay": 0.1}, "decay_l2"),
    ]:
        assert diagnose(of_torch(torch.optim.Adam, **given)).bugs == (name,)
    lazy = diagnose(of_torch(torch.optim.SparseAdam, sparse=True))
    assert lazy.bugs == ("zeros_skipped",)


# Reference, library's name for it, and what it is given.
FAMILY = {
    "torch": [
        ("AMSGrad", "Adam", {"amsgrad": True}),
        ("AdaGrad", "Adagrad", {}),
        ("AdaMax", "Adamax", {}),
        ("Adadelta", "Adadelta", {}),
        ("AdamW", "AdamW", {}),
        ("NAdam", "NAdam", {}),
        ("RAdam", "RAdam", {}),
        ("RMSprop", "RMSprop", {}),
        ("SGD", "SGD", {}),
    ],
    "optax": [
        ("AMSGrad", "amsgrad", {}),
        ("AdaGrad", "adagrad", {}),
        ("AdaMax", "adamax", {}),
        ("Adadelta", "adadelta", {}),
        ("AdamW", "adamw", {}),
        ("NAdam", "nadam", {}),
        ("RAdam", "radam", {}),
        ("RMSprop", "rmsprop", {}),
        ("SGD", "sgd", {}),
    ],
    "keras": [
        ("AMSGrad", "Adam", {"amsgrad": True}),
        ("AdaGrad", "Adagrad", {}),
        ("AdaMax", "Adamax", {}),
        ("Adadelta", "Adadelta", {}),
        ("AdamW", "AdamW", {}),
        ("NAdam", "Nadam", {}),
        ("RMSprop", "RMSprop", {}),
        ("SGD", "SGD", {}),
    ],
}


@pytest.mark.parametrize(
    ("where", "reference", "name", "given"),
    [(where, *row) for where, rows in FAMILY.items() for row in rows],
)
def test_each_of_the_family_is_right_as_what_it_is(
    where: str, reference: str, name: str, given: dict[str, Any]
) -> None:
    module = library(where)
    home = {"torch": "optim", "keras": "optimizers"}.get(where)
    make = getattr(getattr(module, home) if home else module, name)
    adapter = {"torch": of_torch, "optax": of_optax, "keras": of_keras}[where]
    report = diagnose(adapter(make, **given), reference=reference)
    assert report.ok, str(report)
    assert diagnose(adapter(make, **given), reference=reference, lr=0.003).ok or where != "torch"


# -- slips -----------------------------------------------------------------------------


def test_slips_with_libraries() -> None:
    torch = library("torch")
    made = torch.optim.Adam([torch.zeros(2)])
    with pytest.raises(TypeError, match=r"of_torch\(torch.optim.Adam\)"):
        of_torch(made)
    with pytest.raises(TypeError, match=r"of_torch\(torch.optim.Adam\)"):
        diagnose(made)
    with pytest.raises(TypeError, match="of_torch must make an optimizer with step, got ndarray"):
        diagnose(of_torch(lambda params, **h: np.zeros(2)))


def test_slips_with_optax() -> None:
    optax = library("optax")
    with pytest.raises(TypeError, match=r"takes the function that makes it, as of_optax"):
        of_optax(optax.adam(1e-3))


def test_kerass_weight_decay_by_position() -> None:
    keras = library("keras")

    def make(lr: float, betas: Any, eps: float) -> Any:
        return keras.optimizers.AdamW(lr, eps, *betas)

    with pytest.raises(TypeError, match="weight_decay is 1e-06, which is eps"):
        diagnose(of_keras(make))
