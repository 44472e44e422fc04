r"""A chapter's Markdown in the plain form that every notebook viewer shows.

MyST's fences, roles and macros mean nothing to Jupyter, Colab or GitHub. Here a
claim becomes a quoted box with its number, ``{eq}`` the number on the site,
``\abs g`` what the macro stands for. What is not known is an error: no raw
directive may reach a reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.notebooks import parser, replicated
from tools.notebooks.numbering import Numbers


class Unknown(ValueError):
    """Something that has no plain form."""


@dataclass
class Context:
    """What a page's Markdown refers to."""

    page: str  # 06_bias_correction
    address: str  # of the site, with a slash at its end
    numbers: Numbers
    macros: Mapping[str, Any]  # as _config.yml gives them to MathJax
    glued: Mapping[str, str]  # key -> text
    keys: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of exercises
    stills: Mapping[str, str] = field(default_factory=dict)  # explorable -> Markdown image
    rows: Mapping[str, replicated.Row] = field(default_factory=dict)  # of measured claims

    def link(self, label: str, text: str | None = None) -> str:
        place = self.numbers[label]
        if not (text or place.text):
            raise Unknown(f"{label} has no number, and no text is given for it")
        return f"[{text or place.text}]({self.address}{place.url})"


# ------------------------------------------------------------------------ formulas


def expand(tex: str, macros: Mapping[str, Any]) -> str:
    """A formula without the book's own macros; their arguments may hold others."""
    for _ in range(20):
        new = tex
        for name, meaning in macros.items():
            new = _expand_one(new, name, meaning)
        if new == tex:
            return tex
        tex = new
    raise Unknown(f"macros without end in {tex[:60]}")


def _expand_one(tex: str, name: str, meaning: Any) -> str:
    body, count = (meaning, 0) if isinstance(meaning, str) else (meaning[0], meaning[1])
    out, at = [], 0
    for found in re.finditer(rf"\\{name}(?![A-Za-z])", tex):
        if found.start() < at:
            continue
        out.append(tex[at : found.start()])
        arguments, at = [], found.end()
        for _ in range(count):
            argument, at = _argument(tex, at)
            arguments.append(argument)
        text = body
        for i, argument in enumerate(arguments, 1):
            text = text.replace(f"#{i}", argument)
        # \mathbb{R}x is fine, \alphax is not.
        joins = re.search(r"\\[A-Za-z]+$", text) and at < len(tex) and tex[at].isalpha()
        out.append(text + (" " if joins else ""))
    return "".join([*out, tex[at:]])


def _argument(tex: str, at: int) -> tuple[str, int]:
    r"""What TeX takes for one: {...}, \name, or a single character."""
    while at < len(tex) and tex[at].isspace():
        at += 1
    if at >= len(tex):
        raise Unknown(f"a macro without its argument in {tex[-60:]}")
    if tex[at] == "{":
        depth = 0
        for end in range(at, len(tex)):
            depth += {"{": 1, "}": -1}.get(tex[end], 0) if tex[end - 1] != "\\" else 0
            if depth == 0:
                return tex[at + 1 : end], end + 1
        raise Unknown(f"an open brace in {tex[at : at + 60]}")
    name = re.compile(r"\\(?:[A-Za-z]+|.)").match(tex, at)
    return (name[0], name.end()) if name else (tex[at], at + 1)


def displayed(tex: str, context: Context, label: str = "") -> list[str]:
    """On one line: in a quotation the marks of further lines would join the formula."""
    tex = " ".join(line.strip() for line in expand(tex, context.macros).split("\n")).strip()
    number = rf" \tag{{{context.numbers[label].text.strip('()')}}}" if label else ""
    return ["", f"$$ {tex}{number} $$", ""]


# --------------------------------------------------------------------------- roles

Role = Callable[[str, Context], str]
MATH = re.compile(r"(?s)(?<![\\$])\$(?!\$)(.+?)(?<!\\)\$(?!\d)")
CODE = re.compile(r"(?s)(?<![`}])(`+)(?!`).+?(?<!`)\1(?!`)")
ROLE = re.compile(r"\{(?P<name>[\w:]+)\}`(?P<body>[^`]+)`")
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
BLOCK_MATH = re.compile(r"(?ms)^\$\$(?P<tex>.*?)\$\$[ ]*(?:\((?P<label>[\w-]+)\))?[ ]*$")
TITLED = re.compile(r"(?s)(?P<text>.+?)\s*<(?P<target>[^>]+)>$")


def _cite(body: str, context: Context) -> str:
    places = []
    for key in (key.strip() for key in body.split(",")):
        if key not in context.numbers.cited:
            raise Unknown(f"the reference {key} is not in the bibliography")
        text = context.numbers.cited[key]
        places.append(f"[{text}]({context.address}book/bibliography.html)")
    return "; ".join(places)


def _reference(body: str, context: Context) -> str:
    titled = TITLED.match(body)
    label, text = (titled["target"], titled["text"]) if titled else (body, None)
    if text and "%s" in text:
        number = context.numbers[label].text.rpartition(" ")[2]
        text = text.replace("%s", number)
    return context.link(label, text)


def _glue(body: str, context: Context) -> str:
    key, _, form = body.partition(":")
    if key not in context.glued:
        raise Unknown(f"no cell glues {key}")
    text = context.glued[key]
    return format(float(text), form) if form else text


def _document(body: str, context: Context) -> str:
    titled = TITLED.match(body)
    target, text = (titled["target"], titled["text"]) if titled else (body, body)
    return f"[{text}]({context.address}book/{target.rpartition('/')[2]}.html)"


def _term(body: str, context: Context) -> str:
    titled = TITLED.match(body)
    return titled["text"] if titled else body


ROLES: dict[str, Role] = {
    "cite": _cite,
    "cite:t": _cite,
    "cite:p": lambda body, context: f"({_cite(body, context)})",
    "prf:ref": _reference,
    "eq": _reference,
    "ref": _reference,
    "numref": _reference,
    "glue:text": _glue,
    "glue:": _glue,
    "doc": _document,
    "term": _term,
    "math": lambda body, context: f"${expand(body, context.macros)}$",
}


def _role(found: re.Match[str], context: Context) -> str:
    if found["name"] not in ROLES:
        raise Unknown(f"the role {found[0]}")
    return ROLES[found["name"]](found["body"], context)


def _link(found: re.Match[str], context: Context) -> str:
    """A chapter's own links lead to the site: copies travel alone."""
    text, target = found["text"], found["target"]
    if re.match(r"[a-z]+:|attachment:|data:", target):
        return found[0]
    path, _, anchor = target.partition("#")
    page = re.fullmatch(r"(?:\.\./book/|\./)?([\w-]+)\.(?:ipynb|md)", path)
    if not path or page:
        name = page[1] if page else context.page
        return f"[{text}]({context.address}book/{name}.html{'#' * bool(anchor)}{anchor})"
    return f"[{text}]({context.address}book/{target})"


def spans(text: str, context: Context) -> str:
    """Roles, links and formulas within prose; code is left as it is."""
    kept: list[str] = []

    def keep(piece: str) -> str:
        kept.append(piece)
        return f"\x00{len(kept) - 1}\x00"

    text = BLOCK_MATH.sub(
        lambda m: keep("\n".join(displayed(m["tex"], context, m["label"] or ""))), text
    )
    text = ROLE.sub(lambda m: keep(_role(m, context)), text)
    text = CODE.sub(lambda m: keep(m[0]), text)
    text = MATH.sub(lambda m: keep(f"${expand(' '.join(m[1].split()), context.macros)}$"), text)
    text = LINK.sub(lambda m: _link(m, context), text)
    text = re.sub(r"(?m)^\([\w-]+\)=\s*$\n?", "", text)  # targets
    text = re.sub(r"(?m)^\{[.#][^}\n]*\}\s*$\n?", "", text)  # attributes of a block
    text = re.sub(r"(?<=[\])])\{[.#][^}\n]*\}", "", text)  # and of a span
    for _ in range(3):  # a formula within a link's text
        text = re.sub("\x00(\\d+)\x00", lambda m: kept[int(m[1])], text)
    return text


# ---------------------------------------------------------------------- directives


def literal(text: str) -> str:
    """Plain words, none of whose signs mean anything in Markdown."""
    return re.sub(r"([\\`*_$<\[\]])", r"\\\1", text)


def quoted(title: str, lines: list[str]) -> list[str]:
    body = [f"**{title}**", "", *lines]
    while body and not body[-1].strip():
        body.pop()
    return ["", *(f"> {line}".rstrip() for line in body), ""]


def options(entry: Mapping[str, Any]) -> list[str]:
    """A choice's options, lettered as on the page."""
    shown = entry.get("options", [])
    return [f"- ({'abcdefghijkl'[i]}) {text}" for i, text in enumerate(shown)]


@dataclass
class Block:
    """A directive, its body still as it stands in the source."""

    name: str
    argument: str
    options: dict[str, str]
    body: list[str]


def _boxed(block: Block, context: Context) -> list[str]:
    label = block.options.get("label", "")
    kind = block.name.removeprefix("prf:")
    number = context.numbers[label].text if label else kind.capitalize()
    argument = spans(block.argument, context).strip()
    title = f"{number} ({argument})" if argument else number
    lines = "\n".join(plain_lines(block.body, context)).rstrip().split("\n")
    if kind == replicated.MEASURED:
        lines += ["", f"*{literal(replicated.told(context.rows.get(label)))}*"]
    return quoted(title, lines)


def _proof(block: Block, context: Context) -> list[str]:
    lines = plain_lines(block.body, context)
    while lines and not lines[0].strip():
        lines.pop(0)
    if "dropdown" in block.options.get("class", ""):
        return ["", "<details><summary>Proof</summary>", "", *lines, "", "∎", "</details>", ""]
    first, rest = (lines[0], lines[1:]) if lines else ("", [])
    begin = ["*Proof.*", "", first] if first.startswith(("$$", ">", "-", "<")) else None
    return ["", *(begin or [f"*Proof.* {first}"]), *rest, "", "∎", ""]


def _math(block: Block, context: Context) -> list[str]:
    return displayed("\n".join(block.body), context, block.options.get("label", ""))


def _exercise(block: Block, context: Context) -> list[str]:
    """A heading of its own, under which a viewer can fold the solution before it."""
    number = context.numbers[block.options["label"]].text
    argument = spans(block.argument, context).strip()
    heading = f"### {number}" + (f": {argument}" if argument else "")
    return ["", heading, "", *plain_lines(block.body, context)]


def _answer(block: Block, context: Context) -> list[str]:
    entry = context.keys.get(block.argument.strip())
    if entry is None:
        raise Unknown(f"no key for the exercise {block.argument}")
    effort = f"{entry.get('level', '')}, about {entry.get('minutes', '?')} minutes"
    ask = spans(str(entry.get("ask", "")), context)
    return ["", *options(entry), "", f"*{ask}* ({effort})", ""]


def _predict(block: Block, context: Context) -> list[str]:
    entry = context.keys.get(block.argument.strip(), {})
    lines = [*plain_lines(block.body, context), "", *options(entry)]
    note = "*Commit to an answer before you go on: what follows settles it.*"
    return quoted("Predict", [*lines, "", note])


def _admonition(block: Block, context: Context) -> list[str]:
    named = block.argument or block.name.capitalize()
    return quoted(spans(named, context), plain_lines(block.body, context))


def _dropdown(block: Block, context: Context) -> list[str]:
    body = plain_lines(block.body, context)
    summary = spans(block.argument, context)
    return ["", f"<details><summary>{summary}</summary>", "", *body, "</details>", ""]


def _explorable(block: Block, context: Context) -> list[str]:
    name = block.argument.strip()
    url = f"{context.address}book/{context.page}.html#lab-{name}"
    still = context.stills.get(name, "")
    hint = [line for line in plain_lines(block.body, context) if line.strip()]
    return quoted(
        f"A figure to operate: [open it on the site]({url})",
        [*([still, ""] if still else []), *hint],
    )


def _titled(block: Block, context: Context) -> list[str]:
    title = [f"**{spans(block.argument, context)}**", ""] if block.argument else []
    if link := block.options.get("link"):
        target = LINK.sub(lambda m: _link(m, context), f"[{block.argument or link}]({link})")
        if block.options.get("link-type") == "doc":
            target = _document(f"{block.argument} <{link}>", context)
        title = [f"**{target}**", ""]
    return ["", *title, *plain_lines(block.body, context), ""]


def _inside(block: Block, context: Context) -> list[str]:
    return ["", *plain_lines(block.body, context), ""]


def _code(block: Block, context: Context) -> list[str]:
    return ["", f"```{block.argument}", *block.body, "```", ""]


def _nothing(block: Block, context: Context) -> list[str]:
    return []


Directive = Callable[[Block, Context], list[str]]
CLAIMS = "theorem lemma proposition corollary observation definition algorithm assumption axiom"
NOTES = "admonition note tip warning important hint caution seealso danger attention"
DIRECTIVES: dict[str, Directive] = {
    **{f"prf:{kind}": _boxed for kind in (*CLAIMS.split(), "remark", "example", "property")},
    **dict.fromkeys(NOTES.split(), _admonition),
    "prf:proof": _proof,
    "math": _math,
    "exercise": _exercise,
    "answer": _answer,
    "predict": _predict,
    "settled": _nothing,
    "dropdown": _dropdown,
    "explorable": _explorable,
    "code-block": _code,
    "code": _code,
    **dict.fromkeys(("grid-item-card", "card", "tab-item"), _titled),
    **dict.fromkeys(("grid", "tab-set", "container", "div", "only", "margin"), _inside),
    **dict.fromkeys(("raw", "eval-rst", "index", "solution-start", "solution-end"), _nothing),
}


def plain_lines(lines: list[str], context: Context) -> list[str]:
    """The lines without a directive left in them, nested ones too."""
    out: list[str] = []
    prose: list[str] = []

    def flush() -> None:
        if prose:
            out.extend(spans("\n".join(prose), context).split("\n"))
            prose.clear()

    i = 0
    while i < len(lines):
        opening = parser.FENCE.match(lines[i])
        directive = opening and parser.DIRECTIVE.fullmatch(opening["info"].strip())
        if not opening:
            prose.append(lines[i])
            i += 1
            continue
        end = parser._closing(lines, i, opening["fence"])
        if end is None:
            raise Unknown(f"a fence that nothing closes: {lines[i]}")
        flush()
        if directive:
            out += _convert(directive, lines[i + 1 : end], context)
        else:  # a block of code as it is
            out += lines[i : end + 1]
        i = end + 1
    flush()
    return out


def _convert(directive: re.Match[str], body: list[str], context: Context) -> list[str]:
    given: dict[str, str] = {}
    rest = list(body)
    while rest and (option := parser.OPTION.match(rest[0].strip())):
        given[option["key"]] = option["value"].strip()
        rest.pop(0)
    name = directive["name"]
    if name not in DIRECTIVES:
        raise Unknown(f"the directive {{{name}}}")
    return DIRECTIVES[name](Block(name, directive["argument"].strip(), given, rest), context)


def plain(text: str, context: Context) -> str:
    """One Markdown cell in its plain form."""
    lines = plain_lines(text.split("\n"), context)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


# --------------------------------------------------------------------------- guard


# Pages that are no chapters label what they claim after themselves.
LABEL = r"\b(?:claim|eq|ex|sol|fig|check)-(?:\d\d|errata|index|sitting|s)-[\w-]+"
RAW = {  # what MyST reads, and nothing else
    "the target": r"^\([\w-]+\)=",
    "the fence": r"^[\s>]*:{3,}.*",
    "the option": r"^[\s>]*:[a-z-]+: .*",
    "the comment": r"^[\s>]*% .*",
    "the break": r"^\+\+\+.*",
    "the footnote": r"\[\^[\w-]+\]",
    "the substitution": r"\{\{.*?\}\}",
    "the attributes": r"^\{[.#][^}\n]*\}",
    "the reference": r"\\(?:eq)?ref\{[^}]*\}",
    "the label": r"\\label\{[^}]*\}",
}


def leftovers(text: str, macros: Mapping[str, Any]) -> list[str]:
    """What a viewer would show raw: the guard over every copy."""
    bare = re.sub(r"(?ms)^```.*?^```\s*$", "", text)
    bare = re.sub(CODE, "", bare)
    prose = MATH.sub("", re.sub(r"(?s)\$\$.*?\$\$", "", bare))
    problems = [f"the role {m[0]}" for m in re.finditer(r"(?<!`)\{[a-z][\w:]*\}`[^`]+`", text)]
    fences = re.finditer(r"(?m)^[\s>]*(?:`{3,}|:{3,})\{.*", text)
    problems += [f"the fence {m[0].strip()}" for m in fences]
    names = "|".join(map(re.escape, macros))
    problems += [f"the macro {m[0]}" for m in re.finditer(rf"\\(?:{names})(?![A-Za-z])", bare)]
    without_links = re.sub(r"\]\([^)]*\)", "]", bare)
    problems += [f"the label {m[0]}" for m in re.finditer(LABEL, without_links)]
    for what, pattern in RAW.items():
        # TeX has braces and percent signs of its own
        where = bare if what in ("the reference", "the label") else prose
        problems += [f"{what} {m[0].strip()}" for m in re.finditer(f"(?m){pattern}", where)]
    return problems
