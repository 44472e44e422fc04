"""The training loop that "Adam in one sitting" shows in three libraries, as printed.

A library that is not installed is skipped, and the run says so; where PyTorch and
optax are, their loops end where adam_lib's does.
"""

import re

import numpy as np
import pytest

from tools.notebooks import parser

PAGE = parser.read(parser.ROOT / "book/sitting.ipynb")
TAB = re.compile(r"`{4}\{tab-item\} (\w+)\n```python\n(.*?)\n```\n`{4}", re.DOTALL)
LOOPS: dict[str, str] = dict(TAB.findall(PAGE.text))
NEEDS = {"PyTorch": ["torch"], "optax": ["jax", "optax"], "adam_lib": []}


def cell(start: str) -> str:
    """The code cell that begins with a line."""
    (found,) = (c.source for c in PAGE.code_cells if c.source.startswith(start))
    return found


def weights(loop: str) -> np.ndarray:
    """What a loop arrives at: the page's imports and data, then the loop."""
    names: dict[str, object] = {}
    imports = "import numpy as np\nimport adam_lib as al\n"
    for source in (imports, cell("rng = np.random.default_rng(0)"), loop):
        exec(compile(source, "book/sitting.ipynb", "exec"), names)
    return np.asarray(names["weights"])


def test_the_page_shows_these_loops():
    assert LOOPS.keys() == NEEDS.keys()


def test_the_page_runs_the_loop_that_it_shows():
    assert cell("weights = np.zeros(2)").startswith(LOOPS["adam_lib"] + "\n")


@pytest.mark.parametrize("library", NEEDS)
@pytest.mark.filterwarnings("default")  # other libraries' own
def test_loop(library):
    for module in NEEDS[library]:
        pytest.importorskip(module, reason=f"NOT CHECKED: the loop in {library}")
    got = weights(LOOPS[library])
    np.testing.assert_allclose(got, [3, -2], atol=0.05)
    np.testing.assert_allclose(got, weights(LOOPS["adam_lib"]), rtol=1e-10)
