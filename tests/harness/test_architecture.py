"""Arrows point one way, extras stay optional, and the core stays readable in an hour."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import adam_lib as al

PACKAGE = Path(al.__file__).parent
ROOT = PACKAGE.parent
MODULES = sorted(
    ".".join(p.relative_to(PACKAGE).with_suffix("").parts)
    for p in PACKAGE.rglob("*.py")
    if p.stem not in ("__init__", "__main__")
)

# A module may import from modules that stand above it in its own room, and from
# the rooms that its own may see; the rules see no other room.
ORDER = {
    "": [
        *("_checks", "_files", "_state", "moments", "base", "fused"),
        *("sgd", "adaptive", "adam", "relatives"),
    ],
    "after": [
        *("_shapes", "lion", "adafactor", "adam_mini", "shampoo", "soap", "muon"),
        *("schedule_free", "memory"),
    ],
    "experiments": [
        *("problems", "gradcheck", "train", "models", "datasets", "plotting"),
        *("schedules", "practice", "passes"),
        *("bowls", "matrices", "nets", "settings", "next_word", "denominators", "language"),
        *("numerals", "verdicts", "keyrules", "judge", "page"),
    ],
    "experiments.answers": ["code_05", "code_17"],
    "conformance": [
        *("lines", "exhibits", "subject", "runs", "match", "schedules", "variants", "family"),
        *("naming", "battery", "report", "adapters", "libraries", "diagnose"),
        *("command", "pytest_plugin"),
    ],
}
SEES = {
    "": set(),
    "after": {""},
    "experiments": {"", "after"},
    "conformance": {"", "after"},
    # judges of what readers program, by the whole library
    "experiments.answers": {"", "after", "experiments", "conformance"},
}
# What is not NumPy or Python's own, and the one module that may use it.
OUTSIDE = {
    "matplotlib": "experiments.plotting",
    "IPython": "experiments.page",
    "numba": "fused",
    "pytest": "conformance.pytest_plugin",
}
CORE = ["_checks", "moments", "base", "sgd", "adaptive", "adam"]


def path_of(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")).with_suffix(".py")


def room(module: str) -> str:
    return module.rpartition(".")[0]


def imports(module: str) -> tuple[set[str], set[str]]:
    """The modules of adam_lib that ``module`` imports, and the packages from outside."""
    inside: set[str] = set()
    outside: set[str] = set()
    here = ["adam_lib", *module.split(".")]
    for node in ast.walk(ast.parse(path_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else []
            path = ".".join([*base, *filter(None, [node.module])])
            is_room = path in ("adam_lib", *(f"adam_lib.{r}" for r in ORDER if r))
            names = [f"{path}.{a.name}" for a in node.names] if is_room else [path]
        else:
            continue
        for name in names:
            package, *rest = name.split(".")
            if package == "adam_lib":
                inside.add(".".join(rest) or "__init__")
            else:
                outside.add(package)
    return inside, outside


def test_every_module_has_its_place() -> None:
    known = {".".join(filter(None, [r, m])) for r, modules in ORDER.items() for m in modules}
    assert set(MODULES) <= known, "give the new module a place in ORDER"


@pytest.mark.parametrize("module", MODULES)
def test_arrows_point_one_way(module: str) -> None:
    inside, outside = imports(module)
    mine = room(module)
    above = ORDER[mine][: ORDER[mine].index(module.rpartition(".")[2])]
    for name in inside:
        if room(name) == mine:
            assert name.rpartition(".")[2] in above, f"{module} imports {name}"
        else:
            assert room(name) in SEES[mine], f"{module} imports {name}"
    for package in outside - set(sys.stdlib_module_names) - {"numpy"}:
        assert OUTSIDE.get(package) == module, f"{module} imports {package}"


# Folder -> the folders whose code it may import.
ROOMS = {
    "adam_lib": {"adam_lib"},
    "book": {"adam_lib", "tools"},
    "tools": {"adam_lib", "tools", "tests"},
    "tests": {"adam_lib", "tools", "tests"},
}


@pytest.mark.parametrize("folder", ROOMS)
def test_no_room_reaches_where_it_must_not(folder: str) -> None:
    """The library knows nothing of the book, and nobody patches the import path."""
    for path in (ROOT / folder).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                assert top not in ROOMS or top in ROOMS[folder], f"{path} imports {name}"
        changed = [
            ast.unparse(node)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("sys.path.")
        ]
        assert not changed, f"{path}: {changed}"


def test_the_optimizers_do_not_use_the_closed_forms() -> None:
    """moments.py stays an independent oracle for them."""
    for module in ("base", "sgd", "adaptive", "adam", "fused"):
        if module in MODULES:
            assert "moments" not in imports(module)[0]


def test_importing_the_library_imports_no_extra() -> None:
    script = "import sys, adam_lib; print([m for m in sys.argv[1:] if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", script, *OUTSIDE], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_the_core_can_be_read_in_an_hour() -> None:
    """The checks, the closed forms and the five systems, with their docstrings.

    How a state is written to a file is left out. Groups, missing gradients, penalties and
    numbers that no dtype holds, RMSprop's momentum and centred form are what 547 tests of
    other libraries asked for: 1350 before.
    """
    sizes = {m: len(path_of(m).read_text(encoding="utf-8").splitlines()) for m in CORE}
    assert sum(sizes.values()) <= 1500, sizes


def test_public_names() -> None:
    """All that is offered exists, has a docstring, and is listed in order of the alphabet."""
    assert len(set(al.__all__)) == len(al.__all__)
    for name in al.__all__:
        thing = getattr(al, name)
        if callable(thing):
            assert (thing.__doc__ or "").strip(), name
    public = {n for n, x in vars(al).items() if not n.startswith("_") and callable(x)}
    assert public <= set(al.__all__)


@pytest.mark.parametrize("name", list(al.RULES))
def test_rules_and_classes_have_the_same_defaults(name: str) -> None:
    """One optimizer, one set of hyperparameters, whichever form is called."""
    import inspect

    step = inspect.signature(al.RULES[name][1]).parameters
    cls = inspect.signature(al.OPTIMIZERS[name]).parameters
    rule = {n: p.default for n, p in step.items() if p.kind is p.KEYWORD_ONLY}
    assert rule == {n: p.default for n, p in cls.items() if n in rule}
    assert list(rule) == [n for n in cls if n in rule]
    assert set(al.OPTIMIZERS[name].hyper) == set(rule)


def test_documented_defaults() -> None:
    """Those of the book, literally: a changed default changes every chapter."""
    x = np.ones(2)
    expected = {
        "RMSprop": {"lr": 0.01, "rho": 0.99, "eps": 1e-8, "momentum": 0.0, "centered": False},
        "Adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
        "Adam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8},
    }
    for name, hyper in expected.items():
        opt = al.OPTIMIZERS[name](x)
        assert {k: getattr(opt, k) for k in opt.hyper} == hyper
    assert al.AdaGrad(x, lr=0.1).eps == 1e-10
    sgd = al.SGD(x, lr=0.1)
    assert (sgd.momentum, sgd.nesterov) == (0.0, False)
