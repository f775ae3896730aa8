"""Runs the catalogue: `python -m tests.mutants [--only TEXT] [--seeds N] [--jobs N] [--resume]`.

A mutant is killed when the ordinary tests of its layer, or of the engine, fail; with each seed it must be, within
100 examples. What each run said is kept in .suite/mutants.jsonl, for docs/suite.md.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from . import forks, record
from .catalogue import MUTANTS, Mutant

RECORD = Path(".suite/mutants.jsonl")
EXAMPLES = 100
FEW = 10  # enough to see that the tests run in a fork; whether they pass is for the ordinary run to say


def line(mutant: Mutant, result: forks.Result) -> str:
    """The row of a mutant."""
    counts = [n for n in result.examples if n is not None]
    median = f"{statistics.median(counts):5.0f}" if counts else "    -"
    state = "killed  " if result.killed else f"SURVIVED {result.examples}"
    by = ", ".join(sorted({_test_name(killer) for killer in result.killers} - {""}))
    where = Path(mutant.test).stem
    return f"{state} {median}  {result.seconds:5.1f} s  {mutant.name} ({where}: {by or 'nothing'})"


def _test_name(killer: str) -> str:
    return killer.split(":")[0].split("[")[0].split("test_")[-1]


def controls(mutants: Sequence[Mutant]) -> list[Mutant]:
    """Changes of nothing, one for each test file: where these do not survive, a kill would say nothing."""
    unchanged = {
        mutant.test: Mutant("control", mutant.file, mutant.old, mutant.old, mutant.test) for mutant in mutants
    }
    return list(unchanged.values())


def all_survive(unchanged: Sequence[Mutant], jobs: int) -> bool:
    """Whether the tests of the controls pass."""
    broken = 0
    for place, result in enumerate(forks.run_all(unchanged, [0], FEW, jobs), start=1):
        survived = result.examples == (None,)
        broken += not survived
        said = "passes" if survived else "FAILS"
        print(f"control {place}/{len(unchanged)} {unchanged[place - 1].test}: {said}", flush=True)
        if not survived:
            print(result.killers[0], flush=True)
    return not broken


def main() -> int:
    """Print one line a mutant; 1 if any survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--only", default="", help="mutants whose name or test holds this text")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--no-controls", dest="controls", action="store_false", help="skip the unchanged runs")
    parser.add_argument("--resume", action="store_true", help=f"go on with the run that {RECORD} holds")
    options = parser.parse_args()
    chosen = [m for m in MUTANTS if options.only in m.name or options.only in m.test]
    known = record.load(RECORD) if options.resume else record.start(RECORD)
    missing = [m for m in chosen if record.key(m) not in known]
    forks.prepare()
    start = time.perf_counter()
    if options.controls and not all_survive(controls(missing), options.jobs):
        return 2
    for place, result in enumerate(forks.run_all(missing, range(options.seeds), EXAMPLES, options.jobs)):
        known[record.key(missing[place])] = record.add(RECORD, missing[place], result)
        print(f"{len(known):3}/{len(chosen)} {line(missing[place], result)}", flush=True)
    return summary([known[record.key(m)] for m in chosen], options.seeds, time.perf_counter() - start)


def summary(done: Sequence[record.Entry], seeds: int, seconds: float) -> int:
    """The last lines, and the exit code."""
    survived = [entry["name"] for entry in done if not entry["killed"]]
    counts = [n for entry in done for n in entry["examples"] if n is not None]
    median = statistics.median(counts) if counts else 0
    killed = f"{len(done) - len(survived)} of {len(done)} mutants killed with all {seeds} seeds"
    print(f"{killed}, median {median:.0f} examples")
    print(f"{seconds:.0f} s; survivors: {survived or 'none'}")
    return 1 if survived or not done else 0


if __name__ == "__main__":
    sys.exit(main())
