"""How nbval re-runs the book: figures count, and stale notebooks fail.

By itself nbval passes a cell that was never run, and does not look at
pictures.  Here every cell's execution count must fit, a picture is compared
pixel by pixel, and the name under which a number is glued is compared too.
Nor does it see in which order text and figures came, or a line that a carriage
return covers, and it waits for a dead kernel's answer until the time is up.

Pixels depend on the machine as well as on Matplotlib.  Linux on x86-64 is where
the stored figures are made, and there they are always compared.  Elsewhere a
small reference figure is drawn first; if its pixels differ from those stored
here, figures cannot be compared, and the run ends with a line that says so.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import io
import platform
import sys
import time

import nbval.plugin
import numpy as np
import pytest
from nbval.kernel import Empty, RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile
from PIL import Image

from tools.notebooks import parser

with contextlib.suppress(ImportError):  # then nobody asks for it
    from xdist.scheduler import LoadFileScheduling

PNG = "iVBORw0KGgo"  # how every base64 PNG starts
REFERENCE_FIGURE = "ccc8ad12b55a998e"
FIGURES = "figures"  # the name of a report's property

_environment = contextlib.ExitStack()
_counts = {"compared": 0, "not compared": 0}
_sanitize_text = IPyNbCell.sanitize


# ---------------------------------------------------------------------- figures


def describe(picture: str | bytes) -> str:
    """A PNG's size, a hash of its pixels, and the Matplotlib that drew it."""
    data = base64.b64decode(picture) if isinstance(picture, str) else picture
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image.convert("RGBA"))
        digest = hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
        drawn_by = image.info.get("Software", "?").partition(", ")[0]
        return f"PNG {image.width}x{image.height} {digest} {drawn_by}"


def draw_reference_figure() -> str:
    """What figures are made of: text, formulas, lines, contours, markers."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = Figure(figsize=(2, 2))
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        x = np.linspace(-1, 1, 21)
        axes.contour(x, x, x**2 + 9 * x[:, None] ** 2)
        axes.plot(x, x**3, "o-", alpha=0.7)
        axes.set_title(r"$\hat{m}_t$ of Adam")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
    return describe(buffer.getvalue()).split()[2]


@functools.cache
def figures_comparable() -> bool:
    if sys.platform == "linux" and platform.machine() == "x86_64":
        return True
    return draw_reference_figure() == REFERENCE_FIGURE


def sanitize(self, value):
    """Let nbval compare a PNG by its pixels."""
    if not (isinstance(value, str) and value.startswith(PNG)):
        return _sanitize_text(self, value)
    return describe(value) if figures_comparable() else "PNG, not compared"


IPyNbCell.sanitize = sanitize


# ---------------------------------------------------------------------- outputs


def kind(output):
    """What an output is, apart from what it says."""
    what = [output.get("output_type"), output.get("name")]
    return [*filter(None, what), *sorted(output.get("data", {}))]


def compare_outputs(self, test, ref, skip_compare=None):
    """In their order: nbval compares text with text and figures with figures."""
    now, stored = [kind(o) for o in test], [kind(o) for o in ref]
    if now != stored:
        self.comparison_traceback = [f"outputs are {now}", f"stored are {stored}"]
        return False
    return _compare_outputs(self, test, ref, skip_compare)


_compare_outputs = IPyNbCell.compare_outputs
IPyNbCell.compare_outputs = compare_outputs
# nbval's own also takes out what a carriage return or a backspace covers
nbval.plugin.coalesce_streams = parser.merged


# ----------------------------------------------------------------------- kernel


def await_reply(self, msg_id, timeout=None):
    """nbval's, but a kernel that is gone will not answer."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        left = 1 if end is None else min(1, end - time.monotonic())
        if left <= 0:
            raise Empty
        try:
            return _await_reply(self, msg_id, timeout=left)
        except Empty:
            if not self.is_alive():
                raise RuntimeError("the kernel died while it ran this cell") from None


_await_reply = RunningKernel.await_reply
RunningKernel.await_reply = await_reply


# ------------------------------------------------------------------------ hooks


def pytest_configure(config):
    _environment.enter_context(parser.kernel_environment())


def pytest_unconfigure(config):
    _environment.close()


def pytest_collectstart(collector):
    if isinstance(collector, IPyNbFile):
        # nbval's own list names image/png, image/jpeg and metadata, which
        # holds the names of glued numbers.
        collector.skip_compare = tuple(
            key
            for key in collector.skip_compare
            if key != "metadata" and not key.startswith("image/")
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """The cells of a notebook share a kernel, so they stay on one worker."""
    if config.getvalue("dist") in ("load", "worksteal", "loadgroup"):
        return LoadFileScheduling(config, log)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    if not isinstance(item, IPyNbCell) or not item.cell.source.strip():
        return
    if item.cell.execution_count != item.cell_num + 1:
        raise AssertionError(
            f"execution_count is {item.cell.execution_count}, expected "
            f"{item.cell_num + 1}: run the notebook from top to bottom "
            "(tools/notebooks/run.py)"
        )
    figures = sum("image/png" in o.get("data", {}) for o in item.cell.outputs)
    verdict = "compared" if figures_comparable() else "not compared"
    item.user_properties.append((FIGURES, (verdict, figures)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if isinstance(item, IPyNbCell) and report.failed:
        cell_id = item.cell.get("id", "?")
        report.sections.append(
            ("Where", f"{item.path.name}, code cell {item.cell_num + 1} (id {cell_id})")
        )


def pytest_runtest_logreport(report):
    """With pytest-xdist, workers send what they compared with their reports."""
    if report.when == "call":
        for name, value in report.user_properties:
            if name == FIGURES:
                verdict, figures = value
                _counts[verdict] += figures


def pytest_terminal_summary(terminalreporter):
    if _counts["not compared"]:
        terminalreporter.write_line(
            f"FIGURES NOT COMPARED: {_counts['not compared']} figures; "
            f"{platform.system()} on {platform.machine()} draws other pixels. "
            "Linux on x86-64 compares them.",
            yellow=True,
            bold=True,
        )
    elif _counts["compared"]:
        terminalreporter.write_line(f"figures: {_counts['compared']} compared, pixel by pixel")
