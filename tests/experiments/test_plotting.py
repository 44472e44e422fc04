"""The plot helpers: what a reader of the figure relies on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

import adam_lib as al
from adam_lib.experiments import plotting


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    """No window, no figure left open, no setting left changed."""
    with mpl.rc_context():
        plt.switch_backend("agg")
        yield
        plt.close("all")


def texts(ax: plt.Axes) -> list[str]:
    return [a.get_text() for a in ax.texts]


def curves(ax: plt.Axes) -> dict[str, plt.Line2D]:
    return {line.get_label(): line for line in ax.get_lines()}


def test_style_applies_and_keeps_the_backend() -> None:
    mpl.rcParams["lines.linewidth"] = 17.0
    mpl.rcParams["axes.facecolor"] = "red"
    backend = mpl.get_backend()
    assert plotting.use_style() is None
    for key, value in plotting.STYLE.items():
        assert mpl.rcParams[key] == value
    assert mpl.rcParams["axes.facecolor"] == mpl.rcParamsDefault["axes.facecolor"]
    assert mpl.get_backend() == backend


def test_style_is_the_same_when_set_twice() -> None:
    plotting.use_style()
    once = dict(mpl.rcParams)
    plotting.use_style()
    assert dict(mpl.rcParams) == once


def test_every_optimizer_has_a_colour_of_its_own() -> None:
    assert set(al.OPTIMIZERS) <= set(plotting.COLORS)
    assert len(set(plotting.COLORS.values())) == len(plotting.COLORS)
    assert set(plotting.CYCLE) <= set(plotting.COLORS.values())


def luminance(color: str) -> float:
    """Relative luminance of WCAG 2."""
    rgb = np.array(mpl.colors.to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_labels_can_be_read_on_white() -> None:
    """Curve names are written in the curve's colour: contrast at least 4.5."""
    for name, color in plotting.COLORS.items():
        assert 1.05 / (luminance(color) + 0.05) >= 4.5, name


# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
DEFICIENCIES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def lab(color: str, deficiency: str | None) -> np.ndarray:
    """CIE L*a*b* of a colour as seen."""
    rgb = np.array(mpl.colors.to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    if deficiency:
        linear = np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)
    xyz = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ linear
        / [0.9505, 1.0, 1.089]
    )
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", [None, *DEFICIENCIES])
def test_colours_stay_apart(deficiency: str | None) -> None:
    """The cycle's first four are told apart by everyone; a difference of 10 is plain to see."""
    gaps = {
        (a, b): float(np.linalg.norm(lab(a, deficiency) - lab(b, deficiency)))
        for a, b in combinations(plotting.CYCLE[:4], 2)
    }
    assert min(gaps.values()) > 10, gaps


def test_every_two_optimizers_can_be_told_apart() -> None:
    """Their curves are named, so that only those who see all colours rely on the colour."""
    gaps = {
        (a, b): float(np.linalg.norm(lab(x, None) - lab(y, None)))
        for (a, x), (b, y) in combinations(plotting.COLORS.items(), 2)
    }
    assert min(gaps.values()) > 10, gaps


def test_figure_has_the_size_and_the_axes_asked_for() -> None:
    fig, ax = plotting.figure(5.0, 2.5)
    assert fig.get_size_inches().tolist() == [5.0, 2.5]
    assert isinstance(ax, plt.Axes)
    _, (left, right) = plotting.figure(ncols=2, sharey=True)
    assert left.get_position().x1 < right.get_position().x0
    _, (top, middle, _) = plotting.figure(nrows=3)
    assert top.get_position().y0 > middle.get_position().y1


def test_lines_name_every_curve_at_its_end() -> None:
    plotting.use_style()
    x = np.arange(1, 11)
    series = {"Adam": x * 1.0, "SGD": x * 3.0, "mine": x * 2.0, "other": np.full(10, 2.0)}
    fig, ax = plotting.figure()
    assert plotting.lines(ax, x, series, colors={"mine": "#123456"}, linestyle="--") is None
    assert sorted(texts(ax)) == sorted(series)
    assert ax.get_legend() is None
    drawn = curves(ax)
    for name, y in series.items():
        np.testing.assert_array_equal(drawn[name].get_ydata(), y)
        np.testing.assert_array_equal(drawn[name].get_xdata(), x)
        assert drawn[name].get_linestyle() == "--"
    assert drawn["Adam"].get_color() == plotting.COLORS["Adam"]
    assert drawn["SGD"].get_color() == plotting.COLORS["SGD"]
    assert drawn["mine"].get_color() == "#123456"
    for text in ax.texts:
        assert text.get_color() == drawn[text.get_text()].get_color()
        assert text.xy[0] > 1  # right of the axes
    heights = [text.xy[1] for text in sorted(ax.texts, key=lambda a: a.xy[1])]
    order = [text.get_text() for text in sorted(ax.texts, key=lambda a: a.xy[1])]
    assert order == ["other", "Adam", "mine", "SGD"]
    assert min(b - a for a, b in pairwise(heights)) > 0.05
    fig.canvas.draw()


def test_labels_of_curves_that_end_together_do_not_overlap() -> None:
    """Nor leave the axes below or above, on a logarithmic scale and with a NaN at the end."""
    plotting.use_style()
    x = np.arange(1.0, 6)
    fig, ax = plotting.figure()
    ax.set_yscale("log")
    series = {f"curve {k}": 1 / x**2 * (1 + k * 1e-3) for k in range(6)}
    series["gone"] = np.array([1.0, 2.0, np.nan, np.nan, np.nan])
    plotting.lines(ax, x, series)
    fig.canvas.draw()
    boxes = [a.get_window_extent() for a in ax.texts]
    assert len(boxes) == 7
    for a, b in combinations(boxes, 2):
        assert not a.overlaps(b)
    frame = ax.get_window_extent()
    assert all(frame.y0 - 12 <= (a.y0 + a.y1) / 2 <= frame.y1 + 12 for a in boxes)


def test_reference_lines_are_not_named() -> None:
    """Unlabelled lines, such as a bound drawn with axhline, get no text."""
    _, ax = plotting.figure()
    ax.axhline(1.0, color=plotting.GREY)
    plotting.lines(ax, [1, 2], {"Adam": [1, 2]})
    assert texts(ax) == ["Adam"]
    _, ax = plotting.figure()
    assert plotting.label_ends(ax) is None
    assert texts(ax) == []


@pytest.mark.parametrize(
    "problem", [al.valley(), al.rosenbrock(), al.saddle()], ids=lambda p: p.name
)
def test_paths_draw_the_runs_where_they_went(problem: al.Problem) -> None:
    runs = [
        al.minimize(problem, al.Adam, 30, lr=0.1),
        al.minimize(problem, al.RMSprop, 30),
    ]
    fig, ax = plotting.figure()
    assert plotting.paths(ax, problem, runs) is None
    drawn = curves(ax)
    for run in runs:
        np.testing.assert_array_equal(drawn[run.label].get_xydata(), run.theta)
        assert drawn[run.label].get_color() == plotting.COLORS[run.label]
    (x0, x1), (y0, y1) = problem.domain
    assert ax.get_xlim() == (x0, x1)
    assert ax.get_ylim() == (y0, y1)
    marks = [line.get_xydata()[0].tolist() for line in ax.get_lines() if line.get_marker() == "+"]
    assert marks == [problem.minimum.tolist()]
    assert len(ax.collections) > 0  # contours
    fig.canvas.draw()


def test_paths_are_named() -> None:
    """Each run's name stands on the figure, not in a legend."""
    problem = al.valley()
    _, ax = plotting.figure()
    plotting.paths(
        ax, problem, [al.minimize(problem, c, 50, lr=0.1) for c in (al.Adam, al.AdaGrad)]
    )
    assert sorted(texts(ax)) == ["AdaGrad", "Adam"]
    assert ax.get_legend() is None


def test_one_path_is_named_by_the_title() -> None:
    _, ax = plotting.figure()
    plotting.paths(ax, al.valley(), [al.minimize(al.valley(), al.Adam, 5)])
    assert texts(ax) == []


def test_labels_are_moved_no_further_than_needed() -> None:
    """Not at all where there is room, up to the very edges; past an edge, back to it."""
    assert plotting.spread([0.0, 1.0], 0.1) == [0.0, 1.0]
    assert plotting.spread([1.0, 1.0], 0.25) == [0.75, 1.0]
    assert plotting.spread([0.0, 0.0], 0.25) == [0.0, 0.25]


def test_paths_need_a_plane() -> None:
    _, ax = plotting.figure()
    with pytest.raises(ValueError, match="problem must have a domain to draw, got 'quadratic'"):
        plotting.paths(ax, al.quadratic([1.0, 2.0, 3.0]), [])
