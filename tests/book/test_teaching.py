"""What the teaching page promises: plans that fill their time, every exercise, figures."""

import csv
import re
from pathlib import Path

import nbformat
import pytest

from tools.notebooks import figures, parser, run

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "book/teaching.md").read_text(encoding="utf-8")


def test_each_plan_fills_90_minutes():
    plans = re.split(r"(?m)^## Plan ", TEXT)[1:]
    assert len(plans) == 2
    for plan in plans:
        table = plan.partition("*Afterwards:*")[0]
        assert sum(map(int, re.findall(r"(?m)^\| (\d+) \|", table))) == 90


PLOT = """\
import matplotlib.pyplot as plt
plt.plot([0, 1], [1, 2])
plt.show()"""


@pytest.fixture
def page(tmp_path):
    nb = nbformat.v4.new_notebook()
    shown = {"image": {"alt": "A line."}, "figure": {"name": "fig-06-line", "caption": "Straight."}}
    nb.cells = [nbformat.v4.new_code_cell(PLOT, metadata={"mystnb": shown})]
    path = tmp_path / "06_line.ipynb"
    nbformat.write(nb, path)
    path.write_text(run.execute(path), encoding="utf-8")
    return parser.read(path)


@pytest.mark.parametrize(("svg", "begins"), [(False, b"\x89PNG"), (True, b"<?xml")])
def test_a_figure_becomes_a_file_with_its_caption(page, tmp_path, svg, begins):
    out = tmp_path / "out"
    figures.write(out, [page], svg)
    name = f"fig-06-line.{'svg' if svg else 'png'}"
    assert (out / name).read_bytes().startswith(begins)
    with (out / "captions.csv").open(encoding="utf-8") as file:
        [row] = csv.DictReader(file)
    assert (row["file"], row["caption"], row["alt"]) == (name, "Straight.", "A line.")


def test_a_page_that_is_not_there_is_named(capsys, tmp_path):
    with pytest.raises(SystemExit):
        figures.main([str(tmp_path), "--only", "99"])
    assert "--only must be the beginning of a page's name, got '99'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
