"""The command: what it prints, and its exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adam_lib.conformance.command import HOW, RIGHT, UNUSABLE, WRONG, main

MINE = '''
"""Optimizers of somebody's."""
import numpy as np

class Mine:
    """Right."""
    def __init__(self, lr, b1, b2, eps=1e-7):
        self.lr, self.b1, self.b2, self.eps, self.t, self.m, self.v = lr, b1, b2, eps, 0, 0, 0

    def step(self, w, g):
        self.t += 1
        self.m = self.b1 * self.m + (1 - self.b1) * g
        self.v = self.b2 * self.v + (1 - self.b2) * g * g
        return self.move(w, 1 - self.b1**self.t, 1 - self.b2**self.t)

    def move(self, w, c1, c2):
        return w - self.lr * self.m / c1 / (np.sqrt(self.v / c2) + self.eps)

class Inner:
    class Wrong(Mine):
        def move(self, w, c1, c2):
            return w - self.lr * self.m / c1 / np.sqrt(self.v / c2 + self.eps)
'''


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine_of_this_test.py"
    path.write_text(MINE, encoding="utf-8")
    return str(path)


def test_right_and_wrong(mine: str, capsys: Any) -> None:
    assert main([f"{mine}:Mine", "--as", "separately"]) == RIGHT
    assert capsys.readouterr().out.startswith("Adam (lr=0.01, betas=(0.85, 0.98)")
    assert main([f"{mine}:Inner.Wrong", "--as", "separately", "--lr", "0.1"]) == WRONG
    out = capsys.readouterr().out
    assert out.startswith("not Adam: ")
    assert "(lr=0.1, " in out
    assert "eps is inside the root" in out


def test_what_is_given_counts_as_fixed(mine: str, capsys: Any) -> None:
    assert main([f"{mine}:Mine", "--as", "separately", "--with", "eps=1e-4"]) == RIGHT
    assert "the eps cannot be set: it is 0.0001" in capsys.readouterr().out


def test_json_is_read_back(mine: str, capsys: Any) -> None:
    args = ["--as", "separately", "--json", "--betas", "0.8", "0.9", "--dtype", "float32"]
    assert main([f"{mine}:Inner.Wrong", *args]) == WRONG
    found = json.loads(capsys.readouterr().out)
    assert found["bugs"] == ["eps_inside_root"]
    assert found["hyper"]["betas"] == [0.8, 0.9]
    assert found["how_sure"] == "sure"
    assert found["target"].endswith(":Inner.Wrong")


def test_another_reference(capsys: Any) -> None:
    args = ["--reference", "AdamW", "--weight-decay", "0.1"]
    assert main(["adam_lib:AdamW", *args]) == RIGHT
    assert "AdamW" in capsys.readouterr().out
    assert main(["adam_lib:Adam", *args]) == WRONG


UNUSABLE_CALLS = {
    "target must be package.module:Name or file.py:Name": ["adam_lib.Adam"],
    "No module named 'no_such_module'": ["no_such_module:Adam"],
    "has no attribute 'Atom'": ["adam_lib:Atom"],
    "there is no file": ["no/such/file.py:Adam"],
    "lr must be > 0 in a diagnosis": ["adam_lib:Adam", "--lr", "0"],
    "--with takes NAME=VALUE": ["adam_lib:Adam", "--with", "fused"],
    "start cannot be called as start(params, lr=, betas=, eps=)": ["adam_lib:adam_step"],
}


@pytest.mark.parametrize("message", UNUSABLE_CALLS)
def test_what_cannot_be_tested_is_no_wrong_adam(message: str, capsys: Any) -> None:
    assert main(UNUSABLE_CALLS[message]) == UNUSABLE
    assert message in capsys.readouterr().err


def test_as_a_command(mine: str) -> None:
    command = [sys.executable, "-m", "adam_lib.conformance"]
    run = subprocess.run(
        [*command, f"{mine}:Mine", "--as", "separately"], capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")
    run = subprocess.run([*command, "--help"], capture_output=True, text=True)
    assert run.returncode == 0
    for name in HOW:
        assert name in run.stdout
    assert subprocess.run(command, capture_output=True).returncode == UNUSABLE
