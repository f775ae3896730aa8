"""docs/suite.md says what the runs left, survivors and failures too, and an interrupted run goes on."""

import json

from tests import suite_page
from tests.mutants import record
from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.forks import Result

RUN = {
    "tests": {"passed": 7, "failed": 1, "error": 0, "skipped": 2},
    "versions": {"keras": "3.15"},
    "layers": {
        "Dense": {"examples": 1500, "seconds": 30.0, "worst": 0.5},
        "Add": {"examples": 500, "seconds": 10.0, "worst": 0.0},
    },
    "peak_memory_gb": 1.25,
}
SEEN = Mutant("bias missing", "layers/dense.py", "a", "b", "layers/test_dense.py")
MISSED = Mutant("bias | twice", "layers/dense.py", "a", "c", "layers/test_dense.py")


def test_a_page_of_nothing(tmp_path):
    assert suite_page.page(tmp_path).count("Not run yet.") == 3


def test_what_was_not_run_here_stays_as_the_page_has_it(tmp_path):
    (tmp_path / "nightly.json").write_text(json.dumps(RUN))
    before = suite_page.page(tmp_path)
    (tmp_path / "nightly.json").unlink()
    assert suite_page.page(tmp_path, before) == before
    assert suite_page.page(tmp_path).count("Not run yet.") == 3


def test_examples_are_added_up_and_failures_told(tmp_path):
    (tmp_path / "nightly.json").write_text(json.dumps(RUN))
    text = suite_page.page(tmp_path)
    assert (
        "**2,000 examples, 1 of 8 tests failed**, 50.0 examples per second, peak memory 1.25 GB (keras 3.15)."
        in text
    )
    assert "| Dense | 1,500 | 50.0 | 0.50 |" in text


def test_survivors_stand_in_the_tables(tmp_path):
    for name in ("mutants.jsonl", "general.jsonl"):
        record.start(tmp_path / name)
        record.add(tmp_path / name, SEEN, Result((3, 5), ("test_a: x", "test_b: y"), 1.0))
        record.add(tmp_path / name, MISSED, Result((4, None), ("test_a: x", ""), 1.0))
    text = suite_page.page(tmp_path)
    assert "**1 of 2 known faults noticed with each of 2 seeds**" in text
    assert f"The catalogue has {len(MUTANTS)};" in text
    assert "| bias missing | yes | 4 | test_a, test_b |" in text
    assert "| bias \\| twice | **no** | 4 | test_a |" in text
    assert "**1 of 2 mutants killed (50.0%)**" in text
    assert "| `bias \\| twice` | **not looked at** |" in text


def test_a_record_is_read_again(tmp_path):
    path = tmp_path / "runs" / "mutants.jsonl"
    assert record.load(path) == {}
    entry = record.add(path, SEEN, Result((3,), ("test_a",), 1.0))
    assert record.load(path) == {record.key(SEEN): entry}
    assert record.key(MISSED) not in record.load(path)
