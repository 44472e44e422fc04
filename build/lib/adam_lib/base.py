"""What every in-place optimizer shares: parameters, slots, blocks, saved state.

An optimizer is a table of names and two small methods; see :class:`Optimizer`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import get_ident
from typing import Any, ClassVar, Self

import numpy as np
from numpy import add, divide, multiply, sqrt, subtract

from . import _checks as check
from ._checks import Array, LearningRate

Params = Array | Sequence[Array]

CACHE_SIZE = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")  # Linux: "1024K"


@cache
def cache_bytes() -> int:
    """The size of one core's level-2 cache, or 512 KiB where it is not told."""
    try:
        return int(CACHE_SIZE.read_text().strip().removesuffix("K")) * 1024
    except (OSError, ValueError):
        return 512 * 1024


def average(x: Array, beta: Array, rest: Array, y: Array, a: Array) -> None:
    """x = beta * x + rest * y, in place; ``a`` is scratch and may be ``y``."""
    multiply(y, rest, a)
    multiply(x, beta, x)
    add(x, a, x)


def descend(theta: Array, lr: Array, d: Array, r: Array, eps: Array, a: Array, b: Array) -> None:
    """theta = theta - lr * d / (sqrt(r) + eps), in place; scratch ``a`` may be d, ``b`` r."""
    multiply(d, lr, a)
    sqrt(r, b)
    add(b, eps, b)
    divide(a, b, a)
    subtract(theta, a, theta)


def owner(a: Array) -> Array:
    """The array that ``a`` is a view of, or ``a`` itself."""
    while isinstance(a.base, np.ndarray):
        a = a.base
    return a


class Slot:
    """A state array: read by its name as a copy in the form of ``params``, never assigned."""

    def __set_name__(self, cls: type, name: str) -> None:
        self.name = name

    def __get__(self, opt: Any, cls: type) -> Any:
        if opt is None:
            return self
        if self.name not in opt.slots:  # a relative has other slots
            raise AttributeError(f"{cls.__name__!r} object has no attribute {self.name!r}")
        k = opt.slots.index(self.name)
        return opt._formed([slots[k] for slots in opt._slots])

    def __set__(self, opt: Any, value: object) -> None:
        raise AttributeError(f"{self.name} is state and read-only; load_state_dict() changes it")


class Optimizer:
    r"""Base of the in-place optimizers.

    A subclass states the names of its state arrays (``slots``, and a
    :class:`Slot` for each) and of its hyperparameters (``hyper``, arguments of
    its constructor), how many scratch arrays it needs, and two methods:
    ``_numbers(t)``, what depends on the step alone, and ``_update(...)``, the
    operations of its pure rule in the rule's order, each written into existing
    memory. Equal operations in equal order give equal bits: the rule's.

    The numbers reach ``_update`` cast to the parameters' dtype, once a step, as
    0-d arrays: NumPy takes half as long for those as for a Python float, which
    it would cast in every operation, with the same result.

    The base class hands ``_update`` one block of elements at a time. A block
    is small enough for all its arrays to stay in cache between operations;
    the update is elementwise, so the cut changes no bit.

    Parameters
    ----------
    params : ndarray or list of ndarray
        The arrays to be updated in place: float16, float32 or float64,
        C-contiguous, writeable, sharing no memory. Any shapes. Subclasses of
        ndarray (memmap, matrix) are updated as the plain arrays they hold.
    **hyper
        The hyperparameters; every assignment to one is checked.

    Attributes
    ----------
    t : int
        Number of steps taken.
    """

    _flat: list[Array]
    _cells: dict[np.dtype[Any], Array]
    _parts: list[tuple[Array, list[Array], list[Array], list[Array]]]

    slots: tuple[str, ...] = ()
    hyper: ClassVar[tuple[str, ...]] = ()
    scratch: int = 0
    lr: LearningRate

    def __init__(self, params: Params, **hyper: Any) -> None:
        self._arrays = check.parameters(params)
        self._single = isinstance(params, np.ndarray)
        for name, value in hyper.items():
            setattr(self, name, value)
        self._params = params
        self.t = 0
        self._view()
        self._slots = [[np.zeros_like(p) for _ in self.slots] for p in self._flat]
        # A block's theta, g, slots and scratch fill the cache together.
        self._block_bytes = cache_bytes() // (2 + len(self.slots) + self.scratch)
        # One scratch for all arrays, seen in the dtype and block size of each.
        size = min(self._block_bytes, max(p.nbytes for p in self._flat))
        pool = [np.empty(-(-size // 8), "float64") for _ in range(self.scratch)]
        self._scratch = [[s.view(p.dtype)[: p.size] for s in pool] for p in self._flat]

    @property
    def params(self) -> Params:
        """The arrays that are updated, as given; not to be assigned."""
        return self._params

    # -- what a subclass provides ------------------------------------------

    def _numbers(self, t: int) -> tuple[float, ...]:
        """The numbers of step ``t``; raises before anything has changed."""
        raise NotImplementedError

    def _update(
        self, theta: Array, g: Array, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        """Update one block of ``theta`` and of its slots in place."""
        raise NotImplementedError

    # -- stepping ----------------------------------------------------------

    # NumPy may be told to raise where a number overflows: not in the middle of a step.
    @np.errstate(all="ignore")
    def step(self, grads: Params, *, check_finite: bool = False) -> None:
        """Take one step along ``grads``, changing the parameters in place.

        Parameters
        ----------
        grads : ndarray or list of ndarray
            Gradients at the parameters, in the same form, shapes and dtypes.
            They are not changed, and may share memory with the parameters.
        check_finite : bool
            Refuse NaN and infinite gradients (one more pass over them);
            by default they reach the parameters, as in the formula. NumPy's
            floating-point warnings and errors are off during a step.

        Raises
        ------
        TypeError, ValueError
            Before anything has been changed; also what a callable ``lr`` raises.
            An interrupt (KeyboardInterrupt) can leave a step half done.
        """
        found = check.gradients(grads, self._arrays, self._single)
        if check_finite:
            check.all_finite(found, self._single)
        t = self.t + 1
        self._cast(self._numbers(t))
        flat = [self._flat_gradient(g) for g in found]
        for g, (theta, slots, scratch, cast) in zip(flat, self._parts, strict=True):
            if theta.nbytes <= self._block_bytes:
                self._update(theta, g[:], slots, scratch, cast)
            else:
                self._update_in_blocks(theta, g, slots, scratch, cast)
        self.__dict__["t"] = t  # as self.t = t, without a look at the hyperparameters

    def _cast(self, numbers: tuple[float, ...]) -> None:
        """Write the step's numbers into ``_cells``, one array for each dtype."""
        if not self._parts:
            for p in self._flat:
                self._cells.setdefault(p.dtype, np.empty(len(numbers), p.dtype))
            cast = [[self._cells[p.dtype][i, ...] for i in range(len(numbers))] for p in self._flat]
            self._parts = list(zip(self._flat, self._slots, self._scratch, cast, strict=True))
        for cells in self._cells.values():
            cells[:] = numbers

    def _update_in_blocks(
        self, theta: Array, g: Any, slots: list[Array], scratch: list[Array], numbers: list[Array]
    ) -> None:
        block = self._block_bytes // theta.itemsize
        for start in range(0, theta.size, block):
            part = slice(start, start + block)
            x, s = theta[part], [slot[part] for slot in slots]
            self._update(x, g[part], s, [a[: x.size] for a in scratch], numbers)

    def _view(self) -> None:
        """Flat views of the parameters, who owns their memory, and no numbers yet."""
        self._cells, self._parts = {}, []
        # Views, since p is contiguous; plain ones, since subclasses have reshape of their own.
        self._flat = [np.asarray(p).reshape(-1) for p in self._arrays]
        owners = [owner(p) for p in self._arrays]
        # Memory from elsewhere (a file, another library) tells nothing of who shares it.
        self._owners = {id(o) for o in owners} if all(o.base is None for o in owners) else None

    def _flat_gradient(self, g: Array) -> Any:
        """``g`` as something to slice blocks from, apart from every parameter's memory.

        The gradient of |x|^2 / 2 is x itself, that of x * y is [y, x]: those
        must be read before the parameters change, so they are copied.
        """
        # Arrays that own their memory share none: no need to compare g with every parameter.
        o = g if g.base is None else owner(g)
        apart = self._owners is not None and o.base is None and id(o) not in self._owners
        if not apart and any(np.may_share_memory(g, p) for p in self._flat):
            return g.flatten()
        return g.reshape(-1) if g.flags.c_contiguous else g.flat

    def _lr(self, t: int) -> float:
        """The learning rate of step ``t``."""
        if callable(self.lr):
            return check.at_least_zero(f"lr({t})", self.lr(t))
        return self.lr

    # -- hyperparameters and state by name ---------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.hyper:
            value = check.HYPER[name](name, value)
            if name == "eps":
                for p in self._arrays:
                    check.eps_in(value, p.dtype)
        super().__setattr__(name, value)

    def _formed(self, flat: list[Array]) -> Any:
        """Copies of flat arrays, in the shapes and the form of ``params``."""
        out = [x.reshape(p.shape).copy() for x, p in zip(flat, self._arrays, strict=True)]
        return out[0] if self._single else out

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Copying and unpickling must not tear the flat views off their arrays."""
        self.__dict__.update(state)
        self._view()

    def __repr__(self) -> str:
        hyper = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.hyper)
        size = sum(p.size for p in self._arrays)
        return f"{type(self).__name__}({size} parameters, {hyper}, t={self.t})"

    # -- saving and resuming -----------------------------------------------

    def _state_arrays(self) -> dict[str, Array]:
        """Views of all slots, by the names they have in a saved state."""
        return {
            f"{name}.{i}": s.reshape(p.shape)
            for i, (p, slots) in enumerate(zip(self._arrays, self._slots, strict=True))
            for name, s in zip(self.slots, slots, strict=True)
        }

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's name, ``t``, hyperparameters and copies of all slots.

        The values suit ``np.savez(file, **state)``. A callable ``lr`` is
        stored as the word "callable"; the parameters are not part of the state.
        """
        state: dict[str, Any] = {"optimizer": type(self).__name__, "t": self.t}
        for name in self.hyper:
            value = getattr(self, name)
            state[name] = "callable" if callable(value) else value
        return state | {name: s.copy() for name, s in self._state_arrays().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state``: its ``t``, hyperparameters and slots.

        Raises
        ------
        TypeError, ValueError
            If the state is another optimizer's, does not fit the parameters,
            or holds a bad number; nothing has been changed then.
        """
        own, cls = self._state_arrays(), type(self).__name__
        name = str(state["optimizer"]) if "optimizer" in state else "no optimizer"
        if name != cls:
            raise ValueError(f"state must be of {cls}, got one of {name}")
        odd = sorted(set(state) ^ {"optimizer", "t", *self.hyper, *own})
        if odd:
            raise ValueError(f"state must have the keys of {cls}, got a mismatch: {odd}")
        hyper = {key: np.asarray(state[key]).tolist() for key in self.hyper}
        if hyper["lr"] == "callable":
            if not callable(self.lr):
                raise ValueError("state was saved with a callable lr, got a number as lr here")
            hyper["lr"] = self.lr
        arrays = {key: np.asarray(state[key]) for key in own}
        for key, x in arrays.items():
            if x.shape != own[key].shape or x.dtype != own[key].dtype:
                raise ValueError(
                    f"state[{key!r}] must have shape {own[key].shape} and dtype "
                    f"{own[key].dtype}, got {x.shape} and {x.dtype}"
                )
        t = check.whole("state['t']", np.asarray(state["t"]).tolist(), 0)
        # Raises on a bad hyperparameter; with parameters of no size, it takes no memory.
        trial = type(self)([p[:0] for p in self._flat], **hyper)
        for key in self.hyper:
            setattr(self, key, getattr(trial, key))
        for key, s in own.items():
            s[...] = arrays[key]
        self.t = t

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state to ``path`` (npz); a failed write leaves an old file whole."""
        target = Path(path)
        part = target.with_name(f"{target.name}.{os.getpid()}.{get_ident()}.part")
        try:
            with part.open("xb") as f:
                np.savez(f, **self.state_dict())
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Read a state that :meth:`save` wrote, without executing anything; return self."""
        with open(path, "rb") as file:
            try:
                with np.load(file, allow_pickle=False) as f:
                    state = {key: f[key] for key in f.files}
            except Exception as e:  # a damaged archive can fail in any of its layers
                raise ValueError(
                    f"{os.fspath(path)!r} must hold a saved optimizer, got: {e}"
                ) from e
        self.load_state_dict(state)
        return self
