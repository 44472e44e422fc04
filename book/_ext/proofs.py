"""A proof of class ``dropdown`` gets a title to unfold it by.

sphinx-proof writes "Proof." into the first line, and the toggle's script looks for a
title: without one it stops, and nothing below it on the page folds either.
"""

from __future__ import annotations

from docutils import nodes

OPENING = "Proof. "


def title_folded_proofs(app, doctree):
    for box in doctree.findall(nodes.admonition):
        if {"proof", "dropdown"} <= {*box["classes"]} and not isinstance(box[0], nodes.title):
            first = next(box.findall(nodes.Text))
            first.parent.replace(first, nodes.Text(first.astext().removeprefix(OPENING)))
            box.insert(0, nodes.title("", "Proof"))


def setup(app):
    app.connect("doctree-read", title_folded_proofs)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
