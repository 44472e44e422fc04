"""States as files: written whole or not at all, read with an eye on their size."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from threading import get_ident
from typing import Any, Self

import numpy as np
from numpy.lib import format as npy

from ._checks import Array

SMALL = 2**16  # room, in bytes, for a number or a name, and for the header of any array
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def _private(path: str, flags: int) -> int:
    """Open a new file that only its owner may read."""
    return os.open(path, flags, 0o600)


def write(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write an npz file under another name, then give it its own.

    A link leads to the file that is written, and a file that was there hands on
    its permissions: nobody else may read it, not even for a moment.
    """
    target = Path(path).resolve()
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    part = target.with_name(f"{target.name}.{os.getpid()}.{get_ident()}.part")
    try:
        with open(part, "xb", opener=None if mode is None else _private) as f:
            np.savez(f, **arrays)
        if mode is not None:
            part.chmod(mode)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


class Archive(Mapping[str, Array]):
    """The arrays of an npz file by name, each read when it is asked for.

    ``room`` says how many bytes an array of that name should have; any other may
    have a few. What is much larger is not read: in a small file there is place
    for terabytes of zeros.
    """

    def __init__(self, path: str | os.PathLike[str], room: Mapping[str, int]) -> None:
        self._path, self._room = os.fspath(path), room
        self._file = open(path, "rb")  # noqa: SIM115  (closed by __exit__)
        try:
            self._zip = zipfile.ZipFile(self._file)
            members = self._zip.infolist()
            self._members = {m.filename.removesuffix(".npy"): m for m in members}
            if len(self._members) < len(members):
                raise ValueError("an array that is there twice")
        except Exception as e:
            self._file.close()
            raise self._unfit(e) from e

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, name: str) -> Array:
        member = self._members[name]
        room = SMALL + 4 * self._room.get(name, 0)  # double in place of half precision is read
        try:
            self._fits(name, member.file_size, room)
            with self._zip.open(member) as f:
                shape, _, dtype = HEADERS[npy.read_magic(f)](f)
            self._fits(name, prod(shape) * dtype.itemsize, room)  # what NumPy would make room for
            with self._zip.open(member) as f:
                array: Array = npy.read_array(f, allow_pickle=False)
                f.read(1)  # reaching the end, it compares the checksum
            return array
        except Exception as e:  # a damaged archive can fail in any of its layers
            raise self._unfit(e) from e

    def _fits(self, name: str, size: int, room: int) -> None:
        if size > room:
            raise ValueError(f"{name!r} of {size} bytes, at most {room} expected")

    def _unfit(self, error: Exception) -> ValueError:
        return ValueError(f"{self._path!r} must hold a saved optimizer, got: {error}")
