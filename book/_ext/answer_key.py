"""The key of an answer, as a page carries it.

The keys are adam_lib/experiments/answers/*.toml, which the notebook's ``check`` reads
too.  On the page a key must not be readable at a glance, in the source or in a search
of it; it is no secret, since the page's own script decodes it (reader/key.js).
"""

from __future__ import annotations

import base64
import functools
import itertools
import json
import tomllib
from pathlib import Path

KEYS = Path(__file__).resolve().parents[2] / "adam_lib/experiments/answers"


def path_of(docname: str) -> Path:
    """``book/06_bias_correction`` has its keys in 06.toml, ``book/sitting`` in sitting.toml."""
    name = docname.rpartition("/")[2]
    return KEYS / f"{name[:2] if name[:2].isdigit() else name}.toml"


@functools.cache
def _read(path: Path, changed: float) -> dict[str, dict]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def entry(docname: str, name: str) -> dict | None:
    """The key ``name`` of a page, or None."""
    path = path_of(docname)
    return _read(path, path.stat().st_mtime).get(name) if path.is_file() else None


def encoded(name: str, key: dict) -> str:
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":")).encode()
    pad = itertools.cycle(f"adam {name}".encode())
    return base64.b64encode(bytes(a ^ b for a, b in zip(text, pad, strict=False))).decode()


def key_script(name: str, key: dict) -> str:
    return (
        f'<script type="application/json" class="answer-key" data-for="{name}">'
        f"{json.dumps(encoded(name, key))}</script>"
    )
