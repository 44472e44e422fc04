"""The checks of the book can fail: each is shown a book broken in one place.

The books are small copies in a temporary folder.  A guard, or nbval with
book/conftest.py, must find what was broken and name the place.
"""

import base64
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tools.notebooks import guards, parser, seeds
from tools.notebooks import run as run_notebooks
from tools.notebooks.slices import slices

CLAIM = """\
```{prf:theorem} A constant gradient
:label: claim-06-constant
The average of a constant $g$ is $g$.
```
"""
OBSERVATION = """\
```{prf:observation} Measured: a coin
:label: claim-06-coin
Of 100 flips of a fair coin 31 to 69 are heads.
```
"""
CELLS = [
    (
        "a1",
        "# Bias correction\n\n## What you will be able to settle\n\n*The core* is all.\n\n" + CLAIM,
    ),
    (
        "a2",
        "from adam_lib.experiments.page import glue\n\n"
        "assert abs(sum([0.5] * 4) / 4 - 0.5) < 1e-12\n"
        'print("the average is 0.5")',
        {"tags": ["check:claim-06-constant"]},
    ),
    (
        "a3",
        "import matplotlib.pyplot as plt\n\n"
        "plt.figure(figsize=(2, 1.5))\n"
        "plt.plot([0, 1], [1, 2])\n"
        "plt.show()",
        {
            "mystnb": {
                "image": {"alt": "The line rises from one to two."},
                "figure": {"name": "fig-06-line", "caption": "A straight line."},
            }
        },
    ),
    ("b1", "```{predict} 6.a\nHow much is a half?\n```"),
    (
        "b2",
        # as adam_lib.experiments.page has them, with this little book's key
        "def settle(prediction, value):\n    assert value == 0.5\n\n\n"
        'KEY = {"6.1": 2, "6.2": "b", "6.3": ["a", "b"]}\n\n\n'
        "def check(exercise, answer):\n"
        '    said = "right" if answer == KEY[exercise] else "not answered yet"\n'
        '    print(f"Exercise {exercise}: {said}.")\n\n\n'
        'confirm = check\nflips = 100\nsettle("6.a", 1 / 2)',
    ),
    ("b3", "It is less than one.\n\n```{settled} 6.a\n```"),
    ("a4", 'glue("06-half", f"{1 / 2:.2f}")'),
    (
        "a5",
        "The half is {glue:text}`06-half`.\n\n## Exercises\n\n"
        "```{exercise}\n:label: ex-06-1\nHow much is one and one?\n```\n\n"
        "```{answer} 6.1\n```",
    ),
    ("a6", 'answer = ...\ncheck("6.1", answer)'),
    (
        "a7",
        "```{solution-start} ex-06-1\n:label: sol-06-1\n:class: dropdown\n```\n\nTwo.",
    ),
    ("a8", 'answer = 1 + 1\nconfirm("6.1", answer)'),
    (
        "a9",
        "```{solution-end}\n```\n\n"
        "```{exercise}\n:label: ex-06-2\nWhich is larger?\n```\n\n```{answer} 6.2\n```",
    ),
    ("c1", 'answer = ...\ncheck("6.2", answer)'),
    ("c2", "```{solution-start} ex-06-2\n:label: sol-06-2\n:class: dropdown\n```\n\nTwo."),
    ("c3", 'confirm("6.2", "ab"[max((0, 1))])'),
    (
        "c4",
        "```{solution-end}\n```\n\n"
        "```{exercise}\n:label: ex-06-3\nWhich are even?\n```\n\n```{answer} 6.3\n```",
    ),
    ("c5", 'answer = ...\ncheck("6.3", answer)'),
    ("c6", "```{solution-start} ex-06-3\n:label: sol-06-3\n:class: dropdown\n```\n\nBoth."),
    ("c7", 'confirm("6.3", [n for n, k in zip("ab", (2, 4)) if k % 2 == 0])'),
    (
        "c8",
        "```{solution-end}\n```\n\n## What to keep\n\n"
        "- One ({prf:ref}`claim-06-constant`).\n- Two.\n- Three.\n\n"
        "## Further reading\n\n{cite:t}`kingma2014adam`.",
    ),
    ("d1", OBSERVATION),
    (
        "d2",
        "# protocol: 100 flips, once\n"
        "import numpy as np\n\n"
        "rng = np.random.default_rng(3)\n"
        "assert 30 < rng.integers(2, size=flips).sum() < 70\n"
        'print("neither side is rare")',
        {"tags": ["check:claim-06-coin"]},
    ),
]
CODE = {"a2", "a3", "a4", "a6", "a8", "b2", "c1", "c3", "c5", "c7", "d2"}
KEY = """\
["6.a"]
form = "number"
ask = "A number."
right = 0.5
rel = 0.01
["6.1"]
form = "number"
level = "warm-up"
minutes = 1
ask = "A number."
right = 2
rel = 0.01
wrong = [{ is = 3, say = "One too many." }]
["6.2"]
form = "choice"
level = "core"
minutes = 1
ask = "A letter."
options = ["one", "two"]
right = "b"
wrong = [{ is = "a", say = "That is smaller." }]
["6.3"]
form = "letters"
level = "deep"
minutes = 1
ask = "All that are."
options = ["two", "four", "five"]
right = ["a", "b"]
wrong = [{ has = "c", say = "Five is odd." }]
"""


def notebook():
    cells = []
    for cell_id, source, *metadata in CELLS:
        new = new_code_cell if cell_id in CODE else new_markdown_cell
        cells.append(new(source, id=cell_id, metadata=dict(*metadata)))
    return new_notebook(cells=cells)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A book of one executed chapter that no guard objects to."""
    root = tmp_path_factory.mktemp("sound")
    (root / "book").mkdir()
    shutil.copy(parser.ROOT / "requirements.txt", root)
    shutil.copy(parser.BOOK / "conftest.py", root / "book")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nparts:\n  - chapters:\n    - file: book/06_bias\n"
    )
    (root / "pytest.ini").write_text(
        "[pytest]\naddopts = --nbval --nbval-current-env\n"
        f"pythonpath = {shlex.quote(str(parser.ROOT))}\nfilterwarnings = error\n",
        encoding="utf-8",
    )
    (root / "book/index.md").write_text("# Start\n\n## Here\n\nText.\n")
    (root / "book/references.bib").write_text("@misc{kingma2014adam,\n}\n")
    keys = root / "adam_lib/experiments/answers/06.toml"
    keys.parent.mkdir(parents=True)
    keys.write_text(KEY)
    path = root / "book/06_bias.ipynb"
    nbformat.write(notebook(), path)
    assert run_notebooks.main([str(path)]) == 0
    replicate(root)
    return root


def replicate(root, **changed):
    """The table of replications, as it would be after a run on which all held."""
    found = slices(parser.read(root / "book/06_bias.ipynb"))
    row = {"held": 9, "of": 9, "slice": found["claim-06-coin"].hash} | changed
    (root / "book/seeds.json").write_text(seeds.table_text({"claim-06-coin": row}))


@pytest.fixture
def book(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "copy")


class Broken:
    """A copy of the sound book, to be changed in one place."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "book/06_bias.ipynb"
        self.key = root / "adam_lib/experiments/answers/06.toml"
        self.nb = json.loads(self.path.read_text())

    def cell(self, cell_id):
        return next(c for c in self.nb["cells"] if c["id"] == cell_id)

    def move(self, cell_id, position):
        cell = self.cell(cell_id)
        self.nb["cells"].remove(cell)
        self.nb["cells"].insert(position, cell)

    def insert(self, source, cell_id, position):
        """A cell of Markdown."""
        self.nb["cells"].insert(position, new_markdown_cell(source, id=cell_id))

    def replace(self, cell_id, old, new):
        """In the source and in the outputs, as text."""
        cell = self.cell(cell_id)
        for part in (cell, *cell.get("outputs", [])):
            for key in ("source", "text"):
                if key in part:
                    part[key] = "".join(part[key]).replace(old, new)

    def save(self):
        """As the tool would write it, so that only the break is left to find."""
        nb = nbformat.from_dict(self.nb)
        run_notebooks.normalise(nb)
        self.path.write_text(nbformat.writes(nb) + "\n")


def picture(cell):
    return cell["outputs"][0]["data"]


def change_one_pixel(cell):
    data = picture(cell)
    image = Image.open(io.BytesIO(base64.b64decode("".join(data["image/png"]))))
    info = image.info
    red, *rest = image.getpixel((30, 20))
    image.putpixel((30, 20), (red ^ 1, *rest))
    kept = PngInfo()
    kept.add_text("Software", info["Software"])
    buffer = io.BytesIO()
    image.save(buffer, "png", pnginfo=kept)
    data["image/png"] = base64.b64encode(buffer.getvalue()).decode()


def test_the_sound_book_is_sound(sound):
    assert guards.problems(sound) == {}


def test_the_tool_writes_the_same_bytes_twice(book):
    path = book / "book/06_bias.ipynb"
    before = path.read_bytes()
    assert run_notebooks.main([str(path)]) == 0
    assert path.read_bytes() == before


def test_a_chapter_that_is_still_to_be_converted_is_let_pass(book):
    broken = Broken(book)
    broken.cell("a3")["metadata"]["mystnb"].pop("figure")
    broken.replace("b3", "{settled}", "{margin}")
    broken.save()
    assert {*guards.problems(book)} == {
        "figures_are_numbered",
        "predictions_are_covered_and_settled",
    }
    (book / "tools/notebooks/pending").mkdir(parents=True)
    (book / "tools/notebooks/pending/06_bias").write_text("")
    assert guards.problems(book) == {}


def test_a_share_that_the_statement_tells_is_let_pass(book):
    broken = Broken(book)
    broken.replace("d1", "are heads.", "are heads, on 8 of 9 seeds.")
    broken.save()
    replicate(book, held=8)
    assert guards.problems(book) == {}


END = "```{solution-end}\n```\n\n"
LINKS = """
(sec-here)=
$$
x
$$ (eq-06-x)

[Next](#further-reading), [this](06_bias.ipynb#exercises), [start](index.md#here), [here](sec-here),
[far](https://example.org/#gone), {ref}`here <sec-here>`, {eq}`eq-06-x`, {doc}`06_bias`,
{prf:ref}`claim-06-constant`.
"""


def test_links_of_every_kind_are_followed(book):
    """What the guard lets pass, so that it is not seen to fail at everything."""
    broken = Broken(book)
    broken.replace("a5", "## Exercises", LINKS + "\n## Exercises")
    broken.save()
    assert guards.problems(book) == {}


# What is done to the book, the guard that sees it, and the place it names.
BREAKS = {
    "a stripped notebook": (
        lambda b: [
            c.update(outputs=[], execution_count=None)
            for c in b.nb["cells"]
            if c["cell_type"] == "code"
        ],
        "every_cell_was_run_in_order",
        "id a2",
    ),
    "an unexecuted cell with a forged output": (
        lambda b: b.cell("a4").update(execution_count=None),
        "every_cell_was_run_in_order",
        "id a4",
    ),
    "a reordered notebook": (
        lambda b: b.move("a4", 2),
        "every_cell_was_run_in_order",
        "id a4",
    ),
    "an empty cell": (
        lambda b: b.cell("a4").update(source=""),
        "every_cell_was_run_in_order",
        "id a4",
    ),
    "a claim without a check": (
        lambda b: b.cell("a2")["metadata"].clear(),
        "claims_and_checks_pair_up",
        "claim claim-06-constant has no check cell",
    ),
    "a check without a claim": (
        lambda b: b.replace("a1", CLAIM, ""),
        "claims_and_checks_pair_up",
        "id a2): checks claim-06-constant, which no claim has",
    ),
    "a check that is not the next code cell": (
        lambda b: b.move("a2", 4),
        "claims_and_checks_pair_up",
        "next code cell after claim-06-constant is not its check",
    ),
    "a claim stated twice": (
        lambda b: b.cell("a5")["source"].append("\n" + CLAIM),
        "claims_and_checks_pair_up",
        "id a5): claim claim-06-constant is also in",
    ),
    "a check that cannot fail": (
        lambda b: b.replace("a2", "assert", "print"),
        "checks_can_fail_and_can_be_seen",
        "id a2",
    ),
    "a theorem without the label of a claim": (
        lambda b: b.cell("a5")["source"].append(
            "\n\n" + CLAIM.replace("claim-06-constant", "thm-free")
        ),
        "claims_and_checks_pair_up",
        "id a5): prf:theorem 'A constant gradient' is a claim",
    ),
    "a check out of sight": (
        lambda b: b.cell("a2")["metadata"]["tags"].append("remove-cell"),
        "checks_can_fail_and_can_be_seen",
        "id a2",
    ),
    "a measurement that was never repeated": (
        lambda b: (b.root / "book/seeds.json").write_text("{\n\n}\n"),
        "measured_claims_were_replicated",
        "id d1): claim-06-coin was never run on other seeds",
    ),
    "a measurement repeated before its check was changed": (
        lambda b: b.replace("d2", "30 <", "20 <"),
        "measured_claims_were_replicated",
        "id d1): claim-06-coin was run on other seeds before",
    ),
    "a measurement repeated before what it needs was changed": (
        lambda b: b.replace("b2", "flips = 100", "flips = 90"),
        "measured_claims_were_replicated",
        "id d1): claim-06-coin was run on other seeds before",
    ),
    "a measurement that does not always hold": (
        lambda b: replicate(b.root, held=8),
        "measured_claims_were_replicated",
        "id d1): claim-06-coin held on 8 of 9, and its statement tells no share",
    ),
    "a measurement repeated too rarely": (
        lambda b: replicate(b.root, held=8, of=8),
        "measured_claims_were_replicated",
        "id d1): claim-06-coin was run on 8 other seeds, not on 9",
    ),
    "a measurement that is not what its row says": (
        lambda b: replicate(b.root, held=1, of=1, deterministic=True),
        "measured_claims_were_replicated",
        "id d1): claim-06-coin is called deterministic",
    ),
    "a row of nothing": (
        lambda b: b.replace("d1", "claim-06-coin", "claim-06-dice"),
        "measured_claims_were_replicated",
        "book/seeds.json: claim-06-coin is no observation",
    ),
    "a table that was edited": (
        lambda b: (b.root / "book/seeds.json").write_text(
            (b.root / "book/seeds.json").read_text().replace(": 9", ":9")
        ),
        "measured_claims_were_replicated",
        "book/seeds.json: not as tools/notebooks/seeds.py writes it",
    ),
    "a measurement under a theorem's title": (
        lambda b: b.replace("a1", "} A constant", "} Measured: a constant"),
        "claims_stand_alone",
        "claim-06-constant",
    ),
    "a figure without alt text": (
        lambda b: b.cell("a3")["metadata"].clear(),
        "figures_have_alt_text",
        "id a3",
    ),
    "a file name for alt text": (
        lambda b: b.cell("a3")["metadata"]["mystnb"]["image"].update(
            alt="../_images/0123456789abcdef.png"
        ),
        "figures_have_alt_text",
        "id a3",
    ),
    "two figures in a cell": (
        lambda b: b.cell("a3")["outputs"].append(b.cell("a3")["outputs"][0]),
        "figures_have_alt_text",
        "id a3",
    ),
    "an SVG figure": (
        lambda b: picture(b.cell("a3")).update({"image/svg+xml": "<svg/>"}),
        "outputs_are_prints_and_pngs",
        "id a3",
    ),
    "a word on stderr": (
        lambda b: b.cell("a2")["outputs"][0].update(name="stderr"),
        "no_errors_and_nothing_on_stderr",
        "id a2",
    ),
    "a path of this machine": (
        lambda b: b.replace("a2", "0.5", "/home/someone/0.5"),
        "outputs_hold_on_any_machine",
        "id a2",
    ),
    "a path in a picture's text": (
        lambda b: picture(b.cell("a3")).update({"text/plain": "/var/folders/x"}),
        "outputs_hold_on_any_machine",
        "id a3",
    ),
    "a path in the code": (
        lambda b: b.replace("a4", "glue(", 'open("~/half.txt"); glue('),
        "outputs_hold_on_any_machine",
        "id a4",
    ),
    "a long output": (
        lambda b: b.cell("a2")["outputs"][0].update(text="0.5\n" * 41),
        "outputs_fit_the_page",
        "id a2): prints 41 lines",
    ),
    "a wide output": (
        lambda b: b.cell("a2")["outputs"][0].update(text="0" * 101 + "\n"),
        "outputs_fit_the_page",
        "id a2): prints 101 columns",
    ),
    "NumPy's global generator": (
        lambda b: b.replace("a4", "1 / 2", "np.random.rand()"),
        "generators_are_seeded",
        "id a4): not a seeded generator: np.random.rand",
    ),
    "a generator without a seed": (
        lambda b: b.replace("a4", "1 / 2", "np.random.default_rng().random()"),
        "generators_are_seeded",
        "id a4",
    ),
    "rounding noise": (
        lambda b: b.replace("a2", "average is 0.5", "error is 1.1e-16"),
        "outputs_hold_on_any_machine",
        "id a2",
    ),
    "digits that do not hold": (
        lambda b: b.replace("a2", "average is 0.5", "average is 0.12345678912"),
        "outputs_hold_on_any_machine",
        "id a2",
    ),
    "a cell that escapes nbval": (
        lambda b: b.cell("a2")["metadata"]["tags"].append("nbval-ignore-output"),
        "no_cell_escapes_the_check",
        "id a2",
    ),
    "a check whose output is out of sight": (
        lambda b: b.cell("a2")["metadata"]["tags"].append("remove-output"),
        "cells_are_shown_as_they_are",
        "id a2): the tag remove-output",
    ),
    "the same by its other name": (
        lambda b: b.cell("a2")["metadata"]["tags"].append("remove_output"),
        "cells_are_shown_as_they_are",
        "id a2): the tag remove_output",
    ),
    "a check without its input": (
        lambda b: b.cell("a2")["metadata"]["tags"].append("remove_input"),
        "cells_are_shown_as_they_are",
        "id a2): the tag remove_input",
    ),
    "a tag that another program hides by": (
        lambda b: b.cell("a4")["metadata"].update(tags=["hide_cell"]),
        "cells_are_shown_as_they_are",
        "id a4): the tag hide_cell",
    ),
    "a figure that scrolls out of sight": (
        lambda b: b.cell("a3")["metadata"].update(tags=["Teaches"]),
        "cells_are_shown_as_they_are",
        "id a3): the tag Teaches",
    ),
    "an option that takes the output away": (
        lambda b: b.cell("a2")["metadata"].update(mystnb={"remove_code_outputs": True}),
        "cells_are_shown_as_they_are",
        "id a2): the option mystnb.remove_code_outputs",
    ),
    "an option that takes the code away": (
        lambda b: b.cell("a2")["metadata"].update(mystnb={"remove_code_source": True}),
        "cells_are_shown_as_they_are",
        "id a2): the option mystnb.remove_code_source",
    ),
    "an option that keeps a part of the output": (
        lambda b: b.cell("a4")["metadata"].update(mystnb={"output_stderr": "remove"}),
        "cells_are_shown_as_they_are",
        "id a4): the option mystnb.output_stderr",
    ),
    "a figure of no width": (
        lambda b: b.cell("a3")["metadata"]["mystnb"]["image"].update(width="0px"),
        "cells_are_shown_as_they_are",
        "id a3): the option mystnb.image.width",
    ),
    "prose with a tag": (
        lambda b: b.cell("b3")["metadata"].update(tags=["remove-cell"]),
        "cells_are_shown_as_they_are",
        "id b3): a markdown cell with {'tags': ['remove-cell']}",
    ),
    "a cell that is neither prose nor code": (
        lambda b: b.cell("b3").update(cell_type="raw"),
        "cells_are_shown_as_they_are",
        "id b3): a raw cell with nothing to show",
    ),
    "a line that another covers": (
        lambda b: b.cell("a2")["outputs"][0].update(text="0.6\r0.5\n"),
        "outputs_cover_nothing",
        "id a2): prints the control character '\\r'",
    ),
    "a figure that was taken back": (
        lambda b: b.cell("a2")["outputs"][0].update(text="0.6\b5\n"),
        "outputs_cover_nothing",
        "id a2): prints the control character '\\x08'",
    ),
    "a line that a terminal would clear": (
        lambda b: b.cell("a2")["outputs"][0].update(text="0.6\x1b[2K\x1b[G0.5\n"),
        "outputs_cover_nothing",
        "id a2): prints the control character '\\x1b'",
    ),
    "a number that reads backwards": (
        lambda b: b.cell("a2")["outputs"][0].update(text="\u202e5.0\n"),
        "outputs_cover_nothing",
        "id a2): prints the control character '\\u202e'",
    ),
    "another Matplotlib": (
        lambda b: (b.root / "requirements.txt").write_text("matplotlib==3.0.0\n"),
        "figures_are_drawn_by_the_pinned_matplotlib",
        "id a3",
    ),
    "an exercise without a solution": (
        lambda b: b.cell("a7").update(source="Two."),
        "exercises_have_checks_and_solutions",
        "exercise ex-06-1 has no solution",
    ),
    "a solution that is wrong": (
        lambda b: b.replace("a8", "right.", "not yet."),
        "exercises_have_checks_and_solutions",
        "no solution cell prints 'right.' for 6.1",
    ),
    "an exercise out of order": (
        lambda b: b.replace("a5", "ex-06-1", "ex-06-2"),
        "exercises_have_checks_and_solutions",
        "exercise label ex-06-2, expected ex-06-1",
    ),
    "a glued number that is missing": (
        lambda b: b.replace("a5", "06-half", "06-whole"),
        "glued_numbers_exist_and_are_used",
        "id a5): glue key 06-whole",
    ),
    "a glued number that is unused": (
        lambda b: b.replace("a5", "{glue:text}`06-half`", "0.50"),
        "glued_numbers_exist_and_are_used",
        "id a4): glue key 06-half is not used",
    ),
    "a glued formula": (
        lambda b: b.cell("a4")["outputs"][0]["data"].update(
            {"application/papermill.record/text/plain": "'$0.50$'"}
        ),
        "glued_numbers_exist_and_are_used",
        "id a4): a glued formula would stand raw",
    ),
    "a computed number that is typed": (
        lambda b: b.replace("c8", "{cite:t}", "As measured, 0.50. {cite:t}"),
        "numbers_that_cells_print_are_glued",
        "id c8): 0.50 is computed on this page",
    ),
    "a citation of nothing": (
        lambda b: b.replace("c8", "kingma2014adam", "kingma2041adam"),
        "references_are_cited_and_citations_exist",
        "id c8): cites kingma2041adam",
    ),
    "a reference that lost its end": (
        lambda b: (b.root / "book/references.bib").write_text(
            "@misc{kingma2014adam,\n title = {Adam}\n@misc{other,\n title = {Other}\n}\n"
        ),
        "references_are_cited_and_citations_exist",
        "book/references.bib: syntax error in line 3",
    ),
    "a reference that is not used": (
        lambda b: b.replace("c8", "{cite:t}`kingma2014adam`", "Kingma"),
        "references_are_cited_and_citations_exist",
        "kingma2014adam is cited nowhere",
    ),
    "a link to a page that is gone": (
        lambda b: b.replace("a5", "The half", "[Before](05_adam.ipynb), the half"),
        "links_lead_somewhere",
        "id a5): links to 05_adam.ipynb, which is not there",
    ),
    "a link to a section that is gone": (
        lambda b: b.replace("c8", "{cite:t}", "From [above](#limits), {cite:t}"),
        "links_lead_somewhere",
        "id c8): links to #limits, but there is no such heading",
    ),
    "a link to a section of another page that is gone": (
        lambda b: b.replace("c8", "{cite:t}", "As [there](index.md#there), {cite:t}"),
        "links_lead_somewhere",
        "id c8): links to index.md#there",
    ),
    "a reference to no equation": (
        lambda b: b.replace("a5", "The half", "By {eq}`eq-06-unroll`, the half"),
        "links_lead_somewhere",
        "id a5): refers to eq-06-unroll, which nothing is labelled",
    ),
    "a dead link in the README": (
        lambda b: (b.root / "README.md").write_text("[Bias](book/06_bais.ipynb)\n"),
        "links_lead_somewhere",
        "README.md: links to book/06_bais.ipynb",
    ),
    "a page outside the contents": (
        lambda b: (b.root / "book/stray.md").write_text("# Stray\n\n## Here\n"),
        "every_page_is_in_the_toc_and_exists",
        "book/stray.md",
    ),
    "a missing page": (
        lambda b: (b.root / "book/index.md").unlink(),
        "every_page_is_in_the_toc_and_exists",
        "book/index",
    ),
    "a missing section": (
        lambda b: b.replace("c8", "## Further reading", ""),
        "chapters_have_their_sections",
        "Further reading",
    ),
    "a fence that ends another": (
        lambda b: b.replace("a1", "The average", "```{math}\nx\n```\nThe average"),
        "fences_are_closed",
        "id a1",
    ),
    "two notebooks with the same cell ids": (
        lambda b: shutil.copy(b.path, b.root / "book/07_copy.ipynb"),
        "cell_ids_are_unique_in_the_book",
        "id a2",
    ),
    "a long line": (
        lambda b: b.replace("a4", "glue", "glue" + " " * 80),
        "code_fits_the_page",
        "id a4",
    ),
    "a long cell": (
        lambda b: b.replace("a4", "glue", "\n" * 25 + "glue"),
        "code_fits_the_page",
        "id a4",
    ),
    "a reader's cell with a hint": (
        lambda b: b.replace("a6", "...", "...  # one and one"),
        "answers_are_in_the_key_alone",
        "id a5): the reader's cell of 6.1 is not the two lines",
    ),
    "a cell that computes the answer before the solution": (
        lambda b: b.replace("a6", "answer = ...", "half = 4 / 2\nanswer = ..."),
        "answers_are_in_the_key_alone",
        "id a5): the reader's cell of 6.1",
    ),
    "a solution that is not confirmed": (
        lambda b: b.replace("a8", "confirm", "check"),
        "answers_are_in_the_key_alone",
        "id a5): the last cell of 6.1's solution does not confirm",
    ),
    "an exercise without a field": (
        lambda b: b.replace("a5", "{answer} 6.1", "{answer} 6.2"),
        "answers_are_in_the_key_alone",
        "id a5): exercise 6.1 has no {answer}",
    ),
    "a key of nothing": (
        lambda b: b.key.write_text(b.key.read_text() + '["6.7"]\nform = "choice"\nask = ""\n'),
        "answers_are_in_the_key_alone",
        "the key 6.7 belongs to no exercise",
    ),
    "a statement that names its answer": (
        lambda b: (
            b.key.write_text(b.key.read_text().replace("right = 2", "right = 2.718")),
            b.replace("a5", "How much", "How much, if not 2.718,"),
        ),
        "answers_are_in_the_key_alone",
        "id a5): exercise 6.1 gives its answer away: the statement has 2.718",
    ),
    "a diagnosis that names the answer": (
        lambda b: b.key.write_text(
            b.key.read_text().replace("right = 2", "right = 2.718").replace("One too", "2.718, too")
        ),
        "answers_are_in_the_key_alone",
        "say has 2.718",
    ),
    "an exercise's field without a key": (
        lambda b: b.replace("c4", "{answer} 6.3", "{answer} 6.4"),
        "answers_are_in_the_key_alone",
        "id c4): {answer} 6.4 has no key",
    ),
    "a solution that types its answer": (
        lambda b: b.replace("c7", '[n for n, k in zip("ab", (2, 4)) if k % 2 == 0]', '["a", "b"]'),
        "answers_are_in_the_key_alone",
        "id c7): typed, not computed: confirm('6.3', ['a', 'b'])",
    ),
    "a prediction settled by its key": (
        lambda b: b.replace("b2", "1 / 2", "0.5"),
        "answers_are_in_the_key_alone",
        "id b2): typed, not computed: settle('6.a', 0.5)",
    ),
    "a cell between two exercises": (
        lambda b: (b.replace("a9", END, ""), b.insert(END, "d9", 11), b.move("a4", 11)),
        "answers_are_in_the_key_alone",
        "id a4): stands between the solution before and 6.2",
    ),
    "a diagnosis that names a right letter": (
        lambda b: b.key.write_text(b.key.read_text().replace("Five is odd", "Not so, as (b) is")),
        "answers_are_in_the_key_alone",
        "id c4): exercise 6.3 gives its answer away: say has (b)",
    ),
    "a form that names the answer": (
        lambda b: b.key.write_text(
            b.key.read_text()
            .replace("right = 2", "right = 27")
            .replace("A number", "As 27, a number")
        ),
        "answers_are_in_the_key_alone",
        "ask has 27",
    ),
    "a key without a page": (
        lambda b: shutil.copy(b.key, b.key.with_name("07.toml")),
        "keys_are_as_they_must_be",
        "answers/07.toml: there is no such page",
    ),
    "a key that is no TOML": (
        lambda b: b.key.write_text("[6.1\n"),
        "keys_are_as_they_must_be",
        "answers/06.toml: ",
    ),
    "a key without minutes": (
        lambda b: b.key.write_text(b.key.read_text().replace("minutes = 1\n", "", 1)),
        "keys_are_as_they_must_be",
        "answers/06.toml, 6.1: minutes must be a whole number",
    ),
    "a right answer among the wrong": (
        lambda b: b.key.write_text(b.key.read_text().replace('is = "a"', 'is = "b"')),
        "keys_are_as_they_must_be",
        "answers/06.toml, 6.2: the right answer is among the wrong ones",
    ),
    "code that nothing judges": (
        lambda b: (
            b.key.write_text(
                b.key.read_text().split('["6.3"]')[0] + '["6.3"]\nform = "code"\nlevel = "deep"\n'
                'minutes = 1\nask = "A function."\n'
            ),
            (b.key.parent / "code_06.py").write_text("def exercise_06_2(answer):\n    pass\n"),
        ),
        "keys_are_as_they_must_be",
        "answers/06.toml, 6.3: there is no exercise_06_3 in code_06.py",
    ),
    "too much code asked for": (
        lambda b: b.key.write_text(b.key.read_text().replace('"number"\nlevel', '"code"\nlevel')),
        "exercises_are_of_every_level",
        "1 of 3 exercises ask for code",
    ),
    "a chapter of two exercises": (
        lambda b: b.key.write_text(b.key.read_text().split('["6.3"]')[0]),
        "exercises_are_of_every_level",
        "2 exercises, not three to five",
    ),
    "nothing to warm up with": (
        lambda b: b.key.write_text(b.key.read_text().replace("warm-up", "core")),
        "exercises_are_of_every_level",
        "no exercise is warm-up",
    ),
    "a chapter without its core": (
        lambda b: b.replace("a1", "*The core*", "All"),
        "chapters_put_the_reader_first",
        "nothing says which sections are *The core*",
    ),
    "a chapter without a recap": (
        lambda b: b.replace("c8", "## What to keep", "## More"),
        "chapters_put_the_reader_first",
        "do not stand once, in this order",
    ),
    "a recap that is too short": (
        lambda b: b.replace("c8", "- Two.\n- Three.\n", ""),
        "chapters_put_the_reader_first",
        "What to keep has 1 points",
    ),
    "a recap that links to no claim": (
        lambda b: b.replace("c8", " ({prf:ref}`claim-06-constant`)", ""),
        "chapters_put_the_reader_first",
        "What to keep links to no claim",
    ),
    "a formula before the first picture": (
        lambda b: b.replace("a1", "*The core*", "$$\nx = 1\n$$\n\n*The core*"),
        "chapters_put_the_reader_first",
        "id a1): a displayed formula before the first picture",
    ),
    "a banned word": (
        lambda b: b.replace("a5", "The half is", "The half is clearly"),
        "prose_has_no_banned_words",
        "id a5",
    ),
    "a prediction that is never settled": (
        lambda b: b.replace("b3", "```{settled} 6.a\n```", ""),
        "predictions_are_covered_and_settled",
        "predict 6.a is never settled",
    ),
    "a settled question that nobody asked": (
        lambda b: b.replace("b1", "{predict} 6.a", "{predict} 6.b"),
        "predictions_are_covered_and_settled",
        "id b3): settled 6.a, but what was asked is 6.b",
    ),
    "a heading that the contents would show": (
        lambda b: b.replace("b3", "It is", "### Less than one\n\nIt is"),
        "predictions_are_covered_and_settled",
        "id b3): a heading between predict 6.a and settled: Less than one",
    ),
    "a prediction whose answer nobody computes": (
        lambda b: b.replace("b2", '\nsettle("6.a", 1 / 2)', ""),
        "predictions_are_covered_and_settled",
        "id b3): no cell calls settle('6.a', ...)",
    ),
    "a prediction settled before it is asked": (
        lambda b: b.move("b2", 1),
        "predictions_are_covered_and_settled",
        "id b2): settles 6.a outside its predict and settled",
    ),
    "a second question before the first is settled": (
        lambda b: b.cell("b3")["source"].insert(0, "```{predict} 6.b\nWhy?\n```\n\n"),
        "predictions_are_covered_and_settled",
        "id b3): asks 6.b before 6.a is settled",
    ),
    "a prediction within a box": (
        lambda b: b.cell("b1").update(
            source=["````{admonition} A\n```{predict} 6.a\nWhat?\n```\n````"]
        ),
        "predictions_are_covered_and_settled",
        "id b1): predict 6.a stands within another directive",
    ),
    "a prediction without a key": (
        lambda b: (b.root / "adam_lib/experiments/answers/06.toml").write_text(""),
        "predictions_are_covered_and_settled",
        "prediction 6.a has no key that can settle it",
    ),
    "another chapter's prediction": (
        lambda b: b.replace("b1", "{predict} 6.a", "{predict} 7.a"),
        "predictions_are_covered_and_settled",
        "prediction 7.a is not 6.a, ...",
    ),
    "a chapter that predicts nothing": (
        lambda b: [b.nb["cells"].remove(b.cell(i)) for i in ("b1", "b2", "b3")],
        "predictions_are_covered_and_settled",
        "this one has none",
    ),
    "a figure that cannot be cited": (
        lambda b: b.cell("a3")["metadata"]["mystnb"]["figure"].pop("name"),
        "figures_are_numbered",
        "id a3): the figure is not named fig-06-...",
    ),
    "a figure whose caption is its alt text": (
        lambda b: b.cell("a3")["metadata"]["mystnb"]["figure"].update(
            caption="The line rises from one to two."
        ),
        "figures_are_numbered",
        "id a3): the figure has no caption of its own",
    ),
    "a verdict of three lines": (
        lambda b: b.cell("a2")["outputs"][0].update(text="one\ntwo\nthree\n"),
        "verdicts_fit_a_line",
        "id a2): a check prints 3 lines",
    ),
    "a verdict in columns": (
        lambda b: b.cell("a2")["outputs"][0].update(text="rate    loss\n"),
        "verdicts_fit_a_line",
        "id a2): a check prints columns",
    ),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_guard_sees(what, book):
    change, guard, place = BREAKS[what]
    broken = Broken(book)
    for cell in broken.nb["cells"]:
        cell["source"] = list(cell["source"])
    change(broken)
    broken.save()
    found = guards.problems(book)
    assert any(place in line for line in found.get(guard, [])), found


ASSERTION = "assert abs(sum([0.5] * 4) / 4 - 0.5) < 1e-12"
IDLE = {
    "assert True": "compares constants",
    "assert 0.5 == 0.5": "compares constants",
    "x = 1\nassert x == x": "compares a thing with itself",
    "x = 1\nassert x == 2 or True": "compares constants",
    'x = 1\nassert (x == 2, "a message")': "a tuple is always true",
    "def never(x):\n    assert x == 2": "in never, which the cell does not call",
    "if False:\n    " + ASSERTION: "under a constant condition",
    "try:\n    x = 1\n    assert x == 2\nexcept (AssertionError, OSError):\n    pass": "is caught",
    "try:\n    x = 1\n    assert x == 2\nexcept:\n    pass": "its failure is caught",
    "# " + ASSERTION: "asserts nothing",
    'print("to assert")': "asserts nothing",
    "%time " + ASSERTION: "is not plain Python",
}


@pytest.mark.parametrize("instead", IDLE)
def test_a_guard_sees_an_assertion_that_cannot_fail(instead, book):
    broken = Broken(book)
    broken.replace("a2", ASSERTION, instead)
    broken.save()
    (found,) = guards.problems(book)["checks_can_fail_and_can_be_seen"]
    assert "id a2): checks claim-06-constant but" in found
    assert IDLE[instead] in found


LIVE = [
    "x = 1\nassert x == 1 or x == 2",
    "x = [1, 2]\nassert sorted(x) == sorted(x)  # it changes nothing",
    "def right(x):\n    assert x == 2\n\n\nright(2)",
    "try:\n    x = 1\n    assert x == 1\nexcept TypeError:\n    pass",
    "for x in (1, 2):\n    assert 0 < x < 3",
]


@pytest.mark.parametrize("instead", LIVE)
def test_no_guard_objects_to_an_assertion_that_can_fail(instead, book):
    broken = Broken(book)
    broken.replace("a2", ASSERTION, instead)
    broken.save()
    assert guards.problems(book) == {}


def test_a_guard_sees_what_an_editor_left(book):
    broken = Broken(book)
    broken.cell("a2")["metadata"]["editable"] = True
    broken.path.write_text(json.dumps(broken.nb))
    assert list(guards.problems(book)) == ["notebooks_are_as_the_tool_writes_them"]


def test_every_guard_is_seen_to_fail():
    tried = {guard for _, guard, _ in BREAKS.values()}
    assert tried | {"notebooks_are_as_the_tool_writes_them"} == set(guards.GUARDS)


# ----------------------------------------------------------- nbval, with a kernel


def run_nbval(root, *options):
    command = [sys.executable, "-m", "pytest", "book", "-p", "no:cacheprovider", "-q", *options]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_nbval_passes_the_sound_book_and_says_what_it_compared(book):
    code, output = run_nbval(book)
    assert code == 0, output
    assert "figures: 1 compared" in output or "FIGURES NOT COMPARED: 1" in output


def test_nbval_sees_every_kind_of_tampering(book):
    """One run for all of them: a kernel takes a second to start."""
    broken = Broken(book)
    broken.replace("a2", "average is 0.5", "average is 0.6")
    broken.cell("a2")["source"] = "".join(broken.cell("a2")["source"]).replace(
        "average is 0.6", "average is 0.5"
    )
    change_one_pixel(broken.cell("a3"))
    broken.cell("a4")["outputs"][0]["metadata"]["scrapbook"]["name"] = "06-other"
    broken.cell("a6")["execution_count"] = None
    broken.cell("a6")["outputs"] = []
    broken.save()
    code, output = run_nbval(book)
    assert code == 1, output
    for number, cell_id in ((1, "a2"), (2, "a3"), (4, "a4"), (5, "a6")):
        if cell_id == "a3" and "FIGURES NOT COMPARED" in output:
            continue
        assert f"book/06_bias.ipynb::Cell {number - 1}" in output
        assert f"code cell {number} (id {cell_id})" in output
    assert "7 passed" in output or "FIGURES NOT COMPARED" in output


# What a cell does, and outputs that say the same in another order, or cover a part of it.
UNORDERED = {
    "text and figure in another order": (
        'print("before")\nplt.plot([0, 1])\nplt.show()',
        lambda outputs: outputs[::-1],
    ),
    "text from before and after a figure in one": (
        'print("before")\nplt.plot([0, 1])\nplt.show()\nprint("after")',
        lambda outputs: [dict(outputs[0], text="before\nafter\n"), outputs[1]],
    ),
    "a line that a carriage return covers": (
        'print("wrong", end="\\r")\nprint("right")',
        lambda outputs: [dict(outputs[0], text="right\n")],
    ),
    "a letter that a backspace takes back": (
        'print("1\\b2")',
        lambda outputs: [dict(outputs[0], text="2\n")],
    ),
    "a display under another type": (
        "display('x')",
        lambda outputs: [dict(outputs[0], output_type="execute_result", execution_count=1)],
    ),
}
ORDERED = {
    "a figure between two lines": 'print("a")\nplt.plot([0, 1])\nplt.show()\nprint("b")',
    "a number for the prose between two lines": 'print("a")\nglue("x", 1)\nprint("b")',
    "pieces of a line": 'print("a", end="", flush=True)\nprint("b", flush=True)\nprint("c")',
}


def write_cells(path, cells):
    """A notebook as the tool would write it."""
    first = "import matplotlib.pyplot as plt\nfrom adam_lib.experiments.page import glue"
    sources = [first, *cells]
    nb = new_notebook(cells=[new_code_cell(s, id=f"e{i}") for i, s in enumerate(sources)])
    nbformat.write(nb, path)
    assert run_notebooks.main([str(path)]) == 0
    return json.loads(path.read_text())


def test_nbval_compares_outputs_in_their_order(book):
    path = book / "book/06_bias.ipynb"
    nb = write_cells(path, [*(source for source, _ in UNORDERED.values()), *ORDERED.values()])
    stored = [
        [(o["output_type"], "".join(o.get("text", ""))) for o in cell["outputs"]]
        for cell in nb["cells"][-len(ORDERED) :]
    ]
    text, shown = "stream", ("display_data", "")
    assert stored == [
        [(text, "a\n"), shown, (text, "b\n")],
        [(text, "a\nb\n"), shown],
        [(text, "ab\nc\n")],
    ]
    for cell, (_, change) in zip(nb["cells"][1:], UNORDERED.values(), strict=False):
        cell["outputs"] = change(cell["outputs"])
    path.write_text(json.dumps(nb))
    code, output = run_nbval(book)
    assert code == 1
    failed = re.findall(r"FAILED book/06_bias.ipynb::Cell (\d+)", output)
    assert [int(n) for n in failed] == [1, 2, 3, 4, 5], output


def test_a_dead_kernel_is_named_at_once(book, capsys):
    path = book / "book/06_bias.ipynb"
    broken = Broken(book)
    broken.replace("a4", "glue(", "import os\nos._exit(1)\nglue(")
    broken.save()
    before, start = path.read_bytes(), time.monotonic()
    assert run_notebooks.main([str(path)]) == 1
    assert "code cell 4 (id a4): DeadKernelError" in capsys.readouterr().out
    assert path.read_bytes() == before
    code, output = run_nbval(book)
    assert time.monotonic() - start < 280  # a cell may take 300, which nbval would wait for
    assert code == 1
    assert "the kernel died while it ran this cell" in output
    assert "06_bias.ipynb, code cell 4 (id a4)" in output
    assert "6 passed" not in output  # what follows it fails too


# What is in a4, and the cell that is to be named: not the first that occurs in the error.
BLAMED = {
    "the source of an earlier cell in it": ("flips = 100\nflips / 0", "id a4): ZeroDivisionError"),
    "an error within a function of an earlier cell": (
        'settle("6.a", 1)',
        "id a4): AssertionError",
    ),
    "a short cell that stands in every traceback": ("i", "id a4): NameError"),
    "an error that shows another cell": (
        "raise ValueError(\"answer = 1 + 1\\nconfirm('6.1', answer)\")",
        "id a4): ValueError",
    ),
}


@pytest.mark.parametrize("what", BLAMED)
def test_the_cell_that_failed_is_named(what, book, capsys):
    source, named = BLAMED[what]
    broken = Broken(book)
    broken.cell("a4")["source"] = source
    broken.save()
    assert run_notebooks.main([str(broken.path)]) == 1
    assert f"cell 7, code cell 4 ({named}" in capsys.readouterr().out


UNREADABLE = {
    "a byte order mark": (lambda text: b"\xef\xbb\xbf" + text, "starts with a byte order mark"),
    "a merge conflict": (
        lambda text: text.replace(b' "cells"', b'<<<<<<< HEAD\n "cells"', 1),
        "line 2: a merge conflict is not resolved",
    ),
    "a merge conflict within a cell": (
        lambda text: text.replace(b'"It is', b'"<<<<<<< main\\n",\n    "It is', 1),
        "a merge conflict is not resolved",
    ),
    "half a notebook": (lambda text: text[:-200], "is no notebook: not JSON"),
    "an empty file": (lambda text: b"", "is no notebook: not JSON"),
    "another encoding": (lambda text: text.decode().encode("utf-16"), "is not UTF-8"),
    "other JSON": (lambda text: b'{"metadata": {}}\n', "is no notebook: it has no cells"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_file_that_is_no_notebook_is_named(what, book, capsys):
    change, said = UNREADABLE[what]
    path = book / "book/06_bias.ipynb"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(parser.Unreadable, match=rf"06_bias\.ipynb.*{said}"):
        guards.problems(book)
    assert run_notebooks.main([str(path)]) == 1
    shown = capsys.readouterr().out
    assert "FAILED" in shown
    assert re.search(rf"06_bias\.ipynb.*{said}", shown)


def test_a_page_of_text_with_a_merge_conflict_is_named(book):
    page = book / "book/index.md"
    page.write_text(page.read_text() + "\n>>>>>>> other\n")
    with pytest.raises(parser.Unreadable, match=r"index\.md, line 7: a merge conflict"):
        guards.problems(book)


def test_with_two_workers_a_notebook_stays_with_one(book):
    shutil.copy(book / "book/06_bias.ipynb", book / "book/07_more.ipynb")
    code, output = run_nbval(book, "-n", "2")
    assert code == 0, output
    assert "22 passed" in output


SCHEDULED = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("settings", sys.argv[1])
settings = importlib.util.module_from_spec(spec)
spec.loader.exec_module(settings)
settings.LoadFileScheduling = lambda config, log: "by file"
class Config:
    def __init__(self, dist):
        self.dist = dist
    def getvalue(self, name):
        return getattr(self, name)
for dist in sys.argv[2:]:
    print(dist, settings.pytest_xdist_make_scheduler(Config(dist), None))
"""


def test_however_tests_are_dealt_out_a_notebook_stays_with_one(book):
    dists = ["load", "worksteal", "loadgroup", "loadscope", "loadfile", "each", "no"]
    command = [sys.executable, "-c", SCHEDULED, str(book / "book/conftest.py"), *dists]
    done = subprocess.run(
        command, cwd=parser.ROOT, capture_output=True, text=True, timeout=300, check=True
    )
    # Those of the second half keep files together, or run all of them everywhere.
    assert done.stdout.splitlines() == [
        *(f"{dist} by file" for dist in dists[:3]),
        *(f"{dist} None" for dist in dists[3:]),
    ]


ODD = ["a b", "ü", "it's", "c:\\new", '"x" #1', "$HOME;"]


def test_the_path_in_pytest_ini_may_have_any_name(tmp_path):
    folders = [tmp_path / name for name in ODD]
    for i, folder in enumerate(folders):
        folder.mkdir()
        (folder / f"odd_{i}.py").write_text("")
    paths = " ".join(shlex.quote(str(folder)) for folder in folders)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {paths}\n", encoding="utf-8")
    lines = [f"    import odd_{i}" for i in range(len(ODD))]
    (tmp_path / "test_odd.py").write_text("\n".join(["def test_all():", *lines, ""]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_odd.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nbval_says_when_figures_cannot_be_compared(book, tmp_path):
    """As on a platform whose Matplotlib draws other pixels."""
    broken = Broken(book)
    change_one_pixel(broken.cell("a3"))
    broken.save()
    conftest = book / "book/conftest.py"
    elsewhere = 'import platform\nplatform.machine = lambda: "other"\n'
    text = conftest.read_text()
    reference = re.search(r'REFERENCE_FIGURE = "(\w+)"', text)[1]
    conftest.write_text(text.replace(reference, "other pixels") + elsewhere)
    code, output = run_nbval(book)
    assert code == 0, output
    assert "FIGURES NOT COMPARED: 1 figures" in output


def test_the_tool_names_the_cell_that_fails(book, capsys):
    path = book / "book/06_bias.ipynb"
    broken = Broken(book)
    broken.replace("a4", "1 / 2", "1 / 0")
    broken.save()
    before = path.read_bytes()
    assert run_notebooks.main([str(path)]) == 1
    shown = capsys.readouterr().out
    assert "06_bias.ipynb, cell 7, code cell 4 (id a4): ZeroDivisionError" in shown
    assert path.read_bytes() == before


def test_check_names_the_cell_that_changed_and_writes_nothing(book, capsys):
    path = book / "book/06_bias.ipynb"
    broken = Broken(book)
    broken.replace("a4", "1 / 2", "1 / 4")
    broken.save()
    before = path.read_bytes()
    assert run_notebooks.main(["--check", str(path)]) == 1
    assert "DIFFERS, first in cell 7, code cell 4 (id a4)" in capsys.readouterr().out
    assert path.read_bytes() == before
