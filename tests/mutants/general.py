"""Mutants of every layer's source by cosmic-ray: `python -m tests.mutants.general [--sample N] [--resume]`.

cosmic-ray's own operators make the mutants, and `forks` runs them: its own runner would start Python and import
TensorFlow for each, and change the checkout. All mutants of src/scratchnn/layers make the population; those that
change annotations or docstrings alone are left out. Without `--sample` all of it runs; the record in
.suite/general.jsonl lets an interrupted run go on (`--resume`), and docs/suite.md gives the score.

A mutant runs against the tests of its layer (`layer_tests`). One that survives is killed by a new test, or stands
in `equivalent.py` with the reason.
"""

import argparse
import ast
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from parso.python import tree

from . import forks, record
from .equivalent import EQUIVALENT
from .layer_tests import files_for

RECORD = Path(".suite/general.jsonl")
LAYERS = Path("src/scratchnn/layers")
EXAMPLES = 15  # of each test: a survivor goes through all tests of its layer
SEED = 20  # of the sample

# Made of a variable and a random number, which nobody could repeat.
RANDOM_OPERATORS = {"core/VariableReplacer", "core/VariableInserter"}


@dataclass(frozen=True)
class General:
    """A mutant by one of cosmic-ray's operators.

    Attributes:
        file: the source file, in `LAYERS`.
        operator: cosmic-ray's name for what is changed.
        occurrence: which of the places where the operator fits.
    """

    file: str
    operator: str
    occurrence: int

    @property
    def name(self) -> str:
        """What is changed, as text: it survives that lines move."""
        before = (LAYERS / self.file).read_text()
        pairs = zip(before.splitlines(), self.apply(before).splitlines(), strict=False)
        old, new = next(((old, new) for old, new in pairs if old != new), ("", "a line less"))
        return f"{self.file}: {old.strip()} -> {new.strip()}"

    @property
    def module(self) -> str:
        """The module that the file is."""
        return "scratchnn.layers" if self.file == "__init__.py" else f"scratchnn.layers.{Path(self.file).stem}"

    @property
    def tests(self) -> tuple[str, ...]:
        """The test files that run."""
        return files_for(Path(self.file).stem)

    def apply(self, source: str) -> str:
        """The changed source."""
        return mutate_code(source, cosmic_ray.plugins.get_operator(self.operator)(), self.occurrence)


def population() -> Iterator[General]:
    """All mutants of all layers, in a fixed order."""
    names = sorted(set(cosmic_ray.plugins.operator_names()) - RANDOM_OPERATORS)
    operators = [(name, cosmic_ray.plugins.get_operator(name)()) for name in names]
    for path in sorted(LAYERS.glob("*.py")):
        # Names and texts are left alone by all operators.
        nodes = [
            node for node in ast_nodes(get_ast(path.read_text())) if not isinstance(node, tree.Name | tree.String)
        ]
        for name, operator in operators:
            count = sum(1 for node in nodes for _ in operator.mutation_positions(node))
            yield from (General(path.name, name, n) for n in range(count))


def matters(mutant: General) -> bool:
    """Whether more than annotations is changed, and the result is Python."""
    before = (LAYERS / mutant.file).read_text()
    try:
        return _bare(mutant.apply(before)) != _bare(before)
    except SyntaxError:
        return False


def _bare(source: str) -> str:
    """The syntax tree without annotations."""
    parsed: Any = ast.parse(source)
    for node in ast.walk(parsed):
        for field in ("annotation", "returns"):
            if hasattr(node, field):
                setattr(node, field, None)
    return ast.dump(parsed)


def sample(mutants: Sequence[General], size: int) -> list[General]:
    """Those of the mutants that matter, in an order drawn by `SEED`: the first `size`, or all if that is 0.

    The order is that of hashes: where a file changes, its own mutants are drawn anew, and no others.
    """
    chosen: dict[str, General] = {}
    for mutant in sorted(mutants, key=lambda mutant: hashlib.sha256(f"{SEED} {mutant}".encode()).digest()):
        if size and len(chosen) == size:
            break
        if matters(mutant):
            chosen.setdefault(mutant.name, mutant)
    return list(chosen.values())


def main() -> int:
    """Print one line a mutant, and the score; 1 if one survived that nobody has looked at."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.general")
    parser.add_argument("--sample", type=int, default=0, help="how many, drawn at random; 0 (the default): all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--resume", action="store_true", help=f"go on with the run that {RECORD} holds")
    options = parser.parse_args()
    everything = list(population())
    chosen = sample(everything, options.sample)
    known = record.load(RECORD) if options.resume else record.start(RECORD)
    missing = [mutant for mutant in chosen if record.key(mutant) not in known]
    print(f"{len(everything)} places in {LAYERS}, {len(chosen)} mutants chosen, {len(missing)} to run", flush=True)
    forks.prepare()
    for place, result in enumerate(forks.run_all(missing, [0], EXAMPLES, options.jobs)):
        mutant = missing[place]
        known[record.key(mutant)] = record.add(RECORD, mutant, result)
        print(f"{'killed  ' if result.killed else 'SURVIVED'} {result.seconds:5.1f} s  {mutant.name}", flush=True)
    return score([known[record.key(mutant)] for mutant in chosen])


def score(done: Sequence[record.Entry]) -> int:
    """The last lines, and the exit code."""
    survived = [entry["name"] for entry in done if not entry["killed"]]
    unexplained = [name for name in survived if name not in EQUIVALENT]
    killed = len(done) - len(survived)
    print(f"{killed} of {len(done)} killed; {len(survived) - len(unexplained)} equivalent, with the reason")
    for name in unexplained:
        print(f"unexplained: {name}")
    return 1 if unexplained or not done else 0


if __name__ == "__main__":
    sys.exit(main())
