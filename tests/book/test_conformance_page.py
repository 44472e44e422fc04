"""The page "Is this an Adam?": its names exist, its commands parse, its picture is the report."""

import ast
import importlib
import re
import shlex

from adam_lib.conformance import adapters, libraries
from adam_lib.conformance.command import HOW, parser
from adam_lib.conformance.family import REFERENCES
from adam_lib.conformance.report import Report
from tools.site import draw_report

TEXT = draw_report.PAGE.read_text(encoding="utf-8")


def test_the_picture_is_the_report_of_the_class_on_the_page():
    assert draw_report.SVG.read_text(encoding="utf-8") == draw_report.svg(draw_report.report())


def test_every_adapter_is_on_the_page_and_exists():
    table = TEXT.partition("| yours | the line |")[2].partition("\n\n")[0]
    rows = [row.split(" | ")[1] for row in table.splitlines() if "`" in row]
    calls = [call for row in rows for call in re.findall(r"`([^`]+)`", row)]
    named = {call.partition("(")[0] for call in calls} - {"diagnose"}
    for call in calls:
        ast.parse(call)
    known = {f.__name__ for f in HOW.values()} - {"<lambda>"} | {"pure"}
    assert named == known
    for name in known:
        assert callable(getattr(libraries, name, None) or getattr(adapters, name))


def test_every_command_parses():
    block = re.search(r"```\n(python -m adam_lib.*?)```", TEXT, re.DOTALL)
    commands = block.group(1).splitlines()
    assert len(commands) == 4
    for command in commands:
        parser().parse_args(shlex.split(command)[3:])


def test_every_reference_and_field_is_named():
    for name in REFERENCES:
        assert f"`{name}`" in TEXT
    fields = set(re.findall(r"report\.(\w+)", TEXT)) - {"svg"}
    assert fields >= {"ok", "bugs", "how_sure", "lines", "first", "others"}
    known = set(Report.__dataclass_fields__) | {"failed"}
    assert fields <= known


def test_the_modules_on_the_page_can_be_imported():
    for name in set(re.findall(r"adam_lib\.conformance(?:\.\w+)+", TEXT)):
        importlib.import_module(name)
