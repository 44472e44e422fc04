"""A fixture for the tests of a library that has an Adam of its own.

In its ``conftest.py``::

    pytest_plugins = ["adam_lib.conformance.pytest_plugin"]

and in a test::

    def test_our_adam(conformance):
        conformance(OurAdam)

No entry point registers it: that would import ``adam_lib`` into every suite of
the environment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .report import Report


@pytest.fixture
def conformance() -> Callable[..., Report]:
    """``conformance(start, reference="Adam", dtype="float64", lr=, ...)`` or the test fails.

    It takes what :func:`.diagnose.diagnose` takes, fails with the report where
    that is not the reference, and returns the report where it is.
    """
    from .diagnose import diagnose

    def check(start: Any, **options: Any) -> Report:
        __tracebackhide__ = True
        report = diagnose(start, **options)
        if not report.ok:
            pytest.fail(str(report), pytrace=False)
        return report

    return check
