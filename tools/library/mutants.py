"""Change adam_lib in some 1,800 places, one at a time; the tests must notice.

    make mutants                                all modules named in pyproject.toml
    make mutants MUTANTS="adam_lib.adam.*"      some of them

mutmut makes the mutants and runs the tests against each; see [tool.mutmut] in
pyproject.toml. This runs it in a copy (.mutants/), from nothing, and compares
what survives with tests/harness/equivalent_mutants.toml: a list of the mutants that
compute the same, and why. A survivor that is not listed is an error, as is an
entry that no survivor matches.

What mutmut does not change: module and class level, properties, annotations,
docstrings, f-strings, the calls of len and isinstance.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPY = ROOT / ".mutants"
COPIED = ("adam_lib", "tests", "tools", "pyproject.toml")
EQUIVALENT = ROOT / "tests" / "harness" / "equivalent_mutants.toml"
REQUIRED = 0.95
# Exit codes of pytest under mutmut. Any other fate than these counts as survival:
# no test ran, or the run broke for a reason that is not the mutant's.
KILLED, TIMEOUTS = 1, {24, 36, 152, 255, -24}


def mutmut(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    # mutmut forks; a process forked from one with OpenMP threads is terminated
    # when Numba starts threads of its own, whatever the mutant.
    environment = {**os.environ, "PYTHONPATH": "", "NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(
        command, cwd=COPY, env=environment, text=True, capture_output=capture, check=False
    )


def fates() -> dict[str, int | None]:
    """The exit code of the tests by the name of the mutant."""
    found: dict[str, int | None] = {}
    for path in sorted(COPY.glob("mutants/adam_lib/*.meta")):
        found.update(json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"])
    return found


def change(name: str) -> tuple[str, str, str]:
    """The function that a mutant is of, a line of it, and what it became."""
    shown = mutmut("show", name, capture=True).stdout.splitlines()
    function = name.partition("__mutmut_")[0].replace("ǁ", ".").replace("x_", "", 1)
    old, new = (
        " ".join(line[1:].strip() for line in shown if line[:1] == sign and line[:3] != sign * 3)
        for sign in "-+"
    )
    return function.replace(".x.", "."), old, new


def main(patterns: list[str]) -> int:
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, COPY / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, COPY / name)
    jobs = os.environ.get("JOBS", "1")
    jobs = jobs if jobs.isdigit() else str(os.cpu_count() or 1)
    if mutmut("run", "--max-children", jobs, *patterns).returncode:
        return 1

    tried = {name: code for name, code in fates().items() if code is not None or not patterns}
    alive = [name for name, code in tried.items() if code != KILLED and code not in TIMEOUTS]
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", [])
    expected = Counter((row["function"], row["was"], row["now"]) for row in listed)
    survived = Counter(change(name) for name in alive)

    for (function, old, new), count in (survived - expected).items():
        print(f"SURVIVED, {count}x, in {function}:\n  - {old}\n  + {new}")
    missing = expected - survived if not patterns else Counter()
    for function, old, new in missing:
        print(f"LISTED, but killed or not made, in {function}:\n  - {old}\n  + {new}")
    score = 1 - len(alive) / len(tried)
    print(
        f"{len(tried)} mutants, {len(tried) - len(alive)} killed: {score:.2%}; "
        f"{len(alive)} survived, {sum((survived & expected).values())} of them listed as equivalent"
    )
    return int(bool(survived - expected) or bool(missing) or score < REQUIRED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
