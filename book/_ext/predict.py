"""``{predict} 6.a`` asks; what stands from there to ``{settled} 6.a`` settles it.

That part of the page is covered until the reader commits to a number or a choice, or
asks to see it; then the page says how close the guess was (reader/predict.js, with
the key of adam_lib/experiments/answers).  Nothing is covered without scripts and in
print.  The two directives stand in one section, with no heading between them, so
that no title and no entry of the contents gives the answer away.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import answer_key

logger = logging.getLogger(__name__)

SCRIPTS = ("key", "judge", "tell", "predict")
# At once, so that what settles a question is not seen while the page loads; and taken
# back if the script that uncovers it does not come.
EARLY = """(({ classList }) => {
  classList.add("covers");
  addEventListener("load", () => window.book?.uncover || classList.remove("covers"));
})(document.documentElement);"""


class predict(nodes.container):
    """The question."""


class settled(nodes.Element):
    """Marks where it is settled; gone from the page."""


class covered(nodes.container):
    """What lies between."""


class Predict(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        self.env.note_dependency(str(answer_key.path_of(self.env.docname)))
        key = answer_key.entry(self.env.docname, name)
        if key is None:
            path = answer_key.path_of(self.env.docname).name
            raise self.error(f"no key {name!r} in adam_lib/experiments/answers/{path}")
        node = predict("", name=name, ids=[place(name)], classes=["predict", "admonition"])
        self.set_source_info(node)
        title = f'<p class="admonition-title" id="{place(name)}-title">Predict</p>'
        node += nodes.raw("", title, format="html")
        self.state.nested_parse(self.content, self.content_offset, node)
        node += self.control(name, key)
        return [node]

    def control(self, name: str, key: dict) -> list[nodes.Node]:
        """The form; reader/predict.js brings it to life, without scripts it is not shown."""
        ask = [nodes.raw("", f' <span class="ask" id="{place(name)}-ask">', format="html")]
        ask += [*self.inline(key.get("ask", "")), nodes.raw("", "</span>", format="html")]
        begin = f'<form class="guess" data-for="{name}" autocomplete="off" novalidate>'
        if key["form"] == "choice":
            field = self.choice(name, key)
        else:
            field = [
                nodes.raw(
                    "",
                    f'<label>Your guess <input type="text" name="guess" spellcheck="false"'
                    f' aria-describedby="{place(name)}-ask"></label>',
                    format="html",
                )
            ]
        end = (
            '<span class="buttons"><button type="submit">Commit</button>'
            '<button type="button" class="show">Show me</button></span>'
            '<p class="guess-note">The answer stands below, covered until you commit.</p>'
            '<p class="guess-say" role="status"></p></form>' + answer_key.key_script(name, key)
        )
        return [
            nodes.raw("", begin, format="html"),
            *field,
            *ask,
            nodes.raw("", end, format="html"),
        ]

    def choice(self, name: str, key: dict) -> list[nodes.Node]:
        options = key.get("options") or list(key["letters"])
        begin = '<fieldset><legend class="visually-hidden">Your guess</legend>'
        field = [nodes.raw("", begin, format="html")]
        for letter, option in zip("abcdefghij", options, strict=False):
            lettered = f"({letter}) " if key.get("options") else ""
            radio = f'<label><input type="radio" name="guess" value="{letter}"> <span>{lettered}'
            field += [nodes.raw("", radio, format="html"), *self.inline(option)]
            field.append(nodes.raw("", "</span></label>", format="html"))
        return [*field, nodes.raw("", "</fieldset>", format="html")]

    def inline(self, text: str) -> list[nodes.Node]:
        """A line of the key, which may hold $math$."""
        found, messages = self.state.inline_text(text, self.lineno)
        return [*found, *messages]


class Settled(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        node = settled("", name=self.arguments[0])
        self.set_source_info(node)
        return [node]


def place(name: str) -> str:
    """The HTML id of a question."""
    return f"predict-{name.replace('.', '-')}"


def cover(app, doctree):
    """Put what lies between a question and where it is settled into one box."""
    ends = {node["name"]: node for node in doctree.findall(settled)}
    for start in list(doctree.findall(predict)):
        name = start["name"]
        end = ends.pop(name, None)
        if end is None:
            logger.warning("predict %s is never settled", name, location=start)
            continue
        section = start.parent
        if end.parent is not section or section.index(end) < section.index(start):
            logger.warning(
                "settled %s must follow predict %s in one section, with no heading between",
                name,
                name,
                location=end,
            )
            continue
        first, last = section.index(start) + 1, section.index(end)
        box = covered("", *section[first:last], classes=["covered"], ids=[f"{place(name)}-settled"])
        section[first : last + 1] = [box]
    for name, end in ends.items():
        logger.warning("settled %s: nothing of that name is predicted", name, location=end)
    for end in list(doctree.findall(settled)):
        end.parent.remove(end)


def visit_box(self, node):
    extra = {}
    if isinstance(node, predict):
        extra = {"role": "group", "aria-labelledby": f"{node['ids'][0]}-title"}
    self.body.append(self.starttag(node, "div", **extra))


def depart_box(self, node):
    self.body.append("</div>\n")


def load_scripts(app, pagename, templatename, context, doctree):
    """Added while a page is written, files are for that page alone."""
    if 'class="guess"' in context.get("body", ""):
        app.add_js_file(None, body=EARLY, priority=100)
        for script in SCRIPTS:
            app.add_js_file(f"reader/{script}.js", loading_method="defer")


def setup(app):
    app.add_directive("predict", Predict)
    app.add_directive("settled", Settled)
    for node in (predict, covered):
        app.add_node(node, html=(visit_box, depart_box))
    app.connect("doctree-read", cover, priority=700)
    app.connect("html-page-context", load_scripts, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
