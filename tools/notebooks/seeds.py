"""Does every measured claim hold on other seeds?  Writes book/seeds.json.

    python tools/notebooks/seeds.py                      every observation of the book
    python tools/notebooks/seeds.py 06 claim-09-rotated  of these chapters, or these alone
    python tools/notebooks/seeds.py --check              write nothing; compare with the table
    python tools/notebooks/seeds.py --shift 10..18       other seeds; write nothing
    python tools/notebooks/seeds.py --proved             also try the checks of what is proved

The slice of a claim (slices.py) is run by itself as it stands, where it must print what
the notebook stores, and then with every seed of ``np.random.default_rng`` moved by 1000,
2000, ..., 9000 (moved.py).  A claim holds on a shift if all assertions of its check cell
do.  A slice that draws nothing is run once.  What was run is kept in .seeds/, until the
slice or the library changes: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tools.notebooks import parser
from tools.notebooks.slices import Slice, slices

TABLE = parser.BOOK / "seeds.json"
KEPT = parser.ROOT / ".seeds"
SHIFTS = range(1, 10)


# ---------------------------------------------------------------- what was run


@cache
def digest(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]
    except OSError:
        return "gone"


def recall(slice_: Slice, shift: int) -> dict[str, Any] | None:
    """The result of an earlier run of the same code, if there is one."""
    try:
        found = json.loads((KEPT / slice_.claim.label / f"{shift}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    library = {str(parser.ROOT / name): was for name, was in found["library"].items()}
    same = found["slice"] == slice_.hash and all(digest(p) == d for p, d in library.items())
    return found if same else None


def keep(slice_: Slice, shift: int, result: dict[str, Any]) -> dict[str, Any]:
    # Relative to the book, which may be moved.
    names = {p: p.removeprefix(f"{parser.ROOT}/") for p in result["library"]}
    kept = result | {
        "slice": slice_.hash,
        "library": {name: digest(path) for path, name in names.items()},
    }
    path = KEPT / slice_.claim.label / f"{shift}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return kept


def holds(result: dict[str, Any]) -> bool:
    return not result["failed"] and not result["stopped"]


def run(
    page: parser.Page, wanted: list[Slice], shift: int, timeout: float
) -> dict[str, dict[str, Any]]:
    """Run the slices together in a fresh process; the results by label."""
    cells = {cell.index: cell for slice_ in wanted for cell in slice_.cells}
    job = {
        "shift": shift,
        "folder": str(page.path.resolve().parent),
        "cells": [(index, cells[index].source) for index in sorted(cells)],
        "claims": {s.claim.label: [c.index for c in s.cells] for s in wanted},
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "tools.notebooks.moved"],
        cwd=parser.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    clock = threading.Timer(timeout, worker.kill)
    clock.start()
    try:
        out, error = worker.communicate(json.dumps(job))
    finally:
        clock.cancel()
        worker.kill()
    by_label = {s.claim.label: s for s in wanted}
    found = {}
    for line in out.splitlines():
        result = json.loads(line)
        label = result.pop("claim")
        found[label] = keep(by_label[label], shift, result)
    why = (error.strip().splitlines() or [f"the run ended with code {worker.returncode}"])[-1]
    if worker.returncode and worker.returncode < 0:
        why = f"stopped after {timeout:g} s, or killed"
    lost = {"draws": 1, "failed": [], "stopped": [why], "earlier": [], "printed": "", "library": []}
    return {label: found.get(label, lost) for label in by_label}


# ------------------------------------------------------------------- the record


@dataclass
class Record:
    """What is known of one claim."""

    slice_: Slice
    as_stored: dict[str, Any] = field(default_factory=dict)  # with no seed moved
    moved: dict[int, dict[str, Any]] = field(default_factory=dict)
    problem: str = ""

    @property
    def label(self) -> str:
        return self.slice_.claim.label

    @property
    def deterministic(self) -> bool:
        return not self.as_stored["draws"]

    @property
    def runs(self) -> dict[int, dict[str, Any]]:
        return {0: self.as_stored} if self.deterministic else self.moved

    @property
    def held(self) -> int:
        return sum(map(holds, self.runs.values()))

    def row(self) -> dict[str, Any]:
        """As it stands in the table."""
        row: dict[str, Any] = {"held": self.held, "of": len(self.runs)}
        if self.deterministic:
            row["deterministic"] = True
        if self.slice_.protocol:
            row["protocol"] = self.slice_.protocol
        return row | {"slice": self.slice_.hash}

    def share(self) -> str:
        return "deterministic" if self.deterministic else f"{self.held} of {len(self.moved)}"

    def failures(self) -> dict[str, list[int]]:
        """Assertion, without its values -> the shifts on which it failed, an example last."""
        found: dict[str, list[int]] = {}
        for shift, result in self.runs.items():
            for text in {*result["failed"], *result["stopped"]}:
                found.setdefault(re.sub(r" \([^()]*(?:\([^()]*\)[^()]*)*\)$", "", text), []).append(
                    shift
                )
        return found


def examine(
    page: parser.Page,
    wanted: list[Slice],
    shifts: Iterable[int],
    timeout: float,
    say: Any,
) -> list[Record]:
    """Run what is not known yet of the claims of one page."""
    records = [Record(slice_) for slice_ in wanted]
    for record in records:
        slice_ = record.slice_
        result = recall(slice_, 0)
        if result is None:
            start = time.perf_counter()
            result = run(page, [slice_], 0, timeout)[record.label]
            say(page, f"{record.label} as stored", time.perf_counter() - start, [])
        record.as_stored = result
        stored = slice_.cells[-1].printed()
        if not holds(result):
            told = "; ".join(result["stopped"] + result["failed"])
            record.problem = f"does not hold as it is stored: {told}"
        elif result["printed"] != stored:
            record.problem = (
                "its cells by themselves print other than the notebook stores: run the notebook, "
                "or the check depends on a cell in a way that slices.py does not see"
            )
    for shift in shifts:
        drawn = [r for r in records if not r.deterministic]
        for record in drawn:
            if (known := recall(record.slice_, shift)) is not None:
                record.moved[shift] = known
        todo = [r for r in drawn if shift not in r.moved]
        if todo:
            start = time.perf_counter()
            found = run(page, [r.slice_ for r in todo], shift, timeout)
            for record in todo:
                record.moved[shift] = found[record.label]
            fails = [r.label for r in todo if not holds(r.moved[shift])]
            say(page, f"shift {shift}: {len(todo)} claims", time.perf_counter() - start, fails)
    return records


# -------------------------------------------------------------------- the table


def read_table(path: Path = TABLE) -> dict[str, dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def table_text(rows: dict[str, dict[str, Any]]) -> str:
    """One line a claim, in the order of labels."""
    lines = [
        f" {json.dumps(label)}: {json.dumps(row, ensure_ascii=False)}"
        for label, row in sorted(rows.items())
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def is_selected(page: parser.Page, label: str, wanted: list[str]) -> bool:
    """By label, by path, by the start of the page's name; everything if nothing is said."""
    names = {label, page.name, page.number, str(page.path), page.path.name}
    return not wanted or any(
        text in names or Path(text).name == page.path.name or page.name.startswith(f"{text}_")
        for text in wanted
    )


def shifts_of(text: str) -> list[int]:
    """ "10..18", "1,3", "7"."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("..")
        found += range(int(first), int(last or first) + 1)
    return found


def report(records: list[Record]) -> bool:
    """Say what does not hold; whether all does."""
    good = True
    for record in records:
        if record.problem:
            print(f"{record.label}: {record.problem}")
        if record.held < len(record.runs):
            kind = "measured" if record.slice_.claim.kind == "observation" else "PROVED"
            print(f"{record.label} ({kind}): held on {record.share()}")
            for text, where in record.failures().items():
                print(f"    {text}\n        shifts {', '.join(map(str, where))}")
        good &= not record.problem and record.held == len(record.runs)
    drawn = [r for r in records if not r.deterministic]
    whole = sum(r.held == len(r.runs) for r in drawn)
    print(
        f"{len(records)} claims: {whole} of {len(drawn)} hold on every seed, "
        f"{len(records) - len(drawn)} draw nothing"
    )
    return good


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("only", nargs="*", help="chapters (06), notebooks or claims")
    options.add_argument("--shift", type=shifts_of, help="such as 10..18; nothing is written")
    options.add_argument("--check", action="store_true", help="compare; nothing is written")
    options.add_argument("--proved", action="store_true", help="try proved claims too")
    options.add_argument("--timeout", type=float, default=900, help="seconds for a page's run")
    options.add_argument("-j", "--jobs", type=int, default=1, help="pages at once")
    args = options.parse_args(argv)

    plan = []
    everything: set[str] = set()
    for page in parser.pages():
        found = slices(page)
        measured = {n for n, s in found.items() if s.claim.kind == "observation"}
        everything |= measured
        wanted = found if args.proved else measured
        chosen = [found[n] for n in found if n in wanted and is_selected(page, n, args.only)]
        if chosen:
            plan.append((page, chosen))
    if not plan:
        print("no such claims: " + " ".join(args.only), file=sys.stderr)
        return 2

    lock, done = threading.Lock(), [0]

    def say(page: parser.Page, what: str, seconds: float, fails: list[str]) -> None:
        with lock:
            done[0] += 1
            wrong = f"  DOES NOT HOLD: {', '.join(fails)}" if fails else ""
            print(f"{done[0]:4d}  {seconds:6.1f} s  {page.name}, {what}{wrong}", flush=True)

    shifts = args.shift or list(SHIFTS)
    with parser.kernel_environment(), ThreadPoolExecutor(args.jobs) as pool:
        jobs = [
            pool.submit(examine, page, chosen, shifts, args.timeout, say) for page, chosen in plan
        ]
        records = [record for job in jobs for record in job.result()]
    good = report(records)
    if args.shift:
        return 0 if good else 1

    fresh = {r.label: r.row() for r in records if r.label in everything}
    stored = read_table()
    if args.check:
        for label, row in fresh.items():
            if stored.get(label) != row:
                print(f"{label}: stored is {stored.get(label)}, now {row}")
                good = False
        return 0 if good else 1
    rows = {label: row for label, row in (stored | fresh).items() if label in everything}
    TABLE.write_text(table_text(rows), encoding="utf-8")
    print(f"written: {TABLE.relative_to(parser.ROOT)}, {len(rows)} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
