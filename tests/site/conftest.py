"""A book of one page, built by Sphinx with the book's own extensions."""

import json
import shutil
import sys

import pytest
from nbformat.v4 import new_notebook, writes
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from tests.site.pages import Reader, markdown
from tools.notebooks import parser

EXTENSIONS = ["myst_nb", "sphinx_proof", "sphinx_exercise"]
EXTENSIONS += ["checks", "replication", "folds", "predict", "answers", "proofs"]


class Said:
    """Where Sphinx writes its warnings."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return False


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Build a page from cells; the parsed page, and the warnings."""
    monkeypatch.setattr(sys, "path", [str(parser.BOOK / "_ext"), *sys.path])

    def run(*cells, keys="", rows=None, pages=(), extensions=()):
        import answer_key

        monkeypatch.setattr(answer_key, "KEYS", tmp_path / "answers")
        (tmp_path / "answers").mkdir()
        (tmp_path / "answers/06.toml").write_text(keys, encoding="utf-8")
        source, site = tmp_path / "source", tmp_path / "site"
        (source / "book").mkdir(parents=True)
        shutil.copytree(parser.BOOK / "_static/reader", source / "_static/reader")
        cells = [markdown("# Bias correction\n\nAn opening.\n"), *cells]
        page = new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
        (source / "book/06_bias.ipynb").write_text(writes(page), encoding="utf-8")
        (source / "book/seeds.json").write_text(json.dumps(rows or {}), encoding="utf-8")
        for name, text in dict(pages).items():
            (source / f"book/{name}.md").write_text(text, encoding="utf-8")
        names = "\n".join(f"book/{name}" for name in ["06_bias", *dict(pages)])
        (source / "index.md").write_text(f"# Start\n\n```{{toctree}}\n:numbered:\n{names}\n```\n")
        settings = {
            "extensions": [*EXTENSIONS, *extensions],
            "nb_execution_mode": "off",
            "mathjax3_config": {"tex": {"macros": {}}},
            "numfig": True,
            "numfig_secnum_depth": 1,
            "html_theme": "basic",
            "html_static_path": ["_static"],
            "prf_realtyp_to_countertyp": {"observation": "theorem"},
            "myst_enable_extensions": ["dollarmath"],
        }
        said = Said()
        with patch_docutils(), docutils_namespace():
            app = Sphinx(
                source, None, site, tmp_path / "doctrees", "html",
                confoverrides=settings, status=None, warning=said, freshenv=True,
            )  # fmt: skip
            app.build()
        return read(site / "book/06_bias.html"), said.text

    return run


@pytest.fixture
def other(tmp_path):
    """Another page of the book that was built."""
    return lambda name: read(tmp_path / "site" / name)


def read(path):
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.root
