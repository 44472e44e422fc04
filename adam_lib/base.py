"""What every in-place optimizer shares: parameters, slots, blocks, saved state.

An optimizer is a table of names and two small methods; see :class:`Optimizer`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy import add, divide, multiply, sqrt, subtract

from . import _checks as check
from . import _files as files
from ._checks import Array, LearningRate
from ._state import arrays_of, put_state, state_of

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


def quotient(lr: Array, d: Array, r: Array, eps: Array, a: Array, b: Array) -> Array:
    """lr * d / (sqrt(r) + eps) in ``a``; ``b`` is scratch too; a may be d, and b may be r."""
    multiply(d, lr, a)
    sqrt(r, b)
    add(b, eps, b)
    return divide(a, b, a)


def descend(theta: Array, lr: Array, d: Array, r: Array, eps: Array, a: Array, b: Array) -> None:
    """theta = theta - lr * d / (sqrt(r) + eps), in place; a and b as in :func:`quotient`."""
    subtract(theta, quotient(lr, d, r, eps, a, b), theta)


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

    _dtypes: Collection[np.dtype[Any]] = ()
    _flat: list[Array]
    _cells: dict[np.dtype[Any], Array]
    _parts: list[tuple[Array, list[Array], list[Array], list[Array]]]

    slots: tuple[str, ...] = ()
    hyper: ClassVar[tuple[str, ...]] = ()
    scratch: int = 0
    lr: LearningRate

    def __init__(self, params: Params, **hyper: Any) -> None:
        self._arrays = check.parameters(params)
        self._dtypes = {p.dtype for p in self._arrays}
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
            They are not changed, and may share memory with the parameters. In a
            list, None stands for the gradient of an array that was not used: it
            and its state stay as they are. ``t`` counts the steps of all arrays;
            PyTorch, which counts for each, corrects such an array's bias later.
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
        check.unchanged(self._params, self._arrays, self._flat)
        found = check.gradients(grads, self._arrays, self._single)
        if check_finite:
            check.all_finite(found, self._single)
        t = self.t + 1
        self._cast(self._numbers(t))
        flat = [None if g is None else self._flat_gradient(g) for g in found]
        for g, (theta, slots, scratch, cast) in zip(flat, self._parts, strict=True):
            if g is None:
                continue
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
        if not callable(self.lr):
            return self.lr
        lr = check.at_least_zero(f"lr({t})", self.lr(t))
        for dtype in self._dtypes:  # where a schedule ends it may round to 0: so 1 is the least
            check.not_lost(f"lr({t})", max(lr, 1.0), dtype)
        return lr

    # -- hyperparameters and state by name ---------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.hyper:
            value = check.hyperparameter(name, value, self._dtypes)
        elif name == "t":
            value = check.whole("t", value, 0)
        elif not name.startswith("_") and not hasattr(type(self), name):
            raise AttributeError(check.no_attribute(type(self).__name__, name, self.hyper))
        super().__setattr__(name, value)

    def _with(self, hyper: Mapping[str, Any]) -> Self:
        """A stand-in for this optimizer that has other hyperparameters, to ask for its numbers."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        for name, value in hyper.items():
            setattr(twin, name, value)
        return twin

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

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's name, ``t``, hyperparameters and copies of all slots.

        The values suit ``np.savez(file, **state)``. A callable ``lr`` is
        stored as the word "callable"; the parameters are not part of the state.
        """
        return state_of(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state``: its ``t``, hyperparameters and slots.

        Raises
        ------
        TypeError, ValueError
            If the state is another optimizer's, does not fit the parameters,
            or holds a bad number; nothing has been changed then.
        """
        put_state(self, state)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state to ``path`` (npz); a failed write leaves an old file whole.

        A link is followed, and a file that was there keeps its permissions.
        """
        files.write(path, self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Read a state that :meth:`save` wrote, without executing anything; return self.

        Nothing that is much larger than the state should be is read.
        """
        room = {key: x.nbytes for key, x in arrays_of(self).items()}
        with files.Archive(path, room) as state:
            self.load_state_dict(state)
        return self
