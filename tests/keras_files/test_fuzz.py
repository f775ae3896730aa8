"""Damaged files: every one loads or is refused by one typed error. The full run is `tox -e fuzz`."""

import io
import random
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn import Model, ModelFileError, ScratchnnError
from scratchnn.keras_files import read_model
from tests.keras_files import fuzz
from tests.keras_files.mutations import mutated, samples

FORMATS = tuple(fuzz.KINDS)


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    return {name: fuzz.Trial(name, tmp_path_factory.mktemp(name)) for name in FORMATS}


def test_the_valid_files_load(trials):
    assert tuple(trials["archive"].contents) == FORMATS
    for name, trial in trials.items():
        trial.path.write_bytes(trial.content)
        if name != "weights":
            Model(read_model(trial.path))


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files(trials, name):
    results = [trials[name].run(seed) for seed in range(300)]
    assert [result for result in results if result not in fuzz.OUTCOMES] == []
    # Damage that every file survives, or none, would test nothing.
    accepted = sum(result in fuzz.ACCEPTED for result in results)
    assert 0.02 < accepted / len(results) < 0.98


edits = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=4), st.integers(0, 8)), min_size=1
)


@given(name=st.sampled_from(["archive", "keras2", "packed"]), edits=edits)
@settings(max_examples=200)
def test_edits_that_hypothesis_shrinks(trials, name, edits):
    trial = trials[name]
    data = bytearray(trial.content)
    for place, new, removed in edits:
        start = int(place * len(data))
        data[start : start + removed] = new
    trial.path.write_bytes(data)
    try:
        model = Model(read_model(trial.path))
    except ScratchnnError:
        return
    if name == "archive":  # its checksums cover all that it says
        assert fuzz.content_of(model.spec) == trial.expected


def test_the_command_finds_crashes_hangs_and_other_errors(monkeypatch):
    """The harness itself: in a process of its own, all of these must be seen."""
    result = fuzz.fuzz("archive", 40, 0)
    assert result.failures == []
    assert sum(result.counts.values()) == 40
    assert 0 < result.accepted < 40
    assert result.counts["unchanged"] > 0
    assert result.counts["ModelFileError"] > 0
    assert "40 damaged files" in str(result)
    assert "| 40 | " in fuzz.page([result])
    monkeypatch.setenv("SCRATCHNN_FUZZ_BREAK", "1")
    text = "\n".join(fuzz.fuzz("archive", 6, 0).failures)
    assert "ZeroDivisionError" in text
    assert "the process hangs" in text
    assert "the process ends with -" in text
    assert "MemoryError" in text


def test_mutations_are_repeatable():
    content = random.Random(0).randbytes(200)
    assert mutated("weights", content, 7) == mutated("weights", content, 7)
    assert len({mutated("weights", content, seed)[0] for seed in range(1, 100, 2)}) > 40


def test_a_checksum_is_compared(tmp_path):
    """What the property rests on: zipfile compares the checksum of each member that is read."""
    content = bytearray(samples(tmp_path)["archive"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.getinfo("config.json").header_offset + 30 + len("config.json")
    content[start + 5] ^= 1
    (tmp_path / "m.keras").write_bytes(content)
    with pytest.raises(ModelFileError, match="CRC"):
        read_model(tmp_path / "m.keras")
