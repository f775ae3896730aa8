"""A finished run is whole; a half-written one does not count."""

import json

import pytest

from training_jobs import run_store
from training_jobs.errors import RunError
from training_jobs.experiments import find, report_variations
from training_jobs.run_store import (
    RunKey,
    find_finished,
    finished_runs,
    move_folder,
    open_partial,
    write_folder,
    write_json,
)


@pytest.fixture
def key():
    return RunKey(find(["lstm_1x64_both"])[0], 0, "data")


def finish(key, root, **record):
    record = {"seed": key.seed, "settings_digest": key.variation.digest(), **record}
    write_folder(key.folder(root), lambda folder: write_json(folder / "run.json", record))


def test_a_run_is_found_once_it_is_finished(key, tmp_path):
    assert find_finished(key, tmp_path) is None
    finish(key, tmp_path)
    assert find_finished(key, tmp_path).record()["seed"] == 0


def test_a_partial_run_is_not_finished(key, tmp_path):
    with open_partial(key, tmp_path) as checkpoints:
        checkpoints.save(1, lambda folder: write_json(folder / "run.json", {}))
        assert find_finished(key, tmp_path) is None
        assert list(finished_runs(key.variation, tmp_path)) == []


@pytest.mark.parametrize("change", ["variation", "seed", "data", "versions", "protocol"])
def test_other_conditions_are_another_run(key, tmp_path, monkeypatch, change):
    finish(key, tmp_path)
    other = {
        "variation": RunKey(report_variations()["lstm_1x32_both"], 0, "data"),
        "seed": RunKey(key.variation, 1, "data"),
        "data": RunKey(key.variation, 0, "other data"),
    }.get(change, key)
    if change == "versions":
        monkeypatch.setattr(run_store, "training_versions", lambda: {"keras": "0"})
    if change == "protocol":
        monkeypatch.setattr(run_store, "PROTOCOL", run_store.PROTOCOL + 1)
    assert find_finished(other, tmp_path) is None


def test_runs_are_listed_by_seed_and_only_of_the_current_settings(key, tmp_path):
    for seed in (10, 2, 1):
        finish(RunKey(key.variation, seed, "data"), tmp_path)
    finish(RunKey(key.variation, 3, "data"), tmp_path, settings_digest="of older settings")
    assert [run.record()["seed"] for run in finished_runs(key.variation, tmp_path)] == [1, 2, 10]


def test_one_checkpoint_is_kept_the_newest(key, tmp_path):
    with open_partial(key, tmp_path) as checkpoints:
        assert checkpoints.latest() is None
        for epochs in (1, 2, 10):
            checkpoints.save(epochs, lambda folder: (folder / "model").write_text("x"))
        assert [path.name for path in checkpoints.folder.iterdir()] == ["epoch-0010"]
        assert checkpoints.latest().name == "epoch-0010"


def test_a_half_written_checkpoint_does_not_count(key, tmp_path):
    def write(folder):
        (folder / "model").write_text("half")
        raise KeyboardInterrupt

    with open_partial(key, tmp_path) as checkpoints:
        checkpoints.save(1, lambda folder: (folder / "model").write_text("whole"))
        with pytest.raises(KeyboardInterrupt):
            checkpoints.save(2, write)
        assert (checkpoints.latest() / "model").read_text() == "whole"
        assert [path.name for path in checkpoints.folder.iterdir()] == ["epoch-0001"]


def test_what_a_killed_process_left_is_written_over(tmp_path):
    (tmp_path / ".target.writing").mkdir()
    (tmp_path / ".target.writing" / "leftover").write_text("")
    write_folder(tmp_path / "target", lambda folder: (folder / "new").write_text(""))
    assert [path.name for path in tmp_path.rglob("*")] == ["target", "new"]


def test_a_folder_takes_the_place_of_another(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    move_folder(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.rglob("*")] == ["old", "new"]


def test_two_processes_cannot_train_one_run(key, tmp_path):
    with open_partial(key, tmp_path), pytest.raises(RunError, match="another process trains this run"):
        open_partial(key, tmp_path).__enter__()
    with open_partial(key, tmp_path):
        pass


def test_a_damaged_record_gives_a_typed_error(key, tmp_path):
    finish(key, tmp_path)
    (key.folder(tmp_path) / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"run\.json: expected a run's record"):
        find_finished(key, tmp_path).record()


def test_json_ends_with_a_newline_and_is_sorted(tmp_path):
    write_json(tmp_path / "x.json", {"b": 1, "a": "é"})
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == '{\n  "a": "é",\n  "b": 1\n}\n'
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"a": "é", "b": 1}
