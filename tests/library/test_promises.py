"""What the class holds, whatever its caller does to the arrays, the attributes or the class."""

from __future__ import annotations

import pickle
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adam_lib as al
from tests.library.table import HYPER, same_bits, slots, snapshot

NAMES = pytest.mark.parametrize("name", HYPER)


def started(name: str, params: Any = None) -> Any:
    """After two steps, with something in every slot."""
    params = [np.array([1.0, -2.0]), np.array([[3.0, 4.0, 5.0]])] if params is None else params
    opt = al.OPTIMIZERS[name](params, **HYPER[name][-1])
    for scale in (0.5, -0.25):
        opt.step([p * scale for p in params])
    return opt


def unseen(opt: Any) -> Any:
    """All that a refused step must leave, read from the arrays that are updated."""
    return opt.t, [p.tobytes() for p in opt._flat], [s.tobytes() for x in opt._slots for s in x]


# -- parameters that are changed behind the optimizer's back -----------------------------


def replaced(ps: list[np.ndarray]) -> None:
    ps[0] = ps[0] * np.array([1.0, 0.0])


def replaced_by_its_equal(ps: list[np.ndarray]) -> None:
    ps[1] = ps[1].copy()


def replaced_by_a_view(ps: list[np.ndarray]) -> None:
    ps[1] = ps[1][:]


def swapped(ps: list[np.ndarray]) -> None:
    ps.reverse()


def appended(ps: list[np.ndarray]) -> None:
    ps.append(np.ones(2))


def removed(ps: list[np.ndarray]) -> None:
    del ps[1]


def frozen(ps: list[np.ndarray]) -> None:
    ps[1].flags.writeable = False


def relabelled(ps: list[np.ndarray]) -> None:
    ps[1].dtype = np.dtype("float32")  # type: ignore[misc]


BEHIND = {
    replaced: "params[0] must stay the array that it was, got another one in its place",
    replaced_by_its_equal: "params[1] must stay the array that it was",
    replaced_by_a_view: "params[1] must stay the array that it was",
    swapped: "params[0] must stay the array that it was",
    appended: "params must stay 2 arrays, got 3",
    removed: "params must stay 2 arrays, got 1",
    frozen: "params[1] must be writeable, got a read-only array",
    relabelled: "params[1] must stay float64, got float32",
}


@NAMES
@pytest.mark.parametrize("change", BEHIND, ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore:Setting the dtype:DeprecationWarning")
def test_parameters_changed_behind_its_back(name: str, change: Any) -> None:
    """The step would go elsewhere, or where it must not: it is refused, and changes nothing."""
    params = [np.array([1.0, -2.0]), np.array([[3.0, 4.0, 5.0]])]
    opt = started(name, params)
    before = unseen(opt)
    change(params)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the message is compared below)
        opt.step([np.ones(p.shape, p.dtype) for p in params])
    assert str(caught.value).startswith(BEHIND[change])
    assert unseen(opt) == before


@NAMES
def test_a_single_array_made_read_only(name: str) -> None:
    x = np.array([1.0, -2.0])
    opt = al.OPTIMIZERS[name](x, **HYPER[name][0])
    x.flags.writeable = False
    with pytest.raises(ValueError, match=r"^params must be writeable, got a read-only array$"):
        opt.step(np.ones(2))
    assert x.tolist() == [1.0, -2.0]
    assert opt.t == 0
    x.flags.writeable = True
    opt.step(np.ones(2))
    assert opt.t == 1


@NAMES
def test_what_may_be_done_to_parameters(name: str) -> None:
    """Written into, reshaped in place, given as a tuple, copied or pickled with their list."""
    params = [np.array([1.0, -2.0]), np.array([[3.0, 4.0, 5.0]])]
    opt = started(name, params)
    params[0][...] *= np.array([1.0, 0.0])
    opt.step([np.ones(2), np.ones((1, 3))])
    for twin in (deepcopy(opt), pickle.loads(pickle.dumps(opt))):
        twin.step([np.ones(2), np.ones((1, 3))])
        assert twin.params[0] is not params[0]
        twin.params[0] = np.ones(2)
        with pytest.raises(ValueError, match=r"params\[0\] must stay"):
            twin.step([np.ones(2), np.ones((1, 3))])
    tuple_ = started(name, tuple(p.copy() for p in params))
    tuple_.step([np.ones(2), np.ones((1, 3))])


# -- attributes ------------------------------------------------------------------------


@NAMES
@pytest.mark.parametrize("t", [-1, 2.5, True, None, "3", np.nan, np.array(-1), 1j], ids=repr)
def test_a_step_count_that_is_none(name: str, t: Any) -> None:
    opt = started(name)
    before = snapshot(opt)
    with pytest.raises(ValueError, match=r"^t must be a whole number >= 0, got "):
        opt.t = t
    assert snapshot(opt) == before


@NAMES
def test_the_step_count_can_be_set(name: str) -> None:
    """To what the rule would be given; a NumPy integer becomes Python's."""
    opt = started(name)
    for t in (7, np.int8(127), np.array(7)):
        opt.t = t
        assert opt.t == int(t)
        assert type(opt.t) is int
    init, step = al.RULES[name]
    x = np.array([1.0, -2.0])
    theta, _ = step(x, np.ones(2), init(x)._replace(t=7), **HYPER[name][0])
    opt = al.OPTIMIZERS[name](x, **HYPER[name][0])
    opt.t = 7
    opt.step(np.ones(2))
    assert same_bits(theta, x)


ELSEWHERE = {
    "learning_rate": "did you mean 'lr'?",
    "alpha": "did you mean 'lr'?",
    "step_size": "did you mean 'lr'?",
    "LR": "it has ",
    "beta": "did you mean 'betas'?",
    "beta1": "did you mean 'betas'?",
    "epsilon": "did you mean 'eps'?",
    "weight_dcay": "did you mean 'weight_decay'?",
    "zzz": "it has lr, betas, eps, weight_decay",
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_an_attribute_that_would_do_nothing(name: str) -> None:
    opt = started("AdamW")
    before = snapshot(opt)
    with pytest.raises(AttributeError) as caught:
        setattr(opt, name, 0.5)
    assert str(caught.value).startswith(f"AdamW has no attribute {name!r} to assign; ")
    assert ELSEWHERE[name] in str(caught.value)
    assert not hasattr(opt, name)
    assert snapshot(opt) == before


@NAMES
def test_no_optimizer_takes_another_ones_hyperparameter(name: str) -> None:
    opt = started(name)
    others = {key for rows in HYPER.values() for row in rows for key in row} - set(opt.hyper)
    assert others
    for key in others:
        with pytest.raises(AttributeError, match=f"{name} has no attribute {key!r}"):
            setattr(opt, key, 0.5)


# -- subclasses ------------------------------------------------------------------------


class Damped(al.Adam):
    """A hyperparameter of its own, which Adam's checks do not know, and a required argument."""

    hyper = (*al.Adam.hyper, "damping")
    damping: float
    history: Any = None  # declared: so it can be assigned

    def __init__(self, params: Any, damping: float, label: str, **hyper: Any) -> None:
        self.damping = damping  # before the arrays are known
        super().__init__(params, **hyper)
        self.history = [label]
        self._label = label

    def _numbers(self, t: int) -> tuple[float, ...]:
        lr, *rest = super()._numbers(t)
        return lr * (1 - self.damping), *rest


class Signs(al.Optimizer):
    """As the base class documents it: names, numbers, and the operations."""

    slots = ("n",)
    hyper = ("lr", "sharpness")
    scratch = 1
    n = al.base.Slot()
    sharpness: int

    def __init__(self, params: Any, *, lr: float, sharpness: int = 1) -> None:
        super().__init__(params, lr=lr, sharpness=sharpness)

    def _numbers(self, t: int) -> tuple[float, ...]:
        return (self._lr(t),)

    def _update(self, theta: Any, g: Any, slots: Any, scratch: Any, numbers: Any) -> None:
        (lr,), (n,), (a,) = numbers, slots, scratch
        np.add(n, np.abs(g, a), n)
        np.subtract(theta, np.multiply(np.sign(g, a), lr, a), theta)


def test_a_subclass_with_a_hyperparameter_of_its_own(tmp_path: Path) -> None:
    """It steps, shows, saves, resumes and copies as the others do."""
    x, y = np.array([1.0, -2.0]), np.array([1.0, -2.0])
    opt, plain = Damped(x, 0.5, "a", lr=0.5), al.Adam(y, lr=0.25)
    for _ in range(3):
        opt.step(x.copy())
        plain.step(y.copy())
    assert same_bits(x, y)
    assert "damping=0.5" in repr(opt)
    opt.save(tmp_path / "state.npz")
    other = Damped(x.copy(), 0.25, "b", lr=0.125).load(tmp_path / "state.npz")
    assert (other.damping, other.lr, other.t) == (0.5, 0.5, 3)
    assert (other._label, other.history) == ("b", ["b"])  # the label is no part of the state
    twin = deepcopy(opt)
    for o in (opt, other, twin):
        o.step(np.ones(2))
    assert same_bits(other.params, x)
    assert same_bits(twin.params, x)
    opt.damping = 0.75
    assert opt.damping == 0.75
    with pytest.raises(ValueError, match="lr must be >= 0"):
        opt.lr = -1.0
    with pytest.raises(AttributeError, match="Damped has no attribute 'dampin' to assign; did you"):
        opt.dampin = 0.5  # type: ignore[attr-defined]


def test_a_subclass_of_the_base(tmp_path: Path) -> None:
    x = [np.array([1.0, -2.0]), np.array(3.0, "float32")]
    opt = Signs(x, lr=0.5, sharpness=3)
    opt.step([np.array([2.0, -1.0]), np.array(4.0, "float32")])
    assert x[0].tolist() == [0.5, -1.5]
    assert [n.tolist() for n in opt.n] == [[2.0, 1.0], 4.0]
    opt.save(tmp_path / "state.npz")
    other = Signs([p.copy() for p in x], lr=1.0).load(tmp_path / "state.npz")
    assert (other.sharpness, type(other.sharpness), other.lr) == (3, int, 0.5)
    assert other.t == 1
    with pytest.raises(ValueError, match="state must be of Adam, got one of Signs"):
        al.Adam([np.ones(2), np.ones((), "float32")]).load(tmp_path / "state.npz")


@NAMES
def test_a_subclass_that_adds_nothing(name: str, tmp_path: Path) -> None:
    """Under its own name, with all that its parent has."""
    own: Any = type("Own", (al.OPTIMIZERS[name],), {})
    x, y = np.array([1.0, -2.0]), np.array([1.0, -2.0])
    opt, parent = own(x, **HYPER[name][-1]), al.OPTIMIZERS[name](y, **HYPER[name][-1])
    for o in (opt, parent):
        o.step(np.ones(2))
    assert same_bits(x, y)
    opt.save(tmp_path / "state.npz")
    again = own(x.copy(), **HYPER[name][-1]).load(tmp_path / "state.npz")
    for slot in slots(name):
        assert same_bits(getattr(again, slot), getattr(parent, slot))


@NAMES
def test_loading_calls_no_constructor(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it would ask for: a state is checked without another optimizer."""
    opt, other = started(name), started(name)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("constructed")

    monkeypatch.setattr(al.OPTIMIZERS[name], "__init__", refuse)
    other.load_state_dict(opt.state_dict())
    assert other.t == 2


def test_hyperparameters_of_a_state_are_checked_together() -> None:
    """Each may be good and the pair bad."""
    opt = al.SGD(np.ones(2), lr=0.5, momentum=0.9, nesterov=True)
    before = snapshot(opt)
    with pytest.raises(ValueError, match=r"momentum must be > 0 with nesterov=True, got 0\.0"):
        opt.load_state_dict({**opt.state_dict(), "momentum": 0.0, "lr": 0.25})
    assert snapshot(opt) == before
    plain = al.SGD(np.ones(2), lr=0.5)
    before = snapshot(plain)
    with pytest.raises(ValueError, match="momentum must stay 0 where it was 0"):
        plain.load_state_dict({**plain.state_dict(), "momentum": 0.5, "t": 4})
    assert snapshot(plain) == before


def test_checking_a_state_asks_no_schedule() -> None:
    """A callable lr is called once a step, for that step."""
    asked = []
    opt = al.Adam(np.ones(2), lr=lambda t: asked.append(t) or 0.5)
    opt.step(np.ones(2))
    opt.load_state_dict(opt.state_dict())
    opt.step(np.ones(2))
    assert asked == [1, 2]
