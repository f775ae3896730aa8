"""Hypothesis profiles, the oracle's environment, and the strength report. Imports nothing heavier than NumPy."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before anything can import TensorFlow: its float32 Conv2D is wrong under oneDNN on AVX-512 (docs/findings.md).
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if os.environ.get("KERAS_BACKEND") == "jax":  # without it float64 is float32
    os.environ.setdefault("JAX_ENABLE_X64", "1")
if "PYTEST_XDIST_WORKER" in os.environ:  # one of several processes, each with a core of its own
    for library in ("TF_NUM_INTRAOP", "TF_NUM_INTEROP", "OMP_NUM", "OPENBLAS_NUM"):
        os.environ.setdefault(f"{library}_THREADS", "1")

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.internal.conjecture.engine import ConjectureRunner

from tests.versions import versions

pytest.register_assert_rewrite("tests.support")

# By itself Hypothesis makes four of five examples from the one before, by repeating parts of it. That finds equal
# elements in lists; geometry needs examples that are drawn anew (tests/meta/test_examples.py counts them).
ConjectureRunner.generate_mutations_from = lambda self, data: None  # type: ignore[method-assign]

# Keras traces and compiles in the first example, which is therefore slow.
COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", max_examples=25, **COMMON)
settings.register_profile("ci", max_examples=100, derandomize=True, database=None, print_blob=True, **COMMON)
settings.register_profile(
    "nightly",
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "440")),  # 50,000 in all
    database=DirectoryBasedExampleDatabase(".hypothesis/nightly"),
    print_blob=True,
    **COMMON,
)
# The mutants' runner calls pytest once for each seed, in one process: another instance of each test class.
settings.register_profile(
    "mutants",
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")),
    database=None,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

# What libraries warn of that no test here can change, with the reason.
IGNORED_WARNINGS = (
    # Keras 3's HDF5 writer calls np.array on a TensorFlow variable, whose __array__ predates NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
    # Geometry is drawn down to one unit.
    "ignore:You are using a softmax over axis:UserWarning",
)
KERAS_FOLDERS = {"layers", "models"}


def pytest_configure(config: pytest.Config) -> None:
    """Adds to the filters of pyproject.toml, where every warning is an error."""
    for line in IGNORED_WARNINGS:
        config.addinivalue_line("filterwarnings", line)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in tests/layers and tests/models has Keras as its oracle."""
    for item in items:
        if KERAS_FOLDERS & set(item.path.parts[-3:-1]):
            item.add_marker("keras")


@pytest.fixture(autouse=True)
def no_tensorflow_without_the_marker(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test without the marker `keras` must not import TensorFlow."""
    before = "tensorflow" in sys.modules
    if KERAS_FOLDERS & set(request.path.parts[-3:-1]):
        # Strategies ask Keras what it knows, and importing it draws random numbers, which no strategy may.
        importlib.import_module("tests.support.oracle").keras_module()
    yield
    if not before and "tensorflow" in sys.modules:
        assert request.node.get_closest_marker("keras"), "this test imported TensorFlow: it needs the marker keras"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes (pytest -n) hands over what it counted."""
    handed_over = getattr(session.config, "workeroutput", None)
    if handed_over is not None and "tests.support" in sys.modules:
        strength, reproduce = report_modules()
        handed_over |= {"strength": strength.counted(), "scripts": reproduce.scripts()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The process that prints the report takes what another one counted."""
    handed_over = getattr(node, "workeroutput", {})
    if "strength" in handed_over:
        strength, reproduce = report_modules()
        strength.add(handed_over["strength"])
        reproduce.scripts_of_others.update(handed_over["scripts"])


def report_modules() -> tuple[Any, Any]:
    """Where a process counts; imported late, because tests of the bare package need nothing of it."""
    return importlib.import_module("tests.support.strength"), importlib.import_module("tests.support.reproduce")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The strength report: examples per second, worst error / bound and branches by layer, peak memory."""
    if "tests.support" not in sys.modules:
        return
    strength, reproduce = report_modules()
    lines = list(strength.report())
    if lines:
        terminalreporter.section("strength of the parity suite")
        terminalreporter.write_line("\n".join(lines))
    path = os.environ.get("SCRATCHNN_STRENGTH")
    if path:
        outcomes = {
            what: len(terminalreporter.getreports(what)) for what in ("passed", "failed", "error", "skipped")
        }
        strength.write(Path(path), tests=outcomes, versions=versions())
    if reproduce.scripts():
        terminalreporter.section("scripts that reproduce the failures")
        terminalreporter.write_line(reproduce.report())
