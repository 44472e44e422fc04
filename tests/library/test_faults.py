"""What can go wrong from outside: hostile numbers, full disks, damaged and foreign files.

Each test compares all of the state before and after: a step, a save or a load
happens as a whole or not at all.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import adam_lib as al
from tests.library.table import (
    CASES,
    DTYPES,
    Case,
    run_in_place,
    run_rule,
    same_bits,
    snapshot,
)

EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=str)
ADAM = Case("Adam", {"lr": 0.1, "eps": 1e-3})


def started(case: Case, dtype: str = "float64", shape: tuple[int, ...] = (3,)) -> Any:
    """After two steps, with something in every slot."""
    x = np.linspace(-1, 2, int(np.prod(shape))).reshape(shape).astype(dtype)
    opt = al.OPTIMIZERS[case.name](x, **case.hyper)
    for scale in (0.5, -0.25):
        opt.step(np.asarray(x * scale, dtype))
    return opt


# -- gradients -------------------------------------------------------------------------


def hostile(dtype: str) -> st.SearchStrategy[float]:
    """NaN, infinities, zeros of both signs, subnormals, the largest, whose squares overflow."""
    f = np.finfo(dtype)
    ends = [f.max, f.tiny, f.smallest_subnormal, f.eps, np.sqrt(f.max), np.sqrt(f.tiny), 0, np.inf]
    signed = [float(sign * x) for x in ends for sign in (1, -1)]
    width = int(f.bits)
    return st.sampled_from([*signed, float("nan")]) | st.floats(width=width)  # type: ignore[arg-type]


@st.composite
def hostile_runs(draw: Any) -> Any:
    """A case, start values, and some gradients for them; arrays of no size among them."""
    case, dtype = draw(st.sampled_from(CASES)), draw(st.sampled_from(DTYPES))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4))
    arrays = hnp.arrays(dtype, shape, elements=hostile(dtype))
    start = draw(hnp.arrays(dtype, shape, elements=st.floats(-8, 8, width=16)))
    return case, start, draw(st.lists(arrays, min_size=1, max_size=4))


@given(hostile_runs())
@settings(max_examples=300)
def test_hostile_gradients_go_where_the_rule_takes_them(run: Any) -> None:
    """Bit for bit, and a gradient is only read."""
    case, start, grads = run
    before = [g.tobytes() for g in grads]
    with np.errstate(all="ignore"):
        (theta,), (state,) = run_rule(case, [start], lambda t, _: [grads[t - 1]], len(grads))
        (x,), opt = run_in_place(case, [start], lambda t, _: [grads[t - 1]], len(grads))
    assert same_bits(theta, x)
    assert all(same_bits(getattr(state, name), getattr(opt, name)[0]) for name in opt.slots)
    assert opt.t == state.t == len(grads)
    assert [g.tobytes() for g in grads] == before


@given(hostile_runs(), st.data())
@settings(max_examples=200)
def test_a_hostile_coordinate_does_not_reach_its_neighbours(run: Any, data: Any) -> None:
    """The rules are elementwise: what stands elsewhere in the array changes no bit here."""
    case, start, grads = run
    here = data.draw(hnp.arrays(bool, start.shape))
    with np.errstate(all="ignore"):
        (whole,), opt = run_in_place(case, [start], lambda t, _: [grads[t - 1]], len(grads))
        (part,), alone = run_in_place(
            case, [start[here]], lambda t, _: [grads[t - 1][here]], len(grads)
        )
    assert same_bits(whole[here], part)
    for name in opt.slots:
        assert same_bits(getattr(opt, name)[0][here], getattr(alone, name)[0])


@given(hostile_runs())
def test_check_finite_takes_a_gradient_as_a_whole_or_not_at_all(run: Any) -> None:
    case, start, (g, *_) = run
    opt, free = (al.OPTIMIZERS[case.name](start.copy(), **case.hyper) for _ in range(2))
    before = snapshot(opt)
    with np.errstate(all="ignore"):
        free.step(g)
        if np.isfinite(g).all():
            opt.step(g, check_finite=True)
            assert snapshot(opt) == snapshot(free)
        else:
            bad = int(np.sum(~np.isfinite(g)))
            with pytest.raises(ValueError, match=f"must be finite, got {bad} of {g.size}"):
                opt.step(g, check_finite=True)
            assert snapshot(opt) == before


@EVERY_CASE
@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0, 4)])
def test_parameters_of_no_size(case: Case, shape: tuple[int, ...], tmp_path: Path) -> None:
    """Nothing to update, and no reason to stop: steps count, states are saved and read."""
    x = np.empty(shape, "float32")
    opt, other = (al.OPTIMIZERS[case.name](x.copy(), **case.hyper) for _ in range(2))
    for _ in range(3):
        opt.step(x, check_finite=True)
    opt.save(tmp_path / "state.npz")
    other.load(tmp_path / "state.npz")
    assert opt.t == other.t == 3
    for name in opt.slots:
        assert getattr(other, name).shape == shape
        assert getattr(other, name).dtype == "float32"


class Unreadable:
    """A gradient that fails while it is read."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("lost the connection")


@EVERY_CASE
def test_a_gradient_that_cannot_be_read(case: Case) -> None:
    """The first array is not updated for the second to fail."""
    params = [np.ones(2), np.ones(3)]
    opt = al.OPTIMIZERS[case.name](params, **case.hyper)
    opt.step([np.full(2, 0.5), np.full(3, 0.5)])
    before = snapshot(opt)
    with pytest.raises(RuntimeError, match="lost the connection"):
        opt.step([np.ones(2), Unreadable()])  # type: ignore[list-item]
    assert snapshot(opt) == before


# -- saving ----------------------------------------------------------------------------


class Failing:
    """A file whose write number ``left`` stops half way."""

    def __init__(self, file: Any, left: int, stop: Callable[[], None]) -> None:
        self.file, self.left, self.stop = file, left, stop

    def write(self, data: Any) -> int:
        self.left -= 1
        if self.left < 0:
            self.file.write(bytes(data)[: len(data) // 2])
            self.file.flush()
            self.stop()
        return int(self.file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


def stop_at(write: int, stop: Callable[[], None], patch: pytest.MonkeyPatch) -> None:
    """In every file opened for writing, call ``stop`` half way in write number ``write``."""
    real = io.open

    def opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        f = real(file, mode, *args, **kwargs)
        return Failing(f, write, stop) if set(mode) & set("wxa+") else f

    patch.setattr(io, "open", opened)
    patch.setattr("builtins.open", opened)


@pytest.mark.parametrize(
    "fault",
    [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError(), SystemExit(1)],
    ids=lambda fault: type(fault).__name__,
)
def test_a_save_interrupted_at_any_write(fault: BaseException, tmp_path: Path) -> None:
    """Whichever write fails, the old file, the optimizer and the folder are as they were."""
    opt = started(ADAM)
    opt.save(tmp_path / "state.npz")
    old = (tmp_path / "state.npz").read_bytes()
    opt.step(np.ones(3))
    before = snapshot(opt)

    def stop() -> None:
        raise fault

    for write in range(1000):
        with pytest.MonkeyPatch.context() as patch:
            stop_at(write, stop, patch)
            try:
                opt.save(tmp_path / "state.npz")
                break  # there were no more writes
            except type(fault):
                pass
        assert (tmp_path / "state.npz").read_bytes() == old
        assert [p.name for p in tmp_path.iterdir()] == ["state.npz"]
        assert snapshot(opt) == before
    assert write > 10
    assert snapshot(started(ADAM).load(tmp_path / "state.npz"))["t"] == 3


DIES = """
import os, sys
import numpy as np
import pytest
from tests.library.test_faults import ADAM, started, stop_at

opt = started(ADAM)
opt.step(np.ones(3))
stop_at(int(sys.argv[2]), lambda: os._exit(9), pytest.MonkeyPatch())
opt.save(sys.argv[1])
"""


@pytest.mark.parametrize("write", [0, 1, 12])
def test_a_process_that_dies_while_saving(write: int, tmp_path: Path) -> None:
    """Killed, it cannot clean up; the old file is whole all the same, and can be replaced."""
    opt = started(ADAM)
    path = tmp_path / "state.npz"
    opt.save(path)
    old = path.read_bytes()
    here = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), *filter(None, sys.path)])}
    command = [sys.executable, "-c", DIES, str(path), str(write)]
    died = subprocess.run(command, env=env, cwd=here, capture_output=True, text=True, check=False)
    assert died.returncode == 9, died.stderr
    assert path.read_bytes() == old
    assert snapshot(started(ADAM).load(path)) == snapshot(opt)
    opt.step(np.ones(3))
    opt.save(path)
    assert started(ADAM).load(path).t == 3


# -- loading ---------------------------------------------------------------------------


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_cut_at_any_byte(compressed: bool, tmp_path: Path) -> None:
    """Of no length is a part of an archive a smaller archive."""
    opt = started(Case("SGD", {"lr": 0.1, "momentum": 0.9}))
    whole = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(whole, **opt.state_dict())
    data, path = whole.getvalue(), tmp_path / "cut.npz"
    opt.step(np.ones(3))
    before = snapshot(opt)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match="must hold a saved optimizer"):
            opt.load(path)
    assert snapshot(opt) == before
    path.write_bytes(data)
    assert opt.load(path).t == 2


def header(text: bytes) -> bytes:
    """An npy file of that header, and of eight bytes."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"\0" * 8


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as f:
        for name, data in members.items():
            f.writestr(name + ".npy", data)
    return buffer.getvalue()


def savez(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def foreign() -> dict[str, bytes]:
    """Files that people have under such names."""
    state = started(ADAM).state_dict()
    plain = {k: v for k, v in state.items() if np.asarray(v).dtype.kind != "U"}
    return {
        "a pickled state": pickle.dumps(state),
        "a JSON state": json.dumps({"optimizer": "Adam", "t": 2}).encode(),
        "a zip without arrays": archive(),
        "a zip of something else": archive(optimizer=b"Adam", t=b"2"),
        "a state without names": savez(**plain),
        "a state of torch": savez(step=2.0, exp_avg=np.ones(3), exp_avg_sq=np.ones(3)),
        "a newer state": savez(**state, version=2),
        "two optimizers": savez(**{**state, "optimizer": ["Adam", "Adam"]}),
        "records": savez(**{**state, "m.0": np.zeros(3, [("m", float), ("v", float)])}),
        "dates": savez(**{**state, "m.0": np.zeros(3, "datetime64[s]")}),
        "words": savez(**{**state, "v.0": np.array(["a", "b", "c"])}),
        "foreign byte order": savez(**{**state, "v.0": np.ones(3, ">f8")}),
        "an array larger than memory": archive(
            optimizer=header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (10**15,), }\n")
        ),
        "an array of huge shape": archive(
            t=header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (9000000000000000,), }\n")
        ),
        "a header that is a call": archive(
            t=header(b"{'descr': __import__('os').getcwd(), 'fortran_order': False, 'shape': ()}\n")
        ),
        "a time before the first step": savez(**{**state, "t": -1}),
        "a time that is no number": savez(**{**state, "t": np.nan}),
        "noise": np.random.default_rng(0).bytes(4096),
        "noise after a good start": savez(**state)[:200] + np.random.default_rng(1).bytes(4096),
    }


@pytest.mark.parametrize("what", foreign())
def test_a_foreign_file(what: str, tmp_path: Path) -> None:
    opt = started(ADAM)
    opt.step(np.ones(3))
    before = snapshot(opt)
    path = tmp_path / "state.npz"
    path.write_bytes(foreign()[what])
    with pytest.raises(ValueError, match=r"must hold a saved optimizer|^state"):
        opt.load(path)
    assert snapshot(opt) == before


@EVERY_CASE
@pytest.mark.parametrize("own", DTYPES)
@pytest.mark.parametrize("other", DTYPES)
def test_states_of_each_dtype(case: Case, own: str, other: str, tmp_path: Path) -> None:
    """Only one's own dtype is taken; an optimizer without slots has none to refuse."""
    opt, source = started(case, own), started(case, other)
    opt.step(np.ones(3, own))
    source.save(tmp_path / "state.npz")
    before = snapshot(opt)
    if own == other or not opt.slots:
        opt.load(tmp_path / "state.npz")
        assert opt.t == 2
        return
    with pytest.raises(ValueError, match=f"dtype {own}, got .* and {other}"):
        opt.load(tmp_path / "state.npz")
    assert snapshot(opt) == before


anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | hnp.arrays(
        hnp.floating_dtypes() | hnp.integer_dtypes() | hnp.boolean_dtypes(),
        hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3),
    )
)


@given(st.sampled_from(CASES), st.data())
@settings(max_examples=400)
def test_a_state_is_taken_whole_or_not_at_all(case: Case, data: Any) -> None:
    """One entry is replaced by anything: then all of it is in force, or nothing has changed."""
    opt, other = started(case), started(case)
    opt.lr = 0.25  # to be seen when it is overwritten too early
    other.step(np.full(3, 7.0))
    state = other.state_dict()
    key = data.draw(st.sampled_from(list(state)))
    state[key] = data.draw(anything)
    before = snapshot(opt)
    try:
        opt.load_state_dict(state)
    except (TypeError, ValueError):
        assert snapshot(opt) == before
        return
    now = opt.state_dict()
    for name, value in state.items():
        taken = np.asarray(now[name])
        assert np.array_equal(taken, np.asarray(value, taken.dtype), equal_nan=taken.dtype == float)
