"""Take from this process what a stranger's code has no use for.

Used by grade_one.py before it runs a student's cell. Nothing here is perfect by
itself; together: files outside a scratch folder are not written, removed or renamed
(Linux: Landlock, by the kernel; everywhere: an audit hook of Python's), no other
process is started or signalled, no other machine is reached, memory and files have a
size. Where the parent could, it gave this process a network of its own with nothing
on it. Who grades people they do not trust does it in a container besides.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys
from pathlib import Path
from typing import Any

NOBODY = 65534
MEMORY, FILE = 4 << 30, 100 << 20  # bytes


def confine(scratch: Path) -> None:
    """From here on; there is no way back."""
    _limit()
    _become_nobody(scratch)
    _landlock(scratch)
    _guard(scratch)


def _limit() -> None:
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        for kind, size in (("AS", MEMORY), ("FSIZE", FILE), ("CORE", 0), ("NOFILE", 256)):
            with contextlib.suppress(ValueError, OSError, AttributeError):
                resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (size, size))


def _become_nobody(scratch: Path) -> None:
    """Root may do too much; unless the library could not be read then."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    import numpy

    with contextlib.suppress(OSError):
        os.chown(scratch, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            for file in (os.__file__, numpy.__file__, __file__):
                Path(file).read_bytes()
        except OSError:
            os.seteuid(0)
            return
        os.seteuid(0)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


# ------------------------------------------------------------------ Linux's own guard

# linux/landlock.h: rights that a rule set handles, which nothing has unless granted.
WRITE_FILE, REMOVE_DIR, REMOVE_FILE, MAKE = 1 << 1, 1 << 4, 1 << 5, 0b1111111 << 6
REFER, TRUNCATE = 1 << 13, 1 << 14  # from versions 2 and 3
TCP, SCOPED = 0b11, 0b11  # bind, connect: version 4; abstract sockets, signals: 6
CREATE, ADD, RESTRICT = 444, 445, 446  # system calls, the same on every processor
NO_NEW_PRIVILEGES, PATH_BENEATH, VERSION = 38, 1, 1


def _landlock(scratch: Path) -> bool:
    """Whether the kernel now keeps this process from writing outside ``scratch``."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE, None, 0, VERSION)
    if version < 1:
        return False
    rights = WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE
    rights |= (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = struct.pack("=QQQ", rights, TCP, SCOPED)[:size]
    rule_set = libc.syscall(CREATE, rules, len(rules), 0)
    if rule_set < 0:
        return False
    try:
        for path, allowed in ((scratch, rights), (Path(os.devnull), WRITE_FILE)):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            beneath = struct.pack("=Qi", allowed & rights, place)
            failed = libc.syscall(ADD, rule_set, PATH_BENEATH, beneath, 0)
            os.close(place)
            if failed:
                return False
        libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return bool(libc.syscall(RESTRICT, rule_set, 0) == 0)
    finally:
        os.close(rule_set)


# -------------------------------------------------------------------- Python's own guard

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Event -> how many of its first arguments are paths. Those named last may also be given
# the number of an open folder, which a path is then relative to.
PATHS = {
    **dict.fromkeys(("os.truncate", "os.chdir", "os.setxattr", "os.removexattr"), 1),
    **dict.fromkeys(("os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.utime"), 1),
    **dict.fromkeys(("os.rename", "os.link", "os.symlink"), 2),
}
FOLDERS = {
    **dict.fromkeys(("os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.utime"), 1),
    **{"os.rename": 2, "os.link": 2, "os.symlink": 1},
}
REFUSED = (
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"),
    *("os.forkpty", "pty.spawn", "os.kill", "os.killpg", "os.startfile", "signal.pthread_kill"),
    *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"),
    *("socket.gethostbyname", "socket.gethostbyaddr", "winreg.OpenKey", "webbrowser.open"),
)


def _guard(scratch: Path) -> None:
    home, null = os.path.realpath(scratch), os.path.realpath(os.devnull)

    def within(path: Any) -> bool:
        if isinstance(path, int):  # a file that is open already
            return True
        real = os.path.realpath(os.fsdecode(path))
        return real in (home, null) or real.startswith(home + os.sep)

    def allowed(event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            path, _, flags = arguments
            if path is None or not isinstance(flags, int):
                return True
            if not isinstance(path, int) and os.path.isdir(path):
                return within(path)  # so that no number stands for a folder outside
            return not flags & WRITES or within(path)
        if event not in PATHS:
            return True
        count = FOLDERS.get(event, 0)
        relative = any(folder != -1 for folder in arguments[len(arguments) - count :])
        paths = arguments[: PATHS[event]]
        if relative and not any(
            os.path.isabs(p) or ".." in Path(os.fsdecode(p)).parts for p in paths
        ):
            return True
        return all(within(path) for path in paths)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in REFUSED:
            raise PermissionError(f"{event} is not allowed here")
        if not allowed(event, arguments):
            raise PermissionError(f"{event}: only files in the working folder may be changed")

    sys.addaudithook(hook)
