"""A parsed page, and the cells to make one of."""

import base64
import html.parser
import json

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)


class Element:
    """A node of a parsed page: just enough to ask what is within what."""

    def __init__(self, tag, attributes, parent):
        self.tag, self.parent, self.children = tag, parent, []
        self.attributes = {name: value or "" for name, value in attributes}

    def __getitem__(self, name):
        return self.attributes.get(name)

    @property
    def classes(self):
        return (self["class"] or "").split()

    def walk(self):
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    def all(self, tag="", cls="", **attributes):
        return [
            e
            for e in self.walk()
            if (not tag or e.tag == tag)
            and (not cls or cls in e.classes)
            and all(e[name] == value for name, value in attributes.items())
        ]

    def one(self, *args, **attributes):
        found = self.all(*args, **attributes)
        assert len(found) == 1, f"{len(found)} of {args} {attributes}"
        return found[0]

    def within(self, cls):
        return self.parent is not None and (cls in self.parent.classes or self.parent.within(cls))

    @property
    def text(self):
        return " ".join(self.raw().split())

    def raw(self):
        return "".join(c.raw() if isinstance(c, Element) else c for c in self.children)


class Reader(html.parser.HTMLParser):
    VOID = frozenset({"img", "input", "br", "hr", "link", "meta"})

    def __init__(self):
        super().__init__()
        self.root = self.at = Element("root", [], None)

    def handle_starttag(self, tag, attrs):
        element = Element(tag, attrs, self.at)
        self.at.children.append(element)
        if tag not in self.VOID:
            self.at = element

    def handle_startendtag(self, tag, attrs):
        self.at.children.append(Element(tag, attrs, self.at))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.at.tag == tag, f"<{self.at.tag}> closed by </{tag}>"
            self.at = self.at.parent

    def handle_data(self, data):
        self.at.children.append(data)


def markdown(source):
    return new_markdown_cell(source)


def code(source, printed="", tags=(), figure=None, picture=False):
    outputs = [new_output("stream", name="stdout", text=printed)] if printed else []
    if picture:
        outputs.append(new_output("display_data", data={"image/png": PIXEL}))
    metadata = {"tags": list(tags)} if tags else {}
    if picture:
        metadata["mystnb"] = {"image": {"alt": "A point."}} | ({"figure": figure} if figure else {})
    return new_code_cell(source, outputs=outputs, metadata=metadata, execution_count=1)


def decoded(script: Element) -> dict:
    """What reader/key.js makes of it, spelled out here a second time."""
    pad = f"adam {script['data-for']}".encode()
    data = base64.b64decode(json.loads(script.text))
    return json.loads(bytes(b ^ pad[i % len(pad)] for i, b in enumerate(data)))
