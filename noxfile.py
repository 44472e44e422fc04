"""The test suite on every platform that can be had here: `make platforms`.

`nox -l` lists the sessions, `make platforms NOX="-s suite-3.12"` runs one. What
is not installed is skipped, and the run says so; nothing passes unseen. The
notebooks are part of the suite: their outputs must be the stored ones, and
book/conftest.py says of the figures whether they could be compared.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

import nox

VERSIONS = ["3.11", "3.12", "3.13", "3.14", "3.15"]
OLDEST, NEWEST = VERSIONS[0], VERSIONS[-1]
# Of the library alone: neither notebooks, nor the checks of pages.
LIBRARY = [
    *("tests", "adam_lib", "README.md"),
    *("--ignore=tests/book/test_book.py", "--ignore=tests/harness/test_harness.py"),
]

# An old kernel under a new Python prints advice about its debugger.
NO_DEBUGGER = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}

nox.options.error_on_missing_interpreters = False  # skip, with a notice
nox.options.reuse_existing_virtualenvs = True

# pyenv's shims exist for versions that its current directory does not choose,
# and fail when called. The interpreters behind them work.
pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
behind = sorted(str(path) for path in pyenv.glob("versions/3.*/bin"))
os.environ["PATH"] = os.pathsep.join([*behind, os.environ["PATH"]])


def floors() -> list[str]:
    """The oldest versions that pyproject.toml declares, as requirements."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    named = {declared for group in groups for declared in group}
    # JupyterLab opens the notebooks; no test needs it.
    others = {d for d in named if not d.startswith(("adam_lib[", "jupyterlab"))}
    return sorted(declared.replace(">=", "==") for declared in others)


def run(session: nox.Session, *args: str, **env: str) -> None:
    """pytest, after a line that says on what."""
    told = "import sys, numpy; print('Python', sys.version.split()[0], 'NumPy', numpy.__version__)"
    session.run("python", "-c", told, env=env)
    session.run("python", "-m", "pytest", *args, *session.posargs, env=env)


def install(session: nox.Session, *override: str) -> None:
    """What requirements.txt pins; then, in the place of some of it, ``override``."""
    session.install("-r", "requirements.txt")
    if override:
        session.install(*override)


@nox.session(python=VERSIONS)
def suite(session: nox.Session) -> None:
    """Everything `make test` runs, on each Python."""
    install(session)
    run(session)


@nox.session(python=OLDEST)
def oldest(session: nox.Session) -> None:
    """The library with the oldest NumPy, Numba, Matplotlib and IPython declared.

    The notebooks are left out: other versions of Matplotlib draw other pixels.
    """
    install(session, *floors())
    session.warn("NOT COMPARED: notebooks and figures, which another Matplotlib draws")
    # What an old package still uses, and a new one deprecates, is not ours.
    run(session, *LIBRARY, "-W", "ignore::DeprecationWarning")


@nox.session(python=NEWEST)
def newest(session: nox.Session) -> None:
    """Everything, with the newest NumPy and Numba there are."""
    install(session)
    pinned = re.search(r"^matplotlib==\S+", Path("requirements.in").read_text(), re.MULTILINE)
    session.install("--upgrade", "numpy", "numba", pinned[0])
    run(session)


@nox.session(python=False)
def plain_cpu(session: nox.Session) -> None:
    """Everything, in this environment, on what NumPy takes for an old processor.

    No SIMD instructions beyond NumPy's baseline, and another BLAS kernel.
    """
    listing = (
        "from numpy._core._multiarray_umath import __cpu_dispatch__ as d, __cpu_features__ as f;"
        "print(*(name for name in d if f[name]))"
    )
    features = session.run(sys.executable, "-c", listing, silent=True).strip()
    if features:
        session.log(f"switched off: {features}")
    else:
        session.warn("NOTHING TO SWITCH OFF: this processor has no SIMD beyond the baseline")
    plain = {"NPY_DISABLE_CPU_FEATURES": features, "OPENBLAS_CORETYPE": "Nehalem"}
    session.run(sys.executable, "-m", "pytest", *session.posargs, env=plain)


@nox.session(python=False)
@nox.parametrize("count", [1, 2])
def threads(session: nox.Session, count: int) -> None:
    """The library, in this environment, with one and with two threads.

    Not the notebooks: their kernels always run with one (parser.kernel_environment).
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    limits = {name: str(count) for name in names}
    session.run(sys.executable, "-m", "pytest", *LIBRARY, *session.posargs, env=limits)


@nox.session(python="3.12")
def launched(session: nox.Session) -> None:
    """The portable copies in an empty folder, with Colab's versions; after `make book`."""
    copies = Path("_build/html/notebooks")
    if not copies.is_dir():
        session.error("no copies to run: `make book` comes first")
    hosted = ("numpy==2.0.2", "matplotlib==3.10.0", "ipython==7.34.0", "ipykernel==6.17.1")
    session.install(*hosted, "numba", "nbclient", "nbformat")
    session.install("--no-deps", ".")
    for kind in ("full", "student"):
        session.run("python", "tools/notebooks/launched.py", str(copies / kind), env=NO_DEBUGGER)
