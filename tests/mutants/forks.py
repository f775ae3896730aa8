"""Runs tests against changed sources: Keras is imported once, and each change runs in a fork of this process.

There the changed source is put in the place of the module when it is imported. The checkout is never touched.
"""

import contextlib
import gc
import importlib
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, Protocol

TESTS = Path(__file__).parents[1]
PATIENCE = 600  # seconds of CPU for one change; one that makes the tests hang is noticed too
# No cache is written, and nothing is made of a failure that nobody reads. Whether the examples reach every branch
# says nothing of the change.
QUIET = (
    *("-x", "-q", "--no-header", "--assert=plain", "--tb=native", "-p", "no:cacheprovider", "-p", "no:xdist"),
    *("-k", "not every_branch_was_reached"),
)


class Change(Protocol):
    """What is run: a change of one module, and the tests that should notice it."""

    name: str

    @property
    def module(self) -> str:
        """The module that is changed."""

    @property
    def tests(self) -> Sequence[str]:
        """The test files, below tests, in the order in which they run."""

    def apply(self, source: str) -> str:
        """The changed source."""


class ChangedLoader(SourceFileLoader):
    """Loads a module from its source with one change."""

    def __init__(self, change: Change, path: str) -> None:
        super().__init__(change.module, path)
        self.change = change

    def get_code(self, fullname: str) -> CodeType:
        """The code of the changed source."""
        return compile(self.change.apply(Path(self.path).read_text()), self.path, "exec")


class ChangedFinder:
    """Finds the changed module where the ordinary one would be."""

    def __init__(self, change: Change) -> None:
        self.change = change

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """The spec of the module, with the loader of the change."""
        if name != self.change.module:
            return None
        spec = PathFinder.find_spec(name, path, target)
        spec.loader = ChangedLoader(self.change, spec.origin)
        return spec


@dataclass(frozen=True)
class Result:
    """What the tests said to a change: for each seed the examples until one failed (None: none did), and which."""

    examples: tuple[int | None, ...]
    killers: tuple[str, ...]
    seconds: float

    @property
    def killed(self) -> bool:
        """With every seed."""
        return bool(self.examples) and None not in self.examples


class Killers:
    """A pytest plugin that notes the first test that fails."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Called for each phase of each test."""
        if report.failed:
            self.names.append(f"{report.nodeid.rsplit('::', 1)[1]}: {str(report.longrepr)[-300:]}")

    def pytest_collectreport(self, report: Any) -> None:
        """A module that cannot be imported any more is a failure too."""
        if report.failed:
            self.names.append(f"collection: {str(report.longrepr)[-300:]}")


def prepare() -> None:
    """Import what every fork needs, and nothing that has threads of its own yet or that is changed."""
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for module in ("numpy", "h5py", "pytest", "hypothesis.strategies", "keras", "_hypothesis_pytestplugin"):
        importlib.import_module(module)
    _warm_up()
    gc.collect()
    gc.freeze()  # so that no fork walks through, and thereby copies, what they all share
    assert not any(name.startswith("scratchnn") for name in sys.modules), (
        "the package must be imported in the forks"
    )


def _warm_up() -> None:
    """Have pytest import its own plugins and the conftest: collect a file that imports nothing of the package."""
    import pytest

    with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
        pytest.main([*QUIET, "--collect-only", str(Path(__file__).with_name("test_catalogue.py"))])


def run_tests(tests: Sequence[str], seed: int, scratch: Path) -> tuple[int | None, str]:
    """Examples until the first failure of test files with a seed, and the test that failed.

    `scratch` is a folder for their files alone: pytest's common one changes while other runs look through it, and
    what pytest says to that would be taken for a failure.
    """
    import pytest

    from tests.support import reproduce, strength

    for state in (strength.examples, strength.fired, reproduce.failures):
        state.clear()
    killers = Killers()
    files = [str(TESTS / test) for test in tests]
    pytest.main([*QUIET, f"--basetemp={scratch}", f"--hypothesis-seed={seed}", *files], plugins=[killers])
    if not killers.names:
        return None, ""
    return sum(strength.examples.values()), killers.names[0]


def _attack(change: Change, seeds: Sequence[int], examples: int, report: Path) -> None:
    """In the fork: put the change in place, run its tests with each seed, and write down what happened."""
    os.environ["HYPOTHESIS_EXAMPLES"] = str(examples)
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    sys.meta_path.insert(0, ChangedFinder(change))
    results = []
    with open(os.devnull, "w") as null, contextlib.redirect_stdout(null), contextlib.redirect_stderr(null):
        for seed in seeds:
            try:
                results.append(run_tests(change.tests, seed, report.with_suffix("")))
            except BaseException:
                results.append((0, traceback.format_exc(limit=-1)))
            report.write_text(json.dumps(results))


def run(change: Change, seeds: Sequence[int], examples: int, report: Path) -> Result:
    """Run one change in a fork, which writes into a file of its own."""
    start = time.perf_counter()
    process = multiprocessing.get_context("fork").Process(target=_attack, args=(change, seeds, examples, report))
    process.start()
    process.join()
    results = json.loads(report.read_text()) if report.is_file() else []
    results += [(0, "hangs or crashes")] * (len(seeds) - len(results))
    examples, killers = zip(*results, strict=True)
    return Result(examples, killers, time.perf_counter() - start)


def run_all(changes: Sequence[Change], seeds: Sequence[int], examples: int, jobs: int) -> Iterator[Result]:
    """All changes in their order, `jobs` at a time, with up to so many examples of each test."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        reports = [Path(folder, f"{place}.json") for place in range(len(changes))]
        pairs = zip(changes, reports, strict=True)
        yield from pool.map(lambda pair: run(pair[0], seeds, examples, pair[1]), pairs)
