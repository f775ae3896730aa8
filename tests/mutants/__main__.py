"""Runs the catalogue: `python -m tests.mutants [--only TEXT] [--seeds N] [--jobs N]`.

TensorFlow is imported once; each mutant runs in a fork of this process, where the changed source is put in the
place of the module when it is imported. The checkout is never touched. A mutant is killed when the ordinary
tests of its layer fail; with each seed it must be, within the examples of the profile `mutants`.
"""

import argparse
import contextlib
import importlib
import json
import multiprocessing
import os
import statistics
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
from typing import Any

from .catalogue import MUTANTS, Mutant

TESTS = Path(__file__).parents[1]
PATIENCE = 300  # seconds for one mutant; a mutant that hangs is noticed too


class MutantLoader(SourceFileLoader):
    """Loads a module from its source with one change."""

    def __init__(self, mutant: Mutant, path: str) -> None:
        super().__init__(mutant.module, path)
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        """The code of the changed source."""
        source = Path(self.path).read_text()
        if source.count(self.mutant.old) != 1:
            raise ValueError(f"{self.mutant.name}: the text to change is not there exactly once")
        return compile(source.replace(self.mutant.old, self.mutant.new), self.path, "exec")


class MutantFinder:
    """Finds the changed module where the ordinary one would be."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """The spec of the module, with the loader of the mutant."""
        if name != self.mutant.module:
            return None
        spec = PathFinder.find_spec(name, path, target)
        spec.loader = MutantLoader(self.mutant, spec.origin)
        return spec


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: for each seed the number of examples until a test failed, None if none did."""

    mutant: Mutant
    examples: tuple[int | None, ...]
    killers: tuple[str, ...]
    seconds: float

    @property
    def killed(self) -> bool:
        """With every seed."""
        return bool(self.examples) and None not in self.examples

    def line(self) -> str:
        """The row of the table."""
        counts = [n for n in self.examples if n is not None]
        median = f"{statistics.median(counts):5.0f}" if counts else "    -"
        state = "killed  " if self.killed else f"SURVIVED {self.examples}"
        by = ", ".join(
            sorted({killer.split(":")[0].split("[")[0].split("test_")[-1] for killer in self.killers} - {""})
        )
        where = Path(self.mutant.test).stem
        return f"{state} {median}  {self.seconds:5.1f} s  {self.mutant.name} ({where}: {by or 'nothing'})"


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


def run_tests(test: str, seed: int) -> tuple[int | None, str]:
    """Examples until the first failure of a test file with a seed, and the test that failed."""
    import pytest

    from tests.support import reproduce, strength

    for state in (strength.examples, strength.fired, reproduce.failures):
        state.clear()
    killers = Killers()
    options = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "--assert=plain", f"--hypothesis-seed={seed}"]
    pytest.main([*options, str(TESTS / test)], plugins=[killers])
    if not killers.names:
        return None, ""
    return sum(strength.examples.values()), killers.names[0]


def attack(mutant: Mutant, seeds: Sequence[int], report: Path) -> None:
    """In the fork: put the mutant in place, run its tests with each seed, and write down what happened."""
    sys.meta_path.insert(0, MutantFinder(mutant))
    results = []
    with open(os.devnull, "w") as null, contextlib.redirect_stdout(null), contextlib.redirect_stderr(null):
        for seed in seeds:
            try:
                results.append(run_tests(mutant.test, seed))
            except BaseException:
                results.append((0, traceback.format_exc(limit=-1)))
            report.write_text(json.dumps(results))


def outcome(mutant: Mutant, seeds: Sequence[int], folder: Path) -> Outcome:
    """Run one mutant in a fork."""
    start, report = time.perf_counter(), folder / f"{abs(hash((mutant.name, mutant.test)))}.json"
    process = multiprocessing.get_context("fork").Process(target=attack, args=(mutant, seeds, report))
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
    results = json.loads(report.read_text()) if report.is_file() else []
    results += [(0, "hangs or crashes")] * (len(seeds) - len(results))
    examples, killers = zip(*results, strict=True)
    return Outcome(mutant, examples, killers, time.perf_counter() - start)


def outcomes(mutants: Sequence[Mutant], seeds: Sequence[int], jobs: int) -> Iterator[Outcome]:
    """All mutants, some at a time, in the order of the catalogue."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda mutant: outcome(mutant, seeds, Path(folder)), mutants)


def controls(mutants: Sequence[Mutant]) -> list[Mutant]:
    """Changes of nothing, one for each test file: where these do not survive, a kill would say nothing."""
    unchanged = {
        mutant.test: Mutant("control", mutant.file, mutant.old, mutant.old, mutant.test) for mutant in mutants
    }
    return list(unchanged.values())


def all_survive(unchanged: Sequence[Mutant], jobs: int) -> bool:
    """Whether the tests of the controls pass."""
    broken = 0
    for place, result in enumerate(outcomes(unchanged, [0], jobs), start=1):
        survived = result.examples == (None,)
        broken += not survived
        print(
            f"control {place}/{len(unchanged)} {result.mutant.test}: {'passes' if survived else 'FAILS'}",
            flush=True,
        )
        if not survived:
            print(result.killers[0], flush=True)
    return not broken


def prepare() -> None:
    """Import what every fork needs, and nothing that has threads of its own yet or that a mutant changes."""
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for module in ("numpy", "h5py", "pytest", "hypothesis.strategies", "keras"):
        importlib.import_module(module)
    assert not any(name.startswith("scratchnn") for name in sys.modules), (
        "the package must be imported in the forks"
    )


def main() -> int:
    """Print one line a mutant; 1 if any survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--only", default="", help="mutants whose name or test holds this text")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--no-controls", dest="controls", action="store_false", help="skip the unchanged runs")
    options = parser.parse_args()
    chosen = [m for m in MUTANTS if options.only in m.name or options.only in m.test]
    prepare()
    start, done = time.perf_counter(), []
    if options.controls and not all_survive(controls(chosen), options.jobs):
        return 2
    for result in outcomes(chosen, range(options.seeds), options.jobs):
        done.append(result)
        print(f"{len(done):3}/{len(chosen)} {result.line()}", flush=True)
    return summary(done, options.seeds, time.perf_counter() - start)


def summary(done: Sequence[Outcome], seeds: int, seconds: float) -> int:
    """The last lines, and the exit code."""
    survived = [result for result in done if not result.killed]
    counts = [n for result in done for n in result.examples if n is not None]
    median = statistics.median(counts) if counts else 0
    killed = f"{len(done) - len(survived)} of {len(done)} mutants killed with all {seeds} seeds"
    print(f"{killed}, median {median:.0f} examples")
    print(f"{seconds:.0f} s; survivors: {[result.mutant.name for result in survived] or 'none'}")
    return 1 if survived or not done else 0


if __name__ == "__main__":
    sys.exit(main())
