"""Is this an Adam?  Tests that take anyone's optimizer and name its bug.

``python -m adam_lib.conformance package.module:Name`` is the command,
:func:`.diagnose.diagnose` the function, :mod:`.pytest_plugin` a fixture for
other libraries' own tests.
"""
