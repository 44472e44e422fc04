"""The book's figures: one style, one colour an optimizer, labels on the curves.

The only module that imports Matplotlib. Every helper returns None, so that a
notebook cell never prints an object by accident; ``figure`` is the exception.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.rcsetup import cycler

from .problems import Problem
from .train import Trajectory

# Dark enough to read as text on white (contrast >= 4.5), apart for colour-blind eyes.
COLORS = {
    "SGD": "#5f6368",
    "momentum": "#0b62a8",
    "Nesterov": "#5b4fb5",
    "AdaGrad": "#a0307f",
    "RMSprop": "#00795a",
    "Adadelta": "#8a6500",
    "Adam": "#c2410c",
    "AdamW": "#8c1d40",
    "AMSGrad": "#16697a",
    "AdaMax": "#7b3f00",
    "NAdam": "#4d6b1e",
    "RAdam": "#6b2fa0",
    "Lion": "#66372e",
    "Adafactor": "#995c7a",
    "Adam-mini": "#cc2944",
    "Shampoo": "#532e66",
    "SOAP": "#b129cc",
    "Muon": "#2929cc",
    "Schedule-free": "#806e4c",
}
GREY = "#8a8a8a"
CYCLE = ["#c2410c", "#0b62a8", "#00795a", "#a0307f", "#8a6500", "#5f6368"]

STYLE = {
    "figure.dpi": 144,
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "font.size": 11,
    "axes.titlesize": 11.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler("color", CYCLE),
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "image.cmap": "cividis",
}


def use_style() -> None:
    """Set the book's Matplotlib style for this session."""
    mpl.rcParams.update(mpl.rcParamsDefault | {"backend": mpl.rcParams["backend"]} | STYLE)


def figure(
    width: float = 6.4, height: float = 3.6, nrows: int = 1, ncols: int = 1, **kwargs: Any
) -> tuple[Any, Any]:
    """A figure of ``width`` x ``height`` inches with its axes, as ``plt.subplots``."""
    return plt.subplots(nrows, ncols, figsize=(width, height), **kwargs)


def lines(
    ax: Any,
    x: Any,
    series: Mapping[str, Any],
    colors: Mapping[str, str] | None = None,
    **kwargs: Any,
) -> None:
    """Plot each series over ``x`` and write its name at its right end.

    ``colors`` maps names to colours; optimizers have theirs already. Scales and
    limits of ``ax`` must be set before the call, since labels are spread to fit them.
    """
    known = COLORS | dict(colors or {})
    for name, y in series.items():
        style = {"color": known[name]} if name in known else {}
        ax.plot(x, y, label=name, **(style | kwargs))
    label_ends(ax)


def label_ends(ax: Any, gap: float = 0.065) -> None:
    """Name each labelled curve at its right end, spread apart by ``gap`` of the axis."""
    ax.figure.canvas.draw()  # settles the limits that the positions depend on
    ends = []
    for line in ax.get_lines():
        if line.get_label().startswith("_"):
            continue
        xy = np.column_stack([line.get_xdata(), line.get_ydata()]).astype(float)
        xy = xy[np.all(np.isfinite(xy), axis=1)]
        if len(xy):
            height = ax.transAxes.inverted().transform(ax.transData.transform(xy[-1]))[1]
            ends.append((float(np.clip(height, 0.0, 1.0)), line))
    ends.sort(key=lambda end: end[0])
    heights = spread([height for height, _ in ends], gap)
    for height, (_, line) in zip(heights, ends, strict=True):
        ax.annotate(
            line.get_label(),
            (1.015, height),
            xycoords="axes fraction",
            va="center",
            color=line.get_color(),
            annotation_clip=False,
        )


def spread(heights: list[float], gap: float) -> list[float]:
    """Sorted ``heights`` in [0, 1], moved as little as possible to be ``gap`` apart.

    Least squares: neighbours that are too close form a group with their mean kept.

    >>> [round(h, 3) for h in spread([0.2, 0.2, 0.9], gap=0.1)]
    [0.15, 0.25, 0.9]
    """
    groups: list[list[float]] = []  # heights less i * gap, which must not fall
    for i, height in enumerate(heights):
        groups.append([height - i * gap])
        while len(groups) > 1 and np.mean(groups[-2]) > np.mean(groups[-1]):
            last = groups.pop()
            groups[-1] += last
    level = [float(np.mean(group)) for group in groups for _ in group]
    top = max(0.0, 1 - gap * (len(heights) - 1))
    return [min(max(h, 0.0), top) + i * gap for i, h in enumerate(level)]


def paths(ax: Any, problem: Problem, trajectories: Iterable[Trajectory]) -> None:
    """Draw a plane problem's contours and the runs' paths; several runs are named."""
    runs = list(trajectories)
    if problem.domain is None:
        raise ValueError(f"problem must have a domain to draw, got {problem.name!r} without one")
    (x0, x1), (y0, y1) = problem.domain
    plane = np.stack(np.meshgrid(np.linspace(x0, x1, 201), np.linspace(y0, y1, 201)), axis=-1)
    above = problem.f(plane) - problem.f_min
    levels = np.geomspace(max(above.max() * 1e-4, 1e-12), above.max(), 12)
    ax.contour(plane[..., 0], plane[..., 1], above, levels=levels, colors="#c9c9c9", linewidths=0.8)
    ax.plot(*problem.minimum, marker="+", color="black", markersize=10, zorder=5)
    for run in runs:
        color = COLORS.get(run.label, CYCLE[0])
        ax.plot(run.theta[:, 0], run.theta[:, 1], color=color, label=run.label)
        ax.plot(*run.theta[-1], marker="o", color=color, markersize=5)
    ax.set(xlim=(x0, x1), ylim=(y0, y1))
    ax.grid(False)
    if len(runs) > 1:  # one run is named by the figure's title
        label_ends(ax)
