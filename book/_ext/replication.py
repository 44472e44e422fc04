"""In the box of a measured claim: on how many fresh seeds it held.

The numbers are those of book/seeds.json, the words those of
tools/notebooks/replicated.py; nobody types either.
"""

from __future__ import annotations

from pathlib import Path

from docutils import nodes

from tools.notebooks import replicated, seeds


def table(app) -> dict:
    """The rows; the page that is being read is read again when they change."""
    path = Path(app.srcdir) / "book" / seeds.TABLE.name
    app.env.note_dependency(str(path))
    return seeds.read_table(path)


def last_line(box: nodes.Element) -> nodes.paragraph:
    """Where checks.py has put the link to the check, or a line for a claim without."""
    for line in box.findall(nodes.paragraph):
        if "claim-check" in line["classes"]:
            return line
    line = nodes.paragraph(classes=["claim-check"])
    box.children[-1].append(line)
    return line


def tell_replication(app, doctree):
    proofs = getattr(app.env, "proof_list", {})
    for box in list(doctree.findall(nodes.Admonition)):
        label = box.get("label", "")
        if proofs.get(label, {}).get("realtype") == replicated.MEASURED:
            row = table(app).get(label)
            text = nodes.inline("", replicated.told(row), classes=["held"])
            last_line(box).insert(0, [text, nodes.Text(" ")])


def setup(app):
    # once checks.py has put its link there
    app.connect("doctree-read", tell_replication, priority=450)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
