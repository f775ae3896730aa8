"""Each mutant of the catalogue still fits the source: its text occurs exactly once, and the result is Python."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.layer_tests import SHARED, files_for

TESTS = Path(__file__).parents[1]


def test_names_are_unique():
    names = [(mutant.name, mutant.test) for mutant in MUTANTS]
    assert len(names) == len(set(names))
    assert len(MUTANTS) >= 70


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_fits_the_source(mutant: Mutant):
    source = Path(find_spec(mutant.module).origin).read_text()
    assert source.count(mutant.old) == 1, f"{mutant.file}: {source.count(mutant.old)} times {mutant.old!r}"
    assert mutant.old != mutant.new
    compile(source.replace(mutant.old, mutant.new), mutant.file, "exec")
    assert (TESTS / mutant.test).is_file()


def test_every_module_of_the_layers_has_tests():
    folder = Path(find_spec("scratchnn.layers").origin).parent
    stems = {path.stem for path in folder.glob("*.py")}
    assert set(SHARED) <= stems
    missing = {
        stem: files_for(stem) for stem in stems if not all((TESTS / test).is_file() for test in files_for(stem))
    }
    assert not missing


@pytest.mark.parametrize("name", EQUIVALENT)
def test_what_is_equivalent_is_a_change_of_the_present_source(name: str):
    file, change = name.split(": ", 1)
    old = change.split(" -> ", 1)[0].strip() if not change.lstrip().startswith("->") else ""
    lines = (Path(find_spec("scratchnn.layers").origin).parent / file).read_text().splitlines()
    assert old in {line.strip() for line in lines}
    assert EQUIVALENT[name]
