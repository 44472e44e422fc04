"""A fork's own address, without an edit; none, and no button leads nowhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools.site import address, check_links

EXTENSIONS = Path(__file__).resolve().parents[2] / "book/_ext"
LINE = "repository:\n  url: https://github.com/Owner/the-book\n"


@pytest.mark.parametrize(
    ("environment", "config", "expected"),
    [
        ({}, LINE, "https://github.com/Owner/the-book"),
        ({"GITHUB_REPOSITORY": "fork-er/book.x"}, LINE, "https://github.com/fork-er/book.x"),
        ({"GITHUB_REPOSITORY": ""}, LINE, "https://github.com/Owner/the-book"),
        ({"GITHUB_REPOSITORY": "not a name"}, LINE, "https://github.com/Owner/the-book"),
        ({"GITHUB_REPOSITORY": "a/b"}, "title: x\n", "https://github.com/a/b"),
        ({}, "title: x\n", ""),
        ({}, "repository:\n", ""),
    ],
)
def test_the_repository(environment, config, expected, tmp_path) -> None:
    path = tmp_path / "_config.yml"
    path.write_text(config)
    assert address.repository(path, environment) == expected


@pytest.mark.parametrize(
    ("repository", "site"),
    [
        ("https://github.com/Owner/The.Book", "https://owner.github.io/The.Book/"),
        ("https://github.com/owner/Owner.github.io/", "https://owner.github.io/"),
        ("https://github.com/owner/book.git", "https://owner.github.io/book/"),
        ("https://example.org/owner/book", ""),
        ("", ""),
    ],
)
def test_the_site(repository: str, site: str) -> None:
    assert address.site(repository) == site


@pytest.fixture
def doors(monkeypatch):
    monkeypatch.syspath_prepend(EXTENSIONS)
    import doors

    yield doors
    sys.modules.pop("doors", None)


def configured(doors, folder: Path, line: str, monkeypatch) -> SimpleNamespace:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    (folder / "_config.yml").write_text(line)
    buttons = {"use_repository_button": True, "use_issues_button": True}
    launch = {"colab_url": "https://colab.research.google.com"}
    theme = {"repository_url": "https://x.org", **buttons, "launch_buttons": launch}
    config = SimpleNamespace(html_theme_options=theme, html_baseurl="")
    doors.derive_addresses(SimpleNamespace(confdir=folder), config)
    return config


def test_with_an_address(doors, tmp_path, monkeypatch) -> None:
    config = configured(doors, tmp_path, LINE, monkeypatch)
    assert config.html_baseurl == "https://owner.github.io/the-book/"
    assert config.html_theme_options["repository_url"] == "https://github.com/Owner/the-book"
    assert config.html_theme_options["use_issues_button"] is True


def test_without_an_address_no_button_leads_nowhere(doors, tmp_path, monkeypatch) -> None:
    config = configured(doors, tmp_path, "title: x\n", monkeypatch)
    assert config.html_baseurl == ""
    theme = config.html_theme_options
    assert (theme["repository_url"], theme["launch_buttons"]) == ("", {})
    assert (theme["use_repository_button"], theme["use_issues_button"]) == (False, False)


@pytest.mark.parametrize("base", ["https://owner.github.io/the-book/", ""])
def test_the_root_and_the_page_for_lost_links(doors, base: str, tmp_path) -> None:
    (tmp_path / "book").mkdir()
    head = (
        '<meta name="description" content="About it" />\n<meta property="og:title" content="T" />'
    )
    (tmp_path / "book/index.html").write_text(f'<meta name="viewport" />\n{head}\n<p>Text</p>')
    config = SimpleNamespace(root_doc="book/index", project="A & B", html_baseurl=base)
    app = SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path, config=config)
    doors.write_doors(app, None)
    root = (tmp_path / "index.html").read_text()
    assert "<title>A &amp; B</title>" in root
    assert head in root
    assert ('<link rel="canonical"' in root) == bool(base)
    assert (tmp_path / "404.html").exists() == bool(base)
    if base:
        lost = (tmp_path / "404.html").read_text()
        links = re.findall(r'(?:href|src)="([^"]+)"', lost)
        assert links
        assert all(link.startswith(base) for link in links)


@pytest.mark.parametrize("base", ["https://owner.github.io/the-book/", ""])
def test_the_first_page_links_to_the_pdf_where_it_is_published(doors, base: str) -> None:
    config = SimpleNamespace(root_doc="book/index", html_baseurl=base)
    context = {"body": '<section id="chapters">\n<h2>Chapters</h2>\n<p>Cards</p></section>'}
    app = SimpleNamespace(config=config)
    doors.link_pdf(app, "book/index", "", context, None)
    assert (f'href="{base}{doors.PDF}"' in context["body"]) == bool(base)
    before = dict(context)
    doors.link_pdf(app, "book/06_bias", "", context, None)
    assert context == before


def test_the_pdf_is_published_where_the_link_leads(doors, tmp_path) -> None:
    workflow = (EXTENSIONS.parents[1] / ".github/workflows/pages.yml").read_text()
    assert f"cp _build/{doors.PDF} _build/html/" in workflow
    assert {doors.PDF} == check_links.PUBLISHED
    own = "https://owner.github.io/the-book/"
    links = f'<a href="{own}{doors.PDF}">PDF</a> <a href="{own}other.pdf">other</a>'
    (tmp_path / "index.html").write_text(links)
    problems, _ = check_links.internal_problems(tmp_path, own)
    assert problems == [f"index.html: {own}other.pdf: no such file"]
