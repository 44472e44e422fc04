"""Saved and resumed equals unbroken, bit for bit; and what a state file may not do."""

from __future__ import annotations

import gc
import io
import os
import pickle
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adam_lib as al
from tests.library.table import CASES, DTYPES, HYPER, Case, same_bits, snapshot

EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=str)
SHAPES = [(3,), (), (2, 2), (0,)]


def fresh(case: Case, dtype: str = "float64") -> Any:
    params = [np.linspace(-1, 2, int(np.prod(s))).reshape(s).astype(dtype) for s in SHAPES]
    return al.OPTIMIZERS[case.name](params, **case.hyper)


def advance(opt: Any, steps: int) -> None:
    """Steps on a problem that knows what time it is."""
    for _ in range(steps):
        opt.step([np.asarray(p * 0.5 + np.cos(opt.t), p.dtype) for p in opt.params])


def state_file(opt: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **opt.state_dict())
    return buffer.getvalue()


def hand_over_dict(old: Any, new: Any, where: Path) -> None:
    new.load_state_dict(old.state_dict())


def hand_over_savez(old: Any, new: Any, where: Path) -> None:
    np.savez(where / "state.npz", **old.state_dict())
    with np.load(where / "state.npz", allow_pickle=False) as f:
        new.load_state_dict(f)


def hand_over_file(old: Any, new: Any, where: Path) -> None:
    old.save(where / "state.npz")
    assert new.load(where / "state.npz") is new


@EVERY_CASE
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hand_over", [hand_over_dict, hand_over_savez, hand_over_file])
@pytest.mark.parametrize("broken_after", [0, 1, 5])
def test_resumed_equals_unbroken(
    case: Case, dtype: str, hand_over: Callable[..., None], broken_after: int, tmp_path: Path
) -> None:
    """The new optimizer starts with other hyperparameters, and takes those of the state."""
    unbroken, first = fresh(case, dtype), fresh(case, dtype)
    advance(unbroken, 12)
    advance(first, broken_after)
    second = al.OPTIMIZERS[case.name](
        [p.copy() for p in first.params], **{**case.hyper, "lr": 0.875}
    )
    hand_over(first, second, tmp_path)
    assert second.t == broken_after
    assert type(second.t) is int
    advance(second, 12 - broken_after)
    assert snapshot(second) == snapshot(unbroken)
    for name in case.hyper:
        assert getattr(second, name) == getattr(unbroken, name)
        assert type(getattr(second, name)) is type(getattr(unbroken, name))


@EVERY_CASE
def test_state_dict_is_a_copy(case: Case) -> None:
    """Neither stepping nor writing into it reaches across, before or after loading."""
    opt = fresh(case)
    advance(opt, 3)
    state = opt.state_dict()
    kept = {k: np.array(v) for k, v in state.items()}
    before = snapshot(opt)
    for x in state.values():
        if isinstance(x, np.ndarray):
            x[...] = 7.0
    assert snapshot(opt) == before

    other = fresh(case)
    other.load_state_dict(kept)
    loaded = snapshot(other)
    for x in kept.values():
        if x.dtype.kind == "f" and x.flags.writeable:
            x[...] = 9.0
    assert snapshot(other) == loaded
    advance(other, 1)
    assert all(np.all(kept[k] == 9.0) for k in kept if "." in k)
    state = opt.state_dict()
    kept = {k: np.array(v) for k, v in state.items()}
    advance(opt, 1)
    assert all(same_bits(state[k], kept[k]) for k in state if "." in k)


@EVERY_CASE
def test_loading_does_not_touch_the_parameters(case: Case) -> None:
    """They are the caller's to save; the arrays stay the same objects."""
    opt, other = fresh(case), fresh(case)
    advance(opt, 3)
    arrays = list(other.params)
    before = [p.tobytes() for p in arrays]
    other.load_state_dict(opt.state_dict())
    assert [p.tobytes() for p in other.params] == before
    assert all(a is b for a, b in zip(arrays, other.params, strict=True))


@EVERY_CASE
def test_a_state_says_what_it_is(case: Case) -> None:
    opt = fresh(case)
    advance(opt, 2)
    state = opt.state_dict()
    assert state["optimizer"] == case.name
    assert state["t"] == 2
    for k, v in case.hyper.items():
        assert state[k] == v
    for i, shape in enumerate(SHAPES):
        for name in opt.slots:
            assert state[f"{name}.{i}"].shape == shape
            assert same_bits(state[f"{name}.{i}"], getattr(opt, name)[i])


@pytest.mark.parametrize("name", HYPER)
def test_a_callable_lr_is_not_saved(name: str, tmp_path: Path) -> None:
    """It has to be there on resuming; a number takes the place of a callable."""
    case = Case(name, {**HYPER[name][-1], "lr": lambda t: 0.5 / t})
    unbroken, first, second = fresh(case), fresh(case), fresh(case)
    advance(unbroken, 6)
    advance(first, 3)
    first.save(tmp_path / "state.npz")
    for p, q in zip(second.params, first.params, strict=True):
        p[...] = q
    second.load(tmp_path / "state.npz")
    advance(second, 3)
    assert snapshot(second) == snapshot(unbroken)

    fixed = fresh(Case(name, HYPER[name][-1]))
    before = snapshot(fixed)
    with pytest.raises(ValueError, match="callable lr"):
        fixed.load(tmp_path / "state.npz")
    assert snapshot(fixed) == before
    second.load_state_dict(fixed.state_dict())
    assert second.lr == fixed.lr


# -- files -----------------------------------------------------------------------------

ADAM = Case("Adam", HYPER["Adam"][1])


def test_the_file_is_the_one_named(tmp_path: Path) -> None:
    """No suffix is added, a string will do, and nothing else is left behind."""
    opt = fresh(ADAM)
    advance(opt, 2)
    opt.save(str(tmp_path / "adam.state"))
    opt.save(tmp_path / "adam.state")
    assert [p.name for p in tmp_path.iterdir()] == ["adam.state"]
    other = fresh(ADAM)
    other.load(str(tmp_path / "adam.state"))
    assert other.t == 2


def test_a_saved_file_may_be_read_by_whom_other_files_may(tmp_path: Path) -> None:
    """Its permissions follow the umask, as those of any new file do."""
    (tmp_path / "plain").touch()
    fresh(ADAM).save(tmp_path / "state.npz")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "state.npz")}
    assert len(modes) == 1


@pytest.mark.skipif(os.name != "posix", reason="permissions and links as on POSIX")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o664])
def test_a_file_that_was_there_keeps_its_permissions(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    path.touch()
    path.chmod(mode)
    opt = fresh(ADAM)
    advance(opt, 2)
    opt.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert fresh(ADAM).load(path).t == 2


@pytest.mark.skipif(os.name != "posix", reason="permissions and links as on POSIX")
def test_a_private_file_is_private_at_every_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while it is written under another name."""
    path = tmp_path / "state.npz"
    path.touch()
    path.chmod(0o600)
    modes = []
    savez = np.savez

    def spy(file: Any, **arrays: Any) -> None:
        modes.extend(stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir())
        savez(file, **arrays)

    monkeypatch.setattr(np, "savez", spy)
    fresh(ADAM).save(path)
    assert modes == [0o600, 0o600]


@pytest.mark.skipif(os.name != "posix", reason="permissions and links as on POSIX")
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("relative", [True, False])
def test_a_link_stays_a_link(there: bool, relative: bool, tmp_path: Path) -> None:
    """To a file, or to where one is to be; through a second link, and from another folder."""
    (tmp_path / "store").mkdir()
    (tmp_path / "run").mkdir()
    real, link = tmp_path / "store" / "state.npz", tmp_path / "run" / "latest"
    if there:
        real.write_bytes(b"an old state")
        real.chmod(0o600)
    link.symlink_to(Path("../store/state.npz") if relative else real)
    (tmp_path / "run" / "again").symlink_to("latest")
    opt = fresh(ADAM)
    advance(opt, 2)
    opt.save(tmp_path / "run" / "again")
    assert link.is_symlink()
    assert (tmp_path / "run" / "again").is_symlink()
    assert fresh(ADAM).load(real).t == fresh(ADAM).load(link).t == 2
    assert [p.name for p in (tmp_path / "store").iterdir()] == ["state.npz"]
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["again", "latest"]
    if there:
        assert stat.S_IMODE(real.stat().st_mode) == 0o600


@pytest.mark.parametrize("t", [2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**30, 10**300])
def test_a_step_count_of_any_size(t: int, tmp_path: Path) -> None:
    """Saved to the last digit, without a pickle, in both ways; and the next step is taken."""
    opt = fresh(ADAM)
    opt.t = t
    opt.save(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", **opt.state_dict())
    for name in ("a.npz", "b.npz"):
        other = fresh(ADAM).load(tmp_path / name)
        assert other.t == t
        assert type(other.t) is int
    other.step([np.ones(shape) for shape in SHAPES])
    assert other.t == t + 1


@pytest.mark.parametrize("t", ["-1", "2.5", "", "one", "1e3", " 7", "0x10", "\u00b2"])
def test_words_that_count_no_steps(t: str) -> None:
    opt = fresh(ADAM)
    before = snapshot(opt)
    with pytest.raises(ValueError, match=r"^state\['t'\] must be a whole number >= 0, got "):
        opt.load_state_dict({**opt.state_dict(), "t": t})
    assert snapshot(opt) == before


def npy(shape: tuple[int, ...], data: bytes, descr: str = "<f8") -> bytes:
    """An npy file with that header and those bytes after it."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def bombs() -> dict[str, dict[str, bytes]]:
    """Members that fill memory: each a little file of many zeros."""
    zeros = bytes(200 * 2**20)
    wide = b"\x93NUMPY\x02\x00" + len(zeros).to_bytes(4, "little") + zeros
    return {
        "a moment": {"m.0.npy": npy((len(zeros) // 8,), zeros)},
        "a moment of the right shape, and more": {"m.0.npy": npy((3,), zeros)},
        "a moment that claims more than is there": {"m.0.npy": npy((25 * 2**20,), bytes(24))},
        "the step count": {"t.npy": npy((len(zeros) // 8,), zeros, "<i8")},
        "the name": {"optimizer.npy": npy((), zeros, f"<U{len(zeros) // 4}")},
        "a header": {"v.1.npy": wide},
        "something else": {"w.0.npy": npy((len(zeros) // 8,), zeros)},
        "something else, no array": {"readme.txt": zeros},
    }


@pytest.mark.parametrize("what", bombs())
def test_a_small_file_of_many_zeros(what: str, tmp_path: Path) -> None:
    """Refused before it is unpacked: by name, by the size that is told, by the header's."""
    opt = fresh(ADAM)
    advance(opt, 2)
    np.savez_compressed(tmp_path / "good.npz", **opt.state_dict())
    members = bombs()[what]
    with (
        zipfile.ZipFile(tmp_path / "good.npz") as good,
        zipfile.ZipFile(tmp_path / "bad.npz", "w", zipfile.ZIP_DEFLATED) as bad,
    ):
        for name in good.namelist():
            if name not in members:
                bad.writestr(name, good.read(name))
        for name, data in members.items():
            bad.writestr(name, data)
    del members
    assert (tmp_path / "bad.npz").stat().st_size < 10**6
    before = snapshot(opt)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"bytes, at most \d+ expected|must have the keys of Adam"):
        opt.load(tmp_path / "bad.npz")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2 * 10**6
    assert snapshot(opt) == before


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_an_array_that_is_there_twice(tmp_path: Path) -> None:
    """Which of the two was meant, nobody knows."""
    opt = fresh(ADAM)
    opt.save(tmp_path / "state.npz")
    with zipfile.ZipFile(tmp_path / "state.npz", "a") as f:
        f.writestr("m.0.npy", f.read("m.0.npy"))
    with pytest.raises(ValueError, match="got: an array that is there twice"):
        opt.load(tmp_path / "state.npz")


def test_a_file_is_closed_again(tmp_path: Path) -> None:
    """After a load, and after one that failed: Windows would not let it be replaced."""
    opt = fresh(ADAM)
    opt.save(tmp_path / "state.npz")
    (tmp_path / "text").write_text("no state")
    with pytest.raises(ValueError, match="must hold"):
        opt.load(tmp_path / "text")
    with pytest.raises(ValueError, match="state must be of SGD"):
        al.SGD(np.ones(2), lr=0.5).load(tmp_path / "state.npz")
    opt.load(tmp_path / "state.npz")  # an unclosed file is a warning, and so an error here
    gc.collect()


def test_an_interrupted_save_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opt = fresh(ADAM)
    advance(opt, 2)
    opt.save(tmp_path / "state.npz")
    old = (tmp_path / "state.npz").read_bytes()
    advance(opt, 1)

    def half(file: Any, **arrays: Any) -> None:
        file.write(b"half a file")
        raise OSError("disk full")

    def no_rename(a: Any, b: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", half)
        with pytest.raises(OSError, match="disk full"):
            opt.save(tmp_path / "state.npz")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", no_rename)
        with pytest.raises(KeyboardInterrupt):
            opt.save(tmp_path / "state.npz")
    assert (tmp_path / "state.npz").read_bytes() == old
    assert [p.name for p in tmp_path.iterdir()] == ["state.npz"]
    other = fresh(ADAM)
    other.load(tmp_path / "state.npz")
    assert other.t == 2


class Payload:
    """Unpickled, it would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self.mark,))


def test_two_threads_may_save_to_one_file(tmp_path: Path) -> None:
    """Each writes its own part; the last to be finished is the file."""
    opts = [fresh(ADAM) for _ in range(2)]
    for steps, opt in enumerate(opts, 1):
        advance(opt, steps)
    with ThreadPoolExecutor(4) as pool:
        for job in [pool.submit(opts[k % 2].save, tmp_path / "state.npz") for k in range(60)]:
            job.result()
    assert fresh(ADAM).load(tmp_path / "state.npz").t in (1, 2)
    assert [p.name for p in tmp_path.iterdir()] == ["state.npz"]


def test_loading_executes_nothing(tmp_path: Path) -> None:
    """A pickled payload, inside an npz, as an npy or bare, is refused and never run."""
    opt = fresh(ADAM)
    advance(opt, 2)
    before = snapshot(opt)
    mark = tmp_path / "executed"
    payload = np.array([Payload(mark)], dtype=object)
    with np.errstate(all="ignore"):
        np.savez(tmp_path / "a.npz", **{**opt.state_dict(), "m.0": payload})
        np.savez(tmp_path / "b.npz", **opt.state_dict(), extra=payload)
        np.save(tmp_path / "c.npy", payload)
    (tmp_path / "d.npz").write_bytes(pickle.dumps(Payload(mark)))
    for name in ("a.npz", "b.npz", "c.npy", "d.npz"):
        with pytest.raises(ValueError, match=r"must hold a saved optimizer|must have the keys"):
            opt.load(tmp_path / name)
        assert snapshot(opt) == before
        assert not mark.exists()
    pickle.loads((tmp_path / "d.npz").read_bytes())  # the payload is live
    assert mark.exists()


def test_files_that_hold_no_state(tmp_path: Path) -> None:
    opt = fresh(ADAM)
    advance(opt, 2)
    before = snapshot(opt)
    np.save(tmp_path / "array.npy", np.ones(3))
    np.savez(tmp_path / "arrays.npz", x=np.ones(3))
    np.savez(tmp_path / "nothing.npz")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("t = 3\n")
    for path in list(tmp_path.iterdir()):
        with pytest.raises(ValueError, match=r"must hold a saved optimizer|state must be of Adam"):
            opt.load(path)
        assert snapshot(opt) == before, path.name
    with pytest.raises(FileNotFoundError):
        opt.load(tmp_path / "absent")
    assert snapshot(opt) == before


@pytest.mark.parametrize("compressed", [False, True])
def test_truncated_files(tmp_path: Path, compressed: bool) -> None:
    """Cut at any of a hundred places, a file is refused and nothing has changed."""
    opt = fresh(ADAM)
    advance(opt, 2)
    (np.savez_compressed if compressed else np.savez)(tmp_path / "whole.npz", **opt.state_dict())
    whole = (tmp_path / "whole.npz").read_bytes()
    before = snapshot(opt)
    for k in range(100):
        (tmp_path / "cut.npz").write_bytes(whole[: len(whole) * k // 100])
        with pytest.raises(ValueError, match="must hold a saved optimizer"):
            opt.load(tmp_path / "cut.npz")
        assert snapshot(opt) == before


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_files(tmp_path: Path, compressed: bool) -> None:
    """One byte changed anywhere: refused with a ValueError, or read as what was saved."""
    opt = fresh(ADAM)
    advance(opt, 2)
    (np.savez_compressed if compressed else np.savez)(tmp_path / "whole.npz", **opt.state_dict())
    whole = (tmp_path / "whole.npz").read_bytes()
    before = snapshot(opt)
    refused = 0
    for k in range(0, len(whole), max(1, len(whole) // 150)):
        damaged = bytearray(whole)
        damaged[k] ^= 0xFF
        (tmp_path / "damaged.npz").write_bytes(damaged)
        try:
            opt.load(tmp_path / "damaged.npz")
        except ValueError:
            refused += 1
        assert snapshot(opt) == before, f"byte {k}"
    assert refused > 50


@EVERY_CASE
def test_loading_takes_no_memory(case: Case) -> None:
    """What is loaded is copied into the slots; nothing of their size is made beside them."""
    opt, other = (al.OPTIMIZERS[case.name](np.ones(10**5), **case.hyper) for _ in range(2))
    opt.step(np.ones(10**5))
    state = opt.state_dict()
    tracemalloc.start()
    other.load_state_dict(state)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10**5
    assert all(same_bits(getattr(opt, name), getattr(other, name)) for name in opt.slots)


def test_state_of_another_dtype_is_refused(tmp_path: Path) -> None:
    """Half-precision moments do not become double ones unasked."""
    half = fresh(ADAM, "float16")
    advance(half, 2)
    half.save(tmp_path / "half.npz")
    full = fresh(ADAM)
    before = snapshot(full)
    with pytest.raises(ValueError, match=r"dtype float64, got .* and float16"):
        full.load(tmp_path / "half.npz")
    assert snapshot(full) == before


def test_optimizers_can_be_copied() -> None:
    """copy.deepcopy and pickle give an optimizer that goes on alone, in the same bits."""
    from copy import deepcopy

    for case in CASES:
        opt = fresh(case)
        advance(opt, 3)
        twins = [deepcopy(opt), pickle.loads(pickle.dumps(opt))]
        advance(opt, 3)
        for twin in twins:
            assert twin.t == 3
            advance(twin, 3)
            assert snapshot(twin) == snapshot(opt)
