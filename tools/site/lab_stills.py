"""Draw what every explorable opens with, for where scripts do not run.

    python tools/site/lab_stills.py

The scripts of book/_static/lab draw it themselves, in V8 without a browser
(mini-racer).  tests/site/test_explorables.py fails when a still is not what they
draw; then run this, and look at the pages.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "book/_static/lab"
STILLS = ROOT / "book/_ext/stills"
BASE = ("rules", "plot")


def scripts() -> list[str]:
    return sorted(p.stem for p in SCRIPTS.glob("*.js") if p.stem not in (*BASE, "page"))


class Engine:
    """The scripts, loaded in the order in which a page loads them."""

    def __init__(self) -> None:
        from py_mini_racer import MiniRacer

        self.v8 = MiniRacer()
        for name in (*BASE, *scripts()):
            source = (SCRIPTS / f"{name}.js").read_text(encoding="utf-8")
            self.v8.eval(source + ";null")
        #: The explorables there are; one script may define several.
        self.names: list[str] = sorted(self("Object.keys(lab.figures)"))

    def close(self) -> None:
        """Left open, the engine's thread can keep the process from ending."""
        self.v8.close()

    def __call__(self, expression: str, **values: Any) -> Any:
        """The value of an expression in which ``values`` stand under their names."""
        given = "".join(f"const {k} = {json.dumps(v)};" for k, v in values.items())
        return json.loads(self.v8.eval(f"{{{given} JSON.stringify({expression})}}"))


def still(engine: Engine, name: str) -> str:
    title = engine("lab.figures[name].title", name=name)
    # Without scripts nothing can be dragged: the handle is no control there.
    drawn = re.sub(r'(<g class="lab-handle")[^>]*', r"\1", engine("lab.render(name)", name=name))
    return f"<!-- {title} -->\n{drawn}\n"


def main() -> int:
    engine = Engine()
    STILLS.mkdir(exist_ok=True)
    for name in engine.names:
        (STILLS / f"{name}.html").write_text(still(engine, name), encoding="utf-8")
        print(f"{name}: {len(still(engine, name)):,} bytes")
    engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
