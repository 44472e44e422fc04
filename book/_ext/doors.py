"""How a reader comes in: the site's address, its root, a page for lost links, the PDF.

The address follows from the repository (tools/site/address.py). Without one, no
button may lead nowhere: those to the repository, Colab and Binder are left out.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from tools.site import address

# Served for any address below the site's, so its links are whole, and it has no files.
LOST = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="robots" content="noindex" />
<title>No such page: {title}</title>
<style>
:root {{ color-scheme: light dark; color: CanvasText; background: Canvas; }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; }}
main {{ max-width: 36rem; margin: 15vh auto; padding: 0 1rem; }}
</style>
</head>
<body>
<main>
<h1>There is no page here</h1>
<p>The link that led here is old, or was mistyped. What there is:</p>
<ul>
<li><a href="{base}{home}">the beginning of {title}, with all its chapters</a></li>
<li><a href="{base}search.html">the search</a></li>
<li><a href="{base}book/ledger.html">every claim, in one list</a></li>
</ul>
</main>
</body>
</html>
"""

ROOT = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={home}" />
{head}</head>
<body><p><a href="{home}">{title}</a></p></body>
</html>
"""


def derive_addresses(app, config):
    """Repository, buttons and canonical address, from one source."""
    found = address.repository(Path(app.confdir) / "_config.yml")
    theme = config.html_theme_options
    if address.site(found):
        theme["repository_url"] = found
        config.html_baseurl = config.html_baseurl or address.site(found)
    else:
        for name in [n for n in theme if n.startswith("use_") and n.endswith("_button")]:
            theme[name] = False
        theme["repository_url"] = ""
        theme["launch_buttons"] = {}


# Publishing puts it beside the pages (.github/workflows/pages.yml); a build on a reader's
# machine has none, so the link is whole.
PDF = "adam-derived.pdf"
CHAPTERS = re.compile(r'<section id="chapters">\s*<h2>.*?</h2>', re.DOTALL)


def link_pdf(app, pagename, templatename, context, doctree):
    """On the first page, at the head of the list of chapters."""
    base = app.config.html_baseurl
    if pagename != app.config.root_doc or not base or "body" not in context:
        return
    link = f'<p>All of it in one file: <a href="{html.escape(base)}{PDF}">the book as PDF</a>.</p>'
    context["body"] = CHAPTERS.sub(lambda found: f"{found[0]}\n{link}", context["body"], count=1)


def write_doors(app, error):
    """The root, which chats and search engines can show, and the page for lost links."""
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    home = f"{app.config.root_doc}.html"
    page = (site / home).read_text(encoding="utf-8")
    head = [
        line for line in page.splitlines() if line.startswith(("<meta name=", "<meta property="))
    ]
    head = [line for line in head if "viewport" not in line]
    if app.config.html_baseurl:
        head.append(f'<link rel="canonical" href="{app.config.html_baseurl}{home}" />')
    title = html.escape(app.config.project)
    text = ROOT.format(title=title, home=home, head="".join(f"{line}\n" for line in head))
    (site / "index.html").write_text(text, encoding="utf-8")
    if base := html.escape(app.config.html_baseurl):
        text = LOST.format(title=title, base=base, home=home)
        (site / "404.html").write_text(text, encoding="utf-8")


def setup(app):
    app.connect("config-inited", derive_addresses)
    app.connect("html-page-context", link_pdf)
    # after the table of contents has written its refresh
    app.connect("build-finished", write_doors, priority=940)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
