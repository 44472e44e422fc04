"""What CI installs and runs is named by its hash, and may do no more than it must."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))


def pins(path: str) -> dict[str, list[str]]:
    """Each `name==version ; marker` of a file of requirements, with its hashes."""
    text = (ROOT / path).read_text(encoding="utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if re.match(r"\w", line):
            found[line.partition("--hash")[0].strip()] = re.findall(r"--hash=(\S+)", line)
    return found


def test_ci_installs_what_a_reader_installs() -> None:
    """requirements.txt has no hashes, since pip takes no `-e .` among them."""
    plain, hashed = pins("requirements.txt"), pins(".ci/requirements-hashed.txt")
    assert list(plain) == list(hashed)
    assert len(plain) > 100
    assert (ROOT / "requirements.txt").read_text(encoding="utf-8").endswith("\n-e .\n")


def test_every_pin_has_its_hashes() -> None:
    for path in sorted(ROOT.glob(".ci/*-hashed.txt")):
        assert pins(str(path))
        for pin, hashes in pins(str(path)).items():
            assert re.match(r"[\w.-]+==[\w.]+( ; .+)?$", pin), pin
            assert hashes, pin
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), pin


def test_what_is_needed_by_name_is_pinned() -> None:
    """After a change of requirements.in comes `make lock`."""
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    needed = {re.split(r"[<>=]", line)[0] for line in lines if re.match(r"\w", line)}
    assert needed <= {pin.partition("==")[0] for pin in pins("requirements.txt")}


def test_the_browser_checks_are_pinned_alike() -> None:
    named, hashed = pins("tools/site/requirements-browser.txt"), pins(".ci/browser-hashed.txt")
    assert set(named) <= set(hashed)
    # What both environments hold, they hold in one version.
    book = {pin.partition("==")[0]: pin for pin in pins("requirements.txt")}
    assert all(book.get(pin.partition("==")[0], pin) == pin for pin in hashed)


def test_actions_are_pinned_by_commit() -> None:
    """A tag can be moved; the comment says which one it was."""
    used = [
        line.strip()
        for path in WORKFLOWS
        for line in path.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert used
    for line in used:
        assert re.fullmatch(r"(- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_have_least_permissions_and_no_secrets(path: Path) -> None:
    """A job may ask for more, but not where somebody else's changes are run."""
    text = path.read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "pull_request_target" not in text
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    triggers = workflow[True]  # what YAML makes of the key `on`
    for job in workflow["jobs"].values():
        if "pull_request" in triggers:
            assert "write" not in job.get("permissions", {}).values()
        assert job["timeout-minutes"] <= 40
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_the_lock_is_tried_with_newer_versions_every_month() -> None:
    """A lock that nobody renews ages unseen."""
    text = (ROOT / ".github/workflows/upgrade.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow[True]["schedule"]
    commands = [step.get("run", "") for step in workflow["jobs"]["newest"]["steps"]]
    assert any("make lock UPGRADE=1" in run for run in commands)
    assert {"make lint", ".ci/run"} <= set(commands)


def test_nothing_is_published_untested() -> None:
    text = (ROOT / ".github/workflows/pages.yml").read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["build"]["steps"]
    commands = [step.get("run", "").split()[0:1] for step in steps]
    tested = commands.index([".ci/run"])
    assert tested < commands.index(["make"])
    (links,) = [step for step in steps if step.get("run") == "make linkcheck"]
    assert links["continue-on-error"] is True


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [("", ""), ("1", "--upgrade"), ("numpy pyyaml", "-P numpy -P pyyaml")],
)
def test_make_lock_upgrades_what_is_asked(upgrade: str, expected: str) -> None:
    if shutil.which("make") is None:
        pytest.skip("there is no make here")
    command = ["make", "-n", "-o", ".venv/.ready", "lock", f"UPGRADE={upgrade}"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (line,) = [x for x in shown.splitlines() if re.search(r" requirements\.in .*-o requirem", x)]
    assert expected in line
    assert ("--upgrade" in line or "-P" in line) == bool(upgrade)
