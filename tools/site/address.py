"""Where the repository is, and the site that is made from it.

A fork has another address than the original, and nobody should have to edit a
line for that: within a workflow of GitHub the repository it runs in is meant.
Anywhere else the line in _config.yml counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

REPOSITORY = re.compile(r"https://github\.com/(?P<owner>[\w-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?")


def repository(config: Path, environment: Mapping[str, str] = os.environ) -> str:
    """https://github.com/owner/name, or nothing where neither source says it."""
    running = environment.get("GITHUB_REPOSITORY", "")
    if re.fullmatch(r"[\w-]+/[\w.-]+", running):
        return f"https://github.com/{running}"
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    return str((settings.get("repository") or {}).get("url") or "").rstrip("/")


def site(repository: str) -> str:
    """Where GitHub Pages serves it, with a slash at the end; a user's own page at the root."""
    found = REPOSITORY.fullmatch(repository)
    if not found:
        return ""
    host = f"{found['owner'].lower()}.github.io"
    return (
        f"https://{host}/" if found["name"].lower() == host else f"https://{host}/{found['name']}/"
    )
