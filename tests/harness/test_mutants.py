"""`make mutants` can fail: on a survivor, a stale list, a low score. No mutant is run here."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from tools.library import mutants

SHOWN = """\
# adam_lib.adam.xǁAdamǁ_scalars__mutmut_{k}: survived
--- adam_lib/adam.py
+++ adam_lib/adam.py
@@ -1,3 +1,3 @@
     beta1, beta2 = self.betas
-    return 1 - beta1**t
+    return {k} - beta1**t
"""
LIST = """
[[mutant]]
function = "adam_lib.adam.Adam._scalars"
was = "return 1 - beta1**t"
now = "return {k} - beta1**t"
why = "For the sake of the test."
"""


@pytest.fixture
def outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The tool's exit code, for the exit codes of 100 mutants and the numbers of listed ones."""

    def run(codes: dict[int, int], listed: list[int]) -> int:
        name = "adam_lib.adam.xǁAdamǁ_scalars__mutmut_"
        every = {f"{name}{k}": codes.get(k, mutants.KILLED) for k in range(100)}
        path = tmp_path / "equivalent.toml"
        path.write_text("".join(LIST.format(k=k) for k in listed), encoding="utf-8")

        def mutmut(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
            shown = SHOWN.format(k=arguments[1].rpartition("_")[2]) if capture else ""
            return subprocess.CompletedProcess(arguments, 0, shown)

        monkeypatch.setattr(mutants, "COPY", tmp_path / "copy")
        monkeypatch.setattr(mutants, "COPIED", ("pyproject.toml",))
        monkeypatch.setattr(mutants, "EQUIVALENT", path)
        monkeypatch.setattr(mutants, "fates", lambda: every)
        monkeypatch.setattr(mutants, "mutmut", mutmut)
        return mutants.main([])

    return run


def test_all_killed_or_listed(outcome) -> None:
    assert outcome({}, []) == 0
    assert outcome({7: 0, 8: 0}, [7, 8]) == 0
    assert outcome({7: 36}, []) == 0  # too slow is noticed too


def test_a_survivor_that_is_not_listed(outcome, capsys) -> None:
    assert outcome({7: 0, 8: 0}, [7]) == 1
    shown = capsys.readouterr().out
    assert "SURVIVED, 1x, in adam_lib.adam.Adam._scalars" in shown
    assert "+ return 8 - beta1**t" in shown
    assert "98.00%; 2 survived, 1 of them listed" in shown


@pytest.mark.parametrize("code", [33, 5, 34, 2, -15, -11])
def test_a_mutant_that_no_test_judged_has_survived(outcome, code: int) -> None:
    """No tests, skipped, interrupted, or ended by a signal for another reason."""
    assert outcome({7: code}, []) == 1


def test_a_listed_mutant_that_does_not_survive(outcome, capsys) -> None:
    assert outcome({}, [7]) == 1
    assert "LISTED, but killed or not made" in capsys.readouterr().out


def test_a_low_score(outcome) -> None:
    """However good the reasons, six in a hundred are too many."""
    assert outcome(dict.fromkeys(range(6), 0), list(range(6))) == 1
    assert outcome(dict.fromkeys(range(5), 0), list(range(5))) == 0


def test_the_list_speaks_of_the_code_as_it_stands() -> None:
    rows = tomllib.loads(mutants.EQUIVALENT.read_text(encoding="utf-8"))["mutant"]
    for row in rows:
        module = row["function"].split(".")[1]
        source = (mutants.ROOT / f"adam_lib/{module}.py").read_text(encoding="utf-8")
        assert row["was"] in source, row
        assert row["now"] not in source, row
        assert len(row["why"]) > 20
