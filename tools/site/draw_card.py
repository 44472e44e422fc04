"""Draw book/_static/card.png, which chats and search results show beside a link.

    python tools/site/draw_card.py

Run by hand when the title or the picture changes; the site only carries the file.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import adam_lib
from adam_lib.experiments.plotting import COLORS, use_style

OUT = Path(__file__).resolve().parents[2] / "book/_static/card.png"
CURVATURE = np.array([1.0, 20.0])


def descend(make, steps: int) -> np.ndarray:
    theta = np.array([-9.0, 2.4])
    optimizer = make(theta)
    path = [theta.copy()]
    for _ in range(steps):
        optimizer.step(CURVATURE * theta)
        path.append(theta.copy())
    return np.array(path)


def main() -> None:
    use_style()
    figure = plt.figure(figsize=(12, 6.3), dpi=100, layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    x, y = np.meshgrid(np.linspace(-12, 4, 240), np.linspace(-6.2, 4.2, 160))
    value = 0.5 * (CURVATURE[0] * x**2 + CURVATURE[1] * y**2)
    axes.contour(x, y, np.sqrt(value), levels=14, colors="#d3dae3", linewidths=1.4)
    for name, make in {
        "SGD": lambda p: adam_lib.SGD(p, lr=0.093),
        "Adam": lambda p: adam_lib.Adam(p, lr=0.35),
    }.items():
        path = descend(make, 150)
        axes.plot(*path.T, color=COLORS[name], lw=3.5, solid_capstyle="round")
    axes.plot(0, 0, "o", color="#1f2328", ms=9)
    axes.set(xlim=(-12, 4), ylim=(-6.2, 4.2), xticks=[], yticks=[])
    axes.grid(False)
    axes.set_axis_off()
    figure.text(
        0.055,
        0.13,
        "Adam, derived",
        fontsize=62,
        weight="bold",
        color="#1f2328",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 6, "alpha": 0.85},
    )
    figure.text(
        0.058,
        0.065,
        "Nothing is asserted that the page does not prove or measure.",
        fontsize=22,
        color="#3c4148",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 4, "alpha": 0.85},
    )
    figure.savefig(OUT)
    plt.close(figure)


if __name__ == "__main__":
    main()
