"""``{answer} 6.2`` below an exercise: its answer, given and judged on the page.

Fields follow from the key's form (adam_lib/experiments/answers): one number, several
with their names, a choice, letters. Verdict and diagnosis come from the key, through
reader/judge.js; neither the page nor the script shows what is right. An exercise
that asks for code says so and leads to the notebook, and so does every exercise
where scripts do not run.
"""

from __future__ import annotations

import html

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import answer_key

SCRIPTS = ("key", "judge", "tell", "answers")


class Answer(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        self.env.note_dependency(str(answer_key.path_of(self.env.docname)))
        key = answer_key.entry(self.env.docname, name)
        if key is None:
            path = answer_key.path_of(self.env.docname).name
            raise self.error(f"no key {name!r} in adam_lib/experiments/answers/{path}")
        place = f"answer-{name.replace('.', '-')}"
        box = nodes.container("", classes=["answer-box"], ids=[place])
        self.set_source_info(box)
        effort = f'<p class="effort">{key["level"]} · about {key["minutes"]} minutes</p>'
        box += nodes.raw("", effort, format="html")
        page = self.env.docname.rpartition("/")[2]
        link = f'<a href="../notebooks/student/{page}.ipynb" download>the notebook</a>'
        if key["form"] == "code":
            box += self.paragraph(key["ask"])
            say = f"<p>This exercise asks for code: answer it in {link}.</p>"
            box += nodes.raw("", say, format="html")
            return [box]
        ask = self.paragraph(key["ask"])
        ask["ids"].append(f"{place}-ask")
        begin = (
            f'<form class="answer" data-for="{name}" autocomplete="off" novalidate'
            f' aria-label="Answer to exercise {name}">'
        )
        end = (
            '<button type="submit">Answer</button>'
            f'<p class="answer-say" role="status"></p></form>{answer_key.key_script(name, key)}'
            f"<noscript><p>Without scripts the answer is checked in {link}.</p></noscript>"
        )
        box += [ask, nodes.raw("", begin, format="html"), *self.fields(key, place)]
        box += nodes.raw("", end, format="html")
        return [box]

    def paragraph(self, text: str) -> nodes.paragraph:
        return nodes.paragraph("", "", *self.inline(text), classes=["answer-ask"])

    def fields(self, key: dict, place: str) -> list[nodes.Node]:
        if key["form"] in ("number", "numbers"):
            names = key.get("names", ["Your answer"])
            return [field for name in names for field in self.number(name, place)]
        kind = "radio" if key["form"] == "choice" else "checkbox"
        if key.get("ordered"):
            return self.number("Your letters, in order", place)
        options = key.get("options") or list(key["letters"])
        legend = "One of" if kind == "radio" else "All that apply"
        found = [nodes.raw("", f"<fieldset><legend>{legend}</legend>", format="html")]
        lettered = bool(key.get("options"))
        for letter, option in zip("abcdefghijkl", options, strict=False):
            begin = f'<label><input type="{kind}" name="answer" value="{letter}"> <span>'
            found.append(nodes.raw("", begin + (f"({letter}) " if lettered else ""), format="html"))
            found += [*self.inline(option), nodes.raw("", "</span></label>", format="html")]
        return [*found, nodes.raw("", "</fieldset>", format="html")]

    def number(self, name: str, place: str) -> list[nodes.Node]:
        field = (
            f' <input type="text" name="answer" size="12" inputmode="text" spellcheck="false"'
            f' aria-describedby="{html.escape(place)}-ask"></label>'
        )
        return [
            nodes.raw("", "<label><span>", format="html"),
            *self.inline(name),
            nodes.raw("", f"</span>{field}", format="html"),
        ]

    def inline(self, text: str) -> list[nodes.Node]:
        """A line of the key, which may hold $math$."""
        found, messages = self.state.inline_text(text, self.lineno)
        return [*found, *messages]


def load_scripts(app, pagename, templatename, context, doctree):
    if 'class="answer"' in context.get("body", ""):
        for script in SCRIPTS:
            app.add_js_file(f"reader/{script}.js", loading_method="defer")


def setup(app):
    app.add_directive("answer", Answer)
    app.connect("html-page-context", load_scripts, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
