"""The strength report adds up what several processes counted, and prints the scripts of all their failures."""

import json
from types import SimpleNamespace

import pytest

from tests import conftest
from tests.support import reproduce, strength
from tests.support.case import Case


@pytest.fixture(autouse=True)
def nothing_counted(monkeypatch):
    """The counters of the run that this test is part of stay as they are."""
    for name in ("examples", "seconds", "fired", "worst", "memory_of_others"):
        monkeypatch.setattr(strength, name, type(getattr(strength, name))())
    for name in ("failures", "scripts_of_others"):
        monkeypatch.setattr(reproduce, name, {})
    strength.fired.default_factory = type(strength.examples)
    strength.worst.default_factory = float


def count(layer, ratio):
    with strength.example(layer):
        strength.fired[layer].update(["compared", "masked"])
        strength.worst[layer] = max(strength.worst[layer], ratio)


def hand_over():
    """What the process that prints the report gets from this one, as a channel between processes passes it on."""
    session = SimpleNamespace(config=SimpleNamespace(workeroutput={}))
    conftest.pytest_sessionfinish(session)
    return SimpleNamespace(workeroutput=json.loads(json.dumps(session.config.workeroutput)))


def test_counts_add_up_and_the_worst_is_the_largest():
    count("Dense", 0.25)
    node, before = hand_over(), strength.peak_memory()
    count("Dense", 0.125)
    count("LSTM", 0.5)
    conftest.pytest_testnodedown(node)
    assert strength.examples == {"Dense": 3, "LSTM": 1}
    assert strength.fired == {name: {"compared": n, "masked": n} for name, n in strength.examples.items()}
    assert strength.worst == {"Dense": 0.25, "LSTM": 0.5}
    assert strength.peak_memory() >= 2 * before
    assert any(line.startswith("all") and " 4 " in line for line in strength.report())


def test_the_script_of_a_failure_in_another_process_is_printed(tmp_path, monkeypatch):
    monkeypatch.setattr(reproduce, "FOLDER", tmp_path)
    case = Case("Dense", (2, 3), {"units": 4})
    reproduce.failures["Dense"] = case
    node = hand_over()
    reproduce.failures.clear()
    conftest.pytest_testnodedown(node)
    assert f"case = {case!r}" in reproduce.report()
    assert (tmp_path / "Dense.py").read_text() == reproduce.script(case)


def test_a_process_that_died_hands_over_nothing():
    conftest.pytest_testnodedown(SimpleNamespace())
    assert not strength.examples
