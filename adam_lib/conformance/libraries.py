"""Optimizers of PyTorch, optax, Keras 3, MLX and JAX as :func:`.diagnose.diagnose` takes them.

Each library is imported only when its adapter is used.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._checks import Array
from .adapters import Adapted, of_class
from .subject import Refused, Step

JAX_NAMES = {"lr": "learning_rate", "betas": "b1 b2"}
KERAS_NAMES = {"lr": "learning_rate", "betas": "beta_1 beta_2", "eps": "epsilon"}


def of_torch(make: Callable[..., Any], *, sparse: bool = False, **given: Any) -> Adapted:
    """Adapt a class of ``torch.optim``, or a function ``make(params, lr=, ...)`` of tensors.

    ``of_torch(torch.optim.Adam, foreach=True)``. The tensors are in NumPy's memory;
    ``sparse`` leaves out what is zero in a gradient, as for ``SparseAdam``.
    """
    _no_instance(make, "of_torch")

    def begin(make: Any, params: list[Array], hyper: Mapping[str, Any]) -> Step:
        torch = importlib.import_module("torch")
        tensors = [torch.from_numpy(p) for p in params]
        opt = make(tensors, **hyper)
        _must_have(opt, "step", "of_torch")

        def step(grads: list[Array]) -> None:
            for x, g in zip(tensors, grads, strict=True):
                x.grad = torch.from_numpy(g).to_sparse() if sparse else torch.from_numpy(g)
            opt.step()

        return step

    return Adapted(make, begin, given)


def of_optax(make: Callable[..., Any], **given: Any) -> Adapted:
    """Adapt a function of optax, or any that returns a gradient transformation.

    ``of_optax(optax.adam)``. Its updates are compiled, and computed in float64 where
    the parameters are.
    """
    if hasattr(make, "init") and hasattr(make, "update"):
        raise Refused("of_optax takes the function that makes it, as of_optax(optax.adam)")
    compiled: dict[Any, Any] = {}

    def begin(make: Any, params: list[Array], hyper: Mapping[str, Any]) -> Step:
        jax, optax = importlib.import_module("jax"), importlib.import_module("optax")
        key = repr(sorted(hyper.items())), params[0].dtype
        with _wide(params):
            if key not in compiled:
                opt = make(**hyper)
                _must_have(opt, "update", "of_optax")

                def update(grads: Any, state: Any, now: Any) -> Any:
                    change, state = opt.update(grads, state, now)
                    return optax.apply_updates(now, change), state

                compiled[key] = opt, jax.jit(update)
            opt, jitted = compiled[key]
            now = [jax.numpy.array(p) for p in params]
            state = opt.init(now)

        def step(grads: list[Array]) -> list[Array]:
            nonlocal now, state
            with _wide(params):
                now, state = jitted(grads, state, now)
                return [np.asarray(x) for x in now]

        return step

    return Adapted(make, begin, given, JAX_NAMES)


def of_jax(make: Callable[..., Any], **given: Any) -> Adapted:
    """Adapt an optimizer of ``jax.example_libraries.optimizers``: a triple, counting from 0."""

    def begin(make: Any, params: list[Array], hyper: Mapping[str, Any]) -> Step:
        with _wide(params):
            triple = make(**hyper)
            if not isinstance(triple, tuple) or len(triple) != 3:
                raise Refused(f"of_jax must make (init, update, get), got {type(triple).__name__}")
            init, update, get = triple
            state = init([importlib.import_module("jax").numpy.array(p) for p in params])
        i = -1

        def step(grads: list[Array]) -> list[Array]:
            nonlocal state, i
            i += 1
            with _wide(params):
                state = update(i, grads, state)
                return [np.asarray(x) for x in get(state)]

        return step

    return Adapted(make, begin, given, {**JAX_NAMES, "lr": "step_size"})


def of_keras(make: Callable[..., Any], **given: Any) -> Adapted:
    """Adapt a class of ``keras.optimizers`` (Keras 3, any backend).

    ``of_keras(keras.optimizers.Adam, amsgrad=True)``.
    """
    _no_instance(make, "of_keras")

    def begin(make: Any, params: list[Array], hyper: Mapping[str, Any]) -> Step:
        keras = importlib.import_module("keras")
        dtype = str(params[0].dtype)

        @contextlib.contextmanager
        def precise() -> Any:
            before = keras.backend.floatx()
            keras.backend.set_floatx(dtype)
            try:
                with (
                    _wide(params) if keras.backend.backend() == "jax" else contextlib.nullcontext()
                ):
                    yield
            finally:
                keras.backend.set_floatx(before)

        with precise():
            variables = [keras.Variable(p, dtype=dtype) for p in params]
            opt = make(**hyper)
            _must_have(opt, "apply", "of_keras")
            _third_positional(opt, hyper)
            opt.build(variables)

        def step(grads: list[Array]) -> list[Array]:
            with precise():
                opt.apply([keras.ops.convert_to_tensor(g, dtype=dtype) for g in grads])
                return [np.array(keras.ops.convert_to_numpy(v)) for v in variables]

        return step

    # Its classes take any keyword and refuse those that they do not know.
    return Adapted(make, begin, given, None if isinstance(make, type) else KERAS_NAMES)


def _third_positional(opt: Any, hyper: Mapping[str, Any]) -> None:
    """eps passed by position where Keras has weight_decay."""
    decay, eps = getattr(opt, "weight_decay", None), hyper.get("eps", hyper.get("epsilon"))
    if decay is not None and eps is not None and "weight_decay" not in hyper and decay == eps:
        raise Refused(
            f"weight_decay is {decay:g}, which is eps: in Keras the argument after the rates is "
            "not always epsilon; name it, epsilon=eps, or pass the class: of_keras("
            f"keras.optimizers.{type(opt).__name__})"
        )


def of_mlx(make: Callable[..., Any], **given: Any) -> Adapted:
    """Adapt a class of ``mlx.optimizers``, on the CPU.

    Its Adam corrects only if told to: ``of_mlx(mlx.optimizers.Adam, bias_correction=True)``.
    """
    _no_instance(make, "of_mlx")

    def begin(make: Any, params: list[Array], hyper: Mapping[str, Any]) -> Step:
        mx = importlib.import_module("mlx.core")
        dtype = getattr(mx, str(params[0].dtype))
        with mx.stream(mx.cpu):
            now = {str(i): mx.array(p, dtype=dtype) for i, p in enumerate(params)}
            opt = make(**hyper)
            _must_have(opt, "apply_gradients", "of_mlx")

        def step(grads: list[Array]) -> list[Array]:
            nonlocal now
            with mx.stream(mx.cpu):
                fed = {str(i): mx.array(g, dtype=dtype) for i, g in enumerate(grads)}
                now = opt.apply_gradients(fed, now)
                mx.eval(now)
                return [np.array(now[str(i)]) for i in range(len(grads))]

        return step

    hint = "MLX corrects only with of_mlx(..., bias_correction=True)"
    return Adapted(make, begin, given, JAX_NAMES | {"betas": "betas"}, {"no_correction": hint})


@contextlib.contextmanager
def _wide(params: list[Array]) -> Any:
    """JAX in float64 if the parameters are, and in float32 if they are not."""
    jax = importlib.import_module("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", params[0].dtype == np.float64)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def _must_have(made: Any, method: str, call: str) -> None:
    if not hasattr(made, method):
        raise Refused(f"{call} must make an optimizer with {method}, got {type(made).__name__}")


def _no_instance(make: Any, call: str) -> None:
    if not isinstance(make, type) and library(make):
        name = f"{library(make)}.{type(make).__name__}"
        raise Refused(f"{call} takes the class, not an instance of it: {call}({name})")


# By the module that a class, or one that it comes from, is defined in.
LIBRARIES: dict[str, tuple[str, Callable[..., Adapted]]] = {
    "torch.optim": ("of_torch", of_torch),
    "optax": ("of_optax", of_optax),
    "keras.src.optimizers": ("of_keras", of_keras),
    "mlx.optimizers": ("of_mlx", of_mlx),
    "jax.example_libraries": ("of_jax", of_jax),
    "adam_lib": ("of_class", of_class),
}


def library(x: Any) -> str:
    """Which of :data:`LIBRARIES` it is from, or an empty string."""
    x = getattr(x, "func", x)  # of a functools.partial
    kinds = x.__mro__ if isinstance(x, type) else (x, *type(x).__mro__)
    for kind in kinds:
        module = str(getattr(kind, "__module__", ""))
        for known in LIBRARIES:
            here = module == known or module.startswith(known + ".")
            if here and (known != "adam_lib" or _ours(kind)):
                return known
    return ""


def _ours(kind: Any) -> bool:
    """An optimizer of adam_lib, and none of what this package makes of others'."""
    return isinstance(kind, type) and hasattr(kind, "state_dict")


def adapt(x: Any, **given: Any) -> Any:
    """With the library's own adapter where it is one's, and otherwise as it is.

    Examples
    --------
    >>> from adam_lib import Adam
    >>> from adam_lib.conformance.diagnose import diagnose
    >>> diagnose(adapt(Adam)).ok
    True
    """
    if isinstance(x, Adapted) or hasattr(x, "loop"):
        return x
    name = library(x)
    if name:
        return LIBRARIES[name][1](x, **given)
    if (
        isinstance(x, type)
        and hasattr(x, "step")
        and not any("__call__" in vars(k) for k in x.__mro__)
    ):
        return of_class(x, **given)
    return x
