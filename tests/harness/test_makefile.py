"""The environment that `make` keeps: made on first use, and mended when it broke."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(
    os.name == "nt" or shutil.which("make") is None, reason="there is no make here"
)


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    names = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VENV", "PYTHON")
    environment = {k: v for k, v in os.environ.items() if k not in names}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone, in a folder with a space in its name, that needs no packages."""
    folder = tmp_path_factory.mktemp("a clone") / "of the book"
    (folder / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    for name in ("requirements.txt", "pyproject.toml", ".ci/requirements-hashed.txt"):
        (folder / name).write_text("")
    first = make(folder, ".venv/.ready", f"PYTHON={sys.executable}")
    assert first.returncode == 0, first.stderr
    assert "Making .venv with Python 3." in first.stdout
    return folder


@pytest.fixture
def python(made: Path, tmp_path: Path) -> str:
    """As an argument of make: a Python whose `-m venv` copies what is made, in a moment."""
    script = tmp_path / "python3"
    script.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = -m ]; then\n'
        f'  cp -a "{made}/.venv" "$3" && rm -f "$3/.ready"\n'
        f'  sed "s#{made}#$PWD#" "{made}/.venv/bin/pip" > "$3/bin/pip"\n'
        f'else exec "{sys.executable}" "$@"; fi\n'
    )
    script.chmod(0o755)
    return f"PYTHON={script}"


def works(folder: Path) -> bool:
    """A second call finds all as it should be."""
    again = make(folder, ".venv/.ready")
    return again.returncode == 0 and "up to date" in again.stdout


def test_it_is_made_once(made: Path) -> None:
    assert works(made)


def half_made(folder: Path) -> None:
    """What a failed `python -m venv` leaves where python3-venv is missing."""
    for pip in folder.glob(".venv/lib/*/site-packages/pip"):
        shutil.rmtree(pip)
    (folder / ".venv/.ready").unlink()


def interrupted(folder: Path) -> None:
    (folder / ".venv/bin/pip").unlink()
    (folder / ".venv/.ready").unlink()


def orphaned(folder: Path) -> None:
    """Its Python was removed, as by an upgrade of the system."""
    for python in folder.glob(".venv/bin/python*"):
        python.unlink()
        python.symlink_to("/nowhere/bin/python3")


BREAKAGES = [half_made, interrupted, orphaned]


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda b: b.__name__)
def test_a_broken_one_is_made_anew(breakage, made: Path, python: str, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    shutil.copytree(made, folder, symlinks=True)
    breakage(folder)
    mended = make(folder, ".venv/.ready", python)
    assert mended.returncode == 0, mended.stderr
    assert "making it anew" in mended.stdout
    assert works(folder)


def test_a_renamed_folder(made: Path, python: str, tmp_path: Path) -> None:
    """Scripts in an environment name the folder that they were made in."""
    folder = tmp_path / "renamed"
    shutil.copytree(made, folder, symlinks=True)
    mended = make(folder, ".venv/.ready", python)
    assert "making it anew" in mended.stdout
    assert works(folder)


def test_an_environment_of_the_readers_own_is_not_removed(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    shutil.copytree(made, folder, symlinks=True)
    (folder / "own").mkdir()
    (folder / "own/notes.txt").write_text("mine")
    refused = make(folder, "VENV=own", "own/.ready")
    assert refused.returncode != 0
    assert "VENV=own is not a whole environment" in refused.stderr
    assert (folder / "own/notes.txt").read_text() == "mine"


def test_a_python_that_cannot_make_one(made: Path, python: str, tmp_path: Path) -> None:
    """The second try, after the message was followed, must not meet half an environment."""
    folder = tmp_path / "clone"
    shutil.copytree(made, folder, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    fake = tmp_path / "without-ensurepip"
    fake.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = -m ]; then\n'
        f'  mkdir -p "$3/bin"; ln -s "{sys.executable}" "$3/bin/python"; exit 1\n'
        f'fi; exec "{sys.executable}" "$@"\n'
    )
    fake.chmod(0o755)
    refused = make(folder, f"PYTHON={fake}", ".venv/.ready")
    assert refused.returncode != 0
    assert "apt install python3-venv" in refused.stderr
    assert not (folder / ".venv").exists()
    assert make(folder, ".venv/.ready", python).returncode == 0


def test_no_python_that_will_do(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    shutil.copytree(made, folder, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    refused = make(folder, "PYTHON=/nowhere/python3", ".venv/.ready")
    assert refused.returncode != 0
    assert "needs Python 3.11 to 3.15; tried: /nowhere/python3" in refused.stderr
