"""The fixture, in the suite of somebody who does not know this library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import adam_lib as al

PLUGIN = "adam_lib.conformance.pytest_plugin"
SUITE = """
import adam_lib

def test_right(conformance):
    report = conformance(adam_lib.Adam, lr=0.1)
    assert report.convention == "adam"

def test_wrong(conformance):
    conformance(adam_lib.AdamW)

def test_right_as_what_it_is(conformance):
    conformance(adam_lib.AdamW, reference="AdamW")
"""


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    here = f"import sys; sys.path.insert(0, {str(Path(al.__file__).parents[1])!r}); "
    script = here + "import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    args = ("-p", "no:cacheprovider", "--rootdir", str(folder), *args, str(folder))
    return subprocess.run(
        [sys.executable, "-c", script, *args],
        capture_output=True,
        text=True,
        cwd=folder,
    )


def test_three_lines_in_a_suite(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(f'pytest_plugins = ["{PLUGIN}"]\n', encoding="utf-8")
    (tmp_path / "test_ours.py").write_text(SUITE, encoding="utf-8")
    out = run(tmp_path, "-q").stdout
    assert "1 failed, 2 passed" in out
    assert "decoupled weight decay of 0.01 is left on" in out
    assert "Traceback" not in out


def test_it_does_nothing_where_it_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(
        "import sys\n\ndef test_it():\n    assert 'adam_lib' not in sys.modules\n",
        encoding="utf-8",
    )
    assert "1 passed" in run(tmp_path, "-q").stdout


def test_its_module_imports_no_test_of_ours_before_the_fixture_is_used(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(
        "import sys\n\ndef test_it():\n"
        "    assert 'adam_lib.conformance.diagnose' not in sys.modules\n",
        encoding="utf-8",
    )
    assert "1 passed" in run(tmp_path, "-q", "-p", PLUGIN).stdout
