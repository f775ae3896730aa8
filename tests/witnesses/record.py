"""A pytest plugin that writes down what a witness said: `pytest -p tests.witnesses.record`.

The file is named by SCRATCHNN_WITNESS, e.g. `.witnesses/jax.json`. A test that fails with a witness does not fail
the run (the table is what comes out of it); an error in collecting does.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.versions import versions

# Characters of a reason that are kept: the case stands first, what is wrong with it behind.
REASON = 2000


class Recorder:
    """Collects the outcome of each test and the first line that says why it failed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failed: dict[str, str] = {}
        self.passed = 0

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Called for each phase of each test."""
        if report.failed:
            self.failed[report.nodeid] = _reason(str(report.longrepr))
        elif report.when == "call" and report.passed:
            self.passed += 1

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file; failures are what the table is for."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = {"versions": versions(), "passed": self.passed, "failed": self.failed}
        self.path.write_text(json.dumps(content, indent=1))
        if session.exitstatus == pytest.ExitCode.TESTS_FAILED:
            session.exitstatus = pytest.ExitCode.OK


def pytest_configure(config: pytest.Config) -> None:
    """Record where SCRATCHNN_WITNESS says so."""
    path = os.environ.get("SCRATCHNN_WITNESS")
    if path:
        config.pluginmanager.register(Recorder(Path(path)), "witness-recorder")


def _reason(text: str) -> str:
    """The line of a failure that says what differs."""
    # Several failures of one test come as a group, whose lines stand behind bars.
    marked = [line.lstrip(" |") for line in text.splitlines() if line.startswith("E ") or " | " in line[:9]]
    lines = [line.removeprefix("E").strip() for line in marked]
    errors = [line for line in lines if re.match(r"[\w.]*Error: ", line) or " off: " in line]
    if errors and "Exception encountered" in errors[0]:  # Keras says why on the next line
        why = [line for line in lines[lines.index(errors[0]) + 1 :] if line]
        return f"{errors[0]} {why[0] if why else ''}"[:REASON]
    return (errors or lines or [text])[0][:REASON]
